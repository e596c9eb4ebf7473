//! JSON as Python's `json` module writes and reads it.

use std::fmt::Write as _;

use serde_json::Value;

/// JSON on one line, as `json.dumps` writes it.
pub fn python_text(value: &Value) -> String {
    let mut out = String::new();
    write_value(&mut out, value, None);
    out
}

/// JSON with an item per line and two spaces of indent, as `json.dumps(…, indent=2)` writes it.
pub fn python_pretty_text(value: &Value) -> String {
    let mut out = String::new();
    write_value(&mut out, value, Some(0));
    out
}

/// Reads JSON that may hold Python's `NaN`, `Infinity` and `-Infinity`, which become null. The flag says whether it did.
///
/// # Errors
///
/// What `serde_json` says, with line and column.
pub fn read_python(text: &str) -> Result<(Value, bool), serde_json::Error> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    match serde_json::from_str(text) {
        Ok(value) => Ok((value, false)),
        Err(error) => match without_nan(text) {
            Some(clean) => Ok((serde_json::from_str(&clean)?, true)),
            None => Err(error),
        },
    }
}

/// The text with null in place of the three words outside strings; `None` when there is none of them.
fn without_nan(text: &str) -> Option<String> {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    let (mut in_string, mut found) = (false, false);
    while let Some(first) = rest.chars().next() {
        let word =
            ["NaN", "-Infinity", "Infinity"].into_iter().find(|word| !in_string && rest.starts_with(word));
        let taken = match (word, first) {
            (Some(word), _) => {
                found = true;
                out.push_str("null");
                word.len()
            }
            (None, '\\') if in_string => {
                let n = rest.chars().take(2).map(char::len_utf8).sum();
                out.push_str(rest.get(..n)?);
                n
            }
            (None, _) => {
                in_string ^= first == '"';
                out.push(first);
                first.len_utf8()
            }
        };
        rest = rest.get(taken..)?;
    }
    found.then_some(out)
}

/// `indent` is the current depth in spaces; `None` keeps everything on one line.
fn write_value(out: &mut String, value: &Value, indent: Option<usize>) {
    let inner = indent.map(|columns| columns.saturating_add(2));
    match value {
        Value::Array(items) if !items.is_empty() => {
            out.push('[');
            for (index, item) in items.iter().enumerate() {
                separate(out, index, inner);
                write_value(out, item, inner);
            }
            line(out, indent);
            out.push(']');
        }
        Value::Object(map) if !map.is_empty() => {
            out.push('{');
            for (index, (key, item)) in map.iter().enumerate() {
                separate(out, index, inner);
                write_string(out, key);
                out.push_str(": ");
                write_value(out, item, inner);
            }
            line(out, indent);
            out.push('}');
        }
        Value::String(text) => write_string(out, text),
        Value::Number(number) if number.is_f64() => out.push_str(&python_float(number)),
        // Whole numbers, words and the empty containers look the same in Python.
        other => {
            let written = write!(out, "{other}");
            debug_assert!(written.is_ok(), "a String takes every text");
        }
    }
}

/// A float as Python's `repr` writes it: the same digits, and an exponent from `1e+16` and `1e-05` on.
fn python_float(number: &serde_json::Number) -> String {
    let Some(value) = number.as_f64() else { return number.to_string() };
    let shortest = format!("{value:e}");
    let Some((digits, exponent)) = shortest.split_once('e') else { return number.to_string() };
    let power: i32 = exponent.parse().unwrap_or_default();
    if (-4..16).contains(&power) {
        let plain = format!("{value}");
        return if plain.contains('.') { plain } else { format!("{plain}.0") };
    }
    let sign = if power < 0 { '-' } else { '+' };
    format!("{digits}e{sign}{:02}", power.unsigned_abs())
}

fn separate(out: &mut String, index: usize, indent: Option<usize>) {
    if 0 < index {
        out.push_str(if indent.is_some() { "," } else { ", " });
    }
    line(out, indent);
}

fn line(out: &mut String, indent: Option<usize>) {
    if let Some(columns) = indent {
        out.push('\n');
        out.extend(std::iter::repeat_n(' ', columns));
    }
}

fn write_string(out: &mut String, text: &str) {
    out.push('"');
    for unit in text.encode_utf16() {
        match char::from_u32(unit.into()) {
            Some('"') => out.push_str("\\\""),
            Some('\\') => out.push_str("\\\\"),
            Some('\n') => out.push_str("\\n"),
            Some('\r') => out.push_str("\\r"),
            Some('\t') => out.push_str("\\t"),
            Some(character @ ' '..='~') => out.push(character),
            _ => {
                let written = write!(out, "\\u{unit:04x}");
                debug_assert!(written.is_ok(), "a String takes every text");
            }
        }
    }
    out.push('"');
}
