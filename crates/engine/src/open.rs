//! From a path to a draft.

use std::path::Path;

use packwright_inspect::{InspectError, Sourced};
use packwright_source::{ErrorKind, Limits};

use crate::draft::Draft;
use crate::timestamp::Timestamp;

/// Why a path gave no draft.
#[derive(Debug, thiserror::Error)]
#[error("{}", self.message())]
pub struct OpenError {
    /// What the inspection says.
    #[source]
    pub error: InspectError,
    /// Whether the path has the name of a data file, which may be the sample of a draft.
    pub is_data: bool,
}

/// What a caller does differently for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OpenErrorCode {
    /// It is no model; the message says what it is and what to do.
    NotAModel,
    /// It is an MLflow package: [`crate::received::receive`] reads it.
    Package,
    /// It is a data file: a sample for a model, and no model.
    DataFile,
    /// It is Python code: part of a package, and no model.
    PythonCode,
    /// It is damaged, hostile or beyond the limits.
    Damaged,
    /// It could not be opened or read.
    Unreadable,
}

/// Inspects an artifact and makes a draft of it. Reads what describes the model; the weights are skipped.
///
/// # Errors
///
/// [`OpenError`] when nothing useful could be read.
pub fn open(path: &Path) -> Result<Draft, OpenError> {
    let inspection = packwright_inspect::inspect(path, &Limits::default())
        .map_err(|error| OpenError { error, is_data: packwright_inspect::sample::is_data_file(path) })?;
    let created = created(path, std::env::var("SOURCE_DATE_EPOCH").ok().as_deref());
    Ok(Draft::new(inspection).with_created(created))
}

/// The time that the package will record: given by the build, else the artifact's own (see [`Draft::created`]).
pub(crate) fn created(path: &Path, source_date_epoch: Option<&str>) -> Sourced<Timestamp> {
    if let Some(seconds) = source_date_epoch.and_then(|text| text.trim().parse().ok()) {
        return Sourced::new(Timestamp::from_seconds(seconds), "SOURCE_DATE_EPOCH");
    }
    match std::fs::metadata(path).and_then(|metadata| metadata.modified()) {
        Ok(modified) => Sourced::new(Timestamp::from_system(modified), "when the file was last changed"),
        Err(_) => Sourced::new(Timestamp::EPOCH, "assumed: the file's time is not known"),
    }
}

impl From<InspectError> for OpenError {
    fn from(error: InspectError) -> Self {
        Self { error, is_data: false }
    }
}

impl OpenError {
    /// What a caller does differently for.
    pub fn code(&self) -> OpenErrorCode {
        match &self.error {
            InspectError::NotAModel { .. } | InspectError::Unknown { .. } if self.is_data => {
                OpenErrorCode::DataFile
            }
            InspectError::NotAModel { .. } | InspectError::Unknown { .. } => OpenErrorCode::NotAModel,
            InspectError::Package { .. } => OpenErrorCode::Package,
            InspectError::Code { .. } => OpenErrorCode::PythonCode,
            InspectError::Damaged(error) => match error.kind() {
                ErrorKind::Io(_) => OpenErrorCode::Unreadable,
                _ => OpenErrorCode::Damaged,
            },
            InspectError::Open { .. } => OpenErrorCode::Unreadable,
        }
    }

    /// The byte at which reading stopped, counted in the innermost input.
    pub fn offset(&self) -> Option<u64> {
        match &self.error {
            InspectError::Damaged(error) => Some(error.offset()),
            _ => None,
        }
    }

    /// For people: what could not be read, where, and what to do.
    pub fn message(&self) -> String {
        match &self.error {
            InspectError::Damaged(error) => {
                let way_out = match error.kind() {
                    ErrorKind::Truncated { .. } => {
                        "The file seems to be cut short: copy or download it again and compare its size."
                    }
                    ErrorKind::Limit { .. } => {
                        "Reading on would take more memory or time than any real model needs; the file may be made to do that."
                    }
                    ErrorKind::Unsupported(_) => {
                        "The file may be sound, but Packwright does not read this kind."
                    }
                    ErrorKind::Io(_) => "Check the disk or the network drive that it lies on and try again.",
                    _ => {
                        "The file is damaged or not what its name says: make it again from the original model."
                    }
                };
                format!("{error}. {way_out}")
            }
            other => other.to_string(),
        }
    }
}

impl OpenErrorCode {
    /// The word used in `inspect --json`.
    pub fn word(self) -> &'static str {
        match self {
            Self::NotAModel | Self::DataFile | Self::PythonCode | Self::Package => "not-a-model",
            Self::Damaged => "damaged",
            Self::Unreadable => "unreadable",
        }
    }
}

#[cfg(test)]
mod tests {
    use packwright_source::ReadError;

    use super::*;

    #[test]
    fn the_time_is_the_build_s_then_the_file_s_then_unknown() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let modified = std::time::UNIX_EPOCH + std::time::Duration::from_hours(24);
        file.as_file().set_modified(modified).unwrap();
        let of = |epoch| created(file.path(), epoch);
        assert_eq!(of(Some("3600")), Sourced::new(Timestamp::from_seconds(3600), "SOURCE_DATE_EPOCH"));
        assert_eq!(of(None).value, Timestamp::from_seconds(86_400));
        assert_eq!(of(Some("soon")).value, Timestamp::from_seconds(86_400));
        assert_eq!(created(Path::new("nothing"), None).value, Timestamp::EPOCH);
    }

    #[test]
    fn every_error_says_what_where_and_what_to_do() {
        let damaged = |kind| OpenError::from(InspectError::from(ReadError::new("pickle", 7, kind)));
        let cases = [
            (
                damaged(ErrorKind::Truncated { what: "a string", missing: 3 }),
                OpenErrorCode::Damaged,
                "download it again",
            ),
            (damaged(ErrorKind::malformed("magic", "A", "B")), OpenErrorCode::Damaged, "make it again"),
            (
                damaged(ErrorKind::Limit { what: "x", asked: 9, limit: 1 }),
                OpenErrorCode::Damaged,
                "more memory or time",
            ),
            (
                damaged(ErrorKind::Unsupported("protocol 9".into())),
                OpenErrorCode::Damaged,
                "does not read this kind",
            ),
            (damaged(ErrorKind::Io(std::io::Error::other("no"))), OpenErrorCode::Unreadable, "try again"),
        ];
        for (error, code, hint) in cases {
            assert_eq!(error.code(), code);
            assert_eq!(error.offset(), Some(7));
            let message = error.message();
            assert!(message.starts_with("pickle at byte 7: ") && message.contains(hint), "{message}");
        }
        let missing = open(Path::new("no/such/file.pkl")).unwrap_err();
        assert_eq!((missing.code(), missing.offset()), (OpenErrorCode::Unreadable, None));
        assert!(missing.message().contains("file.pkl"));
    }
}
