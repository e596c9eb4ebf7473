//! Python code that MLflow, or what it loads, would import from a package.

use std::collections::BTreeSet;

use packwright_inspect::safety::{Finding, Severity};
use packwright_mlflow::lint::is_outside;
use packwright_mlflow::mlmodel::MlModel;
use packwright_mlflow::package::PackageFiles as _;
use serde_yaml::Value;

use super::{Report, loaders};
use crate::package::Package;

/// What Python imports as a module.
const MODULES: [&str; 7] = ["py", "pyc", "pyo", "pyd", "so", "dll", "dylib"];

/// Names every file of the package that can run as code, and how it would come to that.
pub(super) fn report(model: &MlModel, package: &Package, report: &mut Report) {
    let folders = folders(model, report);
    let loader = own_loader(model, package, &folders, report);
    let entry = code_model(model, package, report);
    for name in package.names() {
        let path = tidy(name);
        if entry.as_ref() == Some(&path) {
            continue;
        }
        let is_python = has_ending(&path, &MODULES[..3]);
        if folders.iter().any(|folder| is_below(&path, folder)) {
            if has_ending(&path, &MODULES) {
                let why = if loader.contains(&path) {
                    "the MLmodel names it as the loader: it runs when the package is loaded"
                } else {
                    "it stands before all that is installed on Python's import path: it runs when the model, or \
                     anything that it uses, imports its name"
                };
                report.review("package/code", name, name, why);
            }
            // Python imports from an archive on its path, too.
            if folders.contains(&path) {
                report.review("package/code", name, name, "the MLmodel puts it on Python's import path");
            }
        } else if is_python && !report.names("huggingface/python-file", name) {
            report.add(Finding {
                rule: "package/python-file",
                severity: Severity::Info,
                what: name.clone(),
                place: name.clone(),
                why: "Python code that the MLmodel does not name: loading does not run it".to_owned(),
            });
        }
    }
}

/// The folders that go on the import path; empty is the whole package.
fn folders(model: &MlModel, report: &mut Report) -> BTreeSet<String> {
    let mut folders = BTreeSet::new();
    for (flavor, block) in model.flavors() {
        let code = block.get("code");
        let one = code.and_then(Value::as_str);
        let many = code.and_then(Value::as_sequence).into_iter().flatten().filter_map(Value::as_str);
        for path in one.into_iter().chain(many) {
            let place = format!("MLmodel: flavors.{flavor}.code");
            if is_outside(path) {
                report.not_read(path, &place, "code is imported from outside of the package");
            } else {
                folders.insert(tidy(path));
            }
        }
    }
    folders
}

/// The files in the package that may be the loader, where that is not MLflow's own.
fn own_loader(
    model: &MlModel,
    package: &Package,
    folders: &BTreeSet<String>,
    report: &mut Report,
) -> BTreeSet<String> {
    let block = model.flavor("python_function");
    let loader = block.and_then(|block| block.get("loader_module")?.as_str()).unwrap_or_default();
    if loader.is_empty() || loaders::is_of_mlflow(loader) {
        return BTreeSet::new();
    }
    let module = tidy(&loader.replace('.', "/"));
    let candidates = folders.iter().flat_map(|folder| {
        let before = if folder.is_empty() { String::new() } else { format!("{folder}/") };
        ["py", "pyc", "pyd", "so"]
            .map(|ending| format!("{before}{module}.{ending}"))
            .into_iter()
            .chain([format!("{before}{module}/__init__.py")])
    });
    let candidates: BTreeSet<String> = candidates.collect();
    if !package.names().iter().any(|name| candidates.contains(&tidy(name))) {
        let place = "MLmodel: flavors.python_function.loader_module";
        let why =
            "it is neither MLflow's nor in the package: loading imports and runs whatever has this name";
        report.review("package/loader", loader, place, why);
    }
    candidates
}

/// The file that MLflow runs as the model itself.
fn code_model(model: &MlModel, package: &Package, report: &mut Report) -> Option<String> {
    let block = model.flavor("python_function")?;
    let path = block.get("model_code_path")?.as_str()?;
    // MLflow takes the name behind the last slash, whatever system wrote the path.
    let base = path.rsplit('/').next().unwrap_or(path);
    let why = "the MLmodel names it as the model's code: MLflow runs it when the package is loaded";
    let (what, place) =
        if package.has_file(base) { (base, base) } else { (base, "MLmodel: model_code_path") };
    report.review("package/code", what, place, why);
    Some(tidy(base))
}

/// A path as file systems that ignore case and take both slashes see it, from the root of the package.
pub(super) fn tidy(path: &str) -> String {
    let parts = path.split(['/', '\\']).filter(|part| !matches!(*part, "" | "."));
    parts.collect::<Vec<_>>().join("/").to_lowercase()
}

/// Whether a tidy path is `folder` or lies below it.
fn is_below(path: &str, folder: &str) -> bool {
    folder.is_empty()
        || path.strip_prefix(folder).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

fn has_ending(path: &str, endings: &[&str]) -> bool {
    path.rsplit_once('.').is_some_and(|(_, ending)| endings.contains(&ending))
}
