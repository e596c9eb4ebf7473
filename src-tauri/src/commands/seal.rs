//! Keys to seal with. A key stays on its disk; what is read of it lives as long as one call.

use packwright_engine::seal::{KeyError, PublicKey, SealKey};
use rfd::AsyncFileDialog;
use tauri::{AppHandle, Manager as _, Runtime};

use super::dialogs::OneDialog;
use super::off_the_ui_thread;
use crate::error::path_not_given;
use crate::paths::Paths;
use crate::wire::{IpcError, KeyRequest, KeyView};

/// A private key to seal with. `None` when the person cancels.
#[tauri::command]
pub(crate) async fn pick_key<R: Runtime>(app: AppHandle<R>) -> Result<Option<KeyView>, IpcError> {
    let one = app.state::<OneDialog>();
    let Some(_opened) = one.open() else { return Ok(None) };
    let dialog = AsyncFileDialog::new()
        .set_title("Choose a private key")
        .add_filter("Keys", &["pem", "key"])
        .add_filter("All files", &["*"]);
    let Some(picked) = dialog.pick_file().await else { return Ok(None) };
    let path = app.state::<Paths>().allow_key(picked.path().to_path_buf());
    check_key(app.clone(), KeyRequest { path, passphrase: String::new() }).await.map(Some)
}

/// Opens a key to see that it can be used. A protected key without a passphrase is no error: the window asks for it.
#[tauri::command]
pub(crate) async fn check_key<R: Runtime>(app: AppHandle<R>, key: KeyRequest) -> Result<KeyView, IpcError> {
    off_the_ui_thread(app, move |_, paths| {
        let opened = match opened(paths, &key)? {
            Ok(key) => Some(key.public()),
            Err(KeyError::Locked) if key.passphrase.is_empty() => None,
            Err(error) => return Err(error.into()),
        };
        let path = paths.key(&key.path).unwrap_or_default();
        Ok(KeyView {
            name: path.file_name().unwrap_or_default().to_string_lossy().into_owned(),
            path: key.path,
            fingerprint: opened.as_ref().map(PublicKey::fingerprint).unwrap_or_default(),
            curve: opened.as_ref().map_or("", |key| key.curve()).to_owned(),
            is_locked: opened.is_none(),
        })
    })
    .await
}

/// The key itself, for an export.
pub(super) async fn open_key<R: Runtime>(app: AppHandle<R>, key: KeyRequest) -> Result<SealKey, IpcError> {
    off_the_ui_thread(app, move |_, paths| Ok(opened(paths, &key)??)).await
}

fn opened(paths: &Paths, key: &KeyRequest) -> Result<Result<SealKey, KeyError>, IpcError> {
    let path = paths.key(&key.path).ok_or_else(|| path_not_given(&key.path))?;
    let passphrase = (!key.passphrase.is_empty()).then_some(key.passphrase.as_str());
    Ok(SealKey::open(&path, passphrase))
}
