//! A written package, in a folder or a zip, as files.

use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use packwright_mlflow::package::PackageFiles;
use packwright_source::{Folder, Limits};
use sha2::{Digest as _, Sha256};
use zip::ZipArchive;

use crate::receipt::hex;

/// Why a path could not be read as a package at all.
#[derive(Debug, thiserror::Error)]
pub enum VerifyError {
    /// It is no package.
    #[error("{} is not an MLflow package: {reason}", path.display())]
    NotAPackage {
        /// The path.
        path: PathBuf,
        /// Why not.
        reason: String,
    },
    /// It could not be read.
    #[error("{} could not be read: {error}", path.display())]
    Unreadable {
        /// The path.
        path: PathBuf,
        /// What the system says.
        error: io::Error,
    },
}

/// A package that lies in a folder or a zip. A zip holds it at its top or in its only folder.
#[derive(Debug)]
pub(crate) struct Package {
    place: Place,
    /// Every file, sorted, relative to the package's root.
    names: Vec<String>,
    /// Their lengths, in the same order.
    sizes: Vec<u64>,
    /// Symbolic links in a folder, which are not followed.
    pub(crate) links: Vec<String>,
}

#[derive(Debug)]
enum Place {
    Folder(Folder),
    /// The archive, and what stands before the names inside it: nothing, or one folder and a slash.
    Zip(Mutex<ZipArchive<File>>, String),
}

impl Package {
    /// Opens a folder, or a file as a zip.
    pub(crate) fn open(path: &Path) -> Result<Self, VerifyError> {
        let unreadable = |error| VerifyError::Unreadable { path: path.to_path_buf(), error };
        if !std::fs::metadata(path).map_err(unreadable)?.is_dir() {
            return Self::open_zip(path);
        }
        let folder = Folder::open(path, &Limits::default()).map_err(unreadable)?;
        let (links, files): (Vec<_>, Vec<_>) =
            folder.entries().iter().cloned().partition(|entry| entry.is_link);
        if !files.iter().any(|entry| entry.name == "MLmodel") {
            let reason = "there is no file MLmodel in it".to_owned();
            return Err(VerifyError::NotAPackage { path: path.to_path_buf(), reason });
        }
        let (names, sizes) = files.into_iter().map(|entry| (entry.name, entry.len_bytes)).unzip();
        let links = links.into_iter().map(|entry| entry.name).collect();
        Ok(Self { place: Place::Folder(folder), names, sizes, links })
    }

    fn open_zip(path: &Path) -> Result<Self, VerifyError> {
        let refuse = |reason: String| VerifyError::NotAPackage { path: path.to_path_buf(), reason };
        let file =
            File::open(path).map_err(|error| VerifyError::Unreadable { path: path.to_path_buf(), error })?;
        let mut archive = ZipArchive::new(file)
            .map_err(|error| refuse(format!("it is neither a folder nor a zip archive ({error})")))?;
        if Limits::default().entries < archive.len() as u64 {
            return Err(refuse("the archive holds too many files".into()));
        }
        let mut files: Vec<(String, u64)> = Vec::new();
        for index in 0..archive.len() {
            let entry = archive.by_index_raw(index).map_err(|error| refuse(error.to_string()))?;
            if !entry.is_dir() {
                let name = entry.name().map_err(|error| refuse(error.to_string()))?;
                files.push((name.into_owned(), entry.size()));
            }
        }
        let mut roots = files.iter().filter_map(|(name, _)| name.strip_suffix("MLmodel"));
        let root =
            roots.find(|root| root.is_empty() || root.find('/') == Some(root.len() - 1)).map(str::to_owned);
        let root =
            root.ok_or_else(|| refuse("there is no file MLmodel at its top or in its only folder".into()))?;
        files.sort();
        let below =
            files.iter().filter_map(|(name, size)| Some((name.strip_prefix(&root)?.to_owned(), *size)));
        let (names, sizes) = below.unzip();
        Ok(Self { place: Place::Zip(Mutex::new(archive), root), names, sizes, links: Vec::new() })
    }

    /// The length of a file.
    pub(crate) fn size(&self, name: &str) -> Option<u64> {
        let found = self.names.binary_search_by(|known| known.as_str().cmp(name)).ok()?;
        self.sizes.get(found).copied()
    }

    /// SHA-256 of a file, as hex.
    pub(crate) fn sha256(&self, name: &str) -> io::Result<String> {
        let mut hasher = Sha256::new();
        self.read_with(name, &mut |reader| {
            let mut buffer = vec![0; 1 << 20];
            loop {
                match reader.read(&mut buffer)? {
                    0 => return Ok(()),
                    n => hasher.update(buffer.get(..n).unwrap_or_default()),
                }
            }
        })?;
        Ok(hex(&hasher.finalize()))
    }

    fn read_with(&self, name: &str, read: &mut dyn FnMut(&mut dyn Read) -> io::Result<()>) -> io::Result<()> {
        let size = self.size(name).ok_or(io::ErrorKind::NotFound)?;
        match &self.place {
            Place::Folder(folder) => read(&mut folder.open_file(name)?.file()),
            Place::Zip(archive, root) => {
                let mut archive = archive.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
                let entry = archive.by_name(&format!("{root}{name}")).map_err(io::Error::other)?;
                // The directory's length bounds what a compressed entry may give out.
                read(&mut entry.take(size.saturating_add(1)))
            }
        }
    }
}

impl PackageFiles for Package {
    fn names(&self) -> &[String] {
        &self.names
    }

    fn read(&self, name: &str, limit: u64) -> io::Result<Vec<u8>> {
        if self.size(name).is_some_and(|size| limit < size) {
            return Err(io::Error::new(
                io::ErrorKind::FileTooLarge,
                format!("{name} is longer than {limit} bytes"),
            ));
        }
        self.head(name, limit)
    }

    fn head(&self, name: &str, n: u64) -> io::Result<Vec<u8>> {
        let mut bytes = Vec::new();
        self.read_with(name, &mut |reader| reader.take(n).read_to_end(&mut bytes).map(|_| ()))?;
        Ok(bytes)
    }
}
