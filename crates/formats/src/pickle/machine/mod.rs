//! The symbolic stack machine.

mod arguments;
mod arrays;
mod by_value;
mod calls;
mod containers;
mod given;
mod stack;
mod state;

use packwright_source::{Budget, Cursor, ErrorKind, ReadError};

use super::inline::Inline;
use super::memo::{Fill, Memo};
use super::opcode::Opcode;
use super::text::raw_unicode;
use super::trace::OddityKind;
use super::value::{Entries, Items, Node, Value};
use super::{KEPT_ITEMS, Pickle};

/// The longest text that is kept, in bytes.
const KEPT_TEXT: u64 = 1 << 20;
/// The longest byte string that is kept, in bytes. Larger ones are read again by offset when somebody wants them.
const KEPT_BYTES: u64 = 2 << 10;
/// The longest line of a text opcode, in bytes.
const LINE: u64 = 8 << 20;

/// More values on the stack than any model needs, and more marks; a mark is worth three values.
const STACK: usize = 4_000_000;
/// How many items all containers together keep; more than 1.5 million values can be used for.
const ITEMS: usize = 4_000_000;
/// A name this long is paid for, in bytes.
const LONG_NAME: u64 = 1 << 10;
/// More names than any model imports.
const NAMES: usize = 20_000;

/// What lies below a MARK.
struct Mark {
    stack_len: usize,
    tree_len: usize,
    memo_fill: Fill,
    /// Whether something older than this mark was changed since: then nothing made since may be given back.
    older_changed: bool,
}

/// One pickle in progress: stack and memo are its own, tree and trace are shared.
struct Machine<'m, 'c> {
    cursor: &'m mut Cursor<'c>,
    budget: &'m mut Budget,
    inline: &'m mut dyn Inline,
    pickle: &'m mut Pickle,
    stack: Vec<Value>,
    marks: Vec<Mark>,
    memo: Memo,
    frame_end: Option<u64>,
    depth: u32,
}

/// Runs one pickle from PROTO to STOP.
pub(super) fn run(
    cursor: &mut Cursor<'_>,
    budget: &mut Budget,
    inline: &mut dyn Inline,
    pickle: &mut Pickle,
) -> Result<Value, ReadError> {
    run_at(cursor, budget, inline, pickle, 0)
}

fn run_at(
    cursor: &mut Cursor<'_>,
    budget: &mut Budget,
    inline: &mut dyn Inline,
    pickle: &mut Pickle,
    depth: u32,
) -> Result<Value, ReadError> {
    if budget.limits().depth <= depth {
        let limit = u64::from(budget.limits().depth);
        let asked = u64::from(depth).saturating_add(1);
        return Err(cursor.error(ErrorKind::Limit { what: "pickles inside pickles", asked, limit }));
    }
    let mut machine = Machine {
        cursor,
        budget,
        inline,
        pickle,
        stack: Vec::new(),
        marks: Vec::new(),
        memo: Memo::default(),
        frame_end: None,
        depth,
    };
    machine.run()
}

impl Machine<'_, '_> {
    fn run(&mut self) -> Result<Value, ReadError> {
        let start = self.cursor.position();
        loop {
            let at = self.cursor.position();
            self.budget.step("opcodes", 1).map_err(|kind| self.cursor.error(kind))?;
            let byte = self.cursor.byte("the next opcode")?;
            let Some(opcode) = Opcode::from_byte(byte) else {
                let kind =
                    ErrorKind::malformed("opcode", "one of the 68 pickle opcodes", format!("{byte:#04x}"));
                return Err(ReadError::new(self.cursor.format(), at, kind));
            };
            if opcode == Opcode::Stop {
                self.check_frame(at);
                if self.depth == 0 {
                    self.pickle.memo_bound = self.pickle.memo_bound.max(self.memo.bound());
                }
                let root = self.pop(at)?;
                if !self.stack.is_empty() || !self.marks.is_empty() {
                    self.odd(OddityKind::Leftovers, at);
                }
                return Ok(root);
            }
            self.step(opcode, at, at == start)?;
            self.bound(
                "values on the stack",
                self.stack.len().saturating_add(self.marks.len().saturating_mul(3)),
                STACK,
            )?;
            if opcode != Opcode::Frame {
                self.check_frame(at);
            }
        }
    }

    fn bound(&self, what: &'static str, asked: usize, limit: usize) -> Result<(), ReadError> {
        if asked <= limit {
            return Ok(());
        }
        let of = |n| u64::try_from(n).unwrap_or(u64::MAX);
        Err(self.cursor.error(ErrorKind::Limit { what, asked: of(asked), limit: of(limit) }))
    }

    /// An opcode that starts inside a frame must end inside it: CPython's readers disagree about what follows one
    /// that does not, so it hides opcodes from one of them.
    fn check_frame(&mut self, at: u64) {
        if let Some(end) = self.frame_end {
            if at < end && end < self.cursor.position() {
                self.odd(OddityKind::FrameCrossed, at);
            }
            if end <= self.cursor.position() {
                self.frame_end = None;
            }
        }
    }

    #[rustfmt::skip]
    fn step(&mut self, opcode: Opcode, at: u64, is_first: bool) -> Result<(), ReadError> {
        match opcode {
            Opcode::Stop | Opcode::ReadonlyBuffer => {}
            Opcode::Proto => {
                let protocol = self.cursor.byte("the protocol")?;
                if !is_first { self.odd(OddityKind::LateProto, at); }
                if 5 < protocol { self.raises(at, "a protocol up to 5")?; self.odd(OddityKind::UnknownProtocol, at); }
                self.pickle.protocol = self.pickle.protocol.max(protocol);
            }
            Opcode::Frame => self.frame(at)?,
            Opcode::None => self.push(Value::None),
            Opcode::NewTrue => self.push(Value::Bool(true)),
            Opcode::NewFalse => self.push(Value::Bool(false)),
            Opcode::Int => self.int_line()?,
            Opcode::Long => self.long_line()?,
            Opcode::BinInt => { let n = i32::from_le_bytes(self.cursor.array("an integer")?); self.push(Value::Int(n.into())); }
            Opcode::BinInt1 => { let n = self.cursor.byte("an integer")?; self.push(Value::Int(n.into())); }
            Opcode::BinInt2 => { let n = u16::from_le_bytes(self.cursor.array("an integer")?); self.push(Value::Int(n.into())); }
            Opcode::Long1 => { let n = self.cursor.byte("a length")?; self.long(n.into())?; }
            Opcode::Long4 => { let n = self.signed_len()?; self.long(n)?; }
            Opcode::Float => self.float_line()?,
            Opcode::BinFloat => { let x = f64::from_be_bytes(self.cursor.array("a float")?); self.push(Value::Float(x)); }
            Opcode::String => self.string_line()?,
            Opcode::Unicode => { let line = self.cursor.line("a text", LINE)?; self.push_text(at, raw_unicode(&line)); }
            Opcode::BinString => { let n = self.signed_len()?; self.text(n, at)?; }
            Opcode::ShortBinString | Opcode::ShortBinUnicode => { let n = self.cursor.byte("a length")?; self.text(n.into(), at)?; }
            Opcode::BinUnicode => { let n = self.len4()?; self.text(n, at)?; }
            Opcode::BinUnicode8 => { let n = self.len8()?; self.text(n, at)?; }
            Opcode::ShortBinBytes => { let n = self.cursor.byte("a length")?; self.bytes(n.into())?; }
            Opcode::BinBytes => { let n = self.len4()?; self.bytes(n)?; }
            Opcode::BinBytes8 | Opcode::ByteArray8 => { let n = self.len8()?; self.bytes(n)?; }
            Opcode::NextBuffer => { self.odd(OddityKind::OutOfBandBuffer, at); self.push(Value::Dropped); }
            Opcode::Mark => self.marks.push(Mark {
                stack_len: self.stack.len(), tree_len: self.pickle.tree.len(), memo_fill: self.memo.fill(), older_changed: false,
            }),
            Opcode::Pop => self.pop_any(at)?,
            Opcode::PopMark => { self.pop_mark(at)?; }
            Opcode::Dup => { let top = self.top(at)?; self.pickle.trace.pushed(top); self.push(top); }
            Opcode::EmptyList => self.push_node(Node::List(Box::default())),
            Opcode::EmptyDict => self.push_node(Node::Dict(Box::default())),
            Opcode::EmptySet => self.push_node(Node::Set(Box::default())),
            Opcode::EmptyTuple => self.push_node(Node::Tuple(Box::default())),
            Opcode::List => { let items = self.pop_mark(at)?.0; self.push_node(Node::List(Box::new(Items::from_all(&items)))); }
            Opcode::FrozenSet => { let items = self.pop_mark(at)?.0; self.filled(Value::None, &items, at); self.push_node(Node::FrozenSet(Box::new(Items::from_all(&items)))); }
            Opcode::Tuple => { let items = self.pop_mark(at)?.0; self.push_node(Node::Tuple(items.into())); }
            Opcode::Tuple1 => { let a = self.pop(at)?; self.push_node(Node::Tuple([a].into())); }
            Opcode::Tuple2 => { let b = self.pop(at)?; let a = self.pop(at)?; self.push_node(Node::Tuple([a, b].into())); }
            Opcode::Tuple3 => { let c = self.pop(at)?; let b = self.pop(at)?; let a = self.pop(at)?; self.push_node(Node::Tuple([a, b, c].into())); }
            Opcode::Dict => { let items = self.pop_mark(at)?.0; self.push_node(Node::Dict(Box::default())); let dict = self.top(at)?; self.set_items(dict, &items, at)?; }
            Opcode::Append => { let item = self.pop(at)?; let target = self.top(at)?; self.extend(target, &[item], at)?; }
            Opcode::Appends | Opcode::AddItems => { let (items, mark) = self.pop_mark(at)?; let target = self.top(at)?; let kept = self.kept_len(target); self.extend(target, &items, at)?; self.give_back(target, kept, &mark); }
            Opcode::SetItem => { let value = self.pop(at)?; let key = self.pop(at)?; let target = self.top(at)?; self.set_items(target, &[key, value], at)?; }
            Opcode::SetItems => { let (items, mark) = self.pop_mark(at)?; let target = self.top(at)?; let kept = self.kept_len(target); self.set_items(target, &items, at)?; self.give_back(target, kept, &mark); }
            Opcode::Get => { let n = self.number_line()?; self.recall(n, at)?; }
            Opcode::BinGet => { let n = self.cursor.byte("a memo number")?; self.recall(n.into(), at)?; }
            Opcode::LongBinGet => { let n = self.len4()?; self.recall(n, at)?; }
            Opcode::Put => { let n = self.number_line()?; self.remember(Some(n), at)?; }
            Opcode::BinPut => { let n = self.cursor.byte("a memo number")?; self.remember(Some(n.into()), at)?; }
            Opcode::LongBinPut => { let n = self.len4()?; self.remember(Some(n), at)?; }
            Opcode::Memoize => self.remember(None, at)?,
            Opcode::Global => { let (module, name) = self.name_lines()?; let global = self.global(&module, &name, at)?; self.push(global); }
            Opcode::StackGlobal => self.stack_global(at)?,
            Opcode::Ext1 => { self.cursor.skip(1, "an extension code")?; self.extension(at)?; }
            Opcode::Ext2 => { self.cursor.skip(2, "an extension code")?; self.extension(at)?; }
            Opcode::Ext4 => { self.cursor.skip(4, "an extension code")?; self.extension(at)?; }
            Opcode::PersId => { let line = self.cursor.line("a persistent id", LINE)?; self.push_text(at, String::from_utf8_lossy(&line).into_owned()); self.persistent(at)?; }
            Opcode::BinPersId => self.persistent(at)?,
            Opcode::Reduce => { let args = self.pop(at)?; let callee = self.pop(at)?; self.call(callee, args, at)?; }
            Opcode::NewObj => { let args = self.pop(at)?; let class = self.pop(at)?; self.make(class, args, None, at)?; }
            Opcode::NewObjEx => { let kwargs = self.pop(at)?; let args = self.pop(at)?; let class = self.pop(at)?; self.make(class, args, Some(kwargs), at)?; }
            Opcode::Inst => { let (module, name) = self.name_lines()?; let callee = self.global(&module, &name, at)?; self.pickle.trace.referred(callee); let items = self.pop_mark(at)?.0; let args = self.node(Node::Tuple(items.into())); self.call(callee, args, at)?; }
            Opcode::Obj => {
                let items = self.pop_mark(at)?.0;
                let Some((class, args)) = items.split_first() else { return Err(self.underflow(at)) };
                let args = self.node(Node::Tuple(args.into()));
                self.call(*class, args, at)?;
            }
            Opcode::Build => { let state = self.pop(at)?; self.build(state, at)?; }
        }
        Ok(())
    }

    // The memo.

    fn remember(&mut self, number: Option<u64>, at: u64) -> Result<(), ReadError> {
        let top = self.top(at)?;
        let number = number.unwrap_or_else(|| self.memo.count());
        if let Some(mark) = self.marks.last_mut()
            && self.memo.is_older(number, mark.memo_fill)
        {
            mark.older_changed = true;
        }
        self.memo.put(number, top).map_err(|kind| self.cursor.error(kind))
    }

    fn recall(&mut self, number: u64, at: u64) -> Result<(), ReadError> {
        let value = self.memo.get(number);
        if value.is_none() {
            self.raises(at, "a number that the memo holds")?;
            self.odd(OddityKind::MemoMissing, at);
        }
        let value = value.unwrap_or(Value::Dropped);
        self.pickle.trace.pushed(value);
        self.push(value);
        Ok(())
    }
}

impl Items {
    pub(crate) fn from_all(items: &[Value]) -> Self {
        let mut kept = Self::default();
        kept.extend_within(items, KEPT_ITEMS);
        kept
    }

    /// Keeps up to `room` more items.
    pub(super) fn extend_within(&mut self, items: &[Value], room: usize) {
        self.len = self.len.saturating_add(u64::try_from(items.len()).unwrap_or(0));
        let room = KEPT_ITEMS.saturating_sub(self.kept.len()).min(items.len()).min(room);
        self.kept.extend_from_slice(items.get(..room).unwrap_or_default());
    }
}

impl Entries {
    pub(crate) fn from_flat(items: &[Value]) -> Self {
        let mut kept = Self::default();
        kept.extend_within(items, KEPT_ITEMS);
        kept
    }

    /// Keeps up to `room` more pairs.
    pub(super) fn extend_within(&mut self, flat: &[Value], room: usize) {
        let most = KEPT_ITEMS.min(self.kept.len().saturating_add(room));
        for pair in flat.chunks_exact(2) {
            if let [key, value] = pair {
                self.len = self.len.saturating_add(1);
                if self.kept.len() < most {
                    self.kept.push((*key, *value));
                }
            }
        }
    }
}
