//! HDF5: groups, attributes that are text, and the shapes of datasets. The data itself is never read.
//!
//! Read: superblocks 0 to 3; object headers 1 and 2; groups as symbol tables and as links in the header; attributes
//! in the header, with texts of fixed and of variable length. Not read, and said so in [`File::unread`]: groups and
//! attributes in fractal heaps, which the library writes only when it is asked for its newest format and there are many
//! of them. Links to other files, and data kept there, are listed and never followed.
//!
//! Specification: HDF5 File Format Specification 3.0.

mod group;
mod header;
mod message;
#[cfg(test)]
mod tests;

use std::collections::BTreeSet;

use packwright_source::{Budget, ByteSource, Cursor, ErrorKind, Limits, ReadError};

/// What errors are made in the name of.
const FORMAT: &str = "hdf5";

/// The first bytes.
pub const MAGIC: &[u8] = b"\x89HDF\r\n\x1a\n";

/// The longest path that is kept; what lies deeper is not read.
const PATH_BYTES: usize = 4096;

/// What a file holds.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct File {
    /// Groups and datasets, each before what lies in it.
    pub objects: Vec<Object>,
    /// Links that are no objects of this file.
    pub links: Vec<Link>,
    /// What was not read, and why.
    pub unread: Vec<String>,
}

/// A group or a dataset.
#[derive(Debug, Clone, PartialEq)]
pub struct Object {
    /// Its path from the root, without a slash before it; empty for the root.
    pub path: String,
    /// Where its header lies.
    pub offset: u64,
    /// Its attributes, in the order of the file.
    pub attributes: Vec<Attribute>,
    /// What it is when it is a dataset.
    pub dataset: Option<Dataset>,
}

/// An attribute.
#[derive(Debug, Clone, PartialEq)]
pub struct Attribute {
    /// Its name.
    pub name: String,
    /// Its texts; `None` when it is no text.
    pub texts: Option<Vec<String>>,
}

/// A dataset without its data.
#[derive(Debug, Clone, PartialEq)]
pub struct Dataset {
    /// Its shape, outermost first; empty for a scalar.
    pub shape: Vec<u64>,
    /// The type of its elements in NumPy's words; `None` for one that NumPy has no word for.
    pub dtype: Option<String>,
    /// How many bytes its elements take up, before they are packed.
    pub size_bytes: u64,
    /// Where the elements lie.
    pub storage: Storage,
}

/// Where the elements of a dataset lie.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Storage {
    /// In this file.
    Inside,
    /// In other files.
    External,
    /// In datasets of this file or of others that it is a view of.
    Virtual,
}

/// A link that is no object of this file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Link {
    /// Its path from the root.
    pub path: String,
    /// The file that it leads to; `None` for a link within this file.
    pub file: Option<String>,
    /// The path there.
    pub to: String,
}

impl File {
    /// The object of that path.
    pub fn get(&self, path: &str) -> Option<&Object> {
        self.objects.iter().find(|object| object.path == path)
    }
}

impl Object {
    /// The only text of an attribute.
    pub fn text(&self, name: &str) -> Option<&str> {
        match self.texts(name)? {
            [text] => Some(text),
            _ => None,
        }
    }

    /// The texts of an attribute.
    pub fn texts(&self, name: &str) -> Option<&[String]> {
        self.attributes.iter().find(|attribute| attribute.name == name)?.texts.as_deref()
    }
}

/// Reads everything but the data.
///
/// # Errors
///
/// [`ErrorKind::Malformed`] and [`ErrorKind::Truncated`] for a file that is damaged or shorter than it says;
/// [`ErrorKind::Unsupported`] for a superblock or header of a version that does not exist yet; [`ErrorKind::Limit`].
pub fn read(source: &dyn ByteSource, limits: &Limits) -> Result<File, ReadError> {
    let (mut bytes, root) = Bytes::open(source, limits)?;
    let mut file = File::default();
    let mut seen = BTreeSet::new();
    let mut waiting = vec![(String::new(), root)];
    while let Some((path, address)) = waiting.pop() {
        // An object may have several names; it is listed under the first, which also ends loops.
        if !seen.insert(address) {
            continue;
        }
        bytes.object()?;
        let header = header::read(&mut bytes, address)?;
        let described = message::describe(&mut bytes, &header, &path, &mut file)?;
        let offset = bytes.place(address)?;
        let Some(entries) = described.entries else {
            file.objects.push(Object {
                path,
                offset,
                attributes: described.attributes,
                dataset: described.dataset,
            });
            continue;
        };
        let mut inner = Vec::new();
        for entry in entries {
            let name = if path.is_empty() { entry.name } else { format!("{path}/{}", entry.name) };
            if PATH_BYTES < name.len() {
                file.unread.push("groups nest deeper than any model's".to_owned());
                continue;
            }
            bytes.keep("names", name.len())?;
            match entry.to {
                group::Target::Object(address) => inner.push((name, address)),
                group::Target::Soft(to) => file.links.push(Link { path: name, file: None, to }),
                group::Target::External { file: other, to } => {
                    file.links.push(Link { path: name, file: Some(other), to });
                }
            }
        }
        waiting.extend(inner.into_iter().rev());
        file.objects.push(Object { path, offset, attributes: described.attributes, dataset: None });
    }
    Ok(file)
}

/// The bytes with the widths of the numbers in them, and what reading them may cost.
struct Bytes<'a> {
    source: &'a dyn ByteSource,
    budget: Budget,
    /// What all addresses count from.
    base: u64,
    /// The bytes of an address.
    width: usize,
    /// The bytes of a length.
    length_width: usize,
    objects: u64,
}

impl<'a> Bytes<'a> {
    /// Reads the superblock; gives the address of the root's header.
    fn open(source: &'a dyn ByteSource, limits: &Limits) -> Result<(Self, u64), ReadError> {
        let mut bytes =
            Self { source, budget: Budget::new(*limits), base: 0, width: 8, length_width: 8, objects: 0 };
        let mut at = Cursor::over(FORMAT, source, 0);
        let magic: [u8; 8] = at.array("the signature")?;
        if magic != *MAGIC {
            let found = format!("{magic:02x?}");
            return Err(ReadError::new(FORMAT, 0, ErrorKind::malformed("signature", "\\x89HDF", found)));
        }
        let version = at.byte("the superblock")?;
        match version {
            0 | 1 => at.skip(4, "the superblock")?,
            2 | 3 => {}
            other => {
                let kind = ErrorKind::Unsupported(format!("superblock version {other}"));
                return Err(ReadError::new(FORMAT, 8, kind));
            }
        }
        let widths: [u8; 2] = at.array("the superblock")?;
        for (width, to) in widths.into_iter().zip([&mut bytes.width, &mut bytes.length_width]) {
            if !matches!(width, 2 | 4 | 8) {
                let kind =
                    ErrorKind::malformed("superblock", "numbers of 2, 4 or 8 bytes", width.to_string());
                return Err(at.error(kind));
            }
            *to = usize::from(width);
        }
        let skipped = match version {
            0 => 9,
            1 => 13,
            _ => 1,
        };
        at.skip(skipped, "the superblock")?;
        bytes.base = bytes.address(&mut at)?;
        bytes.address(&mut at)?;
        let end = bytes.address(&mut at)?;
        let has = source.len_bytes();
        if let Some(missing) = bytes.base.saturating_add(end).checked_sub(has).filter(|missing| *missing != 0)
        {
            let kind = ErrorKind::Truncated { what: "the file that its superblock describes", missing };
            return Err(ReadError::new(FORMAT, has, kind));
        }
        if version < 2 {
            bytes.address(&mut at)?;
            // The root's entry in a symbol table: its name, and then its header.
            bytes.address(&mut at)?;
        }
        let root = bytes.address(&mut at)?;
        Ok((bytes, root))
    }

    /// A cursor at an address.
    fn at(&self, address: u64) -> Result<Cursor<'a>, ReadError> {
        Ok(Cursor::over(FORMAT, self.source, self.place(address)?))
    }

    /// Where an address lies in the file.
    fn place(&self, address: u64) -> Result<u64, ReadError> {
        let place = self.base.checked_add(address).filter(|place| *place < self.source.len_bytes());
        place.ok_or_else(|| {
            let kind = ErrorKind::malformed("address", "one inside the file", address.to_string());
            ReadError::new(FORMAT, self.base, kind)
        })
    }

    fn address(&self, at: &mut Cursor<'_>) -> Result<u64, ReadError> {
        number(at, self.width)
    }

    fn length(&self, at: &mut Cursor<'_>) -> Result<u64, ReadError> {
        number(at, self.length_width)
    }

    /// Whether an address is the one that stands for none.
    fn is_none(&self, address: u64) -> bool {
        let unused = 8_usize.saturating_sub(self.width).saturating_mul(8);
        address == u64::MAX.checked_shr(u32::try_from(unused).unwrap_or(0)).unwrap_or(u64::MAX)
    }

    fn keep(&mut self, what: &'static str, n: usize) -> Result<(), ReadError> {
        let n = u64::try_from(n).unwrap_or(u64::MAX);
        self.budget.keep(what, n).map_err(|kind| ReadError::new(FORMAT, 0, kind))
    }

    fn step(&mut self, what: &'static str, offset: u64) -> Result<(), ReadError> {
        self.budget.step(what, 1).map_err(|kind| ReadError::new(FORMAT, offset, kind))
    }

    /// Pays for one object.
    fn object(&mut self) -> Result<(), ReadError> {
        self.objects = self.objects.saturating_add(1);
        let (asked, limit) = (self.objects, self.budget.limits().entries);
        if limit < asked {
            let kind = ErrorKind::Limit { what: "the groups and datasets", asked, limit };
            return Err(ReadError::new(FORMAT, 0, kind));
        }
        Ok(())
    }
}

/// A little-endian number of `width` bytes, at most eight.
fn number(at: &mut Cursor<'_>, width: usize) -> Result<u64, ReadError> {
    let mut value = 0_u64;
    for shift in (0..).step_by(8).take(width) {
        value |= u64::from(at.byte("a number")?).checked_shl(shift).unwrap_or(0);
    }
    Ok(value)
}

/// The next bytes, which must be this signature.
fn signature<const N: usize>(
    at: &mut Cursor<'_>,
    what: &'static str,
    expected: &[u8; N],
) -> Result<(), ReadError> {
    let start = at.position();
    let found: [u8; N] = at.array(what)?;
    if found == *expected {
        return Ok(());
    }
    let (expected, found) = (String::from_utf8_lossy(expected), String::from_utf8_lossy(&found).into_owned());
    Err(ReadError::new(FORMAT, start, ErrorKind::malformed(what, expected, format!("{found:?}"))))
}
