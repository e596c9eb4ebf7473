//! Boosters that were trained on pandas categoricals. MLflow has no type for those, and its own loaders hand the
//! caller's column over as it is: a text column fails, and so does every JSON request. The categories are in the
//! file, so a generated loader restores them; the flavor's own block stays, for `mlflow.lightgbm` and
//! `mlflow.xgboost`.

use packwright_inspect::Inspection;
use serde_json::Value as Json;
use serde_yaml::Value;

use super::loader::{module_name, python_string};
use super::{Layout, block};

/// What the generated loader opens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Model<'a> {
    /// A text model, as a `lightgbm.Booster`.
    LightgbmText,
    /// A pickled LightGBM estimator.
    Pickle,
    /// XGBoost's own file, as the class of that import path.
    Xgboost(&'a str),
}

/// Gives a layout a loader that restores the categories, if the model has any.
pub(super) fn restore(inspection: &Inspection, model: Model<'_>, mut layout: Layout) -> Layout {
    let Some(categories) = inspection.fact("categories").and_then(|fact| fact.value.as_object()) else {
        return layout;
    };
    let Some(table) = python_table(categories) else { return layout };
    let text = loader(model, &table);
    let module = module_name(&text);
    let data = layout.data.first().map(|file| file.path.clone()).unwrap_or_default();
    layout.code.push((format!("code/{module}.py"), text));
    let python = block([("data", Value::from(data)), ("loader_module", Value::from(module))]);
    layout.blocks.retain(|(name, _)| *name != "python_function");
    layout.blocks.push(("python_function", python));
    layout.warnings.push(
        "The model was trained on pandas categoricals. Generated code gives the columns their categories, so that \
         callers can send plain values."
            .to_owned(),
    );
    layout
}

/// The categories as a Python dict literal; `None` when one of them has no literal.
fn python_table(categories: &serde_json::Map<String, Json>) -> Option<String> {
    let mut lines = String::new();
    for (column, values) in categories {
        let values: Option<Vec<String>> = values.as_array()?.iter().map(literal).collect();
        lines.push_str(&format!("    {}: [{}],\n", python_string(column), values?.join(", ")));
    }
    Some(lines)
}

fn literal(value: &Json) -> Option<String> {
    match value {
        Json::String(text) => Some(python_string(text)),
        Json::Number(number) => Some(number.to_string()),
        Json::Bool(bool) => Some(if *bool { "True" } else { "False" }.to_owned()),
        Json::Null | Json::Array(_) | Json::Object(_) => None,
    }
}

fn loader(model: Model<'_>, table: &str) -> String {
    let (imports, open, predict) = match model {
        Model::LightgbmText => (
            "import lightgbm\nimport pandas",
            "lightgbm.Booster(model_file=path)".to_owned(),
            "self._model.predict(frame)",
        ),
        // Rewritten joblib files are plain pickles, which joblib itself would misread.
        Model::Pickle => (
            "import pathlib\nimport pickle\n\nimport pandas",
            "pickle.loads(pathlib.Path(path).read_bytes())".to_owned(),
            "self._model.predict(frame)",
        ),
        Model::Xgboost(class) => match class.strip_prefix("xgboost.sklearn.") {
            None => (
                "import pandas\nimport xgboost",
                "xgboost.Booster(model_file=path)".to_owned(),
                "self._model.predict(xgboost.DMatrix(frame, enable_categorical=True))",
            ),
            // A wrapper gives labels where a booster gives probabilities.
            Some(name) => (
                "import pandas\nimport xgboost",
                format!("xgboost.{name}(enable_categorical=True)\n        self._model.load_model(path)"),
                "self._model.predict(frame)",
            ),
        },
    };
    format!(
        r"{imports}

CATEGORIES = {{
{table}}}


class Model:
    def __init__(self, path):
        self._model = {open}

    def predict(self, data):
        frame = data.copy().infer_objects()
        for column, categories in CATEGORIES.items():
            # A value that the model has never seen becomes missing, as in training.
            frame[column] = pandas.Categorical(frame[column], categories=categories)
        return {predict}

    def get_raw_model(self):
        return self._model


def _load_pyfunc(path):
    return Model(path)
"
    )
}
