//! Rules of the signature.

use serde_json::Value;

use super::Report;
use crate::mlmodel::MlModel;
use crate::schema::{ColSpec, ColumnName, Schema};

pub(super) fn check(model: &MlModel, report: &mut Report) {
    let (signature, errors) = model.read_signature();
    for error in errors {
        let message = format!("{}; MLflow fails to load the package", error.message);
        report.error(error.rule, error.path, message);
    }
    let Some(signature) = signature else {
        if model.get("signature").is_none() {
            let message =
                "there is no signature: MLflow checks no input, and some registries refuse the model";
            report.warning("signature/missing", "signature", message);
        }
        return;
    };
    for (side, schema) in [("inputs", &signature.inputs), ("outputs", &signature.outputs)] {
        written(model, side, report);
        if let Some(Schema::Columns(columns)) = schema {
            names(columns, side, report);
        }
    }
    let is_true = model.get("is_signature_from_type_hint") == Some(&serde_yaml::Value::Bool(true));
    let pyfunc = model.flavor("python_function");
    let is_python_model = pyfunc
        .is_some_and(|block| block.contains_key("python_model") || block.contains_key("model_code_path"));
    if is_true && !is_python_model {
        let message = "MLflow skips every check of the input when this is true; set it to false";
        report.warning("signature/type-hint", "is_signature_from_type_hint", message);
    }
}

/// What loads and cannot be seen in the types any more.
fn written(model: &MlModel, side: &str, report: &mut Report) {
    let text = model.get("signature").and_then(|map| map.get(side)).and_then(serde_yaml::Value::as_str);
    let items = text.and_then(|text| serde_json::from_str::<Value>(text).ok()).unwrap_or_default();
    for (index, item) in items.as_array().into_iter().flatten().enumerate() {
        let at = |key: &str| format!("signature.{side}[{index}].{key}");
        let ty = item.get("type").and_then(Value::as_str).unwrap_or_default();
        if item.get("optional").is_some() {
            let message = "MLflow 2.10 and later fail on this key of older versions with TypeError; \
                write \"required\": false for \"optional\": true";
            report.error("signature/legacy-optional", at("optional"), message);
        }
        let shape = item.get("tensor-spec").and_then(|spec| spec.get("shape")).and_then(Value::as_array);
        if shape.is_some_and(|shape| shape.iter().any(Value::is_null)) {
            let message = "a dimension of null loads and matches no input, so every predict fails; write -1";
            report.error("signature/null-dimension", at("tensor-spec.shape"), message);
        }
        let is_nested = matches!(ty, "array" | "object" | "map" | "any" | "sparkml_vector");
        if is_nested && item.get("required").is_none() && item.get("optional").is_none() {
            let message =
                format!("MLflow takes a column of type {ty} without \"required\" as optional; write it out");
            report.warning("signature/required", at("required"), message);
        }
    }
}

fn names(columns: &[ColSpec], side: &str, report: &mut Report) {
    for (index, column) in columns.iter().enumerate() {
        let at = format!("signature.{side}[{index}].name");
        match &column.name {
            Some(ColumnName::Text(name)) if name.is_empty() => {
                report.error("signature/empty-name", at, "no caller can send a column with an empty name");
            }
            Some(name) if columns.iter().take(index).any(|other| other.name.as_ref() == Some(name)) => {
                let message =
                    format!("there are two columns {name}, and MLflow cannot tell them apart; rename one");
                report.error("signature/duplicate-name", at, message);
            }
            _ => {}
        }
    }
}
