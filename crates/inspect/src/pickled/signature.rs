//! The signature that follows from a described model: the third rung of the ladder.

use packwright_mlflow::schema::{ColSpec, ColumnName, ColumnType, DataType, TensorSpec};

use super::{Column, Estimator, Inputs, Output};
use crate::{Sourced, SourcedSchema, SourcedSignature};

/// The signature of `predict` (or `transform`) as far as the file tells.
pub(crate) fn signature(estimator: &Estimator) -> SourcedSignature {
    let outputs = match &estimator.table {
        Some(table) => {
            let column = |column: &Column| column_spec(column, &table.source, false);
            Some(SourcedSchema::Columns(table.value.iter().map(column).collect()))
        }
        None => estimator.output.as_ref().and_then(tensor_of),
    };
    SourcedSignature { inputs: schema_of(&estimator.inputs), outputs, params: None }
}

/// Inputs as MLflow's columns or tensors; `None` when they are unknown.
pub(crate) fn schema_of(inputs: &Inputs) -> Option<SourcedSchema> {
    match inputs {
        Inputs::Columns(columns) | Inputs::Unnamed(columns) => {
            let is_odd = |column: &Column| {
                column.unchecked.is_some() || column.ty.as_ref().is_some_and(|ty| !is_numeric(ty.value))
            };
            let is_mixed = columns.value.iter().any(is_odd);
            let mut columns: Vec<Sourced<ColSpec>> =
                columns.value.iter().map(|column| column_spec(column, &columns.source, is_mixed)).collect();
            if matches!(inputs, Inputs::Unnamed(_)) {
                for column in &mut columns {
                    column.value.name = None;
                }
            }
            Some(SourcedSchema::Columns(columns))
        }
        Inputs::Count(count) => {
            let width = i64::try_from(count.value).ok()?;
            let spec = TensorSpec::unnamed("float64", vec![-1, width]);
            let source = format!("{}; float64 is what the library computes in", count.source);
            Some(SourcedSchema::Tensors(vec![Sourced::new(spec, source)]))
        }
        Inputs::Texts(source) => {
            let spec = TensorSpec::unnamed("object", vec![-1]);
            Some(SourcedSchema::Tensors(vec![Sourced::new(spec, source.clone())]))
        }
        Inputs::Unknown => None,
    }
}

/// A column of which the type is known, or not.
///
/// A table of numbers is converted to float64 by the library, so `double` describes every column. In a mixed table
/// nothing converts the columns before the branches take them, and the file does not record their types: `any`.
fn column_spec(column: &Column, source: &str, is_mixed: bool) -> Sourced<ColSpec> {
    let (ty, source) = match &column.ty {
        _ if let Some(why) = &column.unchecked => (ColumnType::Any, format!("{source}; {why}")),
        Some(ty) => (ColumnType::Scalar(ty.value), format!("{source}; type from {}", ty.source)),
        None if is_mixed => (ColumnType::Any, format!("{source}; the type is not in the file")),
        None => (
            ColumnType::Scalar(DataType::Double),
            format!("{source}; double is assumed: the library computes in float64"),
        ),
    };
    let spec =
        ColSpec { name: Some(ColumnName::Text(column.name.clone())), ty, required: !column.is_optional };
    Sourced::new(spec, source)
}

fn is_numeric(ty: DataType) -> bool {
    matches!(ty, DataType::Integer | DataType::Long | DataType::Float | DataType::Double)
}

/// An output as MLflow's tensor.
pub(crate) fn tensor_of(output: &Output) -> Option<SourcedSchema> {
    let mut shape = vec![-1];
    if let Some(width) = output.width {
        shape.push(i64::try_from(width).ok()?);
    }
    let spec = TensorSpec::unnamed(output.dtype.clone(), shape);
    Some(SourcedSchema::Tensors(vec![Sourced::new(spec, output.source.clone())]))
}
