//! Streams of one compression, one after another.
//!
//! Python's readers follow gzip members, bzip2 streams and xz streams as one; gzip's skip zeros between and behind
//! them, xz's skip padding of four zeros. What follows and is no stream is left alone, and counted. A zlib stream has
//! no successor: `zlib` and joblib end with the first.

use std::io::{self, BufRead as _, BufReader, Read};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use super::{Compression, DICTIONARY_KIB, SKIP_BYTES, SourceReader};

type Buffered = BufReader<SourceReader>;

/// One stream being read.
enum Stream {
    Zlib(flate2::bufread::ZlibDecoder<Buffered>),
    Gzip(flate2::bufread::GzDecoder<Buffered>),
    Bz2(bzip2::bufread::BzDecoder<Buffered>),
    Xz(Box<lzma_rust2::XzReader<Buffered>>),
}

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
            Compression::Xz => (b"\xfd7zXZ\0", n_zeros.is_multiple_of(4)),
            _ => (b"", false),
        };
        let is_at_end = rest.buffer().is_empty();
        if !is_at_end && padding && !magic.is_empty() && rest.buffer().starts_with(magic) {
            return Ok(Some(Stream::new(self.compression, rest)));
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
            _ => Self::Zlib(flate2::bufread::ZlibDecoder::new(reader)),
        }
    }

    fn into_inner(self) -> Buffered {
        match self {
            Self::Zlib(decoder) => decoder.into_inner(),
            Self::Gzip(decoder) => decoder.into_inner(),
            Self::Bz2(decoder) => decoder.into_inner(),
            Self::Xz(decoder) => decoder.into_inner(),
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
        }
    }
}
