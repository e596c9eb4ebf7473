//! What loading a package would run, judged from what lies in it now and never from what it says of itself.
//!
//! The bytes are judged as those of a dropped model are, file by file, whatever names them. What the MLmodel adds is
//! which Python code MLflow would run: code has no verdict of its own here, it is named, and a person must know it.

mod code;
mod installs;
mod loaders;
#[cfg(test)]
mod tests;

use std::cmp::Reverse;
use std::collections::BTreeSet;
use std::path::Path;

use packwright_inspect::safety::{Finding, Needs, Safety, Severity, Verdict};
use packwright_inspect::{InspectError, Whole, judge_whole};
use packwright_mlflow::mlmodel::MlModel;
use packwright_mlflow::package::PackageFiles as _;
use packwright_source::Limits;

use crate::package::{Package, VerifyError};

/// The longest MLmodel, and the longest file that names modules or requirements, that is read.
const LONGEST_TEXT_BYTES: u64 = 1 << 20;

/// What a package would run, and what it says about that.
#[derive(Debug, Clone)]
pub struct Judgement {
    /// What was found now.
    pub safety: Safety,
    /// The verdict that the package records of its model file; `None` when it records none.
    pub recorded: Option<String>,
}

impl Judgement {
    /// The recorded verdict, where it is not what was found.
    pub fn differing(&self) -> Option<&str> {
        self.recorded.as_deref().filter(|recorded| *recorded != self.safety.verdict().word())
    }

    /// Whether loading would do harm.
    pub fn is_dangerous(&self) -> bool {
        self.safety.verdict() == Verdict::Dangerous
    }
}

/// Judges a package, a folder or a zip, without unpacking or running anything. Costs what the metadata costs where the
/// files are not packed; packed ones are inflated once.
///
/// # Errors
///
/// [`VerifyError`] when it is no package or cannot be read.
pub fn judge(path: &Path) -> Result<Judgement, VerifyError> {
    let package = Package::open(path)?;
    let whole = judge_whole(path, &Limits::default()).map_err(|error| match error {
        InspectError::Open { path, error } => VerifyError::Unreadable { path, error },
        other => VerifyError::NotAPackage { path: path.to_path_buf(), reason: other.to_string() },
    })?;
    let whole = with_side_files(below_root(whole, package.root_in_archive().unwrap_or_default()), &package);
    let mut report = Report { safety: whole.safety.clone(), n_whole: whole.safety.findings.len() };
    let model = match text(&package, "MLmodel") {
        None => Err("it could not be read as text of a sane length".to_owned()),
        Some(text) => MlModel::from_text(&text).map_err(|error| error.to_string()),
    };
    let recorded = match &model {
        Ok(model) => {
            code::report(model, &package, &mut report);
            loaders::report(model, &package, &whole, &mut report);
            recorded(model)
        }
        Err(why) => {
            report.not_read("MLmodel", "MLmodel", &format!("{why}: which code it names is not known"));
            None
        }
    };
    installs::report(&package, &mut report);
    Ok(Judgement { safety: report.finish(), recorded })
}

/// The verdict in `metadata.packwright.safety`.
fn recorded(model: &MlModel) -> Option<String> {
    Some(model.get("metadata")?.get("packwright")?.get("safety")?.as_str()?.to_owned())
}

/// A small text of the package.
fn text(package: &Package, name: &str) -> Option<String> {
    String::from_utf8(package.read(name, LONGEST_TEXT_BYTES).ok()?).ok()
}

/// The same without the folder that a zip may have around the package.
fn below_root(whole: Whole, root: &str) -> Whole {
    let short = |text: String| {
        let text = text.strip_prefix(root).map(str::to_owned).unwrap_or(text);
        if root.is_empty() { text } else { text.replacen(&format!(" in {root}"), " in ", 1) }
    };
    let all = |names: BTreeSet<String>| names.into_iter().map(short).collect();
    let findings = whole.safety.findings.into_iter();
    let findings = findings.map(|finding| Finding { place: short(finding.place), ..finding }).collect();
    let unread = whole.safety.unread.into_iter().map(short).collect();
    Whole {
        safety: Safety { findings, unread, ..whole.safety },
        files: all(whole.files),
        folders: all(whole.folders),
    }
}

/// In a zip a reader sees one member: weights that it misses are there when they lie beside it in the package, where they
/// are looked at for themselves.
fn with_side_files(whole: Whole, package: &Package) -> Whole {
    let mut safety = whole.safety;
    let mut found: Vec<(String, String)> = Vec::new();
    for finding in safety.findings.iter().filter(|finding| finding.rule == "onnx/external-data-missing") {
        let file = finding.place.rsplit_once(", byte ").map_or("", |(file, _)| file);
        let folder = file.rsplit_once('/').map_or(String::new(), |(folder, _)| format!("{folder}/"));
        let name = finding.what.split('"').nth(1).unwrap_or_default();
        if package.has_file(file) && package.has_file(&format!("{folder}{name}")) {
            found.push((file.to_owned(), finding.what.clone()));
        }
    }
    let is_found = |file: &str, what: &str| found.iter().any(|(known, named)| known == file && named == what);
    safety.findings.retain(|finding| {
        let file = finding.place.rsplit_once(", byte ").map_or("", |(file, _)| file);
        finding.rule != "onnx/external-data-missing" || !is_found(file, &finding.what)
    });
    safety
        .unread
        .retain(|reason| !found.iter().any(|(file, what)| reason.starts_with(&format!("{file}: {what}: "))));
    if !found.is_empty() && safety.verdict() == Verdict::Safe {
        "data only: a graph, and its weights in files of the package".clone_into(&mut safety.summary);
    }
    Whole { safety, ..whole }
}

/// The report while it grows.
struct Report {
    safety: Safety,
    /// How many findings are about the bytes alone.
    n_whole: usize,
}

impl Report {
    fn add(&mut self, finding: Finding) {
        if finding.severity == Severity::Dangerous {
            self.safety.needs = Needs::DangerousCalls;
        } else if finding.severity == Severity::Review {
            self.safety.needs = self.safety.needs.max(Needs::UnknownCode);
        }
        self.safety.findings.push(finding);
    }

    fn review(&mut self, rule: &'static str, what: &str, place: &str, why: &str) {
        self.add(Finding {
            rule,
            severity: Severity::Review,
            what: what.to_owned(),
            place: place.to_owned(),
            why: why.to_owned(),
        });
    }

    fn not_read(&mut self, what: &str, place: &str, why: &str) {
        self.safety.unread.push(format!("{what}: {why}"));
        self.add(Finding {
            rule: "package/not-read",
            severity: Severity::Unscanned,
            what: what.to_owned(),
            place: place.to_owned(),
            why: why.to_owned(),
        });
    }

    /// Whether a finding about the bytes names that.
    fn names(&self, rule: &str, what: &str) -> bool {
        self.safety.findings.iter().any(|finding| finding.rule == rule && what.ends_with(&finding.what))
    }

    fn finish(mut self) -> Safety {
        let findings = self.safety.findings.iter().skip(self.n_whole);
        let own: Vec<&str> = findings
            .filter(|finding| finding.severity == Severity::Review)
            .map(|finding| finding.what.as_str())
            .collect();
        if !self.safety.unread.is_empty() && self.safety.needs != Needs::DangerousCalls {
            let what = self.safety.unread.first().map_or("", String::as_str);
            self.safety.summary = format!("not everything in it could be read: {what}");
        } else if self.safety.verdict() == Verdict::Review && !own.is_empty() {
            let n = own.len();
            let listed = own.into_iter().take(3).collect::<Vec<_>>().join(", ");
            let more = n.checked_sub(3).filter(|more| 0 < *more).map(|more| format!(" and {more} more"));
            self.safety.summary =
                format!("code of its own runs with it: {listed}{}", more.unwrap_or_default());
        }
        self.safety.findings.sort_by_key(|finding| Reverse(finding.severity));
        self.safety
    }
}
