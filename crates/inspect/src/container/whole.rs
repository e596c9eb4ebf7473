//! Everything that lies in a folder or an archive, judged as it is, whatever names or lists it.
//!
//! Every file counts by its content: as the model that it is, as the pickle that it may be too, as the archive that holds
//! some. Folders of models are read as such besides. Links are told and never followed.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;

use packwright_formats::container::Container;
use packwright_source::{ByteSource, ErrorKind, FileSource, Folder, FolderEntry, Limits, ReadError};

use super::scan::{Read, Scan, Spot};
use super::{folders, kind_of};
use crate::reader::Subject;
use crate::safety::{Finding, Safety, Severity};
use crate::{Artifact, ArtifactKind, InspectError, probe, strangers};

/// What loading anything of a whole could run.
#[derive(Debug, Clone)]
pub struct Whole {
    /// The verdict over everything. Places begin with the path of the file, as the folder or archive names it.
    pub safety: Safety,
    /// The files that a reader took, or in which it took something.
    pub files: BTreeSet<String>,
    /// The folders of models that a reader took as such; empty is the root.
    pub folders: BTreeSet<String>,
}

/// Judges every file of a folder, or of a zip or tar archive without unpacking it to the disk.
///
/// # Errors
///
/// [`InspectError::Open`]; [`InspectError::Unknown`] for a file that is no archive; [`InspectError::Damaged`] for one that
/// has no list of its members. What cannot be read inside makes the verdict say so.
pub fn judge_whole(path: &Path, limits: &Limits) -> Result<Whole, InspectError> {
    let open = |error| InspectError::Open { path: path.to_path_buf(), error };
    let is_folder = std::fs::metadata(path).map_err(open)?.is_dir();
    let nothing: Arc<dyn ByteSource> = Arc::new(packwright_source::MemorySource::new(Vec::new()));
    let source = if is_folder { nothing } else { Arc::new(FileSource::open(path).map_err(open)?) };
    let artifact = Artifact {
        path: path.to_path_buf(),
        kind: if is_folder { ArtifactKind::Folder } else { ArtifactKind::File },
        size_bytes: source.len_bytes(),
        side_files: Vec::new(),
        member: None,
    };
    let head = probe::head_of(&*source).map_err(open)?;
    let subject = Subject { artifact: &artifact, source, head: &head, limits };
    let mut scan = Scan::of_whole(&subject);
    let spot = Spot::outermost(&subject);
    let names: Vec<String> = if is_folder {
        let folder = Folder::open(path, limits).map_err(open)?;
        on_disk(&mut scan, &folder, &spot.place);
        folder.entries().iter().map(|entry| entry.name.clone()).collect()
    } else {
        let kind = kind_of(&head, &*subject.source).ok_or_else(|| strangers::unknown(&subject))?;
        let container = Container::open(kind, Arc::clone(&subject.source), scan.budget())?;
        scan.container(&container, &spot);
        container.members().iter().map(|member| member.name.clone()).collect()
    };
    let Read { files, folders } = scan.take_read();
    let files = files.into_iter().filter_map(|at| names.get(at).cloned()).collect();
    Ok(Whole { safety: below(scan.finish().safety, &spot.place), files, folders })
}

/// Looks at every file of a folder on the disk.
fn on_disk(scan: &mut Scan<'_>, folder: &Folder, root: &str) {
    let names = folder.entries().iter().map(|entry| (entry.name.as_str(), entry.is_link));
    let mut inside = BTreeSet::new();
    let mut read = BTreeSet::new();
    for found in folders::find(names, folders::DEPTH_OF_WHOLE) {
        let path = found.path.trim_end_matches('/');
        let place = if path.is_empty() { root.to_owned() } else { format!("{path} in {root}") };
        if one_folder(scan, folder, &found, &place).is_some() {
            inside.extend(found.files.iter().map(|file| file.step));
            read.insert(path.to_owned());
        }
    }
    scan.note_folders(read);
    for (step, entry) in folder.entries().iter().enumerate() {
        let place = format!("{} in {root}", entry.name);
        if entry.is_link {
            scan.finding(link(entry, place));
            scan.note_unread(format!("{}: a link is not followed", entry.name));
            continue;
        }
        let spot = Spot { place, steps: vec![step], depth: 1 };
        if inside.contains(&step) {
            scan.again(|scan| one_file(scan, folder, entry, spot));
        } else {
            one_file(scan, folder, entry, spot);
        }
    }
}

/// Reads a folder of a model that lies below another, from the disk and file by file.
fn one_folder(scan: &mut Scan<'_>, folder: &Folder, found: &folders::Found, place: &str) -> Option<()> {
    let artifact = Artifact {
        path: folder.root().join(found.path.trim_end_matches('/')),
        kind: ArtifactKind::Folder,
        size_bytes: 0,
        side_files: Vec::new(),
        member: None,
    };
    let below = Folder::open(&artifact.path, scan.limits()).ok()?;
    scan.folder_at(&below, &artifact, found, place).map(|_| ())
}

fn one_file(scan: &mut Scan<'_>, folder: &Folder, entry: &FolderEntry, spot: Spot) {
    let opened = folder.open_source(&entry.name).and_then(|source| {
        let head = probe::head_of(&*source)?;
        Ok((source, head))
    });
    let (source, head) = match opened {
        Ok(opened) => opened,
        Err(error) => {
            let error = ReadError::new("a file", 0, ErrorKind::Io(error));
            return scan.not_read(&spot.place, "a file", &error);
        }
    };
    if head.is_empty() {
        return;
    }
    let kind = kind_of(&head, &*source);
    // With its path, so that a reader that looks beside a file looks in the right folder.
    scan.file(&source, &head, spot, (kind, entry.name.clone()));
}

/// Loading follows a link, and what it leads to is not part of what was judged.
fn link(entry: &FolderEntry, place: String) -> Finding {
    Finding {
        rule: "package/link",
        severity: Severity::Unscanned,
        what: format!("the link {}", entry.name),
        place,
        why: "loading may follow it, and it leads to what is not in the folder; links are not followed here"
            .to_owned(),
    }
}

/// The places without the whole itself: `model.pkl, byte 2` for `model.pkl in churn.zip, byte 2`.
fn below(safety: Safety, root: &str) -> Safety {
    let inside = format!(" in {root}");
    let short = |text: String| text.replacen(&inside, "", 1);
    let findings = safety.findings.into_iter();
    Safety {
        findings: findings.map(|finding| Finding { place: short(finding.place), ..finding }).collect(),
        unread: safety.unread.into_iter().map(short).collect(),
        ..safety
    }
}
