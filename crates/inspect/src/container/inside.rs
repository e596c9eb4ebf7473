//! One known place in a zip archive: the model, or the code, of a package in it.

use std::path::Path;
use std::sync::Arc;

use packwright_formats::container::{Container, Kind};
use packwright_source::{Budget, ByteSource, FileSource, Limits};

use super::scan::{Scan, Spot};
use super::{conclude, kind_of};
use crate::reader::Subject;
use crate::{Artifact, ArtifactKind, InspectError, Inspection, Member, probe};

/// Inspects the file, or else the folder, of the path `inner` in a zip archive, as if the archive held nothing else: what
/// else lies in it counts neither as a model nor for the verdict.
///
/// # Errors
///
/// As [`crate::inspect()`]; [`InspectError::Unknown`] when it is no zip archive, or nothing of that path is in it.
pub fn inspect_inside(path: &Path, inner: &str, limits: &Limits) -> Result<Inspection, InspectError> {
    let open = |error| InspectError::Open { path: path.to_path_buf(), error };
    let source = FileSource::open(path).map_err(open)?;
    let artifact = Artifact {
        path: path.to_path_buf(),
        kind: ArtifactKind::File,
        size_bytes: source.len_bytes(),
        side_files: Vec::new(),
        member: None,
    };
    let head = probe::head_of(&source).map_err(open)?;
    let subject = Subject { artifact: &artifact, source: Arc::new(source), head: &head, limits };
    if kind_of(&head, &*subject.source) != Some(Kind::Zip) {
        return Err(InspectError::Unknown {
            what: "it is no zip archive".to_owned(),
            hint: "drop the file itself".to_owned(),
        });
    }
    let mut scan = Scan::new(&subject, None);
    let container = Container::open(Kind::Zip, Arc::clone(&subject.source), scan.budget())?;
    if !scan.only(&container, &Spot::outermost(&subject), inner) {
        return Err(InspectError::Unknown {
            what: format!("there is no {inner} in the archive"),
            hint: "the archive may be damaged".to_owned(),
        });
    }
    conclude(&subject, Kind::Zip, scan)
}

/// The files below a folder of a zip archive, which [`crate::open_member`] opens, sorted by their paths below it; links
/// and what leads out of the folder are left out. Of two files of one name the later counts, as it does for Python.
///
/// # Errors
///
/// [`InspectError::Open`], or [`InspectError::Damaged`] when the archive cannot be listed or its members lie about their
/// lengths beyond the limits.
pub fn files_below(path: &Path, folder: &str, limits: &Limits) -> Result<Vec<Member>, InspectError> {
    let open = |error| InspectError::Open { path: path.to_path_buf(), error };
    let source: Arc<dyn ByteSource> = Arc::new(FileSource::open(path).map_err(open)?);
    let mut budget = Budget::new(*limits);
    let container = Container::open(Kind::Zip, source, &mut budget)?;
    let archive = path.file_name().unwrap_or_default().to_string_lossy();
    let start = format!("{}/", folder.trim_end_matches('/'));
    let mut found: Vec<Member> = Vec::new();
    for (step, entry) in container.members().iter().enumerate() {
        let Some(name) = entry.name.strip_prefix(&start).filter(|name| is_plain(name)) else { continue };
        if entry.is_link() {
            continue;
        }
        // What the header says of the length is no promise.
        let opened = container.member(entry, &mut budget)?;
        if let Some(error) = opened.error {
            return Err(error.into());
        }
        found.retain(|known| known.file_name != name);
        found.push(Member {
            place: format!("{} in {archive}", entry.name),
            file_name: name.to_owned(),
            steps: vec![step],
            size_bytes: opened.source.len_bytes(),
            files: Vec::new(),
        });
    }
    found.sort_by(|a, b| a.file_name.cmp(&b.file_name));
    Ok(found)
}

/// Whether a name is that of a file below its folder, on every system.
fn is_plain(name: &str) -> bool {
    !name.contains(['\\', '\0', ':']) && name.split('/').all(|part| !matches!(part, "" | "." | ".."))
}
