//! The xgboost flavor (`mlflow.xgboost`): XGBoost's own files. The loader finds the MLmodel beside the data file, so
//! that lies in the root, and XGBoost chooses its parser by the file's ending.

use packwright_inspect::Inspection;
use serde_yaml::Value;

use super::{Layout, block, copied, data_name_with, put_version, version_of};

/// JSON, UBJSON or the old binary, as it is.
pub(super) fn native(inspection: &Inspection, model_class: &str, extension: &str) -> Layout {
    let file = copied(inspection, &data_name_with(inspection, extension));
    let path = file.path.as_str();
    // MLflow's own word for everything that is neither.
    let format = if matches!(extension, "json" | "ubj") { extension } else { "xgb" };
    let mut own = block([
        ("data", Value::from(path)),
        ("model_class", Value::from(model_class)),
        ("model_format", Value::from(format)),
    ]);
    put_version(&mut own, "xgb_version", version_of(inspection, "xgboost"));
    let python = block([("data", Value::from(path)), ("loader_module", Value::from("mlflow.xgboost"))]);
    Layout {
        blocks: vec![("python_function", python), ("xgboost", own)],
        data: vec![file],
        ..Layout::default()
    }
}
