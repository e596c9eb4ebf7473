//! Showing, changing and closing drafts.

use packwright_engine::{Draft, Edit, NetworkOffer};
use tauri::{AppHandle, Manager as _, Runtime};

use super::off_the_ui_thread;
use crate::convert::{draft_view, place_views, structure_views, tensor_views};
use crate::error::path_not_given;
use crate::paths::Paths;
use crate::saving::Saving;
use crate::wire::{
    DraftView, EditRequest, IpcError, PlaceReportView, StructureView, TakenNetworkView, TensorView,
};

/// All open drafts, newest first.
#[tauri::command]
pub(crate) async fn list_drafts<R: Runtime>(app: AppHandle<R>) -> Result<Vec<DraftView>, IpcError> {
    off_the_ui_thread(app, |drafts, _| {
        Ok(drafts.newest_first().iter().map(|open| draft_view(open, &open.lock())).collect())
    })
    .await
}

/// The tensors of a draft's model. Asked for once: they may be many, and no edit changes them.
#[tauri::command]
pub(crate) async fn list_tensors<R: Runtime>(
    app: AppHandle<R>,
    draft_id: String,
) -> Result<Vec<TensorView>, IpcError> {
    off_the_ui_thread(app, move |drafts, _| Ok(tensor_views(&drafts.get(&draft_id)?.lock()))).await
}

/// What a draft's model is made of. Asked for once, as the tensors are.
#[tauri::command]
pub(crate) async fn list_structure<R: Runtime>(
    app: AppHandle<R>,
    draft_id: String,
) -> Result<Vec<StructureView>, IpcError> {
    off_the_ui_thread(app, move |drafts, _| Ok(structure_views(&drafts.get(&draft_id)?.lock()))).await
}

/// What each place that takes MLflow models will say of a draft. Every edit may change it.
#[tauri::command]
pub(crate) async fn preflight<R: Runtime>(
    app: AppHandle<R>,
    draft_id: String,
) -> Result<Vec<PlaceReportView>, IpcError> {
    off_the_ui_thread(app, move |drafts, _| Ok(place_views(&drafts.get(&draft_id)?.lock()))).await
}

/// Changes a draft.
#[tauri::command]
pub(crate) async fn edit_draft<R: Runtime>(
    app: AppHandle<R>,
    draft_id: String,
    edit: EditRequest,
) -> Result<DraftView, IpcError> {
    // Code and samples are read from the disk, so it must be a path that a person gave.
    let edit = match edit {
        EditRequest::AddCode { path } => {
            let code = app.state::<Paths>().artifact(&path).ok_or_else(|| path_not_given(&path))?;
            Edit::AddCode { path: code }
        }
        EditRequest::SetSample { path } => {
            let data = app.state::<Paths>().artifact(&path).ok_or_else(|| path_not_given(&path))?;
            Edit::SetSample { path: data }
        }
        other => other.try_into()?,
    };
    change(app, draft_id, move |draft| Ok(draft.apply(with_real_path(draft, edit))?)).await
}

/// Makes a file the network of weights alone, if they lack theirs and it is that. Changes nothing otherwise.
#[tauri::command]
pub(crate) async fn take_network<R: Runtime>(
    app: AppHandle<R>,
    draft_id: String,
    path: String,
) -> Result<TakenNetworkView, IpcError> {
    let handle = app.clone();
    off_the_ui_thread(app, move |drafts, paths| {
        let file = paths.artifact(&path).ok_or_else(|| path_not_given(&path))?;
        let open = drafts.get(&draft_id)?;
        let mut draft = open.lock();
        match draft.network_offer(&file) {
            None => Ok(TakenNetworkView { draft: None, why_not: None }),
            Some(NetworkOffer::Another(why)) => Ok(TakenNetworkView { draft: None, why_not: Some(why) }),
            Some(NetworkOffer::Theirs(edit)) => {
                draft.apply(edit)?;
                handle.state::<Saving>().touch(&open.id);
                Ok(TakenNetworkView { draft: Some(draft_view(&open, &draft)), why_not: None })
            }
        }
    })
    .await
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
    let handle = app.clone();
    off_the_ui_thread(app, move |drafts, _| {
        let key = drafts.close(&draft_id)?;
        handle.state::<Saving>().forget(&key);
        Ok(())
    })
    .await
}

/// The code that the window means: a name that is not UTF-8 reached it with replacement characters.
fn with_real_path(draft: &Draft, edit: Edit) -> Edit {
    let Edit::RemoveCode { path } = edit else { return edit };
    let shown = path.to_string_lossy().into_owned();
    let known = draft.code().iter().find(|known| known.to_string_lossy() == shown.as_str());
    Edit::RemoveCode { path: known.cloned().unwrap_or(path) }
}

/// Changes one draft and gives it back as it is then.
pub(super) async fn change<R: Runtime>(
    app: AppHandle<R>,
    draft_id: String,
    make: impl FnOnce(&mut Draft) -> Result<(), IpcError> + Send + 'static,
) -> Result<DraftView, IpcError> {
    let handle = app.clone();
    off_the_ui_thread(app, move |drafts, _| {
        let open = drafts.get(&draft_id)?;
        let mut draft = open.lock();
        make(&mut draft)?;
        handle.state::<Saving>().touch(&open.id);
        Ok(draft_view(&open, &draft))
    })
    .await
}
