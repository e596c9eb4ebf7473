//! Planning, writing and cancelling packages.

use std::time::{Duration, Instant, SystemTime};

use packwright_engine::jobs::{ExportJob, Order};
use packwright_engine::{Edit, Journal, Progress, Target, Timestamp, free_bytes, plan};
use tauri::ipc::Channel;
use tauri::{AppHandle, Manager as _, Runtime, async_runtime};

use super::off_the_ui_thread;
use super::seal::open_key;
use crate::convert::{plan_view, progress_view, receipt_view};
use crate::drafts::Drafts;
use crate::error::path_not_given;
use crate::paths::Paths;
use crate::wire::{ExportKind, IpcError, KeyRequest, PlanView, ProgressView, ReceiptView};

/// The eye needs no more, and the page has better things to do.
const BETWEEN_PROGRESS: Duration = Duration::from_millis(50);

/// What an export would write.
#[tauri::command]
pub(crate) async fn plan_export<R: Runtime>(
    app: AppHandle<R>,
    draft_id: String,
    kind: ExportKind,
    path: Option<String>,
    is_sealed: Option<bool>,
) -> Result<PlanView, IpcError> {
    off_the_ui_thread(app, move |drafts, paths| {
        let draft = drafts.get(&draft_id)?.lock().clone();
        let target = path.and_then(|path| paths.target(&path));
        let free_bytes = target.and_then(|target| free_bytes(target.path.parent()?));
        let plan = plan(&draft)?;
        let plan = if is_sealed == Some(true) { plan.with_seal() } else { plan };
        Ok(plan_view(&draft, &plan, kind, free_bytes))
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
    key: Option<KeyRequest>,
    on_progress: Channel<ProgressView>,
) -> Result<ReceiptView, IpcError> {
    let (drafts, paths) = (app.state::<Drafts>(), app.state::<Paths>());
    let picked = paths.target(&path).ok_or_else(|| path_not_given(&path))?;
    let mut draft = drafts.get(&draft_id)?.lock().clone();
    if draft.confirm_word().is_some() {
        draft.apply(Edit::ConfirmDanger { typed: confirmation })?;
    }
    let key = match key {
        Some(key) => Some(open_key(app.clone(), key).await?),
        None => None,
    };
    let running = drafts.begin_export(&draft_id)?;
    let overwrite = overwrite || picked.replace_confirmed;
    let target = Target { path: picked.path, kind: kind.into(), overwrite };
    let journal = app.state::<Journal>().inner().clone();
    let order = Order { draft, target, key, now: now(), journal };
    let started = Instant::now();
    let job = ExportJob::start(async_runtime::handle().inner(), order, running.cancel.clone());
    // A page that is gone needs no progress; the export itself does not depend on it.
    let tell = |progress: &Progress| on_progress.send(progress_view(progress)).unwrap_or_default();
    let receipt = job.follow(BETWEEN_PROGRESS, tell).await.map_err(tauri::Error::from)??;
    let written = paths.exported(&receipt.path);
    Ok(receipt_view(receipt, written, started.elapsed()))
}

/// Stops an export of this draft; nothing is left behind.
#[tauri::command]
pub(crate) async fn cancel_export<R: Runtime>(app: AppHandle<R>, draft_id: String) -> Result<(), IpcError> {
    off_the_ui_thread(app, move |drafts, _| drafts.cancel_export(&draft_id)).await
}

#[expect(clippy::disallowed_methods, reason = "the receipt says when it was written; the package does not")]
fn now() -> Timestamp {
    Timestamp::from_system(SystemTime::now())
}
