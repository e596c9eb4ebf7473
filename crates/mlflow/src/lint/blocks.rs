//! Rules of the flavor blocks and the files that they name.

use serde_yaml::{Mapping, Value};

use super::{Report, is_outside};
use crate::mlmodel::{FILE_KEYS, MlModel};
use crate::package::PackageFiles;
use crate::yaml;

/// Flavors whose pyfunc loader needs the flavor's own block.
const NEED_BLOCK: [&str; 11] = [
    "xgboost",
    "lightgbm",
    "catboost",
    "onnx",
    "spark",
    "keras",
    "tensorflow",
    "transformers",
    "paddle",
    "shap",
    "diffusers",
];

/// Flavors that look for MLmodel beside the file of `python_function.data`.
const DATA_IN_ROOT: [&str; 5] = ["xgboost", "lightgbm", "catboost", "onnx", "spark"];

pub(super) fn check(model: &MlModel, files: &dyn PackageFiles, report: &mut Report) {
    match model.get("flavors") {
        Some(Value::Mapping(map)) if !map.is_empty() => {}
        None | Some(Value::Mapping(_)) => {
            return report.error(
                "flavors/none",
                "flavors",
                "there is no flavor, so MLflow has no way to load the model",
            );
        }
        Some(other) => {
            let message =
                format!("MLflow fails to load {} here; make it a map of flavors", yaml::kind(other));
            return report.error("flavors/none", "flavors", message);
        }
    }
    for (name, block) in model.flavors() {
        named_files(name, block, files, report);
    }
    let Some(pyfunc) = model.flavor("python_function") else {
        let message = "there is no python_function flavor: mlflow.pyfunc and mlflow models serve cannot load the model, \
            only the flavors' own loaders can";
        return report.warning("flavors/no-pyfunc", "flavors.python_function", message);
    };
    let loader = yaml::text(pyfunc, "loader_module").unwrap_or_default();
    let Some(flavor) = loader.strip_prefix("mlflow.") else { return };
    match model.flavor(flavor) {
        Some(block) => paths(flavor, block, pyfunc, report),
        None if NEED_BLOCK.contains(&flavor) => {
            let message = format!("the loader {loader} reads this block and fails without it; add it");
            report.error("flavors/no-block", format!("flavors.{flavor}"), message);
        }
        None => {}
    }
}

fn named_files(name: &str, block: &Mapping, files: &dyn PackageFiles, report: &mut Report) {
    for key in FILE_KEYS {
        let Some(path) = yaml::text(block, key) else { continue };
        let place = format!("flavors.{name}.{key}");
        if is_outside(path) {
            outside(path, place, report);
        } else if !is_there(name, key, path, block, files) {
            missing(path, place, files, report);
        }
    }
    if let Some(code) = yaml::text(block, "code") {
        let place = format!("flavors.{name}.code");
        if is_outside(code) {
            outside(code, place, report);
        } else if !files.has_folder(code) && code != "." {
            let message = format!("the package has no folder {code}, so its modules cannot be imported");
            report.warning("files/no-code", place, message);
        }
    }
}

/// Names a path that leads out of the package.
pub(super) fn outside(path: &str, place: String, report: &mut Report) {
    let message = format!(
        "{path} leads out of the package, where MLflow would open whatever lies there; \
         use a path inside the package, with / between its parts"
    );
    report.error("files/outside", place, message);
}

/// Names a path that is not in the package.
pub(super) fn missing(path: &str, place: String, files: &dyn PackageFiles, report: &mut Report) {
    let is_link = files.links().iter().any(|link| link == path);
    let what = if is_link { "is a link, not a file" } else { "is not in the package" };
    report.error(
        "files/missing",
        place,
        format!("{path} {what}; loading fails until the file itself is there"),
    );
}

fn is_there(flavor: &str, key: &str, path: &str, block: &Mapping, files: &dyn PackageFiles) -> bool {
    let has = |path: &str| files.has_file(path) || files.has_folder(path);
    match (flavor, key) {
        // Keras adds the extension, and a folder's own name is not the end of it.
        ("keras", "data") => {
            let inner = if files.has_folder(path) { format!("{path}/model") } else { path.to_owned() };
            let is_exported = block.get("save_exported_model") == Some(&Value::Bool(true));
            if is_exported { files.has_folder(&inner) } else { files.has_file(&format!("{inner}.keras")) }
        }
        // Paddle's path is the beginning of several names.
        ("paddle", _) => files.names().iter().any(|name| name.starts_with(path)),
        ("python_function", "model_path") if yaml::text(block, "loader_module") == Some("mlflow.paddle") => {
            files.names().iter().any(|name| name.starts_with(path))
        }
        _ => has(path),
    }
}

fn paths(flavor: &str, block: &Mapping, pyfunc: &Mapping, report: &mut Report) {
    let own = ["data", "model_data", "pickled_model"].into_iter().find_map(|key| yaml::text(block, key));
    let place = ["data", "model_path"].into_iter().find_map(|key| Some((key, yaml::text(pyfunc, key)?)));
    if let (Some(own), Some((key, given))) = (own, place)
        && own.trim_end_matches('/') != given.trim_end_matches('/')
    {
        let message = format!(
            "python_function names {given} and {flavor} names {own}: MLflow loads one of them without a word; \
             make them equal"
        );
        report.warning("flavors/two-paths", format!("flavors.python_function.{key}"), message);
    }
    if let Some(path) = yaml::text(pyfunc, "data")
        && DATA_IN_ROOT.contains(&flavor)
        && path.trim_end_matches('/').contains('/')
    {
        let message = format!(
            "the {flavor} loader looks for MLmodel beside {path} and fails; move the file to the top of the package"
        );
        report.error("flavors/data-in-root", "flavors.python_function.data", message);
    }
}
