//! Graphs in a file of their own: a frozen `GraphDef`, whose weights are constants in it.
//!
//! Read: every node, the shapes of the constants, what goes in (`Placeholder`) and what no other node takes, which is
//! what comes out. The numbers are skipped by offset. Not read: graphs as text (`.pbtxt`).

use std::collections::BTreeSet;

use packwright_formats::protobuf::{FieldValue, Wire};
use packwright_mlflow::schema::TensorSpec;
use packwright_source::{ErrorKind, ReadError};
use serde_json::{Map, Value, json};

use super::describe::element;
use super::infer;
use super::judge;
use super::nodes::{Node, graph_def};
use super::proto::MetaGraph;
use crate::reader::{Claim, Reader, Subject};
use crate::tensors::count;
use crate::{
    Fact, InspectError, Inspection, Requirement, Serving, Sourced, SourcedSchema, SourcedSignature, Tensor,
    strangers,
};

/// What the format is called.
const FORMAT: &str = "tf-graphdef";

/// How many nodes are looked at before a file is taken for a graph.
const LOOKED_AT: u32 = 8;

/// More inputs or outputs than any model has.
const MOST_ENDS: usize = 1000;

/// TensorFlow's numbers for what no caller sends: resources and variants.
const HANDLES: [u64; 2] = [20, 21];

/// Operators that hold weights outside of the graph.
const VARIABLES: [&str; 4] = ["VarHandleOp", "Variable", "VariableV2", "VarIsInitializedOp"];

/// Operators that make tables, which an operator of their own fills before the graph can be run.
const TABLES: [&str; 6] = [
    "HashTable",
    "HashTableV2",
    "MutableHashTable",
    "MutableHashTableV2",
    "MutableDenseHashTableV2",
    "AnonymousHashTable",
];

/// Operators that give nothing that a caller could want.
const ENDS_NOWHERE: [&str; 6] =
    ["Assert", "Const", "NoOp", "Placeholder", "PlaceholderV2", "PlaceholderWithDefault"];

/// Reads frozen graphs.
#[derive(Debug)]
pub(crate) struct GraphDefReader;

impl Reader for GraphDefReader {
    fn claims(&self, subject: &Subject<'_>) -> Claim {
        if is_text(subject.head) || is_graph(subject) { Claim::Likely } else { Claim::No }
    }

    fn read(&self, subject: &Subject<'_>) -> Result<Inspection, InspectError> {
        if is_text(subject.head) {
            return Err(strangers::unread(
                "it is a graph of TensorFlow in its text form",
                "write it in its binary form: tf.io.write_graph(graph, folder, \"graph.pb\", as_text=False)",
            ));
        }
        let graph = Frozen::read(subject)?;
        Ok(graph.inspection(subject))
    }
}

/// Whether it is the form made for people: `node {` and its name.
fn is_text(head: &[u8]) -> bool {
    let text = head.trim_ascii_start();
    let rest = text.strip_prefix(b"node").map(<[u8]>::trim_ascii_start);
    let rest = rest.and_then(|rest| rest.strip_prefix(b"{")).map(<[u8]>::trim_ascii_start);
    rest.is_some_and(|rest| rest.starts_with(b"name:"))
}

/// Whether the outermost message begins with nodes: a name and an operator, each as TensorFlow allows them, and one of
/// the operators TensorFlow's own. The file may end inside of them.
fn is_graph(subject: &Subject<'_>) -> bool {
    let mut wire = Wire::over(FORMAT, &*subject.source, subject.limits);
    let mut has_known = false;
    let mut n_nodes = 0_u32;
    while n_nodes < LOOKED_AT {
        let Ok(Some(field)) = wire.field() else { break };
        match (field.number, field.value) {
            (1, FieldValue::Bytes(_)) if wire.enter().is_ok() => {}
            (2 | 4, FieldValue::Bytes(_)) | (3, FieldValue::Varint(_)) => continue,
            _ => return false,
        }
        let (mut name, mut operator) = (None, None);
        while let Ok(Some(field)) = wire.field() {
            let FieldValue::Bytes(len) = field.value else { return false };
            match field.number {
                1 if len <= LONGEST_NAME => name = wire.bytes("a name").ok(),
                2 if len <= LONGEST_NAME => operator = wire.bytes("an operator").ok(),
                3..=7 => {}
                _ => return false,
            }
        }
        match (name, operator) {
            (Some(name), Some(operator)) if is_name(&name) && is_name(&operator) => {
                has_known |= std::str::from_utf8(&operator).is_ok_and(judge::is_known);
            }
            _ => break,
        }
        n_nodes = n_nodes.saturating_add(1);
    }
    has_known
}

/// The longest name of a node that a file is taken for a graph by.
const LONGEST_NAME: u64 = 4096;

/// Whether it is a name of a node or of an operator.
fn is_name(name: &[u8]) -> bool {
    let starts = name.first().is_some_and(|c| c.is_ascii_alphanumeric() || matches!(c, b'.' | b'_'));
    starts && name.iter().all(|c| c.is_ascii_alphanumeric() || b"_.\\/>-".contains(c))
}

/// A graph that was read.
#[derive(Debug, Default)]
struct Frozen {
    graph: MetaGraph,
    nodes: Vec<Node>,
    /// The number of the TensorFlow that wrote it.
    producer: Option<u64>,
}

impl Frozen {
    fn read(subject: &Subject<'_>) -> Result<Self, ReadError> {
        let mut found = Self::default();
        let mut wire = Wire::over(FORMAT, &*subject.source, subject.limits);
        graph_def(&mut wire, &mut found.graph, Some(&mut found.nodes))?;
        found.producer = found.graph.producer;
        if found.nodes.is_empty() {
            return Err(ReadError::new(FORMAT, 0, ErrorKind::malformed("graph", "a node", "none")));
        }
        Ok(found)
    }

    /// What goes in. Placeholders that have a default are settings, unless there is nothing else.
    fn inputs(&self) -> Vec<&Node> {
        let of = |operators: &[&str]| -> Vec<&Node> {
            let nodes = self.nodes.iter().filter(|node| operators.contains(&node.operator.as_str()));
            nodes.take(MOST_ENDS).collect()
        };
        let inputs = of(&["Placeholder", "PlaceholderV2"]);
        if inputs.is_empty() { of(&["PlaceholderWithDefault"]) } else { inputs }
    }

    /// What no other node takes.
    fn outputs(&self) -> Vec<&Node> {
        let taken: BTreeSet<&str> =
            self.nodes.iter().flat_map(|node| &node.inputs).map(|input| infer::node_of(input)).collect();
        let ends = self.nodes.iter().filter(|node| {
            let operator = node.operator.as_str();
            !taken.contains(node.name.as_str())
                && !ENDS_NOWHERE.contains(&operator)
                && (!judge::reaches(operator) || judge::PYTHON.contains(&operator))
        });
        ends.take(MOST_ENDS).collect()
    }

    fn has(&self, operators: &[&str]) -> bool {
        operators.iter().any(|operator| self.graph.operators.contains_key(*operator))
    }

    /// Why it cannot be served, in a sentence.
    fn refused(&self) -> Option<&'static str> {
        let is_handle = |node: &&Node| node.dtype.is_some_and(|dtype| HANDLES.contains(&dtype));
        if self.has(&VARIABLES) || self.inputs().iter().any(is_handle) {
            return Some(
                "The graph is not frozen: its weights are variables, which are not in the file. Save the model with \
                 tf.saved_model.save and drop that folder, or freeze it with \
                 convert_variables_to_constants_v2.",
            );
        }
        if self.has(&TABLES) {
            return Some(
                "The graph looks words up in tables, which are empty until they are filled from outside. Save the \
                 model with tf.saved_model.save, which keeps how they are filled, and drop that folder.",
            );
        }
        if self.has(&judge::PYTHON) {
            return Some("The graph calls Python functions that are not in the file.");
        }
        if self.outputs().is_empty() {
            return Some("The graph has no node that gives something: nothing can be asked of it.");
        }
        None
    }

    fn inspection(&self, subject: &Subject<'_>) -> Inspection {
        let mut warnings = Vec::new();
        let (inputs, outputs) = (self.inputs(), self.outputs());
        let refused = self.refused();
        let serving = match refused {
            Some(_) => Serving::No,
            None => Serving::TfGraph {
                inputs: inputs.iter().map(|node| node.name.clone()).collect(),
                outputs: outputs.iter().map(|node| node.name.clone()).collect(),
            },
        };
        warnings.extend(refused.map(str::to_owned));
        let signature = SourcedSignature {
            inputs: self.input_schema(&inputs, &mut warnings),
            outputs: self.output_schema(&outputs),
            params: None,
        };
        let findings = judge::of_graph(&self.graph, "the file");
        let tensors = self.tensors();
        Inspection {
            framework: Some(Sourced::new("tensorflow".to_owned(), "the structure of the file")),
            serving,
            signature,
            requirements: vec![Requirement {
                requirement: "tensorflow".to_owned(),
                source: "the format; the file does not say which version wrote it".to_owned(),
            }],
            facts: self.facts(&inputs, &outputs, &tensors),
            tensors: Some(tensors.into_iter().collect()),
            warnings,
            ..Inspection::blank(
                subject.artifact.clone(),
                FORMAT,
                judge::verdict(findings, Vec::new(), &self.graph),
            )
        }
    }

    fn input_schema(&self, inputs: &[&Node], warnings: &mut Vec<String>) -> Option<SourcedSchema> {
        let is_single = inputs.len() == 1;
        let mut tensors = Vec::new();
        for node in inputs {
            let dtype = element(node.dtype.unwrap_or_default()).0;
            let shape = infer::declared(node, self.producer);
            let (Some(shape), true) = (shape, is_numpy(dtype)) else {
                warnings.push(format!(
                    "The inputs have no signature: the graph does not say the shape or the type of {}.",
                    node.name
                ));
                return None;
            };
            let name = (!is_single).then(|| node.name.clone());
            let spec = TensorSpec { name, dtype: dtype.to_owned(), shape };
            tensors.push(Sourced::new(spec, format!("the {} {}", node.operator, node.name)));
        }
        (!tensors.is_empty()).then_some(SourcedSchema::Tensors(tensors))
    }

    fn output_schema(&self, outputs: &[&Node]) -> Option<SourcedSchema> {
        let known = infer::shapes(&self.nodes, self.producer);
        let spec = |node: &&Node| {
            let (dtype, shape) = known.get(node.name.as_str())?;
            let dtype = element(*dtype).0;
            let spec =
                TensorSpec { name: Some(node.name.clone()), dtype: dtype.to_owned(), shape: shape.clone() };
            let source = "assumed: no other node takes it; shape worked out through the operators";
            is_numpy(dtype).then(|| Sourced::new(spec, source))
        };
        let tensors: Vec<_> = outputs.iter().map(spec).collect::<Option<_>>()?;
        (!tensors.is_empty()).then_some(SourcedSchema::Tensors(tensors))
    }

    /// The constants. Freezing makes them of the weights; those without sides and those of integers are settings.
    fn tensors(&self) -> Vec<Tensor> {
        let constants = self.nodes.iter().filter(|node| node.operator == "Const");
        let tensor = |node: &Node| {
            let value = node.value.as_ref()?;
            let (dtype, size) = element(value.dtype);
            let shape: Vec<u64> = value.shape.iter().map(|side| u64::try_from(*side).unwrap_or(0)).collect();
            let n = shape.iter().fold(1_u64, |n, side| n.saturating_mul(*side));
            Some(Tensor {
                name: node.name.clone(),
                dtype: dtype.to_owned(),
                size_bytes: n.saturating_mul(size),
                is_parameter: dtype.contains("float") && !shape.is_empty(),
                shape,
            })
        };
        constants.filter_map(tensor).collect()
    }

    fn facts(&self, inputs: &[&Node], outputs: &[&Node], tensors: &[Tensor]) -> Vec<Fact> {
        let mut facts = Vec::new();
        let mut add =
            |name, value: Value, source: &str| facts.push(Fact { name, value, source: source.to_owned() });
        let names = |nodes: &[&Node]| -> Value { nodes.iter().map(|node| node.name.as_str()).collect() };
        add("input_names", names(inputs), "the placeholders");
        let is_frozen = !self.has(&VARIABLES);
        if is_frozen {
            add("output_names", names(outputs), "assumed: the nodes that no other node takes");
        }
        let optional: Vec<&str> = self
            .nodes
            .iter()
            .filter(|node| node.operator == "PlaceholderWithDefault" && !inputs.contains(node))
            .map(|node| node.name.as_str())
            .take(MOST_ENDS)
            .collect();
        if !optional.is_empty() {
            add("optional_inputs", json!(optional), "the placeholders that have a default, which is used");
        }
        if is_frozen {
            let parameters = tensors.iter().filter(|tensor| tensor.is_parameter);
            let n = parameters.fold(0_u64, |sum, tensor| sum.saturating_add(tensor.n_elements()));
            add(
                "n_parameters",
                count(n),
                "assumed: the constants of floats, which freezing makes of weights",
            );
        }
        let n_nodes = self.graph.operators.values().fold(0_u64, |sum, n| sum.saturating_add(*n));
        add("n_nodes", count(n_nodes), "the graph and its functions");
        let operators: Map<String, Value> =
            self.graph.operators.iter().map(|(name, n)| (name.clone(), json!(n))).collect();
        add("operators", Value::Object(operators), "the graph and its functions");
        if let Some(producer) = self.producer {
            add("producer", count(producer), "versions of the graph: TensorFlow's number for graphs");
        }
        facts
    }
}

/// Whether NumPy has a type of that name.
fn is_numpy(dtype: &str) -> bool {
    !matches!(dtype, "unknown" | "bfloat16")
}
