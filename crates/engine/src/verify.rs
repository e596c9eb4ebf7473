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
/// Packages of Packwright record a SHA-256 of every file but the MLmodel itself under `metadata.packwright.sha256`;
/// for others only the structure can be checked, and the answer says so.
///
/// # Errors
///
/// [`VerifyError`] when it is no package or cannot be read.
pub fn verify(path: &Path) -> Result<Vec<Problem>, VerifyError> {
    let package = Package::open(path)?;
    let mut problems = lint_package(&package);
    if let Some(recorded) = recorded(&package) {
        problems.extend(compare(&package, &recorded));
    } else {
        let message = "the package records no hashes, so only its structure was checked";
        problems.push(problem("verify/no-hashes", Severity::Info, "metadata.packwright.sha256", message));
    }
    problems.sort_by_key(|problem| Reverse(problem.severity));
    Ok(problems)
}

fn lint_package(package: &Package) -> Vec<Problem> {
    let mut problems = lint::lint(package);
    let links = package.links.iter().map(|name| {
        let message =
            "a link: it is lost or broken where the package is copied to; put the file itself there";
        problem("package/link", Severity::Warning, name, message)
    });
    problems.extend(links);
    problems.sort_by_key(|problem| Reverse(problem.severity));
    problems
}

fn problem(rule: &'static str, severity: Severity, path: &str, message: impl Into<String>) -> Problem {
    Problem { rule, severity, path: path.to_owned(), message: message.into() }
}

/// The hashes that the MLmodel records, by path.
fn recorded(package: &Package) -> Option<Vec<(String, String)>> {
    let text = String::from_utf8(package.read("MLmodel", LONGEST_MLMODEL_BYTES).ok()?).ok()?;
    let model = MlModel::from_text(&text).ok()?;
    let files = model.get("metadata")?.get("packwright")?.get("sha256")?.as_mapping()?;
    let text = |value: &Value| value.as_str().map(str::to_owned);
    Some(files.iter().filter_map(|(name, sha256)| Some((text(name)?, text(sha256)?))).collect())
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
