//! Against what real MLflow says, recorded by `tests/python/sample_cases.py`.

use std::path::Path;

use serde_json::Value;

use super::*;
use crate::schema::{ColSpec, ColumnName, Schema};

/// The recorded cases of one kind.
pub(crate) fn cases(kind: &str) -> Vec<Value> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/samples/cases.json");
    let text = std::fs::read_to_string(path).unwrap();
    let all: Value = serde_json::from_str(&text).unwrap();
    all[kind].as_array().unwrap().clone()
}

/// The recorded type as a column.
pub(crate) fn spec_of(spec: &Value) -> ColSpec {
    let mut spec = spec.clone();
    spec["name"] = "c".into();
    if spec.get("required").is_none() {
        spec["required"] = true.into();
    }
    let Schema::Columns(mut columns) = Schema::from_text(&Value::Array(vec![spec]).to_string()).unwrap()
    else {
        panic!("a column")
    };
    columns.remove(0)
}

pub(crate) fn dtype_of(name: &str) -> Dtype {
    let bits = |prefix: &str| name.strip_prefix(prefix).and_then(|bits| bits.parse().ok());
    let unit = |unit: &str| ["s", "ms", "us", "ns"].into_iter().find(|known| *known == unit).unwrap();
    match name {
        "bool" => Dtype::Bool,
        "str" => Dtype::Text,
        "object" => Dtype::Object,
        "category" => Dtype::Category,
        "boolean" => Dtype::NullableBool,
        _ => {
            if let Some(inner) = name.strip_prefix("datetime64[").and_then(|rest| rest.strip_suffix(']')) {
                let (own, zone) =
                    inner.split_once(", ").map_or((inner, None), |(own, zone)| (own, Some(zone.to_owned())));
                return Dtype::Datetime { unit: unit(own), zone };
            }
            None.or_else(|| bits("int").map(Dtype::Int))
                .or_else(|| bits("uint").map(Dtype::Uint))
                .or_else(|| bits("float").map(Dtype::Float))
                .or_else(|| bits("Int").map(Dtype::NullableInt))
                .or_else(|| bits("UInt").map(Dtype::NullableUint))
                .or_else(|| bits("Float").map(Dtype::NullableFloat))
                .unwrap_or_else(|| Dtype::Other(name.to_owned()))
        }
    }
}

pub(crate) fn cell(tagged: &Value) -> Cell {
    let Some(map) = tagged.as_object() else { return Cell::Missing };
    let (tag, value) = map.iter().next().unwrap();
    let text = || value.as_str().unwrap().to_owned();
    let cells = |value: &Value| value.as_array().unwrap().iter().map(cell).collect();
    match tag.as_str() {
        "b" => Cell::Bool(value.as_bool().unwrap()),
        "i" => text().parse().map_or_else(|_| Cell::Other(text()), Cell::Int),
        "f" => Cell::Float(value.as_f64().unwrap()),
        "s" => Cell::Text(text()),
        "y" => Cell::Bytes(text().as_bytes().to_vec()),
        "d" => Cell::Time { iso: text(), is_date: true },
        "t" => Cell::Time { iso: text(), is_date: false },
        "x" => Cell::Other(text()),
        "l" => Cell::List(cells(value)),
        "a" => Cell::Array(dtype_of(value[0].as_str().unwrap()), cells(&value[1])),
        _ => Cell::Record(
            value.as_object().unwrap().iter().map(|(key, value)| (key.clone(), cell(value))).collect(),
        ),
    }
}

pub(crate) fn column_of(case: &Value) -> FrameColumn {
    FrameColumn {
        name: ColumnName::Text("c".into()),
        dtype: dtype_of(case["dtype"].as_str().unwrap()),
        cells: case["cells"].as_array().unwrap().iter().map(cell).collect(),
    }
}

#[test]
fn a_column_has_the_type_that_mlflow_infers() {
    let mut wrong = Vec::new();
    let cases = cases("columns");
    for case in &cases {
        let inferred = infer_column(&column_of(case));
        let expected = (case["spec"].get("error").is_none()).then(|| spec_of(&case["spec"]));
        let ours = inferred.ty.clone().ok().map(|ty| (ty, inferred.required));
        if ours != expected.clone().map(|spec| (spec.ty, spec.required)) {
            wrong.push(format!(
                "{} {}: expected {}, found {inferred:?}",
                case["dtype"], case["cells"], case["spec"]
            ));
        }
    }
    assert!(90 < cases.len());
    assert!(wrong.is_empty(), "{} of {} differ:\n{}", wrong.len(), cases.len(), wrong.join("\n"));
}

#[test]
fn arrays_keep_their_shape_but_for_the_first_dimension() {
    let array = |shape: &[u64]| Array {
        name: None,
        dtype: "float32".into(),
        shape: shape.to_vec(),
        items: Vec::new(),
    };
    let Schema::Tensors(tensors) = infer_arrays(&[array(&[10, 3, 4])]).unwrap() else { panic!("tensors") };
    assert_eq!(tensors[0].shape, [-1, 3, 4]);
    assert!(infer_arrays(&[array(&[])]).is_err());
}

#[test]
fn bytes_are_written_as_python_encodes_them() {
    for (bytes, expected) in [(&b"ab"[..], "YWI=\n"), (b"", ""), (b"abc", "YWJj\n"), (b"a", "YQ==\n")] {
        assert_eq!(Cell::Bytes(bytes.to_vec()).to_json(), expected);
    }
    let long = Cell::Bytes(vec![0; 60]).to_json();
    assert_eq!(long, format!("{}\nAAAA\n", "A".repeat(76)));
}
