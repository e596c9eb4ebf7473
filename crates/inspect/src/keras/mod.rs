//! Keras models: the configuration with every object that loading makes of it, and the list of weights.
//!
//! Read: `.keras` files of Keras 3 and of 2.12 and later, whole models in HDF5, and weights in HDF5. A model that is a class of one's own is described as far as its
//! configuration goes.

mod archive;
mod config;
mod describe;
mod expected;
mod graph;
mod h5;
mod json_config;
mod judge;
mod lambda;
mod names;
mod outline;
mod shapes;
mod stored;
#[cfg(test)]
mod tests;
mod weights;

pub(crate) use h5::KerasH5Reader;
pub(crate) use json_config::KerasJsonReader;

use serde_json::{Value, json};

use self::archive::Archive;
use self::config::Network;
use self::describe::Line;
use self::judge::{Custom, Judged};
use self::stored::Stored;
use crate::reader::{Claim, Reader, Subject};
use crate::safety::{Finding, NOT_READ, Needs, Safety, needs_of, worst_of};
use crate::{Fact, InspectError, Inspection, Serving, Sourced, Tensors, strangers};

/// What the format is called.
const FORMAT: &str = "keras-v3";

/// Reads `.keras` files.
#[derive(Debug)]
pub(crate) struct KerasReader;

impl Reader for KerasReader {
    fn claims(&self, subject: &Subject<'_>) -> Claim {
        let is_zip = subject.head.starts_with(b"PK\x03\x04");
        if is_zip && archive::is_keras(&subject.source, subject.limits) { Claim::Certain } else { Claim::No }
    }

    fn read(&self, subject: &Subject<'_>) -> Result<Inspection, InspectError> {
        let archive = archive::read(&subject.source, subject.limits)?;
        let version = archive.metadata.get("keras_version").and_then(Value::as_str);
        let version = version.map(|version| Sourced::new(version.to_owned(), "metadata.json keras_version"));
        let saved = Saved {
            format: FORMAT,
            place: "config.json",
            compiled: archive.config.get("compile_config"),
            config: &archive.config,
            version,
        };
        let mut stored = Stored::of(&archive, subject.limits);
        let (mut findings, mut unread) = (archive.findings.clone(), archive.unread.clone());
        findings.append(&mut stored.findings);
        unread.append(&mut stored.unread);
        let mut inspection = saved.inspection(subject, findings, unread)?;
        inspection.facts.extend(facts(&archive));
        if let Some(tensors) = stored.tensors {
            inspection.facts.extend(n_parameters(&tensors));
            inspection.tensors = Some(tensors);
        }
        let file = stored.whole.as_ref().map(|file| (file, weights::Layout::Objects));
        outline::fill(&mut inspection, saved.config, file);
        let broken = stored.broken;
        if let Some(broken) = broken {
            inspection.serving = Serving::No;
            inspection.warnings.insert(0, broken);
        }
        Ok(inspection)
    }
}

fn facts(archive: &Archive) -> Vec<Fact> {
    let mut facts = Vec::new();
    if let Some(date) = archive.metadata.get("date_saved").and_then(Value::as_str) {
        facts.push(Fact {
            name: "date_saved",
            value: json!(date),
            source: "metadata.json date_saved".to_owned(),
        });
    }
    if !archive.assets.is_empty() {
        let source = "the archive".to_owned();
        facts.push(Fact { name: "assets", value: json!(archive.assets), source });
    }
    facts
}

/// How many numbers the weights of a model are.
fn n_parameters(tensors: &Tensors) -> Option<Fact> {
    let value = u64_json(tensors.n_elements);
    (tensors.n != 0).then(|| Fact {
        name: "n_parameters",
        value,
        source: "the shapes of the weights".to_owned(),
    })
}

/// Beyond 2^53 as a text, for readers that hold numbers as floats.
fn u64_json(n: u64) -> Value {
    if n < 1 << 53 { json!(n) } else { json!(n.to_string()) }
}

/// A model and what is saved with it.
struct Saved<'a> {
    format: &'static str,
    /// Where the configuration lies, for people.
    place: &'static str,
    config: &'a Value,
    /// What it was compiled with.
    compiled: Option<&'a Value>,
    version: Option<Sourced<String>>,
}

impl Saved<'_> {
    /// Describes the model. `findings` and `unread` are what its container gave.
    fn inspection(
        &self,
        subject: &Subject<'_>,
        findings: Vec<Finding>,
        unread: Vec<String>,
    ) -> Result<Inspection, InspectError> {
        let Some(network) = Network::of(self.config) else {
            let what = format!("{} describes no model", self.place);
            return Err(strangers::unread(&what, "save the model again with model.save"));
        };
        let line = self.version.as_ref().and_then(|version| Line::of(&version.value));
        let mut judged = Judged { findings, unread, ..Judged::default() };
        judge::walk(self.config, self.place, &mut judged);
        if let Some(compiled) = self.compiled.filter(|_| self.config.get("compile_config").is_none()) {
            judge::walk(compiled, "training_config", &mut judged);
        }
        let class = describe::class(&network, line, self.place);
        let (signature, mut warnings) = describe::signature(&network);
        let (serving, refused) = self.serving(&network, &judged, line);
        warnings.extend(refused);
        let n_layers = network.layers.len();
        let with = if self.format == json_config::FORMAT { "without" } else { "and" };
        let summary = format!("{n_layers} layers of Keras {with} their weights; runs no code from the file");
        let framework = line.map_or("keras", Line::framework).to_owned();
        Ok(Inspection {
            framework: Some(Sourced::new(framework, "the structure of the file")),
            framework_version: self.version.clone(),
            serving,
            signature,
            requirements: describe::requirements(self.version.as_ref()),
            structure: Some(describe::structure(&network, &class.value)),
            model_class: Some(class),
            facts: describe::facts(&network, self.compiled, self.place),
            warnings,
            own_modules: judged.own.clone(),
            ..Inspection::blank(subject.artifact.clone(), self.format, safety(judged, &summary))
        })
    }
}

impl Saved<'_> {
    /// How the model can be served, and what is to be known about that.
    fn serving(
        &self,
        network: &Network<'_>,
        judged: &Judged,
        line: Option<Line>,
    ) -> (Serving, Option<String>) {
        if let Some(refused) = judged.refused {
            return (Serving::No, Some(format!("The model cannot be served: {refused}.")));
        }
        let is_h5 = self.format != FORMAT;
        let keras_module = line.map_or("keras", Line::module);
        // MLflow compiles `.keras` files as it loads them, and nothing that is HDF5.
        let (training, needed): (Vec<&Custom>, Vec<&Custom>) =
            judged.customs.iter().partition(|custom| custom.is_for_training);
        let unknown: Vec<&str> =
            needed.iter().filter(|custom| custom.path.is_none()).map(|custom| custom.name.as_str()).collect();
        if !unknown.is_empty() {
            let names = unknown.join(", ");
            let why = format!(
                "The model uses {names}, which Keras does not have, and the file does not say which module does. Save the \
                 model again from code where they are registered with keras.saving.register_keras_serializable, in the \
                 .keras format."
            );
            return (Serving::No, Some(why));
        }
        if judged.holds_code || !needed.is_empty() || !training.is_empty() && !is_h5 {
            let custom_objects = needed
                .iter()
                .filter_map(|custom| Some((custom.name.clone(), custom.path.clone()?)))
                .collect();
            let serving =
                Serving::KerasLoader { keras_module, is_h5, custom_objects, holds_code: judged.holds_code };
            let why = "The model holds Python bytecode (Lambda layers). It runs only under the minor version of Python that \
                       wrote it, which the file does not say.";
            return (serving, judged.holds_code.then(|| why.to_owned()));
        }
        let gives_one = network.is_chain() || network.outputs.is_bare || network.outputs.tensors.is_empty();
        // The keras flavor makes one array of whatever the model gives, and knows Keras 3 only.
        if is_h5 || !gives_one || line.is_some_and(|line| line != Line::Three) {
            return (Serving::TensorflowKeras { keras_module, is_h5 }, None);
        }
        (Serving::Keras, None)
    }
}

/// The verdict. `summary` is what is said when there is nothing to look at.
fn safety(judged: Judged, summary: &str) -> Safety {
    let Judged { mut findings, unread, .. } = judged;
    findings.sort_by_key(|finding| std::cmp::Reverse(finding.severity));
    let needs = needs_of(&findings, Needs::KnownLibraries);
    let worst = worst_of(&findings);
    let summary = match needs {
        Needs::DangerousCalls => format!("loading would use {worst}"),
        _ if !unread.is_empty() => NOT_READ.to_owned(),
        Needs::UnknownCode => format!("needs a look: {worst}"),
        Needs::KnownLibraries | Needs::DataOnly => summary.to_owned(),
    };
    Safety { needs, unread, findings, summary }
}
