//! Lists, records and maps (`_enforce_array`, `_enforce_object`, `_enforce_map`): the rules of tables hold inside, and
//! nothing is cast before.

use super::series;
use crate::frame::{Cell, Dtype};
use crate::schema::{ColumnType, DataType, Property};

/// Why MLflow refuses a value for a type; `None` when it takes it.
pub(super) fn refusal(cell: &Cell, ty: &ColumnType, required: bool) -> Option<String> {
    match ty {
        ColumnType::Any => None,
        ColumnType::Scalar(scalar) => scalar_refusal(cell, *scalar, required),
        ColumnType::Array(item) => array_refusal(cell, item, required),
        ColumnType::SparkMlVector => array_refusal(cell, &ColumnType::Scalar(DataType::Double), required),
        ColumnType::Object(properties) => object_refusal(cell, properties, required),
        ColumnType::Map(value) => map_refusal(cell, value, required),
    }
}

/// Whether a request with this value is refused although the value fits: a request is checked twice, and a list of float
/// has become one of Python's own numbers by the second time, which are double.
pub(super) fn is_float_list(cell: &Cell, ty: &ColumnType) -> bool {
    match (ty, cell) {
        (ColumnType::Array(item), Cell::List(items)) => {
            **item == ColumnType::Scalar(DataType::Float) && !items.is_empty()
                || items.iter().any(|inner| is_float_list(inner, item))
        }
        (ColumnType::Map(value), Cell::Record(fields)) => {
            fields.iter().any(|(_, inner)| is_float_list(inner, value))
        }
        (ColumnType::Object(properties), Cell::Record(fields)) => fields.iter().any(|(key, inner)| {
            properties.iter().any(|property| property.name == *key && is_float_list(inner, &property.ty))
        }),
        _ => false,
    }
}

fn scalar_refusal(cell: &Cell, ty: DataType, required: bool) -> Option<String> {
    match cell {
        Cell::Missing => required.then(|| "it is missing".to_owned()),
        Cell::List(_) | Cell::Array(..) | Cell::Record(_) => {
            Some(format!("a single {} is expected", ty.name()))
        }
        cell => {
            series::refusal(&series::dtype_of(std::slice::from_ref(cell)), std::slice::from_ref(cell), ty)
        }
    }
}

fn array_refusal(cell: &Cell, item: &ColumnType, required: bool) -> Option<String> {
    let (dtype, items): (Option<&Dtype>, &[Cell]) = match cell {
        Cell::List(items) => (None, items),
        Cell::Array(dtype, items) => (Some(dtype), items),
        Cell::Missing if !required || *item == ColumnType::Any => return None,
        _ => return Some("a list is expected".to_owned()),
    };
    if items.is_empty() {
        return None;
    }
    match item {
        // The array of texts that MLflow makes at the end takes no lists.
        ColumnType::Scalar(DataType::String)
            if items.iter().any(|item| matches!(item, Cell::List(_) | Cell::Array(..))) =>
        {
            Some("in the list: a single string is expected".to_owned())
        }
        ColumnType::Scalar(scalar) => {
            let own = series::dtype_of(items);
            series::refusal(dtype.unwrap_or(&own), items, *scalar).map(|text| format!("in the list: {text}"))
        }
        item => items.iter().enumerate().find_map(|(index, cell)| {
            refusal(cell, item, required).map(|text| format!("item {index}: {text}"))
        }),
    }
}

fn object_refusal(cell: &Cell, properties: &[Property], required: bool) -> Option<String> {
    let fields = match cell {
        Cell::Record(fields) if fields.is_empty() && !required => return None,
        Cell::Record(fields) => fields,
        Cell::Missing if !required => return None,
        _ => return Some("a record is expected".to_owned()),
    };
    let lacking: Vec<&str> = properties
        .iter()
        .filter(|property| property.required && !fields.iter().any(|(key, _)| *key == property.name))
        .map(|property| property.name.as_str())
        .collect();
    if !lacking.is_empty() {
        return Some(format!("it lacks {}", lacking.join(", ")));
    }
    fields.iter().find_map(|(key, cell)| match properties.iter().find(|property| property.name == *key) {
        None => Some(format!("{key} is not in the signature, and MLflow refuses what it does not know")),
        Some(property) => refusal(cell, &property.ty, property.required).map(|text| format!("{key}: {text}")),
    })
}

fn map_refusal(cell: &Cell, value: &ColumnType, required: bool) -> Option<String> {
    match cell {
        Cell::Missing if !required || *value == ColumnType::Any => None,
        Cell::Record(fields) => fields
            .iter()
            .find_map(|(key, cell)| refusal(cell, value, required).map(|text| format!("{key}: {text}"))),
        _ => Some("a map is expected".to_owned()),
    }
}
