//! What an ONNX file says about itself, its weights aside.

use std::collections::{BTreeMap, BTreeSet};

use packwright_source::{ByteSource, ErrorKind, Limits, ReadError};

use super::external::ExternalData;
use super::types::{ValueInfo, ValueType};
use super::walk;
use crate::Tensors;

/// The name under which errors are made, and the format's in `inspect --json`.
pub(super) const FORMAT: &str = "onnx";

/// Everything a model says about itself.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct OnnxModel {
    pub(super) ir_version: u64,
    pub(super) producer_name: String,
    pub(super) producer_version: String,
    pub(super) domain: String,
    pub(super) model_version: u64,
    pub(super) doc: String,
    pub(super) graph_name: String,
    pub(super) graph_doc: String,
    /// Whether there is a graph at all.
    pub(super) has_graph: bool,
    /// Operator sets by domain; `""` is ONNX's own.
    pub(super) opsets: BTreeMap<String, u64>,
    /// The same of the functions that the file brings along.
    pub(super) function_opsets: BTreeMap<String, u64>,
    pub(super) metadata: BTreeMap<String, String>,
    /// All of `graph.input`, in order. Files before IR 4 list initializers among them.
    pub(super) inputs: Vec<ValueInfo>,
    pub(super) outputs: Vec<ValueInfo>,
    /// The names of the main graph's initializers.
    pub(super) initializers: BTreeSet<String>,
    pub(super) n_initializers: u64,
    /// The sum of the initializers' sizes in elements.
    pub(super) n_parameters: u64,
    /// How many initializers have each element type.
    pub(super) element_types: BTreeMap<u64, u64>,
    /// The initializers, those of inner graphs too.
    pub(super) tensors: Tensors,
    /// How often each operator occurs, by domain and name, subgraphs and functions included.
    pub(super) operators: BTreeMap<(String, String), u64>,
    /// The nodes of the main graph, the first of very many.
    pub(super) nodes: Vec<NodeRow>,
    /// How many nodes of the main graph are not among them.
    pub(super) n_more_nodes: u64,
    /// What is recorded of the values between the nodes, by name.
    pub(super) values: BTreeMap<String, ValueType>,
    /// The functions that the file brings along, by domain and name.
    pub(super) functions: BTreeSet<(String, String)>,
    pub(super) external: ExternalData,
    /// The labels of the last `ZipMap`, and of every classifier.
    pub(super) zipmap_labels: Option<Labels>,
    pub(super) classifier_labels: Vec<Labels>,
}

/// A node, as far as it is shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct NodeRow {
    pub(super) name: String,
    /// With its domain, unless that is ONNX's own.
    pub(super) operator: String,
    /// The first value that it gives.
    pub(super) output: String,
}

/// Class labels that an operator lists.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Labels {
    /// Texts or integers.
    pub(super) labels: Vec<serde_json::Value>,
    /// The operator that lists them.
    pub(super) operator: String,
}

impl OnnxModel {
    /// Reads a whole model.
    pub(super) fn read(source: &dyn ByteSource, limits: &Limits) -> Result<Self, ReadError> {
        let model = walk::read(source, limits)?;
        if !model.has_graph {
            let kind = ErrorKind::malformed("model", "a graph", "none");
            return Err(ReadError::new(FORMAT, source.len_bytes(), kind));
        }
        Ok(model)
    }

    /// Counts a node, and keeps its labels if it has any.
    pub(super) fn add_node(&mut self, operator: (String, String), labels: Labels) {
        if !labels.labels.is_empty() {
            if labels.operator == "ZipMap" {
                self.zipmap_labels = Some(labels);
            } else if !self.classifier_labels.contains(&labels) {
                self.classifier_labels.push(labels);
            }
        }
        let n = self.operators.entry(operator).or_default();
        *n = n.saturating_add(1);
    }

    /// The inputs that callers give: those that are not initializers.
    pub(super) fn real_inputs(&self) -> Vec<&ValueInfo> {
        self.inputs.iter().filter(|input| !self.initializers.contains(&input.name)).collect()
    }

    /// The initializers that callers may give in place of the file's own, because they stand among the inputs.
    pub(super) fn optional_inputs(&self) -> Vec<&ValueInfo> {
        self.inputs.iter().filter(|input| self.initializers.contains(&input.name)).collect()
    }

    /// The version of ONNX's own operator set.
    pub(super) fn opset(&self) -> Option<u64> {
        self.opsets.get("").copied()
    }

    /// The newest version of a domain's operator set that the graph or a function asks for; 0 for none.
    pub(super) fn newest_opset(&self, domain: &str) -> u64 {
        let version = |opsets: &BTreeMap<String, u64>| opsets.get(domain).copied().unwrap_or(0);
        version(&self.opsets).max(version(&self.function_opsets))
    }
}
