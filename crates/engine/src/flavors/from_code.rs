//! The `python_function` flavor over a generated `model.py` (MLflow's "models from code"): formats whose runtime MLflow
//! does not know.

use packwright_inspect::Inspection;
use packwright_mlflow::schema::ParamSpec;
use serde_yaml::{Mapping, Value};

use super::{DataFile, Layout, artifact_name, block, copied};
use crate::names;

/// Where MLflow looks for the code; it must lie in the root.
const MODEL_CODE: &str = "model.py";

/// The artifact in `artifacts/`, and the code that opens it as `context.artifacts["model"]`. What is in `config` can be
/// changed when the model is loaded.
pub(super) fn layout(
    inspection: &Inspection,
    text: String,
    config: Mapping,
    params: Vec<ParamSpec>,
) -> Layout {
    let path = format!("artifacts/{}", names::portable(&artifact_name(inspection)));
    let file: DataFile = copied(inspection, &path);
    let artifact = block([("path", Value::from(path.as_str())), ("uri", Value::from(path.as_str()))]);
    let mut python = block([
        ("artifacts", Value::Mapping(block([("model", Value::Mapping(artifact))]))),
        ("loader_module", Value::from("mlflow.pyfunc.loaders.code_model")),
        ("model_code_path", Value::from(MODEL_CODE)),
        ("streamable", Value::from(false)),
    ]);
    if !config.is_empty() {
        python.insert(Value::from("config"), Value::Mapping(config));
    }
    Layout {
        data: vec![file],
        model_code: Some((MODEL_CODE.to_owned(), text)),
        blocks: vec![("python_function", python)],
        params,
        ..Layout::default()
    }
}
