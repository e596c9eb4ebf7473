//! Reads a written package again and says what is wrong with it.

use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use packwright_source::{Folder, Limits};
use serde_yaml::{Mapping, Value};
use sha2::{Digest as _, Sha256};
use zip::ZipArchive;

use crate::bridge::{self, PackageFiles, Problem, Severity};
use crate::receipt::{PackageKind, WrittenFile, hex};
use crate::write::ExportError;

/// The longest text file that a package holds; a longer one is no MLmodel and no environment.
const LONGEST_TEXT_BYTES: u64 = 32 << 20;

/// Files up to this length are hashed again after writing. Longer ones were hashed from what was written.
const REHASHED_BYTES: u64 = 16 << 20;

/// A package that lies in a folder or a zip.
#[derive(Debug)]
pub struct Package {
    place: Place,
    names: Vec<(String, u64)>,
}

#[derive(Debug)]
enum Place {
    Folder(Folder),
    /// The archive, and the folder inside it that holds the MLmodel: empty, or one name and a slash.
    Zip(Mutex<ZipArchive<File>>, String),
}

/// Why a path could not be read as a package at all.
#[derive(Debug, thiserror::Error)]
pub enum VerifyError {
    /// It is no package.
    #[error("{} is not an MLflow package: {reason}", path.display())]
    NotAPackage {
        /// The path.
        path: PathBuf,
        /// Why not, and what to do.
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

impl Package {
    /// Opens a folder or a zip.
    ///
    /// # Errors
    ///
    /// [`VerifyError`].
    pub fn open(path: &Path) -> Result<Self, VerifyError> {
        let unreadable = |error| VerifyError::Unreadable { path: path.to_path_buf(), error };
        let metadata = std::fs::metadata(path).map_err(unreadable)?;
        if metadata.is_dir() {
            let folder = Folder::open(path, &Limits::default()).map_err(unreadable)?;
            if folder.get("MLmodel").is_none() {
                let reason = "there is no file MLmodel in it".to_owned();
                return Err(VerifyError::NotAPackage { path: path.to_path_buf(), reason });
            }
            let names = folder.entries().iter().map(|entry| (entry.name.clone(), entry.len_bytes)).collect();
            return Ok(Self { place: Place::Folder(folder), names });
        }
        Self::open_zip(path)
    }

    fn open_zip(path: &Path) -> Result<Self, VerifyError> {
        let refuse = |reason: String| VerifyError::NotAPackage { path: path.to_path_buf(), reason };
        let file =
            File::open(path).map_err(|error| VerifyError::Unreadable { path: path.to_path_buf(), error })?;
        let mut archive =
            ZipArchive::new(file).map_err(|error| refuse(format!("it is no zip archive ({error})")))?;
        if Limits::default().entries < archive.len() as u64 {
            return Err(refuse("the archive holds too many files".into()));
        }
        let mut names = Vec::new();
        for index in 0..archive.len() {
            let entry = archive.by_index_raw(index).map_err(|error| refuse(error.to_string()))?;
            if !entry.is_dir() {
                let name = entry.name().map_err(|error| refuse(error.to_string()))?;
                names.push((name.into_owned(), entry.size()));
            }
        }
        let mut roots = names.iter().filter_map(|(name, _)| name.strip_suffix("MLmodel"));
        let root =
            roots.find(|root| root.is_empty() || root.find('/') == Some(root.len() - 1)).map(str::to_owned);
        let root =
            root.ok_or_else(|| refuse("there is no file MLmodel at its top or in its only folder".into()))?;
        let mut names: Vec<(String, u64)> = names
            .into_iter()
            .filter_map(|(name, size)| Some((name.strip_prefix(&root)?.to_owned(), size)))
            .collect();
        names.sort();
        Ok(Self { place: Place::Zip(Mutex::new(archive), root), names })
    }

    /// SHA-256 of one file, as hex.
    fn sha256(&self, name: &str) -> io::Result<String> {
        let mut hasher = Sha256::new();
        self.each_chunk(name, &mut |chunk| {
            hasher.update(chunk);
            Ok(())
        })?;
        Ok(hex(&hasher.finalize()))
    }

    fn each_chunk(&self, name: &str, take: &mut dyn FnMut(&[u8]) -> io::Result<()>) -> io::Result<()> {
        let mut pump = |reader: &mut dyn Read| {
            let mut buffer = vec![0; 1 << 20];
            loop {
                match reader.read(&mut buffer)? {
                    0 => return Ok(()),
                    n => take(buffer.get(..n).unwrap_or_default())?,
                }
            }
        };
        match &self.place {
            Place::Folder(folder) => pump(&mut folder.open_file(name)?.file()),
            Place::Zip(archive, root) => {
                let mut archive = archive.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
                let mut entry = archive.by_name(&format!("{root}{name}")).map_err(io::Error::other)?;
                // The directory's length bounds what a compressed entry may give out.
                let size = entry.size();
                pump(&mut (&mut entry).take(size.saturating_add(1)))
            }
        }
    }

    fn size(&self, name: &str) -> Option<u64> {
        let found = self.names.binary_search_by(|(other, _)| other.as_str().cmp(name)).ok()?;
        self.names.get(found).map(|(_, size)| *size)
    }
}

impl PackageFiles for Package {
    fn names(&self) -> Vec<String> {
        self.names.iter().map(|(name, _)| name.clone()).collect()
    }

    fn read(&self, name: &str) -> io::Result<Vec<u8>> {
        let mut out = Vec::new();
        match self.size(name) {
            None => return Err(io::ErrorKind::NotFound.into()),
            Some(size) if LONGEST_TEXT_BYTES < size => {
                return Err(io::Error::new(io::ErrorKind::FileTooLarge, "the file is too long for a text"));
            }
            Some(_) => {}
        }
        self.each_chunk(name, &mut |chunk| {
            out.extend_from_slice(chunk);
            Ok(())
        })?;
        Ok(out)
    }
}

/// Everything that is wrong or risky in a package, without reading the weights.
///
/// # Errors
///
/// [`VerifyError`] when it is no package or cannot be read.
pub fn lint(path: &Path) -> Result<Vec<Problem>, VerifyError> {
    Ok(bridge::lint(&Package::open(path)?))
}

/// What [`lint`] finds, and every file whose bytes are not those that were packed.
///
/// Packages of Packwright record a SHA-256 of every file but the MLmodel itself under `metadata.packwright.sha256`;
/// for others only the structure can be checked, and the answer says so.
///
/// # Errors
///
/// [`VerifyError`] when it is no package or cannot be read.
pub fn verify(path: &Path) -> Result<Vec<Problem>, VerifyError> {
    let package = Package::open(path)?;
    let mut problems = bridge::lint(&package);
    match recorded(&package) {
        Some(recorded) => problems.extend(compare(&package, &recorded)),
        None => problems.push(Problem {
            path: "MLmodel".into(),
            severity: Severity::Info,
            message: "it records no hashes, so only its structure was checked".into(),
        }),
    }
    Ok(problems)
}

/// The hashes that the MLmodel records.
fn recorded(package: &Package) -> Option<Vec<(String, String)>> {
    let root: Mapping = serde_yaml::from_slice(&package.read("MLmodel").ok()?).ok()?;
    let files = root.get("metadata")?.get("packwright")?.get("sha256")?.as_mapping()?;
    let text = |value: &Value| value.as_str().map(str::to_owned);
    Some(files.iter().filter_map(|(name, sha256)| Some((text(name)?, text(sha256)?))).collect())
}

fn compare(package: &Package, recorded: &[(String, String)]) -> Vec<Problem> {
    let error =
        |path: &str, message: String| Problem { path: path.to_owned(), severity: Severity::Error, message };
    let mut problems = Vec::new();
    for (name, sha256) in recorded {
        match package.sha256(name) {
            Ok(found) if found == *sha256 => {}
            Ok(found) => problems.push(error(
                name,
                format!("its bytes are not those that were packed: SHA-256 is {found}, recorded is {sha256}"),
            )),
            Err(_) if package.size(name).is_none() => {
                problems.push(error(name, "the file is missing".into()))
            }
            Err(reason) => problems.push(error(name, format!("the file could not be read: {reason}"))),
        }
    }
    for (name, _) in &package.names {
        if name != "MLmodel" && !recorded.iter().any(|(known, _)| known == name) {
            let message = "the file was added after the package was made".to_owned();
            problems.push(Problem { path: name.clone(), severity: Severity::Warning, message });
        }
    }
    problems
}

/// Reads a package under its staging name: every file is there with its length, small ones with their hash, and
/// nothing in it stops MLflow.
pub(crate) fn check_staged(path: &Path, kind: PackageKind, files: &[WrittenFile]) -> Result<(), ExportError> {
    let opened = match kind {
        PackageKind::Folder => Package::open(path),
        PackageKind::Zip => Package::open_zip(path),
    };
    let broken =
        |path: &str, message: String| Problem { path: path.to_owned(), severity: Severity::Error, message };
    let package = match opened {
        Ok(package) => package,
        Err(error) => return Err(ExportError::Check(vec![broken("MLmodel", error.to_string())])),
    };
    let mut problems = bridge::lint(&package);
    problems.retain(|problem| problem.severity == Severity::Error);
    for file in files {
        if package.size(&file.path) != Some(file.size_bytes) {
            problems.push(broken(&file.path, "its length is not what was written".into()));
        } else if file.size_bytes <= REHASHED_BYTES
            && package.sha256(&file.path).ok().as_ref() != Some(&file.sha256)
        {
            problems.push(broken(&file.path, "its bytes are not what was written".into()));
        }
    }
    if package.names.len() != files.len() {
        problems.push(broken("MLmodel", "there are files in the package that were not written".into()));
    }
    if problems.is_empty() { Ok(()) } else { Err(ExportError::Check(problems)) }
}
