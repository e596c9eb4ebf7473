//! Pickled Prophet models: the same attributes as objects.

use packwright_formats::pickle::Value;

use super::model::{ProphetModel, SETTINGS, Seasonality};
use crate::pickled::{Estimator, PickleFile, attr, frame, some_attr, text_attr};

/// Describes a pickled `Prophet`; anything else of the library is left as it is.
pub(crate) fn enrich(file: &PickleFile, value: Value, estimator: &mut Estimator) {
    if !estimator.class.ends_with(".Prophet") {
        return;
    }
    let settings = SETTINGS.iter().filter_map(|name| {
        let value = attr(file, value, name)?;
        Some(((*name).to_owned(), file.scalar(value)?))
    });
    let history = some_attr(file, value, "history");
    let components = some_attr(file, value, "train_component_cols").and_then(|table| frame(file, table));
    let model = ProphetModel {
        version: None,
        settings: settings.collect(),
        has_floor: attr(file, value, "logistic_floor") == Some(Value::Bool(true)),
        seasonalities: seasonalities(file, value),
        regressors: entries(file, value, "extra_regressors").into_iter().map(|(name, _)| name).collect(),
        components: components.map(|table| table.columns.into_iter().map(|(name, _)| name).collect()),
        has_holidays: ["holidays", "country_holidays"]
            .iter()
            .any(|name| some_attr(file, value, name).is_some()),
        is_fitted: history.is_some(),
        n_history: history.and_then(|table| frame(file, table)).and_then(|table| table.n_rows),
    };
    model.describe(estimator);
    if some_attr(file, value, "stan_fit").is_some() {
        estimator.warnings.push(
            "The file also holds the records of the fit, with the names of temporary files and folders of the machine \
             that it ran on."
                .to_owned(),
        );
    }
    let saved = text_attr(file, value, "__prophet_version");
    estimator.version = saved.map(|version| crate::Sourced::new(version.to_owned(), "__prophet_version"));
}

/// The entries of an attribute that is a dict with texts as keys.
fn entries(file: &PickleFile, value: Value, name: &str) -> Vec<(String, Value)> {
    let tree = &file.pickle.tree;
    let entries = some_attr(file, value, name).and_then(|dict| tree.entries(dict)).unwrap_or_default();
    entries.iter().filter_map(|(key, value)| Some((tree.text(*key)?.to_owned(), *value))).collect()
}

fn seasonalities(file: &PickleFile, value: Value) -> Vec<Seasonality> {
    let tree = &file.pickle.tree;
    let properties = |value: Value| {
        let entries = tree.entries(value).unwrap_or_default().iter();
        entries.filter_map(|(key, value)| Some((tree.text(*key)?.to_owned(), file.scalar(*value)?))).collect()
    };
    let all = entries(file, value, "seasonalities").into_iter();
    all.map(|(name, value)| Seasonality { properties: properties(value), name }).collect()
}
