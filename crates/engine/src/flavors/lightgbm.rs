//! The lightgbm flavor (`mlflow.lightgbm`): LightGBM's text, or a pickled estimator. The data file lies in the root.

use packwright_inspect::Inspection;
use serde_yaml::Value;

use super::{DataFile, Layout, block, copied, data_name, put_version, rewritten, version_of};

/// A text model as it is, loaded as a booster.
pub(super) fn text(inspection: &Inspection) -> Layout {
    layout(inspection, copied(inspection, &data_name(inspection)), "lightgbm.basic.Booster", None)
}

/// A pickled estimator, rewritten when it is joblib.
pub(super) fn pickle(inspection: &Inspection, model_class: &str, is_joblib: bool) -> Layout {
    let file = if is_joblib {
        rewritten(inspection, "model.pkl")
    } else {
        copied(inspection, &data_name(inspection))
    };
    layout(inspection, file, model_class, Some("pickle"))
}

fn layout(inspection: &Inspection, file: DataFile, model_class: &str, format: Option<&str>) -> Layout {
    let path = file.path.as_str();
    let mut own = block([("data", Value::from(path)), ("model_class", Value::from(model_class))]);
    if let Some(format) = format {
        own.insert(Value::from("serialization_format"), Value::from(format));
    }
    put_version(&mut own, "lgb_version", version_of(inspection, "lightgbm"));
    let python = block([("data", Value::from(path)), ("loader_module", Value::from("mlflow.lightgbm"))]);
    Layout {
        blocks: vec![("lightgbm", own), ("python_function", python)],
        data: vec![file],
        ..Layout::default()
    }
}
