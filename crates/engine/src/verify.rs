//! Reads a written package again and says what is wrong with it.

use std::cmp::Reverse;
use std::path::Path;

use packwright_mlflow::lint::{self, Problem, Severity};
use packwright_mlflow::mlmodel::MlModel;
use packwright_mlflow::package::PackageFiles as _;
use serde_yaml::Value;

use crate::package::Package;
pub use crate::package::VerifyError;
use crate::receipt::WrittenFile;
use crate::texts;
use crate::write::ExportError;

/// The longest MLmodel that is read.
const LONGEST_MLMODEL_BYTES: u64 = 64 << 20;

/// Files up to this length are hashed again after writing. Longer ones were hashed from what was written.
const REHASHED_BYTES: u64 = 16 << 20;

/// Everything that is wrong or risky in a package, worst first, without reading the weights.
///
/// # Errors
///
/// [`VerifyError`] when it is no package or cannot be read.
pub fn lint(path: &Path) -> Result<Vec<Problem>, VerifyError> {
    Ok(lint_package(&Package::open(path)?))
}

/// What [`lint()`] finds, and every file whose bytes are not those that were packed.
///
/// Packages of Packwright record a SHA-256 of every file but the MLmodel under `metadata.packwright.sha256`, and a digest
/// of the MLmodel itself as `model_uuid`. That finds accidents and careless edits; who changes a package on purpose can
/// write new hashes. For other packages only the structure can be checked, and the answer says so.
///
/// # Errors
///
/// [`VerifyError`] when it is no package or cannot be read.
pub fn verify(path: &Path) -> Result<Vec<Problem>, VerifyError> {
    let package = Package::open(path)?;
    let mut problems = lint_package(&package);
    let model = model(&package);
    if let Some(recorded) = model.as_ref().and_then(recorded) {
        problems.extend(compare(&package, &recorded));
        problems.extend(model.as_ref().and_then(changed_model));
    } else {
        let message = "the package records no hashes, so only its structure was checked";
        problems.push(problem("verify/no-hashes", Severity::Info, "metadata.packwright.sha256", message));
    }
    problems.sort_by_key(|problem| Reverse(problem.severity));
    Ok(problems)
}

fn lint_package(package: &Package) -> Vec<Problem> {
    let mut problems = lint::lint(package);
    problems.sort_by_key(|problem| Reverse(problem.severity));
    problems
}

fn problem(rule: &'static str, severity: Severity, path: &str, message: impl Into<String>) -> Problem {
    Problem { rule, severity, path: path.to_owned(), message: message.into() }
}

fn model(package: &Package) -> Option<MlModel> {
    let text = String::from_utf8(package.read("MLmodel", LONGEST_MLMODEL_BYTES).ok()?).ok()?;
    MlModel::from_text(&text).ok()
}

/// The hashes that the MLmodel records, by path.
fn recorded(model: &MlModel) -> Option<Vec<(String, String)>> {
    let files = model.get("metadata")?.get("packwright")?.get("sha256")?.as_mapping()?;
    let text = |value: &Value| value.as_str().map(str::to_owned);
    Some(files.iter().filter_map(|(name, sha256)| Some((text(name)?, text(sha256)?))).collect())
}

/// The MLmodel holds the hashes of the others and, as `model_uuid`, a digest of itself.
fn changed_model(model: &MlModel) -> Option<Problem> {
    let recorded = model.text("model_uuid").unwrap_or("nothing");
    let found = texts::seal(model.keys());
    if recorded == found || recorded == texts::seal_with_time(model.keys()) {
        return None;
    }
    let message = format!(
        "what it says is not what was packed: its digest is {found}, recorded as model_uuid is {recorded}"
    );
    Some(problem("verify/changed", Severity::Error, "MLmodel", message))
}

fn compare(package: &Package, recorded: &[(String, String)]) -> Vec<Problem> {
    let mut problems = Vec::new();
    for (name, sha256) in recorded {
        let found = match package.size(name) {
            None => Err("the file is missing".to_owned()),
            Some(_) => package.sha256(name).map_err(|error| format!("the file could not be read: {error}")),
        };
        let message = match found {
            Ok(found) if found == *sha256 => continue,
            Ok(found) => {
                format!("its bytes are not those that were packed: SHA-256 is {found}, recorded is {sha256}")
            }
            Err(message) => message,
        };
        problems.push(problem("verify/changed", Severity::Error, name, message));
    }
    for name in package.names() {
        if name != "MLmodel" && !recorded.iter().any(|(known, _)| known == name) {
            let message = "the file was added after the package was made";
            problems.push(problem("verify/added", Severity::Warning, name, message));
        }
    }
    problems
}

/// Reads a package under its staging name: every file is there with its length, small ones with their hash, and
/// nothing in it stops MLflow.
pub(crate) fn check_staged(path: &Path, files: &[WrittenFile]) -> Result<(), ExportError> {
    let broken = |path: &str, message: &str| problem("verify/written", Severity::Error, path, message);
    let package = match Package::open(path) {
        Ok(package) => package,
        Err(error) => return Err(ExportError::Check(vec![broken("MLmodel", &error.to_string())])),
    };
    let mut problems = lint_package(&package);
    problems.retain(|problem| problem.severity == Severity::Error);
    for file in files {
        let is_short = file.size_bytes <= REHASHED_BYTES;
        if package.size(&file.path) != Some(file.size_bytes) {
            problems.push(broken(&file.path, "its length is not what was written"));
        } else if is_short && package.sha256(&file.path).ok().as_ref() != Some(&file.sha256) {
            problems.push(broken(&file.path, "its bytes are not what was written"));
        }
    }
    if package.names().len() != files.len() {
        problems.push(broken("MLmodel", "the package holds files that were not written"));
    }
    if problems.is_empty() { Ok(()) } else { Err(ExportError::Check(problems)) }
}
