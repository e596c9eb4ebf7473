//! A package as a zip archive: fixed times, fixed order, fixed permissions, so that equal packages are equal bytes.

mod archive;
mod deflate;

use std::fs::File;
use std::io::{self, BufWriter, Read as _, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, SyncSender};
use std::thread;

use flate2::write::DeflateEncoder;
use flate2::{Compression, Crc};
use packwright_source::{FileSource, read_up_to};
use sha2::{Digest as _, Sha256};

use self::archive::{Archive, Method};
use self::deflate::{Block, Deflater};
use super::error::{read_error, write_error};
use super::job::Watch;
use super::source::Original;
use super::sync::Behind;
use super::{CHUNK_BYTES, Cancel, ExportError, Sink, TELL_EVERY, hash, rewrite, sync};
use crate::flavors::DataFile;
use crate::receipt::{WrittenFile, hex};

/// An entry that may reach this length gets the long header from the start: it cannot be added afterwards.
const LONG_BYTES: u64 = 3 << 30;

/// Files up to this length are deflated with care, longer ones fast.
const CAREFUL_BYTES: u64 = 16 << 20;

/// Deflate's level with care, and the fast one. Level 1 is no faster and codes all bytes alike: what has no repetitions
/// but few values, as weights of two bytes or one, would grow by it where level 2 takes a fifth off.
const CAREFUL: u32 = 6;
const FAST: u32 = 2;

/// How many places of a file are tried, and how much of each, to see whether deflating pays.
const SAMPLES: u64 = 4;
const SAMPLE_BYTES: usize = 64 << 10;

/// Chunks that may wait for the hashing thread.
const WAITING: usize = 4;

/// Writes a zip.
#[derive(Debug)]
pub(super) struct ZipSink {
    path: PathBuf,
    archive: Archive<BufWriter<File>>,
    /// The file again, for what makes it last.
    file: File,
    behind: Behind,
}

impl ZipSink {
    /// Makes the file; it must not exist.
    pub(super) fn create(path: &Path) -> Result<Self, ExportError> {
        let file = File::create_new(path).map_err(write_error(path))?;
        let again = file.try_clone().map_err(write_error(path))?;
        let archive = Archive::new(BufWriter::with_capacity(CHUNK_BYTES, file));
        Ok(Self { path: path.to_path_buf(), archive, file: again, behind: Behind::default() })
    }

    /// Writes the directory, waits for the medium and hashes the archive meanwhile. Both may take long, so that the export
    /// is alive is told, and a cancel is looked for, all the while.
    pub(super) fn finish(self, watch: &mut Watch<'_>) -> Result<WrittenFile, ExportError> {
        let path = self.path;
        let buffered = self.archive.finish().map_err(write_error(&path))?;
        let file =
            buffered.into_inner().map_err(io::IntoInnerError::into_error).map_err(write_error(&path))?;
        let again = File::open(&path).map_err(read_error(&path))?;
        let cancel = watch.cancel();
        let syncing = self.behind.end(file);
        let hashed = thread::scope(|scope| {
            let (done, wait) = mpsc::channel::<()>();
            let (again, cancel) = (&again, &cancel);
            let hashing = scope.spawn(move || {
                let hashed = hash::whole(again, cancel);
                drop(done);
                hashed
            });
            while wait.recv_timeout(TELL_EVERY) == Err(RecvTimeoutError::Timeout) {
                // A cancel stops the hashing; the loop ends with it.
                watch.advance(0).unwrap_or_default();
            }
            hash::joined(hashing.join())
        });
        watch.advance(0)?;
        sync::end(&syncing, &path, watch)?;
        let (sha256, size_bytes) = hashed.map_err(read_error(&path))?;
        Ok(WrittenFile { path: String::new(), size_bytes, sha256 })
    }

    /// Writes one entry whose bytes come from `work`. They are hashed on a second thread, and packed on all.
    fn entry<T>(
        &mut self,
        name: &str,
        (packing, cancel): (Packing, &Cancel),
        work: impl FnOnce(&mut Tee<'_>) -> Result<T, ExportError>,
    ) -> Result<(T, u64, String), ExportError> {
        let path = &self.path;
        let (archive, behind, file) = (&mut self.archive, &mut self.behind, &self.file);
        archive.begin(name, packing.method(), packing.is_long).map_err(write_error(path))?;
        let (value, size_bytes, sums) = thread::scope(|scope| {
            let (full, filled) = mpsc::sync_channel(WAITING);
            let hashing = scope.spawn(move || hash_chunks(&filled, cancel));
            let deflater = packing.level.map(|level| Deflater::start(scope, level, cancel));
            let chunk = Vec::with_capacity(CHUNK_BYTES);
            let mut tee = Tee { archive, chunk, full, deflater, size_bytes: 0, behind, file, cancel };
            let worked = work(&mut tee).and_then(|value| {
                tee.finish().map_err(write_error(path))?;
                Ok((value, tee.size_bytes))
            });
            drop(tee);
            let sums = hash::joined(hashing.join().map(Ok)).map_err(write_error(path))?;
            let (value, size_bytes) = worked?;
            Ok::<_, ExportError>((value, size_bytes, sums))
        })?;
        self.archive.end(sums.crc, size_bytes).map_err(write_error(&self.path))?;
        Ok((value, size_bytes, sums.sha256))
    }
}

impl Sink for ZipSink {
    fn copy(&mut self, file: &DataFile, watch: &mut Watch<'_>) -> Result<WrittenFile, ExportError> {
        let original = Original::open(&file.from, file.size_bytes)?;
        let packing = packing(file).map_err(read_error(&file.from))?;
        let to = self.path.clone();
        let ((), size_bytes, sha256) = self.entry(&file.path, (packing, &watch.cancel()), |tee| {
            let mut reader = original.file();
            loop {
                let n = tee.take_from(&mut reader).map_err(|error| match error {
                    Taken::Read(error) => read_error(original.path())(error),
                    Taken::Write(error) => write_error(&to)(error),
                })?;
                if n == 0 {
                    return Ok(());
                }
                watch.advance(n)?;
            }
        })?;
        original.check()?;
        if size_bytes != file.size_bytes {
            return Err(ExportError::SourceChanged(file.from.clone()));
        }
        Ok(WrittenFile { path: file.path.clone(), size_bytes, sha256 })
    }

    fn rewrite(
        &mut self,
        file: &DataFile,
        known: Option<&str>,
        watch: &mut Watch<'_>,
    ) -> Result<(WrittenFile, String), ExportError> {
        let original = Original::open(&file.from, file.size_bytes)?;
        // The original may be compressed, so neither its length nor its bytes tell about what comes out.
        let packing = Packing { is_long: true, ..packing(file).map_err(read_error(&file.from))? };
        let to = self.path.clone();
        let (original, size_bytes, sha256) = self.entry(&file.path, (packing, &watch.cancel()), |tee| {
            rewrite::rewrite((original, file), known, tee, (&to, watch))
        })?;
        Ok((WrittenFile { path: file.path.clone(), size_bytes, sha256 }, original))
    }

    fn text(&mut self, path: &str, bytes: &[u8]) -> Result<WrittenFile, ExportError> {
        // Short and in memory: not worth a thread.
        let packed = deflate::packed(bytes, CAREFUL).and_then(|packed| {
            self.archive.begin(path, Method::Deflated, false)?;
            self.archive.put(&packed)?;
            self.archive.put(&deflate::LAST)?;
            let mut crc = Crc::new();
            crc.update(bytes);
            self.archive.end(crc.sum(), bytes.len() as u64)
        });
        packed.map_err(write_error(&self.path))?;
        Ok(WrittenFile::of(path, bytes))
    }
}

/// How an entry is stored.
#[derive(Debug, Clone, Copy)]
struct Packing {
    /// Deflate's level; `None` to store.
    level: Option<u32>,
    /// Whether it may pass 4 GiB.
    is_long: bool,
}

impl Packing {
    fn method(self) -> Method {
        if self.level.is_some() { Method::Deflated } else { Method::Stored }
    }
}

/// Deflates what samples show to shrink by a seventh or more; weights seldom do.
fn packing(file: &DataFile) -> io::Result<Packing> {
    let source = FileSource::open(&file.from)?;
    let mut sample = Vec::new();
    let mut buffer = vec![0; SAMPLE_BYTES];
    let step = file.size_bytes / SAMPLES;
    for i in 0..SAMPLES {
        let n = read_up_to(&source, i * step, &mut buffer)?;
        sample.extend_from_slice(buffer.get(..n).unwrap_or_default());
        if file.size_bytes <= SAMPLE_BYTES as u64 {
            break;
        }
    }
    let mut encoder = DeflateEncoder::new(Vec::new(), Compression::new(FAST));
    encoder.write_all(&sample)?;
    let shrinks = encoder.finish()?.len() * 7 < sample.len() * 6;
    let level = if file.size_bytes <= CAREFUL_BYTES { CAREFUL } else { FAST };
    Ok(Packing { level: shrinks.then_some(level), is_long: LONG_BYTES <= file.size_bytes })
}

/// Writes into the zip, packed or not, and hands each full chunk to the hashing thread.
struct Tee<'a> {
    archive: &'a mut Archive<BufWriter<File>>,
    chunk: Vec<u8>,
    full: SyncSender<Arc<Block>>,
    /// `None` to store.
    deflater: Option<Deflater>,
    size_bytes: u64,
    behind: &'a mut Behind,
    file: &'a File,
    cancel: &'a Cancel,
}

/// Which side of a copy failed.
enum Taken {
    Read(io::Error),
    Write(io::Error),
}

impl Tee<'_> {
    /// Moves one chunk from a file. 0 at its end.
    fn take_from(&mut self, reader: &mut impl io::Read) -> Result<u64, Taken> {
        self.chunk.clear();
        let n = reader.by_ref().take(CHUNK_BYTES as u64).read_to_end(&mut self.chunk).map_err(Taken::Read)?;
        self.flush_chunk().map_err(Taken::Write)?;
        Ok(n as u64)
    }

    fn flush_chunk(&mut self) -> io::Result<()> {
        if self.chunk.is_empty() {
            return Ok(());
        }
        self.size_bytes += self.chunk.len() as u64;
        let full = Arc::new(Block(std::mem::replace(&mut self.chunk, Vec::with_capacity(CHUNK_BYTES))));
        self.full.send(Arc::clone(&full)).map_err(io::Error::other)?;
        let archive = &mut *self.archive;
        match &mut self.deflater {
            Some(deflater) => deflater.take(full, &mut |bytes| archive.put(bytes))?,
            None => archive.put(&full.0)?,
        }
        self.behind.follow(self.file, self.archive.len_bytes(), self.cancel)
    }

    /// Writes what is waiting, and the end of the packed stream.
    fn finish(&mut self) -> io::Result<()> {
        self.flush_chunk()?;
        let archive = &mut *self.archive;
        match &mut self.deflater {
            Some(deflater) => deflater.finish(&mut |bytes| archive.put(bytes)),
            None => Ok(()),
        }
    }
}

impl Write for Tee<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let room = CHUNK_BYTES - self.chunk.len();
        let n = room.min(bytes.len());
        self.chunk.extend_from_slice(bytes.get(..n).unwrap_or_default());
        if self.chunk.len() == CHUNK_BYTES {
            self.flush_chunk()?;
        }
        Ok(n)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// The two sums over an entry.
struct Sums {
    sha256: String,
    crc: u32,
}

fn hash_chunks(filled: &Receiver<Arc<Block>>, cancel: &Cancel) -> Sums {
    let (mut hasher, mut crc) = (Sha256::new(), Crc::new());
    for chunk in filled {
        // What was stopped needs no sums.
        if cancel.is_cancelled() {
            continue;
        }
        hasher.update(&chunk.0);
        crc.update(&chunk.0);
    }
    Sums { sha256: hex(&hasher.finalize()), crc: crc.sum() }
}
