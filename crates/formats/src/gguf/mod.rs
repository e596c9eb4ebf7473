//! GGUF: keys with typed values, the places of the tensors, then their bytes
//! (<https://github.com/ggml-org/ggml/blob/master/docs/gguf.md>).
//!
//! Read: versions 1 to 3 in both byte orders. Long arrays (a vocabulary of 150 000 texts) are counted, and only their
//! first items kept; the tensors are never read. Not read: arrays of arrays, which no file has.

mod kinds;
#[cfg(test)]
mod tests;

use std::collections::BTreeSet;

use packwright_source::{Budget, ByteSource, Cursor, ErrorKind, Limits, ReadError};

pub use kinds::file_type_name;
use kinds::{TENSOR_KINDS, ValueKind};

/// The name under which errors are made.
const FORMAT: &str = "gguf";

/// How many items of an array are kept.
const KEPT_ITEMS: u64 = 8;

/// A walk reads nearly every byte of the keys.
const FETCH_BYTES: usize = 64 << 10;

/// ggml has four; a few more are room for later.
const MOST_DIMENSIONS: u32 = 8;

/// Where tensors are aligned when the file does not say.
const ALIGNMENT: u64 = 32;

/// Everything a file says about itself.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Gguf {
    /// The version of the format.
    pub version: u32,
    /// Whether its numbers are big-endian.
    pub is_big_endian: bool,
    /// The keys with their values, in the order of the file.
    pub metadata: Vec<(String, Value)>,
    /// The tensors, in the order of the file.
    pub tensors: Vec<Tensor>,
    /// Where the bytes of the tensors start.
    pub data_start: u64,
    /// Keys and tensors that are there twice, and where the second one is.
    pub duplicates: Vec<(String, u64)>,
}

/// The value of a key.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    /// Unsigned, of 8 to 64 bits.
    Unsigned(u64),
    /// Signed, of 8 to 64 bits.
    Signed(i64),
    /// Of 32 bits.
    Single(f32),
    /// Of 64 bits.
    Double(f64),
    /// True or false.
    Bool(bool),
    /// A text; bytes that are no UTF-8 become replacement characters.
    Text(String),
    /// An array.
    Array {
        /// How many items it has.
        len: u64,
        /// The first of them.
        first: Vec<Self>,
    },
}

/// One tensor.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tensor {
    /// Its name: `blk.0.attn_q.weight`.
    pub name: String,
    /// Its shape, outermost first: the file has it the other way round.
    pub shape: Vec<u64>,
    /// ggml's name of its type: `Q4_K`; `an unknown type` for one that is not known here.
    pub kind: String,
    /// Where it starts, from [`Gguf::data_start`].
    pub start: u64,
    /// Its length; `None` for a type that is not known here.
    pub size_bytes: Option<u64>,
}

impl Gguf {
    /// The value of a key.
    pub fn get(&self, key: &str) -> Option<&Value> {
        self.metadata.iter().find(|entry| entry.0 == key).map(|entry| &entry.1)
    }

    /// The text of a key, if it is one.
    pub fn text(&self, key: &str) -> Option<&str> {
        match self.get(key)? {
            Value::Text(text) => Some(text),
            _ => None,
        }
    }

    /// The count of a key, if it is one.
    pub fn count(&self, key: &str) -> Option<u64> {
        match self.get(key)? {
            Value::Unsigned(n) => Some(*n),
            Value::Signed(n) => u64::try_from(*n).ok(),
            _ => None,
        }
    }
}

/// Reads everything but the tensors' bytes.
///
/// # Errors
///
/// [`ErrorKind::Truncated`] when the file ends inside the keys, the list of tensors or a tensor;
/// [`ErrorKind::Malformed`] for counts and lengths that the file cannot hold; [`ErrorKind::Unsupported`] for another
/// version or type of value; [`ErrorKind::Limit`] beyond the budget.
pub fn read(source: &dyn ByteSource, limits: &Limits) -> Result<Gguf, ReadError> {
    let mut walk = Walk {
        cursor: Cursor::over(FORMAT, source, 0).fetching(FETCH_BYTES),
        budget: Budget::new(*limits),
        is_big: false,
        is_short: false,
    };
    let magic: [u8; 4] = walk.cursor.array("the magic")?;
    if magic != *b"GGUF" {
        let kind = ErrorKind::malformed("magic", "GGUF", format!("{magic:02x?}"));
        return Err(ReadError::new(FORMAT, 0, kind));
    }
    let version: [u8; 4] = walk.cursor.array("the version")?;
    let (little, big) = (u32::from_le_bytes(version), u32::from_be_bytes(version));
    // The versions are small: read the wrong way round they are not.
    walk.is_big = big < little;
    let version = little.min(big);
    if !(1..=3).contains(&version) {
        return Err(walk.cursor.error(ErrorKind::Unsupported(format!("version {version}"))));
    }
    walk.is_short = version == 1;
    let mut gguf = Gguf { version, is_big_endian: walk.is_big, ..Gguf::default() };
    let n_tensors = walk.count("tensors", 24)?;
    let n_keys = walk.count("keys", 12)?;
    walk.keys(n_keys, &mut gguf)?;
    walk.tensors(n_tensors, &mut gguf)?;
    let alignment = gguf.count("general.alignment").filter(|n| *n != 0).unwrap_or(ALIGNMENT);
    gguf.data_start = walk.cursor.position().checked_next_multiple_of(alignment).unwrap_or(u64::MAX);
    check_end(&gguf, source.len_bytes())?;
    Ok(gguf)
}

fn check_end(gguf: &Gguf, len_bytes: u64) -> Result<(), ReadError> {
    let end = |tensor: &Tensor| {
        let start = gguf.data_start.saturating_add(tensor.start);
        start.saturating_add(tensor.size_bytes.unwrap_or(0))
    };
    let end = gguf.tensors.iter().map(end).max().unwrap_or(0);
    if len_bytes < end {
        let missing = end.saturating_sub(len_bytes);
        let kind = ErrorKind::Truncated { what: "the last tensor", missing };
        return Err(ReadError::new(FORMAT, len_bytes, kind));
    }
    Ok(())
}

struct Walk<'a> {
    cursor: Cursor<'a>,
    budget: Budget,
    is_big: bool,
    /// Whether lengths have 32 bits, as in version 1.
    is_short: bool,
}

impl Walk<'_> {
    fn keys(&mut self, n: u64, gguf: &mut Gguf) -> Result<(), ReadError> {
        let mut seen = BTreeSet::new();
        for _ in 0..n {
            let at = self.cursor.position();
            let key = self.text("a key")?;
            let kind = self.value_kind()?;
            let value = self.value(kind)?;
            if !seen.insert(key.clone()) {
                gguf.duplicates.push((key.clone(), at));
            }
            gguf.metadata.push((key, value));
        }
        Ok(())
    }

    fn tensors(&mut self, n: u64, gguf: &mut Gguf) -> Result<(), ReadError> {
        let mut seen = BTreeSet::new();
        for _ in 0..n {
            let at = self.cursor.position();
            let name = self.text("a tensor's name")?;
            let n_dimensions = self.u32("a tensor's rank")?;
            if MOST_DIMENSIONS < n_dimensions {
                let expected = format!("at most {MOST_DIMENSIONS} dimensions");
                let kind = ErrorKind::malformed("tensor", expected, n_dimensions.to_string());
                return Err(ReadError::new(FORMAT, at, kind));
            }
            let mut shape = Vec::new();
            for _ in 0..n_dimensions {
                shape.push(self.length("a tensor's shape")?);
            }
            // The file begins with the dimension whose items lie side by side.
            shape.reverse();
            let kind = self.u32("a tensor's type")?;
            let start = self.u64("a tensor's place")?;
            let size_bytes = size_bytes(kind, &shape).map_err(|found| {
                let kind = ErrorKind::malformed("tensor", "a shape that fits its type", found);
                ReadError::new(FORMAT, at, kind)
            })?;
            let kind = TENSOR_KINDS.iter().find(|row| row.0 == kind);
            let kind = kind.map_or_else(|| "an unknown type".to_owned(), |row| row.1.to_owned());
            if !seen.insert(name.clone()) {
                gguf.duplicates.push((name.clone(), at));
            }
            gguf.tensors.push(Tensor { name, shape, kind, start, size_bytes });
        }
        Ok(())
    }

    fn value_kind(&mut self) -> Result<ValueKind, ReadError> {
        let at = self.cursor.position();
        let number = self.u32("a type of value")?;
        ValueKind::of(number).ok_or_else(|| {
            ReadError::new(FORMAT, at, ErrorKind::Unsupported(format!("value of the type {number}")))
        })
    }

    fn value(&mut self, kind: ValueKind) -> Result<Value, ReadError> {
        Ok(match kind {
            ValueKind::Text => Value::Text(self.text("a text")?),
            ValueKind::Array => self.array()?,
            other => self.scalar(other)?,
        })
    }

    fn scalar(&mut self, kind: ValueKind) -> Result<Value, ReadError> {
        const WHAT: &str = "a value";
        Ok(match kind {
            ValueKind::U8 => Value::Unsigned(u64::from(self.cursor.byte(WHAT)?)),
            ValueKind::I8 => Value::Signed(i64::from(self.cursor.byte(WHAT)?.cast_signed())),
            ValueKind::U16 => Value::Unsigned(u64::from(u16::from_le_bytes(self.number(WHAT)?))),
            ValueKind::I16 => Value::Signed(i64::from(i16::from_le_bytes(self.number(WHAT)?))),
            ValueKind::U32 => Value::Unsigned(u64::from(self.u32(WHAT)?)),
            ValueKind::I32 => Value::Signed(i64::from(i32::from_le_bytes(self.number(WHAT)?))),
            ValueKind::U64 => Value::Unsigned(self.u64(WHAT)?),
            ValueKind::I64 => Value::Signed(i64::from_le_bytes(self.number(WHAT)?)),
            ValueKind::F32 => Value::Single(f32::from_le_bytes(self.number(WHAT)?)),
            ValueKind::F64 => Value::Double(f64::from_le_bytes(self.number(WHAT)?)),
            ValueKind::Bool => Value::Bool(self.cursor.byte(WHAT)? != 0),
            ValueKind::Text | ValueKind::Array => Value::Array { len: 0, first: Vec::new() },
        })
    }

    fn array(&mut self) -> Result<Value, ReadError> {
        let at = self.cursor.position();
        let kind = self.value_kind()?;
        if kind == ValueKind::Array {
            let kind = ErrorKind::Unsupported("array of arrays".to_owned());
            return Err(ReadError::new(FORMAT, at, kind));
        }
        let item_bytes = kind.size_bytes().unwrap_or(if self.is_short { 4 } else { 8 });
        let len = self.count("items of an array", item_bytes)?;
        let kept = len.min(KEPT_ITEMS);
        let mut first = Vec::new();
        for _ in 0..kept {
            first.push(self.value(kind)?);
        }
        let rest = len.saturating_sub(kept);
        if let Some(bytes) = kind.size_bytes() {
            self.cursor.skip(rest.saturating_mul(bytes), "an array")?;
        } else {
            self.budget.step("texts", rest).map_err(|kind| self.cursor.error(kind))?;
            for _ in 0..rest {
                let n = self.length("a text")?;
                self.cursor.skip(n, "a text")?;
            }
        }
        Ok(Value::Array { len, first })
    }

    /// A number of things that take up at least `least_bytes` each, so that a count that lies is seen at once.
    fn count(&mut self, what: &'static str, least_bytes: u64) -> Result<u64, ReadError> {
        let at = self.cursor.position();
        let n = self.length(what)?;
        let rest = self.cursor.remaining().unwrap_or(u64::MAX);
        if n.checked_mul(least_bytes).is_none_or(|asked| rest < asked) {
            let expected = format!("as many as {rest} bytes can hold");
            return Err(ReadError::new(FORMAT, at, ErrorKind::malformed(what, expected, n.to_string())));
        }
        let limit = self.budget.limits().values;
        if what != "items of an array" && limit < n {
            return Err(ReadError::new(FORMAT, at, ErrorKind::Limit { what, asked: n, limit }));
        }
        Ok(n)
    }

    fn text(&mut self, what: &'static str) -> Result<String, ReadError> {
        let at = self.cursor.position();
        let n = self.length(what)?;
        let limit = self.budget.limits().header_bytes;
        if limit < n {
            return Err(ReadError::new(FORMAT, at, ErrorKind::Limit { what, asked: n, limit }));
        }
        // The place in a list costs as much as a text of that length.
        let kept = n.saturating_add(64);
        self.budget.keep(what, kept).map_err(|kind| ReadError::new(FORMAT, at, kind))?;
        let bytes = self.cursor.take(n, what)?;
        Ok(String::from_utf8(bytes)
            .unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into_owned()))
    }

    fn length(&mut self, what: &'static str) -> Result<u64, ReadError> {
        if self.is_short { self.u32(what).map(u64::from) } else { self.u64(what) }
    }

    fn u32(&mut self, what: &'static str) -> Result<u32, ReadError> {
        Ok(u32::from_le_bytes(self.number(what)?))
    }

    fn u64(&mut self, what: &'static str) -> Result<u64, ReadError> {
        Ok(u64::from_le_bytes(self.number(what)?))
    }

    /// The bytes of a number, lowest first.
    fn number<const N: usize>(&mut self, what: &'static str) -> Result<[u8; N], ReadError> {
        let mut bytes: [u8; N] = self.cursor.array(what)?;
        if self.is_big {
            bytes.reverse();
        }
        Ok(bytes)
    }
}

/// How many bytes a tensor has; `None` for an unknown type.
fn size_bytes(kind: u32, shape: &[u64]) -> Result<Option<u64>, String> {
    let n = shape.iter().try_fold(1_u64, |n, side| n.checked_mul(*side));
    let n = n.ok_or_else(|| format!("{shape:?}, whose product does not fit into 64 bits"))?;
    let Some((_, name, items, bytes)) = TENSOR_KINDS.iter().find(|row| row.0 == kind) else {
        return Ok(None);
    };
    // Rows are packed in blocks of so many items.
    let row = shape.last().copied().unwrap_or(1);
    if row.checked_rem(*items) != Some(0) {
        return Err(format!("rows of {row} items in blocks of {items} ({name})"));
    }
    let blocks = n.checked_div(*items).unwrap_or(0);
    let size = blocks.checked_mul(*bytes);
    size.map(Some).ok_or_else(|| format!("{shape:?}, whose bytes do not fit into 64 bits"))
}
