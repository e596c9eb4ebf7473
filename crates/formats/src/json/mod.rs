//! JSON (RFC 8259) as a walk: keys are visited, values that nobody asks for are skipped without being held.
//!
//! What is asked for is parsed strictly. What is skipped is checked for balanced brackets and closed strings, not
//! for its grammar: the point is that hundreds of megabytes of numbers cost no more than looking for the brackets
//! between them.

#[cfg(test)]
mod tests;

use packwright_source::{Budget, ByteSource, Cursor, ErrorKind, Limits, ReadError};

/// How deep values may nest, in what is walked and in what is skipped. Model files stay below 30.
const DEPTH: usize = 512;

/// How much is fetched at once: a walk reads every byte.
const FETCH_BYTES: usize = 256 << 10;

/// What kind of value comes next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum JsonKind {
    /// `{`
    Object,
    /// `[`
    Array,
    /// `"`
    String,
    /// A number, `true`, `false` or `null`.
    Scalar,
}

/// A forward walk through one JSON text.
///
/// Every value that is met must be consumed by exactly one of [`JsonScanner::begin_object`] (then
/// [`JsonScanner::next_key`] until it gives `None`), [`JsonScanner::begin_array`] (then [`JsonScanner::next_item`]
/// until it gives false), [`JsonScanner::value`] or [`JsonScanner::skip`].
#[derive(Debug)]
pub struct JsonScanner<'a> {
    cursor: Cursor<'a>,
    budget: Budget,
    open: Vec<Open>,
    /// The bytes of the value being kept, while one is.
    kept: Option<Vec<u8>>,
}

#[derive(Debug, Clone, Copy)]
struct Open {
    is_object: bool,
    is_first: bool,
}

impl<'a> JsonScanner<'a> {
    /// A walk over the text that starts at `offset`. Errors are made in the name of `format`.
    pub fn over(format: &'static str, source: &'a dyn ByteSource, offset: u64, limits: &Limits) -> Self {
        let cursor = Cursor::over(format, source, offset).fetching(FETCH_BYTES);
        Self { cursor, budget: Budget::new(*limits), open: Vec::new(), kept: None }
    }

    /// The offset of the next byte.
    pub fn position(&self) -> u64 {
        self.cursor.position()
    }

    /// An error at the present position.
    pub fn error(&self, kind: ErrorKind) -> ReadError {
        self.cursor.error(kind)
    }

    /// What kind of value comes next.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Malformed`] when no value starts here; [`ErrorKind::Truncated`] at the end.
    pub fn kind(&mut self) -> Result<JsonKind, ReadError> {
        match self.peek("a value")? {
            b'{' => Ok(JsonKind::Object),
            b'[' => Ok(JsonKind::Array),
            b'"' => Ok(JsonKind::String),
            b'-' | b'0'..=b'9' | b'a'..=b'z' | b'A'..=b'Z' => Ok(JsonKind::Scalar),
            other => Err(self.malformed("value", "a JSON value", other)),
        }
    }

    /// Enters an object.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Malformed`] when something else comes next; [`ErrorKind::Limit`] when it nests too deep.
    pub fn begin_object(&mut self) -> Result<(), ReadError> {
        self.begin(b'{', "an object", true)
    }

    /// The key of the next member, with the walk standing before its value; `None` at the end of the object, which
    /// is left then.
    ///
    /// # Errors
    ///
    /// As for [`JsonScanner::value`].
    pub fn next_key(&mut self) -> Result<Option<String>, ReadError> {
        if !self.next(true)? {
            return Ok(None);
        }
        if self.peek("a key")? != b'"' {
            let found = self.peek("a key")?;
            return Err(self.malformed("object", "a key", found));
        }
        let serde_json::Value::String(key) = self.value()? else { return Ok(None) };
        let colon = self.peek("a colon")?;
        if colon != b':' {
            return Err(self.malformed("object", "a colon", colon));
        }
        self.take(1)?;
        Ok(Some(key))
    }

    /// Enters an array.
    ///
    /// # Errors
    ///
    /// As for [`JsonScanner::begin_object`].
    pub fn begin_array(&mut self) -> Result<(), ReadError> {
        self.begin(b'[', "an array", false)
    }

    /// Whether another item follows, with the walk standing before it. When false the array is left.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Malformed`], [`ErrorKind::Truncated`].
    pub fn next_item(&mut self) -> Result<bool, ReadError> {
        self.next(false)
    }

    /// Keeps the next value. Meant for small ones: its text is held in memory, and paid for.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Limit`] when the text is longer than [`Limits::header_bytes`], more is kept than
    /// [`Limits::kept_bytes`], or it has more than [`Limits::values`] parts; [`ErrorKind::Malformed`], [`ErrorKind::Truncated`].
    pub fn value(&mut self) -> Result<serde_json::Value, ReadError> {
        let (start, text) = self.kept_text()?;
        // A parsed value takes far more memory than the two bytes of text that it may have.
        for _ in text.iter().filter(|byte| matches!(byte, b',' | b':' | b'[' | b'{')) {
            if !self.budget.value() {
                let limit = self.budget.limits().values;
                let kind = ErrorKind::Limit { what: "values", asked: limit.saturating_add(1), limit };
                return Err(ReadError::new(self.cursor.format(), start, kind));
            }
        }
        serde_json::from_slice(&text).map_err(|error| {
            let column = u64::try_from(error.column()).unwrap_or(0);
            let kind = ErrorKind::malformed("value", "valid JSON", error.to_string());
            ReadError::new(self.cursor.format(), start.saturating_add(column), kind)
        })
    }

    /// The text of the next value, which is a number, `true`, `false` or `null`: a number keeps all of its digits.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Malformed`] when something else comes next; else as for [`JsonScanner::value`].
    pub fn scalar(&mut self) -> Result<String, ReadError> {
        let found = self.peek("a number")?;
        if self.kind()? != JsonKind::Scalar {
            return Err(self.malformed("value", "a number or a name", found));
        }
        let (_, text) = self.kept_text()?;
        Ok(text.into_iter().map(char::from).collect())
    }

    /// Where the next value starts, and its text.
    fn kept_text(&mut self) -> Result<(u64, Vec<u8>), ReadError> {
        self.peek("a value")?;
        let start = self.position();
        self.kept = Some(Vec::new());
        let skipped = self.skip();
        let text = self.kept.take().unwrap_or_default();
        skipped?;
        Ok((start, text))
    }

    /// Moves past the next value without holding it.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Malformed`] for brackets that do not match; [`ErrorKind::Truncated`] for a text that ends inside
    /// the value; [`ErrorKind::Limit`] when it nests too deep.
    pub fn skip(&mut self) -> Result<(), ReadError> {
        match self.kind()? {
            JsonKind::Object | JsonKind::Array => self.skip_nested(),
            JsonKind::String => {
                self.take(1)?;
                self.skip_rest_of_string()
            }
            JsonKind::Scalar => self.skip_scalar(),
        }
    }

    /// Checks that nothing but white space follows.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Malformed`] when something does.
    pub fn finish(&mut self) -> Result<(), ReadError> {
        self.skip_space()?;
        match self.cursor.peek()? {
            None => Ok(()),
            Some(other) => Err(self.malformed("JSON text", "its end", other)),
        }
    }

    fn begin(&mut self, bracket: u8, expected: &str, is_object: bool) -> Result<(), ReadError> {
        let found = self.peek("a value")?;
        if found != bracket {
            return Err(self.malformed("value", expected, found));
        }
        self.check_depth(self.open.len())?;
        self.take(1)?;
        self.open.push(Open { is_object, is_first: true });
        Ok(())
    }

    fn next(&mut self, is_object: bool) -> Result<bool, ReadError> {
        let Some(top) = self.open.last().copied().filter(|top| top.is_object == is_object) else {
            return Ok(false);
        };
        let byte = self.peek("the end of a container")?;
        if byte == if is_object { b'}' } else { b']' } {
            self.take(1)?;
            self.open.pop();
            return Ok(false);
        }
        if !top.is_first {
            if byte != b',' {
                return Err(self.malformed("container", "a comma", byte));
            }
            self.take(1)?;
        }
        if let Some(top) = self.open.last_mut() {
            top.is_first = false;
        }
        Ok(true)
    }

    fn skip_nested(&mut self) -> Result<(), ReadError> {
        let mut closers = Vec::new();
        loop {
            let at_hand = self.cursor.buffer()?;
            let n = plain_run(at_hand);
            let Some(byte) = at_hand.get(n).copied() else {
                if at_hand.is_empty() {
                    return Err(self.truncated("a container"));
                }
                self.take(n)?;
                continue;
            };
            match byte {
                b'"' => {
                    self.take(n.saturating_add(1))?;
                    self.skip_rest_of_string()?;
                    continue;
                }
                b'{' | b'[' => {
                    self.check_depth(self.open.len().saturating_add(closers.len()))?;
                    closers.push(if byte == b'{' { b'}' } else { b']' });
                }
                closer => {
                    let expected = closers.pop();
                    if expected != Some(closer) {
                        self.take(n)?;
                        let expected = expected.map_or_else(String::new, printable);
                        return Err(self.malformed("container", &expected, closer));
                    }
                }
            }
            self.take(n.saturating_add(1))?;
            if closers.is_empty() {
                return Ok(());
            }
        }
    }

    /// Moves past a string whose opening quote is behind.
    fn skip_rest_of_string(&mut self) -> Result<(), ReadError> {
        loop {
            let at_hand = self.cursor.buffer()?;
            if at_hand.is_empty() {
                return Err(self.truncated("a string"));
            }
            let n = at_hand.iter().position(|byte| matches!(byte, b'"' | b'\\')).unwrap_or(at_hand.len());
            let found = at_hand.get(n).copied();
            self.take(n)?;
            match found {
                None => {}
                Some(b'"') => return self.take(1),
                Some(_) => {
                    // The backslash and what it escapes, which may lie in the next fetch.
                    self.take(1)?;
                    if self.cursor.peek()?.is_none() {
                        return Err(self.truncated("a string"));
                    }
                    self.take(1)?;
                }
            }
        }
    }

    fn skip_scalar(&mut self) -> Result<(), ReadError> {
        loop {
            let at_hand = self.cursor.buffer()?;
            let n = at_hand.iter().position(|byte| !is_scalar(*byte));
            let is_end = n.is_some() || at_hand.is_empty();
            let n = n.unwrap_or(at_hand.len());
            self.take(n)?;
            if is_end {
                return Ok(());
            }
        }
    }

    fn skip_space(&mut self) -> Result<(), ReadError> {
        loop {
            let at_hand = self.cursor.buffer()?;
            let n = at_hand.iter().position(|byte| !matches!(byte, b' ' | b'\t' | b'\r' | b'\n'));
            let is_end = n.is_some() || at_hand.is_empty();
            self.cursor.consume(n.unwrap_or(usize::MAX));
            if is_end {
                return Ok(());
            }
        }
    }

    /// The next byte that is not white space, without moving past it.
    fn peek(&mut self, what: &'static str) -> Result<u8, ReadError> {
        if let Some(byte) = self.cursor.buffer()?.first().copied()
            && !byte.is_ascii_whitespace()
        {
            return Ok(byte);
        }
        self.skip_space()?;
        match self.cursor.peek()? {
            Some(byte) => Ok(byte),
            None => Err(self.truncated(what)),
        }
    }

    /// Moves past `n` of the bytes at hand, keeping them when a value is being kept.
    fn take(&mut self, n: usize) -> Result<(), ReadError> {
        if let Some(kept) = &mut self.kept {
            let part = self.cursor.buffer()?.get(..n).unwrap_or_default();
            kept.extend_from_slice(part);
            let (asked, limit) = (bytes(kept.len()), self.budget.limits().header_bytes);
            if limit < asked {
                return Err(self.cursor.error(ErrorKind::Limit { what: "one value", asked, limit }));
            }
            self.budget.keep("kept values", bytes(n)).map_err(|kind| self.cursor.error(kind))?;
        }
        self.cursor.consume(n);
        Ok(())
    }

    fn check_depth(&self, depth: usize) -> Result<(), ReadError> {
        if depth < DEPTH {
            return Ok(());
        }
        let (asked, limit) = (bytes(depth).saturating_add(1), bytes(DEPTH));
        Err(self.error(ErrorKind::Limit { what: "nesting", asked, limit }))
    }

    fn truncated(&self, what: &'static str) -> ReadError {
        self.error(ErrorKind::Truncated { what, missing: 1 })
    }

    fn malformed(&self, what: &'static str, expected: &str, found: u8) -> ReadError {
        self.error(ErrorKind::malformed(what, expected, printable(found)))
    }
}

/// How many bytes come before the first quote or bracket.
fn plain_run(bytes: &[u8]) -> usize {
    const LANES: usize = 32;
    let mut plain = 0_usize;
    for chunk in bytes.chunks_exact(LANES) {
        // Written without a way out so that the compiler makes it a few vector instructions.
        if chunk.iter().fold(false, |any, byte| any | is_structure(*byte)) {
            break;
        }
        plain = plain.saturating_add(LANES);
    }
    let rest = bytes.get(plain..).unwrap_or_default();
    plain.saturating_add(rest.iter().position(|byte| is_structure(*byte)).unwrap_or(rest.len()))
}

/// A quote or a bracket. Square and curly brackets differ in one bit.
fn is_structure(byte: u8) -> bool {
    let curly = byte | 0x20;
    matches!(curly, b'{' | b'}') || byte == b'"'
}

fn is_scalar(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'-' | b'.')
}

fn printable(byte: u8) -> String {
    if byte.is_ascii_graphic() { char::from(byte).to_string() } else { format!("byte 0x{byte:02x}") }
}

fn bytes(n: usize) -> u64 {
    u64::try_from(n).unwrap_or(u64::MAX)
}
