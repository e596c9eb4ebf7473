//! Rules of the `python_function` block.

use serde_yaml::{Mapping, Value};

use super::{Report, blocks, is_outside, text};
use crate::mlmodel::MlModel;
use crate::package::PackageFiles;
use crate::yaml;

/// Loaders of flavors that later versions of MLflow no longer have.
const REMOVED: [&str; 5] =
    ["mlflow.fastai", "mlflow.mleap", "mlflow.gluon", "mlflow.diviner", "mlflow.promptflow"];

/// Loaders of MLflow that take one argument. A loader that is not known is not judged.
const TAKES_NO_CONFIG: [&str; 16] = [
    "mlflow.sklearn",
    "mlflow.xgboost",
    "mlflow.lightgbm",
    "mlflow.catboost",
    "mlflow.onnx",
    "mlflow.keras",
    "mlflow.tensorflow",
    "mlflow.spacy",
    "mlflow.statsmodels",
    "mlflow.prophet",
    "mlflow.pmdarima",
    "mlflow.h2o",
    "mlflow.paddle",
    "mlflow.shap",
    "mlflow.spark",
    "mlflow.dspy",
];

/// What the wrapper of the sklearn loader can call.
const SKLEARN_METHODS: [&str; 5] =
    ["predict", "predict_proba", "predict_log_proba", "predict_joint_log_proba", "score"];

/// Module names that two packages are likely to share.
const COMMON_NAMES: [&str; 9] =
    ["loader", "model", "main", "utils", "predict", "wrapper", "inference", "load", "pyfunc"];

pub(super) fn check(model: &MlModel, files: &dyn PackageFiles, report: &mut Report) {
    let Some(block) = model.flavor("python_function") else { return };
    if let Some(loader) = yaml::text(block, "loader_module") {
        check_loader(loader, block, files, report);
    } else {
        let message = "there is no loader module, and loading fails with KeyError; name one";
        report.error("pyfunc/loader", at("loader_module"), message);
    }
    environment(block, files, report);
    if let Some(version) = block.get("python_version").filter(|version| !version.is_string()) {
        let message = format!(
            "the version reads as {}, and loading fails with AttributeError; put it in quotes",
            yaml::kind(version)
        );
        report.error("pyfunc/python-version", at("python_version"), message);
    }
    code_model(block, files, report);
    artifacts(block, files, report);
}

fn at(key: &str) -> String {
    format!("flavors.python_function.{key}")
}

fn check_loader(loader: &str, block: &Mapping, files: &dyn PackageFiles, report: &mut Report) {
    if REMOVED.contains(&loader) {
        let message =
            format!("{loader} is no longer part of MLflow; only the version that wrote the package loads it");
        report.error("pyfunc/removed-loader", at("loader_module"), message);
    }
    let has_config = block.get("config").and_then(Value::as_mapping).is_some_and(|config| !config.is_empty());
    if has_config && TAKES_NO_CONFIG.contains(&loader) {
        let message = format!(
            "{loader} takes one argument and a config makes MLflow pass two, so loading fails with TypeError; remove it"
        );
        report.error("pyfunc/config", at("config"), message);
    }
    let predict_fn = yaml::text(block, "predict_fn").unwrap_or("predict");
    if loader == "mlflow.sklearn" && !SKLEARN_METHODS.contains(&predict_fn) {
        let message = format!(
            "the sklearn loader offers {}, not {predict_fn}: predict fails; use one of them or a loader module",
            SKLEARN_METHODS.join(", ")
        );
        report.error("pyfunc/predict-fn", at("predict_fn"), message);
    }
    if loader != "mlflow" && !loader.starts_with("mlflow.") {
        own_loader(loader, block, files, report);
    }
}

fn own_loader(loader: &str, block: &Mapping, files: &dyn PackageFiles, report: &mut Report) {
    let code = yaml::text(block, "code").unwrap_or("code");
    let module = loader.replace('.', "/");
    let found = [format!("{code}/{module}.py"), format!("{code}/{module}/__init__.py")];
    let Some(path) = found.into_iter().find(|path| files.has_file(path)) else {
        let message =
            format!("{loader} is not in {code}/, so it must be installed wherever the package is loaded");
        return report.warning("pyfunc/loader-elsewhere", at("loader_module"), message);
    };
    if !block.contains_key("code") {
        let message = format!(
            "{path} is not on the import path without the key code, and loading fails; add code: code"
        );
        report.error("pyfunc/no-code", at("code"), message);
    }
    if text(files, &path).is_some_and(|source| !source.contains("_load_pyfunc")) {
        let message =
            "the loader module has no _load_pyfunc, and loading fails with AttributeError; define it";
        report.error("pyfunc/loader", path, message);
    }
    if COMMON_NAMES.contains(&loader) {
        let message = format!(
            "two packages with a module named {loader} get the first one's code in one process; choose a unique name"
        );
        report.warning("pyfunc/loader-name", at("loader_module"), message);
    }
}

fn environment(block: &Mapping, files: &dyn PackageFiles, report: &mut Report) {
    let env = match block.get("env") {
        Some(Value::Mapping(env)) => env,
        // The form of MLflow 1.x: the path of conda.yaml.
        Some(Value::String(path)) => {
            if !files.has_file(path) {
                let message = format!("{path} is not in the package, so the environment cannot be restored");
                report.warning("pyfunc/env-file", at("env"), message);
            }
            return;
        }
        _ => {
            let message = "without env MLflow serves in the caller's environment, and a container installs nothing; \
                add {conda: conda.yaml, virtualenv: python_env.yaml}";
            return report.warning("pyfunc/env", at("env"), message);
        }
    };
    for key in ["conda", "virtualenv"] {
        match env.get(key).and_then(Value::as_str) {
            None => {
                let message =
                    format!("the key {key} is missing, and restoring the environment fails with KeyError");
                report.error("pyfunc/env-key", at("env"), message);
            }
            Some(path) if !files.has_file(path) => {
                let message =
                    format!("{path} is not in the package, so the environment cannot be restored from it");
                report.warning("pyfunc/env-file", at(&format!("env.{key}")), message);
            }
            Some(_) => {}
        }
    }
}

fn code_model(block: &Mapping, files: &dyn PackageFiles, report: &mut Report) {
    let Some(path) = yaml::text(block, "model_code_path") else { return };
    // MLflow takes the name behind the last slash, whatever system wrote the path.
    let base = path.rsplit('/').next().unwrap_or(path);
    if !files.has_file(base) {
        let message =
            format!("{base} must lie at the top of the package; loading fails with \"No such file\"");
        return report.error("pyfunc/model-code", at("model_code_path"), message);
    }
    if text(files, base).is_some_and(|source| !source.contains("set_model")) {
        let message = "the file never calls mlflow.models.set_model, and loading fails; call it at the end";
        report.error("pyfunc/set-model", base, message);
    }
}

fn artifacts(block: &Mapping, files: &dyn PackageFiles, report: &mut Report) {
    for (name, artifact) in block.get("artifacts").and_then(Value::as_mapping).into_iter().flatten() {
        let place = at(&format!("artifacts.{}.path", name.as_str().unwrap_or_default()));
        match artifact.get("path").and_then(Value::as_str) {
            None => {
                let message = "the artifact has no path, and loading fails with KeyError";
                report.error("pyfunc/artifact", place, message);
            }
            Some(path) if is_outside(path) => blocks::outside(path, place, report),
            Some(path) if !files.has_file(path) && !files.has_folder(path) => {
                blocks::missing(path, place, files, report);
            }
            Some(_) => {}
        }
    }
}
