//! What a LightGBM model means: its signature, facts and requirements.

use packwright_mlflow::schema::{ColSpec, ColumnName, ColumnType, DataType, TensorSpec};
use serde_json::{Map, Value};

use super::model::LightgbmModel;
use crate::{Fact, Requirement, Sourced, SourcedSchema, SourcedSignature};

/// Parameters that say how a model was made; the others are defaults, devices and file names.
const HYPERPARAMETERS: [&str; 30] = [
    "boosting",
    "num_iterations",
    "learning_rate",
    "num_leaves",
    "max_depth",
    "min_data_in_leaf",
    "min_sum_hessian_in_leaf",
    "bagging_fraction",
    "bagging_freq",
    "feature_fraction",
    "feature_fraction_bynode",
    "early_stopping_round",
    "lambda_l1",
    "lambda_l2",
    "linear_lambda",
    "min_gain_to_split",
    "drop_rate",
    "max_cat_threshold",
    "cat_l2",
    "cat_smooth",
    "monotone_constraints",
    "linear_tree",
    "extra_trees",
    "max_bin",
    "is_unbalance",
    "scale_pos_weight",
    "sigmoid",
    "alpha",
    "tweedie_variance_power",
    "seed",
];

/// What goes in and comes out of `Booster.predict`.
pub(crate) fn signature(model: &LightgbmModel) -> SourcedSignature {
    SourcedSignature { inputs: inputs(model), outputs: Some(outputs(model)), params: None }
}

/// Named columns where names were given. LightGBM goes by position, so made-up names would only get in the way: one
/// tensor then.
fn inputs(model: &LightgbmModel) -> Option<SourcedSchema> {
    if model.feature_names.is_empty() {
        return None;
    }
    if model.has_made_up_names() && model.pandas_categorical.is_empty() {
        let width = i64::try_from(model.n_features()).ok()?;
        let source = "max_feature_idx; float64 is assumed, LightGBM takes any number";
        let tensor = TensorSpec::unnamed("float64", vec![-1, width]);
        return Some(SourcedSchema::Tensors(vec![Sourced::new(tensor, source)]));
    }
    let pandas = model.pandas_columns();
    let columns = model.feature_names.iter().enumerate().map(|(index, name)| {
        let (ty, source) = match pandas.get(&index) {
            // Callers send a pandas categorical or one of the values: MLflow has no type that takes both.
            Some(_) => (ColumnType::Any, "feature_names; pandas_categorical lists its categories".into()),
            None => number_type(model, index),
        };
        let column = ColSpec { name: Some(ColumnName::Text(name.clone())), ty, required: true };
        Sourced::new(column, source)
    });
    Some(SourcedSchema::Columns(columns.collect()))
}

/// LightGBM makes `double` of every number. Beside pandas categories the caller has a frame with types of its own,
/// and MLflow casts neither integers nor booleans to `double`: a feature that had only whole numbers in training is
/// left open there.
fn number_type(model: &LightgbmModel, index: usize) -> (ColumnType, String) {
    let info = model.feature_infos.get(index).map(String::as_str).unwrap_or_default();
    let range = info.strip_prefix('[').and_then(|info| info.strip_suffix(']'));
    let is_whole = |bound: &str| bound.parse::<f64>().is_ok_and(|bound| bound.fract() == 0.0);
    let has_whole = range
        .and_then(|range| range.split_once(':'))
        .is_some_and(|(min, max)| is_whole(min) && is_whole(max));
    if !model.pandas_categorical.is_empty() && (has_whole || range.is_none()) {
        let source = format!("feature_names; feature_infos {info}: integers, booleans or floats");
        return (ColumnType::Any, source);
    }
    (ColumnType::Scalar(DataType::Double), "feature_names; LightGBM makes double of every number".into())
}

/// One value per row, or one per class.
fn outputs(model: &LightgbmModel) -> SourcedSchema {
    let per_row = model.n_trees_per_iteration;
    let shape = match i64::try_from(per_row) {
        Ok(width) if 1 < width => vec![-1, width],
        _ => vec![-1],
    };
    let meaning = match model.objective_name() {
        Some("binary" | "cross_entropy" | "cross_entropy_lambda") => "the probability of class 1",
        Some("multiclass" | "multiclassova" | "softmax" | "multiclass_ova") => "one probability per class",
        Some("lambdarank" | "rank_xendcg") => "a ranking score",
        Some(_) => "a prediction",
        None => "a raw score; the objective is not in the file",
    };
    let source = match &model.objective {
        Some(objective) => format!("objective {objective}, num_tree_per_iteration {per_row}: {meaning}"),
        None => format!("num_tree_per_iteration {per_row}: {meaning}"),
    };
    SourcedSchema::Tensors(vec![Sourced::new(TensorSpec::unnamed("float64", shape), source)])
}

/// Everything else that the model says.
pub(crate) fn facts(model: &LightgbmModel) -> Vec<Fact> {
    let mut facts = Vec::new();
    let mut add = |name, value: Value, source: &str| {
        facts.push(Fact { name, value, source: source.to_owned() });
    };
    if !model.feature_names.is_empty() {
        add("n_features", Value::from(model.n_features()), "max_feature_idx");
        add("feature_names", Value::from(model.feature_names.clone()), "feature_names");
    }
    if !model.feature_infos.is_empty() {
        let infos = model.feature_names.iter().zip(&model.feature_infos);
        let infos = infos.map(|(name, info)| (name.clone(), Value::from(info.clone())));
        add("feature_ranges", Value::Object(infos.collect()), "feature_infos");
    }
    let categorical = model.categorical();
    if !categorical.is_empty() {
        let names = categorical.iter().filter_map(|index| model.feature_names.get(*index));
        add("categorical_features", names.cloned().collect(), "categorical_feature, feature_infos");
    }
    let pandas: Map<String, Value> = model
        .pandas_columns()
        .into_iter()
        .filter_map(|(index, labels)| {
            Some((model.feature_names.get(index)?.clone(), Value::from(labels.to_vec())))
        })
        .collect();
    if !pandas.is_empty() {
        add("categories", Value::Object(pandas), "pandas_categorical");
    }
    if let Some(name) = model.objective_name() {
        add("objective", Value::from(name), "objective");
        let params = model.objective.as_deref().and_then(|text| text.split_once(' ')).map(|pair| pair.1);
        if let Some(params) = params {
            add("objective_parameters", Value::from(params), "objective");
        }
        if matches!(name, "binary") {
            add("n_classes", Value::from(2), "objective");
        }
    }
    if 1 < model.n_classes {
        add("n_classes", count(model.n_classes), "num_class");
    }
    add("n_trees", count(model.n_trees), "tree_sizes");
    if 1 < model.n_trees_per_iteration {
        let iterations = model.n_trees.checked_div(model.n_trees_per_iteration).unwrap_or(0);
        add("n_iterations", count(iterations), "tree_sizes, num_tree_per_iteration");
    }
    if model.is_averaged {
        add("is_random_forest", Value::from(true), "average_output");
    }
    if let Some(version) = &model.text_version {
        add("text_format", Value::from(version.clone()), "version");
    }
    let shown = HYPERPARAMETERS.iter().filter_map(|key| {
        let value = model.parameters.get(*key).filter(|value| !value.is_empty())?;
        Some(((*key).to_owned(), Value::from(value.clone())))
    });
    let shown: Map<String, Value> = shown.collect();
    if !shown.is_empty() {
        add("hyperparameters", Value::Object(shown), "parameters");
    }
    facts
}

/// What must be installed. The text has no version of the package, only of its own format.
pub(crate) fn requirements(model: &LightgbmModel) -> Vec<Requirement> {
    let version = model.text_version.as_deref().unwrap_or("of before v3");
    let package = match version {
        "v4" => "lightgbm>=4",
        "v3" => "lightgbm>=3",
        _ => "lightgbm",
    };
    let source = format!("text format {version}; the version of the package is not in the file");
    let mut lines = vec![
        Requirement { requirement: package.into(), source },
        Requirement {
            requirement: "numpy".into(),
            source: "LightGBM works on NumPy arrays; its version is not in the file".into(),
        },
    ];
    if matches!(inputs(model), Some(SourcedSchema::Columns(_))) {
        let source = "the inputs are named columns; its version is not in the file";
        lines.push(Requirement { requirement: "pandas".into(), source: source.into() });
    }
    lines
}

/// A count as JSON; beyond 2^53 as text, which JSON readers do not round.
fn count(n: u64) -> Value {
    if n <= 1 << 53 { Value::from(n) } else { Value::from(n.to_string()) }
}
