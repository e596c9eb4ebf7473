//! Streams of one compression, one after another.
//!
//! Python's readers follow gzip members, bzip2 streams, xz and lzma streams and LZ4 frames as one; gzip's skip zeros
//! between and behind them, xz's skip padding of four zeros, and an xz stream may follow one of lzma and the other way.
//! What follows and is no stream is left alone, and counted. A zlib stream has no successor: `zlib` and joblib end with
//! the first.

use std::io::{self, BufRead as _, BufReader, Read};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use packwright_source::read_up_to;

use super::{Compression, DICTIONARY_KIB, Failed, SKIP_BYTES, SourceReader};

type Buffered = BufReader<SourceReader>;

/// One stream being read.
enum Stream {
    Zlib(flate2::bufread::ZlibDecoder<Buffered>),
    Gzip(flate2::bufread::GzDecoder<Buffered>),
    Bz2(bzip2::bufread::BzDecoder<Buffered>),
    Xz(Box<lzma_rust2::XzReader<Buffered>>),
    Lzma(Box<lzma_rust2::LzmaReader<Buffered>>),
    Failed(Failed, Buffered),
}

/// The length of the header of an lzma stream: properties, dictionary size, length of what it unpacks to.
const LZMA_HEADER: usize = 13;
/// More than any lzma stream unpacks to, as liblzma sees it when it has to guess the format.
const LZMA_MOST_BYTES: u64 = 256 << 30;

/// Every stream of an input, as one.
pub(super) struct Streams {
    stream: Option<Stream>,
    compression: Compression,
    trailing: Arc<AtomicU64>,
}

impl Streams {
    /// Begins with the first stream; `trailing` is told how many bytes follow the last.
    pub(super) fn new(compression: Compression, reader: SourceReader, trailing: Arc<AtomicU64>) -> Self {
        let reader = BufReader::with_capacity(SKIP_BYTES, reader);
        Self { stream: Some(Stream::new(compression, reader)), compression, trailing }
    }

    /// Goes on behind a stream that ended: with the next one, or not at all.
    fn follow(&mut self, mut rest: Buffered) -> io::Result<Option<Stream>> {
        let mut n_zeros = 0_u64;
        while let [0, ..] = rest.fill_buf()? {
            let zeros = rest.buffer().iter().take_while(|byte| **byte == 0).count();
            rest.consume(zeros);
            n_zeros = n_zeros.saturating_add(u64::try_from(zeros).unwrap_or(0));
        }
        let (magic, padding): (&[u8], bool) = match self.compression {
            Compression::Gzip => (b"\x1f\x8b", true),
            Compression::Bz2 => (b"BZh", n_zeros == 0),
            Compression::Xz | Compression::Lzma => (b"\xfd7zXZ\0", n_zeros.is_multiple_of(4)),
            _ => (b"", false),
        };
        let is_at_end = rest.buffer().is_empty();
        let is_lzma = matches!(self.compression, Compression::Xz | Compression::Lzma);
        if is_lzma
            && n_zeros == 0
            && !rest.buffer().starts_with(b"\xfd7zXZ\0")
            && begins_lzma(&at_buffered(&rest))
        {
            return Ok(Some(Stream::new(Compression::Lzma, rest)));
        }
        if !is_at_end && padding && !magic.is_empty() && rest.buffer().starts_with(magic) {
            let next = if is_lzma { Compression::Xz } else { self.compression };
            return Ok(Some(Stream::new(next, rest)));
        }
        if !is_at_end || !padding && 0 < n_zeros {
            let buffered = u64::try_from(rest.buffer().len()).unwrap_or(0);
            let inner = rest.get_ref();
            let unread = inner.source.len_bytes().saturating_sub(inner.at);
            self.trailing.store(unread.saturating_add(buffered).saturating_add(n_zeros), Ordering::Relaxed);
        }
        Ok(None)
    }
}

impl Read for Streams {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if buffer.is_empty() {
            return Ok(0);
        }
        while let Some(mut stream) = self.stream.take() {
            let n = stream.read(buffer)?;
            if 0 < n {
                self.stream = Some(stream);
                return Ok(n);
            }
            self.stream = self.follow(stream.into_inner())?;
        }
        Ok(0)
    }
}

impl Stream {
    fn new(compression: Compression, reader: Buffered) -> Self {
        match compression {
            Compression::Gzip => Self::Gzip(flate2::bufread::GzDecoder::new(reader)),
            Compression::Bz2 => Self::Bz2(bzip2::bufread::BzDecoder::new(reader)),
            Compression::Xz => {
                let decoder = lzma_rust2::XzReader::new_mem_limit(reader, false, DICTIONARY_KIB);
                Self::Xz(Box::new(decoder))
            }
            Compression::Lzma => {
                let at = at_buffered(&reader);
                match lzma_rust2::LzmaReader::new_mem_limit(reader, DICTIONARY_KIB, None) {
                    Ok(decoder) => Self::Lzma(Box::new(decoder)),
                    Err(error) => Self::Failed(Failed::new(error), BufReader::with_capacity(SKIP_BYTES, at)),
                }
            }
            _ => Self::Zlib(flate2::bufread::ZlibDecoder::new(reader)),
        }
    }

    fn into_inner(self) -> Buffered {
        match self {
            Self::Zlib(decoder) => decoder.into_inner(),
            Self::Gzip(decoder) => decoder.into_inner(),
            Self::Bz2(decoder) => decoder.into_inner(),
            Self::Xz(decoder) => decoder.into_inner(),
            // It reads ahead, and gives back what it did not need.
            Self::Lzma(decoder) => {
                let (reader, unused) = decoder.into_parts();
                let mut at = at_buffered(&reader);
                at.at = at.at.saturating_sub(u64::try_from(unused.len()).unwrap_or(0));
                BufReader::with_capacity(SKIP_BYTES, at)
            }
            Self::Failed(_, reader) => reader,
        }
    }
}

impl Read for Stream {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self {
            Self::Zlib(decoder) => decoder.read(buffer),
            Self::Gzip(decoder) => decoder.read(buffer),
            Self::Bz2(decoder) => decoder.read(buffer),
            Self::Xz(decoder) => decoder.read(buffer),
            Self::Lzma(decoder) => decoder.read(buffer),
            Self::Failed(failed, _) => failed.read(buffer),
        }
    }
}

/// A reader at the place that a buffered one is at.
fn at_buffered(reader: &Buffered) -> SourceReader {
    let inner = reader.get_ref();
    let buffered = u64::try_from(reader.buffer().len()).unwrap_or(0);
    SourceReader { source: Arc::clone(&inner.source), at: inner.at.saturating_sub(buffered) }
}

/// Whether the bytes are what liblzma takes for an lzma stream when it has to guess: the format has no magic.
pub(super) fn begins_lzma(reader: &SourceReader) -> bool {
    let mut header = [0; LZMA_HEADER];
    let is_read = read_up_to(&*reader.source, reader.at, &mut header).is_ok_and(|n| n == LZMA_HEADER);
    let [properties, a, b, c, d, length @ ..] = header;
    let dictionary = u32::from_le_bytes([a, b, c, d]);
    let length = u64::from_le_bytes(length);
    // A power of two, or the sum of two that follow each other.
    let top = dictionary.checked_ilog2().and_then(|bits| 1_u32.checked_shl(bits)).unwrap_or(0);
    let is_usual = dictionary == top || dictionary == top | top >> 1 || dictionary == u32::MAX;
    is_read
        && properties <= (4 * 5 + 4) * 9 + 8
        && is_usual
        && (length == u64::MAX || length < LZMA_MOST_BYTES)
}

/// LZ4 frames, as one.
pub(super) struct Frames(lz4_flex::frame::FrameDecoder<SourceReader>);

impl Frames {
    pub(super) fn new(reader: SourceReader) -> Self {
        Self(lz4_flex::frame::FrameDecoder::new(reader))
    }
}

impl Read for Frames {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            let n = self.0.read(buffer)?;
            let reader = self.0.get_ref();
            // The decoder gives nothing at the end of each frame and begins the next one when it is asked again.
            if 0 < n || buffer.is_empty() || reader.source.len_bytes() <= reader.at {
                return Ok(n);
            }
        }
    }
}
