//! The operators that the code of TorchScript calls. The code is a language of PyTorch's own without files or processes;
//! what reaches them are operators and classes that a library registered.

use packwright_source::Budget;

use super::archive::Archive;
use crate::safety::{Finding, NOT_READ, Needs, Safety, Severity};

/// The longest code that is read, all files together.
const CODE_BYTES: u64 = 32 << 20;

/// Namespaces of operators that PyTorch registers itself.
const OWN: &[&str] = &[
    "aten",
    "prim",
    "prims",
    "quantized",
    "quantized_decomposed",
    "_quantized",
    "onednn",
    "mkldnn",
    "mkldnn_prepacked",
    "xnnpack",
    "sparse",
    "image",
    "torchvision",
    "torchaudio",
    "inductor",
    "static_runtime",
    "profiler",
];

/// Operators of PyTorch that read or write files.
const FILES: &[&str] = &["from_file", "save", "load", "_save_to_file", "open"];

/// Adds what the code in `code/` calls beyond computing.
pub(super) fn with_operators(mut safety: Safety, archive: &mut Archive, budget: &mut Budget) -> Safety {
    let files: Vec<String> = archive
        .names()
        .filter(|name| {
            name.starts_with("code/") && std::path::Path::new(name).extension().is_some_and(|e| e == "py")
        })
        .map(str::to_owned)
        .collect();
    let n_files = files.len();
    let mut left = CODE_BYTES;
    let mut found = Vec::new();
    for name in files {
        match archive.text(&name, left, budget) {
            Ok(Some(text)) => {
                left = left.saturating_sub(u64::try_from(text.len()).unwrap_or(u64::MAX));
                found.extend(calls(&text).into_iter().map(|call| finding(&name, call)));
            }
            Ok(None) => found.push(not_read(&name, "it is no text")),
            Err(error) => found.push(not_read(&name, &error.to_string())),
        }
    }
    found.dedup_by(|a, b| a.what == b.what);
    let before = safety.verdict();
    for finding in &found {
        safety.needs = safety.needs.max(finding.severity.needs(Needs::DataOnly));
        if finding.severity == Severity::Unscanned {
            safety.unread.push(format!("{}: {}", finding.place, finding.why));
        }
    }
    if n_files != 0 && safety.verdict() == crate::safety::Verdict::Safe {
        "holds a program in PyTorch's own language, which only computes".clone_into(&mut safety.summary);
    }
    // What the pickles would do speaks unless the code is worse.
    if before < safety.verdict()
        && let Some(worst) = found.iter().max_by_key(|finding| finding.severity)
    {
        safety.summary = match worst.severity {
            Severity::Unscanned => NOT_READ.to_owned(),
            _ => format!("the code in the file needs {}", worst.what),
        };
    }
    safety.findings.extend(found);
    safety.findings.sort_by_key(|finding| std::cmp::Reverse(finding.severity));
    safety
}

/// What a piece of code calls that needs a look.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Call {
    /// An operator or a class of a library of native code.
    Registered(String),
    /// An operator that reads or writes files.
    File(String),
}

/// The calls of a text. `ops.NAMESPACE.NAME(…)`, `torch.NAME(…)` and `__torch__.torch.classes.NAMESPACE.NAME`.
pub(super) fn calls(text: &str) -> Vec<Call> {
    let mut found = Vec::new();
    for word in text.split(|c: char| !(c.is_ascii_alphanumeric() || c == '_' || c == '.')) {
        if let Some(class) = word.split("torch.classes.").nth(1)
            && !class.is_empty()
            // Packed weights of quantized layers are PyTorch's own classes.
            && !class.starts_with("quantized.") && !class.starts_with("sparse.") && !class.starts_with("xnnpack.")
        {
            found.push(Call::Registered(format!("the class {class}")));
        } else if let Some((namespace, name)) =
            word.strip_prefix("ops.").and_then(|rest| rest.split_once('.'))
        {
            if FILES.contains(&name) && OWN.contains(&namespace) {
                found.push(Call::File(word.to_owned()));
            } else if !OWN.contains(&namespace) {
                found.push(Call::Registered(format!("the operator {namespace}::{name}")));
            }
        } else if let Some(name) = word.strip_prefix("torch.").filter(|name| FILES.contains(name)) {
            found.push(Call::File(format!("torch.{name}")));
        }
    }
    found.sort_by(|a, b| format!("{a:?}").cmp(&format!("{b:?}")));
    found.dedup();
    found
}

fn finding(place: &str, call: Call) -> Finding {
    let place = place.to_owned();
    match call {
        Call::Registered(what) => Finding {
            rule: "torchscript/custom-operator",
            severity: Severity::Review,
            what,
            place,
            why: "it runs native code of a library that must be loaded first; only load one that you trust"
                .to_owned(),
        },
        Call::File(what) => Finding {
            rule: "torchscript/file-operator",
            severity: Severity::Dangerous,
            what,
            place,
            why: "the code of the model calls it when it is used: it reads or writes files".to_owned(),
        },
    }
}

fn not_read(name: &str, why: &str) -> Finding {
    Finding {
        rule: "torchscript/not-read",
        severity: Severity::Unscanned,
        what: "the code of the model".to_owned(),
        place: name.to_owned(),
        why: why.to_owned(),
    }
}
