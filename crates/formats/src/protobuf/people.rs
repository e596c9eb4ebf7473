//! The two forms of protobuf that are made for people, JSON and text, as the wire format.
//!
//! JSON: <https://protobuf.dev/programming-guides/json/>, without `Any` and the other well-known types. Text:
//! <https://protobuf.dev/reference/protobuf/textformat-spec/>, without extensions. Both are held in memory while they
//! are written anew, so they are for files as people look at, and [`Limits::header_bytes`] is the end of it.

use packwright_source::{Budget, ByteSource, ErrorKind, Limits, ReadError, read_up_to};

use super::schema::{FieldDef, Kind, Message};
use super::write::{Scalar, Writer};
use crate::json::{JsonKind, JsonScanner};

/// How deep messages may nest, as on the wire.
const DEPTH: usize = 98;

/// Gives a message in its JSON form as the wire has it.
///
/// # Errors
///
/// [`ErrorKind::Malformed`] for what is no JSON, for fields that the message does not have and values that the field
/// does not take; [`ErrorKind::Limit`]; what the JSON scanner says.
pub fn from_json(
    format: &'static str,
    source: &dyn ByteSource,
    message: &'static Message,
    limits: &Limits,
) -> Result<Vec<u8>, ReadError> {
    check_length(format, source, limits)?;
    let scan = JsonScanner::over(format, source, 0, limits);
    let mut json = Json { scan, budget: Budget::new(*limits) };
    let writer = json.message(message, 0)?;
    json.scan.finish()?;
    Ok(writer.into_bytes())
}

/// Reads a file whole.
///
/// # Errors
///
/// [`ErrorKind::Limit`] when it is longer than [`Limits::header_bytes`]; [`ErrorKind::Io`].
pub fn whole(format: &'static str, source: &dyn ByteSource, limits: &Limits) -> Result<Vec<u8>, ReadError> {
    check_length(format, source, limits)?;
    let mut bytes = vec![0; usize::try_from(source.len_bytes()).unwrap_or(0)];
    let n =
        read_up_to(source, 0, &mut bytes).map_err(|error| ReadError::new(format, 0, ErrorKind::Io(error)))?;
    bytes.truncate(n);
    Ok(bytes)
}

fn check_length(format: &'static str, source: &dyn ByteSource, limits: &Limits) -> Result<(), ReadError> {
    let (asked, limit) = (source.len_bytes(), limits.header_bytes);
    if asked <= limit {
        return Ok(());
    }
    Err(ReadError::new(
        format,
        0,
        ErrorKind::Limit { what: "a model in a form made for people", asked, limit },
    ))
}

/// Which fields of a message were seen, and the payloads of those whose numbers lie together.
#[derive(Debug, Default)]
pub(super) struct Seen {
    fields: u64,
    packed: Vec<(u32, Vec<u8>)>,
}

impl Seen {
    /// Whether a field may stand here: one that stands at most once must not have been seen.
    pub(super) fn admits(&mut self, place: usize, field: &FieldDef) -> bool {
        let bit = u32::try_from(place).ok().and_then(|place| 1_u64.checked_shl(place)).unwrap_or(0);
        let is_new = self.fields & bit == 0;
        self.fields |= bit;
        is_new || field.is_repeated
    }

    /// Where the numbers of a field go: together, or nowhere when each is written by itself.
    pub(super) fn packed(&mut self, field: &FieldDef) -> Option<&mut Vec<u8>> {
        if !field.is_packed {
            return None;
        }
        if !self.packed.iter().any(|(number, _)| *number == field.number) {
            self.packed.push((field.number, Vec::new()));
        }
        self.packed.iter_mut().find(|(number, _)| *number == field.number).map(|(_, payload)| payload)
    }

    /// Writes what lies together.
    pub(super) fn finish(self, writer: &mut Writer) {
        for (number, payload) in self.packed.iter().filter(|(_, payload)| !payload.is_empty()) {
            writer.bytes(*number, payload);
        }
    }
}

/// The budget's word on a nesting that is too deep.
pub(super) fn check_depth(depth: usize) -> Result<(), ErrorKind> {
    let (asked, limit) = (u64::try_from(depth).unwrap_or(u64::MAX), u64::try_from(DEPTH).unwrap_or(u64::MAX));
    if asked <= limit { Ok(()) } else { Err(ErrorKind::Limit { what: "nesting", asked, limit }) }
}

struct Json<'a> {
    scan: JsonScanner<'a>,
    /// What the written bytes may take.
    budget: Budget,
}

impl Json<'_> {
    fn message(&mut self, message: &'static Message, depth: usize) -> Result<Writer, ReadError> {
        check_depth(depth).map_err(|kind| self.scan.error(kind))?;
        let mut writer = Writer::new();
        let mut seen = Seen::default();
        self.scan.begin_object()?;
        while let Some(key) = self.scan.next_key()? {
            let Some((place, field)) = message.field(|name| name == key || is_camel(&key, name)) else {
                return Err(self.malformed(format!("a field of {}", message.name), format!("{key:?}")));
            };
            if !seen.admits(place, field) {
                return Err(self.malformed(format!("one {}", field.name), "another one"));
            }
            if !field.is_repeated {
                self.value(field, &mut writer, &mut seen, depth)?;
            } else if self.scan.kind()? == JsonKind::Array {
                self.scan.begin_array()?;
                while self.scan.next_item()? {
                    self.value(field, &mut writer, &mut seen, depth)?;
                }
            } else if self.scan.kind()? != JsonKind::Scalar || self.scan.scalar()? != "null" {
                return Err(self.malformed(format!("an array of {}", field.name), "something else"));
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
        if let (Kind::Message(inner), JsonKind::Object) = (field.kind, self.scan.kind()?) {
            let inner = self.message(inner, depth.saturating_add(1))?;
            writer.message(field.number, &inner);
            return Ok(());
        }
        let Some(scalar) = self.scalar(field)? else { return Ok(()) };
        self.budget.keep("the binary form", cost(&scalar)).map_err(|kind| self.scan.error(kind))?;
        scalar
            .write(field, writer, seen.packed(field))
            .map_err(|expected| self.malformed(format!("{expected} for {}", field.name), "something else"))
    }

    /// A string, number or name; `None` for `null`, which stands for an absent field.
    fn scalar(&mut self, field: &FieldDef) -> Result<Option<Scalar>, ReadError> {
        let is_bytes = matches!(field.kind, Kind::Bytes);
        let is_text = matches!(field.kind, Kind::Text);
        let is_enum = matches!(field.kind, Kind::Enum(_));
        let is_quoted = self.scan.kind()? == JsonKind::String;
        let text = if is_quoted {
            match self.scan.value()? {
                serde_json::Value::String(text) => text,
                _ => String::new(),
            }
        } else {
            self.scan.scalar()?
        };
        let scalar = match (is_quoted, text.as_str()) {
            (false, "null") => return Ok(None),
            (true, _) if is_bytes => base64(&text).map(Scalar::Bytes),
            (true, _) if is_text => Some(Scalar::Bytes(text.into_bytes())),
            (true, _) if is_enum => Some(Scalar::Name(text)),
            _ => number(&text),
        };
        match scalar {
            Some(scalar) => Ok(Some(scalar)),
            None => Err(self.malformed(format!("a value for {}", field.name), "something else")),
        }
    }

    fn malformed(&self, expected: String, found: impl Into<String>) -> ReadError {
        self.scan.error(ErrorKind::malformed("message", expected, found))
    }
}

/// What a value takes in the written bytes at most, beside its own length.
pub(super) fn cost(scalar: &Scalar) -> u64 {
    const KEY_AND_NUMBER: u64 = 12;
    match scalar {
        Scalar::Bytes(bytes) => u64::try_from(bytes.len()).unwrap_or(u64::MAX).saturating_add(KEY_AND_NUMBER),
        _ => KEY_AND_NUMBER,
    }
}

/// A number in JSON, quoted or not: an integer where it is one.
fn number(text: &str) -> Option<Scalar> {
    if let Ok(int) = text.parse::<i128>() {
        return Some(Scalar::Int(int));
    }
    let is_number = matches!(text, "NaN" | "Infinity" | "-Infinity")
        || text.starts_with(|char: char| char == '-' || char.is_ascii_digit());
    let value: f64 = text.parse().ok().filter(|_| is_number)?;
    // 1.0 and 1e3 are integers too.
    let whole = format!("{value:.0}");
    let is_whole = value.fract() == 0.0 && value.abs() < 1e15 && (value != 0.0 || value.is_sign_positive());
    match whole.parse::<i128>() {
        Ok(int) if is_whole => Some(Scalar::Int(int)),
        _ => Some(Scalar::Float(text.to_owned())),
    }
}

/// Whether a key is a field's name with capitals in place of underscores.
fn is_camel(key: &str, name: &str) -> bool {
    let mut letters = name.chars();
    let mut keys = key.chars();
    while let Some(letter) = letters.next() {
        let expected = if letter == '_' {
            letters.next().map(|letter| letter.to_ascii_uppercase())
        } else {
            Some(letter)
        };
        if keys.next() != expected {
            return false;
        }
    }
    keys.next().is_none()
}

/// Base64 in either alphabet, with or without padding.
fn base64(text: &str) -> Option<Vec<u8>> {
    let mut bytes = Vec::new();
    let (mut bits, mut n_bits) = (0_u32, 0_u32);
    for letter in text.trim_end_matches('=').bytes() {
        let six = match letter {
            b'A'..=b'Z' => letter.checked_sub(b'A')?,
            b'a'..=b'z' => letter.checked_sub(b'a')?.checked_add(26)?,
            b'0'..=b'9' => letter.checked_sub(b'0')?.checked_add(52)?,
            b'+' | b'-' => 62,
            b'/' | b'_' => 63,
            _ => return None,
        };
        bits = bits << 6 & 0xffff | u32::from(six);
        n_bits = n_bits.saturating_add(6);
        if 8 <= n_bits {
            n_bits = n_bits.saturating_sub(8);
            bytes.push(bits.checked_shr(n_bits)?.to_le_bytes()[0]);
        }
    }
    // Six bits alone are no byte.
    (n_bits < 6).then_some(bytes)
}
