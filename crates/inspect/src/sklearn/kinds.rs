//! What a scikit-learn class is for, by the module it lives in.
//!
//! Modules say more than class names: everything in `sklearn.linear_model` predicts, nothing in
//! `sklearn.preprocessing` does. The few exceptions are named. Old module paths (`sklearn.ensemble.forest`) share
//! the second part with the new ones.

use crate::pickled::Kind;

/// What a class of scikit-learn, or of a library that follows it, is for.
pub(crate) fn kind_of(module: &str, name: &str) -> Kind {
    let mut parts = module.split('.');
    let (library, family) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
    if library != "sklearn" {
        return by_name(name);
    }
    match family {
        "linear_model"
        | "svm"
        | "tree"
        | "naive_bayes"
        | "gaussian_process"
        | "discriminant_analysis"
        | "multiclass"
        | "multioutput"
        | "semi_supervised"
        | "dummy"
        | "kernel_ridge"
        | "isotonic"
        | "calibration"
        | "lda"
        | "qda" => predictor(family, name),
        "ensemble" => match name {
            "IsolationForest" => Kind::OutlierDetector,
            "RandomTreesEmbedding" => Kind::Transformer,
            _ => predictor(family, name),
        },
        "neighbors" => match name {
            "KNeighborsTransformer" | "RadiusNeighborsTransformer" | "NeighborhoodComponentsAnalysis" => {
                Kind::Transformer
            }
            "NearestNeighbors" | "KernelDensity" | "KDTree" | "BallTree" => Kind::Unknown,
            "LocalOutlierFactor" => Kind::OutlierDetector,
            "NearestCentroid" => Kind::Classifier,
            _ => by_name(name),
        },
        "neural_network" => match name {
            "BernoulliRBM" => Kind::Transformer,
            _ => by_name(name),
        },
        "cluster" => match name {
            "KMeans"
            | "MiniBatchKMeans"
            | "BisectingKMeans"
            | "AffinityPropagation"
            | "MeanShift"
            | "Birch" => Kind::Clusterer,
            "DBSCAN" | "HDBSCAN" | "OPTICS" | "AgglomerativeClustering" | "SpectralClustering" => {
                Kind::FitOnlyClusterer
            }
            "FeatureAgglomeration" => Kind::Transformer,
            _ => Kind::Unknown,
        },
        "mixture" => Kind::Clusterer,
        "covariance" if name == "EllipticEnvelope" => Kind::OutlierDetector,
        "cross_decomposition" => match name {
            "PLSSVD" => Kind::Transformer,
            _ => Kind::Regressor,
        },
        "preprocessing"
        | "decomposition"
        | "feature_selection"
        | "feature_extraction"
        | "impute"
        | "random_projection"
        | "kernel_approximation" => Kind::Transformer,
        "manifold" => match name {
            "Isomap" | "LocallyLinearEmbedding" => Kind::Transformer,
            _ => Kind::Unknown,
        },
        "compose" => match name {
            "ColumnTransformer" => Kind::Transformer,
            _ => by_name(name),
        },
        "pipeline" if name == "FeatureUnion" => Kind::Transformer,
        _ => by_name(name),
    }
}

/// What a class is for that derives from another: scikit-learn's mixins say it, and its estimators hand it on.
pub(crate) fn kind_of_base(module: &str, name: &str) -> Kind {
    match (module, name) {
        ("sklearn.base", "ClassifierMixin") => Kind::Classifier,
        ("sklearn.base", "RegressorMixin") => Kind::Regressor,
        ("sklearn.base", "ClusterMixin") => Kind::Clusterer,
        ("sklearn.base", "OutlierMixin") => Kind::OutlierDetector,
        ("sklearn.base", "TransformerMixin") => Kind::Transformer,
        ("sklearn.base", _) => Kind::Unknown,
        _ => kind_of(module, name),
    }
}

/// Classes of a family in which everything predicts: classifier unless the name says otherwise.
fn predictor(family: &str, name: &str) -> Kind {
    let named = by_name(name);
    if named != Kind::Unknown {
        return named;
    }
    let classifies = match family {
        "naive_bayes"
        | "discriminant_analysis"
        | "multiclass"
        | "semi_supervised"
        | "calibration"
        | "lda"
        | "qda" => true,
        "svm" => matches!(name, "SVC" | "NuSVC" | "LinearSVC"),
        "linear_model" => {
            matches!(name, "LogisticRegression" | "LogisticRegressionCV" | "Perceptron" | "RidgeClassifierCV")
        }
        "multioutput" => name == "ClassifierChain",
        _ => false,
    };
    match name {
        "OneClassSVM" | "SGDOneClassSVM" => Kind::OutlierDetector,
        _ if classifies => Kind::Classifier,
        _ => Kind::Regressor,
    }
}

/// The convention of the whole ecosystem.
fn by_name(name: &str) -> Kind {
    let base = name.strip_suffix("CV").unwrap_or(name);
    if base.ends_with("Classifier") || base.ends_with("ClassifierChain") || base == "LogisticRegression" {
        Kind::Classifier
    } else if base.ends_with("Regressor") || base.ends_with("RegressorChain") {
        Kind::Regressor
    } else if base.ends_with("Ranker") {
        Kind::Ranker
    } else if base.ends_with("Transformer")
        || base.ends_with("Encoder")
        || base.ends_with("Scaler")
        || base.ends_with("Vectorizer")
        || base.ends_with("Imputer")
    {
        Kind::Transformer
    } else {
        Kind::Unknown
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn classes_are_known_by_the_module_they_live_in() {
        for (class, kind) in [
            ("sklearn.ensemble._forest.RandomForestClassifier", Kind::Classifier),
            ("sklearn.ensemble.forest.RandomForestRegressor", Kind::Regressor),
            ("sklearn.linear_model._base.LinearRegression", Kind::Regressor),
            ("sklearn.linear_model._logistic.LogisticRegression", Kind::Classifier),
            ("sklearn.linear_model._logistic.LogisticRegressionCV", Kind::Classifier),
            ("sklearn.linear_model._ridge.RidgeClassifierCV", Kind::Classifier),
            ("sklearn.linear_model._ridge.RidgeCV", Kind::Regressor),
            ("sklearn.svm._classes.SVC", Kind::Classifier),
            ("sklearn.svm._classes.SVR", Kind::Regressor),
            ("sklearn.svm._classes.OneClassSVM", Kind::OutlierDetector),
            ("sklearn.naive_bayes.GaussianNB", Kind::Classifier),
            ("sklearn.cluster._dbscan.DBSCAN", Kind::FitOnlyClusterer),
            ("sklearn.cluster._kmeans.KMeans", Kind::Clusterer),
            ("sklearn.preprocessing._data.StandardScaler", Kind::Transformer),
            ("sklearn.decomposition._pca.PCA", Kind::Transformer),
            ("sklearn.isotonic.IsotonicRegression", Kind::Regressor),
            ("sklearn.multioutput.MultiOutputClassifier", Kind::Classifier),
            ("sklearn.multioutput.RegressorChain", Kind::Regressor),
            ("sklearn.neighbors._classification.KNeighborsClassifier", Kind::Classifier),
            ("sklearn.compose._target.TransformedTargetRegressor", Kind::Regressor),
            ("imblearn.ensemble._forest.BalancedRandomForestClassifier", Kind::Classifier),
            ("category_encoders.target_encoder.TargetEncoder", Kind::Transformer),
            ("shop.models.Thing", Kind::Unknown),
        ] {
            let (module, name) = class.rsplit_once('.').unwrap();
            assert_eq!(kind_of(module, name), kind, "{class}");
        }
    }
}
