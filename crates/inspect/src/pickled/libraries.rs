//! Import names and the PyPI projects that provide them.

/// Import name of a top-level module, and the PyPI name of the project that provides it where the two differ or
/// where the library is known to be a dependency in its own right. Sorted by import name.
const LIBRARIES: &[(&str, &str)] = &[
    // scikit-learn 1.4 to 1.6 shipped its compiled losses under this bare name.
    ("_loss", "scikit-learn"),
    ("bs4", "beautifulsoup4"),
    ("catboost", "catboost"),
    ("category_encoders", "category-encoders"),
    ("cloudpickle", "cloudpickle"),
    ("cv2", "opencv-python-headless"),
    ("dill", "dill"),
    ("feature_engine", "feature-engine"),
    ("imblearn", "imbalanced-learn"),
    ("interpret", "interpret"),
    ("joblib", "joblib"),
    ("keras", "keras"),
    ("lightgbm", "lightgbm"),
    ("mapie", "mapie"),
    ("mlxtend", "mlxtend"),
    ("nltk", "nltk"),
    ("numpy", "numpy"),
    ("pandas", "pandas"),
    ("pmdarima", "pmdarima"),
    ("prophet", "prophet"),
    ("pyarrow", "pyarrow"),
    ("pygam", "pygam"),
    ("scipy", "scipy"),
    ("sentence_transformers", "sentence-transformers"),
    ("shap", "shap"),
    ("sklearn", "scikit-learn"),
    ("sklearn_crfsuite", "sklearn-crfsuite"),
    ("skops", "skops"),
    ("sktime", "sktime"),
    ("spacy", "spacy"),
    ("statsmodels", "statsmodels"),
    ("tensorflow", "tensorflow"),
    ("torch", "torch"),
    ("transformers", "transformers"),
    ("umap", "umap-learn"),
    ("xgboost", "xgboost"),
];

/// Top-level modules of Python itself that pickles of models refer to.
const STANDARD: &[&str] = &[
    "__builtin__",
    "_codecs",
    "_io",
    "abc",
    "array",
    "builtins",
    "collections",
    "copy_reg",
    "copyreg",
    "datetime",
    "decimal",
    "enum",
    "fractions",
    "functools",
    "itertools",
    "math",
    "numbers",
    "operator",
    "pathlib",
    "random",
    "re",
    "string",
    "types",
    "typing",
    "uuid",
];

/// The PyPI name of the library that provides a module; empty when the module belongs to no known library.
pub(crate) fn library_of(module: &str) -> &'static str {
    let top = top_level(module);
    match LIBRARIES.binary_search_by(|(import, _)| (*import).cmp(top)) {
        Ok(found) => LIBRARIES.get(found).map_or("", |(_, name)| name),
        Err(_) => "",
    }
}

/// Whether a module is part of Python itself, as far as models use it.
pub(crate) fn is_standard(module: &str) -> bool {
    STANDARD.contains(&top_level(module))
}

/// The first part of a dotted module path.
pub(crate) fn top_level(module: &str) -> &str {
    module.split('.').next().unwrap_or(module)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_sorted_so_that_it_can_be_searched() {
        assert!(LIBRARIES.is_sorted_by(|a, b| a.0 < b.0));
        assert!(STANDARD.is_sorted());
    }

    #[test]
    fn a_module_belongs_to_the_project_that_provides_it() {
        assert_eq!(library_of("sklearn.svm._classes"), "scikit-learn");
        assert_eq!(library_of("imblearn.pipeline"), "imbalanced-learn");
        assert_eq!(library_of("shop.features"), "");
        assert!(is_standard("collections"));
        assert!(!is_standard("os"));
    }
}
