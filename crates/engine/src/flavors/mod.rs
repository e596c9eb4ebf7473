//! One module per MLflow flavor: the file layout, the blocks of the MLmodel and the code that each needs.

mod categories;
mod lightgbm;
pub(crate) mod loader;
mod onnx;
mod sklearn;
mod xgboost;

use std::path::PathBuf;

use packwright_inspect::{Inspection, LoaderCall, Member, Serving};
use packwright_mlflow::schema::ParamSpec;
use serde_yaml::{Mapping, Value};

use self::categories::Model;
pub(crate) use self::loader::python_string;
use crate::draft::Draft;
use crate::names;
use crate::plan::PlanError;

/// Names in the package's root that are not for data files.
const RESERVED: [&str; 12] = [
    "mlmodel",
    "conda.yaml",
    "python_env.yaml",
    "requirements.txt",
    "constraints.txt",
    "code",
    "artifacts",
    "input_example.json",
    "serving_input_example.json",
    "registered_model_meta",
    "uv.lock",
    "pyproject.toml",
];

/// What a flavor puts into the package.
#[derive(Debug, Clone, Default)]
pub(crate) struct Layout {
    /// Files made from the artifact, the model first.
    pub(crate) data: Vec<DataFile>,
    /// Generated Python files: path in the package and text.
    pub(crate) code: Vec<(String, String)>,
    /// The blocks under `flavors`, without `env`, `python_version` and `code`, which are the same for all.
    pub(crate) blocks: Vec<(&'static str, Mapping)>,
    /// Inference parameters that the generated code understands.
    pub(crate) params: Vec<ParamSpec>,
    /// What the person should know about this layout, in sentences.
    pub(crate) warnings: Vec<String>,
}

/// One file made from the artifact.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct DataFile {
    /// Where it lies in the package, with `/`.
    pub(crate) path: String,
    /// What it is made from.
    pub(crate) from: PathBuf,
    /// Whether it is a joblib file that is rewritten as a plain pickle; copied byte by byte otherwise.
    pub(crate) is_rewritten: bool,
    /// The file inside `from` that is meant; `from` itself when there is none.
    pub(crate) member: Option<Member>,
    /// The length of `from`.
    pub(crate) size_bytes: u64,
}

impl DataFile {
    /// The length of what is copied or rewritten.
    pub(crate) fn content_bytes(&self) -> u64 {
        self.member.as_ref().map_or(self.size_bytes, |member| member.size_bytes)
    }
}

/// The layout for a draft. `fallback` asks for the loader module in place of a rewritten joblib file.
pub(crate) fn layout(draft: &Draft, fallback: Option<&str>) -> Result<Layout, PlanError> {
    let inspection = draft.inspection();
    let main = draft.main_script();
    if let (Some(main), Some((path, call))) = (&main, pickled(&inspection.serving)) {
        return loader::loader(inspection, path, call, Some(main));
    }
    match (&inspection.serving, fallback) {
        (Serving::SklearnPickle { predict_fn }, _) => Ok(sklearn::pickle(inspection, predict_fn)),
        (Serving::SklearnJoblib { predict_fn }, None) => Ok(sklearn::joblib(inspection, predict_fn)),
        (Serving::SklearnSkops { path, call, .. }, _) => {
            sklearn::skops(inspection, &draft.trusted_types(), path, *call)
        }
        (Serving::PickleLoader { call, .. }, Some(reason)) => loader::fallback(inspection, *call, reason),
        (Serving::PickleLoader { path, call, is_joblib }, None) => {
            let is_estimator = matches!(call, LoaderCall::Transform | LoaderCall::FitPredict);
            if path.is_empty() && is_estimator {
                return Ok(sklearn::without_predict(inspection, *call, *is_joblib));
            }
            loader::loader(inspection, path, *call, None)
        }
        (Serving::Xgboost { model_class, extension }, _) => {
            let native = xgboost::native(inspection, model_class, extension);
            Ok(categories::restore(inspection, Model::Xgboost(model_class), native))
        }
        (Serving::LightgbmText, _) => {
            Ok(categories::restore(inspection, Model::LightgbmText, lightgbm::text(inspection)))
        }
        (Serving::SklearnJoblib { .. } | Serving::LightgbmPickle { is_joblib: true, .. }, Some(reason)) => {
            loader::fallback(inspection, LoaderCall::Predict, reason)
        }
        (Serving::LightgbmPickle { model_class, is_joblib }, _) => {
            let native = lightgbm::pickle(inspection, model_class, *is_joblib);
            Ok(categories::restore(inspection, Model::Pickle, native))
        }
        (Serving::Onnx, _) => onnx::native(inspection),
        (Serving::Package | Serving::No, _) => {
            Err(PlanError::NotServable(draft.export_blocked().unwrap_or_default()))
        }
    }
}

/// The way to the model and what is called on it, for files that are opened by unpickling.
fn pickled(serving: &Serving) -> Option<(&str, LoaderCall)> {
    match serving {
        Serving::SklearnPickle { .. } | Serving::SklearnJoblib { .. } | Serving::LightgbmPickle { .. } => {
            Some(("", LoaderCall::Predict))
        }
        Serving::PickleLoader { path, call, .. } => Some((path, *call)),
        _ => None,
    }
}

/// The artifact's file name as it may stand in the package's root.
fn data_name(inspection: &Inspection) -> String {
    free(names::portable(&artifact_name(inspection)))
}

/// The same with an ending of our choice.
fn data_name_with(inspection: &Inspection, extension: &str) -> String {
    free(names::with_extension(&artifact_name(inspection), extension))
}

fn free(name: String) -> String {
    if RESERVED.contains(&name.to_ascii_lowercase().as_str()) { format!("model_{name}") } else { name }
}

fn artifact_name(inspection: &Inspection) -> String {
    if let Some(member) = &inspection.artifact.member {
        return member.file_name.clone();
    }
    let name = inspection.artifact.path.file_name().unwrap_or_default();
    name.to_string_lossy().into_owned()
}

fn copied(inspection: &Inspection, path: &str) -> DataFile {
    DataFile {
        path: path.to_owned(),
        from: inspection.artifact.path.clone(),
        is_rewritten: false,
        member: inspection.artifact.member.clone(),
        size_bytes: inspection.artifact.size_bytes,
    }
}

fn rewritten(inspection: &Inspection, path: &str) -> DataFile {
    DataFile { is_rewritten: true, ..copied(inspection, path) }
}

/// A block from its keys and texts.
fn block<const N: usize>(pairs: [(&str, Value); N]) -> Mapping {
    pairs.into_iter().map(|(key, value)| (Value::from(key), value)).collect()
}

/// The version of the framework, if `name` is the framework.
fn version_of(inspection: &Inspection, name: &str) -> Option<String> {
    let framework = inspection.framework.as_ref()?;
    let version = inspection.framework_version.as_ref()?;
    (framework.value == name).then(|| version.value.clone())
}

/// Adds `key: version` where the version is known; MLflow reads it for display only.
fn put_version(block: &mut Mapping, key: &str, version: Option<String>) {
    if let Some(version) = version {
        block.insert(Value::from(key), Value::from(version));
    }
}

#[cfg(test)]
mod tests;
