//! What a Prophet model says of itself, however it was saved.

use packwright_mlflow::schema::DataType;
use serde_json::json;

use crate::pickled::{Column, Estimator, Inputs, Kind};
use crate::{Fact, Sourced};

/// The only class there is.
pub(super) const CLASS: &str = "prophet.forecaster.Prophet";

/// Settings that are shown as hyperparameters, under the names of Prophet's constructor.
pub(super) const SETTINGS: [&str; 16] = [
    "growth",
    "n_changepoints",
    "changepoint_range",
    "yearly_seasonality",
    "weekly_seasonality",
    "daily_seasonality",
    "seasonality_mode",
    "seasonality_prior_scale",
    "changepoint_prior_scale",
    "holidays_prior_scale",
    "holidays_mode",
    "mcmc_samples",
    "interval_width",
    "uncertainty_samples",
    "scaling",
    "country_holidays",
];

/// One seasonality.
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) struct Seasonality {
    pub(super) name: String,
    /// Period in days, Fourier order, mode …
    pub(super) properties: serde_json::Map<String, serde_json::Value>,
}

/// A read model.
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) struct ProphetModel {
    pub(super) version: Option<String>,
    pub(super) settings: serde_json::Map<String, serde_json::Value>,
    pub(super) has_floor: bool,
    pub(super) seasonalities: Vec<Seasonality>,
    pub(super) regressors: Vec<String>,
    /// The components that a forecast is made of, in the order of its columns.
    pub(super) components: Option<Vec<String>>,
    pub(super) has_holidays: bool,
    pub(super) is_fitted: bool,
    pub(super) n_history: Option<u64>,
}

impl ProphetModel {
    /// The description that all readers share.
    pub(super) fn described(&self) -> Estimator {
        let mut estimator = Estimator::new(CLASS, "prophet");
        self.describe(&mut estimator);
        estimator
    }

    /// Fills a description in.
    pub(super) fn describe(&self, estimator: &mut Estimator) {
        estimator.kind = Kind::Forecaster;
        estimator.is_fitted = Some(self.is_fitted);
        estimator.hyperparameters.clone_from(&self.settings);
        let inputs = self.inputs();
        estimator.n_features = None;
        estimator.inputs = Inputs::Columns(Sourced::new(inputs, "what Prophet's predict reads"));
        estimator.output = None;
        estimator.table = self.outputs().map(|columns| Sourced::new(columns, "train_component_cols"));
        self.facts(estimator);
        if let Some(n) = self.n_history {
            estimator.warnings.push(format!(
                "The file holds the {n} rows that the model was fitted on (history), and so will the package."
            ));
        }
    }

    fn is_logistic(&self) -> bool {
        self.settings.get("growth").is_some_and(|growth| growth == "logistic")
    }

    /// `ds`, the bounds of logistic growth, the regressors, and the conditions of seasonalities.
    fn inputs(&self) -> Vec<Column> {
        let mut columns = vec![Column::typed("ds", DataType::Datetime, "Prophet's convention")];
        if self.is_logistic() {
            columns.push(Column::typed(
                "cap",
                DataType::Double,
                "growth, which is logistic and needs a bound",
            ));
        }
        if self.has_floor {
            columns.push(Column::typed("floor", DataType::Double, "logistic_floor"));
        }
        for name in &self.regressors {
            columns.push(Column::typed(
                name,
                DataType::Double,
                "extra_regressors; Prophet computes in float64",
            ));
        }
        for seasonality in &self.seasonalities {
            let condition = seasonality.properties.get("condition_name").and_then(|name| name.as_str());
            let is_new = |name: &&str| columns.iter().all(|column| column.name != *name);
            if let Some(name) = condition.filter(is_new) {
                columns.push(Column::typed(name, DataType::Boolean, "seasonalities: condition_name"));
            }
        }
        columns
    }

    /// The columns of `predict`, in its order.
    fn outputs(&self) -> Option<Vec<Column>> {
        let components = self.components.as_ref()?;
        let samples = self.settings.get("uncertainty_samples");
        let has_bounds = samples.is_none_or(|n| n.as_u64() != Some(0) && *n != false);
        let mut columns = vec![Column::typed("ds", DataType::Datetime, "the dates that go in")];
        let mut number = |name: String| {
            columns.push(Column::typed(&name, DataType::Double, "Prophet, which computes in float64"));
        };
        number("trend".into());
        if self.is_logistic() {
            number("cap".into());
        }
        if self.has_floor {
            number("floor".into());
        }
        if has_bounds {
            for name in ["yhat", "trend"] {
                number(format!("{name}_lower"));
                number(format!("{name}_upper"));
            }
        }
        for component in components {
            number(component.clone());
            if has_bounds {
                number(format!("{component}_lower"));
                number(format!("{component}_upper"));
            }
        }
        number("yhat".into());
        Some(columns)
    }

    fn facts(&self, estimator: &mut Estimator) {
        let mut fact = |name: &'static str, value: serde_json::Value, source: &str| {
            estimator.facts.push(Fact { name, value, source: source.to_owned() });
        };
        if !self.seasonalities.is_empty() {
            let all = self.seasonalities.iter().map(|one| (one.name.clone(), json!(one.properties)));
            fact("seasonalities", all.collect::<serde_json::Map<_, _>>().into(), "seasonalities");
        }
        if !self.regressors.is_empty() {
            fact("regressors", json!(self.regressors), "extra_regressors");
        }
        if self.has_holidays {
            fact("holidays", true.into(), "holidays, country_holidays");
        }
        if let Some(n) = self.n_history {
            fact("training_rows", n.into(), "history");
        }
    }
}
