//! What is wrong or risky in a package, each with its place.
//!
//! Every rule says what MLflow will do about it and what to do. The conditions were found by making MLflow 3.17 load
//! packages that were broken in one place. Rules look at bytes only: at texts whole, at model files by their beginning.

mod blocks;
mod content;
mod environment;
mod example;
mod model;
mod opcodes;
mod portability;
mod pyfunc;
mod signature;

#[cfg(test)]
mod tests;

use std::borrow::Cow;

use crate::mlmodel::{MlModel, MlModelError};
use crate::package::PackageFiles;

/// How bad a problem is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// Good to know.
    Info,
    /// Works, and will surprise somebody.
    Warning,
    /// Does not load, does not predict, or its environment cannot be restored.
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
    /// A stable id: `signature/unknown-type`.
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

/// Everything that is wrong or risky in a package, worst first, then by place.
pub fn lint(files: &dyn PackageFiles) -> Vec<Problem> {
    let mut report = Report::default();
    if let Some(model) = read_model(files, &mut report) {
        model::check(&model, &mut report);
        signature::check(&model, &mut report);
        blocks::check(&model, files, &mut report);
        pyfunc::check(&model, files, &mut report);
        content::check(&model, files, &mut report);
        example::check(&model, files, &mut report);
        environment::check(&model, files, &mut report);
        portability::check(&model, files, &mut report);
    }
    let mut problems = report.0;
    problems.sort_by(|a, b| b.severity.cmp(&a.severity).then_with(|| a.path.cmp(&b.path)));
    problems
}

fn read_model(files: &dyn PackageFiles, report: &mut Report) -> Option<MlModel> {
    let file = "MLmodel";
    if !files.has_file(file) {
        let nested = files.names().iter().find(|name| name.ends_with("/MLmodel"));
        let hint = nested.map_or(String::new(), |name| format!("; there is one at {name}, use that folder"));
        let message =
            format!("the package has no MLmodel file, so MLflow does not take it for a model{hint}");
        report.error("mlmodel/missing", file, message);
        return None;
    }
    let bytes = match files.read(file, TEXT_BYTES) {
        Ok(bytes) => bytes,
        Err(error) => {
            report.error("mlmodel/unreadable", file, format!("the file could not be read: {error}"));
            return None;
        }
    };
    let Ok(text) = String::from_utf8(bytes) else {
        report.error("mlmodel/unreadable", file, "the file is not UTF-8 text, and MLflow fails to read it");
        return None;
    };
    match MlModel::from_text(&text) {
        Ok(model) => Some(model),
        Err(error) => {
            let rule = match &error {
                MlModelError::Empty => "mlmodel/empty",
                MlModelError::NotAMap => "mlmodel/not-a-map",
                MlModelError::Yaml(crate::yaml::YamlError::Tag { .. }) => "mlmodel/python-tag",
                MlModelError::Yaml(_) => "mlmodel/syntax",
            };
            report.error(rule, file, format!("{error}; the package cannot be used until that is corrected"));
            None
        }
    }
}

/// A small text file of the package; what is not UTF-8 in it is replaced.
fn text(files: &dyn PackageFiles, name: &str) -> Option<String> {
    let bytes = files.read(name, TEXT_BYTES).ok()?;
    Some(match String::from_utf8_lossy(&bytes) {
        Cow::Borrowed(text) => text.to_owned(),
        Cow::Owned(text) => text,
    })
}

/// Whether a path of the MLmodel leads out of the package, or would on some system.
pub fn is_outside(path: &str) -> bool {
    let is_drive = path.as_bytes().get(1) == Some(&b':');
    path.starts_with('/') || path.contains('\\') || is_drive || path.split('/').any(|part| part == "..")
}
