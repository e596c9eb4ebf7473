//! The memo of one pickle.

use std::collections::BTreeMap;

use packwright_source::ErrorKind;

use super::value::Value;

/// The memo. Picklers number it densely from 0; a hostile file may not, so sparse numbers live in a map.
#[derive(Default)]
pub(super) struct Memo {
    dense: Vec<Value>,
    sparse: BTreeMap<u64, Value>,
    /// The sparse numbers in the order in which they were first used.
    order: Vec<u64>,
}

/// How much a memo holds.
#[derive(Clone, Copy)]
pub(super) struct Fill {
    dense: usize,
    order: usize,
}

/// More memo entries than any model needs.
const MEMO: usize = 4_000_000;

impl Memo {
    pub(super) fn fill(&self) -> Fill {
        Fill { dense: self.dense.len(), order: self.order.len() }
    }

    /// Whether a number may have been in use when the memo was filled that far.
    pub(super) fn is_older(&self, number: u64, fill: Fill) -> bool {
        usize::try_from(number).is_ok_and(|number| number < fill.dense) || self.sparse.contains_key(&number)
    }

    /// What MEMOIZE numbers by.
    pub(super) fn count(&self) -> u64 {
        let n = self.dense.len().saturating_add(self.sparse.len());
        u64::try_from(n).unwrap_or(u64::MAX)
    }

    pub(super) fn get(&self, number: u64) -> Option<Value> {
        let dense = usize::try_from(number).ok().and_then(|number| self.dense.get(number));
        dense.or_else(|| self.sparse.get(&number)).copied()
    }

    /// One more than the highest number in use.
    pub(super) fn bound(&self) -> u64 {
        let dense = u64::try_from(self.dense.len()).unwrap_or(u64::MAX);
        let sparse = self.sparse.last_key_value().map_or(0, |(number, _)| number.saturating_add(1));
        dense.max(sparse)
    }

    /// The number of a value, the latest first.
    pub(super) fn number_of(&self, value: Value) -> Option<u64> {
        let sparse = self.sparse.iter().rev().find(|(_, held)| **held == value).map(|(number, _)| *number);
        let dense = || self.dense.iter().rposition(|held| *held == value);
        sparse.or_else(|| dense().and_then(|number| u64::try_from(number).ok()))
    }

    pub(super) fn put(&mut self, number: u64, value: Value) -> Result<(), ErrorKind> {
        if MEMO <= self.dense.len().saturating_add(self.order.len()) {
            let limit = u64::try_from(MEMO).unwrap_or(u64::MAX);
            return Err(ErrorKind::Limit { what: "the memo", asked: number, limit });
        }
        match usize::try_from(number) {
            Ok(dense) if dense == self.dense.len() => {
                self.dense.push(value);
                self.sparse.remove(&number);
            }
            Ok(number) if number < self.dense.len() => {
                if let Some(slot) = self.dense.get_mut(number) {
                    *slot = value;
                }
            }
            _ => {
                if self.sparse.insert(number, value).is_none() {
                    self.order.push(number);
                }
            }
        }
        Ok(())
    }

    /// Empties every entry made since the memo was filled that far; the numbering stays.
    pub(super) fn forget(&mut self, fill: Fill) {
        for slot in self.dense.get_mut(fill.dense..).unwrap_or_default() {
            slot.forget();
        }
        for number in self.order.get(fill.order..).unwrap_or_default() {
            if let Some(slot) = self.sparse.get_mut(number) {
                slot.forget();
            }
        }
    }
}

impl Value {
    /// Only nodes go with the tree.
    fn forget(&mut self) {
        if matches!(self, Self::Node(_)) {
            *self = Self::Dropped;
        }
    }
}
