//! The two streams. Writing to a closed pipe ends quietly.

use std::fmt;
use std::io::{self, BufWriter, IsTerminal as _, StdoutLock, Write as _};

/// Results and messages.
pub(crate) struct Terminal {
    out: BufWriter<StdoutLock<'static>>,
    failed: bool,
    shows_progress: bool,
    progress_is_open: bool,
}

impl Terminal {
    pub(crate) fn new() -> Self {
        Self {
            out: BufWriter::new(io::stdout().lock()),
            failed: false,
            shows_progress: io::stderr().is_terminal(),
            progress_is_open: false,
        }
    }

    /// One line of result.
    pub(crate) fn line(&mut self, text: impl fmt::Display) {
        self.failed |= writeln!(self.out, "{text}").is_err();
    }

    /// One JSON document.
    pub(crate) fn json(&mut self, value: &serde_json::Value) {
        let written = serde_json::to_writer_pretty(&mut self.out, value).is_ok();
        self.failed |= !(written && writeln!(self.out).is_ok());
    }

    /// One message for the person.
    pub(crate) fn message(&mut self, text: impl fmt::Display) {
        self.end_progress();
        // Nobody is left to tell when stderr is closed.
        writeln!(io::stderr(), "packwright: {text}").unwrap_or_default();
    }

    /// A line that is written over by the next one; only on a terminal.
    pub(crate) fn progress(&mut self, text: impl fmt::Display) {
        if self.shows_progress {
            write!(io::stderr(), "\r\x1b[K{text}").unwrap_or_default();
            self.progress_is_open = true;
        }
    }

    /// Clears the progress line.
    pub(crate) fn end_progress(&mut self) {
        if self.progress_is_open {
            write!(io::stderr(), "\r\x1b[K").unwrap_or_default();
            self.progress_is_open = false;
        }
    }

    /// Writes what is waiting. False when results were lost to anything but a closed pipe.
    pub(crate) fn flush(&mut self) -> bool {
        match self.out.flush() {
            Ok(()) => !self.failed,
            Err(error) => error.kind() == io::ErrorKind::BrokenPipe,
        }
    }
}
