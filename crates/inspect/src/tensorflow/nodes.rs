//! The nodes of a graph and of its functions: which operators there are, and the paths that are constants.

use std::collections::BTreeMap;

use packwright_formats::protobuf::{FieldValue, Wire};
use packwright_source::ReadError;

use super::proto::{MetaGraph, shape};

/// The longest constant that may be a path.
const PATH_BYTES: u64 = 4096;

/// How many uses of operators that reach files are kept.
const USES: usize = 1000;

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

/// A node, as far as it matters.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Node {
    pub(super) name: String,
    pub(super) operator: String,
    /// What goes in: `node`, `node:1`, and `^node` for what must run before. Only the first, unless all are asked for.
    pub(super) inputs: Vec<String>,
    pub(super) offset: u64,
    /// Its attribute `dtype`, as TensorFlow's number.
    pub(super) dtype: Option<u64>,
    /// Whether one of its inputs is turned before it is used: `transpose_a` of `MatMul`.
    pub(super) transposes: bool,
    /// Its attribute `shape`: `None` when not even the rank is known.
    pub(super) shape: Option<Vec<i64>>,
    /// Its attribute `value`.
    pub(super) value: Option<Constant>,
}

/// A tensor in a node, without its numbers.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Constant {
    pub(super) dtype: u64,
    pub(super) shape: Vec<i64>,
    /// The first of its texts, where it is no longer than a path.
    text: Option<String>,
}

/// How many bytes of memory a node takes that is kept, beyond its texts.
const NODE_BYTES: u64 = 256;

/// Reads a `GraphDef`. The nodes outside of functions are put into `kept`, where that is asked for.
pub(super) fn graph_def(
    wire: &mut Wire<'_>,
    graph: &mut MetaGraph,
    mut kept: Option<&mut Vec<Node>>,
) -> Result<(), ReadError> {
    let mut scope = Scope::default();
    while let Some(field) = wire.field()? {
        match (field.number, field.value) {
            (1, FieldValue::Bytes(_)) => {
                wire.enter()?;
                let node = Node::read(wire, kept.is_some())?;
                if let Some(kept) = kept.as_deref_mut() {
                    wire.budget().keep("the nodes", NODE_BYTES).map_err(|kind| wire.error(kind))?;
                    kept.push(node.clone());
                }
                scope.node(node, graph);
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
            (4, FieldValue::Bytes(_)) => {
                wire.enter()?;
                while let Some(field) = wire.field()? {
                    if let (1, FieldValue::Varint(producer)) = (field.number, field.value) {
                        graph.producer = Some(producer);
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
                let node = Node::read(wire, false)?;
                scope.node(node, graph);
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

impl Node {
    fn read(wire: &mut Wire<'_>, keeps_inputs: bool) -> Result<Self, ReadError> {
        let mut node = Self { offset: wire.position(), ..Self::default() };
        while let Some(field) = wire.field()? {
            let FieldValue::Bytes(_) = field.value else { continue };
            match field.number {
                1 => node.name = wire.text("the name of a node")?,
                2 => node.operator = wire.text("an operator")?,
                3 if keeps_inputs || node.inputs.is_empty() => {
                    wire.budget().keep("the inputs", INPUT_BYTES).map_err(|kind| wire.error(kind))?;
                    node.inputs.push(wire.text("an input")?);
                }
                5 => {
                    wire.enter()?;
                    node.attribute(wire)?;
                }
                _ => {}
            }
        }
        Ok(node)
    }

    /// An entry of its attributes. The name of an attribute may stand behind its value.
    fn attribute(&mut self, wire: &mut Wire<'_>) -> Result<(), ReadError> {
        let mut name = Vec::new();
        let (mut number, mut sides, mut tensor, mut flag) = (None, None, None, false);
        while let Some(field) = wire.field()? {
            match (field.number, field.value) {
                (1, FieldValue::Bytes(len)) if len <= LONGEST_NAME => name = wire.bytes("an attribute")?,
                (2, FieldValue::Bytes(_)) => {
                    wire.enter()?;
                    while let Some(field) = wire.field()? {
                        match (field.number, field.value) {
                            (5, FieldValue::Varint(is)) => flag = is != 0,
                            (6, FieldValue::Varint(dtype)) => number = Some(dtype),
                            (7, FieldValue::Bytes(_)) => {
                                wire.enter()?;
                                sides = shape(wire)?;
                            }
                            (8, FieldValue::Bytes(_)) => {
                                wire.enter()?;
                                tensor = Some(Constant::read(wire)?);
                            }
                            _ => {}
                        }
                    }
                }
                _ => {}
            }
        }
        match name.as_slice() {
            b"dtype" => self.dtype = number,
            b"transpose_a" | b"transpose_b" => self.transposes |= flag,
            b"shape" => self.shape = sides,
            b"value" => self.value = tensor,
            _ => {}
        }
        Ok(())
    }
}

/// How many bytes of memory an input takes that is kept, beyond its text.
const INPUT_BYTES: u64 = 24;

/// The longest name of an attribute that is looked at.
const LONGEST_NAME: u64 = 64;

impl Constant {
    /// A `TensorProto`. Numbers are skipped.
    fn read(wire: &mut Wire<'_>) -> Result<Self, ReadError> {
        let mut found = Self::default();
        let mut content = None;
        while let Some(field) = wire.field()? {
            match (field.number, field.value) {
                (1, FieldValue::Varint(dtype)) => found.dtype = dtype,
                (2, FieldValue::Bytes(_)) => {
                    wire.enter()?;
                    found.shape = shape(wire)?.unwrap_or_default();
                }
                (4, FieldValue::Bytes(len)) if len <= PATH_BYTES => content = Some(wire.bytes("a tensor")?),
                (8, FieldValue::Bytes(len)) if len <= PATH_BYTES && found.text.is_none() => {
                    let bytes = wire.bytes("a text")?;
                    found.text = String::from_utf8(bytes).ok();
                }
                (5..=7 | 10 | 11 | 13, FieldValue::Varint(_) | FieldValue::Fixed32(_)) => {
                    wire.skip_repeats(field.number)?;
                }
                _ => {}
            }
        }
        if found.dtype == TEXT {
            // Texts may lie in the bytes as well: the length of each, then all of them.
            found.text = found.text.take().or_else(|| {
                let bytes = content?;
                let (len, text) = bytes.split_first()?;
                let is_one = usize::from(*len) == text.len();
                Some(String::from_utf8_lossy(if is_one { text } else { &bytes }).into_owned())
            });
        }
        Ok(found)
    }
}

/// TensorFlow's number for texts.
const TEXT: u64 = 7;

impl Scope {
    fn node(&mut self, node: Node, graph: &mut MetaGraph) {
        let n = graph.operators.entry(node.operator.clone()).or_insert(0);
        *n = n.saturating_add(1);
        if node.operator == "Const" {
            if let Some(text) = node.value.and_then(|value| value.text) {
                self.texts.insert(node.name, text);
            }
        } else if super::judge::passes(&node.operator) {
            self.passes.insert(node.name, node.inputs.into_iter().next().unwrap_or_default());
        } else if super::judge::reaches(&node.operator) && self.uses.len() < USES {
            self.uses.push(node);
        }
    }

    /// Looks up the paths.
    fn finish(self, function: &str, graph: &mut MetaGraph) {
        for node in self.uses {
            let first = node.inputs.first().map_or("", String::as_str);
            let path = path(&self.texts, &self.passes, first);
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
