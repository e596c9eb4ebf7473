//! Values in an example that look like personal data. An example travels with the package to everybody who has it.
//!
//! Looks at texts and at the names of columns; it points out and proposes, and never changes anything by itself.

use serde_json::{Value, json};

use super::ExampleTable;

/// A cell that looks like personal data.
#[derive(Debug, Clone, PartialEq)]
pub struct Personal {
    /// The row of the example.
    pub row: usize,
    /// The column of the example.
    pub column: usize,
    /// What it looks like: `an e-mail address`.
    pub what: &'static str,
    /// A made-up value of the same kind.
    pub made_up: Value,
}

/// What this module proposes, which is nobody's.
const MADE_UP: [&str; 8] = [
    "person@example.org",
    "XX00 0000 0000 0000",
    "000-00-0000",
    "0000 0000 0000 0000",
    "+1 555 0100",
    "X0000000",
    "Alex Example",
    "1 Example Street",
];

/// The cells that look like personal data, row by row.
pub(crate) fn personal(table: &ExampleTable) -> Vec<Personal> {
    let mut found = Vec::new();
    for (row, cells) in table.rows.iter().enumerate() {
        for (column, cell) in cells.iter().enumerate() {
            let name = table.columns.get(column).map_or("", String::as_str);
            if let Some((what, made_up)) = judge(name, cell).filter(|(_, made_up)| made_up != cell) {
                found.push(Personal { row, column, what, made_up });
            }
        }
    }
    found
}

fn judge(column: &str, cell: &Value) -> Option<(&'static str, Value)> {
    let words = words_of(column);
    let has = |known: &[&str]| words.iter().any(|word| known.contains(&word.as_str()));
    match cell {
        Value::String(text) => text_kind(text, &has),
        // A number is personal only by what its column is called.
        Value::Number(number) => {
            let digits = number.to_string();
            if !digits.bytes().all(|byte| byte.is_ascii_digit()) {
                return None;
            }
            if has(&["phone", "mobile", "telephone", "fax"]) && 7 <= digits.len() {
                return Some(("a phone number", json!(5_550_100)));
            }
            if has(&["ssn", "passport", "iban", "nin", "tin"]) || has(&["id", "uid"]) && 5 <= digits.len() {
                return Some(("a number that identifies somebody", json!(10_001)));
            }
            is_card(&digits).then(|| ("a payment card number", json!(0)))
        }
        Value::Array(_) | Value::Object(_) => nested(cell).map(|what| (what, Value::Null)),
        _ => None,
    }
}

/// Personal data inside of a list or a record.
fn nested(cell: &Value) -> Option<&'static str> {
    match cell {
        Value::Array(items) => items.iter().find_map(nested),
        Value::Object(map) => map.iter().find_map(|(key, value)| match value {
            Value::Array(_) | Value::Object(_) => nested(value),
            value => judge(key, value).map(|(what, _)| what),
        }),
        value => judge("", value).map(|(what, _)| what),
    }
}

fn text_kind(text: &str, has: &dyn Fn(&[&str]) -> bool) -> Option<(&'static str, Value)> {
    let text = text.trim();
    if MADE_UP.contains(&text) {
        return None;
    }
    if is_email(text) {
        return Some(("an e-mail address", json!("person@example.org")));
    }
    if is_iban(text) {
        return Some(("a bank account number", json!("XX00 0000 0000 0000")));
    }
    if is_social_security(text) {
        return Some(("a social security number", json!("000-00-0000")));
    }
    let digits: String = text.chars().filter(char::is_ascii_digit).collect();
    let only_digits = text.chars().all(|c| c.is_ascii_digit() || matches!(c, ' ' | '-'));
    if only_digits && is_card(&digits) {
        return Some(("a payment card number", json!("0000 0000 0000 0000")));
    }
    if is_phone(text, &digits, has(&["phone", "mobile", "telephone", "tel", "fax"])) {
        return Some(("a phone number", json!("+1 555 0100")));
    }
    if text.is_empty() {
        return None;
    }
    if has(&["ssn", "passport", "iban", "nin", "tin"]) {
        return Some(("a number that identifies somebody", json!("X0000000")));
    }
    let is_person =
        has(&["firstname", "lastname", "surname", "fullname", "person", "patient", "customer", "employee"])
            || has(&["name"]) && has(&["first", "last", "full", "given", "family", "user", "middle"])
            || has(&["name"]) && looks_like_name(text);
    if is_person && looks_like_name(text) {
        return Some(("the name of a person", json!("Alex Example")));
    }
    if has(&["address", "street"]) && 5 <= text.len() {
        return Some(("an address", json!("1 Example Street")));
    }
    None
}

/// `firstName` and `first_name` as `first`, `name`.
fn words_of(column: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut was_lower = false;
    for c in column.chars() {
        if !c.is_alphanumeric() || c.is_uppercase() && was_lower {
            words.push(String::new());
        }
        was_lower = c.is_lowercase();
        if let Some(word) = words.last_mut().filter(|_| c.is_alphanumeric()) {
            word.extend(c.to_lowercase());
        }
    }
    words.retain(|word| !word.is_empty());
    words
}

fn is_email(text: &str) -> bool {
    // Anywhere in a longer text too.
    text.split(|c: char| c.is_whitespace() || matches!(c, ',' | ';' | '<' | '>' | '(' | ')' | '"')).any(
        |word| {
            let word = word.trim_end_matches(['.', ':']);
            word.split_once('@').is_some_and(|(user, host)| {
                let ending = host.rsplit_once('.').map_or("", |(_, ending)| ending);
                !user.is_empty()
                    && host.chars().all(|c| c.is_alphanumeric() || matches!(c, '.' | '-'))
                    && 2 <= ending.len()
                    && ending.chars().all(char::is_alphabetic)
                    && !host.ends_with("example.org")
            })
        },
    )
}

fn is_phone(text: &str, digits: &str, is_phone_column: bool) -> bool {
    let is_written =
        text.chars().all(|c| c.is_ascii_digit() || matches!(c, '+' | ' ' | '-' | '(' | ')' | '.' | '/'));
    let is_long = (7..=15).contains(&digits.len());
    // Plain digits, dates and decimal numbers are no phone numbers unless the column says so.
    let is_international = text.starts_with('+') && 8 <= digits.len();
    let is_grouped = text.starts_with('(') || text.matches('-').count() == 2 && digits.len() == 10;
    is_written && is_long && (is_international || is_grouped || is_phone_column)
}

fn is_social_security(text: &str) -> bool {
    let parts: Vec<&str> = text.split('-').collect();
    let is_digits = |part: &&str, n: usize| part.len() == n && part.bytes().all(|byte| byte.is_ascii_digit());
    matches!(parts.as_slice(), [a, b, c] if is_digits(a, 3) && is_digits(b, 2) && is_digits(c, 4))
}

/// Country, two check digits, and the whole modulo 97.
fn is_iban(text: &str) -> bool {
    let plain: Vec<char> = text.chars().filter(|c| !c.is_whitespace()).collect();
    let has_form = (15..=34).contains(&plain.len())
        && plain.iter().take(2).all(char::is_ascii_uppercase)
        && plain.iter().skip(2).take(2).all(char::is_ascii_digit)
        && plain.iter().all(char::is_ascii_alphanumeric);
    let turned = plain.iter().skip(4).chain(plain.iter().take(4));
    let rest = turned.filter_map(|c| c.to_digit(36)).fold(0_u32, |rest, value| {
        let base = if value < 10 { 10 } else { 100 };
        (rest * base + value) % 97
    });
    has_form && rest == 1
}

/// A number of 13 to 19 digits with the check digit of payment cards.
fn is_card(digits: &str) -> bool {
    let sum: u32 = digits
        .bytes()
        .rev()
        .enumerate()
        .map(|(index, byte)| {
            let digit = u32::from(byte.wrapping_sub(b'0'));
            let doubled = if index % 2 == 1 { digit * 2 } else { digit };
            if 9 < doubled { doubled - 9 } else { doubled }
        })
        .sum();
    (13..=19).contains(&digits.len())
        && digits.bytes().all(|byte| byte.is_ascii_digit())
        && sum != 0
        && sum.is_multiple_of(10)
}

/// One to four words with a capital each.
fn looks_like_name(text: &str) -> bool {
    let words: Vec<&str> = text.split_whitespace().collect();
    let is_word = |word: &&str| {
        word.chars().next().is_some_and(char::is_uppercase)
            && word.chars().all(|c| c.is_alphabetic() || matches!(c, '.' | '-' | '\''))
    };
    (1..=4).contains(&words.len()) && words.iter().all(is_word)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kind(column: &str, cell: Value) -> Option<&'static str> {
        let table = ExampleTable { columns: vec![column.to_owned()], rows: vec![vec![cell]] };
        personal(&table).first().map(|found| found.what)
    }

    #[test]
    fn values_that_look_like_a_person_s_are_pointed_out() {
        for (column, cell, what) in [
            ("contact", json!("ada.lovelace@analytical.co.uk"), "an e-mail address"),
            ("note", json!("write to <bob@firm.com>."), "an e-mail address"),
            ("x", json!("+49 30 1234567"), "a phone number"),
            ("x", json!("(030) 123 4567"), "a phone number"),
            ("mobile_phone", json!(1_715_551_234), "a phone number"),
            ("x", json!("123-45-6789"), "a social security number"),
            ("x", json!("4111 1111 1111 1111"), "a payment card number"),
            ("x", json!("DE89 3704 0044 0532 0130 00"), "a bank account number"),
            ("firstName", json!("Ada"), "the name of a person"),
            ("customer_name", json!("Ada Lovelace"), "the name of a person"),
            ("customer_id", json!(481_516_234), "a number that identifies somebody"),
            ("passport", json!("C01X00T47"), "a number that identifies somebody"),
            ("home_address", json!("12 St James's Square"), "an address"),
            ("contact", json!({"e": ["x@y.org"]}), "an e-mail address"),
        ] {
            assert_eq!(kind(column, cell.clone()), Some(what), "{column}: {cell}");
        }
    }

    #[test]
    fn ordinary_values_are_left_alone() {
        for (column, cell) in [
            ("age", json!(41)),
            ("price", json!(1_234_567.5)),
            ("date", json!("2024-01-02")),
            ("date", json!("2024-01-02T03:04:05")),
            ("city", json!("Graz")),
            ("species", json!("Setosa")),
            ("amount", json!("1234567890")),
            ("product_name", json!("usb cable 2m")),
            ("id", json!(7)),
            ("handle", json!("@ada")),
            ("ratio", json!("0.123456789")),
            ("zip", json!("8010")),
            ("x", Value::Null),
        ] {
            assert_eq!(kind(column, cell.clone()), None, "{column}: {cell}");
        }
    }

    #[test]
    fn a_made_up_value_is_not_pointed_out_again() {
        for (column, cell) in [
            ("email", json!("ada@firm.com")),
            ("phone", json!("+49 30 1234567")),
            ("phone", json!(491_234_567)),
            ("ssn", json!("123-45-6789")),
            ("full_name", json!("Ada Lovelace")),
            ("customer_id", json!(481_516_234)),
            ("iban", json!("DE89 3704 0044 0532 0130 00")),
            ("address", json!("12 St James's Square")),
            ("card", json!("4111 1111 1111 1111")),
        ] {
            let table = ExampleTable { columns: vec![column.to_owned()], rows: vec![vec![cell]] };
            let made_up = personal(&table)[0].made_up.clone();
            let again = kind(column, made_up.clone());
            assert!(again.is_none(), "{column}: {made_up} is {again:?}");
        }
    }
}
