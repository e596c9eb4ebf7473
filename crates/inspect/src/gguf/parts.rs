//! A model in several files, `name-00001-of-00003.gguf`: llama.cpp is given the first and finds the others by their names.

use std::path::Path;

use packwright_formats::gguf::{self, Gguf};
use packwright_source::{FileSource, Limits};

use super::tensor;
use crate::Tensor;
use crate::reader::Subject;
use crate::safety::{Finding, Severity};

/// Larger models have some tens of parts.
const MOST_PARTS: u64 = 1000;

/// The other files of a model.
#[derive(Debug, Default)]
pub(super) struct Parts {
    /// The names of those that are there.
    pub(super) beside: Vec<String>,
    /// Their tensors.
    pub(super) tensors: Vec<Tensor>,
    pub(super) findings: Vec<Finding>,
    /// Why the model cannot be loaded.
    pub(super) obstacle: Option<String>,
}

impl Parts {
    /// The files that belong to the one that was dropped; none when it is whole.
    pub(super) fn of(subject: &Subject<'_>, gguf: &Gguf) -> Self {
        let mut parts = Self::default();
        let Some(n) = gguf.count("split.count").filter(|n| 1 < *n) else { return parts };
        let name = subject.artifact.path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let number = gguf.count("split.no").unwrap_or(0).saturating_add(1);
        let suffix = |number: u64| format!("-{number:05}-of-{n:05}.gguf");
        let Some(stem) = name.strip_suffix(&suffix(number)) else {
            parts.obstacle = Some(format!(
                "The model is split into {n} files and this is number {number}; llama.cpp finds the others only when the name \
                 ends in {}.",
                suffix(number)
            ));
            return parts;
        };
        if number != 1 {
            parts.obstacle = Some(format!(
                "The model is split into {n} files and this is number {number}. Drop the first, {stem}{}.",
                suffix(1)
            ));
            return parts;
        }
        if subject.artifact.member.is_some() || MOST_PARTS < n {
            parts.obstacle = Some(format!(
                "The model is split into {n} files, and this is one of them: unpack them into one folder and drop the first, or \
                 join them with llama-gguf-split --merge."
            ));
            return parts;
        }
        let folder = subject.artifact.path.parent().unwrap_or(Path::new(""));
        for number in 2..=n {
            parts.add(folder, format!("{stem}{}", suffix(number)), subject.limits);
        }
        parts
    }

    fn add(&mut self, folder: &Path, name: String, limits: &Limits) {
        let path = folder.join(&name);
        let is_file = std::fs::symlink_metadata(&path).is_ok_and(|metadata| metadata.is_file());
        let found = if is_file {
            FileSource::open(&path)
                .map_err(|error| error.to_string())
                .and_then(|source| gguf::read(&source, limits).map_err(|error| error.to_string()))
        } else {
            Err("it is not there".to_owned())
        };
        match found {
            Ok(part) => {
                self.tensors.extend(part.tensors.iter().map(tensor));
                self.beside.push(name);
            }
            Err(why) => {
                self.obstacle.get_or_insert_with(|| {
                    format!(
                        "A part of the model, {name}, cannot be read ({why}). Put all parts into one folder."
                    )
                });
                self.findings.push(Finding {
                    rule: if is_file { "gguf/part-damaged" } else { "gguf/part-missing" },
                    severity: Severity::Unscanned,
                    what: format!("part {name}"),
                    place: "split.count".into(),
                    why: format!("{why}, so its tensors were not seen"),
                });
            }
        }
    }
}
