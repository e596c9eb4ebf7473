//! The walk through a `ModelProto` (<https://github.com/onnx/onnx/blob/main/onnx/onnx.proto>). Weights are skipped by
//! offset; only their shapes, their names and the places of external ones are kept.

use packwright_formats::protobuf::{Field, FieldValue, Wire};
use packwright_source::{ByteSource, Limits, ReadError};
use serde_json::Value;

use super::model::{FORMAT, Labels, NodeRow, OnnxModel};
use super::types::{ValueInfo, size_bytes, tensor_dtype};
use crate::Tensor;

/// Walks a whole model.
pub(super) fn read(source: &dyn ByteSource, limits: &Limits) -> Result<OnnxModel, ReadError> {
    let mut walk = Walk { wire: Wire::over(FORMAT, source, limits), model: OnnxModel::default() };
    walk.model()?;
    Ok(walk.model)
}

/// Where a graph lies.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Scope {
    /// `ModelProto.graph`.
    Main,
    /// Inside a node, a function or the training information.
    Inner,
}

/// What is kept of a `TensorProto`.
#[derive(Default)]
struct Weights {
    name: String,
    element: u64,
    n_elements: u64,
    dims: Vec<u64>,
    /// The bytes of the values in the file, where they lie in one piece or are texts.
    in_file: u64,
}

/// What is kept of an `AttributeProto`.
#[derive(Default)]
struct Attribute {
    name: String,
    labels: Vec<Value>,
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
                (3, FieldValue::Bytes(_)) => {
                    self.model.producer_version = self.wire.text("producer_version")?;
                }
                (4, FieldValue::Bytes(_)) => self.model.domain = self.wire.text("domain")?,
                (5, FieldValue::Varint(version)) => self.model.model_version = version,
                (6, FieldValue::Bytes(_)) => self.model.doc = self.wire.text("doc_string")?,
                (7, FieldValue::Bytes(_)) => {
                    self.model.has_graph = true;
                    self.graph(Scope::Main)?;
                }
                (8, FieldValue::Bytes(_)) => {
                    let (domain, version) = self.opset()?;
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

    /// `GraphProto`. Graphs nest through attributes; `Wire::enter` bounds how deep.
    fn graph(&mut self, scope: Scope) -> Result<(), ReadError> {
        let is_main = scope == Scope::Main;
        self.wire.enter()?;
        while let Some(Field { number, value }) = self.wire.field()? {
            if !matches!(value, FieldValue::Bytes(_)) {
                continue;
            }
            match number {
                1 => {
                    let node = self.node()?;
                    if is_main {
                        self.model.list(node);
                    }
                }
                2 if is_main => self.model.graph_name = self.wire.text("the name of the graph")?,
                5 | 15 => {
                    let tensor = if number == 5 { self.tensor()? } else { self.sparse_tensor()? };
                    self.count(&tensor);
                    if is_main {
                        self.model.initializers.insert(tensor.name);
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
                13 if is_main && self.model.knows_more() => {
                    let info = ValueInfo::read(&mut self.wire)?;
                    self.model.know(info);
                }
                _ => {}
            }
        }
        Ok(())
    }

    fn count(&mut self, tensor: &Weights) {
        let model = &mut self.model;
        model.tensors.push(Tensor {
            name: tensor.name.clone(),
            dtype: tensor_dtype(tensor.element).to_owned(),
            shape: tensor.dims.clone(),
            size_bytes: size_bytes(tensor.element, tensor.n_elements).unwrap_or(tensor.in_file),
            is_parameter: true,
        });
        model.n_initializers = model.n_initializers.saturating_add(1);
        model.n_parameters = model.n_parameters.saturating_add(tensor.n_elements);
        let n = model.element_types.entry(tensor.element).or_default();
        *n = n.saturating_add(1);
    }

    /// `TensorProto`: its values are skipped.
    fn tensor(&mut self) -> Result<Weights, ReadError> {
        let mut tensor = Weights { n_elements: 1, ..Weights::default() };
        let mut is_external = false;
        let mut entries = Vec::new();
        let at = self.wire.position();
        self.wire.enter()?;
        while let Some(Field { number, value }) = self.wire.field()? {
            match (number, value) {
                (1, FieldValue::Varint(dim)) => tensor.grow(dim),
                (1, FieldValue::Bytes(_)) => self.wire.packed(|dim| tensor.grow(dim))?,
                (2, FieldValue::Varint(element)) => tensor.element = element,
                (4 | 5 | 7 | 11, FieldValue::Varint(_) | FieldValue::Fixed32(_)) => {
                    self.wire.skip_repeats(number)?;
                }
                (6 | 9, FieldValue::Bytes(n)) => tensor.in_file = tensor.in_file.saturating_add(n),
                (8, FieldValue::Bytes(_)) => tensor.name = self.wire.text("the name of a tensor")?,
                (13, FieldValue::Bytes(_)) => entries.push(self.entry()?),
                (14, FieldValue::Varint(location)) => is_external = location == 1,
                _ => {}
            }
        }
        if is_external || !entries.is_empty() {
            self.model.external.add(&entries, at, size_bytes(tensor.element, tensor.n_elements));
        }
        Ok(tensor)
    }

    /// `SparseTensorProto`: the tensor of its values counts.
    fn sparse_tensor(&mut self) -> Result<Weights, ReadError> {
        let mut values = Weights::default();
        self.wire.enter()?;
        while let Some(Field { number, value }) = self.wire.field()? {
            match (number, value) {
                (1, FieldValue::Bytes(_)) => values = self.tensor()?,
                (2, FieldValue::Bytes(_)) => {
                    self.tensor()?;
                }
                _ => {}
            }
        }
        Ok(values)
    }

    /// `NodeProto`.
    fn node(&mut self) -> Result<NodeRow, ReadError> {
        let (mut operator, mut domain) = (String::new(), String::new());
        let (mut name, mut output) = (String::new(), None);
        let mut labels = Vec::new();
        self.wire.enter()?;
        while let Some(Field { number, value }) = self.wire.field()? {
            match (number, value) {
                (2, FieldValue::Bytes(_)) if output.is_none() && self.model.lists_more() => {
                    output = Some(self.wire.text("the name of a value")?);
                }
                (3, FieldValue::Bytes(_)) if self.model.lists_more() => {
                    name = self.wire.text("the name of a node")?;
                }
                (4, FieldValue::Bytes(_)) => operator = self.wire.text("the name of an operator")?,
                (5, FieldValue::Bytes(_)) => {
                    let attribute = self.attribute()?;
                    if attribute.name.starts_with(LABELS) && !attribute.labels.is_empty() {
                        labels = attribute.labels;
                    }
                }
                (7, FieldValue::Bytes(_)) => domain = self.wire.text("the domain of an operator")?,
                _ => {}
            }
        }
        let domain = plain_domain(domain);
        let shown = if domain.is_empty() { operator.clone() } else { format!("{domain}.{operator}") };
        self.model.add_node((domain, operator.clone()), Labels { labels, operator });
        Ok(NodeRow { name, operator: shown, output: output.unwrap_or_default() })
    }

    /// `AttributeProto`: only class labels are kept. Tensors and graphs inside are walked.
    fn attribute(&mut self) -> Result<Attribute, ReadError> {
        let mut attribute = Attribute::default();
        self.wire.enter()?;
        while let Some(Field { number, value }) = self.wire.field()? {
            let keeps = attribute.name.starts_with(LABELS);
            match (number, value) {
                (1, FieldValue::Bytes(_)) => attribute.name = self.wire.text("the name of an attribute")?,
                (5 | 10, FieldValue::Bytes(_)) => {
                    self.tensor()?;
                }
                (6 | 11, FieldValue::Bytes(_)) => self.graph(Scope::Inner)?,
                (22 | 23, FieldValue::Bytes(_)) => {
                    self.sparse_tensor()?;
                }
                (8, FieldValue::Varint(label)) if keeps => {
                    self.keep(&mut attribute, label.cast_signed().into());
                }
                (8, FieldValue::Bytes(_)) if keeps => {
                    let mut labels = Vec::new();
                    self.wire.packed(|label| labels.push(label))?;
                    for label in labels {
                        self.keep(&mut attribute, label.cast_signed().into());
                    }
                }
                (9, FieldValue::Bytes(_)) if keeps => {
                    let label = self.wire.text("a class label")?;
                    self.keep(&mut attribute, label.into());
                }
                (7 | 8, FieldValue::Varint(_) | FieldValue::Fixed32(_)) => self.wire.skip_repeats(number)?,
                _ => {}
            }
        }
        Ok(attribute)
    }

    /// Keeps a label while there is room for values.
    fn keep(&mut self, attribute: &mut Attribute, label: Value) {
        if self.wire.budget().value() {
            attribute.labels.push(label);
        }
    }

    /// `FunctionProto`: an operator that the file brings along.
    fn function(&mut self) -> Result<(), ReadError> {
        let (mut name, mut domain) = (String::new(), String::new());
        self.wire.enter()?;
        while let Some(Field { number, value }) = self.wire.field()? {
            if !matches!(value, FieldValue::Bytes(_)) {
                continue;
            }
            match number {
                1 => name = self.wire.text("the name of a function")?,
                7 => {
                    self.node()?;
                }
                9 => {
                    let (domain, version) = self.opset()?;
                    let known = self.model.function_opsets.entry(domain).or_default();
                    *known = version.max(*known);
                }
                10 => domain = self.wire.text("the domain of a function")?,
                11 => {
                    self.attribute()?;
                }
                _ => {}
            }
        }
        self.model.functions.insert((plain_domain(domain), name));
        Ok(())
    }

    /// `TrainingInfoProto`: two more graphs.
    fn training(&mut self) -> Result<(), ReadError> {
        self.wire.enter()?;
        while let Some(Field { number, value }) = self.wire.field()? {
            if let (1 | 2, FieldValue::Bytes(_)) = (number, value) {
                self.graph(Scope::Inner)?;
            }
        }
        Ok(())
    }

    /// `OperatorSetIdProto`. A domain that is imported twice counts by its newest version.
    fn opset(&mut self) -> Result<(String, u64), ReadError> {
        let (mut domain, mut version) = (String::new(), 0);
        self.wire.enter()?;
        while let Some(Field { number, value }) = self.wire.field()? {
            match (number, value) {
                (1, FieldValue::Bytes(_)) => domain = self.wire.text("the domain of an operator set")?,
                (2, FieldValue::Varint(number)) => version = number,
                _ => {}
            }
        }
        Ok((plain_domain(domain), version))
    }

    /// `StringStringEntryProto`.
    fn entry(&mut self) -> Result<(String, String), ReadError> {
        let (mut key, mut value) = (String::new(), String::new());
        self.wire.enter()?;
        while let Some(field) = self.wire.field()? {
            match (field.number, field.value) {
                (1, FieldValue::Bytes(_)) => key = self.wire.text("the key of an entry")?,
                (2, FieldValue::Bytes(_)) => value = self.wire.text("the value of an entry")?,
                _ => {}
            }
        }
        Ok((key, value))
    }
}

/// What the attributes start with in which `ZipMap` and the classifiers of `ai.onnx.ml` list their labels.
pub(super) const LABELS: &str = "classlabels_";

impl Weights {
    fn grow(&mut self, dim: u64) {
        /// NumPy has no more; what comes after counts, and is not listed.
        const DIMS: usize = 64;
        self.n_elements = self.n_elements.saturating_mul(dim);
        if self.dims.len() < DIMS {
            self.dims.push(dim);
        }
    }
}

/// `ai.onnx` is another name for ONNX's own domain.
pub(super) fn plain_domain(domain: String) -> String {
    if domain == "ai.onnx" { String::new() } else { domain }
}
