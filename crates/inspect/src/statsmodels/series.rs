//! Time series: MLflow asks them for a range, from `start` to `end`.

use packwright_formats::pickle::Value;

use super::{Data, fact, position};
use crate::Sourced;
use crate::pickled::{Estimator, Inputs, Kind, Output, PickleFile, some_attr};

/// Whether MLflow takes a model for a time series: what derives from `TimeSeriesModel`.
pub(super) fn is_series(module: &str, name: &str) -> bool {
    let is_helper = matches!(name, "STL" | "ThetaModel" | "DeterministicProcess");
    (module.starts_with("statsmodels.tsa.") && !is_helper) || name == "RecursiveLS"
}

/// `predict(start, end)` over one row.
pub(super) fn describe(file: &PickleFile, model: Value, data: &Data, estimator: &mut Estimator) {
    estimator.kind = Kind::Forecaster;
    let has_dates = data.has_dates || has_date_index(file, model);
    let columns = vec![position("start", has_dates), position("end", has_dates)];
    let source = "mlflow.statsmodels asks a time series for one row with start and end";
    estimator.inputs = Inputs::Columns(Sourced::new(columns, source));
    let several =
        file.scalar(some_attr(file, model, "k_endog").unwrap_or(Value::None)).and_then(|k| k.as_u64());
    if several.is_none_or(|k| k <= 1) {
        let source = "predict gives one number per step".to_owned();
        estimator.output = Some(Output { dtype: "float64".into(), width: None, source });
    }
    if let Some(specification) = some_attr(file, model, "_spec_arima") {
        for name in ["order", "seasonal_order"] {
            let value = some_attr(file, specification, name).and_then(|value| file.labels(value));
            if let Some(labels) = value {
                estimator.hyperparameters.entry(name).or_insert_with(|| labels.values.into());
            }
        }
    }
    for name in ["order", "seasonal_order"] {
        if let Some(value) = estimator.hyperparameters.get(name) {
            estimator.facts.push(fact(name, value.clone(), "attributes of the model"));
        }
    }
    if data.n_rows.is_none() {
        estimator.warnings.push(
            "The data that the model was fitted on was removed, and a time series continues from it: predicting may \
             fail."
                .to_owned(),
        );
    }
    if some_attr(file, model, "exog").is_some() && estimator.class.contains(".tsa.") {
        estimator.warnings.push(
            "The model was fitted with exogenous columns, which MLflow does not pass on: it predicts inside the range \
             that it was fitted on, and fails beyond."
                .to_owned(),
        );
    }
}

/// Whether the model's own index is one of dates or periods.
fn has_date_index(file: &PickleFile, model: Value) -> bool {
    let index = some_attr(file, model, "_index").or_else(|| some_attr(file, model, "_prediction_index"));
    let Some(object) = index.and_then(|index| file.pickle.tree.object(index)) else { return false };
    let named = |value: Value| {
        let name = file.pickle.trace.global(value).map(|global| global.name.as_str());
        name.is_some_and(|name| name.contains("Datetime") || name.contains("Period"))
    };
    let args = file.pickle.tree.items(object.args).unwrap_or_default();
    named(object.callee) || args.iter().any(|arg| named(*arg))
}
