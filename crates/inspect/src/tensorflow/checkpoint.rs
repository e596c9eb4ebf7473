//! Checkpoints of TensorFlow: the index (`ckpt-1.index`) with the names, shapes and places of the weights, and the
//! files that they lie in (`ckpt-1.data-00000-of-00001`).
//!
//! Read: the whole index. Of the files with the weights only the lengths are asked for. A checkpoint knows no model:
//! nothing can be served without the code that makes it.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use packwright_formats::protobuf::{FieldValue, Wire};
use packwright_formats::sstable;
use packwright_source::{ByteSource, ErrorKind, Folder, Limits, MemorySource, ReadError};
use serde_json::json;

use super::describe::element;
use super::judge;
use super::proto::{meta_graph, shape};
use crate::reader::{Claim, FolderReader, FolderSubject, Reader, Subject};
use crate::safety::{Finding, NOT_READ, Safety, Severity};
use crate::tensors::count;
use crate::{Artifact, Fact, InspectError, Inspection, Requirement, Sourced, Tensor, strangers};

/// What the format is called.
const FORMAT: &str = "tf-checkpoint";

/// The ending of an index.
const INDEX: &str = ".index";

/// The ending of the graph that old savers write beside it.
const META: &str = ".meta";

/// Where TensorFlow writes which checkpoint is the newest.
const NEWEST: &str = "checkpoint";

/// What the graph of saved Python objects is called, which is no weight.
const OBJECTS: &str = "_CHECKPOINTABLE_OBJECT_GRAPH";

/// What the name of a variable of a saved object ends with.
const VALUE: &str = "/.ATTRIBUTES/VARIABLE_VALUE";

/// How many rows one checkpoint gets.
const FINDINGS: usize = 50;

/// More files than this no checkpoint has.
const MOST_SHARDS: u64 = 10_000;

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

/// A weight, and where it lies.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct Entry {
    name: String,
    dtype: u64,
    shape: Vec<i64>,
    shard: u64,
    start: u64,
    len: u64,
    /// Whether it is cut into parts, which have entries of their own.
    is_cut: bool,
}

/// An index.
#[derive(Debug, Default)]
struct Index {
    n_shards: u64,
    is_big_endian: bool,
    entries: Vec<Entry>,
    /// Parts of weights that are cut.
    parts: Vec<Entry>,
    broken_blocks: Vec<u64>,
}

/// What is wrong with a checkpoint.
#[derive(Debug, Default)]
struct Checked {
    findings: Vec<Finding>,
    unread: Vec<String>,
    warnings: Vec<String>,
}

impl Index {
    fn read(source: &dyn ByteSource, limits: &Limits) -> Result<Self, ReadError> {
        let table = sstable::read(FORMAT, source, limits)?;
        let mut index = Self { broken_blocks: table.broken_blocks, ..Self::default() };
        let mut has_header = false;
        for found in table.entries {
            let value = MemorySource::new(found.value);
            // Offsets inside a value mean nothing to anybody: the block is named.
            let located = |error: ReadError| {
                let expected = "a description of a tensor";
                let kind = ErrorKind::malformed("entry of the index", expected, error.kind().to_string());
                ReadError::new(FORMAT, found.offset, kind)
            };
            let mut wire = Wire::over(FORMAT, &value, limits);
            if found.key.is_empty() {
                has_header = true;
                index.header(&mut wire).map_err(located)?;
                continue;
            }
            let mut entry = Entry::read(&mut wire).map_err(located)?;
            // A part of a weight has its name in another form, which begins with a zero.
            let is_part = found.key.starts_with(b"\0");
            entry.name = String::from_utf8_lossy(&found.key).into_owned();
            if is_part { index.parts.push(entry) } else { index.entries.push(entry) }
        }
        if !has_header {
            let kind =
                ErrorKind::malformed("table", "the index of a checkpoint", "a table of something else");
            return Err(ReadError::new(FORMAT, 0, kind));
        }
        Ok(index)
    }

    fn header(&mut self, wire: &mut Wire<'_>) -> Result<(), ReadError> {
        while let Some(field) = wire.field()? {
            match (field.number, field.value) {
                (1, FieldValue::Varint(n)) => self.n_shards = n,
                (2, FieldValue::Varint(order)) => self.is_big_endian = order == 1,
                _ => {}
            }
        }
        Ok(())
    }

    /// Compares what the index says with the lengths of the files beside it, which `len` tells.
    fn check(&self, stem: &str, index: &str, len: impl Fn(&str) -> Option<u64>) -> Checked {
        let mut checked = Checked::default();
        for offset in self.broken_blocks.iter().take(FINDINGS) {
            checked.add(
                ("tensorflow/broken-index", Severity::Unscanned),
                "a block of the index",
                &format!("{index}, byte {offset}"),
                "its checksum is that of other bytes: the file is damaged, and TensorFlow refuses it",
            );
        }
        let all = || self.entries.iter().filter(|entry| !entry.is_cut).chain(&self.parts);
        let mut needed: BTreeMap<u64, u64> = BTreeMap::new();
        for entry in all() {
            let end = entry.start.saturating_add(entry.len);
            let last = needed.entry(entry.shard).or_default();
            *last = end.max(*last);
            if self.n_shards <= entry.shard {
                checked.add(
                    ("tensorflow/checkpoint-entry", Severity::Unscanned),
                    &entry.shown(),
                    index,
                    &format!("it lies in file {} of {}, which cannot be", entry.shard, self.n_shards),
                );
            } else if let Some(wanted) = entry.wanted_len().filter(|wanted| *wanted != entry.len) {
                let why = format!("its shape takes {wanted} bytes, and the index gives it {}", entry.len);
                checked.add(
                    ("tensorflow/checkpoint-entry", Severity::Unscanned),
                    &entry.shown(),
                    index,
                    &why,
                );
            }
        }
        for shard in 0..self.n_shards.min(MOST_SHARDS) {
            let name = format!("{stem}.data-{shard:05}-of-{:05}", self.n_shards);
            let need = needed.get(&shard).copied().unwrap_or(0);
            let why = match len(&name) {
                None => "the file is not there, so the weights in it were not seen".to_owned(),
                Some(len) if len < need => {
                    format!("the file is {} bytes too short for the weights in it", need.saturating_sub(len))
                }
                Some(_) => continue,
            };
            if checked.warnings.len() < FINDINGS {
                checked.warnings.push(format!("{name}: {why}."));
            }
            checked.add(("tensorflow/checkpoint-data", Severity::Unscanned), &name, index, &why);
        }
        let mut places: Vec<&Entry> = all().filter(|entry| entry.len != 0).collect();
        places.sort_by_key(|entry| (entry.shard, entry.start));
        for pair in places.windows(2) {
            if let [first, second] = pair
                && first.shard == second.shard
                && second.start < first.start.saturating_add(first.len)
            {
                let why = format!("its bytes are those of {} too, in part", first.shown());
                checked.add(
                    ("tensorflow/checkpoint-entry", Severity::Unscanned),
                    &second.shown(),
                    index,
                    &why,
                );
            }
        }
        checked
    }

    fn inspection(&self, artifact: Artifact, checked: Checked) -> Inspection {
        let weights = Weights::of(&self.entries);
        let variables = self.entries.iter().filter(|entry| entry.name != OBJECTS);
        let tensors: Vec<Tensor> = variables.map(|entry| entry.tensor(&weights)).collect();
        let parameters = tensors.iter().filter(|tensor| tensor.is_parameter);
        let n = parameters.fold(0_u64, |sum, tensor| sum.saturating_add(tensor.n_elements()));
        let is_of_objects = self.entries.iter().any(|entry| entry.name == OBJECTS);
        let fact = |name, value, source: &str| Fact { name, value, source: source.to_owned() };
        let facts = vec![
            fact(
                "n_parameters",
                count(n),
                "assumed: the variables of floats, without counters and what an optimizer keeps, by their names",
            ),
            fact("n_tensors", count(u64::try_from(tensors.len()).unwrap_or(u64::MAX)), "the index"),
            fact(
                "checkpoint_kind",
                json!(if is_of_objects { "objects" } else { "names" }),
                "the names in the index",
            ),
            fact("n_data_files", count(self.n_shards), "the header of the index"),
        ];
        let how = if is_of_objects {
            "tf.train.Checkpoint(model=model).restore(path)"
        } else {
            "tf.compat.v1.train.Saver().restore(session, path)"
        };
        let mut warnings = vec![format!(
            "The checkpoint holds weights and not the model that they belong to: its code is missing. Build the model in \
             Python, restore the weights with {how}, save it with tf.saved_model.save, and drop that folder."
        )];
        if self.is_big_endian {
            warnings.push("The weights are of a machine with another order of bytes.".to_owned());
        }
        warnings.extend(checked.warnings.iter().cloned());
        Inspection {
            framework: Some(Sourced::new("tensorflow".to_owned(), "the structure of the file")),
            requirements: vec![Requirement {
                requirement: "tensorflow".to_owned(),
                source: "the format; the file does not say which version wrote it".to_owned(),
            }],
            tensors: Some(tensors.into_iter().collect()),
            facts,
            warnings,
            ..Inspection::blank(artifact, FORMAT, checked.safety(self.entries.len()))
        }
    }
}

impl Checked {
    fn add(&mut self, (rule, severity): (&'static str, Severity), what: &str, place: &str, why: &str) {
        if self.findings.len() < FINDINGS {
            self.unread.push(format!("{what}: {why}"));
            self.findings.push(Finding {
                rule,
                severity,
                what: what.to_owned(),
                place: place.to_owned(),
                why: why.to_owned(),
            });
        }
    }

    fn safety(self, n: usize) -> Safety {
        let mut safety = Safety::data(format!("data only: {n} tensors of a checkpoint; runs no code"));
        safety.findings = self.findings;
        safety.findings.sort_by_key(|finding| std::cmp::Reverse(finding.severity));
        safety.needs = crate::safety::needs_of(&safety.findings, safety.needs);
        let worst = crate::safety::worst_of(&safety.findings);
        if safety.needs != crate::safety::Needs::DataOnly {
            safety.summary = format!("needs a look: {worst}");
        } else if !self.unread.is_empty() {
            NOT_READ.clone_into(&mut safety.summary);
        }
        safety.unread = self.unread;
        safety
    }
}

impl Entry {
    /// A `BundleEntryProto`.
    fn read(wire: &mut Wire<'_>) -> Result<Self, ReadError> {
        let mut entry = Self::default();
        while let Some(field) = wire.field()? {
            match (field.number, field.value) {
                (1, FieldValue::Varint(dtype)) => entry.dtype = dtype,
                (2, FieldValue::Bytes(_)) => {
                    wire.enter()?;
                    entry.shape = shape(wire)?.unwrap_or_default();
                }
                (3, FieldValue::Varint(shard)) => entry.shard = shard,
                (4, FieldValue::Varint(start)) => entry.start = start,
                (5, FieldValue::Varint(len)) => entry.len = len,
                (7, FieldValue::Bytes(_)) => entry.is_cut = true,
                _ => {}
            }
        }
        Ok(entry)
    }

    /// Its name as far as it can be shown.
    fn shown(&self) -> String {
        self.name.chars().filter(|c| !c.is_control()).take(200).collect()
    }

    fn n_elements(&self) -> u64 {
        self.shape.iter().fold(1, |n, side| n.saturating_mul(u64::try_from(*side).unwrap_or(0)))
    }

    /// How many bytes its shape takes; unknown for texts.
    fn wanted_len(&self) -> Option<u64> {
        let size = element(self.dtype).1;
        (size != 0).then(|| self.n_elements().saturating_mul(size))
    }

    fn tensor(&self, weights: &Weights) -> Tensor {
        let dtype = element(self.dtype).0;
        Tensor {
            name: self.name.clone(),
            dtype: dtype.to_owned(),
            shape: self.shape.iter().map(|side| u64::try_from(*side).unwrap_or(0)).collect(),
            size_bytes: if self.is_cut { self.wanted_len().unwrap_or(0) } else { self.len },
            is_parameter: dtype.contains("float") && weights.has(self),
        }
    }
}

/// Which variables are of the model, and which of its training.
#[derive(Debug)]
struct Weights {
    names: BTreeMap<String, Vec<i64>>,
    /// The paths of optimizers, with `/` at the end.
    optimizers: Vec<String>,
}

impl Weights {
    fn of(entries: &[Entry]) -> Self {
        let names = entries.iter().map(|entry| (entry.name.clone(), entry.shape.clone())).collect();
        // What an optimizer of Keras 3 and of Keras 2 counts its steps with.
        let roots = entries.iter().filter_map(|entry| {
            let path = entry.name.strip_suffix(VALUE)?;
            let root = path.strip_suffix("_iterations").or_else(|| path.strip_suffix("iter"))?;
            (root.is_empty() || root.ends_with('/')).then(|| root.to_owned())
        });
        let optimizers: BTreeSet<String> = roots.filter(|root| !root.is_empty()).collect();
        Self { names, optimizers: optimizers.into_iter().collect() }
    }

    fn has(&self, entry: &Entry) -> bool {
        let name = entry.name.as_str();
        if name.contains("/.OPTIMIZER_SLOT/") || name.contains("save_counter/") {
            return false;
        }
        if let Some(rest) = self.optimizers.iter().find_map(|root| name.strip_prefix(root.as_str())) {
            // Of what an optimizer holds, these are the weights that it trains.
            return rest.starts_with("_trainable_variables/");
        }
        // `dense/kernel/Adam` beside `dense/kernel` is what an optimizer keeps of it.
        let slot_of = name.rsplit_once('/').and_then(|(of, _)| self.names.get(of));
        let is_slot = slot_of.is_some_and(|shape| *shape == entry.shape);
        let is_power = matches!(name, "beta1_power" | "beta2_power") && entry.shape.is_empty();
        !is_slot && !is_power
    }
}
