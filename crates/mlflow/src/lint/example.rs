//! Rules of the saved input example.

use std::collections::BTreeSet;

use serde_json::Value;
use serde_yaml::Mapping;

use super::{Report, text};
use crate::example::{ExampleData, ExampleError, InputExample};
use crate::json::read_python;
use crate::mlmodel::MlModel;
use crate::package::PackageFiles;
use crate::schema::Schema;
use crate::yaml;

const INFO: &str = "saved_input_example_info";

pub(super) fn check(model: &MlModel, files: &dyn PackageFiles, report: &mut Report) {
    let Some(info) = model.get(INFO) else { return };
    let (Some(info), Some(path)) =
        (info.as_mapping(), info.get("artifact_path").and_then(yaml::Value::as_str))
    else {
        let message = "the example has no artifact_path, and load_input_example fails";
        return report.warning("example/path", format!("{INFO}.artifact_path"), message);
    };
    if let Some(serving) = yaml::text(info, "serving_input_path") {
        match text(files, serving) {
            None => missing(serving, "serving_input_path", report),
            Some(text) => tokens(serving, &text, report),
        }
    }
    match text(files, path) {
        None => missing(path, "artifact_path", report),
        Some(text) => example(model, info, path, &text, report),
    }
}

fn missing(path: &str, key: &str, report: &mut Report) {
    let message = format!("{path} is not in the package: the model loads without its example");
    report.warning("example/missing", format!("{INFO}.{key}"), message);
}

/// Whether a file is JSON, and JSON to everybody.
fn tokens(path: &str, text: &str, report: &mut Report) {
    match read_python(text) {
        Err(error) => report.warning("example/json", path, format!("the file is not JSON: {error}")),
        Ok((_, true)) => {
            let message = "the file holds NaN or Infinity, which only Python reads as JSON; write null";
            report.warning("example/nan", path, message);
        }
        Ok((_, false)) => {}
    }
}

fn example(model: &MlModel, info: &Mapping, path: &str, text: &str, report: &mut Report) {
    tokens(path, text, report);
    let example = match InputExample::read(info, text) {
        Ok(example) => example,
        Err(ExampleError::Json(_)) => return,
        Err(error) => {
            let message = format!("{error}: load_input_example fails, the model loads without its example");
            return report.warning("example/type", format!("{INFO}.type"), message);
        }
    };
    let (signature, _) = model.read_signature();
    let Some(inputs) = signature.and_then(|signature| signature.inputs) else { return };
    let lacking = lacking(&inputs, &example.data);
    if !lacking.is_empty() {
        let message = format!(
            "the signature requires {}, which the example does not have: predicting it fails",
            lacking.join(", ")
        );
        report.warning("example/signature", path, message);
    }
}

/// The required names of the signature that are not in an example with names.
fn lacking(inputs: &Schema, data: &ExampleData) -> Vec<String> {
    let names: BTreeSet<String> = match data {
        ExampleData::DataFrame { columns: Some(columns), .. } => {
            columns.iter().map(|name| name.as_str().map_or_else(|| name.to_string(), str::to_owned)).collect()
        }
        ExampleData::Arrays(map) | ExampleData::Json(Value::Object(map)) => map.keys().cloned().collect(),
        _ => return Vec::new(),
    };
    let required: Vec<String> = match inputs {
        Schema::Columns(columns) => columns
            .iter()
            .filter(|column| column.required)
            .filter_map(|column| Some(column.name.as_ref()?.to_string()))
            .collect(),
        Schema::Tensors(tensors) => {
            // A table may stand for a single unnamed tensor, column by column.
            tensors.iter().filter_map(|tensor| tensor.name.clone()).collect()
        }
    };
    required.into_iter().filter(|name| !names.contains(name)).collect()
}
