//! The protobuf wire format as a walk over fields, nested messages entered and left, everything else skipped by
//! offset.
//!
//! Read: varints, fixed 32 and 64 bit values, and length-delimited fields. Not read: groups, which proto3 dropped
//! and no model format uses. Specification: <https://protobuf.dev/programming-guides/encoding/>.
//!
//! The forms made for people, JSON and text, are read with a schema and written as the wire has them.

mod people;
mod schema;
#[cfg(test)]
mod tests;
mod text;
mod write;

pub use self::people::{from_json, whole};
pub use self::schema::{FieldDef, Kind, Message};
pub use self::text::from_text;
pub use self::write::Writer;

use packwright_source::{Budget, ByteSource, Cursor, ErrorKind, Limits, ReadError};

/// How deep messages may nest. Protobuf's own parsers stop at 100.
const DEPTH: usize = 100;

/// One field: its number, and its value or the length of its payload.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Field {
    /// The field number, 1 to 2^29 - 1.
    pub number: u64,
    /// What it holds.
    pub value: FieldValue,
}

/// What a field holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FieldValue {
    /// An integer, a boolean or an enum. Signed ones are two's complement.
    Varint(u64),
    /// Eight bytes, little-endian.
    Fixed64(u64),
    /// Four bytes, little-endian.
    Fixed32(u32),
    /// A string, bytes, a message or packed numbers of that many bytes. The payload comes next:
    /// [`Wire::enter`], [`Wire::text`], [`Wire::bytes`], [`Wire::packed`], or nothing at all to skip it.
    Bytes(u64),
}

/// A forward walk through a message and the messages inside.
#[derive(Debug)]
pub struct Wire<'a> {
    cursor: Cursor<'a>,
    budget: Budget,
    /// Where each open message ends, the innermost last.
    ends: Vec<u64>,
    /// What is left of the payload of the last field.
    pending: u64,
}

impl<'a> Wire<'a> {
    /// A walk over the message that is the whole source. Errors are made in the name of `format`.
    pub fn over(format: &'static str, source: &'a dyn ByteSource, limits: &Limits) -> Self {
        Self {
            cursor: Cursor::over(format, source, 0),
            budget: Budget::new(*limits),
            ends: vec![source.len_bytes()],
            pending: 0,
        }
    }

    /// The offset of the next byte.
    pub fn position(&self) -> u64 {
        self.cursor.position()
    }

    /// An error at the present position.
    pub fn error(&self, kind: ErrorKind) -> ReadError {
        self.cursor.error(kind)
    }

    /// What is left to spend.
    pub fn budget(&mut self) -> &mut Budget {
        &mut self.budget
    }

    /// The next field of the innermost open message; `None` at its end, and that message is left then. A payload
    /// that was not read is skipped.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Truncated`] for a length beyond the input; [`ErrorKind::Malformed`] for one beyond the message
    /// that holds it, and for wire types and varints that protobuf does not have; [`ErrorKind::Unsupported`] for
    /// groups; [`ErrorKind::Limit`] after [`Limits::steps`] fields.
    pub fn field(&mut self) -> Result<Option<Field>, ReadError> {
        self.skip_pending()?;
        let Some(end) = self.ends.last().copied() else { return Ok(None) };
        let start = self.position();
        if end <= start {
            self.ends.pop();
            return Ok(None);
        }
        self.budget.step("fields", 1).map_err(|kind| self.cursor.error(kind))?;
        let key = self.varint("a field key")?;
        let (number, wire_type) = (key >> 3, key & 7);
        if number == 0 || (1 << 29) <= number {
            return Err(self.malformed_at(start, "field key", "a field number", number.to_string()));
        }
        let value = match wire_type {
            0 => FieldValue::Varint(self.varint("an integer")?),
            1 => FieldValue::Fixed64(u64::from_le_bytes(self.cursor.array("eight bytes")?)),
            2 => FieldValue::Bytes(self.payload(start, end)?),
            5 => FieldValue::Fixed32(u32::from_le_bytes(self.cursor.array("four bytes")?)),
            3 | 4 => {
                let kind = ErrorKind::Unsupported("a protobuf group".to_owned());
                return Err(ReadError::new(self.cursor.format(), start, kind));
            }
            other => return Err(self.malformed_at(start, "field key", "a wire type", other.to_string())),
        };
        if end < self.position() {
            return Err(self.malformed_at(start, "field", "one that ends with its message", "a longer one"));
        }
        Ok(Some(Field { number, value }))
    }

    /// Enters the payload of the last field as a message. [`Wire::field`] then gives its fields, until `None`.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Limit`] when messages nest too deep.
    pub fn enter(&mut self) -> Result<(), ReadError> {
        if DEPTH <= self.ends.len() {
            let limit = u64::try_from(DEPTH).unwrap_or(u64::MAX);
            return Err(self.error(ErrorKind::Limit {
                what: "nesting",
                asked: limit.saturating_add(1),
                limit,
            }));
        }
        self.ends.push(self.position().saturating_add(self.pending));
        self.pending = 0;
        Ok(())
    }

    /// The payload of the last field as text. Bytes that are not UTF-8 become U+FFFD.
    ///
    /// # Errors
    ///
    /// As for [`Wire::bytes`].
    pub fn text(&mut self, what: &'static str) -> Result<String, ReadError> {
        let bytes = self.bytes(what)?;
        Ok(String::from_utf8(bytes)
            .unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into_owned()))
    }

    /// The payload of the last field.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Limit`] when it is longer than [`Limits::header_bytes`] or more is kept than
    /// [`Limits::kept_bytes`].
    pub fn bytes(&mut self, what: &'static str) -> Result<Vec<u8>, ReadError> {
        let (asked, limit) = (self.pending, self.budget.limits().header_bytes);
        if limit < asked {
            return Err(self.error(ErrorKind::Limit { what, asked, limit }));
        }
        self.budget.keep(what, asked).map_err(|kind| self.cursor.error(kind))?;
        self.pending = 0;
        self.cursor.take(asked, what)
    }

    /// The payload of the last field as packed varints, each given to `visit`.
    ///
    /// # Errors
    ///
    /// As for [`Wire::field`].
    pub fn packed(&mut self, mut visit: impl FnMut(u64)) -> Result<(), ReadError> {
        let end = self.position().saturating_add(self.pending);
        self.pending = 0;
        while self.position() < end {
            let start = self.position();
            self.budget.step("packed numbers", 1).map_err(|kind| self.cursor.error(kind))?;
            let number = self.varint("a packed number")?;
            if end < self.position() {
                return Err(self.malformed_at(
                    start,
                    "packed number",
                    "one inside its field",
                    "a longer one",
                ));
            }
            visit(number);
        }
        Ok(())
    }

    /// Moves past fields of this number that hold single numbers, as long as they follow one another: a repeated
    /// field that is not packed, at the cost of looking at its bytes. May stop early; for numbers below 16.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Io`].
    pub fn skip_repeats(&mut self, number: u64) -> Result<(), ReadError> {
        let Some(end) = self.ends.last().copied().filter(|_| self.pending == 0) else { return Ok(()) };
        loop {
            let left = usize::try_from(end.saturating_sub(self.position())).unwrap_or(usize::MAX);
            let at_hand = self.cursor.buffer()?;
            let n = repeats(at_hand.get(..left).unwrap_or(at_hand), number);
            if n == 0 {
                return Ok(());
            }
            self.cursor.consume(n);
        }
    }

    /// The length of a payload, checked against the message that holds it.
    fn payload(&mut self, start: u64, end: u64) -> Result<u64, ReadError> {
        let length = self.varint("a length")?;
        let left = end.saturating_sub(self.position());
        if length <= left {
            self.pending = length;
            return Ok(length);
        }
        if self.ends.len() == 1 {
            let missing = length.saturating_sub(left);
            let kind = ErrorKind::Truncated { what: "a field of the outermost message", missing };
            return Err(ReadError::new(self.cursor.format(), start, kind));
        }
        let expected = format!("at most {left} bytes, which its message has left");
        Err(self.malformed_at(start, "length", expected, length.to_string()))
    }

    fn skip_pending(&mut self) -> Result<(), ReadError> {
        let n = std::mem::take(&mut self.pending);
        self.cursor.skip(n, "a field")
    }

    fn varint(&mut self, what: &'static str) -> Result<u64, ReadError> {
        let start = self.position();
        let mut value = 0_u64;
        for shift in (0..70_u32).step_by(7) {
            let byte = self.cursor.byte(what)?;
            let bits = u64::from(byte & 0x7f);
            // The tenth byte has room for one bit.
            if shift == 63 && 1 < bits {
                break;
            }
            value |= bits.checked_shl(shift).unwrap_or(0);
            if byte & 0x80 == 0 {
                return Ok(value);
            }
        }
        Err(self.malformed_at(start, "varint", "at most 64 bits", "more"))
    }

    fn malformed_at(
        &self,
        at: u64,
        what: &'static str,
        expected: impl Into<String>,
        found: impl Into<String>,
    ) -> ReadError {
        ReadError::new(self.cursor.format(), at, ErrorKind::malformed(what, expected, found))
    }
}

/// How many bytes whole fields of this number take at the start, as long as they are varints or fixed 32 bit values.
fn repeats(bytes: &[u8], number: u64) -> usize {
    let Ok(varint) = u8::try_from(number << 3).map(|key| key & 0x78) else { return 0 };
    let fixed = varint | 5;
    let mut rest = bytes;
    loop {
        let after = match rest.split_first() {
            Some((key, after)) if *key == fixed => after.get(4..),
            Some((key, after)) if *key == varint => {
                let last = after.iter().take(9).position(|byte| byte & 0x80 == 0);
                last.and_then(|last| after.get(last.saturating_add(1)..))
            }
            _ => None,
        };
        match after {
            Some(after) => rest = after,
            None => return bytes.len().saturating_sub(rest.len()),
        }
    }
}
