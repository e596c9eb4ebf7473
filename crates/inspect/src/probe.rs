//! What is this? Content decides, the extension only breaks ties.

use std::io;
use std::path::Path;
use std::sync::Arc;

use packwright_source::{ByteSource, FileSource, Folder, Limits, read_up_to};

use crate::reader::{Claim, FolderReader, FolderSubject, Reader, Subject};
use crate::{
    Artifact, ArtifactKind, InspectError, Inspection, catboost, container, coreml, gguf, huggingface, keras,
    lightgbm, npy, onnx, pickled, prophet, safetensors, safety, shards, strangers, tensorflow, tflite, torch,
    xgboost,
};

/// Every reader. At equal claims the first one reads.
const READERS: &[&dyn Reader] = &[
    // Before the reader of pickles, which these files hold.
    &torch::LegacyReader,
    &pickled::PickleReader,
    &pickled::SkopsReader,
    &xgboost::XgboostReader,
    &lightgbm::LightgbmReader,
    &catboost::CatboostReader,
    &onnx::OnnxReader,
    &coreml::CoremlReader,
    &tensorflow::GraphDefReader,
    &tensorflow::CheckpointReader,
    &tensorflow::SavedModelFileReader,
    &prophet::ProphetReader,
    &torch::TorchReader,
    &torch::TarReader,
    &safetensors::SafetensorsReader,
    &shards::ShardsReader,
    &gguf::GgufReader,
    &tflite::TfliteReader,
    &npy::NpyReader,
    &keras::KerasReader,
    &keras::KerasH5Reader,
    &keras::KerasJsonReader,
    // Last: a format that is an archive itself claims its files before.
    &container::ContainerReader,
];

/// Every reader of folders.
const FOLDER_READERS: &[&dyn FolderReader] = &[
    &tensorflow::SavedModelReader,
    &tensorflow::CheckpointFolderReader,
    &huggingface::HuggingfaceReader,
    &coreml::CoremlPackageReader,
    &shards::ShardsFolderReader,
];

/// How much of a file is looked at before a reader is chosen.
pub(crate) const HEAD_BYTES: usize = 4 << 10;

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
        member: None,
    };
    let head = head_of(&source).map_err(open)?;
    inspect_subject(&Subject { artifact: &artifact, source: Arc::new(source), head: &head, limits })
}

/// The bytes that a reader is chosen by.
pub(crate) fn head_of(source: &dyn ByteSource) -> io::Result<Vec<u8>> {
    let mut head = vec![0; HEAD_BYTES];
    let n = read_up_to(source, 0, &mut head)?;
    head.truncate(n);
    Ok(head)
}

/// Inspects one file, wherever its bytes are.
pub(crate) fn inspect_subject(subject: &Subject<'_>) -> Result<Inspection, InspectError> {
    as_pickle_too(subject, read(subject))
}

fn read(subject: &Subject<'_>) -> Result<Inspection, InspectError> {
    if let Some(stranger) = strangers::name_certain(subject) {
        return Err(stranger);
    }
    match choose(subject) {
        Some((Claim::Maybe, reader)) => reader.read(subject).map_err(|error| {
            // A weak claim that failed says little: name what it is rather than how a guess failed.
            strangers::name(subject).unwrap_or(error)
        }),
        Some((_, reader)) => reader.read(subject),
        None => Err(strangers::name(subject).unwrap_or_else(|| strangers::unknown(subject))),
    }
}

/// A file that is both something else and a pickle is judged as both: its first bytes and its name do not say who loads
/// it. What is no model is shown when it would run code as a pickle.
pub(crate) fn as_pickle_too(
    subject: &Subject<'_>,
    read: Result<Inspection, InspectError>,
) -> Result<Inspection, InspectError> {
    match read {
        Ok(inspection)
            if matches!(inspection.format, "pickle" | "joblib" | "cloudpickle" | "dill" | "torch-legacy") =>
        {
            Ok(inspection)
        }
        Ok(mut inspection) => {
            safety::readings::with_plain(&subject.source, subject.limits, &mut inspection.safety);
            Ok(inspection)
        }
        Err(error) if safety::readings::runs_as_plain(&subject.source, subject.limits) => {
            pickled::PickleReader.read(subject).or(Err(error))
        }
        Err(error) => Err(error),
    }
}

/// The reader that is surest, and how sure it is.
pub(crate) fn choose(subject: &Subject<'_>) -> Option<(Claim, &'static dyn Reader)> {
    let mut best: Option<(Claim, &dyn Reader)> = None;
    for reader in READERS {
        let claim = reader.claims(subject);
        if claim != Claim::No && best.is_none_or(|(other, _)| other < claim) {
            best = Some((claim, *reader));
        }
    }
    best
}

/// The reader of folders that is surest, and how sure it is.
pub(crate) fn choose_folder(folder: &Folder) -> Option<(Claim, &'static dyn FolderReader)> {
    // A package may hold the folder of a model; it is a package all the same.
    let is_package = folder.get("MLmodel").is_some();
    let claims = FOLDER_READERS.iter().map(|reader| (reader.claims(folder), *reader));
    let claims = claims.filter(|(claim, _)| *claim != Claim::No && !is_package);
    claims.max_by_key(|(claim, _)| *claim)
}

fn inspect_folder(path: &Path, limits: &Limits) -> Result<Inspection, InspectError> {
    let folder =
        Folder::open(path, limits).map_err(|error| InspectError::Open { path: path.to_path_buf(), error })?;
    let Some((_, reader)) = choose_folder(&folder) else {
        return Err(strangers::name_folder(&folder));
    };
    let files = folder.entries().iter().filter(|entry| !entry.is_link);
    let artifact = Artifact {
        path: path.to_path_buf(),
        kind: ArtifactKind::Folder,
        size_bytes: files.fold(0_u64, |sum, entry| sum.saturating_add(entry.len_bytes)),
        side_files: Vec::new(),
        member: None,
    };
    reader.read(&FolderSubject { artifact: &artifact, folder: &folder, limits })
}
