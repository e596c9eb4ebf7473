//! The commands: one request in, one call of the engine, one response out, off the UI thread. No decisions.

mod artifacts;
mod dialogs;
mod drafts;
mod environment;
mod export;
mod packages;
mod reveal;
mod saved;
mod seal;

use tauri::{AppHandle, Builder, Manager as _, Runtime};

use crate::drafts::Drafts;
use crate::paths::Paths;
use crate::wire::IpcError;

/// Adds the commands and the state that they share.
pub(crate) fn install<R: Runtime>(builder: Builder<R>) -> Builder<R> {
    builder
        .manage(Drafts::default())
        .manage(Paths::default())
        .manage(dialogs::OneDialog::default())
        .invoke_handler(tauri::generate_handler![
            artifacts::open_artifact,
            artifacts::open_sample_model,
            artifacts::take_pending_paths,
            drafts::list_drafts,
            saved::list_saved_drafts,
            saved::restore_draft,
            saved::forget_saved_draft,
            saved::show_draft,
            drafts::list_structure,
            drafts::list_tensors,
            drafts::preflight,
            drafts::edit_draft,
            environment::read_environment,
            environment::import_environment,
            drafts::take_network,
            drafts::undo_draft,
            drafts::redo_draft,
            drafts::close_draft,
            export::plan_export,
            export::start_export,
            export::cancel_export,
            reveal::reveal_export,
            dialogs::pick_artifacts,
            dialogs::pick_artifact_folder,
            dialogs::pick_code,
            dialogs::pick_code_folder,
            dialogs::pick_environment,
            dialogs::pick_sample,
            dialogs::pick_export_target,
            dialogs::save_recipe,
            packages::read_package,
            packages::judge_package,
            packages::package_here,
            packages::copy_package,
            packages::pick_public_key,
            seal::pick_key,
            seal::check_key,
        ])
}

/// Runs what reads files or may take long on a thread for such work, with the open drafts and known paths at hand.
///
/// A panic in it becomes [`crate::wire::ErrorCode::Internal`].
async fn off_the_ui_thread<R: Runtime, T: Send + 'static>(
    app: AppHandle<R>,
    work: impl FnOnce(&Drafts, &Paths) -> Result<T, IpcError> + Send + 'static,
) -> Result<T, IpcError> {
    let task = move || work(&app.state::<Drafts>(), &app.state::<Paths>());
    tauri::async_runtime::spawn_blocking(task).await?
}

#[cfg(test)]
mod tests;
