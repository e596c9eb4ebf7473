//! Against what real MLflow does, recorded by `tests/python/sample_cases.py`.

use serde_json::Value;

use super::*;
use crate::frame::tests::{cases, column_of, spec_of};
use crate::frame::{Cell, Frame};

#[test]
fn a_table_is_refused_where_mlflow_refuses_it() {
    let (mut wrong, mut n) = (Vec::new(), 0);
    for case in cases("columns") {
        let frame = Frame { columns: vec![column_of(&case)], n_rows: 2 };
        for (spec, refused) in case["refused"].as_object().unwrap() {
            n += 1;
            let found = table(&[spec_of(&serde_json::from_str(spec).unwrap())], &frame);
            if found.is_empty() == refused.as_bool().unwrap() {
                wrong.push(format!(
                    "{} {} as {spec}: MLflow refuses {refused}, found {found:?}",
                    case["dtype"], case["cells"]
                ));
            }
        }
    }
    assert!(400 < n, "{n} cases");
    assert!(wrong.is_empty(), "{} of {n} differ:\n{}", wrong.len(), wrong.join("\n"));
}

/// The value that a request gave, as the JSON that it was, where that says the same.
fn is_same(sent: &Value, given: &Value) -> bool {
    let given = crate::frame::tests::cell(given);
    match (sent, &given) {
        (Value::Bool(a), Cell::Bool(b)) => a == b,
        (Value::Bool(a), Cell::Int(b)) => i128::from(*a) == *b,
        (Value::Number(a), Cell::Int(b)) => a.as_i128() == Some(*b) || a.to_string() == format!("{b}.0"),
        (Value::Number(a), Cell::Float(b)) => a.as_f64().is_some_and(|a| (a - b).abs() <= a.abs() * 1e-6),
        (Value::Bool(a), Cell::Float(b)) => (f64::from(u8::from(*a)) - b).abs() < 1e-9,
        (Value::String(a), Cell::Text(b)) => a == b,
        // Read as what the type says: numbers, dates, bytes.
        (Value::Null, Cell::Missing)
        | (Value::String(_), Cell::Int(_) | Cell::Float(_) | Cell::Time { .. } | Cell::Bytes(_))
        | (Value::Array(_), Cell::List(_) | Cell::Array(..))
        | (Value::Object(_), Cell::Record(_)) => true,
        _ => false,
    }
}

#[test]
fn a_request_is_refused_or_changed_where_mlflow_does_that() {
    let (mut wrong, cases) = (Vec::new(), cases("requests"));
    for case in &cases {
        let values = case["values"].as_array().unwrap();
        let rows: Vec<Vec<Value>> = values.iter().map(|value| vec![value.clone()]).collect();
        let spec = spec_of(&case["spec"]);
        let found = request(std::slice::from_ref(&spec), &["c".to_owned()], &rows);
        let is_refused = found.iter().any(|violation| violation.effect == Effect::Refused);
        let mut differs = is_refused != case["gives"].is_null();
        if let (false, Some(gives)) = (is_refused, case["gives"].as_array()) {
            for (row, (sent, given)) in values.iter().zip(gives).enumerate() {
                let is_told = found.iter().any(|violation| violation.row == Some(row));
                // A value that is told may still look the same (a number for a text), never the other way.
                differs |= !is_told && !is_same(sent, given);
            }
        }
        if differs {
            wrong.push(format!(
                "{} as {}: MLflow gives {}, found {found:?}",
                case["values"], case["spec"], case["gives"]
            ));
        }
    }
    assert!(400 < cases.len());
    assert!(wrong.is_empty(), "{} of {} differ:\n{}", wrong.len(), cases.len(), wrong.join("\n"));
}

#[test]
fn a_column_that_is_not_there_is_named() {
    let spec = spec_of(&serde_json::json!({"type": "long"}));
    let found = request(&[spec], &["other".to_owned()], &[vec![1.into()]]);
    assert_eq!((found[0].rule, found[0].column.as_str()), ("missing-column", "c"));
}

#[test]
fn an_array_passes_by_shape_and_dtype() {
    let spec = |shape: &[i64]| TensorSpec::unnamed("float32", shape.to_vec());
    assert_eq!(array(&spec(&[-1, 4]), Some("float32"), &[7, 4]), None);
    assert_eq!(array(&spec(&[-1, 4]), None, &[7, 4]), None);
    assert!(array(&spec(&[-1, 4]), Some("float64"), &[7, 4]).unwrap().contains("float64"));
    assert!(array(&spec(&[-1, 4]), Some("float32"), &[7, 5]).unwrap().contains("shape"));
    assert!(array(&spec(&[-1, 4]), Some("float32"), &[7]).is_some());
    assert_eq!(array(&TensorSpec::unnamed("object", vec![-1, -1]), Some("object"), &[7]), None);
}
