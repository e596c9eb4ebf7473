//! Native dialogs. Awaited, never blocking: on Linux a blocking one would wait for the thread that it holds.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};

use packwright_engine::plan;
use rfd::{AsyncFileDialog, FileHandle};
use tauri::{AppHandle, Manager as _, Runtime};

use packwright_engine::inspect::sample::DATA_EXTENSIONS;

use super::off_the_ui_thread;
use crate::convert::plan_view;
use crate::paths::{Paths, PickedTarget};
use crate::wire::{ErrorCode, ExportKind, IpcError};

/// The extensions under which models of the frameworks that we read are usually kept.
const MODEL_EXTENSIONS: [&str; 34] = [
    "pkl",
    "pickle",
    "p",
    "joblib",
    "gz",
    "z",
    "bz2",
    "xz",
    "lzma",
    "lz4",
    "skops",
    "json",
    "ubj",
    "model",
    "bst",
    "txt",
    "lgb",
    "onnx",
    "sav",
    "bin",
    "safetensors",
    "gguf",
    "tflite",
    "pt",
    "pth",
    "pt2",
    "ckpt",
    "keras",
    "h5",
    "hdf5",
    "cbm",
    "npz",
    "zip",
    "tar",
];

/// Whether a dialog is open. The page stays alive behind it, and a second dialog would hide behind the first.
#[derive(Debug, Default)]
pub(super) struct OneDialog(AtomicBool);

#[derive(Debug)]
pub(super) struct Opened<'a>(&'a OneDialog);

impl OneDialog {
    pub(super) fn open(&self) -> Option<Opened<'_>> {
        (!self.0.swap(true, Ordering::AcqRel)).then_some(Opened(self))
    }
}

impl Drop for Opened<'_> {
    fn drop(&mut self) {
        self.0.0.store(false, Ordering::Release);
    }
}

/// Model files to open. Empty when the person cancels.
#[tauri::command]
pub(crate) async fn pick_artifacts<R: Runtime>(app: AppHandle<R>) -> Result<Vec<String>, IpcError> {
    let one = app.state::<OneDialog>();
    let Some(_opened) = one.open() else { return Ok(Vec::new()) };
    let dialog = AsyncFileDialog::new()
        .set_title("Open models")
        .add_filter("Model files", &MODEL_EXTENSIONS)
        .add_filter("All files", &["*"]);
    Ok(allow(&app, dialog.pick_files().await.unwrap_or_default()))
}

/// A model folder to open. Empty when the person cancels.
#[tauri::command]
pub(crate) async fn pick_artifact_folder<R: Runtime>(app: AppHandle<R>) -> Result<Vec<String>, IpcError> {
    let one = app.state::<OneDialog>();
    let Some(_opened) = one.open() else { return Ok(Vec::new()) };
    let picked = AsyncFileDialog::new().set_title("Open a model folder").pick_folder().await;
    Ok(allow(&app, picked.into_iter().collect()))
}

/// Python files that a model imports. Empty when the person cancels.
#[tauri::command]
pub(crate) async fn pick_code<R: Runtime>(app: AppHandle<R>) -> Result<Vec<String>, IpcError> {
    let one = app.state::<OneDialog>();
    let Some(_opened) = one.open() else { return Ok(Vec::new()) };
    // Weights of Keras ask for the file of their network in the same place.
    let dialog = AsyncFileDialog::new()
        .set_title("Add Python files")
        .add_filter("Python files", &["py"])
        .add_filter("Networks of Keras", &["json", "keras", "h5"]);
    Ok(allow(&app, dialog.pick_files().await.unwrap_or_default()))
}

/// A folder with code that a model imports. Empty when the person cancels.
#[tauri::command]
pub(crate) async fn pick_code_folder<R: Runtime>(app: AppHandle<R>) -> Result<Vec<String>, IpcError> {
    let one = app.state::<OneDialog>();
    let Some(_opened) = one.open() else { return Ok(Vec::new()) };
    let picked = AsyncFileDialog::new().set_title("Add a folder with Python code").pick_folder().await;
    Ok(allow(&app, picked.into_iter().collect()))
}

/// An environment file. `None` when the person cancels.
#[tauri::command]
pub(crate) async fn pick_environment<R: Runtime>(app: AppHandle<R>) -> Result<Option<String>, IpcError> {
    let one = app.state::<OneDialog>();
    let Some(_opened) = one.open() else { return Ok(None) };
    let dialog = AsyncFileDialog::new()
        .set_title("Import requirements")
        .add_filter("Environment files", &["txt", "in", "yml", "yaml", "lock", "toml"])
        .add_filter("All files", &["*"]);
    let picked = dialog.pick_file().await;
    Ok(allow(&app, picked.into_iter().collect()).pop())
}

/// A data file for the sample. Empty when the person cancels.
#[tauri::command]
pub(crate) async fn pick_sample<R: Runtime>(app: AppHandle<R>) -> Result<Vec<String>, IpcError> {
    let one = app.state::<OneDialog>();
    let Some(_opened) = one.open() else { return Ok(Vec::new()) };
    let dialog = AsyncFileDialog::new()
        .set_title("Add sample data")
        .add_filter("Data files", &DATA_EXTENSIONS)
        .add_filter("All files", &["*"]);
    Ok(allow(&app, dialog.pick_file().await.into_iter().collect()))
}

/// Where to write. `None` when the person cancels.
#[tauri::command]
pub(crate) async fn pick_export_target<R: Runtime>(
    app: AppHandle<R>,
    draft_id: String,
    kind: ExportKind,
) -> Result<Option<String>, IpcError> {
    let (plan, artifact) = off_the_ui_thread(app.clone(), move |drafts, _| {
        let draft = drafts.get(&draft_id)?.lock().clone();
        let plan = plan_view(&draft, &plan(&draft)?, kind, None);
        Ok((plan, draft.inspection().artifact.path.clone()))
    })
    .await?;
    let one = app.state::<OneDialog>();
    let Some(_opened) = one.open() else { return Ok(None) };
    let dialog = AsyncFileDialog::new().set_file_name(plan.suggested_name);
    let dialog = match beside(&app, &artifact) {
        Some(folder) => dialog.set_directory(folder),
        None => dialog,
    };
    let dialog = match kind {
        ExportKind::Zip => dialog.set_title("Export as zip").add_filter("Zip archive", &["zip"]),
        ExportKind::Folder => dialog.set_title("Export as folder"),
    };
    let Some(picked) = dialog.save_file().await else { return Ok(None) };
    Ok(Some(app.state::<Paths>().allow_target(picked_target(picked.path().to_path_buf(), kind))))
}

/// Where to save all choices of a draft, and saves them there. `None` when the person cancels.
#[tauri::command]
pub(crate) async fn save_recipe<R: Runtime>(
    app: AppHandle<R>,
    draft_id: String,
) -> Result<Option<String>, IpcError> {
    let (recipe, name, artifact) = off_the_ui_thread(app.clone(), move |drafts, _| {
        let draft = drafts.get(&draft_id)?.lock().clone();
        let name = plan(&draft).map_or_else(|_| "model".to_owned(), |plan| plan.suggested_name);
        Ok((draft.recipe(), name, draft.inspection().artifact.path.clone()))
    })
    .await?;
    let one = app.state::<OneDialog>();
    let Some(_opened) = one.open() else { return Ok(None) };
    let dialog = AsyncFileDialog::new()
        .set_title("Save recipe")
        .set_file_name(format!("{name}.recipe.json"))
        .add_filter("Recipes", &["json"]);
    let dialog = match beside(&app, &artifact) {
        Some(folder) => dialog.set_directory(folder),
        None => dialog,
    };
    let Some(picked) = dialog.save_file().await else { return Ok(None) };
    let path = picked.path().to_path_buf();
    off_the_ui_thread(app.clone(), move |_, _| {
        let failed = |error| {
            let message = format!("the recipe could not be written to {}: {error}", path.display());
            IpcError::new(ErrorCode::WriteFailed, message)
        };
        recipe.save(&path).map_err(failed)?;
        Ok(Some(path.to_string_lossy().into_owned()))
    })
    .await
}

fn allow<R: Runtime>(app: &AppHandle<R>, picked: Vec<FileHandle>) -> Vec<String> {
    app.state::<Paths>().allow_artifacts(picked.into_iter().map(|handle| handle.path().to_path_buf()))
}

/// Where people look for an export first: the artifact's own folder. For the sample, which lies where nobody looks,
/// the home folder.
fn beside<R: Runtime>(app: &AppHandle<R>, artifact: &Path) -> Option<PathBuf> {
    let folder = artifact.parent()?;
    let is_sample = app.path().app_data_dir().is_ok_and(|data_dir| data_dir == folder);
    if is_sample { app.path().home_dir().ok() } else { Some(folder.to_path_buf()) }
}

/// The target that the person means by what they typed. Every platform's dialog asks before it returns an existing
/// file, so one that exists now was confirmed; a name that we completed to another was not.
fn picked_target(typed: PathBuf, kind: ExportKind) -> PickedTarget {
    let is_complete = match kind {
        ExportKind::Folder => true,
        ExportKind::Zip => typed.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("zip")),
    };
    if is_complete {
        let replace_confirmed = typed.is_file();
        return PickedTarget { path: typed, replace_confirmed };
    }
    let mut name = OsString::from(typed.file_name().unwrap_or_default());
    name.push(".zip");
    PickedTarget { path: typed.with_file_name(name), replace_confirmed: false }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_zip_without_its_extension_gets_it_and_dots_stay() {
        let target = picked_target(PathBuf::from("/out/churn_v1.2"), ExportKind::Zip);
        assert_eq!(target.path, PathBuf::from("/out/churn_v1.2.zip"));
        let target = picked_target(PathBuf::from("/out/churn.ZIP"), ExportKind::Zip);
        assert_eq!(target.path, PathBuf::from("/out/churn.ZIP"));
        let target = picked_target(PathBuf::from("/out/churn_v1.2"), ExportKind::Folder);
        assert_eq!(target.path, PathBuf::from("/out/churn_v1.2"));
    }

    #[test]
    fn only_the_file_that_the_dialog_showed_counts_as_confirmed() {
        let dir = tempfile::tempdir().unwrap();
        let zip = dir.path().join("m.zip");
        std::fs::write(&zip, "old").unwrap();
        assert!(picked_target(zip, ExportKind::Zip).replace_confirmed);
        assert!(
            !picked_target(dir.path().join("m"), ExportKind::Zip).replace_confirmed,
            "completed to m.zip"
        );
        assert!(!picked_target(dir.path().join("new.zip"), ExportKind::Zip).replace_confirmed);
    }

    #[test]
    fn a_second_dialog_waits_for_nobody_and_opens_when_the_first_is_closed() {
        let one = OneDialog::default();
        let first = one.open();
        assert!(first.is_some());
        assert!(one.open().is_none());
        drop(first);
        assert!(one.open().is_some());
    }
}
