//! The texts that CatBoost keeps beside the trees: the version, the classes and the parameters of the training.

use packwright_formats::json::JsonScanner;
use packwright_source::{Limits, MemorySource};
use serde_json::{Map, Value};

/// The source of the version.
pub(super) const VERSION: &str = "catboost_version_info";

/// The longest text of the person's own metadata that is shown.
pub(super) const SHOWN_BYTES: u64 = 1024;

/// More classes than this are not listed.
const MAX_CLASSES: u64 = 65_536;

/// How much of a text is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Wanted {
    /// All of it.
    Whole,
    /// All of it, if it is short: what the person added with `set_metadata`.
    IfShort,
    /// Nothing: the history of the metrics, and names of files that training wrote.
    Nothing,
}

/// What is known from those texts.
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) struct Info {
    /// The release that trained the model. Most releases up to 1.2.5 do not tell.
    pub(super) version: Option<String>,
    /// `params`.
    pub(super) params: Map<String, Value>,
    /// `class_params`, or `multiclass_params` of releases before 0.22.
    pub(super) class_params: Map<String, Value>,
    pub(super) trained_at: Option<String>,
    pub(super) guid: Option<String>,
    /// What the person added.
    pub(super) metadata: Map<String, Value>,
}

/// The class labels as `classes_` gives them.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Classes {
    pub(super) values: Vec<Value>,
    /// NumPy's name of the type of a predicted label; `None` when the file does not say.
    pub(super) dtype: Option<&'static str>,
}

impl Info {
    /// How much of the text under a key is worth reading.
    pub(super) fn wants(key: &str) -> Wanted {
        match key {
            VERSION | "params" | "class_params" | "multiclass_params" | "train_finish_time"
            | "model_guid" => Wanted::Whole,
            "training" | "output_options" => Wanted::Nothing,
            _ => Wanted::IfShort,
        }
    }

    /// Takes a value in: a text as in `cbm`, or what JSON files have in its place.
    pub(super) fn put(&mut self, key: &str, value: Value, limits: &Limits) {
        match (key, value) {
            (VERSION, Value::String(text)) => self.version = version(&text),
            ("params", value) => self.params = object(value, limits),
            ("class_params" | "multiclass_params", value) => self.class_params = object(value, limits),
            ("train_finish_time", Value::String(text)) => self.trained_at = Some(text),
            ("model_guid", Value::String(text)) => self.guid = Some(text),
            (key, value) if Self::wants(key) == Wanted::IfShort => {
                self.metadata.insert(key.to_owned(), value);
            }
            _ => {}
        }
    }

    /// The loss function and its parameters.
    pub(super) fn loss(&self) -> Option<(&str, Option<&Map<String, Value>>)> {
        let loss = self.params.get("loss_function")?;
        let params = loss.get("params").and_then(Value::as_object).filter(|params| !params.is_empty());
        Some((loss.get("type")?.as_str()?, params))
    }

    /// What the person passed to the training.
    pub(super) fn hyperparameters(&self) -> Option<&Map<String, Value>> {
        self.params.get("flat_params")?.as_object().filter(|params| !params.is_empty())
    }

    /// The labels, by the rules of CatBoost's own `classes_`: the names; else as many numbers as were asked for; else
    /// the numbers seen in training.
    pub(super) fn classes(&self) -> Option<Classes> {
        let list = |key: &str| self.class_params.get(key)?.as_array().filter(|list| !list.is_empty());
        let ty = self.class_params.get("class_label_type").and_then(Value::as_str);
        let count = self.class_params.get("classes_count").and_then(Value::as_u64).filter(|n| *n != 0);
        let (values, is_named) = match (list("class_names"), count) {
            (Some(names), _) => (names.clone(), true),
            (None, Some(n)) if n <= MAX_CLASSES => ((0..n).map(Value::from).collect(), false),
            (None, Some(_)) => return None,
            (None, None) => (list("class_to_label")?.clone(), false),
        };
        let dtype = match ty {
            Some("Integer") => Some("int64"),
            Some("Float") => Some("float64"),
            Some("Boolean") => Some("bool"),
            Some("String") => Some("object"),
            _ if is_named && values.iter().all(Value::is_string) => Some("object"),
            _ => None,
        };
        let as_typed = |value: Value| match (ty, value.as_f64()) {
            // JSON has one type of number; the labels are floats.
            (Some("Float"), Some(float)) => Value::from(float),
            // Numbers of classes are kept as floats.
            (Some("Integer"), Some(float)) if value.is_f64() => whole(float).unwrap_or(value),
            _ => value,
        };
        Some(Classes { values: values.into_iter().map(as_typed).collect(), dtype })
    }
}

fn whole(float: f64) -> Option<Value> {
    let text = format!("{float:.0}");
    (float.fract() == 0.0).then(|| text.parse::<i64>().ok()).flatten().map(Value::from)
}

fn object(value: Value, limits: &Limits) -> Map<String, Value> {
    let value = match value {
        Value::String(text) => parse(text, limits),
        value => value,
    };
    match value {
        Value::Object(map) => map,
        _ => Map::new(),
    }
}

/// A text as JSON, paid for like a file of its own; null when it is none.
fn parse(text: String, limits: &Limits) -> Value {
    let source = MemorySource::new(text.into_bytes());
    JsonScanner::over("catboost", &source, 0, limits).value().unwrap_or_default()
}

/// `1.2.10` from a text that has the line `Branch: tags/v1.2.10`, as builds of a tag have since 1.2.7, or a line
/// `Summary: CatBoost release 1.2.5. …`: the commit that made the release.
fn version(text: &str) -> Option<String> {
    let line = |name: &str| text.lines().find_map(|line| line.trim().strip_prefix(name)).map(str::trim);
    let tag = line("Branch:").and_then(|branch| branch.strip_prefix("tags/v"));
    let version = tag.or_else(|| line("Summary:").and_then(release))?.trim_end_matches('.');
    let is_version = version.starts_with(|c: char| c.is_ascii_digit())
        && version.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'.');
    is_version.then(|| version.to_owned())
}

fn release(summary: &str) -> Option<&str> {
    const WORDS: &str = "CatBoost release ";
    let (words, rest) = summary.split_at_checked(WORDS.len())?;
    if words.eq_ignore_ascii_case(WORDS) { rest.split(' ').next() } else { None }
}
