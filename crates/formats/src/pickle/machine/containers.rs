//! Containers: what is put into lists, sets, dicts and objects.

use packwright_source::ReadError;

use super::super::trace::OddityKind;
use super::super::value::{Node, Value};
use super::{ITEMS, Machine};

impl Machine<'_, '_> {
    pub(super) fn extend(&mut self, target: Value, items: &[Value], at: u64) -> Result<(), ReadError> {
        self.touch(target);
        self.raises_on_fixed(target, at, "something that holds items")?;
        self.note_method_call(target, at);
        let is_set = matches!(self.pickle.tree.get(target), Some(Node::Set(_)));
        self.filled(target, if is_set { items } else { &[] }, at);
        let into = match self.pickle.tree.get_mut(target) {
            Some(Node::List(list) | Node::Set(list) | Node::FrozenSet(list)) => list,
            Some(Node::Object(object)) => {
                self.pickle.trace.appended(object.callee, at);
                &mut object.items
            }
            _ => {
                self.odd_target(target, at);
                return Ok(());
            }
        };
        let before = into.kept.len();
        into.extend_within(items, ITEMS.saturating_sub(self.pickle.n_items));
        self.pickle.n_items = self.pickle.n_items.saturating_add(into.kept.len().saturating_sub(before));
        Ok(())
    }

    pub(super) fn set_items(&mut self, target: Value, items: &[Value], at: u64) -> Result<(), ReadError> {
        self.touch(target);
        if !items.len().is_multiple_of(2) {
            self.raises(at, "keys and values in pairs")?;
        }
        self.raises_on_fixed(target, at, "something that holds items")?;
        self.note_late_items(target, at);
        let keys: Vec<Value> = match self.pickle.trace.n_carried() {
            0 => Vec::new(),
            _ => items.iter().step_by(2).copied().collect(),
        };
        self.filled(target, &keys, at);
        let into = match self.pickle.tree.get_mut(target) {
            Some(Node::Dict(entries)) => entries,
            Some(Node::Object(object)) => &mut object.entries,
            _ => {
                self.odd_target(target, at);
                return Ok(());
            }
        };
        let before = into.kept.len();
        into.extend_within(items, ITEMS.saturating_sub(self.pickle.n_items).checked_div(2).unwrap_or(0));
        self.pickle.n_items =
            self.pickle.n_items.saturating_add(into.kept.len().saturating_sub(before).saturating_mul(2));
        Ok(())
    }

    pub(super) fn odd_target(&mut self, target: Value, at: u64) {
        match target {
            Value::Global(_) => self.odd(OddityKind::GlobalChanged, at),
            // A dropped value was a container or an object that the budget had no room for.
            Value::Dropped if self.pickle.is_cut => {}
            _ => self.odd(OddityKind::OddTarget, at),
        }
    }
}
