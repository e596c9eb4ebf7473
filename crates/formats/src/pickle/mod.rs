//! Python pickles, protocols 0 to 5, read symbolically.
//!
//! [`read`] runs the opcodes on a stack of symbols: importing a name gives a [`Value::Global`], calling one gives a
//! [`Node::Object`] that remembers callee and arguments. Nothing is imported and nothing is called. Strings and small
//! byte strings are kept within the budget, larger ones are skipped and remembered by offset, so that cost grows
//! with structure and not with weights. Whatever the bytes, the outcome is a [`Pickle`]: everything that was read
//! up to the end or up to the first error, which carries its place.
//!
//! A container that puts bytes of its own between opcodes (joblib) takes part through [`Inline`].
//!
//! Not read: out-of-band buffers and the extension registry; both are reported as oddities.
//!
//! Specification: CPython 3.14 `Lib/pickletools.py`, PEP 307, PEP 3154, PEP 574.

mod by_value;
mod code;
mod inline;
mod machine;
mod memo;
mod opcode;
mod text;
mod trace;
mod value;

#[cfg(test)]
mod given_back;
#[cfg(test)]
mod tests;

pub use by_value::{Maker, Origin, is_cloudpickle, is_dill, is_metaclass, maker_of};
pub use code::{Code, PythonRange};
pub use inline::{Inline, InlineOutcome, NoInline, Site};
pub use opcode::Opcode;
pub use trace::{Argument, Given, Global, LAST_PLACE, Oddity, OddityKind, Run, RunKind, To, Trace};
pub use value::{Bytes, Call, Entries, InlineArray, InlineData, Items, Node, NodeId, Object, Tree, Value};

use packwright_source::{Budget, Cursor, ErrorKind, ReadError};

/// How many items of one container are kept; more than any list of features or classes that was seen in practice.
pub const KEPT_ITEMS: usize = 65_536;

/// How many pickles of one stream are read.
const STREAMS: usize = 16;

/// How many byte strings that may be pickles are remembered.
const NESTED: usize = 64;

/// The shortest pickle that does anything: PROTO, and a value, and STOP.
const SHORTEST: u64 = 4;

/// Everything that was read from a stream of pickles.
#[derive(Debug, Default)]
pub struct Pickle {
    /// The nodes.
    pub tree: Tree,
    /// What a load would import and call.
    pub trace: Trace,
    /// The root of each pickle in the stream that ended with STOP. Python's `pickle.load` returns the first.
    pub roots: Vec<Value>,
    /// Why reading stopped early.
    pub error: Option<ReadError>,
    /// The highest protocol that the stream asks for.
    pub protocol: u8,
    /// Where each of the roots' pickles starts.
    pub starts: Vec<u64>,
    /// Byte strings that begin as a pickle does, the first few: what loads them loads a pickle.
    pub nested: Vec<Bytes>,
    /// The offset behind the last STOP.
    pub end: u64,
    /// How many bytes follow the last STOP and are no pickle, where that is known.
    pub trailing: u64,
    /// Whether values were dropped because the tree was full.
    pub is_cut: bool,
    /// How many inline arrays there are.
    pub n_inline: u64,
    /// Whether an opcode stands where the first inline array begins: a loader that knows no inline arrays would go on
    /// there. `None` without inline arrays.
    pub plain_goes_on: Option<bool>,
    /// Whether an opcode stands where a loader that knows no padding would end the first padded array. `None` without
    /// padded arrays.
    pub unpadded_goes_on: Option<bool>,
    /// How many items all containers keep.
    pub(crate) n_items: usize,
    /// One more than the highest memo number of the pickles in the stream, those inside others aside.
    pub memo_bound: u64,
}

impl Pickle {
    /// The value that a load would return.
    pub fn root(&self) -> Option<Value> {
        self.roots.first().copied()
    }
}

/// Reads a stream of pickles up to its end.
///
/// Never fails: an error is kept in [`Pickle::error`] beside everything that was read before it. Memory stays within
/// `budget`, time within its steps.
pub fn read(cursor: &mut Cursor<'_>, budget: &mut Budget, inline: &mut dyn Inline) -> Pickle {
    let mut pickle = Pickle::default();
    loop {
        let start = cursor.position();
        let rest = cursor.remaining();
        // A later pickle of protocol 0 or 1 has no mark to know it by: it is one if it can be read to its STOP.
        let wanted = inline.n_pickles();
        let is_guess =
            wanted.is_none() && !pickle.roots.is_empty() && !matches!(cursor.peek(), Ok(Some(0x80)));
        let before = is_guess.then(|| Checkpoint::of(&pickle));
        match machine::run(cursor, budget, inline, &mut pickle) {
            Ok(root) => {
                pickle.roots.push(root);
                pickle.starts.push(start);
            }
            Err(error) => {
                if let Some(before) = before {
                    before.restore(&mut pickle);
                }
                // Bytes after a complete pickle that are no pickle themselves are never read by a loader.
                if pickle.roots.is_empty() || wanted.is_some() || !is_guess && is_damaged_middle(&error) {
                    pickle.error = Some(error);
                } else {
                    pickle.trailing = rest.unwrap_or(0).max(1);
                }
                return pickle;
            }
        }
        pickle.end = cursor.position();
        if wanted.is_some_and(|n| n <= pickle.roots.len()) {
            pickle.trailing = cursor.remaining().unwrap_or(0);
            return pickle;
        }
        match cursor.peek() {
            Ok(Some(0x80)) if STREAMS <= pickle.roots.len() => {
                let limit = u64::try_from(STREAMS).unwrap_or(u64::MAX);
                let asked = limit.saturating_add(1);
                let kind = ErrorKind::Limit { what: "pickles in one file", asked, limit };
                pickle.error = Some(cursor.error(kind));
                return pickle;
            }
            Ok(Some(_)) => {}
            Ok(None) => {
                if wanted.is_some() {
                    let kind = ErrorKind::Truncated { what: "the next pickle", missing: 1 };
                    pickle.error = Some(cursor.error(kind));
                }
                return pickle;
            }
            Err(error) => {
                pickle.error = Some(error);
                return pickle;
            }
        }
    }
}

/// What a guess that fails must not change.
struct Checkpoint {
    trace: Trace,
    tree_len: usize,
    n_nested: usize,
    is_cut: bool,
    n_inline: u64,
    protocol: u8,
}

impl Checkpoint {
    fn of(pickle: &Pickle) -> Self {
        Self {
            trace: pickle.trace.clone(),
            tree_len: pickle.tree.len(),
            n_nested: pickle.nested.len(),
            is_cut: pickle.is_cut,
            n_inline: pickle.n_inline,
            protocol: pickle.protocol,
        }
    }

    /// Takes the guess back, unless it called a name before it broke: then it was a pickle.
    fn restore(self, pickle: &mut Pickle) {
        let is_name = |name: &str| name.bytes().all(|b| b.is_ascii_alphanumeric() || b"._".contains(&b));
        let is_call = |global: &&Global| 0 < global.uses && is_name(&global.module) && is_name(&global.name);
        let calls = |trace: &Trace| trace.globals().iter().filter(is_call).count();
        if calls(&self.trace) < calls(&pickle.trace) {
            return;
        }
        pickle.trace = self.trace;
        pickle.tree.truncate(self.tree_len);
        pickle.nested.truncate(self.n_nested);
        pickle.is_cut = self.is_cut;
        pickle.n_inline = self.n_inline;
        pickle.protocol = self.protocol;
    }
}

fn is_damaged_middle(error: &ReadError) -> bool {
    matches!(error.kind(), ErrorKind::Limit { .. } | ErrorKind::Io(_))
}
