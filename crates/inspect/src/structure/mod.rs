//! What a model is made of, as rows from top to bottom: the layers of a network, the steps of a pipeline, the operators
//! of a graph, or the groups that the names of tensors make.
//!
//! Readers give a tree of [`Part`]s; here it is laid out, with the weights of each part where their names say whose
//! they are. Nothing of it is in the JSON of `inspect`.

use std::collections::BTreeMap;

use crate::tensors::{Tensor, Tensors};
use crate::{Inspection, Part, PartWeights};

/// More rows than anybody scrolls through; what comes after is counted.
const ROWS: usize = 100_000;

/// How deep a name is cut into groups. What lies deeper keeps the rest of its name.
const LEVELS: usize = 12;

/// How many tensors of a group are named beside it.
const NAMED: usize = 4;

/// What the rows are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StructureKind {
    /// Estimators, transformers and what lies in them.
    Steps,
    /// Layers of a network, as the file describes them.
    Layers,
    /// Operators of a graph.
    Operators,
    /// Groups of tensors by the dots and slashes in their names.
    Names,
}

/// The rows of one view, each followed by what lies in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Structure {
    /// What the rows are.
    pub kind: StructureKind,
    /// From top to bottom.
    pub rows: Vec<StructureRow>,
    /// How many more there are than rows.
    pub hidden: u64,
}

/// One layer, step, operator or group.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct StructureRow {
    /// How many rows it lies in; 0 for the outermost.
    pub depth: u32,
    /// What the row around it calls it; may be empty.
    pub name: String,
    /// The import path of its class, or the operator; empty when it is not known.
    pub class: String,
    /// A few words: sizes, columns, its own tensors.
    pub detail: Option<String>,
    /// The shape of what it gives, names of dimensions kept: `batch × 3 × 224 × 224`.
    pub output: Option<String>,
    /// Learned and kept values, with those of everything in it.
    pub weights: Option<PartWeights>,
    /// How many parts directly in it are not listed.
    pub hidden: u64,
}

/// Everything that a model can be looked at as; empty when it has no inner structure that is known.
pub fn of(inspection: &Inspection) -> Vec<Structure> {
    let mut found = Vec::new();
    let tree = inspection.structure.as_ref().filter(|part| !part.parts.is_empty());
    let tensors = inspection.tensors.as_ref().filter(|tensors| !tensors.listed.is_empty());
    if let Some(part) = tree {
        let sums = tensors.map(Sums::of).unwrap_or_default();
        found.push(of_part(part, kind(inspection), &sums));
    }
    // The layers say more than the names of their tensors; operators say something else. The converter of TensorFlow
    // Lite names tensors after operators that it has joined, which groups nothing.
    let is_named = inspection.format != "tflite";
    if is_named && (tree.is_none() || kind(inspection) == StructureKind::Operators) {
        found.extend(tensors.and_then(of_tensors));
    }
    found
}

/// Whether [`of`] gives anything, or there are tensors to list. Costs nothing.
pub fn is_known(inspection: &Inspection) -> bool {
    inspection.structure.as_ref().is_some_and(|part| !part.parts.is_empty())
        || inspection.tensors.as_ref().is_some_and(|tensors| !tensors.listed.is_empty())
}

/// Sides of a shape as people write them; `?` is any length. A shape without sides is that of a single value.
pub(crate) fn shape_text<T: ToString>(sides: impl IntoIterator<Item = Option<T>>) -> String {
    let text = |side: Option<T>| side.map_or_else(|| "?".to_owned(), |side| side.to_string());
    let sides: Vec<String> = sides.into_iter().map(text).collect();
    if sides.is_empty() { "scalar".to_owned() } else { sides.join(" × ") }
}

/// A graph of which only the operators are counted, the most frequent first.
pub(crate) fn of_operators<'a>(operators: impl Iterator<Item = (&'a String, &'a u64)>) -> Option<Part> {
    let mut operators: Vec<(&String, &u64)> = operators.collect();
    operators.sort_by(|(a, n), (b, m)| m.cmp(n).then_with(|| a.cmp(b)));
    let part = |(name, n): &(&String, &u64)| Part {
        class: (*name).clone(),
        detail: Some(if **n == 1 { "once".to_owned() } else { format!("{n} times") }),
        ..Part::default()
    };
    let parts: Vec<Part> = operators.iter().take(ROWS).map(part).collect();
    (!parts.is_empty()).then(|| Part { parts, ..Part::default() })
}

/// An input or an output of a graph.
pub(crate) fn end(kind: &str, name: &str, dtype: Option<String>, shape: Option<String>) -> Part {
    let (name, class) = (name.to_owned(), kind.to_owned());
    Part { name, class, detail: dtype, output: shape, ..Part::default() }
}

fn kind(inspection: &Inspection) -> StructureKind {
    match inspection.format {
        "onnx" | "tflite" | "tf-savedmodel" | "tf-graphdef" | "torch-export-pt2" => StructureKind::Operators,
        format if format.starts_with("keras") || format.starts_with("torch") => StructureKind::Layers,
        _ if inspection.tensors.is_some() => StructureKind::Layers,
        _ => StructureKind::Steps,
    }
}

/// How much lies under each prefix of the tensors' names.
#[derive(Debug, Default)]
struct Sums<'a>(BTreeMap<&'a str, PartWeights>);

impl<'a> Sums<'a> {
    fn of(tensors: &'a Tensors) -> Self {
        let mut sums = Self::default();
        for tensor in &tensors.listed {
            for (at, _) in tensor.name.match_indices('.').take(LEVELS) {
                if let Some(prefix) = tensor.name.get(..at) {
                    sums.0.entry(prefix).or_default().add(tensor);
                }
            }
            sums.0.entry("").or_default().add(tensor);
        }
        sums
    }
}

impl PartWeights {
    /// Adds one tensor.
    pub(crate) fn add(&mut self, tensor: &Tensor) {
        if tensor.is_parameter {
            self.n_parameters = self.n_parameters.saturating_add(tensor.n_elements());
        }
        self.size_bytes = self.size_bytes.saturating_add(tensor.size_bytes);
    }
}

fn of_part(root: &Part, kind: StructureKind, sums: &Sums<'_>) -> Structure {
    let mut structure = Structure { kind, rows: Vec::new(), hidden: 0 };
    // Only PyTorch names its tensors by the way through the layers and nothing else.
    let has_paths = kind == StructureKind::Layers
        && root.parts.iter().any(|part| sums.0.contains_key(part.name.as_str()));
    // A graph of operators has no class of its own to show.
    let (first, hidden) = if root.class.is_empty() {
        (root.parts.as_slice(), root.hidden)
    } else {
        (std::slice::from_ref(root), 0)
    };
    structure.hidden = hidden;
    let mut waiting: Vec<(&Part, u32, Option<String>)> =
        first.iter().rev().map(|part| (part, 0, has_paths.then(String::new))).collect();
    while let Some((part, depth, path)) = waiting.pop() {
        if ROWS <= structure.rows.len() {
            structure.hidden = structure.hidden.saturating_add(1);
        } else {
            let known = path.as_deref().and_then(|path| sums.0.get(path)).copied();
            structure.rows.push(StructureRow {
                depth,
                name: part.name.clone(),
                class: part.class.clone(),
                detail: part.detail.clone(),
                output: part.output.clone(),
                weights: part.weights.or(known),
                hidden: part.hidden,
            });
        }
        let inner = part.parts.iter().rev().map(|inner| {
            let path = path.as_deref().map(|path| match path {
                "" => inner.name.clone(),
                path => format!("{path}.{}", inner.name),
            });
            (inner, depth.saturating_add(1), path)
        });
        waiting.extend(inner);
    }
    structure
}

/// A group of tensors.
#[derive(Debug, Default)]
struct Group<'a> {
    name: &'a str,
    groups: Vec<usize>,
    tensors: Vec<(&'a str, &'a Tensor)>,
    weights: PartWeights,
}

/// Groups by the dots and slashes in the names; `None` when they make none.
fn of_tensors(tensors: &Tensors) -> Option<Structure> {
    let mut groups: Vec<Group<'_>> = vec![Group::default()];
    let mut places: BTreeMap<(usize, &str), usize> = BTreeMap::new();
    let mut hidden = 0_u64;
    for tensor in &tensors.listed {
        let mut at = 0;
        let mut rest = tensor.name.as_str();
        for _ in 0..LEVELS {
            let Some((name, inner)) = rest.split_once(['.', '/']) else { break };
            let next = groups.len();
            if let Some(known) = places.get(&(at, name)) {
                at = *known;
            } else if ROWS < next {
                hidden = hidden.saturating_add(1);
                break;
            } else {
                places.insert((at, name), next);
                groups.push(Group { name, ..Group::default() });
                at = next;
            }
            if let Some(group) = groups.get_mut(at) {
                group.weights.add(tensor);
            }
            rest = inner;
        }
        if let Some(group) = groups.get_mut(at) {
            group.tensors.push((rest, tensor));
        }
    }
    for ((parent, _), child) in &places {
        if let Some(group) = groups.get_mut(*parent) {
            group.groups.push(*child);
        }
    }
    let mut rows = Vec::new();
    let mut waiting = vec![(0_usize, 0_u32)];
    while let Some((at, depth)) = waiting.pop() {
        let Some(group) = groups.get(at) else { continue };
        if at != 0 {
            rows.push(StructureRow {
                depth: depth.saturating_sub(1),
                name: group.name.to_owned(),
                detail: detail(&group.tensors),
                weights: Some(group.weights),
                ..StructureRow::default()
            });
        }
        let mut inner = group.groups.clone();
        inner.sort_by_key(|at| (groups.get(*at).and_then(|group| group.name.parse::<u64>().ok()), *at));
        waiting.extend(inner.into_iter().rev().map(|at| (at, depth.saturating_add(1))));
    }
    (1 < rows.len()).then_some(Structure { kind: StructureKind::Names, rows, hidden })
}

/// `weight 768 × 768, bias 768`.
fn detail(tensors: &[(&str, &Tensor)]) -> Option<String> {
    let named = tensors.iter().take(NAMED);
    let mut words: Vec<String> =
        named.map(|(name, tensor)| format!("{name} {}", shape_text(tensor.shape.iter().map(Some)))).collect();
    let more = tensors.len().saturating_sub(NAMED);
    if 0 < more {
        words.push(format!("and {more} more"));
    }
    (!words.is_empty()).then(|| words.join(", "))
}

#[cfg(test)]
mod tests;
