//! Functions and classes by value: the calls that cloudpickle and dill write to rebuild code that the file carries.
//!
//! Read from the sources of cloudpickle 0.5 to 3.1 (its copies in joblib, `PySpark` and Ray included) and dill 0.2.9
//! to 0.4. The list of constructors is exact: any other name of these modules is a name like any other.

use super::value::{Call, Node, Value};
use super::{Object, Pickle};

/// What a constructor of cloudpickle or dill does when it is called.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Maker {
    /// Gives a type of Python's own by its name: `_builtin_type("CodeType")`.
    Type,
    /// Makes a code object from the fields of one.
    Code,
    /// Makes a function from a code object.
    Function,
    /// Makes a class: calls a metaclass with a name, bases and a namespace.
    Class,
    /// Makes an enumeration.
    Enum,
    /// Calls its first argument, usually `type`, with the others.
    TypeCall,
    /// Gives the named tuple of a module, or makes it.
    NamedTuple,
    /// Makes the cell of a closure.
    Cell,
    /// Sets the state of its first argument and returns it.
    Fill,
    /// Sets the state of its first argument.
    SetState,
    /// `setattr` and `delattr`.
    SetAttribute,
    /// Sets the items of its first argument.
    SetItems,
    /// Imports a module by its name.
    Import,
    /// Makes a module that is in no file.
    NewModule,
    /// `getattr`.
    Attribute,
    /// Calls its first argument with the second, and gives the result a state.
    Array,
    /// Makes a `functools.partial`, or another wrapper, of a function.
    Partial,
    /// Only builds data, whatever its arguments.
    Data,
    /// Finds an attribute by evaluating text.
    Eval,
    /// Opens a file again.
    File,
    /// Reads marshalled bytes.
    Marshal,
    /// Makes a pointer.
    Native,
}

/// What a value is, where it was made by such a constructor.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Origin {
    /// A type of Python's own.
    Type,
    /// A code object.
    Code,
    /// A function that the file carries.
    Function,
    /// A class that the file carries.
    Class,
    /// An instance of a class that the file carries.
    Instance,
    /// A cell or a module that the file carries.
    Holder,
    /// An imported module.
    Module,
    /// An attribute of something that the file carries: a method.
    Method,
    /// Anything else.
    Other,
}

/// How far an origin is followed through calls of calls.
const DEPTH: u32 = 6;

/// The types of Python that may be called by what the name gives; none of them does more than hold its arguments.
const TYPES: &[&str] = &[
    "CellType",
    "ClassMethodType",
    "ClassType",
    "CodeType",
    "DictProxyType",
    "EllipsisType",
    "FunctionType",
    "GenericAlias",
    "LambdaType",
    "MappingProxyType",
    "MethodType",
    "ModuleType",
    "NoneType",
    "NotImplementedType",
    "PartialType",
    "PropertyType",
    "SimpleNamespace",
    "SliceType",
    "StaticMethodType",
    "SuperType",
    "TypeType",
    "UnionType",
    "classmethod",
    "dict",
    "frozenset",
    "list",
    "mappingproxy",
    "object",
    "property",
    "set",
    "slice",
    "staticmethod",
    "tuple",
    "type",
];

/// Whether a module is cloudpickle or one of its copies.
pub fn is_cloudpickle(module: &str) -> bool {
    let copy = ["joblib.externals.", "sklearn.externals.joblib.externals.", "pyspark.", "ray."];
    let own = copy.iter().find_map(|prefix| module.strip_prefix(prefix)).unwrap_or(module);
    matches!(own, "cloudpickle" | "cloudpickle.cloudpickle" | "cloudpickle.cloudpickle_fast")
}

/// Whether a module is dill's.
pub fn is_dill(module: &str) -> bool {
    matches!(module, "dill" | "dill._dill" | "dill.dill")
}

/// What an importable name does, when it rebuilds code.
pub fn maker_of(module: &str, name: &str) -> Option<Maker> {
    match module {
        "builtins" | "__builtin__" => match name {
            "getattr" => Some(Maker::Attribute),
            "setattr" | "delattr" => Some(Maker::SetAttribute),
            "type" => Some(Maker::TypeCall),
            _ => None,
        },
        // A logger is pickled as a call that only looks it up.
        "logging" if name == "getLogger" => Some(Maker::Data),
        "dill" | "dill._shims" if name == "_dill" => Some(Maker::Data),
        _ if is_cloudpickle(module) => cloudpickle(name),
        _ if is_dill(module) => dill(name),
        _ => None,
    }
}

fn cloudpickle(name: &str) -> Option<Maker> {
    Some(match name {
        "_builtin_type" => Maker::Type,
        "_make_function" | "_make_skel_func" => Maker::Function,
        "_make_skeleton_class" => Maker::Class,
        "_make_skeleton_enum" => Maker::Enum,
        "_make_cell" | "_make_empty_cell" => Maker::Cell,
        "_fill_function" | "_rehydrate_skeleton_class" | "_restore_attr" => Maker::Fill,
        "_class_setstate" | "_function_setstate" => Maker::SetState,
        "subimport" => Maker::Import,
        "dynamic_subimport" => Maker::NewModule,
        "_genpartial" => Maker::Partial,
        "_empty_cell_value"
        | "_file_reconstructor"
        | "_gen_ellipsis"
        | "_gen_not_implemented"
        | "_get_dataclass_field_type_sentinel"
        | "_make_dict_items"
        | "_make_dict_keys"
        | "_make_dict_values"
        | "_make_typevar" => Maker::Data,
        _ => return None,
    })
}

fn dill(name: &str) -> Option<Maker> {
    Some(match name {
        "_load_type" => Maker::Type,
        "_create_code" => Maker::Code,
        "_create_function" => Maker::Function,
        "_create_type" => Maker::TypeCall,
        "_create_namedtuple" => Maker::NamedTuple,
        "_create_cell" => Maker::Cell,
        "_setattr" | "_delattr" => Maker::SetAttribute,
        "_setitems" => Maker::SetItems,
        "_import_module" => Maker::Import,
        "_get_attr" => Maker::Attribute,
        "_create_array" => Maker::Array,
        "_create_ftype" => Maker::Partial,
        "_CELL_EMPTY"
        | "_CELL_REF"
        | "_create_dtypemeta"
        | "_create_lock"
        | "_create_rlock"
        | "_create_stringi"
        | "_create_stringo"
        | "_create_thread_handle"
        | "_create_typing_tuple"
        | "_create_weakproxy"
        | "_create_weakref"
        | "_dictproxy_helper_instance" => Maker::Data,
        "_eval_repr" | "_getattr" => Maker::Eval,
        "_create_filehandle" => Maker::File,
        "_unmarshal" => Maker::Marshal,
        "_create_capsule" => Maker::Native,
        _ => return None,
    })
}

/// Whether calling a thing makes a class: `type` and the metaclasses of the standard library.
pub fn is_metaclass(module: &str, name: &str) -> bool {
    matches!(
        (module, name),
        ("builtins" | "__builtin__", "type")
            | ("abc" | "_py_abc", "ABCMeta")
            | ("enum", "EnumMeta" | "EnumType")
            | ("typing", "GenericMeta" | "_ProtocolMeta" | "NamedTupleMeta" | "_TypedDictMeta")
    )
}

impl Pickle {
    /// What a value is, where code by value is concerned.
    pub fn origin(&self, value: Value) -> Origin {
        self.origin_at(value, 0)
    }

    fn origin_at(&self, value: Value, depth: u32) -> Origin {
        let Some(Node::Object(object)) = self.tree.get(value) else {
            return Origin::Other;
        };
        if DEPTH <= depth {
            return Origin::Other;
        }
        let depth = depth.saturating_add(1);
        if let Some(callee) = self.trace.global(object.callee) {
            return self.origin_of_call(object, callee.maker, (&callee.module, &callee.name), depth);
        }
        match self.origin_at(object.callee, depth) {
            Origin::Type => match self.type_name(object.callee) {
                Some("CodeType") => Origin::Code,
                Some("FunctionType" | "LambdaType") => Origin::Function,
                Some("type" | "TypeType" | "ClassType") => Origin::Class,
                Some("ModuleType" | "CellType") => Origin::Holder,
                Some(
                    "MethodType" | "staticmethod" | "StaticMethodType" | "classmethod" | "ClassMethodType",
                ) => {
                    let function = self.argument(object, 0).map(|function| self.origin_at(function, depth));
                    if function == Some(Origin::Function) { Origin::Method } else { Origin::Other }
                }
                _ => Origin::Other,
            },
            // An instance of a class by value, or a class made by a metaclass by value.
            Origin::Class if self.is_metaclass_by_value(object.callee, depth) => Origin::Class,
            Origin::Class => Origin::Instance,
            _ => Origin::Other,
        }
    }

    fn origin_of_call(
        &self,
        object: &Object,
        maker: Option<Maker>,
        name: (&str, &str),
        depth: u32,
    ) -> Origin {
        match maker {
            Some(Maker::Type) => Origin::Type,
            Some(Maker::Code) => Origin::Code,
            Some(Maker::Function) => Origin::Function,
            Some(Maker::Class | Maker::Enum | Maker::TypeCall | Maker::NamedTuple) => Origin::Class,
            Some(Maker::Cell | Maker::NewModule) => Origin::Holder,
            Some(Maker::Import) => Origin::Module,
            Some(Maker::Attribute) => {
                let holder = self.argument(object, 0).map(|holder| self.origin_at(holder, depth));
                let is_plain = self.text_argument(object, 1).is_some_and(|name| !name.starts_with("__"));
                match holder {
                    Some(Origin::Class | Origin::Instance) if is_plain => Origin::Method,
                    _ => Origin::Other,
                }
            }
            _ if is_metaclass(name.0, name.1) && object.call == Call::Function => Origin::Class,
            _ => Origin::Other,
        }
    }

    /// Whether a class by value derives from `type`.
    fn is_metaclass_by_value(&self, class: Value, depth: u32) -> bool {
        let Some(object) = self.tree.object(class).filter(|_| depth < DEPTH) else {
            return false;
        };
        self.bases_of(object).iter().any(|base| match self.trace.global(*base) {
            Some(global) => is_metaclass(&global.module, &global.name),
            None => {
                matches!(self.type_name(*base), Some("type" | "TypeType"))
                    || self.is_metaclass_by_value(*base, depth.saturating_add(1))
            }
        })
    }

    /// The bases of a class by value.
    pub fn bases_of(&self, class: &Object) -> &[Value] {
        let maker = self.trace.global(class.callee).and_then(|callee| callee.maker);
        let at = match maker {
            Some(Maker::Enum) => 0,
            Some(Maker::TypeCall) if self.is_plain_type(class.callee) => 1,
            Some(Maker::Class | Maker::TypeCall) => 2,
            _ => 1,
        };
        self.argument(class, at).and_then(|bases| self.tree.items(bases)).unwrap_or_default()
    }

    /// `type` itself, not a function that is given one.
    pub(super) fn is_plain_type(&self, callee: Value) -> bool {
        self.trace.global(callee).is_some_and(|callee| callee.name == "type")
    }

    /// The name that `_builtin_type` or `_load_type` was given.
    pub fn type_name(&self, value: Value) -> Option<&str> {
        self.text_argument(self.tree.object(value)?, 0)
    }

    /// The module that a value is: an import by name, or dill's own module as an attribute of its package.
    pub fn module_name(&self, value: Value) -> Option<&str> {
        if let Some(global) = self.trace.global(value) {
            let is_dill = global.name == "_dill" && matches!(global.module.as_str(), "dill" | "dill._shims");
            return is_dill.then_some("dill._dill");
        }
        let object = self.tree.object(value)?;
        let maker = self.trace.global(object.callee)?.maker;
        (maker == Some(Maker::Import)).then(|| self.text_argument(object, 0))?
    }

    /// A positional argument of a call.
    pub fn argument(&self, object: &Object, index: usize) -> Option<Value> {
        self.tree.items(object.args)?.get(index).copied()
    }

    pub(super) fn text_argument(&self, object: &Object, index: usize) -> Option<&str> {
        self.tree.text(self.argument(object, index)?)
    }
}

/// Whether a type may be called by the name that it was asked for by.
pub(super) fn is_harmless_type(name: &str) -> bool {
    TYPES.binary_search(&name).is_ok()
}

/// An identifier of ASCII letters, digits and underscores, with dots where `dots` says so.
pub(super) fn is_identifier(name: &str, dots: bool) -> bool {
    let is_letter = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_' || (dots && byte == b'.');
    !name.is_empty() && name.bytes().all(is_letter)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_types_are_sorted_so_that_they_can_be_searched() {
        assert!(TYPES.is_sorted());
    }

    #[test]
    fn only_the_names_that_the_libraries_write_are_makers() {
        for (module, name, maker) in [
            ("cloudpickle.cloudpickle", "_make_function", Some(Maker::Function)),
            ("joblib.externals.cloudpickle.cloudpickle", "_make_function", Some(Maker::Function)),
            ("pyspark.cloudpickle.cloudpickle_fast", "_class_setstate", Some(Maker::SetState)),
            ("shop.cloudpickle", "_make_function", None),
            ("cloudpickle.cloudpickle", "_create_function", None),
            ("cloudpickle", "loads", None),
            ("dill._dill", "_create_function", Some(Maker::Function)),
            ("dill._dill", "os", None),
            ("builtins", "eval", None),
        ] {
            assert_eq!(maker_of(module, name), maker, "{module}.{name}");
        }
    }
}
