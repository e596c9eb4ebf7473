//! The weights in a `.keras` file: an HDF5 file, several that a large model is cut into, or NumPy arrays.

use std::sync::Arc;

use packwright_formats::container::{Container, Kind};
use packwright_formats::{hdf5, npy};
use packwright_source::{Budget, ByteSource, Cursor, Limits, ReadError};

use super::archive::Archive;
use super::weights::{self, Layout};
use crate::pickled::PickleFile;
use crate::safety::{self, Finding};
use crate::tensors::{Tensor, Tensors};

/// How many arrays of one archive are looked at.
const ARRAYS: usize = 10_000;

/// Where Keras keeps all weights, unless it was told to cut them into files.
const WHOLE: &str = "model.weights.h5";

/// What the weights are, and what is wrong with them.
#[derive(Debug, Default)]
pub(super) struct Stored {
    pub(super) tensors: Option<Tensors>,
    pub(super) findings: Vec<Finding>,
    pub(super) unread: Vec<String>,
    /// The file that holds all of them, where there is one.
    pub(super) whole: Option<hdf5::File>,
    /// Why Keras cannot load them, in a sentence.
    pub(super) broken: Option<String>,
}

impl Stored {
    pub(super) fn of(archive: &Archive, limits: &Limits) -> Self {
        let mut stored = Self::default();
        let mut all: Vec<Tensor> = Vec::new();
        let mut n_read = 0_usize;
        for (name, source) in &archive.weights {
            match hdf5::read(&**source, limits) {
                Ok(file) => {
                    stored.findings.extend(weights::judge(&file, name));
                    stored.unread.extend(file.unread.iter().map(|what| format!("{name}: {what}")));
                    all.extend(weights::tensors(&file, Layout::Objects).listed);
                    n_read = n_read.saturating_add(1);
                    if name == WHOLE {
                        stored.whole = Some(file);
                    }
                }
                Err(error) => {
                    stored.unread.push(format!("{name}: {error}"));
                    let broken = || format!("The weights in it are damaged: {error}.");
                    stored.broken.get_or_insert_with(broken);
                }
            }
        }
        if let Some(source) = &archive.arrays {
            match stored.arrays(source, limits) {
                Ok(arrays) => {
                    all.extend(arrays);
                    n_read = n_read.saturating_add(1);
                }
                Err(error) => stored.unread.push(format!("model.weights.npz: {error}")),
            }
        }
        if n_read != 0 {
            stored.tensors = Some(all.into_iter().collect());
        }
        if !archive.weights.iter().any(|(name, _)| name == WHOLE) {
            let broken = || {
                "Keras opens a .keras file with its weights in model.weights.h5, which is not in it. Load the model with the \
                 Keras that wrote it, and save it again."
                    .to_owned()
            };
            stored.broken.get_or_insert_with(broken);
        }
        stored
    }

    /// The arrays of `model.weights.npz`. Keras writes each group of weights as a Python object, which is a pickle.
    fn arrays(&mut self, source: &Arc<dyn ByteSource>, limits: &Limits) -> Result<Vec<Tensor>, ReadError> {
        let mut budget = Budget::new(*limits);
        let container = Container::open(Kind::Zip, Arc::clone(source), &mut budget)?;
        let mut found = Vec::new();
        for member in container.members().iter().take(ARRAYS) {
            let name = member.name.strip_suffix(".npy").unwrap_or(&member.name);
            let opened = container.member(member, &mut budget)?;
            let header = npy::read_header(&mut Cursor::over("npy", &*opened.source, 0), limits)?;
            if header.has_objects {
                let mut file =
                    PickleFile::read_at(Arc::clone(&opened.source), header.data_offset, None, limits);
                let error = file.pickle.error.take();
                let safety = safety::pickle::judge(&file, error.as_ref());
                let within = |place: &str| format!("{name} in model.weights.npz, {place}");
                self.unread.extend(safety.unread.iter().map(|what| within(what)));
                self.findings.extend(
                    safety
                        .findings
                        .into_iter()
                        .map(|finding| Finding { place: within(&finding.place), ..finding }),
                );
                let broken = || {
                    "The weights are Python objects in model.weights.npz, which Keras refuses to load. Save the model again \
                     with its weights in HDF5, as model.save does."
                        .to_owned()
                };
                self.broken.get_or_insert_with(broken);
                continue;
            }
            let Some(dtype) = &header.dtype else { continue };
            let size_bytes = opened.source.len_bytes().saturating_sub(header.data_offset);
            let dtype = dtype.name();
            found.push(Tensor {
                name: name.to_owned(),
                is_parameter: dtype.contains("float"),
                dtype,
                shape: header.shape,
                size_bytes,
            });
        }
        if ARRAYS < container.members().len() {
            self.unread.push(format!("model.weights.npz: of its arrays only {ARRAYS} were looked at"));
        }
        Ok(found)
    }
}
