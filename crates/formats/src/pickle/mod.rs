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
mod tests;

pub use by_value::{Maker, Origin, is_cloudpickle, is_dill, is_metaclass, maker_of};
pub use code::{Code, PythonRange};
pub use inline::{Inline, InlineOutcome, NoInline, Site};
pub use opcode::Opcode;
pub use trace::{Argument, Given, Global, LAST_PLACE, Oddity, OddityKind, Run, RunKind, To, Trace};
pub use value::{Bytes, Call, Entries, InlineArray, InlineData, Items, Node, NodeId, Object, Tree, Value};

use packwright_source::{Budget, Cursor, ReadError};

/// How many items of one container are kept; more than any list of features or classes that was seen in practice.
pub const KEPT_ITEMS: usize = 65_536;

/// How many pickles of one stream are read.
const STREAMS: usize = 16;

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
    /// The offset behind the last STOP.
    pub end: u64,
    /// How many bytes follow the last STOP and are no pickle, where that is known.
    pub trailing: u64,
    /// Whether values were dropped because the tree was full.
    pub is_cut: bool,
    /// How many inline arrays there are.
    pub n_inline: u64,
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
        match machine::run(cursor, budget, inline, &mut pickle) {
            Ok(root) => pickle.roots.push(root),
            Err(error) => {
                // Bytes after a complete pickle that are no pickle themselves are never read by a loader.
                if pickle.roots.is_empty() || is_damaged_middle(&error) {
                    pickle.error = Some(error);
                } else {
                    pickle.trailing = cursor.remaining().unwrap_or(0).max(1);
                }
                return pickle;
            }
        }
        pickle.end = cursor.position();
        match cursor.peek() {
            Ok(Some(_)) if STREAMS <= pickle.roots.len() => {
                pickle.trailing = cursor.remaining().unwrap_or(1);
                return pickle;
            }
            // Another pickle starts with PROTO; text pickles of protocol 0 are not looked for behind the first.
            Ok(Some(0x80)) => {}
            Ok(Some(_)) => {
                pickle.trailing = cursor.remaining().unwrap_or(1);
                return pickle;
            }
            Ok(None) => return pickle,
            Err(error) => {
                pickle.error = Some(error);
                return pickle;
            }
        }
    }
}

fn is_damaged_middle(error: &ReadError) -> bool {
    matches!(error.kind(), packwright_source::ErrorKind::Limit { .. } | packwright_source::ErrorKind::Io(_))
}
