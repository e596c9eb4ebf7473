//! `FlatBuffers` (<https://flatbuffers.dev/internals/>) without a schema: the caller says which field of a table is what.
//!
//! Read by offset: tables, scalars, texts, and vectors of tables, texts and numbers. A file is never held: a few
//! pages of it are, so that what nobody asks for (weights) costs nothing. Not read, because no model file needs them:
//! structs, unions, and the size-prefixed form. Alignment is not checked; every offset and length is.

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use packwright_source::{Budget, ByteSource, ErrorKind, Limits, ReadError, read_up_to};

/// How much is fetched at once.
const PAGE_BYTES: u64 = 8 << 10;

/// How many pages are held.
const PAGES: usize = 64;

/// The longest scalar.
const WIDEST: usize = 8;

/// One buffer inside a file, read field by field.
#[derive(Debug)]
pub struct FlatBuffer<'a> {
    format: &'static str,
    source: &'a dyn ByteSource,
    start: u64,
    end: u64,
    pages: BTreeMap<u64, Vec<u8>>,
    budget: Budget,
}

/// A table: where it lies, and where its fields are listed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Table {
    at: u64,
    vtable: u64,
    vtable_bytes: u64,
}

/// A vector whose items all lie inside the buffer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Vector {
    first: u64,
    n_items: u64,
    item_bytes: u64,
}

impl Vector {
    /// How many items it has.
    pub fn len(&self) -> u64 {
        self.n_items
    }

    /// Where its first item lies in the source.
    pub fn start(&self) -> u64 {
        self.first
    }

    /// Whether it has none.
    pub fn is_empty(&self) -> bool {
        self.n_items == 0
    }
}

impl<'a> FlatBuffer<'a> {
    /// The buffer of `len_bytes` at `start`. Errors are made in the name of `format`.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Truncated`] when the source ends first.
    pub fn over(
        format: &'static str,
        source: &'a dyn ByteSource,
        (start, len_bytes): (u64, u64),
        limits: &Limits,
    ) -> Result<Self, ReadError> {
        let rest = source.len_bytes().saturating_sub(start);
        if rest < len_bytes {
            let missing = len_bytes.saturating_sub(rest);
            return Err(ReadError::new(format, start, ErrorKind::Truncated { what: "the buffer", missing }));
        }
        let end = start.saturating_add(len_bytes);
        Ok(Self { format, source, start, end, pages: BTreeMap::new(), budget: Budget::new(*limits) })
    }

    /// The table that the buffer begins with.
    ///
    /// # Errors
    ///
    /// As for [`FlatBuffer::table`].
    pub fn root(&mut self) -> Result<Table, ReadError> {
        let at = self.target(self.start, "the root table")?;
        self.table_at(at)
    }

    /// A table in field `field`, counted from 0 in the order of the schema; `None` when it is absent.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Malformed`] when an offset leads out of the buffer; [`ErrorKind::Limit`] for more tables than
    /// [`Limits::values`].
    pub fn table(&mut self, table: Table, field: u16) -> Result<Option<Table>, ReadError> {
        let Some(at) = self.field(table, field, 4)? else { return Ok(None) };
        let at = self.target(at, "a table")?;
        self.table_at(at).map(Some)
    }

    /// A byte or boolean; `None` when it is absent, which means the default of the schema.
    ///
    /// # Errors
    ///
    /// As for [`FlatBuffer::table`].
    pub fn u8(&mut self, table: Table, field: u16) -> Result<Option<u8>, ReadError> {
        let Some(at) = self.field(table, field, 1)? else { return Ok(None) };
        Ok(Some(u8::from_le_bytes(self.array(at)?)))
    }

    /// A 32-bit integer; `None` when it is absent.
    ///
    /// # Errors
    ///
    /// As for [`FlatBuffer::table`].
    pub fn i32(&mut self, table: Table, field: u16) -> Result<Option<i32>, ReadError> {
        let Some(at) = self.field(table, field, 4)? else { return Ok(None) };
        Ok(Some(i32::from_le_bytes(self.array(at)?)))
    }

    /// A text; `None` when it is absent. Bytes that are no UTF-8 become replacement characters.
    ///
    /// # Errors
    ///
    /// As for [`FlatBuffer::table`]; [`ErrorKind::Limit`] for a text longer than [`Limits::header_bytes`], or when more
    /// is kept than [`Limits::kept_bytes`].
    pub fn text(&mut self, table: Table, field: u16) -> Result<Option<String>, ReadError> {
        let Some(at) = self.field(table, field, 4)? else { return Ok(None) };
        let at = self.target(at, "a text")?;
        self.text_at(at).map(Some)
    }

    /// A vector in a field, whose items have `item_bytes` each; `None` when it is absent.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Malformed`] when it does not fit into the buffer.
    pub fn vector(&mut self, table: Table, field: u16, item_bytes: u64) -> Result<Option<Vector>, ReadError> {
        let Some(at) = self.field(table, field, 4)? else { return Ok(None) };
        let at = self.target(at, "a vector")?;
        let n_items = u64::from(u32::from_le_bytes(self.array(at)?));
        let first = at.saturating_add(4);
        let rest = self.end.saturating_sub(first);
        if n_items.checked_mul(item_bytes).is_none_or(|asked| rest < asked) {
            let expected = format!("at most {rest} bytes");
            let found = format!("{n_items} items of {item_bytes} bytes");
            return Err(self.error(at, ErrorKind::malformed("vector", expected, found)));
        }
        Ok(Some(Vector { first, n_items, item_bytes }))
    }

    /// The item of a vector of tables.
    ///
    /// # Errors
    ///
    /// As for [`FlatBuffer::table`]; [`ErrorKind::Malformed`] beyond the vector's end.
    pub fn table_in(&mut self, vector: Vector, index: u64) -> Result<Table, ReadError> {
        let at = self.item(vector, index)?;
        let at = self.target(at, "a table")?;
        self.table_at(at)
    }

    /// The item of a vector of texts.
    ///
    /// # Errors
    ///
    /// As for [`FlatBuffer::text`]; [`ErrorKind::Malformed`] beyond the vector's end.
    pub fn text_in(&mut self, vector: Vector, index: u64) -> Result<String, ReadError> {
        let at = self.item(vector, index)?;
        let at = self.target(at, "a text")?;
        self.text_at(at)
    }

    /// The item of a vector of 32-bit floats.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Malformed`] beyond the vector's end; [`ErrorKind::Limit`].
    pub fn f32_in(&mut self, vector: Vector, index: u64) -> Result<f32, ReadError> {
        let at = self.item(vector, index)?;
        Ok(f32::from_le_bytes(self.array(at)?))
    }

    /// The item of a vector of 32-bit integers.
    ///
    /// # Errors
    ///
    /// As for [`FlatBuffer::f32_in`].
    pub fn i32_in(&mut self, vector: Vector, index: u64) -> Result<i32, ReadError> {
        let at = self.item(vector, index)?;
        Ok(i32::from_le_bytes(self.array(at)?))
    }

    /// The item of a vector of 64-bit integers.
    ///
    /// # Errors
    ///
    /// As for [`FlatBuffer::f32_in`].
    pub fn i64_in(&mut self, vector: Vector, index: u64) -> Result<i64, ReadError> {
        let at = self.item(vector, index)?;
        Ok(i64::from_le_bytes(self.array(at)?))
    }

    /// The item of a vector of bytes.
    ///
    /// # Errors
    ///
    /// As for [`FlatBuffer::f32_in`].
    pub fn u8_in(&mut self, vector: Vector, index: u64) -> Result<u8, ReadError> {
        let at = self.item(vector, index)?;
        Ok(u8::from_le_bytes(self.array(at)?))
    }

    /// A 64-bit count; `None` when it is absent.
    ///
    /// # Errors
    ///
    /// As for [`FlatBuffer::table`].
    pub fn u64(&mut self, table: Table, field: u16) -> Result<Option<u64>, ReadError> {
        let Some(at) = self.field(table, field, 8)? else { return Ok(None) };
        Ok(Some(u64::from_le_bytes(self.array(at)?)))
    }

    /// Where a field's value lies; `None` when the table does not have it.
    fn field(&mut self, table: Table, field: u16, size_bytes: u64) -> Result<Option<u64>, ReadError> {
        let entry = u64::from(field).saturating_mul(2).saturating_add(4);
        if table.vtable_bytes < entry.saturating_add(2) {
            return Ok(None);
        }
        let offset = u16::from_le_bytes(self.array(table.vtable.saturating_add(entry))?);
        if offset == 0 {
            return Ok(None);
        }
        let at = table.at.saturating_add(u64::from(offset));
        self.check(at, size_bytes, "a field")?;
        Ok(Some(at))
    }

    /// Follows the offset that lies at `at`.
    fn target(&mut self, at: u64, what: &'static str) -> Result<u64, ReadError> {
        let offset = u32::from_le_bytes(self.array(at)?);
        let target = at.saturating_add(u64::from(offset));
        self.check(target, 4, what)?;
        Ok(target)
    }

    fn table_at(&mut self, at: u64) -> Result<Table, ReadError> {
        if !self.budget.value() {
            let limit = self.budget.limits().values;
            let kind = ErrorKind::Limit { what: "tables", asked: limit.saturating_add(1), limit };
            return Err(self.error(at, kind));
        }
        // The one offset that is signed, and subtracted.
        let back = i64::from(i32::from_le_bytes(self.array(at)?));
        let vtable = at.checked_add_signed(back.saturating_neg()).unwrap_or(u64::MAX);
        self.check(vtable, 4, "a table's list of fields")?;
        let vtable_bytes = u64::from(u16::from_le_bytes(self.array(vtable)?));
        if vtable_bytes < 4 {
            let found = format!("{vtable_bytes} bytes");
            return Err(self.error(vtable, ErrorKind::malformed("list of fields", "at least 4 bytes", found)));
        }
        self.check(vtable, vtable_bytes, "a table's list of fields")?;
        Ok(Table { at, vtable, vtable_bytes })
    }

    fn text_at(&mut self, at: u64) -> Result<String, ReadError> {
        let n = u64::from(u32::from_le_bytes(self.array(at)?));
        let first = at.saturating_add(4);
        self.check(first, n, "a text")?;
        let limit = self.budget.limits().header_bytes;
        if limit < n {
            return Err(self.error(at, ErrorKind::Limit { what: "a text", asked: n, limit }));
        }
        self.budget.keep("texts", n).map_err(|kind| ReadError::new(self.format, at, kind))?;
        let mut bytes = Vec::new();
        while let Some(left) = n.checked_sub(size(bytes.len())).filter(|left| *left != 0) {
            let here = first.saturating_add(size(bytes.len()));
            let page = self.page(here)?;
            let part = usize::try_from(left).unwrap_or(usize::MAX).min(page.len());
            if part == 0 {
                let kind = ErrorKind::Truncated { what: "a text", missing: left };
                return Err(self.error(here, kind));
            }
            bytes.extend_from_slice(page.get(..part).unwrap_or_default());
        }
        Ok(String::from_utf8(bytes)
            .unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into_owned()))
    }

    fn item(&self, vector: Vector, index: u64) -> Result<u64, ReadError> {
        if vector.n_items <= index {
            let expected = format!("an item below {}", vector.n_items);
            return Err(self.error(vector.first, ErrorKind::malformed("vector", expected, index.to_string())));
        }
        Ok(vector.first.saturating_add(index.saturating_mul(vector.item_bytes)))
    }

    /// That `n` bytes at `at` lie inside the buffer.
    fn check(&self, at: u64, n: u64, what: &'static str) -> Result<(), ReadError> {
        let is_inside = self.start <= at && at.checked_add(n).is_some_and(|end| end <= self.end);
        if is_inside {
            return Ok(());
        }
        let expected = format!("{n} bytes between {} and {}", self.start, self.end);
        Err(self.error(at, ErrorKind::malformed(what, expected, "an offset that leads out of the buffer")))
    }

    fn array<const N: usize>(&mut self, at: u64) -> Result<[u8; N], ReadError> {
        const { assert!(N <= WIDEST, "a page is read once more for a scalar at its end") };
        self.check(at, size(N), "a value")?;
        self.budget.step("reads", 1).map_err(|kind| ReadError::new(self.format, at, kind))?;
        let page = self.page(at)?;
        if let Some(bytes) = page.first_chunk::<N>() {
            return Ok(*bytes);
        }
        // A value that lies across two pages.
        let mut bytes = [0; N];
        let n = read_up_to(self.source, at, &mut bytes)
            .map_err(|error| ReadError::new(self.format, at, ErrorKind::Io(error)))?;
        if n < N {
            let missing = size(N).saturating_sub(size(n));
            return Err(self.error(at, ErrorKind::Truncated { what: "a value", missing }));
        }
        Ok(bytes)
    }

    /// The bytes from `at` to the end of its page.
    fn page(&mut self, at: u64) -> Result<&[u8], ReadError> {
        let inside = at.checked_rem(PAGE_BYTES).unwrap_or(0);
        let first = at.saturating_sub(inside);
        if PAGES <= self.pages.len() && !self.pages.contains_key(&first) {
            self.pages.clear();
        }
        let page = match self.pages.entry(first) {
            std::collections::btree_map::Entry::Occupied(entry) => entry.into_mut(),
            std::collections::btree_map::Entry::Vacant(entry) => {
                let mut page = vec![0; usize::try_from(PAGE_BYTES).unwrap_or_default()];
                let n = read_up_to(self.source, first, &mut page)
                    .map_err(|error| ReadError::new(self.format, first, ErrorKind::Io(error)))?;
                page.truncate(n);
                entry.insert(page)
            }
        };
        Ok(page.get(usize::try_from(inside).unwrap_or(usize::MAX)..).unwrap_or_default())
    }

    /// An error at an offset of the source.
    pub fn error(&self, at: u64, kind: ErrorKind) -> ReadError {
        ReadError::new(self.format, at, kind)
    }
}

fn size(n: usize) -> u64 {
    u64::try_from(n).unwrap_or(u64::MAX)
}
