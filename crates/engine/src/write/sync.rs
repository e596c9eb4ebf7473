//! Waiting for the medium, which may take longer than anybody who cancels wants to wait.

use std::fs::File;
use std::io;
use std::path::Path;
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::thread;

use super::error::write_error;
use super::job::Watch;
use super::{ExportError, TELL_EVERY};

/// Starts to make a file last, and gives where the outcome comes.
pub(super) fn begin(file: File) -> Receiver<io::Result<()>> {
    let (done, wait) = mpsc::channel();
    // Nobody waits for it after a cancel; the system finishes by itself.
    thread::spawn(move || done.send(file.sync_all()).unwrap_or_default());
    wait
}

/// Waits for the outcome, and tells that the export is alive. A cancel is heard at once.
///
/// # Errors
///
/// [`ExportError::Cancelled`], or what the system says.
pub(super) fn end(
    wait: &Receiver<io::Result<()>>,
    path: &Path,
    watch: &mut Watch<'_>,
) -> Result<(), ExportError> {
    loop {
        match wait.recv_timeout(TELL_EVERY) {
            Ok(outcome) => return outcome.map_err(write_error(path)),
            Err(RecvTimeoutError::Timeout) => watch.advance(0)?,
            Err(RecvTimeoutError::Disconnected) => {
                let lost = io::Error::other("a thread of the export stopped unexpectedly");
                return Err(write_error(path)(lost));
            }
        }
    }
}
