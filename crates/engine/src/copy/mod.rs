//! A draft of the model in a package, with everything that the package says as the person's edits.
//!
//! A package holds no recipe: what it says is read from the MLmodel, the environment, the example and the code, and each
//! thing that the model does not say by itself becomes an [`crate::Edit`] with the package as its source. So undo reaches
//! the bare model, and a saved draft or a recipe holds the same edits. The package is only read.

mod metadata;
mod notes;
mod place;
mod take;
#[cfg(test)]
mod tests;

use std::path::{Path, PathBuf};

use packwright_inspect::{InspectError, Sourced, inspect, inspect_inside};
use packwright_mlflow::mlmodel::MlModel;
use packwright_mlflow::package::PackageFiles as _;
use packwright_source::Limits;

use self::take::Taking;
use crate::draft::Draft;
use crate::open::{OpenError, OpenErrorCode, created};
use crate::package::Package;
use crate::timestamp::Timestamp;
use crate::verify::VerifyError;

/// The longest MLmodel that is read.
const LONGEST_MLMODEL_BYTES: u64 = 16 << 20;

/// A draft that begins with what a package says.
#[derive(Debug)]
pub struct Copied {
    /// The draft; undo takes back one thing after another, down to the model as it lies in the package.
    pub draft: Draft,
    /// What of the package is not in the draft, or not as it was, in sentences.
    pub notes: Vec<String>,
}

/// Why a package gave no draft.
#[derive(Debug, thiserror::Error)]
pub enum CopyError {
    /// It is no package, or cannot be read.
    #[error(transparent)]
    Package(#[from] VerifyError),
    /// There is no model in it that could be packed again.
    #[error("{name} cannot be edited: {reason}")]
    NoModel {
        /// The package's file name.
        name: String,
        /// Why not, and what to do.
        reason: String,
    },
    /// The model in it gives no draft.
    #[error("the model in {name}, {place}: {error}")]
    Model {
        /// The package's file name.
        name: String,
        /// Where in the package it lies.
        place: String,
        /// What opening it says.
        error: Box<OpenError>,
    },
}

impl CopyError {
    /// What a caller does differently for.
    pub fn code(&self) -> OpenErrorCode {
        match self {
            Self::Package(VerifyError::Unreadable { .. }) => OpenErrorCode::Unreadable,
            Self::Package(VerifyError::NotAPackage { .. }) | Self::NoModel { .. } => OpenErrorCode::NotAModel,
            Self::Model { error, .. } => error.code(),
        }
    }
}

/// Opens a draft of the model in a package, a folder or a zip, and repeats what the package says of it. Reads the whole
/// package once, to see whether it is as it was packed.
///
/// # Errors
///
/// [`CopyError`]. What the package says and a draft refuses is no error but a note.
pub fn copy(path: &Path) -> Result<Copied, CopyError> {
    let (mut draft, original) = bare(path)?;
    let mut notes = notes::integrity(&original);
    let mut taking = Taking::new(&mut draft, &original);
    taking.all();
    notes.append(&mut taking.notes);
    notes.extend(notes::left_out(&original, &draft));
    Ok(Copied { draft, notes })
}

/// Opens the model in a package without anything that the package says.
///
/// # Errors
///
/// [`CopyError`].
pub(crate) fn reopen(path: &Path) -> Result<Draft, CopyError> {
    bare(path).map(|(draft, _)| draft)
}

/// A package that is copied.
#[derive(Debug)]
struct Original {
    path: PathBuf,
    /// Its file name.
    name: String,
    package: Package,
    model: MlModel,
    /// Where the model lies in it: a file or a folder.
    place: String,
}

fn bare(path: &Path) -> Result<(Draft, Original), CopyError> {
    let package = Package::open(path)?;
    let name = path.file_name().unwrap_or(path.as_os_str()).to_string_lossy().into_owned();
    let no_model = |reason: String| CopyError::NoModel { name: name.clone(), reason };
    let bytes =
        package.read("MLmodel", LONGEST_MLMODEL_BYTES).map_err(|error| no_model(error.to_string()))?;
    let model =
        MlModel::from_text(&String::from_utf8_lossy(&bytes)).map_err(|error| no_model(error.to_string()))?;
    let place = place::of_model(&model, &package).map_err(no_model)?;
    let inspection = match package.root_in_archive() {
        None => inspect(&path.join(&place), &Limits::default()),
        Some(root) => inspect_inside(path, &format!("{root}{place}"), &Limits::default()),
    };
    let inspection = inspection.map_err(|error: InspectError| CopyError::Model {
        name: name.clone(),
        place: place.clone(),
        error: Box::new(error.into()),
    })?;
    let draft = Draft::new(inspection).with_created(recorded_time(path, &name, &model));
    let original = Original { path: path.to_path_buf(), name, package, model, place };
    Ok((draft.of_package(original.path.clone()), original))
}

/// The time that the package records, which is the model's own; the file in it was only written with the package.
fn recorded_time(path: &Path, name: &str, model: &MlModel) -> Sourced<Timestamp> {
    let epoch = std::env::var("SOURCE_DATE_EPOCH").ok();
    match model.text("utc_time_created").and_then(Timestamp::parse).filter(|_| epoch.is_none()) {
        Some(time) => Sourced::new(time, format!("utc_time_created in the MLmodel of {name}")),
        None => created(path, epoch.as_deref()),
    }
}
