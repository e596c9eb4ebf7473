//! Compression around a whole file: what joblib and command-line tools put around a pickle.
//!
//! [`Compression::of`] goes by the first bytes, as joblib does. [`Compression::open`] gives a forward input that pays
//! for every byte it gives out and stops a bomb: output that is far larger than the input it came from.
//!
//! Streams that follow one another are read as one, as Python's own readers do (`streams`).

mod streams;
#[cfg(test)]
mod tests;
mod unpacked;

use std::io::{self, Read};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use packwright_source::{Budget, ByteSource, ErrorKind, Input, read_up_to};

use self::streams::{Frames, Streams};

pub use self::unpacked::Unpacked;

/// Where an lz4 frame has its flags, after its four magic bytes (LZ4 Frame Format 1.6.4).
const LZ4_FLAGS_AT: u64 = 4;

/// The flag of a checksum after the last block.
const LZ4_HAS_CHECKSUM: u8 = 4;

/// How a file is compressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Compression {
    /// RFC 1950.
    Zlib,
    /// RFC 1952, one or more members.
    Gzip,
    /// bzip2, one or more streams.
    Bz2,
    /// xz, one or more streams.
    Xz,
    /// The old `.lzma` container, one or more streams.
    Lzma,
    /// The LZ4 frame format, one or more frames.
    Lz4,
    /// joblib before 0.10: `ZF`, a length in hexadecimal, then zlib.
    ZFile,
}

/// The dictionary that an xz or lzma stream may ask for, in KiB: four times what the strongest preset uses.
const DICTIONARY_KIB: u32 = 256 << 10;
/// How much is thrown away at once when skipping.
const SKIP_BYTES: usize = 64 << 10;
/// The length of the header of [`Compression::ZFile`]: `ZF` and 19 characters.
const ZFILE_HEADER: u64 = 21;

impl Compression {
    /// The largest dictionary that an LZMA stream may ask for, in bytes.
    pub(crate) const LZMA_DICTIONARY_BYTES: u32 = DICTIONARY_KIB << 10;

    /// The compression that the first bytes of a file announce.
    pub fn of(head: &[u8]) -> Option<Self> {
        match head {
            [0x1f, 0x8b, ..] => Some(Self::Gzip),
            [b'B', b'Z', b'h', b'1'..=b'9', ..] => Some(Self::Bz2),
            [0xfd, b'7', b'z', b'X', b'Z', 0, ..] => Some(Self::Xz),
            [0x5d, 0, 0, ..] => Some(Self::Lzma),
            [0x04, 0x22, 0x4d, 0x18, ..] => Some(Self::Lz4),
            [b'Z', b'F', b'0', b'x', ..] => Some(Self::ZFile),
            [0x78, flags, ..] if (0x7800_u16 | u16::from(*flags)).is_multiple_of(31) => Some(Self::Zlib),
            _ => None,
        }
    }

    /// The name that people know it by.
    pub fn name(self) -> &'static str {
        match self {
            Self::Zlib | Self::ZFile => "zlib",
            Self::Gzip => "gzip",
            Self::Bz2 => "bz2",
            Self::Xz => "xz",
            Self::Lzma => "lzma",
            Self::Lz4 => "lz4",
        }
    }

    /// A decompressor over the whole source.
    pub fn open(self, source: Arc<dyn ByteSource>, budget: &Budget) -> Inflated {
        let at = if self == Self::ZFile { ZFILE_HEADER } else { 0 };
        let source_len = source.len_bytes();
        let reader = SourceReader { source, at };
        let trailing = Arc::new(AtomicU64::new(0));
        let streams = |reader| Streams::new(self, reader, Arc::clone(&trailing));
        let inner: Box<dyn Read + Send> = match self {
            Self::Lzma if !streams::begins_lzma(&reader) => {
                let error =
                    io::Error::new(io::ErrorKind::InvalidData, "the lzma header states what no writer does");
                Box::new(Failed(Some(error)))
            }
            Self::Zlib | Self::ZFile | Self::Gzip | Self::Bz2 | Self::Xz | Self::Lzma => {
                Box::new(streams(reader))
            }
            Self::Lz4 => {
                // The decoder takes the end of the file for the end of the frame; loaders do not.
                let is_whole = ends_with_mark(reader.source.as_ref());
                let frames = Frames::new(reader);
                if is_whole { Box::new(frames) } else { Box::new(frames.chain(Failed(Some(cut_short())))) }
            }
        };
        Inflated { inner, name: self.name(), given: 0, source_len, budget: budget.clone(), trailing }
    }
}

/// Whether an lz4 file ends as its frame must: a block of length 0, then a checksum if the header announces one.
fn ends_with_mark(source: &dyn ByteSource) -> bool {
    let mut flags = [0];
    let mut mark = [0xff; 4];
    let is_read = read_up_to(source, LZ4_FLAGS_AT, &mut flags).is_ok_and(|n| n == 1);
    let [flags] = flags;
    let tail_len = if flags & LZ4_HAS_CHECKSUM == 0 { 4 } else { 8 };
    let at = source.len_bytes().checked_sub(tail_len);
    is_read && at.is_some_and(|at| read_up_to(source, at, &mut mark).is_ok_and(|n| n == 4)) && mark == [0; 4]
}

fn cut_short() -> io::Error {
    io::Error::new(io::ErrorKind::UnexpectedEof, "the lz4 frame has no end")
}

/// A decompressor that only goes forward.
pub struct Inflated {
    inner: Box<dyn Read + Send>,
    name: &'static str,
    given: u64,
    source_len: u64,
    budget: Budget,
    trailing: Arc<AtomicU64>,
}

/// How many bytes follow the compressed data that its readers leave alone. Known once the data was read to its end.
#[derive(Debug, Clone)]
pub struct Trailing(Arc<AtomicU64>);

impl Trailing {
    /// How many there are; 0 before the end was reached.
    pub fn n_bytes(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

impl std::fmt::Debug for Inflated {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Inflated({} after {} bytes)", self.name, self.given)
    }
}

impl Inflated {
    /// A decompressor that is not one of [`Compression`]: a member of an archive of `source_len` packed bytes.
    pub(crate) fn raw(
        inner: Box<dyn Read + Send>,
        name: &'static str,
        source_len: u64,
        budget: &Budget,
    ) -> Self {
        let (budget, trailing) = (budget.clone(), Arc::default());
        Self { inner, name, given: 0, source_len, budget, trailing }
    }

    /// What follows the compressed data; asked after reading, so that the input may be given away before.
    pub fn trailing(&self) -> Trailing {
        Trailing(Arc::clone(&self.trailing))
    }

    fn pay(&mut self, n: usize) -> Result<(), ErrorKind> {
        let n = u64::try_from(n).unwrap_or(u64::MAX);
        self.given = self.given.saturating_add(n);
        self.budget.inflate("the decompressed stream", n)?;
        let limits = self.budget.limits();
        let most = self.source_len.saturating_mul(limits.inflated_ratio).max(limits.inflated_grace_bytes);
        if most < self.given {
            let what = "the decompressed stream (it grows like a decompression bomb)";
            return Err(ErrorKind::Limit { what, asked: self.given, limit: most });
        }
        Ok(())
    }
}

impl Input for Inflated {
    fn read(&mut self, buffer: &mut [u8]) -> Result<usize, ErrorKind> {
        loop {
            match self.inner.read(buffer) {
                Ok(n) => {
                    self.pay(n)?;
                    return Ok(n);
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => {
                    return Err(ErrorKind::malformed(
                        "compressed data",
                        format!("a valid {} stream", self.name),
                        error.to_string(),
                    ));
                }
            }
        }
    }

    fn skip(&mut self, n: u64) -> Result<u64, ErrorKind> {
        let mut waste = vec![0; SKIP_BYTES];
        let mut left = n;
        while 0 < left {
            let most = usize::try_from(left).unwrap_or(usize::MAX).min(waste.len());
            let got = match waste.get_mut(..most) {
                Some(part) => Input::read(self, part)?,
                None => 0,
            };
            if got == 0 {
                break;
            }
            left = left.saturating_sub(u64::try_from(got).unwrap_or(left));
        }
        Ok(n.saturating_sub(left))
    }

    fn remaining(&self) -> Option<u64> {
        None
    }
}

impl Read for Inflated {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        Input::read(self, buffer).map_err(|kind| io::Error::new(io::ErrorKind::InvalidData, kind.to_string()))
    }
}

/// [`Read`] over a source.
pub(crate) struct SourceReader {
    pub(crate) source: Arc<dyn ByteSource>,
    pub(crate) at: u64,
}

impl Read for SourceReader {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let n = read_up_to(&*self.source, self.at, buffer)?;
        self.at = self.at.saturating_add(u64::try_from(n).unwrap_or(0));
        Ok(n)
    }
}

/// A stream whose header was already wrong.
pub(crate) struct Failed(Option<io::Error>);

impl Failed {
    pub(crate) fn new(error: io::Error) -> Self {
        Self(Some(error))
    }
}

impl Read for Failed {
    fn read(&mut self, _buffer: &mut [u8]) -> io::Result<usize> {
        Err(self.0.take().unwrap_or_else(|| io::ErrorKind::InvalidData.into()))
    }
}
