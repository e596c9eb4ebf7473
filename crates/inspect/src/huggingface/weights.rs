//! The weights in a folder: which files load, whether all of them are there, and their tensors.

use std::collections::BTreeSet;
use std::sync::Arc;

use packwright_formats::safetensors;
use packwright_source::ByteSource;
use serde_json::Value;

use super::files::{Files, has_ending};
use crate::InspectError;
use crate::tensors::{self, Tensors};

/// The files in which libraries look for weights, first things first; each may be split, with an index beside it.
const NAMES: [&str; 3] = ["model.safetensors", "pytorch_model.bin", "diffusion_pytorch_model.safetensors"];

/// Weights of other libraries, which the packages made here do not load.
const OTHERS: [&str; 4] = ["tf_model.h5", "flax_model.msgpack", "model.ckpt.index", "rust_model.ot"];

/// What is known about the weights.
#[derive(Debug, Default)]
pub(super) struct Weights {
    /// The files that load, in the order of their names.
    pub(super) files: Vec<String>,
    /// The tensors in them, when they are listed: pickles are not.
    pub(super) tensors: Option<Tensors>,
    /// The same weights in other forms.
    pub(super) spare: Vec<String>,
    /// Why they cannot be loaded, in sentences.
    pub(super) problems: Vec<String>,
    /// What could not be read.
    pub(super) unread: Vec<String>,
}

impl Weights {
    /// Looks for weights under the usual names, and reads the headers of safetensors files.
    pub(super) fn find(files: &Files<'_>, more: &[&str]) -> Result<Self, InspectError> {
        let mut weights = Self::default();
        let usual = NAMES.iter().filter(|name| !more.contains(name));
        for name in more.iter().chain(usual) {
            let found = named(files, name, &mut weights.problems)?;
            if found.is_empty() {
                continue;
            }
            if weights.files.is_empty() {
                weights.files = found;
            } else {
                weights.spare.extend(found);
            }
        }
        weights.spare.extend(OTHERS.iter().filter(|name| files.has(name)).map(|name| (*name).to_owned()));
        weights.read(files)?;
        Ok(weights)
    }

    fn read(&mut self, files: &Files<'_>) -> Result<(), InspectError> {
        let safe = self.files.iter().filter(|name| has_ending(name, "safetensors"));
        let mut all: Option<Tensors> = None;
        for name in safe {
            let source: Arc<dyn ByteSource> = files.open(name)?;
            match safetensors::read(&source, files.limits) {
                Ok(header) => {
                    let all = all.get_or_insert_default();
                    tensors::of_safetensors(&header).for_each(|tensor| all.push(tensor));
                    if let Some(problem) = header.problems.first() {
                        self.problems.push(format!("{name} cannot be loaded: {}.", problem.what));
                    }
                }
                Err(error) => {
                    self.problems.push(format!("{name} is damaged: {error}. Download it again."));
                    self.unread.push(format!("{name}: {error}"));
                }
            }
        }
        for name in self.files.iter().filter(|name| !has_ending(name, "safetensors")) {
            // What is wrong with it is told where the pickles are judged.
            let found = files.inspect(name)?.ok().and_then(|found| found.tensors);
            for tensor in found.into_iter().flat_map(|tensors| tensors.listed) {
                all.get_or_insert_default().push(tensor);
            }
        }
        self.tensors = all;
        Ok(())
    }
}

/// The file of that name, or the parts that its index lists.
fn named(files: &Files<'_>, name: &str, problems: &mut Vec<String>) -> Result<Vec<String>, InspectError> {
    if files.has(name) {
        return Ok(vec![name.to_owned()]);
    }
    let index = format!("{name}.index.json");
    let Some(json) = files.json(&index)? else { return Ok(Vec::new()) };
    let map = json.get("weight_map").and_then(Value::as_object);
    let parts: BTreeSet<&str> =
        map.into_iter().flat_map(|map| map.values()).filter_map(Value::as_str).collect();
    let (here, missing): (Vec<&str>, Vec<&str>) = parts.into_iter().partition(|part| files.has(part));
    match missing.as_slice() {
        [] => {}
        [one] => problems.push(format!("{index} names {one}, which is not in the folder: download it too.")),
        [first, ..] => problems.push(format!(
            "{index} names {} files that are not in the folder, {first} first: download them too.",
            missing.len()
        )),
    }
    Ok(here.into_iter().map(str::to_owned).collect())
}
