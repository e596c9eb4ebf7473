//! The person's own code, copied to `code/`, which MLflow puts on Python's search path.

use std::path::{Path, PathBuf};

use packwright_source::{Folder, Limits};

use crate::flavors::DataFile;
use crate::plan::PlanError;

/// The files behind the paths: a file keeps its name, a folder its name and everything below it.
pub(crate) fn files(paths: &[PathBuf]) -> Result<Vec<DataFile>, PlanError> {
    let mut files = Vec::new();
    for path in paths {
        let refuse = |reason: String| PlanError::Code { path: path.clone(), reason };
        let absolute = std::path::absolute(path).map_err(|error| refuse(error.to_string()))?;
        let name = absolute.file_name().and_then(|name| name.to_str());
        let name = name.ok_or_else(|| refuse("its name is not UTF-8".into()))?.to_owned();
        let metadata = std::fs::metadata(path).map_err(|error| refuse(error.to_string()))?;
        if metadata.is_file() {
            let path = format!("code/{name}");
            files.push(DataFile { path, from: absolute, is_rewritten: false, size_bytes: metadata.len() });
            continue;
        }
        let folder = Folder::open(path, &Limits::default()).map_err(|error| refuse(error.to_string()))?;
        for entry in folder.entries() {
            if is_litter(&entry.name) {
                continue;
            }
            if entry.is_link {
                return Err(refuse(format!("{} is a link; a package holds files", entry.name)));
            }
            files.push(DataFile {
                path: format!("code/{name}/{}", entry.name),
                from: absolute.join(&entry.name),
                is_rewritten: false,
                size_bytes: entry.len_bytes,
            });
        }
    }
    files.sort_by(|a, b| a.path.cmp(&b.path));
    Ok(files)
}

/// What tools leave in source folders: compiled for one Python, or history.
fn is_litter(name: &str) -> bool {
    let is_compiled = Path::new(name).extension().is_some_and(|ending| ending == "pyc");
    is_compiled
        || name
            .split('/')
            .any(|part| matches!(part, "__pycache__" | ".git" | ".DS_Store" | ".ipynb_checkpoints"))
}
