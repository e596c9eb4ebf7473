//! pmdarima models inside pickles: `ARIMA`, the search `AutoARIMA`, and pipelines that end in one of them.

use packwright_formats::pickle::Value;
use packwright_mlflow::schema::DataType;

use crate::pickled::{
    Column, Estimator, Inputs, Kind, PickleFile, array_attr, attr, class_of, some_attr, text_attr,
};
use crate::{Fact, Part, Sourced};

/// Describes a model; steps of a pipeline are parts.
pub(crate) fn enrich(file: &PickleFile, value: Value, estimator: &mut Estimator) {
    let name = estimator.class.rsplit('.').next().unwrap_or_default().to_owned();
    // A pipeline was described as one of scikit-learn's.
    estimator.inputs = Inputs::Unknown;
    estimator.facts.clear();
    estimator.warnings.clear();
    estimator.n_features = None;
    estimator.output = None;
    if !matches!(name.as_str(), "ARIMA" | "AutoARIMA" | "Pipeline") {
        estimator.kind = Kind::Transformer;
        estimator.unservable = Some("it prepares a series and predicts nothing by itself".to_owned());
        return;
    }
    estimator.kind = Kind::Forecaster;
    let steps = steps(file, value);
    estimator.part.parts = steps
        .iter()
        .filter_map(|(name, step)| {
            let (module, class) = class_of(file, *step)?;
            let class = format!("{module}.{class}");
            Some(Part { name: name.clone(), class, ..Part::default() })
        })
        .collect();
    let last = steps.last().map_or(value, |(_, step)| *step);
    let arima = some_attr(file, last, "model_").unwrap_or(last);
    estimator.version = text_attr(file, arima, "pkg_version_")
        .map(|version| Sourced::new(version.to_owned(), "pkg_version_"));
    let results = some_attr(file, arima, "arima_res_");
    estimator.is_fitted = Some(results.is_some());
    let mut fact = |name: &'static str, value: serde_json::Value, source: &str| {
        estimator.facts.push(Fact { name, value, source: source.to_owned() });
    };
    for name in ["order", "seasonal_order"] {
        if let Some(labels) = some_attr(file, arima, name).and_then(|value| file.labels(value)) {
            fact(name, labels.values.into(), name);
        }
    }
    let endog = results.and_then(|results| some_attr(file, results, "_results").or(Some(results)));
    let endog = endog.and_then(|results| some_attr(file, results, "model"));
    let endog = endog.and_then(|model| array_attr(file, model, "endog"));
    let n_rows = endog.and_then(|endog| endog.shape.first().copied());
    if let Some(n) = n_rows {
        fact("training_rows", n.into(), "shape of endog");
        estimator.warnings.push(format!(
            "The file holds the {n} values that the model was fitted on, and so will the package."
        ));
    }
    if estimator.is_fitted == Some(true) {
        let inputs = inputs(file, arima, &steps, &mut estimator.warnings);
        estimator.inputs = Inputs::Columns(Sourced::new(inputs, "mlflow.pmdarima takes one row"));
        // Confidence bounds come only when they are asked for, so nothing but the forecast is certain.
        let optional = |name: &str| Column {
            is_optional: true,
            ..Column::typed(name, DataType::Double, "the forecast")
        };
        let mut yhat = optional("yhat");
        yhat.is_optional = false;
        let columns = vec![yhat, optional("yhat_lower"), optional("yhat_upper")];
        estimator.table = Some(Sourced::new(columns, "convention of mlflow.pmdarima"));
    }
}

fn steps(file: &PickleFile, value: Value) -> Vec<(String, Value)> {
    let tree = &file.pickle.tree;
    let list = some_attr(file, value, "steps_").or_else(|| some_attr(file, value, "steps"));
    let pairs = list.and_then(|list| tree.items(list)).unwrap_or_default();
    let pair = |pair: &Value| {
        let pair = tree.items(*pair)?;
        Some((tree.text(*pair.first()?)?.to_owned(), *pair.get(1)?))
    };
    pairs.iter().filter_map(pair).collect()
}

/// How many steps to forecast, the future values of exogenous columns where the model has any, and whether and how wide
/// confidence bounds are wanted.
fn inputs(
    file: &PickleFile,
    arima: Value,
    steps: &[(String, Value)],
    warnings: &mut Vec<String>,
) -> Vec<Column> {
    let step_class = |suffix: &str| {
        let is_it =
            |(_, step): &(String, Value)| class_of(file, *step).is_some_and(|(_, class)| class == suffix);
        steps.iter().any(is_it)
    };
    let mut columns =
        vec![Column::typed("n_periods", DataType::Long, "the flavor, which takes whole numbers only")];
    let with_exog = attr(file, arima, "fit_with_exog_") == Some(Value::Bool(true));
    if step_class("DateFeaturizer") {
        warnings.push(
            "The pipeline makes columns from dates and needs a table of dates, which mlflow.pmdarima cannot pass: \
             predicting through MLflow fails."
                .to_owned(),
        );
    } else if with_exog && !step_class("FourierFeaturizer") {
        let why = "a list of rows: the exogenous columns of each step".to_owned();
        columns.push(Column { unchecked: Some(why), ..Column::named("X".to_owned()) });
    }
    for (name, ty, source) in [
        ("return_conf_int", DataType::Boolean, "the question whether to add confidence bounds"),
        ("alpha", DataType::Double, "the level of the confidence bounds"),
    ] {
        columns.push(Column { is_optional: true, ..Column::typed(name, ty, source) });
    }
    columns
}
