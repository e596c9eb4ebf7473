//! Where the package goes, and the one step that puts it there.

use std::io;
use std::path::{Path, PathBuf};

use super::ExportError;
use super::error::write_error;
use crate::clean::{self, Staging};
use crate::draft::Draft;
use crate::flavors::{Change, DataFile};
use crate::package::Package;
use crate::plan::Work;
use crate::receipt::PackageKind;

/// Where to write.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Target {
    /// The folder or zip to make. Its parent must exist.
    pub path: PathBuf,
    /// Folder or zip.
    pub kind: PackageKind,
    /// Whether a package that lies there may be replaced. Anything else is never replaced.
    pub overwrite: bool,
}

/// A checked target.
#[derive(Debug)]
pub(super) struct Place {
    pub(super) path: PathBuf,
    pub(super) parent: PathBuf,
    pub(super) kind: PackageKind,
    pub(super) overwrite: bool,
}

/// That the target can be written, and what lies there may be replaced.
pub(super) fn check(draft: &Draft, target: &Target) -> Result<Place, ExportError> {
    let refuse = |reason: &str| ExportError::Target { path: target.path.clone(), reason: reason.to_owned() };
    let path = std::path::absolute(&target.path).map_err(write_error(&target.path))?;
    let (Some(parent), Some(_)) = (path.parent(), path.file_name()) else {
        return Err(refuse("it has no name; give the folder or file to make"));
    };
    if !parent.is_dir() {
        return Err(refuse("the folder that it should lie in does not exist; make that first"));
    }
    let artifact = &draft.inspection().artifact.path;
    if let (Ok(artifact), Ok(real)) = (artifact.canonicalize(), path.canonicalize())
        && (artifact == real || artifact.starts_with(&real))
    {
        return Err(refuse("the model itself lies there; choose another name"));
    }
    if let (Ok(artifact), Ok(parent)) = (artifact.canonicalize(), parent.canonicalize())
        && parent.starts_with(&artifact)
    {
        return Err(refuse("that is inside the model's own folder; choose a place outside it"));
    }
    let package = draft.package().and_then(|package| package.canonicalize().ok());
    if let (Some(package), Ok(parent)) = (package, parent.canonicalize())
        && parent.starts_with(&package)
    {
        return Err(refuse("that is inside the package that this is a copy of; choose a place outside it"));
    }
    if path.symlink_metadata().is_ok() {
        if !target.overwrite {
            return Err(ExportError::TargetExists(path));
        }
        replaceable(&path, target.kind)?;
    }
    Ok(Place { parent: parent.to_path_buf(), kind: target.kind, overwrite: target.overwrite, path })
}

/// That what lies at the target is a package, or nothing that anybody could miss.
fn replaceable(path: &Path, kind: PackageKind) -> Result<(), ExportError> {
    let Ok(metadata) = path.symlink_metadata() else { return Ok(()) };
    let reason = match kind {
        PackageKind::Folder if !metadata.is_dir() => "a file lies there; remove it first",
        PackageKind::Zip if !metadata.is_file() => "a folder or a link lies there; remove it first",
        PackageKind::Folder
            if !path.join("MLmodel").is_file()
                && !std::fs::read_dir(path).is_ok_and(|mut entries| entries.next().is_none()) =>
        {
            "a folder that is no MLflow package lies there; remove it first"
        }
        PackageKind::Zip if 0 < metadata.len() && Package::open(path).is_err() => {
            "a file that is no MLflow package lies there; remove it first"
        }
        PackageKind::Folder | PackageKind::Zip => return Ok(()),
    };
    Err(ExportError::Target { path: path.to_path_buf(), reason: reason.to_owned() })
}

/// That the disk has room, where the system can tell. Rewritten and compressed files may differ, and what is copied within
/// a file system that shares blocks takes none, so this stops only what clearly cannot fit.
pub(super) fn check_space(place: &Place, work: &Work) -> Result<(), ExportError> {
    let parent = &place.parent;
    let shares = |file: &DataFile| {
        let is_copied = file.change == Change::None && file.member.is_none();
        place.kind == PackageKind::Folder && is_copied && may_share(&file.from, parent)
    };
    let files = work.layout.data.iter().chain(&work.code);
    let needed_bytes = files.filter(|file| !shares(file)).map(DataFile::content_bytes).sum();
    match free_bytes(parent) {
        Some(free_bytes) if free_bytes < needed_bytes => {
            Err(ExportError::NoSpace { path: parent.clone(), needed_bytes, free_bytes })
        }
        _ => Ok(()),
    }
}

/// Whether a copy of a file into a folder may share its blocks: both lie on one file system of a kind that can. The copy
/// itself asks for it, and is a plain one where this file system cannot.
#[cfg(target_os = "linux")]
fn may_share(from: &Path, folder: &Path) -> bool {
    use std::os::unix::fs::MetadataExt as _;

    /// `BTRFS_SUPER_MAGIC`, `XFS_SUPER_MAGIC` and `BCACHEFS_STATFS_MAGIC` of Linux.
    const SHARING: [i128; 3] = [0x9123_683e, 0x5846_5342, 0xca45_1a4e];
    let device = |path: &Path| path.metadata().ok().map(|metadata| metadata.dev());
    let kind = rustix::fs::statfs(folder).ok().map(|stat| i128::from(stat.f_type));
    kind.is_some_and(|kind| SHARING.contains(&kind))
        && device(from).is_some_and(|on| device(folder) == Some(on))
}

/// Whether a copy of a file into a folder may share its blocks.
#[cfg(not(target_os = "linux"))]
fn may_share(_: &Path, _: &Path) -> bool {
    false
}

/// What is free on the disk of a folder; `None` where the system cannot tell.
#[cfg(unix)]
pub fn free_bytes(parent: &Path) -> Option<u64> {
    let stat = rustix::fs::statvfs(parent).ok()?;
    // File systems without a fixed size answer 0 blocks in all.
    (0 < stat.f_blocks).then(|| stat.f_bavail.saturating_mul(stat.f_frsize))
}

/// What is free on the disk of a folder; `None` where the system cannot tell.
#[cfg(not(unix))]
pub fn free_bytes(_: &Path) -> Option<u64> {
    None
}

/// Gives the staging its name. What lies there goes only when the new package stands. Gives a warning when the package
/// stands and the system could not say that its name is on the medium.
pub(super) fn commit(
    staging: &Staging,
    place: &Place,
    sync: impl FnOnce(&Path) -> io::Result<()>,
) -> Result<Option<String>, ExportError> {
    let to = &place.path;
    let is_replacing = place.overwrite && to.symlink_metadata().is_ok();
    let renamed = if is_replacing {
        // It may have become something else while the package was written.
        replaceable(to, place.kind)?;
        replace(staging, to, place.kind)
    } else {
        put(&staging.partial(), to, place.kind)
    };
    renamed.map_err(|error| match error.kind() {
        io::ErrorKind::AlreadyExists => ExportError::TargetExists(to.clone()),
        _ => write_error(to)(error),
    })?;
    Ok(sync(&place.parent).err().map(|error| {
        format!(
            "The package is written, but the system did not confirm that its name will survive a power cut ({error}): \
             look whether it is there before you remove the model."
        )
    }))
}

/// Puts the new package in the place of the old one, in one step where the system has such a step.
fn replace(staging: &Staging, to: &Path, kind: PackageKind) -> io::Result<()> {
    let (partial, aside) = (staging.partial(), staging.aside());
    // Then the old package lies where the new one was written, and goes with the staging.
    if step::exchange(&partial, to)? {
        return Ok(());
    }
    std::fs::rename(to, &aside)?;
    if let Err(error) = put(&partial, to, kind) {
        // When even this fails, the next sweep puts it back.
        std::fs::rename(&aside, to).unwrap_or_default();
        return Err(error);
    }
    clean::remove(&aside).unwrap_or_default();
    Ok(())
}

/// Renames onto a name that must be free. A plain `rename` replaces files and empty folders silently, so where the system
/// cannot be asked not to, a zip is first linked, which does not either; a folder is looked for just before.
fn put(from: &Path, to: &Path, kind: PackageKind) -> io::Result<()> {
    if step::rename_to_free(from, to)? {
        return Ok(());
    }
    if kind == PackageKind::Zip {
        match std::fs::hard_link(from, to) {
            Ok(()) => return std::fs::remove_file(from),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => return Err(error),
            // A file system without hard links.
            Err(_) => {}
        }
    }
    if to.symlink_metadata().is_ok() {
        return Err(io::ErrorKind::AlreadyExists.into());
    }
    std::fs::rename(from, to)
}

/// Renaming in one step. Each gives false, with nothing done, where the system or the file system cannot.
#[cfg(any(target_os = "linux", target_os = "macos"))]
mod step {
    use std::io;
    use std::path::Path;

    use rustix::fs::{CWD, RenameFlags, renameat_with};
    use rustix::io::Errno;

    pub(super) fn rename_to_free(from: &Path, to: &Path) -> io::Result<bool> {
        rename(from, to, RenameFlags::NOREPLACE)
    }

    pub(super) fn exchange(one: &Path, other: &Path) -> io::Result<bool> {
        rename(one, other, RenameFlags::EXCHANGE)
    }

    fn rename(from: &Path, to: &Path, how: RenameFlags) -> io::Result<bool> {
        match renameat_with(CWD, from, CWD, to, how) {
            Ok(()) => Ok(true),
            Err(Errno::INVAL | Errno::NOSYS | Errno::NOTSUP) => Ok(false),
            Err(error) => Err(error.into()),
        }
    }
}

#[cfg(not(any(target_os = "linux", target_os = "macos")))]
mod step {
    use std::io;
    use std::path::Path;

    #[expect(clippy::unnecessary_wraps, reason = "as where there is such a step")]
    pub(super) fn rename_to_free(_: &Path, _: &Path) -> io::Result<bool> {
        Ok(false)
    }

    #[expect(clippy::unnecessary_wraps, reason = "as where there is such a step")]
    pub(super) fn exchange(_: &Path, _: &Path) -> io::Result<bool> {
        Ok(false)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::journal::Journal;

    fn place(dir: &Path, kind: PackageKind, overwrite: bool) -> Place {
        Place { path: dir.join("m"), parent: dir.to_path_buf(), kind, overwrite }
    }

    fn staged(place: &Place) -> Staging {
        let staging = Staging::beside(&place.path, &Journal::none()).unwrap();
        match place.kind {
            PackageKind::Folder => std::fs::create_dir(staging.partial()).unwrap(),
            PackageKind::Zip => {}
        }
        let file = match place.kind {
            PackageKind::Folder => staging.partial().join("MLmodel"),
            PackageKind::Zip => staging.partial(),
        };
        std::fs::write(file, "new").unwrap();
        staging
    }

    #[test]
    fn what_appears_while_the_package_is_written_is_not_replaced() {
        for kind in [PackageKind::Folder, PackageKind::Zip] {
            let dir = tempfile::tempdir().unwrap();
            let place = place(dir.path(), kind, false);
            let staging = staged(&place);
            // An empty folder and a file are what a plain rename would replace without a word.
            match kind {
                PackageKind::Folder => std::fs::create_dir(&place.path).unwrap(),
                PackageKind::Zip => std::fs::write(&place.path, "mine").unwrap(),
            }
            let outcome = commit(&staging, &place, |_| Ok(()));
            assert!(matches!(outcome, Err(ExportError::TargetExists(_))), "{outcome:?}");
            let outcome = put(&staging.partial(), &place.path, kind);
            assert_eq!(outcome.unwrap_err().kind(), io::ErrorKind::AlreadyExists);
        }
    }

    #[test]
    fn what_was_a_package_when_the_export_began_and_is_none_now_stays() {
        let dir = tempfile::tempdir().unwrap();
        let place = place(dir.path(), PackageKind::Folder, true);
        std::fs::create_dir(&place.path).unwrap();
        std::fs::write(place.path.join("thesis.txt"), "mine").unwrap();
        let outcome = commit(&staged(&place), &place, |_| Ok(()));
        assert!(matches!(outcome, Err(ExportError::Target { .. })), "{outcome:?}");
        assert!(place.path.join("thesis.txt").is_file());
    }

    #[test]
    fn a_replaced_package_is_gone_and_nothing_else_is_left() {
        let dir = tempfile::tempdir().unwrap();
        let place = place(dir.path(), PackageKind::Folder, true);
        std::fs::create_dir(&place.path).unwrap();
        std::fs::write(place.path.join("MLmodel"), "old").unwrap();
        std::fs::write(place.path.join("extra"), "old").unwrap();
        commit(&staged(&place), &place, |_| Ok(())).unwrap();
        assert_eq!(std::fs::read_dir(&place.path).unwrap().count(), 1);
        assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 1);
    }

    #[test]
    fn a_package_that_stands_is_no_error_when_its_folder_cannot_be_synced() {
        let dir = tempfile::tempdir().unwrap();
        let place = place(dir.path(), PackageKind::Folder, false);
        let warning = commit(&staged(&place), &place, |_| Err(io::Error::other("no sync here"))).unwrap();
        assert!(warning.is_some_and(|warning| warning.contains("no sync here")));
        assert!(place.path.join("MLmodel").is_file());
    }
}
