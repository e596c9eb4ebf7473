//! One module per MLflow flavor: the file layout, the blocks of the MLmodel and the code that each needs.

mod catboost;
mod categories;
mod coreml;
mod folder;
mod from_code;
mod gguf;
mod keras;
mod keras_weights;
mod lightgbm;
pub(crate) mod loader;
mod onnx;
mod pmdarima;
mod prophet;
mod pytorch;
mod sentence_transformers;
mod sklearn;
mod statsmodels;
mod tensorflow;
mod tf_graph;
mod tflite;
mod torch_code;
mod torch_weights;
mod transformers;
mod xgboost;

use std::path::PathBuf;

use packwright_inspect::{Inspection, LoaderCall, Member, PytorchForm, Serving};
use packwright_mlflow::schema::ParamSpec;
use serde_yaml::{Mapping, Value};

use self::categories::Model;
pub(crate) use self::loader::python_string;
use crate::draft::Draft;
use crate::names;
use crate::plan::PlanError;

/// Names in the package's root that are not for data files.
const RESERVED: [&str; 16] = [
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
    "readme.md",
    "bom.cdx.json",
    "sha256sums",
    "model.sig",
];

/// What a flavor puts into the package.
#[derive(Debug, Clone, Default)]
pub(crate) struct Layout {
    /// Files made from the artifact, the model first.
    pub(crate) data: Vec<DataFile>,
    /// Generated Python files in `code/`: path in the package and text.
    pub(crate) code: Vec<(String, String)>,
    /// Generated files that are no code: path in the package and text.
    pub(crate) texts: Vec<(String, &'static str)>,
    /// The generated `model.py` in the package's root: path in the package and text.
    pub(crate) model_code: Option<(String, String)>,
    /// The blocks under `flavors`, without `env`, `python_version` and `code`, which are the same for all.
    pub(crate) blocks: Vec<(&'static str, Mapping)>,
    /// Inference parameters that the generated code understands.
    pub(crate) params: Vec<ParamSpec>,
    /// What the person should know about this layout, in sentences.
    pub(crate) warnings: Vec<String>,
}

impl Layout {
    /// Every generated Python file: path in the package and text.
    pub(crate) fn generated(&self) -> impl Iterator<Item = &(String, String)> {
        self.code.iter().chain(&self.model_code)
    }
}

/// One file made from the artifact.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct DataFile {
    /// Where it lies in the package, with `/`.
    pub(crate) path: String,
    /// What it is made from.
    pub(crate) from: PathBuf,
    /// What is done to it on the way.
    pub(crate) change: Change,
    /// The file inside `from` that is meant; `from` itself when there is none.
    pub(crate) member: Option<Member>,
    /// The length of `from`.
    pub(crate) size_bytes: u64,
}

impl DataFile {
    /// A file that lies on the disk by itself and is copied byte by byte.
    pub(crate) fn copied(path: String, from: PathBuf, size_bytes: u64) -> Self {
        Self { path, from, change: Change::None, member: None, size_bytes }
    }

    /// The length of what is copied or rewritten.
    pub(crate) fn content_bytes(&self) -> u64 {
        self.member.as_ref().map_or(self.size_bytes, |member| member.size_bytes)
    }
}

/// What is done to a file on its way into the package.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Change {
    /// Nothing: it is copied byte by byte.
    None,
    /// A joblib file is rewritten as a plain pickle.
    Pickle,
    /// A JSON text is encoded as a JSON string.
    JsonString,
    /// An ONNX model in a form made for people is written as the binary one.
    OnnxBinary,
}

/// Whether a generated loader stands beside a scikit-learn block, whose plain pickle it opens.
pub(crate) fn is_beside_native(path: &str, call: LoaderCall) -> bool {
    path.is_empty() && matches!(call, LoaderCall::Transform | LoaderCall::FitPredict)
}

/// The layout for a draft. `fallback` asks for the loader module in place of a rewritten joblib file.
pub(crate) fn layout(draft: &Draft, fallback: Option<&str>) -> Result<Layout, PlanError> {
    let inspection = draft.inspection();
    let main = draft.main_script();
    if let (Some(main), Some((path, call))) = (&main, pickled(&inspection.serving)) {
        return loader::loader(inspection, path, call, Some(main));
    }
    if let (Some(main), Serving::Pytorch { form: PytorchForm::Module }) = (&main, &inspection.serving) {
        return Ok(pytorch::pickled(inspection, "", Some(main)));
    }
    match (&inspection.serving, fallback) {
        (Serving::SklearnPickle { predict_fn }, _) => Ok(sklearn::pickle(inspection, predict_fn)),
        (Serving::SklearnJoblib { predict_fn }, None) => Ok(sklearn::joblib(inspection, predict_fn)),
        (Serving::SklearnJoblib { .. } | Serving::LightgbmPickle { is_joblib: true, .. }, Some(reason)) => {
            loader::fallback(inspection, LoaderCall::Predict, reason)
        }
        (Serving::SklearnSkops { path, call, .. }, _) => {
            sklearn::skops(inspection, &draft.trusted_types(), path, *call)
        }
        (Serving::PickleLoader { call, .. }, Some(reason)) => loader::fallback(inspection, *call, reason),
        (Serving::PickleLoader { path, call, is_joblib }, None) => {
            if is_beside_native(path, *call) {
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
        (Serving::LightgbmPickle { model_class, is_joblib }, _) => {
            let native = lightgbm::pickle(inspection, model_class, *is_joblib);
            Ok(categories::restore(inspection, Model::Pickle, native))
        }
        (Serving::Catboost { model_type, save_format }, _) => {
            Ok(catboost::native(inspection, model_type, save_format))
        }
        (Serving::Onnx { is_text }, _) => onnx::native(inspection, *is_text),
        (Serving::OnnxRuntime { is_ort, is_extended, is_text }, _) => {
            let how = onnx::Runtime { is_ort: *is_ort, is_extended: *is_extended, is_text: *is_text };
            onnx::runtime(inspection, how)
        }
        (Serving::Statsmodels { is_joblib: true }, Some(reason)) => statsmodels::fallback(inspection, reason),
        (Serving::Statsmodels { is_joblib }, _) => Ok(statsmodels::native(inspection, *is_joblib)),
        (Serving::Pmdarima { is_joblib: true, .. }, Some(reason)) => {
            loader::fallback(inspection, LoaderCall::Pmdarima, reason)
        }
        (Serving::Pmdarima { model_type, is_joblib }, _) => {
            Ok(pmdarima::native(inspection, model_type, *is_joblib))
        }
        (Serving::Prophet { is_encoded }, _) => Ok(prophet::native(inspection, *is_encoded)),
        (Serving::Pytorch { form }, _) => Ok(pytorch::native(inspection, *form)),
        (Serving::TorchProgram { form, inputs, call }, _) => {
            Ok(pytorch::program(inspection, *form, inputs, call.as_ref()))
        }
        (Serving::TorchModuleInside { path }, _) => {
            Ok(pytorch::pickled(inspection, &loader::steps(path)?, main.as_ref()))
        }
        (Serving::Keras, _) => Ok(keras::native(inspection)),
        (Serving::TensorflowKeras { keras_module, is_h5 }, _) => {
            Ok(tensorflow::keras(inspection, keras_module, *is_h5))
        }
        (Serving::KerasLoader { keras_module, is_h5, custom_objects, holds_code }, _) => {
            let how = keras::How { keras_module, is_h5: *is_h5, custom_objects, holds_code: *holds_code };
            Ok(keras::loader(inspection, &how, main.as_ref()))
        }
        (Serving::SavedModel { tags, signature }, _) => tensorflow::saved_model(inspection, tags, signature),
        (Serving::SavedModule, _) => tensorflow::module(inspection),
        (Serving::Transformers { .. }, _) => transformers::native(inspection),
        (Serving::SentenceTransformers { architecture }, _) => {
            sentence_transformers::native(inspection, architecture.as_deref())
        }
        (Serving::Coreml { inputs, is_stateful, empty_folders }, _) => {
            coreml::from_code(inspection, inputs, *is_stateful, empty_folders)
        }
        (Serving::Gguf { is_chat }, _) => gguf::from_code(inspection, *is_chat),
        (Serving::Tflite { signature, is_flex }, _) => {
            Ok(tflite::from_code(inspection, signature.as_deref(), *is_flex))
        }
        (Serving::TorchWeights { form, path, allowed, shards }, _) => {
            match (draft.architecture(), draft.export_blocked()) {
                (Some(architecture), None) => {
                    let names = draft.architecture_names();
                    let weights = torch_weights::Weights { form: *form, path, allowed, shards };
                    let mut layout = torch_weights::from_code(inspection, &weights, &architecture, names)?;
                    layout.warnings.extend(draft.architecture_side_effect());
                    Ok(layout)
                }
                (_, problem) => Err(PlanError::NotServable(problem.unwrap_or_default())),
            }
        }
        (Serving::TfGraph { inputs, outputs }, _) => Ok(tf_graph::from_code(inspection, inputs, outputs)),
        (Serving::KerasWeights { is_by_layer }, _) => match (draft.network(), draft.export_blocked()) {
            (Some(network), None) => Ok(keras_weights::from_code(inspection, *is_by_layer, network)),
            (_, problem) => Err(PlanError::NotServable(problem.unwrap_or_default())),
        },
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
    let artifact = &inspection.artifact;
    DataFile {
        member: artifact.member.clone(),
        ..DataFile::copied(path.to_owned(), artifact.path.clone(), artifact.size_bytes)
    }
}

fn rewritten(inspection: &Inspection, path: &str) -> DataFile {
    DataFile { change: Change::Pickle, ..copied(inspection, path) }
}

/// A pickle as it is, or a joblib file rewritten as one.
fn plain_pickle(inspection: &Inspection, is_joblib: bool) -> DataFile {
    if is_joblib { rewritten(inspection, "model.pkl") } else { copied(inspection, &data_name(inspection)) }
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
