//! Reads a written package again and says what is wrong with it.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use packwright_mlflow::lint::{self, Problem, Severity};
use packwright_mlflow::mlmodel::MlModel;
use packwright_mlflow::package::PackageFiles as _;
use serde_yaml::Value;

use crate::package::Package;
pub use crate::package::VerifyError;
use crate::receipt::WrittenFile;
use crate::seal::{self, PublicKey, SEAL};
use crate::write::ExportError;
use crate::{card, texts};

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

/// What became of a check of a whole package.
#[derive(Debug, Clone)]
pub struct Verification {
    /// Everything that is wrong or risky, worst first.
    pub problems: Vec<Problem>,
    /// The package's seal; `None` when it has none.
    pub seal: Option<SealCheck>,
}

/// A seal, and what it is worth.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SealCheck {
    /// The fingerprint of the key that the seal says it was made with; empty when it says none.
    pub fingerprint: String,
    /// Whether the signature is that of the key at hand; `None` without a key.
    pub is_signed: Option<bool>,
    /// Whether every file is as it was sealed, and none was added.
    pub is_whole: bool,
}

impl SealCheck {
    /// The key, where the seal is whole and its signature was checked.
    pub fn sealed_by(&self) -> Option<&str> {
        (self.is_whole && self.is_signed == Some(true)).then_some(self.fingerprint.as_str())
    }
}

/// What [`lint()`] finds, and every file whose bytes are not those that were packed; without a key, see [`examine`].
///
/// # Errors
///
/// [`VerifyError`] when it is no package or cannot be read.
pub fn verify(path: &Path) -> Result<Vec<Problem>, VerifyError> {
    examine(path, None).map(|verification| verification.problems)
}

/// What [`lint()`] finds, every file whose bytes are not those that were packed, and what the seal is worth.
///
/// Packages of Packwright record a SHA-256 of every file but the MLmodel under `metadata.packwright.sha256`, a digest of
/// the MLmodel itself as `model_uuid`, and every file in `SHA256SUMS`. That finds accidents and careless edits; who
/// changes a package on purpose can write new hashes. Only a seal, checked with the public `key` of whoever made it,
/// tells that. For packages without any of them only the structure can be checked, and the answer says so.
///
/// # Errors
///
/// [`VerifyError`] when it is no package or cannot be read.
pub fn examine(path: &Path, key: Option<&PublicKey>) -> Result<Verification, VerifyError> {
    let package = Package::open(path)?;
    let mut problems = lint_package(&package);
    let mut hashes = Hashes { package: &package, known: BTreeMap::new() };
    let model = model(&package);
    let recorded = model.as_ref().and_then(recorded);
    let sums = sums(&package);
    if let Some(recorded) = &recorded {
        problems.extend(compare(&mut hashes, recorded, &|name| name == "MLmodel" || OUTSIDE.contains(&name)));
        problems.extend(model.as_ref().and_then(changed_model));
    }
    match &sums {
        Some(Ok(sums)) => {
            for mut found in compare(&mut hashes, sums, &|name| name == card::SUMS || name == SEAL) {
                let confirmed = recorded.iter().flatten().find(|(name, _)| *name == found.path);
                if confirmed.is_some_and(|(name, sha256)| hashes.of(name).as_ref() == Ok(sha256)) {
                    // The file is what the MLmodel says: it is the list that was changed.
                    found = problem(
                        found.rule,
                        found.severity,
                        card::SUMS,
                        "its lines are not those that were packed",
                    );
                }
                // The MLmodel may have told already.
                if !problems.iter().any(|known| known.rule == found.rule && known.path == found.path) {
                    problems.push(found);
                }
            }
        }
        Some(Err(message)) => {
            problems.push(problem("verify/changed", Severity::Error, card::SUMS, message.as_str()));
        }
        None => {}
    }
    if recorded.is_none() && sums.is_none() {
        let message = "the package records no hashes, so only its structure was checked";
        problems.push(problem("verify/no-hashes", Severity::Info, "metadata.packwright.sha256", message));
    }
    let seal = check_seal(&package, key, &mut hashes, &mut problems);
    problems.sort_by_key(|problem| Reverse(problem.severity));
    Ok(Verification { problems, seal })
}

/// The files that are made after the MLmodel, so that it cannot record them.
const OUTSIDE: [&str; 3] = [card::BOM, card::SUMS, SEAL];

/// The longest list of checksums, and the longest seal, that is read.
const LONGEST_LIST_BYTES: u64 = 64 << 20;

/// SHA-256 of each file, made when first asked for.
struct Hashes<'a> {
    package: &'a Package,
    known: BTreeMap<String, Result<String, String>>,
}

impl Hashes<'_> {
    fn of(&mut self, name: &str) -> Result<String, String> {
        if let Some(known) = self.known.get(name) {
            return known.clone();
        }
        let found = match self.package.size(name) {
            None => Err("the file is missing".to_owned()),
            Some(_) => {
                self.package.sha256(name).map_err(|error| format!("the file could not be read: {error}"))
            }
        };
        self.known.insert(name.to_owned(), found.clone());
        found
    }
}

/// The lines of `SHA256SUMS`; `None` when there is none.
fn sums(package: &Package) -> Option<Result<Vec<(String, String)>, String>> {
    package.size(card::SUMS)?;
    let text = package.read(card::SUMS, LONGEST_LIST_BYTES).map_err(|error| error.to_string());
    let text = text.and_then(|bytes| String::from_utf8(bytes).map_err(|error| error.to_string()));
    let no_list = || "it is not what sha256sum writes".to_owned();
    Some(text.and_then(|text| card::parse_sums(&text).ok_or_else(no_list)))
}

/// Checks the seal, where there is one.
fn check_seal(
    package: &Package,
    key: Option<&PublicKey>,
    hashes: &mut Hashes<'_>,
    problems: &mut Vec<Problem>,
) -> Option<SealCheck> {
    let broken = |message: &str| problem("verify/seal", Severity::Error, SEAL, message);
    if package.size(SEAL).is_none() {
        if key.is_some() {
            problems.push(broken("the package has no seal, so the key tells nothing about it"));
        }
        return None;
    }
    let outcome = package
        .read(SEAL, LONGEST_LIST_BYTES)
        .map_err(|error| format!("the seal could not be read: {error}"))
        .and_then(|bytes| seal::check(&bytes, key, package.names(), &mut |name| hashes.of(name)));
    let checked = match outcome {
        Ok(checked) => checked,
        Err(message) => {
            problems.push(broken(&message));
            let is_signed = key.map(|_| false);
            return Some(SealCheck { fingerprint: String::new(), is_signed, is_whole: false });
        }
    };
    match checked.is_signed {
        Some(true) => {}
        Some(false) => problems.push(broken("the seal was not made with this key, or was changed")),
        None => problems.push(problem(
            "verify/seal-unchecked",
            Severity::Info,
            SEAL,
            "the package is sealed; who sealed it is only known with their public key",
        )),
    }
    let is_whole = checked.problems.is_empty();
    problems.extend(
        checked
            .problems
            .iter()
            .map(|(name, message)| problem("verify/seal", Severity::Error, name, message.as_str())),
    );
    Some(SealCheck { fingerprint: checked.fingerprint, is_signed: checked.is_signed, is_whole })
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

/// Every file that is not as it is listed, and every file that is not listed and not outside of the list.
fn compare(
    hashes: &mut Hashes<'_>,
    listed: &[(String, String)],
    is_outside: &dyn Fn(&str) -> bool,
) -> Vec<Problem> {
    let mut problems = Vec::new();
    for (name, sha256) in listed {
        let message = match hashes.of(name) {
            Ok(found) if found == *sha256 => continue,
            Ok(found) => {
                format!("its bytes are not those that were packed: SHA-256 is {found}, recorded is {sha256}")
            }
            Err(message) => message,
        };
        problems.push(problem("verify/changed", Severity::Error, name, message));
    }
    let listed: BTreeSet<&str> = listed.iter().map(|(name, _)| name.as_str()).collect();
    for name in hashes.package.names() {
        if !is_outside(name) && !listed.contains(name.as_str()) {
            let message = "the file was added after the package was made";
            problems.push(problem("verify/added", Severity::Warning, name, message));
        }
    }
    problems
}

/// Reads a package under its staging name: every file is there with its length, small ones with their hash,
/// nothing in it stops MLflow, and the seal is that of the key.
pub(crate) fn check_staged(
    path: &Path,
    files: &[WrittenFile],
    key: Option<&PublicKey>,
) -> Result<(), ExportError> {
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
    if key.is_some() {
        // The files were compared with these hashes just now.
        let known = files.iter().map(|file| (file.path.clone(), Ok(file.sha256.clone()))).collect();
        let mut sealed = Vec::new();
        check_seal(&package, key, &mut Hashes { package: &package, known }, &mut sealed);
        problems.extend(sealed);
    }
    if problems.is_empty() { Ok(()) } else { Err(ExportError::Check(problems)) }
}
