//! A JSON text as a JSON string, piece by piece.

use std::io::Write;

use packwright_formats::joblib::TranscodeError;
use packwright_source::{ByteSource, ErrorKind, ReadError, read_up_to};

/// How much is read at once.
const PIECE_BYTES: usize = 64 << 10;

/// Writes the text in quotes, with quotes, backslashes and control characters escaped, and gives the number of bytes
/// written. Bytes beyond ASCII stay as they are: a JSON text is UTF-8.
pub(super) fn encode(source: &dyn ByteSource, out: &mut dyn Write) -> Result<u64, TranscodeError> {
    let mut piece = vec![0; PIECE_BYTES];
    let mut written = Vec::with_capacity(PIECE_BYTES);
    let (mut offset, mut total) = (0, 0);
    written.push(b'"');
    loop {
        let n = read_up_to(source, offset, &mut piece)
            .map_err(|error| ReadError::new("prophet-json", offset, ErrorKind::Io(error)))?;
        for byte in piece.get(..n).unwrap_or_default() {
            match byte {
                b'"' | b'\\' => written.extend([b'\\', *byte]),
                0..=0x1f => written.extend(format!("\\u{byte:04x}").into_bytes()),
                _ => written.push(*byte),
            }
        }
        if n == 0 {
            written.push(b'"');
        }
        out.write_all(&written)?;
        total += written.len() as u64;
        written.clear();
        offset += n as u64;
        if n == 0 {
            return Ok(total);
        }
    }
}

#[cfg(test)]
mod tests {
    use packwright_source::MemorySource;

    use super::*;

    #[test]
    fn what_json_reads_back_is_the_text() {
        let long = "{\"a\": \"x\\\"y\\\\\", \"b\": \"\u{e9}\u{1f600}\"}\n\t".repeat(5_000);
        for text in ["", "{}", "{\"growth\": \"linear\"}\r\n", long.as_str()] {
            let mut out = Vec::new();
            let n = encode(&MemorySource::new(text.as_bytes().to_vec()), &mut out).unwrap();
            assert_eq!(n, out.len() as u64);
            assert_eq!(serde_json::from_slice::<String>(&out).unwrap(), text);
        }
    }
}
