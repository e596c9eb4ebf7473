//! From the engine's errors to what the window acts on and shows.

use packwright_engine::copy::CopyError;
use packwright_engine::open::{OpenError, OpenErrorCode};
use packwright_engine::seal::KeyError;
use packwright_engine::verify::VerifyError;
use packwright_engine::{EditError, ExportError, PlanError};

use crate::wire::{ErrorCode, IpcError};

impl IpcError {
    pub(crate) fn new(code: ErrorCode, message: impl Into<String>) -> Self {
        Self { code, message: message.into() }
    }
}

/// The window asked for a draft that is closed.
pub(crate) fn draft_not_found() -> IpcError {
    IpcError::new(ErrorCode::NotFound, "this draft is closed; open the model again")
}

/// One draft, one export at a time.
pub(crate) fn export_running() -> IpcError {
    IpcError::new(
        ErrorCode::WriteFailed,
        "this draft is being exported already; wait for it or cancel it first",
    )
}

/// A path that nobody gave (see [`crate::paths`]).
pub(crate) fn path_not_given(path: &str) -> IpcError {
    let message =
        format!("{path} was not dropped, picked or given on the command line; open it in one of these ways");
    IpcError::new(ErrorCode::NotFound, message)
}

impl From<OpenError> for IpcError {
    fn from(error: OpenError) -> Self {
        Self::new(error.code().into(), error.to_string())
    }
}

impl From<CopyError> for IpcError {
    fn from(error: CopyError) -> Self {
        Self::new(error.code().into(), error.to_string())
    }
}

impl From<OpenErrorCode> for ErrorCode {
    fn from(code: OpenErrorCode) -> Self {
        match code {
            OpenErrorCode::NotAModel => Self::NotAModel,
            OpenErrorCode::Package => Self::Package,
            OpenErrorCode::DataFile => Self::DataFile,
            OpenErrorCode::EnvironmentFile => Self::EnvironmentFile,
            OpenErrorCode::PythonCode => Self::PythonCode,
            OpenErrorCode::Damaged => Self::Damaged,
            OpenErrorCode::Unreadable => Self::Unreadable,
        }
    }
}

impl From<EditError> for IpcError {
    fn from(error: EditError) -> Self {
        Self::new(ErrorCode::InvalidEdit, error.to_string())
    }
}

impl From<KeyError> for IpcError {
    fn from(error: KeyError) -> Self {
        Self::new(ErrorCode::KeyRefused, error.to_string())
    }
}

impl From<VerifyError> for IpcError {
    fn from(error: VerifyError) -> Self {
        Self::new(ErrorCode::Unreadable, error.to_string())
    }
}

impl From<PlanError> for IpcError {
    fn from(error: PlanError) -> Self {
        Self::new(ErrorCode::WriteFailed, error.to_string())
    }
}

impl From<ExportError> for IpcError {
    fn from(error: ExportError) -> Self {
        let code = match &error {
            ExportError::TargetExists(_) => ErrorCode::TargetExists,
            ExportError::Cancelled => ErrorCode::Cancelled,
            _ => ErrorCode::WriteFailed,
        };
        Self::new(code, error.to_string())
    }
}

/// A task that panicked is a bug of ours; the window says so instead of vanishing.
impl From<tauri::Error> for IpcError {
    fn from(error: tauri::Error) -> Self {
        Self::new(
            ErrorCode::Internal,
            format!("Packwright met a fault of its own ({error}); the file is untouched"),
        )
    }
}
