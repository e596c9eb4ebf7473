//! The symbolic stack machine.

mod arguments;
mod given;

use packwright_source::{Budget, Cursor, ErrorKind, ReadError};

use super::inline::{Inline, InlineOutcome, Site};
use super::memo::Memo;
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

/// What lies below a MARK.
struct Mark {
    stack_len: usize,
    tree_len: usize,
    memo_len: usize,
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
                return self.pop(at);
            }
            self.step(opcode, at, at == start)?;
            if opcode != Opcode::Frame {
                self.check_frame(at);
            }
        }
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
                if 5 < protocol { self.odd(OddityKind::UnknownProtocol, at); }
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
                stack_len: self.stack.len(), tree_len: self.pickle.tree.len(), memo_len: self.memo.len(), older_changed: false,
            }),
            Opcode::Pop => self.pop_any(at)?,
            Opcode::PopMark => { self.pop_mark(at)?; }
            Opcode::Dup => { let top = self.top(at)?; self.push(top); }
            Opcode::EmptyList => self.push_node(Node::List(Box::default())),
            Opcode::EmptyDict => self.push_node(Node::Dict(Box::default())),
            Opcode::EmptySet => self.push_node(Node::Set(Box::default())),
            Opcode::EmptyTuple => self.push_node(Node::Tuple(Box::default())),
            Opcode::List => { let items = self.pop_mark(at)?.0; self.push_node(Node::List(Box::new(Items::from_all(&items)))); }
            Opcode::FrozenSet => { let items = self.pop_mark(at)?.0; self.push_node(Node::FrozenSet(Box::new(Items::from_all(&items)))); }
            Opcode::Tuple => { let items = self.pop_mark(at)?.0; self.push_node(Node::Tuple(items.into())); }
            Opcode::Tuple1 => { let a = self.pop(at)?; self.push_node(Node::Tuple([a].into())); }
            Opcode::Tuple2 => { let b = self.pop(at)?; let a = self.pop(at)?; self.push_node(Node::Tuple([a, b].into())); }
            Opcode::Tuple3 => { let c = self.pop(at)?; let b = self.pop(at)?; let a = self.pop(at)?; self.push_node(Node::Tuple([a, b, c].into())); }
            Opcode::Dict => { let items = self.pop_mark(at)?.0; self.push_node(Node::Dict(Box::new(Entries::from_flat(&items)))); }
            Opcode::Append => { let item = self.pop(at)?; let target = self.top(at)?; self.extend(target, &[item], at); }
            Opcode::Appends | Opcode::AddItems => { let (items, mark) = self.pop_mark(at)?; let target = self.top(at)?; let kept = self.kept_len(target); self.extend(target, &items, at); self.give_back(target, kept, &mark); }
            Opcode::SetItem => { let value = self.pop(at)?; let key = self.pop(at)?; let target = self.top(at)?; self.set_items(target, &[key, value], at); }
            Opcode::SetItems => { let (items, mark) = self.pop_mark(at)?; let target = self.top(at)?; let kept = self.kept_len(target); self.set_items(target, &items, at); self.give_back(target, kept, &mark); }
            Opcode::Get => { let n = self.number_line()?; self.recall(n, at); }
            Opcode::BinGet => { let n = self.cursor.byte("a memo number")?; self.recall(n.into(), at); }
            Opcode::LongBinGet => { let n = self.len4()?; self.recall(n, at); }
            Opcode::Put => { let n = self.number_line()?; self.remember(Some(n), at)?; }
            Opcode::BinPut => { let n = self.cursor.byte("a memo number")?; self.remember(Some(n.into()), at)?; }
            Opcode::LongBinPut => { let n = self.len4()?; self.remember(Some(n), at)?; }
            Opcode::Memoize => self.remember(None, at)?,
            Opcode::Global => { let (module, name) = self.name_lines()?; let global = self.global(&module, &name, at); self.push(global); }
            Opcode::StackGlobal => self.stack_global(at)?,
            Opcode::Ext1 => { self.cursor.skip(1, "an extension code")?; self.extension(at); }
            Opcode::Ext2 => { self.cursor.skip(2, "an extension code")?; self.extension(at); }
            Opcode::Ext4 => { self.cursor.skip(4, "an extension code")?; self.extension(at); }
            Opcode::PersId => { let line = self.cursor.line("a persistent id", LINE)?; self.push_text(at, String::from_utf8_lossy(&line).into_owned()); self.persistent(at)?; }
            Opcode::BinPersId => self.persistent(at)?,
            Opcode::Reduce => { let args = self.pop(at)?; let callee = self.pop(at)?; self.call(callee, args, at); }
            Opcode::NewObj => { let args = self.pop(at)?; let class = self.pop(at)?; self.make(class, args, None, at); }
            Opcode::NewObjEx => { let kwargs = self.pop(at)?; let args = self.pop(at)?; let class = self.pop(at)?; self.make(class, args, Some(kwargs), at); }
            Opcode::Inst => { let (module, name) = self.name_lines()?; let callee = self.global(&module, &name, at); let items = self.pop_mark(at)?.0; let args = self.node(Node::Tuple(items.into())); self.call(callee, args, at); }
            Opcode::Obj => {
                let items = self.pop_mark(at)?.0;
                let Some((class, args)) = items.split_first() else { return Err(self.underflow(at)) };
                let args = self.node(Node::Tuple(args.into()));
                self.call(*class, args, at);
            }
            Opcode::Build => { let state = self.pop(at)?; self.build(state, at)?; }
        }
        Ok(())
    }

    // Pushing and popping.

    fn push(&mut self, value: Value) {
        self.stack.push(value);
    }

    fn node(&mut self, node: Node) -> Value {
        if self.budget.value()
            && let Some(value) = self.pickle.tree.push(node)
        {
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
        if self.stack.len() == self.floor() && self.marks.pop().is_some() {
            return Ok(());
        }
        self.pop(at).map(drop)
    }

    fn pop_mark(&mut self, at: u64) -> Result<(Vec<Value>, Mark), ReadError> {
        let Some(mark) = self.marks.pop() else {
            let kind = ErrorKind::malformed("stack", "a mark", "none");
            return Err(ReadError::new(self.cursor.format(), at, kind));
        };
        if mark.older_changed
            && let Some(below) = self.marks.last_mut()
        {
            // What is older than the inner mark may be older than the outer one too.
            below.older_changed = true;
        }
        let items = self.stack.split_off(mark.stack_len.min(self.stack.len()));
        Ok((items, mark))
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
            self.memo.forget(mark.memo_len);
            self.pickle.tree.truncate(mark.tree_len);
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

    fn extend(&mut self, target: Value, items: &[Value], at: u64) {
        self.touch(target);
        self.note_late_change(target, at);
        let into = match self.pickle.tree.get_mut(target) {
            Some(Node::List(list) | Node::Set(list) | Node::FrozenSet(list)) => list,
            Some(Node::Object(object)) => {
                self.pickle.trace.appended(object.callee, at);
                &mut object.items
            }
            _ => return self.odd_target(target, at),
        };
        into.extend(items);
    }

    fn set_items(&mut self, target: Value, items: &[Value], at: u64) {
        self.touch(target);
        let into = match self.pickle.tree.get_mut(target) {
            Some(Node::Dict(entries)) => entries,
            Some(Node::Object(object)) => &mut object.entries,
            _ => return self.odd_target(target, at),
        };
        into.extend(items);
    }

    /// BUILD looks `__setstate__` up on the object, and APPENDS `extend`: an object whose state is already set may answer
    /// with an attribute from the file. Picklers set the state once, and last.
    fn note_late_change(&mut self, target: Value, at: u64) {
        if self.pickle.tree.object(target).is_some_and(|object| object.state.is_some()) {
            self.odd(OddityKind::ChangedAgain, at);
        }
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

    fn global(&mut self, module: &str, name: &str, at: u64) -> Value {
        self.pickle.trace.name(module, name, at).unwrap_or(Value::Dropped)
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
            let global = self.global(&module, &name, at);
            self.push(global);
        } else {
            self.odd(OddityKind::ComputedName, at);
            self.push(Value::Dropped);
        }
        Ok(())
    }

    fn extension(&mut self, at: u64) {
        self.odd(OddityKind::ExtensionCode, at);
        self.push(Value::Dropped);
    }

    fn persistent(&mut self, at: u64) -> Result<(), ReadError> {
        let id = self.pop(at)?;
        self.pickle.trace.persistent_id(id, at);
        self.push_node(Node::Persistent(id));
        Ok(())
    }

    fn call(&mut self, callee: Value, args: Value, at: u64) {
        let function = self.function_of_partial(callee).unwrap_or(callee);
        self.pickle.trace.called(function, args, at);
        self.note_arguments(function, args);
        // Protocols 0 and 1 make instances through a function: what matters is the class that it is given.
        let class = match self.pickle.trace.global(callee) {
            Some(global) if is_reconstructor(&global.module, &global.name) => {
                self.pickle.tree.items(args).and_then(|args| args.first().copied())
            }
            _ => None,
        };
        if let Some(class) = class {
            self.pickle.trace.made(class, at);
        }
        let (callee, call) = class.map_or((callee, Call::Function), |class| (class, Call::New));
        self.push_node(Node::Object(Box::new(Object::made_by(callee, call, args, at))));
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
        (is_partial && is_plain && partial.call == Call::Function && trace.global(*function).is_some())
            .then_some(*function)
    }

    fn make(&mut self, class: Value, args: Value, kwargs: Option<Value>, at: u64) {
        self.pickle.trace.made(class, at);
        self.note_arguments(class, args);
        let object = Object { kwargs, ..Object::made_by(class, Call::New, args, at) };
        self.push_node(Node::Object(Box::new(object)));
    }

    fn build(&mut self, state: Value, at: u64) -> Result<(), ReadError> {
        let target = self.top(at)?;
        self.touch(target);
        self.note_late_change(target, at);
        match self.pickle.tree.get_mut(target) {
            Some(Node::Object(object)) => {
                object.state = Some(state);
                let maker = object.callee;
                self.note_state(maker, state, at);
            }
            _ => self.odd_target(target, at),
        }
        let offset = self.cursor.position();
        let site = Site { object: target, offset, depth: self.depth, memo: &self.memo };
        match self.inline.after_build(self.pickle, &site) {
            InlineOutcome::Nothing => Ok(()),
            InlineOutcome::Raw { pad, len } => {
                self.leave_frame(at);
                if pad {
                    self.padding(at)?;
                }
                let offset = self.cursor.position();
                self.cursor.skip(len, "an array")?;
                self.inline_array(target, state, super::InlineData::Raw(Bytes::at(offset, len)));
                Ok(())
            }
            InlineOutcome::Pickle => {
                self.leave_frame(at);
                let depth = self.depth.saturating_add(1);
                let root = run_at(self.cursor, self.budget, self.inline, self.pickle, depth)?;
                self.inline_array(target, state, super::InlineData::Pickle(root));
                Ok(())
            }
            InlineOutcome::Malformed(found) => {
                let kind = ErrorKind::malformed("array description", "a shape and a dtype", found);
                Err(ReadError::new(self.cursor.format(), at, kind))
            }
        }
    }

    /// joblib ends the frame before it writes an array.
    fn leave_frame(&mut self, at: u64) {
        if self.frame_end.is_some_and(|end| self.cursor.position() < end) {
            self.odd(OddityKind::FrameCrossed, at);
        }
        self.frame_end = None;
    }

    /// A length byte and that many 0xff bytes.
    fn padding(&mut self, at: u64) -> Result<(), ReadError> {
        let len = self.cursor.byte("the padding of an array")?;
        let bytes = self.cursor.take(len.into(), "the padding of an array")?;
        if bytes.iter().any(|byte| *byte != 0xff) {
            self.odd(OddityKind::OddPadding, at);
        }
        Ok(())
    }

    /// The wrapper on the stack becomes the array; the memo keeps the wrapper, as joblib's does.
    fn inline_array(&mut self, wrapper: Value, state: Value, data: super::InlineData) {
        self.pickle.n_inline = self.pickle.n_inline.saturating_add(1);
        let array = self.node(Node::Array(Box::new(super::InlineArray { state, data })));
        if self.stack.last() == Some(&wrapper) {
            self.stack.pop();
        }
        self.push(array);
    }

    // The memo.

    fn remember(&mut self, number: Option<u64>, at: u64) -> Result<(), ReadError> {
        let top = self.top(at)?;
        let number = number.unwrap_or_else(|| self.memo.count());
        if let Some(mark) = self.marks.last_mut()
            && usize::try_from(number).is_ok_and(|number| number < mark.memo_len)
        {
            mark.older_changed = true;
        }
        self.memo.put(number, top).map_err(|kind| self.cursor.error(kind))
    }

    fn recall(&mut self, number: u64, at: u64) {
        let value = self.memo.get(number).unwrap_or_else(|| {
            self.odd(OddityKind::MemoMissing, at);
            Value::Dropped
        });
        self.push(value);
    }
}

impl Items {
    pub(crate) fn from_all(items: &[Value]) -> Self {
        let mut kept = Self::default();
        kept.extend(items);
        kept
    }

    pub(super) fn extend(&mut self, items: &[Value]) {
        self.len = self.len.saturating_add(u64::try_from(items.len()).unwrap_or(0));
        let room = KEPT_ITEMS.saturating_sub(self.kept.len()).min(items.len());
        self.kept.extend_from_slice(items.get(..room).unwrap_or_default());
    }
}

impl Entries {
    pub(crate) fn from_flat(items: &[Value]) -> Self {
        let mut kept = Self::default();
        kept.extend(items);
        kept
    }

    pub(super) fn extend(&mut self, flat: &[Value]) {
        for pair in flat.chunks_exact(2) {
            if let [key, value] = pair {
                self.len = self.len.saturating_add(1);
                if self.kept.len() < KEPT_ITEMS {
                    self.kept.push((*key, *value));
                }
            }
        }
    }
}

fn is_reconstructor(module: &str, name: &str) -> bool {
    matches!((module, name), ("copy_reg" | "copyreg", "_reconstructor" | "__newobj__" | "__newobj_ex__"))
}
