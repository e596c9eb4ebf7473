//! The graph of saved Python objects (`tensorflow/core/protobuf/saved_object_graph.proto`): its variables, and what the
//! saved object itself can be asked for.

use std::collections::BTreeMap;

use packwright_formats::protobuf::{FieldValue, Wire};
use packwright_source::ReadError;

use super::proto::{MetaGraph, TensorInfo, shape, variable};

/// How many bytes of memory a part of a structure takes beyond its texts.
const PART_BYTES: u64 = 96;

/// A function for one kind of arguments.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Function {
    /// The tensors that go in, by position and by name.
    pub(super) inputs: Vec<(String, TensorInfo)>,
    /// What comes out.
    pub(super) outputs: Vec<(String, TensorInfo)>,
    /// Whether what comes out is one tensor, with nothing around it.
    pub(super) gives_tensor: bool,
}

/// Something that a function takes or gives, with the tensors in it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct Structure {
    tensors: Vec<(String, TensorInfo)>,
    is_tensor: bool,
}

/// Reads a `SavedObjectGraph`. The saved object is its first node.
pub(super) fn objects(wire: &mut Wire<'_>, graph: &mut MetaGraph) -> Result<(), ReadError> {
    let mut children: BTreeMap<u64, String> = BTreeMap::new();
    // The functions of the saved object by their names in the graph, and what it calls them.
    let mut wanted: BTreeMap<String, String> = BTreeMap::new();
    let mut node = 0_u64;
    while let Some(field) = wire.field()? {
        match (field.number, field.value) {
            (1, FieldValue::Bytes(_)) => {
                wire.enter()?;
                object(wire, graph, node, (&mut children, &mut wanted))?;
                node = node.saturating_add(1);
            }
            (2, FieldValue::Bytes(_)) => {
                wire.enter()?;
                let (name, found) = function(wire, &wanted)?;
                if let (Some(called), Some(found)) = (wanted.get(&name), found) {
                    graph.callables.entry(called.clone()).or_default().push(found);
                }
            }
            _ => {}
        }
    }
    Ok(())
}

fn object(
    wire: &mut Wire<'_>,
    graph: &mut MetaGraph,
    node: u64,
    (children, wanted): (&mut BTreeMap<u64, String>, &mut BTreeMap<String, String>),
) -> Result<(), ReadError> {
    while let Some(field) = wire.field()? {
        match (field.number, field.value) {
            (1, FieldValue::Bytes(_)) if node == 0 => {
                wire.enter()?;
                let (mut id, mut name) = (0, String::new());
                while let Some(field) = wire.field()? {
                    match (field.number, field.value) {
                        (1, FieldValue::Varint(child)) => id = child,
                        (2, FieldValue::Bytes(_)) => name = wire.text("the name of a child")?,
                        _ => {}
                    }
                }
                children.insert(id, name);
            }
            (6, FieldValue::Bytes(_)) => {
                let called = children.get(&node).cloned();
                wire.enter()?;
                while let Some(field) = wire.field()? {
                    if let ((1, FieldValue::Bytes(_)), Some(called)) = ((field.number, field.value), &called)
                    {
                        wanted.insert(wire.text("the name of a function")?, called.clone());
                    }
                }
                // One without traces takes anything, and can be called with nothing that is saved.
                if let Some(called) = called {
                    graph.callables.entry(called).or_default();
                }
            }
            (7, FieldValue::Bytes(_)) => {
                wire.enter()?;
                wire.budget().keep("the variables", PART_BYTES).map_err(|kind| wire.error(kind))?;
                let variable = variable(wire)?;
                graph.variables.push(variable);
            }
            _ => {}
        }
    }
    Ok(())
}

/// An entry of the functions: its name, and what it is where that is wanted.
fn function(
    wire: &mut Wire<'_>,
    wanted: &BTreeMap<String, String>,
) -> Result<(String, Option<Function>), ReadError> {
    let (mut name, mut found) = (String::new(), None);
    while let Some(field) = wire.field()? {
        match (field.number, field.value) {
            (1, FieldValue::Bytes(_)) => name = wire.text("the name of a function")?,
            (2, FieldValue::Bytes(_)) if wanted.contains_key(&name) => {
                wire.enter()?;
                let mut function = Function::default();
                while let Some(field) = wire.field()? {
                    if !matches!((field.number, field.value), (3 | 4, FieldValue::Bytes(_))) {
                        continue;
                    }
                    wire.enter()?;
                    let mut structure = Structure::default();
                    structure.read(wire, "")?;
                    if field.number == 3 {
                        function.inputs = structure.tensors;
                    } else {
                        function.gives_tensor = structure.is_tensor;
                        function.outputs = structure.tensors;
                    }
                }
                found = Some(function);
            }
            _ => {}
        }
    }
    Ok((name, found))
}

impl Structure {
    /// A `StructuredValue` that has been entered, which is called `name` by what holds it. Messages nest no deeper than
    /// the wire format allows.
    fn read(&mut self, wire: &mut Wire<'_>, name: &str) -> Result<(), ReadError> {
        while let Some(field) = wire.field()? {
            if !matches!(field.value, FieldValue::Bytes(_)) {
                continue;
            }
            match field.number {
                // A tensor, with or without bounds.
                33 | 35 => {
                    wire.enter()?;
                    self.tensor(wire, name)?;
                    self.is_tensor = self.tensors.len() == 1 && name.is_empty();
                }
                // A list, a tuple.
                51 | 52 => {
                    wire.enter()?;
                    let mut i = 0_u64;
                    while let Some(field) = wire.field()? {
                        if let (1, FieldValue::Bytes(_)) = (field.number, field.value) {
                            wire.enter()?;
                            let inner = if name.is_empty() { i.to_string() } else { name.to_owned() };
                            self.read(wire, &inner)?;
                            i = i.saturating_add(1);
                        }
                    }
                }
                // A dictionary, a named tuple.
                53 | 54 => {
                    wire.enter()?;
                    let entries = if field.number == 53 { 1 } else { 2 };
                    while let Some(field) = wire.field()? {
                        if field.number == entries && matches!(field.value, FieldValue::Bytes(_)) {
                            wire.enter()?;
                            self.entry(wire)?;
                        }
                    }
                }
                _ => {}
            }
        }
        Ok(())
    }

    fn entry(&mut self, wire: &mut Wire<'_>) -> Result<(), ReadError> {
        let mut key = String::new();
        while let Some(field) = wire.field()? {
            match (field.number, field.value) {
                (1, FieldValue::Bytes(_)) => key = wire.text("a key")?,
                (2, FieldValue::Bytes(_)) => {
                    wire.enter()?;
                    let name = if key.is_empty() { "_" } else { key.as_str() };
                    self.read(wire, name)?;
                }
                _ => {}
            }
        }
        Ok(())
    }

    fn tensor(&mut self, wire: &mut Wire<'_>, outer: &str) -> Result<(), ReadError> {
        wire.budget().keep("the tensors of functions", PART_BYTES).map_err(|kind| wire.error(kind))?;
        let (mut name, mut info) = (outer.to_owned(), TensorInfo::default());
        while let Some(field) = wire.field()? {
            match (field.number, field.value) {
                (1, FieldValue::Bytes(len)) if len != 0 => name = wire.text("the name of a tensor")?,
                (2, FieldValue::Bytes(_)) => {
                    wire.enter()?;
                    info.shape = shape(wire)?;
                }
                (3, FieldValue::Varint(dtype)) => info.dtype = dtype,
                _ => {}
            }
        }
        // What TensorFlow calls tensors that have no name.
        if name == "unknown" {
            outer.clone_into(&mut name);
        }
        self.tensors.push((name, info));
        Ok(())
    }
}
