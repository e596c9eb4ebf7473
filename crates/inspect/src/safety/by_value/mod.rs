//! Code that a pickle carries: functions and classes by value, what they refer to, and what of it a load runs.
//!
//! Carrying code is `review`: it runs when the model is used, and a person must decide whose code it is. A harmful
//! name that it refers to is mentioned, and makes it `dangerous` only where loading itself would run the code that
//! refers to it.

mod references;
mod runs;
#[cfg(test)]
mod tests;

use packwright_formats::pickle::{Code, Global, Maker, Node, NodeId, Origin, Value};
use std::collections::BTreeSet;

use super::harm::harm;
use super::names::{self, Known, Use};
use super::{Finding, Severity};
use crate::pickled::{PickleFile, is_standard, library_of, top_level};

/// How many functions, classes and calls are listed each.
const SHOWN: usize = 256;
/// How many references of one function are named.
const SHOWN_NAMES: usize = 12;

/// Every finding about code that the file carries.
pub(super) fn judge(file: &PickleFile) -> Vec<Finding> {
    let mut findings = Vec::new();
    let carried = Carried::of(file);
    for class in carried.classes.iter().take(SHOWN) {
        findings.push(class_finding(file, *class));
    }
    for function in carried.functions.iter().take(SHOWN) {
        findings.push(function_finding(file, *function));
    }
    for run in file.pickle.trace.runs().iter().take(SHOWN) {
        findings.extend(runs::finding(file, run));
    }
    for (module, offset) in file.pickle.trace.imports() {
        findings.push(import_finding(module, offset));
    }
    findings.extend(privacy(file));
    let is_listed = !carried.classes.is_empty() || !carried.functions.is_empty();
    if 0 < file.pickle.trace.n_carried() && !is_listed {
        findings.push(Finding {
            rule: "pickle/code-function",
            severity: Severity::Review,
            what: "bytecode".to_owned(),
            place: "in the file".to_owned(),
            why: "the file carries code of a layout that is not known".to_owned(),
        });
    }
    findings
}

/// `the code of 2 functions and 1 class`; `None` when the file carries none.
pub(super) fn words(file: &PickleFile) -> Option<String> {
    let carried = Carried::of(file);
    let count = |n: usize, one: &str, many: &str| match n {
        0 => None,
        1 => Some(format!("1 {one}")),
        n => Some(format!("{n} {many}")),
    };
    let parts: Vec<String> = [
        count(carried.functions.len(), "function", "functions"),
        count(carried.classes.len(), "class", "classes"),
    ]
    .into_iter()
    .flatten()
    .collect();
    (!parts.is_empty()).then(|| format!("the code of {}", parts.join(" and ")))
}

/// A constructor of code by value, when it is used as the libraries use it.
pub(super) fn maker_finding(file: &PickleFile, global: &Global) -> Option<(Severity, String)> {
    let maker = global.maker?;
    let is_python = matches!(global.module.as_str(), "builtins" | "__builtin__" | "logging");
    if global.is_resolved() {
        let why = match maker {
            Maker::Import => "imports a module by its name; the names are listed",
            Maker::Attribute => "takes an attribute of a module or of code that the file carries",
            Maker::SetAttribute | Maker::SetItems | Maker::SetState | Maker::Fill => {
                "fills a function or class that the file carries"
            }
            Maker::Type => "gives a type of Python by its name",
            Maker::Array => "makes an array from a call that is listed by itself",
            Maker::Data | Maker::Eval | Maker::File => "only builds data",
            _ => "rebuilds the functions and classes that the file carries; they are listed by name",
        };
        return Some((Severity::Info, why.to_owned()));
    }
    let is_called = global.called_at.is_some();
    let harm = match maker {
        Maker::Attribute | Maker::Eval if is_called => "can reach any function by its name",
        Maker::SetAttribute if is_called => "can change code that is already running",
        Maker::File => "opens a file",
        Maker::Marshal => "reads marshalled code",
        Maker::Native => "makes a pointer into memory",
        // Names of Python itself have rules of their own.
        _ if is_python => return None,
        Maker::Attribute | Maker::Eval | Maker::SetAttribute => "can reach any function by its name",
        _ => {
            let why = "rebuilds code, with arguments that the library does not write or handed on as a value";
            return Some((Severity::Review, why.to_owned()));
        }
    };
    let arguments =
        global.called_with.map(|args| super::pickle::shown_arguments(file, args)).unwrap_or_default();
    let how = if is_called { "loading calls it" } else { "the file refers to it" };
    Some((Severity::Dangerous, format!("{how}{arguments}; it {harm}")))
}

/// Whether a harmful name is only referred to by functions that the file carries: it stands in their globals and
/// nowhere else, so that nothing but their code can call it.
pub(super) fn is_only_referred(file: &PickleFile, global: &Global) -> bool {
    if global.called_at.is_some() || global.made_at.is_some() {
        return false;
    }
    let pickle = &file.pickle;
    let mut containers = BTreeSet::new();
    let mut seen: u64 = 0;
    for carried in pickle.trace.carried() {
        for container in held_in(file, *carried) {
            if node(container).is_some_and(|id| containers.insert(id)) {
                let is_it = |value: &Value| {
                    pickle.trace.global(*value).is_some_and(|found| std::ptr::eq(found, global))
                };
                let n = values_of(file, container).into_iter().filter(is_it).count();
                seen = seen.saturating_add(u64::try_from(n).unwrap_or(0));
            }
        }
    }
    0 < seen && global.refs <= seen.saturating_add(global.resolved)
}

/// The containers that carried code takes its names from: the globals, defaults and cells of a function, the
/// namespace of a class.
fn held_in(file: &PickleFile, carried: Value) -> Vec<Value> {
    let pickle = &file.pickle;
    let Some(object) = pickle.tree.object(carried) else {
        return Vec::new();
    };
    let parts = match object.state.and_then(|state| pickle.tree.get(state)) {
        Some(Node::Tuple(parts)) => parts.to_vec(),
        _ => object.state.into_iter().collect(),
    };
    match pickle.origin(carried) {
        Origin::Function => {
            let mut held = pickle.globals_of(carried);
            let mut tuples: Vec<Value> =
                [3, 4].iter().filter_map(|index| pickle.argument(object, *index)).collect();
            for name in ["__defaults__", "__kwdefaults__", "__closure__", "defaults", "closure_values"] {
                tuples.extend(parts.iter().filter_map(|part| pickle.tree.entry(*part, name)));
            }
            for tuple in tuples {
                held.push(tuple);
                let items = pickle.tree.items(tuple).unwrap_or_default();
                let cells = items.iter().filter_map(|item| pickle.tree.object(*item));
                held.extend(cells.map(|cell| cell.args));
            }
            held
        }
        Origin::Class => {
            let dicts = pickle.tree.items(object.args).unwrap_or_default().iter().copied();
            dicts.chain(parts).filter(|dict| pickle.tree.entries(*dict).is_some()).collect()
        }
        _ => Vec::new(),
    }
}

/// The values that lie directly in a container. Names that Python itself calls by are no mere references.
fn values_of(file: &PickleFile, container: Value) -> Vec<Value> {
    let tree = &file.pickle.tree;
    let is_special = |key: Value| {
        tree.text(key).is_none_or(|key| key.starts_with("__") || matches!(key, "append" | "extend" | "add"))
    };
    match tree.entries(container) {
        Some(entries) => {
            entries.iter().filter(|(key, _)| !is_special(*key)).map(|(_, value)| *value).collect()
        }
        None => tree.items(container).unwrap_or_default().to_vec(),
    }
}

/// The functions and classes of a file. Methods belong to their class, inner functions to the outer one.
struct Carried {
    functions: Vec<Value>,
    classes: Vec<Value>,
}

impl Carried {
    fn of(file: &PickleFile) -> Self {
        let pickle = &file.pickle;
        let all = pickle.trace.carried();
        let classes: Vec<Value> =
            all.iter().copied().filter(|value| pickle.origin(*value) == Origin::Class).collect();
        let mut inner = BTreeSet::new();
        for class in &classes {
            for (_, value) in pickle.class_entries(*class) {
                inner.extend(pickle.code_of(value).and_then(node));
            }
        }
        let codes: Vec<Value> =
            all.iter().copied().filter(|value| pickle.origin(*value) == Origin::Code).collect();
        for code in &codes {
            let consts = pickle.code(*code).and_then(|code| pickle.tree.items(code.consts));
            inner.extend(consts.unwrap_or_default().iter().filter_map(|value| node(*value)));
        }
        for class in &classes {
            inner.extend(methods_by_name(file, *class).filter_map(node));
        }
        let functions =
            codes.into_iter().filter(|code| node(*code).is_some_and(|id| !inner.contains(&id))).collect();
        Self { functions, classes }
    }
}

/// Code whose qualified name lies in a class: a method that its class holds inside a wrapper.
fn methods_by_name(file: &PickleFile, class: Value) -> impl Iterator<Item = Value> {
    let pickle = &file.pickle;
    let name = pickle.class_name(class).unwrap_or_default();
    pickle.trace.carried().iter().copied().filter(move |value| {
        let code = pickle.code(*value).and_then(|code| code.qualname);
        code.and_then(|qualname| qualname.strip_prefix(name)).is_some_and(|rest| rest.starts_with('.'))
    })
}

fn node(value: Value) -> Option<NodeId> {
    match value {
        Value::Node(id) => Some(id),
        _ => None,
    }
}

fn place(file: &PickleFile, value: Value) -> String {
    file.pickle.tree.object(value).map_or_else(String::new, |object| format!("byte {}", object.offset))
}

fn function_finding(file: &PickleFile, value: Value) -> Finding {
    let finding = |what, why| Finding {
        rule: "pickle/code-function",
        severity: Severity::Review,
        what,
        place: place(file, value),
        why,
    };
    let Some(code) = file.pickle.code(value) else {
        let why = "the file carries its code, in a layout that is not known".to_owned();
        return finding("a function".to_owned(), why);
    };
    let function =
        file.pickle.trace.carried().iter().find(|function| file.pickle.code_of(**function) == Some(value));
    let named = references::of_code(file, value, function.copied());
    let what = format!("function {}{}", code_name(&code), source(&code));
    finding(what, why("the file carries its code", &named))
}

fn class_finding(file: &PickleFile, class: Value) -> Finding {
    let pickle = &file.pickle;
    let name = pickle.class_name(class).unwrap_or("without a name");
    let mut methods: Vec<&str> = Vec::new();
    let mut named = Vec::new();
    let mut filename = None;
    let mut first = pickle.class_entry(class, "__firstlineno__").and_then(|line| pickle.tree.int(line));
    for (key, value) in pickle.class_entries(class) {
        let Some(code) = pickle.code_of(value) else { continue };
        if let (Some(key), Some(fields)) = (pickle.tree.text(key), pickle.code(code)) {
            methods.push(key);
            filename = filename.or(fields.filename);
            first = first.or(fields.first_line);
            named.extend(references::of_code(file, code, Some(references::unwrapped(file, value))));
        }
    }
    for code in methods_by_name(file, class) {
        let function =
            pickle.trace.carried().iter().find(|function| pickle.code_of(**function) == Some(code));
        named.extend(references::of_code(file, code, function.copied()));
    }
    references::deduplicate(&mut named);
    let begin = match methods.len() {
        0 => "the file carries its definition; it has no methods of its own".to_owned(),
        _ => format!("the file carries the code of its methods {}", shortened(&methods)),
    };
    let file_name = filename.map(base_name).unwrap_or_default();
    let source = match (file_name, first) {
        ("", _) => String::new(),
        (file_name, Some(line)) => format!(" ({file_name}, line {line})"),
        (file_name, None) => format!(" ({file_name})"),
    };
    Finding {
        rule: "pickle/code-class",
        severity: Severity::Review,
        what: format!("class {name}{source}"),
        place: place(file, class),
        why: why(&begin, &named),
    }
}

fn import_finding(module: &str, offset: u64) -> Finding {
    let finding = |severity, why: &str| Finding {
        rule: "pickle/imports-module",
        severity,
        what: format!("module {module}"),
        place: format!("byte {offset}"),
        why: why.to_owned(),
    };
    let is_program = module.split('.').any(|part| part == "__main__") && module != "__main__";
    if is_program || matches!(top_level(module), "antigravity" | "this" | "idlelib" | "test" | "turtledemo") {
        return finding(Severity::Dangerous, "loading imports it, and importing it starts a program");
    }
    match (library_of(module), is_standard(module)) {
        ("", true) if harm(module, "").is_some() => finding(
            Severity::Info,
            "the carried code uses it; loading only imports it, which does nothing by itself",
        ),
        ("", true) => finding(Severity::Info, "the carried code uses it; it is part of Python"),
        ("", false) => finding(
            Severity::Review,
            "loading imports it, which runs its code; it belongs to no library that Packwright knows",
        ),
        (library, _) => {
            finding(Severity::Info, &format!("the carried code uses it; it is part of {library}"))
        }
    }
}

/// Paths below a person's home folder, each once.
fn privacy(file: &PickleFile) -> Vec<Finding> {
    let pickle = &file.pickle;
    let mut seen = BTreeSet::new();
    let mut findings = Vec::new();
    for value in pickle.trace.carried() {
        let own = pickle.code(*value).and_then(|code| code.filename);
        let dicts = pickle.globals_of(*value);
        let others = dicts.iter().filter_map(|dict| pickle.tree.text(pickle.tree.entry(*dict, "__file__")?));
        for path in own.into_iter().chain(others) {
            if is_in_home(path) && seen.insert(path) && seen.len() <= SHOWN {
                findings.push(Finding {
                    rule: "privacy/user-name-in-path",
                    severity: Severity::Info,
                    what: path.to_owned(),
                    place: place(file, *value),
                    why: "the code keeps the path of its source file, and with it the name of a person's account"
                        .to_owned(),
                });
            }
        }
    }
    findings
}

fn is_in_home(path: &str) -> bool {
    let parts: Vec<&str> = path.split(['/', '\\']).collect();
    parts.windows(3).any(|window| {
        matches!(window, [before, "home" | "Users", name]
            if !name.is_empty() && (before.is_empty() || before.ends_with(':') || before.len() == 1))
    }) && parts.len() > 3
}

fn code_name<'a>(code: &Code<'a>) -> &'a str {
    code.qualname.unwrap_or(code.name)
}

fn source(code: &Code<'_>) -> String {
    match (code.filename.map(base_name), code.first_line) {
        (Some(file), Some(line)) => format!(" ({file}, line {line})"),
        (Some(file), None) => format!(" ({file})"),
        _ => String::new(),
    }
}

fn base_name(path: &str) -> &str {
    path.rsplit(['/', '\\']).next().unwrap_or(path)
}

fn why(begin: &str, named: &[references::Reference]) -> String {
    if named.is_empty() {
        return begin.to_owned();
    }
    let words: Vec<String> = named.iter().map(references::Reference::words).collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    format!("{begin}; it refers to {}", shortened(&words))
}

fn shortened(names: &[&str]) -> String {
    let shown = names.iter().take(SHOWN_NAMES).copied().collect::<Vec<_>>().join(", ");
    match names.len().saturating_sub(SHOWN_NAMES) {
        0 => shown,
        more => format!("{shown} and {more} more"),
    }
}

/// Whether a global that is only referred to does harm when it is called.
fn harm_of(global: &Global) -> Option<&'static str> {
    match names::look_up(&global.module, &global.name, Use::Referred) {
        Known::Harmful(why) => Some(why),
        Known::Yes | Known::No => None,
    }
}
