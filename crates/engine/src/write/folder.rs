//! A package as a folder.

use std::fs::File;
use std::io::{self, BufWriter, Read as _, Write};
use std::path::{Path, PathBuf};
use std::sync::mpsc::{self, Sender};
use std::thread;

use super::error::{read_error, write_error};
use super::job::Watch;
use super::source::Original;
use super::sync::Behind;
use super::{CHUNK_BYTES, Cancel, ExportError, Sink, hash, rewrite, sync};
use crate::flavors::DataFile;
use crate::receipt::WrittenFile;

/// Writes a folder.
#[derive(Debug)]
pub(super) struct FolderSink {
    root: PathBuf,
    /// Every folder made, outermost first.
    folders: Vec<PathBuf>,
}

impl FolderSink {
    /// Makes the folder; it must not exist.
    pub(super) fn create(root: &Path) -> Result<Self, ExportError> {
        std::fs::create_dir(root).map_err(write_error(root))?;
        Ok(Self { root: root.to_path_buf(), folders: vec![root.to_path_buf()] })
    }

    /// Makes the names last; the files are synced one by one.
    pub(super) fn finish(self) -> Result<(), ExportError> {
        for folder in self.folders.iter().rev() {
            sync_folder(folder).map_err(write_error(folder))?;
        }
        Ok(())
    }

    fn create_file(&mut self, path: &str) -> Result<(PathBuf, File), ExportError> {
        let mut at = self.root.clone();
        let mut parts = path.split('/').peekable();
        while let Some(part) = parts.next() {
            at.push(part);
            if parts.peek().is_some() && !self.folders.contains(&at) {
                std::fs::create_dir(&at).map_err(write_error(&at))?;
                self.folders.push(at.clone());
            }
        }
        let file = File::create_new(&at).map_err(write_error(&at))?;
        Ok((at, file))
    }
}

impl Sink for FolderSink {
    fn copy(&mut self, file: &DataFile, watch: &mut Watch<'_>) -> Result<WrittenFile, ExportError> {
        let original = Original::open(&file.from, file.size_bytes)?;
        let (to, out) = self.create_file(&file.path)?;
        let (announce, announced) = mpsc::channel();
        let cancel = watch.cancel();
        let mut behind = Behind::default();
        let (copied, sha256) = thread::scope(|scope| {
            let path = to.as_path();
            let cancel = &cancel;
            let hashing = scope.spawn(move || hash::following(path, &announced, cancel));
            let mut wrote = |n_bytes| {
                // The hashing thread only ends early with an error, which its outcome carries.
                announce.send(n_bytes).unwrap_or_default();
                behind.follow(&out, n_bytes, cancel)
            };
            let copied = copy(&original, &out, &to, &mut wrote, watch);
            drop(announce);
            (copied, hash::joined(hashing.join()))
        });
        let size_bytes = copied?;
        original.check()?;
        if size_bytes != file.size_bytes {
            return Err(ExportError::SourceChanged(file.from.clone()));
        }
        let sha256 = sha256.map_err(read_error(&to))?;
        sync::end(&behind.end(out), &to, watch)?;
        Ok(WrittenFile { path: file.path.clone(), size_bytes, sha256 })
    }

    fn rewrite(
        &mut self,
        file: &DataFile,
        known: Option<&str>,
        watch: &mut Watch<'_>,
    ) -> Result<(WrittenFile, String), ExportError> {
        let original = Original::open(&file.from, file.size_bytes)?;
        let (to, out) = self.create_file(&file.path)?;
        let (announce, announced) = mpsc::channel();
        let cancel = watch.cancel();
        let (rewritten, behind, sha256) = thread::scope(|scope| {
            let path = to.as_path();
            let cancel = &cancel;
            let hashing = scope.spawn(move || hash::following(path, &announced, cancel));
            let followed =
                Followed { file: &out, announce, behind: Behind::default(), cancel, size_bytes: 0 };
            let mut followed = BufWriter::with_capacity(CHUNK_BYTES, followed);
            let rewritten = rewrite::rewrite((original, file), known, &mut followed, (&to, watch))
                .and_then(|original| followed.flush().map_err(write_error(&to)).map(|()| original))
                .map(|original| (original, followed.get_ref().size_bytes));
            // Unwritten bytes of a failed file are of no interest, and the hashing ends with the sender.
            let Followed { behind, announce, .. } = followed.into_parts().0;
            drop(announce);
            (rewritten, behind, hash::joined(hashing.join()))
        });
        let (original, size_bytes) = rewritten?;
        let sha256 = sha256.map_err(read_error(&to))?;
        sync::end(&behind.end(out), &to, watch)?;
        Ok((WrittenFile { path: file.path.clone(), size_bytes, sha256 }, original))
    }

    fn text(&mut self, path: &str, bytes: &[u8]) -> Result<WrittenFile, ExportError> {
        let (to, mut out) = self.create_file(path)?;
        out.write_all(bytes).and_then(|()| out.sync_all()).map_err(write_error(&to))?;
        Ok(WrittenFile::of(path, bytes))
    }
}

/// Copies in chunks. `io::copy` between files is `copy_file_range` on Linux, which shares blocks where the file system
/// can and never brings the bytes into this process.
fn copy(
    original: &Original,
    out: &File,
    to: &Path,
    wrote: &mut dyn FnMut(u64) -> io::Result<()>,
    watch: &mut Watch<'_>,
) -> Result<u64, ExportError> {
    let mut done = 0;
    loop {
        let mut chunk = original.file().take(CHUNK_BYTES as u64);
        let mut writer = out;
        let n = io::copy(&mut chunk, &mut writer).map_err(|error| {
            if can_read_on(original) { write_error(to)(error) } else { read_error(original.path())(error) }
        })?;
        if n == 0 {
            return Ok(done);
        }
        done += n;
        wrote(done).map_err(write_error(to))?;
        watch.advance(n)?;
    }
}

/// Whether the next chunk can be read: the system copies both ways in one call and does not say which failed.
fn can_read_on(original: &Original) -> bool {
    let reader = original.file();
    io::copy(&mut reader.take(CHUNK_BYTES as u64), &mut io::sink()).is_ok()
}

/// A file whose length is announced after each write.
#[derive(Debug)]
struct Followed<'a> {
    file: &'a File,
    announce: Sender<u64>,
    behind: Behind,
    cancel: &'a Cancel,
    size_bytes: u64,
}

impl Write for Followed<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let n = self.file.write(bytes)?;
        self.size_bytes += n as u64;
        self.announce.send(self.size_bytes).unwrap_or_default();
        self.behind.follow(self.file, self.size_bytes, self.cancel)?;
        Ok(n)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Makes the names in a folder last. Windows has no such call and does not need it.
#[cfg(unix)]
pub(super) fn sync_folder(path: &Path) -> io::Result<()> {
    File::open(path)?.sync_all()
}

/// Makes the names in a folder last. Windows has no such call and does not need it.
#[cfg(not(unix))]
pub(super) fn sync_folder(_: &Path) -> io::Result<()> {
    Ok(())
}
