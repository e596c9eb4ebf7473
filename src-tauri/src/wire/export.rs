//! Plans, progress, receipts and errors as the window shows them.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

/// What to write.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub enum ExportKind {
    /// A folder.
    Folder,
    /// A zip archive of it.
    Zip,
}

/// What an export would write.
#[derive(Debug, Clone, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct PlanView {
    /// The proposed file or folder name.
    pub suggested_name: String,
    /// Every file.
    pub files: Vec<PlannedFileView>,
    /// Disk space it needs.
    #[ts(type = "number")]
    pub total_bytes: u64,
    /// What is free where it goes; `None` where the system cannot tell.
    #[ts(type = "number | null")]
    pub free_bytes: Option<u64>,
    /// What is risky about it, in sentences.
    pub warnings: Vec<String>,
    /// What must be typed before it is written; `None` when nothing must.
    pub confirm_word: Option<String>,
}

/// One planned file.
#[derive(Debug, Clone, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct PlannedFileView {
    /// Path inside the package.
    pub path: String,
    /// `copied`, `rewritten`, `generated`, `sealed`.
    pub origin: String,
    /// Its size; an estimate for rewritten files.
    #[ts(type = "number")]
    pub size_bytes: u64,
}

/// How far an export is. Sent at most 20 times a second.
#[derive(Debug, Clone, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct ProgressView {
    /// `writing`, `syncing`, `checking`.
    pub stage: String,
    /// Bytes done.
    #[ts(type = "number")]
    pub done_bytes: u64,
    /// Bytes in all.
    #[ts(type = "number")]
    pub total_bytes: u64,
    /// The file being written.
    pub file: String,
}

/// What an export produced.
#[derive(Debug, Clone, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct ReceiptView {
    /// Where it lies.
    pub path: String,
    /// Folder or zip.
    pub kind: ExportKind,
    /// Size on disk: of the zip, or the sum over the folder.
    #[ts(type = "number")]
    pub size_bytes: u64,
    /// SHA-256 of the zip as hex; `None` for a folder.
    pub sha256: Option<String>,
    /// Every file in it.
    pub files: Vec<WrittenFileView>,
    /// The fingerprint of the key that sealed it; `None` when it has no seal.
    pub sealed_by: Option<String>,
    /// Commands for the receiver, correct for this package.
    pub snippets: Vec<SnippetView>,
    /// What is worth knowing about what was written, in sentences.
    pub warnings: Vec<String>,
    /// How long it took.
    #[ts(type = "number")]
    pub millis: u64,
}

/// One written file.
#[derive(Debug, Clone, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct WrittenFileView {
    /// Path inside the package.
    pub path: String,
    /// Its size.
    #[ts(type = "number")]
    pub size_bytes: u64,
    /// Its SHA-256 as hex.
    pub sha256: String,
}

/// Text to copy.
#[derive(Debug, Clone, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct SnippetView {
    /// `Load in Python`, `Predict`, `Serve`.
    pub title: String,
    /// The text.
    pub text: String,
}

/// What the window does differently for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub enum ErrorCode {
    /// The drop is no model; the message says what it is and what to do.
    NotAModel,
    /// The drop is an MLflow package: the window offers to check it.
    Package,
    /// The drop is a data file: the window makes it the sample of the draft that is shown.
    DataFile,
    /// The drop is an environment file: the window takes its versions into the draft that is shown.
    EnvironmentFile,
    /// The drop is Python code: the window adds it to the draft that is shown.
    PythonCode,
    /// The file is damaged or beyond the limits.
    Damaged,
    /// The file could not be opened.
    Unreadable,
    /// Something lies at the target already.
    TargetExists,
    /// The export could not be written; nothing was left behind.
    WriteFailed,
    /// The person cancelled.
    Cancelled,
    /// The key cannot be used, or the passphrase does not open it.
    KeyRefused,
    /// The edit was refused; the message says why.
    InvalidEdit,
    /// No such draft or job.
    NotFound,
    /// A bug of ours.
    Internal,
}

/// An error on the wire. The window branches on `code` and shows `message`; it never reads the text.
#[derive(Debug, Clone, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct IpcError {
    /// What the window does differently for.
    pub code: ErrorCode,
    /// For people: what happened, where, and what to do.
    pub message: String,
}
