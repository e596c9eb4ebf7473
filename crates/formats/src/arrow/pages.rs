//! The pages of a Parquet file, looked at before they are unpacked: the reader would allocate whatever length a page claims to have,
//! and gzip stops at no length at all.
//!
//! Specification: `PageHeader` of `parquet.thrift`, in Thrift's compact protocol.

use std::io::Read as _;

use flate2::read::MultiGzDecoder;
use packwright_source::{ByteSource, read_up_to};
use parquet::basic::Compression;
use parquet::errors::ParquetError;
use parquet::file::metadata::{ColumnChunkMetaData, ParquetMetaData, RowGroupMetaData};

use super::LARGEST_BATCH_BYTES;

/// The most that all pages that are read may hold unpacked: one column after the other, so that not all are in memory.
const MOST_BYTES: i64 = 2 << 30;

/// The longest header: statistics make it long.
const LONGEST_HEADER_BYTES: usize = 1 << 20;

/// How deep structures lie in a header: three, in those that there are.
const DEEPEST: usize = 8;

/// Where gzip begins. The levels of a page of the second version stand before it, of a length that only its header tells.
const GZIP: [u8; 3] = [0x1f, 0x8b, 0x08];

/// How often these three may stand in a page by chance.
const MOST_STARTS: usize = 64;

/// Where the pages of the columns lie, and what was allowed so far.
#[derive(Debug, Default, Clone)]
pub(super) struct Pages {
    /// Begin and end of each chunk of a column, and whether it is in gzip.
    chunks: Vec<(u64, u64, bool)>,
    claimed: i64,
}

impl Pages {
    pub(super) fn of(metadata: &ParquetMetaData) -> Self {
        let columns = metadata.row_groups().iter().flat_map(RowGroupMetaData::columns);
        let chunk = |column: &ColumnChunkMetaData| {
            let offset = |offset: i64| u64::try_from(offset).unwrap_or_default();
            let data = offset(column.data_page_offset());
            let start = column.dictionary_page_offset().map_or(data, |at| offset(at).min(data));
            let end = start.saturating_add(offset(column.compressed_size()));
            (start, end, matches!(column.compression(), Compression::GZIP(_)))
        };
        Self { chunks: columns.map(chunk).collect(), claimed: 0 }
    }

    fn chunk_at(&self, at: u64) -> Option<bool> {
        self.chunks
            .iter()
            .find(|(start, end, _)| (*start..*end).contains(&at))
            .map(|(_, _, is_gzip)| *is_gzip)
    }

    /// Refuses a page whose header, at `at`, claims more than a page of a sample has.
    pub(super) fn header(&mut self, source: &dyn ByteSource, at: u64) -> Result<(), ParquetError> {
        if self.chunk_at(at).is_none() {
            return Ok(());
        }
        // Most headers are short; one with long statistics is read again.
        for length in [256, LONGEST_HEADER_BYTES] {
            let mut bytes = vec![0; length];
            let n = read_up_to(source, at, &mut bytes)?;
            bytes.truncate(n);
            match (Compact { bytes: &bytes }).largest_claim() {
                Some(claim) if claim <= LARGEST_BATCH_BYTES => {
                    self.claimed = self.claimed.saturating_add(claim.max(0));
                    return if self.claimed <= MOST_BYTES { Ok(()) } else { Err(too_much(self.claimed)) };
                }
                Some(claim) => return Err(too_much(claim)),
                None if n < length => break,
                None => {}
            }
        }
        Err(ParquetError::General(format!("the header of a page at byte {at} is none")))
    }

    /// Refuses a page in gzip that holds more than a page of a sample has.
    pub(super) fn body(&self, bytes: &[u8], at: u64) -> Result<(), ParquetError> {
        if self.chunk_at(at) != Some(true) {
            return Ok(());
        }
        let starts = bytes.windows(GZIP.len()).enumerate().filter(|(_, window)| *window == GZIP);
        for (n, (start, _)) in starts.enumerate() {
            if n == MOST_STARTS {
                return Err(ParquetError::General(format!("the page at byte {at} begins again and again")));
            }
            let decoder = MultiGzDecoder::new(bytes.get(start..).unwrap_or_default());
            let limit = LARGEST_BATCH_BYTES.unsigned_abs();
            // What breaks off is told by the reader.
            let n_bytes = std::io::copy(&mut decoder.take(limit.saturating_add(1)), &mut std::io::sink());
            if n_bytes.is_ok_and(|n| limit < n) {
                return Err(too_much(i64::MAX));
            }
        }
        Ok(())
    }
}

fn too_much(asked: i64) -> ParquetError {
    ParquetError::General(format!("pages that unpack to {asked} bytes are more than a sample has"))
}

/// The structures of a header, whose fields have the types that the reader takes them for: it does not ask, so that a field of
/// another type would make it read on in the middle of something.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Structure {
    Header,
    Page,
    Dictionary,
    SecondPage,
    Statistics,
    Other,
}

/// The types of the compact protocol that are asked for.
const BOOLEANS: [u8; 2] = [1, 2];
const I32: [u8; 1] = [5];
const I64: [u8; 1] = [6];
const BINARY: [u8; 1] = [8];
const STRUCTURE: [u8; 1] = [12];

impl Structure {
    /// What the type of a field must be, and which structure it is; `None` for fields that the reader skips.
    fn field(self, id: i64) -> Option<(&'static [u8], Self)> {
        let plain = |types| Some((types, Self::Other));
        match (self, id) {
            (Self::Header | Self::Page, 1..=4) | (Self::Dictionary, 1..=2) | (Self::SecondPage, 1..=6) => {
                plain(&I32[..])
            }
            (Self::Header, 5) => Some((&STRUCTURE[..], Self::Page)),
            (Self::Header, 6) => plain(&STRUCTURE[..]),
            (Self::Header, 7) => Some((&STRUCTURE[..], Self::Dictionary)),
            (Self::Header, 8) => Some((&STRUCTURE[..], Self::SecondPage)),
            (Self::Page, 5) | (Self::SecondPage, 8) => Some((&STRUCTURE[..], Self::Statistics)),
            (Self::Dictionary, 3) | (Self::SecondPage, 7) | (Self::Statistics, 7..=8) => plain(&BOOLEANS[..]),
            (Self::Statistics, 1 | 2 | 5 | 6) => plain(&BINARY[..]),
            (Self::Statistics, 3..=4) => plain(&I64[..]),
            _ => None,
        }
    }
}

/// A structure of Thrift in its compact protocol.
struct Compact<'a> {
    bytes: &'a [u8],
}

impl Compact<'_> {
    /// The largest of the lengths that the header gives for its page, packed or not: fields 2 and 3, whichever of several
    /// counts. `None` when the header does not end in these bytes, or is none.
    fn largest_claim(mut self) -> Option<i64> {
        let mut largest = 0;
        self.structure(Structure::Header, DEEPEST, &mut largest)?;
        Some(largest)
    }

    fn structure(&mut self, structure: Structure, depth: usize, largest: &mut i64) -> Option<()> {
        let depth = depth.checked_sub(1)?;
        let mut last = 0;
        loop {
            let (kind, id) = self.field(last)?;
            if kind == 0 {
                return Some(());
            }
            last = id;
            let (types, inner) = structure.field(id).unwrap_or((&[], Structure::Other));
            if !types.is_empty() && !types.contains(&kind) {
                return None;
            }
            if structure == Structure::Header && matches!(id, 2 | 3) {
                *largest = self.zigzag()?.max(*largest);
            } else {
                self.skip(kind, inner, depth, largest)?;
            }
        }
    }

    /// The type of the next field, 0 at the end of the structure, and its number.
    fn field(&mut self, last: i64) -> Option<(u8, i64)> {
        let byte = self.byte()?;
        let kind = byte & 0x0f;
        if kind == 0 {
            return Some((0, last));
        }
        let id = match byte >> 4 {
            0 => self.zigzag()?,
            delta => last.checked_add(i64::from(delta))?,
        };
        Some((kind, id))
    }

    fn skip(&mut self, kind: u8, inner: Structure, depth: usize, largest: &mut i64) -> Option<()> {
        let deeper = depth.checked_sub(1)?;
        match kind {
            1 | 2 => Some(()),
            3 => self.byte().map(drop),
            4..=6 => self.varint().map(drop),
            7 => self.advance(8),
            8 => {
                let length = usize::try_from(self.varint()?).ok()?;
                self.advance(length)
            }
            9 | 10 => {
                let byte = self.byte()?;
                let n = if byte >> 4 == 15 { self.varint()? } else { u64::from(byte >> 4) };
                // A list of booleans has a byte for each.
                let item = if BOOLEANS.contains(&(byte & 0x0f)) { 3 } else { byte & 0x0f };
                (0..n).try_for_each(|_| self.skip(item, Structure::Other, deeper, largest))
            }
            12 => self.structure(inner, depth, largest),
            _ => None,
        }
    }

    fn zigzag(&mut self) -> Option<i64> {
        let value = self.varint()?;
        let magnitude = i64::try_from(value >> 1).ok()?;
        Some(if value & 1 == 0 { magnitude } else { !magnitude })
    }

    fn varint(&mut self) -> Option<u64> {
        let mut value = 0_u64;
        for shift in (0..64).step_by(7) {
            let byte = self.byte()?;
            value |= u64::from(byte & 0x7f).checked_shl(shift)?;
            if byte & 0x80 == 0 {
                return Some(value);
            }
        }
        None
    }

    fn byte(&mut self) -> Option<u8> {
        let (first, rest) = self.bytes.split_first()?;
        self.bytes = rest;
        Some(*first)
    }

    fn advance(&mut self, n: usize) -> Option<()> {
        self.bytes = self.bytes.get(n..)?;
        Some(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn claim(bytes: &[u8]) -> Option<i64> {
        Compact { bytes }.largest_claim()
    }

    #[test]
    fn a_page_claims_what_its_header_says_wherever_it_says_it() {
        // Type 0, 300 bytes unpacked, 20 packed, and a page with four counts.
        let page = [0x15, 0, 0x15, 0xd8, 0x04, 0x15, 40, 0x2c, 0x15, 2, 0x15, 0, 0x15, 6, 0x15, 6, 0, 0];
        assert_eq!(claim(&page), Some(300));
        assert_eq!(claim(&page[..page.len() - 1]), None, "it goes on");
        // The second of two counts for the reader: here the larger.
        let twice = [0x15, 0, 0x15, 2, 0x15, 2, 0x05, 0x04, 0xfe, 0xff, 0xff, 0xff, 0x0f, 0];
        assert_eq!(claim(&twice), Some(i64::from(i32::MAX)));
    }

    #[test]
    fn a_header_that_the_reader_would_read_otherwise_is_none() {
        // A length as a boolean, statistics as a number, a map.
        for bytes in [&[0x15, 0, 0x11, 0][..], &[0x5c, 0x55, 0, 0, 0], &[0x9b, 0]] {
            assert_eq!(claim(bytes), None, "{bytes:?}");
        }
        let deep: Vec<u8> = std::iter::repeat_n(0x9c, 100).collect();
        assert_eq!(claim(&deep), None);
    }
    fn gzip(n_bytes: u64) -> Vec<u8> {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        std::io::copy(&mut std::io::repeat(0).take(n_bytes), &mut encoder).unwrap();
        encoder.finish().unwrap()
    }

    #[test]
    fn a_page_in_gzip_unpacks_to_no_more_than_a_page_has() {
        let pages = |is_gzip| Pages { chunks: vec![(100, 1 << 30, is_gzip)], claimed: 0 };
        let bomb = gzip(LARGEST_BATCH_BYTES.unsigned_abs() + 1);
        assert!(bomb.len() < 4 << 20);
        assert!(pages(true).body(&bomb, 100).is_err());
        // Behind the levels of a page of the second version.
        assert!(pages(true).body(&[&[1, 2, 3][..], &bomb].concat(), 200).is_err());
        assert!(pages(true).body(&gzip(1 << 20), 100).is_ok());
        assert!(pages(true).body(&GZIP.repeat(MOST_STARTS + 1), 100).is_err());
        // Elsewhere in the file, and where the bytes are not in gzip, they mean something else.
        assert!(pages(true).body(&bomb, 0).is_ok() && pages(false).body(&bomb, 100).is_ok());
    }

    #[test]
    fn pages_claim_no_more_than_a_sample_has() {
        let header = |claim: u64| {
            let mut bytes = vec![0x15, 0, 0x15];
            let mut rest = claim << 1;
            while 0x7f < rest {
                bytes.push(u8::try_from(rest & 0x7f).unwrap() | 0x80);
                rest >>= 7;
            }
            bytes.extend([u8::try_from(rest).unwrap(), 0x15, 2, 0]);
            packwright_source::MemorySource::new(bytes)
        };
        let mut pages = Pages { chunks: vec![(0, 1 << 30, false)], claimed: 0 };
        let limit = LARGEST_BATCH_BYTES.unsigned_abs();
        assert!(pages.header(&header(limit + 1), 0).is_err());
        for _ in 0..MOST_BYTES / LARGEST_BATCH_BYTES {
            assert!(pages.header(&header(limit), 0).is_ok());
        }
        assert!(pages.header(&header(limit), 0).is_err(), "all of them together");
        assert!(pages.header(&packwright_source::MemorySource::new(vec![0x15]), 0).is_err());
    }
}
