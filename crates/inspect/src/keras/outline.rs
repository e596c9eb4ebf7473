//! What each layer gives and how large it is: the layers as a tree, filled with the shapes that were worked out and with
//! the weights of the file.

use std::collections::BTreeMap;

use packwright_formats::hdf5::File;
use serde_json::Value;

use super::config::Network;
use super::graph;
use super::weights::{self, Layout};
use crate::structure::shape_text;
use crate::{Inspection, Part, PartWeights};

/// How deep models inside models are filled.
const DEPTH: u32 = 8;

/// Where `.keras` files keep the layers of a model, from Keras 3 back to 2.12.
const CONTAINERS: [&str; 2] = ["layers", "_layer_checkpoint_dependencies"];

/// The weights under each group of a file, by its path.
type Sums = BTreeMap<String, PartWeights>;

/// Fills the tree of an inspection from its configuration and, where they were read, the weights.
pub(super) fn fill(inspection: &mut Inspection, config: &Value, weights: Option<(&File, Layout)>) {
    let Some((network, root)) = Network::of(config).zip(inspection.structure.as_mut()) else { return };
    let mut sums = Sums::new();
    if let Some((file, layout)) = weights {
        for (path, tensor) in weights::placed(file, layout) {
            for (at, _) in path.match_indices('/') {
                sums.entry(path.get(..at).unwrap_or_default().to_owned()).or_default().add(&tensor);
            }
            sums.entry(String::new()).or_default().add(&tensor);
        }
    }
    root.weights = sums.get("").copied();
    let names = match weights {
        Some((_, Layout::Objects)) => Names::Classes,
        _ => Names::Layers,
    };
    fill_parts(root, &network, (&sums, names), "", DEPTH);
}

/// How the groups of a file are named.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Names {
    /// By the layer.
    Layers,
    /// By the class of the layer and a number.
    Classes,
}

fn fill_parts(part: &mut Part, network: &Network<'_>, sums: (&Sums, Names), path: &str, depth: u32) {
    let shapes = graph::layers(network);
    let paths = paths(network, sums, path);
    part.hidden = u64::try_from(network.layers.len().saturating_sub(part.parts.len())).unwrap_or(u64::MAX);
    for ((inner, layer), path) in part.parts.iter_mut().zip(&network.layers).zip(&paths) {
        inner.output = shapes.get(layer.name).map(|spec| shape_text(spec.shape.iter().copied()));
        if let Some(path) = path {
            inner.weights = Some(sums.0.get(path).copied().unwrap_or_default());
        }
        if let Some(model) = Network::of(layer.object).filter(|model| model.is_graph() && 0 < depth) {
            let path = path.as_deref().unwrap_or(NOWHERE);
            fill_parts(inner, &model, sums, path, depth.saturating_sub(1));
        }
    }
}

/// No group is called this: it would be the root's.
const NOWHERE: &str = "/";

/// The group of each layer below `path`; nothing at all when the groups do not hold exactly what the model has, for then
/// they are not named as expected.
fn paths(network: &Network<'_>, (sums, names): (&Sums, Names), path: &str) -> Vec<Option<String>> {
    let below = |name: &str| if path.is_empty() { name.to_owned() } else { format!("{path}/{name}") };
    let whole = sums.get(path).copied();
    let candidates: Vec<Vec<String>> = match names {
        Names::Layers => vec![network.layers.iter().map(|layer| below(layer.name)).collect()],
        Names::Classes => {
            let numbered = numbered(network.layers.iter().map(|layer| layer.class));
            let inside = |container: &&str| {
                numbered.iter().map(|name| below(&format!("{container}/{name}"))).collect()
            };
            CONTAINERS.iter().map(inside).collect()
        }
    };
    for candidate in candidates {
        let all =
            candidate.iter().filter_map(|path| sums.get(path)).fold(PartWeights::default(), |all, one| {
                PartWeights {
                    n_parameters: all.n_parameters.saturating_add(one.n_parameters),
                    size_bytes: all.size_bytes.saturating_add(one.size_bytes),
                }
            });
        if Some(all) == whole {
            return candidate.into_iter().map(Some).collect();
        }
    }
    vec![None; network.layers.len()]
}

/// The names that Keras gives objects in a container: `dense`, `dense_1` ….
fn numbered<'a>(classes: impl Iterator<Item = &'a str>) -> Vec<String> {
    let mut used: BTreeMap<String, u64> = BTreeMap::new();
    let name = |class: &str| {
        let name = snake_case(class);
        let n = used.entry(name.clone()).and_modify(|n| *n = n.saturating_add(1)).or_insert(0);
        if *n == 0 { name } else { format!("{name}_{n}") }
    };
    classes.map(name).collect()
}

/// `Conv2D`: `conv2d`; `BatchNormalization`: `batch_normalization`. As `keras.src.utils.naming.to_snake_case`, which
/// puts a line before a capital that follows anything and has a small letter behind it, and before one that follows a
/// small letter or digit.
fn snake_case(class: &str) -> String {
    let chars: Vec<char> = class.chars().filter(|c| c.is_alphanumeric() || *c == '_').collect();
    let mut out = String::new();
    for (at, c) in chars.iter().enumerate() {
        let before = at.checked_sub(1).and_then(|at| chars.get(at));
        let after = at.checked_add(1).and_then(|at| chars.get(at));
        let starts_word =
            before.is_some() && c.is_uppercase() && after.is_some_and(|after| after.is_lowercase());
        let follows_small = before.is_some_and(|before| before.is_lowercase()) && c.is_uppercase();
        if starts_word || follows_small {
            out.push('_');
        }
        out.extend(c.to_lowercase());
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn objects_are_named_as_keras_names_them() {
        // keras.src.utils.naming.to_snake_case of Keras 3.15 on the same names.
        for (class, expected) in [
            ("Dense", "dense"),
            ("Conv2D", "conv2d"),
            ("Conv2DTranspose", "conv2d_transpose"),
            ("BatchNormalization", "batch_normalization"),
            ("GlobalAveragePooling2D", "global_average_pooling2d"),
            ("LSTM", "lstm"),
            ("GRUCell", "gru_cell"),
            ("PReLU", "p_re_lu"),
            ("ReLU", "re_lu"),
            ("InputLayer", "input_layer"),
            ("TextVectorization", "text_vectorization"),
        ] {
            assert_eq!(snake_case(class), expected);
        }
        assert_eq!(numbered(["Dense", "Flatten", "Dense"].into_iter()), ["dense", "flatten", "dense_1"]);
    }
}
