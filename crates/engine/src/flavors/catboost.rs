//! The catboost flavor (`mlflow.catboost`): CatBoost's own files. The loader finds the MLmodel beside the data file, so
//! that lies in the root.
//!
//! Pickled estimators go through the sklearn flavor. The `cbm` bytes inside them could be taken out, but not what lies
//! around them: the class that was pickled, which decides between labels and raw scores, and its parameters. MLflow
//! calls `predict` of the very object that was saved, and the data file stays the person's own, byte by byte.

use packwright_inspect::Inspection;
use serde_yaml::Value;

use super::{Layout, block, copied, put_version, version_of};

/// MLflow's own name for the file. CatBoost goes by `save_format`, not by the ending.
const FILE: &str = "model.cb";

/// A `cbm` or JSON file as it is.
pub(super) fn native(inspection: &Inspection, model_type: &str, save_format: &str) -> Layout {
    let mut own = block([
        ("data", Value::from(FILE)),
        ("model_type", Value::from(model_type)),
        ("save_format", Value::from(save_format)),
    ]);
    put_version(&mut own, "catboost_version", version_of(inspection, "catboost"));
    let python = block([("data", Value::from(FILE)), ("loader_module", Value::from("mlflow.catboost"))]);
    Layout {
        blocks: vec![("catboost", own), ("python_function", python)],
        data: vec![copied(inspection, FILE)],
        ..Layout::default()
    }
}
