//! Keras in HDF5: whole models, whose configuration is an attribute of the root, and weights alone.

use packwright_formats::hdf5::{self, File, Object};
use packwright_formats::json::JsonScanner;
use packwright_source::{Limits, MemorySource, ReadError};
use serde_json::{Value, json};

use super::describe::{self, Line};
use super::judge::Judged;
use super::outline;
use super::weights::{self, Layout};
use super::{Saved, n_parameters, safety};
use crate::reader::{Claim, Reader, Subject};
use crate::{Fact, InspectError, Inspection, Serving, Sourced};

/// Reads HDF5 files.
#[derive(Debug)]
pub(crate) struct KerasH5Reader;

/// What whole models are called.
const WHOLE: &str = "keras-h5";

/// What weights without a model are called.
const WEIGHTS: &str = "keras-weights-h5";

impl Reader for KerasH5Reader {
    fn claims(&self, subject: &Subject<'_>) -> Claim {
        if subject.head.starts_with(hdf5::MAGIC) { Claim::Certain } else { Claim::No }
    }

    fn read(&self, subject: &Subject<'_>) -> Result<Inspection, InspectError> {
        let file = hdf5::read(&*subject.source, subject.limits)?;
        let root = file.get("");
        if let Some(text) = root.and_then(|root| root.text("model_config")) {
            return whole(subject, &file, text);
        }
        match weights::layout(&file) {
            Some(layout) => Ok(alone(subject, &file, layout)),
            None => Err(InspectError::NotAModel {
                what: "it is an HDF5 file that holds no Keras model".to_owned(),
                hint: "drop the file that model.save wrote".to_owned(),
            }),
        }
    }
}

fn version_of(root: Option<&Object>) -> Option<Sourced<String>> {
    // Keras 2 writes it beside the weights of a whole model too.
    let version = root?.text("keras_version")?;
    Some(Sourced::new(version.to_owned(), "the attribute keras_version"))
}

/// A whole model.
fn whole(subject: &Subject<'_>, file: &File, text: &str) -> Result<Inspection, InspectError> {
    let root = file.get("");
    let config = parsed(text, subject.limits)?;
    let compiled = root.and_then(|root| root.text("training_config"));
    let compiled = compiled.map(|text| parsed(text, subject.limits)).transpose()?;
    let saved = Saved {
        format: WHOLE,
        place: "model_config",
        config: &config,
        compiled: compiled.as_ref(),
        version: version_of(root),
    };
    let findings = weights::judge(file, "the file");
    let mut inspection = saved.inspection(subject, findings, file.unread.clone())?;
    let tensors = weights::tensors(file, Layout::Whole);
    inspection.facts.extend(n_parameters(&tensors));
    inspection.facts.extend(backend(root));
    inspection.tensors = Some(tensors);
    outline::fill(&mut inspection, &config, Some((file, Layout::Whole)));
    Ok(inspection)
}

/// A text of the file as JSON.
fn parsed(text: &str, limits: &Limits) -> Result<Value, ReadError> {
    let source = MemorySource::new(text.as_bytes().to_vec());
    let mut scanner = JsonScanner::over(WHOLE, &source, 0, limits);
    let value = scanner.value()?;
    scanner.finish()?;
    Ok(value)
}

fn backend(root: Option<&Object>) -> Option<Fact> {
    let backend = root?.text("backend")?;
    Some(Fact { name: "backend", value: json!(backend), source: "the attribute backend".to_owned() })
}

/// Weights without the model that they belong to.
fn alone(subject: &Subject<'_>, file: &File, layout: Layout) -> Inspection {
    let root = file.get("");
    let version = version_of(root);
    let line = version.as_ref().and_then(|version| Line::of(&version.value));
    let tensors = weights::tensors(file, layout);
    let mut facts: Vec<Fact> = n_parameters(&tensors).into_iter().collect();
    facts.extend(backend(root));
    if let Some(layers) = root.and_then(|root| root.texts("layer_names")) {
        let source = "the attribute layer_names".to_owned();
        facts.push(Fact { name: "layers", value: json!(layers), source });
    }
    let judged = Judged {
        findings: weights::judge(file, "the file"),
        unread: file.unread.clone(),
        ..Judged::default()
    };
    // Some of it lies elsewhere, or is kept in a way that is not read.
    let is_readable = judged.findings.is_empty() && judged.unread.is_empty();
    let summary = format!("data only: {} arrays of weights; loading runs no code from the file", tensors.n);
    Inspection {
        framework: Some(Sourced::new(
            line.map_or("keras", Line::framework).to_owned(),
            "the structure of the file",
        )),
        requirements: describe::requirements(version.as_ref()),
        framework_version: version,
        tensors: Some(tensors),
        facts,
        serving: if is_readable {
            Serving::KerasWeights { is_by_layer: layout == Layout::Layers }
        } else {
            Serving::No
        },
        ..Inspection::blank(subject.artifact.clone(), WEIGHTS, safety(judged, &summary))
    }
}
