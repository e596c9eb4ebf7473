//! The small files of a folder: JSON, and the texts beside it.

use std::path::Path;
use std::sync::Arc;

use packwright_formats::json::JsonScanner;
use packwright_source::{ByteSource, Cursor, ErrorKind, Folder, Limits, ReadError};
use serde_json::Value;

use crate::reader::Subject;
use crate::{Artifact, ArtifactKind, InspectError, Inspection, probe};

/// The names under which errors are made: those of the usual files, else [`OTHER`].
const KNOWN: [&str; 8] = [
    "config.json",
    "generation_config.json",
    "tokenizer_config.json",
    "preprocessor_config.json",
    "modules.json",
    "model_index.json",
    "adapter_config.json",
    "model.safetensors.index.json",
];

const OTHER: &str = "a configuration";

/// Configurations are small; a vocabulary is not one.
const LONGEST_BYTES: u64 = 8 << 20;

/// A folder and what reading its files may cost.
#[derive(Debug, Clone, Copy)]
pub(super) struct Files<'a> {
    pub(super) folder: &'a Folder,
    pub(super) limits: &'a Limits,
}

impl<'a> Files<'a> {
    pub(super) fn has(&self, name: &str) -> bool {
        self.folder.get(name).is_some_and(|entry| !entry.is_link)
    }

    /// The names of all files that are no links, sorted.
    pub(super) fn names(&self) -> impl Iterator<Item = &'a str> {
        self.folder.entries().iter().filter(|entry| !entry.is_link).map(|entry| entry.name.as_str())
    }

    pub(super) fn open(&self, name: &str) -> Result<Arc<dyn ByteSource>, InspectError> {
        let path = self.folder.root().join(name);
        self.folder.open_source(name).map_err(|error| InspectError::Open { path, error })
    }

    /// What a file is by itself.
    pub(super) fn inspect(&self, name: &str) -> Result<Result<Inspection, InspectError>, InspectError> {
        let source = self.open(name)?;
        let path = self.folder.root().join(name);
        let artifact = Artifact {
            path: path.clone(),
            kind: ArtifactKind::File,
            size_bytes: source.len_bytes(),
            side_files: Vec::new(),
            member: None,
        };
        let head = probe::head_of(&*source).map_err(|error| InspectError::Open { path, error })?;
        let subject = Subject { artifact: &artifact, source, head: &head, limits: self.limits };
        Ok(probe::inspect_subject(&subject))
    }

    /// The JSON in a file; `None` when there is no such file.
    pub(super) fn json(&self, name: &str) -> Result<Option<Value>, InspectError> {
        if !self.has(name) {
            return Ok(None);
        }
        let source = self.open(name)?;
        check_length(name, source.len_bytes())?;
        let mut json = JsonScanner::over(format_of(name), &*source, 0, self.limits);
        let value = json.value()?;
        json.finish()?;
        Ok(Some(value))
    }

    /// The text in a file; `None` when there is no such file.
    pub(super) fn text(&self, name: &str) -> Result<Option<String>, InspectError> {
        if !self.has(name) {
            return Ok(None);
        }
        let source = self.open(name)?;
        check_length(name, source.len_bytes())?;
        let bytes = Cursor::over(format_of(name), &*source, 0).take(source.len_bytes(), "a text")?;
        Ok(Some(String::from_utf8_lossy(&bytes).into_owned()))
    }
}

fn format_of(name: &str) -> &'static str {
    KNOWN.into_iter().find(|known| *known == name).unwrap_or(OTHER)
}

fn check_length(name: &str, asked: u64) -> Result<(), ReadError> {
    let limit = LONGEST_BYTES;
    let kind = ErrorKind::Limit { what: "a configuration", asked, limit };
    if asked <= limit { Ok(()) } else { Err(ReadError::new(format_of(name), 0, kind)) }
}

/// The text of a key.
pub(super) fn text_of<'a>(json: &'a Value, key: &str) -> Option<&'a str> {
    json.get(key)?.as_str().filter(|text| !text.is_empty())
}

/// Whether a name has that ending, in any case.
pub(super) fn has_ending(name: &str, ending: &str) -> bool {
    Path::new(name).extension().is_some_and(|found| found.eq_ignore_ascii_case(ending))
}
