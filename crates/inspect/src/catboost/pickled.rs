//! CatBoost estimators inside pickles. Their state is the parameters that they were made with and, under `__model`, the
//! bytes of a `cbm` file: those say what the estimator learned.

use packwright_formats::numpy::bytes_of;
use packwright_formats::pickle::Value;
use packwright_source::Limits;

use super::cbm::read_cbm;
use super::describe::{Task, facts, inputs, output, task};
use super::info::VERSION;
use super::model::CatboostModel;
use crate::pickled::{Estimator, Inputs, Kind, Labels, PickleFile, some_attr};
use crate::{Fact, Sourced};

/// Adds what the embedded model says to the description of an estimator.
pub(crate) fn enrich(file: &PickleFile, value: Value, estimator: &mut Estimator) {
    let Some(bytes) = some_attr(file, value, "__model") else {
        // CatBoost leaves the model out of the state of an estimator that was not fitted.
        estimator.is_fitted = Some(false);
        return;
    };
    estimator.is_fitted = Some(true);
    let Some(model) = embedded(file, bytes) else {
        let what =
            "The CatBoost model inside the pickle could not be read, so its inputs and outputs are unknown.";
        estimator.warnings.push(what.to_owned());
        return;
    };
    let source = |what: &str| format!("{what} of the embedded model");
    if let Some(version) = &model.info.version {
        estimator.version = Some(Sourced::new(version.clone(), source(VERSION)));
    }
    if estimator.kind == Kind::Unknown {
        // The base class, which gives what the trees give.
        estimator.kind = match task(&model) {
            Some(Task::Classification) => Kind::Classifier,
            Some(Task::Ranking) => Kind::Ranker,
            Some(Task::Regression) | None => Kind::Regressor,
        };
    }
    if let Ok(n) = u64::try_from(model.features.len()) {
        estimator.n_features = Some(Sourced::new(n, source("features")));
    }
    estimator.inputs = inputs(&model);
    let classes = model.info.classes();
    if let Some(classes) = classes.filter(|_| estimator.kind == Kind::Classifier) {
        let labels = Labels { values: classes.values, dtype: classes.dtype.map(str::to_owned) };
        estimator.labels = Some(Sourced::new(vec![labels], source("class_params")));
    }
    let class = estimator.class.rsplit('.').next().unwrap_or_default();
    estimator.output = output(&model, class);
    if estimator.hyperparameters.is_empty() {
        let params = model.info.hyperparameters().cloned();
        estimator.hyperparameters = params.unwrap_or_default();
    }
    let mut known = vec!["n_features", "class_labels", "n_classes", "hyperparameters"];
    if matches!(estimator.inputs, Inputs::Columns(_)) {
        known.push("feature_names");
    }
    let added = facts(&model).into_iter().filter(|fact| !known.contains(&fact.name));
    estimator.facts.extend(added.map(|fact| Fact { source: source(&fact.source), ..fact }));
}

fn embedded(file: &PickleFile, bytes: Value) -> Option<CatboostModel> {
    let bytes = bytes_of(&file.pickle, bytes)?;
    let window = file.window(&bytes)?;
    read_cbm(&*window, &Limits::default()).ok()
}
