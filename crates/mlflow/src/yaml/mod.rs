//! YAML as MLflow reads and writes it: YAML 1.1, through `PyYAML`'s `safe_load` and `safe_dump`.
//!
//! `serde_yaml` scans the text (its libyaml grammar is YAML 1.1, like that of `PyYAML`) and its [`Value`] is the tree.
//! Two things it cannot do are done here. It resolves plain scalars by YAML 1.2, so `yes`, `017` or `1e3` mean something
//! else than in Python: [`read()`] resolves them again by 1.1. And its emitter neither escapes to ASCII nor quotes what only
//! 1.1 takes for a number, a date or a boolean: [`write()`] and [`to_ascii`] do both.
//!
//! Not kept: comments, anchors, and the type of an unquoted date, which reads as its text. Integers beyond 64 bits read as
//! their text too. Tags are refused, as `safe_load` refuses them.

mod read;
mod scalar;
#[cfg(test)]
mod tests;
mod write;

pub use read::{YamlError, read};
pub use serde_yaml::{Mapping, Value};
pub use write::{to_ascii, write};

/// The value of a text key when it is text.
pub fn text<'a>(map: &'a Mapping, key: &str) -> Option<&'a str> {
    map.get(key).and_then(Value::as_str)
}

/// What a value is, in Python's words, for messages.
pub fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Number(number) if number.is_f64() => "a float",
        Value::Number(_) => "an integer",
        Value::String(_) => "text",
        Value::Sequence(_) => "a list",
        Value::Mapping(_) => "a map",
        Value::Tagged(_) => "a tagged value",
    }
}
