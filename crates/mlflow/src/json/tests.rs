use proptest::prelude::*;
use serde_json::{Value, json};

use super::dtype::{Dtype, classify};
use super::{params_text, python_pretty_text, python_text, read_params, read_python, read_schema};
use crate::schema::{ColumnType, DataType, ParamSpec, Schema};

#[test]
fn schemas_are_written_as_mlflow_writes_them() {
    for text in [
        r#"[{"type": "double", "name": "a", "required": true}, {"type": "string", "name": "b", "required": false}]"#,
        r#"[{"type": "tensor", "tensor-spec": {"dtype": "int64", "shape": [-1]}}]"#,
        r#"[{"name": "x", "type": "tensor", "tensor-spec": {"dtype": "float32", "shape": [-1, 224, 224, 3]}}]"#,
        r#"[{"type": "array", "items": {"type": "array", "items": {"type": "long"}}, "name": "xs", "required": true}]"#,
        r#"[{"type": "object", "properties": {"k": {"type": "long", "required": true}}, "name": "o", "required": true}]"#,
        r#"[{"type": "map", "values": {"type": "string"}, "name": "m", "required": true}]"#,
        r#"[{"type": "any", "required": true}]"#,
        r#"[{"type": "sparkml_vector", "name": "v", "required": true}]"#,
        r#"[{"type": "long", "name": 0, "required": true}]"#,
        r#"[{"type": "string", "name": "\u00e9\ud83d\ude00\"\\", "required": true}]"#,
    ] {
        assert_eq!(Schema::from_text(text).unwrap().to_text(), text);
    }
}

#[test]
fn parameters_are_written_as_mlflow_writes_them() {
    for text in [
        r#"[{"name": "temp", "default": 0.5, "shape": null, "type": "double"}]"#,
        r#"[{"name": "a", "default": [1, 2], "shape": [-1], "type": "long"}]"#,
        r#"[{"name": "a", "default": {"b": 1}, "shape": null, "type": "object", "properties": {"b": {"type": "long", "required": true}}}]"#,
    ] {
        assert_eq!(params_text(&ParamSpec::list_from_text(text).unwrap()), text);
    }
    let early =
        ParamSpec::list_from_text(r#"[{"name": "t", "dtype": "long", "default": null, "shape": null}]"#);
    assert_eq!(early.unwrap()[0].ty, ColumnType::Scalar(DataType::Long));
}

#[test]
fn what_older_versions_wrote_is_read() {
    for (text, required) in [
        (r#"[{"name": "a", "type": "double", "optional": true}]"#, false),
        (r#"[{"name": "a", "type": "double"}]"#, true),
        (r#"[{"name": "a", "type": "any"}]"#, false),
        (r#"[{"name": "a", "type": "any", "required": true}]"#, true),
    ] {
        let Schema::Columns(columns) = Schema::from_text(text).unwrap() else { panic!("columns") };
        assert_eq!(columns[0].required, required, "{text}");
    }
    let tensors =
        Schema::from_text(r#"[{"type": "tensor", "tensor-spec": {"dtype": "int64", "shape": [null, 2]}}]"#);
    let Schema::Tensors(tensors) = tensors.unwrap() else { panic!("tensors") };
    assert_eq!(tensors[0].shape, [-1, 2]);
}

#[test]
fn each_schema_that_mlflow_refuses_is_refused_with_rule_and_place() {
    let tensor = |name: &str, dtype: &str| json!({"name": name, "type": "tensor", "tensor-spec": {"dtype": dtype, "shape": [-1]}});
    let cases: Vec<(String, &str, &str)> = vec![
        ("{".into(), "signature/json", ""),
        ("{}".into(), "signature/json", ""),
        ("[1]".into(), "signature/json", "[0]"),
        ("[]".into(), "signature/no-columns", ""),
        (r#"[{"type": "float64", "name": "a"}]"#.into(), "signature/unknown-type", "[0].type"),
        (r#"[{"name": "a"}]"#.into(), "signature/unknown-type", "[0].type"),
        (
            r#"[{"type": "array", "name": "a", "items": {"type": "int"}}]"#.into(),
            "signature/unknown-type",
            "[0].items.type",
        ),
        (
            r#"[{"type": "object", "name": "o", "properties": {}}]"#.into(),
            "signature/unknown-type",
            "[0].properties",
        ),
        (r#"[{"type": "long", "name": "a"}, {"type": "long"}]"#.into(), "signature/mixed-names", ""),
        (r#"[{"type": "long", "required": false}]"#.into(), "signature/unnamed-optional", "[0].required"),
        (
            r#"[{"type": "long", "name": "a", "description": "x"}]"#.into(),
            "signature/unknown-key",
            "[0].description",
        ),
        (r#"[{"type": "long", "name": 1.5}]"#.into(), "signature/name", "[0].name"),
        (json!([tensor("x", "<U5")]).to_string(), "signature/sized-dtype", "[0].tensor-spec.dtype"),
        (json!([tensor("x", "bfloat16")]).to_string(), "signature/unknown-dtype", "[0].tensor-spec.dtype"),
        (
            json!([tensor("x", "int8"), {"type": "long", "name": "y"}]).to_string(),
            "signature/mixed-kinds",
            "",
        ),
        (
            json!([tensor("x", "int8"), {"type": "tensor", "tensor-spec": {"dtype": "int8", "shape": []}}])
                .to_string(),
            "signature/unnamed-tensors",
            "",
        ),
        (r#"[{"type": "tensor"}]"#.into(), "signature/tensor", "[0].tensor-spec"),
        (
            r#"[{"type": "tensor", "tensor-spec": {"dtype": "int8"}}]"#.into(),
            "signature/shape",
            "[0].tensor-spec.shape",
        ),
    ];
    for (text, rule, path) in cases {
        let error = Schema::from_text(&text).unwrap_err();
        assert_eq!((error.rule, error.path.as_str()), (rule, path), "{text}: {error}");
    }
}

#[test]
fn each_parameter_that_mlflow_refuses_is_refused_with_rule_and_place() {
    let param = |ty: &str, default: Value, shape: Value| json!([{"name": "p", "type": ty, "default": default, "shape": shape}]);
    for (value, rule, path) in [
        (json!([{"name": "p", "type": "long"}]), "signature/param-default", "[0].default"),
        (param("long", json!(1.5), Value::Null), "signature/param-default", "[0].default"),
        (param("long", json!(1), json!([-1])), "signature/param-default", "[0].default"),
        (param("string", json!(1), Value::Null), "signature/param-default", "[0].default"),
        (param("binary", Value::Null, Value::Null), "signature/param-type", "[0].type"),
        (param("any", Value::Null, Value::Null), "signature/param-type", "[0].type"),
        (param("number", Value::Null, Value::Null), "signature/unknown-type", "[0].type"),
        (param("long", Value::Null, json!([2])), "signature/param-shape", "[0].shape"),
        (
            json!([{"name": "p", "type": "long", "default": 1}, {"name": "p", "type": "long", "default": 2}]),
            "signature/param-duplicate",
            "[1].name",
        ),
    ] {
        let error = ParamSpec::list_from_text(&value.to_string()).unwrap_err();
        assert_eq!((error.rule, error.path.as_str()), (rule, path), "{value}: {error}");
    }
    for value in [param("double", json!(1), Value::Null), param("datetime", json!("2024-01-02"), Value::Null)]
    {
        assert!(ParamSpec::list_from_text(&value.to_string()).is_ok(), "{value}");
    }
}

#[test]
fn all_mistakes_are_reported_and_the_rest_is_kept() {
    let mut errors = Vec::new();
    let text =
        r#"[{"type": "int", "name": "a"}, {"type": "long", "name": "b"}, {"type": "str", "name": "c"}]"#;
    let schema = read_schema(text, "signature.inputs", &mut errors).unwrap();
    assert_eq!(
        errors.iter().map(|error| error.path.as_str()).collect::<Vec<_>>(),
        ["signature.inputs[0].type", "signature.inputs[2].type"]
    );
    assert!(errors[0].message.contains("you may mean integer"), "{}", errors[0].message);
    assert!(matches!(schema, Schema::Columns(columns) if columns.len() == 1));
}

#[test]
fn numpy_dtypes_are_told_apart() {
    for (dtype, expected) in [
        ("float32", Dtype::Known),
        ("<f4", Dtype::Known),
        ("datetime64[ns]", Dtype::Known),
        ("timedelta64", Dtype::Known),
        ("<M8[ms]", Dtype::Known),
        ("str", Dtype::Known),
        ("<U0", Dtype::Known),
        ("object", Dtype::Known),
        ("<U5", Dtype::Sized),
        ("S3", Dtype::Sized),
        ("bfloat16", Dtype::Unknown),
        ("float8_e4m3fn", Dtype::Unknown),
        ("datetime64[x]", Dtype::Unknown),
        ("string", Dtype::Unknown),
        ("", Dtype::Unknown),
        ("\u{e9}", Dtype::Unknown),
    ] {
        assert_eq!(classify(dtype), expected, "{dtype}");
    }
}

#[test]
fn json_looks_as_python_dumps_it() {
    let value = json!({"a": [1, 2.5, null, true], "b": {}, "c": [], "d": {"e": "x\n\u{7f}\u{e9}"}});
    assert_eq!(
        python_text(&value),
        r#"{"a": [1, 2.5, null, true], "b": {}, "c": [], "d": {"e": "x\n\u007f\u00e9"}}"#
    );
    let pretty = "{\n  \"a\": [\n    1,\n    2.5,\n    null,\n    true\n  ],\n  \"b\": {},\n  \"c\": [],\n  \"d\": {\n    \"e\": \"x\\n\\u007f\\u00e9\"\n  }\n}";
    assert_eq!(python_pretty_text(&value), pretty);
}

#[test]
fn floats_are_written_as_python_repeats_them() {
    for (value, expected) in [
        (0.1, "0.1"),
        (1.0, "1.0"),
        (-0.0, "-0.0"),
        (1e15, "1000000000000000.0"),
        (1e16, "1e+16"),
        (1.5e300, "1.5e+300"),
        (0.0001, "0.0001"),
        (1e-5, "1e-05"),
        (1.234e-10, "1.234e-10"),
        (123_456_789.125, "123456789.125"),
        (f64::from(0.1_f32), "0.10000000149011612"),
    ] {
        assert_eq!(python_text(&json!(value)), expected);
    }
}

#[test]
fn nan_outside_of_texts_reads_as_null() {
    let (value, had_nan) = read_python(r#"{"data": [NaN, -Infinity, Infinity, "NaN \" NaN", 1]}"#).unwrap();
    assert_eq!(value, json!({"data": [null, null, null, "NaN \" NaN", 1]}));
    assert!(had_nan);
    assert!(!read_python("[1]").unwrap().1);
    assert!(read_python("[NaM]").is_err());
}

proptest! {
    #[test]
    fn any_text_is_a_schema_or_an_error_with_a_place(text in any::<String>()) {
        let mut errors = Vec::new();
        let schema = read_schema(&text, "at", &mut errors);
        prop_assert!(schema.is_some() || !errors.is_empty());
        read_params(&text, "at", &mut errors);
        prop_assert!(errors.iter().all(|error| error.path.starts_with("at")));
    }

    #[test]
    fn any_text_in_json_is_ascii_and_reads_back(text in any::<String>()) {
        let written = python_text(&Value::from(text.as_str()));
        prop_assert!(written.is_ascii());
        prop_assert_eq!(serde_json::from_str::<String>(&written).unwrap(), text);
    }
}
