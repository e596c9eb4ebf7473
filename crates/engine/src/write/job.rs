//! Progress and cancel.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use super::ExportError;

/// Stops an export from another thread. Clones share one state.
#[derive(Debug, Clone, Default)]
pub struct Cancel(Arc<AtomicBool>);

impl Cancel {
    /// Not cancelled.
    pub fn new() -> Self {
        Self::default()
    }

    /// Asks the export to stop. It does within a megabyte and leaves nothing behind.
    pub fn cancel(&self) {
        self.0.store(true, Ordering::Relaxed);
    }

    /// The flag behind it, for what may do no more than set one, as a signal handler.
    pub fn flag(&self) -> Arc<AtomicBool> {
        Arc::clone(&self.0)
    }

    /// Whether it was asked to.
    pub fn is_cancelled(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

/// What an export is doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stage {
    /// Writing files.
    Writing,
    /// Waiting for the medium to hold them.
    Syncing,
    /// Reading the package again.
    Checking,
}

/// How far an export is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Progress {
    /// What it is doing.
    pub stage: Stage,
    /// Bytes read from the artifact so far.
    pub done_bytes: u64,
    /// Bytes to read in all.
    pub total_bytes: u64,
    /// The file being worked on, by its path in the package.
    pub file: String,
}

/// What an export carries along: whom to tell, and whether to stop.
pub(super) struct Watch<'a> {
    tell: &'a mut dyn FnMut(Progress),
    cancel: &'a Cancel,
    progress: Progress,
}

impl<'a> Watch<'a> {
    /// Nothing done yet.
    pub(super) fn new(tell: &'a mut dyn FnMut(Progress), cancel: &'a Cancel) -> Self {
        let progress = Progress { stage: Stage::Writing, done_bytes: 0, total_bytes: 0, file: String::new() };
        Self { tell, cancel, progress }
    }

    /// Begins again, with so many bytes to read.
    pub(super) fn restart(&mut self, total_bytes: u64) {
        self.progress.done_bytes = 0;
        self.progress.total_bytes = total_bytes;
    }

    /// Tells that `n` more bytes are done.
    ///
    /// # Errors
    ///
    /// [`ExportError::Cancelled`].
    pub(super) fn advance(&mut self, n: u64) -> Result<(), ExportError> {
        if self.cancel.is_cancelled() {
            return Err(ExportError::Cancelled);
        }
        self.progress.done_bytes = self.progress.done_bytes.saturating_add(n).min(self.progress.total_bytes);
        (self.tell)(self.progress.clone());
        Ok(())
    }

    /// Whether the export was asked to stop.
    pub(super) fn is_cancelled(&self) -> bool {
        self.cancel.is_cancelled()
    }

    /// For threads that read along.
    pub(super) fn cancel(&self) -> Cancel {
        self.cancel.clone()
    }

    /// Tells that a file, or a stage, begins.
    ///
    /// # Errors
    ///
    /// [`ExportError::Cancelled`].
    pub(super) fn begin(&mut self, stage: Stage, file: &str) -> Result<(), ExportError> {
        self.progress.stage = stage;
        file.clone_into(&mut self.progress.file);
        self.advance(0)
    }
}

impl std::fmt::Debug for Watch<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Watch").field("progress", &self.progress).finish_non_exhaustive()
    }
}

impl Stage {
    /// The word used on the wire and in the terminal.
    pub fn word(self) -> &'static str {
        match self {
            Self::Writing => "writing",
            Self::Syncing => "syncing",
            Self::Checking => "checking",
        }
    }
}
