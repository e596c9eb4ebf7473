//! Models inside archives and compressed files.
//!
//! Every member is looked at by its content, whatever its name says, and whatever is found counts for the verdict. One
//! model is described as if it had been dropped alone; of several, the first that can be served.

mod folders;
mod inside;
pub(crate) mod oddities;
mod scan;
mod whole;

use std::sync::Arc;

use packwright_formats::compress::Compression;
use packwright_formats::container::{Container, Kind};
use packwright_source::{Budget, ByteSource, ErrorKind, Limits, ReadError, read_up_to};
use serde_json::json;

pub use self::inside::{files_below, inspect_inside};
pub(crate) use self::scan::Role;
use self::scan::{RoleOf, Scan, Spot};
pub use self::whole::{Whole, judge_whole};
use crate::pickled::PickleReader;
use crate::reader::{Claim, Reader, Subject};
use crate::safety::{Safety, Severity};
use crate::{Fact, InspectError, Inspection, Member, probe, strangers};

/// How many members are named in the facts.
const LISTED: usize = 100;

/// Reads zip, tar, and compressed files that hold something else than a pickle.
#[derive(Debug)]
pub(crate) struct ContainerReader;

impl Reader for ContainerReader {
    fn claims(&self, subject: &Subject<'_>) -> Claim {
        match kind_of(subject.head, &*subject.source) {
            // Bytes before the archive may be anything, and what they are comes first.
            Some(Kind::Zip) if !subject.head.starts_with(b"PK") => Claim::Maybe,
            Some(Kind::Zip | Kind::Tar) => Claim::Likely,
            Some(Kind::Compressed(compression)) => claims_inside(subject, compression),
            None => Claim::No,
        }
    }

    fn read(&self, subject: &Subject<'_>) -> Result<Inspection, InspectError> {
        let Some(kind) = kind_of(subject.head, &*subject.source) else {
            return Err(strangers::unknown(subject));
        };
        let mut scan = Scan::new(subject, None);
        let spot = Spot::outermost(subject);
        let container = Container::open(kind, Arc::clone(&subject.source), scan.budget())?;
        if kind == Kind::Zip && container.members().iter().any(|member| member.name == "MLmodel") {
            return Err(strangers::mlflow_package("an MLflow package in a zip"));
        }
        scan.container(&container, &spot);
        conclude(subject, kind, scan)
    }

    fn unwraps(&self) -> bool {
        true
    }
}

/// What loading any member of an archive would do, for a reader whose format is an archive.
///
/// # Errors
///
/// What the container says when it cannot be opened.
pub(crate) fn scanned(subject: &Subject<'_>, kind: Kind, role_of: RoleOf<'_>) -> Result<Safety, ReadError> {
    let mut scan = Scan::new(subject, role_of);
    let spot = Spot::outermost(subject);
    let container = Container::open(kind, Arc::clone(&subject.source), scan.budget())?;
    scan.container(&container, &spot);
    Ok(scan.finish().safety)
}

/// What the first bytes announce, or a zip archive that something was put before.
fn kind_of(head: &[u8], source: &dyn ByteSource) -> Option<Kind> {
    /// The length of the last record of a zip archive without a comment.
    const END_LEN: u64 = 22;
    Kind::of(head).or_else(|| {
        let mut magic = [0; 4];
        let at = source.len_bytes().checked_sub(END_LEN)?;
        let n = read_up_to(source, at, &mut magic).ok()?;
        (n == magic.len() && magic == *b"PK\x05\x06").then_some(Kind::Zip)
    })
}

/// A compressed pickle is a joblib file or the like and is read as one. Everything else that is compressed, an archive
/// or a model of another format, has to be unpacked before a loader takes it.
fn claims_inside(subject: &Subject<'_>, compression: Compression) -> Claim {
    let mut inflated = compression.open(Arc::clone(&subject.source), &Budget::new(*subject.limits));
    let mut head = vec![0; probe::HEAD_BYTES];
    let mut n = 0;
    while let Some(rest) = head.get_mut(n..).filter(|rest| !rest.is_empty()) {
        match packwright_source::Input::read(&mut inflated, rest) {
            Ok(0) | Err(_) => break,
            Ok(more) => n = n.saturating_add(more),
        }
    }
    head.truncate(n);
    let name = scan::inner_name(&subject.artifact.path);
    let mut artifact = subject.artifact.clone();
    artifact.path = subject.artifact.path.join(&name);
    let source = Arc::new(packwright_source::MemorySource::new(head.clone()));
    let inner = Subject { artifact: &artifact, source, head: &head, limits: subject.limits };
    match Kind::of(&head) {
        Some(_) => Claim::Certain,
        None if Claim::Likely <= PickleReader.claims(&inner) => Claim::No,
        None => match probe::choose(&inner) {
            Some((claim, _)) if Claim::Likely <= claim => Claim::Certain,
            _ => Claim::No,
        },
    }
}

/// Opens a member that an inspection found, again.
///
/// # Errors
///
/// [`ReadError`] when the containers are not what they were, or beyond the limits.
pub fn open_member(
    source: Arc<dyn ByteSource>,
    member: &Member,
    limits: &Limits,
) -> Result<Arc<dyn ByteSource>, ReadError> {
    let mut budget = Budget::new(*limits);
    let mut source = source;
    for step in &member.steps {
        let gone =
            || ReadError::new("archive", 0, ErrorKind::Unsupported("a member that is gone".to_owned()));
        let head =
            probe::head_of(&*source).map_err(|error| ReadError::new("archive", 0, ErrorKind::Io(error)))?;
        let kind = kind_of(&head, &*source).ok_or_else(gone)?;
        let container = Container::open(kind, source, &mut budget)?;
        let found = container.members().get(*step).ok_or_else(gone)?;
        let opened = container.member(found, &mut budget)?;
        match opened.error {
            Some(error) => return Err(error),
            None => source = opened.source,
        }
    }
    Ok(source)
}

/// Puts together what the members gave.
fn conclude(subject: &Subject<'_>, kind: Kind, scan: Scan<'_>) -> Result<Inspection, InspectError> {
    let found = scan.finish();
    let safety = found.safety;
    let mut facts = vec![Fact {
        name: "container",
        value: json!(found.archive.unwrap_or(kind.name())),
        source: "first bytes of the file".into(),
    }];
    if found.archive.is_some() {
        facts.push(Fact {
            name: "container_members",
            value: json!(found.names.iter().take(LISTED).collect::<Vec<_>>()),
            source: format!("{} files in the archive", found.names.len()),
        });
    }
    let mut models = found.models;
    if models.is_empty() {
        let is_worth_showing = safety.findings.iter().any(|finding| finding.severity != Severity::Info)
            || !safety.unread.is_empty();
        if !is_worth_showing {
            return Err(nothing_inside(kind, &found.names, &found.others));
        }
        return Ok(opaque(subject, kind, facts, safety));
    }
    for model in &mut models {
        let place = model.artifact.member.as_ref().map_or("", |member| &member.place).to_owned();
        let source = "structure of the archive";
        let mut own = vec![Fact { name: "model_file", value: json!(place), source: source.into() }];
        own.extend(facts.iter().cloned());
        let others: Vec<&str> =
            found.places.iter().filter(|other| **other != place).map(String::as_str).collect();
        if !others.is_empty() {
            own.push(Fact { name: "other_models", value: json!(others), source: source.into() });
            model.warnings.push(format!(
                "The archive holds other models too: {}. This is {place}; choose another one if that is meant.",
                listed(&others),
            ));
        }
        own.append(&mut model.facts);
        model.facts = own;
        model.safety = safety.clone();
        if let Kind::Compressed(compression) = kind {
            model.compression.get_or_insert(compression.name());
        }
    }
    Inspection::first_of(models)
        .ok_or_else(|| strangers::unread("the archive holds no model", "drop the model file"))
}

fn nothing_inside(kind: Kind, names: &[String], others: &[(String, String)]) -> InspectError {
    let what = match (kind, names.len()) {
        (Kind::Compressed(compression), _) => format!("it is a {}-compressed file", compression.name()),
        (kind, n) => {
            format!("it is a {} archive of {n} {}", kind.name(), if n == 1 { "file" } else { "files" })
        }
    };
    let all_arrays = others.iter().all(|(_, what)| what.starts_with("it is a NumPy array"));
    if all_arrays && !names.is_empty() && names.len() == others.len() {
        return InspectError::NotAModel {
            what: format!("{what}, all of them NumPy arrays, and no model"),
            hint: "arrays are sample data for a model: drop them on an open draft".to_owned(),
        };
    }
    match others {
        [] => {
            let what = format!("{what}, and holds no model that this version reads");
            strangers::unread(&what, "unpack it and drop the model file inside")
        }
        [(place, why), ..] => InspectError::NotAModel {
            what: format!("{what}, and holds no model ({place}: {why})"),
            hint: "drop the model file".to_owned(),
        },
    }
}

/// An archive without a model, but with something to report.
fn opaque(subject: &Subject<'_>, kind: Kind, facts: Vec<Fact>, safety: Safety) -> Inspection {
    let compression = match kind {
        Kind::Compressed(compression) => Some(compression.name()),
        Kind::Zip | Kind::Tar => None,
    };
    Inspection {
        compression,
        facts,
        warnings: vec!["No model that this version reads is inside. A package can't be made.".to_owned()],
        ..Inspection::blank(subject.artifact.clone(), kind.name(), safety)
    }
}

/// A few names for a sentence.
fn listed(names: &[&str]) -> String {
    let shown = names.iter().take(5).copied().collect::<Vec<_>>().join(", ");
    match names.len().saturating_sub(5) {
        0 => shown,
        more => format!("{shown} and {more} more"),
    }
}
