//! `.mlpackage`: a folder with `Manifest.json`, which says where in `Data` the model and its weights lie.

use packwright_source::{ErrorKind, Folder, Limits, ReadError, read_up_to};
use serde_json::Value;

use super::inspection;
use super::model::{Blob, CoremlModel, FORMAT};
use crate::reader::FolderSubject;
use crate::safety::{Finding, Severity};
use crate::{Artifact, InspectError, Inspection};

/// What the folder of the model is called in the names of weights.
const HERE: &str = "@model_path/";

/// A manifest lists two items.
const MOST_FOLDERS: usize = 16;

/// Longer manifests list no model.
const MANIFEST_BYTES: u64 = 1 << 20;

/// What became of the files that a model names.
#[derive(Debug, Clone, Default)]
pub(super) struct Checked {
    pub(super) findings: Vec<Finding>,
    /// What is missing, in sentences.
    pub(super) problems: Vec<String>,
}

/// Reads a package.
pub(super) fn read(subject: &FolderSubject<'_>) -> Result<Inspection, InspectError> {
    let manifest = manifest(subject.folder, subject.limits)?;
    let name = root(subject.folder, &manifest)?;
    let source = subject.folder.open_source(&name).map_err(|error| at(0, ErrorKind::Io(error)))?;
    let model = CoremlModel::read(&*source, subject.limits)?;
    let beside = name.rsplit_once('/').map_or("", |(folder, _)| folder);
    let checked = check(&model, |file| {
        let entry = subject.folder.get(&format!("{beside}/{file}"))?;
        Some(if entry.is_link { File::Link } else { File::Of(entry.len_bytes) })
    });
    let files = subject.folder.entries().iter().filter(|entry| !entry.is_link);
    let artifact =
        Artifact { side_files: files.map(|entry| entry.name.clone()).collect(), ..subject.artifact.clone() };
    let empty = empty_folders(subject.folder, &manifest);
    Ok(inspection(artifact, &model, checked, empty))
}

/// Folders that the manifest lists and in which no file lies. coremltools insists on them.
fn empty_folders(folder: &Folder, manifest: &Value) -> Vec<String> {
    let items = manifest.get("itemInfoEntries").and_then(Value::as_object);
    let paths = items.into_iter().flat_map(serde_json::Map::values).filter_map(|item| {
        let path = item.get("path")?.as_str()?;
        let is_plain = path
            .split('/')
            .all(|part| !part.is_empty() && !part.starts_with('.') && !part.contains(['\\', ':', '\0']));
        is_plain.then(|| format!("Data/{path}"))
    });
    let is_empty = |path: &String| {
        let below = format!("{path}/");
        !folder.entries().iter().any(|entry| entry.name == *path || entry.name.starts_with(&below))
    };
    paths.filter(is_empty).take(MOST_FOLDERS).collect()
}

/// A model by itself, whose weights would lie in the package that it was taken out of.
pub(super) fn check_alone(model: &CoremlModel) -> Checked {
    check(model, |_| None)
}

/// The file that the manifest calls the model, below the package.
fn root(folder: &Folder, manifest: &Value) -> Result<String, ReadError> {
    let listed = manifest.get("rootModelIdentifier").and_then(Value::as_str).and_then(|id| {
        let path = manifest.get("itemInfoEntries")?.get(id)?.get("path")?.as_str()?;
        Some(format!("Data/{path}"))
    });
    let Some(name) = listed else {
        return Err(at(
            0,
            ErrorKind::malformed("Manifest.json", "an entry for its rootModelIdentifier", "none"),
        ));
    };
    // Only what was listed is opened: the name cannot lead outside.
    match folder.get(&name) {
        Some(entry) if !entry.is_link => Ok(name),
        _ => Err(at(0, ErrorKind::malformed("Manifest.json", "a file of the package", format!("{name:?}")))),
    }
}

fn manifest(folder: &Folder, limits: &Limits) -> Result<Value, ReadError> {
    let source = folder.open_source("Manifest.json").map_err(|error| at(0, ErrorKind::Io(error)))?;
    let (asked, limit) = (source.len_bytes(), MANIFEST_BYTES.min(limits.header_bytes));
    if limit < asked {
        return Err(at(0, ErrorKind::Limit { what: "Manifest.json", asked, limit }));
    }
    let mut bytes = vec![0; usize::try_from(asked).unwrap_or(0)];
    let n = read_up_to(&*source, 0, &mut bytes).map_err(|error| at(0, ErrorKind::Io(error)))?;
    bytes.truncate(n);
    serde_json::from_slice(&bytes)
        .map_err(|error| at(0, ErrorKind::malformed("Manifest.json", "valid JSON", error.to_string())))
}

fn at(offset: u64, kind: ErrorKind) -> ReadError {
    ReadError::new(FORMAT, offset, kind)
}

/// A file of a package.
enum File {
    Of(u64),
    Link,
}

fn check(model: &CoremlModel, find: impl Fn(&str) -> Option<File>) -> Checked {
    let mut checked = Checked::default();
    for (name, blob) in &model.blobs {
        let (rule, severity, why, problem) = match judge(name, blob, &find) {
            Ok(()) => continue,
            Err(found) => found,
        };
        checked.findings.push(Finding {
            rule,
            severity,
            what: format!("weights {name:?}"),
            place: "blobFileValue of the program".into(),
            why: why.clone(),
        });
        checked.problems.push(problem);
    }
    checked
}

type Found = (&'static str, Severity, String, String);

fn judge(name: &str, blob: &Blob, find: &impl Fn(&str) -> Option<File>) -> Result<(), Found> {
    let below = name.strip_prefix(HERE);
    let leads_out = |file: &str| {
        file.is_empty()
            || file.starts_with('/')
            || file.contains(['\\', '\0', ':'])
            || file.split('/').any(|part| part == "..")
    };
    let Some(file) = below.filter(|file| !leads_out(file)) else {
        let why = "it is no file of the package, so loading the model would read a file outside its folder";
        let problem =
            format!("The weights {name:?} lie outside the package; they are neither read nor packed.");
        return Err(("coreml/weights-escape", Severity::Dangerous, why.into(), problem));
    };
    match find(file) {
        None => {
            let why = "the file is not there, so these weights were not seen".to_owned();
            let problem = format!(
                "The weights {file:?} are missing: {} tensors lie in them. Drop the whole .mlpackage folder.",
                blob.n_tensors
            );
            Err(("coreml/weights-missing", Severity::Unscanned, why, problem))
        }
        Some(File::Link) => {
            let why = "it is a symbolic link, which is not followed".to_owned();
            let problem =
                format!("The weights {file:?} are a symbolic link. Put the file itself into the package.");
            Err(("coreml/weights-link", Severity::Review, why, problem))
        }
        Some(File::Of(length)) if length < blob.end => {
            let short = blob.end.saturating_sub(length);
            let why = format!("the file is {short} bytes too short for the weights in it");
            let problem = format!("The weights {file:?} are {short} bytes too short: the file is cut off.");
            Err(("coreml/weights-truncated", Severity::Unscanned, why, problem))
        }
        Some(File::Of(_)) => Ok(()),
    }
}
