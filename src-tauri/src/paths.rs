//! Which paths the window may name.
//!
//! The page holds paths as text and passes them back. Only paths that a person gave are accepted: by dropping, by a
//! native dialog, on the command line, or, to be shown in the file manager, by exporting there. A page that went
//! astray can therefore not read or write anything else. The real path is kept beside the text, so that a name that
//! is not UTF-8 still opens.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

/// A place to export to, as the native dialog gave it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct PickedTarget {
    pub(crate) path: PathBuf,
    /// The dialog asked about replacing what lies there, and the person said yes.
    pub(crate) replace_confirmed: bool,
}

/// Which paths the window may name. One for the whole program.
#[derive(Debug, Default)]
pub(crate) struct Paths(Mutex<Known>);

#[derive(Debug, Default)]
struct Known {
    artifacts: BTreeMap<String, PathBuf>,
    targets: BTreeMap<String, PickedTarget>,
    receipts: BTreeMap<String, PathBuf>,
    /// Private keys, to be read when they are used and kept nowhere.
    keys: BTreeMap<String, PathBuf>,
    /// Given on a command line and not yet taken by the window.
    pending: Vec<PathBuf>,
}

impl Paths {
    /// Notes artifacts that the person gave, and returns them as the window names them.
    pub(crate) fn allow_artifacts(&self, paths: impl IntoIterator<Item = PathBuf>) -> Vec<String> {
        self.with(|known| {
            let note = |path: PathBuf| {
                let text = wire_text(&path);
                known.artifacts.insert(text.clone(), path);
                text
            };
            paths.into_iter().map(note).collect()
        })
    }

    /// The artifact that the window means.
    pub(crate) fn artifact(&self, text: &str) -> Option<PathBuf> {
        self.with(|known| known.artifacts.get(text).cloned())
    }

    /// Notes a target that the person picked, and returns it as the window names it.
    pub(crate) fn allow_target(&self, target: PickedTarget) -> String {
        let text = wire_text(&target.path);
        self.with(|known| known.targets.insert(text.clone(), target));
        text
    }

    /// The target that the window means.
    pub(crate) fn target(&self, text: &str) -> Option<PickedTarget> {
        self.with(|known| known.targets.get(text).cloned())
    }

    /// Notes a key that the person picked, and returns it as the window names it.
    pub(crate) fn allow_key(&self, path: PathBuf) -> String {
        let text = wire_text(&path);
        self.with(|known| known.keys.insert(text.clone(), path));
        text
    }

    /// The key that the window means.
    pub(crate) fn key(&self, text: &str) -> Option<PathBuf> {
        self.with(|known| known.keys.get(text).cloned())
    }

    /// Notes what an export made, and returns it as the window names it. The dialog's yes to replacing was for that
    /// export alone.
    pub(crate) fn exported(&self, path: &Path) -> String {
        let text = wire_text(path);
        self.with(|known| {
            known.receipts.insert(text.clone(), path.to_path_buf());
            for target in known.targets.values_mut().filter(|target| target.path == path) {
                target.replace_confirmed = false;
            }
        });
        text
    }

    /// The exported package that the window means.
    pub(crate) fn receipt(&self, text: &str) -> Option<PathBuf> {
        self.with(|known| known.receipts.get(text).cloned())
    }

    /// Queues the paths of a command line: `args` without the program's name, relative ones resolved against `cwd`.
    pub(crate) fn queue(&self, args: impl IntoIterator<Item = OsString>, cwd: &Path) {
        self.with(|known| known.pending.extend(args.into_iter().filter_map(|arg| path_of(&arg, cwd))));
    }

    /// Takes what is queued. From then on the window may open it.
    pub(crate) fn take_pending(&self) -> Vec<String> {
        let pending = self.with(|known| std::mem::take(&mut known.pending));
        self.allow_artifacts(pending)
    }

    fn with<T>(&self, work: impl FnOnce(&mut Known) -> T) -> T {
        // Every change is a single insertion: a panic elsewhere leaves nothing half done.
        work(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// The path of one argument; `None` for options, which belong to the toolkit.
fn path_of(arg: &OsString, cwd: &Path) -> Option<PathBuf> {
    let is_option = arg.to_str().is_some_and(|text| text.is_empty() || text.starts_with('-'));
    (!is_option).then(|| cwd.join(arg))
}

fn wire_text(path: &Path) -> String {
    path.to_string_lossy().into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn paths_after(args: &[&str], cwd: &str) -> Vec<String> {
        let paths = Paths::default();
        paths.queue(args.iter().map(OsString::from), Path::new(cwd));
        paths.take_pending()
    }

    #[test]
    fn relative_arguments_belong_to_the_callers_folder() {
        assert_eq!(paths_after(&["a.pkl", "/b/c.onnx"], "/work"), ["/work/a.pkl", "/b/c.onnx"]);
    }

    #[test]
    fn options_are_no_paths() {
        assert!(paths_after(&["--gtk-module=x", "-v", ""], "/work").is_empty());
    }

    #[test]
    fn pending_paths_are_taken_once_and_may_then_be_opened() {
        let paths = Paths::default();
        paths.queue([OsString::from("a.pkl")], Path::new("/work"));
        assert_eq!(paths.artifact("/work/a.pkl"), None);
        assert_eq!(paths.take_pending(), ["/work/a.pkl"]);
        assert!(paths.take_pending().is_empty());
        assert_eq!(paths.artifact("/work/a.pkl"), Some(PathBuf::from("/work/a.pkl")));
    }

    #[test]
    fn a_yes_to_replacing_holds_for_one_export() {
        let paths = Paths::default();
        let path = PathBuf::from("/out/m.zip");
        let text = paths.allow_target(PickedTarget { path: path.clone(), replace_confirmed: true });
        assert!(paths.target(&text).is_some_and(|target| target.replace_confirmed));
        paths.exported(&path);
        assert!(paths.target(&text).is_some_and(|target| !target.replace_confirmed));
        assert_eq!(paths.receipt(&text), Some(path));
    }

    #[test]
    fn what_may_be_opened_may_not_be_written_or_shown() {
        let paths = Paths::default();
        paths.allow_artifacts([PathBuf::from("/a")]);
        assert_eq!(paths.target("/a"), None);
        assert_eq!(paths.receipt("/a"), None);
    }

    #[cfg(unix)]
    #[test]
    fn a_name_that_is_not_utf_8_leads_back_to_its_file() {
        use std::os::unix::ffi::OsStringExt as _;
        let paths = Paths::default();
        paths.queue([OsString::from_vec(b"m\xff.pkl".to_vec())], Path::new("/work"));
        let texts = paths.take_pending();
        let real = paths.artifact(&texts[0]).unwrap();
        assert_eq!(real.into_os_string().into_vec(), b"/work/m\xff.pkl");
    }
}
