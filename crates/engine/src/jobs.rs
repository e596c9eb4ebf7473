//! An export on its own thread, for programs that must stay responsive.

use tokio::runtime::Handle;
use tokio::sync::watch;
use tokio::task::{JoinError, JoinHandle};

use crate::draft::Draft;
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
    pub fn start(runtime: &Handle, draft: Draft, target: Target, now: Timestamp) -> Self {
        let (tell, progress) = watch::channel(None);
        let cancel = Cancel::new();
        let given = cancel.clone();
        let running = runtime.spawn_blocking(move || {
            let mut tell = |progress| {
                tell.send_replace(Some(progress));
            };
            export(&draft, &target, now, &mut tell, &given)
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
