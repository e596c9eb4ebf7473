//! Writes a package whole, or not at all.
//!
//! Everything is written into a staging folder or file beside the target, hashed from what was written, synced, read
//! again and only then renamed. An error or a cancel removes the staging; a crash leaves it for
//! [`crate::Journal::sweep`] and for the next export to the same folder.

mod error;
mod folder;
mod hash;
mod job;
mod json_string;
mod rewrite;
mod source;
mod sync;
mod target;
mod zip;

use std::path::Path;
use std::time::Duration;

use packwright_inspect::ArtifactKind;

pub use error::ExportError;
pub use job::{Cancel, Progress, Stage};
pub use target::{Target, free_bytes};

use self::error::write_error;
use self::folder::{FolderSink, sync_folder};
use self::job::Watch;
use self::zip::ZipSink;
use crate::clean::{self, Staging};
use crate::draft::Draft;
use crate::flavors::{Change, DataFile};
use crate::journal::Journal;
use crate::plan::{self, Work};
use crate::receipt::{PackageKind, Receipt, WrittenFile};
use crate::seal::{self, SEAL, SealKey};
use crate::texts::{self, Recorded};
use crate::timestamp::Timestamp;
use crate::{names, snippets, verify};

/// How much is copied between two looks at progress and cancel.
const CHUNK_BYTES: usize = 1 << 20;

/// How often progress is told, and a cancel looked for, while other threads work.
const TELL_EVERY: Duration = Duration::from_millis(50);

/// Takes the files of a package, in order.
trait Sink {
    /// Copies a file byte by byte.
    fn copy(&mut self, file: &DataFile, watch: &mut Watch<'_>) -> Result<WrittenFile, ExportError>;

    /// Unpacks a member, rewrites a joblib file as a plain pickle, or both. Gives the record of the written file and the
    /// SHA-256 of the original, which may be `known`: many members of one archive are written one by one.
    fn rewrite(
        &mut self,
        file: &DataFile,
        known: Option<&str>,
        watch: &mut Watch<'_>,
    ) -> Result<(WrittenFile, String), ExportError>;

    /// Writes a file that is in memory.
    fn text(&mut self, path: &str, bytes: &[u8]) -> Result<WrittenFile, ExportError>;
}

/// Writes the package of a draft, without a seal; see [`export_sealed`].
///
/// # Errors
///
/// [`ExportError`]. The target is then as it was, and nothing is left beside it.
#[expect(
    clippy::too_many_arguments,
    reason = "what, where and when, and the three ways in which a caller takes part"
)]
pub fn export(
    draft: &Draft,
    target: &Target,
    now: Timestamp,
    progress: &mut dyn FnMut(Progress),
    cancel: &Cancel,
    journal: &Journal,
) -> Result<Receipt, ExportError> {
    export_sealed(draft, target, None, now, progress, cancel, journal)
}

/// Writes the package of a draft and, with a key, seals it.
///
/// The bytes depend on the artifact, the choices and [`Draft::created`] alone; `now` goes into the receipt and
/// nowhere else. Progress is told at least once a megabyte, from this thread. While it runs, the export is noted in
/// `journal`.
///
/// # Errors
///
/// [`ExportError`]. The target is then as it was, and nothing is left beside it.
#[expect(
    clippy::too_many_arguments,
    reason = "what, where and when, and the three ways in which a caller takes part"
)]
pub fn export_sealed(
    draft: &Draft,
    target: &Target,
    key: Option<&SealKey>,
    now: Timestamp,
    progress: &mut dyn FnMut(Progress),
    cancel: &Cancel,
    journal: &Journal,
) -> Result<Receipt, ExportError> {
    let mut watch = Watch::new(progress, cancel);
    if let Some(word) = draft.confirm_word() {
        return Err(ExportError::NotConfirmed(word));
    }
    let place = target::check(draft, target)?;
    let work = plan::prepare(draft)?;
    clean::sweep(&place.parent);
    target::check_space(&place, &work)?;
    let (work, staged) = match stage((draft, key), &work, &place, &mut watch, journal) {
        Ok(staged) => (work, staged),
        Err(ExportError::NotRewritable(reason)) => {
            let work = plan::prepare_fallback(draft, &reason)?;
            let staged = stage((draft, key), &work, &place, &mut watch, journal)?;
            (work, staged)
        }
        Err(error) => return Err(error),
    };
    watch.begin(Stage::Checking, "")?;
    let public = key.map(SealKey::public);
    verify::check_staged(&staged.staging.partial(), &staged.files, public.as_ref())?;
    watch.begin(Stage::Checking, "")?;
    let mut warnings = work.layout.warnings.clone();
    warnings.extend(target::commit(&staged.staging, &place, sync_folder)?);
    let size_bytes = staged
        .archive
        .as_ref()
        .map_or_else(|| staged.files.iter().map(|file| file.size_bytes).sum(), |archive| archive.size_bytes);
    Ok(Receipt {
        snippets: snippets::snippets(draft, &work.layout, &place.path, place.kind),
        path: place.path,
        kind: place.kind,
        size_bytes,
        sha256: staged.archive.map(|archive| archive.sha256),
        files: staged.files,
        sealed_by: public.map(|key| key.fingerprint()),
        warnings,
        written_at: now,
    })
}

/// A complete package under its staging name.
#[derive(Debug)]
struct Staged {
    staging: Staging,
    files: Vec<WrittenFile>,
    /// The zip itself.
    archive: Option<WrittenFile>,
}

fn stage(
    (draft, key): (&Draft, Option<&SealKey>),
    work: &Work,
    place: &target::Place,
    watch: &mut Watch<'_>,
    journal: &Journal,
) -> Result<Staged, ExportError> {
    let staging = Staging::beside(&place.path, journal).map_err(write_error(&place.parent))?;
    watch.restart(work.layout.data.iter().chain(&work.code).map(|file| file.size_bytes).sum());
    match place.kind {
        PackageKind::Folder => {
            let mut sink = FolderSink::create(&staging.partial())?;
            let files = fill(&mut sink, draft, work, key, watch)?;
            watch.begin(Stage::Syncing, "")?;
            sink.finish()?;
            Ok(Staged { staging, files, archive: None })
        }
        PackageKind::Zip => {
            let mut sink = ZipSink::create(&staging.partial())?;
            let files = fill(&mut sink, draft, work, key, watch)?;
            watch.begin(Stage::Syncing, "")?;
            let archive = sink.finish(watch)?;
            Ok(Staged { staging, files, archive: Some(archive) })
        }
    }
}

/// Writes every file: the model, the code, then the texts that record their hashes.
fn fill(
    sink: &mut dyn Sink,
    draft: &Draft,
    work: &Work,
    key: Option<&SealKey>,
    watch: &mut Watch<'_>,
) -> Result<Vec<WrittenFile>, ExportError> {
    let mut files = Vec::new();
    let mut artifact_sha256 = None;
    let mut originals = Vec::new();
    // A copy is made from the model in the package, wherever that lies: the zip around it is nobody's model.
    let is_copy = draft.package().is_some();
    for file in &work.layout.data {
        watch.begin(Stage::Writing, &file.path)?;
        let inside = file.member.as_ref().filter(|_| is_copy);
        let from = inside.map_or(file.from.as_path(), |member| Path::new(&member.file_name));
        let (written, original) = if file.change == Change::None && file.member.is_none() {
            let written = sink.copy(file, watch)?;
            let sha256 = written.sha256.clone();
            (written, sha256)
        } else {
            let known = originals.iter().find(|(known, _)| *known == from);
            let known = known.map(|(_, sha256): &(_, String)| sha256.clone());
            match inside {
                // What is only unpacked is hashed when it is written.
                Some(_) if file.change == Change::None => {
                    let (written, _) = sink.rewrite(file, Some(""), watch)?;
                    let sha256 = written.sha256.clone();
                    (written, sha256)
                }
                Some(member) if known.is_none() => {
                    let sha256 = hash::of_member(&file.from, member)?;
                    sink.rewrite(file, Some(&sha256), watch)?
                }
                _ => sink.rewrite(file, known.as_deref(), watch)?,
            }
        };
        // The first file is the artifact itself; side files follow.
        artifact_sha256.get_or_insert_with(|| original.clone());
        originals.push((from, original));
        files.push(written);
    }
    let artifact = &draft.inspection().artifact;
    let is_folder_inside = artifact.member.as_ref().is_some_and(|member| is_copy && !member.files.is_empty());
    if artifact.kind == ArtifactKind::Folder || is_folder_inside {
        artifact_sha256 = Some(hash::of_folder(&artifact.path, originals));
    }
    for file in &work.code {
        watch.begin(Stage::Writing, &file.path)?;
        files.push(match &file.member {
            // What the archive's hash is, nobody asks for its code.
            Some(_) => sink.rewrite(file, Some(""), watch)?.0,
            None => sink.copy(file, watch)?,
        });
    }
    for (path, text) in work.layout.generated() {
        files.push(sink.text(path, text.as_bytes())?);
    }
    for (path, text) in &work.layout.texts {
        files.push(sink.text(path, text.as_bytes())?);
    }
    let recorded = Recorded {
        artifact_sha256: artifact_sha256.unwrap_or_default(),
        data_bytes: files.iter().map(|file| file.size_bytes).sum(),
        files: files.clone(),
    };
    for (path, bytes) in texts::generated(draft, &work.layout, work.has_code(), &recorded) {
        watch.begin(Stage::Writing, path)?;
        files.push(sink.text(path, &bytes)?);
    }
    if let Some(key) = key {
        watch.begin(Stage::Writing, SEAL)?;
        // Named as the package is, not as its place: the same choices give the same bytes anywhere.
        let bytes = seal::sealed(key, &names::portable(&draft.name().value), &files);
        files.push(sink.text(SEAL, &bytes)?);
    }
    Ok(files)
}

#[cfg(test)]
mod tests;
