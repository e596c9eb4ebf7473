//! The value tree that a pickle describes. Nothing in it was executed: a call is a node that says which global would
//! be called with what.

/// A value. Small ones are inline; the others are nodes of the [`Tree`].
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Value {
    /// `None`.
    None,
    /// `True` or `False`.
    Bool(bool),
    /// An integer that fits; larger ones are [`Node::BigInt`].
    Int(i64),
    /// A float.
    Float(f64),
    /// A reference to an importable name, an index into [`Trace::globals`](super::Trace::globals).
    Global(u32),
    /// Anything else.
    Node(NodeId),
    /// A value that was not kept: beyond the budget, or never defined.
    Dropped,
}

/// The index of a [`Node`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct NodeId(pub(super) u32);

/// A compound value.
#[derive(Debug, Clone, PartialEq)]
pub enum Node {
    /// An integer beyond 64 bits, little-endian two's complement.
    BigInt(Box<[u8]>),
    /// A text that was kept.
    Text(Box<str>),
    /// Bytes, or a text too long to keep.
    Bytes(Box<Bytes>),
    /// A list.
    List(Box<Items>),
    /// A tuple.
    Tuple(Box<[Value]>),
    /// A dict.
    Dict(Box<Entries>),
    /// A set.
    Set(Box<Items>),
    /// A frozenset.
    FrozenSet(Box<Items>),
    /// The result of a call.
    Object(Box<Object>),
    /// A persistent id.
    Persistent(Value),
    /// An array whose bytes lie in the stream itself (joblib).
    Array(Box<InlineArray>),
}

/// Bytes in the stream.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bytes {
    /// Where they start, in the innermost stream.
    pub offset: u64,
    /// How many there are.
    pub len: u64,
    /// The bytes, when they were short enough to keep.
    pub kept: Option<Box<[u8]>>,
    /// Whether they are UTF-8 text too long to keep.
    pub is_text: bool,
}

/// Items in order; only the first [`super::KEPT_ITEMS`] are kept.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Items {
    /// The first items.
    pub kept: Vec<Value>,
    /// How many there are.
    pub len: u64,
}

/// Key and value pairs in order; only the first [`super::KEPT_ITEMS`] are kept.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Entries {
    /// The first pairs.
    pub kept: Vec<(Value, Value)>,
    /// How many there are.
    pub len: u64,
    /// Whether it is the state of an object: what is set on it later may be set on the object.
    pub is_state: bool,
}

/// How an object would be made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Call {
    /// `callee(*args)`: REDUCE, OBJ, INST.
    Function,
    /// `callee.__new__(callee, *args)`: NEWOBJ, NEWOBJ_EX, `copyreg._reconstructor`. The constructor is not run.
    New,
}

/// The result of a call that a load would make.
#[derive(Debug, Clone, PartialEq)]
pub struct Object {
    /// What would be called. For [`Call::New`] the class.
    pub callee: Value,
    /// How.
    pub call: Call,
    /// The positional arguments, a tuple.
    pub args: Value,
    /// The keyword arguments of NEWOBJ_EX.
    pub kwargs: Option<Value>,
    /// What `__setstate__` would be given.
    pub state: Option<Value>,
    /// Whether it was given a state more than once. The last one is kept.
    pub is_rebuilt: bool,
    /// Whether its state stands in for methods that opcodes call.
    pub takes_over: bool,
    /// What would be appended to it.
    pub items: Items,
    /// What would be set on it as items.
    pub entries: Entries,
    /// Where the call stands.
    pub offset: u64,
}

/// An array whose bytes follow its description in the stream.
#[derive(Debug, Clone, PartialEq)]
pub struct InlineArray {
    /// The wrapper's state: a dict with `shape`, `order`, `dtype`, `subclass`.
    pub state: Value,
    /// The data.
    pub data: InlineData,
}

/// The data of an [`InlineArray`].
#[derive(Debug, Clone, PartialEq)]
pub enum InlineData {
    /// Raw bytes.
    Raw(Bytes),
    /// A pickle of its own: an object array.
    Pickle(Value),
}

/// All nodes of one pickle.
#[derive(Debug, Default)]
pub struct Tree {
    nodes: Vec<Node>,
}

impl Tree {
    pub(crate) fn push(&mut self, node: Node) -> Option<Value> {
        let id = u32::try_from(self.nodes.len()).ok()?;
        self.nodes.push(node);
        Some(Value::Node(NodeId(id)))
    }

    pub(super) fn len(&self) -> usize {
        self.nodes.len()
    }

    /// Whether a value is the node made last.
    pub(super) fn is_last(&self, value: Value) -> bool {
        let last = self.nodes.len().checked_sub(1).and_then(|last| u32::try_from(last).ok());
        matches!((value, last), (Value::Node(NodeId(id)), Some(last)) if id == last)
    }

    /// Drops the nodes from `len` on. Says how many they are, how many bytes of text and how many items they kept.
    pub(super) fn truncate(&mut self, len: usize) -> (u64, u64, usize) {
        let (mut n_nodes, mut n_bytes, mut n_items) = (0_u64, 0_u64, 0_usize);
        for node in self.nodes.drain(len.min(self.nodes.len())..) {
            n_nodes = n_nodes.saturating_add(1);
            n_items = n_items.saturating_add(node.n_kept());
            let bytes = match &node {
                Node::Text(text) => text.len(),
                Node::Bytes(bytes) => bytes.kept.as_ref().map_or(0, |kept| kept.len()),
                _ => 0,
            };
            n_bytes = n_bytes.saturating_add(u64::try_from(bytes).unwrap_or(0));
        }
        (n_nodes, n_bytes, n_items)
    }

    pub(super) fn get_mut(&mut self, value: Value) -> Option<&mut Node> {
        match value {
            Value::Node(NodeId(id)) => self.nodes.get_mut(usize::try_from(id).ok()?),
            _ => None,
        }
    }

    /// The node behind a value.
    pub fn get(&self, value: Value) -> Option<&Node> {
        match value {
            Value::Node(NodeId(id)) => self.nodes.get(usize::try_from(id).ok()?),
            _ => None,
        }
    }

    /// The value as text.
    pub fn text(&self, value: Value) -> Option<&str> {
        match self.get(value)? {
            Node::Text(text) => Some(text),
            _ => None,
        }
    }

    /// The value as an integer.
    pub fn int(&self, value: Value) -> Option<i64> {
        match value {
            Value::Int(int) => Some(int),
            Value::Bool(bool) => Some(i64::from(bool)),
            _ => None,
        }
    }

    /// The items of a list, tuple or set that were kept.
    pub fn items(&self, value: Value) -> Option<&[Value]> {
        match self.get(value)? {
            Node::List(items) | Node::Set(items) | Node::FrozenSet(items) => Some(&items.kept),
            Node::Tuple(items) => Some(items),
            _ => None,
        }
    }

    /// How many items a list, tuple, set or dict has, kept or not.
    pub fn len_of(&self, value: Value) -> Option<u64> {
        match self.get(value)? {
            Node::List(items) | Node::Set(items) | Node::FrozenSet(items) => Some(items.len),
            Node::Tuple(items) => u64::try_from(items.len()).ok(),
            Node::Dict(entries) => Some(entries.len),
            _ => None,
        }
    }

    /// The pairs of a dict (or of an object that items were set on, such as an `OrderedDict`) that were kept.
    pub fn entries(&self, value: Value) -> Option<&[(Value, Value)]> {
        match self.get(value)? {
            Node::Dict(entries) => Some(&entries.kept),
            Node::Object(object) if 0 < object.entries.len => Some(&object.entries.kept),
            _ => None,
        }
    }

    /// The last value that a dict has for a text key.
    pub fn entry(&self, dict: Value, key: &str) -> Option<Value> {
        let found = self.entries(dict)?.iter().rev().find(|(name, _)| self.text(*name) == Some(key))?;
        Some(found.1)
    }

    /// Every object, in the order in which a load would make them.
    pub fn objects(&self) -> impl Iterator<Item = &Object> {
        self.nodes.iter().filter_map(|node| match node {
            Node::Object(object) => Some(&**object),
            _ => None,
        })
    }

    /// The value as an object.
    pub fn object(&self, value: Value) -> Option<&Object> {
        match self.get(value)? {
            Node::Object(object) => Some(object),
            _ => None,
        }
    }
}

impl Node {
    /// How many items are kept in it.
    pub(super) fn n_kept(&self) -> usize {
        match self {
            Self::List(items) | Self::Set(items) | Self::FrozenSet(items) => items.kept.len(),
            Self::Tuple(items) => items.len(),
            Self::Dict(entries) => entries.kept.len().saturating_mul(2),
            Self::Object(object) => {
                object.items.kept.len().saturating_add(object.entries.kept.len().saturating_mul(2))
            }
            _ => 0,
        }
    }
}

impl Object {
    pub(crate) fn made_by(callee: Value, call: Call, args: Value, offset: u64) -> Self {
        let (items, entries) = (Items::default(), Entries::default());
        Self {
            callee,
            call,
            args,
            kwargs: None,
            state: None,
            is_rebuilt: false,
            takes_over: false,
            items,
            entries,
            offset,
        }
    }
}

impl Bytes {
    /// Bytes at a place, not kept.
    pub fn at(offset: u64, len: u64) -> Self {
        Self { offset, len, kept: None, is_text: false }
    }
}
