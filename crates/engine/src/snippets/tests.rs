use packwright_inspect::{Serving, Sourced, SourcedSchema};
use packwright_mlflow::example::ExampleData;
use packwright_mlflow::schema::{ColumnName, DataType};

use super::*;
use crate::flavors;
use crate::testing::draft;

fn text(draft: &Draft, path: &str, kind: PackageKind, title: &str) -> String {
    let layout = flavors::layout(draft, None).unwrap();
    let snippets = snippets(draft, &layout, Path::new(path), kind);
    snippets
        .into_iter()
        .find(|snippet| snippet.title == title)
        .map(|snippet| snippet.text)
        .unwrap_or_default()
}

#[test]
fn columns_become_a_data_frame_of_the_declared_types() {
    let expected = r#"import mlflow
import pandas as pd

model = mlflow.pyfunc.load_model("churn")

data = pd.DataFrame({
    "age": [1.0],
    "city": ["text"],
})
print(model.predict(data))"#;
    assert_eq!(text(&draft(|_| {}), "/x/churn", PackageKind::Folder, "Predict in Python"), expected);
}

#[test]
fn narrow_types_are_made_narrow_because_mlflow_does_not_narrow() {
    let cases = [
        (DataType::Integer, "pd.Series([1], dtype=\"int32\")"),
        (DataType::Float, "pd.Series([1.0], dtype=\"float32\")"),
        (DataType::Long, "[1]"),
        (DataType::Boolean, "[True]"),
        (DataType::Datetime, "[pd.Timestamp(\"2026-01-31\")]"),
        (DataType::Binary, "[b\"bytes\"]"),
    ];
    for (ty, expected) in cases {
        assert_eq!(series(&ColumnType::Scalar(ty)), expected);
    }
}

#[test]
fn many_equal_columns_are_made_by_their_names() {
    let columns: Vec<ColSpec> = (0..40).map(|i| ColSpec::scalar(format!("f{i}"), DataType::Float)).collect();
    let made = frame(&columns);
    assert!(
        made.contains("get_input_schema().input_names()") && made.ends_with(".astype(\"float32\")"),
        "{made}"
    );
}

#[test]
fn tensors_become_arrays_with_one_row() {
    let unnamed = |dtype: &str, shape: &[i64]| arrays(&[TensorSpec::unnamed(dtype, shape.to_vec())]);
    assert_eq!(unnamed("float32", &[-1, 4]), "data = np.zeros((1, 4), dtype=\"float32\")");
    assert_eq!(unnamed("int64", &[-1]), "data = np.zeros((1,), dtype=\"int64\")");
    assert_eq!(unnamed("str", &[-1, 1]), "data = np.full((1, 1), \"text\", dtype=object)");
    let named = TensorSpec { name: Some("a\"b".into()), dtype: "bool".into(), shape: vec![2] };
    assert_eq!(arrays(&[named]), "data = {\n    \"a\\\"b\": np.zeros((2,), dtype=\"bool\"),\n}");
}

#[test]
fn what_is_unknown_is_left_to_the_reader() {
    let draft = draft(|inspection| inspection.signature.inputs = None);
    let shown = text(&draft, "m", PackageKind::Folder, "Predict in Python");
    assert!(shown.contains("What goes in is not recorded"), "{shown}");
    assert_eq!(text(&draft, "m", PackageKind::Folder, "Ask the server"), "");
}

#[test]
fn a_zip_is_unpacked_first_and_then_named_by_its_folder() {
    let draft = draft(|_| {});
    let at = |title| text(&draft, "/x/my churn.zip", PackageKind::Zip, title);
    assert_eq!(at("Unzip"), "python -m zipfile -e 'my churn.zip' 'my churn'");
    assert!(at("Load in Python").contains("load_model(\"my churn\")"));
    let serve = "pip install mlflow==3.17.2 uv\nmlflow models serve -m 'my churn' --env-manager uv -p 5001";
    assert_eq!(at("Serve"), serve);
    assert_eq!(text(&draft, "m", PackageKind::Zip, "Unzip"), "python -m zipfile -e m m-package");
    assert_eq!(text(&draft, "m", PackageKind::Folder, "Unzip"), "");
}

#[test]
fn names_of_any_kind_stay_one_word_of_the_shell_and_one_string_of_python() {
    let draft = draft(|_| {});
    let name = "it's \u{e9}\u{1f600} $(x)";
    assert!(text(&draft, name, PackageKind::Folder, "Serve").contains("-m 'it'\\''s \u{e9}\u{1f600} $(x)' "));
    let load = text(&draft, name, PackageKind::Folder, "Load in Python");
    assert!(load.ends_with(r#"load_model("it's \U000000e9\U0001f600 $(x)")"#), "{load}");
    assert!(text(&draft, "-m", PackageKind::Folder, "Serve").contains("-m ./-m "));
}

#[test]
fn the_server_is_asked_in_its_own_form() {
    let columns = text(&draft(|_| {}), "m", PackageKind::Folder, "Ask the server");
    assert!(columns.ends_with(r#"-d '{"dataframe_records":[{"age":1.0,"city":"text"}]}'"#), "{columns}");
    let tensor = draft(|inspection| {
        let tensor = TensorSpec::unnamed("float32", vec![-1, 2]);
        inspection.signature.inputs = Some(SourcedSchema::Tensors(vec![Sourced::new(tensor, "x")]));
        inspection.serving = Serving::Onnx { is_text: false };
    });
    let shown = text(&tensor, "m", PackageKind::Folder, "Ask the server");
    assert!(shown.ends_with(r#"-d '{"inputs":[[0.0,0.0]]}'"#), "{shown}");
    assert_eq!(text(&tensor, "m", PackageKind::Folder, "Load the estimator itself"), "");
}

#[test]
fn columns_without_names_are_given_by_position() {
    let column = |name| ColSpec { name, ty: ColumnType::Scalar(DataType::Double), required: true };
    assert_eq!(frame(&[column(None), column(None)]), "data = pd.DataFrame([[1.0, 1.0]])");
    let indexed = frame(&[column(Some(ColumnName::Index(0)))]);
    assert!(indexed.contains("0: [1.0]"), "{indexed}");
}

#[test]
fn inputs_that_the_package_does_not_say_are_not_asked_of_it() {
    let old = draft(|inspection| {
        let column = |n| ColSpec {
            name: Some(ColumnName::Text(format!("c{n}"))),
            ty: ColumnType::Any,
            required: true,
        };
        let columns = (0..20).map(|n| Sourced::new(column(n), "x")).collect();
        inspection.signature.inputs = Some(SourcedSchema::Columns(columns));
        // So old that its Python has no MLflow 3, and MLflow 2 may not load a column without a type.
        inspection.requirements = vec![crate::testing::requirement("scikit-learn==0.24.2")];
    });
    assert!(texts::leaves_inputs_out(&old));
    let shown = text(&old, "m", PackageKind::Folder, "Predict in Python");
    assert!(!shown.contains("get_input_schema") && shown.contains("data = ..."), "{shown}");
}

#[test]
fn commands_send_the_first_row_of_the_example() {
    let example = |rows: serde_json::Value, columns: serde_json::Value| {
        InputExample::new(ExampleData::DataFrame {
            columns: Some(columns.as_array().unwrap().clone()),
            rows: serde_json::from_value(rows).unwrap(),
        })
    };
    let optional = |name: &str, ty| ColSpec { required: false, ..ColSpec::scalar(name.to_owned(), ty) };
    let inputs = Schema::Columns(vec![
        ColSpec::scalar("age".to_owned(), DataType::Integer),
        ColSpec::scalar("at".to_owned(), DataType::Datetime),
        ColSpec::scalar("rate".to_owned(), DataType::Double),
        optional("city", DataType::String),
        optional("score", DataType::Long),
    ]);
    let given = example(
        serde_json::json!([[31, "2024-01-02T00:00:00", 2, "Z\u{fc}rich", null], [0, "x", 0, "y", 1]]),
        serde_json::json!(["age", "at", "rate", "city", "score"]),
    );
    let used =
        |example, inputs| Used { mlflow: String::new(), inputs, example: Some(example), is_sklearn: false };
    let find = |used: &Used<'_>, title: &str| {
        let all = of_package(Path::new("/x/my m"), PackageKind::Folder, used);
        all.into_iter().find(|snippet| snippet.title == title).unwrap().text
    };
    let shown = used(&given, Some(&inputs));
    let expected = r#"data = pd.DataFrame({
    "age": pd.Series([31], dtype="int32"),
    "at": [pd.Timestamp("2024-01-02T00:00:00")],
    "rate": [2.0],
    "city": ["Z\U000000fcrich"],
})
print(model.predict(data))"#;
    let python = find(&shown, "Predict in Python");
    assert!(python.contains("import pandas") && python.ends_with(expected), "{python}");
    let asked = find(&shown, "Ask the server");
    assert!(
        asked.ends_with(
            r#"-d '{"dataframe_records":[{"age":31,"at":"2024-01-02T00:00:00","rate":2,"city":"Zürich"}]}'"#
        ),
        "{asked}"
    );
    // What cannot be shown in a line is read from the package.
    let array = InputExample::new(ExampleData::Array(serde_json::json!([[1.0]])));
    let read = used(&array, None);
    assert!(find(&read, "Predict in Python").contains("data = model.metadata.load_input_example(\"my m\")"));
    assert!(find(&read, "Ask the server").ends_with("-d @'my m'/serving_input_example.json"));
}
