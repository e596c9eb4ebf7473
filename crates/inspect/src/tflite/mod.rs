//! TensorFlow Lite (LiteRT): signatures, tensors with their quantization, and operators that the runtime does not bring.

mod describe;
mod metadata;
mod model;
mod operators;
#[cfg(test)]
mod tests;

use packwright_source::ReadError;

use self::describe::Call;
use self::metadata::Metadata;
use self::model::{FORMAT, TfliteModel};
use crate::reader::{Claim, Reader, Subject};
use crate::safety::{Finding, Needs, Safety, Severity, needs_of};
use crate::structure;
use crate::tensors::Tensors;
use crate::{InspectError, Inspection, Requirement, Serving, Sourced};

/// Reads TensorFlow Lite files.
#[derive(Debug)]
pub(crate) struct TfliteReader;

/// The first TensorFlow whose interpreter for Python does not run operators of TensorFlow itself.
const FLEX_ENDS: &str = "2.19";

/// How operators of TensorFlow itself are named.
const FLEX: &str = "Flex";

impl Reader for TfliteReader {
    fn claims(&self, subject: &Subject<'_>) -> Claim {
        match subject.head.get(4..8) {
            Some(b"TFL3") => Claim::Certain,
            _ if subject.extension() == "tflite" => Claim::Maybe,
            _ => Claim::No,
        }
    }

    fn read(&self, subject: &Subject<'_>) -> Result<Inspection, InspectError> {
        let model = TfliteModel::read(subject.source.as_ref(), subject.limits)?;
        let words = match model.described_at {
            Some(place) => Metadata::read(&subject.source, place, subject.limits),
            None => Ok(Metadata::default()),
        };
        Ok(inspection(subject, &model, words))
    }
}

/// What is said of a model; `words` are its own about itself, which only people need.
fn inspection(subject: &Subject<'_>, model: &TfliteModel, words: Result<Metadata, ReadError>) -> Inspection {
    let call = Call::of(model);
    let (flex, foreign): (Vec<&str>, Vec<&str>) =
        model.custom.keys().map(String::as_str).partition(|name| name.starts_with(FLEX));
    let (signature, mut warnings) = describe::signature(&call);
    if model.graphs.is_empty() {
        warnings.insert(0, "The file holds no graph, so there is nothing to run.".to_owned());
    }
    if !flex.is_empty() {
        warnings.insert(
            0,
            format!(
                "The graph uses operators of TensorFlow itself ({}). Only the interpreter in TensorFlow before {FLEX_ENDS} runs \
                 them, so the package asks for that.",
                flex.join(", ")
            ),
        );
    }
    if !foreign.is_empty() {
        let reason = format!(
            "The graph uses operators that are not TensorFlow Lite's own: {}. They need a library of native code that the \
             file does not hold, so this model cannot be served as it is.",
            foreign.join(", ")
        );
        warnings.insert(0, reason);
    }
    warnings.extend(describe::other_signatures(model, &call));
    let mut facts = describe::facts(model, &call);
    match words {
        Ok(words) => describe::add_words(&mut facts, &words),
        Err(error) => warnings.push(format!("The metadata of the model is damaged and left out: {error}.")),
    }
    let can_serve = foreign.is_empty() && !model.graphs.is_empty();
    let is_flex = !flex.is_empty();
    let serving = Serving::Tflite { signature: call.key.map(str::to_owned), is_flex };
    Inspection {
        framework: Some(Sourced::new(FORMAT.to_owned(), "bytes 4 to 8 of the file")),
        serving: if can_serve { serving } else { Serving::No },
        signature,
        requirements: requirements(model, is_flex),
        structure: structure::of_operators(model.operators.iter().chain(&model.custom)),
        tensors: Some(weights(model)),
        facts,
        warnings,
        ..Inspection::blank(subject.artifact.clone(), FORMAT, safety(model))
    }
}

/// The tensors whose bytes are in the file.
fn weights(model: &TfliteModel) -> Tensors {
    let all = model.graphs.iter().flat_map(|graph| &graph.tensors);
    all.filter(|tensor| 0 < tensor.size_bytes).map(describe::weight).collect()
}

fn requirements(model: &TfliteModel, is_flex: bool) -> Vec<Requirement> {
    let line =
        |requirement: &str, source: String| Requirement { requirement: requirement.to_owned(), source };
    let runtime = match model.notes.get("min_runtime_version") {
        Some(version) => format!("; the file needs a runtime of TensorFlow {version} or later"),
        None => String::new(),
    };
    let numpy =
        line("numpy", "the interpreter works on NumPy arrays; its version is not in the file".to_owned());
    let interpreter = if is_flex {
        // Asked by loading a file: 2.15, 2.17 and 2.18 run it, 2.19 and 2.21 do not.
        let reason = format!("the last whose interpreter runs operators of TensorFlow itself{runtime}");
        line(&format!("tensorflow<{FLEX_ENDS}"), reason)
    } else {
        line("ai-edge-litert", format!("runs TensorFlow Lite files{runtime}"))
    };
    vec![interpreter, numpy]
}

fn safety(model: &TfliteModel) -> Safety {
    let mut findings = Vec::new();
    for name in model.custom.keys() {
        let is_flex = name.starts_with(FLEX);
        let why = if is_flex {
            "it is an operator of TensorFlow itself; the interpreter needs TensorFlow to run it"
        } else {
            "it runs native code from a library that must be installed; only install one that you trust"
        };
        let touches_files =
            ["FlexReadFile", "FlexWriteFile", "FlexMatchingFiles", "FlexPyFunc", "FlexEagerPyFunc"];
        let (rule, severity) = match is_flex {
            true if touches_files.contains(&name.as_str()) => {
                ("tflite/flex-file-operator", Severity::Dangerous)
            }
            true => ("tflite/flex-operator", Severity::Info),
            false => ("tflite/custom-operator", Severity::Review),
        };
        let why = if severity == Severity::Dangerous {
            "it reads or writes files, or runs Python, when the model runs"
        } else {
            why
        };
        findings.push(Finding {
            rule,
            severity,
            what: format!("operator {name}"),
            place: "operator_codes".into(),
            why: why.into(),
        });
    }
    findings.sort_by_key(|finding| std::cmp::Reverse(finding.severity));
    let least = if findings.is_empty() { Needs::DataOnly } else { Needs::KnownLibraries };
    let needs = needs_of(&findings, least);
    let n =
        model.operators.values().chain(model.custom.values()).fold(0_u64, |sum, n| sum.saturating_add(*n));
    let summary = match needs {
        Needs::DangerousCalls => "its graph would read or write files".to_owned(),
        Needs::UnknownCode => "needs a library of native operators".to_owned(),
        Needs::KnownLibraries => format!("a graph of {n} operators, some of them TensorFlow's own"),
        Needs::DataOnly => {
            format!("data only: a graph of {n} operators and its weights; loading runs no code from the file")
        }
    };
    Safety { needs, unread: Vec::new(), findings, summary }
}
