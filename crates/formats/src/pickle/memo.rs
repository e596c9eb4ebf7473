//! The memo of one pickle.

use std::collections::BTreeMap;

use packwright_source::ErrorKind;

use super::value::Value;

/// The memo. Picklers number it densely from 0; a hostile file may not, so sparse numbers live in a map.
#[derive(Default)]
pub(super) struct Memo {
    dense: Vec<Value>,
    sparse: BTreeMap<u64, Value>,
}

/// More memo entries than any model needs.
const MEMO: usize = 4_000_000;

impl Memo {
    pub(super) fn len(&self) -> usize {
        self.dense.len()
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
        if MEMO <= self.dense.len().saturating_add(self.sparse.len()) {
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
                self.sparse.insert(number, value);
            }
        }
        Ok(())
    }

    /// Empties every dense entry from `len` on; the numbering stays.
    pub(super) fn forget(&mut self, len: usize) {
        for slot in self.dense.get_mut(len..).unwrap_or_default() {
            if !matches!(slot, Value::Global(_)) {
                *slot = Value::Dropped;
            }
        }
    }
}
