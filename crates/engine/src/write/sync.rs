//! Waiting for the medium, which may take longer than anybody who cancels wants to wait.

use std::fs::File;
use std::io;
use std::path::Path;
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender};
use std::thread;

use super::error::write_error;
use super::job::Watch;
use super::{Cancel, ExportError, TELL_EVERY};

/// How much is written before the medium is asked to take it, and how much may wait for the medium.
const STEP_BYTES: u64 = 32 << 20;
const MOST_WAITING_BYTES: u64 = 96 << 20;

/// Makes a long file last while it is written. Memory takes gigabytes in a second and the medium much later: the rate and
/// the time left would be those of the memory, and all of the waiting would come after the last byte.
#[derive(Debug, Default)]
pub(super) struct Behind {
    medium: Option<Medium>,
    /// How long the file was when the medium was last asked.
    asked_bytes: u64,
    /// How much of the file lasts.
    lasting_bytes: u64,
}

/// The thread that waits for the medium.
#[derive(Debug)]
struct Medium {
    ask: Sender<u64>,
    lasting: Receiver<io::Result<u64>>,
}

impl Behind {
    /// Takes note that `file` is now so long, and waits while too much of it is in memory alone, unless cancelled.
    ///
    /// # Errors
    ///
    /// What the system says of bytes that were written before.
    pub(super) fn follow(&mut self, file: &File, written_bytes: u64, cancel: &Cancel) -> io::Result<()> {
        if STEP_BYTES <= written_bytes.saturating_sub(self.asked_bytes) {
            let medium = match self.medium.take() {
                Some(medium) => medium,
                None => Medium::start(file.try_clone()?),
            };
            // A thread that ended had an error, which is taken below.
            medium.ask.send(written_bytes).unwrap_or_default();
            self.asked_bytes = written_bytes;
            self.medium = Some(medium);
        }
        let Some(medium) = &self.medium else { return Ok(()) };
        loop {
            if written_bytes.saturating_sub(self.lasting_bytes) <= MOST_WAITING_BYTES {
                match medium.lasting.try_recv() {
                    Ok(outcome) => self.lasting_bytes = outcome?,
                    Err(_) => return Ok(()),
                }
            } else {
                match medium.lasting.recv_timeout(TELL_EVERY) {
                    Ok(outcome) => self.lasting_bytes = outcome?,
                    Err(RecvTimeoutError::Timeout) if cancel.is_cancelled() => return Ok(()),
                    Err(RecvTimeoutError::Timeout) => {}
                    Err(RecvTimeoutError::Disconnected) => {
                        return Err(io::Error::other("a thread of the export stopped unexpectedly"));
                    }
                }
            }
        }
    }

    /// Starts to make the rest last, and gives where the outcome comes: that of all of the file.
    pub(super) fn end(self, file: File) -> Receiver<io::Result<()>> {
        let (done, wait) = mpsc::channel();
        // Nobody waits for it after a cancel; the system finishes by itself.
        thread::spawn(move || {
            // An error is told once: to the thread that asked first.
            let before = self.medium.map_or(Ok(()), Medium::rest);
            done.send(before.and_then(|()| file.sync_all())).unwrap_or_default();
        });
        wait
    }
}

impl Medium {
    fn start(file: File) -> Self {
        let ((ask, asked), (tell, lasting)) = (mpsc::channel(), mpsc::channel());
        // Not waited for after a cancel.
        thread::spawn(move || {
            while let Ok(mut written_bytes) = asked.recv() {
                while let Ok(more) = asked.try_recv() {
                    written_bytes = more;
                }
                let outcome = file.sync_data().map(|()| written_bytes);
                let is_over = outcome.is_err();
                if tell.send(outcome).is_err() || is_over {
                    return;
                }
            }
        });
        Self { ask, lasting }
    }

    /// Waits for what was asked.
    fn rest(self) -> io::Result<()> {
        let Self { ask, lasting } = self;
        drop(ask);
        lasting.iter().try_for_each(|outcome| outcome.map(drop))
    }
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

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    #[test]
    fn a_long_file_lasts_at_its_end() {
        let file = tempfile::tempfile().unwrap();
        let mut behind = Behind::default();
        for written_bytes in (0..20).map(|n| n * (STEP_BYTES / 2)) {
            behind.follow(&file, written_bytes, &Cancel::new()).unwrap();
            assert!(written_bytes - behind.lasting_bytes <= MOST_WAITING_BYTES);
        }
        assert!(behind.medium.is_some());
        behind.end(file).recv().unwrap().unwrap();
    }

    #[test]
    fn what_the_medium_does_not_take_is_an_error_at_once_or_at_the_end() {
        // A device that cannot be asked to make anything last.
        let file = || File::open("/dev/null").unwrap();
        let (out, mut behind) = (file(), Behind::default());
        let outcome = (1..20).try_for_each(|n| behind.follow(&out, n * STEP_BYTES, &Cancel::new()));
        assert_eq!(outcome.unwrap_err().kind(), io::ErrorKind::InvalidInput);
        // The end asks another file, which has no complaint of its own.
        let medium = Medium::start(file());
        medium.ask.send(STEP_BYTES).unwrap();
        let behind = Behind { medium: Some(medium), ..Behind::default() };
        let outcome = behind.end(tempfile::tempfile().unwrap()).recv().unwrap();
        assert_eq!(outcome.unwrap_err().kind(), io::ErrorKind::InvalidInput);
    }
}
