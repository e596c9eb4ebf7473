//! Rules of the MLmodel's own keys.

use serde_yaml::Value;

use super::Report;
use crate::mlmodel::MlModel;
use crate::yaml;

pub(super) fn check(model: &MlModel, report: &mut Report) {
    if model.text("model_id").is_some() {
        let message = "get_model_info asks the tracking server about this id and fails where it is unknown; \
            set it to null in a package that is passed on";
        report.warning("mlmodel/model-id", "model_id", message);
    }
    let env_vars = model.get("env_vars");
    let is_texts =
        |value: &Value| value.as_sequence().is_some_and(|items| items.iter().all(Value::is_string));
    if env_vars.is_some_and(|value| !is_texts(value)) {
        let message = "MLflow fails with TypeError unless this is a list of texts; remove or correct it";
        report.error("mlmodel/env-vars", "env_vars", message);
    }
    if let Some(version) = model.get("mlflow_version").filter(|version| !version.is_string()) {
        let message = format!("the version reads as {}, not as text; put it in quotes", yaml::kind(version));
        report.warning("mlmodel/version", "mlflow_version", message);
    }
    metadata(model, report);
}

fn metadata(model: &MlModel, report: &mut Report) {
    let Some(metadata) = model.get("metadata") else { return };
    let Some(map) = metadata.as_mapping() else {
        let message = format!("MLflow fails to load {} here; make it a map", yaml::kind(metadata));
        return report.error("metadata/not-a-map", "metadata", message);
    };
    let external = map.get("mlflow.model.isExternal");
    if external.is_some_and(|value| value == &Value::Bool(true) || value.as_str() == Some("true")) {
        let message = "MLflow refuses to load a model that says that its files are elsewhere; remove the key";
        report.error("metadata/external", "metadata.mlflow.model.isExternal", message);
    }
}
