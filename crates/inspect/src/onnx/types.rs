//! `ValueInfoProto` and `TypeProto`: the inputs and outputs of a graph and what they hold.

use std::fmt;

use packwright_formats::protobuf::{FieldValue, Wire};
use packwright_source::ReadError;

/// One input or output.
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) struct ValueInfo {
    pub(super) name: String,
    pub(super) ty: ValueType,
}

/// What a value holds.
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) enum ValueType {
    /// An array; no shape when not even the rank is recorded.
    Tensor { element: u64, shape: Option<Vec<Dim>> },
    /// An array stored by its nonzero values.
    SparseTensor { element: u64, shape: Option<Vec<Dim>> },
    /// A list.
    Sequence(Box<ValueType>),
    /// A map from the element type `key`.
    Map { key: u64, value: Box<ValueType> },
    /// A value or nothing.
    Optional(Box<ValueType>),
    /// A type of some other library.
    Opaque,
    /// Not recorded.
    #[default]
    Unknown,
}

/// One dimension.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Dim {
    /// So many.
    Fixed(i64),
    /// As many as others of that name.
    Named(String),
    /// Any number.
    Unknown,
}

impl ValueInfo {
    /// Reads the payload of the last field as a `ValueInfoProto`.
    pub(super) fn read(wire: &mut Wire<'_>) -> Result<Self, ReadError> {
        let mut info = Self::default();
        wire.enter()?;
        while let Some(field) = wire.field()? {
            match (field.number, field.value) {
                (1, FieldValue::Bytes(_)) => info.name = wire.text("the name of a value")?,
                (2, FieldValue::Bytes(_)) => info.ty = ValueType::read(wire)?,
                _ => {}
            }
        }
        Ok(info)
    }
}

impl ValueType {
    /// Reads the payload of the last field as a `TypeProto`. `Wire::enter` bounds the recursion.
    fn read(wire: &mut Wire<'_>) -> Result<Self, ReadError> {
        let mut ty = Self::Unknown;
        wire.enter()?;
        while let Some(field) = wire.field()? {
            if !matches!(field.value, FieldValue::Bytes(_)) {
                continue;
            }
            match field.number {
                1 => {
                    let (element, shape) = tensor(wire)?;
                    ty = Self::Tensor { element, shape };
                }
                4 => ty = Self::Sequence(Box::new(inner(wire, 1)?.1)),
                5 => {
                    let (key, value) = inner(wire, 2)?;
                    ty = Self::Map { key, value: Box::new(value) };
                }
                7 => ty = Self::Opaque,
                8 => {
                    let (element, shape) = tensor(wire)?;
                    ty = Self::SparseTensor { element, shape };
                }
                9 => ty = Self::Optional(Box::new(inner(wire, 1)?.1)),
                _ => {}
            }
        }
        Ok(ty)
    }
}

/// The key type (field 1, a number) and the inner type (field `at`) of a sequence, map or optional.
fn inner(wire: &mut Wire<'_>, at: u64) -> Result<(u64, ValueType), ReadError> {
    let (mut key, mut ty) = (0, ValueType::Unknown);
    wire.enter()?;
    while let Some(field) = wire.field()? {
        match field.value {
            FieldValue::Varint(number) if field.number == 1 => key = number,
            FieldValue::Bytes(_) if field.number == at => ty = ValueType::read(wire)?,
            _ => {}
        }
    }
    Ok((key, ty))
}

fn tensor(wire: &mut Wire<'_>) -> Result<(u64, Option<Vec<Dim>>), ReadError> {
    let (mut element, mut shape) = (0, None);
    wire.enter()?;
    while let Some(field) = wire.field()? {
        match (field.number, field.value) {
            (1, FieldValue::Varint(number)) => element = number,
            (2, FieldValue::Bytes(_)) => shape = Some(dims(wire)?),
            _ => {}
        }
    }
    Ok((element, shape))
}

fn dims(wire: &mut Wire<'_>) -> Result<Vec<Dim>, ReadError> {
    let mut dims = Vec::new();
    wire.enter()?;
    while let Some(field) = wire.field()? {
        if field.number != 1 || !matches!(field.value, FieldValue::Bytes(_)) {
            continue;
        }
        let mut dim = Dim::Unknown;
        wire.enter()?;
        while let Some(field) = wire.field()? {
            match (field.number, field.value) {
                (1, FieldValue::Varint(value)) => {
                    // Zero and below stand for "any" in files of some exporters.
                    dim = match value.cast_signed() {
                        fixed if 0 < fixed => Dim::Fixed(fixed),
                        _ => Dim::Unknown,
                    };
                }
                (2, FieldValue::Bytes(_)) => {
                    let name = wire.text("the name of a dimension")?;
                    dim = if name.is_empty() { Dim::Unknown } else { Dim::Named(name) };
                }
                _ => {}
            }
        }
        if !wire.budget().value() {
            return Err(wire.error(packwright_source::ErrorKind::Limit {
                what: "dimensions",
                asked: 1,
                limit: 0,
            }));
        }
        dims.push(dim);
    }
    Ok(dims)
}

/// The name of an element type (`TensorProto.DataType`) in ONNX's own spelling of types.
pub(super) fn element_name(element: u64) -> &'static str {
    match element {
        1 => "float",
        2 => "uint8",
        3 => "int8",
        4 => "uint16",
        5 => "int16",
        6 => "int32",
        7 => "int64",
        8 => "string",
        9 => "bool",
        10 => "float16",
        11 => "double",
        12 => "uint32",
        13 => "uint64",
        14 => "complex64",
        15 => "complex128",
        16 => "bfloat16",
        17 => "float8e4m3fn",
        18 => "float8e4m3fnuz",
        19 => "float8e5m2",
        20 => "float8e5m2fnuz",
        21 => "uint4",
        22 => "int4",
        23 => "float4e2m1",
        24 => "float8e8m0",
        25 => "uint2",
        26 => "int2",
        27 => "float6e2m3",
        28 => "float6e3m2",
        _ => "unknown",
    }
}

/// The element type of that name in ONNX's own spelling.
pub(super) fn element_of(name: &str) -> Option<u64> {
    (1..=28).find(|element| element_name(*element) == name)
}

/// The name of an element type in a list of tensors: `NumPy`'s where it has one.
pub(super) fn tensor_dtype(element: u64) -> &'static str {
    match element {
        1 => "float32",
        11 => "float64",
        8 => "object",
        other => element_name(other),
    }
}

/// How many bytes so many elements take; `None` for texts and for types that we do not know.
pub(super) fn size_bytes(element: u64, n_elements: u64) -> Option<u64> {
    let bits: u64 = match element {
        25 | 26 => 2,
        21..=23 => 4,
        27 | 28 => 6,
        2 | 3 | 9 | 17..=20 | 24 => 8,
        4 | 5 | 10 | 16 => 16,
        1 | 6 | 12 => 32,
        7 | 11 | 13 | 14 => 64,
        15 => 128,
        _ => return None,
    };
    // Saturated counts stay what they are: more than any file holds.
    Some(n_elements.saturating_mul(bits).div_ceil(8))
}

/// The numpy dtype that callers send for an element type, and why it is another one where NumPy has none of its own.
/// `None` for an element type we do not know.
pub(super) fn dtype(element: u64) -> Option<(&'static str, Option<&'static str>)> {
    Some(match element {
        1 => ("float32", None),
        2 => ("uint8", None),
        3 => ("int8", None),
        4 => ("uint16", None),
        5 => ("int16", None),
        6 => ("int32", None),
        7 => ("int64", None),
        // What onnxruntime gives back, and what lists of texts become in NumPy's hands; MLflow's `str` refuses it.
        8 => ("object", None),
        9 => ("bool", None),
        10 => ("float16", None),
        11 => ("float64", None),
        12 => ("uint32", None),
        13 => ("uint64", None),
        14 => ("complex64", None),
        15 => ("complex128", None),
        16 => ("float32", Some("bfloat16, which NumPy does not have")),
        17..=20 | 23 | 24 | 27 | 28 => {
            ("float32", Some("a float of 8 bits or less, which NumPy does not have"))
        }
        21 | 25 => ("uint8", Some("an integer of less than 8 bits, which NumPy does not have")),
        22 | 26 => ("int8", Some("an integer of less than 8 bits, which NumPy does not have")),
        _ => return None,
    })
}

impl fmt::Display for ValueType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tensor { element, shape } => {
                write!(f, "tensor({})", element_name(*element))?;
                write_shape(f, shape.as_deref())
            }
            Self::SparseTensor { element, shape } => {
                write!(f, "sparse_tensor({})", element_name(*element))?;
                write_shape(f, shape.as_deref())
            }
            Self::Sequence(inner) => write!(f, "seq({inner})"),
            Self::Map { key, value } => write!(f, "map({}, {value})", element_name(*key)),
            Self::Optional(inner) => write!(f, "optional({inner})"),
            Self::Opaque => f.write_str("opaque"),
            Self::Unknown => f.write_str("unknown"),
        }
    }
}

fn write_shape(f: &mut fmt::Formatter<'_>, shape: Option<&[Dim]>) -> fmt::Result {
    let Some(shape) = shape else { return Ok(()) };
    let dims: Vec<String> = shape.iter().map(Dim::to_string).collect();
    write!(f, "[{}]", dims.join(", "))
}

impl fmt::Display for Dim {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Fixed(n) => write!(f, "{n}"),
            Self::Named(name) => f.write_str(name),
            Self::Unknown => f.write_str("?"),
        }
    }
}
