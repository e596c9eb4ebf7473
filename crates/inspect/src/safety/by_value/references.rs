//! What carried code refers to, as far as the names in its code objects and the globals that it is given tell.

use packwright_formats::pickle::{Node, NodeId, Origin, Value};
use std::collections::BTreeSet;

use super::{harm_of, node};
use crate::pickled::{PickleFile, is_standard};
use crate::safety::harm::harm;

/// How many values are followed from one call; more than carried code of any model has.
const FOLLOWED: usize = 100_000;
/// How deep functions inside functions are followed.
const DEPTH: u32 = 16;

/// One name that code refers to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Reference {
    pub(super) name: String,
    /// Why it would do harm when it is called.
    pub(super) harm: Option<&'static str>,
}

impl Reference {
    /// The name, with what it can do when that is harm.
    pub(super) fn words(&self) -> String {
        match self.harm {
            Some(harm) => format!("{} ({harm})", self.name),
            None => self.name.clone(),
        }
    }

    fn plain(name: &str) -> Self {
        Self { name: name.to_owned(), harm: None }
    }
}

/// The function inside `classmethod`, `staticmethod` or `property`.
pub(super) fn unwrapped(file: &PickleFile, value: Value) -> Value {
    let inner = file.pickle.tree.object(value).and_then(|object| file.pickle.argument(object, 0));
    match inner {
        Some(inner) if file.pickle.origin(inner) == Origin::Function => inner,
        _ => value,
    }
}

/// What one code object refers to, the functions inside it included.
pub(super) fn of_code(file: &PickleFile, code: Value, function: Option<Value>) -> Vec<Reference> {
    let globals = function.map(|function| file.pickle.globals_of(function)).unwrap_or_default();
    let mut found = Vec::new();
    collect(file, code, &globals, 0, &mut found);
    deduplicate(&mut found);
    found
}

fn collect(file: &PickleFile, code: Value, globals: &[Value], depth: u32, found: &mut Vec<Reference>) {
    let pickle = &file.pickle;
    let Some(fields) = pickle.code(code).filter(|_| depth < DEPTH) else {
        return;
    };
    let mut names = fields.names.iter().peekable();
    while let Some(name) = names.next() {
        let value = globals.iter().find_map(|dict| pickle.tree.entry(*dict, name));
        let module = value.and_then(|value| pickle.module_name(value)).or_else(|| {
            // An import inside the function.
            let is_import = value.is_none() && is_standard(name) && harm(name, "").is_some();
            is_import.then_some(*name)
        });
        if let Some(module) = module {
            // What follows a module's name at its first use is the attribute that is taken of it, unless it is a
            // global too.
            let is_attribute =
                |next: &&&str| !globals.iter().any(|dict| pickle.tree.entry(*dict, next).is_some());
            let attribute = names.next_if(is_attribute).copied();
            found.push(module_reference(module, attribute));
        } else if let Some(global) = value.and_then(|value| pickle.trace.global(value)) {
            let name = format!("{}.{}", global.module, global.name);
            found.push(Reference { name, harm: harm_of(global) });
        } else if let Some(value) = value {
            if matches!(pickle.origin(value), Origin::Function | Origin::Class | Origin::Instance) {
                found.push(Reference::plain(name));
            }
        } else if matches!(
            *name,
            "__import__" | "breakpoint" | "compile" | "eval" | "exec" | "execfile" | "open"
        ) {
            found.push(Reference { name: (*name).to_owned(), harm: harm("builtins", name) });
        }
    }
    for value in pickle.tree.items(fields.consts).unwrap_or_default() {
        collect(file, *value, globals, depth.saturating_add(1), found);
    }
}

fn module_reference(module: &str, attribute: Option<&str>) -> Reference {
    let Some(attribute) = attribute else {
        return Reference::plain(module);
    };
    let name = format!("{module}.{attribute}");
    // Reading a path, a version or a folder name does nothing.
    let is_plain = match module {
        "os" => {
            matches!(attribute, "path" | "environ" | "getcwd" | "getenv" | "sep" | "cpu_count" | "getpid")
        }
        "logging" => {
            matches!(attribute, "getLogger" | "info" | "debug" | "warning" | "error" | "Logger")
        }
        "sys" | "inspect" | "operator" | "threading" | "platform" => true,
        _ => false,
    };
    let harm = if is_plain || module.starts_with("os.path") { None } else { harm(module, attribute) };
    Reference { name, harm }
}

/// One of each name, in order.
pub(super) fn deduplicate(found: &mut Vec<Reference>) {
    let mut seen = BTreeSet::new();
    found.retain(|reference| seen.insert(reference.name.clone()));
}

/// Everything that code refers to when it is started at some functions: in them, and in whatever is reached from
/// their globals, closures, defaults and arguments.
pub(super) fn reached(file: &PickleFile, starts: &[Value]) -> Vec<Reference> {
    let pickle = &file.pickle;
    let mut found = Vec::new();
    let mut seen: BTreeSet<NodeId> = BTreeSet::new();
    let mut open: Vec<Value> = starts.to_vec();
    while let Some(value) = open.pop() {
        if let Some(global) = pickle.trace.global(value) {
            if let Some(harm) = harm_of(global).filter(|_| global.maker.is_none()) {
                let name = format!("{}.{}", global.module, global.name);
                found.push(Reference { name, harm: Some(harm) });
            }
            continue;
        }
        let Some(id) = node(value) else { continue };
        if FOLLOWED <= seen.len() || !seen.insert(id) {
            continue;
        }
        match pickle.tree.get(value) {
            Some(Node::List(items) | Node::Set(items) | Node::FrozenSet(items)) => open.extend(&items.kept),
            Some(Node::Tuple(items)) => open.extend(items.iter()),
            Some(Node::Dict(entries)) => open.extend(entries.kept.iter().map(|(_, value)| *value)),
            Some(Node::Object(object)) => {
                if let Some(code) = pickle.code_of(value) {
                    found.extend(of_code(file, code, Some(unwrapped(file, value))));
                }
                // A method that was taken from an object of the file by name reaches all of its class.
                open.extend([object.args, object.callee]);
                open.extend(object.state);
                open.extend(object.entries.kept.iter().map(|(_, value)| *value));
                open.extend(&object.items.kept);
            }
            _ => {}
        }
    }
    deduplicate(&mut found);
    found
}
