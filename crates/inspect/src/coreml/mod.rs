//! Core ML: models (`.mlmodel`) and packages of a program and its weights (`.mlpackage`). What goes in and comes out, what
//! the model is made of, who made it, and whether its weights lie where they should.
//!
//! Not read: compiled models (`.mlmodelc`), and the tables of Apple's own kinds (word taggers, sound classifiers …).

mod describe;
mod features;
mod layers;
mod model;
mod package;
mod program;
#[cfg(test)]
mod tests;

use packwright_formats::protobuf::{FieldValue, Wire};
use packwright_source::Folder;

use self::model::{CoremlModel, FORMAT, kind_name};
use self::package::Checked;
use crate::reader::{Claim, FolderReader, FolderSubject, Reader, Subject};
use crate::safety::{Finding, Needs, Safety, Severity, needs_of};
use crate::{Artifact, InspectError, Inspection, Serving, Sourced};

/// Reads `.mlmodel` files.
#[derive(Debug)]
pub(crate) struct CoremlReader;

impl Reader for CoremlReader {
    fn claims(&self, subject: &Subject<'_>) -> Claim {
        if is_coreml(subject) {
            Claim::Likely
        } else if subject.extension() == "mlmodel" {
            Claim::Maybe
        } else {
            Claim::No
        }
    }

    fn read(&self, subject: &Subject<'_>) -> Result<Inspection, InspectError> {
        let model = CoremlModel::read(subject.source.as_ref(), subject.limits)?;
        let checked = package::check_alone(&model);
        Ok(inspection(subject.artifact.clone(), &model, checked, Vec::new()))
    }
}

/// Whether the outermost message has the fields of a `Model`, with a model of a known kind among them.
fn is_coreml(subject: &Subject<'_>) -> bool {
    let mut wire = Wire::over(FORMAT, subject.source.as_ref(), subject.limits);
    let (mut has_version, mut has_kind) = (false, false);
    // A model has four fields.
    for _ in 0..16 {
        let Ok(Some(field)) = wire.field() else { break };
        match (field.number, field.value) {
            (1, FieldValue::Varint(version)) if version < 1000 => has_version = true,
            (2, FieldValue::Bytes(_)) | (10, FieldValue::Varint(_)) => {}
            (number, FieldValue::Bytes(_)) if kind_name(number).is_some() => has_kind = true,
            _ => return false,
        }
    }
    has_version && has_kind
}

/// Reads `.mlpackage` folders.
#[derive(Debug)]
pub(crate) struct CoremlPackageReader;

impl FolderReader for CoremlPackageReader {
    fn claims(&self, folder: &Folder) -> Claim {
        let is_model = |name: &str| name.starts_with("Data/") && name.ends_with(".mlmodel");
        let has_model = folder.entries().iter().any(|entry| is_model(&entry.name));
        if folder.get("Manifest.json").is_some() && has_model { Claim::Likely } else { Claim::No }
    }

    fn read(&self, subject: &FolderSubject<'_>) -> Result<Inspection, InspectError> {
        package::read(subject)
    }
}

fn inspection(
    artifact: Artifact,
    model: &CoremlModel,
    checked: Checked,
    empty_folders: Vec<String>,
) -> Inspection {
    let (signature, calls) = describe::signature(model);
    let mut warnings = checked.problems.clone();
    if let Some((what, class)) = model.custom.first() {
        warnings.push(format!(
            "The model needs a {what} of its maker's own code, {class}, which is compiled into an app and is not in the \
             file, so it cannot be served from Python."
        ));
    }
    for what in &model.opaque {
        warnings.push(format!("The file holds {what}, which is not read, so it cannot be served."));
    }
    let can_serve = warnings.is_empty();
    if can_serve {
        warnings.push(
            "Core ML predicts on macOS alone: the package loads everywhere, and a machine that serves it must be a Mac."
                .to_owned(),
        );
    }
    warnings.extend(describe::notes(model));
    let version = model.description.user.get(describe::VERSION_KEY);
    let n_operations = model.operations.values().fold(0_u64, |sum, n| sum.saturating_add(*n));
    Inspection {
        framework: Some(Sourced::new("coremltools".to_owned(), "the structure of the file")),
        framework_version: version
            .map(|version| Sourced::new(version.clone(), format!("userDefined {}", describe::VERSION_KEY))),
        serving: if can_serve {
            Serving::Coreml {
                inputs: calls,
                is_stateful: !model.description.states.is_empty(),
                empty_folders,
            }
        } else {
            Serving::No
        },
        signature,
        requirements: describe::requirements(model),
        facts: describe::facts(model),
        tensors: Some(model.tensors.clone()),
        warnings,
        ..Inspection::blank(artifact, FORMAT, safety(model, checked, n_operations))
    }
}

fn safety(model: &CoremlModel, checked: Checked, n_operations: u64) -> Safety {
    let mut findings = checked.findings;
    for (what, class) in &model.custom {
        findings.push(Finding {
            rule: if *what == "layer" { "coreml/custom-layer" } else { "coreml/custom-model" },
            severity: Severity::Review,
            what: format!("{what} of the class {class}"),
            place: "the description of the model".into(),
            why: "it runs native code of the app that loads the model; only load it where you know that code"
                .into(),
        });
    }
    for what in &model.opaque {
        findings.push(Finding {
            rule: "coreml/not-read",
            severity: Severity::Unscanned,
            what: (*what).to_owned(),
            place: "the description of the model".into(),
            why: "what it holds was not seen".into(),
        });
    }
    findings.sort_by_key(|finding| std::cmp::Reverse(finding.severity));
    let needs = needs_of(&findings, Needs::DataOnly);
    let unscanned = findings.iter().filter(|finding| finding.severity == Severity::Unscanned);
    let unread = unscanned.map(|finding| format!("{}: {}", finding.what, finding.why)).collect();
    let summary = match needs {
        Needs::DangerousCalls => "loading it would read files outside its folder".to_owned(),
        Needs::UnknownCode => "needs code of the app that loads it".to_owned(),
        Needs::DataOnly | Needs::KnownLibraries if n_operations == 0 => {
            format!("data only: a {}; loading runs no code from the file", model.kind)
        }
        Needs::DataOnly | Needs::KnownLibraries => format!(
            "data only: a {} of {n_operations} operations and its weights; loading runs no code from the file",
            model.kind
        ),
    };
    Safety { needs, unread, findings, summary }
}
