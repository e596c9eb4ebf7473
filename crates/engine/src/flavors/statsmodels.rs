//! The statsmodels flavor (`mlflow.statsmodels`): pickled results, called with a table, or a range for time series.

use packwright_inspect::{Inspection, LoaderCall};
use serde_yaml::Value;

use super::{Layout, block, loader, plain_pickle, put_version, version_of};
use crate::plan::PlanError;

/// Results as they are, rewritten when the file is joblib.
pub(super) fn native(inspection: &Inspection, is_joblib: bool) -> Layout {
    let file = plain_pickle(inspection, is_joblib);
    let path = file.path.as_str();
    let mut own = block([("data", Value::from(path))]);
    put_version(&mut own, "statsmodels_version", version_of(inspection, "statsmodels"));
    let python = block([("data", Value::from(path)), ("loader_module", Value::from("mlflow.statsmodels"))]);
    Layout {
        blocks: vec![("python_function", python), ("statsmodels", own)],
        data: vec![file],
        ..Layout::default()
    }
}

/// A loader in place of a joblib file that cannot be rewritten.
pub(super) fn fallback(inspection: &Inspection, reason: &str) -> Result<Layout, PlanError> {
    let is_series = inspection.fact("model_kind").is_some_and(|kind| kind.value == "forecaster");
    let call = if is_series { LoaderCall::StatsmodelsSeries } else { LoaderCall::Predict };
    loader::fallback(inspection, call, reason)
}
