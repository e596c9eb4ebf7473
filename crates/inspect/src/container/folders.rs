//! Folders of models among the members of an archive.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::Arc;

use packwright_formats::container::Container;
use packwright_source::{ByteSource, Folder, FolderEntry, MemorySource};

use super::oddities;
use super::scan::{Scan, Spot, empty, inner_name};
use crate::reader::{Claim, FolderReader, FolderSubject};
use crate::safety::Severity;
use crate::{Artifact, ArtifactKind, Inspection, Member, probe, safety};

/// How deep in a dropped archive folders of models are looked for.
pub(super) const DEPTH: usize = 2;

/// The same where everything is judged: a package in the only folder of a zip has its models three folders down.
pub(super) const DEPTH_OF_WHOLE: usize = 4;

/// How many folders are looked at.
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

/// The folders among files that a reader takes by the names in them, those further out first. None lies in another.
/// `files` are names and whether each is a link; what is found counts them from 0.
pub(super) fn find<'a>(files: impl Iterator<Item = (&'a str, bool)>, depth: usize) -> Vec<Found> {
    let files = tidy_files(files);
    let mut paths: BTreeSet<(usize, String)> = BTreeSet::from([(0, String::new())]);
    for (_, name, _) in &files {
        for (outer, (at, _)) in name.match_indices('/').take(depth).enumerate() {
            if paths.len() < MOST_FOLDERS {
                let path = name.get(..=at).unwrap_or_default();
                paths.insert((outer.saturating_add(1), path.to_owned()));
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

impl Scan<'_> {
    /// Reads the folders of models among the members. Gives the members that were read with them.
    pub(super) fn folders(&mut self, container: &Container, spot: &Spot) -> BTreeSet<usize> {
        // A reader whose format is an archive knows its members.
        if self.role_of.is_some() {
            return BTreeSet::new();
        }
        let mut taken = BTreeSet::new();
        let depth = if self.whole.is_some() { DEPTH_OF_WHOLE } else { DEPTH };
        for found in find(members(container), depth) {
            if self.folder(container, spot, &found).is_some() {
                if let Some(read) = self.whole.as_mut().filter(|_| spot.steps.is_empty()) {
                    read.folders.insert(found.path.trim_end_matches('/').to_owned());
                }
                taken.extend(found.files.iter().map(|file| file.step));
            }
        }
        taken
    }

    /// Reads one folder. Gives nothing when its reader does not take it: then each of its members counts for itself.
    pub(super) fn folder(&mut self, container: &Container, spot: &Spot, found: &Found) -> Option<()> {
        let name = found.path.trim_end_matches('/').rsplit('/').next().unwrap_or_default();
        let place = if name.is_empty() { spot.place.clone() } else { format!("{name} in {}", spot.place) };
        let mut files: Vec<(FolderEntry, Arc<dyn ByteSource>)> = Vec::new();
        let (mut members, mut oddities, mut errors) = (Vec::new(), Vec::new(), Vec::new());
        for file in &found.files {
            let entry = container.members().get(file.step)?;
            let opened = container.member(entry, &mut self.budget).ok()?;
            oddities.extend(opened.oddities);
            errors.extend(opened.error);
            let len_bytes = opened.source.len_bytes();
            let mut steps = spot.steps.clone();
            steps.push(file.step);
            if !entry.is_link() {
                members.push(Member {
                    place: format!("{} in {}", entry.name, spot.place),
                    file_name: file.name.clone(),
                    steps,
                    size_bytes: len_bytes,
                    files: Vec::new(),
                });
            }
            let entry = FolderEntry { name: file.name.clone(), len_bytes, is_link: entry.is_link() };
            files.push((entry, opened.source));
        }
        members.sort_by(|a, b| a.file_name.cmp(&b.file_name));
        let size_bytes = members.iter().fold(0_u64, |sum, file| sum.saturating_add(file.size_bytes));
        let artifact = Artifact {
            // Named like the folder, below the artifact.
            path: self.subject.artifact.path.join(name),
            kind: ArtifactKind::Folder,
            size_bytes,
            side_files: Vec::new(),
            member: None,
        };
        let folder = Folder::of_sources(artifact.path.clone(), files);
        let mut inspection = self.folder_at(&folder, &artifact, found, &place)?;
        for oddity in &oddities {
            self.finding(oddities::judge(oddity, container.kind(), &spot.place));
        }
        for error in &errors {
            self.not_read(&place, "the rest of a member", error);
        }
        let file_name =
            if name.is_empty() { inner_name(&self.subject.artifact.path) } else { name.to_owned() };
        let member =
            Member { place: place.clone(), file_name, steps: spot.steps.clone(), size_bytes, files: members };
        self.places.push(place);
        let others = std::mem::take(&mut inspection.others);
        for mut model in std::iter::once(inspection).chain(others) {
            if self.models.len() < Inspection::MOST_MODELS {
                model.artifact = Artifact {
                    side_files: std::mem::take(&mut model.artifact.side_files),
                    member: Some(member.clone()),
                    ..self.subject.artifact.clone()
                };
                self.models.push(model);
            }
        }
        Some(())
    }

    /// Reads a folder with the reader that takes it. Gives nothing when that reader does not, after all.
    pub(super) fn folder_at(
        &mut self,
        folder: &Folder,
        artifact: &Artifact,
        found: &Found,
        place: &str,
    ) -> Option<Inspection> {
        let limits = self.subject.limits;
        let mut inspection = found.reader.read(&FolderSubject { artifact, folder, limits }).ok()?;
        // Every file counts as the pickle that it may be too; its reader has looked at some of them.
        let safety = &mut inspection.safety;
        let known: BTreeSet<(&str, String)> =
            safety.findings.iter().map(|finding| (finding.rule, finding.what.clone())).collect();
        let mut plain = empty();
        for entry in folder.entries().iter().filter(|entry| !entry.is_link) {
            match folder.open_source(&entry.name) {
                Ok(source) => safety::readings::with_plain(&source, limits, &mut plain),
                Err(error) => plain.unread.push(format!("{}: {error}", entry.name)),
            }
        }
        plain.findings.retain(|finding| !known.contains(&(finding.rule, finding.what.clone())));
        let is_worse = plain.findings.iter().any(|finding| Severity::Info < finding.severity)
            || !plain.unread.is_empty();
        let safety = std::mem::replace(&mut inspection.safety, empty());
        self.merge(safety, place);
        if is_worse {
            self.merge(plain, place);
        }
        Some(inspection)
    }
}

/// The folder of that path, if a reader takes it.
pub(super) fn at(container: &Container, path: &str) -> Option<Found> {
    of_reader(format!("{}/", path.trim_end_matches('/')), &tidy_files(members(container)))
}

/// The names of the members, and whether each is a link.
fn members(container: &Container) -> impl Iterator<Item = (&str, bool)> {
    container.members().iter().map(|member| (member.name.as_str(), member.is_link()))
}

/// The files of the archive's own, or links: which they are, their paths, whether they are links.
fn tidy_files<'a>(files: impl Iterator<Item = (&'a str, bool)>) -> Vec<(usize, &'a str, bool)> {
    files.enumerate().filter_map(|(step, (name, is_link))| Some((step, tidy(name)?, is_link))).collect()
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
