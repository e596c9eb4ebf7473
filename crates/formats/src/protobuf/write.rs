//! Writing the wire format.

use super::schema::{FieldDef, Kind};

/// A message that is being written, field by field.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Writer {
    bytes: Vec<u8>,
}

impl Writer {
    /// An empty message.
    pub fn new() -> Self {
        Self::default()
    }

    /// An integer or an enum; signed ones as two's complement.
    pub fn varint(&mut self, number: u32, value: u64) {
        self.key(number, 0);
        push_varint(&mut self.bytes, value);
    }

    /// A `float`.
    pub fn float(&mut self, number: u32, value: f32) {
        self.key(number, 5);
        self.bytes.extend_from_slice(&value.to_le_bytes());
    }

    /// A `double`.
    pub fn double(&mut self, number: u32, value: f64) {
        self.key(number, 1);
        self.bytes.extend_from_slice(&value.to_le_bytes());
    }

    /// A string, bytes, a message that is written already, or packed numbers.
    pub fn bytes(&mut self, number: u32, payload: &[u8]) {
        self.key(number, 2);
        push_varint(&mut self.bytes, u64::try_from(payload.len()).unwrap_or(u64::MAX));
        self.bytes.extend_from_slice(payload);
    }

    /// A message.
    pub fn message(&mut self, number: u32, message: &Self) {
        self.bytes(number, &message.bytes);
    }

    /// What was written.
    pub fn into_bytes(self) -> Vec<u8> {
        self.bytes
    }

    fn key(&mut self, number: u32, wire_type: u64) {
        push_varint(&mut self.bytes, u64::from(number) << 3 | wire_type);
    }
}

/// A value as a text form gives it.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Scalar {
    Int(i128),
    /// A number with its text, which is parsed as wide as its field is.
    Float(String),
    Bytes(Vec<u8>),
    Name(String),
}

impl Scalar {
    /// Writes the value as `field` asks, into `packed` where there is one.
    ///
    /// # Errors
    ///
    /// What was expected in its place.
    pub(super) fn write(
        &self,
        field: &FieldDef,
        writer: &mut Writer,
        packed: Option<&mut Vec<u8>>,
    ) -> Result<(), String> {
        match field.kind {
            Kind::Float => {
                let value = self.float().ok_or("a number")?;
                match packed {
                    Some(packed) => packed.extend_from_slice(&value.to_le_bytes()),
                    None => writer.float(field.number, value),
                }
            }
            Kind::Double => {
                let value = self.double().ok_or("a number")?;
                match packed {
                    Some(packed) => packed.extend_from_slice(&value.to_le_bytes()),
                    None => writer.double(field.number, value),
                }
            }
            Kind::Text | Kind::Bytes => {
                let Self::Bytes(bytes) = self else { return Err("a text".to_owned()) };
                if matches!(field.kind, Kind::Text) && std::str::from_utf8(bytes).is_err() {
                    return Err("a text in UTF-8".to_owned());
                }
                writer.bytes(field.number, bytes);
            }
            Kind::Int32 | Kind::Int64 | Kind::Uint64 | Kind::Enum(_) => {
                let value = self.varint(field.kind)?;
                match packed {
                    Some(packed) => push_varint(packed, value),
                    None => writer.varint(field.number, value),
                }
            }
            Kind::Message(message) => return Err(format!("a {}", message.name)),
        }
        Ok(())
    }

    fn varint(&self, kind: Kind) -> Result<u64, String> {
        let signed = |what: &str, least: i64, most: i64| match self {
            Self::Int(value) => i64::try_from(*value)
                .ok()
                .filter(|value| (least..=most).contains(value))
                .map(i64::cast_unsigned)
                .ok_or_else(|| what.to_owned()),
            _ => Err(what.to_owned()),
        };
        match (kind, self) {
            (Kind::Int32, _) => signed("an integer of 32 bits", i32::MIN.into(), i32::MAX.into()),
            (Kind::Uint64, Self::Int(value)) => {
                u64::try_from(*value).ok().ok_or_else(|| "a positive integer of 64 bits".to_owned())
            }
            (Kind::Enum(names), Self::Name(name)) => {
                let found = names.iter().find(|(known, _)| known == name);
                let value = found.map(|(_, value)| i64::from(*value).cast_unsigned());
                value.ok_or_else(|| "one of the names that the field has".to_owned())
            }
            (Kind::Enum(_), _) => signed("a name or its number", i32::MIN.into(), i32::MAX.into()),
            _ => signed("an integer of 64 bits", i64::MIN, i64::MAX),
        }
    }

    fn double(&self) -> Option<f64> {
        match self {
            Self::Int(value) => value.to_string().parse().ok(),
            Self::Float(text) => text.parse().ok(),
            Self::Bytes(_) | Self::Name(_) => None,
        }
    }

    /// By way of `double`, as protobuf's own parsers do; a number that a `float` cannot hold is refused.
    #[expect(clippy::as_conversions, clippy::cast_possible_truncation, reason = "rounding is what is asked")]
    fn float(&self) -> Option<f32> {
        let wide = self.double()?;
        let narrow = wide as f32;
        (narrow.is_finite() || !wide.is_finite()).then_some(narrow)
    }
}

fn push_varint(bytes: &mut Vec<u8>, mut value: u64) {
    while 0x7f < value {
        bytes.push(value.to_le_bytes()[0] | 0x80);
        value >>= 7;
    }
    bytes.push(value.to_le_bytes()[0]);
}
