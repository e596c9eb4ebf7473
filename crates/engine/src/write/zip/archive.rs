//! The bytes of a zip archive: headers with fixed times and permissions, in the order of writing.
//!
//! APPNOTE.TXT 6.3.10 of PKWARE. No data descriptors: the header of an entry is completed when its lengths are known, so
//! that every reader can go from entry to entry. Long headers (Zip64) only where lengths demand them.

use std::io::{self, Seek, SeekFrom, Write};

const LOCAL: u32 = 0x0403_4b50;
const CENTRAL: u32 = 0x0201_4b50;
const END: u32 = 0x0605_4b50;
const END_64: u32 = 0x0606_4b50;
const LOCATOR_64: u32 = 0x0706_4b50;

/// Where the checksum and the two lengths stand in a local header.
const LENGTHS_AT: u64 = 14;

/// Midnight of 1980-01-01, the first moment that the format knows.
const DOS_DATE: u16 = 0x0021;

/// A plain file that its owner may write and everybody read.
const MODE: u32 = 0o100_644 << 16;

/// Made under Unix (3), by version 4.5 of the format (45).
const MADE_BY: u16 = 0x032d;

/// Names are UTF-8.
const UTF8: u16 = 1 << 11;

/// What is longer stands in the long header.
const SHORT: u64 = 0xffff_ffff;

/// An archive being written.
#[derive(Debug)]
pub(super) struct Archive<W> {
    out: W,
    /// How far the writing is.
    at: u64,
    entries: Vec<Entry>,
}

/// How the bytes of an entry lie in the archive.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Method {
    /// As they are.
    Stored,
    /// As a raw deflate stream.
    Deflated,
}

#[derive(Debug)]
struct Entry {
    name: String,
    method: Method,
    is_long: bool,
    /// Where its header begins.
    header_at: u64,
    /// Where its data begin.
    data_at: u64,
    crc: u32,
    packed_bytes: u64,
    size_bytes: u64,
}

impl<W: Write + Seek> Archive<W> {
    /// An empty archive at the start of `out`.
    pub(super) fn new(out: W) -> Self {
        Self { out, at: 0, entries: Vec::new() }
    }

    /// Begins an entry. One that may reach 4 GiB must be long from the start.
    pub(super) fn begin(&mut self, name: &str, method: Method, is_long: bool) -> io::Result<()> {
        let mut entry = Entry {
            name: name.to_owned(),
            method,
            is_long,
            header_at: self.at,
            data_at: 0,
            crc: 0,
            packed_bytes: 0,
            size_bytes: 0,
        };
        let mut header = Header::default();
        header.u32(LOCAL);
        header.common(&entry)?;
        header.bytes.extend_from_slice(name.as_bytes());
        header.bytes.extend_from_slice(&entry.long_lengths());
        self.put(&header.bytes)?;
        entry.data_at = self.at;
        self.entries.push(entry);
        Ok(())
    }

    /// Bytes of the entry as they lie in the archive.
    pub(super) fn put(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.out.write_all(bytes)?;
        self.at += bytes.len() as u64;
        Ok(())
    }

    /// How long the archive is so far.
    pub(super) fn len_bytes(&self) -> u64 {
        self.at
    }

    /// Completes the entry that was begun last.
    pub(super) fn end(&mut self, crc: u32, size_bytes: u64) -> io::Result<()> {
        let at = self.at;
        let Some(entry) = self.entries.last_mut() else { return Ok(()) };
        entry.crc = crc;
        entry.size_bytes = size_bytes;
        entry.packed_bytes = at - entry.data_at;
        if !entry.is_long && (SHORT <= entry.packed_bytes || SHORT <= size_bytes) {
            return Err(io::Error::other("an entry of the archive is longer than was planned for"));
        }
        let mut header = Header::default();
        header.lengths(entry);
        self.out.seek(SeekFrom::Start(entry.header_at + LENGTHS_AT))?;
        self.out.write_all(&header.bytes)?;
        let long = entry.long_lengths();
        if !long.is_empty() {
            self.out.seek(SeekFrom::Start(entry.data_at - long.len() as u64))?;
            self.out.write_all(&long)?;
        }
        self.out.seek(SeekFrom::Start(at))?;
        Ok(())
    }

    /// Writes the directory and gives back what was written to.
    pub(super) fn finish(mut self) -> io::Result<W> {
        let entries = std::mem::take(&mut self.entries);
        let directory_at = self.at;
        for entry in &entries {
            let mut header = Header::default();
            header.u32(CENTRAL);
            header.u16(MADE_BY);
            let extra = header.central(entry)?;
            header.bytes.extend_from_slice(entry.name.as_bytes());
            header.bytes.extend_from_slice(&extra);
            self.put(&header.bytes)?;
        }
        let directory_bytes = self.at - directory_at;
        let n_entries = entries.len() as u64;
        let mut end = Header::default();
        if 0xffff <= n_entries || SHORT <= directory_at || SHORT <= directory_bytes {
            let end_at = self.at;
            end.u32(END_64);
            end.u64(44);
            end.u16(MADE_BY);
            end.u16(45);
            end.u32(0);
            end.u32(0);
            for value in [n_entries, n_entries, directory_bytes, directory_at] {
                end.u64(value);
            }
            end.u32(LOCATOR_64);
            end.u32(0);
            end.u64(end_at);
            end.u32(1);
        }
        end.u32(END);
        end.u16(0);
        end.u16(0);
        let short = u16::try_from(n_entries).unwrap_or(u16::MAX);
        end.u16(short);
        end.u16(short);
        end.short(directory_bytes);
        end.short(directory_at);
        end.u16(0);
        self.put(&end.bytes)?;
        self.out.flush()?;
        Ok(self.out)
    }
}

impl Entry {
    /// The long form of the two lengths, as it stands in a local header; empty for short entries.
    fn long_lengths(&self) -> Vec<u8> {
        if !self.is_long {
            return Vec::new();
        }
        let mut extra = Header::default();
        extra.u16(1);
        extra.u16(16);
        extra.u64(self.size_bytes);
        extra.u64(self.packed_bytes);
        extra.bytes
    }
}

/// Little-endian numbers, one after the other.
#[derive(Debug, Default)]
struct Header {
    bytes: Vec<u8>,
}

impl Header {
    fn u16(&mut self, value: u16) {
        self.bytes.extend_from_slice(&value.to_le_bytes());
    }

    fn u32(&mut self, value: u32) {
        self.bytes.extend_from_slice(&value.to_le_bytes());
    }

    fn u64(&mut self, value: u64) {
        self.bytes.extend_from_slice(&value.to_le_bytes());
    }

    /// A length that, when it is too long, stands in the long form.
    fn short(&mut self, value: u64) {
        self.u32(u32::try_from(value).unwrap_or(u32::MAX));
    }

    /// From the version needed to the method and time: the same in both headers.
    fn described(&mut self, entry: &Entry, is_long: bool) {
        self.u16(if is_long { 45 } else { 20 });
        self.u16(if entry.name.is_ascii() { 0 } else { UTF8 });
        self.u16(match entry.method {
            Method::Stored => 0,
            Method::Deflated => 8,
        });
        self.u16(0);
        self.u16(DOS_DATE);
    }

    /// Checksum and lengths.
    fn lengths(&mut self, entry: &Entry) {
        self.u32(entry.crc);
        if entry.is_long {
            self.u32(u32::MAX);
            self.u32(u32::MAX);
        } else {
            self.short(entry.packed_bytes);
            self.short(entry.size_bytes);
        }
    }

    fn name_length(&mut self, entry: &Entry) -> io::Result<()> {
        let too_long = |error| io::Error::new(io::ErrorKind::InvalidFilename, error);
        self.u16(u16::try_from(entry.name.len()).map_err(too_long)?);
        Ok(())
    }

    /// The rest of a local header, without name and extra field.
    fn common(&mut self, entry: &Entry) -> io::Result<()> {
        self.described(entry, entry.is_long);
        self.lengths(entry);
        self.name_length(entry)?;
        self.u16(if entry.is_long { 20 } else { 0 });
        Ok(())
    }

    /// The rest of a central header, without name and extra field, which it gives back.
    fn central(&mut self, entry: &Entry) -> io::Result<Vec<u8>> {
        let mut long = Header::default();
        let values = [entry.size_bytes, entry.packed_bytes, entry.header_at];
        for value in values.into_iter().filter(|value| SHORT <= *value) {
            long.u64(value);
        }
        let mut extra = Header::default();
        if !long.bytes.is_empty() {
            extra.u16(1);
            extra.u16(u16::try_from(long.bytes.len()).unwrap_or_default());
            extra.bytes.extend_from_slice(&long.bytes);
        }
        self.described(entry, entry.is_long || !extra.bytes.is_empty());
        self.u32(entry.crc);
        self.short(entry.packed_bytes);
        self.short(entry.size_bytes);
        self.name_length(entry)?;
        self.u16(u16::try_from(extra.bytes.len()).unwrap_or_default());
        // Comment, disk and internal attributes.
        self.u16(0);
        self.u16(0);
        self.u16(0);
        self.u32(MODE);
        self.short(entry.header_at);
        Ok(extra.bytes)
    }
}

#[cfg(test)]
mod tests {
    use std::io::{Cursor, Read as _};

    use super::*;

    #[test]
    fn other_readers_read_long_and_short_entries() {
        let mut archive = Archive::new(Cursor::new(Vec::new()));
        for (name, is_long) in [("a", false), ("d/\u{e9}", true), ("empty", false)] {
            archive.begin(name, Method::Stored, is_long).unwrap();
            let bytes = if name == "empty" { "" } else { name };
            archive.put(bytes.as_bytes()).unwrap();
            let mut crc = flate2::Crc::new();
            crc.update(bytes.as_bytes());
            archive.end(crc.sum(), bytes.len() as u64).unwrap();
        }
        let bytes = archive.finish().unwrap().into_inner();
        let mut read = ::zip::ZipArchive::new(Cursor::new(bytes)).unwrap();
        for name in ["a", "d/\u{e9}", "empty"] {
            let mut entry = read.by_name(name).unwrap();
            assert_eq!(entry.unix_mode(), Some(0o100_644));
            assert_eq!(entry.last_modified(), Some(::zip::DateTime::DEFAULT));
            let mut text = String::new();
            entry.read_to_string(&mut text).unwrap();
            assert_eq!(text, if name == "empty" { "" } else { name });
        }
    }

    /// Keeps nothing of the zeros that are written to it, so that lengths beyond 4 GiB cost no memory.
    #[derive(Default)]
    struct Sparse {
        at: u64,
        kept: std::collections::BTreeMap<u64, u8>,
    }

    impl Write for Sparse {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            if bytes.len() < 1 << 20 {
                self.kept.extend(bytes.iter().zip(self.at..).map(|(byte, at)| (at, *byte)));
            }
            self.at += bytes.len() as u64;
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    impl Seek for Sparse {
        fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
            let SeekFrom::Start(at) = to else { return Err(io::ErrorKind::Unsupported.into()) };
            self.at = at;
            Ok(at)
        }
    }

    #[test]
    fn lengths_and_places_beyond_4_gib_stand_in_the_long_form() {
        let mut archive = Archive::new(Sparse::default());
        archive.begin("long", Method::Stored, true).unwrap();
        let zeros = vec![0; 1 << 20];
        for _ in 0..(5 << 10) {
            archive.put(&zeros).unwrap();
        }
        archive.end(7, 5 << 30).unwrap();
        archive.begin("after", Method::Stored, false).unwrap();
        archive.put(b"x").unwrap();
        archive.end(8, 1).unwrap();
        let out = archive.finish().unwrap();
        let all: Vec<u8> = out.kept.values().copied().collect();
        let count = |pattern: &[u8]| all.windows(pattern.len()).filter(|part| *part == pattern).count();
        // In the local header, and in the central one.
        assert_eq!(count(&(5_u64 << 30).to_le_bytes()), 4, "two lengths in two headers");
        assert_eq!(count(&END_64.to_le_bytes()), 1);
        assert_eq!(count(&LOCATOR_64.to_le_bytes()), 1);
    }
}
