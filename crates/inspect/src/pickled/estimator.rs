//! What every pickled model is described by, whatever library made it.

use packwright_mlflow::schema::DataType;

use super::file::Labels;
use crate::{Part, Sourced};

/// What a model's `predict` is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Classifier,
    Regressor,
    Ranker,
    /// Assigns new rows to clusters.
    Clusterer,
    /// Can only label the rows that it is fitted on.
    FitOnlyClusterer,
    OutlierDetector,
    /// Has `transform` and no `predict`.
    Transformer,
    /// Continues a time series.
    Forecaster,
    Unknown,
}

impl Kind {
    /// The word shown to people and in the `model_kind` fact.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Classifier => "classifier",
            Self::Regressor => "regressor",
            Self::Ranker => "ranker",
            Self::Clusterer | Self::FitOnlyClusterer => "clusterer",
            Self::OutlierDetector => "outlier detector",
            Self::Transformer => "transformer",
            Self::Forecaster => "forecaster",
            Self::Unknown => "unknown",
        }
    }
}

/// A column as far as the model knows it.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Column {
    pub(crate) name: String,
    /// Its type; `None` when the file does not say.
    pub(crate) ty: Option<Sourced<DataType>>,
    /// Why MLflow must leave the column alone, where it must.
    pub(crate) unchecked: Option<String>,
    /// Whether callers may leave it out.
    pub(crate) is_optional: bool,
}

impl Column {
    /// A column of which only the name is known.
    pub(crate) fn named(name: String) -> Self {
        Self { name, ty: None, unchecked: None, is_optional: false }
    }
}

impl Column {
    /// A column of a known type, and how that is known.
    pub(crate) fn typed(name: &str, ty: DataType, source: &str) -> Self {
        Self { ty: Some(Sourced::new(ty, source)), ..Self::named(name.to_owned()) }
    }
}

/// What goes into a model.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Inputs {
    /// A table with these columns.
    Columns(Sourced<Vec<Column>>),
    /// A table with these columns in this order; their names only count them, and callers may send any.
    Unnamed(Sourced<Vec<Column>>),
    /// A table of that many columns without names.
    Count(Sourced<u64>),
    /// One text per row.
    Texts(String),
    Unknown,
}

/// What comes out.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Output {
    /// NumPy dtype name.
    pub(crate) dtype: String,
    /// The dimensions after the rows: none, or the number of outputs.
    pub(crate) width: Option<u64>,
    pub(crate) source: String,
}

/// One described model.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Estimator {
    pub(crate) class: String,
    pub(crate) kind: Kind,
    /// PyPI name of the library.
    pub(crate) framework: &'static str,
    pub(crate) version: Option<Sourced<String>>,
    pub(crate) inputs: Inputs,
    pub(crate) n_features: Option<Sourced<u64>>,
    /// One list, or one per output.
    pub(crate) labels: Option<Sourced<Vec<Labels>>>,
    pub(crate) output: Option<Output>,
    /// Whether it has a `predict`, where the file carries its class; `None` where the class must be known.
    pub(crate) has_predict: Option<bool>,
    /// The columns that come out, for models that answer with a table.
    pub(crate) table: Option<Sourced<Vec<Column>>>,
    /// Why no flavor and no loader of ours can call it, where that is known.
    pub(crate) unservable: Option<String>,
    /// Whether learned attributes are there; `None` when it cannot be told.
    pub(crate) is_fitted: Option<bool>,
    pub(crate) hyperparameters: serde_json::Map<String, serde_json::Value>,
    pub(crate) part: Part,
    /// Requirement lines for which the state of an object is evidence.
    pub(crate) evidence: Vec<crate::Requirement>,
    /// More facts of the library, in order.
    pub(crate) facts: Vec<crate::Fact>,
    pub(crate) warnings: Vec<String>,
}

impl Estimator {
    pub(crate) fn new(class: &str, framework: &'static str) -> Self {
        Self {
            class: class.to_owned(),
            kind: Kind::Unknown,
            framework,
            version: None,
            inputs: Inputs::Unknown,
            n_features: None,
            labels: None,
            output: None,
            has_predict: None,
            table: None,
            unservable: None,
            is_fitted: None,
            hyperparameters: serde_json::Map::new(),
            part: Part { class: class.to_owned(), ..Part::default() },
            evidence: Vec::new(),
            facts: Vec::new(),
            warnings: Vec::new(),
        }
    }

    /// The versions of the libraries inside, for a whole that is of another library.
    pub(crate) fn library_versions(&self) -> Vec<crate::Fact> {
        let name = match self.framework {
            "catboost" => Some("catboost_version"),
            "xgboost" => Some("xgboost_version"),
            _ => None,
        };
        let own = name.zip(self.version.as_ref()).map(|(name, version)| crate::Fact {
            name,
            value: version.value.clone().into(),
            source: version.source.clone(),
        });
        let inner = self.facts.iter().filter(|fact| fact.name.ends_with("_version"));
        own.into_iter().chain(inner.cloned()).collect()
    }

    /// The number of classes of a single-output classifier.
    pub(crate) fn n_classes(&self) -> Option<usize> {
        match self.labels.as_ref()?.value.as_slice() {
            [labels] => Some(labels.values.len()),
            _ => None,
        }
    }
}
