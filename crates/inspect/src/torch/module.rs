//! Whole modules in a pickle: `torch.save(model)`. The tree of layers, their sizes, and their tensors.

use packwright_formats::pickle::Value;
use packwright_mlflow::schema::TensorSpec;
use serde_json::Value as Json;

use super::tensor::{Seen, tensor};
use crate::pickled::{PickleFile, attr, class_of};
use crate::{Part, Sourced, SourcedSchema, SourcedSignature, Tensors};

/// How deep modules may nest; the deepest architectures stay below 20.
pub(super) const DEPTH: u32 = 64;

/// More layers than any model has; what comes after is not walked.
pub(super) const LAYERS: usize = 50_000;

/// More tensors than any model has. Modules may hold one another many times over.
pub(super) const TENSORS: u64 = 1_000_000;

/// Attributes that say what a layer is, in the order in which PyTorch prints them.
const SIZES: &[&str] = &[
    "in_features",
    "out_features",
    "in_channels",
    "out_channels",
    "kernel_size",
    "num_embeddings",
    "embedding_dim",
    "num_features",
    "normalized_shape",
    "input_size",
    "hidden_size",
    "num_layers",
    "embed_dim",
    "num_heads",
    "p",
];

/// Layers that change no shape whatever they are given.
const KEEP_SHAPE: &[&str] = &["torch.nn.modules.activation", "torch.nn.modules.dropout"];

/// A module and what lies in it.
#[derive(Debug)]
pub(super) struct Walk<'a> {
    file: &'a PickleFile,
    pub(super) tensors: Tensors,
    seen: Seen,
    n_layers: usize,
}

/// Whether a value is a module: an object that keeps layers and parameters.
pub(super) fn is_module(file: &PickleFile, value: Value) -> bool {
    class_of(file, value).is_some()
        && ["_modules", "_parameters", "_buffers"].iter().all(|name| attr(file, value, name).is_some())
}

impl<'a> Walk<'a> {
    /// A walk through a pickle.
    pub(super) fn over(file: &'a PickleFile) -> Self {
        Self { file, tensors: Tensors::default(), seen: Seen::default(), n_layers: 0 }
    }

    /// The tree under a module. `path` is its dotted name, empty for the root.
    pub(super) fn part(&mut self, module: Value, name: &str, path: &str, depth: u32) -> Part {
        let file = self.file;
        let (package, class) = class_of(file, module).unwrap_or_default();
        self.n_layers = self.n_layers.saturating_add(1);
        for (kind, is_parameter) in [("_parameters", true), ("_buffers", false)] {
            if TENSORS < self.tensors.n {
                break;
            }
            for (name, value) in members(file, module, kind) {
                if let Some(mut found) = tensor(file, value) {
                    found.is_parameter = is_parameter;
                    let row = found.named(joined(path, name), &mut self.seen);
                    self.tensors.push(row);
                }
            }
        }
        let mut parts = Vec::new();
        if depth < DEPTH {
            for (name, inner) in members(file, module, "_modules") {
                if is_module(file, inner) && self.n_layers < LAYERS {
                    let path = joined(path, name);
                    parts.push(self.part(inner, name, &path, depth.saturating_add(1)));
                }
            }
        }
        Part {
            name: name.to_owned(),
            class: format!("{package}.{class}"),
            detail: detail(file, module),
            parts,
            ..Part::default()
        }
    }
}

fn joined(path: &str, name: &str) -> String {
    if path.is_empty() { name.to_owned() } else { format!("{path}.{name}") }
}

/// The named values of one of a module's dicts.
fn members<'a>(file: &'a PickleFile, module: Value, kind: &str) -> Vec<(&'a str, Value)> {
    let tree = &file.pickle.tree;
    let entries = attr(file, module, kind).and_then(|dict| tree.entries(dict)).unwrap_or_default();
    entries.iter().filter_map(|(name, value)| Some((tree.text(*name)?, *value))).collect()
}

/// `in_features = 4, out_features = 8`.
fn detail(file: &PickleFile, module: Value) -> Option<String> {
    let shown: Vec<String> = SIZES
        .iter()
        .filter_map(|name| {
            let value = attr(file, module, name)?;
            let text = match (file.scalar(value), file.pickle.tree.items(value)) {
                (Some(Json::Null), _) | (None, None) => return None,
                (Some(scalar), _) => scalar.to_string(),
                (None, Some(items)) => {
                    let items = items.iter().filter_map(|item| Some(file.scalar(*item)?.to_string()));
                    format!("({})", items.collect::<Vec<_>>().join(", "))
                }
            };
            Some(format!("{name} = {text}"))
        })
        .collect();
    (!shown.is_empty()).then(|| shown.join(", "))
}

/// What goes in and comes out, as far as the layers determine it: a `Sequential` gives its input to its first layer and
/// returns what its last one gives.
pub(super) fn signature(file: &PickleFile, root: Value) -> SourcedSignature {
    let mut layers = Vec::new();
    if !flatten(file, root, "", (0, &mut 0), &mut layers) {
        layers = vec![(root, String::new())];
    }
    let first = layers.iter().find(|(layer, _)| !keeps_shape(file, *layer));
    let last = layers.iter().rev().find(|(layer, _)| !keeps_shape(file, *layer));
    let side = |found: Option<&(Value, String)>, size: &str| {
        let (layer, path) = found?;
        let ("torch.nn.modules.linear", "Linear") = class_of(file, *layer)? else { return None };
        let n = i64::try_from(file.scalar(attr(file, *layer, size)?)?.as_u64()?).ok()?;
        let weight = members(file, *layer, "_parameters").into_iter().find(|(name, _)| *name == "weight")?.1;
        let dtype = tensor(file, weight)?.dtype.to_owned();
        // NumPy, and so MLflow, has no word for it.
        if dtype == "bfloat16" {
            return None;
        }
        let of = if path.is_empty() { String::new() } else { format!(" of layer {path}") };
        let source = format!("{size}{of}; a batch of rows is assumed");
        let spec = TensorSpec { name: None, dtype, shape: vec![-1, n] };
        Some(SourcedSchema::Tensors(vec![Sourced::new(spec, source)]))
    };
    SourcedSignature { inputs: side(first, "in_features"), outputs: side(last, "out_features"), params: None }
}

/// The layers of nested `Sequential`s in the order in which they run; false when the root is something else, or there
/// are too many.
fn flatten(
    file: &PickleFile,
    module: Value,
    path: &str,
    (depth, n_seen): (u32, &mut usize),
    layers: &mut Vec<(Value, String)>,
) -> bool {
    if class_of(file, module) != Some(("torch.nn.modules.container", "Sequential")) {
        return false;
    }
    for (name, inner) in members(file, module, "_modules") {
        *n_seen = n_seen.saturating_add(1);
        if LAYERS < *n_seen || DEPTH < depth {
            layers.clear();
            return false;
        }
        let path = joined(path, name);
        if !flatten(file, inner, &path, (depth.saturating_add(1), n_seen), layers) {
            layers.push((inner, path));
        }
    }
    true
}

fn keeps_shape(file: &PickleFile, layer: Value) -> bool {
    // Multi-head attention lies among the activations and returns two tensors.
    class_of(file, layer)
        .is_some_and(|(module, class)| KEEP_SHAPE.contains(&module) && class != "MultiheadAttention")
}
