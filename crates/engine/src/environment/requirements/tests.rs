use packwright_inspect::{LoaderCall, Serving};

use super::*;
use crate::testing::{inspection, requirement};

fn lines(change: impl FnOnce(&mut Inspection), python: &str) -> Vec<String> {
    let mut inspection = inspection("model.pkl");
    inspection.signature.inputs = None;
    change(&mut inspection);
    let lines = requirements_for(&inspection, &inspection.requirements, &inspection.signature, python);
    assert!(lines.iter().all(|line| !line.source.is_empty()));
    lines.into_iter().map(|line| line.requirement).collect()
}

#[test]
fn lines_are_completed_by_what_the_library_of_that_time_needs() {
    let cases: [(&[&str], &str, &[&str]); 9] = [
        (&["scikit-learn==1.9.1"], "3.12", &["mlflow==3.17.2", "scikit-learn==1.9.1"]),
        (
            &["scikit-learn==1.5.2", "numpy>=2"],
            "3.12",
            &["mlflow==3.17.2", "scikit-learn==1.5.2", "numpy>=2", "pandas<3"],
        ),
        (
            &["scikit-learn==1.2.2", "numpy<2"],
            "3.11",
            &["mlflow==3.17.2", "scikit-learn==1.2.2", "numpy<2", "scipy<1.16", "pandas<3"],
        ),
        (
            &["scikit-learn==1.0.2", "numpy<2"],
            "3.9",
            &["mlflow==2.22.0", "scikit-learn==1.0.2", "numpy<1.24", "scipy<1.10", "pandas<2"],
        ),
        (
            &["scikit-learn==0.24.2", "numpy==1.20.3"],
            "3.9",
            &["mlflow==2.22.0", "scikit-learn==0.24.2", "numpy==1.20.3", "scipy<1.8", "pandas<2"],
        ),
        (
            &["xgboost==1.7.6", "scikit-learn"],
            "3.11",
            &["mlflow==3.17.2", "xgboost==1.7.6", "scikit-learn<1.6"],
        ),
        (&["xgboost==2.1.4", "scikit-learn"], "3.12", &["mlflow==3.17.2", "xgboost==2.1.4", "scikit-learn"]),
        (
            &["lightgbm==4.5.0", "scikit-learn"],
            "3.12",
            &["mlflow==3.17.2", "lightgbm==4.5.0", "scikit-learn<1.6"],
        ),
        (&["mlflow==1.0", "onnx"], "3.12", &["mlflow==3.17.2", "onnx"]),
    ];
    for (read, python, expected) in cases {
        let read = read.iter().map(|line| requirement(line)).collect();
        assert_eq!(lines(|inspection| inspection.requirements = read, python), expected);
    }
}

#[test]
fn what_the_package_itself_imports_is_installed() {
    let loader = |call| {
        lines(
            |inspection| {
                inspection.serving = Serving::PickleLoader { path: String::new(), call, is_joblib: false }
            },
            "3.12",
        )
    };
    assert!(loader(LoaderCall::Predict).contains(&"joblib".to_owned()));
    assert!(loader(LoaderCall::XgboostBooster).contains(&"xgboost".to_owned()));
    assert!(loader(LoaderCall::LightgbmBooster).contains(&"lightgbm".to_owned()));
    let skops = lines(
        |inspection| {
            inspection.serving =
                Serving::SklearnSkops { types: vec![], path: String::new(), call: LoaderCall::Predict }
        },
        "3.12",
    );
    assert!(skops.contains(&"skops".to_owned()));
    assert!(
        lines(|inspection| inspection.format = "cloudpickle", "3.12").contains(&"cloudpickle".to_owned())
    );
    for serving in [Serving::Keras, Serving::TensorflowKeras { keras_module: "keras", is_h5: true }] {
        let lines = lines(|inspection| inspection.serving = serving, "3.12");
        assert!(lines.contains(&"tensorflow".to_owned()), "{lines:?}");
    }
    let columns = inspection("model.pkl");
    let lines = requirements_for(&columns, &columns.requirements, &columns.signature, "3.12");
    assert!(lines.iter().any(|line| line.requirement == "pandas"));
}

#[test]
fn the_mlflow_version_is_the_one_that_is_required() {
    assert_eq!(mlflow_version(&[requirement("mlflow==2.22.0")]), "2.22.0");
    assert_eq!(mlflow_version(&[requirement("mlflow>=2")]), MLFLOW_VERSION);
    assert!(!installs_mlflow(&[requirement("mlflow-skinny")]));
}

#[test]
fn texts_that_pip_would_refuse_are_refused() {
    for text in [
        "-r other.txt",
        "# comment",
        "==1.0",
        "pandas=1",
        "pandas==",
        "pandas 1.0",
        "pandas==1.0 2.0",
        "a b",
        "pand\u{e4}s",
        "pandas\n==1",
        "x[y==1",
        "/path/to.whl",
        ".hidden",
        "pandas-==1",
    ] {
        assert!(requirement_problem(text).is_some(), "{text:?}");
    }
    for text in [
        "pandas",
        "pandas==2.2.3",
        "pandas>=2,<3",
        "uvicorn[standard]==0.1",
        "a.b_c-d~=1.0",
        "torch==2.1.0+cpu",
        "x==1.*",
        "pandas; python_version < '3.9'",
        "tool @ https://example.org/tool.whl",
        "x (>=1)",
    ] {
        assert_eq!(requirement_problem(text), None, "{text}");
    }
}
