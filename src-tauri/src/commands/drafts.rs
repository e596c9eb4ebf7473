//! Showing, changing and closing drafts.

use packwright_engine::Draft;
use tauri::{AppHandle, Runtime};

use super::off_the_ui_thread;
use crate::convert::draft_view;
use crate::wire::{DraftView, EditRequest, IpcError};

/// All open drafts, newest first.
#[tauri::command]
pub(crate) async fn list_drafts<R: Runtime>(app: AppHandle<R>) -> Result<Vec<DraftView>, IpcError> {
    off_the_ui_thread(app, |drafts, _| {
        Ok(drafts.newest_first().iter().map(|open| draft_view(open, &open.lock())).collect())
    })
    .await
}

/// Changes a draft.
#[tauri::command]
pub(crate) async fn edit_draft<R: Runtime>(
    app: AppHandle<R>,
    draft_id: String,
    edit: EditRequest,
) -> Result<DraftView, IpcError> {
    change(app, draft_id, move |draft| Ok(draft.apply(edit.try_into()?)?)).await
}

/// Takes the last change back.
#[tauri::command]
pub(crate) async fn undo_draft<R: Runtime>(
    app: AppHandle<R>,
    draft_id: String,
) -> Result<DraftView, IpcError> {
    change(app, draft_id, |draft| {
        draft.undo();
        Ok(())
    })
    .await
}

/// Makes the change again that was taken back last.
#[tauri::command]
pub(crate) async fn redo_draft<R: Runtime>(
    app: AppHandle<R>,
    draft_id: String,
) -> Result<DraftView, IpcError> {
    change(app, draft_id, |draft| {
        draft.redo();
        Ok(())
    })
    .await
}

/// Closes a draft. The artifact stays where it is.
#[tauri::command]
pub(crate) async fn close_draft<R: Runtime>(app: AppHandle<R>, draft_id: String) -> Result<(), IpcError> {
    off_the_ui_thread(app, move |drafts, _| drafts.close(&draft_id)).await
}

/// Changes one draft and gives it back as it is then.
async fn change<R: Runtime>(
    app: AppHandle<R>,
    draft_id: String,
    make: impl FnOnce(&mut Draft) -> Result<(), IpcError> + Send + 'static,
) -> Result<DraftView, IpcError> {
    off_the_ui_thread(app, move |drafts, _| {
        let open = drafts.get(&draft_id)?;
        let mut draft = open.lock();
        make(&mut draft)?;
        Ok(draft_view(&open, &draft))
    })
    .await
}
