//! A dropped folder: what lies in it, without following links.

use std::io;
use std::path::{Path, PathBuf};

use crate::{FileSource, Limits};

/// A dropped folder. Its listing is made once; links are listed, never followed.
#[derive(Debug, Clone)]
pub struct Folder {
    root: PathBuf,
    entries: Vec<FolderEntry>,
}

/// One file or link below a [`Folder`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FolderEntry {
    /// The path below the folder, with `/` between its parts.
    pub name: String,
    /// The length in bytes; 0 for a link.
    pub len_bytes: u64,
    /// Whether it is a symbolic link: listed so that it can be reported, never opened.
    pub is_link: bool,
}

impl Folder {
    /// Lists a folder, depth first, sorted by name.
    ///
    /// # Errors
    ///
    /// What the system says; `FileTooLarge` when there are more than [`Limits::entries`] files; `InvalidData` for a
    /// name that is not UTF-8.
    pub fn open(root: &Path, limits: &Limits) -> io::Result<Self> {
        let mut entries = Vec::new();
        let mut waiting = vec![PathBuf::new()];
        while let Some(below) = waiting.pop() {
            for entry in std::fs::read_dir(root.join(&below))? {
                let entry = entry?;
                let path = below.join(entry.file_name());
                let kind = entry.file_type()?;
                if kind.is_dir() {
                    waiting.push(path);
                    continue;
                }
                if limits.entries <= u64::try_from(entries.len()).unwrap_or(u64::MAX) {
                    return Err(io::Error::new(
                        io::ErrorKind::FileTooLarge,
                        "the folder holds too many files",
                    ));
                }
                let len_bytes = if kind.is_file() { entry.metadata()?.len() } else { 0 };
                entries.push(FolderEntry { name: slashed(&path)?, len_bytes, is_link: !kind.is_file() });
            }
        }
        entries.sort_by(|a, b| a.name.cmp(&b.name));
        Ok(Self { root: root.to_path_buf(), entries })
    }

    /// Where the folder lies.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// Every file and link below the folder, sorted by name.
    pub fn entries(&self) -> &[FolderEntry] {
        &self.entries
    }

    /// The entry of that name.
    pub fn get(&self, name: &str) -> Option<&FolderEntry> {
        let found = self.entries.binary_search_by(|entry| entry.name.as_str().cmp(name)).ok()?;
        self.entries.get(found)
    }

    /// Opens a listed file. A name that was not listed is never opened, so no name can lead outside.
    ///
    /// # Errors
    ///
    /// `NotFound` for a name that is not listed; `InvalidInput` for a link; else what the system says.
    pub fn open_file(&self, name: &str) -> io::Result<FileSource> {
        let entry = self.get(name).ok_or(io::ErrorKind::NotFound)?;
        if entry.is_link {
            return Err(io::Error::new(
                io::ErrorKind::InvalidInput,
                "a link inside the folder is not followed",
            ));
        }
        FileSource::open(&self.root.join(&entry.name))
    }
}

fn slashed(path: &Path) -> io::Result<String> {
    let mut name = String::new();
    for part in path.components() {
        let part = part.as_os_str().to_str().ok_or_else(|| {
            io::Error::new(io::ErrorKind::InvalidData, "a file name in the folder is not valid UTF-8")
        })?;
        if !name.is_empty() {
            name.push('/');
        }
        name.push_str(part);
    }
    Ok(name)
}
