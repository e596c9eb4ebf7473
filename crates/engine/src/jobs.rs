//! An export on its own thread, for programs that must stay responsive.

use std::time::Duration;

use tokio::runtime::Handle;
use tokio::sync::watch;
use tokio::task::{JoinError, JoinHandle};
use tokio::time::timeout;

use crate::draft::Draft;
use crate::journal::Journal;
use crate::receipt::Receipt;
use crate::seal::SealKey;
use crate::timestamp::Timestamp;
use crate::write::{Cancel, ExportError, Progress, Target, export_sealed};

/// What to export: the arguments of [`export_sealed`] that a thread can take along.
#[derive(Debug)]
pub struct Order {
    /// A copy of the draft: edits go on meanwhile.
    pub draft: Draft,
    /// Where to.
    pub target: Target,
    /// What seals it; kept no longer than the export runs.
    pub key: Option<SealKey>,
    /// For the receipt.
    pub now: Timestamp,
    /// Where it is noted while it runs.
    pub journal: Journal,
}

/// A running export.
#[derive(Debug)]
pub struct ExportJob {
    progress: watch::Receiver<Option<Progress>>,
    running: JoinHandle<Result<Receipt, ExportError>>,
}

impl ExportJob {
    /// Starts an export on the runtime's threads for blocking work. The caller keeps a clone of `cancel` to stop it.
    pub fn start(runtime: &Handle, order: Order, cancel: Cancel) -> Self {
        let (tell, progress) = watch::channel(None);
        let running = runtime.spawn_blocking(move || {
            let mut tell = |progress| {
                tell.send_replace(Some(progress));
            };
            let Order { draft, target, key, now, journal } = order;
            export_sealed(&draft, &target, key.as_ref(), now, &mut tell, &cancel, &journal)
        });
        Self { progress, running }
    }

    /// Waits for the end. `tell` gets the newest progress whenever there is a newer one, at most once in `every`: it
    /// misses steps, never the last one. The runtime must have its clock enabled.
    ///
    /// # Errors
    ///
    /// [`JoinError`] when the export panicked, which is a bug; its own outcome otherwise.
    pub async fn follow(
        mut self,
        every: Duration,
        mut tell: impl FnMut(&Progress),
    ) -> Result<Result<Receipt, ExportError>, JoinError> {
        loop {
            let ended = timeout(every, &mut self.running).await;
            {
                let newest = self.progress.borrow_and_update();
                if let (true, Some(progress)) = (newest.has_changed(), newest.as_ref()) {
                    tell(progress);
                }
            }
            if let Ok(outcome) = ended {
                return outcome;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::open::open;
    use crate::receipt::PackageKind;
    use crate::testing::fixture;

    fn order(dir: &std::path::Path) -> Order {
        let draft = open(&fixture("sklearn/gbc_zlib3.joblib")).unwrap();
        let target = Target { path: dir.join("m"), kind: PackageKind::Folder, overwrite: false };
        Order { draft, target, key: None, now: Timestamp::EPOCH, journal: Journal::none() }
    }

    fn run(order: Order, cancel: Cancel) -> (Result<Receipt, ExportError>, Vec<Progress>) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
        let job = ExportJob::start(runtime.handle(), order, cancel);
        let mut told = Vec::new();
        let outcome = runtime.block_on(job.follow(Duration::from_millis(1), |p| told.push(p.clone())));
        (outcome.unwrap(), told)
    }

    #[test]
    fn a_job_ends_with_the_receipt_and_the_last_progress_is_told() {
        let dir = tempfile::tempdir().unwrap();
        let (receipt, told) = run(order(dir.path()), Cancel::new());
        assert!(receipt.unwrap().path.join("MLmodel").is_file());
        assert_eq!(told.last().unwrap().done_bytes, 6428);
    }

    #[test]
    fn a_cancelled_job_leaves_nothing() {
        let dir = tempfile::tempdir().unwrap();
        let cancel = Cancel::new();
        cancel.cancel();
        let (outcome, _) = run(order(dir.path()), cancel);
        assert!(matches!(outcome, Err(ExportError::Cancelled)), "{outcome:?}");
        assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 0);
    }
}
