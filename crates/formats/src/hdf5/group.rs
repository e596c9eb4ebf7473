//! What lies in a group: symbol tables with their B-tree and heap, and links in the header.

use std::collections::BTreeSet;

use packwright_source::{Cursor, ErrorKind, ReadError};

use super::{Bytes, FORMAT, signature};

/// The longest name.
const NAME_BYTES: u64 = 4096;

/// One name in a group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Entry {
    pub(super) name: String,
    pub(super) to: Target,
}

/// What a name stands for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Target {
    /// The object whose header lies at that address.
    Object(u64),
    /// Another path in this file.
    Soft(String),
    /// A path in another file.
    External { file: String, to: String },
}

/// The names of a symbol table: the addresses of its tree and of the heap with its texts.
pub(super) fn symbol_table(bytes: &mut Bytes<'_>, tree: u64, heap: u64) -> Result<Vec<Entry>, ReadError> {
    let heap = Heap::open(bytes, heap)?;
    let mut entries = Vec::new();
    let mut seen = BTreeSet::new();
    let mut waiting = vec![tree];
    while let Some(address) = waiting.pop() {
        if !seen.insert(address) {
            let kind = ErrorKind::malformed("group", "a tree", "a node that is its own child");
            return Err(ReadError::new(FORMAT, bytes.place(address)?, kind));
        }
        let mut at = bytes.at(address)?;
        bytes.step("tree nodes", at.position())?;
        if at.peek_bytes(4)? == b"SNOD" {
            symbols(bytes, &mut at, &heap, &mut entries)?;
            continue;
        }
        signature(&mut at, "a tree node", b"TREE")?;
        let [kind, _] = at.array("a tree node")?;
        if kind != 0 {
            let kind = ErrorKind::malformed("tree node", "one of a group", kind.to_string());
            return Err(at.error(kind));
        }
        let n = u16::from_le_bytes(at.array("a tree node")?);
        // Its neighbours, and the first key.
        bytes.address(&mut at)?;
        bytes.address(&mut at)?;
        bytes.length(&mut at)?;
        let mut children = Vec::new();
        for _ in 0..n {
            children.push(bytes.address(&mut at)?);
            bytes.length(&mut at)?;
        }
        waiting.extend(children.into_iter().rev());
    }
    Ok(entries)
}

/// The entries of one node.
fn symbols(
    bytes: &mut Bytes<'_>,
    at: &mut Cursor<'_>,
    heap: &Heap,
    entries: &mut Vec<Entry>,
) -> Result<(), ReadError> {
    signature(at, "a symbol table", b"SNOD")?;
    at.skip(2, "a symbol table")?;
    let n = u16::from_le_bytes(at.array("a symbol table")?);
    for _ in 0..n {
        bytes.step("names", at.position())?;
        let name = bytes.address(at)?;
        let address = bytes.address(at)?;
        let cached = u32::from_le_bytes(at.array("a symbol table")?);
        at.skip(4, "a symbol table")?;
        let scratch: [u8; 16] = at.array("a symbol table")?;
        let to = if cached == 2 {
            let offset = scratch.first_chunk::<4>().map_or(0, |offset| u32::from_le_bytes(*offset));
            Target::Soft(heap.text(bytes, u64::from(offset))?)
        } else {
            Target::Object(address)
        };
        entries.push(Entry { name: heap.text(bytes, name)?, to });
    }
    Ok(())
}

/// A local heap, which holds the names of one group.
pub(super) struct Heap {
    data: u64,
    len: u64,
}

impl Heap {
    pub(super) fn open(bytes: &Bytes<'_>, address: u64) -> Result<Self, ReadError> {
        let mut at = bytes.at(address)?;
        signature(&mut at, "a heap", b"HEAP")?;
        at.skip(4, "a heap")?;
        let len = bytes.length(&mut at)?;
        bytes.length(&mut at)?;
        let data = bytes.address(&mut at)?;
        Ok(Self { data, len })
    }

    /// The text at an offset, up to its zero byte.
    pub(super) fn text(&self, bytes: &mut Bytes<'_>, offset: u64) -> Result<String, ReadError> {
        let room = self.len.saturating_sub(offset).min(NAME_BYTES);
        let mut at = bytes.at(self.data.saturating_add(offset))?;
        let start = at.position();
        let mut text = Vec::new();
        for _ in 0..room {
            match at.byte("a name")? {
                0 => {
                    bytes.keep("names", text.len())?;
                    return Ok(String::from_utf8_lossy(&text).into_owned());
                }
                byte => text.push(byte),
            }
        }
        Err(ReadError::new(FORMAT, start, ErrorKind::malformed("name", "a text that ends", "none")))
    }
}

/// A link in the header; `None` for a kind that users of the library made up.
pub(super) fn link(bytes: &Bytes<'_>, at: &mut Cursor<'_>) -> Result<Option<Entry>, ReadError> {
    let [_, flags] = at.array("a link")?;
    let kind = if flags & 8 != 0 { at.byte("a link")? } else { 0 };
    at.skip(if flags & 4 != 0 { 8 } else { 0 }, "a link")?;
    at.skip(u64::from(flags & 0x10 != 0), "a link")?;
    let len = super::number(at, 1_usize << (flags & 3))?;
    if NAME_BYTES < len {
        return Err(at.error(ErrorKind::Limit { what: "a name", asked: len, limit: NAME_BYTES }));
    }
    let name = text(&at.take(len, "a name")?);
    let to = match kind {
        0 => Target::Object(bytes.address(at)?),
        1 => Target::Soft(text(&counted(at)?)),
        64 => {
            let value = counted(at)?;
            let mut parts = value.get(1..).unwrap_or_default().split(|byte| *byte == 0);
            let mut next = || text(parts.next().unwrap_or_default());
            Target::External { file: next(), to: next() }
        }
        _ => return Ok(None),
    };
    Ok(Some(Entry { name, to }))
}

fn counted(at: &mut Cursor<'_>) -> Result<Vec<u8>, ReadError> {
    let len = u16::from_le_bytes(at.array("a link")?);
    at.take(u64::from(len), "a link")
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}
