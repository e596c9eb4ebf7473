//! An export on its own thread, for programs that must stay responsive.

use tokio::runtime::Handle;
use tokio::sync::watch;
use tokio::task::{JoinError, JoinHandle};

use crate::draft::Draft;
use crate::journal::Journal;
use crate::receipt::Receipt;
use crate::timestamp::Timestamp;
use crate::write::{Cancel, ExportError, Progress, Target, export};

/// A running export.
#[derive(Debug)]
pub struct ExportJob {
    progress: watch::Receiver<Option<Progress>>,
    cancel: Cancel,
    running: JoinHandle<Result<Receipt, ExportError>>,
}

impl ExportJob {
    /// Starts an export on the runtime's threads for blocking work. The draft is a copy: edits go on meanwhile.
    pub fn start(runtime: &Handle, draft: Draft, target: Target, now: Timestamp, journal: Journal) -> Self {
        let (tell, progress) = watch::channel(None);
        let cancel = Cancel::new();
        let given = cancel.clone();
        let running = runtime.spawn_blocking(move || {
            let mut tell = |progress| {
                tell.send_replace(Some(progress));
            };
            export(&draft, &target, now, &mut tell, &given, &journal)
        });
        Self { progress, cancel, running }
    }

    /// The newest progress. A slow listener misses steps, never the latest one.
    pub fn progress(&self) -> watch::Receiver<Option<Progress>> {
        self.progress.clone()
    }

    /// What stops it.
    pub fn cancel(&self) -> Cancel {
        self.cancel.clone()
    }

    /// Waits for the end.
    ///
    /// # Errors
    ///
    /// [`JoinError`] when the export panicked, which is a bug; its own outcome otherwise.
    pub async fn outcome(self) -> Result<Result<Receipt, ExportError>, JoinError> {
        self.running.await
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::open::open;
    use crate::receipt::PackageKind;
    use crate::testing::fixture;

    fn job(dir: &std::path::Path) -> (tokio::runtime::Runtime, ExportJob) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let draft = open(&fixture("sklearn/gbc_zlib3.joblib")).unwrap();
        let target = Target { path: dir.join("m"), kind: PackageKind::Folder, overwrite: false };
        let job = ExportJob::start(runtime.handle(), draft, target, Timestamp::EPOCH, Journal::none());
        (runtime, job)
    }

    #[test]
    fn a_job_ends_with_the_receipt_and_the_last_progress_stays_readable() {
        let dir = tempfile::tempdir().unwrap();
        let (runtime, job) = job(dir.path());
        let progress = job.progress();
        let receipt = runtime.block_on(job.outcome()).unwrap().unwrap();
        assert!(receipt.path.join("MLmodel").is_file());
        assert_eq!(progress.borrow().as_ref().unwrap().done_bytes, 6428);
    }

    #[test]
    fn a_cancelled_job_leaves_nothing() {
        let dir = tempfile::tempdir().unwrap();
        let (runtime, job) = job(dir.path());
        job.cancel().cancel();
        // The job may have been quicker than the cancel; then it is whole.
        match runtime.block_on(job.outcome()).unwrap() {
            Ok(receipt) => assert!(receipt.path.join("MLmodel").is_file()),
            Err(error) => {
                assert!(matches!(error, ExportError::Cancelled), "{error}");
                assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 0);
            }
        }
    }
}
