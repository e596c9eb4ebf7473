//! The pmdarima flavor (`mlflow.pmdarima`): a pickled ARIMA, search or pipeline, asked for a number of periods.

use packwright_inspect::Inspection;
use serde_yaml::Value;

use super::{Layout, block, plain_pickle, put_version, version_of};

/// A model as it is, rewritten when the file is joblib.
pub(super) fn native(inspection: &Inspection, model_type: &str, is_joblib: bool) -> Layout {
    let file = plain_pickle(inspection, is_joblib);
    let path = file.path.as_str();
    let mut own = block([("data", Value::from(path)), ("model_type", Value::from(model_type))]);
    put_version(&mut own, "pmdarima_version", version_of(inspection, "pmdarima"));
    let python = block([("data", Value::from(path)), ("loader_module", Value::from("mlflow.pmdarima"))]);
    Layout {
        blocks: vec![("pmdarima", own), ("python_function", python)],
        data: vec![file],
        ..Layout::default()
    }
}

/// The method of a generated loader that answers as `mlflow.pmdarima` does.
pub(super) const PREDICT: &str = r#"    def predict(self, data):
        asked = data.to_dict(orient="records")[0]
        bounds = bool(asked.get("return_conf_int") or False)
        alpha = asked.get("alpha") or 0.05
        answer = self._model.predict(n_periods=int(asked["n_periods"]), X=asked.get("X"), return_conf_int=bounds, alpha=alpha)
        if not bounds:
            return pandas.DataFrame({"yhat": list(answer)})
        lower, upper = zip(*answer[1])
        return pandas.DataFrame({"yhat": list(answer[0]), "yhat_lower": lower, "yhat_upper": upper})
"#;
