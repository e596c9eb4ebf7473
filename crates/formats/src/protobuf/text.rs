//! The text form of protobuf as the wire format.

use packwright_source::{Budget, ByteSource, ErrorKind, Limits, ReadError};

use super::people::{Seen, check_depth, cost, whole};
use super::schema::{FieldDef, Kind, Message};
use super::write::{Scalar, Writer};

/// Gives a message in its text form as the wire has it.
///
/// # Errors
///
/// [`ErrorKind::Malformed`] for what is not in the text form, for fields that the message does not have and values that
/// the field does not take; [`ErrorKind::Unsupported`] for extensions; [`ErrorKind::Limit`]; [`ErrorKind::Io`].
pub fn from_text(
    format: &'static str,
    source: &dyn ByteSource,
    message: &'static Message,
    limits: &Limits,
) -> Result<Vec<u8>, ReadError> {
    let bytes = whole(format, source, limits)?;
    let mut text = Text { format, bytes: &bytes, at: 0, budget: Budget::new(*limits) };
    Ok(text.message(message, None, 0)?.into_bytes())
}

struct Text<'a> {
    format: &'static str,
    bytes: &'a [u8],
    at: usize,
    budget: Budget,
}

impl Text<'_> {
    /// The fields up to `closer`, or to the end of the text.
    fn message(
        &mut self,
        message: &'static Message,
        closer: Option<u8>,
        depth: usize,
    ) -> Result<Writer, ReadError> {
        check_depth(depth).map_err(|kind| self.error(kind))?;
        let mut writer = Writer::new();
        let mut seen = Seen::default();
        loop {
            match (self.peek(), closer) {
                (None, None) => break,
                (Some(byte), Some(closer)) if byte == closer => {
                    self.step();
                    break;
                }
                (None, Some(_)) => {
                    return Err(self.error(ErrorKind::Truncated { what: "a message", missing: 1 }));
                }
                (Some(b'['), _) => {
                    return Err(self.error(ErrorKind::Unsupported("an extension".to_owned())));
                }
                (Some(_), _) => {}
            }
            let name = self.word()?;
            let Some((place, field)) = message.field(|known| known == name) else {
                return Err(self.malformed(format!("a field of {}", message.name), format!("{name:?}")));
            };
            if !seen.admits(place, field) {
                return Err(self.malformed(format!("one {name}"), "another one"));
            }
            let has_colon = self.takes(b':');
            if !has_colon && !matches!(field.kind, Kind::Message(_)) {
                return Err(self.malformed("a colon".to_owned(), self.found()));
            }
            if self.takes(b'[') {
                let mut is_first = true;
                while !self.takes(b']') {
                    if !is_first && !self.takes(b',') {
                        return Err(self.malformed("a comma".to_owned(), self.found()));
                    }
                    is_first = false;
                    self.value(field, &mut writer, &mut seen, depth)?;
                }
            } else {
                self.value(field, &mut writer, &mut seen, depth)?;
            }
            if !self.takes(b',') {
                self.takes(b';');
            }
        }
        seen.finish(&mut writer);
        Ok(writer)
    }

    fn value(
        &mut self,
        field: &'static FieldDef,
        writer: &mut Writer,
        seen: &mut Seen,
        depth: usize,
    ) -> Result<(), ReadError> {
        if let Kind::Message(inner) = field.kind {
            let closer = if self.takes(b'{') {
                b'}'
            } else if self.takes(b'<') {
                b'>'
            } else {
                return Err(self.malformed(format!("a {} in brackets", inner.name), self.found()));
            };
            let inner = self.message(inner, Some(closer), depth.saturating_add(1))?;
            writer.message(field.number, &inner);
            return Ok(());
        }
        let scalar = match field.kind {
            Kind::Text | Kind::Bytes => Scalar::Bytes(self.strings()?),
            _ => self.number(matches!(field.kind, Kind::Float | Kind::Double))?,
        };
        self.budget.keep("the binary form", cost(&scalar)).map_err(|kind| self.error(kind))?;
        scalar
            .write(field, writer, seen.packed(field))
            .map_err(|expected| self.malformed(format!("{expected} for {}", field.name), "something else"))
    }

    /// A number, or a name.
    fn number(&mut self, is_float: bool) -> Result<Scalar, ReadError> {
        let is_negative = self.takes(b'-');
        self.peek();
        let word = self.run(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'+' | b'-'));
        let lower = word.to_ascii_lowercase();
        let sign = if is_negative { "-" } else { "" };
        let is_name = word.starts_with(|char: char| char.is_ascii_alphabetic() || char == '_');
        let scalar = match lower.as_str() {
            "" => None,
            "inf" | "infinity" if is_float => Some(Scalar::Float(format!("{sign}inf"))),
            "nan" if is_float => Some(Scalar::Float("NaN".to_owned())),
            _ if is_name => (!is_negative).then(|| Scalar::Name(word.clone())),
            _ => integer(&lower)
                // -0.0 has no integer.
                .filter(|int| !is_float || *int != 0 || !is_negative)
                .map(|int| Scalar::Int(if is_negative { int.saturating_neg() } else { int }))
                .or_else(|| {
                    let digits = lower.strip_suffix('f').unwrap_or(&lower);
                    let text = format!("{sign}{digits}");
                    (is_float && text.parse::<f64>().is_ok()).then_some(Scalar::Float(text))
                }),
        };
        scalar.ok_or_else(|| self.malformed("a number".to_owned(), format!("{word:?}")))
    }

    /// One or more quoted strings, which belong together.
    fn strings(&mut self) -> Result<Vec<u8>, ReadError> {
        let mut text = Vec::new();
        let mut is_first = true;
        loop {
            match self.peek() {
                Some(quote @ (b'"' | b'\'')) => {
                    self.step();
                    self.string(quote, &mut text)?;
                }
                _ if is_first => return Err(self.malformed("a quoted text".to_owned(), self.found())),
                _ => return Ok(text),
            }
            is_first = false;
        }
    }

    fn string(&mut self, quote: u8, text: &mut Vec<u8>) -> Result<(), ReadError> {
        loop {
            let Some(byte) = self.take() else {
                return Err(self.error(ErrorKind::Truncated { what: "a text", missing: 1 }));
            };
            match byte {
                b'\n' => return Err(self.malformed("the end of the text".to_owned(), "the end of the line")),
                b'\\' => self.escape(text)?,
                _ if byte == quote => return Ok(()),
                _ => text.push(byte),
            }
        }
    }

    fn escape(&mut self, text: &mut Vec<u8>) -> Result<(), ReadError> {
        let byte = self.take().unwrap_or(0);
        let plain = match byte {
            b'a' => 7,
            b'b' => 8,
            b'f' => 12,
            b'n' => b'\n',
            b'r' => b'\r',
            b't' => b'\t',
            b'v' => 11,
            b'\\' | b'\'' | b'"' | b'?' => byte,
            b'0'..=b'7' => {
                self.at = self.at.saturating_sub(1);
                self.byte(8, 3)?
            }
            b'x' | b'X' => self.byte(16, 2)?,
            b'u' | b'U' => {
                let code = self.digits(16, if byte == b'u' { 4 } else { 8 })?;
                let char = char::from_u32(code).ok_or_else(|| self.bad_escape())?;
                text.extend_from_slice(char.encode_utf8(&mut [0; 4]).as_bytes());
                return Ok(());
            }
            _ => return Err(self.bad_escape()),
        };
        text.push(plain);
        Ok(())
    }

    /// Up to `most` digits of an escape.
    fn digits(&mut self, base: u32, most: usize) -> Result<u32, ReadError> {
        let mut value = 0_u32;
        let mut n = 0_usize;
        while n < most
            && let Some(digit) = self.bytes.get(self.at).and_then(|byte| char::from(*byte).to_digit(base))
        {
            value = value.saturating_mul(base).saturating_add(digit);
            self.step();
            n = n.saturating_add(1);
        }
        if n == 0 { Err(self.bad_escape()) } else { Ok(value) }
    }

    fn byte(&mut self, base: u32, most: usize) -> Result<u8, ReadError> {
        let value = self.digits(base, most)?;
        u8::try_from(value).ok().ok_or_else(|| self.bad_escape())
    }

    fn bad_escape(&self) -> ReadError {
        self.malformed("an escape of the text form".to_owned(), self.found())
    }

    fn word(&mut self) -> Result<String, ReadError> {
        self.peek();
        let word = self.run(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
        if word.is_empty() { Err(self.malformed("a field".to_owned(), self.found())) } else { Ok(word) }
    }

    /// The bytes from here on of which `is_in` holds; they must be ASCII.
    fn run(&mut self, is_in: impl Fn(u8) -> bool) -> String {
        let rest = self.bytes.get(self.at..).unwrap_or_default();
        let n = rest.iter().position(|byte| !is_in(*byte)).unwrap_or(rest.len());
        self.at = self.at.saturating_add(n);
        rest.get(..n).unwrap_or_default().iter().map(|byte| char::from(*byte)).collect()
    }

    /// The next byte that is neither white space nor in a comment, without moving past it.
    fn peek(&mut self) -> Option<u8> {
        loop {
            match self.bytes.get(self.at)? {
                b'#' => {
                    let rest = self.bytes.get(self.at..).unwrap_or_default();
                    let n = rest.iter().position(|byte| *byte == b'\n').unwrap_or(rest.len());
                    self.at = self.at.saturating_add(n);
                }
                byte if byte.is_ascii_whitespace() => self.step(),
                byte => return Some(*byte),
            }
        }
    }

    fn takes(&mut self, byte: u8) -> bool {
        let is_it = self.peek() == Some(byte);
        if is_it {
            self.step();
        }
        is_it
    }

    fn take(&mut self) -> Option<u8> {
        let byte = self.bytes.get(self.at).copied();
        self.step();
        byte
    }

    fn step(&mut self) {
        self.at = self.at.saturating_add(1);
    }

    fn found(&self) -> String {
        match self.bytes.get(self.at) {
            Some(byte) if byte.is_ascii_graphic() => char::from(*byte).to_string(),
            Some(byte) => format!("byte 0x{byte:02x}"),
            None => "the end".to_owned(),
        }
    }

    fn error(&self, kind: ErrorKind) -> ReadError {
        ReadError::new(self.format, u64::try_from(self.at).unwrap_or(u64::MAX), kind)
    }

    fn malformed(&self, expected: String, found: impl Into<String>) -> ReadError {
        self.error(ErrorKind::malformed("message", expected, found))
    }
}

/// A number in decimal, hexadecimal or octal.
fn integer(text: &str) -> Option<i128> {
    if let Some(digits) = text.strip_prefix("0x") {
        return i128::from_str_radix(digits, 16).ok();
    }
    match text.strip_prefix('0') {
        Some(digits) if !digits.is_empty() => i128::from_str_radix(digits, 8).ok(),
        _ => text.parse().ok(),
    }
}
