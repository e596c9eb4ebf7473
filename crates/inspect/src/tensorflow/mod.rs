//! The `SavedModel` folders of TensorFlow: the folder that `tf.saved_model.save`, `model.export` of Keras 3 and `model.save` of Keras 2
//! write.
//!
//! Read: every signature, the variables and the operators of `saved_model.pb`. Constants are skipped by offset, and the
//! files under `variables` are not opened. Not read: `saved_model.pbtxt`, and models cut into `.cpb` files.

mod checkpoint;
mod describe;
mod frozen;
mod infer;
mod judge;
mod nodes;
mod objects;
mod proto;
#[cfg(test)]
mod tests;

use std::path::Path;
use std::sync::Arc;

pub(crate) use checkpoint::{CheckpointFolderReader, CheckpointReader};
pub(crate) use frozen::GraphDefReader;

use packwright_formats::protobuf::{Field, FieldValue, Wire};
use packwright_source::{ErrorKind, Folder, FolderEntry, ReadError};

use self::proto::{MetaGraph, SavedModel};
use crate::reader::{Claim, FolderReader, FolderSubject, Reader, Subject};
use crate::{Artifact, InspectError, Inspection, Requirement, Serving, Sourced, structure};

/// What the format is called.
const FORMAT: &str = "tf-savedmodel";

/// The file with the graphs.
const MODEL: &str = "saved_model.pb";

/// Reads the folders.
#[derive(Debug)]
pub(crate) struct SavedModelReader;

impl FolderReader for SavedModelReader {
    fn claims(&self, folder: &Folder) -> Claim {
        if folder.get(MODEL).is_some() { Claim::Certain } else { Claim::No }
    }

    fn read(&self, subject: &FolderSubject<'_>) -> Result<Inspection, InspectError> {
        let path = || subject.folder.root().join(MODEL);
        let open = |error| InspectError::Open { path: path(), error };
        let source = subject.folder.open_source(MODEL).map_err(open)?;
        let model = SavedModel::read(&*source, subject.limits)?;
        let graph = chosen(&model).ok_or_else(|| {
            let kind = ErrorKind::malformed("model", "a graph", "none");
            ReadError::new(FORMAT, 0, kind)
        })?;
        Ok(inspection(subject, &model, graph))
    }
}

/// Reads `saved_model.pb` without its folder, and says that it is missing.
#[derive(Debug)]
pub(crate) struct SavedModelFileReader;

impl Reader for SavedModelFileReader {
    fn claims(&self, subject: &Subject<'_>) -> Claim {
        if is_saved_model(subject).unwrap_or(false) { Claim::Likely } else { Claim::No }
    }

    fn read(&self, subject: &Subject<'_>) -> Result<Inspection, InspectError> {
        let name = MODEL.to_owned();
        let entry = FolderEntry { name, len_bytes: subject.source.len_bytes(), is_link: false };
        let root = subject.artifact.path.parent().unwrap_or(Path::new("")).to_path_buf();
        let folder = Folder::of_sources(root, vec![(entry, Arc::clone(&subject.source))]);
        let alone = FolderSubject { artifact: subject.artifact, folder: &folder, limits: subject.limits };
        let mut inspection = SavedModelReader.read(&alone)?;
        inspection.artifact = subject.artifact.clone();
        let message = "The file is a part of a model, which is a folder: drop the folder that it lies in.";
        inspection.serving = Serving::No;
        inspection.warnings.insert(0, message.to_owned());
        Ok(inspection)
    }
}

/// Whether the outermost message is a `SavedModel`: the number of its schema, and a graph that begins with what it is for.
fn is_saved_model(subject: &Subject<'_>) -> Result<bool, ReadError> {
    let mut wire = Wire::over(FORMAT, &*subject.source, subject.limits);
    let mut next = || -> Result<(u64, FieldValue), ReadError> {
        let field = wire.field()?;
        if let Some(Field { value: FieldValue::Bytes(_), number: 1 | 2 }) = field {
            wire.enter()?;
        }
        Ok(field.map_or((0, FieldValue::Varint(0)), |field| (field.number, field.value)))
    };
    let is_first = matches!(next()?, (1, FieldValue::Varint(1..=9)));
    Ok(is_first && matches!((next()?, next()?), ((2, FieldValue::Bytes(_)), (1, FieldValue::Bytes(_)))))
}

/// The graph to serve, where there are several: the one that is tagged for it.
fn chosen(model: &SavedModel) -> Option<&MetaGraph> {
    model
        .graphs
        .iter()
        .find(|graph| graph.tags.iter().any(|tag| tag == "serve"))
        .or_else(|| model.graphs.first())
}

fn inspection(subject: &FolderSubject<'_>, model: &SavedModel, graph: &MetaGraph) -> Inspection {
    let mut warnings = Vec::new();
    let signature = describe::served(graph);
    let module = describe::module(graph);
    let serving = match (signature, &module) {
        (Some((name, _)), _) => Serving::SavedModel { tags: graph.tags.clone(), signature: name.clone() },
        (None, Some(module)) => {
            warnings.extend(module.warning());
            Serving::SavedModule
        }
        (None, None) => {
            warnings.push(describe::not_callable(graph));
            Serving::No
        }
    };
    let missing = missing(subject.folder, graph);
    let serving = if missing.is_some() { Serving::No } else { serving };
    warnings.extend(missing);
    let version = graph.version.clone().filter(|version| !version.is_empty());
    let version = version.map(|version| Sourced::new(version, "saved_model.pb tensorflow_version"));
    let requirement = match &version {
        Some(version) => Requirement {
            requirement: format!("tensorflow=={}", version.value),
            source: version.source.clone(),
        },
        None => Requirement { requirement: "tensorflow".to_owned(), source: "the format".to_owned() },
    };
    // The folder is packed file by file; what a link points to is not part of it.
    let files = subject.folder.entries().iter().filter(|entry| !entry.is_link);
    Inspection {
        framework: Some(Sourced::new("tensorflow".to_owned(), "the structure of the folder")),
        framework_version: version,
        serving,
        signature: match (signature, module) {
            (None, Some(module)) => module.signature(),
            (signature, _) => describe::signature(signature, &mut warnings),
        },
        requirements: vec![requirement],
        structure: structure::of_operators(graph.operators.iter()),
        tensors: Some(graph.variables.iter().cloned().collect()),
        facts: describe::facts(graph, model.graphs.len()),
        warnings,
        ..Inspection::blank(
            Artifact {
                side_files: files.map(|entry| entry.name.clone()).collect(),
                ..subject.artifact.clone()
            },
            FORMAT,
            judge::safety(subject, model, graph),
        )
    }
}

/// Why the folder cannot be loaded as it lies there.
fn missing(folder: &Folder, graph: &MetaGraph) -> Option<String> {
    if let Some(link) = folder.entries().iter().find(|entry| entry.is_link) {
        return Some(format!(
            "The folder holds links, such as {}, and what they lead to may not be a part of it. Copy the folder with the \
             files themselves (cp -rL) and drop the copy.",
            link.name
        ));
    }
    let has = |name: &str| folder.get(name).is_some();
    if !graph.variables.is_empty() && !has("variables/variables.index") {
        return Some(
            "The folder variables with the weights is missing: saved_model.pb alone cannot be loaded. Drop the whole \
             folder."
                .to_owned(),
        );
    }
    let asset = graph.assets.iter().find(|asset| !has(&format!("assets/{asset}")));
    asset.map(|asset| {
        format!("The file assets/{asset}, which the graph reads, is missing. Drop the whole folder.")
    })
}
