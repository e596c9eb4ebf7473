//! onnxruntime's own format (`.ort`): the graph of an ONNX model, optimized, as a `FlatBuffer`.
//!
//! Read: what the binary form of ONNX is read for. Not read: the bytes of the tensors, and what only the runtime needs
//! (edges between nodes, records of optimizations). Specification: `onnxruntime/core/flatbuffers/schema/ort.fbs`; fields
//! are counted from 0 in its order.

use packwright_formats::flatbuffers::{FlatBuffer, Table, Vector};
use packwright_source::{ByteSource, ErrorKind, Limits, ReadError};

use super::model::{Labels, OnnxModel};
use super::types::{Dim, ValueInfo, ValueType, size_bytes, tensor_dtype};
use super::walk::{LABELS, plain_domain};
use crate::Tensor;

/// The format's name in `inspect --json`.
pub(super) const FORMAT: &str = "ort";

/// The bytes 4 to 8 of a file.
pub(super) const IDENTIFIER: &[u8] = b"ORTM";

/// How deep graphs and types may nest.
const DEPTH: u32 = 24;

/// NumPy has no more dimensions.
const MOST_DIMS: u64 = 64;

/// Many more class labels than classifiers have.
const MOST_LABELS: u64 = 1 << 20;

/// Reads a whole model, and the version of the format.
pub(super) fn read(source: &dyn ByteSource, limits: &Limits) -> Result<(OnnxModel, String), ReadError> {
    let buffer = FlatBuffer::over(FORMAT, source, (0, source.len_bytes()), limits)?;
    let mut walk = Walk { buffer, model: OnnxModel::default(), n_labels: 0 };
    let root = walk.buffer.root()?;
    let version = walk.buffer.text(root, 0)?.unwrap_or_default();
    if let Some(table) = walk.buffer.table(root, 1)? {
        walk.model(table)?;
    }
    if !walk.model.has_graph {
        let kind = ErrorKind::malformed("model", "a graph", "none");
        return Err(ReadError::new(FORMAT, source.len_bytes(), kind));
    }
    Ok((walk.model, version))
}

struct Walk<'a> {
    buffer: FlatBuffer<'a>,
    model: OnnxModel,
    n_labels: u64,
}

impl Walk<'_> {
    fn model(&mut self, table: Table) -> Result<(), ReadError> {
        self.model.ir_version = self.buffer.u64(table, 0)?.unwrap_or(0);
        for opset in self.tables(table, 1)? {
            let domain = plain_domain(self.buffer.text(opset, 0)?.unwrap_or_default());
            let version = self.buffer.u64(opset, 1)?.unwrap_or(0);
            self.model.opsets.insert(domain, version);
        }
        self.model.producer_name = self.buffer.text(table, 2)?.unwrap_or_default();
        self.model.producer_version = self.buffer.text(table, 3)?.unwrap_or_default();
        self.model.domain = self.buffer.text(table, 4)?.unwrap_or_default();
        self.model.model_version = self.buffer.u64(table, 5)?.unwrap_or(0);
        self.model.doc = self.buffer.text(table, 6)?.unwrap_or_default();
        self.model.graph_doc = self.buffer.text(table, 8)?.unwrap_or_default();
        for entry in self.tables(table, 9)? {
            let key = self.buffer.text(entry, 0)?.unwrap_or_default();
            let value = self.buffer.text(entry, 1)?.unwrap_or_default();
            self.model.metadata.insert(key, value);
        }
        if let Some(graph) = self.buffer.table(table, 7)? {
            self.model.has_graph = true;
            self.graph(graph, 0)?;
        }
        Ok(())
    }

    fn graph(&mut self, graph: Table, depth: u32) -> Result<(), ReadError> {
        self.check_depth(depth)?;
        for tensor in self.tables(graph, 0)? {
            self.initializer(tensor, depth)?;
        }
        for sparse in self.tables(graph, 7)? {
            if let Some(values) = self.buffer.table(sparse, 0)? {
                self.initializer(values, depth)?;
            }
        }
        for node in self.tables(graph, 2)? {
            self.node(node, depth)?;
        }
        if depth == 0 {
            let mut types = std::collections::BTreeMap::new();
            for info in self.tables(graph, 1)? {
                let name = self.buffer.text(info, 0)?.unwrap_or_default();
                types.insert(name, info);
            }
            for (field, is_input) in [(5, true), (6, false)] {
                for name in self.texts(graph, field)? {
                    let ty = match types.get(&name) {
                        Some(info) => self.value_type(*info, 2, 0)?,
                        None => ValueType::Unknown,
                    };
                    let values = if is_input { &mut self.model.inputs } else { &mut self.model.outputs };
                    values.push(ValueInfo { name, ty });
                }
            }
        }
        Ok(())
    }

    fn initializer(&mut self, tensor: Table, depth: u32) -> Result<(), ReadError> {
        let name = self.buffer.text(tensor, 0)?.unwrap_or_default();
        let mut shape = Vec::new();
        if let Some(dims) = self.buffer.vector(tensor, 2, 8)? {
            self.check("dimensions", dims.len(), MOST_DIMS)?;
            for index in 0..dims.len() {
                shape.push(self.buffer.i64_in(dims, index)?.max(0).cast_unsigned());
            }
        }
        let element = self.element(tensor, 3)?;
        let in_file = self.buffer.vector(tensor, 4, 1)?.map_or(0, |bytes| bytes.len());
        let n_elements = shape.iter().fold(1_u64, |n, side| n.saturating_mul(*side));
        let size_bytes = size_bytes(element, n_elements).unwrap_or(in_file);
        if depth == 0 {
            self.model.initializers.insert(name.clone());
        }
        let model = &mut self.model;
        model.n_initializers = model.n_initializers.saturating_add(1);
        model.n_parameters = model.n_parameters.saturating_add(n_elements);
        let n = model.element_types.entry(element).or_default();
        *n = n.saturating_add(1);
        let dtype = tensor_dtype(element).to_owned();
        model.tensors.push(Tensor { name, dtype, shape, size_bytes, is_parameter: true });
        Ok(())
    }

    fn node(&mut self, node: Table, depth: u32) -> Result<(), ReadError> {
        let domain = plain_domain(self.buffer.text(node, 2)?.unwrap_or_default());
        let operator = self.buffer.text(node, 5)?.unwrap_or_default();
        let mut labels = Vec::new();
        for attribute in self.tables(node, 10)? {
            if let Some(graph) = self.buffer.table(attribute, 7)? {
                self.graph(graph, depth.saturating_add(1))?;
            }
            for graph in self.tables(attribute, 12)? {
                self.graph(graph, depth.saturating_add(1))?;
            }
            if self.buffer.text(attribute, 0)?.unwrap_or_default().starts_with(LABELS) {
                let found = self.labels(attribute)?;
                if !found.is_empty() {
                    labels = found;
                }
            }
        }
        self.model.add_node((domain, operator.clone()), Labels { labels, operator });
        Ok(())
    }

    fn labels(&mut self, attribute: Table) -> Result<Vec<serde_json::Value>, ReadError> {
        let mut labels: Vec<serde_json::Value> =
            self.texts(attribute, 10)?.into_iter().map(Into::into).collect();
        let ints = self.buffer.vector(attribute, 9, 8)?;
        let n_ints = ints.map_or(0, |ints| ints.len());
        let n = u64::try_from(labels.len()).unwrap_or(u64::MAX).saturating_add(n_ints);
        self.n_labels = self.n_labels.saturating_add(n);
        self.check("labels", self.n_labels, MOST_LABELS)?;
        if let Some(ints) = ints {
            for index in 0..n_ints {
                labels.push(self.buffer.i64_in(ints, index)?.into());
            }
        }
        Ok(labels)
    }

    /// The `TypeInfo` in a field.
    fn value_type(&mut self, table: Table, field: u16, depth: u32) -> Result<ValueType, ReadError> {
        self.check_depth(depth)?;
        let deeper = depth.saturating_add(1);
        let Some(info) = self.buffer.table(table, field)? else { return Ok(ValueType::Unknown) };
        let kind = self.buffer.u8(info, 1)?.unwrap_or(0);
        let Some(value) = self.buffer.table(info, 2)? else { return Ok(ValueType::Unknown) };
        Ok(match kind {
            1 => ValueType::Tensor { element: self.element(value, 0)?, shape: self.shape(value)? },
            2 => ValueType::Sequence(Box::new(self.value_type(value, 0, deeper)?)),
            3 => ValueType::Map {
                key: self.element(value, 0)?,
                value: Box::new(self.value_type(value, 1, deeper)?),
            },
            _ => ValueType::Unknown,
        })
    }

    fn shape(&mut self, tensor: Table) -> Result<Option<Vec<Dim>>, ReadError> {
        let Some(shape) = self.buffer.table(tensor, 1)? else { return Ok(None) };
        let mut dims = Vec::new();
        for dim in self.tables(shape, 0)? {
            let Some(value) = self.buffer.table(dim, 0)? else {
                dims.push(Dim::Unknown);
                continue;
            };
            let length = self.buffer.u64(value, 1)?.unwrap_or(0).cast_signed();
            let name = self.buffer.text(value, 2)?.unwrap_or_default();
            dims.push(match self.buffer.u8(value, 0)?.unwrap_or(0) {
                1 if 0 < length => Dim::Fixed(length),
                2 if !name.is_empty() => Dim::Named(name),
                _ => Dim::Unknown,
            });
        }
        Ok(Some(dims))
    }

    fn element(&mut self, table: Table, field: u16) -> Result<u64, ReadError> {
        Ok(self.buffer.i32(table, field)?.and_then(|element| u64::try_from(element).ok()).unwrap_or(0))
    }

    /// The tables of a vector.
    fn tables(&mut self, table: Table, field: u16) -> Result<Vec<Table>, ReadError> {
        let vector = self.buffer.vector(table, field, 4)?;
        let n = vector.map_or(0, |vector| vector.len());
        vector.map_or(Ok(Vec::new()), |vector: Vector| {
            (0..n).map(|index| self.buffer.table_in(vector, index)).collect()
        })
    }

    /// The texts of a vector.
    fn texts(&mut self, table: Table, field: u16) -> Result<Vec<String>, ReadError> {
        let Some(vector) = self.buffer.vector(table, field, 4)? else { return Ok(Vec::new()) };
        (0..vector.len()).map(|index| self.buffer.text_in(vector, index)).collect()
    }

    fn check_depth(&self, depth: u32) -> Result<(), ReadError> {
        self.check("nesting", depth.into(), DEPTH.into())
    }

    fn check(&self, what: &'static str, asked: u64, limit: u64) -> Result<(), ReadError> {
        if asked <= limit {
            Ok(())
        } else {
            Err(self.buffer.error(0, ErrorKind::Limit { what, asked, limit }))
        }
    }
}
