//! What XGBoost's JSON and UBJSON models say: `learner` (parameters, objective, features, booster) and `version`.
//! Schema: <https://xgboost.readthedocs.io/en/stable/tutorials/saving_model.html>.

use std::collections::BTreeMap;

use packwright_source::{ErrorKind, ReadError};
use serde_json::Value;

use super::document::Document;

/// How the bytes are laid out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Container {
    /// JSON, since 1.0.
    Json,
    /// UBJSON, since 1.6.
    Ubj,
    /// The old binary form, until 3.0.
    Binary,
}

/// Everything an XGBoost model says, except its trees.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct XgboostModel {
    /// How it was stored.
    pub(crate) container: Container,
    /// The version that wrote it: `3.2.0`, or `1.7` from the old binary form; `None` before 1.0.
    pub(crate) version: Option<String>,
    /// How many features it was trained on.
    pub(crate) n_features: u64,
    /// `num_class`: 0 unless the objective is `multi:*`.
    pub(crate) n_classes: u64,
    /// `num_target`: how many values a row gives.
    pub(crate) n_targets: u64,
    /// The global bias, as written.
    pub(crate) base_score: Option<String>,
    /// `binary:logistic`, `reg:squarederror` …
    pub(crate) objective: Option<String>,
    /// Its parameters.
    pub(crate) objective_params: BTreeMap<String, String>,
    /// `gbtree`, `dart` or `gblinear`.
    pub(crate) booster: Option<String>,
    /// The names of the features in order; empty when it was trained without names.
    pub(crate) feature_names: Vec<String>,
    /// Their types in order: `float`, `int`, `i` (indicator), `q` (quantitative), `c` (categorical); may be empty.
    pub(crate) feature_types: Vec<String>,
    /// The categories of each categorical feature by position, where the file holds them (since 3.1).
    pub(crate) categories: BTreeMap<usize, Vec<Value>>,
    /// Attributes: `best_iteration`, `scikit_learn`, and those the person set.
    pub(crate) attributes: BTreeMap<String, String>,
    /// How many trees there are; `None` for `gblinear`.
    pub(crate) n_trees: Option<u64>,
}

/// A document that was read to its end.
#[derive(Debug)]
pub(super) struct Parsed {
    /// What it says.
    pub(super) model: XgboostModel,
    /// Whether trees or weights are in it. Not so for `Booster.save_config()`.
    pub(super) has_booster: bool,
}

impl XgboostModel {
    pub(super) fn new(container: Container) -> Self {
        Self {
            container,
            version: None,
            n_features: 0,
            n_classes: 0,
            n_targets: 1,
            base_score: None,
            objective: None,
            objective_params: BTreeMap::new(),
            booster: None,
            feature_names: Vec::new(),
            feature_types: Vec::new(),
            categories: BTreeMap::new(),
            attributes: BTreeMap::new(),
            n_trees: None,
        }
    }

    /// What the scikit-learn wrapper left in the attributes when it saved the model.
    pub(crate) fn wrapper(&self) -> Option<Value> {
        serde_json::from_str(self.attributes.get("scikit_learn")?).ok()
    }

    /// The class that saved it: a scikit-learn wrapper that left its mark, or the booster itself.
    pub(crate) fn saved_by(&self) -> &'static str {
        let Some(wrapper) = self.wrapper() else { return BOOSTER };
        let word = |key: &str| wrapper.get(key).and_then(Value::as_str).map(str::to_owned);
        // Before 1.6 the wrapper wrote its class; since then the kind of estimator.
        let mark = word("type").or_else(|| word("_estimator_type"));
        match mark.as_deref() {
            Some("classifier" | "XGBClassifier") => "xgboost.sklearn.XGBClassifier",
            Some("XGBRFClassifier") => "xgboost.sklearn.XGBRFClassifier",
            Some("regressor" | "XGBRegressor") => "xgboost.sklearn.XGBRegressor",
            Some("XGBRFRegressor") => "xgboost.sklearn.XGBRFRegressor",
            Some("ranker" | "XGBRanker") => "xgboost.sklearn.XGBRanker",
            _ => BOOSTER,
        }
    }

    /// The names, if there is one for each feature.
    pub(crate) fn names(&self) -> Option<&[String]> {
        let is_whole = u64::try_from(self.feature_names.len()) == Ok(self.n_features);
        (is_whole && !self.feature_names.is_empty()).then_some(self.feature_names.as_slice())
    }

    /// The type of the feature at `index`, if types were stored.
    pub(crate) fn feature_type(&self, index: usize) -> Option<&str> {
        self.feature_types.get(index).map(String::as_str)
    }
}

/// The import path of a bare booster.
pub(crate) const BOOSTER: &str = "xgboost.core.Booster";

/// Reads a whole document: a model, a configuration, or the two in one as pickles hold them.
pub(super) fn parse(document: &mut dyn Document, container: Container) -> Result<Parsed, ReadError> {
    let mut parsed = Parsed { model: XgboostModel::new(container), has_booster: false };
    let mut seen = Seen::default();
    root(document, &mut parsed, &mut seen)?;
    document.finish()?;
    if !seen.learner {
        let kind = ErrorKind::malformed("document", "the key learner", "none");
        return Err(document.error(kind));
    }
    if parsed.has_booster && !seen.n_features {
        let kind = ErrorKind::malformed("learner_model_param", "num_feature", "none");
        return Err(document.error(kind));
    }
    Ok(parsed)
}

#[derive(Default)]
struct Seen {
    learner: bool,
    n_features: bool,
}

fn root(document: &mut dyn Document, parsed: &mut Parsed, seen: &mut Seen) -> Result<(), ReadError> {
    document.begin_object()?;
    while let Some(key) = document.next_key()? {
        match key.as_str() {
            "learner" => {
                seen.learner = true;
                learner(document, parsed, seen)?;
            }
            "version" => parsed.model.version = version(&document.value()?),
            "Model" => {
                // A serialized booster holds the model one level down. Once only: models do not nest.
                document.begin_object()?;
                while let Some(key) = document.next_key()? {
                    match key.as_str() {
                        "learner" => {
                            seen.learner = true;
                            learner(document, parsed, seen)?;
                        }
                        "version" => parsed.model.version = version(&document.value()?),
                        _ => document.skip()?,
                    }
                }
            }
            _ => document.skip()?,
        }
    }
    Ok(())
}

fn learner(document: &mut dyn Document, parsed: &mut Parsed, seen: &mut Seen) -> Result<(), ReadError> {
    document.begin_object()?;
    while let Some(key) = document.next_key()? {
        match key.as_str() {
            "attributes" => parsed.model.attributes = texts(document)?,
            "feature_names" => parsed.model.feature_names = list(document)?,
            "feature_types" => parsed.model.feature_types = list(document)?,
            "gradient_booster" => booster(document, parsed, true)?,
            "learner_model_param" => {
                let params = texts(document)?;
                let model = &mut parsed.model;
                seen.n_features = params.contains_key("num_feature");
                model.n_features = number(document, &params, "num_feature")?.unwrap_or(0);
                model.n_classes = number(document, &params, "num_class")?.unwrap_or(0);
                model.n_targets = number(document, &params, "num_target")?.unwrap_or(1);
                model.base_score = params.get("base_score").cloned();
            }
            "objective" => objective(document, &mut parsed.model)?,
            _ => document.skip()?,
        }
    }
    Ok(())
}

fn objective(document: &mut dyn Document, model: &mut XgboostModel) -> Result<(), ReadError> {
    document.begin_object()?;
    while let Some(key) = document.next_key()? {
        match (key.as_str(), document.value()?) {
            ("name", Value::String(name)) => model.objective = Some(name),
            (_, Value::Object(params)) => {
                model.objective_params.extend(params.into_iter().map(|(key, value)| (key, text(value))));
            }
            _ => {}
        }
    }
    Ok(())
}

fn booster(document: &mut dyn Document, parsed: &mut Parsed, is_outer: bool) -> Result<(), ReadError> {
    document.begin_object()?;
    while let Some(key) = document.next_key()? {
        match key.as_str() {
            "name" => {
                let name = document.value()?;
                if let (Value::String(name), true) = (name, is_outer) {
                    parsed.model.booster = Some(name);
                }
            }
            "model" => {
                parsed.has_booster = true;
                trees(document, &mut parsed.model)?;
            }
            // `dart` wraps a `gbtree`.
            "gbtree" if is_outer => booster(document, parsed, false)?,
            _ => document.skip()?,
        }
    }
    Ok(())
}

fn trees(document: &mut dyn Document, model: &mut XgboostModel) -> Result<(), ReadError> {
    document.begin_object()?;
    while let Some(key) = document.next_key()? {
        match key.as_str() {
            "gbtree_model_param" => {
                let params = texts(document)?;
                model.n_trees = number(document, &params, "num_trees")?;
            }
            "cats" => model.categories = categories(&document.value()?),
            _ => document.skip()?,
        }
    }
    Ok(())
}

/// `cats.enc`: for each feature its categories, texts as the bytes of all of them and the offsets between, numbers
/// as they are. Empty for features that are not categorical.
fn categories(cats: &Value) -> BTreeMap<usize, Vec<Value>> {
    let features = cats.get("enc").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    let mut categories = BTreeMap::new();
    for (index, feature) in features.iter().enumerate() {
        let list = |key: &str| feature.get(key).and_then(Value::as_array).map(Vec::as_slice);
        let values = list("values").unwrap_or_default();
        let labels: Vec<Value> = match list("offsets") {
            None => values.to_vec(),
            Some(offsets) => {
                let bytes: Vec<u8> =
                    values.iter().filter_map(|value| u8::try_from(value.as_i64()? & 0xff).ok()).collect();
                let offset = |value: &Value| usize::try_from(value.as_u64()?).ok();
                let ends = offsets.iter().zip(offsets.iter().skip(1));
                ends.filter_map(|(start, end)| bytes.get(offset(start)?..offset(end)?))
                    .map(|label| Value::from(String::from_utf8_lossy(label).into_owned()))
                    .collect()
            }
        };
        if !labels.is_empty() {
            categories.insert(index, labels);
        }
    }
    categories
}

/// An object of texts. Other values are kept as their JSON.
fn texts(document: &mut dyn Document) -> Result<BTreeMap<String, String>, ReadError> {
    match document.value()? {
        Value::Object(members) => Ok(members.into_iter().map(|(key, value)| (key, text(value))).collect()),
        other => Err(mistyped(document, "an object", &other)),
    }
}

/// An array of texts, or null.
fn list(document: &mut dyn Document) -> Result<Vec<String>, ReadError> {
    match document.value()? {
        Value::Array(items) => Ok(items.into_iter().map(text).collect()),
        Value::Null => Ok(Vec::new()),
        other => Err(mistyped(document, "an array", &other)),
    }
}

fn text(value: Value) -> String {
    match value {
        Value::String(text) => text,
        other => other.to_string(),
    }
}

/// A count that XGBoost wrote as text.
fn number(
    document: &dyn Document,
    params: &BTreeMap<String, String>,
    key: &'static str,
) -> Result<Option<u64>, ReadError> {
    let Some(text) = params.get(key) else { return Ok(None) };
    match text.parse() {
        Ok(number) => Ok(Some(number)),
        Err(_not_a_count) => Err(document.error(ErrorKind::malformed(key, "a count", text.clone()))),
    }
}

fn mistyped(document: &dyn Document, expected: &str, found: &Value) -> ReadError {
    let found = match found {
        Value::Object(_) => "an object",
        Value::Array(_) => "an array",
        Value::String(_) => "a string",
        Value::Number(_) => "a number",
        Value::Bool(_) | Value::Null => "another value",
    };
    document.error(ErrorKind::malformed("learner", expected, found))
}

/// `[3, 2, 0]` as `3.2.0`. Below 1.0 and for anything else `None`: XGBoost itself wrote -1 then.
fn version(value: &Value) -> Option<String> {
    let parts: Option<Vec<u64>> = value.as_array()?.iter().map(Value::as_u64).collect();
    match parts?.as_slice() {
        [major, minor, patch] if 0 < *major => Some(format!("{major}.{minor}.{patch}")),
        _ => None,
    }
}
