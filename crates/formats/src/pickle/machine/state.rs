//! What objects are given as their state, and where Python would raise.

use packwright_source::{ErrorKind, ReadError};

use super::Machine;
use crate::pickle::trace::{Global, OddityKind};
use crate::pickle::value::{Call, Node, Object, Value};

/// Methods that opcodes and the makers of known libraries look up on an object itself, where its state can stand in
/// for them. Sorted.
const METHODS: [&str; 18] = [
    "_deserialize_model",
    "add",
    "append",
    "copy",
    "extend",
    "free_network",
    "from_arrays",
    "get",
    "insert",
    "items",
    "keys",
    "pop",
    "read",
    "read_array",
    "replace",
    "setdefault",
    "update",
    "values",
];

/// Attributes with dunder names that `functools` and `typing` keep on objects; nothing calls them by itself.
const KEPT_DUNDERS: [&str; 3] = ["__func__", "__orig_class__", "__wrapped__"];

/// Functions that only give arrays, scalars and plain containers, which cannot be called.
const DATA_MAKERS: [&str; 12] = [
    "OrderedDict",
    "Timestamp",
    "_frombuffer",
    "_reconstruct",
    "bytearray",
    "date",
    "datetime",
    "dtype",
    "encode",
    "scalar",
    "set",
    "timedelta",
];

/// The names are those of known libraries alone: what another module calls so may be anything.
fn is_data_maker(callee: &Global) -> bool {
    let top = callee.module.split('.').next().unwrap_or_default();
    matches!(top, "_codecs" | "__builtin__" | "builtins" | "collections" | "datetime" | "numpy" | "pandas")
        && DATA_MAKERS.binary_search(&callee.name.as_str()).is_ok()
}

impl Machine<'_, '_> {
    /// Notes what giving an object its state may do.
    pub(super) fn note_build(&mut self, target: Value, state: Value, is_second: bool, at: u64) {
        if is_second {
            self.odd(OddityKind::SecondBuild, at);
            self.note_method_call(target, at);
        }
        self.note_keys(target, state, at);
    }

    /// BUILD on what is no object.
    pub(super) fn build_on_other(&mut self, target: Value, state: Value, at: u64) -> Result<(), ReadError> {
        // Python takes an empty state for anything, but an inert object is never empty.
        if self.inline.is_inert(self.pickle, state) {
            self.raises_on_data(target, at, "something that has a state")?;
        }
        if target == Value::Dropped && self.pickle.is_cut {
            self.odd(OddityKind::Unseen, at);
        }
        self.odd_target(target, at);
        Ok(())
    }

    /// Notes keys of a state that stand in for methods, and keys that cannot be told.
    fn note_keys(&mut self, target: Value, state: Value, at: u64) {
        let parts = match self.pickle.tree.get(state) {
            // Attributes and slots.
            Some(Node::Tuple(items)) if items.len() == 2 => items.to_vec(),
            _ => vec![state],
        };
        let mut takes_over = false;
        for part in parts {
            let tree = &self.pickle.tree;
            let entries = match tree.get(part) {
                // A dict that was looked through already; what is set on it since is noted when it happens.
                Some(Node::Dict(entries)) if entries.is_state => continue,
                Some(Node::Dict(entries)) => entries,
                Some(Node::Object(object)) => &object.entries,
                None if part == Value::Dropped && self.pickle.is_cut => {
                    self.odd(OddityKind::Unseen, at);
                    continue;
                }
                _ => continue,
            };
            let is_whole = u64::try_from(entries.kept.len()).is_ok_and(|kept| kept == entries.len);
            let is_told = entries.kept.iter().all(|(key, _)| self.is_told(*key));
            let shadows = entries.kept.iter().any(|(key, value)| self.shadows(*key, *value));
            if !is_whole || !is_told {
                self.odd(OddityKind::ComputedKey, at);
            }
            if shadows {
                self.odd(OddityKind::ShadowedMethod, at);
                takes_over = true;
            }
            if let Some(Node::Dict(entries)) = self.pickle.tree.get_mut(part) {
                entries.is_state = true;
            }
        }
        if let Some(Node::Object(object)) = self.pickle.tree.get_mut(target) {
            object.takes_over |= takes_over;
        }
    }

    /// Notes that a dict is changed which is the state of an object already.
    pub(super) fn note_late_items(&mut self, target: Value, at: u64) {
        if let Some(Node::Dict(entries)) = self.pickle.tree.get(target)
            && entries.is_state
        {
            self.odd(OddityKind::StateChanged, at);
        }
    }

    /// Notes that a method of an object is called which its state may stand in for.
    pub(super) fn note_method_call(&mut self, target: Value, at: u64) {
        if self.pickle.tree.object(target).is_some_and(|object| object.takes_over) {
            self.odd(OddityKind::ComputedCallee, at);
        }
    }

    fn is_told(&self, key: Value) -> bool {
        match key {
            Value::Dropped | Value::Global(_) => false,
            _ => !matches!(self.pickle.tree.get(key), Some(Node::Object(_) | Node::Persistent(_))),
        }
    }

    fn shadows(&self, key: Value, value: Value) -> bool {
        let Some(key) = self.pickle.tree.text(key) else { return false };
        let is_dunder = key.starts_with("__") && key.ends_with("__") && !KEPT_DUNDERS.contains(&key);
        (is_dunder || METHODS.binary_search(&key).is_ok()) && self.may_be_called(value)
    }

    fn may_be_called(&self, value: Value) -> bool {
        match value {
            Value::Dropped | Value::Global(_) => return true,
            _ => {}
        }
        match self.pickle.tree.get(value) {
            Some(Node::Object(object)) => !self.is_made_of_data(object),
            Some(Node::Persistent(_)) => true,
            _ => false,
        }
    }

    // Where Python raises. Only told to readings that ask for it: the others want everything that a file names.

    /// Ends the reading, if it asks for that: Python raises here.
    pub(super) fn raises(&self, at: u64, expected: &'static str) -> Result<(), ReadError> {
        if !self.inline.stops_where_python_does() {
            return Ok(());
        }
        let kind = ErrorKind::malformed("operand", expected, "something else");
        Err(ReadError::new(self.cursor.format(), at, kind))
    }

    /// Python raises where a value that never changes is changed or taken apart.
    pub(super) fn raises_on_fixed(
        &self,
        value: Value,
        at: u64,
        expected: &'static str,
    ) -> Result<(), ReadError> {
        let is_fixed = match value {
            Value::None | Value::Bool(_) | Value::Int(_) | Value::Float(_) => true,
            Value::Global(_) | Value::Dropped => false,
            Value::Node(_) => {
                matches!(
                    self.pickle.tree.get(value),
                    Some(Node::BigInt(_) | Node::Text(_) | Node::Tuple(_) | Node::FrozenSet(_))
                ) || self.inline.is_inert(self.pickle, value)
            }
        };
        if is_fixed { self.raises(at, expected) } else { Ok(()) }
    }

    /// Python raises where a number, a text or a container is called.
    pub(super) fn raises_on_data(
        &self,
        value: Value,
        at: u64,
        expected: &'static str,
    ) -> Result<(), ReadError> {
        let is_data = match self.pickle.tree.get(value) {
            Some(Node::Bytes(_) | Node::List(_) | Node::Dict(_) | Node::Set(_) | Node::Array(_)) => true,
            Some(Node::Object(object)) => self.is_made_of_data(object),
            _ => false,
        };
        if is_data { self.raises(at, expected) } else { self.raises_on_fixed(value, at, expected) }
    }

    /// Python raises where arguments are nothing that can be iterated over.
    pub(super) fn raises_on_scalar(
        &self,
        value: Value,
        at: u64,
        expected: &'static str,
    ) -> Result<(), ReadError> {
        let is_iterable =
            matches!(self.pickle.tree.get(value), Some(Node::Text(_) | Node::Tuple(_) | Node::FrozenSet(_)));
        if is_iterable { Ok(()) } else { self.raises_on_fixed(value, at, expected) }
    }

    fn is_no_text(&self, object: &Object) -> bool {
        self.pickle.trace.global(object.callee).is_some_and(|callee| match object.call {
            Call::New => !matches!(callee.name.as_str(), "str" | "unicode"),
            // `_codecs.encode` gives texts too.
            Call::Function => callee.name != "encode" && is_data_maker(callee),
        })
    }

    /// Whether an object is an array, a scalar or a plain container of a known library.
    fn is_made_of_data(&self, object: &Object) -> bool {
        object.call == Call::Function && self.pickle.trace.global(object.callee).is_some_and(is_data_maker)
    }

    /// Python raises where a part of a name is no text.
    pub(super) fn raises_unless_text(&self, value: Value, at: u64) -> Result<(), ReadError> {
        let may_be_text = match self.pickle.tree.get(value) {
            Some(Node::Text(_)) => true,
            Some(Node::Bytes(bytes)) => bytes.is_text,
            Some(Node::Object(object)) => !self.is_no_text(object),
            Some(_) => false,
            None => value == Value::Dropped,
        };
        if may_be_text { Ok(()) } else { self.raises(at, "a text") }
    }
}
