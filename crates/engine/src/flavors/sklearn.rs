//! The sklearn flavor (`mlflow.sklearn`): a pickle or a skops file, called through `predict_fn`.

use packwright_inspect::Inspection;
use serde_yaml::{Mapping, Value};

use super::{DataFile, Layout, block, copied, data_name, data_name_with, put_version, rewritten, version_of};

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
pub(super) fn skops(inspection: &Inspection, trusted_types: &[String]) -> Layout {
    let file = copied(inspection, &data_name_with(inspection, "skops"));
    let mut layout = layout(inspection, file, "skops", "predict");
    let types = trusted_types.iter().map(|name| Value::from(name.as_str())).collect();
    if let Some((_, block)) = layout.blocks.iter_mut().find(|(name, _)| *name == "sklearn") {
        block.insert(Value::from("skops_trusted_types"), Value::Sequence(types));
    }
    layout
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
