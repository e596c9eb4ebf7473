//! From a path to a draft.

use std::path::Path;

use packwright_inspect::safety::Verdict;
use packwright_inspect::{InspectError, Inspection, Serving, Sourced};
use packwright_source::{ErrorKind, Limits};

use crate::draft::Draft;
use crate::environment;
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
    /// Whether it is an environment file, whose versions a draft may take.
    pub is_environment: bool,
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
    /// It is an environment file: versions for a model, and no model.
    EnvironmentFile,
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
    let inspection =
        packwright_inspect::inspect(path, &Limits::default()).map_err(|error| OpenError::of(path, error))?;
    if is_no_more_than_text(&inspection) && environment::environment_file(path).is_some() {
        let error = InspectError::NotAModel { what: String::new(), hint: String::new() };
        return Err(OpenError::of(path, error));
    }
    let created = created(path, std::env::var("SOURCE_DATE_EPOCH").ok().as_deref());
    Ok(Draft::new(inspection).with_created(created))
}

/// Whether a file was taken for a pickle by its first letters alone: nothing came of it. What would do harm as one stays one.
fn is_no_more_than_text(inspection: &Inspection) -> bool {
    inspection.format == "pickle"
        && inspection.model_class.is_none()
        && inspection.serving == Serving::No
        && inspection.safety.verdict() == Verdict::Unscanned
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
        Self { error, is_data: false, is_environment: false }
    }
}

impl OpenError {
    /// What the file is instead, as far as a draft has a use for it.
    fn of(path: &Path, error: InspectError) -> Self {
        let is_stranger = matches!(error, InspectError::NotAModel { .. } | InspectError::Unknown { .. });
        if let Some(what) = environment::environment_file(path).filter(|_| is_stranger) {
            let what = format!("it is {what}");
            let hint =
                "it is no model; drop it on an open draft to take its versions, or drop the model first"
                    .into();
            return Self {
                error: InspectError::NotAModel { what, hint },
                is_data: false,
                is_environment: true,
            };
        }
        Self { error, is_data: packwright_inspect::sample::is_data_file(path), is_environment: false }
    }

    /// What a caller does differently for.
    pub fn code(&self) -> OpenErrorCode {
        match &self.error {
            _ if self.is_environment => OpenErrorCode::EnvironmentFile,
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
            Self::NotAModel | Self::DataFile | Self::EnvironmentFile | Self::PythonCode | Self::Package => {
                "not-a-model"
            }
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
    fn an_environment_file_is_named_by_what_it_holds() {
        let dir = tempfile::tempdir().unwrap();
        let said = |file: &str, text: &[u8]| {
            let path = dir.path().join(file);
            std::fs::write(&path, text).unwrap();
            let error = open(&path).unwrap_err();
            (error.code(), error.message().split(';').next().unwrap().to_owned())
        };
        let wide: Vec<u8> = [0xff, 0xfe].into_iter().chain("a==1\r\n".bytes().flat_map(|b| [b, 0])).collect();
        let conda = b"channels: [defaults]\ndependencies:\n- numpy=1.26\n- pip:\n  - rich\n".as_slice();
        let lock = b"package:\n- {name: numpy, version: 2.1.0, manager: conda, platform: linux-64, category: main}\n";
        for (file, text, what) in [
            (
                "requirements.txt",
                b"numpy\nscipy\n".as_slice(),
                "it is a list of requirements that asks for 2 packages",
            ),
            (
                "list.txt",
                b"numpy==1.26.4  # pinned\n",
                "it is a list of requirements that asks for 1 package",
            ),
            ("Freeze", &wide, "it is a list of requirements that asks for 1 package"),
            (
                "requirements-dev.in",
                b"-r base.txt\nnumpy",
                "it is a list of requirements that asks for 1 package",
            ),
            ("my.yml", conda, "it is an environment of conda that asks for 2 packages"),
            ("conda-lock.yml", lock, "it is an environment of conda that asks for 1 package"),
            (
                "python_env.yaml",
                b"python: 3.11.7\nbuild_dependencies: [pip]\ndependencies: [-r requirements.txt]\n",
                "it is an environment of Python that asks for Python 3.11",
            ),
            (
                "poetry.lock",
                b"[[package]]\nname = \"a\"\nversion = \"1\"\n",
                "it is a lock file that asks for 1 package",
            ),
            (
                "Pipfile.lock",
                br#"{"default": {"a": {"version": "==1"}}}"#,
                "it is a lock file that asks for 1 package",
            ),
        ] {
            assert_eq!(said(file, text), (OpenErrorCode::EnvironmentFile, what.to_owned()), "{file}");
        }
        for (file, text) in [
            ("labels.txt", b"setosa\nversicolor\n".as_slice()),
            ("requirements.txt", b"The requirements are as follows.\n"),
            ("notes.txt", b"numpy==1.26.4 was fine\n"),
            ("compose.yaml", b"services: {a: {image: b}}\n"),
            ("ci.yml", b"dependencies: [build, test]\n"),
            ("Cargo.toml", b"[package]\nname = \"a\"\n"),
            ("other.json", br#"{"default": {"a": {"version": "==1"}}}"#),
        ] {
            assert_ne!(said(file, text).0, OpenErrorCode::EnvironmentFile, "{file}");
        }
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
