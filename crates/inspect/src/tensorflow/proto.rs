//! `saved_model.pb` (`tensorflow/core/protobuf/saved_model.proto`, `meta_graph.proto`, `saved_object_graph.proto`).

use std::collections::{BTreeMap, BTreeSet};

use packwright_formats::protobuf::{FieldValue, Wire};
use packwright_source::{ByteSource, Limits, ReadError};

use super::FORMAT;
use crate::Tensor;

/// The longest constant that may be a path.
const PATH_BYTES: u64 = 4096;

/// How many uses of operators that reach files are kept.
const USES: usize = 1000;

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
    /// How often each operator is used, in the graph and in its functions.
    pub(super) operators: BTreeMap<String, u64>,
    /// The names of the functions, which are operators too.
    pub(super) functions: BTreeSet<String>,
    /// Nodes of operators that reach files.
    pub(super) uses: Vec<Use>,
    pub(super) variables: Vec<Tensor>,
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

/// A node of an operator that reaches files.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Use {
    pub(super) operator: String,
    pub(super) node: String,
    /// The function that it is in; empty for the graph itself.
    pub(super) function: String,
    /// The path, where it is a constant.
    pub(super) path: Option<String>,
    pub(super) offset: u64,
}

/// What is kept of one node until its function is read to its end.
struct Node {
    name: String,
    operator: String,
    first_input: String,
    offset: u64,
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

fn meta_graph(wire: &mut Wire<'_>) -> Result<MetaGraph, ReadError> {
    let mut graph = MetaGraph::default();
    while let Some(field) = wire.field()? {
        let FieldValue::Bytes(_) = field.value else { continue };
        if !matches!(field.number, 1 | 2 | 5 | 6 | 7) {
            continue;
        }
        wire.enter()?;
        match field.number {
            1 => info(wire, &mut graph)?,
            2 => graph_def(wire, &mut graph)?,
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

fn graph_def(wire: &mut Wire<'_>, graph: &mut MetaGraph) -> Result<(), ReadError> {
    let mut scope = Scope::default();
    while let Some(field) = wire.field()? {
        match (field.number, field.value) {
            (1, FieldValue::Bytes(_)) => {
                wire.enter()?;
                scope.node(wire, graph)?;
            }
            (2, FieldValue::Bytes(_)) => {
                wire.enter()?;
                while let Some(field) = wire.field()? {
                    if let (1, FieldValue::Bytes(_)) = (field.number, field.value) {
                        wire.enter()?;
                        function(wire, graph)?;
                    }
                }
            }
            _ => {}
        }
    }
    scope.finish("", graph);
    Ok(())
}

fn function(wire: &mut Wire<'_>, graph: &mut MetaGraph) -> Result<(), ReadError> {
    let mut scope = Scope::default();
    let mut name = String::new();
    while let Some(field) = wire.field()? {
        match (field.number, field.value) {
            (1, FieldValue::Bytes(_)) => {
                wire.enter()?;
                while let Some(field) = wire.field()? {
                    if let (1, FieldValue::Bytes(_)) = (field.number, field.value) {
                        name = wire.text("the name of a function")?;
                    }
                }
            }
            (3, FieldValue::Bytes(_)) => {
                wire.enter()?;
                scope.node(wire, graph)?;
            }
            _ => {}
        }
    }
    scope.finish(&name, graph);
    graph.functions.insert(name);
    Ok(())
}

/// The nodes of a graph or of a function, as far as they matter for one another.
#[derive(Default)]
struct Scope {
    /// Texts that are constants, by the node that gives them.
    texts: BTreeMap<String, String>,
    /// Nodes that pass a text on, and the first of those that they take it from.
    passes: BTreeMap<String, String>,
    uses: Vec<Node>,
}

/// How many nodes a path is followed through.
const HOPS: usize = 16;

impl Scope {
    fn node(&mut self, wire: &mut Wire<'_>, graph: &mut MetaGraph) -> Result<(), ReadError> {
        let offset = wire.position();
        let mut node =
            Node { name: String::new(), operator: String::new(), first_input: String::new(), offset };
        let mut text = None;
        let mut n_inputs = 0_u32;
        while let Some(field) = wire.field()? {
            let FieldValue::Bytes(len) = field.value else { continue };
            match field.number {
                1 => node.name = wire.text("the name of a node")?,
                2 => node.operator = wire.text("an operator")?,
                3 => {
                    n_inputs = n_inputs.saturating_add(1);
                    if n_inputs == 1 {
                        node.first_input = wire.text("an input")?;
                    }
                }
                5 if len <= PATH_BYTES => {
                    wire.enter()?;
                    text = constant(wire)?.or(text);
                }
                _ => {}
            }
        }
        let n = graph.operators.entry(node.operator.clone()).or_insert(0);
        *n = n.saturating_add(1);
        if node.operator == "Const" {
            if let Some(text) = text {
                self.texts.insert(node.name, text);
            }
        } else if super::judge::passes(&node.operator) {
            self.passes.insert(node.name, node.first_input);
        } else if super::judge::reaches(&node.operator) && self.uses.len() < USES {
            self.uses.push(node);
        }
        Ok(())
    }

    /// Looks up the paths.
    fn finish(self, function: &str, graph: &mut MetaGraph) {
        for node in self.uses {
            let path = path(&self.texts, &self.passes, &node.first_input);
            if graph.uses.len() < USES {
                graph.uses.push(Use {
                    operator: node.operator,
                    node: node.name,
                    function: function.to_owned(),
                    path,
                    offset: node.offset,
                });
            }
        }
    }
}

/// The constant behind an input, where there is one.
fn path(texts: &BTreeMap<String, String>, passes: &BTreeMap<String, String>, input: &str) -> Option<String> {
    let mut input = input;
    for _ in 0..HOPS {
        // Inside functions an input is `node:output:0`, in the graph `node:0` or `node`.
        let node = input.split(':').next().unwrap_or_default();
        match (texts.get(node), passes.get(node)) {
            (Some(text), _) => return Some(text.clone()),
            (None, Some(next)) => input = next,
            (None, None) => return None,
        }
    }
    None
}

/// An attribute of a node: the text in it when it is the value of a constant.
fn constant(wire: &mut Wire<'_>) -> Result<Option<String>, ReadError> {
    let (mut is_value, mut text) = (false, None);
    while let Some(field) = wire.field()? {
        match (field.number, field.value) {
            (1, FieldValue::Bytes(_)) => is_value = wire.text("an attribute")? == "value",
            (2, FieldValue::Bytes(_)) if is_value => {
                wire.enter()?;
                while let Some(field) = wire.field()? {
                    if let (8, FieldValue::Bytes(_)) = (field.number, field.value) {
                        wire.enter()?;
                        text = string_tensor(wire)?.or(text);
                    }
                }
            }
            _ => {}
        }
    }
    Ok(text)
}

fn string_tensor(wire: &mut Wire<'_>) -> Result<Option<String>, ReadError> {
    let mut text = None;
    while let Some(field) = wire.field()? {
        if let (8, FieldValue::Bytes(_)) = (field.number, field.value) {
            let bytes = wire.bytes("a text")?;
            text = text.or_else(|| String::from_utf8(bytes).ok());
        }
    }
    Ok(text)
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

/// A shape: its sides, each with a length that may be missing (0), and whether the rank is unknown.
fn shape(wire: &mut Wire<'_>) -> Result<Option<Vec<i64>>, ReadError> {
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
                sides.push(side.max(-1));
            }
            (3, FieldValue::Varint(n)) => is_unknown = n != 0,
            _ => {}
        }
    }
    Ok((!is_unknown).then_some(sides))
}

/// The graph of saved Python objects; its variables are the weights.
fn objects(wire: &mut Wire<'_>, graph: &mut MetaGraph) -> Result<(), ReadError> {
    while let Some(field) = wire.field()? {
        if !matches!((field.number, field.value), (1, FieldValue::Bytes(_))) {
            continue;
        }
        wire.enter()?;
        while let Some(field) = wire.field()? {
            if let (7, FieldValue::Bytes(_)) = (field.number, field.value) {
                wire.enter()?;
                let variable = variable(wire)?;
                graph.variables.push(variable);
            }
        }
    }
    Ok(())
}

fn variable(wire: &mut Wire<'_>) -> Result<Tensor, ReadError> {
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
