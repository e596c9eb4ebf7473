//! What goes into a Core ML model and what comes out (`FeatureTypes.proto`).

use std::fmt;

use packwright_formats::protobuf::{FieldValue, Wire};
use packwright_source::{ErrorKind, ReadError};

/// One input or output.
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) struct Feature {
    pub(super) name: String,
    pub(super) description: String,
    pub(super) ty: FeatureType,
    pub(super) is_optional: bool,
}

/// What a feature holds.
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) enum FeatureType {
    Int64,
    Double,
    Text,
    Image {
        width: Side,
        height: Side,
        color: u64,
    },
    Array {
        /// `ArrayDataType`.
        element: u64,
        shape: Vec<Side>,
        /// Every shape that it may have, when they are listed.
        shapes: Vec<Vec<i64>>,
    },
    /// From texts or integers to numbers.
    Dictionary {
        has_text_keys: bool,
    },
    /// Of texts or of integers.
    Sequence {
        has_texts: bool,
    },
    State,
    /// Of a kind that is newer than this reader, or not said.
    #[default]
    Unknown,
}

/// One side of an array or an image.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Side {
    Fixed(i64),
    /// From, to; without an end when `to` is negative.
    Range(i64, i64),
    /// One of several lengths, which are listed elsewhere.
    Listed,
}

/// Arrays have a few dimensions, and a few shapes.
const MOST_NUMBERS: usize = 4096;

impl Feature {
    /// Reads the payload of the last field as a `FeatureDescription`.
    pub(super) fn read(wire: &mut Wire<'_>) -> Result<Self, ReadError> {
        let mut feature = Self::default();
        wire.enter()?;
        while let Some(field) = wire.field()? {
            match (field.number, field.value) {
                (1, FieldValue::Bytes(_)) => feature.name = wire.text("the name of a feature")?,
                (2, FieldValue::Bytes(_)) => {
                    feature.description = wire.text("the description of a feature")?;
                }
                (3, FieldValue::Bytes(_)) => feature.read_type(wire)?,
                _ => {}
            }
        }
        Ok(feature)
    }

    fn read_type(&mut self, wire: &mut Wire<'_>) -> Result<(), ReadError> {
        wire.enter()?;
        while let Some(field) = wire.field()? {
            match (field.number, field.value) {
                (1, FieldValue::Bytes(_)) => self.ty = FeatureType::Int64,
                (2, FieldValue::Bytes(_)) => self.ty = FeatureType::Double,
                (3, FieldValue::Bytes(_)) => self.ty = FeatureType::Text,
                (4, FieldValue::Bytes(_)) => self.ty = image(wire)?,
                (5, FieldValue::Bytes(_)) => self.ty = array(wire)?,
                (6, FieldValue::Bytes(_)) => {
                    self.ty = FeatureType::Dictionary { has_text_keys: has_field(wire, 2)? };
                }
                (7, FieldValue::Bytes(_)) => {
                    self.ty = FeatureType::Sequence { has_texts: has_field(wire, 3)? };
                }
                (8, FieldValue::Bytes(_)) => self.ty = FeatureType::State,
                (1000, FieldValue::Varint(is_optional)) => self.is_optional = is_optional != 0,
                _ => {}
            }
        }
        Ok(())
    }
}

/// Whether the payload of the last field has a field of that number.
fn has_field(wire: &mut Wire<'_>, number: u64) -> Result<bool, ReadError> {
    let mut has = false;
    wire.enter()?;
    while let Some(field) = wire.field()? {
        has |= field.number == number;
    }
    Ok(has)
}

fn image(wire: &mut Wire<'_>) -> Result<FeatureType, ReadError> {
    let (mut width, mut height, mut color) = (Side::Fixed(0), Side::Fixed(0), 0);
    wire.enter()?;
    while let Some(field) = wire.field()? {
        match (field.number, field.value) {
            (1, FieldValue::Varint(side)) => width = Side::Fixed(side.cast_signed()),
            (2, FieldValue::Varint(side)) => height = Side::Fixed(side.cast_signed()),
            (3, FieldValue::Varint(space)) => color = space,
            (21, FieldValue::Bytes(_)) => (width, height) = (Side::Listed, Side::Listed),
            (31, FieldValue::Bytes(_)) => {
                wire.enter()?;
                while let Some(field) = wire.field()? {
                    match (field.number, field.value) {
                        (1, FieldValue::Bytes(_)) => width = range(wire)?,
                        (2, FieldValue::Bytes(_)) => height = range(wire)?,
                        _ => {}
                    }
                }
            }
            _ => {}
        }
    }
    Ok(FeatureType::Image { width, height, color })
}

/// `SizeRange`; one that is closed around a number is that number.
fn range(wire: &mut Wire<'_>) -> Result<Side, ReadError> {
    let (mut from, mut to) = (0, 0);
    wire.enter()?;
    while let Some(field) = wire.field()? {
        match (field.number, field.value) {
            (1, FieldValue::Varint(bound)) => from = bound.cast_signed(),
            (2, FieldValue::Varint(bound)) => to = bound.cast_signed(),
            _ => {}
        }
    }
    Ok(if from == to && 0 < from { Side::Fixed(from) } else { Side::Range(from, to) })
}

fn array(wire: &mut Wire<'_>) -> Result<FeatureType, ReadError> {
    let (mut element, mut sides, mut shapes) = (0, Vec::new(), Vec::new());
    let mut ranges = Vec::new();
    wire.enter()?;
    while let Some(field) = wire.field()? {
        match (field.number, field.value) {
            (1, _) => numbers(wire, field.value, &mut sides)?,
            (2, FieldValue::Varint(number)) => element = number,
            (21, FieldValue::Bytes(_)) => {
                wire.enter()?;
                while let Some(field) = wire.field()? {
                    if let (1, FieldValue::Bytes(_)) = (field.number, field.value) {
                        shapes.push(shape(wire)?);
                        check(wire, shapes.len())?;
                    }
                }
            }
            (31, FieldValue::Bytes(_)) => {
                wire.enter()?;
                while let Some(field) = wire.field()? {
                    if let (1, FieldValue::Bytes(_)) = (field.number, field.value) {
                        ranges.push(range(wire)?);
                        check(wire, ranges.len())?;
                    }
                }
            }
            _ => {}
        }
    }
    let shape = if !ranges.is_empty() {
        ranges
    } else if shapes.is_empty() {
        sides.into_iter().map(Side::Fixed).collect()
    } else {
        common(&shapes)
    };
    Ok(FeatureType::Array { element, shape, shapes })
}

/// What several shapes agree on.
fn common(shapes: &[Vec<i64>]) -> Vec<Side> {
    let Some((first, others)) = shapes.split_first() else { return Vec::new() };
    if others.iter().any(|other| other.len() != first.len()) {
        return Vec::new();
    }
    let side = |(at, side): (usize, &i64)| {
        let is_same = others.iter().all(|other| other.get(at) == Some(side));
        if is_same { Side::Fixed(*side) } else { Side::Listed }
    };
    first.iter().enumerate().map(side).collect()
}

fn shape(wire: &mut Wire<'_>) -> Result<Vec<i64>, ReadError> {
    let mut sides = Vec::new();
    wire.enter()?;
    while let Some(field) = wire.field()? {
        if field.number == 1 {
            numbers(wire, field.value, &mut sides)?;
        }
    }
    Ok(sides)
}

/// Integers, together or one by one.
fn numbers(wire: &mut Wire<'_>, value: FieldValue, into: &mut Vec<i64>) -> Result<(), ReadError> {
    match value {
        FieldValue::Varint(number) => into.push(number.cast_signed()),
        FieldValue::Bytes(_) => wire.packed(|number| {
            if into.len() <= MOST_NUMBERS {
                into.push(number.cast_signed());
            }
        })?,
        _ => {}
    }
    check(wire, into.len())
}

fn check(wire: &Wire<'_>, n: usize) -> Result<(), ReadError> {
    if n <= MOST_NUMBERS {
        return Ok(());
    }
    let (asked, limit) =
        (u64::try_from(n).unwrap_or(u64::MAX), u64::try_from(MOST_NUMBERS).unwrap_or(u64::MAX));
    Err(wire.error(ErrorKind::Limit { what: "dimensions", asked, limit }))
}

/// `NumPy`'s name of an `ArrayDataType`.
pub(super) fn dtype(element: u64) -> Option<&'static str> {
    match element {
        65568 => Some("float32"),
        65600 => Some("float64"),
        65552 => Some("float16"),
        131_104 => Some("int32"),
        131_080 => Some("int8"),
        _ => None,
    }
}

/// The name of a `ColorSpace`.
pub(super) fn color_name(color: u64) -> &'static str {
    match color {
        10 => "grayscale",
        20 => "RGB",
        30 => "BGR",
        40 => "grayscale float16",
        _ => "unknown colors",
    }
}

impl fmt::Display for Side {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Fixed(n) => write!(f, "{n}"),
            Self::Range(from, to) if *to < 0 => write!(f, "{from}.."),
            Self::Range(from, to) => write!(f, "{from}..{to}"),
            Self::Listed => f.write_str("?"),
        }
    }
}

impl fmt::Display for FeatureType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Int64 => f.write_str("int64"),
            Self::Double => f.write_str("double"),
            Self::Text => f.write_str("string"),
            Self::Image { width, height, color } => {
                write!(f, "image({}, width {width}, height {height})", color_name(*color))
            }
            Self::Array { element, shape, shapes } => {
                let sides: Vec<String> = shape.iter().map(Side::to_string).collect();
                write!(f, "array({})[{}]", dtype(*element).unwrap_or("unknown"), sides.join(", "))?;
                if !shapes.is_empty() {
                    let shapes: Vec<String> = shapes.iter().map(|shape| format!("{shape:?}")).collect();
                    write!(f, ", one of {}", shapes.join(", "))?;
                }
                Ok(())
            }
            Self::Dictionary { has_text_keys } => {
                write!(f, "dictionary({}, double)", if *has_text_keys { "string" } else { "int64" })
            }
            Self::Sequence { has_texts } => {
                write!(f, "sequence({})", if *has_texts { "string" } else { "int64" })
            }
            Self::State => f.write_str("state"),
            Self::Unknown => f.write_str("unknown"),
        }
    }
}
