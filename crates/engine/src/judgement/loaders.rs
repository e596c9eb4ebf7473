//! What MLflow's own loaders take from a package, and whether it was read here.

use packwright_inspect::Whole;
use packwright_inspect::safety::{Finding, Severity};
use packwright_mlflow::lint::is_outside;
use packwright_mlflow::mlmodel::{FILE_KEYS, MlModel};
use packwright_mlflow::package::PackageFiles as _;
use serde_yaml::{Mapping, Value};

use super::code::tidy;
use super::{Report, text};
use crate::package::Package;

/// Flavors whose loaders take the formats that are read here, and nothing else.
const READ: [&str; 14] = [
    "python_function",
    "sklearn",
    "xgboost",
    "lightgbm",
    "catboost",
    "onnx",
    "pytorch",
    "keras",
    "tensorflow",
    "statsmodels",
    "pmdarima",
    "prophet",
    "transformers",
    "sentence_transformers",
];

/// MLflow's loaders that are no flavor's: those of models in Python.
const OF_PYTHON: [&str; 5] = [
    "mlflow.pyfunc.model",
    "mlflow.pyfunc.loaders.code_model",
    "mlflow.pyfunc.loaders.chat_model",
    "mlflow.pyfunc.loaders.chat_agent",
    "mlflow.pyfunc.loaders.responses_agent",
];

/// Modules that may unpickle PyTorch's files without running more than the pickle says.
const UNPICKLERS: [&str; 4] = ["mlflow.pytorch.pickle_module", "pickle", "cloudpickle", "dill"];

/// Names of Keras.
const KERAS: [&str; 4] = ["keras", "tensorflow.keras", "tf.keras", "tf_keras"];

/// Whether a loader module is part of MLflow.
pub(super) fn is_of_mlflow(loader: &str) -> bool {
    loader == "mlflow" || loader.starts_with("mlflow.")
}

pub(super) fn report(model: &MlModel, package: &Package, whole: &Whole, report: &mut Report) {
    loader(model, report);
    for (flavor, block) in model.flavors() {
        let place = |key: &str| format!("MLmodel: flavors.{flavor}.{key}");
        if !READ.contains(&flavor) {
            report.not_read(
                &format!("the {flavor} flavor"),
                &format!("MLmodel: flavors.{flavor}"),
                "what its loader does with the files is not known to this version",
            );
        }
        for key in FILE_KEYS {
            let Some(path) = block.get(key).and_then(Value::as_str) else { continue };
            if is_outside(path) {
                report.not_read(path, &place(key), "the model is read from outside of the package");
            } else if READ.contains(&flavor) && is_mlflow_s(model, flavor) {
                named(path, &place(key), package, whole, report);
            }
        }
        modules(flavor, block, report);
    }
    artifacts(model, report);
    module_files(package, report);
    downloads(model, report);
}

/// A loader of MLflow that takes what is not read here.
fn loader(model: &MlModel, report: &mut Report) {
    let block = model.flavor("python_function");
    let loader = block.and_then(|block| block.get("loader_module")?.as_str()).unwrap_or_default();
    let is_read = loader.strip_prefix("mlflow.").is_some_and(|flavor| READ.contains(&flavor))
        || OF_PYTHON.contains(&loader);
    // A flavor that is not read is told once, by its block.
    let is_told = loader.strip_prefix("mlflow.").is_some_and(|flavor| model.flavor(flavor).is_some());
    if is_of_mlflow(loader) && !is_read && !is_told {
        let why = "what this loader does with the files is not known to this version";
        report.not_read(loader, "MLmodel: flavors.python_function.loader_module", why);
    }
}

/// Whether a block is read by MLflow's code; code of the package's own may take its files for anything.
fn is_mlflow_s(model: &MlModel, flavor: &str) -> bool {
    let block = model.flavor("python_function");
    let loader = block.and_then(|block| block.get("loader_module")?.as_str()).unwrap_or("mlflow");
    flavor != "python_function" || is_of_mlflow(loader)
}

/// What a loader is told to open must be something that a reader took, or the verdict would be about other bytes.
fn named(path: &str, place: &str, package: &Package, whole: &Whole, report: &mut Report) {
    let wanted = tidy(path);
    let is_it = |name: &String| tidy(name) == wanted;
    let below = |name: &String| wanted.is_empty() || tidy(name).starts_with(&format!("{wanted}/"));
    let is_read = if package.names().iter().any(is_it) {
        whole.files.iter().any(is_it)
    } else if package.names().iter().any(below) {
        whole.folders.iter().any(|name| is_it(name) || below(name)) || whole.files.iter().any(below)
    } else {
        // What is not there cannot be loaded; Keras and Paddle add endings of their own.
        let begins = |name: &&String| tidy(name).starts_with(&wanted);
        package.names().iter().filter(begins).all(|name| whole.files.contains(name))
    };
    if !is_read {
        report.not_read(path, place, "the loader opens it, and no reader here knows what it is");
    }
}

/// Paths that the model's own code is given.
fn artifacts(model: &MlModel, report: &mut Report) {
    let block = model.flavor("python_function");
    let artifacts = block.and_then(|block| block.get("artifacts")?.as_mapping());
    for (name, artifact) in artifacts.into_iter().flatten() {
        if let Some(path) = artifact.get("path").and_then(Value::as_str).filter(|path| is_outside(path)) {
            let place =
                format!("MLmodel: flavors.python_function.artifacts.{}", name.as_str().unwrap_or_default());
            report.not_read(path, &place, "the model is given a file from outside of the package");
        }
    }
}

/// Modules that a flavor block names to be imported.
fn modules(flavor: &str, block: &Mapping, report: &mut Report) {
    if let Some(module) = block.get("keras_module").and_then(Value::as_str)
        && !KERAS.contains(&module)
    {
        let place = format!("MLmodel: flavors.{flavor}.keras_module");
        report.review("package/module", module, &place, "loading imports it in place of Keras");
    }
}

/// Small files whose text is the name of a module that MLflow imports.
fn module_files(package: &Package, report: &mut Report) {
    for (file, known, why) in [
        ("pickle_module_info.txt", &UNPICKLERS[..], "loading imports it and has it unpickle the model"),
        ("keras_module.txt", &KERAS[..], "loading imports it in place of Keras"),
    ] {
        let is_it = |name: &&String| name.rsplit('/').next() == Some(file);
        for name in package.names().iter().filter(is_it) {
            match text(package, name) {
                None => report.not_read(name, name, "it names a module to import and is no text"),
                Some(text) if known.contains(&text.trim()) => {}
                Some(text) => {
                    let module: String = text.trim().chars().take(200).collect();
                    report.review("package/module", &module, name, why);
                }
            }
        }
    }
}

/// A transformers flavor may name a repository of the Hub in place of weights.
fn downloads(model: &MlModel, report: &mut Report) {
    let Some(block) = model.flavor("transformers") else { return };
    let source = block.get("source_model_name").and_then(Value::as_str);
    if let Some(source) = source.filter(|_| block.get("model_binary").is_none_or(Value::is_null)) {
        report.add(Finding {
            rule: "package/download",
            severity: Severity::Review,
            what: source.to_owned(),
            place: "MLmodel: flavors.transformers.source_model_name".to_owned(),
            why: "the weights are not in the package: loading downloads them, with any code beside them, from the \
                  Hugging Face Hub"
                .to_owned(),
        });
    }
}
