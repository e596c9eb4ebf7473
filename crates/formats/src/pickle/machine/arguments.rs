//! The arguments behind the opcodes: lengths, numbers, texts and bytes.

use packwright_source::{ErrorKind, ReadError};

use super::{KEPT_BYTES, KEPT_TEXT, LINE, Machine};
use crate::pickle::text::{text_from, unescape};
use crate::pickle::trace::OddityKind;
use crate::pickle::value::{Bytes, Node, Value};
use crate::pickle::{NESTED, SHORTEST};

impl Machine<'_, '_> {
    pub(super) fn frame(&mut self, at: u64) -> Result<(), ReadError> {
        let len = self.len8()?;
        if self.frame_end.is_some() {
            self.odd(OddityKind::FrameNested, at);
        }
        if self.cursor.remaining().is_some_and(|rest| rest < len) {
            self.odd(OddityKind::FrameTooLong, at);
        }
        self.frame_end = Some(self.cursor.position().saturating_add(len));
        Ok(())
    }

    pub(super) fn len4(&mut self) -> Result<u64, ReadError> {
        Ok(u32::from_le_bytes(self.cursor.array("a length")?).into())
    }

    pub(super) fn len8(&mut self) -> Result<u64, ReadError> {
        Ok(u64::from_le_bytes(self.cursor.array("a length")?))
    }

    pub(super) fn signed_len(&mut self) -> Result<u64, ReadError> {
        let at = self.cursor.position();
        let n = i32::from_le_bytes(self.cursor.array("a length")?);
        u64::try_from(n).map_err(|_negative| {
            let kind = ErrorKind::malformed("length", "0 or more", n.to_string());
            ReadError::new(self.cursor.format(), at, kind)
        })
    }

    pub(super) fn text(&mut self, len: u64, at: u64) -> Result<(), ReadError> {
        if len <= KEPT_TEXT && self.budget.can_keep(len) {
            let bytes = self.cursor.take(len, "a text")?;
            self.push_text(at, text_from(bytes));
            return Ok(());
        }
        self.pickle.is_cut |= len <= KEPT_TEXT;
        let offset = self.cursor.position();
        self.cursor.skip(len, "a text")?;
        self.push_node(Node::Bytes(Box::new(Bytes { is_text: true, ..Bytes::at(offset, len) })));
        Ok(())
    }

    pub(super) fn push_text(&mut self, at: u64, text: String) {
        let len = u64::try_from(text.len()).unwrap_or(u64::MAX);
        if self.budget.keep("text", len).is_ok() {
            self.push_node(Node::Text(text.into()));
        } else {
            self.pickle.is_cut = true;
            self.push_node(Node::Bytes(Box::new(Bytes { is_text: true, ..Bytes::at(at, len) })));
        }
    }

    pub(super) fn bytes(&mut self, len: u64) -> Result<(), ReadError> {
        let offset = self.cursor.position();
        let may_be_pickle = SHORTEST <= len && matches!(self.cursor.peek_bytes(2)?, [0x80, 0..=5]);
        let kept = if len <= KEPT_BYTES && self.budget.keep("bytes", len).is_ok() {
            Some(self.cursor.take(len, "bytes")?.into())
        } else {
            self.cursor.skip(len, "bytes")?;
            None
        };
        let bytes = Bytes { kept, ..Bytes::at(offset, len) };
        if may_be_pickle && self.pickle.nested.len() < NESTED {
            self.pickle.nested.push(bytes.clone());
        }
        self.push_node(Node::Bytes(Box::new(bytes)));
        Ok(())
    }

    pub(super) fn long(&mut self, len: u64) -> Result<(), ReadError> {
        if KEPT_BYTES < len {
            self.cursor.skip(len, "an integer")?;
            self.push(Value::Dropped);
            return Ok(());
        }
        let bytes = self.cursor.take(len, "an integer")?;
        self.push_int(&bytes);
        Ok(())
    }

    /// Little-endian two's complement of any length; none is 0.
    pub(super) fn push_int(&mut self, bytes: &[u8]) {
        let is_negative = bytes.last().is_some_and(|byte| 0x80 <= *byte);
        let fill = if is_negative { 0xff } else { 0 };
        let mut wide = [fill; 8];
        if let Some(part) = wide.get_mut(..bytes.len()) {
            part.copy_from_slice(bytes);
            self.push(Value::Int(i64::from_le_bytes(wide)));
        } else {
            self.push_node(Node::BigInt(bytes.into()));
        }
    }

    pub(super) fn int_line(&mut self) -> Result<(), ReadError> {
        let line = self.cursor.line("an integer", LINE)?;
        let value = match line.as_slice() {
            b"00" => Value::Bool(false),
            b"01" => Value::Bool(true),
            _ => Value::Int(self.parse(&line, "integer")?),
        };
        self.push(value);
        Ok(())
    }

    pub(super) fn long_line(&mut self) -> Result<(), ReadError> {
        let line = self.cursor.line("an integer", LINE)?;
        let digits = line.strip_suffix(b"L").unwrap_or(&line);
        let value = std::str::from_utf8(digits).ok().and_then(|digits| digits.trim().parse().ok());
        self.push(value.map_or(Value::Dropped, Value::Int));
        Ok(())
    }

    pub(super) fn float_line(&mut self) -> Result<(), ReadError> {
        let line = self.cursor.line("a float", LINE)?;
        let x = self.parse(&line, "float")?;
        self.push(Value::Float(x));
        Ok(())
    }

    pub(super) fn number_line(&mut self) -> Result<u64, ReadError> {
        let line = self.cursor.line("a memo number", LINE)?;
        self.parse(&line, "memo number")
    }

    pub(super) fn parse<T: std::str::FromStr>(
        &self,
        line: &[u8],
        what: &'static str,
    ) -> Result<T, ReadError> {
        let text = String::from_utf8_lossy(line);
        text.trim().parse().map_err(|_no_number| {
            let found: String = text.chars().take(40).collect();
            // Python takes `1_0` and `0x10` too; everything else it refuses as we do.
            let is_spelled = |byte: &u8| byte.is_ascii_alphanumeric() || b"_+-. \t\r\x0b\x0c".contains(byte);
            if line.iter().all(is_spelled) && line.iter().any(u8::is_ascii_digit) {
                return self
                    .cursor
                    .error(ErrorKind::Unsupported(format!("way to write a {what}: {found:?}")));
            }
            self.cursor.error(ErrorKind::malformed(what, "decimal digits", format!("{found:?}")))
        })
    }

    /// A Python 2 `repr` of a byte string.
    pub(super) fn string_line(&mut self) -> Result<(), ReadError> {
        let at = self.cursor.position();
        let line = self.cursor.line("a string", LINE)?;
        let line = line.strip_suffix(b"\r").unwrap_or(&line);
        let ([b'\'', quoted @ .., b'\''] | [b'"', quoted @ .., b'"']) = line else {
            let kind = ErrorKind::malformed("string", "quotes around it", "none");
            return Err(ReadError::new(self.cursor.format(), at, kind));
        };
        let bytes = unescape(quoted);
        self.push_text(at, text_from(bytes));
        Ok(())
    }
}
