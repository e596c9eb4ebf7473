//! Sorted tables of keys and values: the file format of `LevelDB`, which TensorFlow keeps the index of a checkpoint in.
//!
//! Read: every key and value, in the order of the file, with the checksum of each block. Not read: blocks that are
//! packed (TensorFlow writes none), and the block of meta data, which is empty in a checkpoint.
//! Specification: <https://github.com/google/leveldb/blob/main/doc/table_format.md>.

#[cfg(test)]
mod tests;

use std::sync::LazyLock;

use packwright_source::{Budget, ByteSource, ErrorKind, Limits, ReadError, read_exact_at};

/// The last bytes of a table.
const MAGIC: [u8; 8] = [0x57, 0xfb, 0x80, 0x8b, 0x24, 0x75, 0x47, 0xdb];

/// The length of what ends a table: two places of blocks, padding, and the magic bytes.
const FOOTER_LEN: u64 = 48;

/// What stands behind each block: how it is packed, and its checksum.
const TRAILER_LEN: u64 = 5;

/// How many bytes of memory an entry takes beyond its key and value.
const ENTRY_BYTES: u64 = 64;

/// What is added to checksums that lie in a file, so that checksums of checksums stay apart.
const MASK: u32 = 0xa282_ead8;

/// A table.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Table {
    /// Its entries, in the order of their keys.
    pub entries: Vec<Entry>,
    /// Offsets of blocks whose checksum is not that of their bytes.
    pub broken_blocks: Vec<u64>,
}

/// A key and its value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// The key.
    pub key: Vec<u8>,
    /// The value.
    pub value: Vec<u8>,
    /// Where the block that it lies in begins.
    pub offset: u64,
}

/// Whether it ends as tables do.
pub fn is_table(source: &dyn ByteSource) -> bool {
    let mut magic = [0; MAGIC.len()];
    let at = source.len_bytes().checked_sub(8).filter(|_| FOOTER_LEN <= source.len_bytes());
    at.is_some_and(|at| read_exact_at(source, at, &mut magic).is_ok() && magic == MAGIC)
}

/// Reads a table to its end. Errors are made in the name of `format`.
///
/// # Errors
///
/// - [`ErrorKind::Malformed`]: no table, or one whose blocks contradict themselves.
/// - [`ErrorKind::Truncated`]: a block that lies behind the end of the file.
/// - [`ErrorKind::Unsupported`]: a block that is packed.
/// - [`ErrorKind::Limit`]: more than [`Limits::kept_bytes`] of keys and values.
pub fn read(format: &'static str, source: &dyn ByteSource, limits: &Limits) -> Result<Table, ReadError> {
    let mut reader = Reader { format, source, budget: Budget::new(*limits), table: Table::default() };
    let index = reader.footer()?;
    for Entry { value, offset, .. } in reader.block(index)? {
        let mut rest = value.as_slice();
        let handle = Handle::read(&mut rest);
        let handle =
            handle.ok_or_else(|| reader.malformed(offset, "index", "the place of a block", "none"))?;
        let entries = reader.block(handle)?;
        reader.table.entries.extend(entries);
    }
    Ok(reader.table)
}

/// Where a block lies.
#[derive(Debug, Clone, Copy)]
struct Handle {
    offset: u64,
    len: u64,
}

impl Handle {
    fn read(bytes: &mut &[u8]) -> Option<Self> {
        Some(Self { offset: varint(bytes)?, len: varint(bytes)? })
    }
}

struct Reader<'a> {
    format: &'static str,
    source: &'a dyn ByteSource,
    budget: Budget,
    table: Table,
}

impl Reader<'_> {
    /// Where the index lies.
    fn footer(&self) -> Result<Handle, ReadError> {
        let len = self.source.len_bytes();
        let at = len.saturating_sub(FOOTER_LEN);
        if !is_table(self.source) {
            return Err(self.malformed(at, "end of the table", "57 fb 80 8b 24 75 47 db", "other bytes"));
        }
        let mut footer = [0; 40];
        self.bytes(at, &mut footer)?;
        let mut rest = footer.as_slice();
        // The first one is the block of meta data.
        Handle::read(&mut rest)
            .and_then(|_| Handle::read(&mut rest))
            .ok_or_else(|| self.malformed(at, "end of the table", "the places of two blocks", "none"))
    }

    /// The entries of a block.
    fn block(&mut self, handle: Handle) -> Result<Vec<Entry>, ReadError> {
        let Handle { offset, len } = handle;
        let whole = len.checked_add(TRAILER_LEN).and_then(|whole| offset.checked_add(whole));
        let missing = whole.map_or(u64::MAX, |end| end.saturating_sub(self.source.len_bytes()));
        if missing != 0 {
            return Err(self.error(offset, ErrorKind::Truncated { what: "a block of the table", missing }));
        }
        let limit = self.budget.limits().header_bytes;
        if limit < len {
            let kind = ErrorKind::Limit { what: "a block of the table", asked: len, limit };
            return Err(self.error(offset, kind));
        }
        // A block that is named again costs again: its checksum takes time.
        let cost = len.saturating_mul(4);
        self.budget.step("blocks of the table", cost).map_err(|kind| self.error(offset, kind))?;
        let mut block = vec![0; usize::try_from(len.saturating_add(TRAILER_LEN)).unwrap_or(0)];
        self.bytes(offset, &mut block)?;
        let Some((body, [packing, a, b, c, d])) = block.split_last_chunk::<5>() else {
            return Err(self.malformed(offset, "block", "bytes and what stands behind them", "less"));
        };
        let stated = u32::from_le_bytes([*a, *b, *c, *d]).wrapping_sub(MASK).rotate_left(15);
        if stated != crc32c(body.iter().chain([packing])) {
            self.table.broken_blocks.push(offset);
        }
        match packing {
            0 => self.entries(offset, body),
            1 => Err(self.error(offset, ErrorKind::Unsupported("block that is packed by Snappy".to_owned()))),
            other => Err(self.malformed(offset, "block", "a packing of 0 or 1", other.to_string())),
        }
    }

    fn entries(&mut self, offset: u64, body: &[u8]) -> Result<Vec<Entry>, ReadError> {
        // The block ends with the places of the entries that do not build on others, and with their count.
        let rest = body.split_last_chunk::<4>().and_then(|(rest, n)| {
            let places = usize::try_from(u32::from_le_bytes(*n)).ok()?.checked_mul(4)?;
            rest.get(..rest.len().checked_sub(places)?)
        });
        let mut rest = rest.ok_or_else(|| {
            self.malformed(offset, "block", "places of entries inside the block", "more of them")
        })?;
        let mut entries: Vec<Entry> = Vec::new();
        let mut key: Vec<u8> = Vec::new();
        while !rest.is_empty() {
            let entry = next(&mut rest, &mut key).ok_or_else(|| {
                self.malformed(offset, "block", "an entry inside the block", "a longer one")
            })?;
            let asked = u64::try_from(key.len().saturating_add(entry.len())).unwrap_or(u64::MAX);
            self.budget
                .keep("the keys and values of the table", asked.saturating_add(ENTRY_BYTES))
                .map_err(|kind| self.error(offset, kind))?;
            entries.push(Entry { key: key.clone(), value: entry.to_vec(), offset });
        }
        Ok(entries)
    }

    fn bytes(&self, at: u64, to: &mut [u8]) -> Result<(), ReadError> {
        read_exact_at(self.source, at, to).map_err(|error| self.error(at, ErrorKind::Io(error)))
    }

    fn error(&self, at: u64, kind: ErrorKind) -> ReadError {
        ReadError::new(self.format, at, kind)
    }

    fn malformed(
        &self,
        at: u64,
        what: &'static str,
        expected: impl Into<String>,
        found: impl Into<String>,
    ) -> ReadError {
        self.error(at, ErrorKind::malformed(what, expected, found))
    }
}

/// The value of the next entry. `key` is the key before it, of which it may share the beginning, and becomes its own.
fn next<'a>(rest: &mut &'a [u8], key: &mut Vec<u8>) -> Option<&'a [u8]> {
    let mut size = || usize::try_from(varint(rest)?).ok();
    let (shared, own, len) = (size()?, size()?, size()?);
    if key.len() < shared {
        return None;
    }
    let (more, behind) = rest.split_at_checked(own)?;
    let (value, behind) = behind.split_at_checked(len)?;
    key.truncate(shared);
    key.extend_from_slice(more);
    *rest = behind;
    Some(value)
}

fn varint(bytes: &mut &[u8]) -> Option<u64> {
    let mut value = 0_u64;
    for shift in (0..64).step_by(7) {
        let (byte, rest) = bytes.split_first()?;
        *bytes = rest;
        value |= u64::from(byte & 0x7f).checked_shl(shift)?;
        if byte & 0x80 == 0 {
            return Some(value);
        }
    }
    None
}

/// The checksum of Castagnoli.
fn crc32c<'a>(bytes: impl Iterator<Item = &'a u8>) -> u32 {
    let of_byte = |crc: u32, byte: &u8| {
        let [low, ..] = (crc ^ u32::from(*byte)).to_le_bytes();
        (crc >> 8) ^ CRC.get(usize::from(low)).copied().unwrap_or(0)
    };
    !bytes.fold(u32::MAX, of_byte)
}

/// The checksum of each byte.
static CRC: LazyLock<[u32; 256]> = LazyLock::new(|| {
    std::array::from_fn(|byte| {
        let byte = u32::try_from(byte).unwrap_or(0);
        (0..8).fold(byte, |crc, _| if crc & 1 == 1 { (crc >> 1) ^ 0x82f6_3b78 } else { crc >> 1 })
    })
});
