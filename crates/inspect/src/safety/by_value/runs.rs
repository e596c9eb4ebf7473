//! What a load runs of the code that a file carries.

use packwright_formats::pickle::{Maker, Origin, Run, RunKind, Value};

use super::references;
use super::{shortened, why};
use crate::pickled::PickleFile;
use crate::safety::{Finding, Severity};

/// Methods that run in each kind of use of a class, and those that may.
fn methods_of(kind: RunKind) -> (&'static [&'static str], &'static [&'static str]) {
    const LOOKED_UP: &[&str] = &["__setattr__", "__getattribute__", "__getattr__", "__set_name__"];
    match kind {
        RunKind::Called => {
            (&["__new__", "__init__", "__prepare__", "__call__", "__setstate__", "__del__"], LOOKED_UP)
        }
        RunKind::Made => (&["__new__", "__setstate__", "__del__"], LOOKED_UP),
        RunKind::Filled => (&["__setitem__", "append", "extend", "add"], &[]),
        RunKind::Hashed => (&["__hash__"], &["__eq__"]),
        RunKind::Passed => (
            &[],
            &[
                "__array__",
                "__bool__",
                "__float__",
                "__getitem__",
                "__index__",
                "__int__",
                "__iter__",
                "__len__",
                "__next__",
                "__str__",
                "keys",
            ],
        ),
        RunKind::Derived => (&["__init_subclass__"], &["__mro_entries__"]),
    }
}

/// What a load runs of the code that the file carries.
pub(super) fn finding(file: &PickleFile, run: &Run) -> Option<Finding> {
    let pickle = &file.pickle;
    let (starts, what, begin) = if pickle.origin(run.callee) == Origin::Class {
        let name = pickle.class_name(run.callee).unwrap_or("without a name");
        let (certain, possible) = methods_of(run.kind);
        let certain = hooks(file, run.callee, certain, 0);
        let possible = hooks(file, run.callee, possible, 0);
        let (verb, named) = if certain.is_empty() { ("can run", &possible) } else { ("runs", &certain) };
        if named.is_empty() {
            return None;
        }
        let names: Vec<&str> = named.iter().map(|(name, _)| *name).collect();
        let begin = format!("loading {verb} its {}, which the file carries", shortened(&names));
        let starts = certain.iter().chain(&possible).map(|(_, function)| *function).collect();
        (starts, format!("class {name}"), begin)
    } else {
        let code = pickle.code_of(run.callee).and_then(|code| pickle.code(code));
        let name = code.map_or("of the file", |code| code.name);
        let begin = "loading calls a function that the file carries".to_owned();
        (vec![run.callee], format!("a call of {name}"), begin)
    };
    let reached = references::reached(file, &starts);
    let harmful = reached.iter().any(|reference| reference.harm.is_some());
    Some(Finding {
        rule: "pickle/runs-carried-code",
        severity: if harmful { Severity::Dangerous } else { Severity::Review },
        what,
        place: format!("byte {}", run.offset),
        why: why(&begin, &reached),
    })
}

/// Those of some methods that a class has, or a class by value that it derives from.
fn hooks(
    file: &PickleFile,
    class: Value,
    methods: &[&'static str],
    depth: u32,
) -> Vec<(&'static str, Value)> {
    let pickle = &file.pickle;
    let mut found = Vec::new();
    for name in methods {
        // A function, or an object with `__call__`; not so a constant. Names have findings of their own.
        let is_callable = |value: &Value| {
            let maker = pickle.tree.object(*value).map(|object| pickle.trace.global(object.callee));
            maker.is_some_and(|callee| callee.and_then(|callee| callee.maker) != Some(Maker::Attribute))
        };
        if let Some(value) = pickle.class_entry(class, name).filter(is_callable) {
            found.push((*name, value));
        }
    }
    if let Some(object) = pickle.tree.object(class).filter(|_| depth < 8) {
        for base in pickle.bases_of(object) {
            if pickle.origin(*base) == Origin::Class {
                found.extend(hooks(file, *base, methods, depth.saturating_add(1)));
            }
        }
    }
    found
}
