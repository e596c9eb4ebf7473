//! What a person says about a model beside its name, description and tags: one form that feeds the MLmodel, the model
//! card and the bill of materials.
//!
//! Each field is one text. Lists have one entry a line, so that a recipe, a form and the command line write them alike.

mod entries;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

pub use self::entries::{Author, Link, Metric};
use crate::edit::EditError;

/// The longest single line: a version, a task, a licence.
const LONGEST_LINE: usize = 250;

/// The longest text. A registry takes 5000 characters of a description; a card may say more.
const LONGEST_TEXT: usize = 100_000;

/// The description that every database of MLflow's registry takes, in characters.
pub const REGISTRY_TEXT: usize = 5000;

/// One field of the form.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum MetadataField {
    /// The version of the model: `1.4.0`.
    Version,
    /// Who made it, one a line: `Ada Lovelace <ada@example.org>`.
    Authors,
    /// An SPDX expression: `Apache-2.0`, `MIT OR Apache-2.0`, `LicenseRef-internal`.
    License,
    /// What it does, as the Hugging Face Hub names tasks: `tabular-classification`.
    Task,
    /// What it is for, and for whom, in Markdown.
    IntendedUse,
    /// What it is not for, and where it fails, in Markdown.
    Limitations,
    /// What it was trained on, in Markdown.
    TrainingData,
    /// How good it is, one a line: `accuracy = 0.97 on the test set`.
    Metrics,
    /// Where more is said, one a line: `Paper: https://example.org/paper`.
    Links,
}

/// What the person said, by field; a field without an entry is empty.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Metadata(BTreeMap<MetadataField, String>);

/// One line of the answer to "what is missing in this card?". Nothing of it is ever asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CardEntry {
    /// The field's name on the wire; `description` for the description.
    pub field: &'static str,
    /// For people: `Training data`.
    pub label: &'static str,
    /// Whether something was said.
    pub is_given: bool,
}

impl MetadataField {
    /// Every field, in the order of the form.
    pub const ALL: [Self; 9] = [
        Self::Version,
        Self::License,
        Self::Task,
        Self::Authors,
        Self::IntendedUse,
        Self::Limitations,
        Self::TrainingData,
        Self::Metrics,
        Self::Links,
    ];

    /// The name in recipes, on the wire and on the command line.
    pub fn name(self) -> &'static str {
        match self {
            Self::Version => "version",
            Self::Authors => "authors",
            Self::License => "license",
            Self::Task => "task",
            Self::IntendedUse => "intendedUse",
            Self::Limitations => "limitations",
            Self::TrainingData => "trainingData",
            Self::Metrics => "metrics",
            Self::Links => "links",
        }
    }

    /// The key under `metadata` in the MLmodel.
    pub fn key(self) -> &'static str {
        match self {
            Self::IntendedUse => "intended_use",
            Self::TrainingData => "training_data",
            other => other.name(),
        }
    }

    /// For people: `Training data`.
    pub fn label(self) -> &'static str {
        match self {
            Self::Version => "Version",
            Self::Authors => "Authors",
            Self::License => "Licence",
            Self::Task => "Task",
            Self::IntendedUse => "Intended use",
            Self::Limitations => "Limits",
            Self::TrainingData => "Training data",
            Self::Metrics => "Metrics",
            Self::Links => "Links",
        }
    }

    /// The field of a name; `intendedUse`, `intended_use` and `intended-use` are taken.
    pub fn from_name(name: &str) -> Option<Self> {
        let key = name.replace('-', "_");
        Self::ALL.into_iter().find(|field| field.name() == name || field.key() == key)
    }

    /// Why a text cannot be the field's, in a sentence with the way out; `None` when it can.
    fn problem(self, text: &str) -> Option<String> {
        let line = |what: &str| line_problem(what, text);
        match self {
            Self::Version => line("a version").or_else(|| version_problem(text)),
            Self::License => line("a licence").or_else(|| license_problem(text)),
            Self::Task => line("a task"),
            Self::IntendedUse | Self::Limitations | Self::TrainingData => text_problem(text),
            Self::Authors => text_problem(text).or_else(|| entries::authors(text).err()),
            Self::Metrics => text_problem(text).or_else(|| entries::metrics(text).err()),
            Self::Links => text_problem(text).or_else(|| entries::links(text).err()),
        }
    }
}

impl Metadata {
    /// Sets a field; an empty text takes it back.
    pub(crate) fn set(&mut self, field: MetadataField, text: &str) -> Result<(), EditError> {
        let text = text.trim();
        if text.is_empty() {
            self.0.remove(&field);
            return Ok(());
        }
        if let Some(problem) = field.problem(text) {
            return Err(EditError::Metadata(problem));
        }
        self.0.insert(field, text.to_owned());
        Ok(())
    }

    /// The text of a field; empty when nothing was said.
    pub fn text(&self, field: MetadataField) -> &str {
        self.0.get(&field).map_or("", String::as_str)
    }

    /// Who made it.
    pub fn authors(&self) -> Vec<Author> {
        entries::authors(self.text(MetadataField::Authors)).unwrap_or_default()
    }

    /// How good it is.
    pub fn metrics(&self) -> Vec<Metric> {
        entries::metrics(self.text(MetadataField::Metrics)).unwrap_or_default()
    }

    /// Where more is said.
    pub fn links(&self) -> Vec<Link> {
        entries::links(self.text(MetadataField::Links)).unwrap_or_default()
    }

    /// What a reader of the card will look for, and whether it is there. Links are no matter of course and not counted.
    pub(crate) fn completeness(&self, description: &str) -> Vec<CardEntry> {
        let is_given = !description.trim().is_empty();
        let first = CardEntry { field: "description", label: "Description", is_given };
        let asked = MetadataField::ALL.into_iter().filter(|field| *field != MetadataField::Links);
        let entry = |field: MetadataField| CardEntry {
            field: field.name(),
            label: field.label(),
            is_given: self.0.contains_key(&field),
        };
        std::iter::once(first).chain(asked.map(entry)).collect()
    }
}

/// The SPDX identifiers that people choose most, for a list to choose from; any other can be typed.
pub const COMMON_LICENSES: [&str; 16] = [
    "Apache-2.0",
    "MIT",
    "BSD-3-Clause",
    "BSD-2-Clause",
    "GPL-3.0-only",
    "GPL-3.0-or-later",
    "LGPL-3.0-or-later",
    "AGPL-3.0-only",
    "MPL-2.0",
    "EUPL-1.2",
    "CC0-1.0",
    "CC-BY-4.0",
    "CC-BY-SA-4.0",
    "CC-BY-NC-4.0",
    "Unlicense",
    "LicenseRef-proprietary",
];

/// Tasks as the Hugging Face Hub names them, for a list to choose from; any other can be typed.
pub const COMMON_TASKS: [&str; 16] = [
    "tabular-classification",
    "tabular-regression",
    "time-series-forecasting",
    "text-classification",
    "token-classification",
    "question-answering",
    "text-generation",
    "summarization",
    "translation",
    "sentence-similarity",
    "feature-extraction",
    "image-classification",
    "object-detection",
    "image-segmentation",
    "automatic-speech-recognition",
    "audio-classification",
];

/// What is worth knowing about the length of a description; `None` when every registry takes it.
pub fn description_note(text: &str) -> Option<String> {
    let length = text.chars().count();
    (REGISTRY_TEXT < length).then(|| {
        format!(
            "The description has {length} characters. The package takes them all; MLflow's registry takes {REGISTRY_TEXT} on \
             most databases."
        )
    })
}

fn line_problem(what: &str, text: &str) -> Option<String> {
    if text.contains(char::is_control) {
        return Some(format!("{what} is one line without control characters"));
    }
    let length = text.chars().count();
    (LONGEST_LINE < length)
        .then(|| format!("{what} has at most {LONGEST_LINE} characters; this has {length}"))
}

fn text_problem(text: &str) -> Option<String> {
    let is_odd = |c: &char| c.is_control() && !matches!(c, '\n' | '\r' | '\t');
    if let Some(c) = text.chars().find(is_odd) {
        return Some(format!("there is a control character in the text ({}); remove it", c.escape_default()));
    }
    let length = text.chars().count();
    (LONGEST_TEXT < length).then(|| {
        format!("the text has {length} characters; {LONGEST_TEXT} are the most that a package takes")
    })
}

fn version_problem(text: &str) -> Option<String> {
    let bad = text.chars().find(|c| !(c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-' | '+')))?;
    Some(format!("a version cannot contain \"{bad}\"; it has letters, digits and the signs . _ - +"))
}

fn license_problem(text: &str) -> Option<String> {
    if spdx::Expression::parse(text).is_ok() {
        return None;
    }
    let near = spdx::imprecise_license_id(text).filter(|(_, length)| *length == text.len());
    let way_out = near.map_or_else(
        || "write LicenseRef- and a name for one of your own, such as LicenseRef-proprietary".to_owned(),
        |(license, _)| format!("write {}", license.name),
    );
    Some(format!("\"{text}\" is no SPDX licence; {way_out}"))
}

#[cfg(test)]
mod tests;
