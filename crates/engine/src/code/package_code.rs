//! The code of a package, which lies in its folder `code` as Python wants it.

use std::path::{Path, PathBuf};

use packwright_inspect::files_below;
use packwright_source::{Folder, Limits};

use crate::flavors::DataFile;
use crate::generated::is_loader;

/// The folder of a package that MLflow puts on Python's search path.
const CODE: &str = "code";

/// The files of `code`, each at its place in the package: of a package in a folder or, for a path that goes on below a zip
/// archive, in that. Loaders that Packwright generates are left out, because it makes them again. `None` when the path is
/// none of a package's code.
pub(super) fn of_package(path: &Path) -> Option<Result<Vec<DataFile>, String>> {
    if path.file_name()? != CODE {
        return None;
    }
    if let Some((archive, inner)) = in_archive(path) {
        return Some(packed(&archive, &inner));
    }
    if !path.parent()?.join("MLmodel").is_file() {
        return None;
    }
    Some(laid_out(path))
}

/// The archive and the path in it, for a path that goes on below a file.
pub(crate) fn in_archive(path: &Path) -> Option<(PathBuf, String)> {
    if path.exists() {
        return None;
    }
    let archive = path.ancestors().skip(1).find(|above| above.is_file())?;
    let inner = path.strip_prefix(archive).ok()?;
    let parts: Option<Vec<&str>> = inner.iter().map(|part| part.to_str()).collect();
    Some((archive.to_path_buf(), parts?.join("/")))
}

fn packed(archive: &Path, inner: &str) -> Result<Vec<DataFile>, String> {
    let size_bytes = std::fs::metadata(archive).map_err(|error| error.to_string())?.len();
    let members = files_below(archive, inner, &Limits::default()).map_err(|error| error.to_string())?;
    if members.is_empty() {
        return Err("there are no files of that path in the archive".to_owned());
    }
    let own = members.into_iter().filter(|member| !is_loader(&member.file_name));
    let file = own.map(|member| DataFile {
        path: format!("{CODE}/{}", member.file_name),
        member: Some(member),
        ..DataFile::copied(String::new(), archive.to_path_buf(), size_bytes)
    });
    Ok(file.collect())
}

fn laid_out(path: &Path) -> Result<Vec<DataFile>, String> {
    let folder = Folder::open(path, &Limits::default()).map_err(|error| error.to_string())?;
    let mut files = Vec::new();
    for entry in folder.entries().iter().filter(|entry| !is_loader(&entry.name)) {
        if entry.is_link {
            return Err(format!("{} is a link; a package holds files", entry.name));
        }
        let to = format!("{CODE}/{}", entry.name);
        files.push(DataFile::copied(to, path.join(&entry.name), entry.len_bytes));
    }
    Ok(files)
}
