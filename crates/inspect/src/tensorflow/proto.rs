//! `saved_model.pb` (`tensorflow/core/protobuf/saved_model.proto`, `meta_graph.proto`, `saved_object_graph.proto`).

use std::collections::{BTreeMap, BTreeSet};

use packwright_formats::protobuf::{FieldValue, Wire};
use packwright_source::{ByteSource, ErrorKind, Limits, ReadError};

use super::FORMAT;
use super::nodes::{Use, graph_def};
use super::objects::{Function, objects};
use crate::Tensor;

/// A model: one graph for each set of tags.
#[derive(Debug, Clone, Default)]
pub(super) struct SavedModel {
    pub(super) graphs: Vec<MetaGraph>,
}

/// A graph with what can be called in it.
#[derive(Debug, Clone, Default)]
pub(super) struct MetaGraph {
    pub(super) tags: Vec<String>,
    /// The TensorFlow that wrote it.
    pub(super) version: Option<String>,
    pub(super) signatures: BTreeMap<String, Signature>,
    /// TensorFlow's number for the graphs that the writer makes.
    pub(super) producer: Option<u64>,
    /// How often each operator is used, in the graph and in its functions.
    pub(super) operators: BTreeMap<String, u64>,
    /// The names of the functions, which are operators too.
    pub(super) functions: BTreeSet<String>,
    /// Nodes of operators that reach files.
    pub(super) uses: Vec<Use>,
    pub(super) variables: Vec<Tensor>,
    /// What the saved object itself can be asked for, by its name there: `__call__`.
    pub(super) callables: BTreeMap<String, Vec<Function>>,
    /// The files in `assets` that the graph reads.
    pub(super) assets: Vec<String>,
}

/// What can be called.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Signature {
    pub(super) inputs: BTreeMap<String, TensorInfo>,
    pub(super) outputs: BTreeMap<String, TensorInfo>,
    pub(super) method: String,
}

/// A tensor of a signature.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct TensorInfo {
    /// TensorFlow's number for the type of its elements.
    pub(super) dtype: u64,
    /// `None` when not even the rank is known; -1 is any length.
    pub(super) shape: Option<Vec<i64>>,
}

impl SavedModel {
    /// Reads the whole file, constants skipped.
    ///
    /// # Errors
    ///
    /// What the wire format says, and [`packwright_source::ErrorKind::Limit`].
    pub(super) fn read(source: &dyn ByteSource, limits: &Limits) -> Result<Self, ReadError> {
        let mut wire = Wire::over(FORMAT, source, limits);
        let mut model = Self::default();
        while let Some(field) = wire.field()? {
            if let (2, FieldValue::Bytes(_)) = (field.number, field.value) {
                wire.enter()?;
                model.graphs.push(meta_graph(&mut wire)?);
            }
        }
        Ok(model)
    }
}

pub(super) fn meta_graph(wire: &mut Wire<'_>) -> Result<MetaGraph, ReadError> {
    let mut graph = MetaGraph::default();
    while let Some(field) = wire.field()? {
        let FieldValue::Bytes(_) = field.value else { continue };
        if !matches!(field.number, 1 | 2 | 5 | 6 | 7) {
            continue;
        }
        wire.enter()?;
        match field.number {
            1 => info(wire, &mut graph)?,
            2 => graph_def(wire, &mut graph, None)?,
            5 => signature_entry(wire, &mut graph)?,
            6 => asset(wire, &mut graph)?,
            _ => objects(wire, &mut graph)?,
        }
    }
    Ok(graph)
}

fn info(wire: &mut Wire<'_>, graph: &mut MetaGraph) -> Result<(), ReadError> {
    while let Some(field) = wire.field()? {
        match (field.number, field.value) {
            (4, FieldValue::Bytes(_)) => graph.tags.push(wire.text("a tag")?),
            (5, FieldValue::Bytes(_)) => graph.version = Some(wire.text("the version")?),
            _ => {}
        }
    }
    Ok(())
}

fn asset(wire: &mut Wire<'_>, graph: &mut MetaGraph) -> Result<(), ReadError> {
    while let Some(field) = wire.field()? {
        if let (2, FieldValue::Bytes(_)) = (field.number, field.value) {
            graph.assets.push(wire.text("the name of an asset")?);
        }
    }
    Ok(())
}

fn signature_entry(wire: &mut Wire<'_>, graph: &mut MetaGraph) -> Result<(), ReadError> {
    let (mut name, mut signature) = (String::new(), Signature::default());
    while let Some(field) = wire.field()? {
        match (field.number, field.value) {
            (1, FieldValue::Bytes(_)) => name = wire.text("the name of a signature")?,
            (2, FieldValue::Bytes(_)) => {
                wire.enter()?;
                while let Some(field) = wire.field()? {
                    let FieldValue::Bytes(_) = field.value else { continue };
                    match field.number {
                        1 | 2 => {
                            wire.enter()?;
                            let (key, info) = tensor_entry(wire)?;
                            let ends = if field.number == 1 {
                                &mut signature.inputs
                            } else {
                                &mut signature.outputs
                            };
                            ends.insert(key, info);
                        }
                        3 => signature.method = wire.text("a method")?,
                        _ => {}
                    }
                }
            }
            _ => {}
        }
    }
    graph.signatures.insert(name, signature);
    Ok(())
}

fn tensor_entry(wire: &mut Wire<'_>) -> Result<(String, TensorInfo), ReadError> {
    let (mut key, mut info) = (String::new(), TensorInfo::default());
    while let Some(field) = wire.field()? {
        match (field.number, field.value) {
            (1, FieldValue::Bytes(_)) => key = wire.text("the name of a tensor")?,
            (2, FieldValue::Bytes(_)) => {
                wire.enter()?;
                while let Some(field) = wire.field()? {
                    match (field.number, field.value) {
                        (2, FieldValue::Varint(dtype)) => info.dtype = dtype,
                        (3, FieldValue::Bytes(_)) => {
                            wire.enter()?;
                            info.shape = shape(wire)?;
                        }
                        _ => {}
                    }
                }
            }
            _ => {}
        }
    }
    Ok((key, info))
}

/// More sides than this no tensor of TensorFlow has.
const MOST_SIDES: usize = 254;

/// A shape: its sides, each with a length that may be missing (0), and whether the rank is unknown.
pub(super) fn shape(wire: &mut Wire<'_>) -> Result<Option<Vec<i64>>, ReadError> {
    let (mut sides, mut is_unknown) = (Vec::new(), false);
    while let Some(field) = wire.field()? {
        match (field.number, field.value) {
            (2, FieldValue::Bytes(_)) => {
                wire.enter()?;
                let mut side = 0;
                while let Some(field) = wire.field()? {
                    if let (1, FieldValue::Varint(n)) = (field.number, field.value) {
                        side = n.cast_signed();
                    }
                }
                if MOST_SIDES <= sides.len() {
                    let detail = format!("more than {MOST_SIDES}");
                    return Err(wire.error(ErrorKind::malformed("shape", "at most 254 sides", detail)));
                }
                sides.push(side.max(-1));
            }
            (3, FieldValue::Varint(n)) => is_unknown = n != 0,
            _ => {}
        }
    }
    Ok((!is_unknown).then_some(sides))
}

pub(super) fn variable(wire: &mut Wire<'_>) -> Result<Tensor, ReadError> {
    let (mut dtype, mut sides, mut trains, mut name) = (0, Vec::new(), false, String::new());
    while let Some(field) = wire.field()? {
        match (field.number, field.value) {
            (1, FieldValue::Varint(number)) => dtype = number,
            (2, FieldValue::Bytes(_)) => {
                wire.enter()?;
                sides = shape(wire)?.unwrap_or_default();
            }
            (3, FieldValue::Varint(flag)) => trains = flag != 0,
            (6, FieldValue::Bytes(_)) => name = wire.text("the name of a variable")?,
            _ => {}
        }
    }
    let (dtype, size) = super::describe::element(dtype);
    let shape: Vec<u64> = sides.into_iter().map(|side| u64::try_from(side).unwrap_or(0)).collect();
    let n = shape.iter().fold(1_u64, |n, side| n.saturating_mul(*side));
    Ok(Tensor {
        name,
        dtype: dtype.to_owned(),
        size_bytes: n.saturating_mul(size),
        shape,
        is_parameter: trains,
    })
}
