//! Where exports run, so that what a dead one left is found without exporting to the same folder again.
//!
//! One small file for each running export, in the user's data folder, holds the path of its lock file. It goes with the
//! export; what is still there when a program starts points at litter.

use std::fs::File;
use std::io::Read as _;
use std::path::{Path, PathBuf};

use sha2::{Digest as _, Sha256};

use crate::clean;
use crate::receipt::hex;

/// The identifier of the app, which names its data folder on every system.
pub(crate) const APP: &str = "org.packwright.app";

const NOTE: &str = "note";

/// No system has longer paths.
const LONGEST_PATH_BYTES: u64 = 64 << 10;

/// Where exports are noted while they run. The window and the command line share one.
#[derive(Debug, Clone)]
pub struct Journal(Option<PathBuf>);

impl Journal {
    /// In the data folder of whoever runs the program; nowhere when there is none.
    pub fn of_this_user() -> Self {
        Self(dirs::data_dir().map(|folder| folder.join(APP).join("exports")))
    }

    /// In a folder, which is made when the first export begins.
    pub fn in_folder(folder: PathBuf) -> Self {
        Self(Some(folder))
    }

    /// Notes nothing: litter is then swept by the next export to the same folder.
    pub fn none() -> Self {
        Self(None)
    }

    /// Removes what exports that no longer run left behind, wherever they ran, and puts back what they had moved aside.
    /// Quiet, like every sweep.
    pub fn sweep(&self) {
        let Some(entries) = self.0.as_ref().and_then(|folder| std::fs::read_dir(folder).ok()) else { return };
        let notes = entries.flatten().map(|entry| entry.path());
        for note in notes.filter(|path| path.extension().is_some_and(|ending| ending == NOTE)) {
            if read(&note).is_none_or(|lock| clean::sweep_one(&lock)) {
                clean::remove(&note).unwrap_or_default();
            }
        }
    }

    /// Notes the lock file of an export that begins. An export is not stopped by a journal that cannot be
    /// written, nor by a path that is no text, which the sweep does not take for litter either.
    pub(crate) fn note(&self, lock: &Path) -> Option<PathBuf> {
        let folder = self.0.as_ref()?;
        let text = lock.to_str()?;
        let name = hex(Sha256::digest(text).get(..16).unwrap_or_default());
        let note = folder.join(name).with_extension(NOTE);
        std::fs::create_dir_all(folder).ok()?;
        std::fs::write(&note, text).ok()?;
        Some(note)
    }
}

/// The path in a note; `None` when the note holds none and is of no use.
fn read(note: &Path) -> Option<PathBuf> {
    let mut text = String::new();
    File::open(note).and_then(|file| file.take(LONGEST_PATH_BYTES).read_to_string(&mut text)).ok()?;
    Some(PathBuf::from(text)).filter(|path| path.is_absolute())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clean::Staging;

    fn n_files(dir: &Path) -> usize {
        std::fs::read_dir(dir).unwrap().count()
    }

    #[test]
    fn a_note_lives_as_long_as_its_export() {
        let (data, out) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let journal = Journal::in_folder(data.path().join("exports"));
        let staging = Staging::beside(&out.path().join("m"), &journal).unwrap();
        std::fs::create_dir(staging.partial()).unwrap();
        journal.sweep();
        assert!(staging.partial().is_dir(), "the export lives");
        assert_eq!(n_files(&data.path().join("exports")), 1);
        drop(staging);
        assert_eq!(n_files(&data.path().join("exports")), 0);
        assert_eq!(n_files(out.path()), 0);
    }

    #[test]
    fn what_a_dead_export_left_anywhere_is_swept_at_the_next_start() {
        let (data, out) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let journal = Journal::in_folder(data.path().to_path_buf());
        let at = |name: &str| out.path().join(name);
        std::fs::write(at(".packwright-m-1-0.lock"), "").unwrap();
        std::fs::create_dir(at(".packwright-m-1-0.partial")).unwrap();
        std::fs::write(at(".packwright-m-1-0.partial/model.pkl"), "half").unwrap();
        std::fs::write(at(".packwright-m-1-0.aside"), "old").unwrap();
        std::fs::write(at("mine"), "x").unwrap();
        journal.note(&at(".packwright-m-1-0.lock")).unwrap();
        // What is no note of ours leads to nothing, and a folder that is gone may come back.
        std::fs::write(data.path().join("bad.note"), at("mine").to_str().unwrap()).unwrap();
        journal.note(Path::new("/no/such/drive/.packwright-m-1-0.lock")).unwrap();
        journal.sweep();
        assert_eq!(std::fs::read_to_string(at("m")).unwrap(), "old");
        assert_eq!(std::fs::read_to_string(at("mine")).unwrap(), "x");
        assert_eq!((n_files(out.path()), n_files(data.path())), (2, 1));
    }

    #[test]
    fn a_journal_that_cannot_be_written_stops_nothing() {
        let out = tempfile::tempdir().unwrap();
        std::fs::write(out.path().join("file"), "x").unwrap();
        let journal = Journal::in_folder(out.path().join("file/exports"));
        journal.sweep();
        assert!(Staging::beside(&out.path().join("m"), &journal).is_ok());
    }
}
