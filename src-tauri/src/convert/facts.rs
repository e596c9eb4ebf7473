//! Facts, made for showing.

use packwright_engine::inspect::Fact;
use serde_json::Value;

use crate::wire::FactView;

/// How many items of a list are shown; the rest is counted.
const MOST_ITEMS: usize = 40;

/// The fact with a label and its value as text.
pub(super) fn fact_view(fact: &Fact) -> FactView {
    FactView {
        name: fact.name.to_owned(),
        label: label(fact.name),
        value: shown(&fact.value),
        source: fact.source.clone(),
    }
}

/// `n_features` → `Features`, `class_labels` → `Class labels`.
fn label(name: &str) -> String {
    let words = match name.strip_prefix("n_") {
        Some(counted) => counted,
        None => name,
    };
    let words = words.replace('_', " ");
    let mut chars = words.chars();
    let first = chars.next().map(|first| first.to_uppercase().to_string()).unwrap_or_default();
    first + chars.as_str()
}

fn shown(value: &Value) -> String {
    match value {
        Value::Null => "none".into(),
        Value::Bool(true) => "yes".into(),
        Value::Bool(false) => "no".into(),
        Value::Number(number) => number.to_string(),
        Value::String(text) => text.clone(),
        Value::Array(items) => shortened(items.iter().map(inner), items.len()),
        Value::Object(entries) => {
            shortened(entries.iter().map(|(key, value)| format!("{key} = {}", inner(value))), entries.len())
        }
    }
}

/// Inside lists: brackets where there is structure, so that a list in a list still reads as one.
fn inner(value: &Value) -> String {
    match value {
        Value::Array(_) => format!("[{}]", shown(value)),
        Value::Object(_) => format!("{{{}}}", shown(value)),
        _ => shown(value),
    }
}

fn shortened(items: impl Iterator<Item = String>, n_items: usize) -> String {
    let mut text = items.take(MOST_ITEMS).collect::<Vec<_>>().join(", ");
    if let Some(n_more) = n_items.checked_sub(MOST_ITEMS).filter(|n| 0 < *n) {
        text.push_str(&format!(" and {n_more} more"));
    }
    text
}
