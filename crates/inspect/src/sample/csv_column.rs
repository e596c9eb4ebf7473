//! The dtype that pandas finds for a column of texts: it tries whole numbers, numbers, booleans, then text.

use packwright_mlflow::frame::{Cell, Dtype};

/// What pandas takes for a missing value (`pandas._libs.parsers.STR_NA_VALUES`).
const MISSING: [&str; 19] = [
    "", "#N/A", "#N/A N/A", "#NA", "-1.#IND", "-1.#QNAN", "-NaN", "-nan", "1.#IND", "1.#QNAN", "<NA>", "N/A",
    "NA", "NULL", "NaN", "None", "n/a", "nan", "null",
];

/// The dtype of a column, and its values. A row that is too short gives an empty word.
pub(super) fn typed(words: &[&str]) -> (Dtype, Vec<Cell>) {
    let fields: Vec<Option<&str>> =
        words.iter().map(|word| Some(*word).filter(|word| !MISSING.contains(word))).collect();
    let fields = fields.as_slice();
    let has_missing = fields.contains(&None);
    let known = || fields.iter().flatten().copied();
    if known().next().is_none() {
        return (Dtype::Float(64), vec![Cell::Missing; fields.len()]);
    }
    let fill = |cell: &dyn Fn(&str) -> Cell| -> Vec<Cell> {
        fields.iter().map(|field| field.map_or(Cell::Missing, cell)).collect()
    };
    let ints = || fill(&|field| python_int(field).map_or(Cell::Missing, Cell::Int));
    match whole(fields) {
        Whole::Int64 if !has_missing => return (Dtype::Int(64), ints()),
        Whole::Uint64 => return (Dtype::Uint(64), ints()),
        // Python's own whole numbers, which have no limit; where one is none, all words stay, those for missing ones too.
        Whole::Beyond if known().all(|field| python_int(field).is_some()) => return (Dtype::Object, ints()),
        Whole::Beyond | Whole::Mixed => {
            return (Dtype::Text, words.iter().map(|word| Cell::Text((*word).to_owned())).collect());
        }
        Whole::Int64 | Whole::No => {}
    }
    if known().all(|field| number(field).is_some()) {
        let cell = |field: &str| number(field).map_or(Cell::Missing, Cell::Float);
        return (Dtype::Float(64), fill(&cell));
    }
    if known().all(|field| boolean(field).is_some()) {
        let dtype = if has_missing { Dtype::Object } else { Dtype::Bool };
        return (dtype, fill(&|field| boolean(field).map_or(Cell::Missing, Cell::Bool)));
    }
    (Dtype::Text, fill(&|field| Cell::Text(field.to_owned())))
}

/// What the whole numbers of a column fit into.
enum Whole {
    Int64,
    Uint64,
    /// Some are beyond 64 bits.
    Beyond,
    /// Some need `uint64`, and others are below zero or missing.
    Mixed,
    /// Not all are whole.
    No,
}

/// `_try_int64` and `_try_uint64` of pandas, which stop at the first field that they cannot take: whether that one is no whole
/// number, or beyond the range, decides what is tried next.
fn whole(fields: &[Option<&str>]) -> Whole {
    let first_problem = fields.iter().flatten().find_map(|field| digits::<i64>(field).err());
    match first_problem {
        None => return Whole::Int64,
        Some(Refused::NotWhole) => return Whole::No,
        Some(Refused::Beyond) => {}
    }
    let (mut has_negative, mut has_large, has_missing) = (false, false, fields.contains(&None));
    for field in fields.iter().flatten() {
        // What stands behind a minus is not looked at.
        if field.trim_start_matches(is_space).starts_with('-') {
            has_negative = true;
            continue;
        }
        match digits::<u64>(field) {
            Ok(value) => has_large |= i64::try_from(value).is_err(),
            Err(Refused::NotWhole) => return Whole::No,
            Err(Refused::Beyond) => return Whole::Beyond,
        }
    }
    match (has_large, has_negative) {
        (true, true) => Whole::Mixed,
        (true, false) if has_missing => Whole::Mixed,
        (_, true) => Whole::Beyond,
        _ => Whole::Uint64,
    }
}

enum Refused {
    NotWhole,
    Beyond,
}

/// The whole number that a field is.
fn digits<T: std::str::FromStr>(field: &str) -> Result<T, Refused> {
    let text = field.trim_start_matches(is_space);
    let unsigned = text.strip_prefix(['+', '-']).unwrap_or(text);
    let digits = unsigned.trim_end_matches(is_space);
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(Refused::NotWhole);
    }
    let sign = if text.starts_with('-') { "-" } else { "" };
    format!("{sign}{digits}").parse().ok().ok_or(Refused::Beyond)
}

/// `int(field)` of Python.
fn python_int(field: &str) -> Option<i128> {
    field.trim_matches(is_space).parse().ok()
}

/// A number as pandas' parser takes it: digits, a point, an exponent; `inf` and `infinity` in any case.
fn number(field: &str) -> Option<f64> {
    let field = field.trim_matches(is_space);
    let unsigned = field.strip_prefix(['+', '-']).unwrap_or(field);
    if ["inf", "infinity"].iter().any(|word| unsigned.eq_ignore_ascii_case(word)) {
        return Some(if field.starts_with('-') { f64::NEG_INFINITY } else { f64::INFINITY });
    }
    let is_number = unsigned
        .bytes()
        .all(|byte| byte.is_ascii_digit() || matches!(byte, b'.' | b'e' | b'E' | b'+' | b'-'))
        && unsigned.bytes().any(|byte| byte.is_ascii_digit());
    if is_number { field.parse().ok() } else { None }
}

fn boolean(field: &str) -> Option<bool> {
    if field.eq_ignore_ascii_case("true") {
        Some(true)
    } else if field.eq_ignore_ascii_case("false") {
        Some(false)
    } else {
        None
    }
}

/// What C's `isspace` takes for space.
fn is_space(c: char) -> bool {
    matches!(c, ' ' | '\t' | '\n' | '\r' | '\x0b' | '\x0c')
}
