//! What a package asks of the computer that runs it.

use std::path::{Path, PathBuf};

use packwright_inspect::Requirement;
use packwright_mlflow::mlmodel::MlModel;
use packwright_mlflow::package::PackageFiles as _;
use packwright_mlflow::requirement::{self, Line};
use packwright_mlflow::yaml;
use serde_yaml::Value;

use crate::environment;
use crate::package::{Package, VerifyError};

/// More lines than any environment has; the first are read.
const MOST_LINES: usize = 2000;

/// The longest file that is read.
const LONGEST_TEXT_BYTES: u64 = 1 << 20;

/// What a package asks for.
#[derive(Debug, Clone, Default)]
pub(crate) struct Asked {
    /// Where it lies.
    pub(crate) path: PathBuf,
    /// Whether it must be unpacked first.
    pub(crate) is_zip: bool,
    /// The folder inside of a zip that is the package; empty where that is its root.
    pub(crate) root: String,
    /// The requirement lines.
    pub(crate) lines: Vec<Requirement>,
    /// What was left out of them, in sentences.
    pub(crate) unsure: Vec<String>,
    /// `3.11.7` or `3.11`.
    pub(crate) python: Option<String>,
    /// The length of all files, unpacked.
    pub(crate) size_bytes: u64,
    /// Whether it holds a model of Core ML.
    pub(crate) is_coreml: bool,
    /// The file that lists the lines for pip, where it has one.
    pub(crate) requirements_file: Option<&'static str>,
    /// The file that conda takes, where it has one.
    pub(crate) conda_file: Option<&'static str>,
}

impl Asked {
    /// Reads it from a package.
    pub(crate) fn of(path: &Path) -> Result<Self, VerifyError> {
        let package = Package::open(path)?;
        let text = |name: &str| {
            let bytes = package.read(name, LONGEST_TEXT_BYTES).ok()?;
            Some(String::from_utf8_lossy(&bytes).into_owned())
        };
        let mut asked = Self {
            path: path.to_path_buf(),
            is_zip: !path.is_dir(),
            root: package.root_in_archive().unwrap_or_default().trim_end_matches('/').to_owned(),
            size_bytes: package.names().iter().filter_map(|name| package.size(name)).sum(),
            is_coreml: package.names().iter().any(|name| is_coreml(name)),
            ..Self::default()
        };
        let model = text("MLmodel").and_then(|text| MlModel::from_text(&text).ok());
        let block = model.as_ref().and_then(|model| model.flavor("python_function"));
        asked.python = block.and_then(|block| block.get("python_version")?.as_str().map(str::to_owned));
        let conda = text("conda.yaml");
        asked.conda_file = conda.as_ref().map(|_| "conda.yaml");
        match (text("requirements.txt"), &conda) {
            (Some(lines), _) => {
                asked.requirements_file = Some("requirements.txt");
                asked.take(&lines, "requirements.txt");
            }
            (None, Some(conda)) => asked.take(&pip_of(conda), "conda.yaml"),
            (None, None) => {
                asked.unsure.push("The package lists no requirements: what it needs is not known.".into());
            }
        }
        asked.add_mlflow();
        Ok(asked)
    }

    fn take(&mut self, text: &str, file: &str) {
        let lines = requirement::lines(text);
        if MOST_LINES < lines.len() {
            self.unsure.push(format!("Only the first {MOST_LINES} lines of {file} were looked at."));
        }
        for line in lines.into_iter().take(MOST_LINES) {
            match line {
                Line::Requirement(line) => {
                    self.lines.push(Requirement { requirement: line.text, source: file.to_owned() });
                }
                Line::Include { is_constraint: true, .. } | Line::Option(_) => {}
                Line::Include { path, .. } => {
                    self.unsure.push(format!("{file} asks for more in {path}, which was not looked at."));
                }
                Line::Path(path) => {
                    self.unsure
                        .push(format!("{file} asks for {path}: whether it is installed is not known."));
                }
            }
        }
    }

    /// Whatever the lines say, MLflow loads the package.
    fn add_mlflow(&mut self) {
        let is_mlflow = |line: &Requirement| {
            matches!(environment::distribution(&line.requirement).as_str(), "mlflow" | "mlflow-skinny")
        };
        if !self.lines.iter().any(is_mlflow) {
            let source = "MLflow loads the package".to_owned();
            self.lines.push(Requirement { requirement: "mlflow".to_owned(), source });
        }
    }

    /// The name of the folder that it is unpacked into.
    pub(crate) fn folder_name(&self) -> String {
        let name = self.path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        if !self.is_zip {
            return name;
        }
        let stem = self.path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        if stem == name { format!("{name}-package") } else { stem }
    }
}

fn is_coreml(name: &str) -> bool {
    name.ends_with(".mlmodel") || name.contains(".mlpackage/") || name.contains(".mlmodelc/")
}

/// The lines for pip in a conda environment.
fn pip_of(conda: &str) -> String {
    let read = yaml::read(conda).unwrap_or(Value::Null);
    let entries = read.get("dependencies").and_then(Value::as_sequence).into_iter().flatten();
    let pip = entries.filter_map(|entry| entry.get("pip")?.as_sequence()).flatten();
    pip.filter_map(Value::as_str).collect::<Vec<_>>().join("\n")
}
