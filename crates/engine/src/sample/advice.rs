//! What in a signature would break callers, said next to the cell, with the choice that would not.
//!
//! The rules are those by which MLflow converts a caller's table: what fits is cast, what might lose something is refused.

use packwright_inspect::{Inspection, SourcedSchema};
use packwright_mlflow::frame::{Cell, Dtype, FrameColumn};
use packwright_mlflow::schema::{ColSpec, ColumnType, DataType, TensorSpec};

use super::merge::input_columns;
use crate::choices::{Choices, YOU};

/// One thing about a row of the inputs that callers will run into.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Advice {
    /// The row of the inputs.
    pub index: usize,
    /// Who is refused, and why.
    pub text: String,
    /// The type with which they are not, where there is one.
    pub better: Option<&'static str>,
}

/// What callers will run into, row by row.
pub(crate) fn advice(choices: &Choices, inspection: &Inspection) -> Vec<Advice> {
    let mut all = Vec::new();
    match choices.signature(inspection).inputs {
        Some(SourcedSchema::Columns(columns)) => {
            let given =
                choices.sample.as_ref().map(|choice| input_columns(choice, inspection)).unwrap_or_default();
            for (index, column) in columns.iter().enumerate() {
                let sampled = sampled(&given, index, &column.value);
                let found = of_column(&column.value, sampled);
                // What the person chose knowingly is not talked out of again.
                let is_yours = column.source == YOU;
                all.extend(found.into_iter().map(|(text, better)| Advice {
                    index,
                    text,
                    better: better.filter(|_| !is_yours),
                }));
            }
        }
        Some(SourcedSchema::Tensors(tensors)) => {
            for (index, tensor) in tensors.iter().enumerate() {
                all.extend(of_tensor(&tensor.value).map(|text| Advice { index, text, better: None }));
            }
        }
        None => {}
    }
    all
}

fn sampled<'a>(
    given: &[(Option<usize>, &'a FrameColumn)],
    index: usize,
    column: &ColSpec,
) -> Option<&'a FrameColumn> {
    let by_name = given.iter().find(|(_, data)| Some(&data.name) == column.name.as_ref());
    by_name.or_else(|| given.iter().find(|(position, _)| *position == Some(index))).map(|(_, data)| *data)
}

fn of_column(column: &ColSpec, sampled: Option<&FrameColumn>) -> Option<(String, Option<&'static str>)> {
    let ColumnType::Scalar(ty) = column.ty else {
        return (column.ty == ColumnType::Any).then(|| {
            ("MLflow checks nothing here: whatever callers send reaches the model.".to_owned(), None)
        });
    };
    let dtype = sampled.map(|column| &column.dtype);
    let has_missing = sampled.is_some_and(|column| column.cells.contains(&Cell::Missing));
    match (ty, dtype) {
        (DataType::Integer, Some(Dtype::Int(64))) => Some((
            "pandas holds whole numbers as int64, and MLflow refuses int64 for integer, which is int32.".to_owned(),
            Some("long"),
        )),
        (DataType::Integer | DataType::Long, _) => Some((
            "A table in which a value is missing is refused: pandas then holds the column as float64. With double it is \
             taken, but a complete int64 column is refused unless all values are 0 or 1. Requests in JSON may send whole \
             numbers for either."
                .to_owned(),
            Some("double"),
        )),
        (DataType::Double, Some(Dtype::Int(64) | Dtype::Uint(64))) => Some((
            "The sample holds whole numbers as int64, and MLflow refuses such a table for double unless all values are 0 \
             or 1. Requests in JSON are taken."
                .to_owned(),
            Some("long"),
        )),
        (DataType::Float, Some(Dtype::Float(64)) | None) => Some((
            "pandas holds numbers as float64, and MLflow refuses float64 for float, which is float32. Requests in JSON are \
             taken."
                .to_owned(),
            Some("double"),
        )),
        (DataType::Datetime, Some(Dtype::Datetime { zone: Some(zone), .. })) => Some((
            format!(
                "The sample's times have the time zone {zone}, and MLflow refuses those: callers take it off with \
                 dt.tz_localize(None)."
            ),
            None,
        )),
        (DataType::Datetime, Some(Dtype::Text)) => Some((
            "MLflow refuses a table that holds dates as text: callers convert them with pandas.to_datetime, or the type is \
             string."
                .to_owned(),
            Some("string"),
        )),
        (DataType::String, Some(Dtype::Category)) => Some((
            "The sample's column is a category, and MLflow refuses a category for string: callers convert it with \
             astype(str)."
                .to_owned(),
            None,
        )),
        (DataType::Boolean, _) if has_missing => Some((
            "Values are missing in the sample. In JSON a missing boolean is taken for false without a word.".to_owned(),
            None,
        )),
        _ => None,
    }
}

fn of_tensor(tensor: &TensorSpec) -> Option<String> {
    match (tensor.name.as_ref(), tensor.shape.as_slice()) {
        (None, [_, n]) if 1 < *n => Some(format!(
            "Who sends a DataFrame needs exactly {n} columns that are all {}; nothing is converted. Who sends an array needs \
             {} too.",
            tensor.dtype, tensor.dtype
        )),
        (None, shape) if 2 < shape.len() => {
            Some(format!("A DataFrame cannot hold this: callers send an array of {}.", tensor.dtype))
        }
        (_, []) => {
            Some("An array without dimensions has no rows; MLflow matches nothing with it.".to_owned())
        }
        _ => None,
    }
}
