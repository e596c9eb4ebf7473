//! What containers put between the opcodes.

use super::Pickle;
use super::memo::Memo;
use super::value::Value;

/// Lets a container read what it puts between the opcodes.
pub trait Inline {
    /// Called when BUILD has given an object its state. The machine stands right behind the BUILD.
    fn after_build(&mut self, pickle: &Pickle, site: &Site<'_>) -> InlineOutcome;

    /// Whether reading ends where Python would certainly raise, so that bytes that are no pickle at all name nothing.
    fn stops_where_python_does(&self) -> bool {
        false
    }

    /// How many pickles the loader reads from a stream, when it knows that; what follows is data of another kind.
    fn n_pickles(&self) -> Option<usize> {
        None
    }

    /// Whether a value is known to be nothing that can be called, iterated over or changed by an opcode.
    fn is_inert(&self, _pickle: &Pickle, _value: Value) -> bool {
        false
    }
}

/// The place right behind a BUILD.
pub struct Site<'a> {
    /// The object that was given its state.
    pub object: Value,
    /// The offset behind the BUILD.
    pub offset: u64,
    pub(super) memo: &'a Memo,
}

impl Site<'_> {
    /// The number under which the memo holds a value now.
    pub fn memo_number(&self, value: Value) -> Option<u64> {
        self.memo.number_of(value)
    }

    /// Whether the memo holds a value under a number.
    pub fn is_memo(&self, number: u64, value: Value) -> bool {
        self.memo.get(number) == Some(value)
    }
}

impl std::fmt::Debug for Site<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Site({:?} at byte {})", self.object, self.offset)
    }
}

/// What follows a BUILD.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum InlineOutcome {
    /// The next opcode.
    Nothing,
    /// An array: `pad` says whether a byte with the length of a padding comes first.
    Raw {
        /// Whether the padding is there (joblib 1.2 and later).
        pad: bool,
        /// Its length in bytes, without the padding.
        len: u64,
    },
    /// A plain pickle with a memo of its own.
    Pickle,
    /// The description contradicts itself.
    Malformed(String),
}

/// A plain pickle: nothing between the opcodes.
#[derive(Debug, Default)]
pub struct NoInline;

impl Inline for NoInline {
    fn after_build(&mut self, _pickle: &Pickle, _site: &Site<'_>) -> InlineOutcome {
        InlineOutcome::Nothing
    }
}
