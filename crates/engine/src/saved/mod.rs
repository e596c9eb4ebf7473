//! Open drafts on the disk, so that a crash or a restart loses none of the person's work.
//!
//! A saved draft names its artifact and holds every edit, those that redo would make included: opened again, the
//! artifact and the edits give the same draft. Nothing of a key or a passphrase is an edit, so none is ever saved.

mod store;

use std::io;
use std::path::{Path, PathBuf};
use std::time::UNIX_EPOCH;

use serde::{Deserialize, Serialize};

use crate::copy::{self, CopyError};
use crate::draft::Draft;
use crate::edit::Edit;
use crate::open::{OpenError, open};

pub use store::{DraftStore, SavedList};

/// A draft as it lies on the disk.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct SavedDraft {
    /// What it is a draft of.
    pub artifact: SavedArtifact,
    /// When it was opened first, in milliseconds since 1970.
    pub opened_at_millis: u64,
    /// In the order in which they were made.
    pub edits: Vec<Edit>,
    /// What redo would make, the next one first.
    pub undone: Vec<Edit>,
}

/// An artifact, and how to see that it is another one by now.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct SavedArtifact {
    /// Where it lies.
    pub path: PathBuf,
    /// Its size; of a folder, that of everything in it that was counted.
    pub size_bytes: u64,
    /// When it was last changed, in milliseconds since 1970, where the system says.
    pub modified_millis: Option<u64>,
    /// The package that it was taken from, when the draft is a copy.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub package: Option<PathBuf>,
}

/// A draft that is open again.
#[derive(Debug)]
pub struct Restored {
    /// As it was, as far as its artifact still allows.
    pub draft: Draft,
    /// The artifact as it is now.
    pub artifact: SavedArtifact,
    /// What is no longer as it was, in sentences.
    pub notes: Vec<String>,
}

/// Why a saved draft could not be opened again. It stays saved.
#[derive(Debug, thiserror::Error)]
pub enum RestoreError {
    /// The artifact is gone.
    #[error(
        "{} is no longer where it was ({}). Put it back and start again; your changes are kept until you dismiss this.",
        file_name(path),
        folder(path)
    )]
    Gone {
        /// Where it was.
        path: PathBuf,
    },
    /// The artifact can no longer be read.
    #[error("{error} Your changes are kept until you dismiss this.")]
    Open {
        /// What opening it says.
        error: Box<OpenError>,
    },
    /// The package that it is a copy of can no longer be read.
    #[error("{error}. Your changes are kept until you dismiss this.")]
    Package {
        /// What opening the model in it says.
        error: Box<CopyError>,
    },
}

impl SavedArtifact {
    /// The artifact of a draft that was just opened.
    pub fn of(draft: &Draft) -> Self {
        // The artifact is of the file, whichever of its models is chosen.
        let artifact = &draft.inspection().artifact;
        let modified = std::fs::metadata(&artifact.path).and_then(|metadata| metadata.modified()).ok();
        let millis =
            modified.and_then(|time| time.duration_since(UNIX_EPOCH).ok()).map(|since| since.as_millis());
        Self {
            path: artifact.path.clone(),
            size_bytes: artifact.size_bytes,
            modified_millis: millis.and_then(|millis| u64::try_from(millis).ok()),
            package: draft.package().map(Path::to_path_buf),
        }
    }
}

impl SavedDraft {
    /// A draft as it is now. `artifact` is what [`SavedArtifact::of`] gave when the draft was opened.
    pub fn of(draft: &Draft, artifact: SavedArtifact, opened_at_millis: u64) -> Self {
        Self { artifact, opened_at_millis, edits: draft.recipe().edits, undone: draft.undone() }
    }

    /// The paths that the person gave for this draft: its artifact, code and samples.
    pub fn paths(&self) -> Vec<PathBuf> {
        let named = self.edits.iter().chain(&self.undone).filter_map(|edit| match edit {
            Edit::AddCode { path } | Edit::SetSample { path } => Some(path.clone()),
            _ => None,
        });
        std::iter::once(self.artifact.path.clone()).chain(named).collect()
    }

    /// Opens the artifact again and makes every change again, those that were undone last and then taken back. What no
    /// longer applies is left out and told in the notes. A danger that was confirmed is asked about again when the file
    /// is another one.
    ///
    /// # Errors
    ///
    /// [`RestoreError`] when the artifact gives no draft.
    pub fn restore(&self) -> Result<Restored, RestoreError> {
        let path = &self.artifact.path;
        if path.symlink_metadata().is_err_and(|error| error.kind() == io::ErrorKind::NotFound) {
            return Err(RestoreError::Gone { path: path.clone() });
        }
        let mut draft = match &self.artifact.package {
            Some(package) => {
                copy::reopen(package).map_err(|error| RestoreError::Package { error: Box::new(error) })?
            }
            None => open(path).map_err(|error| RestoreError::Open { error: Box::new(error) })?,
        };
        let artifact = SavedArtifact::of(&draft);
        let is_changed = artifact != self.artifact;
        let mut notes = Vec::new();
        if is_changed {
            let name = file_name(path);
            notes.push(format!("{name} was changed since this draft was saved: it was read anew, and your changes were made again."));
        }
        let is_left_out = |edit: &Edit| is_changed && matches!(edit, Edit::ConfirmDanger { .. });
        let wanted = |edits: &[Edit]| edits.iter().filter(|edit| !is_left_out(edit)).cloned().collect();
        let mut refused: Vec<String> = self
            .edits
            .iter()
            .filter(|edit| is_left_out(edit))
            .map(|edit| format!("{} (the file is another one)", edit.label()))
            .collect();
        let problems = draft.replay(wanted(&self.edits), wanted(&self.undone));
        refused.extend(problems.into_iter().map(|(edit, error)| format!("{} ({error})", edit.label())));
        match refused.as_slice() {
            [] => {}
            [one] => notes.push(format!("1 change could not be made again: {one}.")),
            many => {
                notes.push(format!("{} changes could not be made again: {}.", many.len(), many.join("; ")));
            }
        }
        Ok(Restored { draft, artifact, notes })
    }
}

fn file_name(path: &Path) -> String {
    path.file_name().unwrap_or(path.as_os_str()).to_string_lossy().into_owned()
}

fn folder(path: &Path) -> String {
    path.parent().unwrap_or(path).display().to_string()
}

#[cfg(test)]
mod tests;
