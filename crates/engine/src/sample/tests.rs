use std::path::PathBuf;

use packwright_inspect::{Inspection, Sourced, SourcedSchema};
use packwright_mlflow::example::ExampleData;
use packwright_mlflow::schema::{ColSpec, DataType, TensorSpec};
use serde_json::{Value, json};

use super::Role;
use crate::draft::Draft;
use crate::edit::{Edit, EditError, Side};
use crate::testing::draft;

/// A draft with a sample, and the folder that the sample lies in.
fn sampled(change: impl FnOnce(&mut Inspection), name: &str, text: &str) -> (Draft, tempfile::TempDir) {
    let dir = tempfile::tempdir().unwrap();
    let path: PathBuf = dir.path().join(name);
    std::fs::write(&path, text).unwrap();
    let mut draft = draft(change);
    draft.apply(Edit::SetSample { path }).unwrap();
    (draft, dir)
}

fn columns(specs: &[(&str, DataType, &str)]) -> SourcedSchema {
    let column =
        |(name, ty, source): &(&str, DataType, &str)| Sourced::new(ColSpec::scalar(*name, *ty), *source);
    SourcedSchema::Columns(specs.iter().map(column).collect())
}

/// Name, type and source of each input, one a line.
fn inputs(draft: &Draft) -> Vec<String> {
    match draft.signature().inputs {
        Some(SourcedSchema::Columns(columns)) => columns
            .iter()
            .map(|column| {
                let spec = &column.value;
                let mark = if spec.required { "" } else { "?" };
                let name = spec.name.as_ref().map(ToString::to_string).unwrap_or_default();
                format!("{name}{mark} {} | {}", spec.ty, column.source)
            })
            .collect(),
        Some(SourcedSchema::Tensors(tensors)) => {
            let tensor = |tensor: &Sourced<TensorSpec>| {
                format!("{} {:?} | {}", tensor.value.dtype, tensor.value.shape, tensor.source)
            };
            tensors.iter().map(tensor).collect()
        }
        None => Vec::new(),
    }
}

fn example(draft: &Draft) -> Value {
    draft.input_example().map_or(Value::Null, |example| example.saved())
}

const NAMES: &str = "feature_names_in_; double is assumed: the library computes in float64";

#[test]
fn names_are_the_model_s_and_types_the_sample_s_where_the_model_only_assumes() {
    let own = columns(&[("age", DataType::Double, NAMES), ("city", DataType::String, "categories_")]);
    let (draft, _dir) = sampled(
        |inspection| inspection.signature.inputs = Some(own),
        "rows.csv",
        "city,note,age\n1,x,34\n2,,51\n",
    );
    assert_eq!(
        inputs(&draft),
        ["age long | feature_names_in_; its type from rows.csv", "city string | categories_"]
    );
    let differences: Vec<String> = draft.differences().into_iter().map(|found| found.text).collect();
    assert_eq!(
        differences,
        ["The model says string (categories_), rows.csv holds long. The model's stands."]
    );
    assert_eq!(example(&draft), json!({"columns": ["age", "city"], "data": [[34, 1], [51, 2]]}));
    let roles: Vec<Role> = draft.sample_columns().into_iter().map(|column| column.role).collect();
    assert_eq!(roles, [Role::Input, Role::Ignored, Role::Input]);
    // The city is a number in the sample, and a text in the signature.
    let problems = draft.example_problems();
    assert!(
        problems
            .iter()
            .any(|problem| problem.column == "city" && !problem.is_refused && !problem.is_in_python)
    );
    assert!(
        problems.iter().any(|problem| problem.column == "city" && problem.is_refused && problem.is_in_python)
    );
}

#[test]
fn a_model_that_knows_a_count_takes_the_names_of_the_sample_and_a_target_is_marked() {
    let tensor = TensorSpec::unnamed("float64", vec![-1, 2]);
    let own = Some(SourcedSchema::Tensors(vec![Sourced::new(tensor, "n_features_in_")]));
    let change = |inspection: &mut Inspection| {
        inspection.signature.inputs = own;
        inspection.signature.outputs = None;
    };
    let (mut draft, _dir) = sampled(change, "rows.csv", "a,b,left\n1.5,x,0\n2.5,,1\n");
    assert_eq!(inputs(&draft), ["float64 [-1, 2] | n_features_in_"]);
    assert!(draft.differences()[0].text.contains("takes 2 columns, and 3"), "{:?}", draft.differences());
    draft.apply(Edit::MarkColumn { name: "left".into(), role: Role::Target }).unwrap();
    assert_eq!(inputs(&draft), ["a double | rows.csv", "b? string | rows.csv"]);
    let Some(SourcedSchema::Columns(outputs)) = draft.signature().outputs else { panic!("columns") };
    assert_eq!(
        (outputs[0].source.as_str(), &outputs[0].value),
        ("the target in rows.csv", &ColSpec::scalar("left", DataType::Long))
    );
    assert!(draft.undo() && inputs(&draft)[0].starts_with("float64"));
    let error = draft.apply(Edit::MarkColumn { name: "nothing".into(), role: Role::Input }).unwrap_err();
    assert!(matches!(error, EditError::Unknown(_)), "{error}");
}

#[test]
fn columns_without_a_known_name_are_matched_by_position() {
    let own = columns(&[("f0", DataType::Double, NAMES), ("f1", DataType::Double, NAMES)]);
    let (draft, _dir) =
        sampled(|inspection| inspection.signature.inputs = Some(own), "x.csv", "a,b,target\n1.5,2.5,0\n");
    assert!(draft.differences()[0].text.contains("matched by position"));
    assert_eq!(example(&draft), json!({"columns": ["f0", "f1"], "data": [[1.5, 2.5]]}));
}

#[test]
fn a_declared_tensor_keeps_its_type_and_the_example_is_an_array() {
    let change = |inspection: &mut Inspection| {
        inspection.serving = packwright_inspect::Serving::Onnx { is_text: false };
        let tensor = TensorSpec::unnamed("float32", vec![-1, 2]);
        inspection.signature.inputs = Some(SourcedSchema::Tensors(vec![Sourced::new(tensor, "graph")]));
    };
    let (draft, _dir) = sampled(change, "x.csv", "a,b\n1.5,2.5\n3.5,4.5\n");
    assert_eq!(inputs(&draft), ["float32 [-1, 2] | graph"]);
    assert_eq!(example(&draft), json!([[1.5, 2.5], [3.5, 4.5]]));
    assert_eq!(draft.example_problems(), []);
}

#[test]
fn the_example_is_edited_as_typed_and_the_package_has_it() {
    let (mut draft, _dir) = sampled(|_| {}, "rows.csv", "age,city\n34.5,Graz\n");
    let edit = |cells: &[&str]| Edit::SetExample {
        columns: vec!["age".into(), "city".into()],
        rows: vec![cells.iter().map(|cell| Value::from(*cell)).collect()],
    };
    draft.apply(edit(&["41", "8010"])).unwrap();
    assert_eq!(example(&draft), json!({"columns": ["age", "city"], "data": [[41, "8010"]]}));
    assert_eq!(draft.example().unwrap().source, "you");
    draft.apply(edit(&["old", ""])).unwrap();
    assert_eq!(example(&draft)["data"], json!([["old", null]]));
    let refused: Vec<String> = draft
        .example_problems()
        .into_iter()
        .filter(|problem| problem.is_refused && !problem.is_in_python)
        .map(|problem| problem.text)
        .collect();
    assert_eq!(refused, ["this is no double"]);
    draft.apply(Edit::ResetExample).unwrap();
    assert_eq!(example(&draft)["data"], json!([[34.5, "Graz"]]));
    let ragged = Edit::SetExample { columns: vec!["age".into()], rows: vec![vec![]] };
    assert!(draft.apply(ragged).is_err());
    draft.apply(Edit::RemoveSample).unwrap();
    assert_eq!(example(&draft), Value::Null);
    draft.apply(edit(&["1", "x"])).unwrap();
    assert!(matches!(draft.input_example().unwrap().data, ExampleData::DataFrame { .. }));
}

#[test]
fn what_breaks_callers_is_said_with_a_better_type() {
    let own = columns(&[
        ("n", DataType::Double, NAMES),
        ("single", DataType::Float, "declared"),
        ("when", DataType::Datetime, "declared"),
    ]);
    let (mut draft, _dir) = sampled(
        |inspection| inspection.signature.inputs = Some(own),
        "x.csv",
        "n,single,when\n1,1.5,2024-01-02\n2,2.5,2024-01-03\n",
    );
    let better: Vec<(usize, Option<&str>)> =
        draft.advice().iter().map(|advice| (advice.index, advice.better)).collect();
    assert_eq!(better, [(0, Some("double")), (1, Some("double")), (2, Some("string"))]);
    draft.apply(Edit::SetColumnType { side: Side::Inputs, index: 0, ty: "double".into() }).unwrap();
    let chosen = draft.advice().into_iter().find(|advice| advice.index == 0).unwrap();
    assert_eq!(chosen.better, None, "what the person chose is not talked out of again");
    assert!(chosen.text.contains("int64"), "{}", chosen.text);
}

#[test]
fn a_signature_is_edited_row_by_row() {
    let mut draft = draft(|_| {});
    let add = Edit::AddColumn { side: Side::Inputs, name: "tags".into(), ty: "Array(string)".into() };
    draft.apply(add.clone()).unwrap();
    assert!(draft.apply(add).is_err(), "a name that is there");
    draft.apply(Edit::MoveColumn { side: Side::Inputs, from: 2, to: 0 }).unwrap();
    draft.apply(Edit::SetRequired { side: Side::Inputs, index: 1, is_required: false }).unwrap();
    draft.apply(Edit::RemoveColumn { side: Side::Inputs, index: 2 }).unwrap();
    assert_eq!(inputs(&draft), ["tags Array(string) | you", "age? double | you"]);
    draft.apply(Edit::RemoveColumn { side: Side::Inputs, index: 0 }).unwrap();
    assert!(
        draft.apply(Edit::RemoveColumn { side: Side::Inputs, index: 0 }).is_err(),
        "never without columns"
    );
    draft.apply(Edit::SetShape { side: Side::Outputs, index: 0, shape: vec![-1, 3] }).unwrap();
    assert!(draft.apply(Edit::SetShape { side: Side::Outputs, index: 0, shape: vec![-2] }).is_err());
    assert!(draft.apply(Edit::SetShape { side: Side::Inputs, index: 0, shape: vec![-1] }).is_err());
    let param = |default: Value, is_list| Edit::SetParam {
        index: 0,
        name: "temperature".into(),
        ty: "double".into(),
        default,
        is_list,
    };
    draft.apply(param(json!(0.5), false)).unwrap();
    draft.apply(param(json!([1, 2]), true)).unwrap();
    assert!(draft.apply(param(json!("hot"), false)).is_err(), "no default of its type");
    assert_eq!(draft.signature().params.unwrap()[0].value.shape, Some(-1));
    draft.apply(Edit::RemoveParam { index: 0 }).unwrap();
    assert!(draft.apply(Edit::RemoveParam { index: 0 }).is_err());
}

#[test]
fn a_file_that_is_no_sample_is_refused_with_its_reason() {
    let dir = tempfile::tempdir().unwrap();
    let mut draft = draft(|_| {});
    for (name, text, expected) in [
        ("a.csv", "a,b\n", "a header and no rows"),
        ("b.bin", "x", "no data file that Packwright reads"),
        ("c.json", "{", "json at byte"),
        ("d.parquet", "PAR1 nothing", "parquet"),
    ] {
        let path = dir.path().join(name);
        std::fs::write(&path, text).unwrap();
        let error = draft.apply(Edit::SetSample { path }).unwrap_err();
        assert!(matches!(error, EditError::Sample(_)) && error.to_string().contains(expected), "{error}");
    }
}

#[test]
fn an_example_of_arrays_is_shown_and_edited_as_json() {
    let dir = tempfile::tempdir().unwrap();
    let mut draft = draft(|inspection| inspection.signature.inputs = None);
    let set = |text: &str| Edit::SetExampleText { text: text.to_owned() };
    assert!(draft.apply(set("[1]")).is_err(), "there is no form that it could have");
    let path = dir.path().join("rows.npy");
    std::fs::copy(
        std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/samples/rows.npy"),
        &path,
    )
    .unwrap();
    draft.apply(Edit::SetSample { path }).unwrap();
    let shown = draft.whole_example().unwrap();
    assert_eq!((shown.source.as_str(), shown.is_cut), ("rows.npy", false));
    let rows: Value = serde_json::from_str(&shown.text).unwrap();
    assert_eq!(rows[1], json!([3.0, 4.0, 5.0]));
    for wrong in ["[[1.0", "", &format!("[{}1]", "1,".repeat(1 << 20))] {
        assert!(matches!(draft.apply(set(wrong)), Err(EditError::Sample(_))));
    }
    draft.apply(set("[[9.0, 8.0, 7.0]]")).unwrap();
    let example = draft.input_example().unwrap();
    assert_eq!(example.saved(), json!([[9.0, 8.0, 7.0]]));
    assert_eq!(draft.whole_example().unwrap().source, "you");
    draft.apply(Edit::ResetExample).unwrap();
    assert_eq!(draft.whole_example().unwrap().source, "rows.npy");
}
