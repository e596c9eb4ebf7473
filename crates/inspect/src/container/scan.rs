//! The walk through a container and the containers in it.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;

use packwright_formats::container::{Container, Kind, Member as Entry};
use packwright_source::{Budget, ByteSource, ErrorKind, Limits, ReadError};

use super::oddities;
use crate::pickled::{Dialect, PickleFile};
use crate::reader::{Claim, Subject};
use crate::safety::{Finding, NOT_READ, Needs, Safety, Severity};
use crate::{Artifact, ArtifactKind, InspectError, Inspection, Member, Serving, probe, safety, strangers};

/// How many rows that are only good to know are kept of all members but the model.
const KEPT_INFOS: usize = 200;

/// Where in the containers the walk is.
pub(super) struct Spot {
    /// `inner.zip in outer.tar`.
    pub(super) place: String,
    pub(super) steps: Vec<usize>,
    pub(super) depth: u32,
}

/// What the walk found.
pub(super) struct Found {
    /// The models, with the artifact that was dropped; the one that is proposed first.
    pub(super) models: Vec<Inspection>,
    /// The members that hold models.
    pub(super) places: Vec<String>,
    /// The places of what is recognised and no model, and what it is.
    pub(super) others: Vec<(String, String)>,
    /// The names of all files.
    pub(super) names: Vec<String>,
    /// The outermost archive, `zip` or `tar`.
    pub(super) archive: Option<&'static str>,
    pub(super) safety: Safety,
}

/// The walk.
pub(super) struct Scan<'a> {
    pub(super) subject: &'a Subject<'a>,
    pub(super) budget: Budget,
    pub(super) models: Vec<Inspection>,
    pub(super) places: Vec<String>,
    others: Vec<(String, String)>,
    names: Vec<String>,
    archive: Option<(&'static str, String)>,
    needs: Needs,
    unread: Vec<String>,
    findings: Vec<Finding>,
    n_infos: usize,
    /// The summary of the member that needs the worst.
    worst: Option<(Needs, String)>,
    pub(super) role_of: RoleOf<'a>,
    /// Whether everything is judged, see [`super::whole`].
    pub(super) whole: Option<Read>,
}

/// What readers took of something that is judged as a whole.
#[derive(Debug, Default)]
pub(super) struct Read {
    /// Files at its top level of names, by their places in its list; a container in which a reader took something counts.
    pub(super) files: BTreeSet<usize>,
    /// Folders, without `/` at the end; empty for the root.
    pub(super) folders: BTreeSet<String>,
}

/// What the loader of an archive takes a member for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Role {
    /// A pickle, by whoever loads it.
    Pickle(Dialect),
    /// The bytes of a tensor, which it copies and never looks into.
    Bytes,
}

/// What a member of the outermost archive is for, by its name; `None` for what is judged by its content alone.
pub(crate) type RoleOf<'a> = Option<&'a dyn Fn(&str) -> Option<Role>>;

impl Spot {
    pub(super) fn outermost(subject: &Subject<'_>) -> Self {
        let name = subject.artifact.path.file_name().unwrap_or_default();
        Self { place: name.to_string_lossy().into_owned(), steps: Vec::new(), depth: 0 }
    }
}

impl<'a> Scan<'a> {
    pub(super) fn new(subject: &'a Subject<'a>, role_of: RoleOf<'a>) -> Self {
        Self {
            role_of,
            subject,
            budget: Budget::new(*subject.limits),
            models: Vec::new(),
            places: Vec::new(),
            others: Vec::new(),
            names: Vec::new(),
            archive: None,
            needs: Needs::DataOnly,
            unread: Vec::new(),
            findings: Vec::new(),
            n_infos: 0,
            worst: None,
            whole: None,
        }
    }

    /// A walk that judges every file for itself, those in folders of models too, and looks for these further down.
    pub(super) fn of_whole(subject: &'a Subject<'a>) -> Self {
        Self { whole: Some(Read::default()), ..Self::new(subject, None) }
    }

    /// What readers took so far, where everything is judged.
    pub(super) fn take_read(&mut self) -> Read {
        self.whole.take().unwrap_or_default()
    }

    /// Notes folders of models that readers took, where everything is judged.
    pub(super) fn note_folders(&mut self, folders: BTreeSet<String>) {
        if let Some(read) = &mut self.whole {
            read.folders.extend(folders);
        }
    }

    /// Notes what was not read, and why.
    pub(super) fn note_unread(&mut self, reason: String) {
        self.unread.push(reason);
    }

    pub(super) fn limits(&self) -> &'a Limits {
        self.subject.limits
    }

    pub(super) fn budget(&mut self) -> &mut Budget {
        &mut self.budget
    }

    /// Looks at every member.
    pub(super) fn container(&mut self, container: &Container, spot: &Spot) {
        for oddity in container.oddities() {
            self.finding(oddities::judge(oddity, container.kind(), &spot.place));
        }
        if let Some(error) = container.error() {
            self.not_read(&spot.place, "the rest of the archive", error);
        }
        let is_archive = !matches!(container.kind(), Kind::Compressed(_));
        if is_archive && self.archive.is_none() {
            self.archive = Some((container.kind().name(), spot.place.clone()));
        }
        let outermost = self.archive.as_ref().map(|(_, place)| place.clone()).unwrap_or_default();
        let taken = if is_archive { self.folders(container, spot) } else { BTreeSet::new() };
        for (step, entry) in container.members().iter().enumerate() {
            if is_archive {
                let name = if *spot.place == outermost {
                    entry.name.clone()
                } else {
                    format!("{} in {}", entry.name, spot.place)
                };
                self.names.push(name);
            }
            if taken.contains(&step) && self.whole.is_none() {
                continue;
            }
            let mut steps = spot.steps.clone();
            steps.push(step);
            let place =
                if is_archive { format!("{} in {}", entry.name, spot.place) } else { spot.place.clone() };
            let inner = Spot { place, steps, depth: spot.depth.saturating_add(1) };
            if taken.contains(&step) {
                self.again(|scan| scan.entry(container, entry, inner));
            } else {
                self.entry(container, entry, inner);
            }
        }
    }

    /// Looks at one file, or at the files of one folder, of an archive and at nothing else. False when there is none.
    pub(super) fn only(&mut self, container: &Container, spot: &Spot, path: &str) -> bool {
        self.archive = Some((container.kind().name(), spot.place.clone()));
        let members = container.members();
        self.names = members.iter().map(|entry| entry.name.clone()).collect();
        // Python's reader takes the last of several files of one name.
        if let Some((step, entry)) = members.iter().enumerate().rev().find(|(_, entry)| entry.name == path) {
            let place = format!("{} in {}", entry.name, spot.place);
            self.entry(container, entry, Spot { place, steps: vec![step], depth: 1 });
            return true;
        }
        let Some(found) = super::folders::at(container, path) else { return false };
        if self.folder(container, spot, &found).is_none() {
            self.others
                .push((format!("{path} in {}", spot.place), "no model that this version reads".into()));
        }
        true
    }

    /// Looks at a file for itself that was read as part of a folder. What was told then is not told again, and what can't
    /// be read without the others was read with them.
    pub(super) fn again(&mut self, look: impl FnOnce(&mut Self)) {
        let known: BTreeSet<(&'static str, String)> =
            self.findings.iter().map(|finding| (finding.rule, finding.what.clone())).collect();
        let (n_findings, n_unread) = (self.findings.len(), self.unread.len());
        look(self);
        self.unread.truncate(n_unread);
        let new = self.findings.split_off(n_findings);
        self.findings.extend(new.into_iter().filter(|finding| {
            let is_telling = matches!(finding.severity, Severity::Review | Severity::Dangerous);
            is_telling && !known.contains(&(finding.rule, finding.what.clone()))
        }));
    }

    fn entry(&mut self, container: &Container, entry: &Entry, mut spot: Spot) {
        let opened = match container.member(entry, &mut self.budget) {
            Ok(opened) => opened,
            Err(error) => return self.not_read(&spot.place, "a member", &error),
        };
        for oddity in &opened.oddities {
            self.finding(oddities::judge(oddity, container.kind(), &spot.place));
        }
        if let Some(error) = &opened.error {
            self.not_read(&spot.place, "the rest of a member", error);
        }
        let head = match probe::head_of(&*opened.source) {
            Ok(head) => head,
            Err(error) => {
                let error = ReadError::new(container.kind().name(), entry.offset, ErrorKind::Io(error));
                return self.not_read(&spot.place, "a member", &error);
            }
        };
        if head.is_empty() {
            return;
        }
        let role = self.role_of.filter(|_| spot.depth == 1).and_then(|role_of| role_of(&entry.name));
        match role {
            Some(Role::Pickle(dialect)) => {
                let file = PickleFile::read_at(Arc::clone(&opened.source), 0, None, self.subject.limits);
                let safety = safety::pickle::judge_whole(file.in_dialect(dialect));
                return self.merge(safety, &spot.place);
            }
            // Numbers begin like anything, once in a while: what breaks when it is read as that is no model, and hides none.
            Some(Role::Bytes) if !matches!(Kind::of(&head), Some(Kind::Zip | Kind::Tar)) => {
                return self.bytes(&opened.source, &spot.place);
            }
            _ => {}
        }
        let file_name = if matches!(container.kind(), Kind::Compressed(_)) {
            inner_name(Path::new(spot.place.split(" in ").next().unwrap_or_default()))
        } else {
            entry.file_name().to_owned()
        };
        // What is compressed around an archive has no name of its own: `a.tar.gz` is one thing for people.
        let inner_kind = super::kind_of(&head, &*opened.source);
        if matches!(container.kind(), Kind::Compressed(_)) && inner_kind.is_none() {
            spot.place = format!("{file_name} in {}", spot.place);
        }
        self.file(&opened.source, &head, spot, (inner_kind, file_name));
    }

    /// Looks at one file by its content.
    pub(super) fn file(
        &mut self,
        source: &Arc<dyn ByteSource>,
        head: &[u8],
        spot: Spot,
        (kind, file_name): (Option<Kind>, String),
    ) {
        let artifact = Artifact {
            // Below the artifact, which is a file: whatever a reader looks for beside the member is not there.
            path: self.subject.artifact.path.join(if file_name.is_empty() { "member" } else { &file_name }),
            kind: ArtifactKind::File,
            size_bytes: source.len_bytes(),
            side_files: Vec::new(),
            member: None,
        };
        let limits = self.subject.limits;
        let subject = Subject { artifact: &artifact, source: Arc::clone(source), head, limits };
        self.member(&subject, spot, (kind, file_name));
    }

    /// Looks at the bytes of a tensor, which would be a pickle for who takes them out.
    fn bytes(&mut self, source: &Arc<dyn ByteSource>, place: &str) {
        let limits = self.subject.limits;
        if safety::readings::runs_as_plain(source, limits) {
            let mut safety = empty();
            safety::readings::with_plain(source, limits, &mut safety);
            self.merge(safety, place);
        }
    }

    /// Looks at one member by its content.
    fn member(&mut self, subject: &Subject<'_>, spot: Spot, (kind, file_name): (Option<Kind>, String)) {
        let chosen = probe::choose(subject);
        // An archive that is no format of its own is walked here, so that its members count one by one.
        if let Some(kind) = kind
            && chosen.is_none_or(|(_, reader)| reader.unwraps())
        {
            return self.inner(kind, subject, &spot);
        }
        let named = || strangers::name_certain(subject).or_else(|| strangers::name(subject));
        let read = match chosen {
            Some((_, reader)) => reader.read(subject),
            None => Err(named().unwrap_or_else(|| strangers::unknown(subject))),
        };
        let is_stranger = chosen.is_none();
        match probe::as_pickle_too(subject, read) {
            Ok(inspection) => self.inspected(inspection, spot, file_name, subject),
            Err(InspectError::NotAModel { what, .. } | InspectError::Unknown { what, .. })
                if is_stranger && named().is_some() =>
            {
                self.stranger(subject, &spot, what);
            }
            Err(InspectError::NotAModel { what, .. }) if !is_stranger => self.others.push((spot.place, what)),
            Err(InspectError::Damaged(error))
                if chosen.is_some_and(|(claim, _)| is_believed(claim, &error)) =>
            {
                self.not_read(&spot.place, "a member", &error);
            }
            Err(_) => {}
        }
    }

    fn inner(&mut self, kind: Kind, subject: &Subject<'_>, spot: &Spot) {
        let limit = subject.limits.depth;
        if limit <= spot.depth {
            let (asked, limit) = (u64::from(spot.depth).saturating_add(1), u64::from(limit));
            let what = "archives inside archives";
            let error = ReadError::new(kind.name(), 0, ErrorKind::Limit { what, asked, limit });
            return self.not_read(&spot.place, "an archive", &error);
        }
        match Container::open(kind, Arc::clone(&subject.source), &mut self.budget) {
            Ok(container) => self.container(&container, spot),
            Err(error) => self.not_read(&spot.place, "an archive", &error),
        }
    }

    /// What is no model may still matter: packed in a way that we do not open, or native code.
    fn stranger(&mut self, subject: &Subject<'_>, spot: &Spot, what: String) {
        // In an archive inside it belongs to what that archive is for.
        if self.whole.is_some() && spot.depth <= 1 && is_native(subject.head) {
            self.finding(Finding {
                rule: "package/native-code",
                severity: Severity::Review,
                what: "a native library or program".to_owned(),
                place: spot.place.clone(),
                why: "no model needs one; it runs when something loads it".to_owned(),
            });
        }
        if subject.head.starts_with(b"7z\xbc\xaf") || subject.head.starts_with(b"Rar!") {
            let error =
                ReadError::new("archive", 0, ErrorKind::Unsupported("archive of this kind".to_owned()));
            self.not_read(&spot.place, "an archive", &error);
        }
        self.others.push((spot.place.clone(), what));
    }

    fn inspected(
        &mut self,
        mut inspection: Inspection,
        spot: Spot,
        file_name: String,
        subject: &Subject<'_>,
    ) {
        let safety = std::mem::replace(&mut inspection.safety, empty());
        self.merge(safety, &spot.place);
        if let Some(read) = &mut self.whole {
            read.files.extend(spot.steps.first());
        }
        let is_model = inspection.framework.is_some() || inspection.model_class.is_some();
        if !is_model {
            return;
        }
        self.places.push(spot.place.clone());
        let member = Member {
            place: spot.place,
            file_name,
            steps: spot.steps,
            size_bytes: subject.source.len_bytes(),
            files: Vec::new(),
        };
        let others = std::mem::take(&mut inspection.others);
        for mut model in std::iter::once(inspection).chain(others) {
            if Inspection::MOST_MODELS <= self.models.len() {
                return;
            }
            if !model.artifact.side_files.is_empty() {
                model.serving = Serving::No;
                let reason =
                    "The model keeps data in other files of the archive: unpack it and drop the model.";
                model.warnings.insert(0, reason.to_owned());
            }
            model.artifact = Artifact { member: Some(member.clone()), ..self.subject.artifact.clone() };
            self.models.push(model);
        }
    }

    pub(super) fn merge(&mut self, safety: Safety, place: &str) {
        if self.worst.as_ref().is_none_or(|(needs, _)| *needs < safety.needs) {
            self.worst = Some((safety.needs, safety.summary));
        }
        self.needs = self.needs.max(safety.needs);
        self.unread.extend(safety.unread.into_iter().map(|reason| format!("{place}: {reason}")));
        for finding in safety.findings {
            let place = format!("{place}, {}", finding.place);
            self.finding(Finding { place, ..finding });
        }
    }

    pub(super) fn finding(&mut self, finding: Finding) {
        self.needs = self.needs.max(finding.severity.needs(Needs::DataOnly));
        if finding.severity == Severity::Info {
            self.n_infos = self.n_infos.saturating_add(1);
            if KEPT_INFOS < self.n_infos {
                return;
            }
        }
        self.findings.push(finding);
    }

    pub(super) fn not_read(&mut self, place: &str, what: &str, error: &ReadError) {
        self.unread.push(format!("{place}: {error}"));
        self.finding(Finding {
            rule: "archive/not-read",
            severity: Severity::Unscanned,
            what: what.to_owned(),
            place: format!("{place}, byte {}", error.offset()),
            why: error.to_string(),
        });
    }

    /// Puts the verdict together.
    pub(super) fn finish(mut self) -> Found {
        if let Some(first) = self.models.iter().position(|model| model.serving != Serving::No) {
            let best = self.models.remove(first);
            self.models.insert(0, best);
        }
        if 1 < self.places.len() {
            // What a person chooses by must tell the models apart.
            for model in &mut self.models {
                let place = model.artifact.member.as_ref().map_or("", |member| &member.place);
                model.path_in_file = format!("{place}{}", model.path_in_file);
            }
        }
        self.findings.sort_by_key(|finding| std::cmp::Reverse(finding.severity));
        let of_archive = self.findings.iter().find(|finding| finding.rule.starts_with("archive/"));
        let summary = match (self.worst, of_archive) {
            _ if !self.unread.is_empty() && self.needs != Needs::DangerousCalls => NOT_READ.to_owned(),
            // The archive itself is worse than what lies in it.
            (worst, Some(finding)) if worst.as_ref().is_none_or(|(needs, _)| *needs < self.needs) => {
                format!("{}: {}", finding.what, finding.why)
            }
            (Some((_, summary)), _) => summary,
            (None, _) => "holds data only; runs no code".to_owned(),
        };
        let safety = Safety { needs: self.needs, unread: self.unread, findings: self.findings, summary };
        Found {
            models: self.models,
            places: self.places,
            others: self.others,
            names: self.names,
            archive: self.archive.map(|(archive, _)| archive),
            safety,
        }
    }
}

/// Whether a failed reading leaves something unread that a loader would read. A guess that breaks at once was no model
/// file; a loader breaks at the same place.
fn is_believed(claim: Claim, error: &ReadError) -> bool {
    match error.kind() {
        ErrorKind::Limit { .. } | ErrorKind::Io(_) | ErrorKind::Unsupported(_) => true,
        _ => Claim::Likely <= claim,
    }
}

/// Whether bytes begin like what Linux, Windows or macOS run.
fn is_native(head: &[u8]) -> bool {
    const MAGICS: [&[u8]; 5] =
        [b"\x7fELF", b"MZ", b"\xcf\xfa\xed\xfe", b"\xce\xfa\xed\xfe", b"\xca\xfe\xba\xbe"];
    MAGICS.iter().any(|magic| head.starts_with(magic))
}

/// The name of what a compressed file holds: its own without the last ending.
pub(super) fn inner_name(path: &Path) -> String {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    match name.rsplit_once('.') {
        Some((stem, "tgz")) => format!("{stem}.tar"),
        Some((stem, _)) if !stem.is_empty() => stem.to_owned(),
        _ => name.into_owned(),
    }
}

pub(super) fn empty() -> Safety {
    Safety { needs: Needs::DataOnly, unread: Vec::new(), findings: Vec::new(), summary: String::new() }
}
