//! statsmodels results inside pickles, as `results.save(path)` writes them.
//!
//! A wrapper holds the results, the results hold the model, and the model holds the data it was fitted on: names and
//! types of the inputs are read from there. The version of statsmodels is in no file.

mod formula;
mod series;

use packwright_formats::pickle::Value;
use packwright_mlflow::schema::DataType;
use serde_json::json;

use crate::pickled::{
    Column, Estimator, Frame, Inputs, Kind, Output, PickleFile, array_attr, attr, attr_names, class_of,
    frame, some_attr, text_attr,
};
use crate::{Fact, Sourced};

/// Attributes of models that say how they are set up, of regressions and time series alike.
const SETTINGS: [&str; 22] = [
    "_lags",
    "ar_lags",
    "autoregressive",
    "damped_trend",
    "error",
    "error_cov_type",
    "error_order",
    "factor_order",
    "has_seasonal",
    "k_ar",
    "k_endog",
    "k_exog",
    "k_factors",
    "k_regimes",
    "level",
    "loglike_method",
    "order",
    "period",
    "seasonal",
    "seasonal_order",
    "seasonal_periods",
    "trend",
];

/// Models whose `predict` gives probabilities of classes.
const PROBABILITIES: [&str; 5] = ["Logit", "Probit", "MNLogit", "OrderedModel", "ConditionalLogit"];

/// Models with one parameter for each column of the design.
const PLAIN: [&str; 10] =
    ["OLS", "WLS", "GLS", "GLSAR", "QuantReg", "GLM", "RLM", "Logit", "Probit", "Poisson"];

/// Results that MLflow's flavor cannot call, and why.
const UNCALLABLE: [(&str, &str); 10] = [
    ("VAR", "its results forecast from the last rows, which MLflow does not pass"),
    ("SVAR", "its results forecast from the last rows, which MLflow does not pass"),
    ("VECM", "its predict takes a number of steps, which MLflow does not pass"),
    ("PHReg", "its predict takes the durations first, where MLflow passes the inputs"),
    ("GLMGam", "its predict needs the smoothed columns beside the others, which MLflow does not pass"),
    ("STL", "a decomposition has no predict"),
    ("STLForecastResults", "its results have forecast and no predict"),
    ("ThetaModel", "its results have forecast and no predict"),
    ("PCA", "it has no predict"),
    ("Factor", "it has no predict"),
];

/// Describes results; a model that was not fitted is told as such.
pub(crate) fn enrich(file: &PickleFile, value: Value, estimator: &mut Estimator) {
    let results = some_attr(file, value, "_results").unwrap_or(value);
    let model = some_attr(file, results, "model").or_else(|| some_attr(file, results, "_model"));
    estimator.kind = Kind::Unknown;
    estimator.inputs = Inputs::Unknown;
    estimator.n_features = None;
    estimator.output = None;
    estimator.hyperparameters = serde_json::Map::new();
    estimator.is_fitted = None;
    let class =
        |value: Value| class_of(file, value).map(|(module, name)| (module.to_owned(), name.to_owned()));
    let Some((module, name)) = model.and_then(class) else {
        return without_model(file, results, estimator);
    };
    let Some(model) = model else { return };
    estimator.is_fitted = Some(true);
    estimator.facts.push(fact("inner_model", format!("{module}.{name}").into(), "model"));
    estimator.hyperparameters = settings(file, model);
    let own_name = estimator.class.rsplit('.').next().unwrap_or_default();
    if let Some((_, why)) = UNCALLABLE.iter().find(|(class, _)| *class == name || *class == own_name) {
        estimator.unservable = Some((*why).to_owned());
    }
    let data = some_attr(file, model, "data");
    regression_facts(file, results, model, estimator);
    estimator.evidence.extend(data.and_then(|data| written_by(file, data)));
    let recorded = data.map(|data| Data::read(file, model, data)).unwrap_or_default();
    if series::is_series(&module, &name) {
        series::describe(file, model, &recorded, estimator);
    } else {
        regression(&name, &recorded, estimator);
        let n_params = array_attr(file, results, "params").and_then(|params| params.n_items());
        if let Some(n) =
            n_params.filter(|_| estimator.inputs == Inputs::Unknown && PLAIN.contains(&name.as_str()))
        {
            // What is left when the data was removed; a formula would be left too.
            let count = Sourced::new(n, "length of params");
            estimator.inputs = Inputs::Count(count.clone());
            estimator.n_features = Some(count);
        }
    }
    data_facts(&recorded, estimator);
}

/// A model that was never fitted, or results of a kind that keeps no model.
fn without_model(file: &PickleFile, value: Value, estimator: &mut Estimator) {
    let is_model = attr(file, value, "endog").is_some() && attr(file, value, "params").is_none();
    if is_model {
        estimator.is_fitted = Some(false);
        estimator.unservable = Some("a model that is not fitted; save what its fit() returns".to_owned());
    } else {
        estimator.unservable = Some("its results have no model that MLflow could ask".to_owned());
    }
}

/// What the model keeps of the data that it was fitted on.
#[derive(Debug, Default)]
struct Data {
    formula: Option<String>,
    /// The table that the formula was evaluated on.
    table: Option<Frame>,
    /// The names of the design's columns, where the person gave a table.
    exog_names: Option<Vec<String>>,
    endog_name: Option<String>,
    n_columns: Option<u64>,
    n_rows: Option<u64>,
    has_dates: bool,
}

impl Data {
    fn read(file: &PickleFile, model: Value, data: Value) -> Self {
        let table = some_attr(file, data, "frame").and_then(|table| frame(file, table));
        let orig_exog = some_attr(file, data, "orig_exog").and_then(|exog| frame(file, exog));
        let exog = array_attr(file, data, "exog").or_else(|| array_attr(file, model, "exog"));
        let endog = array_attr(file, data, "endog").or_else(|| array_attr(file, model, "endog"));
        let orig_endog = some_attr(file, data, "orig_endog");
        let series_name = orig_endog.and_then(|endog| text_attr(file, endog, "_name"));
        let endog_columns = orig_endog.and_then(|endog| frame(file, endog)).map(|table| table.columns);
        let only_name = endog_columns.filter(|columns| columns.len() == 1).and_then(|mut names| names.pop());
        Self {
            formula: text_attr(file, data, "formula").map(str::to_owned),
            exog_names: orig_exog.map(|table| table.columns.into_iter().map(|(name, _)| name).collect()),
            endog_name: series_name.map(str::to_owned).or(only_name.map(|(name, _)| name)),
            n_columns: exog.as_ref().and_then(|exog| exog.shape.get(1).copied()),
            n_rows: endog.and_then(|endog| endog.shape.first().copied()).filter(|n| *n != 0),
            has_dates: ["dates", "freq"].iter().any(|name| some_attr(file, data, name).is_some()),
            table,
        }
    }
}

/// `predict(table)`: the design's columns, or what the formula is written in.
fn regression(name: &str, data: &Data, estimator: &mut Estimator) {
    let is_classifier = PROBABILITIES.contains(&name);
    estimator.kind = if is_classifier { Kind::Classifier } else { Kind::Regressor };
    let source =
        if is_classifier { "predict gives probabilities" } else { "predict gives one number per row" };
    let is_wide = matches!(name, "MNLogit" | "OrderedModel");
    if !is_wide {
        estimator.output = Some(Output { dtype: "float64".into(), width: None, source: source.into() });
    }
    estimator.inputs = match (&data.formula, &data.exog_names, data.n_columns) {
        (Some(text), _, _) => formula_inputs(text, data.table.as_ref()),
        (None, Some(names), _) => {
            let columns = names.iter().cloned().map(Column::named).collect();
            Inputs::Columns(Sourced::new(columns, "columns of orig_exog"))
        }
        (None, None, Some(n)) => Inputs::Count(Sourced::new(n, "shape of exog")),
        (None, None, None) => Inputs::Unknown,
    };
    if let Inputs::Columns(columns) = &estimator.inputs {
        let n = u64::try_from(columns.value.len()).ok();
        estimator.n_features = n.map(|n| Sourced::new(n, columns.source.clone()));
    } else if let Inputs::Count(count) = &estimator.inputs {
        estimator.n_features = Some(count.clone());
    }
}

/// The columns that a formula reads, with the types of the table that it was fitted on.
fn formula_inputs(text: &str, table: Option<&Frame>) -> Inputs {
    let found = formula::variables(text);
    let known =
        |name: &String| table.and_then(|table| table.columns.iter().find(|(column, _)| column == name));
    let names = found.into_iter().filter(|name| table.is_none() || known(name).is_some());
    let columns: Vec<Column> = names
        .map(|name| match known(&name) {
            Some((_, Some(ty))) => Column::typed(&name, *ty, "the training table"),
            _ => Column {
                unchecked: Some("a formula takes numbers and texts alike".to_owned()),
                ..Column::named(name)
            },
        })
        .collect();
    if columns.is_empty() { Inputs::Unknown } else { Inputs::Columns(Sourced::new(columns, "formula")) }
}

fn settings(file: &PickleFile, model: Value) -> serde_json::Map<String, serde_json::Value> {
    attr_names(file, model)
        .into_iter()
        .filter(|(name, _)| SETTINGS.contains(name))
        .filter_map(|(name, value)| {
            let value = file.scalar(value).or_else(|| Some(json!(file.labels(value)?.values)))?;
            Some((name.trim_start_matches('_').to_owned(), value))
        })
        .collect()
}

fn regression_facts(file: &PickleFile, results: Value, model: Value, estimator: &mut Estimator) {
    if let Some(params) = array_attr(file, results, "params").and_then(|params| params.n_items()) {
        estimator.facts.push(fact("n_params", params.into(), "shape of params"));
    }
    let name_of = |value: Value| class_of(file, value).map(|(_, name)| name.to_owned());
    if let Some(family) = some_attr(file, model, "family") {
        estimator.facts.extend(name_of(family).map(|name| fact("family", name.into(), "family")));
        let link = some_attr(file, family, "_link").or_else(|| some_attr(file, family, "link"));
        estimator.facts.extend(link.and_then(name_of).map(|name| fact("link", name.into(), "family.link")));
    }
    if let Some(kind) = text_attr(file, results, "cov_type") {
        estimator.facts.push(fact("covariance_type", kind.into(), "cov_type"));
    }
}

fn data_facts(data: &Data, estimator: &mut Estimator) {
    if let Some(formula) = &data.formula {
        estimator.facts.push(fact("formula", formula.clone().into(), "data.formula"));
    }
    if let Some(name) = &data.endog_name {
        estimator.facts.push(fact("endog_name", name.clone().into(), "data.orig_endog"));
    }
    if let Some(names) = data.exog_names.as_ref().filter(|_| data.formula.is_some()) {
        estimator.facts.push(fact("exog_names", json!(names), "columns of orig_exog"));
    }
    if let Some(n) = data.n_rows {
        estimator.facts.push(fact("training_rows", n.into(), "shape of endog"));
        estimator.warnings.push(format!(
            "The file holds the {n} rows that the model was fitted on, and so will the package. \
             results.save(path, remove_data=True) leaves most of them out."
        ));
    }
}

/// Releases before 0.15 rebuild a formula's design under another name, and each reads only its own.
fn written_by(file: &PickleFile, data: Value) -> Option<crate::Requirement> {
    let (requirement, key, releases) = if attr(file, data, "restore_design_info").is_some() {
        ("statsmodels<0.15", "restore_design_info", "releases before 0.15")
    } else if attr(file, data, "restore_model_spec").is_some() {
        ("statsmodels>=0.15", "restore_model_spec", "release 0.15 and later")
    } else {
        return None;
    };
    Some(crate::Requirement {
        requirement: requirement.to_owned(),
        source: format!("{key}: {releases} write it, and only they restore the formula from it"),
    })
}

fn fact(name: &'static str, value: serde_json::Value, source: &str) -> Fact {
    Fact { name, value, source: source.to_owned() }
}

/// A number column for a position in a series.
fn position(name: &str, has_dates: bool) -> Column {
    if has_dates {
        let why = "a position as a whole number, or a date".to_owned();
        return Column { unchecked: Some(why), ..Column::named(name.to_owned()) };
    }
    Column::typed(name, DataType::Long, "the index, which has no dates")
}
