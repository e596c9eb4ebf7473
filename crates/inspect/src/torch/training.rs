//! What a training leaves beside the weights: where it stood, its hyperparameters, and files that are no model at all.

use packwright_formats::pickle::{Node, Value};
use serde_json::{Value as Json, json};

use super::tensor::tensor;
use crate::Fact;
use crate::pickled::{PickleFile, attr_names};

/// The scalars of a checkpoint that tell where the training stood.
const PROGRESS: &[&str] = &[
    "epoch",
    "global_step",
    "step",
    "iteration",
    "loss",
    "best_acc",
    "best_metric",
    "pytorch-lightning_version",
    "arch",
];

/// More values than anybody sets by hand.
const MOST_PLAIN: usize = 5_000;

/// What a file without weights is, in words, if that can be told; and what to do.
pub(super) fn name(file: &PickleFile, root: Value) -> Option<(&'static str, &'static str)> {
    let tree = &file.pickle.tree;
    let has = |key: &str| tree.entry(root, key).is_some();
    let hint = "drop the model's weights, or the folder that they lie in";
    if tensor(file, root).is_some() {
        let hint = "drop the file with the model's weights or the model itself";
        return Some(("it is a PyTorch tensor, not a model", hint));
    }
    if has("param_groups") && has("state") {
        return Some(("it is the state of an optimizer of PyTorch, not a model", hint));
    }
    if has("last_epoch") && has("_step_count") {
        return Some(("it is the state of a learning-rate schedule of PyTorch, not a model", hint));
    }
    if has("cpu") && (has("python") || has("numpy")) {
        return Some(("it is the state of random number generators, not a model", hint));
    }
    if has("scale") && has("growth_factor") {
        return Some(("it is the state of a gradient scaler of PyTorch, not a model", hint));
    }
    let made = tree.object(root).and_then(|object| file.pickle.trace.global(object.callee));
    if made.is_some_and(|class| class.name.ends_with("TrainingArguments")) {
        return Some(("it holds the arguments of a training, not a model", hint));
    }
    let items = tree.items(root).unwrap_or_default();
    if !items.is_empty() && items.iter().all(|item| tensor(file, *item).is_some()) {
        let hint = "save the model's state_dict; sample data can be dropped as a NumPy file";
        return Some(("it is a list of PyTorch tensors without names, which fit no layer", hint));
    }
    None
}

/// Where a checkpoint's training stood, what else it keeps, and the hyperparameters that Lightning saves.
pub(super) fn facts(file: &PickleFile, root: Value) -> Vec<Fact> {
    let tree = &file.pickle.tree;
    let mut facts = Vec::new();
    let mut add = |name, value, source: &str| facts.push(Fact { name, value, source: source.to_owned() });
    let mut stood = serde_json::Map::new();
    for key in PROGRESS {
        if let Some(scalar) = tree.entry(root, key).and_then(|value| file.scalar(value)) {
            stood.insert((*key).to_owned(), scalar);
        }
    }
    if !stood.is_empty() {
        add("training_state", stood.into(), "the keys of the checkpoint");
    }
    let mut left = MOST_PLAIN;
    if let Some(hyper) = tree.entry(root, "hyper_parameters")
        && let Some(read @ Json::Object(_)) = plain(file, hyper, 0, &mut left)
    {
        add("hyperparameters", read, "hyper_parameters");
    }
    let keys: Vec<&str> = tree
        .entries(root)
        .unwrap_or_default()
        .iter()
        .filter(|(_, value)| tensor(file, *value).is_none())
        .filter_map(|(name, _)| tree.text(*name))
        .take(100)
        .collect();
    if !keys.is_empty() {
        add("keys", json!(keys), "the outermost dict");
    }
    facts
}

/// Numbers, texts, and lists, dicts and attributes of them, as JSON; what is anything else is left out.
fn plain(file: &PickleFile, value: Value, depth: u32, left: &mut usize) -> Option<Json> {
    const DEPTH: u32 = 6;
    let tree = &file.pickle.tree;
    *left = left.checked_sub(1)?;
    if let Some(scalar) = file.scalar(value) {
        return Some(scalar);
    }
    if DEPTH <= depth || tensor(file, value).is_some() {
        return None;
    }
    let next = depth.saturating_add(1);
    if let Some(items) = tree.items(value) {
        // A list with gaps would be another list.
        let items = items.iter().map(|item| plain(file, *item, next, left));
        return items.collect::<Option<Vec<_>>>().map(Into::into);
    }
    // An `argparse.Namespace`, and Lightning's own dict with attributes.
    let named: Vec<(&str, Value)> = match tree.entries(value) {
        Some(entries) => {
            entries.iter().filter_map(|(name, value)| Some((tree.text(*name)?, *value))).collect()
        }
        None => attr_names(file, value),
    };
    if named.is_empty() && !matches!(tree.get(value), Some(Node::Dict(_))) {
        return None;
    }
    let read = named
        .into_iter()
        .filter_map(|(name, value)| Some((name.to_owned(), plain(file, value, next, left)?)));
    Some(read.collect())
}
