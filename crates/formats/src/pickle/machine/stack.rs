//! The stack: values, and the marks between them.

use packwright_source::{ErrorKind, ReadError};

use super::super::KEPT_ITEMS;
use super::super::trace::OddityKind;
use super::super::value::{Node, Value};
use super::{ITEMS, Machine, Mark};

impl Machine<'_, '_> {
    pub(super) fn push(&mut self, value: Value) {
        self.pickle.trace.referred(value);
        self.stack.push(value);
    }

    pub(super) fn node(&mut self, node: Node) -> Value {
        let n_items = node.n_kept();
        if n_items <= ITEMS.saturating_sub(self.pickle.n_items)
            && self.budget.value()
            && let Some(value) = self.pickle.tree.push(node)
        {
            self.pickle.n_items = self.pickle.n_items.saturating_add(n_items);
            return value;
        }
        self.pickle.is_cut = true;
        Value::Dropped
    }

    pub(super) fn push_node(&mut self, node: Node) {
        let value = self.node(node);
        self.push(value);
    }

    pub(super) fn floor(&self) -> usize {
        self.marks.last().map_or(0, |mark| mark.stack_len)
    }

    pub(super) fn pop(&mut self, at: u64) -> Result<Value, ReadError> {
        if self.stack.len() <= self.floor() {
            return Err(self.underflow(at));
        }
        self.stack.pop().ok_or_else(|| self.underflow(at))
    }

    pub(super) fn top(&self, at: u64) -> Result<Value, ReadError> {
        if self.stack.len() <= self.floor() {
            return Err(self.underflow(at));
        }
        self.stack.last().copied().ok_or_else(|| self.underflow(at))
    }

    /// POP takes a mark away when the mark is on top.
    pub(super) fn pop_any(&mut self, at: u64) -> Result<(), ReadError> {
        if self.stack.len() == self.floor()
            && let Some(mark) = self.marks.pop()
        {
            self.leave(&mark);
            return Ok(());
        }
        self.pop(at).map(drop)
    }

    pub(super) fn pop_mark(&mut self, at: u64) -> Result<(Vec<Value>, Mark), ReadError> {
        let Some(mark) = self.marks.pop() else {
            let kind = ErrorKind::malformed("stack", "a mark", "none");
            return Err(ReadError::new(self.cursor.format(), at, kind));
        };
        self.leave(&mark);
        let items = self.stack.split_off(mark.stack_len.min(self.stack.len()));
        Ok((items, mark))
    }

    /// What is older than an inner mark may be older than the outer one too.
    pub(super) fn leave(&mut self, inner: &Mark) {
        if inner.older_changed
            && let Some(outer) = self.marks.last_mut()
        {
            outer.older_changed = true;
        }
    }

    pub(super) fn underflow(&self, at: u64) -> ReadError {
        let kind = ErrorKind::malformed("stack", "a value", "an empty stack");
        ReadError::new(self.cursor.format(), at, kind)
    }

    pub(super) fn odd(&mut self, kind: OddityKind, at: u64) {
        self.pickle.trace.odd(kind, at);
    }

    /// How many items of a container are kept; `None` when it keeps every one that it is given.
    pub(super) fn kept_len(&self, target: Value) -> Option<usize> {
        match self.pickle.tree.get(target)? {
            Node::List(items) | Node::Set(items) => Some(items.kept.len()),
            Node::Dict(entries) => Some(entries.kept.len()),
            _ => None,
        }
    }

    /// Frees what was made since a mark when the container that it went into kept nothing of it. Without this a
    /// vocabulary of millions of words would cost hundreds of megabytes.
    pub(super) fn give_back(&mut self, target: Value, kept_before: Option<usize>, mark: &Mark) {
        let kept_nothing = kept_before == Some(KEPT_ITEMS) && self.kept_len(target) == kept_before;
        if kept_nothing && !mark.older_changed && !self.pickle.trace.points_beyond(mark.tree_len) {
            self.memo.forget(mark.memo_fill);
            let (n_nodes, n_bytes, n_items) = self.pickle.tree.truncate(mark.tree_len);
            self.budget.return_values(n_nodes, n_bytes);
            self.pickle.n_items = self.pickle.n_items.saturating_sub(n_items);
        }
    }

    /// Notes that something made before the innermost mark was changed.
    pub(super) fn touch(&mut self, target: Value) {
        if let (Some(mark), Value::Node(id)) = (self.marks.last_mut(), target)
            && usize::try_from(id.0).is_ok_and(|id| id < mark.tree_len)
        {
            mark.older_changed = true;
        }
    }
}
