//! Object headers as lists of messages.

use packwright_source::{ErrorKind, ReadError};

use super::{Bytes, FORMAT, signature};

/// More messages than any object has.
const MESSAGES: usize = 100_000;

/// One message of an object header.
#[derive(Debug, Clone)]
pub(super) struct Message {
    pub(super) kind: u16,
    /// Whether it only says where the message lies.
    pub(super) is_shared: bool,
    /// Where its content lies.
    pub(super) offset: u64,
}

/// A stretch of bytes with messages.
struct Block {
    offset: u64,
    len: u64,
}

/// Reads the header at an address, with the blocks that it is continued in.
pub(super) fn read(bytes: &mut Bytes<'_>, address: u64) -> Result<Vec<Message>, ReadError> {
    let mut at = bytes.at(address)?;
    let start = at.position();
    let mut messages = Vec::new();
    let (is_new, flags, first) = if at.peek_bytes(4)? == b"OHDR" {
        at.skip(4, "an object header")?;
        let [version, flags] = at.array("an object header")?;
        if version != 2 {
            return Err(unsupported(start, version));
        }
        let skipped = if flags & 0x20 != 0 { 16 } else { 0_u64 };
        at.skip(skipped.saturating_add(if flags & 0x10 != 0 { 4 } else { 0 }), "an object header")?;
        let len = super::number(&mut at, 1_usize << (flags & 3))?;
        (true, flags, Block { offset: at.position(), len })
    } else {
        let [version, _] = at.array("an object header")?;
        if version != 1 {
            return Err(unsupported(start, version));
        }
        at.skip(6, "an object header")?;
        let len = u64::from(u32::from_le_bytes(at.array("an object header")?));
        (false, 0, Block { offset: start.saturating_add(16), len })
    };
    let mut waiting = vec![first];
    let mut n_blocks = 0_usize;
    while let Some(block) = waiting.pop() {
        n_blocks = n_blocks.saturating_add(1);
        let is_too_much = MESSAGES < n_blocks || MESSAGES < messages.len();
        if is_too_much {
            let asked = u64::try_from(messages.len()).unwrap_or(u64::MAX);
            let limit = u64::try_from(MESSAGES).unwrap_or(u64::MAX);
            return Err(ReadError::new(
                FORMAT,
                start,
                ErrorKind::Limit { what: "an object header", asked, limit },
            ));
        }
        read_block(bytes, &block, (is_new, flags), &mut messages, &mut waiting)?;
    }
    Ok(messages)
}

fn unsupported(offset: u64, version: u8) -> ReadError {
    ReadError::new(FORMAT, offset, ErrorKind::Unsupported(format!("object header version {version}")))
}

fn read_block(
    bytes: &mut Bytes<'_>,
    block: &Block,
    (is_new, flags): (bool, u8),
    messages: &mut Vec<Message>,
    waiting: &mut Vec<Block>,
) -> Result<(), ReadError> {
    let mut at = packwright_source::Cursor::over(FORMAT, bytes.source, block.offset);
    let end = block.offset.saturating_add(block.len);
    // The kind, the length and the flags of a message; what is shorter at the end is a gap.
    let head_len = match (is_new, flags & 4 != 0) {
        (false, _) => 8,
        (true, false) => 4,
        (true, true) => 6,
    };
    while at.position().saturating_add(head_len) <= end {
        bytes.step("messages", at.position())?;
        let kind = if is_new {
            u16::from(at.byte("a message")?)
        } else {
            u16::from_le_bytes(at.array("a message")?)
        };
        let len = u64::from(u16::from_le_bytes(at.array("a message")?));
        let message_flags = at.byte("a message")?;
        at.skip(head_len.saturating_sub(if is_new { 4 } else { 5 }), "a message")?;
        let offset = at.position();
        if end < offset.saturating_add(len) {
            let kind =
                ErrorKind::malformed("message", "one that ends with its header", format!("{len} bytes"));
            return Err(ReadError::new(FORMAT, offset, kind));
        }
        at.skip(len, "a message")?;
        match kind {
            // A gap.
            0 => {}
            0x10 => waiting.push(continuation(bytes, offset, is_new)?),
            _ => messages.push(Message { kind, is_shared: message_flags & 2 != 0, offset }),
        }
    }
    Ok(())
}

/// Where a header goes on.
fn continuation(bytes: &Bytes<'_>, offset: u64, is_new: bool) -> Result<Block, ReadError> {
    let mut at = packwright_source::Cursor::over(FORMAT, bytes.source, offset);
    let address = bytes.address(&mut at)?;
    let len = bytes.length(&mut at)?;
    let mut at = bytes.at(address)?;
    if !is_new {
        return Ok(Block { offset: at.position(), len });
    }
    signature(&mut at, "a header block", b"OCHK")?;
    // The signature before and the checksum behind are no messages.
    Ok(Block { offset: at.position(), len: len.saturating_sub(8) })
}
