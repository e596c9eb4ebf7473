//! Packages that somebody sent.

use packwright_engine::copy::{Copied, copy};
use packwright_engine::here::will_it_run;
use packwright_engine::judgement::judge;
use packwright_engine::received::receive;
use packwright_engine::seal::PublicKey;
use rfd::AsyncFileDialog;
use tauri::{AppHandle, Manager as _, Runtime};

use super::artifacts::now_millis;
use super::dialogs::OneDialog;
use super::off_the_ui_thread;
use crate::convert::{draft_view, here_view, judgement_view, package_view};
use crate::error::path_not_given;
use crate::paths::Paths;
use crate::saving::Saving;
use crate::wire::{DraftView, HereView, IpcError, JudgementView, PackageView};

/// Reads and checks a package, with the public key of whoever sealed it where there is one.
#[tauri::command]
pub(crate) async fn read_package<R: Runtime>(
    app: AppHandle<R>,
    path: String,
    key: Option<String>,
) -> Result<PackageView, IpcError> {
    off_the_ui_thread(app, move |_, paths| {
        let package = paths.artifact(&path).ok_or_else(|| path_not_given(&path))?;
        let key = match key {
            Some(text) => Some(PublicKey::open(&paths.key(&text).ok_or_else(|| path_not_given(&text))?)?),
            None => None,
        };
        Ok(package_view(receive(&package, key.as_ref())?, path))
    })
    .await
}

/// Judges what loading a package would run.
#[tauri::command]
pub(crate) async fn judge_package<R: Runtime>(
    app: AppHandle<R>,
    path: String,
) -> Result<JudgementView, IpcError> {
    off_the_ui_thread(app, move |_, paths| {
        let package = paths.artifact(&path).ok_or_else(|| path_not_given(&path))?;
        Ok(judgement_view(&judge(&package)?))
    })
    .await
}

/// Whether a package will run on this computer.
#[tauri::command]
pub(crate) async fn package_here<R: Runtime>(app: AppHandle<R>, path: String) -> Result<HereView, IpcError> {
    off_the_ui_thread(app, move |_, paths| {
        let package = paths.artifact(&path).ok_or_else(|| path_not_given(&path))?;
        Ok(here_view(will_it_run(&package)?))
    })
    .await
}

/// Opens a draft of the model in a package, with everything that the package says. The package stays as it is.
#[tauri::command]
pub(crate) async fn copy_package<R: Runtime>(app: AppHandle<R>, path: String) -> Result<DraftView, IpcError> {
    let handle = app.clone();
    off_the_ui_thread(app, move |drafts, paths| {
        let package = paths.artifact(&path).ok_or_else(|| path_not_given(&path))?;
        let Copied { draft, notes } = copy(&package)?;
        let opened = drafts.add_with_notes(draft, now_millis(), notes);
        handle.state::<Saving>().touch(&opened.id);
        Ok(draft_view(&opened, &opened.lock()))
    })
    .await
}

/// The public key of whoever sealed a package. `None` when the person cancels.
#[tauri::command]
pub(crate) async fn pick_public_key<R: Runtime>(app: AppHandle<R>) -> Result<Option<String>, IpcError> {
    let one = app.state::<OneDialog>();
    let Some(_opened) = one.open() else { return Ok(None) };
    let dialog = AsyncFileDialog::new()
        .set_title("Choose a public key")
        .add_filter("Keys", &["pem", "pub", "key"])
        .add_filter("All files", &["*"]);
    let picked = dialog.pick_file().await;
    Ok(picked.map(|picked| app.state::<Paths>().allow_key(picked.path().to_path_buf())))
}
