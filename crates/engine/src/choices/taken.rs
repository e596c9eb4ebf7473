//! What is taken over from a package as it stands there: whole sides, all parameters, the example, unknown keys.

use std::collections::BTreeMap;

use packwright_inspect::{Inspection, Sourced, SourcedSchema};
use packwright_mlflow::example::InputExample;
use packwright_mlflow::schema::{ParamSpec, Schema};
use serde_json::Value;
use serde_yaml::Mapping;

use super::signature::unique_names;
use super::{Choices, YOU};
use crate::edit::{Edit, EditError, Side};
use crate::metadata::MetadataField;
use crate::sample::{self, ExampleChoice};

/// A longer text is no example that anybody reads.
const LONGEST_EXAMPLE_BYTES: usize = 1 << 20;

/// A longer key is no name of anything.
const LONGEST_KEY: usize = 250;

/// Keys of `metadata` that the draft writes itself.
const OWN_KEYS: [&str; 4] = ["name", "description", "tags", "packwright"];

impl Choices {
    pub(super) fn replace_schema(
        &mut self,
        side: Side,
        text: &str,
        inspection: &Inspection,
    ) -> Result<(), EditError> {
        let schema = Schema::from_text(text).map_err(|error| EditError::Schema(error.to_string()))?;
        let before = self.side(side, inspection);
        let schema = match (schema, before) {
            (Schema::Columns(new), Some(SourcedSchema::Columns(old))) => {
                SourcedSchema::Columns(sourced(new, &old))
            }
            (Schema::Columns(new), _) => SourcedSchema::Columns(sourced(new, &[])),
            (Schema::Tensors(new), Some(SourcedSchema::Tensors(old))) => {
                SourcedSchema::Tensors(sourced(new, &old))
            }
            (Schema::Tensors(new), _) => SourcedSchema::Tensors(sourced(new, &[])),
        };
        unique_names(Some(&schema))?;
        *self.slot(side) = Some(schema);
        Ok(())
    }

    pub(super) fn replace_params(&mut self, text: &str, inspection: &Inspection) -> Result<(), EditError> {
        let params = ParamSpec::list_from_text(text).map_err(|error| EditError::Schema(error.to_string()))?;
        let before = self.signature(inspection).params.unwrap_or_default();
        self.params = Some(sourced(params, &before));
        Ok(())
    }

    pub(super) fn replace_example(
        &mut self,
        info: &BTreeMap<String, String>,
        text: &str,
    ) -> Result<(), EditError> {
        let info: Mapping =
            info.iter().map(|(key, value)| (key.as_str().into(), value.as_str().into())).collect();
        let example =
            InputExample::read(&info, text).map_err(|error| EditError::Sample(error.to_string()))?;
        self.example = Some(ExampleChoice::Whole { example, source: YOU.to_owned() });
        Ok(())
    }

    pub(super) fn set_example_text(&mut self, text: &str, inspection: &Inspection) -> Result<(), EditError> {
        let refuse = |reason: &str| EditError::Sample(reason.to_owned());
        let now = sample::input_example(self, inspection)
            .ok_or_else(|| refuse("there is no example yet whose form this could have"))?;
        if LONGEST_EXAMPLE_BYTES < text.len() {
            return Err(refuse("an example is a few rows; this is too long"));
        }
        let example =
            InputExample::read(&now.info(), text).map_err(|error| EditError::Sample(error.to_string()))?;
        self.example = Some(ExampleChoice::Whole { example, source: YOU.to_owned() });
        Ok(())
    }

    pub(super) fn set_extra(&mut self, key: &str, value: &Value) -> Result<(), EditError> {
        if value.is_null() {
            self.extra.remove(key);
            return Ok(());
        }
        let is_own = OWN_KEYS.contains(&key);
        if key.is_empty() || LONGEST_KEY < key.chars().count() || key.contains(char::is_control) || is_own {
            return Err(EditError::Metadata(format!("\"{key}\" is no key that the metadata can have")));
        }
        self.extra.insert(key.to_owned(), value.clone());
        Ok(())
    }

    /// Says where what an edit has just set came from.
    pub(super) fn note_source(&mut self, edit: &Edit, source: &str) {
        let note = |set: &mut String| {
            if set == YOU {
                source.clone_into(set);
            }
        };
        match edit {
            Edit::SetName { .. } => self.name.iter_mut().for_each(|name| note(&mut name.source)),
            Edit::SetPython { .. } => self.python.iter_mut().for_each(|python| note(&mut python.source)),
            Edit::ReplaceSchema { side, .. } => match self.slot(*side) {
                Some(SourcedSchema::Columns(columns)) => {
                    for column in columns {
                        note(&mut column.source);
                    }
                }
                Some(SourcedSchema::Tensors(tensors)) => {
                    for tensor in tensors {
                        note(&mut tensor.source);
                    }
                }
                None => {}
            },
            Edit::ReplaceParams { .. } => {
                self.params.iter_mut().flatten().for_each(|param| note(&mut param.source));
            }
            Edit::SetExample { .. } | Edit::SetExampleText { .. } | Edit::ReplaceExample { .. } => {
                match &mut self.example {
                    Some(ExampleChoice::Table(example)) => note(&mut example.source),
                    Some(ExampleChoice::Whole { source, .. }) => note(source),
                    None => {}
                }
            }
            _ => {}
        }
    }

    /// The keys of `metadata` that are kept and that nothing of the draft has.
    pub(crate) fn kept(&self) -> impl Iterator<Item = (&str, &Value)> {
        let is_said = |key: &str| {
            MetadataField::ALL
                .iter()
                .any(|field| field.key() == key && !self.metadata.text(*field).is_empty())
        };
        self.extra.iter().map(|(key, value)| (key.as_str(), value)).filter(move |(key, _)| !is_said(key))
    }
}

/// Each value with the source of an equal one that was there before, else the person's.
fn sourced<T: PartialEq>(new: Vec<T>, before: &[Sourced<T>]) -> Vec<Sourced<T>> {
    let source = |value: &T| {
        before.iter().find(|old| old.value == *value).map_or_else(|| YOU.to_owned(), |old| old.source.clone())
    };
    new.into_iter().map(|value| Sourced { source: source(&value), value }).collect()
}
