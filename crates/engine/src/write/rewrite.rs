//! A joblib file, rewritten as a plain pickle into any writer while the original is hashed beside it.

use std::io::{self, Write};
use std::path::Path;
use std::sync::Arc;
use std::thread;

use packwright_formats::joblib::{TranscodeError, transcode};
use packwright_source::{FileSource, Limits};

use super::error::{read_error, write_error};
use super::job::Watch;
use super::source::Original;
use super::{ExportError, hash};

/// Rewrites `original` into `out`, which lies at `to`, and gives the SHA-256 of the original.
pub(super) fn rewrite(
    original: Original,
    out: &mut dyn Write,
    to: &Path,
    watch: &mut Watch<'_>,
) -> Result<String, ExportError> {
    let again = FileSource::open(original.path()).map_err(read_error(original.path()))?;
    let (source, check) = original.into_source();
    let source = Arc::new(source);
    let cancel = watch.cancel();
    let path = check.path().to_path_buf();
    let (rewritten, hashed) = thread::scope(|scope| {
        let hashing = scope.spawn(|| hash::whole(again.file(), &cancel));
        let mut tick = |n| watch.advance(n).map_err(io::Error::other);
        let reader = Arc::<FileSource>::clone(&source);
        let rewritten = transcode(reader, &Limits::default(), out, &mut tick);
        (rewritten, hash::joined(hashing.join()))
    });
    if watch.is_cancelled() {
        return Err(ExportError::Cancelled);
    }
    check.check(&source)?;
    match rewritten {
        Ok(_) => {}
        Err(TranscodeError::Write(error)) => return Err(write_error(to)(error)),
        Err(error @ (TranscodeError::Unsupported(_) | TranscodeError::Read(_))) => {
            return Err(ExportError::NotRewritable(error.to_string()));
        }
    }
    let (sha256, _) = hashed.map_err(read_error(&path))?;
    Ok(sha256)
}
