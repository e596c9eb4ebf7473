//! The nodes of a graph and of its functions: which operators there are, and the paths that are constants.

use std::collections::BTreeMap;

use packwright_formats::protobuf::{FieldValue, Wire};
use packwright_source::ReadError;

use super::proto::MetaGraph;

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

/// What is kept of one node until its function is read to its end.
struct Node {
    name: String,
    operator: String,
    first_input: String,
    offset: u64,
}

/// Reads a `GraphDef`.
pub(super) fn graph_def(wire: &mut Wire<'_>, graph: &mut MetaGraph) -> Result<(), ReadError> {
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
