//! What an XGBoost model means: its signature, facts and requirements.

use packwright_mlflow::schema::{ColSpec, ColumnType, DataType, TensorSpec};
use serde_json::{Map, Value};

use super::model::{BOOSTER, Container, XgboostModel};
use crate::{Fact, Requirement, Sourced, SourcedSchema, SourcedSignature};

/// What goes in and comes out when `model_class` predicts.
pub(crate) fn signature(model: &XgboostModel, model_class: &str) -> SourcedSignature {
    SourcedSignature { inputs: inputs(model), outputs: outputs(model, model_class), params: None }
}

/// Named columns where the names are in the file: XGBoost then refuses data without them. One tensor where only the
/// count is known.
fn inputs(model: &XgboostModel) -> Option<SourcedSchema> {
    if let Some(names) = model.names() {
        let columns = names.iter().enumerate().map(|(index, name)| {
            let (ty, source) = column_type(model, index);
            Sourced::new(ColSpec { ty, ..ColSpec::scalar(name.clone(), DataType::Double) }, source)
        });
        return Some(SourcedSchema::Columns(columns.collect()));
    }
    let width = i64::try_from(model.n_features).ok().filter(|width| *width != 0)?;
    let tensor = TensorSpec::unnamed("float64", vec![-1, width]);
    let source = "num_feature; float64 is assumed, XGBoost takes any number";
    Some(SourcedSchema::Tensors(vec![Sourced::new(tensor, source)]))
}

/// What callers may send for a feature. MLflow refuses integers in a `double` column and floats in a `long` one, and
/// a column of integers becomes one of floats as soon as a value is missing: columns of integers stay unchecked. So do
/// categorical ones, which must reach XGBoost as a pandas categorical; MLflow has no type for that.
fn column_type(model: &XgboostModel, index: usize) -> (ColumnType, String) {
    let double = ColumnType::Scalar(DataType::Double);
    match model.feature_type(index) {
        None => (double, "feature_names; double is assumed".into()),
        Some("i") => (
            ColumnType::Scalar(DataType::Boolean),
            "feature_names; feature_types says i, an indicator".into(),
        ),
        Some("int") => (
            ColumnType::Any,
            "feature_names; feature_types says int: integers, or floats where some are missing".into(),
        ),
        Some("c" | "categorical") => {
            (ColumnType::Any, "feature_names; feature_types says c, a pandas categorical".into())
        }
        Some(ty) => (double, format!("feature_names; feature_types says {ty}")),
    }
}

/// What the objective makes of a row. `None` for an objective we do not know.
fn outputs(model: &XgboostModel, model_class: &str) -> Option<SourcedSchema> {
    let objective = model.objective.as_deref()?;
    let is_classifier = matches!(model_class.rsplit('.').next(), Some("XGBClassifier" | "XGBRFClassifier"));
    let family = objective.split(':').next().unwrap_or_default();
    let n_classes = i64::try_from(model.n_classes).ok()?;
    let n_targets = i64::try_from(model.n_targets).ok()?;
    let per_row = if 1 < n_targets { vec![-1, n_targets] } else { vec![-1] };
    let (dtype, shape, meaning) = match (family, objective) {
        // The wrapper fills an array of floats where a row has several labels.
        ("binary", _) if is_classifier && 1 < n_targets => {
            ("float64", per_row, "one label per target; the wrapper predicts labels")
        }
        ("binary" | "multi", _) if is_classifier => {
            ("int64", per_row, "the number of the class; the wrapper predicts labels")
        }
        ("multi", "multi:softprob") if 0 < n_classes => {
            ("float32", vec![-1, n_classes], "one probability per class")
        }
        ("binary", "binary:logistic") => ("float32", per_row, "the probability of class 1"),
        ("multi", "multi:softmax") | ("binary", "binary:hinge") => {
            ("float32", per_row, "the number of the class")
        }
        ("binary", _) => ("float32", per_row, "a raw score"),
        ("rank", _) => ("float32", per_row, "a ranking score"),
        ("reg" | "count" | "survival", _) => ("float32", per_row, "a prediction"),
        _ => return None,
    };
    let source = format!("objective {objective}: {meaning}");
    Some(SourcedSchema::Tensors(vec![Sourced::new(TensorSpec::unnamed(dtype, shape), source)]))
}

/// Everything else that the file says.
pub(crate) fn facts(model: &XgboostModel) -> Vec<Fact> {
    let mut facts = Vec::new();
    let mut add = |name, value: Value, source: &str| {
        facts.push(Fact { name, value, source: source.to_owned() });
    };
    add("n_features", count(model.n_features), "learner_model_param.num_feature");
    if !model.feature_names.is_empty() {
        add("feature_names", Value::from(model.feature_names.clone()), "learner.feature_names");
    }
    if !model.feature_types.is_empty() {
        add("feature_types", Value::from(model.feature_types.clone()), "learner.feature_types");
    }
    if !model.categories.is_empty() {
        add("categories", categories(model), "gradient_booster.model.cats");
    }
    if let Some(objective) = &model.objective {
        add("objective", Value::from(objective.clone()), "learner.objective.name");
        if objective.starts_with("binary:") {
            add("n_classes", Value::from(2), "learner.objective.name");
        }
    }
    if model.n_classes != 0 {
        add("n_classes", count(model.n_classes), "learner_model_param.num_class");
    }
    if let Some(labels) = model.wrapper().and_then(|wrapper| wrapper.get("classes_").cloned()) {
        add("class_labels", labels, "learner.attributes.scikit_learn");
    }
    if 1 < model.n_targets {
        add("n_targets", count(model.n_targets), "learner_model_param.num_target");
    }
    if let Some(booster) = &model.booster {
        add("booster", Value::from(booster.clone()), "learner.gradient_booster.name");
    }
    if let Some(n_trees) = model.n_trees {
        add("n_trees", count(n_trees), "gbtree_model_param.num_trees");
    }
    if let Some(base_score) = &model.base_score {
        add("base_score", Value::from(base_score.clone()), "learner_model_param.base_score");
    }
    if let Some(best) = model.attributes.get("best_iteration") {
        let value = best.parse().map_or_else(|_| Value::from(best.clone()), count);
        add("best_iteration", value, "learner.attributes.best_iteration");
    }
    let kind = model.wrapper().and_then(|wrapper| wrapper.get("_estimator_type").cloned());
    if let Some(kind) = kind.filter(Value::is_string) {
        add("estimator_type", kind, "learner.attributes.scikit_learn");
    }
    if !model.objective_params.is_empty() {
        let params =
            model.objective_params.iter().map(|(key, value)| (key.clone(), Value::from(value.clone())));
        add("objective_parameters", Value::Object(params.collect()), "learner.objective");
    }
    let others = model.attributes.iter().filter(|(key, _)| key.as_str() != "scikit_learn");
    let others: Map<String, Value> =
        others.map(|(key, value)| (key.clone(), Value::from(value.clone()))).collect();
    if !others.is_empty() {
        add("attributes", Value::Object(others), "learner.attributes");
    }
    facts
}

fn categories(model: &XgboostModel) -> Value {
    let named = model.categories.iter().map(|(index, labels)| {
        let name = model.feature_names.get(*index).cloned().unwrap_or_else(|| index.to_string());
        (name, Value::from(labels.clone()))
    });
    Value::Object(named.collect())
}

/// What must be installed to load and predict. Old releases need the NumPy, pandas and scikit-learn of their time,
/// which they did not declare themselves.
pub(crate) fn requirements(model: &XgboostModel, model_class: &str) -> Vec<Requirement> {
    let mut lines = Vec::new();
    let mut add = |requirement: String, source: String| lines.push(Requirement { requirement, source });
    let Some(version) = &model.version else {
        let source =
            "written before XGBoost 1.0, which did not record its version; 3.1 and later cannot read it";
        add("xgboost>=1,<3.1".into(), source.into());
        add("numpy".into(), "XGBoost works on NumPy arrays; its version is not in the file".into());
        return lines;
    };
    match model.container {
        Container::Binary => {
            let source = "major_version and minor_version; the patch release is not in the file";
            add(format!("xgboost=={version}.*"), source.into());
        }
        Container::Json | Container::Ubj => add(format!("xgboost=={version}"), "version".into()),
    }
    let number = numbers(version);
    if model_class != BOOSTER {
        let source = format!("{model_class} is a scikit-learn wrapper; the version is not in the file");
        if number < (2, 1, 4) {
            add(
                "scikit-learn<1.6".into(),
                format!("{source}, and XGBoost {version} is older than 1.6's estimator tags"),
            );
        } else {
            add("scikit-learn".into(), source);
        }
    }
    if number < (2, 1, 0) {
        add("numpy<2".into(), format!("XGBoost {version} is older than NumPy 2"));
    } else {
        add("numpy".into(), "XGBoost works on NumPy arrays; its version is not in the file".into());
    }
    if number < (1, 7, 5) {
        add("pandas<2".into(), format!("XGBoost {version} is older than pandas 2"));
    } else if model.names().is_some() {
        add("pandas".into(), "the inputs are named columns; its version is not in the file".into());
    }
    lines
}

/// `1.7` and `3.2.0` as numbers that can be compared.
fn numbers(version: &str) -> (u32, u32, u32) {
    let mut parts = version.split('.').map(|part| part.parse().unwrap_or(0));
    (parts.next().unwrap_or(0), parts.next().unwrap_or(0), parts.next().unwrap_or(0))
}

/// A count as JSON; beyond 2^53 as text, which JSON readers do not round.
fn count(n: u64) -> Value {
    if n <= 1 << 53 { Value::from(n) } else { Value::from(n.to_string()) }
}
