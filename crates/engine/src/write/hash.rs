//! SHA-256 on a second thread.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, Read as _};
use std::path::Path;
use std::sync::Arc;
use std::sync::mpsc::Receiver;

use packwright_inspect::{Member, open_member};
use packwright_source::{ByteSource, FileSource, Limits, read_up_to};
use sha2::{Digest as _, Sha256};

use super::error::read_error;
use super::{CHUNK_BYTES, Cancel, ExportError};
use crate::receipt::hex;

/// Hashes a file that is being written, from its own handle, up to each length that is announced. What is hashed is
/// what was written, read back. A cancel ends it: it may be far behind.
pub(super) fn following(path: &Path, announced: &Receiver<u64>, cancel: &Cancel) -> io::Result<String> {
    let mut file = File::open(path)?;
    let mut hasher = Sha256::new();
    let mut buffer = vec![0; CHUNK_BYTES];
    let mut done = 0_u64;
    for length in announced {
        while done < length && !cancel.is_cancelled() {
            let want = usize::try_from(length - done).unwrap_or(usize::MAX).min(CHUNK_BYTES);
            let part = buffer.get_mut(..want).unwrap_or_default();
            file.read_exact(part)?;
            hasher.update(&*part);
            done += want as u64;
        }
    }
    Ok(hex(&hasher.finalize()))
}

/// Hashes a whole file from its start.
pub(super) fn whole(file: &File, cancel: &Cancel) -> io::Result<(String, u64)> {
    let mut reader = file;
    let mut hasher = Sha256::new();
    let mut buffer = vec![0; CHUNK_BYTES];
    let mut size_bytes = 0;
    loop {
        let n = match reader.read(&mut buffer) {
            Ok(0) => break,
            Ok(n) => n,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(error),
        };
        hasher.update(buffer.get(..n).unwrap_or_default());
        size_bytes += n as u64;
        if cancel.is_cancelled() {
            break;
        }
    }
    Ok((hex(&hasher.finalize()), size_bytes))
}

/// Hashes a file inside an archive, unpacked.
pub(super) fn of_member(archive: &Path, member: &Member) -> Result<String, ExportError> {
    let failed = read_error(archive);
    let whole: Arc<dyn ByteSource> = match FileSource::open(archive) {
        Ok(source) => Arc::new(source),
        Err(error) => return Err(failed(error)),
    };
    let hashed =
        open_member(whole, member, &Limits::default()).map_err(io::Error::other).and_then(|source| {
            let mut hasher = Sha256::new();
            let mut buffer = vec![0; CHUNK_BYTES];
            let mut at = 0;
            loop {
                match read_up_to(&*source, at, &mut buffer)? {
                    0 => return Ok(hex(&hasher.finalize())),
                    n => {
                        hasher.update(buffer.get(..n).unwrap_or_default());
                        at += n as u64;
                    }
                }
            }
        });
    hashed.map_err(failed)
}

/// One hash for a folder: that of the lines that `sha256sum` writes for its files, sorted by their names below it.
pub(super) fn of_folder(root: &Path, files: Vec<(&Path, String)>) -> String {
    let below = |path: &Path| path.strip_prefix(root).unwrap_or(path).to_string_lossy().replace('\\', "/");
    // A file that is packed twice counts once.
    let lines: BTreeMap<String, String> =
        files.into_iter().map(|(path, sha256)| (below(path), sha256)).collect();
    let mut hasher = Sha256::new();
    for (name, sha256) in lines {
        hasher.update(format!("{sha256}  {name}\n"));
    }
    hex(&hasher.finalize())
}

/// A thread that panicked is a bug of ours; the export reports it as an error like any other.
pub(super) fn joined<T>(outcome: std::thread::Result<io::Result<T>>) -> io::Result<T> {
    outcome.unwrap_or_else(|_| Err(io::Error::other("a thread of the export stopped unexpectedly")))
}
