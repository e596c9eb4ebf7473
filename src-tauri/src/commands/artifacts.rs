//! Opening artifacts.

use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use std::{fs, io};

use packwright_engine::open;
use tauri::{AppHandle, Manager as _, Runtime};

use super::off_the_ui_thread;
use crate::convert::draft_view;
use crate::drafts::Drafts;
use crate::error::path_not_given;
use crate::paths::Paths;
use crate::saving::Saving;
use crate::wire::{DraftView, ErrorCode, IpcError};

/// The model behind "Try the sample model" (`resources/README.md`).
const SAMPLE: &[u8] = include_bytes!("../../resources/sample_model.joblib");
const SAMPLE_NAME: &str = "sample_model.joblib";

/// Reads an artifact and opens a draft of it.
#[tauri::command]
pub(crate) async fn open_artifact<R: Runtime>(
    app: AppHandle<R>,
    path: String,
) -> Result<DraftView, IpcError> {
    let handle = app.clone();
    off_the_ui_thread(app, move |drafts, paths| {
        let artifact = paths.artifact(&path).ok_or_else(|| path_not_given(&path))?;
        open_path(drafts, &handle.state::<Saving>(), &artifact)
    })
    .await
}

/// Opens a draft of the model that ships with the app.
#[tauri::command]
pub(crate) async fn open_sample_model<R: Runtime>(app: AppHandle<R>) -> Result<DraftView, IpcError> {
    let data_dir = app.path().app_data_dir()?;
    let handle = app.clone();
    off_the_ui_thread(app, move |drafts, _| {
        let sample = lay_out_sample(&data_dir).map_err(|error| {
            let message = format!("the sample model could not be put into {}: {error}", data_dir.display());
            IpcError::new(ErrorCode::Unreadable, message)
        })?;
        open_path(drafts, &handle.state::<Saving>(), &sample)
    })
    .await
}

/// Paths from the command line and from second starts that the window has not seen yet.
#[tauri::command]
pub(crate) async fn take_pending_paths<R: Runtime>(app: AppHandle<R>) -> Result<Vec<String>, IpcError> {
    Ok(app.state::<Paths>().take_pending())
}

fn open_path(drafts: &Drafts, saving: &Saving, path: &Path) -> Result<DraftView, IpcError> {
    let draft = open::open(path)?;
    let opened = drafts.add(draft, now_millis());
    saving.touch(&opened.id);
    Ok(draft_view(&opened, &opened.lock()))
}

/// Puts the sample where the person could also find it, unless it is there already.
fn lay_out_sample(data_dir: &Path) -> io::Result<PathBuf> {
    let path = data_dir.join(SAMPLE_NAME);
    if holds_sample(&path) {
        return Ok(path);
    }
    fs::create_dir_all(data_dir)?;
    // One name, so that what a crash left is written over; only one window runs at a time.
    let partial = data_dir.join(format!("{SAMPLE_NAME}.partial"));
    fs::write(&partial, SAMPLE)?;
    fs::rename(&partial, &path)?;
    Ok(path)
}

fn holds_sample(path: &Path) -> bool {
    let mut bytes = Vec::new();
    // One byte more, so that a longer file differs.
    let most = u64::try_from(SAMPLE.len()).unwrap_or(u64::MAX).saturating_add(1);
    let read = fs::File::open(path).and_then(|file| file.take(most).read_to_end(&mut bytes));
    read.is_ok() && bytes == SAMPLE
}

#[expect(
    clippy::disallowed_methods,
    reason = "when a draft was opened is shown, and never part of a package"
)]
pub(super) fn now_millis() -> u64 {
    let since_1970 = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or(Duration::ZERO);
    u64::try_from(since_1970.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sample_is_laid_out_and_repaired_when_it_is_other_bytes() {
        let dir = tempfile::tempdir().unwrap();
        let data_dir = dir.path().join("new");
        let path = lay_out_sample(&data_dir).unwrap();
        let other_bytes = vec![b'x'; SAMPLE.len()];
        for broken in [&b"cut"[..], &other_bytes, &[SAMPLE, b"and more"].concat()] {
            fs::write(&path, broken).unwrap();
            // And a start that died while it wrote.
            fs::write(data_dir.join("sample_model.joblib.partial"), "half").unwrap();
            assert_eq!(lay_out_sample(&data_dir).unwrap(), path);
            assert!(holds_sample(&path));
        }
        assert_eq!(fs::read_dir(&data_dir).unwrap().count(), 1, "nothing partial is left");
    }
}
