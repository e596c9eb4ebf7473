//! What an export lays beside its target while it works, and what dead exports left there.
//!
//! A package is written under `.packwright-<target>-<pid>-<n>.partial` and renamed whole. What it replaces may wait under
//! `….aside` until the new package stands. From before the first byte until nothing of that is left, the export holds a
//! lock on the file `….lock`: the system lets go of it when the process ends, however it ends and on whichever machine,
//! so litter is dead exactly when its lock is free.

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::fs::{File, Metadata, OpenOptions};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};

use crate::journal::Journal;

const PREFIX: &str = ".packwright-";
const PARTIAL: &str = ".partial";
const ASIDE: &str = ".aside";
const LOCK: &str = ".lock";

/// How often another name is tried when one is taken.
const MOST_TRIES: u32 = 100;

/// Numbers the exports of this process.
static NEXT: AtomicU32 = AtomicU32::new(0);

/// The names beside a target that one running export has for itself. What lies there is removed with this value, unless
/// it was renamed away.
#[derive(Debug)]
pub(crate) struct Staging {
    place: Litter,
    /// Locked for as long as the export runs.
    _lock: File,
    note: Option<PathBuf>,
}

impl Staging {
    /// Takes names that nothing else uses, and notes them.
    ///
    /// # Errors
    ///
    /// What the system says when it makes the lock file.
    pub(crate) fn beside(target: &Path, journal: &Journal) -> io::Result<Self> {
        for _ in 0..MOST_TRIES {
            let place = Litter::beside(target);
            let path = place.path(LOCK);
            let lock = match OpenOptions::new().read(true).write(true).create_new(true).open(&path) {
                Ok(lock) => lock,
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => continue,
                Err(error) => return Err(error),
            };
            // A sweep may have taken the new file for litter: then it is locked or gone. A file system without locks
            // is written to all the same; nobody can lock there, so nobody sweeps there.
            let is_swept = matches!(lock.try_lock(), Err(std::fs::TryLockError::WouldBlock))
                || path.symlink_metadata().is_err();
            if !is_swept {
                let note = journal.note(&path);
                return Ok(Self { place, _lock: lock, note });
            }
        }
        Err(io::Error::new(io::ErrorKind::AlreadyExists, "no free name for the files being written"))
    }

    /// Where the new package is written.
    pub(crate) fn partial(&self) -> PathBuf {
        self.place.path(PARTIAL)
    }

    /// Where the old one waits until the new one stands.
    pub(crate) fn aside(&self) -> PathBuf {
        self.place.path(ASIDE)
    }
}

impl Drop for Staging {
    fn drop(&mut self) {
        remove(&self.partial()).unwrap_or_default();
        // What could not be removed or put back stays noted for the next sweep.
        if self.place.is_tidy() {
            remove(&self.place.path(LOCK)).unwrap_or_default();
            self.note.iter().for_each(|note| remove(note).unwrap_or_default());
        }
    }
}

/// Removes what exports that no longer run left in a folder, and puts back what they had moved aside. Quiet: litter
/// that cannot be removed now is tried again next time.
pub(crate) fn sweep(dir: &Path) {
    let Ok(entries) = std::fs::read_dir(dir) else { return };
    let names = entries.flatten().filter_map(|entry| entry.file_name().into_string().ok());
    let found: BTreeSet<Litter> = names.filter_map(|name| Litter::parse(dir, &name)).collect();
    for litter in found {
        litter.sweep();
    }
}

/// Sweeps after the export whose lock file this is. Gives whether nothing of it is left.
pub(crate) fn sweep_one(lock: &Path) -> bool {
    let name = lock.file_name().and_then(|name| name.to_str());
    let litter = lock.parent().zip(name).and_then(|(dir, name)| Litter::parse(dir, name));
    litter.is_none_or(|litter| {
        litter.sweep();
        // A folder that is not there may lie on a drive that comes back.
        litter.dir.is_dir() && litter.is_tidy() && litter.path(LOCK).symlink_metadata().is_err()
    })
}

/// What one export lays beside its target.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Litter {
    dir: PathBuf,
    /// The target's name.
    target: OsString,
    /// `<pid>-<n>`.
    number: String,
}

impl Litter {
    fn beside(target: &Path) -> Self {
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        Self {
            dir: target.parent().unwrap_or(Path::new("")).to_path_buf(),
            target: target.file_name().unwrap_or_default().to_owned(),
            number: format!("{}-{number}", std::process::id()),
        }
    }

    fn parse(dir: &Path, name: &str) -> Option<Self> {
        let rest = name.strip_prefix(PREFIX)?;
        let rest = [PARTIAL, ASIDE, LOCK].into_iter().find_map(|ending| rest.strip_suffix(ending))?;
        let (rest, number) = rest.rsplit_once('-')?;
        let (target, pid) = rest.rsplit_once('-')?;
        let is_number = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
        (is_number(number) && is_number(pid) && !target.is_empty()).then(|| Self {
            dir: dir.to_path_buf(),
            target: target.into(),
            number: format!("{pid}-{number}"),
        })
    }

    fn path(&self, ending: &str) -> PathBuf {
        let mut name = OsString::from(PREFIX);
        name.push(&self.target);
        name.push(format!("-{}{ending}", self.number));
        self.dir.join(name)
    }

    /// Whether neither a new nor an old package lies there.
    fn is_tidy(&self) -> bool {
        [PARTIAL, ASIDE].iter().all(|ending| self.path(ending).symlink_metadata().is_err())
    }

    fn sweep(&self) {
        let path = self.path(LOCK);
        // Held while sweeping, so that two sweeps do not undo each other. The lock file is made first and goes last: what
        // lies there without one is dead.
        let lock = match OpenOptions::new().read(true).write(true).open(&path) {
            Ok(lock) if lock.try_lock().is_ok() => Some(lock),
            Err(error) if error.kind() == io::ErrorKind::NotFound => None,
            _ => return,
        };
        let target = self.dir.join(&self.target);
        let aside = self.path(ASIDE);
        remove(&self.path(PARTIAL)).unwrap_or_default();
        if aside.symlink_metadata().is_ok() {
            let put_back = || std::fs::rename(&aside, &target);
            if target.symlink_metadata().is_ok() { remove(&aside) } else { put_back() }.unwrap_or_default();
        }
        if self.is_tidy() {
            remove(&path).unwrap_or_default();
        }
        drop(lock);
    }
}

/// Removes a file or a folder, whichever it is; a link is removed itself, never what it points to.
pub(crate) fn remove(path: &Path) -> io::Result<()> {
    let metadata = match path.symlink_metadata() {
        Ok(metadata) => metadata,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(error),
    };
    let held = long_files(path, &metadata);
    let removed = if metadata.is_dir() { std::fs::remove_dir_all(path) } else { std::fs::remove_file(path) };
    if !held.is_empty() {
        std::thread::spawn(move || drop(held));
    }
    removed
}

/// From which length on the blocks of a file take long to be freed.
const LONG_BYTES: u64 = 64 << 20;

/// The long files at a path, opened. The name of an open file goes at once, and its blocks with the last handle: for
/// gigabytes that takes most of a second, which nobody who cancels needs to wait for.
#[cfg(unix)]
fn long_files(path: &Path, metadata: &Metadata) -> Vec<File> {
    if metadata.is_dir() {
        let entries = std::fs::read_dir(path).into_iter().flatten().flatten();
        let below = entries.filter_map(|entry| Some((entry.path(), entry.metadata().ok()?)));
        return below.flat_map(|(path, metadata)| long_files(&path, &metadata)).collect();
    }
    let is_long = metadata.is_file() && LONG_BYTES <= metadata.len();
    is_long.then(|| File::open(path).ok()).flatten().into_iter().collect()
}

/// Elsewhere an open file keeps its name.
#[cfg(not(unix))]
fn long_files(_: &Path, _: &Metadata) -> Vec<File> {
    Vec::new()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(dir: &Path) -> Vec<OsString> {
        let mut names: Vec<_> = std::fs::read_dir(dir).unwrap().map(|e| e.unwrap().file_name()).collect();
        names.sort();
        names
    }

    #[test]
    fn only_names_of_our_own_making_are_litter() {
        let parse = |name| Litter::parse(Path::new("/d"), name);
        let litter = parse(".packwright-model-zip-1-2.partial").unwrap();
        assert_eq!((litter.target.to_str(), litter.number.as_str()), (Some("model-zip"), "1-2"));
        assert_eq!(parse(".packwright-model-zip-1-2.aside").unwrap(), litter);
        assert_eq!(litter.path(LOCK), Path::new("/d/.packwright-model-zip-1-2.lock"));
        for name in [
            "model",
            ".packwright-a",
            ".packwright-a-1.partial",
            ".packwright--1-2.partial",
            ".packwright-a-x-2.partial",
            ".packwright-a-1-x.partial",
            "packwright-a-1-2.partial",
        ] {
            assert!(parse(name).is_none(), "{name}");
        }
    }

    #[test]
    fn what_a_living_export_holds_stays_and_goes_once_its_lock_is_free() {
        let dir = tempfile::tempdir().unwrap();
        let living = Staging::beside(&dir.path().join("m"), &Journal::none()).unwrap();
        std::fs::create_dir(living.partial()).unwrap();
        // A process of ours that died has a free lock, whatever its number says.
        let dead = format!(".packwright-m-{}-99999.", std::process::id());
        for ending in ["lock", "partial"] {
            std::fs::write(dir.path().join(format!("{dead}{ending}")), "x").unwrap();
        }
        std::fs::write(dir.path().join(".packwright-old-1-1.partial"), "no lock file").unwrap();
        std::fs::write(dir.path().join("mine.partial"), "x").unwrap();
        sweep(dir.path());
        let kept = |path: &Path| path.file_name().unwrap().to_owned();
        let (lock, partial) = (living.place.path(LOCK), living.partial());
        assert_eq!(names(dir.path()), [kept(&lock), kept(&partial), OsString::from("mine.partial")]);
        drop(living);
        assert_eq!(names(dir.path()), ["mine.partial"]);
    }

    #[test]
    fn long_files_go_with_their_folder_and_what_a_link_names_stays() {
        let dir = tempfile::tempdir().unwrap();
        let (folder, long, linked) =
            (dir.path().join("m"), dir.path().join("m/data/long"), dir.path().join("linked"));
        std::fs::create_dir_all(long.parent().unwrap()).unwrap();
        for path in [&long, &linked] {
            // Takes no room on the disk.
            File::create(path).unwrap().set_len(2 * LONG_BYTES).unwrap();
        }
        std::fs::write(folder.join("short"), "x").unwrap();
        #[cfg(unix)]
        {
            std::os::unix::fs::symlink(&linked, folder.join("link")).unwrap();
            std::os::unix::fs::symlink(dir.path(), folder.join("up")).unwrap();
            let held = long_files(&folder, &folder.symlink_metadata().unwrap());
            assert_eq!(held.len(), 1, "{held:?}");
        }
        remove(&folder).unwrap();
        assert_eq!(names(dir.path()), ["linked"]);
        remove(&linked).unwrap();
        assert!(names(dir.path()).is_empty());
    }

    #[test]
    fn two_exports_to_one_target_have_names_of_their_own() {
        let dir = tempfile::tempdir().unwrap();
        let target = dir.path().join("m");
        let next = NEXT.load(Ordering::Relaxed);
        // Another machine may have a process of the same number.
        for number in next..next + 3 {
            let name = format!(".packwright-m-{}-{number}.lock", std::process::id());
            std::fs::write(dir.path().join(name), "").unwrap();
        }
        let (one, two) =
            (Staging::beside(&target, &Journal::none()), Staging::beside(&target, &Journal::none()));
        assert_ne!(one.unwrap().partial(), two.unwrap().partial());
    }

    #[test]
    fn what_a_dead_export_moved_aside_is_put_back_unless_the_new_one_stands() {
        let dir = tempfile::tempdir().unwrap();
        let at = |name: &str| dir.path().join(name);
        std::fs::write(at(".packwright-lost-1-0.aside"), "old").unwrap();
        std::fs::write(at(".packwright-lost-1-0.partial"), "new").unwrap();
        std::fs::write(at(".packwright-done-1-0.aside"), "old").unwrap();
        std::fs::write(at("done"), "new").unwrap();
        sweep(dir.path());
        assert_eq!(std::fs::read_to_string(at("lost")).unwrap(), "old");
        assert_eq!(std::fs::read_to_string(at("done")).unwrap(), "new");
        assert_eq!(names(dir.path()), ["done", "lost"]);
    }
}
