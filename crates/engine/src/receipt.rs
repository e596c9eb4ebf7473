//! What an export produced.

use std::path::PathBuf;

use serde::Serialize;
use sha2::{Digest as _, Sha256};

use crate::timestamp::Timestamp;

/// Folder or zip.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum PackageKind {
    /// A folder.
    Folder,
    /// A zip archive with the package's files at its top.
    Zip,
}

/// What an export produced.
#[derive(Debug, Clone, Serialize)]
pub struct Receipt {
    /// Where it lies.
    pub path: PathBuf,
    /// Folder or zip.
    pub kind: PackageKind,
    /// The length of the zip, or the sum over the folder's files.
    pub size_bytes: u64,
    /// SHA-256 of the zip as hex; `None` for a folder.
    pub sha256: Option<String>,
    /// Every file, in the order in which they were written.
    pub files: Vec<WrittenFile>,
    /// The fingerprint of the key that sealed it, as hex; `None` when it has no seal.
    pub sealed_by: Option<String>,
    /// Commands for whoever receives the package, correct for this one.
    pub snippets: Vec<Snippet>,
    /// What the person should know about what was written, in sentences.
    pub warnings: Vec<String>,
    /// When it was written, as the caller said. The package itself records [`crate::Draft::created`].
    #[serde(serialize_with = "as_text")]
    pub written_at: Timestamp,
}

/// One written file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct WrittenFile {
    /// Where it lies in the package, with `/`.
    pub path: String,
    /// Its length.
    pub size_bytes: u64,
    /// Its SHA-256 as hex.
    pub sha256: String,
}

/// Text to copy and paste.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Snippet {
    /// `Load and predict in Python`.
    pub title: String,
    /// The text, without a newline at its end.
    pub text: String,
}

impl WrittenFile {
    /// The record of a file that is wholly in memory.
    pub(crate) fn of(path: &str, bytes: &[u8]) -> Self {
        Self {
            path: path.to_owned(),
            size_bytes: u64::try_from(bytes.len()).unwrap_or(u64::MAX),
            sha256: hex(&Sha256::digest(bytes)),
        }
    }
}

/// Lower-case hex.
pub(crate) fn hex(bytes: &[u8]) -> String {
    let mut out = String::with_capacity(bytes.len() * 2);
    for byte in bytes {
        for nibble in [byte >> 4, byte & 15] {
            out.extend(char::from_digit(u32::from(nibble), 16));
        }
    }
    out
}

fn as_text<S: serde::Serializer>(time: &Timestamp, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(time)
}
