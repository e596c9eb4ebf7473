//! Compressed bytes as a source by offset.

use std::fmt;
use std::io;
use std::sync::{Mutex, PoisonError};

use flate2::Crc;
use packwright_source::{ByteSource, ErrorKind, Input as _};

use super::{Inflated, SKIP_BYTES};

/// How much of the start is kept, so that looking at a head again costs nothing.
const KEPT_BYTES: usize = 4 << 20;

/// How often the whole may be inflated for going back; no reader of ours needs more than a few times.
const MOST_TIMES: u64 = 32;

type Open = Box<dyn Fn() -> Inflated + Send + Sync>;

/// What a decompressor gives, by offset. Going forward inflates on; going back behind what is kept begins again, so
/// memory stays small whatever the size.
pub struct Unpacked {
    open: Open,
    len_bytes: u64,
    crc32: u32,
    kept: Vec<u8>,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    /// A decompressor and how much it has given.
    open: Option<(Inflated, u64)>,
    /// What earlier decompressors had given.
    spent: u64,
}

impl fmt::Debug for Unpacked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Unpacked({} bytes)", self.len_bytes)
    }
}

impl Unpacked {
    /// Inflates everything once, to know its length and that it is whole. `open` begins at the start, each time.
    ///
    /// The error, if any, says why the end was not reached; what lies before it can be read.
    pub fn measure(open: impl Fn() -> Inflated + Send + Sync + 'static) -> (Self, Option<ErrorKind>) {
        let mut inflated = open();
        let mut buffer = vec![0; SKIP_BYTES];
        let mut kept = Vec::new();
        let mut crc = Crc::new();
        let mut len_bytes = 0_u64;
        let error = loop {
            match inflated.read(&mut buffer) {
                Ok(0) => break None,
                Ok(n) => {
                    let part = buffer.get(..n).unwrap_or_default();
                    crc.update(part);
                    let room = KEPT_BYTES.saturating_sub(kept.len()).min(n);
                    kept.extend_from_slice(part.get(..room).unwrap_or_default());
                    len_bytes = len_bytes.saturating_add(u64::try_from(n).unwrap_or(0));
                }
                Err(kind) => break Some(kind),
            }
        };
        let state = Mutex::default();
        let unpacked = Self { open: Box::new(open), len_bytes, crc32: crc.sum(), kept, state };
        (unpacked, error)
    }

    /// The CRC-32 of all bytes.
    pub fn crc32(&self) -> u32 {
        self.crc32
    }
}

impl ByteSource for Unpacked {
    fn len_bytes(&self) -> u64 {
        self.len_bytes
    }

    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<usize> {
        let rest = self.len_bytes.saturating_sub(offset);
        let n = usize::try_from(rest).unwrap_or(usize::MAX).min(buffer.len());
        let Some(part) = buffer.get_mut(..n).filter(|part| !part.is_empty()) else {
            return Ok(0);
        };
        let kept = usize::try_from(offset).ok().and_then(|at| self.kept.get(at..)).unwrap_or_default();
        if !kept.is_empty() {
            let n = kept.len().min(part.len());
            if let (Some(to), Some(from)) = (part.get_mut(..n), kept.get(..n)) {
                to.copy_from_slice(from);
            }
            return Ok(n);
        }
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let (mut inflated, mut at) = match state.open.take() {
            Some((inflated, at)) if at <= offset => (inflated, at),
            earlier => {
                state.spent = state.spent.saturating_add(earlier.map_or(0, |(_, at)| at));
                if self.len_bytes.saturating_mul(MOST_TIMES) < state.spent {
                    return Err(io::Error::other("the compressed data was gone through too often"));
                }
                ((self.open)(), 0)
            }
        };
        let broken = |kind: ErrorKind| io::Error::new(io::ErrorKind::InvalidData, kind.to_string());
        let skipped = inflated.skip(offset.saturating_sub(at)).map_err(broken)?;
        at = at.saturating_add(skipped);
        let n = if at == offset { inflated.read(part).map_err(broken)? } else { 0 };
        at = at.saturating_add(u64::try_from(n).unwrap_or(0));
        state.open = Some((inflated, at));
        Ok(n)
    }
}
