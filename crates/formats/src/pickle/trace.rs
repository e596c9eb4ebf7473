//! What a load would import and call, in the order of the stream.

use std::collections::{BTreeMap, BTreeSet};

use super::value::{NodeId, Value};

/// How many oddities are kept; the rest only count.
const KEPT_ODDITIES: usize = 256;

/// One importable name that the pickle refers to, and how it is used.
#[derive(Debug, Clone, PartialEq)]
pub struct Global {
    /// The module, as written in the file.
    pub module: String,
    /// The name in the module; dots are possible since protocol 4.
    pub name: String,
    /// Where it is first referred to.
    pub offset: u64,
    /// Where it is first called as a function.
    pub called_at: Option<u64>,
    /// The arguments of that first call, a tuple.
    pub called_with: Option<Value>,
    /// Where an instance is first made without running its constructor.
    pub made_at: Option<u64>,
    /// How often it is called or instantiated.
    pub uses: u64,
    /// What calls, new instances and states are given beside numbers, texts and bytes.
    pub given: BTreeSet<Given>,
    /// Where list items are first appended to what it makes.
    pub appended_at: Option<u64>,
}

/// Something given to a call, a new instance or a state that is no number, text or byte string.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Given {
    /// As what.
    pub to: To,
    /// Its place in the tuple, from 0; places from [`LAST_PLACE`] on are one.
    pub place: u8,
    /// What it is.
    pub what: Argument,
}

/// As what something is [`Given`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum To {
    /// An argument of `f(*args)` or `cls.__new__(cls, *args)`.
    Call,
    /// All arguments: they are no tuple that can be read.
    Arguments,
    /// An item of a state that is a tuple.
    State,
    /// The second of a pair that is the state: attributes for `setattr`, unless the class has its own `__setstate__`.
    Slots,
    /// The state as a whole, when it is computed.
    WholeState,
}

/// What is no number, text or byte string.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Argument {
    /// A name, an index into [`Trace::globals`].
    Global(u32),
    /// What a name returned or is the class of; the same index.
    MadeBy(u32),
    /// A list, tuple, dict or set.
    Container,
    /// Nothing that can be told.
    Unknown,
}

/// Where the places of arguments end.
pub const LAST_PLACE: u8 = 15;

/// Something that no pickler writes, or that changes what a load does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Oddity {
    /// What it is.
    pub kind: OddityKind,
    /// Where.
    pub offset: u64,
}

/// The kinds of [`Oddity`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum OddityKind {
    /// The callee of a call is itself computed, not a plain global.
    ComputedCallee,
    /// Items or state are set on a global: a module or class would be changed.
    GlobalChanged,
    /// An opcode crosses the end of its frame: readers disagree about what follows.
    FrameCrossed,
    /// A frame starts inside another.
    FrameNested,
    /// A frame is longer than the file.
    FrameTooLong,
    /// A name from the copyreg extension registry: what it is depends on the reader's process.
    ExtensionCode,
    /// The memo is asked for a number that was never stored.
    MemoMissing,
    /// A module or attribute name is not a text constant.
    ComputedName,
    /// PROTO after the start.
    LateProto,
    /// A protocol number above 5.
    UnknownProtocol,
    /// An out-of-band buffer, which files never have.
    OutOfBandBuffer,
    /// The padding before an inline array is not what joblib writes.
    OddPadding,
    /// An item, attribute or state is set on something that cannot take it.
    OddTarget,
    /// The attributes of a state with slots have names that change how the object works, or that are computed.
    SlotNames,
    /// State or list items are given to an object that has its state already.
    ChangedAgain,
}

/// What a load would import and call.
#[derive(Debug, Default)]
pub struct Trace {
    globals: Vec<Global>,
    index: BTreeMap<(String, String), u32>,
    oddities: Vec<Oddity>,
    kinds: BTreeSet<OddityKind>,
    n_oddities: u64,
    last_node: Option<NodeId>,
    /// Persistent ids, the first few.
    persistent: Vec<(Value, u64)>,
}

impl Trace {
    /// Every name, in order of first appearance.
    pub fn globals(&self) -> &[Global] {
        &self.globals
    }

    /// The name behind a [`Value::Global`].
    pub fn global(&self, value: Value) -> Option<&Global> {
        match value {
            Value::Global(id) => self.globals.get(usize::try_from(id).ok()?),
            _ => None,
        }
    }

    /// The oddities that were kept.
    pub fn oddities(&self) -> &[Oddity] {
        &self.oddities
    }

    /// How many oddities there were.
    pub fn n_oddities(&self) -> u64 {
        self.n_oddities
    }

    pub(crate) fn name(&mut self, module: &str, name: &str, offset: u64) -> Option<Value> {
        let key = (module.to_owned(), name.to_owned());
        if let Some(id) = self.index.get(&key) {
            return Some(Value::Global(*id));
        }
        let id = u32::try_from(self.globals.len()).ok()?;
        self.globals.push(Global {
            module: module.to_owned(),
            name: name.to_owned(),
            offset,
            called_at: None,
            called_with: None,
            made_at: None,
            uses: 0,
            given: BTreeSet::new(),
            appended_at: None,
        });
        self.index.insert(key, id);
        Some(Value::Global(id))
    }

    /// The persistent ids that were kept, each with its offset.
    pub fn persistent(&self) -> &[(Value, u64)] {
        &self.persistent
    }

    pub(super) fn persistent_id(&mut self, id: Value, offset: u64) {
        if self.persistent.len() < super::KEPT_ITEMS {
            self.note(id);
            self.persistent.push((id, offset));
        }
    }

    /// Whether the trace remembers a node with an index of `tree_len` or more.
    pub(super) fn points_beyond(&self, tree_len: usize) -> bool {
        self.last_node.is_some_and(|NodeId(id)| usize::try_from(id).is_ok_and(|id| tree_len <= id))
    }

    fn note(&mut self, value: Value) {
        if let Value::Node(id) = value {
            self.last_node = self.last_node.max(Some(id));
        }
    }

    pub(super) fn called(&mut self, callee: Value, args: Value, offset: u64) {
        if let Some(global) = self.global_mut(callee) {
            let is_first = global.called_at.is_none();
            global.called_at.get_or_insert(offset);
            global.called_with.get_or_insert(args);
            global.uses = global.uses.saturating_add(1);
            if is_first {
                self.note(args);
            }
        } else {
            self.odd(OddityKind::ComputedCallee, offset);
        }
    }

    pub(crate) fn made(&mut self, class: Value, offset: u64) {
        if let Some(global) = self.global_mut(class) {
            global.made_at.get_or_insert(offset);
            global.uses = global.uses.saturating_add(1);
        } else {
            self.odd(OddityKind::ComputedCallee, offset);
        }
    }

    /// Notes what a name is given; every time, as later calls may differ from the first.
    pub(super) fn given(&mut self, taker: Value, given: impl Iterator<Item = Given>) {
        if let Some(global) = self.global_mut(taker) {
            global.given.extend(given);
        }
    }

    pub(super) fn appended(&mut self, maker: Value, offset: u64) {
        if let Some(global) = self.global_mut(maker) {
            global.appended_at.get_or_insert(offset);
        }
    }

    pub(super) fn odd(&mut self, kind: OddityKind, offset: u64) {
        self.n_oddities = self.n_oddities.saturating_add(1);
        // The first of each kind is always kept: a flood of harmless ones must not hide a bad one.
        let is_new = self.kinds.insert(kind);
        if is_new || self.oddities.len() < KEPT_ODDITIES {
            self.oddities.push(Oddity { kind, offset });
        }
    }

    fn global_mut(&mut self, value: Value) -> Option<&mut Global> {
        match value {
            Value::Global(id) => self.globals.get_mut(usize::try_from(id).ok()?),
            _ => None,
        }
    }
}
