//! What is not copied as it is: a member of an archive, a joblib file that becomes a plain pickle, a JSON text that
//! becomes a JSON string, an ONNX model that becomes binary. It goes into any writer while the original is hashed beside it.

use std::io::{self, Write};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread;

use packwright_formats::compress::Compression;
use packwright_formats::joblib::{TranscodeError, transcode};
use packwright_inspect::{onnx_binary, open_member};
use packwright_source::{ByteSource, ErrorKind, FileSource, Limits, ReadError, read_up_to};

use super::error::{read_error, write_error};
use super::job::Watch;
use super::source::Original;
use super::{CHUNK_BYTES, Cancel, ExportError, TELL_EVERY, hash, json_string};
use crate::flavors::{Change, DataFile};

/// Writes what `file` asks of `original` into `out`, which lies at `to`, and gives the SHA-256 of the original,
/// which is not asked for again where it is `known`.
///
/// The rewriting runs on a thread of its own: it reads a compressed file twice, and the first time it writes nothing,
/// so progress and cancel are taken from its reads.
pub(super) fn rewrite(
    (original, file): (Original, &DataFile),
    known: Option<&str>,
    out: &mut (dyn Write + Send),
    (to, watch): (&Path, &mut Watch<'_>),
) -> Result<String, ExportError> {
    let again = FileSource::open(original.path()).map_err(read_error(original.path()))?;
    let (source, check) = original.into_source();
    let n_readings = n_readings(&source, file).map_err(read_error(check.path()))?;
    let size_bytes = source.len_bytes();
    let watched = Arc::new(Watched { source, cancel: watch.cancel(), read_bytes: AtomicU64::new(0) });
    let (rewritten, hashed) = thread::scope(|scope| {
        let hashing = scope.spawn(|| match known {
            Some(known) => Ok((known.to_owned(), 0)),
            None => hash::whole(again.file(), &watched.cancel),
        });
        let (done, wait) = mpsc::channel::<()>();
        let reader = Arc::clone(&watched);
        let rewriting = scope.spawn(move || {
            let outcome = made(reader, file, out);
            drop(done);
            outcome
        });
        let mut told = 0;
        while wait.recv_timeout(TELL_EVERY) == Err(RecvTimeoutError::Timeout) {
            let now = (watched.read_bytes.load(Ordering::Relaxed) / n_readings).min(size_bytes);
            // A cancel stops the readers; the loop ends with them.
            watch.advance(now.saturating_sub(told)).unwrap_or_default();
            told = told.max(now);
        }
        let stopped = |_| Err(TranscodeError::Unsupported("the rewriting stopped unexpectedly".into()));
        let rewritten = rewriting.join().unwrap_or_else(stopped);
        (rewritten.map(|()| size_bytes.saturating_sub(told)), hash::joined(hashing.join()))
    });
    if watch.is_cancelled() {
        return Err(ExportError::Cancelled);
    }
    check.check(&watched.source)?;
    match rewritten {
        Ok(untold) => watch.advance(untold)?,
        Err(TranscodeError::Write(error)) => return Err(write_error(to)(error)),
        // There is no other way to pack a member: the fallback is for rewriting alone.
        Err(TranscodeError::Read(error)) if file.change != Change::Pickle => {
            return Err(read_error(check.path())(io::Error::other(error)));
        }
        Err(error @ (TranscodeError::Unsupported(_) | TranscodeError::Read(_))) => {
            return Err(ExportError::NotRewritable(error.to_string()));
        }
    }
    let (sha256, _) = hashed.map_err(read_error(check.path()))?;
    Ok(sha256)
}

/// Unpacks, rewrites, or both.
fn made(original: Arc<Watched>, file: &DataFile, out: &mut dyn Write) -> Result<(), TranscodeError> {
    let source: Arc<dyn ByteSource> = match &file.member {
        Some(member) => open_member(original, member, &Limits::default())?,
        None => original,
    };
    match file.change {
        Change::None => {}
        Change::Pickle => return transcode(source, &Limits::default(), out).map(drop),
        Change::JsonString => return json_string::encode(&*source, out).map(drop),
        Change::OnnxBinary => {
            return Ok(out.write_all(&onnx_binary(&*source, &Limits::default())?)?);
        }
    }
    let mut buffer = vec![0; CHUNK_BYTES];
    let mut at = 0;
    loop {
        let n = read_up_to(&*source, at, &mut buffer)
            .map_err(|error| ReadError::new("archive", at, ErrorKind::Io(error)))?;
        if n == 0 {
            break;
        }
        out.write_all(buffer.get(..n).unwrap_or_default())?;
        at += n as u64;
    }
    if at == file.content_bytes() {
        return Ok(());
    }
    let detail = format!("it unpacks to {at} bytes and had {} when it was read", file.content_bytes());
    Err(ReadError::new("archive", at, ErrorKind::Unsupported(detail)).into())
}

/// Arrays are found first and copied then. Without compression the first reading skips them. A member is inflated once
/// to measure it and once more to copy it.
fn n_readings(source: &FileSource, file: &DataFile) -> io::Result<u64> {
    if file.member.is_some() {
        return Ok(2);
    }
    let mut head = [0; 16];
    let n = read_up_to(source, 0, &mut head)?;
    Ok(if Compression::of(head.get(..n).unwrap_or_default()).is_some() { 2 } else { 1 })
}

/// Counts what is read, and reads no more once cancelled.
#[derive(Debug)]
struct Watched {
    source: FileSource,
    cancel: Cancel,
    read_bytes: AtomicU64,
}

impl ByteSource for Watched {
    fn len_bytes(&self) -> u64 {
        self.source.len_bytes()
    }

    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<usize> {
        if self.cancel.is_cancelled() {
            return Err(io::Error::other("cancelled"));
        }
        let n = self.source.read_at(offset, buffer)?;
        self.read_bytes.fetch_add(n as u64, Ordering::Relaxed);
        Ok(n)
    }
}
