//! Positioned reads over a file, a part of one, or bytes in memory.

use std::fmt;
use std::fs::File;
use std::io;
use std::path::Path;
use std::sync::Arc;

/// Bytes at an offset. Reading never moves anything, so one source serves many cursors.
pub trait ByteSource: fmt::Debug + Send + Sync {
    /// The length in bytes, fixed when the source was opened.
    fn len_bytes(&self) -> u64;

    /// Reads up to `buffer.len()` bytes at `offset`; 0 at and past the end.
    ///
    /// # Errors
    ///
    /// What the medium says.
    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<usize>;
}

/// An open file. It is opened for reading only, and never written.
#[derive(Debug)]
pub struct FileSource {
    file: File,
    len_bytes: u64,
}

impl FileSource {
    /// Opens a regular file.
    ///
    /// # Errors
    ///
    /// What the system says; `InvalidInput` for a folder, a pipe or a device.
    pub fn open(path: &Path) -> io::Result<Self> {
        // The kind is asked before opening: opening a pipe would wait for a writer for ever.
        let kind = std::fs::metadata(path)?;
        if !kind.is_file() {
            return Err(io::Error::new(io::ErrorKind::InvalidInput, "not a regular file"));
        }
        let file = File::open(path)?;
        let len_bytes = file.metadata()?.len();
        Ok(Self { file, len_bytes })
    }

    /// The open file, for copies that the system can make without us (reflink, `copy_file_range`).
    pub fn file(&self) -> &File {
        &self.file
    }
}

impl ByteSource for FileSource {
    fn len_bytes(&self) -> u64 {
        self.len_bytes
    }

    #[cfg(unix)]
    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<usize> {
        std::os::unix::fs::FileExt::read_at(&self.file, buffer, offset)
    }

    #[cfg(windows)]
    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<usize> {
        std::os::windows::fs::FileExt::seek_read(&self.file, buffer, offset)
    }
}

/// Bytes in memory.
#[derive(Clone)]
pub struct MemorySource(Arc<[u8]>);

impl MemorySource {
    /// Takes the bytes over.
    pub fn new(bytes: impl Into<Arc<[u8]>>) -> Self {
        Self(bytes.into())
    }
}

impl fmt::Debug for MemorySource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "MemorySource({} bytes)", self.0.len())
    }
}

impl ByteSource for MemorySource {
    fn len_bytes(&self) -> u64 {
        u64::try_from(self.0.len()).unwrap_or(u64::MAX)
    }

    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<usize> {
        let rest = usize::try_from(offset).ok().and_then(|start| self.0.get(start..)).unwrap_or_default();
        let n = rest.len().min(buffer.len());
        if let (Some(to), Some(from)) = (buffer.get_mut(..n), rest.get(..n)) {
            to.copy_from_slice(from);
        }
        Ok(n)
    }
}

/// A part of another source: a stored archive entry, bytes inside a pickle.
#[derive(Debug, Clone)]
pub struct Window {
    parent: Arc<dyn ByteSource>,
    start: u64,
    len_bytes: u64,
}

impl Window {
    /// `len_bytes` bytes of `parent` from `start`, cut to what the parent has.
    pub fn new(parent: Arc<dyn ByteSource>, start: u64, len_bytes: u64) -> Self {
        let rest = parent.len_bytes().saturating_sub(start);
        Self { parent, start, len_bytes: len_bytes.min(rest) }
    }
}

impl ByteSource for Window {
    fn len_bytes(&self) -> u64 {
        self.len_bytes
    }

    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<usize> {
        let rest = self.len_bytes.saturating_sub(offset);
        let n = usize::try_from(rest).unwrap_or(usize::MAX).min(buffer.len());
        match (buffer.get_mut(..n), self.start.checked_add(offset)) {
            (Some(part), Some(at)) => self.parent.read_at(at, part),
            _ => Ok(0),
        }
    }
}

/// Fills `buffer` from `offset`, retrying short reads.
///
/// # Errors
///
/// `UnexpectedEof` when the source ends first; what the medium says otherwise.
pub fn read_exact_at(source: &dyn ByteSource, offset: u64, buffer: &mut [u8]) -> io::Result<()> {
    let n = read_up_to(source, offset, buffer)?;
    if n < buffer.len() { Err(io::ErrorKind::UnexpectedEof.into()) } else { Ok(()) }
}

/// Reads as many bytes as there are, up to `buffer.len()`, retrying short reads.
///
/// # Errors
///
/// What the medium says.
pub fn read_up_to(source: &dyn ByteSource, offset: u64, buffer: &mut [u8]) -> io::Result<usize> {
    let mut done = 0_usize;
    while let Some(part) = buffer.get_mut(done..).filter(|part| !part.is_empty()) {
        let at = offset.saturating_add(u64::try_from(done).unwrap_or(u64::MAX));
        match source.read_at(at, part) {
            Ok(0) => break,
            Ok(n) => done = done.saturating_add(n),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(done)
}
