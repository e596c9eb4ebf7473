//! A package as files: a folder, or anything that can list and read like one.

use std::io;

/// The files of a package. Names are relative to its root, with `/` between their parts.
pub trait PackageFiles {
    /// Every file, sorted.
    fn names(&self) -> &[String];

    /// The bytes of a file, at most `limit` of them.
    ///
    /// # Errors
    ///
    /// `NotFound`, `FileTooLarge` beyond the limit, or what the medium says.
    fn read(&self, name: &str, limit: u64) -> io::Result<Vec<u8>>;

    /// The first `n` bytes of a file, or all of a shorter one.
    ///
    /// # Errors
    ///
    /// `NotFound`, or what the medium says.
    fn head(&self, name: &str, n: u64) -> io::Result<Vec<u8>>;

    /// Symbolic links, sorted; they are not among the names and are never followed.
    fn links(&self) -> &[String] {
        &[]
    }

    /// Whether there is a file of that name.
    fn has_file(&self, name: &str) -> bool {
        self.names().binary_search_by(|known| known.as_str().cmp(name)).is_ok()
    }

    /// Whether there is a file below a folder of that name.
    fn has_folder(&self, name: &str) -> bool {
        let prefix = format!("{}/", name.trim_end_matches('/'));
        let first = self.names().partition_point(|known| known.as_str() < prefix.as_str());
        self.names().get(first).is_some_and(|known| known.starts_with(&prefix))
    }
}

/// A package in memory: one that is about to be written, or a test's.
#[derive(Debug, Clone, Default)]
pub struct MemoryFiles {
    names: Vec<String>,
    bytes: Vec<Vec<u8>>,
}

impl MemoryFiles {
    /// The files of these names.
    pub fn new<N: Into<String>>(files: impl IntoIterator<Item = (N, Vec<u8>)>) -> Self {
        let files: std::collections::BTreeMap<String, Vec<u8>> =
            files.into_iter().map(|(name, bytes)| (name.into(), bytes)).collect();
        let (names, bytes) = files.into_iter().unzip();
        Self { names, bytes }
    }

    fn bytes(&self, name: &str) -> io::Result<&Vec<u8>> {
        let index = self.names.binary_search_by(|known| known.as_str().cmp(name)).ok();
        index.and_then(|index| self.bytes.get(index)).ok_or_else(|| io::ErrorKind::NotFound.into())
    }
}

impl PackageFiles for MemoryFiles {
    fn names(&self) -> &[String] {
        &self.names
    }

    fn read(&self, name: &str, limit: u64) -> io::Result<Vec<u8>> {
        let bytes = self.bytes(name)?;
        if u64::try_from(bytes.len()).is_ok_and(|n| limit < n) {
            return Err(io::Error::new(
                io::ErrorKind::FileTooLarge,
                format!("{name} is longer than {limit} bytes"),
            ));
        }
        Ok(bytes.clone())
    }

    fn head(&self, name: &str, n: u64) -> io::Result<Vec<u8>> {
        let n = usize::try_from(n).unwrap_or(usize::MAX);
        Ok(self.bytes(name)?.iter().take(n).copied().collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_and_folders_are_found_by_name() {
        let files = MemoryFiles::new(
            ["a.txt", "data-2", "data/x", "data.y"].map(|name| (name, name.as_bytes().to_vec())),
        );
        assert!(files.has_file("data/x") && files.has_folder("data") && files.has_folder("data/"));
        assert!(!files.has_file("data") && !files.has_folder("a.txt") && !files.has_folder("dat"));
        assert_eq!(files.head("data/x", 2).unwrap(), b"da");
        assert_eq!(files.read("data/x", 3).unwrap_err().kind(), io::ErrorKind::FileTooLarge);
        assert_eq!(files.read("none", 3).unwrap_err().kind(), io::ErrorKind::NotFound);
    }
}
