//! The window around the engine: commands, native dialogs, menu and wire types. Translates; decides nothing.

mod commands;
mod convert;
mod drafts;
mod error;
mod menu;
mod paths;
mod saving;
pub mod wire;

use std::ffi::OsString;
use std::path::Path;
use std::time::Duration;

use packwright_engine::Journal;
use packwright_engine::saved::DraftStore;
use tauri::plugin::{self, TauriPlugin};
use tauri::{
    AppHandle, DragDropEvent, Emitter as _, Manager as _, RunEvent, Runtime, Url, Window, WindowEvent,
};

use crate::drafts::Drafts;
use crate::paths::Paths;
use crate::saving::Saving;

/// How long exports may take to tidy up when the program ends.
const LAST_PATIENCE: Duration = Duration::from_secs(5);

/// Opens the window and runs until it is closed.
///
/// # Panics
///
/// When the system gives no window at all: without a display there is nothing to show an error in.
#[expect(clippy::expect_used, reason = "nothing can be shown without a window")]
#[expect(clippy::exit, clippy::disallowed_types, reason = "what Tauri's macros make of the configuration")]
pub fn run() {
    // First of all, so that a second start ends before it makes anything: it hands its arguments over.
    let builder = tauri::Builder::default()
        .plugin(tauri_plugin_single_instance::init(second_start))
        .plugin(own_pages());
    commands::install(builder)
        .menu(menu::build)
        .on_menu_event(menu::chosen)
        .on_window_event(note_drop)
        .setup(|app| {
            let cwd = std::env::current_dir().unwrap_or_default();
            app.state::<Paths>().queue(std::env::args_os().skip(1), &cwd);
            let journal = Journal::of_this_user();
            app.manage(journal.clone());
            // Beside the start of the window: the folders may lie on a slow drive.
            tauri::async_runtime::spawn_blocking(move || journal.sweep());
            app.manage(Saving::new(DraftStore::of_this_user()));
            let handle = app.handle().clone();
            std::thread::spawn(move || handle.state::<Saving>().run(&handle.state::<Drafts>()));
            Ok(())
        })
        .build(tauri::generate_context!())
        .expect("the window cannot be made")
        .run(|app, event| on_run_event(app, &event));
}

/// Keeps the window on the app's own pages: a link, or a page that went astray, leads nowhere else.
fn own_pages<R: Runtime>() -> TauriPlugin<R> {
    plugin::Builder::new("own-pages").on_navigation(|_, url| is_own_page(url)).build()
}

/// Tauri serves the pages by a scheme of its own, and where the system has none by a host that no network knows.
fn is_own_page(url: &Url) -> bool {
    match url.scheme() {
        "tauri" => url.host_str() == Some("localhost"),
        "http" | "https" => {
            cfg!(windows) && url.host_str() == Some("tauri.localhost") && url.port().is_none()
        }
        _ => false,
    }
}

/// Somebody started Packwright while it runs: the paths open here, and the window comes forward.
#[expect(clippy::needless_pass_by_value, reason = "the signature that the plugin calls")]
fn second_start<R: Runtime>(app: &AppHandle<R>, args: Vec<String>, cwd: String) {
    nudge(app, args.into_iter().skip(1).map(OsString::from), Path::new(&cwd));
}

/// Queues paths and tells the window that there are some. The event may come before the page listens, so it carries
/// nothing; the page takes what is queued when it is ready.
fn nudge<R: Runtime>(app: &AppHandle<R>, args: impl IntoIterator<Item = OsString>, cwd: &Path) {
    app.state::<Paths>().queue(args, cwd);
    if let Some(window) = app.get_webview_window("main") {
        // Each may be refused by the window manager; the paths open all the same.
        window.unminimize().unwrap_or_default();
        window.set_focus().unwrap_or_default();
    }
    app.emit("pending-paths", ()).unwrap_or_default();
}

/// What a person drops on the window, the page may open.
fn note_drop<R: Runtime>(window: &Window<R>, event: &WindowEvent) {
    if let WindowEvent::DragDrop(DragDropEvent::Drop { paths, .. }) = event {
        window.state::<Paths>().allow_artifacts(paths.clone());
    }
}

fn on_run_event<R: Runtime>(app: &AppHandle<R>, event: &RunEvent) {
    match event {
        RunEvent::Exit => {
            let drafts = app.state::<Drafts>();
            app.state::<Saving>().flush(&drafts);
            drafts.stop_exports(LAST_PATIENCE);
        }
        #[cfg(target_os = "macos")]
        RunEvent::Opened { urls } => {
            let paths = urls.iter().filter_map(|url| url.to_file_path().ok());
            nudge(app, paths.map(OsString::from), Path::new("/"));
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_window_shows_the_app_s_own_pages_and_nothing_else() {
        let is_own = |url: &str| is_own_page(&url.parse().unwrap());
        assert!(is_own("tauri://localhost") && is_own("tauri://localhost/index.html#files"));
        for url in [
            "https://example.org",
            "http://localhost/",
            "http://tauri.localhost.example.org/",
            "tauri://example.org/",
            "file:///etc/passwd",
            "data:text/html,x",
            "javascript:alert(1)",
            "about:blank",
        ] {
            assert!(!is_own(url), "{url}");
        }
        assert_eq!(is_own("http://tauri.localhost/"), cfg!(windows));
    }
}
