//! The messages of an Arrow stream, looked at before they are read: the reader would allocate whatever length a compressed
//! buffer claims to have, and an allocation that fails ends the process.

use arrow_ipc::{RecordBatch, root_as_message};
use packwright_source::{ByteSource, Cursor, ErrorKind, ReadError, read_up_to};

use super::LARGEST_BATCH_BYTES;
use crate::table::Part;

const FORMAT: &str = "arrow";

/// The longest description of a message.
const LONGEST_METADATA_BYTES: u64 = 32 << 20;

/// The messages that are safe to read.
#[derive(Debug)]
pub(super) struct Checked {
    /// Where the first begins.
    pub(super) start: u64,
    /// How long they are together.
    pub(super) len: u64,
    /// Whether they are all.
    pub(super) is_whole: bool,
}

/// Walks the messages until the wanted rows are there.
pub(super) fn check(source: &dyn ByteSource, part: &Part) -> Result<Checked, ReadError> {
    let mut magic = [0; 6];
    read_up_to(source, 0, &mut magic).map_err(|error| ReadError::new(FORMAT, 0, ErrorKind::Io(error)))?;
    let start = if magic == *b"ARROW1" { 8 } else { 0 };
    let mut cursor = Cursor::over(FORMAT, source, start);
    let mut n_rows = 0_u64;
    let wanted = u64::try_from(part.rows).unwrap_or(u64::MAX);
    while cursor.position() < source.len_bytes() {
        if wanted <= n_rows {
            return Ok(Checked { start, len: cursor.position().saturating_sub(start), is_whole: false });
        }
        let Some(rows) = message(source, &mut cursor)? else { break };
        n_rows = n_rows.saturating_add(rows);
    }
    Ok(Checked { start, len: cursor.position().saturating_sub(start), is_whole: true })
}

/// Checks one message and moves behind it. Gives its rows; `None` at the end of the stream.
fn message(source: &dyn ByteSource, cursor: &mut Cursor<'_>) -> Result<Option<u64>, ReadError> {
    let at = cursor.position();
    let malformed = |expected: &str, found: String| {
        ReadError::new(FORMAT, at, ErrorKind::malformed("message", expected, found))
    };
    let mut len = i32::from_le_bytes(cursor.array("a message")?);
    // Since version 0.15 a marker stands before the length.
    if len == -1 {
        len = i32::from_le_bytes(cursor.array("the length of a message")?);
    }
    let len = u64::try_from(len).ok().ok_or_else(|| malformed("a length", len.to_string()))?;
    if len == 0 {
        return Ok(None);
    }
    if LONGEST_METADATA_BYTES < len {
        let kind = ErrorKind::Limit { what: "a message", asked: len, limit: LONGEST_METADATA_BYTES };
        return Err(ReadError::new(FORMAT, at, kind));
    }
    let metadata = cursor.take(len, "a message")?;
    let message = root_as_message(&metadata).map_err(|error| malformed("a message", error.to_string()))?;
    let body = cursor.position();
    let body_len = u64::try_from(message.bodyLength())
        .ok()
        .ok_or_else(|| malformed("a length of the body", message.bodyLength().to_string()))?;
    let end = body.saturating_add(body_len);
    if source.len_bytes() < end {
        let missing = end.saturating_sub(source.len_bytes());
        return Err(ReadError::new(FORMAT, body, ErrorKind::Truncated { what: "a batch", missing }));
    }
    let mut n_rows = 0;
    if let Some(batch) = message.header_as_record_batch() {
        buffers(source, &batch, body)?;
        n_rows = u64::try_from(batch.length()).unwrap_or_default();
    }
    if let Some(batch) = message.header_as_dictionary_batch().and_then(|dictionary| dictionary.data()) {
        buffers(source, &batch, body)?;
    }
    cursor.skip(body_len, "a batch")?;
    Ok(Some(n_rows))
}

/// Checks what the compressed buffers of a batch claim to hold.
fn buffers(source: &dyn ByteSource, batch: &RecordBatch<'_>, body: u64) -> Result<(), ReadError> {
    if batch.compression().is_none() {
        return Ok(());
    }
    let mut all = 0_i64;
    for buffer in batch.buffers().iter().flatten() {
        let at = body.saturating_add(u64::try_from(buffer.offset()).unwrap_or(u64::MAX));
        let mut claimed = [0; 8];
        if buffer.length() < 8 {
            continue;
        }
        read_up_to(source, at, &mut claimed)
            .map_err(|error| ReadError::new(FORMAT, at, ErrorKind::Io(error)))?;
        // -1 stands before a buffer that is not compressed.
        all = all.saturating_add(i64::from_le_bytes(claimed).max(0));
        if LARGEST_BATCH_BYTES < all {
            let (asked, limit) = (all.unsigned_abs(), LARGEST_BATCH_BYTES.unsigned_abs());
            return Err(ReadError::new(FORMAT, at, ErrorKind::Limit { what: "a batch", asked, limit }));
        }
    }
    Ok(())
}
