//! One column against one scalar type (`_enforce_mlflow_datatype`).

use crate::frame::{Cell, Dtype};
use crate::schema::DataType;

/// Why MLflow refuses a column of this dtype for a type; `None` when it takes it.
pub fn refusal(dtype: &Dtype, cells: &[Cell], ty: DataType) -> Option<String> {
    let inferred;
    let dtype = if *dtype == Dtype::Object && !matches!(ty, DataType::Binary | DataType::String) {
        inferred = dtype_of(cells);
        &inferred
    } else {
        dtype
    };
    let has_missing = || cells.contains(&Cell::Missing);
    let refused = || Some(sentence(dtype, ty));
    #[expect(clippy::match_same_arms, reason = "one line for each rule of MLflow's")]
    let is_taken = match (ty, dtype) {
        (DataType::String | DataType::Binary, Dtype::Object | Dtype::Text)
        | (DataType::Binary, Dtype::Bytes)
        | (DataType::Boolean, Dtype::Bool | Dtype::Object)
        | (DataType::Datetime, Dtype::Datetime { zone: None, .. }) => true,
        (DataType::Datetime, Dtype::Datetime { zone: Some(_), .. }) => {
            return Some(
                "the times have a time zone, and MLflow takes datetimes without one only".to_owned(),
            );
        }
        (DataType::Datetime, Dtype::Object) => {
            cells.iter().all(|cell| matches!(cell, Cell::Time { .. } | Cell::Missing))
        }
        // Only ever objects that became no plain column: pandas.to_numeric decides.
        (DataType::Double, Dtype::Object) => cells.iter().all(is_numeric),
        (DataType::Boolean, Dtype::NullableBool)
        | (DataType::Integer, Dtype::NullableInt(8..=32) | Dtype::NullableUint(8..=16))
        | (DataType::Long, Dtype::NullableInt(_) | Dtype::NullableUint(8..=32)) => {
            if has_missing() {
                return Some(format!("values are missing, which {} cannot be converted with", ty.name()));
            }
            true
        }
        (DataType::Integer, Dtype::Int(bits)) => *bits <= 32,
        (DataType::Integer, Dtype::Uint(bits)) => *bits <= 16,
        (DataType::Long, Dtype::Int(_)) => true,
        (DataType::Long, Dtype::Uint(bits)) => *bits <= 32,
        (DataType::Float, Dtype::Float(bits)) => *bits <= 32,
        (DataType::Float, Dtype::NullableFloat(bits)) => *bits <= 32,
        (DataType::Double, Dtype::Float(_) | Dtype::NullableFloat(_)) => true,
        (
            DataType::Double,
            Dtype::Int(8..=32)
            | Dtype::Uint(8..=32)
            | Dtype::NullableInt(8..=32)
            | Dtype::NullableUint(8..=32),
        ) => true,
        (DataType::Float | DataType::Double, Dtype::Int(64)) => {
            cells.iter().all(|cell| matches!(cell, Cell::Int(0 | 1) | Cell::Missing))
        }
        _ => false,
    };
    if is_taken { None } else { refused() }
}

fn sentence(dtype: &Dtype, ty: DataType) -> String {
    let why = match (ty, dtype) {
        (DataType::Integer | DataType::Long, Dtype::Float(_)) => {
            ": with a missing value pandas holds whole numbers as float64"
        }
        (DataType::Float | DataType::Double, Dtype::Int(64)) => ", unless all values are 0 or 1",
        (DataType::Float, Dtype::Float(64)) => ": digits could be lost",
        (DataType::Datetime, Dtype::Text) => ": the dates are texts; pandas.to_datetime makes them dates",
        (DataType::String, Dtype::Category) => "; astype(str) makes it text",
        _ => "",
    };
    format!("the column is {}, and MLflow does not convert that to {}{why}", dtype.name(), ty.name())
}

fn is_numeric(cell: &Cell) -> bool {
    match cell {
        Cell::Missing | Cell::Bool(_) | Cell::Int(_) | Cell::Float(_) => true,
        Cell::Text(text) | Cell::Other(text) => text.trim().parse::<f64>().is_ok(),
        _ => false,
    }
}

/// The dtype that `pandas.Series` gives a list of these values, or `infer_objects` a column of them.
pub(super) fn dtype_of(cells: &[Cell]) -> Dtype {
    let has_missing = cells.contains(&Cell::Missing);
    let known = || cells.iter().filter(|cell| **cell != Cell::Missing);
    if known().next().is_none() {
        return Dtype::Object;
    }
    let ints = || known().filter_map(|cell| if let Cell::Int(value) = cell { Some(*value) } else { None });
    if known().all(|cell| matches!(cell, Cell::Int(_))) {
        return if ints().all(|value| i64::try_from(value).is_ok()) {
            if has_missing { Dtype::Float(64) } else { Dtype::Int(64) }
        } else if !has_missing && ints().all(|value| u64::try_from(value).is_ok()) {
            Dtype::Uint(64)
        } else {
            Dtype::Object
        };
    }
    if known().all(|cell| matches!(cell, Cell::Int(_) | Cell::Float(_))) {
        return Dtype::Float(64);
    }
    if !has_missing && known().all(|cell| matches!(cell, Cell::Bool(_))) {
        return Dtype::Bool;
    }
    if known().all(|cell| matches!(cell, Cell::Text(_))) {
        return Dtype::Text;
    }
    if known().all(|cell| matches!(cell, Cell::Time { is_date: false, .. })) {
        return Dtype::Datetime { unit: "us", zone: None };
    }
    Dtype::Object
}
