//! Calls that rebuild code by value: what they give, and which of them call what they are given.
//!
//! Each call is resolved when its opcode runs, never from the finished tree: a result that is thrown away was still
//! called. What is resolved is counted on the name; a name that is used in any other way than in resolved calls is
//! judged as if nothing were known of its arguments.

use packwright_source::ReadError;

use super::Machine;
use crate::pickle::by_value::{Maker, Origin, is_harmless_type, is_identifier, is_metaclass};
use crate::pickle::trace::{OddityKind, RunKind};
use crate::pickle::value::{Call, Node, Object, Value};

/// Attributes that only describe what they belong to.
const PLAIN_ATTRIBUTES: &[&str] = &["__dict__", "__doc__", "__func__", "__weakref__"];

/// Attributes of Python's own types that lead to something else.
const REACHING_ATTRIBUTES: &[&str] = &[
    "__base__",
    "__bases__",
    "__class__",
    "__getattribute__",
    "__mro__",
    "__self__",
    "__subclasses__",
    "mro",
];

/// Names that dill's `_get_attr` looks up among Python's own functions when the module has none of that name.
const BUILTINS: &[&str] = &[
    "__build_class__",
    "__import__",
    "__loader__",
    "breakpoint",
    "compile",
    "delattr",
    "dir",
    "eval",
    "exec",
    "execfile",
    "getattr",
    "globals",
    "input",
    "locals",
    "open",
    "setattr",
    "vars",
];

/// Types whose methods dill finds by the text that names them.
const BUILTIN_TYPES: &[&str] = &[
    "bool",
    "bytearray",
    "bytes",
    "complex",
    "dict",
    "float",
    "frozenset",
    "int",
    "list",
    "object",
    "set",
    "str",
    "tuple",
    "type",
];

/// Why a call by value gave nothing.
pub(super) enum Unfollowed {
    /// It is no such call, or its arguments are not what the libraries write: it is judged as any other call.
    Unknown,
    /// The reading ends here.
    Broken(ReadError),
}

impl From<ReadError> for Unfollowed {
    fn from(error: ReadError) -> Self {
        Self::Broken(error)
    }
}

type Followed = Result<Value, Unfollowed>;

impl Machine<'_, '_> {
    /// A call of a constructor by value.
    pub(super) fn call_by_value(&mut self, callee: Value, args: Value, at: u64) -> Followed {
        let maker =
            self.pickle.trace.global(callee).and_then(|callee| callee.maker).ok_or(Unfollowed::Unknown)?;
        let given = self.pickle.tree.items(args).ok_or(Unfollowed::Unknown)?.to_vec();
        let arg = |index: usize| given.get(index).copied().ok_or(Unfollowed::Unknown);
        let result = match maker {
            Maker::Type => {
                let name = self.text_of(arg(0)?)?;
                is_identifier(name, false)
                    .then(|| self.object(callee, args, at))
                    .ok_or(Unfollowed::Unknown)?
            }
            Maker::Code | Maker::Function | Maker::Cell | Maker::NewModule => {
                let made = self.object(callee, args, at);
                if maker != Maker::Cell {
                    self.pickle.trace.carry(made);
                }
                made
            }
            Maker::Class => {
                self.metaclass(arg(0)?, args, at);
                self.class(callee, args, at)
            }
            Maker::Enum => self.class(callee, args, at),
            Maker::TypeCall => return self.type_call(callee, &given, args, at),
            Maker::NamedTuple => {
                let name = self.text_of(arg(0)?)?.to_owned();
                let module = self.text_of(arg(2)?)?.to_owned();
                // A name that the module has already is taken from there, whatever it is.
                let found = self.global(&module, &name, at)?;
                self.pickle.trace.made(found, at);
                self.class(callee, args, at)
            }
            Maker::Fill | Maker::SetState => {
                let target = arg(0)?;
                self.set_state(target, arg(1).ok(), at);
                if maker == Maker::Fill { target } else { Value::None }
            }
            Maker::SetAttribute => {
                let target = arg(0)?;
                // An instance may have a `__setattr__` or a property of its own.
                if !self.is_carried(target) || self.pickle.origin(target) == Origin::Instance {
                    return Err(Unfollowed::Unknown);
                }
                if let (Ok(name), Ok(value)) = (arg(1), arg(2)) {
                    self.set_items(target, &[name, value], at)?;
                }
                Value::None
            }
            Maker::SetItems => {
                let target = arg(0)?;
                let is_dict = matches!(self.pickle.tree.get(target), Some(Node::Dict(_)));
                if !is_dict && !self.is_carried(target) {
                    self.odd(OddityKind::GlobalChanged, at);
                } else if let Some(entries) = self.pickle.tree.entries(arg(1)?) {
                    let flat: Vec<Value> = entries.iter().flat_map(|(key, value)| [*key, *value]).collect();
                    self.set_items(target, &flat, at)?;
                }
                Value::None
            }
            Maker::Import => self.import(callee, args, at),
            Maker::Attribute => self.attribute(callee, &given, args, at)?,
            Maker::Array => {
                self.pickle.trace.resolve(callee);
                self.call(arg(0)?, arg(1)?, at)?;
                let array = self.pop(at)?;
                if let (Some(Node::Object(object)), Some(state)) =
                    (self.pickle.tree.get_mut(array), arg(2).ok())
                {
                    object.state = Some(state);
                    let maker = object.callee;
                    self.note_state(maker, state, at);
                }
                return Ok(array);
            }
            Maker::Partial => {
                self.pickle.trace.resolve(callee);
                let (wrapper, function) =
                    match self.pickle.trace.global(callee).map_or("", |callee| callee.name.as_str()) {
                        "_genpartial" => (self.global("functools", "partial", at)?, arg(0)?),
                        _ => (arg(0)?, arg(1)?),
                    };
                let function = self.node(Node::Tuple([function].into()));
                self.call(wrapper, function, at)?;
                return Ok(self.pop(at)?);
            }
            Maker::Data => {
                // A weak reference calls what it is given when its object goes.
                for value in &given {
                    if matches!(self.pickle.origin(*value), Origin::Function | Origin::Method) {
                        self.pickle.trace.run(*value, RunKind::Called, at);
                    }
                }
                self.passed(args, at);
                self.object(callee, args, at)
            }
            Maker::Eval => {
                let name = self.text_of(arg(1)?)?;
                let owner = self.text_of(arg(2)?)?.split('\'').nth(3).ok_or(Unfollowed::Unknown)?;
                let is_method = is_identifier(name, false) && BUILTIN_TYPES.contains(&owner);
                is_method.then(|| self.object(callee, args, at)).ok_or(Unfollowed::Unknown)?
            }
            Maker::File => {
                let name = self.text_of(arg(0)?)?;
                matches!(name, "<stdin>" | "<stdout>" | "<stderr>")
                    .then(|| self.object(callee, args, at))
                    .ok_or(Unfollowed::Unknown)?
            }
            Maker::Marshal | Maker::Native => return Err(Unfollowed::Unknown),
        };
        self.pickle.trace.resolve(callee);
        Ok(result)
    }

    /// A call of something that is no plain name. Code of the file is named as such; the rest can't be told.
    pub(super) fn call_computed(&mut self, callee: Value, args: Value, at: u64) -> Followed {
        match self.pickle.origin(callee) {
            Origin::Type => {
                let name = self.pickle.type_name(callee).ok_or(Unfollowed::Unknown)?.to_owned();
                if name == "PartialType" {
                    let partial = self.global("functools", "partial", at)?;
                    self.pickle.trace.called(partial, args, at);
                    return Ok(self.object(partial, args, at));
                }
                if !is_harmless_type(&name) {
                    return Err(Unfollowed::Unknown);
                }
                let made = self.object(callee, args, at);
                if matches!(self.pickle.origin(made), Origin::Code | Origin::Function | Origin::Class) {
                    self.pickle.trace.carry(made);
                }
                Ok(made)
            }
            Origin::Function | Origin::Class | Origin::Method => {
                self.pickle.trace.run(callee, RunKind::Called, at);
                if let Some(found) = self.named_tuple(callee, at)? {
                    self.pickle.trace.called(found, args, at);
                }
                Ok(self.object(callee, args, at))
            }
            _ => Err(Unfollowed::Unknown),
        }
    }

    /// `class.__new__`: of a name, of a class that the file carries, or of a type of Python's own.
    pub(super) fn made(&mut self, class: Value, at: u64) {
        match self.pickle.origin(class) {
            Origin::Class => self.pickle.trace.run(class, RunKind::Made, at),
            Origin::Type if self.pickle.type_name(class).is_some_and(is_harmless_type) => {}
            _ => self.pickle.trace.made(class, at),
        }
    }

    /// The name that a named tuple is taken from, where its module has it already.
    fn named_tuple(&mut self, class: Value, at: u64) -> Result<Option<Value>, ReadError> {
        let pickle = &*self.pickle;
        let named = pickle.tree.object(class).and_then(|object| {
            let is_named_tuple = pickle.trace.global(object.callee)?.maker == Some(Maker::NamedTuple);
            let (name, module) = (pickle.text_argument(object, 0)?, pickle.text_argument(object, 2)?);
            is_named_tuple.then(|| (module.to_owned(), name.to_owned()))
        });
        named.map(|(module, name)| self.global(&module, &name, at)).transpose()
    }

    fn text_of(&self, value: Value) -> Result<&str, Unfollowed> {
        self.pickle.tree.text(value).ok_or(Unfollowed::Unknown)
    }

    fn object(&mut self, callee: Value, args: Value, at: u64) -> Value {
        self.node(Node::Object(Box::new(Object::made_by(callee, Call::Function, args, at))))
    }

    fn class(&mut self, callee: Value, args: Value, at: u64) -> Value {
        let class = self.object(callee, args, at);
        self.pickle.trace.carry(class);
        let bases = self.pickle.tree.object(class).map(|object| self.pickle.bases_of(object).to_vec());
        for base in bases.unwrap_or_default() {
            if self.pickle.origin(base) == Origin::Class {
                self.pickle.trace.run(base, RunKind::Derived, at);
                // A base hands on its metaclass, whatever metaclass is asked for.
                let object = self.pickle.tree.object(base);
                let metaclass = object.and_then(|object| self.pickle.argument(object, 0));
                if let Some(metaclass) = metaclass.filter(|meta| self.pickle.origin(*meta) == Origin::Class) {
                    self.pickle.trace.run(metaclass, RunKind::Called, at);
                }
            }
        }
        class
    }

    /// Instances of classes of the file that a function is given.
    pub(super) fn passed(&mut self, args: Value, at: u64) {
        if self.pickle.trace.n_carried() == 0 {
            return;
        }
        for value in self.pickle.tree.items(args).map(<[Value]>::to_vec).unwrap_or_default() {
            if self.pickle.origin(value) == Origin::Instance
                && let Some(class) = self.pickle.tree.object(value).map(|object| object.callee)
            {
                self.pickle.trace.run(class, RunKind::Passed, at);
            }
        }
    }

    /// Items, or keys and values, that are put into a container: what of the file's own code that runs.
    pub(super) fn filled(&mut self, target: Value, hashed: &[Value], at: u64) {
        if self.pickle.trace.n_carried() == 0 {
            return;
        }
        for (value, kind) in std::iter::once((target, RunKind::Filled))
            .chain(hashed.iter().map(|value| (*value, RunKind::Hashed)))
        {
            if self.pickle.origin(value) == Origin::Instance
                && let Some(class) = self.pickle.tree.object(value).map(|object| object.callee)
            {
                self.pickle.trace.run(class, kind, at);
            }
        }
    }

    /// A metaclass is called with the name, the bases and the namespace of the class.
    fn metaclass(&mut self, metaclass: Value, args: Value, at: u64) {
        match self.pickle.trace.global(metaclass) {
            Some(global) if is_metaclass(&global.module, &global.name) => {}
            Some(_) => self.pickle.trace.called(metaclass, args, at),
            None => match self.pickle.origin(metaclass) {
                Origin::Class => self.pickle.trace.run(metaclass, RunKind::Called, at),
                Origin::Type
                    if matches!(
                        self.pickle.type_name(metaclass),
                        Some("type" | "TypeType" | "ClassType")
                    ) => {}
                _ => self.odd(OddityKind::ComputedCallee, at),
            },
        }
    }

    /// `type(name, bases, dict)`, or `_create_type(type, name, bases, dict)`.
    fn type_call(&mut self, callee: Value, given: &[Value], args: Value, at: u64) -> Followed {
        if self.pickle.is_plain_type(callee) {
            let is_class =
                given.len() == 3 && given.first().is_some_and(|name| self.pickle.tree.text(*name).is_some());
            // `type(x)` of a constant only asks for its class.
            let is_constant = matches!(given, [Value::None | Value::Global(_)]);
            if !is_class && !is_constant {
                return Err(Unfollowed::Unknown);
            }
            self.pickle.trace.resolve(callee);
            return Ok(if is_class { self.class(callee, args, at) } else { self.object(callee, args, at) });
        }
        self.pickle.trace.resolve(callee);
        let (meta, rest) = given.split_first().ok_or(Unfollowed::Unknown)?;
        let makes_class =
            rest.len() == 3 && rest.first().is_some_and(|name| self.pickle.tree.text(*name).is_some());
        if makes_class {
            self.metaclass(*meta, args, at);
            return Ok(self.class(callee, args, at));
        }
        let rest = self.node(Node::Tuple(rest.into()));
        self.call(*meta, rest, at)?;
        Ok(self.pop(at)?)
    }

    fn import(&mut self, callee: Value, args: Value, at: u64) -> Value {
        let name = self.pickle.tree.items(args).and_then(|args| args.first().copied());
        match name.and_then(|name| self.pickle.tree.text(name)) {
            Some(name) if is_identifier(name, true) => {
                let name = name.to_owned();
                self.pickle.trace.import(&name, at);
            }
            _ => self.odd(OddityKind::ComputedName, at),
        }
        self.object(callee, args, at)
    }

    /// `getattr(holder, name)`: of a module it is one more importable name.
    fn attribute(&mut self, callee: Value, given: &[Value], args: Value, at: u64) -> Followed {
        let holder = given.first().copied().ok_or(Unfollowed::Unknown)?;
        let name = given.get(1).and_then(|name| self.pickle.tree.text(*name));
        let name = name.filter(|name| is_identifier(name, false)).ok_or(Unfollowed::Unknown)?.to_owned();
        if let Some(module) = self.pickle.module_name(holder) {
            let module = module.to_owned();
            self.pickle.trace.resolve(holder);
            // The compiled module and the public one hold the same functions.
            let module = match (module.as_str(), name.as_str()) {
                ("numpy.core._multiarray_umath", "_reconstruct" | "scalar") => {
                    "numpy.core.multiarray".to_owned()
                }
                ("numpy._core._multiarray_umath", "_reconstruct" | "scalar") => {
                    "numpy._core.multiarray".to_owned()
                }
                _ => module,
            };
            let is_dill = self.pickle.trace.global(callee).is_some_and(|callee| callee.name == "_get_attr");
            let is_builtin = is_dill && BUILTINS.contains(&name.as_str());
            // What is given instead of a missing attribute may be anything; dill writes it for its own setters alone.
            if let Some(default) = given.get(2) {
                let is_setter = module == "dill._dill" && matches!(name.as_str(), "_setattr" | "_delattr");
                if !is_setter {
                    return Err(Unfollowed::Unknown);
                }
                self.pickle.trace.resolve(*default);
            }
            return Ok(self.global(if is_builtin { "builtins" } else { &module }, &name, at)?);
        }
        let is_plain = !name.starts_with("__") && self.only_looks_up(holder, &name);
        let is_descriptive = PLAIN_ATTRIBUTES.contains(&name.as_str())
            && (self.is_carried(holder) || self.pickle.trace.global(holder).is_some());
        let is_builtin = !REACHING_ATTRIBUTES.contains(&name.as_str()) && self.is_builtin(holder);
        (is_plain || is_descriptive || is_builtin)
            .then(|| self.object(callee, args, at))
            .ok_or(Unfollowed::Unknown)
    }

    /// Whether looking for a method in what the file carries runs nothing: no property, no `__getattr__`.
    fn only_looks_up(&self, holder: Value, name: &str) -> bool {
        let pickle = &*self.pickle;
        let class = match pickle.origin(holder) {
            Origin::Function | Origin::Holder => return true,
            Origin::Class => holder,
            Origin::Instance => match pickle.tree.object(holder) {
                Some(object) => object.callee,
                None => return false,
            },
            _ => return false,
        };
        let Some(object) = pickle.tree.object(class) else {
            return false;
        };
        let bases = pickle.bases_of(object);
        let is_known = |value: &Value| pickle.trace.global(*value).is_some();
        let is_plain_class = bases.iter().all(is_known)
            && pickle.argument(object, 0).is_none_or(|meta| pickle.origin(meta) != Origin::Class)
            && ["__getattr__", "__getattribute__"]
                .iter()
                .all(|hook| pickle.class_entry(class, hook).is_none());
        let entry = pickle.class_entry(class, name);
        is_plain_class && entry.is_none_or(|entry| self.is_method(entry))
    }

    /// A function by value, or one inside `classmethod` or `staticmethod`.
    fn is_method(&self, value: Value) -> bool {
        let pickle = &*self.pickle;
        if matches!(pickle.origin(value), Origin::Function | Origin::Method) {
            return true;
        }
        let callee = pickle.tree.object(value).and_then(|object| pickle.trace.global(object.callee));
        callee.is_some_and(|callee| {
            callee.module == "builtins" && matches!(callee.name.as_str(), "classmethod" | "staticmethod")
        })
    }

    /// A type of Python's own by its name, or a text or a number.
    fn is_builtin(&self, holder: Value) -> bool {
        match holder {
            Value::Global(_) => self.pickle.trace.global(holder).is_some_and(|global| {
                matches!(global.module.as_str(), "builtins" | "__builtin__")
                    && BUILTIN_TYPES.contains(&global.name.as_str())
            }),
            Value::Node(_) => self.pickle.tree.text(holder).is_some(),
            Value::None | Value::Bool(_) | Value::Int(_) | Value::Float(_) => true,
            Value::Dropped => false,
        }
    }

    fn set_state(&mut self, target: Value, state: Option<Value>, at: u64) {
        if !self.is_carried(target) {
            return self.odd(OddityKind::GlobalChanged, at);
        }
        self.touch(target);
        let is_own = self.is_own_code(target);
        if let (Some(Node::Object(object)), Some(state)) = (self.pickle.tree.get_mut(target), state) {
            let is_second = object.state.is_some();
            object.is_rebuilt |= is_second;
            object.state = Some(state);
            if !is_own {
                self.note_build(target, state, is_second, at);
            }
        }
    }

    /// Whether a value is a function, a class or a cell that the file carries.
    pub(super) fn is_own_code(&self, value: Value) -> bool {
        matches!(self.pickle.origin(value), Origin::Function | Origin::Class | Origin::Holder)
    }

    /// Whether a value was made by the file, so that changing it changes nothing else.
    pub(super) fn is_carried(&self, value: Value) -> bool {
        matches!(
            self.pickle.origin(value),
            Origin::Function | Origin::Class | Origin::Instance | Origin::Holder
        )
    }
}
