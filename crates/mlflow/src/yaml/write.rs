//! A value as ASCII block YAML that `safe_load` reads back as the same value.

use std::cmp::Ordering;
use std::fmt::Write as _;

use serde_yaml::{Mapping, Number, Value};

/// The longest rendered key that is written as `key:`; the grammar stops at 1024.
const LONGEST_SIMPLE_KEY: usize = 128;

/// Words that some YAML 1.1 or 1.2 reader takes for something else than text, in lower case.
const WORDS: [&str; 12] =
    ["y", "n", "yes", "no", "on", "off", "true", "false", "null", "nan", "inf", "infinity"];

/// Writes a value with the keys of all its maps sorted, as MLflow's `safe_dump` does. Ends with a newline.
pub fn write(value: &Value) -> String {
    Writer { sorted: true, text: String::new() }.document(value)
}

/// Writes a value with the keys of its maps in the order they have. Ends with a newline.
pub fn to_ascii(value: &Value) -> String {
    Writer { sorted: false, text: String::new() }.document(value)
}

struct Writer {
    sorted: bool,
    text: String,
}

impl Writer {
    fn document(mut self, value: &Value) -> String {
        match value {
            Value::Sequence(list) if !list.is_empty() => self.list(list, 0),
            Value::Mapping(map) if !map.is_empty() => self.map(map, 0),
            _ => {
                self.inline(value);
                self.text.push('\n');
            }
        }
        self.text
    }

    fn indent(&mut self, columns: usize) {
        self.text.extend(std::iter::repeat_n(' ', columns));
    }

    /// Writes the items; the cursor stands where the first one begins.
    fn list(&mut self, list: &[Value], column: usize) {
        for (index, item) in list.iter().enumerate() {
            if 0 < index {
                self.indent(column);
            }
            self.text.push_str("- ");
            self.nested(item, column.saturating_add(2));
        }
    }

    /// Writes a value behind `- `, `? ` or `: `, where a block can begin on the same line.
    fn nested(&mut self, value: &Value, column: usize) {
        match untagged(value) {
            Value::Sequence(list) if !list.is_empty() => self.list(list, column),
            Value::Mapping(map) if !map.is_empty() => self.map(map, column),
            value => {
                self.inline(value);
                self.text.push('\n');
            }
        }
    }

    fn map(&mut self, map: &Mapping, column: usize) {
        let mut entries: Vec<(&Value, &Value)> = map.iter().collect();
        if self.sorted {
            entries.sort_by(|(a, _), (b, _)| by_key(a, b));
        }
        for (index, (key, value)) in entries.into_iter().enumerate() {
            if 0 < index {
                self.indent(column);
            }
            if let Some(key) = simple_key(key) {
                self.text.push_str(&key);
                self.text.push(':');
                self.after_key(value, column);
            } else {
                self.text.push_str("? ");
                self.nested(key, column.saturating_add(2));
                self.indent(column);
                self.text.push_str(": ");
                self.nested(value, column.saturating_add(2));
            }
        }
    }

    fn after_key(&mut self, value: &Value, column: usize) {
        match untagged(value) {
            // PyYAML does not indent the items of a list that is the value of a key.
            Value::Sequence(list) if !list.is_empty() => {
                self.text.push('\n');
                self.indent(column);
                self.list(list, column);
            }
            Value::Mapping(map) if !map.is_empty() => {
                self.text.push('\n');
                self.indent(column.saturating_add(2));
                self.map(map, column.saturating_add(2));
            }
            value => {
                self.text.push(' ');
                self.inline(value);
                self.text.push('\n');
            }
        }
    }

    fn inline(&mut self, value: &Value) {
        match untagged(value) {
            Value::Sequence(_) => self.text.push_str("[]"),
            Value::Mapping(_) => self.text.push_str("{}"),
            value => self.text.push_str(&scalar(value)),
        }
    }
}

/// Tags name Python or Ruby types; no value that MLflow reads has one.
fn untagged(value: &Value) -> &Value {
    match value {
        Value::Tagged(tagged) => untagged(&tagged.value),
        value => value,
    }
}

fn simple_key(key: &Value) -> Option<String> {
    match untagged(key) {
        Value::Sequence(_) | Value::Mapping(_) => None,
        key => Some(scalar(key)).filter(|text| text.len() <= LONGEST_SIMPLE_KEY),
    }
}

/// Text by code points as Python sorts it. Keys of other types come first, by their text; `PyYAML` leaves mixed keys unsorted.
fn by_key(a: &Value, b: &Value) -> Ordering {
    match (a.as_str(), b.as_str()) {
        (Some(a), Some(b)) => a.cmp(b),
        (None, None) => scalar(untagged(a)).cmp(&scalar(untagged(b))),
        (a, b) => a.is_some().cmp(&b.is_some()),
    }
}

fn scalar(value: &Value) -> String {
    match value {
        Value::Null => "null".to_owned(),
        Value::Bool(true) => "true".to_owned(),
        Value::Bool(false) => "false".to_owned(),
        Value::Number(number) => self::number(number),
        Value::String(text) => string(text),
        // Only as a key inside a sort; written as blocks elsewhere.
        Value::Sequence(_) | Value::Mapping(_) | Value::Tagged(_) => String::new(),
    }
}

fn number(number: &Number) -> String {
    let Some(value) = number.as_f64().filter(|_| number.is_f64()) else { return number.to_string() };
    if value.is_nan() {
        return ".nan".to_owned();
    }
    if value.is_infinite() {
        return if value < 0.0 { "-.inf" } else { ".inf" }.to_owned();
    }
    // YAML 1.1 wants a point in the mantissa and a sign in the exponent: 1.0e-05, not 1e-5.
    let text = format!("{value:?}");
    match text.split_once('e') {
        None => text,
        Some((mantissa, exponent)) => {
            let point = if mantissa.contains('.') { "" } else { ".0" };
            let sign = if exponent.starts_with('-') { "" } else { "+" };
            format!("{mantissa}{point}e{sign}{exponent}")
        }
    }
}

fn string(text: &str) -> String {
    if is_plainly_safe(text) {
        return text.to_owned();
    }
    if text.bytes().all(|byte| (b' '..=b'~').contains(&byte)) {
        return format!("'{}'", text.replace('\'', "''"));
    }
    let mut quoted = String::with_capacity(text.len().saturating_add(2));
    quoted.push('"');
    for character in text.chars() {
        escape(character, &mut quoted);
    }
    quoted.push('"');
    quoted
}

fn escape(character: char, out: &mut String) {
    let code = u32::from(character);
    let written = match character {
        '"' => out.write_str("\\\""),
        '\\' => out.write_str("\\\\"),
        '\n' => out.write_str("\\n"),
        '\r' => out.write_str("\\r"),
        '\t' => out.write_str("\\t"),
        ' '..='~' => out.write_char(character),
        _ if code < 0x100 => write!(out, "\\x{code:02x}"),
        _ if code < 0x1_0000 => write!(out, "\\u{code:04x}"),
        _ => write!(out, "\\U{code:08x}"),
    };
    debug_assert!(written.is_ok(), "a String takes every character");
}

/// Names, paths (`code/a-b.py`) and versions with at least two points (`3.11.7`, `2.15.0+cu132`): nothing else goes unquoted.
fn is_plainly_safe(text: &str) -> bool {
    let tail = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '.' | '-' | '/' | '+');
    if !text.chars().all(tail) || WORDS.contains(&text.to_ascii_lowercase().as_str()) {
        return false;
    }
    let is_name = text.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_');
    let mut parts = text.splitn(3, '.');
    let mut number =
        || parts.next().is_some_and(|part| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit()));
    let is_version = number()
        && number()
        && parts.next().is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_digit()));
    is_name || is_version
}
