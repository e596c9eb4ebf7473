//! The graph as rows: what goes in, every node, what comes out.

use std::collections::BTreeMap;

use super::model::{NodeRow, OnnxModel};
use super::types::{Dim, ValueInfo, ValueType, element_name};
use crate::Part;
use crate::structure::{end, shape_text};

/// Graphs of the largest models have some tens of thousands of nodes.
const NODES: usize = 50_000;

/// Values of which the shape is kept.
const VALUES: usize = NODES;

impl OnnxModel {
    /// Keeps a node of the main graph, or counts it.
    pub(super) fn list(&mut self, node: NodeRow) {
        if self.lists_more() {
            self.nodes.push(node);
        } else {
            self.n_more_nodes = self.n_more_nodes.saturating_add(1);
        }
    }

    /// Whether another node would be kept. What would not is not read either: it would use up the budget.
    pub(super) fn lists_more(&self) -> bool {
        self.nodes.len() < NODES
    }

    /// Keeps what is recorded of a value.
    pub(super) fn know(&mut self, info: ValueInfo) {
        self.values.insert(info.name, info.ty);
    }

    /// Whether what is recorded of another value would be kept.
    pub(super) fn knows_more(&self) -> bool {
        self.values.len() < VALUES
    }
}

/// The graph; a symbolic dimension keeps its name.
pub(super) fn structure(model: &OnnxModel) -> Part {
    let inputs = model.real_inputs();
    let side = |kind, value: &ValueInfo| {
        let dtype = match &value.ty {
            ValueType::Tensor { element, .. } => element_name(*element).to_owned(),
            other => other.to_string(),
        };
        end(kind, &value.name, Some(dtype), shape(&value.ty))
    };
    let mut parts: Vec<Part> = inputs.iter().map(|value| side("input", value)).collect();
    let results: BTreeMap<&str, &ValueType> =
        model.outputs.iter().map(|value| (value.name.as_str(), &value.ty)).collect();
    parts.extend(model.nodes.iter().map(|node| {
        let recorded = model.values.get(&node.output);
        let result = || results.get(node.output.as_str()).copied();
        Part {
            // A node needs no name; the value that it gives has one.
            name: if node.name.is_empty() { node.output.clone() } else { node.name.clone() },
            class: node.operator.clone(),
            output: recorded.or_else(result).and_then(shape),
            ..Part::default()
        }
    }));
    parts.extend(model.outputs.iter().map(|value| side("output", value)));
    Part { parts, hidden: model.n_more_nodes, ..Part::default() }
}

fn shape(ty: &ValueType) -> Option<String> {
    let (ValueType::Tensor { shape, .. } | ValueType::SparseTensor { shape, .. }) = ty else { return None };
    let side = |dim: &Dim| match dim {
        Dim::Unknown => None,
        known => Some(known.to_string()),
    };
    shape.as_ref().map(|sides| shape_text(sides.iter().map(side)))
}
