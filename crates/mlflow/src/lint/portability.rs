//! Rules for packages that travel: other systems, other people.

use std::collections::BTreeMap;

use serde_yaml::{Mapping, Value};

use super::{Report, TEXT_BYTES, text};
use crate::mlmodel::MlModel;
use crate::package::PackageFiles;
use crate::yaml;

/// Text files that MLflow opens in the encoding of the machine.
const TEXTS: [&str; 7] = [
    "MLmodel",
    "conda.yaml",
    "python_env.yaml",
    "requirements.txt",
    "constraints.txt",
    "input_example.json",
    "serving_input_example.json",
];

pub(super) fn check(model: &MlModel, files: &dyn PackageFiles, report: &mut Report) {
    for name in TEXTS {
        if files.has_file(name) && files.read(name, TEXT_BYTES).is_ok_and(|bytes| !bytes.is_ascii()) {
            let message = "the file is not pure ASCII, and MLflow opens it in the machine's own encoding, \
                which differs on Windows; write escapes";
            report.warning("portability/ascii", name, message);
        }
    }
    for link in files.links() {
        let message = "a link is lost or broken where the package is copied to; put the file itself there";
        report.warning("portability/link", link, message);
    }
    names(files, report);
    for (name, block) in model.flavors() {
        private_paths(name, block, files, report);
    }
}

fn names(files: &dyn PackageFiles, report: &mut Report) {
    let mut seen: BTreeMap<String, &str> = BTreeMap::new();
    for name in files.names() {
        if let Some(character) = name.chars().find(|c| matches!(c, '%' | '#' | '?' | '\\' | ':')) {
            let message = format!(
                "MLflow takes artifact paths for URLs, where {character} has a meaning; rename the file"
            );
            report.warning("portability/name", name, message);
        }
        if let Some(other) = seen.insert(name.to_lowercase(), name) {
            let message =
                format!("it differs from {other} only in case, and Windows and macOS keep one of the two");
            report.warning("portability/case", name, message);
        }
    }
}

/// Paths of the machine that made the package: harmless for loading, and nobody else's business.
fn private_paths(flavor: &str, block: &Mapping, files: &dyn PackageFiles, report: &mut Report) {
    let mut warn = |place: String, path: &str| {
        if is_machine_path(path) {
            let message =
                format!("{path} tells about the machine that made the package; a relative path will do");
            report.warning("privacy/path", place, message);
        }
    };
    for key in ["model_code_path", "source_model_name"] {
        if let Some(path) = yaml::text(block, key) {
            warn(format!("flavors.{flavor}.{key}"), path);
        }
    }
    for (name, artifact) in block.get("artifacts").and_then(Value::as_mapping).into_iter().flatten() {
        if let (Some(name), Some(uri)) = (name.as_str(), artifact.get("uri").and_then(Value::as_str)) {
            warn(format!("flavors.{flavor}.artifacts.{name}.uri"), uri);
        }
    }
    if flavor == "h2o" {
        let file = format!("{}/h2o.yaml", yaml::text(block, "data").unwrap_or("model.h2o"));
        let settings = text(files, &file).and_then(|text| yaml::read(&text).ok());
        for key in ["full_file", "model_dir"] {
            if let Some(path) = settings.as_ref().and_then(|map| map.get(key)?.as_str()) {
                warn(format!("{file}: {key}"), path);
            }
        }
    }
}

fn is_machine_path(path: &str) -> bool {
    let is_drive =
        matches!(path.as_bytes(), [letter, b':', b'\\' | b'/', ..] if letter.is_ascii_alphabetic());
    path.starts_with('/') || path.starts_with("file:") || path.starts_with('~') || is_drive
}
