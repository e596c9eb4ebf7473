//! Rules of the environment files.

use serde_yaml::Value;

use super::{Report, text};
use crate::environment::pip_list;
use crate::mlmodel::MlModel;
use crate::package::PackageFiles;
use crate::requirement::{Line, Requirement, lines};
use crate::yaml;

/// The distributions of which a flavor cannot do without one.
const FRAMEWORKS: [(&str, &[&str]); 16] = [
    ("sklearn", &["scikit-learn"]),
    ("xgboost", &["xgboost", "xgboost-cpu"]),
    ("lightgbm", &["lightgbm"]),
    ("catboost", &["catboost"]),
    ("onnx", &["onnxruntime", "onnxruntime-gpu"]),
    ("pytorch", &["torch"]),
    ("keras", &["keras", "tensorflow", "tensorflow-cpu"]),
    ("tensorflow", &["tensorflow", "tensorflow-cpu", "tensorflow-macos", "keras"]),
    ("statsmodels", &["statsmodels"]),
    ("prophet", &["prophet"]),
    ("pmdarima", &["pmdarima"]),
    ("spacy", &["spacy"]),
    ("h2o", &["h2o"]),
    ("spark", &["pyspark"]),
    ("transformers", &["transformers"]),
    ("sentence_transformers", &["sentence-transformers"]),
];

/// Distributions that bring MLflow.
const MLFLOWS: [&str; 3] = ["mlflow", "mlflow-skinny", "mlflow-tracing"];

pub(super) fn check(model: &MlModel, files: &dyn PackageFiles, report: &mut Report) {
    if let Some(requirements) = requirements(files, report) {
        frameworks(model, &requirements, report);
        conda(files, &requirements, report);
    }
    python_env(files, report);
    if files.has_file("uv.lock") && !files.has_file("pyproject.toml") {
        let message = "with --env-manager uv MLflow follows this lock in place of requirements.txt, \
            and there is no pyproject.toml for it; remove one or add the other";
        report.warning("environment/uv-lock", "uv.lock", message);
    }
}

fn requirements(files: &dyn PackageFiles, report: &mut Report) -> Option<Vec<Requirement>> {
    let file = "requirements.txt";
    let Some(text) = text(files, file) else {
        let message = "the file is missing, so nobody can rebuild the environment from the package alone";
        report.warning("requirements/missing", file, message);
        return None;
    };
    let mut found = Vec::new();
    for line in lines(&text) {
        match line {
            Line::Requirement(requirement) => {
                if requirement.pin().is_none() && requirement.url.is_none() {
                    let message = format!(
                        "{:?} is not pinned, so the environment changes with every release",
                        requirement.text
                    );
                    report.warning("requirements/unpinned", file, message);
                }
                found.push(requirement);
            }
            Line::Include { path, .. } if !files.has_file(&path) => {
                let message =
                    format!("it includes {path}, which is not in the package: loading fails; add the file");
                report.error("requirements/include", file, message);
            }
            Line::Path(path) => {
                let message = format!("{path:?} is a path of one machine, and pip fails everywhere else");
                report.warning("requirements/path", file, message);
            }
            Line::Include { .. } | Line::Option(_) => {}
        }
    }
    // A URL may bring MLflow under any name.
    if !found.iter().any(|r| MLFLOWS.contains(&r.normalized_name().as_str())) && !text.contains("mlflow") {
        let message = "mlflow is missing: mlflow models serve runs inside this environment and fails; add it";
        report.warning("requirements/mlflow", file, message);
    }
    Some(found)
}

fn frameworks(model: &MlModel, requirements: &[Requirement], report: &mut Report) {
    for (flavor, any_of) in FRAMEWORKS {
        let is_named = |requirement: &Requirement| any_of.contains(&requirement.normalized_name().as_str());
        if model.flavor(flavor).is_some() && !requirements.iter().any(is_named) {
            let message =
                format!("the {flavor} flavor needs {}, which no line names; add it", any_of.join(" or "));
            report.warning("requirements/framework", "requirements.txt", message);
        }
    }
}

fn document(files: &dyn PackageFiles, file: &str, report: &mut Report) -> Option<Value> {
    match yaml::read(&text(files, file)?) {
        Ok(value) => Some(value),
        Err(error) => {
            let message = format!("the file is not YAML, and restoring the environment fails: {error}");
            report.error("environment/syntax", file, message);
            None
        }
    }
}

fn python_env(files: &dyn PackageFiles, report: &mut Report) {
    let file = "python_env.yaml";
    let Some(value) = document(files, file, report) else { return };
    let Some(map) = value.as_mapping() else {
        let message = "the file is no map of keys, and restoring the environment fails";
        return report.error("environment/python-env", file, message);
    };
    for (key, value) in map {
        let key = key.as_str().unwrap_or_default();
        let wrong = match key {
            "python" if !value.is_string() => {
                format!("the version reads as {}; put it in quotes", yaml::kind(value))
            }
            "build_dependencies" | "dependencies" if !value.is_sequence() => {
                format!("it is {}; make it a list", yaml::kind(value))
            }
            "python" | "build_dependencies" | "dependencies" => continue,
            _ => "MLflow knows only python, build_dependencies and dependencies; remove it".to_owned(),
        };
        let message = format!("restoring the environment fails with TypeError: {wrong}");
        report.error("environment/python-env", format!("{file}: {key}"), message);
    }
}

fn conda(files: &dyn PackageFiles, requirements: &[Requirement], report: &mut Report) {
    let file = "conda.yaml";
    let Some(value) = document(files, file, report) else { return };
    let dependencies = value.get("dependencies").and_then(Value::as_sequence);
    let mut listed: Vec<&str> = pip_list(dependencies).filter(|line| !line.starts_with('-')).collect();
    if listed.is_empty() {
        return;
    }
    let mut required: Vec<&str> = requirements.iter().map(|requirement| requirement.text.as_str()).collect();
    listed.sort_unstable();
    required.sort_unstable();
    if listed != required {
        let message = "its pip list differs from requirements.txt, so conda installs another environment than uv; \
            make them equal";
        report.warning("environment/differ", file, message);
    }
}
