//! The sklearn flavor (`mlflow.sklearn`): a pickle or a skops file, called through `predict_fn`.

use packwright_inspect::{Inspection, LoaderCall};
use serde_yaml::{Mapping, Value};

use super::loader;
use super::{DataFile, Layout, block, copied, data_name, data_name_with, put_version, rewritten, version_of};
use crate::environment::major_minor;
use crate::plan::PlanError;

/// A plain pickle as it is.
pub(super) fn pickle(inspection: &Inspection, predict_fn: &str) -> Layout {
    // `pickle.load` and `cloudpickle.load` are the same function; the word only tells what must be installed.
    let format = if inspection.format == "cloudpickle" { "cloudpickle" } else { "pickle" };
    layout(inspection, copied(inspection, &data_name(inspection)), format, predict_fn)
}

/// A joblib file rewritten as a plain pickle: MLflow cannot open joblib's.
pub(super) fn joblib(inspection: &Inspection, predict_fn: &str) -> Layout {
    layout(inspection, rewritten(inspection, "model.pkl"), "pickle", predict_fn)
}

/// A skops file as it is, with the types that skops does not trust by itself.
///
/// MLflow 2 has no skops in its sklearn flavor, and scikit-learn below 1.6 is what MLflow 2 goes with. There pyfunc
/// gets a loader of our own, and the sklearn block stays for MLflow 3.
pub(super) fn skops(
    inspection: &Inspection,
    trusted_types: &[String],
    path: &str,
    call: LoaderCall,
) -> Result<Layout, PlanError> {
    let file = copied(inspection, &data_name_with(inspection, "skops"));
    if !path.is_empty() {
        return loader::skops(file, trusted_types, path, call);
    }
    let mut native = layout(inspection, file.clone(), "skops", "predict");
    let types = trusted_types.iter().map(|name| Value::from(name.as_str())).collect();
    if let Some((_, block)) = native.blocks.iter_mut().find(|(name, _)| *name == "sklearn") {
        block.insert(Value::from("skops_trusted_types"), Value::Sequence(types));
    }
    let version = version_of(inspection, "scikit-learn").as_deref().and_then(major_minor);
    if call == LoaderCall::Predict && version.is_none_or(|version| (1, 6) <= version) {
        return Ok(native);
    }
    let mut own = loader::skops(file, trusted_types, path, call)?;
    own.blocks.extend(native.blocks.into_iter().filter(|(name, _)| *name == "sklearn"));
    Ok(own)
}

/// An estimator without `predict`: the sklearn flavor opens it, pyfunc calls it through a loader of our own.
pub(super) fn without_predict(inspection: &Inspection, call: LoaderCall, is_joblib: bool) -> Layout {
    let native = if is_joblib { joblib(inspection, "predict") } else { pickle(inspection, "predict") };
    let mut own = Layout::default();
    if let Some(file) = native.data.first() {
        own = loader::beside_native(file.clone(), call);
    }
    own.blocks.extend(native.blocks.into_iter().filter(|(name, _)| *name == "sklearn"));
    own
}

fn layout(inspection: &Inspection, file: DataFile, format: &str, predict_fn: &str) -> Layout {
    let path = file.path.as_str();
    let mut own: Mapping =
        block([("pickled_model", Value::from(path)), ("serialization_format", Value::from(format))]);
    let recorded = || Some(inspection.fact("sklearn_version")?.value.as_str()?.to_owned());
    put_version(&mut own, "sklearn_version", version_of(inspection, "scikit-learn").or_else(recorded));
    let python = block([
        ("loader_module", Value::from("mlflow.sklearn")),
        ("model_path", Value::from(path)),
        ("predict_fn", Value::from(predict_fn)),
    ]);
    Layout {
        blocks: vec![("python_function", python), ("sklearn", own)],
        data: vec![file],
        ..Layout::default()
    }
}
