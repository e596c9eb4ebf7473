//! Folders as artifacts: every file of theirs goes into the package under its own name.

use packwright_inspect::Inspection;
use packwright_source::{Folder, Limits};

use super::DataFile;
use crate::plan::PlanError;

/// What version control and downloaders keep for themselves.
const BOOKKEEPING: [&str; 2] = [".git/", ".cache/"];

/// The files of a folder, to be copied below `to`; links are left out. `is_wanted` is asked for the name in the folder.
pub(super) fn files(
    inspection: &Inspection,
    to: &str,
    is_wanted: impl Fn(&str) -> bool,
) -> Result<Vec<DataFile>, PlanError> {
    let root = &inspection.artifact.path;
    let folder = Folder::open(root, &Limits::default()).map_err(|error| PlanError::SideFile {
        name: root.display().to_string(),
        reason: error.to_string(),
    })?;
    let entries = folder.entries().iter().filter(|entry| {
        !entry.is_link
            && !BOOKKEEPING.iter().any(|start| entry.name.starts_with(start))
            && is_wanted(&entry.name)
    });
    let copied = entries.map(|entry| {
        DataFile::copied(format!("{to}/{}", entry.name), root.join(&entry.name), entry.len_bytes)
    });
    Ok(copied.collect())
}
