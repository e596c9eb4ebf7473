//! The prophet flavor (`mlflow.prophet`): the text of `model_to_json`, which MLflow stores as a JSON string.

use packwright_inspect::Inspection;
use serde_yaml::Value;

use super::{Change, DataFile, Layout, block, copied, data_name, put_version, version_of};

/// A text that is encoded already as it is; a plain one is encoded on the way.
pub(super) fn native(inspection: &Inspection, is_encoded: bool) -> Layout {
    let file = if is_encoded {
        copied(inspection, &data_name(inspection))
    } else {
        DataFile { change: Change::JsonString, ..copied(inspection, "model.pr") }
    };
    let path = file.path.as_str();
    let mut own = block([("data", Value::from(path)), ("model_type", Value::from("Prophet"))]);
    put_version(&mut own, "prophet_version", version_of(inspection, "prophet"));
    let python = block([("data", Value::from(path)), ("loader_module", Value::from("mlflow.prophet"))]);
    Layout {
        blocks: vec![("prophet", own), ("python_function", python)],
        data: vec![file],
        ..Layout::default()
    }
}
