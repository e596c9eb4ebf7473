//! Names, and what is called, made and given a state.

use packwright_source::{ErrorKind, ReadError};

use super::super::by_value::Maker;
use super::super::inline::{InlineOutcome, Site};
use super::super::trace::OddityKind;
use super::super::value::{Bytes, Call, InlineData, Node, Object, Value};
use super::by_value::Unfollowed;
use super::{LINE, LONG_NAME, Machine, NAMES, run_at};

impl Machine<'_, '_> {
    pub(super) fn global(&mut self, module: &str, name: &str, at: u64) -> Result<Value, ReadError> {
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

    pub(super) fn name_lines(&mut self) -> Result<(String, String), ReadError> {
        let module = self.cursor.line("a module name", LINE)?;
        let name = self.cursor.line("a name in a module", LINE)?;
        Ok((String::from_utf8_lossy(&module).into_owned(), String::from_utf8_lossy(&name).into_owned()))
    }

    pub(super) fn stack_global(&mut self, at: u64) -> Result<(), ReadError> {
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

    pub(super) fn extension(&mut self, at: u64) -> Result<(), ReadError> {
        self.raises(at, "a registered extension")?;
        self.odd(OddityKind::ExtensionCode, at);
        self.push(Value::Dropped);
        Ok(())
    }

    pub(super) fn persistent(&mut self, at: u64) -> Result<(), ReadError> {
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

    pub(super) fn call(&mut self, callee: Value, args: Value, at: u64) -> Result<(), ReadError> {
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
    pub(super) fn function_of_partial(&self, callee: Value) -> Option<Value> {
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

    pub(super) fn make(
        &mut self,
        class: Value,
        args: Value,
        kwargs: Option<Value>,
        at: u64,
    ) -> Result<(), ReadError> {
        self.raises_on_data(class, at, "a class")?;
        self.raises_on_scalar(args, at, "arguments")?;
        self.made(class, at);
        self.note_arguments(class, args);
        self.pickle.trace.spent(class);
        let object = Object { kwargs, ..Object::made_by(class, Call::New, args, at) };
        self.push_node(Node::Object(Box::new(object)));
        Ok(())
    }

    pub(super) fn build(&mut self, state: Value, at: u64) -> Result<(), ReadError> {
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
                self.inline_array(target, state, InlineData::Raw(Bytes::at(offset, len)));
                Ok(())
            }
            InlineOutcome::Pickle => {
                self.note_other_loaders()?;
                self.leave_frame(at);
                let depth = self.depth.saturating_add(1);
                let root = run_at(self.cursor, self.budget, self.inline, self.pickle, depth)?;
                self.inline_array(target, state, InlineData::Pickle(root));
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
    pub(super) fn is_foreign(&self, target: Value) -> bool {
        let object = self.pickle.tree.object(target);
        let maker = object.and_then(|object| self.pickle.trace.global(object.callee)?.maker);
        matches!(maker, Some(Maker::Import | Maker::Attribute | Maker::Eval | Maker::File))
    }
}

fn is_reconstructor(module: &str, name: &str) -> bool {
    matches!((module, name), ("copy_reg" | "copyreg", "_reconstructor" | "__newobj__" | "__newobj_ex__"))
}
