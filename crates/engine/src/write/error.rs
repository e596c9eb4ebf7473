//! Why an export did not happen.

use std::io;
use std::path::{Path, PathBuf};

use packwright_mlflow::lint::Problem;

use crate::plan::PlanError;

/// Why an export did not happen. Nothing was left behind and nothing replaced.
#[derive(Debug, thiserror::Error)]
pub enum ExportError {
    /// The draft cannot be packed.
    #[error(transparent)]
    Plan(#[from] PlanError),
    /// The model is dangerous and nobody confirmed that it is to be packed.
    #[error("loading this model is dangerous; type {0} to make a package of it all the same")]
    NotConfirmed(&'static str),
    /// Something lies at the target and overwriting was not asked for.
    #[error("{} exists already; choose another name, or say that it may be replaced", .0.display())]
    TargetExists(PathBuf),
    /// The target cannot be written or replaced.
    #[error("{} cannot be the target: {reason}", path.display())]
    Target {
        /// The target.
        path: PathBuf,
        /// Why not, and what to do.
        reason: String,
    },
    /// The disk is too full.
    #[error("the package needs {needed_bytes} bytes and {} has {free_bytes} free; free some space or choose another disk", path.display())]
    NoSpace {
        /// The folder of the target.
        path: PathBuf,
        /// What the package needs.
        needed_bytes: u64,
        /// What is free.
        free_bytes: u64,
    },
    /// A file changed while it was read, so what was read is no one file.
    #[error("{} changed while it was being packed; wait until it is complete and try again", .0.display())]
    SourceChanged(PathBuf),
    /// A file could not be read.
    #[error("{} could not be read: {error}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// What the system says.
        error: io::Error,
    },
    /// A file could not be written.
    #[error("{} could not be written: {error}", path.display())]
    Write {
        /// The file or folder.
        path: PathBuf,
        /// What the system says.
        error: io::Error,
    },
    /// The joblib file has no plain form. Handled inside the export, by the generated loader.
    #[error("{0}")]
    NotRewritable(String),
    /// The written package was read again and is broken: a bug of ours, or of the disk.
    #[error("the written package did not pass its check and was removed: {}", shown(.0))]
    Check(Vec<Problem>),
    /// The person cancelled.
    #[error("the export was cancelled; nothing was written")]
    Cancelled,
}

fn shown(problems: &[Problem]) -> String {
    let lines: Vec<String> =
        problems.iter().map(|problem| format!("{}: {}", problem.path, problem.message)).collect();
    lines.join("; ")
}

/// Adds the path to what the system says.
pub(super) fn write_error(path: &Path) -> impl FnOnce(io::Error) -> ExportError + '_ {
    move |error| ExportError::Write { path: path.to_path_buf(), error }
}

/// Adds the path to what the system says.
pub(super) fn read_error(path: &Path) -> impl FnOnce(io::Error) -> ExportError + '_ {
    move |error| ExportError::Read { path: path.to_path_buf(), error }
}
