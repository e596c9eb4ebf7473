//! What the unit tests share: inspections made by hand, and the fixtures of the repository.

use std::path::{Path, PathBuf};

use packwright_inspect::safety::{Needs, Safety};
use packwright_inspect::{
    Artifact, ArtifactKind, Inspection, Requirement, Serving, Sourced, SourcedSchema, SourcedSignature,
};
use packwright_mlflow::schema::{ColSpec, DataType, TensorSpec};

use crate::draft::Draft;

/// The folder of the fixtures.
pub(crate) fn fixtures() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/fixtures")
}

/// A file below `tests/fixtures`.
pub(crate) fn fixture(name: &str) -> PathBuf {
    let path = fixtures().join(name);
    assert!(path.is_file(), "there is no fixture {name}");
    path
}

/// A scikit-learn model with two columns, as a plain pickle.
pub(crate) fn inspection(path: &str) -> Inspection {
    let column = |name: &str, ty| Sourced::new(ColSpec::scalar(name, ty), "feature_names_in_");
    let output = TensorSpec::unnamed("int64", vec![-1]);
    Inspection {
        artifact: Artifact {
            path: path.into(),
            kind: ArtifactKind::File,
            size_bytes: 1000,
            side_files: Vec::new(),
            member: None,
        },
        format: "pickle",
        compression: None,
        framework: Some(Sourced::new("scikit-learn".into(), "class")),
        framework_version: Some(Sourced::new("1.9.1".into(), "_sklearn_version")),
        model_class: Some(Sourced::new("sklearn.svm._classes.SVC".into(), "class")),
        serving: Serving::SklearnPickle { predict_fn: "predict" },
        signature: SourcedSignature {
            inputs: Some(SourcedSchema::Columns(vec![
                column("age", DataType::Double),
                column("city", DataType::String),
            ])),
            outputs: Some(SourcedSchema::Tensors(vec![Sourced::new(output, "classes_")])),
            params: None,
        },
        requirements: vec![requirement("scikit-learn==1.9.1")],
        python: None,
        safety: Safety {
            needs: Needs::KnownLibraries,
            unread: Vec::new(),
            findings: Vec::new(),
            summary: "loads one class of scikit-learn".into(),
        },
        structure: None,
        tensors: None,
        facts: Vec::new(),
        warnings: Vec::new(),
        own_modules: Vec::new(),
        path_in_file: String::new(),
        others: Vec::new(),
    }
}

pub(crate) fn requirement(line: &str) -> Requirement {
    Requirement { requirement: line.into(), source: "the file".into() }
}

/// A draft of [`inspection`] after a change to it.
pub(crate) fn draft(change: impl FnOnce(&mut Inspection)) -> Draft {
    let mut inspection = inspection("churn.pkl");
    change(&mut inspection);
    Draft::new(inspection)
}
