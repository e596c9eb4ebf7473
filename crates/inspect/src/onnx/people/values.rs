//! Types, tensors and attributes in ONNX's text form.

use packwright_formats::protobuf::Writer;
use packwright_source::{ErrorKind, ReadError};

use super::super::types::element_of;
use super::scan::{Literal, Scan};
use super::syntax::graph;

/// A type.
pub(super) struct Type {
    /// `TypeProto`.
    pub(super) proto: Writer,
    /// The element type and the dimensions of a tensor; no dimensions when not even the rank is said.
    tensor: Option<(u64, Option<Vec<Option<i64>>>)>,
}

/// Whether a type begins with this word.
pub(super) fn is_type(word: &str) -> bool {
    element_of(word).is_some() || matches!(word, "seq" | "map" | "optional" | "sparse_tensor")
}

/// `TypeProto`: `float[N, 3]`, `seq(map(int64, float))`.
pub(super) fn value_type(scan: &mut Scan<'_>) -> Result<Type, ReadError> {
    scan.enter()?;
    let word = scan.word()?;
    let mut proto = Writer::new();
    let mut tensor = None;
    if let Some(element) = element_of(&word) {
        let (inner, dims) = tensor_type(scan, element)?;
        proto.message(1, &inner);
        tensor = Some((element, dims));
    } else {
        let mut inner = Writer::new();
        let number = match word.as_str() {
            "seq" => 4,
            "map" => 5,
            "optional" => 9,
            "sparse_tensor" => 8,
            _ => return Err(scan.malformed("a type")),
        };
        scan.expect(b'(')?;
        match number {
            5 => {
                let key = element_of(&scan.word()?);
                let Some(key) = key else { return Err(scan.malformed("the type of a map's keys")) };
                scan.expect(b',')?;
                inner.varint(1, key);
                inner.message(2, &value_type(scan)?.proto);
            }
            8 => {
                let element = element_of(&scan.word()?);
                let Some(element) = element else { return Err(scan.malformed("the type of elements")) };
                inner = tensor_type(scan, element)?.0;
            }
            _ => inner.message(1, &value_type(scan)?.proto),
        }
        scan.expect(b')')?;
        proto.message(number, &inner);
    }
    scan.leave();
    Ok(Type { proto, tensor })
}

/// `TypeProto.Tensor`: no brackets are a scalar, empty ones any rank.
#[expect(clippy::type_complexity, reason = "no dimensions at all, and dimensions of any length")]
fn tensor_type(scan: &mut Scan<'_>, element: u64) -> Result<(Writer, Option<Vec<Option<i64>>>), ReadError> {
    let mut inner = Writer::new();
    scan.pay(0)?;
    inner.varint(1, element);
    let mut dims = Vec::new();
    let mut shape = Writer::new();
    if scan.takes(b'[') {
        if scan.takes(b']') {
            return Ok((inner, None));
        }
        loop {
            let mut dim = Writer::new();
            let mut fixed = None;
            if !scan.takes(b'?') {
                let name = scan.optional_word();
                if name.is_empty() {
                    let length = scan.int()?;
                    dim.varint(1, length.cast_unsigned());
                    fixed = Some(length);
                } else {
                    dim.bytes(2, name.as_bytes());
                }
            }
            scan.pay(0)?;
            shape.message(1, &dim);
            dims.push(fixed);
            if !scan.takes(b',') {
                break;
            }
        }
        scan.expect(b']')?;
    }
    inner.message(2, &shape);
    Ok((inner, Some(dims)))
}

/// `ValueInfoProto`: a type, if there is one, and a name.
pub(super) fn value_info(scan: &mut Scan<'_>) -> Result<(Writer, String, Option<Type>), ReadError> {
    let ty = if is_type(&scan.peek_word()) { Some(value_type(scan)?) } else { None };
    let name = scan.name()?;
    scan.pay(name.len())?;
    let mut info = Writer::new();
    info.bytes(1, name.as_bytes());
    if let Some(ty) = &ty {
        info.message(2, &ty.proto);
    }
    Ok((info, name, ty))
}

/// `"key" : "value"`, with commas between them.
pub(super) fn entries(scan: &mut Scan<'_>, number: u32, out: &mut Writer) -> Result<(), ReadError> {
    loop {
        let mut entry = Writer::new();
        let key = scan.text()?;
        scan.expect(b':')?;
        let value = scan.text()?;
        scan.pay(key.len().saturating_add(value.len()))?;
        entry.bytes(1, key.as_bytes());
        entry.bytes(2, value.as_bytes());
        out.message(number, &entry);
        if !scan.takes(b',') {
            return Ok(());
        }
    }
}

/// `TensorProto` of a type, with the values that come next: `{1, 2}`, or `["location" : "file"]` for external ones.
pub(super) fn tensor_values(scan: &mut Scan<'_>, name: &str, ty: &Type) -> Result<Writer, ReadError> {
    let Some((element, Some(dims))) = &ty.tensor else {
        return Err(scan.malformed("a tensor of known shape"));
    };
    let mut tensor = Writer::new();
    for dim in dims {
        let Some(dim) = dim else { return Err(scan.malformed("a shape of numbers")) };
        tensor.varint(1, dim.cast_unsigned());
    }
    tensor.varint(2, *element);
    tensor.bytes(8, name.as_bytes());
    if scan.takes(b'[') {
        entries(scan, 13, &mut tensor)?;
        tensor.varint(14, 1);
        scan.expect(b']')?;
    } else if scan.takes(b'{') && !scan.takes(b'}') {
        loop {
            value(scan, *element, &mut tensor)?;
            if !scan.takes(b',') {
                break;
            }
        }
        scan.expect(b'}')?;
    } else if scan.peek() == Some(b'.') {
        let what = format!("weights that the text leaves out ({name:?} is followed by ...)");
        return Err(scan.error(ErrorKind::Unsupported(what)));
    }
    Ok(tensor)
}

/// One value, in the field where values of its type lie.
fn value(scan: &mut Scan<'_>, element: u64, tensor: &mut Writer) -> Result<(), ReadError> {
    scan.pay(0)?;
    match element {
        // float, complex64
        1 | 14 => tensor.float(4, scan.float()?),
        // double, complex128
        11 | 15 => tensor.double(10, scan.float()?),
        7 => tensor.varint(7, scan.int()?.cast_unsigned()),
        12 | 13 => tensor.varint(11, scan.unsigned()?),
        8 => match scan.literal()? {
            Literal::Text(text) => {
                scan.pay(text.len())?;
                tensor.bytes(6, &text);
            }
            _ => return Err(scan.malformed("a quoted text")),
        },
        // Everything narrower, its bits as an integer.
        _ => {
            let value = scan.int()?;
            if i32::try_from(value).is_err() {
                return Err(scan.malformed("an integer of 32 bits"));
            }
            tensor.varint(5, value.cast_unsigned());
        }
    }
    Ok(())
}

/// `AttributeProto.AttributeType` by the names of the text form.
const KINDS: [(&str, u64); 14] = [
    ("float", FLOAT),
    ("int", INT),
    ("string", STRING),
    ("tensor", TENSOR),
    ("graph", GRAPH),
    ("floats", FLOAT + MANY),
    ("ints", INT + MANY),
    ("strings", STRING + MANY),
    ("tensors", TENSOR + MANY),
    ("graphs", GRAPH + MANY),
    ("sparse_tensor", 11),
    ("sparse_tensors", 12),
    ("type_proto", TYPE),
    ("type_protos", 14),
];

const FLOAT: u64 = 1;
const INT: u64 = 2;
const STRING: u64 = 3;
const TENSOR: u64 = 4;
const GRAPH: u64 = 5;
const TYPE: u64 = 13;

/// What lies between the number of a kind and that of its list.
const MANY: u64 = 5;

/// `name : type = value`.
pub(super) fn attribute(scan: &mut Scan<'_>) -> Result<Writer, ReadError> {
    let name = scan.word()?;
    named_attribute(scan, &name)
}

/// The same with its name behind.
pub(super) fn named_attribute(scan: &mut Scan<'_>, name: &str) -> Result<Writer, ReadError> {
    let mut attribute = Writer::new();
    scan.pay(name.len())?;
    attribute.bytes(1, name.as_bytes());
    let mut said = None;
    if scan.takes(b':') {
        let word = scan.word()?;
        let known = KINDS.iter().find(|(known, _)| *known == word);
        let Some((_, kind)) = known else { return Err(scan.malformed("the type of an attribute")) };
        said = Some(*kind);
    }
    scan.expect(b'=')?;
    let kind = if scan.takes(b'[') {
        list(scan, said, &mut attribute)?
    } else {
        match single(scan, said)? {
            Single::Reference(name) => {
                attribute.bytes(21, name.as_bytes());
                said.unwrap_or(0)
            }
            Single::Value(value) => {
                let (number, kind) = value.place();
                value.write(number, &mut attribute);
                kind
            }
        }
    };
    if kind != 0 {
        attribute.varint(20, kind);
    }
    Ok(attribute)
}

/// The values of a list, and its type.
fn list(scan: &mut Scan<'_>, said: Option<u64>, attribute: &mut Writer) -> Result<u64, ReadError> {
    if scan.takes(b']') {
        return said
            .filter(|kind| *kind != TYPE && MANY < *kind)
            .ok_or_else(|| scan.malformed("the type of an empty list"));
    }
    let wanted = match said {
        Some(kind @ 6..=8) => Some(kind.saturating_sub(MANY)),
        None => None,
        Some(_) => {
            let what = "a list of tensors, graphs or types in the text form".to_owned();
            return Err(scan.error(ErrorKind::Unsupported(what)));
        }
    };
    let mut first = wanted;
    loop {
        let Single::Value(value) = single(scan, first)? else {
            return Err(scan.malformed("a value"));
        };
        let (number, kind) = match value {
            Value::Float(_) => (7, FLOAT),
            Value::Int(_) => (8, INT),
            Value::Text(_) => (9, STRING),
            Value::Message(..) => return Err(scan.malformed("a number or a text")),
        };
        first = Some(kind);
        value.write(number, attribute);
        if !scan.takes(b',') {
            scan.expect(b']')?;
            return Ok(kind.saturating_add(MANY));
        }
    }
}

enum Single {
    Value(Value),
    /// `@name`: the attribute of the function that holds the node.
    Reference(String),
}

enum Value {
    Float(f32),
    Int(i64),
    Text(Vec<u8>),
    /// A message, its field and its type.
    Message(Writer, u32, u64),
}

impl Value {
    /// The field and the type of a value that stands alone.
    fn place(&self) -> (u32, u64) {
        match self {
            Self::Float(_) => (2, FLOAT),
            Self::Int(_) => (3, INT),
            Self::Text(_) => (4, STRING),
            Self::Message(_, number, kind) => (*number, *kind),
        }
    }

    fn write(&self, number: u32, attribute: &mut Writer) {
        match self {
            Self::Float(value) => attribute.float(number, *value),
            Self::Int(value) => attribute.varint(number, value.cast_unsigned()),
            Self::Text(text) => attribute.bytes(number, text),
            Self::Message(message, ..) => attribute.message(number, message),
        }
    }
}

/// One value, which must be of the type that is wanted.
fn single(scan: &mut Scan<'_>, wanted: Option<u64>) -> Result<Single, ReadError> {
    scan.pay(0)?;
    if scan.takes(b'@') {
        return Ok(Single::Reference(scan.name()?));
    }
    let is_word = !scan.peek_word().is_empty();
    let value = if is_word && is_type(&scan.peek_word()) {
        let ty = value_type(scan)?;
        let has_values = matches!(scan.peek(), Some(b'{' | b'=' | b'['));
        if has_values || !scan.peek_word().is_empty() {
            let name = scan.optional_name()?.unwrap_or_default();
            scan.takes(b'=');
            Value::Message(tensor_values(scan, &name, &ty)?, 5, TENSOR)
        } else {
            Value::Message(ty.proto, 14, TYPE)
        }
    } else if is_word && !scan.is_float_word() {
        Value::Message(graph(scan)?, 6, GRAPH)
    } else {
        match scan.literal()? {
            // An integer stands for a float where one is wanted.
            Literal::Float(digits) => Value::Float(parsed(scan, &digits)?),
            Literal::Int(digits) if wanted == Some(FLOAT) => Value::Float(parsed(scan, &digits)?),
            Literal::Int(digits) => Value::Int(parsed(scan, &digits)?),
            Literal::Text(text) => {
                scan.pay(text.len())?;
                Value::Text(text)
            }
        }
    };
    if wanted.is_some_and(|wanted| wanted != value.place().1) {
        return Err(scan.malformed("a value of the type that was said"));
    }
    Ok(Single::Value(value))
}

fn parsed<T: std::str::FromStr>(scan: &Scan<'_>, digits: &str) -> Result<T, ReadError> {
    digits.parse().ok().ok_or_else(|| scan.malformed("a number"))
}
