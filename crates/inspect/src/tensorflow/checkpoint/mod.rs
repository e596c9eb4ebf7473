//! Checkpoints of TensorFlow: the index (`ckpt-1.index`) with the names, shapes and places of the weights, and the
//! files that they lie in (`ckpt-1.data-00000-of-00001`).
//!
//! Read: the whole index. Of the files with the weights only the lengths are asked for. A checkpoint knows no model:
//! nothing can be served without the code that makes it.

use std::collections::BTreeSet;
use std::path::Path;

use packwright_formats::protobuf::Wire;
use packwright_formats::sstable;
use packwright_source::Folder;
use serde_json::json;

use super::judge;
use super::proto::meta_graph;
use crate::reader::{Claim, FolderReader, FolderSubject, Reader, Subject};
use crate::{Fact, InspectError, Inspection, strangers};

/// What the format is called.
mod index;

use index::Index;

const FORMAT: &str = "tf-checkpoint";

/// The ending of an index.
const INDEX: &str = ".index";

/// The ending of the graph that old savers write beside it.
const META: &str = ".meta";

/// Where TensorFlow writes which checkpoint is the newest.
const NEWEST: &str = "checkpoint";

/// Reads an index, and says of the other files of a checkpoint what to drop.
#[derive(Debug)]
pub(crate) struct CheckpointReader;

impl Reader for CheckpointReader {
    fn claims(&self, subject: &Subject<'_>) -> Claim {
        if sstable::is_table(&*subject.source) {
            Claim::Certain
        } else if is_newest(subject.head) || stem_of_data(&subject.file_name()).is_some() {
            Claim::Likely
        } else {
            Claim::No
        }
    }

    fn read(&self, subject: &Subject<'_>) -> Result<Inspection, InspectError> {
        let name = subject.artifact.path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        if !sstable::is_table(&*subject.source) {
            return Err(part(subject.head, &name));
        }
        let index = Index::read(&*subject.source, subject.limits)?;
        let stem = name.strip_suffix(INDEX).unwrap_or(&name).to_owned();
        let folder = subject.artifact.path.parent().unwrap_or(Path::new(""));
        // Asked for, never opened.
        let len = |name: &str| {
            let metadata = std::fs::metadata(folder.join(name)).ok()?;
            metadata.is_file().then_some(metadata.len())
        };
        let checked = index.check(&stem, &name, len);
        Ok(index.inspection(subject.artifact.clone(), checked))
    }
}

/// Reads the folder that a checkpoint lies in.
#[derive(Debug)]
pub(crate) struct CheckpointFolderReader;

impl FolderReader for CheckpointFolderReader {
    fn claims(&self, folder: &Folder) -> Claim {
        if newest(folder).is_some() { Claim::Likely } else { Claim::No }
    }

    fn read(&self, subject: &FolderSubject<'_>) -> Result<Inspection, InspectError> {
        let gone = || strangers::unread("it is a folder without a checkpoint", "drop the index of one");
        let stem = named(subject.folder).or_else(|| newest(subject.folder)).ok_or_else(gone)?;
        let name = format!("{stem}{INDEX}");
        let source = subject
            .folder
            .open_source(&name)
            .map_err(|error| InspectError::Open { path: subject.folder.root().join(&name), error })?;
        let index = Index::read(&*source, subject.limits)?;
        let len = |name: &str| {
            let entry = subject.folder.get(name)?;
            (!entry.is_link).then_some(entry.len_bytes)
        };
        let mut checked = index.check(&stem, &name, len);
        let is_own = |name: &str| {
            name == NEWEST || name.ends_with(INDEX) || stem_of_data(&name.to_lowercase()).is_some()
        };
        judge::files(subject, is_own, &mut checked.findings, &mut checked.unread);
        // The graph that goes with a checkpoint of old: importing it makes its operators.
        checked.findings.retain(|finding| {
            finding.rule != "tensorflow/other-file" || finding.what.strip_suffix(META).is_none()
        });
        let meta = format!("{stem}{META}");
        if let Ok(source) = subject.folder.open_source(&meta) {
            match meta_graph(&mut Wire::over(FORMAT, &*source, subject.limits)) {
                Ok(graph) => checked.findings.extend(judge::of_graph(&graph, &meta)),
                Err(error) => checked.unread.push(format!("{meta}: {error}")),
            }
        }
        let mut inspection = index.inspection(subject.artifact.clone(), checked);
        inspection.facts.push(Fact {
            name: "checkpoint",
            value: json!(stem),
            source: if named(subject.folder).is_some() {
                "the file checkpoint".to_owned()
            } else {
                "assumed: the last by name".to_owned()
            },
        });
        let others: Vec<String> = stems(subject.folder).filter(|other| *other != stem).collect();
        if !others.is_empty() {
            let source = "the folder".to_owned();
            inspection.facts.push(Fact { name: "other_checkpoints", value: json!(others), source });
        }
        Ok(inspection)
    }
}

/// The checkpoints in a folder that have an index and at least one file of weights.
fn stems(folder: &Folder) -> impl Iterator<Item = String> {
    let with_data: BTreeSet<&str> =
        folder.entries().iter().filter_map(|entry| stem_of_data(&entry.name)).collect();
    let indexes = folder.entries().iter().filter(|entry| !entry.is_link && !entry.name.contains('/'));
    let stems = indexes.filter_map(|entry| entry.name.strip_suffix(INDEX));
    stems.filter(move |stem| with_data.contains(stem)).map(str::to_owned)
}

/// The one of the highest number.
fn newest(folder: &Folder) -> Option<String> {
    let number = |stem: &String| stem.rsplit('-').next().and_then(|number| number.parse::<u64>().ok());
    stems(folder).max_by_key(|stem| (number(stem), stem.clone()))
}

/// The one that the file `checkpoint` names.
fn named(folder: &Folder) -> Option<String> {
    let source = folder.open_source(NEWEST).ok()?;
    let mut head = vec![0; 4096];
    let n = packwright_source::read_up_to(&*source, 0, &mut head).ok()?;
    let name = name_in(head.get(..n)?)?;
    stems(folder).find(|stem| *stem == name)
}

/// The name in `model_checkpoint_path: "ckpt-1"`, without the folders before it.
fn name_in(head: &[u8]) -> Option<String> {
    let text = String::from_utf8_lossy(head);
    let rest = text.strip_prefix("model_checkpoint_path:")?.trim_start().strip_prefix('"')?;
    let path = rest.split('"').next()?;
    Some(path.rsplit(['/', '\\']).next()?.to_owned())
}

fn is_newest(head: &[u8]) -> bool {
    head.starts_with(b"model_checkpoint_path:")
}

/// `ckpt-1` of `ckpt-1.data-00000-of-00002`.
fn stem_of_data(name: &str) -> Option<&str> {
    let (stem, rest) = name.rsplit_once(".data-")?;
    let (i, n) = rest.split_once("-of-")?;
    let is_number = |text: &str| text.len() == 5 && text.bytes().all(|c| c.is_ascii_digit());
    (is_number(i) && is_number(n)).then_some(stem)
}

/// A file of a checkpoint that says nothing by itself.
fn part(head: &[u8], name: &str) -> InspectError {
    if is_newest(head) {
        let of = name_in(head).unwrap_or_default();
        return strangers::unread(
            &format!("it only says that {of} is the newest checkpoint of TensorFlow in its folder"),
            &format!("drop {of}.index, or the folder"),
        );
    }
    let stem = stem_of_data(name).unwrap_or(name);
    strangers::unread(
        "it holds the weights of a checkpoint of TensorFlow, without their names and shapes",
        &format!("drop {stem}.index, which lies beside it, or the folder"),
    )
}
