//! What `mlflow.models.infer_signature` makes of tables and arrays.
//!
//! Follows `mlflow/types/utils.py` of MLflow 3.17 with pandas 3: same types, same `required`, and the same values about
//! which it gives up. `tests/python/test_sample.py` compares with the real one.

use super::merge::merge;
use super::{Array, Cell, Dtype, Frame, FrameColumn};
use crate::schema::{ColSpec, ColumnName, ColumnType, DataType, Property, Schema, TensorSpec};

/// The type of one column, or why MLflow finds none.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Inferred {
    /// The type, where there is one.
    pub ty: Result<ColumnType, String>,
    /// Whether no value is missing.
    pub required: bool,
}

/// The schema of a table. A column for which MLflow finds no type is `any`; MLflow itself would then give up on the
/// whole table.
pub fn infer_frame(frame: &Frame) -> Vec<(ColSpec, Option<String>)> {
    let spec = |column: &FrameColumn| {
        let inferred = infer_column(column);
        let (ty, problem) = match inferred.ty {
            Ok(ty) => (ty, None),
            Err(problem) => (ColumnType::Any, Some(problem)),
        };
        (ColSpec { name: Some(column.name.clone()), ty, required: inferred.required }, problem)
    };
    frame.columns.iter().map(spec).collect()
}

/// The type of one column.
pub fn infer_column(column: &FrameColumn) -> Inferred {
    let required = !column.cells.contains(&Cell::Missing);
    Inferred { ty: column_type(column), required }
}

/// The schema of arrays: the first dimension varies, the others are as they are.
pub fn infer_arrays(arrays: &[Array]) -> Result<Schema, String> {
    let spec = |array: &Array| {
        let mut shape: Vec<i64> = Vec::new();
        for (axis, size) in array.shape.iter().enumerate() {
            shape.push(if axis == 0 { -1 } else { i64::try_from(*size).unwrap_or(-1) });
        }
        if shape.is_empty() {
            return Err(
                "an array without dimensions has no rows, and MLflow makes no schema of it".to_owned()
            );
        }
        Ok(TensorSpec { name: array.name.clone(), dtype: array.dtype.clone(), shape })
    };
    arrays.iter().map(spec).collect::<Result<_, _>>().map(Schema::Tensors)
}

/// The schema of an object of JSON values: one named column for each key.
pub fn infer_json(fields: &[(String, Cell)]) -> Result<Schema, String> {
    let column = |(name, cell): &(String, Cell)| {
        let ty = value_type(cell)?.ok_or_else(|| format!("{name} holds nothing"))?;
        let required = *cell != Cell::Missing;
        Ok(ColSpec { name: Some(ColumnName::Text(name.clone())), ty, required })
    };
    fields.iter().map(column).collect::<Result<_, String>>().map(Schema::Columns)
}

fn column_type(column: &FrameColumn) -> Result<ColumnType, String> {
    let scalar = |ty| Ok(ColumnType::Scalar(ty));
    let none = || Err(format!("MLflow has no type for {}", column.dtype.name()));
    match &column.dtype {
        Dtype::Bool | Dtype::NullableBool => scalar(DataType::Boolean),
        Dtype::Int(8..=32)
        | Dtype::NullableInt(8..=32)
        | Dtype::Uint(8..=16)
        | Dtype::NullableUint(8..=16) => scalar(DataType::Integer),
        Dtype::Int(64) | Dtype::NullableInt(64) | Dtype::Uint(32) | Dtype::NullableUint(32) => {
            scalar(DataType::Long)
        }
        Dtype::Float(8..=32) | Dtype::NullableFloat(8..=32) => scalar(DataType::Float),
        Dtype::Float(64) | Dtype::NullableFloat(64) => scalar(DataType::Double),
        Dtype::Bytes => scalar(DataType::Binary),
        Dtype::Datetime { .. } => scalar(DataType::Datetime),
        Dtype::Object => object_type(&column.cells),
        Dtype::Text | Dtype::Category => items_type(&column.cells),
        _ => none(),
    }
}

/// An `object` column: pandas first looks whether it is a plain one in disguise (`infer_objects`).
fn object_type(cells: &[Cell]) -> Result<ColumnType, String> {
    let has_missing = cells.contains(&Cell::Missing);
    let known = || cells.iter().filter(|cell| **cell != Cell::Missing);
    let is_number = |cell: &Cell| matches!(cell, Cell::Int(_) | Cell::Float(_));
    if known().next().is_some() && known().all(is_number) {
        let has_float = known().any(|cell| matches!(cell, Cell::Float(_)));
        let whole =
            || known().filter_map(|cell| if let Cell::Int(value) = cell { Some(*value) } else { None });
        if has_float || has_missing && whole().all(|value| i64::try_from(value).is_ok()) {
            return Ok(ColumnType::Scalar(DataType::Double));
        }
        let is_beyond = whole().any(|value| i64::try_from(value).is_err());
        if is_beyond && !has_missing && whole().all(|value| u64::try_from(value).is_ok()) {
            return Err("MLflow has no type for uint64".to_owned());
        }
    }
    items_type(cells)
}

/// What MLflow makes of a list with these items, without the list.
fn items_type(cells: &[Cell]) -> Result<ColumnType, String> {
    if cells.is_empty() {
        return Err("there are no rows".to_owned());
    }
    list_type(cells)?.ok_or_else(|| "the cells are empty arrays".to_owned())
}

/// The type of the items of a list; `None` when it stays open.
fn list_type(cells: &[Cell]) -> Result<Option<ColumnType>, String> {
    let mut found: Option<ColumnType> = None;
    for cell in cells {
        let Some(ty) = value_type(cell)? else { continue };
        found = Some(match found {
            None => ty,
            Some(known) => merge(&known, &ty)
                .ok_or_else(|| format!("its values are of more than one type: {}", words(&known, &ty)))?,
        });
    }
    Ok(found)
}

fn words(first: &ColumnType, second: &ColumnType) -> String {
    let word = |ty: &ColumnType| match ty {
        ColumnType::Scalar(scalar) => scalar.name(),
        ColumnType::Array(_) => "lists",
        ColumnType::Object(_) => "records",
        ColumnType::Map(_) => "maps",
        ColumnType::Any => "nothing",
        ColumnType::SparkMlVector => "vectors",
    };
    let (first_word, second_word) = (word(first), word(second));
    if first_word == second_word {
        format!("{first_word} of more than one kind")
    } else {
        format!("{first_word} and {second_word}")
    }
}

/// `_infer_datatype`: `None` for an empty NumPy array, whose type stays open.
fn value_type(cell: &Cell) -> Result<Option<ColumnType>, String> {
    let scalar = |ty| Ok(Some(ColumnType::Scalar(ty)));
    match cell {
        Cell::Missing => Ok(Some(ColumnType::Any)),
        Cell::Bool(_) => scalar(DataType::Boolean),
        Cell::Int(_) => scalar(DataType::Long),
        Cell::Float(_) => scalar(DataType::Double),
        Cell::Text(_) => scalar(DataType::String),
        Cell::Bytes(_) => scalar(DataType::Binary),
        Cell::Time { .. } => scalar(DataType::Datetime),
        Cell::Other(text) => Err(format!("MLflow has no type for the value {text}")),
        Cell::List(items) if items.is_empty() => Ok(Some(ColumnType::Any)),
        Cell::List(items) => Ok(list_type(items)?.map(|ty| ColumnType::Array(Box::new(ty)))),
        Cell::Array(_, items) if items.is_empty() => Ok(None),
        Cell::Array(dtype, items) => {
            let ty = array_item_type(dtype, items)?;
            Ok(ty.map(|ty| ColumnType::Array(Box::new(ty))))
        }
        Cell::Record(fields) if fields.is_empty() => Ok(Some(ColumnType::Any)),
        Cell::Record(fields) => {
            let mut properties = Vec::new();
            for (name, cell) in fields {
                let ty = value_type(cell)?
                    .ok_or_else(|| format!("{name} is an empty array, whose type stays open"))?;
                let required = ty != ColumnType::Any;
                properties.push(Property { name: name.clone(), ty, required });
            }
            properties.sort_by(|a, b| a.name.cmp(&b.name));
            Ok(Some(ColumnType::Object(properties)))
        }
    }
}

/// NumPy's own scalars have fewer types than its arrays.
fn array_item_type(dtype: &Dtype, items: &[Cell]) -> Result<Option<ColumnType>, String> {
    let all_missing = items.iter().all(|item| *item == Cell::Missing);
    let ty = match dtype {
        Dtype::Object => return list_type(items),
        // NaN has no type of its own.
        Dtype::Float(64) if all_missing => return Ok(Some(ColumnType::Any)),
        Dtype::Bool => DataType::Boolean,
        Dtype::Int(64) => DataType::Long,
        Dtype::Int(32) => DataType::Integer,
        Dtype::Float(64) => DataType::Double,
        Dtype::Float(32) => DataType::Float,
        Dtype::Text => DataType::String,
        Dtype::Bytes => DataType::Binary,
        Dtype::Datetime { .. } => DataType::Datetime,
        other => return Err(format!("MLflow has no type for an array of {}", other.name())),
    };
    Ok(Some(ColumnType::Scalar(ty)))
}
