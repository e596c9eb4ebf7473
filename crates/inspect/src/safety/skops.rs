//! The verdict on a skops file: every type of its schema, name by name.

use std::collections::BTreeMap;

use packwright_formats::skops::Type;

use super::names::{self, Known, Use};
use super::{Finding, Needs, Safety, Severity};
use crate::SkopsType;
use crate::pickled::{PickleFile, library_of};

/// Judges every type that a load of this file would make or refer to.
pub(crate) fn judge(file: &PickleFile) -> Safety {
    let types = file.skops.as_deref().unwrap_or_default();
    let mut findings: Vec<Finding> = types.iter().map(judge_type).collect();
    findings.sort_by_key(|finding| std::cmp::Reverse(finding.severity));
    let worst = findings.iter().map(|finding| finding.severity).max();
    let needs = match worst {
        Some(Severity::Dangerous) => Needs::DangerousCalls,
        Some(Severity::Review | Severity::Unscanned) => Needs::UnknownCode,
        Some(Severity::Info) => Needs::KnownLibraries,
        None => Needs::DataOnly,
    };
    let named: Vec<&str> = findings
        .iter()
        .filter(|finding| Some(finding.severity) == worst && worst != Some(Severity::Info))
        .take(3)
        .map(|finding| finding.what.as_str())
        .collect();
    let summary = match needs {
        Needs::DangerousCalls => format!("loading would use {}", named.join(", ")),
        Needs::UnknownCode => format!("loading needs code that is on no known list: {}", named.join(", ")),
        Needs::KnownLibraries | Needs::DataOnly => {
            format!("loads {} types of known libraries; runs no other code", types.len())
        }
    };
    Safety { needs, unread: Vec::new(), findings, summary }
}

/// The types that a load asks about, sorted, each once. A type is known only where every use of it is.
pub(crate) fn types(types: &[Type]) -> Vec<SkopsType> {
    let mut found: BTreeMap<String, SkopsType> = BTreeMap::new();
    for ty in types.iter().filter(|ty| ty.module != "builtins") {
        let judged = judge_type(ty);
        let is_known = judged.severity == Severity::Info;
        let name = format!("{}.{}", ty.module, ty.name);
        let new = SkopsType { name: name.clone(), is_known, why: judged.why };
        match found.get_mut(&name) {
            Some(old) if old.is_known && !is_known => *old = new,
            Some(_) => {}
            None => drop(found.insert(name, new)),
        }
    }
    found.into_values().collect()
}

fn judge_type(ty: &Type) -> Finding {
    let what = format!("{}.{}", ty.module, ty.name);
    let usage = match ty.loader.as_str() {
        "FunctionNode" | "TypeNode" => Use::Referred,
        // These call what they name with arguments from the file.
        "OperatorFuncNode" | "ConstructorFromReduceNode" | "PartialNode" => Use::Called,
        _ => Use::Made,
    };
    let place = format!("schema.json, {}", if ty.place.is_empty() { "root" } else { &ty.place });
    let (rule, severity, why) = match names::look_up(&ty.module, &ty.name, usage) {
        _ if is_by_loader(ty) => {
            ("skops/known-type", Severity::Info, format!("made by skops ({})", ty.loader))
        }
        Known::Yes => {
            let library = library_of(&ty.module);
            let whose = if library.is_empty() { "Python" } else { library };
            ("skops/known-type", Severity::Info, format!("a type of {whose} ({})", ty.loader))
        }
        Known::Harmful(why) => ("skops/dangerous-type", Severity::Dangerous, format!("it {why}")),
        Known::No => (
            "skops/unknown-type",
            Severity::Review,
            format!("on no known list ({}); skops asks whether to trust it", ty.loader),
        ),
    };
    Finding { rule, severity, what, place, why }
}

/// Loaders that make only their own kind of value, whatever the schema says about it.
fn is_by_loader(ty: &Type) -> bool {
    matches!(
        (ty.loader.as_str(), ty.module.as_str(), ty.name.as_str()),
        ("NdArrayNode" | "MaskedArrayNode", "numpy" | "numpy.ma" | "numpy.ma.core", _)
            | ("DTypeNode", "numpy", "dtype")
            | ("SliceNode", "builtins", "slice")
            | ("BytesNode", "builtins", "bytes")
            | ("BytearrayNode", "builtins", "bytearray")
            | ("RandomStateNode", "numpy.random.mtrand" | "numpy.random", "RandomState")
            | ("RandomGeneratorNode", "numpy.random._generator" | "numpy.random", "Generator")
            | ("TreeNode", "sklearn.tree._tree", "Tree")
            | ("DefaultDictNode", "collections", "defaultdict")
    )
}
