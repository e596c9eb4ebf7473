//! scikit-learn estimators, and those of libraries that follow its conventions.
//!
//! What is known is read from the attributes that `fit` leaves (`feature_names_in_`, `n_features_in_`, `classes_`,
//! `categories_` …). Hyperparameters are the attributes without a trailing underscore.

mod inputs;
mod kinds;
mod outputs;
mod third_party;

use packwright_formats::pickle::{Node, Value};

use crate::pickled::{
    Estimator, Inputs, Kind, PickleFile, attr_names, bases_by_value, class_of, describe, has_method_by_value,
    labels_attr, library_of, some_attr, text_attr,
};
use crate::{Part, Sourced};

use inputs::column_transformer;
pub(crate) use kinds::kind_of;

/// How deep estimators may nest.
const DEPTH: u32 = 24;
/// How many estimators of an ensemble are shown in the tree.
const SHOWN: usize = 3;

/// Describes an estimator. Any object with an attribute dict is described; what is unknown stays unknown.
pub(crate) fn describe_estimator(file: &PickleFile, value: Value, depth: u32) -> Option<Estimator> {
    let (module, name) = class_of(file, value)?;
    if DEPTH <= depth {
        return None;
    }
    let framework = library_of(module);
    let mut estimator = Estimator::new(&format!("{module}.{name}"), framework);
    estimator.kind = kind_of(module, name);
    by_value(file, value, &mut estimator);
    estimator.version = version(file, value);
    estimator.hyperparameters = hyperparameters(file, value);
    estimator.is_fitted = Some(attr_names(file, value).iter().any(|(name, _)| is_learned(name)));
    estimator.n_features = inputs::n_features(file, value);
    estimator.inputs = inputs::own_inputs(file, value, &estimator);
    if let (Some(_), Inputs::Count(count)) = (estimator.has_predict, &mut estimator.inputs) {
        count
            .source
            .push_str(" (assumed: the class that the file carries counts columns as scikit-learn does)");
    }
    if let Inputs::Columns(columns) = &mut estimator.inputs {
        third_party::leave_open(file, value, framework, &mut columns.value);
    }
    estimator.labels = own_labels(file, value, estimator.kind);
    match name {
        "Pipeline" => pipeline(file, value, depth, &mut estimator),
        "ColumnTransformer" => column_transformer(file, value, depth, &mut estimator),
        "FeatureUnion" => feature_union(file, value, depth, &mut estimator),
        _ => meta(file, value, depth, &mut estimator),
    }
    if estimator.n_features.is_none() {
        estimator.n_features = match &estimator.inputs {
            Inputs::Columns(columns) | Inputs::Unnamed(columns) => {
                u64::try_from(columns.value.len()).ok().map(|n| Sourced::new(n, columns.source.clone()))
            }
            Inputs::Count(count) => Some(count.clone()),
            Inputs::Texts(_) | Inputs::Unknown => None,
        };
    }
    if estimator.output.is_none() {
        estimator.output = outputs::own_output(file, value, &estimator);
    }
    Some(estimator)
}

/// A class that the file carries is for what its base classes and its methods say.
fn by_value(file: &PickleFile, value: Value, estimator: &mut Estimator) {
    let Some(predicts) = has_method_by_value(file, value, "predict") else {
        return;
    };
    let bases = bases_by_value(file, value);
    let kinds = || bases.iter().map(|(module, name)| kinds::kind_of_base(module, name));
    estimator.kind =
        kinds().find(|kind| !matches!(kind, Kind::Unknown | Kind::Transformer)).unwrap_or_else(|| {
            let transforms = has_method_by_value(file, value, "transform") == Some(true);
            let inherits = || kinds().any(|kind| kind == Kind::Transformer);
            if !predicts && (transforms || inherits()) { Kind::Transformer } else { Kind::Unknown }
        });
    estimator.has_predict = Some(predicts || !matches!(estimator.kind, Kind::Unknown | Kind::Transformer));
    if let Some((module, _)) = bases.iter().find(|(module, _)| !library_of(module).is_empty()) {
        estimator.framework = library_of(module);
    }
}

/// A learned attribute ends with an underscore and does not start with one.
fn is_learned(name: &str) -> bool {
    name.ends_with('_') && !name.starts_with('_')
}

fn version(file: &PickleFile, value: Value) -> Option<Sourced<String>> {
    let version = text_attr(file, value, "_sklearn_version")?;
    Some(Sourced::new(version.to_owned(), "_sklearn_version"))
}

fn hyperparameters(file: &PickleFile, value: Value) -> serde_json::Map<String, serde_json::Value> {
    attr_names(file, value)
        .into_iter()
        .filter(|(name, _)| !name.ends_with('_') && !name.starts_with('_'))
        .filter_map(|(name, value)| Some((name.to_owned(), shown(file, value, 0)?)))
        .collect()
}

/// A hyperparameter as JSON: scalars and short lists as they are, objects by class, functions by name.
fn shown(file: &PickleFile, value: Value, depth: u32) -> Option<serde_json::Value> {
    if let Some(scalar) = file.scalar(value) {
        return Some(scalar);
    }
    if let Some(global) = file.pickle.trace.global(value) {
        return Some(format!("{}.{}", global.module, global.name).into());
    }
    if let Some((_, class)) = class_of(file, value) {
        return Some(class.into());
    }
    match file.pickle.tree.get(value)? {
        Node::List(_) | Node::Tuple(_) if depth < 3 => {
            let items = file.pickle.tree.items(value)?;
            if 32 < items.len() {
                return Some(format!("{} items", items.len()).into());
            }
            items.iter().map(|item| shown(file, *item, depth.saturating_add(1))).collect()
        }
        Node::Dict(_) if depth < 3 => {
            let entries = file.pickle.tree.entries(value)?;
            if 32 < entries.len() {
                return Some(format!("{} entries", entries.len()).into());
            }
            let mut map = serde_json::Map::new();
            for (key, value) in entries {
                let key = file.scalar(*key)?;
                let key = key.as_str().map_or_else(|| key.to_string(), str::to_owned);
                map.insert(key, shown(file, *value, depth.saturating_add(1))?);
            }
            Some(map.into())
        }
        _ => None,
    }
}

/// Class labels from the estimator itself or from the label encoder that it keeps.
fn own_labels(file: &PickleFile, value: Value, kind: Kind) -> Option<Sourced<Vec<crate::pickled::Labels>>> {
    if kind != Kind::Classifier && kind != Kind::Unknown {
        return None;
    }
    for name in ["classes_", "_classes"] {
        if let Some(labels) = labels_attr(file, value, name) {
            return Some(Sourced::new(labels, name));
        }
    }
    for holder in ["le_", "_le", "_label_encoder", "label_binarizer_", "_label_binarizer", "label_encoder_"] {
        if let Some(encoder) = some_attr(file, value, holder)
            && let Some(labels) = labels_attr(file, encoder, "classes_")
        {
            return Some(Sourced::new(labels, format!("{holder}.classes_")));
        }
    }
    None
}

/// Pairs of name and estimator: `steps`, `transformer_list`, `estimators`.
fn named(file: &PickleFile, value: Value, attribute: &str) -> Vec<(String, Value)> {
    let tree = &file.pickle.tree;
    let Some(pairs) = some_attr(file, value, attribute).and_then(|list| tree.items(list)) else {
        return Vec::new();
    };
    pairs
        .iter()
        .filter_map(|pair| {
            let pair = tree.items(*pair)?;
            Some((tree.text(*pair.first()?)?.to_owned(), *pair.get(1)?))
        })
        .collect()
}

fn pipeline(file: &PickleFile, value: Value, depth: u32, estimator: &mut Estimator) {
    let mut steps = Vec::new();
    let mut is_first_known = true;
    for (name, step) in named(file, value, "steps") {
        if let Some(step) = describe(file, step, depth.saturating_add(1)) {
            estimator.part.parts.push(Part { name: name.clone(), ..step.part.clone() });
            steps.push((name, step));
        } else if steps.is_empty() && file.scalar(step).is_none() {
            // Neither an estimator that can be described nor "passthrough".
            is_first_known = false;
        }
    }
    estimator.is_fitted = steps.last().and_then(|(_, step)| step.is_fitted);
    let mut by_sklearn = steps.iter().filter(|(_, step)| step.framework == "scikit-learn");
    if let Some(version) = by_sklearn.find_map(|(_, step)| step.version.clone()) {
        adopt_version(estimator, version);
    }
    // Only the first step sees what goes in: one that says nothing of it may change it in any way.
    if let (Inputs::Unknown, Some((name, step))) =
        (&estimator.inputs, steps.first().filter(|_| is_first_known))
    {
        estimator.inputs = inputs::from_part(&step.inputs, name);
        estimator.n_features = step.n_features.as_ref().map(|n| n.clone().below(name));
    }
    if let Some((name, last)) = steps.pop() {
        estimator.kind = last.kind;
        add_versions(estimator, &last);
        estimator.labels = last.labels.map(|labels| labels.below(&name));
        estimator.output = last.output;
        let others = last.facts.into_iter().filter(|fact| !fact.name.ends_with("_version"));
        estimator.facts.extend(others);
        estimator.warnings.extend(last.warnings);
    }
}

fn feature_union(file: &PickleFile, value: Value, depth: u32, estimator: &mut Estimator) {
    for (name, part) in named(file, value, "transformer_list") {
        let Some(part) = describe(file, part, depth.saturating_add(1)) else {
            continue;
        };
        if estimator.inputs == Inputs::Unknown {
            estimator.inputs = inputs::from_part(&part.inputs, &name);
            estimator.n_features = part.n_features.as_ref().map(|n| n.clone().below(&name));
        }
        estimator.part.parts.push(Part { name, ..part.part });
    }
}

/// Estimators that hold others: searches, ensembles, wrappers.
fn meta(file: &PickleFile, value: Value, depth: u32, estimator: &mut Estimator) {
    let depth = depth.saturating_add(1);
    for attribute in
        ["best_estimator_", "estimator_", "regressor_", "classifier_", "base_estimator_", "final_estimator_"]
    {
        let Some(inner) = some_attr(file, value, attribute).and_then(|inner| describe(file, inner, depth))
        else {
            continue;
        };
        let is_whole = matches!(attribute, "best_estimator_" | "estimator_" | "regressor_" | "classifier_");
        if is_whole {
            adopt(estimator, &inner, attribute);
        }
        estimator.part.parts.push(Part { name: attribute.to_owned(), ..inner.part });
    }
    let Some(list) = some_attr(file, value, "estimators_") else {
        return;
    };
    let members = members(file, list);
    let is_per_output = estimator.class.ends_with("MultiOutputClassifier")
        || estimator.class.ends_with("MultiOutputRegressor")
        || estimator.class.ends_with("RegressorChain");
    let mut labels = Vec::new();
    for (index, member) in members.iter().enumerate().take(if is_per_output { 256 } else { SHOWN }) {
        let Some(member) = describe(file, *member, depth) else {
            continue;
        };
        if index == 0 {
            adopt_inputs(estimator, &member, "estimators_[0]");
        }
        if is_per_output && let Some(found) = &member.labels {
            labels.extend(found.value.clone());
        }
        if index < SHOWN {
            estimator.part.parts.push(Part { name: format!("estimators_[{index}]"), ..member.part });
        }
    }
    if SHOWN < members.len() {
        estimator.part.detail = Some(format!("{} estimators, the first {SHOWN} are shown", members.len()));
    }
    if is_per_output && estimator.kind == Kind::Classifier && labels.len() == members.len() {
        estimator.labels = Some(Sourced::new(labels, "estimators_[…].classes_"));
    }
}

/// The estimators of a list, or of an object array such as gradient boosting keeps.
fn members(file: &PickleFile, list: Value) -> Vec<Value> {
    let tree = &file.pickle.tree;
    if let Some(items) = tree.items(list) {
        return items.to_vec();
    }
    match packwright_formats::numpy::NdArray::from_value(&file.pickle, list).map(|array| array.data) {
        Some(packwright_formats::numpy::ArrayData::Objects(items)) => {
            tree.items(items).unwrap_or_default().to_vec()
        }
        _ => Vec::new(),
    }
}

/// A wrapper answers as what it wraps, where it has no answer of its own.
fn adopt(estimator: &mut Estimator, inner: &Estimator, name: &str) {
    if estimator.kind == Kind::Unknown {
        estimator.kind = inner.kind;
    }
    if estimator.labels.is_none() && estimator.kind == Kind::Classifier {
        estimator.labels = inner.labels.as_ref().map(|labels| labels.clone().below(name));
    }
    if estimator.output.is_none() && estimator.kind == inner.kind {
        estimator.output.clone_from(&inner.output);
    }
    if let Some(version) = inner.version.clone().filter(|_| inner.framework == "scikit-learn") {
        adopt_version(estimator, version);
    }
    add_versions(estimator, inner);
    adopt_inputs(estimator, inner, name);
}

/// A whole needs the versions of the libraries of its parts.
fn add_versions(estimator: &mut Estimator, inner: &Estimator) {
    for fact in inner.library_versions() {
        if !estimator.facts.iter().any(|known| known.name == fact.name) {
            estimator.facts.push(fact);
        }
    }
}

/// The version that a part recorded: scikit-learn's, which says nothing of the version of another library around it.
fn adopt_version(estimator: &mut Estimator, version: Sourced<String>) {
    let is_of_another = !matches!(estimator.framework, "" | "scikit-learn");
    if !is_of_another && estimator.version.is_none() {
        estimator.version = Some(version);
    } else if is_of_another && estimator.facts.iter().all(|fact| fact.name != "sklearn_version") {
        let Sourced { value, source } = version;
        estimator.facts.push(crate::Fact { name: "sklearn_version", value: value.into(), source });
    }
}

fn adopt_inputs(estimator: &mut Estimator, inner: &Estimator, name: &str) {
    let is_better = matches!(
        (&estimator.inputs, &inner.inputs),
        (Inputs::Unknown, _) | (Inputs::Count(_), Inputs::Columns(_))
    ) || inputs::knows_more_types(&inner.inputs, &estimator.inputs);
    if is_better {
        estimator.inputs = inputs::from_part(&inner.inputs, name);
    }
    if estimator.n_features.is_none() {
        estimator.n_features = inner.n_features.as_ref().map(|n| n.clone().below(name));
    }
}

impl<T> Sourced<T> {
    /// The same value, found in a part of that name.
    fn below(self, part: &str) -> Self {
        Self { value: self.value, source: format!("{part}: {}", self.source) }
    }
}
