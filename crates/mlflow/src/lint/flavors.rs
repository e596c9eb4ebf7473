//! Rules of the flavor blocks and the files that they name.

use serde_yaml::{Mapping, Value};

use super::Report;
use crate::mlmodel::MlModel;
use crate::package::PackageFiles;

/// Loaders of flavors that later versions of MLflow no longer have.
const REMOVED: [&str; 5] =
    ["mlflow.fastai", "mlflow.mleap", "mlflow.gluon", "mlflow.diviner", "mlflow.promptflow"];
/// Flavors whose pyfunc loader needs the flavor's own block.
const NEED_BLOCK: [&str; 9] =
    ["xgboost", "lightgbm", "catboost", "onnx", "spark", "keras", "tensorflow", "transformers", "paddle"];
/// Flavors that look for MLmodel beside their data file.
const DATA_IN_ROOT: [&str; 5] = ["xgboost", "lightgbm", "catboost", "onnx", "spark"];
/// Loaders that take a second argument.
const TAKES_CONFIG: [&str; 7] = [
    "mlflow.pyfunc.model",
    "mlflow.pyfunc.loaders.",
    "mlflow.pytorch",
    "mlflow.transformers",
    "mlflow.sentence_transformers",
    "mlflow.langchain",
    "mlflow.llama_index",
];
/// Keys of flavor blocks that name a file or folder of the package.
const FILE_KEYS: [&str; 7] =
    ["data", "model_path", "pickled_model", "model_data", "saved_model_dir", "python_model", "code"];

pub(super) fn check(model: &MlModel, files: &dyn PackageFiles, report: &mut Report) {
    if model.flavors().next().is_none() {
        return report.error("flavors/none", "flavors", "there is no flavor, so nothing loads the package");
    }
    for (name, block) in model.flavors() {
        named_files(name, block, files, report);
    }
    let Some(block) = model.flavor("python_function") else {
        let message =
            "there is no python_function flavor: mlflow.pyfunc and mlflow models serve cannot load it";
        return report.warning("flavors/no-pyfunc", "flavors.python_function", message);
    };
    pyfunc(model, block, files, report);
    sklearn(model, files, report);
    boosters(model, files, report);
    torch_and_keras(model, files, report);
}

fn text<'a>(block: &'a Mapping, key: &str) -> Option<&'a str> {
    block.get(key)?.as_str()
}

fn named_files(name: &str, block: &Mapping, files: &dyn PackageFiles, report: &mut Report) {
    for key in FILE_KEYS {
        let Some(path) = text(block, key) else { continue };
        let place = format!("flavors.{name}.{key}");
        if is_outside(path) {
            report.error("files/outside", place, format!("{path} leads out of the package"));
        } else if name != "keras" && !files.has_file(path) && !files.has_folder(path) {
            let message = format!("the package has no {path}; loading the {name} flavor fails");
            report.error("files/missing", place, message);
        }
    }
}

fn is_outside(path: &str) -> bool {
    path.starts_with('/')
        || path.contains('\\')
        || path.contains(':')
        || path.split('/').any(|part| part == "..")
}

fn pyfunc(model: &MlModel, block: &Mapping, files: &dyn PackageFiles, report: &mut Report) {
    let at = |key: &str| format!("flavors.python_function.{key}");
    let Some(loader) = text(block, "loader_module") else {
        return report.error(
            "pyfunc/loader",
            at("loader_module"),
            "there is no loader module; loading fails with KeyError",
        );
    };
    if REMOVED.contains(&loader) {
        let message =
            format!("{loader} is no longer part of MLflow; only an older version loads this package");
        report.error("pyfunc/removed-loader", at("loader_module"), message);
    }
    if !loader.starts_with("mlflow.") {
        own_loader(loader, block, files, report);
    }
    if let Some(flavor) = loader.strip_prefix("mlflow.")
        && NEED_BLOCK.contains(&flavor)
        && model.flavor(flavor).is_none()
    {
        report.error(
            "flavors/no-block",
            format!("flavors.{flavor}"),
            format!("the loader {loader} needs this block"),
        );
    }
    match block.get("env") {
        None | Some(Value::Null) => {
            let message = "there is no env: mlflow models serve uses the caller's environment, a container installs nothing";
            report.warning("pyfunc/env", at("env"), message);
        }
        Some(Value::Mapping(env)) => {
            for key in ["conda", "virtualenv"] {
                match env.get(key).and_then(Value::as_str) {
                    None => report.error(
                        "pyfunc/env",
                        at("env"),
                        format!("the key {key} is missing; restoring the environment fails"),
                    ),
                    Some(path) if !files.has_file(path) => {
                        report.error(
                            "files/missing",
                            at(&format!("env.{key}")),
                            format!("the package has no {path}"),
                        );
                    }
                    Some(_) => {}
                }
            }
        }
        Some(_) => {}
    }
    match block.get("python_version") {
        Some(version) if !version.is_string() => {
            report.error(
                "pyfunc/python-version",
                at("python_version"),
                "the version is no text, and loading fails; quote it",
            );
        }
        _ => {}
    }
    let has_config = block
        .get("config")
        .is_some_and(|config| config.as_mapping().is_some_and(|config| !config.is_empty()));
    if has_config
        && loader.starts_with("mlflow.")
        && !TAKES_CONFIG.iter().any(|known| loader.starts_with(known))
    {
        let message =
            format!("{loader} takes one argument, and a config makes MLflow give it two: loading fails");
        report.error("pyfunc/config", at("config"), message);
    }
    code_model(block, files, report);
    for (name, artifact) in block.get("artifacts").and_then(Value::as_mapping).into_iter().flatten() {
        let name = name.as_str().unwrap_or_default();
        let place = at(&format!("artifacts.{name}.path"));
        match artifact.get("path").and_then(Value::as_str) {
            None => {
                report.error("files/missing", place, "the artifact has no path; loading fails with KeyError");
            }
            Some(path) if is_outside(path) => {
                report.error("files/outside", place, format!("{path} leads out of the package"));
            }
            Some(path) if !files.has_file(path) && !files.has_folder(path) => {
                report.error("files/missing", place, format!("the package has no {path}"));
            }
            Some(_) => {}
        }
    }
}

fn own_loader(loader: &str, block: &Mapping, files: &dyn PackageFiles, report: &mut Report) {
    let place = "flavors.python_function.loader_module";
    let code = text(block, "code").unwrap_or("code");
    let file = format!("{code}/{}.py", loader.replace('.', "/"));
    let package = format!("{code}/{}/__init__.py", loader.replace('.', "/"));
    let Some(path) = [file, package].into_iter().find(|path| files.has_file(path)) else {
        let message = format!("{loader} is not in {code}/; it must be installed where the package is loaded");
        return report.warning("pyfunc/loader-elsewhere", place, message);
    };
    let source = files.read(&path, super::TEXT_BYTES).unwrap_or_default();
    if !String::from_utf8_lossy(&source).contains("_load_pyfunc") {
        report.error(
            "pyfunc/loader",
            path,
            "the loader module has no _load_pyfunc; loading fails with AttributeError",
        );
    }
    if matches!(loader, "loader" | "model" | "main" | "utils" | "predict" | "wrapper") {
        let message = format!(
            "two packages with a module named {loader} get each other's code in one process; choose a unique name"
        );
        report.warning("pyfunc/loader-name", place, message);
    }
}

fn code_model(block: &Mapping, files: &dyn PackageFiles, report: &mut Report) {
    let Some(path) = text(block, "model_code_path") else { return };
    let place = "flavors.python_function.model_code_path";
    let base = path.rsplit('/').next().unwrap_or(path);
    if path.contains('\\') || !files.has_file(base) {
        return report.error(
            "pyfunc/model-code",
            place,
            format!("{base} must lie in the root of the package"),
        );
    }
    let source = files.read(base, super::TEXT_BYTES).unwrap_or_default();
    if !String::from_utf8_lossy(&source).contains("set_model") {
        report.error("pyfunc/set-model", base, "the file never calls mlflow.models.set_model; loading fails");
    }
}

fn sklearn(model: &MlModel, files: &dyn PackageFiles, report: &mut Report) {
    let Some(block) = model.flavor("sklearn") else { return };
    let format = text(block, "serialization_format");
    if let Some(format) = format
        && !matches!(format, "skops" | "pickle" | "cloudpickle")
    {
        let message = format!("MLflow knows no format {format:?}; it knows skops, pickle and cloudpickle");
        report.error("sklearn/format", "flavors.sklearn.serialization_format", message);
    }
    let Some(path) = text(block, "pickled_model") else {
        return report.error(
            "sklearn/model",
            "flavors.sklearn.pickled_model",
            "the key is missing; loading fails",
        );
    };
    if format != Some("skops")
        && let Ok(head) = files.head(path, 1 << 16)
        && is_joblib(&head)
    {
        report.error("sklearn/joblib", path, "this is a joblib file, which MLflow's pickle.load cannot read");
    }
}

/// Compressed, or a pickle with arrays between its opcodes.
fn is_joblib(head: &[u8]) -> bool {
    let is_compressed =
        matches!(head, [0x1f, 0x8b, ..] | [b'B', b'Z', b'h', ..] | [0x78, 0x01 | 0x5e | 0x9c | 0xda, ..])
            || head.starts_with(b"\xfd7zXZ")
            || head.starts_with(b"\x04\x22\x4d\x18")
            || head.starts_with(b"\x5d\x00\x00");
    // The wrapper's name stays in a rewritten file; its alignment bytes do not follow there.
    is_compressed
        || (head.starts_with(b"\x80")
            && contains(head, b"NumpyArrayWrapper")
            && contains(head, &[0xff; 2])
            && !contains(head, b"cnumpy.core.multiarray\n_reconstruct\n"))
}

fn contains(haystack: &[u8], needle: &[u8]) -> bool {
    haystack.windows(needle.len()).any(|window| window == needle)
}

fn boosters(model: &MlModel, files: &dyn PackageFiles, report: &mut Report) {
    let pyfunc = model.flavor("python_function");
    for (name, block) in model.flavors().filter(|(name, _)| DATA_IN_ROOT.contains(name)) {
        let own = text(block, "data");
        let given = pyfunc.and_then(|block| text(block, "data"));
        if let (Some(own), Some(given)) = (own, given)
            && own != given
        {
            let message = format!(
                "{given} here and {own} in flavors.{name}.data: which one is loaded depends on the flavor"
            );
            report.warning("flavors/two-paths", "flavors.python_function.data", message);
        }
        if let Some(path) = given.filter(|path| path.trim_end_matches('/').contains('/')) {
            let message =
                format!("{path} must lie in the root: the {name} loader looks for MLmodel beside it");
            report.error("flavors/data-in-root", "flavors.python_function.data", message);
        }
        if name == "catboost" {
            for key in ["model_type", "save_format"] {
                if text(block, key).is_none() {
                    report.error(
                        "catboost/keys",
                        format!("flavors.catboost.{key}"),
                        "the key is missing; loading fails",
                    );
                }
            }
        }
        if name == "xgboost"
            && let Some(path) = own
            && let Ok(head) = files.head(path, 16)
        {
            let is_json = head.iter().find(|byte| !byte.is_ascii_whitespace()) == Some(&b'{')
                && head.get(1) != Some(&b'L');
            let extension = path.rsplit('.').next().unwrap_or_default();
            if (extension == "ubj" && is_json) || (extension == "json" && !is_json) {
                report.error(
                    "xgboost/extension",
                    path,
                    "XGBoost chooses its parser by the extension, and it contradicts the content",
                );
            }
        }
    }
}

fn torch_and_keras(model: &MlModel, files: &dyn PackageFiles, report: &mut Report) {
    if let Some(folder) = model.flavor("pytorch").and_then(|block| text(block, "model_data"))
        && files.has_file(&format!("{folder}/model.pth"))
    {
        let info = format!("{folder}/pickle_module_info.txt");
        match files.read(&info, 4096) {
            Err(_) => report.error("pytorch/pickle-module", info, "the file is missing; loading fails"),
            Ok(text) if text.ends_with(b"\n") => {
                report.error(
                    "pytorch/pickle-module",
                    info,
                    "the file ends with a line feed, which makes the import fail",
                );
            }
            Ok(_) => {}
        }
    }
    if let Some(folder) = model.flavor("keras").and_then(|block| text(block, "data")) {
        let nested = format!("{folder}/model.keras");
        let path = if files.has_file(&nested) { nested } else { format!("{folder}.keras") };
        match files.head(&path, 4) {
            Ok(head) if head != b"PK\x03\x04" => {
                report.error("keras/format", path, "Keras 3 loads only its own zip format under this name");
            }
            _ => {}
        }
    }
}
