use packwright_engine::inspect::Fact;
use packwright_engine::{Edit, open};
use serde_json::{Value, json};

use super::draft::is_yours;
use super::facts::fact_view;
use super::formats::format_name;
use super::preflight::place_views;
use crate::wire::{EditRequest, FixView, OutcomeView};

fn shown(value: Value) -> String {
    fact_view(&Fact { name: "n_features", value, source: String::new() }).value
}

#[test]
fn facts_read_as_a_person_would_say_them() {
    assert_eq!(shown(json!(null)), "none");
    assert_eq!(shown(json!(true)), "yes");
    assert_eq!(shown(json!(1e-6)), "1e-6");
    assert_eq!(shown(json!(["a", 2])), "a, 2");
    assert_eq!(
        shown(json!({ "steps": [["scale", "StandardScaler"]], "verbose": false })),
        "steps = [[scale, StandardScaler]], verbose = no"
    );
    assert_eq!(shown(json!([])), "");
}

#[test]
fn a_long_list_is_shortened_and_says_by_how_much() {
    let forty: Vec<u32> = (0..40).collect();
    assert!(!shown(json!(forty)).contains("more"));
    let fifty: Vec<u32> = (0..50).collect();
    assert!(shown(json!(fifty)).ends_with("38, 39 and 10 more"));
}

#[test]
fn labels_are_words() {
    let label = |name| fact_view(&Fact { name, value: Value::Null, source: String::new() }).label;
    assert_eq!(label("n_features"), "Features");
    assert_eq!(label("class_labels"), "Class labels");
}

#[test]
fn a_format_names_its_compression() {
    assert_eq!(format_name("joblib", Some("gzip")), "joblib (gzip)");
    assert_eq!(format_name("xgboost-ubj", None), "XGBoost UBJSON");
    assert_eq!(format_name("something-new", None), "something-new");
}

fn sample_model(dir: &tempfile::TempDir) -> packwright_engine::Draft {
    let path = dir.path().join("churn.joblib");
    std::fs::write(&path, include_bytes!("../../resources/sample_model.joblib")).unwrap();
    open::open(&path).unwrap()
}

#[test]
fn the_fix_of_a_check_is_an_edit_that_the_window_can_send_back() {
    let dir = tempfile::tempdir().unwrap();
    let mut draft = sample_model(&dir);
    draft.apply(Edit::SetName { name: "churn_model".into() }).unwrap();
    let sagemaker =
        |draft: &_| place_views(draft).into_iter().find(|report| report.place == "Amazon SageMaker").unwrap();
    let before = sagemaker(&draft);
    assert_eq!(before.outcome, OutcomeView::Fail);
    let Some(FixView::Edit { label, edit }) = before.checks[0].fix.clone() else { panic!("{before:#?}") };
    assert_eq!(label, "Name it churn-model");
    draft.apply(Edit::try_from(edit).unwrap()).unwrap();
    assert_ne!(sagemaker(&draft).outcome, OutcomeView::Fail);
}

#[test]
fn what_the_person_set_is_marked_and_can_be_told_from_what_was_read() {
    let dir = tempfile::tempdir().unwrap();
    let mut draft = sample_model(&dir);
    assert!(!is_yours(&draft.name().source));
    let request = EditRequest::SetName { name: "churn_2".into() };
    draft.apply(Edit::try_from(request).unwrap()).unwrap();
    assert!(is_yours(&draft.name().source));
}

#[test]
fn every_edit_of_the_window_is_the_edit_of_the_engine_with_the_same_name() {
    let edits = [
        json!({ "kind": "setName", "name": "a" }),
        json!({ "kind": "setDescription", "description": "a" }),
        json!({ "kind": "setTag", "key": "a", "value": "b" }),
        json!({ "kind": "renameTag", "from": "a", "to": "b" }),
        json!({ "kind": "removeTag", "key": "a" }),
        json!({ "kind": "setRequirement", "index": 1, "requirement": "a" }),
        json!({ "kind": "setPython", "version": "3.11" }),
        json!({ "kind": "setColumnType", "side": "inputs", "index": 0, "type": "long" }),
        json!({ "kind": "setColumnName", "side": "outputs", "index": 0, "name": "a" }),
        json!({ "kind": "resetSchema", "side": "outputs" }),
        json!({ "kind": "setSchema", "side": "inputs", "names": ["a"], "type": "long", "shape": [-1] }),
        json!({ "kind": "setShape", "side": "inputs", "index": 0, "shape": [-1, 4] }),
        json!({ "kind": "addColumn", "side": "inputs", "name": "a", "type": "Array(long)" }),
        json!({ "kind": "removeColumn", "side": "inputs", "index": 0 }),
        json!({ "kind": "moveColumn", "side": "inputs", "from": 0, "to": 1 }),
        json!({ "kind": "removeParam", "index": 0 }),
        json!({ "kind": "setSample", "path": "a.csv" }),
        json!({ "kind": "removeSample" }),
        json!({ "kind": "markColumn", "name": "a", "role": "target" }),
        json!({ "kind": "setExample", "columns": ["a"], "rows": [["1"]] }),
        json!({ "kind": "resetExample" }),
        json!({ "kind": "setArchitecture", "class": "a.B", "arguments": [["c", "d"]] }),
    ];
    for edit in edits {
        let request: EditRequest = serde_json::from_value(edit.clone()).unwrap();
        assert_eq!(serde_json::to_value(Edit::try_from(request).unwrap()).unwrap(), edit);
    }
}
