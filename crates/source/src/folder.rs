//! A dropped folder: what lies in it, without following links.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::{ByteSource, FileSource, Limits};

/// A dropped folder, or one in an archive. Its listing is made once; links are listed, never followed.
#[derive(Debug, Clone)]
pub struct Folder {
    root: PathBuf,
    entries: Vec<FolderEntry>,
    /// The bytes of each entry, where they lie in an archive.
    sources: Option<Vec<Arc<dyn ByteSource>>>,
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
        Ok(Self { root: root.to_path_buf(), entries, sources: None })
    }

    /// A folder whose files lie in an archive. Of two of one name the last counts.
    pub fn of_sources(root: PathBuf, files: Vec<(FolderEntry, Arc<dyn ByteSource>)>) -> Self {
        let mut files = files;
        files.reverse();
        files.sort_by(|(a, _), (b, _)| a.name.cmp(&b.name));
        files.dedup_by(|(a, _), (b, _)| a.name == b.name);
        let (entries, sources) = files.into_iter().unzip();
        Self { root, entries, sources: Some(sources) }
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
    pub fn open_source(&self, name: &str) -> io::Result<Arc<dyn ByteSource>> {
        let Some(sources) = &self.sources else { return Ok(Arc::new(self.open_file(name)?)) };
        let name = &self.listed(name)?.name;
        let at = self.entries.binary_search_by(|entry| entry.name.cmp(name)).ok();
        let source = at.and_then(|at| sources.get(at)).ok_or(io::ErrorKind::NotFound)?;
        Ok(Arc::clone(source))
    }

    /// The same for a folder on the disk, as the file itself.
    ///
    /// # Errors
    ///
    /// As for [`Folder::open_source`].
    pub fn open_file(&self, name: &str) -> io::Result<FileSource> {
        FileSource::open(&self.root.join(&self.listed(name)?.name))
    }

    fn listed(&self, name: &str) -> io::Result<&FolderEntry> {
        let entry = self.get(name).ok_or(io::ErrorKind::NotFound)?;
        if entry.is_link {
            return Err(io::Error::new(
                io::ErrorKind::InvalidInput,
                "a link inside the folder is not followed",
            ));
        }
        Ok(entry)
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::MemorySource;

    #[test]
    fn a_folder_in_an_archive_gives_the_last_of_two_files_of_one_name_and_no_link() {
        let file = |name: &str, is_link, byte: u8| {
            let source: Arc<dyn ByteSource> = Arc::new(MemorySource::new(vec![byte]));
            (FolderEntry { name: name.to_owned(), len_bytes: 1, is_link }, source)
        };
        let files = vec![file("b", false, 1), file("a", false, 2), file("b", false, 3), file("c", true, 4)];
        let folder = Folder::of_sources(PathBuf::from("x.zip"), files);
        let names: Vec<&str> = folder.entries().iter().map(|entry| entry.name.as_str()).collect();
        assert_eq!(names, ["a", "b", "c"]);
        let first = |name: &str| {
            let mut byte = [0];
            folder.open_source(name).map(|source| source.read_at(0, &mut byte).map(|_| byte[0]).unwrap())
        };
        assert_eq!((first("a").unwrap(), first("b").unwrap()), (2, 3));
        assert_eq!(first("c").unwrap_err().kind(), io::ErrorKind::InvalidInput);
        assert_eq!(first("d").unwrap_err().kind(), io::ErrorKind::NotFound);
    }
}
