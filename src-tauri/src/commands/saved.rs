//! Drafts of the last run.

use packwright_engine::open::OpenErrorCode;
use packwright_engine::saved::{RestoreError, SavedDraft};
use tauri::{AppHandle, Manager as _, Runtime};

use super::off_the_ui_thread;
use crate::convert::draft_view;
use crate::saving::Saving;
use crate::wire::{DraftView, ErrorCode, IpcError, SavedDraftView, SavedDraftsView};

/// The drafts of the last run that are not open yet, the one opened first at the front.
#[tauri::command]
pub(crate) async fn list_saved_drafts<R: Runtime>(app: AppHandle<R>) -> Result<SavedDraftsView, IpcError> {
    let store = app.state::<Saving>().store.clone();
    off_the_ui_thread(app, move |drafts, _| {
        let list = store.list();
        let waiting = list.drafts.into_iter().filter(|(key, _)| drafts.by_key(key).is_none());
        let view = |(key, saved): (String, SavedDraft)| SavedDraftView {
            key,
            path: saved.artifact.path.to_string_lossy().into_owned(),
        };
        Ok(SavedDraftsView {
            drafts: waiting.map(view).collect(),
            shown: list.shown,
            problems: list.problems,
        })
    })
    .await
}

/// Opens a draft of the last run again. It stays saved when that fails.
#[tauri::command]
pub(crate) async fn restore_draft<R: Runtime>(app: AppHandle<R>, key: String) -> Result<DraftView, IpcError> {
    let store = app.state::<Saving>().store.clone();
    off_the_ui_thread(app, move |drafts, paths| {
        if let Some(open) = drafts.by_key(&key) {
            return Ok(draft_view(&open, &open.lock()));
        }
        let saved = store.load(&key).map_err(|error| {
            IpcError::new(ErrorCode::NotFound, format!("the saved draft could not be read: {error}"))
        })?;
        let restored = saved.restore().map_err(restore_error)?;
        // The person gave them to this draft.
        paths.allow_artifacts(saved.paths());
        let open = drafts.restore(key, saved.opened_at_millis, restored);
        Ok(draft_view(&open, &open.lock()))
    })
    .await
}

/// Gives a draft up that could not be opened again.
#[tauri::command]
pub(crate) async fn forget_saved_draft<R: Runtime>(app: AppHandle<R>, key: String) -> Result<(), IpcError> {
    let handle = app.clone();
    off_the_ui_thread(app, move |drafts, _| {
        if drafts.by_key(&key).is_none() {
            handle.state::<Saving>().forget(&key);
        }
        Ok(())
    })
    .await
}

/// Notes which draft is shown, so that it is shown again after the next start.
#[tauri::command]
pub(crate) async fn show_draft<R: Runtime>(app: AppHandle<R>, draft_id: String) -> Result<(), IpcError> {
    let handle = app.clone();
    off_the_ui_thread(app, move |drafts, _| {
        handle.state::<Saving>().shown(&drafts.get(&draft_id)?.key);
        Ok(())
    })
    .await
}

fn restore_error(error: RestoreError) -> IpcError {
    let message = error.to_string();
    let code = match error {
        RestoreError::Open { error } if error.code() == OpenErrorCode::Damaged => ErrorCode::Damaged,
        RestoreError::Package { error } if error.code() == OpenErrorCode::Damaged => ErrorCode::Damaged,
        RestoreError::Open { .. } | RestoreError::Package { .. } | RestoreError::Gone { .. } => {
            ErrorCode::Unreadable
        }
    };
    IpcError::new(code, message)
}
