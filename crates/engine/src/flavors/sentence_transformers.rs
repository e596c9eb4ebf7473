//! The `sentence_transformers` flavor (`mlflow.sentence_transformers`): the folder as it is, under the name that the
//! flavor insists on.

use packwright_inspect::Inspection;
use serde_yaml::Value;

use super::{Layout, block, folder, put_version, version_of};
use crate::plan::PlanError;

/// The name of the folder in the package.
const DATA: &str = "model.sentence_transformer";

/// The folder as it is.
pub(super) fn native(inspection: &Inspection, architecture: Option<&str>) -> Result<Layout, PlanError> {
    let mut own = block([]);
    put_version(&mut own, "pipeline_model_type", architecture.map(str::to_owned));
    put_version(&mut own, "sentence_transformers_version", version_of(inspection, "sentence-transformers"));
    let python =
        block([("data", Value::from(DATA)), ("loader_module", Value::from("mlflow.sentence_transformers"))]);
    let data = folder::files(inspection, DATA, |_| true)?;
    Ok(Layout {
        blocks: vec![("python_function", python), ("sentence_transformers", own)],
        data,
        ..Layout::default()
    })
}
