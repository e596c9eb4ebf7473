//! The messages of an object header: what the object is, its attributes and where its data lies.

use packwright_source::{Cursor, ErrorKind, ReadError};

use super::group::{self, Entry};
use super::header::Message;
use super::{Attribute, Bytes, Dataset, FORMAT, File, Storage, signature};

/// How many texts of one attribute are read.
const TEXTS: u64 = 1_000_000;

/// What the messages of an object say.
#[derive(Debug, Default)]
pub(super) struct Described {
    pub(super) attributes: Vec<Attribute>,
    pub(super) dataset: Option<Dataset>,
    /// What lies in it when it is a group.
    pub(super) entries: Option<Vec<Entry>>,
}

/// The type of an element.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Type {
    /// NumPy's word for it.
    dtype: Option<String>,
    size: u64,
    text: Text,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Text {
    No,
    Fixed,
    Variable,
}

/// Puts together what the messages say. What is not read is told in `file`.
pub(super) fn describe(
    bytes: &mut Bytes<'_>,
    messages: &[Message],
    path: &str,
    file: &mut File,
) -> Result<Described, ReadError> {
    let mut found = Described::default();
    let (mut shape, mut ty, mut storage) = (None, None, None);
    let place = if path.is_empty() { "the root" } else { path };
    for message in messages {
        let mut at = Cursor::over(FORMAT, bytes.source, message.offset);
        let not_read =
            read_message(bytes, message, &mut at, &mut found, (&mut shape, &mut ty, &mut storage))?;
        if let Some(what) = not_read {
            file.unread.push(format!("{what} of {place} at byte {}", message.offset));
        }
    }
    if let (Some(storage), Some(shape)) = (storage, shape) {
        let n = shape.iter().try_fold(1_u64, |n, side: &u64| n.checked_mul(*side));
        let size = ty.as_ref().map_or(0, |ty: &Type| ty.size);
        found.dataset = Some(Dataset {
            size_bytes: n.and_then(|n| n.checked_mul(size)).unwrap_or(u64::MAX),
            shape,
            dtype: ty.and_then(|ty| ty.dtype),
            storage,
        });
        found.entries = None;
    }
    Ok(found)
}

type Parts<'p> = (&'p mut Option<Vec<u64>>, &'p mut Option<Type>, &'p mut Option<Storage>);

/// Reads one message; gives what it holds and is not read.
fn read_message(
    bytes: &mut Bytes<'_>,
    message: &Message,
    at: &mut Cursor<'_>,
    found: &mut Described,
    (shape, ty, storage): Parts<'_>,
) -> Result<Option<&'static str>, ReadError> {
    if message.is_shared {
        return Ok(match message.kind {
            // It is a dataset all the same.
            0x01 => {
                *shape = Some(Vec::new());
                Some("a shared shape")
            }
            0x0c => Some("a shared attribute"),
            _ => None,
        });
    }
    match message.kind {
        0x01 => *shape = Some(dataspace(bytes, at)?),
        0x02 => {
            let [_, flags] = at.array("links")?;
            at.skip(if flags & 1 != 0 { 8 } else { 0 }, "links")?;
            let heap = bytes.address(at)?;
            found.entries.get_or_insert_default();
            if !bytes.is_none(heap) {
                return Ok(Some("the names in the heap"));
            }
        }
        0x03 => *ty = Some(datatype(at)?),
        0x06 => match group::link(bytes, at)? {
            Some(entry) => found.entries.get_or_insert_default().push(entry),
            None => return Ok(Some("a link of a kind of its own")),
        },
        0x07 => *storage = Some(Storage::External),
        0x08 => {
            let layout = layout(at)?;
            if storage.is_none() {
                *storage = Some(layout);
            }
        }
        0x0c => {
            let attribute = attribute(bytes, at)?;
            found.attributes.push(attribute);
        }
        0x11 => {
            let (tree, heap) = (bytes.address(at)?, bytes.address(at)?);
            found.entries.get_or_insert_default().extend(group::symbol_table(bytes, tree, heap)?);
        }
        0x15 => {
            let [_, flags] = at.array("attributes")?;
            at.skip(if flags & 1 != 0 { 2 } else { 0 }, "attributes")?;
            let heap = bytes.address(at)?;
            if !bytes.is_none(heap) {
                return Ok(Some("the attributes in the heap"));
            }
        }
        _ => {}
    }
    Ok(None)
}

fn dataspace(bytes: &Bytes<'_>, at: &mut Cursor<'_>) -> Result<Vec<u64>, ReadError> {
    let [version, rank, _] = at.array("a shape")?;
    match version {
        1 => at.skip(5, "a shape")?,
        2 => {
            // No elements at all.
            if at.byte("a shape")? == 2 {
                return Ok(vec![0]);
            }
        }
        other => return Err(at.error(ErrorKind::Unsupported(format!("shape version {other}")))),
    }
    (0..rank).map(|_| bytes.length(at)).collect()
}

fn datatype(at: &mut Cursor<'_>) -> Result<Type, ReadError> {
    let ty = datatype_head(at)?;
    // Booleans are an enumeration over bytes.
    let (8, size) = (ty.class, ty.size) else { return simple_type(at, &ty) };
    let inner = datatype_head(at)?;
    let dtype = if size == 1 { Some("bool".to_owned()) } else { simple_type(at, &inner)?.dtype };
    Ok(Type { dtype, size, text: Text::No })
}

/// What all types begin with.
struct TypeHead {
    class: u8,
    /// The first of its flags.
    low: u8,
    size: u64,
}

fn datatype_head(at: &mut Cursor<'_>) -> Result<TypeHead, ReadError> {
    let [kind, low, _, _] = at.array("a type")?;
    let size = u32::from_le_bytes(at.array("a type")?);
    Ok(TypeHead { class: kind & 0x0f, low, size: u64::from(size) })
}

/// A type that is made of no other one.
fn simple_type(at: &mut Cursor<'_>, head: &TypeHead) -> Result<Type, ReadError> {
    let TypeHead { class, low, size } = *head;
    let bits = size.saturating_mul(8);
    let sign = if low & 8 != 0 { "int" } else { "uint" };
    let (dtype, text) = match class {
        0 if matches!(size, 1 | 2 | 4 | 8) => (Some(format!("{sign}{bits}")), Text::No),
        1 if matches!(size, 2 | 4 | 8 | 16) => {
            // Bit offset and precision, then where the exponent lies and how long it is.
            at.skip(5, "a type")?;
            let exponent = at.byte("a type")?;
            let is_brain = size == 2 && exponent == 8;
            (Some(if is_brain { "bfloat16".to_owned() } else { format!("float{bits}") }), Text::No)
        }
        3 => (Some("object".to_owned()), Text::Fixed),
        9 if low & 0x0f == 1 => (Some("object".to_owned()), Text::Variable),
        _ => (None, Text::No),
    };
    Ok(Type { dtype, size, text })
}

fn layout(at: &mut Cursor<'_>) -> Result<Storage, ReadError> {
    let [version, second] = at.array("a layout")?;
    let class = if version < 3 { at.byte("a layout")? } else { second };
    Ok(if class == 3 { Storage::Virtual } else { Storage::Inside })
}

fn attribute(bytes: &mut Bytes<'_>, at: &mut Cursor<'_>) -> Result<Attribute, ReadError> {
    let [version, flags] = at.array("an attribute")?;
    let mut sizes = [0_u64; 3];
    for size in &mut sizes {
        *size = u64::from(u16::from_le_bytes(at.array("an attribute")?));
    }
    let [name_len, type_len, space_len] = sizes;
    at.skip(u64::from(version == 3), "an attribute")?;
    // Version 1 fills each part up to eight bytes.
    let padded = |len: u64| if version == 1 { len.next_multiple_of(8) } else { len };
    let name_at = at.position();
    let type_at = name_at.saturating_add(padded(name_len));
    let space_at = type_at.saturating_add(padded(type_len));
    let data_at = space_at.saturating_add(padded(space_len));
    let name = at.take(name_len, "an attribute")?;
    bytes.keep("names", name.len())?;
    let end = name.iter().position(|byte| *byte == 0).unwrap_or(name.len());
    let name = String::from_utf8_lossy(name.get(..end).unwrap_or_default()).into_owned();
    if version != 1 && flags & 3 != 0 {
        return Ok(Attribute { name, texts: None });
    }
    let source = bytes.source;
    let ty = datatype(&mut Cursor::over(FORMAT, source, type_at))?;
    let shape = dataspace(bytes, &mut Cursor::over(FORMAT, source, space_at))?;
    let at = &mut Cursor::over(FORMAT, source, data_at);
    let n = shape.iter().try_fold(1_u64, |n, side| n.checked_mul(*side)).unwrap_or(u64::MAX);
    if ty.text == Text::No {
        return Ok(Attribute { name, texts: None });
    }
    if TEXTS < n {
        return Err(at.error(ErrorKind::Limit { what: "an attribute", asked: n, limit: TEXTS }));
    }
    let mut texts = Vec::new();
    for _ in 0..n {
        let text = match ty.text {
            Text::Variable => variable(bytes, at)?,
            Text::Fixed | Text::No => {
                let text = at.take(ty.size, "a text")?;
                let end = text.iter().position(|byte| *byte == 0).unwrap_or(text.len());
                text.get(..end).unwrap_or_default().to_vec()
            }
        };
        // An empty text costs something too.
        bytes.keep("texts", text.len().saturating_add(size_of::<String>()))?;
        texts.push(String::from_utf8_lossy(&text).into_owned());
    }
    Ok(Attribute { name, texts: Some(texts) })
}

/// A text in a global heap: its length, the heap and its number there.
fn variable(bytes: &mut Bytes<'_>, at: &mut Cursor<'_>) -> Result<Vec<u8>, ReadError> {
    let len = u64::from(u32::from_le_bytes(at.array("a text")?));
    let heap = bytes.address(at)?;
    let wanted = u32::from_le_bytes(at.array("a text")?);
    if len == 0 || heap == 0 || bytes.is_none(heap) {
        return Ok(Vec::new());
    }
    let limit = bytes.budget.limits().header_bytes;
    if limit < len {
        return Err(at.error(ErrorKind::Limit { what: "a text", asked: len, limit }));
    }
    let mut at = bytes.at(heap)?;
    let start = at.position();
    signature(&mut at, "a heap", b"GCOL")?;
    at.skip(4, "a heap")?;
    let end = start.saturating_add(bytes.length(&mut at)?);
    while at.position() < end {
        bytes.step("heap objects", at.position())?;
        let index = u32::from(u16::from_le_bytes(at.array("a heap object")?));
        at.skip(6, "a heap object")?;
        let size = bytes.length(&mut at)?;
        if index == wanted {
            return at.take(len.min(size), "a text");
        }
        if index == 0 {
            break;
        }
        at.skip(size.saturating_add(size.wrapping_neg() & 7), "a heap object")?;
    }
    let found = format!("no object {wanted}");
    Err(ReadError::new(FORMAT, start, ErrorKind::malformed("heap", "the text", found)))
}
