//! What all folders of Hugging Face's libraries have in common: the model card, versions, the shape of an inspection.

use serde_json::{Map, Value};

use super::card;
use super::files::{Files, text_of};
use super::scan::Scan;
use super::weights::Weights;
use crate::{Fact, InspectError, Requirement, Sourced, tensors};

/// What the front matter of a model card says, under the names of our facts.
const CARD: [(&str, &str); 7] = [
    ("license", "license"),
    ("tags", "tags"),
    ("pipeline_tag", "pipeline_tag"),
    ("library_name", "library_name"),
    ("base_model", "base_model"),
    ("language", "language"),
    ("datasets", "datasets"),
];

/// Facts as they are gathered.
#[derive(Debug, Default)]
pub(super) struct Facts(pub(super) Vec<Fact>);

impl Facts {
    pub(super) fn add(&mut self, name: &'static str, value: Value, source: &str) {
        self.0.push(Fact { name, value, source: source.to_owned() });
    }

    /// The values of some keys, where they are there.
    pub(super) fn keys(&mut self, json: &Value, file: &str, keys: &[(&'static str, &str)]) {
        for (name, key) in keys {
            if let Some(value) = json.get(*key).filter(|value| !value.is_null()) {
                self.add(name, value.clone(), &format!("{key} in {file}"));
            }
        }
    }

    /// The front matter of the model card.
    pub(super) fn card(&mut self, files: &Files<'_>) -> Result<(), InspectError> {
        let Some(text) = files.text("README.md")? else { return Ok(()) };
        for (key, values) in card::front_matter(&text) {
            let Some((name, _)) = CARD.iter().find(|row| row.1 == key) else { continue };
            let value = match values.as_slice() {
                [] => continue,
                [one] if *name != "tags" => Value::from(one.as_str()),
                many => Value::from(many.to_vec()),
            };
            self.add(name, value, &format!("{key} in README.md"));
        }
        Ok(())
    }

    /// The weights and their types.
    pub(super) fn weights(&mut self, weights: &Weights) {
        if let Some(all) = &weights.tensors {
            let source = match weights.files.as_slice() {
                [one] => format!("header of {one}"),
                many => format!("headers of {} files", many.len()),
            };
            self.0.extend(tensors::facts(all, &source));
        }
        if !weights.files.is_empty() {
            self.add("weight_files", Value::from(weights.files.clone()), "names in the folder");
        }
    }

    /// The chat template.
    pub(super) fn template(&mut self, scan: &Scan) {
        if let Some((text, file)) = &scan.template {
            self.add("chat_template", Value::from(text.as_str()), file);
        }
    }
}

/// Labels in the order of their numbers.
pub(super) fn labels(config: &Value) -> Option<Vec<Value>> {
    let map: &Map<String, Value> = config.get("id2label")?.as_object()?;
    let mut labels: Vec<(u64, &Value)> =
        map.iter().map(|(id, label)| Some((id.parse().ok()?, label))).collect::<Option<_>>()?;
    labels.sort_by_key(|(id, _)| *id);
    Some(labels.into_iter().map(|(_, label)| label.clone()).collect())
}

/// A release without the build after `+`, if the text is one. It becomes a part of a requirement.
pub(super) fn release(version: &str) -> Option<&str> {
    let release = version.split('+').next()?;
    let is_part = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_alphanumeric());
    let starts = release.starts_with(|c: char| c.is_ascii_digit());
    (starts && release.split('.').all(is_part)).then_some(release)
}

/// A version that is written down for builds that no registry has.
pub(super) fn is_development(version: &str) -> bool {
    version.contains("dev")
}

/// A line with the version where one is known, and why.
pub(super) fn requirement(name: &str, version: Option<&str>, source: &str) -> Requirement {
    match version.and_then(release).filter(|version| !is_development(version)) {
        Some(version) => Requirement { requirement: format!("{name}=={version}"), source: source.to_owned() },
        None => Requirement { requirement: name.to_owned(), source: source.to_owned() },
    }
}

/// Which transformers wrote the configuration.
pub(super) fn transformers_version(config: &Value) -> Option<Sourced<String>> {
    let version = text_of(config, "transformers_version")?;
    Some(Sourced::new(version.to_owned(), "transformers_version in config.json"))
}

/// That weights lie in the folder more than once.
pub(super) fn spare(weights: &Weights) -> Option<String> {
    let used = weights.files.first()?;
    if weights.spare.is_empty() {
        return None;
    }
    Some(format!(
        "The folder holds the weights more than once: {used} loads, and {} are packed too. Remove what you do not need \
         to make the package smaller.",
        weights.spare.join(", ")
    ))
}
