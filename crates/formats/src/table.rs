//! How much of a data file is read.

/// The first part of a data file: enough to know its columns, and no more than memory bears.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Part {
    /// The most rows. The default is 5 000.
    pub rows: usize,
    /// The most bytes of the file. The default is 16 MiB.
    pub bytes: u64,
}

impl Default for Part {
    fn default() -> Self {
        Self { rows: 5_000, bytes: 16 << 20 }
    }
}
