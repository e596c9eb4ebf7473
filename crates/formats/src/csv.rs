//! Tables of text: CSV and TSV.
//!
//! Read: the first rows, UTF-8 with or without a byte order mark, fields quoted with `"`, any line ends. Not read: other
//! encodings and comments. Which fields are numbers is for others to say: a field is a text here.
//!
//! Specification: RFC 4180, and what `pandas.read_csv` does beyond it.

use csv::{ReaderBuilder, StringRecord};
use packwright_source::{ByteSource, ErrorKind, ReadError, read_up_to};

use crate::table::Part;

const FORMAT: &str = "csv";

/// The separators that are looked for, in the order in which they win.
const SEPARATORS: [u8; 4] = [b',', b'\t', b';', b'|'];

/// A table of text, the header among its records.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TextTable {
    /// What stands between fields.
    pub separator: char,
    /// The records, the first of them the header. They may be of different lengths.
    pub records: Vec<Vec<String>>,
    /// Whether these are all records of the file.
    pub is_whole: bool,
}

/// Reads the first records of a table. `separator` is found out where it is not given.
///
/// # Errors
///
/// [`ErrorKind::Malformed`] for bytes that are not text in UTF-8, [`ErrorKind::Io`].
pub fn read(source: &dyn ByteSource, separator: Option<u8>, part: &Part) -> Result<TextTable, ReadError> {
    let wanted = source.len_bytes().min(part.bytes);
    let mut bytes = vec![0; usize::try_from(wanted).unwrap_or(usize::MAX)];
    let n =
        read_up_to(source, 0, &mut bytes).map_err(|error| ReadError::new(FORMAT, 0, ErrorKind::Io(error)))?;
    bytes.truncate(n);
    let is_whole_file = u64::try_from(n).is_ok_and(|n| n == source.len_bytes());
    let (text, skipped) = text_of(&bytes, is_whole_file)?;
    let separator = separator.unwrap_or_else(|| separator_of(text));
    let mut reader = ReaderBuilder::new()
        .delimiter(separator)
        .has_headers(false)
        .flexible(true)
        .from_reader(text.as_bytes());
    let mut table =
        TextTable { separator: char::from(separator), records: Vec::new(), is_whole: is_whole_file };
    let mut record = StringRecord::new();
    loop {
        let more = reader.read_record(&mut record).map_err(|error| {
            let at = error.position().map_or(0, csv::Position::byte).saturating_add(skipped);
            ReadError::new(FORMAT, at, ErrorKind::malformed("record", "fields of text", error.to_string()))
        })?;
        if !more {
            break;
        }
        // pandas skips lines of nothing but spaces.
        if record.len() == 1
            && record.get(0).is_some_and(|field| !field.is_empty() && field.trim().is_empty())
        {
            continue;
        }
        // The header is a record too.
        if part.rows < table.records.len() {
            table.is_whole = false;
            break;
        }
        table.records.push(record.iter().map(str::to_owned).collect());
    }
    // The part may end in the middle of its last record.
    if !is_whole_file && table.is_whole != is_whole_file {
        table.is_whole = false;
    } else if !is_whole_file && 1 < table.records.len() {
        table.records.pop();
    }
    Ok(table)
}

/// The way out: pandas asks for an encoding too, and a server gets the text as UTF-8.
const SAVE_AS_UTF_8: &str =
    "save it as UTF-8 (\"CSV UTF-8\" in Excel; in pandas read_csv with its encoding, then to_csv)";

/// The bytes as text without a byte order mark, and how many bytes that took.
fn text_of(bytes: &[u8], is_whole: bool) -> Result<(&str, u64), ReadError> {
    let malformed = |at: usize, found: String| {
        let kind = ErrorKind::malformed("text", "UTF-8, as pandas expects", found);
        ReadError::new(FORMAT, u64::try_from(at).unwrap_or(u64::MAX), kind)
    };
    if bytes.starts_with(&[0xff, 0xfe]) || bytes.starts_with(&[0xfe, 0xff]) {
        return Err(malformed(0, format!("UTF-16; {SAVE_AS_UTF_8}")));
    }
    let (bytes, skipped) = bytes.strip_prefix(b"\xef\xbb\xbf").map_or((bytes, 0), |rest| (rest, 3));
    let text = match str::from_utf8(bytes) {
        Ok(text) => text,
        Err(error) if error.error_len().is_none() && !is_whole => {
            let valid = bytes.get(..error.valid_up_to()).unwrap_or_default();
            str::from_utf8(valid).unwrap_or_default()
        }
        Err(error) => {
            let at = error.valid_up_to();
            let byte = bytes.get(at).copied().unwrap_or_default();
            return Err(malformed(
                at.saturating_add(skipped),
                format!("the byte 0x{byte:02x} of another encoding; {SAVE_AS_UTF_8}"),
            ));
        }
    };
    match text.find('\0') {
        Some(at) => Err(malformed(at.saturating_add(skipped), "a zero byte".into())),
        None => Ok((text, u64::try_from(skipped).unwrap_or_default())),
    }
}

/// The separator that the first line has, outside of quotes; a comma when it has none.
fn separator_of(text: &str) -> u8 {
    let mut is_quoted = false;
    let mut counts = [0_usize; SEPARATORS.len()];
    for byte in text.bytes() {
        match byte {
            b'"' => is_quoted = !is_quoted,
            b'\n' | b'\r' if !is_quoted => break,
            _ if is_quoted => {}
            _ => {
                for (count, _) in counts.iter_mut().zip(SEPARATORS).filter(|(_, known)| *known == byte) {
                    *count = count.saturating_add(1);
                }
            }
        }
    }
    let found = counts.iter().zip(SEPARATORS).find(|(count, _)| 0 < **count);
    found.map_or(b',', |(_, separator)| separator)
}

#[cfg(test)]
mod tests {
    use packwright_source::MemorySource;

    use super::*;

    fn table(text: &[u8], part: Part) -> Result<TextTable, ReadError> {
        read(&MemorySource::new(text), None, &part)
    }

    fn records(text: &str) -> Vec<Vec<String>> {
        table(text.as_bytes(), Part::default()).unwrap().records
    }

    #[test]
    fn fields_are_split_at_the_separator_of_the_first_line() {
        assert_eq!(records("\u{feff}a,b\r\n1,\"x, \"\"y\"\"\n z\"\r\n"), [["a", "b"], ["1", "x, \"y\"\n z"]]);
        assert_eq!(records("a;b\n1,5;2\n"), [["a", "b"], ["1,5", "2"]]);
        assert_eq!(records("\"a,b\"\tc\n\n  \n1\t2"), [["a,b", "c"], ["1", "2"]]);
        assert_eq!(records("a\r1\r2\r"), [["a"], ["1"], ["2"]]);
    }

    #[test]
    fn a_long_file_is_read_by_its_first_part_and_says_so() {
        let text = b"a,b\n1,2\n3,4\n5,6\n";
        let by_rows = table(text, Part { rows: 2, bytes: 1000 }).unwrap();
        assert_eq!((by_rows.records.len(), by_rows.is_whole), (3, false));
        let by_bytes = table(text, Part { rows: 100, bytes: 13 }).unwrap();
        assert_eq!((by_bytes.records.len(), by_bytes.is_whole), (3, false), "half a record is none");
        let exact = table(text, Part { rows: 3, bytes: 1000 }).unwrap();
        assert_eq!((exact.records.len(), exact.is_whole), (4, true));
    }

    #[test]
    fn what_is_no_text_is_refused_with_its_place() {
        for (bytes, expected) in [
            (&b"a,b\n1,\xff2"[..], "csv at byte 6"),
            (b"caf\xe9\n", "0xe9 of another encoding; save it as UTF-8 ("),
            (b"a\0b", "csv at byte 1"),
            (b"\xff\xfea\0", "UTF-16"),
        ] {
            let error = table(bytes, Part::default()).unwrap_err().to_string();
            assert!(error.contains(expected), "{error}");
        }
    }
}
