//! Zip archives, as containers of model formats.
//!
//! The central directory is read by the `zip` crate; members are read by offset when they are stored and inflated
//! within the budget when they are not.

use std::io::{self, Read as _, Seek};
use std::sync::Arc;

use packwright_source::{Budget, ByteSource, ErrorKind, ReadError, read_up_to};

/// One member.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Member {
    /// Its name, with `/` between its parts.
    pub name: String,
    /// Its length when it is unpacked, as the directory states it.
    pub len: u64,
    /// Where its bytes lie in the archive, when they are stored without compression.
    pub stored_at: Option<u64>,
}

/// An open archive.
#[derive(Debug)]
pub struct Archive {
    zip: zip::ZipArchive<SourceFile>,
    members: Vec<Member>,
}

impl Archive {
    /// Reads the directory.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Malformed`] when it cannot be read, [`ErrorKind::Limit`] for too many members.
    pub fn open(source: Arc<dyn ByteSource>, budget: &Budget) -> Result<Self, ReadError> {
        let mut zip =
            zip::ZipArchive::new(SourceFile { source, at: 0 }).map_err(|error| malformed(&error))?;
        let (asked, limit) = (u64::try_from(zip.len()).unwrap_or(u64::MAX), budget.limits().entries);
        if limit < asked {
            return Err(ReadError::new("zip", 0, ErrorKind::Limit { what: "the directory", asked, limit }));
        }
        let mut members = Vec::new();
        for index in 0..zip.len() {
            let file = zip.by_index_raw(index).map_err(|error| malformed(&error))?;
            let is_stored = file.compression() == zip::CompressionMethod::Stored;
            members.push(Member {
                name: file.name().map_err(|error| malformed(&error))?.into_owned(),
                len: file.size(),
                stored_at: if is_stored { file.data_start() } else { None },
            });
        }
        Ok(Self { zip, members })
    }

    /// Every member, in the order of the directory.
    pub fn members(&self) -> &[Member] {
        &self.members
    }

    /// The member of that name.
    pub fn get(&self, name: &str) -> Option<&Member> {
        self.members.iter().find(|member| member.name == name)
    }

    /// The bytes of a member, at most `limit` of them.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Malformed`] when there is no such member or it cannot be unpacked, [`ErrorKind::Limit`].
    pub fn read(&mut self, name: &str, limit: u64, budget: &mut Budget) -> Result<Vec<u8>, ReadError> {
        let mut file = self.zip.by_name(name).map_err(|error| malformed(&error))?;
        let offset = file.data_start().unwrap_or(0);
        let mut bytes = Vec::new();
        let read = file.by_ref().take(limit.saturating_add(1)).read_to_end(&mut bytes);
        read.map_err(|error| {
            ReadError::new(
                "zip",
                offset,
                ErrorKind::malformed("member", "data that unpacks", error.to_string()),
            )
        })?;
        let asked = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
        if limit < asked {
            return Err(ReadError::new("zip", offset, ErrorKind::Limit { what: "a member", asked, limit }));
        }
        budget.keep("a member", asked).map_err(|kind| ReadError::new("zip", offset, kind))?;
        Ok(bytes)
    }
}

fn malformed(error: &zip::result::ZipError) -> ReadError {
    ReadError::new("zip", 0, ErrorKind::malformed("archive", "a zip directory", error.to_string()))
}

/// A source as a file.
#[derive(Debug)]
struct SourceFile {
    source: Arc<dyn ByteSource>,
    at: u64,
}

impl io::Read for SourceFile {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let n = read_up_to(&*self.source, self.at, buffer)?;
        self.at = self.at.saturating_add(u64::try_from(n).unwrap_or(0));
        Ok(n)
    }
}

impl Seek for SourceFile {
    fn seek(&mut self, to: io::SeekFrom) -> io::Result<u64> {
        let at = match to {
            io::SeekFrom::Start(at) => Some(at),
            io::SeekFrom::End(by) => self.source.len_bytes().checked_add_signed(by),
            io::SeekFrom::Current(by) => self.at.checked_add_signed(by),
        };
        self.at = at.ok_or(io::ErrorKind::InvalidInput)?;
        Ok(self.at)
    }
}
