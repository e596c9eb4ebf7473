//! What a TensorFlow Lite file says about itself.
//!
//! Read: signatures, the tensors of every graph with their quantization, operators, the version of the runtime.
//! Not read: the bytes of the tensors, and the options of the operators.
//!
//! Specification: `tensorflow/compiler/mlir/lite/schema/schema.fbs`. Fields are counted from 0 in its order.

use std::collections::BTreeMap;

use packwright_formats::flatbuffers::{FlatBuffer, Table, Vector};
use packwright_source::{ByteSource, ErrorKind, Limits, ReadError};

use super::operators;

/// The name under which errors are made, and the format's in `inspect --json`.
pub(super) const FORMAT: &str = "tflite";

/// The longest text that is read from a buffer, in bytes: versions and short notes.
const NOTE_BYTES: u64 = 256;

/// The name of the metadata that describes the model for people and tools.
const DESCRIBED: &str = "TFLITE_METADATA";

/// Real tensors have at most eight dimensions, graphs some hundred inputs. A vector that many tensors share would be
/// kept as often as it is named.
const MOST_NUMBERS: u64 = 4096;

/// Many more tensors than any model for a phone has.
const MOST_TENSORS: u64 = 300_000;

/// Everything a model says about itself.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct TfliteModel {
    pub(super) version: i32,
    pub(super) description: String,
    /// Names and texts of the metadata that is text.
    pub(super) notes: BTreeMap<String, String>,
    /// The names of all metadata.
    pub(super) metadata: Vec<String>,
    /// Where the description of the model lies, start and length.
    pub(super) described_at: Option<(u64, u64)>,
    pub(super) graphs: Vec<Graph>,
    pub(super) signatures: Vec<Signature>,
    /// How often each operator occurs.
    pub(super) operators: BTreeMap<String, u64>,
    /// Those that are not TensorFlow Lite's own.
    pub(super) custom: BTreeMap<String, u64>,
}

#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Graph {
    pub(super) name: String,
    pub(super) tensors: Vec<Tensor>,
    /// Places in `tensors`.
    pub(super) inputs: Vec<usize>,
    pub(super) outputs: Vec<usize>,
}

#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Tensor {
    pub(super) name: String,
    pub(super) shape: Vec<i32>,
    /// The same with -1 for what callers choose; empty when nothing is.
    pub(super) shape_signature: Vec<i32>,
    pub(super) element: u8,
    pub(super) quantization: Option<Quantization>,
    /// The length of its bytes in the file; 0 for what is computed.
    pub(super) size_bytes: u64,
}

/// `real = scale * (stored - zero_point)`; the first of several scales, which belong to channels.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Quantization {
    pub(super) scale: f32,
    pub(super) zero_point: i64,
}

/// A way to call the model: names for the tensors of a graph.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Signature {
    pub(super) key: String,
    pub(super) graph: usize,
    pub(super) inputs: Vec<(String, usize)>,
    pub(super) outputs: Vec<(String, usize)>,
}

impl TfliteModel {
    /// Reads a whole model.
    pub(super) fn read(source: &dyn ByteSource, limits: &Limits) -> Result<Self, ReadError> {
        let mut buffer = FlatBuffer::over(FORMAT, source, (0, source.len_bytes()), limits)?;
        let root = buffer.root()?;
        let mut model = Self {
            version: buffer.i32(root, 0)?.unwrap_or(0),
            description: buffer.text(root, 3)?.unwrap_or_default(),
            ..Self::default()
        };
        let codes = operator_codes(&mut buffer, root)?;
        let buffers = buffers(&mut buffer, root)?;
        if let Some(graphs) = buffer.vector(root, 2, 4)? {
            for index in 0..graphs.len() {
                let table = buffer.table_in(graphs, index)?;
                let graph = graph(&mut buffer, table, &buffers)?;
                model.graphs.push(graph);
                let n = model.graphs.iter().map(|graph| graph.tensors.len()).sum::<usize>();
                limit("tensors", u64::try_from(n).unwrap_or(u64::MAX), MOST_TENSORS)?;
                count_operators(&mut buffer, table, &codes, &mut model)?;
            }
        }
        metadata(&mut buffer, root, &mut model)?;
        if let Some(signatures) = buffer.vector(root, 7, 4)? {
            for index in 0..signatures.len() {
                let table = buffer.table_in(signatures, index)?;
                model.signatures.push(signature(&mut buffer, table)?);
            }
        }
        Ok(model)
    }
}

/// The operators of the model: names, and whether they are TensorFlow Lite's own.
fn operator_codes(buffer: &mut FlatBuffer<'_>, root: Table) -> Result<Vec<(String, bool)>, ReadError> {
    let mut codes = Vec::new();
    let Some(tables) = buffer.vector(root, 1, 4)? else { return Ok(codes) };
    for index in 0..tables.len() {
        let table = buffer.table_in(tables, index)?;
        // Codes above 127 stand in the newer field, with a mark in the older one.
        let old = u32::from(buffer.u8(table, 0)?.unwrap_or(0));
        let new = buffer.i32(table, 3)?.and_then(|code| u32::try_from(code).ok()).unwrap_or(0);
        let code = old.max(new);
        if code == operators::CUSTOM {
            codes.push((buffer.text(table, 1)?.unwrap_or_default(), false));
        } else {
            codes.push((operators::name(code), true));
        }
    }
    Ok(codes)
}

/// The lengths of the buffers.
fn buffers(buffer: &mut FlatBuffer<'_>, root: Table) -> Result<Vec<u64>, ReadError> {
    let mut lengths = Vec::new();
    let Some(tables) = buffer.vector(root, 4, 4)? else { return Ok(lengths) };
    for index in 0..tables.len() {
        let table = buffer.table_in(tables, index)?;
        let inside = buffer.vector(table, 0, 1)?.map_or(0, |vector| vector.len());
        // Files beyond 2 GB keep the bytes behind the buffer.
        let behind = buffer.u64(table, 2)?.unwrap_or(0);
        lengths.push(inside.max(behind));
    }
    Ok(lengths)
}

fn graph(buffer: &mut FlatBuffer<'_>, table: Table, buffers: &[u64]) -> Result<Graph, ReadError> {
    let mut graph = Graph {
        name: buffer.text(table, 4)?.unwrap_or_default(),
        inputs: places(buffer, table, 1)?,
        outputs: places(buffer, table, 2)?,
        ..Graph::default()
    };
    if let Some(tensors) = buffer.vector(table, 0, 4)? {
        limit("tensors", tensors.len(), MOST_TENSORS)?;
        for index in 0..tensors.len() {
            let table = buffer.table_in(tensors, index)?;
            let tensor = tensor(buffer, table, buffers)?;
            graph.tensors.push(tensor);
        }
    }
    Ok(graph)
}

fn tensor(buffer: &mut FlatBuffer<'_>, table: Table, buffers: &[u64]) -> Result<Tensor, ReadError> {
    let data = buffer.i32(table, 2)?.and_then(|index| usize::try_from(index).ok()).unwrap_or(0);
    Ok(Tensor {
        shape: numbers(buffer, table, 0)?,
        element: buffer.u8(table, 1)?.unwrap_or(0),
        size_bytes: buffers.get(data).copied().unwrap_or(0),
        name: buffer.text(table, 3)?.unwrap_or_default(),
        quantization: quantization(buffer, table)?,
        shape_signature: numbers(buffer, table, 7)?,
    })
}

fn quantization(buffer: &mut FlatBuffer<'_>, tensor: Table) -> Result<Option<Quantization>, ReadError> {
    let Some(table) = buffer.table(tensor, 4)? else { return Ok(None) };
    let Some(scales) = buffer.vector(table, 2, 4)?.filter(|scales| !scales.is_empty()) else {
        return Ok(None);
    };
    let scale = buffer.f32_in(scales, 0)?;
    let zero_point = match buffer.vector(table, 3, 8)?.filter(|points| !points.is_empty()) {
        Some(points) => buffer.i64_in(points, 0)?,
        None => 0,
    };
    Ok(Some(Quantization { scale, zero_point }))
}

fn count_operators(
    buffer: &mut FlatBuffer<'_>,
    graph: Table,
    codes: &[(String, bool)],
    model: &mut TfliteModel,
) -> Result<(), ReadError> {
    let Some(operators) = buffer.vector(graph, 3, 4)? else { return Ok(()) };
    for index in 0..operators.len() {
        let table = buffer.table_in(operators, index)?;
        let code = buffer.i32(table, 0)?.and_then(|index| usize::try_from(index).ok()).unwrap_or(0);
        let Some((name, is_own)) = codes.get(code) else { continue };
        let counts = if *is_own { &mut model.operators } else { &mut model.custom };
        let n = counts.entry(name.clone()).or_default();
        *n = n.saturating_add(1);
    }
    Ok(())
}

/// Names of metadata, and the text of what is text.
fn metadata(buffer: &mut FlatBuffer<'_>, root: Table, model: &mut TfliteModel) -> Result<(), ReadError> {
    let Some(entries) = buffer.vector(root, 6, 4)? else { return Ok(()) };
    let Some(buffers) = buffer.vector(root, 4, 4)? else { return Ok(()) };
    for index in 0..entries.len() {
        let table = buffer.table_in(entries, index)?;
        let name = buffer.text(table, 0)?.unwrap_or_default();
        let place = buffer.i32(table, 1)?.and_then(|place| u64::try_from(place).ok()).unwrap_or(0);
        if place < buffers.len() {
            let data = buffer.table_in(buffers, place)?;
            let bytes = buffer.vector(data, 0, 1)?;
            if name == DESCRIBED {
                model.described_at = bytes.map(|bytes| (bytes.start(), bytes.len()));
            } else if let Some(bytes) = bytes.filter(|bytes| bytes.len() <= NOTE_BYTES)
                && let Some(text) = note(buffer, bytes)?
            {
                model.notes.insert(name.clone(), text);
            }
        }
        model.metadata.push(name);
    }
    Ok(())
}

/// The text in some bytes, which are padded with zeros; `None` when they are no text.
fn note(buffer: &mut FlatBuffer<'_>, bytes: Vector) -> Result<Option<String>, ReadError> {
    let mut text = String::new();
    let mut has_ended = false;
    for index in 0..bytes.len() {
        match buffer.u8_in(bytes, index)? {
            0 => has_ended = true,
            byte if !has_ended && (byte.is_ascii_graphic() || byte == b' ') => text.push(char::from(byte)),
            _ => return Ok(None),
        }
    }
    Ok((!text.is_empty()).then_some(text))
}

fn signature(buffer: &mut FlatBuffer<'_>, table: Table) -> Result<Signature, ReadError> {
    Ok(Signature {
        inputs: tensor_map(buffer, table, 0)?,
        outputs: tensor_map(buffer, table, 1)?,
        key: buffer.text(table, 2)?.unwrap_or_default(),
        graph: buffer.i32(table, 4)?.and_then(|index| usize::try_from(index).ok()).unwrap_or(0),
    })
}

fn tensor_map(
    buffer: &mut FlatBuffer<'_>,
    table: Table,
    field: u16,
) -> Result<Vec<(String, usize)>, ReadError> {
    let mut map = Vec::new();
    let Some(entries) = buffer.vector(table, field, 4)? else { return Ok(map) };
    for index in 0..entries.len() {
        let entry = buffer.table_in(entries, index)?;
        let name = buffer.text(entry, 0)?.unwrap_or_default();
        let place = buffer.i32(entry, 1)?.and_then(|place| usize::try_from(place).ok()).unwrap_or(0);
        map.push((name, place));
    }
    Ok(map)
}

/// A vector of places; -1 stands for an optional one that is not there.
fn places(buffer: &mut FlatBuffer<'_>, table: Table, field: u16) -> Result<Vec<usize>, ReadError> {
    let numbers = numbers(buffer, table, field)?;
    Ok(numbers.into_iter().filter_map(|place| usize::try_from(place).ok()).collect())
}

fn numbers(buffer: &mut FlatBuffer<'_>, table: Table, field: u16) -> Result<Vec<i32>, ReadError> {
    let mut numbers = Vec::new();
    let Some(vector) = buffer.vector(table, field, 4)? else { return Ok(numbers) };
    limit("numbers", vector.len(), MOST_NUMBERS)?;
    for index in 0..vector.len() {
        numbers.push(buffer.i32_in(vector, index)?);
    }
    Ok(numbers)
}

fn limit(what: &'static str, asked: u64, limit: u64) -> Result<(), ReadError> {
    if asked <= limit {
        Ok(())
    } else {
        Err(ReadError::new(FORMAT, 0, ErrorKind::Limit { what, asked, limit }))
    }
}
