//! Requirement lines from environment files of other people.

use std::path::PathBuf;

use packwright_engine::{ImportScope, ImportedEnvironment, import_environment as read};
use tauri::{AppHandle, Manager as _, Runtime};

use super::drafts::change;
use super::off_the_ui_thread;
use crate::convert::environment_file_view;
use crate::error::path_not_given;
use crate::paths::Paths;
use crate::wire::{DraftView, EnvironmentFileView, ErrorCode, ImportScopeRequest, IpcError};

/// What an environment file asks for, and how it fits a draft.
#[tauri::command]
pub(crate) async fn read_environment<R: Runtime>(
    app: AppHandle<R>,
    draft_id: String,
    path: String,
) -> Result<EnvironmentFileView, IpcError> {
    off_the_ui_thread(app, move |drafts, paths| {
        let found = imported(paths, &path)?;
        let draft = drafts.get(&draft_id)?;
        let view = environment_file_view(path, &found, &draft.lock());
        Ok(view)
    })
    .await
}

/// Takes requirement lines from it.
#[tauri::command]
pub(crate) async fn import_environment<R: Runtime>(
    app: AppHandle<R>,
    draft_id: String,
    path: String,
    scope: ImportScopeRequest,
) -> Result<DraftView, IpcError> {
    let handle = app.clone();
    change(app, draft_id, move |draft| {
        let found = imported(&handle.state::<Paths>(), &path)?;
        let scope = match scope {
            ImportScopeRequest::Versions => ImportScope::Versions,
            ImportScopeRequest::All => ImportScope::All,
        };
        Ok(draft.apply(draft.import_requirements(&found, scope))?)
    })
    .await
}

fn imported(paths: &Paths, path: &str) -> Result<ImportedEnvironment, IpcError> {
    let real: PathBuf = paths.artifact(path).ok_or_else(|| path_not_given(path))?;
    read(&real).map_err(|error| IpcError::new(ErrorCode::Unreadable, error.to_string()))
}
