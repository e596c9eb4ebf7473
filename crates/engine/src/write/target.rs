//! Where the package goes, and the one step that puts it there.

use std::io;
use std::path::{Path, PathBuf};

use super::error::write_error;
use super::folder::sync_folder;
use super::{ExportError, Staging};
use crate::clean;
use crate::draft::Draft;
use crate::flavors::DataFile;
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
    if let Ok(metadata) = path.symlink_metadata() {
        if !target.overwrite {
            return Err(ExportError::TargetExists(path));
        }
        match target.kind {
            PackageKind::Folder if !metadata.is_dir() => {
                return Err(refuse("a file lies there; remove it first"));
            }
            PackageKind::Folder if !is_package_or_empty(&path) => {
                return Err(refuse("a folder that is no MLflow package lies there; remove it first"));
            }
            PackageKind::Zip if !metadata.is_file() => {
                return Err(refuse("a folder or a link lies there; remove it first"));
            }
            PackageKind::Folder | PackageKind::Zip => {}
        }
    }
    Ok(Place { parent: parent.to_path_buf(), kind: target.kind, overwrite: target.overwrite, path })
}

fn is_package_or_empty(path: &Path) -> bool {
    path.join("MLmodel").is_file()
        || std::fs::read_dir(path).is_ok_and(|mut entries| entries.next().is_none())
}

/// That the disk has room, where the system can tell. Rewritten and compressed files may differ, so this stops only
/// what clearly cannot fit.
pub(super) fn check_space(parent: &Path, work: &Work) -> Result<(), ExportError> {
    let needed_bytes = work.layout.data.iter().chain(&work.code).map(DataFile::content_bytes).sum();
    match free_bytes(parent) {
        Some(free_bytes) if free_bytes < needed_bytes => {
            Err(ExportError::NoSpace { path: parent.to_path_buf(), needed_bytes, free_bytes })
        }
        _ => Ok(()),
    }
}

#[cfg(unix)]
fn free_bytes(parent: &Path) -> Option<u64> {
    let stat = rustix::fs::statvfs(parent).ok()?;
    // File systems without a fixed size answer 0 blocks in all.
    (0 < stat.f_blocks).then(|| stat.f_bavail.saturating_mul(stat.f_frsize))
}

#[cfg(not(unix))]
fn free_bytes(_: &Path) -> Option<u64> {
    None
}

/// Gives the staging its name. What lies there moves aside first and goes only when the new package stands.
pub(super) fn commit(staging: &Staging, place: &Place) -> Result<(), ExportError> {
    let to = &place.path;
    let had_old = place.overwrite && to.symlink_metadata().is_ok();
    if had_old {
        std::fs::rename(to, &staging.aside).map_err(write_error(to))?;
    }
    if let Err(error) = rename_new(&staging.partial, to, place.kind) {
        if had_old {
            // When even this fails, the sweep before the next export puts it back.
            std::fs::rename(&staging.aside, to).unwrap_or_default();
        }
        return Err(match error.kind() {
            io::ErrorKind::AlreadyExists => ExportError::TargetExists(to.clone()),
            _ => write_error(to)(error),
        });
    }
    if had_old {
        clean::remove(&staging.aside).unwrap_or_default();
    }
    sync_folder(&place.parent).map_err(write_error(&place.parent))
}

/// Renames onto a name that must be free. `rename` replaces files and empty folders silently, so for a zip a hard
/// link is tried first, which does not.
fn rename_new(from: &Path, to: &Path, kind: PackageKind) -> io::Result<()> {
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
