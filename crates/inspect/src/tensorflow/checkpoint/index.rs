//! The index of a checkpoint: names, shapes and places of its weights, and what is wrong with them.

use std::collections::{BTreeMap, BTreeSet};

use packwright_formats::protobuf::{FieldValue, Wire};
use packwright_formats::sstable;
use packwright_source::{ByteSource, ErrorKind, Limits, MemorySource, ReadError};
use serde_json::json;

use super::super::describe::element;
use super::super::proto::shape;
use super::FORMAT;
use crate::safety::{Finding, NOT_READ, Safety, Severity};
use crate::tensors::count;
use crate::{Artifact, Fact, Inspection, Requirement, Sourced, Tensor};

/// What the graph of saved Python objects is called, which is no weight.
const OBJECTS: &str = "_CHECKPOINTABLE_OBJECT_GRAPH";

/// What the name of a variable of a saved object ends with.
const VALUE: &str = "/.ATTRIBUTES/VARIABLE_VALUE";

/// How many rows one checkpoint gets.
const FINDINGS: usize = 50;

/// More files than this no checkpoint has.
const MOST_SHARDS: u64 = 10_000;

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
pub(super) struct Index {
    n_shards: u64,
    is_big_endian: bool,
    entries: Vec<Entry>,
    /// Parts of weights that are cut.
    parts: Vec<Entry>,
    broken_blocks: Vec<u64>,
}

/// What is wrong with a checkpoint.
#[derive(Debug, Default)]
pub(super) struct Checked {
    pub(super) findings: Vec<Finding>,
    pub(super) unread: Vec<String>,
    warnings: Vec<String>,
}

impl Index {
    pub(super) fn read(source: &dyn ByteSource, limits: &Limits) -> Result<Self, ReadError> {
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
    pub(super) fn check(&self, stem: &str, index: &str, len: impl Fn(&str) -> Option<u64>) -> Checked {
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

    pub(super) fn inspection(&self, artifact: Artifact, checked: Checked) -> Inspection {
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
