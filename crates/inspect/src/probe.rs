//! What is this? Content decides, the extension only breaks ties.

use std::path::Path;
use std::sync::Arc;

use packwright_source::{ByteSource as _, FileSource, Folder, Limits, read_up_to};

use crate::reader::{Claim, Reader, Subject};
use crate::{
    Artifact, ArtifactKind, InspectError, Inspection, lightgbm, onnx, pickled, prophet, strangers, xgboost,
};

/// Every reader. At equal claims the first one reads.
const READERS: &[&dyn Reader] = &[
    &pickled::PickleReader,
    &pickled::SkopsReader,
    &xgboost::XgboostReader,
    &lightgbm::LightgbmReader,
    &onnx::OnnxReader,
    &prophet::ProphetReader,
];

/// How much of a file is looked at before a reader is chosen.
const HEAD_BYTES: usize = 4 << 10;

/// Inspects one artifact.
///
/// # Errors
///
/// [`InspectError`]: not a model, unknown, damaged, or not to be opened.
pub fn inspect(path: &Path, limits: &Limits) -> Result<Inspection, InspectError> {
    let open = |error| InspectError::Open { path: path.to_path_buf(), error };
    let metadata = std::fs::metadata(path).map_err(open)?;
    if metadata.is_dir() {
        return inspect_folder(path, limits);
    }
    let source = FileSource::open(path).map_err(open)?;
    let artifact = Artifact {
        path: path.to_path_buf(),
        kind: ArtifactKind::File,
        size_bytes: source.len_bytes(),
        side_files: Vec::new(),
    };
    let mut head = vec![0; HEAD_BYTES];
    let n = read_up_to(&source, 0, &mut head).map_err(open)?;
    head.truncate(n);
    let subject = Subject { artifact: &artifact, source: Arc::new(source), head: &head, limits };
    if let Some(stranger) = strangers::name_certain(&subject) {
        return Err(stranger);
    }
    let mut best: Option<(Claim, &dyn Reader)> = None;
    for reader in READERS {
        let claim = reader.claims(&subject);
        if claim != Claim::No && best.is_none_or(|(other, _)| other < claim) {
            best = Some((claim, *reader));
        }
    }
    match best {
        Some((Claim::Maybe, reader)) => reader.read(&subject).map_err(|error| {
            // A weak claim that failed says little: name what it is rather than how a guess failed.
            strangers::name(&subject).unwrap_or(error)
        }),
        Some((_, reader)) => reader.read(&subject),
        None => Err(strangers::name(&subject).unwrap_or_else(|| strangers::unknown(&subject))),
    }
}

fn inspect_folder(path: &Path, limits: &Limits) -> Result<Inspection, InspectError> {
    let folder =
        Folder::open(path, limits).map_err(|error| InspectError::Open { path: path.to_path_buf(), error })?;
    Err(strangers::name_folder(&folder))
}
