//! The header of `.npy` files.
//!
//! Read: versions 1.0, 2.0 and 3.0, plain dtypes. Structured dtypes give [`Header::dtype`] as `None`; the data is
//! never read here.
//!
//! Specification: NEP 1, NumPy `numpy/lib/format.py`.

use packwright_source::{Cursor, ErrorKind, Limits, ReadError};

use crate::numpy::DType;

/// What an `.npy` file says about its array.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Header {
    /// The dtype; `None` for a structured one.
    pub dtype: Option<DType>,
    /// Whether its items are Python objects: then a pickle lies in place of the data.
    pub has_objects: bool,
    /// Whether the data lies in Fortran order.
    pub is_fortran: bool,
    /// The shape in axis order.
    pub shape: Vec<u64>,
    /// Where the data starts, from the start of the file.
    pub data_offset: u64,
}

/// Reads the magic, the version and the header.
///
/// # Errors
///
/// [`ErrorKind::Malformed`] for a wrong magic or header, [`ErrorKind::Unsupported`] for another version,
/// [`ErrorKind::Limit`] for a header beyond [`Limits::header_bytes`], [`ErrorKind::Truncated`].
pub fn read_header(cursor: &mut Cursor<'_>, limits: &Limits) -> Result<Header, ReadError> {
    let start = cursor.position();
    let magic: [u8; 6] = cursor.array("the magic")?;
    if magic != *b"\x93NUMPY" {
        let kind = ErrorKind::malformed("magic", "\\x93NUMPY", format!("{magic:02x?}"));
        return Err(ReadError::new("npy", start, kind));
    }
    let [major, minor] = cursor.array("the version")?;
    let len = match (major, minor) {
        (1, 0) => u64::from(u16::from_le_bytes(cursor.array("the header length")?)),
        (2 | 3, 0) => u64::from(u32::from_le_bytes(cursor.array("the header length")?)),
        _ => return Err(cursor.error(ErrorKind::Unsupported(format!("version {major}.{minor}")))),
    };
    if limits.header_bytes < len {
        let limit = limits.header_bytes;
        return Err(cursor.error(ErrorKind::Limit { what: "the header", asked: len, limit }));
    }
    let at = cursor.position();
    let text = cursor.take(len, "the header")?;
    let data_offset = cursor.position().saturating_sub(start);
    parse(&String::from_utf8_lossy(&text), data_offset).ok_or_else(|| {
        let kind =
            ErrorKind::malformed("header", "a dict with descr, fortran_order and shape", "something else");
        ReadError::new("npy", at, kind)
    })
}

/// A Python dict literal with three known keys.
fn parse(text: &str, data_offset: u64) -> Option<Header> {
    let after = |key: &str| {
        let (_, rest) = text.split_once(&format!("'{key}'"))?;
        rest.trim_start().strip_prefix(':').map(str::trim_start)
    };
    let descr = after("descr")?;
    let dtype = match descr.strip_prefix('\'') {
        Some(quoted) => Some(DType::from_code(quoted.split_once('\'')?.0)?),
        None => None,
    };
    // A structured dtype holds objects if a field's code is O. A field of that name looks the same, which is harmless:
    // its data is then looked at as well.
    let has_objects = match &dtype {
        Some(dtype) => dtype.has_objects,
        None => descr.split(['\'', '"']).any(|quoted| quoted.trim_start_matches(['|', '<', '>', '=']) == "O"),
    };
    let is_fortran = after("fortran_order")?.starts_with("True");
    let (dims, _) = after("shape")?.strip_prefix('(')?.split_once(')')?;
    let dims = dims.split(',').map(str::trim).filter(|dim| !dim.is_empty());
    let shape: Option<Vec<u64>> = dims.map(|dim| dim.trim_end_matches('L').parse().ok()).collect();
    Some(Header { dtype, has_objects, is_fortran, shape: shape?, data_offset })
}
