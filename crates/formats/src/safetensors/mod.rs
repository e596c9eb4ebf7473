//! safetensors: a JSON header with names, types, shapes and offsets, then the bytes of the tensors
//! (<https://github.com/huggingface/safetensors#format>).
//!
//! Read: the header. The tensors are never read, so a file costs what its header costs. What only the official loader
//! refuses (gaps, tensors over each other, keys that come twice) is listed as a [`Problem`]; what makes the header
//! contradict itself or the file is an error.

#[cfg(test)]
mod tests;

use std::sync::Arc;

use packwright_source::{ByteSource, Cursor, ErrorKind, Limits, ReadError, Window};
use serde_json::Value;

use crate::json::JsonScanner;

/// The name under which errors are made.
const FORMAT: &str = "safetensors";

/// The length of the header's length.
const LENGTH_BYTES: u64 = 8;

/// The longest header of the specification, in bytes.
const HEADER_BYTES: u64 = 100_000_000;

/// More problems than anybody reads.
const MOST_PROBLEMS: usize = 100;

/// The types of the specification: name, bits of one element, NumPy's name or the usual one.
const DTYPES: [(&str, u64, &str); 22] = [
    ("BOOL", 8, "bool"),
    ("F4", 4, "float4"),
    ("F6_E2M3", 6, "float6_e2m3"),
    ("F6_E3M2", 6, "float6_e3m2"),
    ("U8", 8, "uint8"),
    ("I8", 8, "int8"),
    ("F8_E5M2", 8, "float8_e5m2"),
    ("F8_E4M3", 8, "float8_e4m3"),
    ("F8_E8M0", 8, "float8_e8m0"),
    ("F8_E4M3FNUZ", 8, "float8_e4m3fnuz"),
    ("F8_E5M2FNUZ", 8, "float8_e5m2fnuz"),
    ("I16", 16, "int16"),
    ("U16", 16, "uint16"),
    ("F16", 16, "float16"),
    ("BF16", 16, "bfloat16"),
    ("I32", 32, "int32"),
    ("U32", 32, "uint32"),
    ("F32", 32, "float32"),
    ("C64", 64, "complex64"),
    ("F64", 64, "float64"),
    ("I64", 64, "int64"),
    ("U64", 64, "uint64"),
];

/// What a file says about its tensors.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Header {
    /// `__metadata__`, in the order of the file.
    pub metadata: Vec<(String, String)>,
    /// The tensors, in the order of the file.
    pub tensors: Vec<Tensor>,
    /// Where the bytes of the tensors start.
    pub data_start: u64,
    /// What the official loader refuses although the header can be read.
    pub problems: Vec<Problem>,
}

/// One tensor.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tensor {
    /// Its name.
    pub name: String,
    /// The type of its elements as the file writes it: `BF16`.
    pub dtype: String,
    /// Its shape, outermost first.
    pub shape: Vec<u64>,
    /// Where it starts, from [`Header::data_start`].
    pub start: u64,
    /// Where it ends, from [`Header::data_start`].
    pub end: u64,
    /// Where its entry lies in the file.
    pub at: u64,
}

/// Something that the official loader refuses.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// The byte of the file where it is.
    pub at: u64,
    /// What kind it is of.
    pub kind: ProblemKind,
    /// What is wrong, as a part of a sentence: `the tensors a and b lie over each other`.
    pub what: String,
}

/// The kinds of problems.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum ProblemKind {
    /// Bytes that belong to no tensor.
    Gap,
    /// Two tensors share bytes.
    Overlap,
    /// A key comes twice; readers differ in which one they take.
    Duplicate,
    /// A type that the specification does not have.
    UnknownType,
    /// Metadata that is no text.
    Metadata,
}

impl Tensor {
    /// NumPy's name of its type or the usual one; the file's own word for a type that the specification does not have.
    pub fn dtype_name(&self) -> &str {
        DTYPES.iter().find(|row| row.0 == self.dtype).map_or(&self.dtype, |row| row.2)
    }
}

impl Header {
    /// The value of a key of `__metadata__`; the last one when it comes twice, as the official loader has it.
    pub fn meta(&self, key: &str) -> Option<&str> {
        self.metadata.iter().rev().find(|entry| entry.0 == key).map(|entry| entry.1.as_str())
    }

    fn problem(&mut self, at: u64, kind: ProblemKind, what: String) {
        if self.problems.len() < MOST_PROBLEMS {
            self.problems.push(Problem { at, kind, what });
        }
    }
}

/// Whether a file of that length may start with these bytes: a length that fits, then an object.
pub fn is_start(head: &[u8], len_bytes: u64) -> bool {
    let Some(n) = head.first_chunk::<8>().map(|bytes| u64::from_le_bytes(*bytes)) else { return false };
    let fits = (2..=HEADER_BYTES).contains(&n) && LENGTH_BYTES.saturating_add(n) <= len_bytes;
    fits && head.get(8) == Some(&b'{')
}

/// Reads the header.
///
/// # Errors
///
/// [`ErrorKind::Truncated`] when the file ends inside the header or a tensor; [`ErrorKind::Malformed`] when the header is
/// no JSON, or a tensor's length is not that of its shape; [`ErrorKind::Limit`] for more header than
/// [`Limits::header_bytes`] or the specification allows.
pub fn read(source: &Arc<dyn ByteSource>, limits: &Limits) -> Result<Header, ReadError> {
    let length = Cursor::over(FORMAT, source.as_ref(), 0).array("the length of the header")?;
    let length = u64::from_le_bytes(length);
    let limit = HEADER_BYTES.min(limits.header_bytes);
    if limit < length {
        return Err(ReadError::new(FORMAT, 0, ErrorKind::Limit { what: "the header", asked: length, limit }));
    }
    let data_start = LENGTH_BYTES.saturating_add(length);
    let len_bytes = source.len_bytes();
    if len_bytes < data_start {
        let missing = data_start.saturating_sub(len_bytes);
        return Err(ReadError::new(
            FORMAT,
            LENGTH_BYTES,
            ErrorKind::Truncated { what: "the header", missing },
        ));
    }
    // Offsets in the window are offsets in the file.
    let window = Window::new(Arc::clone(source), 0, data_start);
    let mut header = Header { data_start, ..Header::default() };
    let mut json = JsonScanner::over(FORMAT, &window, LENGTH_BYTES, limits);
    json.begin_object()?;
    loop {
        let at = json.position();
        let Some(key) = json.next_key()? else { break };
        if key == "__metadata__" {
            metadata(&mut json, &mut header)?;
        } else {
            let value = json.value()?;
            let tensor = tensor(key, &value, at)?;
            header.tensors.push(tensor);
        }
    }
    json.finish()?;
    check(&mut header, len_bytes)?;
    Ok(header)
}

fn metadata(json: &mut JsonScanner<'_>, header: &mut Header) -> Result<(), ReadError> {
    let at = json.position();
    let Value::Object(entries) = json.value()? else {
        header.problem(at, ProblemKind::Metadata, "__metadata__ is no object".to_owned());
        return Ok(());
    };
    for (key, value) in entries {
        match value {
            Value::String(text) => header.metadata.push((key, text)),
            other => {
                let what = format!("the metadata {key:?} is no text");
                header.problem(at, ProblemKind::Metadata, what);
                header.metadata.push((key, other.to_string()));
            }
        }
    }
    Ok(())
}

fn tensor(name: String, value: &Value, at: u64) -> Result<Tensor, ReadError> {
    let malformed = |expected: &str, found: String| {
        ReadError::new(FORMAT, at, ErrorKind::malformed("tensor", expected, format!("{name:?}: {found}")))
    };
    let list =
        |key: &str| -> Option<Vec<u64>> { value.get(key)?.as_array()?.iter().map(Value::as_u64).collect() };
    let Some(dtype) = value.get("dtype").and_then(Value::as_str) else {
        return Err(malformed("a dtype", "none".to_owned()));
    };
    let Some(shape) = list("shape") else { return Err(malformed("a shape of counts", "none".to_owned())) };
    let Some([start, end]) = list("data_offsets").and_then(|list| <[u64; 2]>::try_from(list).ok()) else {
        return Err(malformed("two data_offsets", "something else".to_owned()));
    };
    let Some(len) = end.checked_sub(start) else {
        return Err(malformed("data_offsets in order", format!("{start} to {end}")));
    };
    let bits = DTYPES.iter().find(|row| row.0 == dtype).map(|row| row.1);
    if let Some(bits) = bits {
        let asked = shape.iter().try_fold(bits, |product, side| product.checked_mul(*side));
        let Some(asked) = asked else {
            return Err(malformed("a shape that fits into 64 bits", format!("{dtype} {shape:?}")));
        };
        if asked.div_ceil(8) != len {
            let expected = format!("{} bytes for {dtype} {shape:?}", asked.div_ceil(8));
            return Err(malformed(&expected, format!("{len} bytes")));
        }
    }
    Ok(Tensor { dtype: dtype.to_owned(), shape, start, end, at, name })
}

/// What concerns all tensors together, and the file.
fn check(header: &mut Header, len_bytes: u64) -> Result<(), ReadError> {
    let data_bytes = len_bytes.saturating_sub(header.data_start);
    let last = header.tensors.iter().max_by_key(|tensor| tensor.end);
    if let Some(last) = last.filter(|tensor| data_bytes < tensor.end) {
        let missing = last.end.saturating_sub(data_bytes);
        let kind = ErrorKind::Truncated { what: "the last tensor", missing };
        return Err(ReadError::new(FORMAT, len_bytes, kind));
    }
    let mut found = Vec::new();
    let mut by_name: Vec<&Tensor> = header.tensors.iter().collect();
    by_name.sort_by(|a, b| a.name.cmp(&b.name));
    for pair in by_name.windows(2) {
        if let [first, second] = pair
            && first.name == second.name
        {
            let what = format!("the tensor {:?} is listed twice", first.name);
            found.push((second.at, ProblemKind::Duplicate, what));
        }
    }
    let is_unknown = |tensor: &&Tensor| !DTYPES.iter().any(|row| row.0 == tensor.dtype);
    for tensor in header.tensors.iter().filter(is_unknown).take(MOST_PROBLEMS) {
        let what = format!("the tensor {:?} has the unknown type {:?}", tensor.name, tensor.dtype);
        found.push((tensor.at, ProblemKind::UnknownType, what));
    }
    let mut by_place: Vec<&Tensor> =
        header.tensors.iter().filter(|tensor| tensor.start < tensor.end).collect();
    by_place.sort_by_key(|tensor| (tensor.start, tensor.end));
    let mut end = 0;
    for tensor in by_place {
        if MOST_PROBLEMS <= found.len() {
            break;
        }
        let place = header.data_start.saturating_add(tensor.start);
        if tensor.start < end {
            let what = format!("the tensor {:?} lies over the one before it", tensor.name);
            found.push((place, ProblemKind::Overlap, what));
        } else if end < tensor.start {
            let n = tensor.start.saturating_sub(end);
            let what = format!("{n} bytes before the tensor {:?} belong to no tensor", tensor.name);
            found.push((header.data_start.saturating_add(end), ProblemKind::Gap, what));
        }
        end = end.max(tensor.end);
    }
    if found.len() < MOST_PROBLEMS && end < data_bytes {
        let n = data_bytes.saturating_sub(end);
        let what = format!("{n} bytes after the last tensor belong to no tensor");
        found.push((header.data_start.saturating_add(end), ProblemKind::Gap, what));
    }
    for (at, kind, what) in found {
        header.problem(at, kind, what);
    }
    Ok(())
}
