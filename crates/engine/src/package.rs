//! A written package, in a folder or a zip, as files.

use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use packwright_mlflow::package::PackageFiles;
use packwright_source::{Budget, Folder, Limits};
use sha2::{Digest as _, Sha256};
use zip::{CompressionMethod, ZipArchive};

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
    links: Vec<String>,
}

#[derive(Debug)]
enum Place {
    Folder(Folder),
    Zip {
        archive: Mutex<ZipArchive<File>>,
        /// What stands before the names inside it: nothing, or one folder and a slash.
        root: String,
        /// What may still be inflated.
        budget: Mutex<Budget>,
    },
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
        let unreadable = |error| VerifyError::Unreadable { path: path.to_path_buf(), error };
        let file = File::open(path).map_err(unreadable)?;
        let archive_bytes = file.metadata().map_err(unreadable)?.len();
        let mut archive = ZipArchive::new(file)
            .map_err(|error| refuse(format!("it is neither a folder nor a zip archive ({error})")))?;
        if Limits::default().entries < archive.len() as u64 {
            return Err(refuse("the archive holds too many files".into()));
        }
        let mut files: Vec<(String, u64)> = Vec::new();
        let mut packed_bytes = 0_u64;
        for index in 0..archive.len() {
            let entry = archive.by_index_raw(index).map_err(|error| refuse(error.to_string()))?;
            packed_bytes = packed_bytes.saturating_add(entry.compressed_size());
            if !entry.is_dir() {
                let name = entry.name().map_err(|error| refuse(error.to_string()))?;
                files.push((name.into_owned(), entry.size()));
            }
        }
        // Many names over the same bytes make a small archive endless.
        if archive_bytes < packed_bytes {
            return Err(refuse("the files of the archive overlap".into()));
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
        let budget = Mutex::new(Budget::new(inflating(&Limits::default(), archive_bytes)));
        let place = Place::Zip { archive: Mutex::new(archive), root, budget };
        Ok(Self { place, names, sizes, links: Vec::new() })
    }

    /// What stands before the names in an archive: nothing, or one folder and a slash. `None` for a folder.
    pub(crate) fn root_in_archive(&self) -> Option<&str> {
        match &self.place {
            Place::Folder(_) => None,
            Place::Zip { root, .. } => Some(root),
        }
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
            Place::Zip { archive, root, budget } => {
                let mut archive = archive.lock().unwrap_or_else(PoisonError::into_inner);
                let entry = archive.by_name(&format!("{root}{name}")).map_err(io::Error::other)?;
                let budget = (entry.compression() != CompressionMethod::Stored).then_some(budget);
                // The directory's length bounds what one entry may give out, the budget what all may.
                read(&mut Metered { reader: entry.take(size.saturating_add(1)), budget })
            }
        }
    }
}

/// What the files of an archive may inflate to in all: so many times its length as one compressed stream may, but not
/// beyond what all streams of a model may, unless that would stop a large archive that hardly shrank.
fn inflating(limits: &Limits, archive_bytes: u64) -> Limits {
    let by_ratio = archive_bytes.saturating_mul(limits.inflated_ratio);
    let by_bytes = limits.inflated_bytes.max(archive_bytes.saturating_mul(4));
    let inflated_bytes = by_ratio.min(by_bytes).saturating_add(limits.inflated_grace_bytes);
    Limits { inflated_bytes, ..*limits }
}

/// Pays for what it gives out.
struct Metered<'a, R> {
    reader: R,
    /// `None` for bytes that lie in the archive as they are.
    budget: Option<&'a Mutex<Budget>>,
}

impl<R: Read> Read for Metered<'_, R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let n = self.reader.read(buffer)?;
        if let Some(budget) = self.budget {
            let mut budget = budget.lock().unwrap_or_else(PoisonError::into_inner);
            budget
                .inflate("the packed files", n as u64)
                .map_err(|kind| io::Error::other(kind.to_string()))?;
        }
        Ok(n)
    }
}

impl PackageFiles for Package {
    fn names(&self) -> &[String] {
        &self.names
    }

    fn links(&self) -> &[String] {
        &self.links
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

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use zip::ZipWriter;
    use zip::write::SimpleFileOptions;

    use super::*;

    fn archive(path: &Path, bombs: u64) -> Package {
        let mut writer = ZipWriter::new(File::create(path).unwrap());
        writer.start_file("MLmodel", SimpleFileOptions::default()).unwrap();
        writer.write_all(b"flavors: {}\n").unwrap();
        for n in 0..bombs {
            let options = SimpleFileOptions::default().compression_level(Some(9));
            writer.start_file(format!("data/{n}"), options).unwrap();
            for _ in 0..16 {
                writer.write_all(&vec![0; 1 << 20]).unwrap();
            }
        }
        writer.finish().unwrap();
        Package::open(path).unwrap()
    }

    #[test]
    fn a_zip_that_inflates_beyond_every_model_is_not_hashed_to_its_end() {
        let dir = tempfile::tempdir().unwrap();
        let bomb = archive(&dir.path().join("bomb.zip"), 8);
        let outcomes: Vec<_> = (0..8).map(|n| bomb.sha256(&format!("data/{n}"))).collect();
        // 64 MiB are free and the archive is 130 KiB long, so the fifth is half in and the sixth out.
        assert!(outcomes[..4].iter().all(Result::is_ok), "{outcomes:?}");
        let error = outcomes[7].as_ref().unwrap_err();
        assert!(error.to_string().contains("the packed files"), "{error}");
        assert!(archive(&dir.path().join("m.zip"), 4).sha256("data/3").is_ok());
    }

    #[test]
    fn what_may_be_inflated_grows_with_the_archive() {
        let limits = Limits::default();
        let allowed = |archive_bytes| inflating(&limits, archive_bytes).inflated_bytes - (64 << 20);
        assert_eq!(allowed(1 << 20), 100 << 20);
        assert_eq!(allowed(1 << 30), 16 << 30, "no bomb of 100 GB");
        assert_eq!(allowed(100 << 30), 400 << 30, "large weights that shrank a little");
    }
}
