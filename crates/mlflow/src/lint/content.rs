//! Rules of the model files' own bytes, as far as their beginning tells.

use serde_yaml::Mapping;

use super::Report;
use super::opcodes::{begins, breaks_off};
use crate::mlmodel::MlModel;
use crate::package::PackageFiles;
use crate::yaml;

/// How much of a model file is looked at.
const HEAD_BYTES: u64 = 1 << 16;

const ZIP: &[u8] = b"PK\x03\x04";
const HDF5: &[u8] = b"\x89HDF\r\n\x1a\n";

pub(super) fn check(model: &MlModel, files: &dyn PackageFiles, report: &mut Report) {
    for (name, block) in model.flavors() {
        match name {
            "sklearn" => sklearn(block, files, report),
            "xgboost" => xgboost(block, files, report),
            "lightgbm" => lightgbm(block, files, report),
            "catboost" => catboost(block, report),
            "pytorch" => pytorch(block, files, report),
            "keras" => keras(block, files, report),
            "tensorflow" => tensorflow(block, files, report),
            "prophet" => prophet(block, files, report),
            "statsmodels" | "pmdarima" => {
                if let Some(path) = yaml::text(block, "data").filter(|path| files.has_file(path)) {
                    pickled(path, files, report);
                }
            }
            "python_function" => {
                if let Some(path) = yaml::text(block, "python_model").filter(|path| files.has_file(path)) {
                    unpickled(path, report);
                }
            }
            _ => {}
        }
    }
}

fn head(files: &dyn PackageFiles, path: &str, n: u64) -> Option<Vec<u8>> {
    files.head(path, n).ok()
}

fn sklearn(block: &Mapping, files: &dyn PackageFiles, report: &mut Report) {
    let format = yaml::text(block, "serialization_format");
    if let Some(format) = format.filter(|format| !matches!(*format, "skops" | "pickle" | "cloudpickle")) {
        let message =
            format!("MLflow knows skops, pickle and cloudpickle, not {format:?}, and fails to load it");
        report.error("sklearn/format", "flavors.sklearn.serialization_format", message);
    }
    let Some(path) = yaml::text(block, "pickled_model") else {
        let message = "the key is missing, and mlflow.sklearn.load_model fails; name the model file";
        return report.error("sklearn/model", "flavors.sklearn.pickled_model", message);
    };
    if !files.has_file(path) {
        return;
    }
    let is_zip = head(files, path, 4).is_some_and(|head| head == ZIP);
    match format {
        Some("skops") if !is_zip => {
            let message =
                "the MLmodel says skops and the file is no zip, as a skops file is; correct the format";
            report.error("sklearn/content", path, message);
        }
        Some("skops") => {}
        _ if is_zip => {
            let message = "the file is a zip, not a pickle: serialization_format: skops may be meant";
            report.error("sklearn/content", path, message);
        }
        _ => pickled(path, files, report),
    }
}

/// A file that MLflow opens with `pickle.load`.
fn pickled(path: &str, files: &dyn PackageFiles, report: &mut Report) {
    match head(files, path, HEAD_BYTES) {
        Some(head) if is_joblib(&head) => {
            let message = "this is a joblib file, which MLflow's pickle.load fails to read; \
                save it with pickle, or load it with a loader module";
            report.error("pickle/joblib", path, message);
        }
        Some(head) if !begins(&head) => {
            let message = "this is no pickle, and MLflow's pickle.load fails to read it; put the model file itself here";
            report.error("pickle/content", path, message);
        }
        _ => {}
    }
    unpickled(path, report);
}

fn unpickled(path: &str, report: &mut Report) {
    let message = "loading runs whatever the pickle says: load it only if you trust its maker; \
        with MLFLOW_ALLOW_PICKLE_DESERIALIZATION=false MLflow refuses it";
    report.info("pickle/executes", path, message);
}

/// Compressed, or a pickle with raw arrays between its opcodes.
fn is_joblib(head: &[u8]) -> bool {
    let is_compressed =
        matches!(head, [0x1f, 0x8b, ..] | [b'B', b'Z', b'h', ..] | [0x78, 0x01 | 0x5e | 0x9c | 0xda, ..])
            || [&b"\xfd7zXZ\0"[..], b"\x04\x22\x4d\x18", b"\x5d\0\0"]
                .iter()
                .any(|magic| head.starts_with(magic));
    let mentions_joblib = head.windows(6).any(|window| window == b"joblib");
    is_compressed || (mentions_joblib && breaks_off(head))
}

fn xgboost(block: &Mapping, files: &dyn PackageFiles, report: &mut Report) {
    let Some(path) = yaml::text(block, "data") else { return };
    let Some(head) = head(files, path, 64) else { return };
    let text = head.iter().position(|byte| !byte.is_ascii_whitespace()).and_then(|at| head.get(at..));
    // UBJSON begins with an object whose key has a length of its own type: `{L` or `{i`, never a quote.
    let is_json =
        matches!(text, Some([b'{', next, ..]) if matches!(next, b'"' | b' ' | b'\n' | b'\r' | b'\t' | b'}'));
    let (extension, found) = match path.rsplit('.').next() {
        Some("json") if !is_json => ("json", "something else than JSON"),
        Some("ubj") if is_json => ("ubj", "JSON"),
        _ => return,
    };
    let message = format!(
        "XGBoost picks its parser by the extension .{extension} and finds {found}, so loading fails; rename the file"
    );
    report.error("xgboost/extension", path, message);
}

fn lightgbm(block: &Mapping, files: &dyn PackageFiles, report: &mut Report) {
    let Some(path) = yaml::text(block, "data").filter(|path| files.has_file(path)) else { return };
    let class = yaml::text(block, "model_class").unwrap_or("lightgbm.basic.Booster");
    if class.starts_with("lightgbm.sklearn.") {
        if yaml::text(block, "serialization_format") != Some("skops") {
            pickled(path, files, report);
        }
        return;
    }
    if head(files, path, 4).is_some_and(|head| head != b"tree") {
        let message = "a Booster is read from LightGBM's text format, which begins with \"tree\"; \
            this file does not, and loading fails";
        report.error("lightgbm/content", path, message);
    }
}

fn catboost(block: &Mapping, report: &mut Report) {
    for key in ["model_type", "save_format"] {
        if yaml::text(block, key).is_none() {
            let message = "the key is missing, and loading fails; add it";
            report.error("catboost/keys", format!("flavors.catboost.{key}"), message);
        }
    }
}

fn pytorch(block: &Mapping, files: &dyn PackageFiles, report: &mut Report) {
    if !block.contains_key("pytorch_version") {
        let message = "mlflow.pytorch.load_model needs this key and fails without it; add the version";
        report.error("pytorch/version", "flavors.pytorch.pytorch_version", message);
    }
    let Some(data) = yaml::text(block, "model_data").map(|path| path.trim_end_matches('/')) else { return };
    let pt2 = |name: &str| name.rsplit('.').next() == Some("pt2");
    if files.has_file(data) {
        if pt2(data) {
            let message = "a program of torch.export loads only as model.pt2 inside a folder; move it to data/model.pt2";
            report.error("pytorch/pt2", "flavors.pytorch.model_data", message);
        }
        return unpickled(data, report);
    }
    let model = format!("{data}/model.pth");
    if files.has_file(&model) {
        unpickled(&model, report);
        let info = format!("{data}/pickle_module_info.txt");
        match files.read(&info, 4096) {
            Err(_) => {
                let message = "the file is missing, and loading fails; \
                    it holds mlflow.pytorch.pickle_module without a newline";
                report.error("pytorch/pickle-module", info, message);
            }
            Ok(text) if text.ends_with(b"\n") => {
                let message = "the newline at the end makes the import fail; remove it";
                report.error("pytorch/pickle-module", info, message);
            }
            Ok(_) => {}
        }
    } else if files.has_folder(data) && !files.has_file(&format!("{data}/model.pt2")) {
        let message = format!("MLflow looks for model.pth or model.pt2 in {data} and finds neither");
        report.error("pytorch/no-model", "flavors.pytorch.model_data", message);
    }
}

fn keras(block: &Mapping, files: &dyn PackageFiles, report: &mut Report) {
    let data = yaml::text(block, "data").unwrap_or("model");
    let path = if files.has_folder(data) { format!("{data}/model.keras") } else { format!("{data}.keras") };
    keras_zip(&path, files, report);
}

fn keras_zip(path: &str, files: &dyn PackageFiles, report: &mut Report) {
    if let Some(head) = head(files, path, 8)
        && !head.starts_with(ZIP)
    {
        let found = if head == HDF5 { "an HDF5 file" } else { "something else" };
        let message = format!(
            "Keras takes only its own zip format under the name .keras and finds {found}, so loading fails; \
             HDF5 models go to the tensorflow flavor as data/model.h5"
        );
        report.error("keras/content", path, message);
    }
}

fn tensorflow(block: &Mapping, files: &dyn PackageFiles, report: &mut Report) {
    if yaml::text(block, "model_type") != Some("keras") {
        return;
    }
    let data = yaml::text(block, "data").unwrap_or("data");
    let format_file = format!("{data}/save_format.txt");
    let keras = format!("{data}/model.keras");
    let h5 = format!("{data}/model.h5");
    let format = files.read(&format_file, 64).ok();
    if format.as_deref().unwrap_or(b"h5") == b"h5" && !files.has_file(&h5) {
        let message = format!(
            "MLflow reads this file, or takes h5 when it is missing, and then finds no {h5}; write tf"
        );
        report.error("tensorflow/save-format", format_file, message);
    }
    keras_zip(&keras, files, report);
}

fn prophet(block: &Mapping, files: &dyn PackageFiles, report: &mut Report) {
    let path = yaml::text(block, "data").unwrap_or("model.pr");
    let first =
        head(files, path, 64).and_then(|head| head.into_iter().find(|byte| !byte.is_ascii_whitespace()));
    if first == Some(b'{') {
        let message = "MLflow expects JSON inside a JSON text, and this is the JSON itself: loading fails with TypeError; \
            encode the text once more";
        report.error("prophet/encoding", path, message);
    }
}
