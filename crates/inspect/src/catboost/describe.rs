//! What a CatBoost model means: its class, inputs, output, facts and requirements.

use packwright_mlflow::schema::DataType;
use serde_json::Value;

use super::info::VERSION;
use super::model::{Borders, CatboostModel, Container, Feature, FeatureKind};
use crate::pickled::{Column, Inputs, Output};
use crate::{Fact, Requirement, Sourced};

/// Losses of classifiers, as CatBoost sorts them.
const CLASSIFICATION: [&str; 7] = [
    "Logloss",
    "CrossEntropy",
    "Focal",
    "MultiClass",
    "MultiClassOneVsAll",
    "MultiLogloss",
    "MultiCrossEntropy",
];
/// Those with one answer per label.
const MULTILABEL: [&str; 2] = ["MultiLogloss", "MultiCrossEntropy"];
const RANKING: [&str; 12] = [
    "PairLogit",
    "PairLogitPairwise",
    "YetiRank",
    "YetiRankPairwise",
    "QueryRMSE",
    "QuerySoftMax",
    "QueryCrossEntropy",
    "QueryAUC",
    "StochasticFilter",
    "StochasticRank",
    "LambdaMart",
    "GroupQuantile",
];
const REGRESSION: [&str; 18] = [
    "RMSE",
    "MAE",
    "Quantile",
    "MultiQuantile",
    "LogLinQuantile",
    "Poisson",
    "MAPE",
    "Lq",
    "Huber",
    "Expectile",
    "Tweedie",
    "Cox",
    "LogCosh",
    "RMSPE",
    "RMSEWithUncertainty",
    "SurvivalAft",
    "MultiRMSE",
    "MultiRMSEWithMissingValues",
];

/// What CatBoost's classes are for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Task {
    Classification,
    Regression,
    Ranking,
}

/// What the loss function is for; `None` for the person's own and for those we do not know.
pub(super) fn task(model: &CatboostModel) -> Option<Task> {
    let loss = model.info.loss().map(|(name, _)| name).unwrap_or_default();
    if model.info.classes().is_some() || CLASSIFICATION.contains(&loss) {
        Some(Task::Classification)
    } else if RANKING.contains(&loss) {
        Some(Task::Ranking)
    } else if REGRESSION.contains(&loss) {
        Some(Task::Regression)
    } else {
        None
    }
}

/// The class that predicts what such models are trained for. The file does not name the one that wrote it.
pub(super) fn class(model: &CatboostModel) -> Sourced<&'static str> {
    let loss = model.info.loss().map_or("no loss_function", |(name, _)| name);
    let why = |what: &str| format!("assumed: {what}; the file does not name the class that wrote it");
    match task(model) {
        Some(Task::Classification) if model.info.classes().is_some() => {
            Sourced::new("CatBoostClassifier", why("class_params lists labels"))
        }
        Some(Task::Classification) => {
            Sourced::new("CatBoostClassifier", why(&format!("{loss} is a loss of classifiers")))
        }
        Some(Task::Ranking) => Sourced::new("CatBoostRanker", why(&format!("{loss} is a loss of rankers"))),
        Some(Task::Regression) => {
            Sourced::new("CatBoostRegressor", why(&format!("{loss} is a loss of regressors")))
        }
        None => Sourced::new("CatBoost", format!("{loss}: it tells no task, so the base class")),
    }
}

/// The columns. Numbers without names are one table; names that only count the columns are no names.
pub(super) fn inputs(model: &CatboostModel) -> Inputs {
    let Ok(n) = u64::try_from(model.features.len()) else { return Inputs::Unknown };
    if n == 0 {
        return Inputs::Unknown;
    }
    if model.has_made_up_names() && model.is_numbers_only() {
        return Inputs::Count(Sourced::new(n, features_key(model)));
    }
    let is_open =
        |feature: &Feature| !matches!(feature.kind, FeatureKind::Number(Borders::None | Borders::Fractions));
    let is_mixed = model.features.iter().any(is_open);
    let columns = model.features.iter().map(|feature| column(feature, is_mixed)).collect();
    let columns = Sourced::new(columns, features_key(model));
    if model.has_made_up_names() { Inputs::Unnamed(columns) } else { Inputs::Columns(columns) }
}

/// CatBoost takes any number, MLflow takes no integers in a `double` column. A column stays open where the file shows
/// that its values may have been whole, and where nothing is known of it in a table with such columns.
fn column(feature: &Feature, is_mixed: bool) -> Column {
    let mut column = Column::named(feature.called());
    let double = |source: &str| Some(Sourced::new(DataType::Double, source));
    let open = |why: &str| Some(why.to_owned());
    match feature.kind {
        FeatureKind::Number(Borders::Fractions) => {
            column.ty = double("borders that are fractions");
        }
        FeatureKind::Number(Borders::Halves) => {
            column.unchecked =
                open("a number whose borders lie between whole ones: integers, booleans or floats");
        }
        FeatureKind::Number(Borders::None) if is_mixed => {
            column.unchecked = open("a number that no tree uses: integers, booleans or floats");
        }
        FeatureKind::Number(Borders::None) => {
            column.ty = double("CatBoost, which takes any number: double is assumed");
        }
        FeatureKind::Categorical => {
            column.unchecked = open(
                "categorical: CatBoost takes texts and integers and refuses floats and missing values; the file does \
                 not say which it was trained on",
            );
        }
        FeatureKind::Text => {
            column.ty = Some(Sourced::new(DataType::String, "text_features"));
        }
        FeatureKind::Embedding => {
            column.unchecked = open("an embedding: a list of numbers, of one length in all rows");
        }
        FeatureKind::Undescribed => {
            column.unchecked = open("the file does not describe this column");
        }
    }
    column
}

/// What `predict` of a class gives.
pub(super) fn output(model: &CatboostModel, class: &str) -> Option<Output> {
    let (loss, _) = model.info.loss().unwrap_or(("unknown", None));
    let n = model.n_dimensions;
    let per_dimension = (1 < n).then_some(n);
    if class == "CatBoostClassifier" {
        if MULTILABEL.contains(&loss) {
            let source = format!("loss_function {loss}: 0 or 1 for each of {n} labels");
            return Some(Output { dtype: "int64".into(), width: per_dimension, source });
        }
        let dtype = model.info.classes()?.dtype?;
        let source = if 1 < n {
            "class_params: one label per row, in a column"
        } else {
            "class_params: one label per row"
        };
        // CatBoost gives the labels of several classes as a column.
        let width = (1 < n).then_some(1);
        return Some(Output { dtype: dtype.to_owned(), width, source: source.to_owned() });
    }
    let meaning = match (loss, task(model)) {
        ("RMSEWithUncertainty", _) if class == "CatBoostRegressor" => "the mean and its variance",
        ("Poisson" | "Tweedie", _) if class == "CatBoostRegressor" => "the exponent of the trees' sum",
        (_, Some(Task::Classification)) => "raw scores, not labels",
        (_, Some(Task::Ranking)) => "a ranking score",
        (_, Some(Task::Regression)) => "a prediction",
        (_, None) => "the raw sum of the trees",
    };
    let source = format!("loss_function {loss}: {meaning}");
    Some(Output { dtype: "float64".into(), width: per_dimension, source })
}

/// Everything else that the model says.
pub(super) fn facts(model: &CatboostModel) -> Vec<Fact> {
    let mut facts = Vec::new();
    let mut add = |name, value: Value, source: &str| {
        facts.push(Fact { name, value, source: source.to_owned() });
    };
    let features = features_key(model);
    add("n_features", Value::from(model.features.len()), features);
    let names: Vec<String> = model.features.iter().map(Feature::called).collect();
    if model.has_made_up_names() {
        add("feature_names", Value::from(names), "positions of the columns, which have no names");
    } else {
        add("feature_names", Value::from(names), features);
    }
    for (name, kind) in [
        ("categorical_features", FeatureKind::Categorical),
        ("text_features", FeatureKind::Text),
        ("embedding_features", FeatureKind::Embedding),
    ] {
        let of_kind = model.features.iter().filter(|feature| feature.kind == kind);
        let names: Vec<String> = of_kind.map(Feature::called).collect();
        if !names.is_empty() {
            add(name, Value::from(names), features);
        }
    }
    if let Some((name, params)) = model.info.loss() {
        add("loss_function", Value::from(name), "params.loss_function");
        if let Some(params) = params {
            add("loss_parameters", Value::Object(params.clone()), "params.loss_function");
        }
    }
    if let Some(classes) = model.info.classes() {
        add("n_classes", Value::from(classes.values.len()), "class_params");
        add("class_labels", Value::from(classes.values), "class_params");
    }
    add("n_trees", count(model.n_trees), trees_key(model));
    if 1 < model.n_dimensions {
        add("n_dimensions", count(model.n_dimensions), dimensions_key(model));
    }
    if let Some(params) = model.info.hyperparameters() {
        add("hyperparameters", Value::Object(params.clone()), "params.flat_params");
    }
    if let Some(time) = &model.info.trained_at {
        add("trained_at", Value::from(time.clone()), "train_finish_time");
    }
    if let Some(guid) = &model.info.guid {
        add("model_guid", Value::from(guid.clone()), "model_guid");
    }
    if !model.info.metadata.is_empty() {
        add("metadata", Value::Object(model.info.metadata.clone()), "the model's metadata");
    }
    facts
}

fn features_key(model: &CatboostModel) -> &'static str {
    match model.container {
        Container::Cbm => "features in ModelTrees",
        Container::Json => "features_info",
    }
}

fn trees_key(model: &CatboostModel) -> &'static str {
    match model.container {
        Container::Cbm => "TreeSizes",
        Container::Json => "oblivious_trees or trees",
    }
}

fn dimensions_key(model: &CatboostModel) -> &'static str {
    match model.container {
        Container::Cbm => "ApproxDimension",
        Container::Json => "scale_and_bias",
    }
}

/// What must be installed. CatBoost reads the files of all its older releases.
pub(super) fn requirements(model: &CatboostModel) -> Vec<Requirement> {
    let package = match &model.info.version {
        Some(version) => Requirement { requirement: format!("catboost=={version}"), source: VERSION.into() },
        None => Requirement {
            requirement: "catboost".into(),
            source: "the file does not say which release trained it; CatBoost reads the files of older ones"
                .into(),
        },
    };
    let numpy = Requirement {
        requirement: "numpy".into(),
        source: "CatBoost works on NumPy arrays; its version is not in the file".into(),
    };
    vec![package, numpy]
}

/// A count as JSON; beyond 2^53 as text, which JSON readers do not round.
fn count(n: u64) -> Value {
    if n <= 1 << 53 { Value::from(n) } else { Value::from(n.to_string()) }
}
