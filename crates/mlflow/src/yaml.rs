//! YAML that every reader understands in the same way.
//!
//! MLflow reads with PyYAML, which follows YAML 1.1 and opens files in the machine's own encoding. So everything is
//! written in ASCII, and a text stands bare only when no version of YAML could take it for anything else. The emitter
//! of `serde_yaml` can do neither: it writes UTF-8 and quotes for YAML 1.2. It is used for reading.

use serde_yaml::{Mapping, Value};

/// The value as a block-style document in ASCII, with a line feed at the end. Keys stay in their order.
pub fn to_ascii(value: &Value) -> String {
    let mut out = String::new();
    match value {
        Value::Mapping(map) if !map.is_empty() => mapping(&mut out, map, 0),
        Value::Sequence(items) if !items.is_empty() => sequence(&mut out, items, 0),
        _ => {
            scalar(&mut out, value);
            out.push('\n');
        }
    }
    out
}

fn mapping(out: &mut String, map: &Mapping, indent: usize) {
    for (key, value) in map {
        pad(out, indent);
        scalar(out, key);
        out.push(':');
        child(out, value, indent);
    }
}

fn sequence(out: &mut String, items: &[Value], indent: usize) {
    for item in items {
        pad(out, indent);
        out.push('-');
        match item {
            // The first key stands on the line of the dash.
            Value::Mapping(map) if !map.is_empty() => {
                let mut nested = String::new();
                mapping(&mut nested, map, indent + 2);
                out.push(' ');
                out.push_str(nested.trim_start_matches(' '));
            }
            Value::Sequence(inner) if !inner.is_empty() => {
                let mut nested = String::new();
                sequence(&mut nested, inner, indent + 2);
                out.push(' ');
                out.push_str(nested.trim_start_matches(' '));
            }
            _ => {
                out.push(' ');
                scalar(out, item);
                out.push('\n');
            }
        }
    }
}

/// What follows `key:`. Sequences stand at the key's own indent, as PyYAML writes them.
fn child(out: &mut String, value: &Value, indent: usize) {
    match value {
        Value::Mapping(map) if !map.is_empty() => {
            out.push('\n');
            mapping(out, map, indent + 2);
        }
        Value::Sequence(items) if !items.is_empty() => {
            out.push('\n');
            sequence(out, items, indent);
        }
        Value::Tagged(tagged) => child(out, &tagged.value, indent),
        _ => {
            out.push(' ');
            scalar(out, value);
            out.push('\n');
        }
    }
}

fn pad(out: &mut String, indent: usize) {
    for _ in 0..indent {
        out.push(' ');
    }
}

fn scalar(out: &mut String, value: &Value) {
    match value {
        Value::Null => out.push_str("null"),
        Value::Bool(bool) => out.push_str(if *bool { "true" } else { "false" }),
        Value::Number(number) => number_text(out, number),
        Value::String(text) => string(out, text),
        Value::Sequence(_) => out.push_str("[]"),
        Value::Mapping(_) => out.push_str("{}"),
        Value::Tagged(tagged) => scalar(out, &tagged.value),
    }
}

/// YAML 1.1 takes a float only with a dot, and an exponent only with a sign.
fn number_text(out: &mut String, number: &serde_yaml::Number) {
    let Some(float) = number.as_f64().filter(|_| number.is_f64()) else {
        out.push_str(&format!("{number}"));
        return;
    };
    if float.is_nan() {
        out.push_str(".nan");
    } else if float.is_infinite() {
        out.push_str(if float < 0.0 { "-.inf" } else { ".inf" });
    } else {
        let text = format!("{float:?}");
        match text.split_once('e') {
            Some((digits, exponent)) => {
                let digits = if digits.contains('.') { digits.to_owned() } else { format!("{digits}.0") };
                let sign = if exponent.starts_with('-') { "" } else { "+" };
                out.push_str(&format!("{digits}e{sign}{exponent}"));
            }
            None => out.push_str(&text),
        }
    }
}

fn string(out: &mut String, text: &str) {
    if is_bare(text) {
        out.push_str(text);
    } else if text.bytes().all(|byte| (b' '..=b'~').contains(&byte)) {
        out.push('\'');
        out.push_str(&text.replace('\'', "''"));
        out.push('\'');
    } else {
        out.push('"');
        for char in text.chars() {
            match char {
                '"' => out.push_str("\\\""),
                '\\' => out.push_str("\\\\"),
                '\n' => out.push_str("\\n"),
                '\t' => out.push_str("\\t"),
                '\r' => out.push_str("\\r"),
                ' '..='~' => out.push(char),
                _ => {
                    let code = u32::from(char);
                    out.push_str(&match code {
                        0..=0xff => format!("\\x{code:02X}"),
                        0x100..=0xffff => format!("\\u{code:04X}"),
                        _ => format!("\\U{code:08X}"),
                    });
                }
            }
        }
        out.push('"');
    }
}

/// Words that some version of YAML takes for a boolean or nothing.
const WORDS: [&str; 11] = ["y", "n", "yes", "no", "on", "off", "true", "false", "null", "none", "nan"];

/// Names, paths and dotted identifiers that start with a letter and are no word of YAML. Everything else is quoted.
fn is_bare(text: &str) -> bool {
    text.starts_with(|first: char| first.is_ascii_alphabetic() || first == '_')
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_.-/".contains(&byte))
        && !WORDS.contains(&text.to_ascii_lowercase().as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(text: &str) -> String {
        to_ascii(&Value::from(text)).trim_end().to_owned()
    }

    #[test]
    fn texts_that_yaml_1_1_would_take_for_something_else_are_quoted() {
        for text in [
            "yes",
            "no",
            "on",
            "off",
            "y",
            "N",
            "True",
            "3.11",
            "1_000",
            "12:30:45",
            "017",
            "0o17",
            "0x1f",
            "1e3",
            ".5",
            "2024-01-02",
            "2024-01-02 03:04:05",
            "~",
            "null",
            "NULL",
            "=",
            "<<",
            ".inf",
            "-.INF",
            ".nan",
            " leading",
            "trailing ",
            "a: b",
            "# x",
            "a #b",
            "- x",
            "",
            "'",
            "it's",
            "*a",
            "&a",
            "!a",
            "%a",
            "@a",
            "`a",
            "[a",
            "{a",
            "a,b",
            "?",
            "|",
            ">",
            "-",
            "--- a",
            "...",
            "1.9.1",
            "+1",
            "_1_000 x",
        ] {
            let out = written(text);
            assert!(out.starts_with('\''), "{text:?} was written as {out}");
            assert_eq!(serde_yaml::from_str::<Value>(&out).unwrap(), Value::from(text), "{out}");
        }
    }

    #[test]
    fn plain_names_stand_bare() {
        for text in
            ["model.pkl", "mlflow.sklearn", "tf2model/", "sklearn.svm._classes.SVC", "python_env.yaml"]
        {
            assert_eq!(written(text), text);
        }
    }

    #[test]
    fn everything_is_ascii() {
        for (text, out) in [
            ("é", "\"\\xE9\""),
            ("模型", "\"\\u6A21\\u578B\""),
            ("😀", "\"\\U0001F600\""),
            ("a\nb\t\"c\"\\", "\"a\\nb\\t\\\"c\\\"\\\\\""),
            ("\u{7f}\u{85}\u{feff}", "\"\\x7F\\x85\\uFEFF\""),
        ] {
            assert_eq!(written(text), out);
            assert_eq!(serde_yaml::from_str::<Value>(out).unwrap(), Value::from(text));
        }
    }

    #[test]
    fn floats_keep_their_type_in_yaml_1_1() {
        for (float, out) in [(1.0, "1.0"), (1e300, "1.0e+300"), (1.5e-7, "1.5e-7"), (f64::INFINITY, ".inf")] {
            assert_eq!(to_ascii(&Value::from(float)).trim_end(), out);
        }
    }

    #[test]
    fn blocks_look_as_pyyaml_writes_them() {
        let text = "a:\n  b: 1\n  c: []\nd:\n- x\n- k: 1\n  z: {}\n- - 1\n  - 2\ne: null\n";
        let value: Value = serde_yaml::from_str(text).unwrap();
        assert_eq!(to_ascii(&value), text);
    }
}
