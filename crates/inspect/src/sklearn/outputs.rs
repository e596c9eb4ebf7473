//! What comes out of an estimator.

use packwright_formats::pickle::Value;

use crate::pickled::{Estimator, Kind, Output, PickleFile, array_attr, class_of, count_attr, some_attr};

/// The output that follows from what the estimator learned; `None` when it cannot be told.
pub(super) fn own_output(file: &PickleFile, value: Value, estimator: &Estimator) -> Option<Output> {
    match estimator.kind {
        Kind::Classifier => labels_output(estimator),
        Kind::Regressor => {
            let (width, source) = targets(file, value)?;
            Some(Output { dtype: "float64".into(), width, source })
        }
        Kind::Clusterer | Kind::FitOnlyClusterer => {
            let labels = array_attr(file, value, "labels_");
            match (labels, estimator.class.contains(".mixture.")) {
                (Some(labels), _) => Some(Output {
                    dtype: labels.dtype.name(),
                    width: None,
                    source: "dtype of labels_".into(),
                }),
                (None, true) => Some(Output {
                    dtype: "int64".into(),
                    width: None,
                    source: "convention: mixtures number their components".into(),
                }),
                (None, false) => None,
            }
        }
        Kind::OutlierDetector => Some(Output {
            dtype: if estimator.class.ends_with(".SGDOneClassSVM") { "int32" } else { "int64" }.into(),
            width: None,
            source: "convention: outlier detectors give 1 or -1".into(),
        }),
        Kind::Transformer => {
            let (width, source) = transformed(file, value)?;
            Some(Output { dtype: "float64".into(), width: Some(width), source })
        }
        Kind::Ranker | Kind::Forecaster | Kind::Unknown => None,
    }
}

fn labels_output(estimator: &Estimator) -> Option<Output> {
    let labels = estimator.labels.as_ref()?;
    let mut dtypes = labels.value.iter().map(|labels| labels.dtype.clone());
    let dtype = dtypes.next()??;
    // Outputs of different types become one object array.
    let dtype = if dtypes.all(|other| other.as_deref() == Some(&dtype)) { dtype } else { "object".into() };
    let width = if labels.value.len() == 1 { None } else { u64::try_from(labels.value.len()).ok() };
    Some(Output { dtype, width, source: format!("dtype of {}", labels.source) })
}

/// The number of targets of a regressor: `None` inside when it predicts one value per row.
fn targets(file: &PickleFile, value: Value) -> Option<(Option<u64>, String)> {
    let (module, name) = class_of(file, value)?;
    if let Some(n) = count_attr(file, value, "n_outputs_") {
        return Some(((1 < n).then_some(n), "n_outputs_".into()));
    }
    if name == "MultiOutputRegressor" || name == "RegressorChain" {
        let n = file.pickle.tree.len_of(some_attr(file, value, "estimators_")?)?;
        return Some((Some(n), "length of estimators_".into()));
    }
    // Attributes that have a second axis exactly when there are several targets.
    for (attribute, axis) in
        [("coef_", 0_usize), ("dual_coef_", 1), ("_y", 1), ("y_train_", 1), ("intercept_", 0)]
    {
        let Some(array) = array_attr(file, value, attribute) else {
            continue;
        };
        let is_svm = module.starts_with("sklearn.svm");
        let is_pls = module.starts_with("sklearn.cross_decomposition");
        if is_svm || attribute == "intercept_" {
            return Some((None, "one value per row".into()));
        }
        if is_pls {
            return None;
        }
        let width = if array.shape.len() == 2 { array.shape.get(axis).copied() } else { None };
        return Some((width, format!("shape of {attribute}")));
    }
    let is_single = module.starts_with("sklearn.ensemble")
        || module.starts_with("sklearn.isotonic")
        || module.starts_with("sklearn.svm");
    is_single.then(|| (None, "one value per row".to_owned()))
}

/// How many columns `transform` gives.
fn transformed(file: &PickleFile, value: Value) -> Option<(u64, String)> {
    let (module, name) = class_of(file, value)?;
    if let Some(n) = count_attr(file, value, "n_components_") {
        return Some((n, "n_components_".into()));
    }
    if let Some(components) = array_attr(file, value, "components_") {
        return Some((*components.shape.first()?, "shape of components_".into()));
    }
    let keeps_width = module.starts_with("sklearn.preprocessing")
        && (name.ends_with("Scaler")
            || matches!(name, "Normalizer" | "QuantileTransformer" | "PowerTransformer"));
    if keeps_width {
        let n = super::inputs::n_features(file, value)?;
        return Some((n.value, n.source));
    }
    None
}
