//! Why some bytes could not be read, and where.

use std::fmt;

/// Why some bytes could not be read, and where.
#[derive(Debug)]
pub struct ReadError {
    format: &'static str,
    offset: u64,
    kind: ErrorKind,
}

/// The kind of failure. Match on this; never on the message.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ErrorKind {
    /// The input ends inside something: the file is damaged or its download is incomplete.
    #[error("the input ends {missing} bytes short of {what}")]
    Truncated {
        /// What was being read.
        what: &'static str,
        /// How many more bytes it needed.
        missing: u64,
    },
    /// The bytes contradict the format.
    #[error("malformed {what}: expected {expected}, found {found}")]
    Malformed {
        /// What was being read.
        what: &'static str,
        /// What the format asks for here.
        expected: String,
        /// What is there.
        found: String,
    },
    /// The bytes are well formed, and we do not read this kind.
    #[error("unsupported {0}")]
    Unsupported(String),
    /// Reading on would cost more than the budget allows.
    #[error("{what} needs {asked}; the limit is {limit}")]
    Limit {
        /// What asked for it.
        what: &'static str,
        /// How much it asked for, in bytes or items.
        asked: u64,
        /// How much was left to spend.
        limit: u64,
    },
    /// The medium failed.
    #[error("the file could not be read: {0}")]
    Io(#[source] std::io::Error),
}

impl ReadError {
    /// An error in `format` at the byte `offset` of the innermost input.
    pub fn new(format: &'static str, offset: u64, kind: ErrorKind) -> Self {
        Self { format, offset, kind }
    }

    /// The format that was being read, for instance `pickle`.
    pub fn format(&self) -> &'static str {
        self.format
    }

    /// The byte offset in the innermost input (the inflated stream for compressed files).
    pub fn offset(&self) -> u64 {
        self.offset
    }

    /// What went wrong.
    pub fn kind(&self) -> &ErrorKind {
        &self.kind
    }
}

impl ErrorKind {
    /// [`ErrorKind::Malformed`] from anything printable.
    pub fn malformed(what: &'static str, expected: impl Into<String>, found: impl Into<String>) -> Self {
        Self::Malformed { what, expected: expected.into(), found: found.into() }
    }
}

impl fmt::Display for ReadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} at byte {}: {}", self.format, self.offset, self.kind)
    }
}

impl std::error::Error for ReadError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match &self.kind {
            ErrorKind::Io(error) => Some(error),
            _ => None,
        }
    }
}
