//! `ModelProto` (<https://github.com/onnx/onnx/blob/main/onnx/onnx.proto>): what a graph says about itself. Weights
//! are skipped by offset; only their shapes, their names and the places of external ones are kept.

use std::collections::{BTreeMap, BTreeSet};

use packwright_formats::protobuf::{Field, FieldValue, Wire};
use packwright_source::{ByteSource, ErrorKind, Limits, ReadError};

use super::external::ExternalData;
use super::types::ValueInfo;

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
    /// How often each operator occurs, by domain and name, subgraphs and functions included.
    pub(super) operators: BTreeMap<(String, String), u64>,
    /// The functions that the file brings along, by domain and name.
    pub(super) functions: BTreeSet<(String, String)>,
    pub(super) external: ExternalData,
    /// The labels of the last `ZipMap`, and of every classifier.
    pub(super) zipmap_labels: Option<Labels>,
    pub(super) classifier_labels: Vec<Labels>,
}

/// Class labels that an operator lists.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Labels {
    /// Texts or integers.
    pub(super) labels: Vec<serde_json::Value>,
    /// The operator that lists them.
    pub(super) operator: String,
}

/// Where in the file a graph lies.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Scope {
    Main,
    Sub,
}

impl OnnxModel {
    /// Reads a whole model.
    pub(super) fn read(source: &dyn ByteSource, limits: &Limits) -> Result<Self, ReadError> {
        let mut reader = Walk { wire: Wire::over(FORMAT, source, limits), model: Self::default() };
        reader.model()?;
        if !reader.model.has_graph {
            let kind = ErrorKind::malformed("model", "a graph", "none");
            return Err(reader.wire.error(kind));
        }
        Ok(reader.model)
    }

    /// The inputs that callers give: those that are not initializers.
    pub(super) fn real_inputs(&self) -> Vec<&ValueInfo> {
        self.inputs.iter().filter(|input| !self.initializers.contains(&input.name)).collect()
    }

    /// The version of ONNX's own operator set.
    pub(super) fn opset(&self) -> Option<u64> {
        self.opsets.get("").copied()
    }
}

struct Walk<'a> {
    wire: Wire<'a>,
    model: OnnxModel,
}

impl Walk<'_> {
    fn model(&mut self) -> Result<(), ReadError> {
        while let Some(Field { number, value }) = self.wire.field()? {
            match (number, value) {
                (1, FieldValue::Varint(version)) => self.model.ir_version = version,
                (2, FieldValue::Bytes(_)) => self.model.producer_name = self.wire.text("producer_name")?,
                (3, FieldValue::Bytes(_)) => self.model.producer_version = self.wire.text("producer_version")?,
                (4, FieldValue::Bytes(_)) => self.model.domain = self.wire.text("domain")?,
                (5, FieldValue::Varint(version)) => self.model.model_version = version,
                (6, FieldValue::Bytes(_)) => self.model.doc = self.wire.text("doc_string")?,
                (7, FieldValue::Bytes(_)) => {
                    self.model.has_graph = true;
                    self.graph(Scope::Main)?;
                }
                (8, FieldValue::Bytes(_)) => {
                    let (domain, version) = self.opset()?;
                    // A domain that is imported twice counts by its newest version.
                    let known = self.model.opsets.entry(domain).or_default();
                    *known = version.max(*known);
                }
                (14, FieldValue::Bytes(_)) => {
                    let (key, value) = self.entry()?;
                    self.model.metadata.insert(key, value);
                }
                (20, FieldValue::Bytes(_)) => self.training()?,
                (25, FieldValue::Bytes(_)) => self.function()?,
                _ => {}
            }
        }
        Ok(())
    }

    fn graph(&mut self, scope: Scope) -> Result<(), ReadError> {
        let is_main = scope == Scope::Main;
        self.wire.enter()?;
        while let Some(Field { number, value: FieldValue::Bytes(_) }) = self.bytes_field()? {
            match number {
                1 => self.node()?,
                2 if is_main => self.model.graph_name = self.wire.text("the name of the graph")?,
                5 => {
                    let name = self.initializer()?;
                    if is_main {
                        self.model.initializers.insert(name);
                    }
                }
                10 if is_main => self.model.graph_doc = self.wire.text("doc_string")?,
                11 if is_main => {
                    let info = ValueInfo::read(&mut self.wire)?;
                    self.model.inputs.push(info);
                }
                12 if is_main => {
                    let info = ValueInfo::read(&mut self.wire)?;
                    self.model.outputs.push(info);
                }
                15 => {
                    let name = self.sparse_tensor(true)?;
                    if is_main {
                        self.model.initializers.insert(name);
                    }
                }
                _ => {}
            }
        }
        Ok(())
    }

    /// The next field that holds bytes, others passed over.
    fn bytes_field(&mut self) -> Result<Option<Field>, ReadError> {
        loop {
            match self.wire.field()? {
                Some(Field { value: FieldValue::Bytes(_), .. }) | None => {}
                Some(_) => continue,
            }
            // The borrow checker wants the value from a second look; the first one decided.
            return Ok(None);
        }
    }

    fn initializer(&mut self) -> Result<String, ReadError> {
        let tensor = self.tensor()?;
        self.count(&tensor);
        Ok(tensor.name)
    }

    fn count(&mut self, tensor: &Tensor) {
        let model = &mut self.model;
        model.n_initializers = model.n_initializers.saturating_add(1);
        model.n_parameters = model.n_parameters.saturating_add(tensor.n_elements);
        let n = model.element_types.entry(tensor.element).or_default();
        *n = n.saturating_add(1);
    }
}
