//! The symbolic stack machine.

mod arguments;
mod arrays;
mod by_value;
mod given;
mod state;

use packwright_source::{Budget, Cursor, ErrorKind, ReadError};

use self::by_value::Unfollowed;
use super::by_value::Maker;
use super::inline::{Inline, InlineOutcome, Site};
use super::memo::{Fill, Memo};
use super::opcode::Opcode;
use super::text::raw_unicode;
use super::trace::OddityKind;
use super::value::{Bytes, Call, Entries, Items, Node, Object, Value};
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

    // Pushing and popping.

    fn push(&mut self, value: Value) {
        self.pickle.trace.referred(value);
        self.stack.push(value);
    }

    fn node(&mut self, node: Node) -> Value {
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

    fn push_node(&mut self, node: Node) {
        let value = self.node(node);
        self.push(value);
    }

    fn floor(&self) -> usize {
        self.marks.last().map_or(0, |mark| mark.stack_len)
    }

    fn pop(&mut self, at: u64) -> Result<Value, ReadError> {
        if self.stack.len() <= self.floor() {
            return Err(self.underflow(at));
        }
        self.stack.pop().ok_or_else(|| self.underflow(at))
    }

    fn top(&self, at: u64) -> Result<Value, ReadError> {
        if self.stack.len() <= self.floor() {
            return Err(self.underflow(at));
        }
        self.stack.last().copied().ok_or_else(|| self.underflow(at))
    }

    /// POP takes a mark away when the mark is on top.
    fn pop_any(&mut self, at: u64) -> Result<(), ReadError> {
        if self.stack.len() == self.floor()
            && let Some(mark) = self.marks.pop()
        {
            self.leave(&mark);
            return Ok(());
        }
        self.pop(at).map(drop)
    }

    fn pop_mark(&mut self, at: u64) -> Result<(Vec<Value>, Mark), ReadError> {
        let Some(mark) = self.marks.pop() else {
            let kind = ErrorKind::malformed("stack", "a mark", "none");
            return Err(ReadError::new(self.cursor.format(), at, kind));
        };
        self.leave(&mark);
        let items = self.stack.split_off(mark.stack_len.min(self.stack.len()));
        Ok((items, mark))
    }

    /// What is older than an inner mark may be older than the outer one too.
    fn leave(&mut self, inner: &Mark) {
        if inner.older_changed
            && let Some(outer) = self.marks.last_mut()
        {
            outer.older_changed = true;
        }
    }

    fn underflow(&self, at: u64) -> ReadError {
        let kind = ErrorKind::malformed("stack", "a value", "an empty stack");
        ReadError::new(self.cursor.format(), at, kind)
    }

    fn odd(&mut self, kind: OddityKind, at: u64) {
        self.pickle.trace.odd(kind, at);
    }

    /// How many items of a container are kept; `None` when it keeps every one that it is given.
    fn kept_len(&self, target: Value) -> Option<usize> {
        match self.pickle.tree.get(target)? {
            Node::List(items) | Node::Set(items) => Some(items.kept.len()),
            Node::Dict(entries) => Some(entries.kept.len()),
            _ => None,
        }
    }

    /// Frees what was made since a mark when the container that it went into kept nothing of it. Without this a
    /// vocabulary of millions of words would cost hundreds of megabytes.
    fn give_back(&mut self, target: Value, kept_before: Option<usize>, mark: &Mark) {
        let kept_nothing = kept_before == Some(KEPT_ITEMS) && self.kept_len(target) == kept_before;
        if kept_nothing && !mark.older_changed && !self.pickle.trace.points_beyond(mark.tree_len) {
            self.memo.forget(mark.memo_fill);
            let (n_nodes, n_bytes, n_items) = self.pickle.tree.truncate(mark.tree_len);
            self.budget.return_values(n_nodes, n_bytes);
            self.pickle.n_items = self.pickle.n_items.saturating_sub(n_items);
        }
    }

    /// Notes that something made before the innermost mark was changed.
    fn touch(&mut self, target: Value) {
        if let (Some(mark), Value::Node(id)) = (self.marks.last_mut(), target)
            && usize::try_from(id.0).is_ok_and(|id| id < mark.tree_len)
        {
            mark.older_changed = true;
        }
    }

    // Containers.

    fn extend(&mut self, target: Value, items: &[Value], at: u64) -> Result<(), ReadError> {
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

    fn set_items(&mut self, target: Value, items: &[Value], at: u64) -> Result<(), ReadError> {
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

    fn odd_target(&mut self, target: Value, at: u64) {
        match target {
            Value::Global(_) => self.odd(OddityKind::GlobalChanged, at),
            // A dropped value was a container or an object that the budget had no room for.
            Value::Dropped if self.pickle.is_cut => {}
            _ => self.odd(OddityKind::OddTarget, at),
        }
    }

    // Names and calls.

    fn global(&mut self, module: &str, name: &str, at: u64) -> Result<Value, ReadError> {
        let is_part = |char: char| {
            char.is_alphanumeric()
                || matches!(char, '_' | '.' | '-')
                || !char.is_ascii() && char != '\u{fffd}'
        };
        let is_name = |text: &str| !text.is_empty() && text.chars().all(is_part);
        if !is_name(module) || !is_name(name) {
            self.raises(at, "a name that can be imported")?;
        }
        let len = u64::try_from(module.len().saturating_add(name.len())).unwrap_or(u64::MAX);
        if LONG_NAME < len {
            // The trace, its index and the report hold one each.
            self.budget.keep("a name", len.saturating_mul(3)).map_err(|kind| self.cursor.error(kind))?;
        }
        let global = self.pickle.trace.name(module, name, at).unwrap_or(Value::Dropped);
        self.bound("names", self.pickle.trace.globals().len(), NAMES)?;
        self.pickle.trace.pushed(global);
        Ok(global)
    }

    fn name_lines(&mut self) -> Result<(String, String), ReadError> {
        let module = self.cursor.line("a module name", LINE)?;
        let name = self.cursor.line("a name in a module", LINE)?;
        Ok((String::from_utf8_lossy(&module).into_owned(), String::from_utf8_lossy(&name).into_owned()))
    }

    fn stack_global(&mut self, at: u64) -> Result<(), ReadError> {
        let name = self.pop(at)?;
        let module = self.pop(at)?;
        let tree = &self.pickle.tree;
        if let (Some(module), Some(name)) = (tree.text(module), tree.text(name)) {
            let (module, name) = (module.to_owned(), name.to_owned());
            let global = self.global(&module, &name, at)?;
            self.push(global);
        } else {
            self.raises_unless_text(name, at)?;
            self.raises_unless_text(module, at)?;
            self.odd(OddityKind::ComputedName, at);
            self.push(Value::Dropped);
        }
        Ok(())
    }

    fn extension(&mut self, at: u64) -> Result<(), ReadError> {
        self.raises(at, "a registered extension")?;
        self.odd(OddityKind::ExtensionCode, at);
        self.push(Value::Dropped);
        Ok(())
    }

    fn persistent(&mut self, at: u64) -> Result<(), ReadError> {
        self.raises(at, "no persistent id")?;
        let id = self.pop(at)?;
        self.pickle.trace.persistent_id(id, at);
        // PyTorch before 1.6 wrote a class with its source: ('module', class, file, text). It loads the class.
        let tree = &self.pickle.tree;
        if let Some([kind, class @ Value::Global(_), _, _]) = tree.items(id)
            && tree.text(*kind) == Some("module")
        {
            let class = *class;
            self.pickle.trace.pushed(class);
            self.push(class);
            return Ok(());
        }
        self.push_node(Node::Persistent(id));
        Ok(())
    }

    fn call(&mut self, callee: Value, args: Value, at: u64) -> Result<(), ReadError> {
        self.raises_on_data(callee, at, "something to call")?;
        self.raises_on_scalar(args, at, "arguments")?;
        let by_value = match callee {
            Value::Global(_) => self.call_by_value(callee, args, at),
            _ => self.call_computed(callee, args, at),
        };
        match by_value {
            Ok(result) => {
                self.pickle.trace.spent(callee);
                self.push(result);
                return Ok(());
            }
            Err(Unfollowed::Broken(error)) => return Err(error),
            Err(Unfollowed::Unknown) => {}
        }
        let function = self.function_of_partial(callee).unwrap_or(callee);
        self.pickle.trace.called(function, args, at);
        self.passed(args, at);
        self.note_arguments(function, args);
        self.pickle.trace.spent(callee);
        // Protocols 0 and 1 make instances through a function: what matters is the class that it is given.
        let class = match self.pickle.trace.global(callee) {
            Some(global) if is_reconstructor(&global.module, &global.name) => {
                let items = self.pickle.tree.items(args);
                Some(items.and_then(|args| args.first().copied()).unwrap_or(Value::Dropped))
            }
            _ => None,
        };
        if let Some(class) = class {
            self.made(class, at);
            // The same arguments may be given to many calls, but only once right after they were made.
            if self.pickle.tree.is_last(args) {
                self.pickle.trace.spent_in(class, args);
            }
        }
        let (callee, call) = class.map_or((callee, Call::Function), |class| (class, Call::New));
        self.push_node(Node::Object(Box::new(Object::made_by(callee, call, args, at))));
        Ok(())
    }

    /// The function that a `functools.partial` calls, which is one call as any other: pandas 1.3 writes the blocks of
    /// tables that way. `None` when that is not plain from both its arguments and its state.
    fn function_of_partial(&self, callee: Value) -> Option<Value> {
        let (tree, trace) = (&self.pickle.tree, &self.pickle.trace);
        let partial = tree.object(callee)?;
        let is_partial = trace
            .global(partial.callee)
            .is_some_and(|global| global.module == "functools" && global.name == "partial");
        // Bound arguments would not be seen among those of the call: only numbers by name are let through.
        let [function] = tree.items(partial.args)? else { return None };
        let is_plain = match partial.state.map(|state| tree.items(state)) {
            Some(Some([same, bound, named, _])) => {
                let named = tree.entries(*named).unwrap_or_default();
                same == function
                    && tree.len_of(*bound) == Some(0)
                    && named.iter().all(|(_, value)| matches!(value, Value::Int(_)))
            }
            Some(_) => false,
            None => true,
        };
        let is_once = !partial.is_rebuilt && partial.call == Call::Function;
        (is_partial && is_plain && is_once && trace.global(*function).is_some()).then_some(*function)
    }

    fn make(&mut self, class: Value, args: Value, kwargs: Option<Value>, at: u64) -> Result<(), ReadError> {
        self.raises_on_data(class, at, "a class")?;
        self.raises_on_scalar(args, at, "arguments")?;
        self.made(class, at);
        self.note_arguments(class, args);
        self.pickle.trace.spent(class);
        let object = Object { kwargs, ..Object::made_by(class, Call::New, args, at) };
        self.push_node(Node::Object(Box::new(object)));
        Ok(())
    }

    fn build(&mut self, state: Value, at: u64) -> Result<(), ReadError> {
        let target = self.top(at)?;
        self.touch(target);
        let is_foreign = self.is_foreign(target);
        let is_own = self.is_own_code(target);
        match self.pickle.tree.get_mut(target) {
            Some(Node::Object(_)) if is_foreign => self.odd(OddityKind::GlobalChanged, at),
            Some(Node::Object(object)) => {
                let maker = object.callee;
                let is_second = object.state.is_some();
                object.is_rebuilt |= is_second;
                object.state = Some(state);
                // Functions and classes of the file keep their attributes in slots with names of Python's own.
                if !is_own {
                    self.note_state(maker, state, at);
                    self.note_build(target, state, is_second, at);
                }
            }
            _ => self.build_on_other(target, state, at)?,
        }
        // What lies inside an object array is read by a plain reader.
        if 0 < self.depth {
            return Ok(());
        }
        let offset = self.cursor.position();
        let site = Site { object: target, offset, memo: &self.memo };
        match self.inline.after_build(self.pickle, &site) {
            InlineOutcome::Nothing => Ok(()),
            InlineOutcome::Raw { pad, len } => {
                self.note_other_loaders()?;
                self.leave_frame(at);
                let padding = if pad { self.padding(at)? } else { 0 };
                let offset = self.cursor.position();
                self.skip_array(padding, len)?;
                self.inline_array(target, state, super::InlineData::Raw(Bytes::at(offset, len)));
                Ok(())
            }
            InlineOutcome::Pickle => {
                self.note_other_loaders()?;
                self.leave_frame(at);
                let depth = self.depth.saturating_add(1);
                let root = run_at(self.cursor, self.budget, self.inline, self.pickle, depth)?;
                self.inline_array(target, state, super::InlineData::Pickle(root));
                Ok(())
            }
            InlineOutcome::Malformed(found) => {
                self.note_other_loaders()?;
                let kind = ErrorKind::malformed("array description", "a shape and a dtype", found);
                Err(ReadError::new(self.cursor.format(), at, kind))
            }
        }
    }

    /// Whether a value is what the program has already: an imported module, or an attribute of something.
    fn is_foreign(&self, target: Value) -> bool {
        let object = self.pickle.tree.object(target);
        let maker = object.and_then(|object| self.pickle.trace.global(object.callee)?.maker);
        matches!(maker, Some(Maker::Import | Maker::Attribute | Maker::Eval | Maker::File))
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

fn is_reconstructor(module: &str, name: &str) -> bool {
    matches!((module, name), ("copy_reg" | "copyreg", "_reconstructor" | "__newobj__" | "__newobj_ex__"))
}
