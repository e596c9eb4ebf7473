//! What calls and states are given beyond plain data, noted when it happens: the tree may forget it.

use super::Machine;
use crate::pickle::trace::{Argument, Given, LAST_PLACE, OddityKind, To};
use crate::pickle::value::{Node, Value};

impl Machine<'_, '_> {
    /// Notes the names and computed values among the arguments of a call.
    pub(super) fn note_arguments(&mut self, taker: Value, args: Value) {
        if let Some(Node::Tuple(_)) = self.pickle.tree.get(args) {
            self.note_items(taker, To::Call, args);
        } else {
            let what = self.argument(args).unwrap_or(Argument::Unknown);
            self.pickle.trace.given(taker, std::iter::once(Given { to: To::Arguments, place: 0, what }));
        }
    }

    /// Notes the names and computed values of a state.
    ///
    /// BUILD without `__setstate__` takes a pair as attributes and slots, and sets each slot with `setattr`: a slot
    /// `__class__` makes another object of it behind the back of whoever reads the stream.
    pub(super) fn note_state(&mut self, maker: Value, state: Value, at: u64) {
        let tree = &self.pickle.tree;
        if let Some(Node::Tuple(items)) = tree.get(state) {
            if let [_, slots] = **items {
                if let Some(Node::Dict(slots)) = tree.get(slots) {
                    let is_plain = |key| tree.text(key).is_some_and(|key| !key.starts_with("__"));
                    let n_kept = u64::try_from(slots.kept.len()).unwrap_or(u64::MAX);
                    if n_kept < slots.len || !slots.kept.iter().all(|(key, _)| is_plain(*key)) {
                        self.odd(OddityKind::SlotNames, at);
                    }
                } else {
                    let what = self.argument(slots).filter(|what| *what != Argument::Container);
                    let what = what.map(|what| Given { to: To::Slots, place: 0, what });
                    self.pickle.trace.given(maker, what.into_iter());
                }
            }
            self.note_items(maker, To::State, state);
        } else {
            let what = self.argument(state).filter(|what| *what != Argument::Container);
            self.pickle
                .trace
                .given(maker, what.map(|what| Given { to: To::WholeState, place: 0, what }).into_iter());
        }
    }

    fn note_items(&mut self, taker: Value, to: To, tuple: Value) {
        let items = self.pickle.tree.items(tuple).unwrap_or_default();
        let given = items.iter().enumerate().filter_map(|(place, item)| {
            let place = u8::try_from(place).unwrap_or(LAST_PLACE).min(LAST_PLACE);
            Some(Given { to, place, what: self.argument(*item)? })
        });
        let given: Vec<Given> = given.collect();
        self.pickle.trace.given(taker, given.into_iter());
    }

    /// What a value is, if it is not a plain number, text or byte string.
    fn argument(&self, value: Value) -> Option<Argument> {
        match value {
            Value::Global(id) => return Some(Argument::Global(id)),
            Value::Dropped => return Some(Argument::Unknown),
            _ => {}
        }
        match self.pickle.tree.get(value)? {
            Node::Object(object) => Some(match object.callee {
                Value::Global(id) => Argument::MadeBy(id),
                _ => Argument::Unknown,
            }),
            Node::List(_) | Node::Tuple(_) | Node::Dict(_) | Node::Set(_) | Node::FrozenSet(_) => {
                Some(Argument::Container)
            }
            Node::Persistent(_) => Some(Argument::Unknown),
            _ => None,
        }
    }
}
