//! Rules of the environment files.

use serde_yaml::Value;

use super::Report;
use crate::mlmodel::MlModel;
use crate::package::PackageFiles;

pub(super) fn check(model: &MlModel, files: &dyn PackageFiles, report: &mut Report) {
    let requirements = requirements(files, report);
    python_env(files, report);
    conda(files, requirements.as_deref(), report);
    if let Some(requirements) = &requirements {
        for (flavor, distributions) in FRAMEWORKS {
            let is_named = |line: &String| distributions.contains(&distribution(line).as_str());
            if model.flavor(flavor).is_some() && !requirements.iter().any(is_named) {
                let message = format!(
                    "{} is not required, and the {flavor} flavor needs it",
                    distributions.join(" or ")
                );
                report.error("requirements/framework", "requirements.txt", message);
            }
        }
    }
    if files.has_file("uv.lock") && !files.has_file("pyproject.toml") {
        let message = "mlflow --env-manager uv takes this lock in place of requirements.txt, and has no pyproject.toml for it";
        report.warning("environment/uv-lock", "uv.lock", message);
    }
}

/// The distributions that a flavor cannot do without.
const FRAMEWORKS: [(&str, &[&str]); 8] = [
    ("sklearn", &["scikit-learn"]),
    ("xgboost", &["xgboost", "xgboost-cpu"]),
    ("lightgbm", &["lightgbm"]),
    ("catboost", &["catboost"]),
    ("onnx", &["onnxruntime", "onnxruntime-gpu"]),
    ("pytorch", &["torch"]),
    ("keras", &["keras", "tensorflow"]),
    ("statsmodels", &["statsmodels"]),
];

/// The requirement lines, comments and options aside; `None` when there is no such file.
fn requirements(files: &dyn PackageFiles, report: &mut Report) -> Option<Vec<String>> {
    let file = "requirements.txt";
    if !files.has_file(file) {
        report.warning(
            "requirements/missing",
            file,
            "there are no requirements: nobody can rebuild the environment",
        );
        return None;
    }
    let Ok(Ok(text)) = files.read(file, super::TEXT_BYTES).map(String::from_utf8) else {
        report.error("requirements/unreadable", file, "the file is not readable UTF-8 text; loading fails");
        return None;
    };
    let mut lines = Vec::new();
    for line in text.replace("\\\n", " ").lines() {
        let line = line.split(" #").next().unwrap_or(line).trim();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let nested = ["-r ", "-c ", "--requirement ", "--constraint "]
            .iter()
            .find_map(|option| line.strip_prefix(option));
        if let Some(nested) = nested {
            if !files.has_file(nested.trim()) {
                let message = format!(
                    "the line asks for {}, which is not in the package: loading fails",
                    nested.trim()
                );
                report.error("requirements/nested", file, message);
            }
        } else if line.starts_with('-') {
            let message = format!("the option {line:?} is honoured by pip only");
            report.info("requirements/option", file, message);
        } else if line.starts_with('.') || line.starts_with('/') || line.contains("file:") {
            let message = format!("{line:?} is a path, which exists on one machine only");
            report.error("requirements/path", file, message);
        } else {
            if !line.contains("==") && !line.contains(" @ ") {
                let message = format!("{line:?} is not pinned: the environment changes with every release");
                report.warning("requirements/unpinned", file, message);
            }
            lines.push(line.to_owned());
        }
    }
    let has_mlflow = lines.iter().any(|line| distribution(line).starts_with("mlflow"));
    if !has_mlflow {
        report.error(
            "requirements/mlflow",
            file,
            "mlflow is not required, and mlflow models serve runs inside this environment",
        );
    }
    Some(lines)
}

/// The normalised name at the start of a requirement line.
fn distribution(line: &str) -> String {
    let name: String =
        line.chars().take_while(|char| char.is_ascii_alphanumeric() || "._-".contains(*char)).collect();
    name.to_lowercase().replace(['_', '.'], "-")
}

fn yaml(files: &dyn PackageFiles, file: &str, report: &mut Report) -> Option<Value> {
    let bytes = files.read(file, super::TEXT_BYTES).ok()?;
    match serde_yaml::from_slice(&bytes) {
        Ok(value) => Some(value),
        Err(error) => {
            report.error("environment/syntax", file, format!("the file is not YAML: {error}"));
            None
        }
    }
}

fn python_env(files: &dyn PackageFiles, report: &mut Report) {
    let file = "python_env.yaml";
    let Some(value) = yaml(files, file, report) else { return };
    let Some(map) = value.as_mapping() else {
        return report.error("environment/python-env", file, "the file holds no map of keys");
    };
    for (key, value) in map {
        let key = key.as_str().unwrap_or_default();
        let place = format!("{file}: {key}");
        match key {
            "python" if !value.is_string() => {
                report.error(
                    "environment/python-env",
                    place,
                    "the version is no text, and restoring fails; quote it",
                );
            }
            "build_dependencies" | "dependencies" if !value.is_sequence() => {
                report.error("environment/python-env", place, "restoring needs a list here");
            }
            "python" | "build_dependencies" | "dependencies" => {}
            _ => {
                report.error(
                    "environment/python-env",
                    place,
                    "MLflow knows no such key, and restoring fails",
                );
            }
        }
    }
}

fn conda(files: &dyn PackageFiles, requirements: Option<&[String]>, report: &mut Report) {
    let file = "conda.yaml";
    let Some(value) = yaml(files, file, report) else { return };
    let dependencies = value.get("dependencies").and_then(Value::as_sequence);
    let pip = dependencies.and_then(|items| items.iter().find_map(|item| item.get("pip")?.as_sequence()));
    let (Some(pip), Some(requirements)) = (pip, requirements) else { return };
    let mut listed: Vec<&str> =
        pip.iter().filter_map(Value::as_str).filter(|line| !line.starts_with('-')).collect();
    let mut required: Vec<&str> = requirements.iter().map(String::as_str).collect();
    listed.sort_unstable();
    required.sort_unstable();
    if listed != required {
        let message =
            "the pip list differs from requirements.txt: conda and the others install different environments";
        report.warning("environment/differ", file, message);
    }
}
