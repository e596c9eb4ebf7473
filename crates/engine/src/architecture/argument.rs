//! Arguments of a constructor: what may be one, how people type it, and how Python writes it.

use serde_json::Value;

use super::ArchitectureClass;
use crate::edit::EditError;
use crate::flavors::python_string;

/// Words that Python keeps for itself.
const KEYWORDS: [&str; 35] = [
    "False", "None", "True", "and", "as", "assert", "async", "await", "break", "class", "continue", "def",
    "del", "elif", "else", "except", "finally", "for", "from", "global", "if", "import", "in", "is",
    "lambda", "nonlocal", "not", "or", "pass", "raise", "return", "try", "while", "with", "yield",
];

/// The value that a person means: JSON, one of Python's three words, else the text itself.
pub fn argument_value(text: &str) -> Value {
    let text = text.trim();
    match text {
        "True" => Value::Bool(true),
        "False" => Value::Bool(false),
        "None" => Value::Null,
        _ => serde_json::from_str(text).unwrap_or_else(|_| {
            let quoted = text.strip_prefix('\'').and_then(|rest| rest.strip_suffix('\''));
            Value::from(quoted.filter(|inside| !inside.contains(['\'', '\\'])).unwrap_or(text))
        }),
    }
}

/// A text that [`argument_value`] takes for the value.
pub fn argument_text(value: &Value) -> String {
    match value {
        Value::String(text) if argument_value(text) == *value => text.clone(),
        _ => value.to_string(),
    }
}

/// Refuses a class or arguments that cannot be written as a call. `known` is the class where the code has it.
pub(crate) fn check(
    class: &str,
    arguments: &[(String, Value)],
    known: Option<&ArchitectureClass>,
) -> Result<(), EditError> {
    let refuse = |problem: String| Err(EditError::Architecture(problem));
    if !class.contains('.') || !is_dotted(class) {
        return refuse(format!("\"{class}\" is no class with its module; write it as net.Net"));
    }
    for (at, (name, value)) in arguments.iter().enumerate() {
        if !is_identifier(name) {
            return refuse(format!("\"{name}\" cannot be the name of an argument in Python"));
        }
        if arguments.iter().take(at).any(|(other, _)| other == name) {
            return refuse(format!("the argument {name} is given twice"));
        }
        if !is_plain(value) {
            let problem = "is neither a number, a text, true, false, null nor a list of these";
            return refuse(format!("the value of {name} {problem}"));
        }
        if let Some(known) = known
            && !known.takes_any
            && !known.parameters.iter().any(|parameter| parameter.name == *name)
        {
            let names: Vec<&str> = known.parameters.iter().map(|parameter| parameter.name.as_str()).collect();
            let has = if names.is_empty() { "none".to_owned() } else { names.join(", ") };
            return refuse(format!("{class} takes no argument {name}; it takes {has}"));
        }
    }
    Ok(())
}

/// Whether a value is a scalar or a list of scalars.
pub(crate) fn is_plain(value: &Value) -> bool {
    match value {
        Value::Array(items) => items.iter().all(|item| !item.is_array() && !item.is_object()),
        Value::Object(_) => false,
        _ => true,
    }
}

/// A plain value as Python writes it.
pub(crate) fn python_value(value: &Value) -> String {
    match value {
        Value::Null => "None".to_owned(),
        Value::Bool(true) => "True".to_owned(),
        Value::Bool(false) => "False".to_owned(),
        Value::String(text) => python_string(text),
        Value::Array(items) => {
            format!("[{}]", items.iter().map(python_value).collect::<Vec<_>>().join(", "))
        }
        Value::Number(_) | Value::Object(_) => value.to_string(),
    }
}

/// Whether a text is Python names with dots between them.
pub(crate) fn is_dotted(text: &str) -> bool {
    text.split('.').all(is_identifier)
}

/// Letters, digits and underscores, as Python takes them but for the rarest scripts.
fn is_identifier(text: &str) -> bool {
    let mut signs = text.chars();
    signs.next().is_some_and(|first| first.is_alphabetic() || first == '_')
        && signs.all(|sign| sign.is_alphanumeric() || sign == '_')
        && !KEYWORDS.contains(&text)
}
