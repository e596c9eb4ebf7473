//! Rules of the MLmodel's own keys: signature, metadata, example.

use serde_yaml::Value;

use super::Report;
use crate::mlmodel::MlModel;
use crate::package::PackageFiles;
use crate::schema::{ColumnType, Schema};

pub(super) fn check(model: &MlModel, files: &dyn PackageFiles, report: &mut Report) {
    signature(model, report);
    metadata(model, report);
    example(model, files, report);
    if model.text("model_id").is_some() {
        let message =
            "MLflow asks its server about this id; outside that server get_model_info fails. Set it to null";
        report.warning("model/model-id", "model_id", message);
    }
    match model.get("env_vars") {
        Some(Value::Sequence(items)) if items.iter().all(Value::is_string) => {}
        None => {}
        Some(_) => report.error("model/env-vars", "env_vars", "MLflow loads only a list of texts here"),
    }
    if let Some(version) = model.get("mlflow_version")
        && !version.is_string()
    {
        report.warning("model/version", "mlflow_version", "the version is no text; quote it");
    }
}

fn signature(model: &MlModel, report: &mut Report) {
    let signature = match model.signature() {
        Ok(Some(signature)) => signature,
        Ok(None) => {
            let message =
                "there is no signature: MLflow checks no input, and the Unity Catalog refuses the model";
            return report.warning("signature/missing", "signature", message);
        }
        Err(error) => {
            return report.error(
                "signature/invalid",
                error.path.clone(),
                format!("{}; MLflow cannot load the package", error.message),
            );
        }
    };
    let written = |side: &str| {
        let text = model.get("signature").and_then(|map| map.get(side)).and_then(Value::as_str);
        text.and_then(|text| serde_json::from_str::<serde_json::Value>(text).ok()).unwrap_or_default()
    };
    for (side, schema) in [("inputs", &signature.inputs), ("outputs", &signature.outputs)] {
        let raw = written(side);
        for (index, item) in raw.as_array().into_iter().flatten().enumerate() {
            let path = |key: &str| format!("signature.{side}[{index}].{key}");
            if item.get("optional").is_some() {
                let message =
                    "MLflow 2.10 and later fail on this key of older versions; write required instead";
                report.error("signature/optional", path("optional"), message);
            }
            let shape = item
                .get("tensor-spec")
                .and_then(|spec| spec.get("shape"))
                .and_then(serde_json::Value::as_array);
            if shape.is_some_and(|shape| shape.iter().any(serde_json::Value::is_null)) {
                let message = "a dimension of null matches no input: every predict fails. Write -1";
                report.error("signature/null-dimension", path("tensor-spec.shape"), message);
            }
            let is_scalar = item
                .get("type")
                .and_then(serde_json::Value::as_str)
                .is_some_and(|ty| crate::schema::DataType::from_name(ty).is_some() || ty == "tensor");
            if !is_scalar && item.get("required").is_none() {
                let message = "without required MLflow takes this column as optional; write it";
                report.warning("signature/required", path("required"), message);
            }
        }
        let Some(Schema::Columns(columns)) = schema else { continue };
        for (index, column) in columns.iter().enumerate() {
            let Some(name) = &column.name else { continue };
            let path = format!("signature.{side}[{index}].name");
            if name.to_string().is_empty() {
                report.error("signature/empty-name", path, "no caller can send a column with an empty name");
            } else if columns.iter().take(index).any(|other| other.name.as_ref() == Some(name)) {
                report.error(
                    "signature/duplicate-name",
                    path,
                    format!("the column {name} stands there twice"),
                );
            }
            if side == "inputs" && column.ty == ColumnType::Any {
                let message = format!("the type of {name} is not checked: any value passes");
                report.info("signature/any", format!("signature.{side}[{index}].type"), message);
            }
        }
    }
    if model.get("is_signature_from_type_hint") == Some(&Value::Bool(true))
        && model
            .flavor("python_function")
            .is_none_or(|block| !block.contains_key("python_model") && !block.contains_key("model_code_path"))
    {
        let message = "MLflow skips every check of the input when this is true; set it to false";
        report.warning("signature/type-hint", "is_signature_from_type_hint", message);
    }
}

fn metadata(model: &MlModel, report: &mut Report) {
    let Some(metadata) = model.get("metadata") else { return };
    let Some(map) = metadata.as_mapping() else {
        return report.error("metadata/not-a-map", "metadata", "MLflow loads only a map here");
    };
    if map
        .get("mlflow.model.isExternal")
        .is_some_and(|value| value == &Value::Bool(true) || value.as_str() == Some("true"))
    {
        let message = "MLflow refuses to load a model whose files are elsewhere";
        report.error("metadata/external", "metadata.mlflow.model.isExternal", message);
    }
}

fn example(model: &MlModel, files: &dyn PackageFiles, report: &mut Report) {
    let Some(info) = model.get("saved_input_example_info") else { return };
    let Some(path) = info.get("artifact_path").and_then(Value::as_str) else {
        let message = "the example has no artifact_path; load_input_example fails";
        return report.warning("example/path", "saved_input_example_info.artifact_path", message);
    };
    let Ok(bytes) = files.read(path, super::TEXT_BYTES) else {
        let message = "the file of the example is missing; load_input_example fails, everything else works";
        return report.warning("example/missing", path, message);
    };
    if serde_json::from_slice::<serde::de::IgnoredAny>(&bytes).is_err() {
        let text = String::from_utf8_lossy(&bytes);
        let message = if text.contains("NaN") || text.contains("Infinity") {
            "the file holds NaN or Infinity, which is not JSON; other readers than Python's refuse it. Write null"
        } else {
            "the file is not JSON"
        };
        report.warning("example/json", path, message);
    }
    let ty = info.get("type").and_then(Value::as_str).unwrap_or_default();
    if !matches!(ty, "dataframe" | "ndarray" | "json_object" | "sparse_matrix_csr" | "sparse_matrix_csc") {
        report.warning(
            "example/type",
            "saved_input_example_info.type",
            format!("MLflow knows no example type {ty:?}"),
        );
    }
}
