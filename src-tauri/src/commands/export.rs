//! Planning, writing and cancelling packages.

use std::time::{Duration, Instant, SystemTime};

use packwright_engine::{Edit, Journal, Progress, Stage, Target, Timestamp, export, plan};
use tauri::ipc::Channel;
use tauri::{AppHandle, Manager as _, Runtime};

use super::off_the_ui_thread;
use crate::convert::{plan_view, progress_view, receipt_view};
use crate::error::path_not_given;
use crate::wire::{ExportKind, IpcError, PlanView, ProgressView, ReceiptView};

/// The eye needs no more, and the page has better things to do.
const BETWEEN_PROGRESS: Duration = Duration::from_millis(50);

/// What an export would write.
#[tauri::command]
pub(crate) async fn plan_export<R: Runtime>(
    app: AppHandle<R>,
    draft_id: String,
    kind: ExportKind,
) -> Result<PlanView, IpcError> {
    off_the_ui_thread(app, move |drafts, _| {
        let draft = drafts.get(&draft_id)?.lock().clone();
        Ok(plan_view(&draft, &plan(&draft)?, kind))
    })
    .await
}

/// Writes the package. The draft may be edited meanwhile: what is written is the draft as it was at the start.
#[tauri::command]
#[expect(clippy::too_many_arguments, reason = "each argument is a key of the request")]
pub(crate) async fn start_export<R: Runtime>(
    app: AppHandle<R>,
    draft_id: String,
    kind: ExportKind,
    path: String,
    overwrite: bool,
    confirmation: String,
    on_progress: Channel<ProgressView>,
) -> Result<ReceiptView, IpcError> {
    let journal = app.state::<Journal>().inner().clone();
    off_the_ui_thread(app, move |drafts, paths| {
        let picked = paths.target(&path).ok_or_else(|| path_not_given(&path))?;
        let mut draft = drafts.get(&draft_id)?.lock().clone();
        if draft.confirm_word().is_some() {
            draft.apply(Edit::ConfirmDanger { typed: confirmation })?;
        }
        let running = drafts.begin_export(&draft_id)?;
        let overwrite = overwrite || picked.replace_confirmed;
        let target = Target { path: picked.path, kind: kind.into(), overwrite };
        let started = Instant::now();
        let mut pace = Pace::default();
        let mut tell = |progress: Progress| {
            if pace.is_due(&progress, Instant::now()) {
                // A page that is gone needs no progress; the export itself does not depend on it.
                on_progress.send(progress_view(&progress)).unwrap_or_default();
            }
        };
        let receipt = export(&draft, &target, now(), &mut tell, &running.cancel, &journal)?;
        let written = paths.exported(&receipt.path);
        Ok(receipt_view(receipt, written, started.elapsed()))
    })
    .await
}

/// Stops an export of this draft; nothing is left behind.
#[tauri::command]
pub(crate) async fn cancel_export<R: Runtime>(app: AppHandle<R>, draft_id: String) -> Result<(), IpcError> {
    off_the_ui_thread(app, move |drafts, _| drafts.cancel_export(&draft_id)).await
}

/// Lets a new stage through at once, and anything else twenty times a second.
#[derive(Debug, Default)]
struct Pace {
    last: Option<(Stage, Instant)>,
}

impl Pace {
    fn is_due(&mut self, progress: &Progress, now: Instant) -> bool {
        let is_due = match self.last {
            Some((stage, at)) => {
                stage != progress.stage || BETWEEN_PROGRESS <= now.saturating_duration_since(at)
            }
            None => true,
        };
        if is_due {
            self.last = Some((progress.stage, now));
        }
        is_due
    }
}

#[expect(clippy::disallowed_methods, reason = "the receipt says when it was written; the package does not")]
fn now() -> Timestamp {
    Timestamp::from_system(SystemTime::now())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_second_of_progress_reaches_the_window_twenty_times_and_stages_at_once() {
        let start = Instant::now();
        let mut pace = Pace::default();
        let at = |millis: u64, stage: Stage| {
            let progress = Progress { stage, done_bytes: millis, total_bytes: 1000, file: String::new() };
            (progress, start + Duration::from_millis(millis))
        };
        let mut is_due = |millis, stage| {
            let (progress, now) = at(millis, stage);
            pace.is_due(&progress, now)
        };
        let n_sent = (0..1000).filter(|millis| is_due(*millis, Stage::Writing)).count();
        assert_eq!(n_sent, 20);
        assert!(is_due(1000, Stage::Syncing), "a new stage is told at once");
        assert!(!is_due(1001, Stage::Syncing));
    }
}
