//! The verdict on a pickle: what a load would import and call, name by name.

use packwright_formats::compress::Trailing;
use packwright_formats::joblib::is_array_wrapper;
use packwright_formats::pickle::{Global, OddityKind, Value};
use packwright_source::ReadError;
use std::collections::BTreeMap;

use super::by_value;
use super::names::{self, Known, Use};
use super::{
    Finding, NOT_READ, Needs, Safety, Severity, arguments, nested, oddities, readings, states, tensor_bytes,
};
use crate::pickled::{Dialect, PickleFile, is_standard, library_of, top_level};

/// How much of an argument list is shown.
const SHOWN_CHARS: usize = 200;

/// Judges everything that a load of this file would do, whoever loads it.
pub(crate) fn judge(file: &PickleFile, error: Option<&ReadError>) -> Safety {
    let safety = judge_reading(file, error);
    readings::with_others(file, safety)
}

/// Judges a file of which nothing else is wanted.
pub(crate) fn judge_whole(mut file: PickleFile) -> Safety {
    let error = file.pickle.error.take();
    judge(&file, error.as_ref())
}

/// Judges one reading of a file.
pub(super) fn judge_reading(file: &PickleFile, error: Option<&ReadError>) -> Safety {
    let mut findings = Vec::new();
    let mut needs = Needs::DataOnly;
    for global in file.pickle.trace.globals() {
        let finding = judge_global(file, global);
        needs = needs.max(finding.severity.needs(Needs::KnownLibraries));
        findings.push(finding);
    }
    let mut unread = error.map(|error| format!("{error}")).into_iter().collect::<Vec<_>>();
    let not_read = findings.iter().filter(|finding| finding.severity == Severity::Unscanned);
    unread.extend(not_read.map(|finding| format!("{}: {}", finding.what, finding.why)));
    let of_calls = by_value::judge(file).into_iter().chain(arguments::judge(file));
    for finding in of_calls.chain(states::judge(file)).chain(hidden_wrapper(file)) {
        needs = needs.max(finding.severity.needs(Needs::KnownLibraries));
        findings.push(finding);
    }
    for oddity in file.pickle.trace.oddities() {
        if oddity.kind == OddityKind::Unseen && unread.is_empty() {
            unread.push("the file holds more values than are kept".to_owned());
        }
        let (severity, rule, what, why) = oddities::judge(oddity.kind);
        let place = format!("byte {}", oddity.offset);
        let finding = Finding { rule, severity, what: what.to_owned(), place, why: why.to_owned() };
        needs = needs.max(finding.severity.needs(Needs::KnownLibraries));
        findings.push(finding);
    }
    for (_, offset) in unknown_ids(file).take(1) {
        let finding = Finding {
            rule: "pickle/persistent-id",
            severity: Severity::Review,
            what: "a persistent id".to_owned(),
            place: format!("byte {offset}"),
            why: "what it stands for is decided by the program that loads the file".to_owned(),
        };
        needs = needs.max(finding.severity.needs(Needs::KnownLibraries));
        findings.push(finding);
    }
    for finding in nested::judge(file) {
        needs = needs.max(finding.severity.needs(Needs::KnownLibraries));
        findings.push(finding);
    }
    // Of such a file the loader reads all pickles, and the bytes behind them.
    let is_legacy = matches!(file.dialect, Dialect::TorchLegacy | Dialect::TorchTar);
    for start in file.pickle.starts.iter().skip(1).filter(|_| !is_legacy) {
        findings.push(Finding {
            rule: "pickle/second-pickle",
            severity: Severity::Info,
            what: "another pickle".to_owned(),
            place: format!("byte {start}"),
            why: "loaders read it only when they are called again; what it names counts all the same"
                .to_owned(),
        });
    }
    let behind = file.trailing.as_ref().map_or(0, Trailing::n_bytes);
    if 0 < behind {
        findings.push(Finding {
            rule: "compressed/trailing-bytes",
            severity: Severity::Info,
            what: "bytes after the compressed data".to_owned(),
            place: format!("the last {behind} bytes of the file"),
            why: "no reader unpacks them".to_owned(),
        });
    }
    if 0 < file.pickle.trailing && !is_legacy {
        findings.push(Finding {
            rule: "pickle/trailing-bytes",
            severity: Severity::Info,
            what: "bytes after the end".to_owned(),
            place: format!("byte {}", file.pickle.end),
            why: "no loader reads them".to_owned(),
        });
    }
    if let Some(error) = error {
        findings.push(Finding {
            rule: "pickle/not-read-to-the-end",
            severity: Severity::Unscanned,
            what: "the rest of the file".to_owned(),
            place: format!("byte {}", error.offset()),
            why: error.to_string(),
        });
    }
    findings.sort_by_key(|finding| std::cmp::Reverse(finding.severity));
    let summary = summary(file, needs, &unread, &findings);
    Safety { needs, unread, findings, summary }
}

/// The persistent ids that whoever loads the file does not take for the bytes of a storage.
fn unknown_ids(file: &PickleFile) -> impl Iterator<Item = &(Value, u64)> {
    let tree = &file.pickle.tree;
    let is_storage = move |id: Value| {
        let kind = tree.items(id).and_then(|items| items.first()).and_then(|kind| tree.text(*kind));
        match file.dialect {
            Dialect::Plain => false,
            Dialect::Torch | Dialect::TorchScript => kind == Some("storage"),
            Dialect::TorchLegacy => matches!(kind, Some("storage" | "module")),
            // The number of a tensor, as an integer or its digits; or a class with the text of its file.
            Dialect::TorchTar => tree.items(id).is_none_or(|items| items.len() == 3),
        }
    };
    file.pickle.trace.persistent().iter().filter(move |(id, _)| !is_storage(*id))
}

/// joblib skips the bytes behind every array wrapper. A wrapper made of a class that was handed around is one that the
/// reader does not see.
fn hidden_wrapper(file: &PickleFile) -> Option<Finding> {
    let mut globals = file.pickle.trace.globals().iter();
    let wrapper = globals.find(|global| 0 < global.kept && is_array_wrapper(&global.module, &global.name))?;
    Some(Finding {
        rule: "joblib/hidden-wrapper",
        severity: Severity::Dangerous,
        what: format!("{}.{}", wrapper.module, wrapper.name),
        place: format!("byte {}", wrapper.offset),
        why: "it is given to something instead of being made right there: joblib would skip bytes that can't be told"
            .to_owned(),
    })
}

pub(super) fn judge_global(file: &PickleFile, global: &Global) -> Finding {
    let full = format!("{}.{}", global.module, global.name);
    let usage = match (global.called_at, global.made_at) {
        (Some(_), _) => Use::Called,
        (None, Some(_)) => Use::Made,
        (None, None) => Use::Referred,
    };
    let offset = global.called_at.or(global.made_at).unwrap_or(global.offset);
    let place = format!("byte {offset}");
    let finding = |rule, severity, why: String| Finding {
        rule,
        severity,
        what: full.clone(),
        place: place.clone(),
        why,
    };
    if !is_plain_name(&global.module) || !is_plain_name(&global.name) {
        return finding(
            "pickle/odd-name",
            Severity::Dangerous,
            "the name is not made of letters, digits and underscores: it hides what is imported".to_owned(),
        );
    }
    if file.dialect == Dialect::TorchScript && is_of_script(&global.module) {
        let why = "a name of the script in the file, which TorchScript reads and Python does not".to_owned();
        return finding("torchscript/name", Severity::Info, why);
    }
    let is_enum = global.module == "enum" && global.name == "Enum.__new__" && usage == Use::Referred;
    if global.name.contains('.') && !is_enum && !is_nested_class(global) {
        return finding(
            "pickle/dotted-name",
            Severity::Dangerous,
            "the name walks through attributes of the module to reach something else".to_owned(),
        );
    }
    if matches!(full.as_str(), "builtins.getattr" | "__builtin__.getattr")
        && states::takes_own_methods_alone(file, global)
    {
        let why = "takes a method of the model itself, which only computes".to_owned();
        return finding("pickle/known-name", Severity::Info, why);
    }
    if let Some((severity, why)) = tensor_bytes::judge(file, global) {
        let rule = match severity {
            Severity::Info => "pickle/known-name",
            Severity::Unscanned => "torch/not-read",
            Severity::Review | Severity::Dangerous => "pickle/dangerous-name",
        };
        return finding(rule, severity, why);
    }
    if let Some((severity, why)) = by_value::maker_finding(file, global) {
        let rule = match severity {
            Severity::Dangerous => "pickle/dangerous-name",
            _ => "pickle/by-value",
        };
        return finding(rule, severity, why);
    }
    // A name may be made in one place and called in another; the worse use counts.
    match names::look_up(&global.module, &global.name, usage) {
        Known::Yes => finding("pickle/known-name", Severity::Info, known_why(global, usage)),
        Known::Harmful(why) if usage == Use::Referred && by_value::is_only_referred(file, global) => {
            let how = format!(
                "only the code that the file carries refers to it, and loading does not call it; it {why}"
            );
            finding("pickle/code-refers-to", Severity::Review, how)
        }
        Known::Harmful(why) => {
            let arguments = global.called_with.map(|args| shown_arguments(file, args)).unwrap_or_default();
            let how = match usage {
                Use::Called => format!("loading calls it{arguments}; it {why}"),
                Use::Made => format!("loading makes an instance of it; it {why}"),
                Use::Referred => format!("the file refers to it; it {why}"),
            };
            finding("pickle/dangerous-name", Severity::Dangerous, how)
        }
        Known::No
            if usage == Use::Referred
                && (!library_of(&global.module).is_empty() || is_standard(&global.module))
                && by_value::is_only_referred(file, global) =>
        {
            let how = "only the code that the file carries refers to it; loading does not call it".to_owned();
            finding("pickle/code-refers-to", Severity::Info, how)
        }
        Known::No => {
            let library = library_of(&global.module);
            let whose = match (library, top_level(&global.module)) {
                ("", "__main__") => "a class or function of the script that wrote the file".to_owned(),
                ("", _) if is_standard(&global.module) => {
                    "part of Python itself, and not on the list of what models are made of".to_owned()
                }
                ("", _) => format!(
                    "code of the module {}, which belongs to no library that Packwright knows",
                    global.module
                ),
                (library, _) => format!("not on the list of what models of {library} are made of"),
            };
            let how = match usage {
                Use::Called => "loading calls it: ",
                Use::Made => "loading makes an instance of it: ",
                Use::Referred => "the model calls it when it is used: ",
            };
            finding("pickle/unknown-name", Severity::Review, format!("{how}{whose}"))
        }
    }
}

/// Whether a name in a pickle of TorchScript is one of the script, or marks the type of a value.
fn is_of_script(module: &str) -> bool {
    module == "__torch__" || module.starts_with("__torch__.") || module == "torch.jit._pickle"
}

fn known_why(global: &Global, usage: Use) -> String {
    let library = library_of(&global.module);
    let whose = if library.is_empty() { "Python" } else { library };
    match usage {
        Use::Called => format!("a constructor of {whose}; it only builds data"),
        Use::Made => format!("a class of {whose}"),
        Use::Referred => format!("a name of {whose}; it only computes"),
    }
}

fn is_plain_name(name: &str) -> bool {
    !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'.')
}

/// `Outer.Inner` of one library, both spelled as classes.
fn is_nested_class(global: &Global) -> bool {
    global.called_at.is_none()
        && !library_of(&global.module).is_empty()
        && global.name.split('.').all(|part| part.starts_with(|first: char| first.is_ascii_uppercase()))
}

/// The arguments of a call, for a person: texts and numbers as they are, everything else by what it is.
pub(super) fn shown_arguments(file: &PickleFile, args: Value) -> String {
    let items = file.pickle.tree.items(args).unwrap_or_default();
    let shown: Vec<String> = items
        .iter()
        .map(|item| match (file.scalar(*item), file.pickle.trace.global(*item)) {
            (Some(scalar), _) => scalar.to_string(),
            (None, Some(global)) => format!("{}.{}", global.module, global.name),
            (None, None) => "…".to_owned(),
        })
        .collect();
    let all = format!(" with ({})", shown.join(", "));
    if SHOWN_CHARS < all.chars().count() {
        let cut: String = all.chars().take(SHOWN_CHARS).collect();
        format!("{cut}…)")
    } else {
        all
    }
}

/// One line for a person.
pub(super) fn summary(file: &PickleFile, needs: Needs, unread: &[String], findings: &[Finding]) -> String {
    let named = |severity| {
        let mut names: Vec<&str> = findings
            .iter()
            .filter(|f| f.severity == severity && !is_code(f))
            .map(|f| f.what.as_str())
            .collect();
        names.dedup();
        let shown = names.iter().take(3).copied().collect::<Vec<_>>().join(", ");
        match names.len().saturating_sub(3) {
            0 => shown,
            more => format!("{shown} and {more} more"),
        }
    };
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for global in file.pickle.trace.globals() {
        let library = library_of(&global.module);
        // The libraries that rebuild carried code are not what the model is made of.
        if !matches!(library, "" | "cloudpickle" | "dill") {
            let count = counts.entry(library).or_default();
            *count = count.saturating_add(1);
        }
    }
    let total: usize = counts.values().sum();
    let mut libraries: Vec<&str> = counts.keys().copied().collect();
    libraries.sort_by_key(|library| std::cmp::Reverse(counts.get(library).copied()));
    let loaded = match total {
        0 => String::new(),
        1 => format!("; loads 1 name from {}", listed(&libraries)),
        total => format!("; loads {total} names from {}", listed(&libraries)),
    };
    let unknown = named(Severity::Review);
    let line = match (needs, by_value::words(file)) {
        (Needs::UnknownCode, Some(code)) if unknown.is_empty() => format!("carries {code}{loaded}"),
        (Needs::UnknownCode, Some(code)) => format!("carries {code}; loading also needs {unknown}"),
        (needs, _) => plain_summary(needs, &named(Severity::Dangerous), &unknown, total, &libraries),
    };
    match unread {
        [] => line,
        _ if needs == Needs::DangerousCalls => line,
        _ => NOT_READ.to_owned(),
    }
}

fn plain_summary(needs: Needs, dangerous: &str, unknown: &str, total: usize, libraries: &[&str]) -> String {
    match needs {
        Needs::DangerousCalls => format!("loading would use {dangerous}"),
        Needs::UnknownCode => format!("loading needs code that is on no known list: {unknown}"),
        Needs::KnownLibraries if 0 < total => {
            let names = if total == 1 { "1 name" } else { "names" };
            let names = if total == 1 { names.to_owned() } else { format!("{total} {names}") };
            format!("loads {names} from {}; runs no other code", listed(libraries))
        }
        Needs::KnownLibraries | Needs::DataOnly => "holds data only; runs no code".to_owned(),
    }
}

/// Whether a finding only says which code the file carries: the summary counts those.
fn is_code(finding: &Finding) -> bool {
    matches!(finding.rule, "pickle/code-function" | "pickle/code-class" | "pickle/code-refers-to")
}

/// `a`, `a and b`, `a, b and c`.
fn listed(names: &[&str]) -> String {
    match names.split_last() {
        None => String::new(),
        Some((last, [])) => (*last).to_owned(),
        Some((last, rest)) => format!("{} and {last}", rest.join(", ")),
    }
}
