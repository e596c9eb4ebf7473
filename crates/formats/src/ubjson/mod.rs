//! Universal Binary JSON (draft 12), as XGBoost writes it, as a walk: keys are visited, values that nobody asks for
//! are skipped, packed arrays by offset.
//!
//! Read: objects, arrays (plain, counted, and typed with a type of fixed width), strings, integers, floats, booleans
//! and null. Not read, because XGBoost never writes them: high-precision numbers, and arrays or objects whose shared
//! type is itself a container. Keys have a length and no `S` before it, and every number is big-endian.

#[cfg(test)]
mod tests;

use packwright_source::{Budget, ByteSource, Cursor, ErrorKind, Limits, ReadError};
use serde_json::Value;

/// How deep values may nest. Model files stay below 30.
const DEPTH: usize = 128;

/// A forward walk through one UBJSON value.
///
/// Every value that is met must be consumed by exactly one of [`UbjScanner::begin_object`] (then
/// [`UbjScanner::next_key`] until it gives `None`), [`UbjScanner::begin_array`] (then [`UbjScanner::next_item`]
/// until it gives false), [`UbjScanner::value`] or [`UbjScanner::skip`].
#[derive(Debug)]
pub struct UbjScanner<'a> {
    cursor: Cursor<'a>,
    budget: Budget,
    open: Vec<Open>,
}

/// A container that is being walked.
#[derive(Debug, Clone, Copy)]
struct Open {
    is_object: bool,
    /// How many members are to come, where it was counted.
    left: Option<u64>,
    /// The marker that all its members share.
    shared: Option<u8>,
}

impl<'a> UbjScanner<'a> {
    /// A walk over the value that starts at `offset`. Errors are made in the name of `format`.
    pub fn over(format: &'static str, source: &'a dyn ByteSource, offset: u64, limits: &Limits) -> Self {
        Self { cursor: Cursor::over(format, source, offset), budget: Budget::new(*limits), open: Vec::new() }
    }

    /// The offset of the next byte.
    pub fn position(&self) -> u64 {
        self.cursor.position()
    }

    /// An error at the present position.
    pub fn error(&self, kind: ErrorKind) -> ReadError {
        self.cursor.error(kind)
    }

    /// Enters an object.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Malformed`] when something else comes next; [`ErrorKind::Limit`] when it nests too deep.
    pub fn begin_object(&mut self) -> Result<(), ReadError> {
        let at = self.position();
        match self.marker()? {
            b'{' => self.enter(true),
            other => Err(self.malformed_at(at, "value", "an object", other)),
        }
    }

    /// The key of the next member, with the walk standing before its value; `None` at the end of the object, which
    /// is left then.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Malformed`], [`ErrorKind::Truncated`]; [`ErrorKind::Limit`] for a key longer than
    /// [`Limits::header_bytes`].
    pub fn next_key(&mut self) -> Result<Option<String>, ReadError> {
        if !self.next(true)? {
            return Ok(None);
        }
        self.text("a key").map(Some)
    }

    /// Enters an array.
    ///
    /// # Errors
    ///
    /// As for [`UbjScanner::begin_object`].
    pub fn begin_array(&mut self) -> Result<(), ReadError> {
        let at = self.position();
        match self.marker()? {
            b'[' => self.enter(false),
            other => Err(self.malformed_at(at, "value", "an array", other)),
        }
    }

    /// Whether another item follows, with the walk standing before it. When false the array is left.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Malformed`], [`ErrorKind::Truncated`].
    pub fn next_item(&mut self) -> Result<bool, ReadError> {
        self.next(false)
    }

    /// Keeps the next value. Meant for small ones: it is held in memory, and paid for.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Limit`] when it is longer than the limits allow; [`ErrorKind::Malformed`],
    /// [`ErrorKind::Unsupported`], [`ErrorKind::Truncated`].
    pub fn value(&mut self) -> Result<Value, ReadError> {
        if !self.budget.value() {
            let limit = self.budget.limits().values;
            return Err(self.error(ErrorKind::Limit {
                what: "values",
                asked: limit.saturating_add(1),
                limit,
            }));
        }
        let at = self.position();
        match self.marker()? {
            // `enter` bounds the depth, and with it this recursion.
            b'{' => {
                self.enter(true)?;
                let mut members = serde_json::Map::new();
                while let Some(key) = self.next_key()? {
                    let member = self.value()?;
                    members.insert(key, member);
                }
                Ok(Value::Object(members))
            }
            b'[' => {
                self.enter(false)?;
                let mut items = Vec::new();
                while self.next_item()? {
                    items.push(self.value()?);
                }
                Ok(Value::Array(items))
            }
            b'S' => self.text("a string").map(Value::String),
            b'C' => Ok(Value::String(char::from(self.cursor.byte("a character")?).to_string())),
            b'T' => Ok(Value::Bool(true)),
            b'F' => Ok(Value::Bool(false)),
            b'Z' => Ok(Value::Null),
            b'd' => Ok(Value::from(f32::from_be_bytes(self.cursor.array("a float")?))),
            b'D' => Ok(Value::from(f64::from_be_bytes(self.cursor.array("a double")?))),
            marker => self.integer(at, marker).map(Value::from),
        }
    }

    /// Moves past the next value without holding it. Packed arrays are skipped by offset.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Malformed`], [`ErrorKind::Unsupported`], [`ErrorKind::Truncated`]; [`ErrorKind::Limit`] when it
    /// nests too deep or has more values than [`Limits::steps`].
    pub fn skip(&mut self) -> Result<(), ReadError> {
        let floor = self.open.len();
        loop {
            self.skip_one()?;
            // Back to a container that has more members, or to where the skip began.
            loop {
                if self.open.len() <= floor {
                    return Ok(());
                }
                let is_object = self.open.last().is_some_and(|top| top.is_object);
                let more = if is_object { self.skip_key()? } else { self.next_item()? };
                if more {
                    break;
                }
            }
        }
    }

    /// Checks that the value ends with the input.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Malformed`] when something follows.
    pub fn finish(&mut self) -> Result<(), ReadError> {
        match self.cursor.peek()? {
            None => Ok(()),
            Some(other) => Err(self.malformed_at(self.position(), "input", "its end", other)),
        }
    }

    /// Moves past a scalar or a packed array, or enters a container.
    fn skip_one(&mut self) -> Result<(), ReadError> {
        self.budget.step("values", 1).map_err(|kind| self.cursor.error(kind))?;
        let at = self.position();
        match self.marker()? {
            b'{' => self.enter(true),
            b'[' => {
                self.enter(false)?;
                let Some(Open { left: Some(count), shared: Some(shared), .. }) = self.open.last().copied()
                else {
                    return Ok(());
                };
                let Some(width) = fixed_width(shared) else { return Ok(()) };
                let Some(size) = count.checked_mul(width) else {
                    let remaining = self.cursor.remaining().unwrap_or(0);
                    let missing = u64::MAX.saturating_sub(remaining);
                    return Err(self.error(ErrorKind::Truncated { what: "a packed array", missing }));
                };
                self.open.pop();
                self.cursor.skip(size, "a packed array")
            }
            b'S' => {
                let length = self.length("a string")?;
                self.cursor.skip(length, "a string")
            }
            marker => match fixed_width(marker) {
                Some(width) => self.cursor.skip(width, "a number"),
                None => Err(self.malformed_at(at, "value", "a type marker", marker)),
            },
        }
    }

    fn skip_key(&mut self) -> Result<bool, ReadError> {
        if !self.next(true)? {
            return Ok(false);
        }
        let length = self.length("a key")?;
        self.cursor.skip(length, "a key")?;
        Ok(true)
    }

    /// The marker of the next value: its own, or the one that its container shares.
    fn marker(&mut self) -> Result<u8, ReadError> {
        if let Some(shared) = self.open.last().and_then(|top| top.shared) {
            return Ok(shared);
        }
        self.skip_padding()?;
        self.cursor.byte("a type marker")
    }

    /// Enters the container whose bracket is behind: its shared type and its count, if it has them.
    fn enter(&mut self, is_object: bool) -> Result<(), ReadError> {
        if DEPTH <= self.open.len() {
            let limit = u64::try_from(DEPTH).unwrap_or(u64::MAX);
            return Err(self.error(ErrorKind::Limit {
                what: "nesting",
                asked: limit.saturating_add(1),
                limit,
            }));
        }
        let mut open = Open { is_object, left: None, shared: None };
        if self.cursor.peek()? == Some(b'$') {
            self.cursor.byte("a shared type")?;
            let at = self.position();
            let shared = self.cursor.byte("a shared type")?;
            if matches!(shared, b'{' | b'[') {
                let kind = ErrorKind::Unsupported("containers of containers of one type".to_owned());
                return Err(ReadError::new(self.cursor.format(), at, kind));
            }
            if shared != b'S' && fixed_width(shared).is_none() {
                return Err(self.malformed_at(at, "shared type", "a type marker", shared));
            }
            open.shared = Some(shared);
            if self.cursor.peek()? != Some(b'#') {
                let found = self.cursor.byte("a count")?;
                return Err(self.malformed_at(at.saturating_add(1), "typed container", "a count", found));
            }
        }
        if self.cursor.peek()? == Some(b'#') {
            self.cursor.byte("a count")?;
            open.left = Some(self.length("a count")?);
        }
        self.open.push(open);
        Ok(())
    }

    fn next(&mut self, is_object: bool) -> Result<bool, ReadError> {
        self.budget.step("values", 1).map_err(|kind| self.cursor.error(kind))?;
        let Some(top) = self.open.last_mut().filter(|top| top.is_object == is_object) else {
            return Ok(false);
        };
        if let Some(left) = &mut top.left {
            if *left == 0 {
                self.open.pop();
                return Ok(false);
            }
            *left = left.saturating_sub(1);
            return Ok(true);
        }
        self.skip_padding()?;
        let end = if is_object { b'}' } else { b']' };
        if self.cursor.peek()? == Some(end) {
            self.cursor.byte("the end of a container")?;
            self.open.pop();
            return Ok(false);
        }
        Ok(true)
    }

    /// Moves past no-op markers, which may stand between values.
    fn skip_padding(&mut self) -> Result<(), ReadError> {
        while self.cursor.peek()? == Some(b'N') {
            self.budget.step("values", 1).map_err(|kind| self.cursor.error(kind))?;
            self.cursor.byte("padding")?;
        }
        Ok(())
    }

    /// A length or a count: an integer that is not negative.
    fn length(&mut self, what: &'static str) -> Result<u64, ReadError> {
        let at = self.position();
        let marker = self.cursor.byte(what)?;
        let length = self.integer(at, marker)?;
        u64::try_from(length).map_err(|_negative| {
            let kind = ErrorKind::malformed("length", "zero or more", length.to_string());
            ReadError::new(self.cursor.format(), at, kind)
        })
    }

    /// The integer after `marker`, which stood at `at`.
    fn integer(&mut self, at: u64, marker: u8) -> Result<i64, ReadError> {
        Ok(match marker {
            b'i' => i64::from(i8::from_be_bytes(self.cursor.array("an integer")?)),
            b'U' => i64::from(self.cursor.byte("an integer")?),
            b'I' => i64::from(i16::from_be_bytes(self.cursor.array("an integer")?)),
            b'l' => i64::from(i32::from_be_bytes(self.cursor.array("an integer")?)),
            b'L' => i64::from_be_bytes(self.cursor.array("an integer")?),
            other => return Err(self.malformed_at(at, "value", "a type marker", other)),
        })
    }

    fn text(&mut self, what: &'static str) -> Result<String, ReadError> {
        let length = self.length(what)?;
        let at = self.position();
        let limit = self.budget.limits().header_bytes;
        if limit < length {
            return Err(self.error(ErrorKind::Limit { what, asked: length, limit }));
        }
        self.budget.keep("kept values", length).map_err(|kind| self.cursor.error(kind))?;
        let bytes = self.cursor.take(length, what)?;
        String::from_utf8(bytes).map_err(|error| {
            let valid = u64::try_from(error.utf8_error().valid_up_to()).unwrap_or(0);
            let kind = ErrorKind::malformed(what, "UTF-8", "other bytes");
            ReadError::new(self.cursor.format(), at.saturating_add(valid), kind)
        })
    }

    fn malformed_at(&self, at: u64, what: &'static str, expected: &str, found: u8) -> ReadError {
        let found = if found.is_ascii_graphic() {
            char::from(found).to_string()
        } else {
            format!("byte 0x{found:02x}")
        };
        ReadError::new(self.cursor.format(), at, ErrorKind::malformed(what, expected, found))
    }
}

/// How many bytes follow the marker of a value of fixed width.
fn fixed_width(marker: u8) -> Option<u64> {
    Some(match marker {
        b'T' | b'F' | b'Z' => 0,
        b'i' | b'U' | b'C' => 1,
        b'I' => 2,
        b'l' | b'd' => 4,
        b'L' | b'D' => 8,
        _ => return None,
    })
}
