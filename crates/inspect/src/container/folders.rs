//! Folders of models among the members of an archive.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::Arc;

use packwright_formats::container::Container;
use packwright_source::{ByteSource, Folder, FolderEntry, MemorySource};

use crate::probe;
use crate::reader::{Claim, FolderReader};

/// How deep in an archive folders of models are looked for, and how many folders are looked at.
const DEPTH: usize = 2;
const MOST_FOLDERS: usize = 64;

/// What systems put into archives that nobody packed.
const LITTER: [&str; 2] = ["__MACOSX", ".DS_Store"];

/// A folder that a reader takes.
pub(super) struct Found {
    /// Its path in the archive, with `/` at the end; empty for the root.
    pub(super) path: String,
    pub(super) files: Vec<File>,
    pub(super) reader: &'static dyn FolderReader,
}

/// A file in it.
pub(super) struct File {
    /// The path below the folder.
    pub(super) name: String,
    /// Which member it is.
    pub(super) step: usize,
}

/// The folders in an archive that a reader takes by the names in them, those further out first. None lies in another.
pub(super) fn find(container: &Container) -> Vec<Found> {
    let files = tidy_files(container);
    let mut paths: BTreeSet<(usize, String)> = BTreeSet::from([(0, String::new())]);
    for (_, name, _) in &files {
        for (depth, (at, _)) in name.match_indices('/').take(DEPTH).enumerate() {
            if paths.len() < MOST_FOLDERS {
                let path = name.get(..=at).unwrap_or_default();
                paths.insert((depth.saturating_add(1), path.to_owned()));
            }
        }
    }
    let mut found: Vec<Found> = Vec::new();
    for (_, path) in paths {
        if found.iter().any(|outer| path.starts_with(&outer.path)) {
            continue;
        }
        found.extend(of_reader(path, &files));
    }
    found
}

/// The folder of that path, if a reader takes it.
pub(super) fn at(container: &Container, path: &str) -> Option<Found> {
    of_reader(format!("{}/", path.trim_end_matches('/')), &tidy_files(container))
}

/// The members that are files, or links, of the archive's own: which they are, their paths, whether they are links.
fn tidy_files(container: &Container) -> Vec<(usize, &str, bool)> {
    let members = container.members().iter().enumerate();
    members.filter_map(|(step, member)| Some((step, tidy(&member.name)?, member.is_link()))).collect()
}

/// The files below a path, if a reader of folders takes them by their names.
fn of_reader(path: String, files: &[(usize, &str, bool)]) -> Option<Found> {
    let below = files.iter().filter_map(|(step, name, is_link)| {
        let name = name.strip_prefix(path.as_str()).filter(|name| !name.is_empty())?;
        Some((File { name: name.to_owned(), step: *step }, *is_link))
    });
    let below: Vec<(File, bool)> = below.collect();
    // Readers look at names only; a name that is there twice makes no folder.
    let nothing: Arc<dyn ByteSource> = Arc::new(MemorySource::new(Vec::new()));
    let entries = below.iter().map(|(file, is_link)| {
        let entry = FolderEntry { name: file.name.clone(), len_bytes: 0, is_link: *is_link };
        (entry, Arc::clone(&nothing))
    });
    let folder = Folder::of_sources(PathBuf::new(), entries.collect());
    if folder.entries().len() != below.len() {
        return None;
    }
    let (claim, reader) = probe::choose_folder(&folder)?;
    let files = below.into_iter().map(|(file, _)| file).collect();
    (Claim::Likely <= claim).then_some(Found { path, files, reader })
}

/// A member's name as a path below the root; `None` for what is no file of the archive's own, or leads out of it.
fn tidy(name: &str) -> Option<&str> {
    let mut name = name;
    while let Some(rest) = name.strip_prefix("./") {
        name = rest;
    }
    let is_file = !name.is_empty() && !name.ends_with('/') && !name.starts_with('/');
    let is_plain = !name.contains(['\\', '\0', ':']);
    let has_odd_part = name
        .split('/')
        .any(|part| matches!(part, "" | "." | "..") || LITTER.contains(&part) || part.starts_with("._"));
    (is_file && is_plain && !has_odd_part).then_some(name)
}
