//! What one artifact may cost, as a budget that is spent.

use crate::ErrorKind;

/// How much reading one artifact may cost. The defaults describe any real model file known to us and stop every
/// known bomb within a second and 256 MB.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Bytes kept in memory for strings, small arrays and headers. The default is 48 MiB.
    pub kept_bytes: u64,
    /// The longest header or text that is read at once, in bytes. The default is 32 MiB.
    pub header_bytes: u64,
    /// Bytes that all decompressors together may give out. The default is 16 GiB.
    pub inflated_bytes: u64,
    /// Give up on a compressed stream whose output is this many times its input. The default is 100; real models
    /// stay under 30. Judged only after [`Limits::inflated_grace_bytes`].
    pub inflated_ratio: u64,
    /// Output that a compressed stream may give before its ratio is judged, in bytes. The default is 64 MiB.
    pub inflated_grace_bytes: u64,
    /// Steps of an interpreter or items of a list. The default is 200 million.
    pub steps: u64,
    /// Values kept in a tree. The default is 1.5 million, about 100 MB.
    pub values: u64,
    /// How deep containers may nest (an archive in an archive, a pickle in a pickle). The default is 6.
    pub depth: u32,
    /// Entries of a folder or an archive. The default is 100 000.
    pub entries: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            kept_bytes: 48 << 20,
            header_bytes: 32 << 20,
            inflated_bytes: 16 << 30,
            inflated_ratio: 100,
            inflated_grace_bytes: 64 << 20,
            steps: 200_000_000,
            values: 1_500_000,
            depth: 6,
            entries: 100_000,
        }
    }
}

/// What is left of some [`Limits`]. Reading spends it; only memory that was freed is given back.
#[derive(Debug, Clone)]
pub struct Budget {
    limits: Limits,
    kept_bytes: u64,
    inflated_bytes: u64,
    steps: u64,
    values: u64,
}

impl Budget {
    /// A full budget.
    pub fn new(limits: Limits) -> Self {
        Self {
            limits,
            kept_bytes: limits.kept_bytes,
            inflated_bytes: limits.inflated_bytes,
            steps: limits.steps,
            values: limits.values,
        }
    }

    /// The limits this budget started from.
    pub fn limits(&self) -> &Limits {
        &self.limits
    }

    /// Pays for `n` bytes that stay in memory.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Limit`] when fewer are left; nothing is spent then.
    pub fn keep(&mut self, what: &'static str, n: u64) -> Result<(), ErrorKind> {
        spend(&mut self.kept_bytes, what, n)
    }

    /// Whether `n` bytes could still be kept.
    pub fn can_keep(&self, n: u64) -> bool {
        n <= self.kept_bytes
    }

    /// Pays for `n` bytes of decompressed output.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Limit`] when fewer are left.
    pub fn inflate(&mut self, what: &'static str, n: u64) -> Result<(), ErrorKind> {
        spend(&mut self.inflated_bytes, what, n)
    }

    /// Pays for `n` steps of an interpreter.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Limit`] when fewer are left.
    pub fn step(&mut self, what: &'static str, n: u64) -> Result<(), ErrorKind> {
        spend(&mut self.steps, what, n)
    }

    /// Takes back values of a tree, and the bytes that they kept, once they were freed.
    pub fn return_values(&mut self, n_values: u64, n_bytes: u64) {
        self.values = self.values.saturating_add(n_values).min(self.limits.values);
        self.kept_bytes = self.kept_bytes.saturating_add(n_bytes).min(self.limits.kept_bytes);
    }

    /// Pays for one value in a tree. False when the tree is full: the caller drops the value and says so.
    pub fn value(&mut self) -> bool {
        spend(&mut self.values, "values", 1).is_ok()
    }
}

fn spend(left: &mut u64, what: &'static str, asked: u64) -> Result<(), ErrorKind> {
    match left.checked_sub(asked) {
        Some(rest) => {
            *left = rest;
            Ok(())
        }
        None => Err(ErrorKind::Limit { what, asked, limit: *left }),
    }
}
