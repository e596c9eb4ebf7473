//! ONNX: the graph's inputs and outputs, what made it, what it needs, and whether its weights lie where they should.
//!
//! Weights are skipped by offset, so a file of gigabytes costs what its graph costs. The forms that are made for people,
//! text and JSON, are read by way of the binary one, and packed as it.

mod describe;
mod external;
mod model;
mod ort;
mod outline;
mod people;
#[cfg(test)]
mod tests;
mod types;
mod versions;
mod walk;

use std::collections::BTreeSet;
use std::path::Path;

use packwright_formats::protobuf::{FieldValue, Wire};
use packwright_source::{ErrorKind, MemorySource};

use self::external::Checked;
use self::model::{FORMAT, OnnxModel};
use self::people::Form;
pub use self::people::onnx_binary;
use crate::reader::{Claim, Reader, Subject};
use crate::safety::{Finding, Needs, Safety, Severity, needs_of};
use crate::{Artifact, Fact, InspectError, Inspection, Serving, Sourced};

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
        if is_ort(subject.head) {
            Claim::Certain
        } else if Form::of(subject.head).is_some() || is_onnx(subject) {
            Claim::Likely
        } else if subject.extension() == "onnx" {
            Claim::Maybe
        } else {
            Claim::No
        }
    }

    fn read(&self, subject: &Subject<'_>) -> Result<Inspection, InspectError> {
        if is_ort(subject.head) {
            let (model, version) = ort::read(subject.source.as_ref(), subject.limits)?;
            return Ok(inspection(subject, &model, &Origin::Ort { version }));
        }
        let Some(form) = Form::of(subject.head) else {
            let model = OnnxModel::read(subject.source.as_ref(), subject.limits)?;
            return Ok(inspection(subject, &model, &Origin::Binary));
        };
        let asked = subject.source.len_bytes();
        if subject.limits.header_bytes < asked {
            return Err(InspectError::Unknown {
                what: format!(
                    "this is an ONNX model in {}, of {asked} bytes, which is more than is read of it",
                    form.name()
                ),
                hint: "convert it with onnx.save(onnx.load(path), \"model.onnx\") and drop model.onnx"
                    .to_owned(),
            });
        }
        let binary = MemorySource::new(form.to_binary(subject.source.as_ref(), subject.limits)?);
        let model = OnnxModel::read(&binary, subject.limits)?;
        Ok(inspection(subject, &model, &Origin::People(form)))
    }
}

fn is_ort(head: &[u8]) -> bool {
    head.get(4..8) == Some(ort::IDENTIFIER)
}

/// What a model was read from.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Origin {
    /// The binary form.
    Binary,
    /// A form made for people.
    People(Form),
    /// onnxruntime's own format, of that version.
    Ort { version: String },
}

impl Origin {
    fn format(&self) -> &'static str {
        match self {
            Self::Binary => FORMAT,
            Self::People(form) => form.format(),
            Self::Ort { .. } => ort::FORMAT,
        }
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

fn inspection(subject: &Subject<'_>, model: &OnnxModel, origin: &Origin) -> Inspection {
    let folder = subject.artifact.path.parent().unwrap_or(Path::new(""));
    let mut checked = model.external.check(folder);
    if *origin != Origin::Binary {
        // The offsets are those of the binary form, which nobody has.
        for finding in &mut checked.findings {
            finding.place = "external_data of a tensor".into();
        }
    }
    let custom = custom_domains(model);
    let is_extended = !custom.is_empty() && custom.iter().all(|it| EXTENSION_DOMAINS.contains(&it.as_str()));
    let (signature, mut warnings) = describe::signature(model);
    warnings.extend(checked.problems.iter().cloned());
    if !custom.is_empty() && !is_extended {
        warnings.push(custom_warning(&custom));
    }
    let is_ort = matches!(origin, Origin::Ort { .. });
    let libraries: &[&str] = match (is_extended, is_ort) {
        (true, _) => &[describe::EXTENSIONS],
        (false, true) => &[],
        (false, false) => &["onnx"],
    };
    let framework = if is_ort { "onnxruntime" } else { "onnx" };
    let obstacle = describe::obstacle(model);
    warnings.extend(obstacle.clone());
    let serving =
        if obstacle.is_some() || !checked.problems.is_empty() || (!custom.is_empty() && !is_extended) {
            Serving::No
        } else if is_ort || is_extended {
            Serving::OnnxRuntime { is_ort, is_extended, is_text: matches!(origin, Origin::People(_)) }
        } else {
            Serving::Onnx { is_text: matches!(origin, Origin::People(_)) }
        };
    if let Origin::People(form) = origin {
        warnings.push(format!(
            "onnxruntime cannot load {}. The package gets the same model in its binary form, every value as the text has it.",
            form.name()
        ));
    }
    let mut facts = describe::facts(model, &custom);
    if let Origin::Ort { version } = origin {
        let value = serde_json::Value::from(version.as_str());
        facts.push(Fact { name: "ort_format_version", value, source: "ort_version".to_owned() });
    }
    Inspection {
        framework: Some(Sourced::new(framework.to_owned(), "the structure of the file")),
        model_class: (!is_ort)
            .then(|| Sourced::new("onnx.ModelProto".to_owned(), "the structure of the file")),
        serving,
        signature,
        requirements: describe::requirements(model, libraries),
        facts,
        tensors: Some(model.tensors.clone()),
        structure: Some(outline::structure(model)),
        warnings,
        ..Inspection::blank(
            Artifact { side_files: checked.side_files.clone(), ..subject.artifact.clone() },
            origin.format(),
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
    let is_foreign = |domain: &&String| !EXTENSION_DOMAINS.contains(&domain.as_str());
    let list = custom.iter().filter(is_foreign).cloned().collect::<Vec<_>>().join(", ");
    format!(
        "The graph uses operators of {list}. They need a library of native code that the file does not hold and that \
         onnxruntime does not bring, so this model cannot be served as it is: the library must be registered with \
         onnxruntime's SessionOptions.register_custom_ops_library, which MLflow's onnx flavor does not do."
    )
}

fn safety(model: &OnnxModel, checked: Checked, custom: &BTreeSet<String>) -> Safety {
    let mut findings = checked.findings;
    for domain in custom {
        let operators = model.operators.keys().filter(|operator| operator.0 == *domain);
        let names: Vec<&str> = operators.map(|operator| operator.1.as_str()).collect();
        let is_extension = EXTENSION_DOMAINS.contains(&domain.as_str());
        let why = if is_extension {
            "they run native code of Microsoft's package onnxruntime-extensions, which must be installed"
        } else {
            "they run native code from a library that must be installed; only install one that you trust"
        };
        findings.push(Finding {
            rule: "onnx/custom-domain",
            severity: Severity::Review,
            what: format!("operators of {domain}: {}", names.join(", ")),
            place: "graph.node".into(),
            why: why.into(),
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
