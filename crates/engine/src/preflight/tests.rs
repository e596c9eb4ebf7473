use packwright_inspect::{Sourced, SourcedSchema};
use packwright_mlflow::schema::{ColSpec, ColumnName, ColumnType, DataType, TensorSpec};

use super::*;
use crate::testing::{draft, requirement};

fn report(draft: &Draft, place: Place) -> PlaceReport {
    preflight(draft).into_iter().find(|report| report.place == place).unwrap()
}

fn says(draft: &Draft, place: Place, outcome: Outcome, words: &str) {
    let report = report(draft, place);
    let found = report.checks.iter().any(|check| check.outcome == outcome && check.text.contains(words));
    assert!(found, "{place:?} has no {outcome:?} with {words:?}: {:#?}", report.checks);
}

fn columns(ty: &ColumnType) -> SourcedSchema {
    let name = Some(ColumnName::Text("age".into()));
    SourcedSchema::Columns(vec![Sourced::new(ColSpec { name, ty: ty.clone(), required: true }, "x")])
}

#[test]
fn a_model_with_a_whole_signature_and_pinned_libraries_passes_everywhere_but_where_nothing_is_built() {
    let draft = draft(|inspection| {
        inspection.signature.inputs = Some(columns(&ColumnType::Scalar(DataType::Double)));
        inspection.signature.outputs = Some(columns(&ColumnType::Scalar(DataType::Double)));
        inspection.requirements = vec![requirement("scikit-learn==1.9.1")];
    });
    for report in preflight(&draft) {
        let wanted = if report.place == Place::MlServer { Outcome::Warn } else { Outcome::Pass };
        assert_eq!(report.outcome(), wanted, "{report:#?}");
    }
}

#[test]
fn a_missing_signature_fails_where_it_is_refused_and_warns_elsewhere() {
    let draft = draft(|inspection| {
        (inspection.signature.inputs, inspection.signature.outputs) = (None, None);
    });
    says(&draft, Place::UnityCatalog, Outcome::Fail, "what goes in");
    says(&draft, Place::UnityCatalog, Outcome::Fail, "what comes out");
    says(&draft, Place::MlServer, Outcome::Fail, "decode");
    says(&draft, Place::AzureMl, Outcome::Fail, "without code");
    says(&draft, Place::Serve, Outcome::Warn, "what goes in");
    says(&draft, Place::SparkUdf, Outcome::Warn, "result_type");
}

#[test]
fn a_name_that_a_place_refuses_is_mended_by_one_edit() {
    let mut draft = draft(|_| {});
    draft.apply(Edit::SetName { name: "churn_model v1.2".into() }).unwrap();
    for place in [Place::UnityCatalog, Place::SageMaker, Place::AzureMl] {
        let failed =
            report(&draft, place).checks.into_iter().find(|check| check.text.contains("as a name")).unwrap();
        let Some(Fix::Edit { edit, .. }) = failed.fix else { panic!("{place:?}") };
        let mut mended = draft.clone();
        mended.apply(edit).unwrap();
        says(&mended, place, Outcome::Pass, "is a name that it takes");
    }
}

#[test]
fn an_environment_that_cannot_be_built_fails_where_it_is_built() {
    let draft = draft(|inspection| {
        inspection.requirements = vec![requirement("scikit-learn==1.9.1"), requirement("numpy<1.24")];
    });
    says(&draft, Place::Serve, Outcome::Fail, "numpy<1.24");
    says(&draft, Place::Pyfunc, Outcome::Warn, "numpy<1.24");
}

#[test]
fn tensors_and_nested_columns_are_told_where_they_surprise() {
    let tensors = draft(|inspection| {
        let tensor = TensorSpec::unnamed("float32", vec![-1, 4]);
        inspection.signature.inputs = Some(SourcedSchema::Tensors(vec![Sourced::new(tensor, "x")]));
    });
    says(&tensors, Place::SparkUdf, Outcome::Warn, "one column of arrays");
    let nested = draft(|inspection| {
        let ty = ColumnType::Array(Box::new(ColumnType::Scalar(DataType::Double)));
        inspection.signature.inputs = Some(columns(&ty));
    });
    says(&nested, Place::MlServer, Outcome::Warn, "nested: age");
}

#[test]
fn the_image_of_mlserver_is_held_against_the_requirements() {
    let with = |lines: &[&str]| {
        draft(|inspection| inspection.requirements = lines.iter().map(|line| requirement(line)).collect())
    };
    let known = with(&["scikit-learn==1.9.1", "numpy<3"]);
    says(&known, Place::MlServer, Outcome::Warn, "it may not have mlflow==3.17.2, scikit-learn==1.9.1.");
    let unknown = with(&["scikit-learn==1.9.1", "category_encoders==2.8.1"]);
    says(&unknown, Place::MlServer, Outcome::Warn, "Its image lacks");
    says(&unknown, Place::MlServer, Outcome::Warn, "requirements.txt: category_encoders==2.8.1.");
    assert!(
        report(&unknown, Place::MlServer).checks.iter().all(|check| !check.text.contains("may not have"))
    );
}

#[test]
fn another_index_is_told_where_the_environment_is_built() {
    let mut draft = draft(|inspection| inspection.requirements = vec![requirement("scikit-learn==1.9.1")]);
    let index = "--extra-index-url https://pypi.example.org/simple";
    let at = draft.requirements().len();
    draft.apply(Edit::SetRequirement { index: at, requirement: index.into() }).unwrap();
    says(&draft, Place::Serve, Outcome::Warn, index);
    assert!(report(&draft, Place::MlServer).checks.iter().all(|check| !check.text.contains("example.org")));
}

#[test]
fn an_example_that_the_signature_refuses_fails_where_it_is_sent() {
    let mut draft = draft(|inspection| {
        inspection.signature.inputs = Some(columns(&ColumnType::Scalar(DataType::Double)));
    });
    let example = |cell: &str| Edit::SetExample {
        columns: vec!["age".into()],
        rows: vec![vec![serde_json::Value::from(cell)]],
    };
    let has_rule =
        |draft: &Draft, place| report(draft, place).checks.iter().any(|check| check.text.contains("example"));
    assert!(!has_rule(&draft, Place::Serve));
    draft.apply(example("34.5")).unwrap();
    says(&draft, Place::Serve, Outcome::Pass, "The example passes the signature");
    draft.apply(example("old")).unwrap();
    says(&draft, Place::Serve, Outcome::Fail, "refuses the example. age: this is no double.");
    says(&draft, Place::SageMaker, Outcome::Fail, "refuses the example");
    assert!(!has_rule(&draft, Place::SparkUdf));
}

#[test]
fn an_example_that_nothing_was_held_against_is_not_said_to_pass() {
    let mut draft = draft(|inspection| inspection.signature.inputs = None);
    let rows = vec![vec![serde_json::Value::from("1")]];
    draft.apply(Edit::SetExample { columns: vec!["age".into()], rows }).unwrap();
    assert!(report(&draft, Place::Serve).checks.iter().all(|check| !check.text.contains("example")));
}
