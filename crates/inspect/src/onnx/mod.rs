//! ONNX: the graph's inputs and outputs, what made it, what it needs, and whether its weights lie where they should.
//!
//! Weights are skipped by offset, so a file of gigabytes costs what its graph costs. Not models, and said so: the
//! text and JSON forms, which nothing can serve.

mod describe;
mod external;
mod model;
mod outline;
#[cfg(test)]
mod tests;
mod types;
mod versions;
mod walk;

use std::collections::BTreeSet;
use std::path::Path;

use packwright_formats::protobuf::{FieldValue, Wire};
use packwright_source::ErrorKind;

use self::external::Checked;
use self::model::{FORMAT, OnnxModel};
use crate::reader::{Claim, Reader, Subject};
use crate::safety::{Finding, Needs, Safety, Severity, needs_of};
use crate::{Artifact, InspectError, Inspection, Serving, Sourced};

/// Reads ONNX files.
#[derive(Debug)]
pub(crate) struct OnnxReader;

/// The domains whose operators onnxruntime brings along.
const KNOWN_DOMAINS: [&str; 8] = [
    "",
    "ai.onnx.ml",
    "ai.onnx.training",
    "ai.onnx.preview",
    "ai.onnx.preview.training",
    "com.microsoft",
    "com.microsoft.nchwc",
    "com.ms.internal.nhwc",
];

/// The domains of the onnxruntime-extensions package.
const EXTENSION_DOMAINS: [&str; 2] = ["ai.onnx.contrib", "com.microsoft.extensions"];

impl Reader for OnnxReader {
    fn claims(&self, subject: &Subject<'_>) -> Claim {
        if text_form(subject.head).is_some() || is_onnx(subject) {
            Claim::Likely
        } else if subject.extension() == "onnx" {
            Claim::Maybe
        } else {
            Claim::No
        }
    }

    fn read(&self, subject: &Subject<'_>) -> Result<Inspection, InspectError> {
        if let Some(form) = text_form(subject.head) {
            let name = subject.artifact.path.file_name().unwrap_or_default().to_string_lossy();
            return Err(InspectError::NotAModel {
                what: format!("this is an ONNX model in its {form} form, which onnxruntime cannot load"),
                hint: format!(
                    "convert it with onnx.save(onnx.load({name:?}), \"model.onnx\") and drop model.onnx"
                ),
            });
        }
        let model = OnnxModel::read(subject.source.as_ref(), subject.limits)?;
        Ok(inspection(subject, &model))
    }
}

/// Which of the forms made for people the text is in, if any.
fn text_form(head: &[u8]) -> Option<&'static str> {
    let text = head.trim_ascii_start();
    let has = |needle: &[u8]| text.windows(needle.len()).any(|window| window == needle);
    match text.first()? {
        b'<' if has(b"ir_version:") || has(b"opset_import:") => Some("text"),
        b'i' if text.starts_with(b"ir_version:") && has(b"\n") => Some("protobuf text"),
        b'{' if has(b"\"irVersion\"") || has(b"\"opsetImport\"") => Some("JSON"),
        _ => None,
    }
}

/// Whether the outermost message has the fields of a `ModelProto`, each of its wire type, with a graph among them. A
/// file that ends inside its graph counts: it is an ONNX file that is cut short.
fn is_onnx(subject: &Subject<'_>) -> bool {
    let mut wire = Wire::over(FORMAT, subject.source.as_ref(), subject.limits);
    let (mut has_version, mut has_graph) = (false, false);
    // More fields than this at the top are opset imports and metadata without end.
    for _ in 0..10_000 {
        let field = match wire.field() {
            Ok(Some(field)) => field,
            Ok(None) => break,
            Err(error) => {
                let is_cut = matches!(error.kind(), ErrorKind::Truncated { .. });
                return is_cut && has_version && (has_graph || starts_graph(subject, error.offset()));
            }
        };
        match (field.number, field.value) {
            (1, FieldValue::Varint(version)) if version < 1000 => has_version = true,
            (7, FieldValue::Bytes(_)) => has_graph = true,
            (5, FieldValue::Varint(_)) | (2 | 3 | 4 | 6 | 8 | 14 | 20 | 25 | 26, FieldValue::Bytes(_)) => {}
            _ => return false,
        }
    }
    has_version && has_graph
}

/// Whether the field that starts at `at` is a graph. Only the head is looked at: in files as they are written nothing
/// long comes before the graph.
fn starts_graph(subject: &Subject<'_>, at: u64) -> bool {
    const GRAPH_KEY: u8 = 7 << 3 | 2;
    let at = usize::try_from(at).unwrap_or(usize::MAX);
    subject.head.get(at) == Some(&GRAPH_KEY)
}

fn inspection(subject: &Subject<'_>, model: &OnnxModel) -> Inspection {
    let folder = subject.artifact.path.parent().unwrap_or(Path::new(""));
    let checked = model.external.check(folder);
    let custom = custom_domains(model);
    let (signature, mut warnings) = describe::signature(model);
    warnings.extend(checked.problems.iter().cloned());
    if !custom.is_empty() {
        warnings.push(custom_warning(&custom));
    }
    let can_serve = checked.problems.is_empty() && custom.is_empty();
    Inspection {
        framework: Some(Sourced::new("onnx".to_owned(), "the structure of the file")),
        model_class: Some(Sourced::new("onnx.ModelProto".to_owned(), "the structure of the file")),
        serving: if can_serve { Serving::Onnx } else { Serving::No },
        signature,
        requirements: describe::requirements(model),
        structure: Some(outline::structure(model)),
        facts: describe::facts(model, &custom),
        warnings,
        ..Inspection::blank(
            Artifact { side_files: checked.side_files.clone(), ..subject.artifact.clone() },
            FORMAT,
            safety(model, checked, &custom),
        )
    }
}

/// The domains of operators that neither onnxruntime nor the file itself defines.
fn custom_domains(model: &OnnxModel) -> BTreeSet<String> {
    let foreign = model.operators.keys().filter(|operator| {
        !KNOWN_DOMAINS.contains(&operator.0.as_str()) && !model.functions.contains(*operator)
    });
    foreign.map(|(domain, _)| domain.clone()).collect()
}

fn custom_warning(custom: &BTreeSet<String>) -> String {
    let list = custom.iter().cloned().collect::<Vec<_>>().join(", ");
    let library = if custom.iter().all(|domain| EXTENSION_DOMAINS.contains(&domain.as_str())) {
        "the package onnxruntime-extensions"
    } else {
        "a library of native code that the file does not hold"
    };
    format!(
        "The graph uses operators of {list}. They need {library}, and MLflow's onnx flavor cannot register it, so \
         this model cannot be served as it is."
    )
}

fn safety(model: &OnnxModel, checked: Checked, custom: &BTreeSet<String>) -> Safety {
    let mut findings = checked.findings;
    for domain in custom {
        let operators = model.operators.keys().filter(|operator| operator.0 == *domain);
        let names: Vec<&str> = operators.map(|operator| operator.1.as_str()).collect();
        findings.push(Finding {
            rule: "onnx/custom-domain",
            severity: Severity::Review,
            what: format!("operators of {domain}: {}", names.join(", ")),
            place: "graph.node".into(),
            why:
                "they run native code from a library that must be installed; only install one that you trust"
                    .into(),
        });
    }
    findings.sort_by_key(|finding| std::cmp::Reverse(finding.severity));
    let needs = needs_of(&findings, Needs::DataOnly);
    let unscanned = findings.iter().filter(|finding| finding.severity == Severity::Unscanned);
    let unread = unscanned.map(|finding| format!("{}: {}", finding.what, finding.why)).collect();
    let n_nodes = model.operators.values().fold(0_u64, |sum, n| sum.saturating_add(*n));
    let summary = match needs {
        Needs::DangerousCalls => "loading it would read files outside its folder".to_owned(),
        Needs::UnknownCode if !custom.is_empty() => "needs a library of native operators".to_owned(),
        Needs::UnknownCode => "its external data is described in a way that needs a look".to_owned(),
        Needs::DataOnly | Needs::KnownLibraries => {
            format!(
                "data only: a graph of {n_nodes} operators and its weights; loading runs no code from the file"
            )
        }
    };
    Safety { needs, unread, findings, summary }
}
