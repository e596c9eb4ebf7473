//! What is wrong or risky in a package, each with its place.
//!
//! Every rule says what MLflow will do about it and what to do. The conditions were found by making MLflow 3.17 load
//! packages that were broken in one place.

mod environment;
mod flavors;
mod model;

#[cfg(test)]
mod tests;

use crate::mlmodel::MlModel;
use crate::package::PackageFiles;

/// How bad a problem is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// Good to know.
    Info,
    /// Works, and will surprise somebody.
    Warning,
    /// Does not load, or does not predict.
    Error,
}

impl Severity {
    /// The word shown.
    pub fn word(self) -> &'static str {
        match self {
            Self::Info => "info",
            Self::Warning => "warning",
            Self::Error => "error",
        }
    }
}

/// One problem.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// A stable id: `signature/invalid`.
    pub rule: &'static str,
    /// How bad.
    pub severity: Severity,
    /// Where: a key of the MLmodel (`signature.inputs[2].type`) or a file name.
    pub path: String,
    /// What happens and what to do.
    pub message: String,
}

/// The longest text file that is read, in bytes.
const TEXT_BYTES: u64 = 64 << 20;

/// Collects problems.
#[derive(Debug, Default)]
struct Report(Vec<Problem>);

impl Report {
    fn error(&mut self, rule: &'static str, path: impl Into<String>, message: impl Into<String>) {
        self.add(Severity::Error, rule, path, message);
    }

    fn warning(&mut self, rule: &'static str, path: impl Into<String>, message: impl Into<String>) {
        self.add(Severity::Warning, rule, path, message);
    }

    fn info(&mut self, rule: &'static str, path: impl Into<String>, message: impl Into<String>) {
        self.add(Severity::Info, rule, path, message);
    }

    fn add(
        &mut self,
        severity: Severity,
        rule: &'static str,
        path: impl Into<String>,
        message: impl Into<String>,
    ) {
        self.0.push(Problem { rule, severity, path: path.into(), message: message.into() });
    }
}

/// Everything that is wrong or risky in a package, worst first.
pub fn lint(files: &dyn PackageFiles) -> Vec<Problem> {
    let mut report = Report::default();
    if let Some(model) = read_model(files, &mut report) {
        model::check(&model, files, &mut report);
        flavors::check(&model, files, &mut report);
        environment::check(&model, files, &mut report);
    }
    report.0.sort_by(|a, b| b.severity.cmp(&a.severity).then_with(|| a.path.cmp(&b.path)));
    report.0
}

fn read_model(files: &dyn PackageFiles, report: &mut Report) -> Option<MlModel> {
    if !files.has_file("MLmodel") {
        let nested = files.names().iter().find(|name| name.ends_with("/MLmodel"));
        let hint = nested.map_or(String::new(), |name| format!("; there is one at {name}, open that folder"));
        report.error(
            "model/missing",
            "MLmodel",
            format!("the package has no MLmodel file, so nothing loads it{hint}"),
        );
        return None;
    }
    let bytes = match files.read("MLmodel", TEXT_BYTES) {
        Ok(bytes) => bytes,
        Err(error) => {
            report.error("model/unreadable", "MLmodel", format!("the file could not be read: {error}"));
            return None;
        }
    };
    let Ok(text) = String::from_utf8(bytes) else {
        report.error("model/encoding", "MLmodel", "the file is not UTF-8; MLflow cannot read it");
        return None;
    };
    if !text.is_ascii() {
        let message =
            "the file is not ASCII; MLflow opens it in the machine's own encoding, which differs on Windows";
        report.warning("model/encoding", "MLmodel", message);
    }
    match MlModel::from_text(&text) {
        Ok(model) => Some(model),
        Err(error) => {
            report.error("model/syntax", "MLmodel", format!("{error}; MLflow cannot load the package"));
            None
        }
    }
}
