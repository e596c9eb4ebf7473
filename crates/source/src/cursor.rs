//! Walking forward through bytes that may lie.

use std::fmt;

use crate::{ByteSource, ErrorKind, ReadError};

/// How many bytes a cursor fetches at once. Small: a joblib file alternates short headers with arrays that are
/// skipped, and every skip throws the rest of the buffer away.
const FETCH_BYTES: usize = 8 << 10;

/// Where a [`Cursor`] gets its bytes: a source by offset, or a decompressor that only goes forward.
pub trait Input {
    /// Reads up to `buffer.len()` bytes and moves past them; 0 at the end.
    ///
    /// # Errors
    ///
    /// What the medium or the decompressor says.
    fn read(&mut self, buffer: &mut [u8]) -> Result<usize, ErrorKind>;

    /// Moves past up to `n` bytes and says how many there were.
    ///
    /// # Errors
    ///
    /// What the medium or the decompressor says.
    fn skip(&mut self, n: u64) -> Result<u64, ErrorKind>;

    /// How many bytes are left, where that is known without reading them.
    fn remaining(&self) -> Option<u64>;
}

/// A [`ByteSource`] from an offset on.
struct SourceInput<'a> {
    source: &'a dyn ByteSource,
    at: u64,
}

impl Input for SourceInput<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> Result<usize, ErrorKind> {
        let n = crate::read_up_to(self.source, self.at, buffer).map_err(ErrorKind::Io)?;
        self.at = self.at.saturating_add(u64::try_from(n).unwrap_or(0));
        Ok(n)
    }

    fn skip(&mut self, n: u64) -> Result<u64, ErrorKind> {
        let n = n.min(self.source.len_bytes().saturating_sub(self.at));
        self.at = self.at.saturating_add(n);
        Ok(n)
    }

    fn remaining(&self) -> Option<u64> {
        Some(self.source.len_bytes().saturating_sub(self.at))
    }
}

/// A forward walk through some bytes, in the name of one format. It has no `Index`: every access says what it wants
/// and fails with the place.
pub struct Cursor<'a> {
    format: &'static str,
    input: Box<dyn Input + 'a>,
    buffer: Vec<u8>,
    head: usize,
    position: u64,
    fetch_bytes: usize,
}

impl fmt::Debug for Cursor<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Cursor({} at byte {})", self.format, self.position)
    }
}

impl<'a> Cursor<'a> {
    /// A cursor over `source` from `offset` on. Positions are offsets in `source`.
    pub fn over(format: &'static str, source: &'a dyn ByteSource, offset: u64) -> Self {
        let mut cursor = Self::forward(format, Box::new(SourceInput { source, at: offset }));
        cursor.position = offset;
        cursor
    }

    /// A cursor over an input that only goes forward. Positions count from its first byte.
    pub fn forward(format: &'static str, input: Box<dyn Input + 'a>) -> Self {
        Self { format, input, buffer: Vec::new(), head: 0, position: 0, fetch_bytes: FETCH_BYTES }
    }

    /// The offset of the next byte.
    pub fn position(&self) -> u64 {
        self.position
    }

    /// The format in whose name errors are made.
    pub fn format(&self) -> &'static str {
        self.format
    }

    /// An error at the present position.
    pub fn error(&self, kind: ErrorKind) -> ReadError {
        ReadError::new(self.format, self.position, kind)
    }

    /// How many bytes are left, where that is known without reading them.
    pub fn remaining(&self) -> Option<u64> {
        let buffered = u64::try_from(self.buffered().len()).unwrap_or(0);
        self.input.remaining().map(|rest| rest.saturating_add(buffered))
    }

    /// The next byte.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Truncated`] at the end.
    pub fn byte(&mut self, what: &'static str) -> Result<u8, ReadError> {
        let [byte] = self.array(what)?;
        Ok(byte)
    }

    /// The next byte without moving; `None` at the end.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Io`].
    pub fn peek(&mut self) -> Result<Option<u8>, ReadError> {
        self.fill(1)?;
        Ok(self.buffered().first().copied())
    }

    /// Up to `n` of the next bytes without moving; fewer at the end. `n` is at most a few KB.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Io`].
    pub fn peek_bytes(&mut self, n: usize) -> Result<&[u8], ReadError> {
        self.fill(n)?;
        let have = self.buffered();
        Ok(have.get(..n).unwrap_or(have))
    }

    /// The next `N` bytes.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Truncated`] when fewer are left.
    pub fn array<const N: usize>(&mut self, what: &'static str) -> Result<[u8; N], ReadError> {
        self.fill(N)?;
        match self.buffered().first_chunk::<N>().copied() {
            Some(bytes) => {
                self.advance(N);
                Ok(bytes)
            }
            None => Err(self.short(what, u64::try_from(N).unwrap_or(u64::MAX))),
        }
    }

    /// The next `n` bytes. The caller has checked `n` against its budget; memory grows with what is really there,
    /// so a lying length cannot allocate.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Truncated`] when fewer are left.
    pub fn take(&mut self, n: u64, what: &'static str) -> Result<Vec<u8>, ReadError> {
        if let Some(rest) = self.remaining().filter(|rest| *rest < n) {
            let missing = n.saturating_sub(rest);
            return Err(self.error(ErrorKind::Truncated { what, missing }));
        }
        let start = self.position;
        let mut bytes = Vec::new();
        let mut left = n;
        while 0 < left {
            self.fill(1)?;
            let have = self.buffered();
            let part = usize::try_from(left).unwrap_or(usize::MAX).min(have.len());
            let Some(slice) = have.get(..part).filter(|slice| !slice.is_empty()) else {
                return Err(ReadError::new(self.format, start, ErrorKind::Truncated { what, missing: left }));
            };
            bytes.extend_from_slice(slice);
            left = left.saturating_sub(u64::try_from(part).unwrap_or(left));
            self.advance(part);
        }
        Ok(bytes)
    }

    /// Reads up to `buffer.len()` of the next bytes into `buffer`, large pieces straight from the input; 0 at the end.
    ///
    /// # Errors
    ///
    /// What the input says.
    pub fn read_into(&mut self, buffer: &mut [u8]) -> Result<usize, ReadError> {
        let have = self.buffered();
        let n = if have.is_empty() {
            self.input.read(buffer).map_err(|kind| self.error(kind))?
        } else {
            let n = have.len().min(buffer.len());
            if let (Some(to), Some(from)) = (buffer.get_mut(..n), have.get(..n)) {
                to.copy_from_slice(from);
            }
            n
        };
        self.head = self.head.saturating_add(n).min(self.buffer.len());
        self.position = self.position.saturating_add(u64::try_from(n).unwrap_or(0));
        Ok(n)
    }

    /// Moves past `n` bytes without keeping them.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Truncated`] when fewer are left.
    pub fn skip(&mut self, n: u64, what: &'static str) -> Result<(), ReadError> {
        let buffered = u64::try_from(self.buffered().len()).unwrap_or(u64::MAX);
        if n <= buffered {
            self.advance(usize::try_from(n).unwrap_or(usize::MAX));
            return Ok(());
        }
        let beyond = n.saturating_sub(buffered);
        let skipped = self.input.skip(beyond).map_err(|kind| self.error(kind))?;
        if skipped < beyond {
            let missing = beyond.saturating_sub(skipped);
            return Err(self.error(ErrorKind::Truncated { what, missing }));
        }
        self.buffer.clear();
        self.head = 0;
        self.position = self.position.saturating_add(n);
        Ok(())
    }

    /// Fetches `bytes` at once from here on, for a walk that reads nearly everything. At least 1 KiB.
    #[must_use]
    pub fn fetching(mut self, bytes: usize) -> Self {
        self.fetch_bytes = bytes.max(1 << 10);
        self
    }

    /// The bytes that are at hand, without moving; empty only at the end. For scans over many bytes, together with
    /// [`Cursor::consume`].
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Io`].
    pub fn buffer(&mut self) -> Result<&[u8], ReadError> {
        self.fill(1)?;
        Ok(self.buffered())
    }

    /// Moves past `n` of the bytes that [`Cursor::buffer`] gave; past all of them when `n` is more.
    pub fn consume(&mut self, n: usize) {
        self.advance(n.min(self.buffered().len()));
    }

    /// The bytes up to the next line feed, without it. At most `limit` bytes.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Truncated`] when the input ends first; [`ErrorKind::Limit`] for a longer line.
    pub fn line(&mut self, what: &'static str, limit: u64) -> Result<Vec<u8>, ReadError> {
        let start = self.position;
        let mut bytes = Vec::new();
        loop {
            self.fill(1)?;
            let have = self.buffered();
            if have.is_empty() {
                return Err(self.error(ErrorKind::Truncated { what, missing: 1 }));
            }
            let end = have.iter().position(|byte| *byte == b'\n');
            let part = have.get(..end.unwrap_or(have.len())).unwrap_or(have);
            bytes.extend_from_slice(part);
            let asked = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
            if limit < asked {
                return Err(ReadError::new(self.format, start, ErrorKind::Limit { what, asked, limit }));
            }
            let part = part.len();
            self.advance(part.saturating_add(usize::from(end.is_some())));
            if end.is_some() {
                return Ok(bytes);
            }
        }
    }

    fn buffered(&self) -> &[u8] {
        self.buffer.get(self.head..).unwrap_or_default()
    }

    /// Makes at least `n` bytes available if the input has them.
    fn fill(&mut self, n: usize) -> Result<(), ReadError> {
        if n <= self.buffered().len() {
            return Ok(());
        }
        self.buffer.drain(..self.head.min(self.buffer.len()));
        self.head = 0;
        while self.buffer.len() < n {
            let have = self.buffer.len();
            self.buffer.resize(have.saturating_add(self.fetch_bytes.max(n)), 0);
            let outcome = match self.buffer.get_mut(have..) {
                Some(part) => self.input.read(part),
                None => Ok(0),
            };
            let got = match outcome {
                Ok(got) => got,
                Err(kind) => {
                    self.buffer.truncate(have);
                    return Err(self.error(kind));
                }
            };
            self.buffer.truncate(have.saturating_add(got));
            if got == 0 {
                break;
            }
        }
        Ok(())
    }

    fn advance(&mut self, n: usize) {
        self.head = self.head.saturating_add(n).min(self.buffer.len());
        self.position = self.position.saturating_add(u64::try_from(n).unwrap_or(0));
    }

    fn short(&self, what: &'static str, wanted: u64) -> ReadError {
        let have = u64::try_from(self.buffered().len()).unwrap_or(0);
        self.error(ErrorKind::Truncated { what, missing: wanted.saturating_sub(have) })
    }
}
