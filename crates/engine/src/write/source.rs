//! A file that is read while it must not change.

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use packwright_source::FileSource;

use super::ExportError;
use super::error::read_error;

/// An open file and how it looked when it was opened.
#[derive(Debug)]
pub(super) struct Original {
    path: PathBuf,
    file: FileSource,
    before: Stamp,
}

#[derive(Debug, PartialEq, Eq)]
struct Stamp {
    size_bytes: u64,
    modified: Option<SystemTime>,
}

impl Original {
    /// Opens a file that had `size_bytes` when it was planned for.
    pub(super) fn open(path: &Path, size_bytes: u64) -> Result<Self, ExportError> {
        let file = FileSource::open(path).map_err(read_error(path))?;
        let before = stamp(file.file()).map_err(read_error(path))?;
        if before.size_bytes != size_bytes {
            return Err(ExportError::SourceChanged(path.to_path_buf()));
        }
        Ok(Self { path: path.to_path_buf(), file, before })
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    pub(super) fn file(&self) -> &File {
        self.file.file()
    }

    /// The same file for readers at offsets.
    pub(super) fn into_source(self) -> (FileSource, Check) {
        (self.file, Check { path: self.path, before: self.before })
    }

    /// That nothing was written to the file since it was opened, under its name or another.
    pub(super) fn check(&self) -> Result<(), ExportError> {
        check(&self.path, self.file.file(), &self.before)
    }
}

/// What is left of an [`Original`] whose file was given away.
#[derive(Debug)]
pub(super) struct Check {
    path: PathBuf,
    before: Stamp,
}

impl Check {
    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    pub(super) fn check(&self, file: &FileSource) -> Result<(), ExportError> {
        check(&self.path, file.file(), &self.before)
    }
}

fn check(path: &Path, file: &File, before: &Stamp) -> Result<(), ExportError> {
    let after = stamp(file).map_err(read_error(path))?;
    if after == *before { Ok(()) } else { Err(ExportError::SourceChanged(path.to_path_buf())) }
}

fn stamp(file: &File) -> io::Result<Stamp> {
    let metadata = file.metadata()?;
    Ok(Stamp { size_bytes: metadata.len(), modified: metadata.modified().ok() })
}
