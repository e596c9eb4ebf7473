//! What an export lays beside its target while it works, and what dead exports left there.
//!
//! A package is written under `.packwright-<target>-<pid>-<n>.partial` and renamed whole. What it replaces waits under
//! `….aside` until the new package stands. The process id tells whether the export still runs.

use std::ffi::OsString;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};

const PREFIX: &str = ".packwright-";
const PARTIAL: &str = ".partial";
const ASIDE: &str = ".aside";

/// Numbers the exports of this process.
static NEXT: AtomicU32 = AtomicU32::new(0);

/// Two names beside a target that nothing else uses: for the new package and for the old one.
pub(crate) fn names_beside(target: &Path) -> (PathBuf, PathBuf) {
    let number = NEXT.fetch_add(1, Ordering::Relaxed);
    let with = |ending: &str| {
        let mut name = OsString::from(PREFIX);
        name.push(target.file_name().unwrap_or_default());
        name.push(format!("-{}-{number}{ending}", std::process::id()));
        target.with_file_name(name)
    };
    (with(PARTIAL), with(ASIDE))
}

/// Removes what exports that no longer run left in a folder, and puts back what they had moved aside. Quiet: litter
/// that cannot be removed now is tried again next time.
pub fn sweep(dir: &Path) {
    let Ok(entries) = std::fs::read_dir(dir) else { return };
    for entry in entries.flatten() {
        let name = entry.file_name();
        let Some(litter) = name.to_str().and_then(parse) else { continue };
        if is_alive(litter.pid) {
            continue;
        }
        let target = dir.join(litter.target);
        let outcome = if litter.is_aside && target.symlink_metadata().is_err() {
            std::fs::rename(entry.path(), target)
        } else {
            remove(&entry.path())
        };
        // Another process may be sweeping the same folder.
        outcome.unwrap_or_default();
    }
}

struct Litter<'a> {
    target: &'a str,
    pid: u32,
    is_aside: bool,
}

fn parse(name: &str) -> Option<Litter<'_>> {
    let rest = name.strip_prefix(PREFIX)?;
    let (rest, is_aside) = match rest.strip_suffix(PARTIAL) {
        Some(rest) => (rest, false),
        None => (rest.strip_suffix(ASIDE)?, true),
    };
    let (rest, number) = rest.rsplit_once('-')?;
    let (target, pid) = rest.rsplit_once('-')?;
    let is_number = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    (is_number(number) && !target.is_empty()).then_some(())?;
    Some(Litter { target, pid: pid.parse().ok()?, is_aside })
}

/// Removes a file or a folder, whichever it is; a link is removed itself, never what it points to.
pub(crate) fn remove(path: &Path) -> io::Result<()> {
    let metadata = match path.symlink_metadata() {
        Ok(metadata) => metadata,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(error),
    };
    if metadata.is_dir() { std::fs::remove_dir_all(path) } else { std::fs::remove_file(path) }
}

#[cfg(unix)]
fn is_alive(pid: u32) -> bool {
    let Some(pid) = i32::try_from(pid).ok().and_then(rustix::process::Pid::from_raw) else { return false };
    // "Not permitted" is an answer from somebody else's living process.
    !matches!(rustix::process::test_kill_process(pid), Err(rustix::io::Errno::SRCH))
}

/// Without a safe way to ask, every export may still run.
#[cfg(not(unix))]
fn is_alive(_: u32) -> bool {
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    /// No system gives out this process id.
    const DEAD: u32 = i32::MAX as u32;

    #[test]
    fn only_names_of_our_own_making_are_litter() {
        assert!(
            parse(".packwright-model-zip-1-2.partial").is_some_and(|l| l.target == "model-zip" && l.pid == 1)
        );
        assert!(parse(".packwright-a-1-2.aside").is_some_and(|l| l.is_aside));
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

    #[cfg(unix)]
    #[test]
    fn dead_litter_goes_and_living_work_and_strangers_stay() {
        let dir = tempfile::tempdir().unwrap();
        let at = |name: &str| dir.path().join(name);
        std::fs::create_dir(at(&format!(".packwright-m-{DEAD}-0.partial"))).unwrap();
        std::fs::write(at(&format!(".packwright-m.zip-{DEAD}-1.partial")), "x").unwrap();
        let living = format!(".packwright-m-{}-0.partial", std::process::id());
        std::fs::create_dir(at(&living)).unwrap();
        std::fs::write(at("mine.partial"), "x").unwrap();
        sweep(dir.path());
        let mut left: Vec<_> =
            std::fs::read_dir(dir.path()).unwrap().map(|e| e.unwrap().file_name()).collect();
        left.sort();
        assert_eq!(left, [OsString::from(living), OsString::from("mine.partial")]);
    }

    #[cfg(unix)]
    #[test]
    fn what_a_dead_export_moved_aside_is_put_back_unless_the_new_one_stands() {
        let dir = tempfile::tempdir().unwrap();
        let at = |name: &str| dir.path().join(name);
        std::fs::write(at(&format!(".packwright-lost-{DEAD}-0.aside")), "old").unwrap();
        std::fs::write(at(&format!(".packwright-done-{DEAD}-0.aside")), "old").unwrap();
        std::fs::write(at("done"), "new").unwrap();
        sweep(dir.path());
        assert_eq!(std::fs::read_to_string(at("lost")).unwrap(), "old");
        assert_eq!(std::fs::read_to_string(at("done")).unwrap(), "new");
        assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 2);
    }
}
