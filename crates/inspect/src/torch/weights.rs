//! Where among the values of a file the weights are: a state dict by itself, or the networks in a checkpoint.

use packwright_formats::pickle::{Node, Value};

use super::module::is_module;
use super::tensor::{TensorValue, tensor};
use crate::Inspection;
use crate::pickled::PickleFile;

/// The keys under which checkpoints keep the weights, the likeliest first.
const WEIGHTS: &[&str] = &[
    "state_dict",
    "model_state_dict",
    "model",
    "net",
    "module",
    "ema_state_dict",
    "state_dict_ema",
    "model_ema",
    "ema",
    "weights",
    "params",
];

/// What the keys of a training's own state have in their names; tensors below them are no network's.
const TRAINING: &[&str] = &[
    "optim", "sched", "rng", "random", "callback", "loops", "scaler", "sampler", "history", "metric",
    "dataset",
];

/// Checkpoints that keep a dict for each part of a network in a dict go two deep.
const DEPTH: usize = 3;

/// More values than the state dicts of any model have; what comes after is not looked through.
const MOST_LOOKED_AT: usize = 1_000_000;

/// Weights in a file.
#[derive(Debug)]
pub(super) struct Found {
    pub(super) value: Value,
    /// The keys that lead to it, from the outermost dict on.
    pub(super) keys: Vec<String>,
    pub(super) is_module: bool,
}

/// Every network in a value, the likeliest first.
pub(super) fn find(file: &PickleFile, root: Value) -> Vec<Found> {
    let mut search = Search { file, found: Vec::new(), left: MOST_LOOKED_AT };
    search.look(root, &mut Vec::new());
    search.found.sort_by_key(|found| {
        let last = found.keys.last().map_or("", String::as_str);
        WEIGHTS.iter().position(|key| *key == last).unwrap_or(WEIGHTS.len())
    });
    search.found
}

struct Search<'a> {
    file: &'a PickleFile,
    found: Vec<Found>,
    left: usize,
}

impl Search<'_> {
    fn look(&mut self, value: Value, keys: &mut Vec<String>) {
        if Inspection::MOST_MODELS <= self.found.len() || self.left == 0 {
            return;
        }
        let file = self.file;
        let is_module = is_module(file, value);
        if is_module || self.is_state_dict(value, keys.is_empty()) {
            return self.found.push(Found { value, keys: keys.clone(), is_module });
        }
        if DEPTH <= keys.len() {
            return;
        }
        for (name, inner) in file.pickle.tree.entries(value).unwrap_or_default() {
            let Some(name) = file.pickle.tree.text(*name) else { continue };
            let lower = name.to_ascii_lowercase();
            if !TRAINING.iter().any(|word| lower.contains(word)) {
                keys.push(name.to_owned());
                self.look(*inner, keys);
                keys.pop();
            }
        }
    }

    /// Whether a dict maps names to tensors and to nothing else that matters. Inside a checkpoint a dict of numbers, such
    /// as the best score so far, is none.
    fn is_state_dict(&mut self, value: Value, is_root: bool) -> bool {
        let file = self.file;
        let entries = file.pickle.tree.entries(value).unwrap_or_default();
        self.left = self.left.saturating_sub(entries.len());
        let mut n_tensors = 0_usize;
        let mut is_of_layers = is_root;
        for (_, tensor) in tensors(file, value) {
            n_tensors = n_tensors.saturating_add(1);
            is_of_layers |= !tensor.shape.is_empty() && !tensor.dtype.contains("int");
        }
        // Some state dicts keep a number or the state of a layer beside the tensors.
        if n_tensors == 0 || !is_of_layers || n_tensors.saturating_mul(2) < entries.len() {
            return false;
        }
        // A checkpoint may keep its counters as tensors beside the weights.
        !entries.iter().any(|(_, inner)| {
            let n_inner = file.pickle.tree.entries(*inner).unwrap_or_default().len();
            self.left = self.left.saturating_sub(n_inner);
            is_module(file, *inner)
                || n_tensors <= n_inner && 0 < self.left && n_tensors <= tensors(file, *inner).count()
        })
    }
}

/// The named tensors of a dict, those that a quantized layer packs among them: `fc._packed_params._packed_params` is a
/// tuple of its weight and bias.
pub(super) fn tensors_of(file: &PickleFile, dict: Value) -> Vec<(String, TensorValue)> {
    tensors(file, dict).collect()
}

fn tensors(file: &PickleFile, dict: Value) -> impl Iterator<Item = (String, TensorValue)> {
    const PACKED: [&str; 2] = ["weight", "bias"];
    let tree = &file.pickle.tree;
    tree.entries(dict).unwrap_or_default().iter().flat_map(move |(name, value)| {
        let mut found = Vec::new();
        let Some(name) = tree.text(*name) else { return found };
        if let Some(tensor) = tensor(file, *value) {
            found.push((name.to_owned(), tensor));
        } else if let (true, Some(Node::Tuple(items))) = (name.ends_with("_packed_params"), tree.get(*value))
        {
            let inner =
                PACKED.iter().zip(items).filter_map(|(part, item)| Some((part, tensor(file, *item)?)));
            found.extend(inner.map(|(part, tensor)| (format!("{name}.{part}"), tensor)));
        }
        found
    })
}
