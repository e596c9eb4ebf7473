//! Packages of each framework, judged by the beginning of their files.

use super::Severity::{self, Error, Info};
use super::assert_found;
use crate::package::MemoryFiles;

/// A package of one flavor around the given files.
fn flavor(name: &str, block: &str, loader: &str, requirement: &str, files: &[(&str, &[u8])]) -> MemoryFiles {
    let mlmodel = format!(
        "flavors:\n  python_function:\n    env: {{conda: conda.yaml, virtualenv: python_env.yaml}}\n    \
         loader_module: {loader}\n    python_version: 3.11.7\n  {name}: {{{block}}}\nsignature:\n  \
         inputs: '[{{\"type\": \"double\", \"name\": \"a\", \"required\": true}}]'\n"
    );
    let mut all: Vec<(String, Vec<u8>)> =
        files.iter().map(|(name, bytes)| ((*name).to_owned(), bytes.to_vec())).collect();
    all.push(("MLmodel".into(), mlmodel.into_bytes()));
    all.push(("requirements.txt".into(), format!("mlflow==3.17.2\n{requirement}").into_bytes()));
    for name in ["conda.yaml", "python_env.yaml"] {
        all.push((name.into(), b"{}".to_vec()));
    }
    MemoryFiles::new(all)
}

/// A pickle of the protocol 4 that calls a global of joblib and goes on as the case says.
fn joblib_like(rest: &[u8]) -> Vec<u8> {
    let mut bytes = b"\x80\x04\x8c\x13joblib.numpy_pickle\x8c\x11NumpyArrayWrapper\x93)\x81}b".to_vec();
    bytes.extend(rest);
    bytes
}

#[test]
fn sklearn_files_are_told_apart_by_their_bytes() {
    let pickle: &[u8] = b"\x80\x04N.";
    let raw = joblib_like(b"\x05\xff\xff\xff\xff\xff\0\0\0\0");
    let plain = joblib_like(b".");
    let model = "flavors.sklearn.pickled_model";
    let executes = (Info, "pickle/executes", "m");
    for (format, bytes, expected) in [
        ("pickle", pickle, vec![executes]),
        ("cloudpickle", &plain, vec![executes]),
        ("pickle", &raw, vec![(Error, "pickle/joblib", "m"), executes]),
        ("pickle", b"\x78\x9c\x01", vec![(Error, "pickle/joblib", "m"), executes]),
        ("pickle", b"/etc/passwd", vec![(Error, "pickle/content", "m"), executes]),
        ("pickle", b"", vec![(Error, "pickle/content", "m"), executes]),
        ("pickle", b"PK\x03\x04", vec![(Error, "sklearn/content", "m")]),
        ("skops", b"PK\x03\x04", vec![]),
        ("skops", pickle, vec![(Error, "sklearn/content", "m")]),
        ("joblib", pickle, vec![(Error, "sklearn/format", "flavors.sklearn.serialization_format"), executes]),
    ] {
        let block = format!("pickled_model: m, serialization_format: {format}");
        let files = flavor("sklearn", &block, "mlflow.sklearn", "scikit-learn==1.9.1", &[("m", bytes)]);
        assert_found(&files, &expected);
    }
    let files = flavor("sklearn", "sklearn_version: 1.9.1", "mlflow.sklearn", "scikit-learn==1.9.1", &[]);
    assert_found(&files, &[(Error, "sklearn/model", model)]);
}

#[test]
fn a_method_that_the_sklearn_wrapper_lacks_is_named() {
    let block = "pickled_model: m, serialization_format: skops}\n  x: {";
    let with = |method: &str| {
        let loader = format!("mlflow.sklearn\n    predict_fn: {method}");
        flavor("sklearn", block, &loader, "scikit-learn==1.9.1", &[("m", b"PK\x03\x04")])
    };
    assert_found(&with("predict_proba"), &[]);
    assert_found(&with("transform"), &[(Error, "pyfunc/predict-fn", "flavors.python_function.predict_fn")]);
}

/// Flavor, the keys of its block, its requirement, its files, and what is found.
type Case = (
    &'static str,
    &'static str,
    &'static str,
    Vec<(&'static str, &'static [u8])>,
    Vec<(Severity, &'static str, &'static str)>,
);

#[test]
fn other_frameworks_files_are_judged_by_their_beginning() {
    let zip: &[u8] = b"PK\x03\x04....";
    let hdf5: &[u8] = b"\x89HDF\r\n\x1a\n";
    let cases: Vec<Case> = vec![
        ("lightgbm", "data: m.lgb", "lightgbm==4", vec![("m.lgb", b"tree\nversion=v4")], vec![]),
        (
            "lightgbm",
            "data: m.lgb",
            "lightgbm==4",
            vec![("m.lgb", b"{\"name\"")],
            vec![(Error, "lightgbm/content", "m.lgb")],
        ),
        (
            "catboost",
            "data: m.cb, save_format: cbm, model_type: CatBoost",
            "catboost==1",
            vec![("m.cb", b"CBM1")],
            vec![],
        ),
        (
            "catboost",
            "data: m.cb, save_format: cbm",
            "catboost==1",
            vec![("m.cb", b"CBM1")],
            vec![(Error, "catboost/keys", "flavors.catboost.model_type")],
        ),
        ("keras", "data: data", "keras==3", vec![("data/model.keras", zip)], vec![]),
        (
            "keras",
            "data: data",
            "keras==3",
            vec![("data/model.keras", hdf5)],
            vec![(Error, "keras/content", "data/model.keras")],
        ),
        (
            "keras",
            "data: data",
            "keras==3",
            vec![("data/m.keras", zip)],
            vec![(Error, "files/missing", "flavors.keras.data")],
        ),
        (
            "tensorflow",
            "data: data, model_type: keras",
            "tensorflow==2",
            vec![("data/model.keras", zip), ("data/save_format.txt", b"tf")],
            vec![],
        ),
        (
            "tensorflow",
            "data: data, model_type: keras",
            "tensorflow==2",
            vec![("data/model.keras", zip)],
            vec![(Error, "tensorflow/save-format", "data/save_format.txt")],
        ),
        (
            "pytorch",
            "model_data: data, pytorch_version: 2.5.0",
            "torch==2.5",
            vec![("data/model.pth", zip), ("data/pickle_module_info.txt", b"mlflow.pytorch.pickle_module")],
            vec![(Info, "pickle/executes", "data/model.pth")],
        ),
        (
            "pytorch",
            "model_data: data, pytorch_version: 2.5.0",
            "torch==2.5",
            vec![("data/model.pth", zip), ("data/pickle_module_info.txt", b"mlflow.pytorch.pickle_module\n")],
            vec![
                (Error, "pytorch/pickle-module", "data/pickle_module_info.txt"),
                (Info, "pickle/executes", "data/model.pth"),
            ],
        ),
        (
            "pytorch",
            "model_data: m.pt2, pytorch_version: 2.5.0",
            "torch==2.5",
            vec![("m.pt2", zip)],
            vec![(Error, "pytorch/pt2", "flavors.pytorch.model_data"), (Info, "pickle/executes", "m.pt2")],
        ),
        (
            "pytorch",
            "model_data: data, pytorch_version: 2.5.0",
            "torch==2.5",
            vec![("data/m.pt2", zip)],
            vec![(Error, "pytorch/no-model", "flavors.pytorch.model_data")],
        ),
        (
            "pytorch",
            "model_data: data",
            "torch==2.5",
            vec![("data/model.pt2", zip)],
            vec![(Error, "pytorch/version", "flavors.pytorch.pytorch_version")],
        ),
        ("prophet", "data: m.pr", "prophet==1", vec![("m.pr", b"\"{}\"")], vec![]),
        (
            "prophet",
            "data: m.pr",
            "prophet==1",
            vec![("m.pr", b"{}")],
            vec![(Error, "prophet/encoding", "m.pr")],
        ),
    ];
    for (name, block, requirement, files, expected) in cases {
        let package = flavor(name, block, &format!("mlflow.{name}"), requirement, &files);
        assert_found(&package, &expected);
    }
}
