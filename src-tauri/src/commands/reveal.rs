//! Showing an export in the file manager.

use std::io;
use std::path::Path;
use std::process::{Command, Stdio};

use tauri::{AppHandle, Runtime};

use super::off_the_ui_thread;
use crate::error::path_not_given;
use crate::wire::{ErrorCode, IpcError};

/// Shows what an export made, selected in its folder where the system can.
#[tauri::command]
pub(crate) async fn reveal_export<R: Runtime>(app: AppHandle<R>, path: String) -> Result<(), IpcError> {
    off_the_ui_thread(app, move |_, paths| {
        let package = paths.receipt(&path).ok_or_else(|| path_not_given(&path))?;
        if package.symlink_metadata().is_err() {
            let message = format!("{path} is no longer there; it was moved or removed after the export");
            return Err(IpcError::new(ErrorCode::NotFound, message));
        }
        reveal(&package).map_err(|error| {
            let message = format!("no file manager could be started ({error}); the package is at {path}");
            IpcError::new(ErrorCode::Unreadable, message)
        })
    })
    .await
}

#[cfg(target_os = "linux")]
fn reveal(path: &Path) -> io::Result<()> {
    if show_in_file_manager(path).is_ok() {
        return Ok(());
    }
    start(Command::new("xdg-open").arg(path.parent().unwrap_or(path)))
}

/// Asks whichever file manager there is, over the interface that they share
/// (<https://www.freedesktop.org/wiki/Specifications/file-manager-interface/>).
#[cfg(target_os = "linux")]
fn show_in_file_manager(path: &Path) -> zbus::Result<()> {
    let not_absolute = |()| zbus::Error::Failure("the path is not absolute".to_owned());
    let url = tauri::Url::from_file_path(path).map_err(not_absolute)?;
    let connection = zbus::blocking::Connection::session()?;
    connection.call_method(
        Some("org.freedesktop.FileManager1"),
        "/org/freedesktop/FileManager1",
        Some("org.freedesktop.FileManager1"),
        "ShowItems",
        &(vec![url.as_str()], ""),
    )?;
    Ok(())
}

#[cfg(target_os = "macos")]
fn reveal(path: &Path) -> io::Result<()> {
    start(Command::new("open").arg("-R").arg(path))
}

#[cfg(target_os = "windows")]
fn reveal(path: &Path) -> io::Result<()> {
    let mut select = std::ffi::OsString::from("/select,");
    select.push(path);
    start(Command::new("explorer").arg(select))
}

/// Starts a program and does not wait for it; a thread collects it, so that no dead process stays listed.
fn start(command: &mut Command) -> io::Result<()> {
    let mut child = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn()?;
    std::thread::spawn(move || child.wait());
    Ok(())
}
