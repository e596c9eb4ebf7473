//! Whether a table or an array passes a signature, by MLflow's own rules.
//!
//! There are two ways in. A caller in Python hands a `DataFrame` to `predict`, which casts what cannot lose anything and
//! refuses the rest ([`table`]). A request to a server is JSON, whose columns are first cast with pandas' `astype`, which
//! takes more and changes some of it silently ([`request()`]). Follows `_enforce_schema` and
//! `cast_df_types_according_to_schema` of MLflow 3.17 with pandas 3.

mod nested;
mod request;
mod series;

use crate::frame::{Dtype, Frame, FrameColumn};
use crate::schema::{ColSpec, ColumnName, ColumnType, TensorSpec};

pub use request::request;
pub use series::refusal;

/// What MLflow does about a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Effect {
    /// Takes it, and the model gets something else than what was sent.
    Changed,
    /// Refuses the whole call.
    Refused,
}

/// One thing that does not pass as it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Violation {
    /// The row; `None` when it is about the whole column.
    pub row: Option<usize>,
    /// The name of the column in the signature, or its position.
    pub column: String,
    /// What MLflow does.
    pub effect: Effect,
    /// The rule: `missing-value`, `wrong-type` …
    pub rule: &'static str,
    /// What is there, and what MLflow makes of it, in a sentence.
    pub text: String,
}

/// What does not pass when a caller in Python hands the table over.
pub fn table(columns: &[ColSpec], frame: &Frame) -> Vec<Violation> {
    let mut found = Vec::new();
    for (index, spec) in columns.iter().enumerate() {
        let name = label(spec, index);
        let given = match &spec.name {
            Some(own) => frame.columns.iter().find(|column| column.name == *own),
            None => frame.columns.get(index),
        };
        match given {
            Some(column) => found.extend(column_violation(spec, column, &name)),
            None if spec.required => found.push(lacking(&name)),
            None => {}
        }
    }
    found
}

fn column_violation(spec: &ColSpec, column: &FrameColumn, name: &str) -> Option<Violation> {
    let wrong = |row, text: String| Violation {
        row,
        column: name.to_owned(),
        effect: Effect::Refused,
        rule: "wrong-type",
        text,
    };
    match &spec.ty {
        ColumnType::Scalar(ty) => refusal(&column.dtype, &column.cells, *ty).map(|text| wrong(None, text)),
        ColumnType::Any => None,
        nested => column.cells.iter().enumerate().find_map(|(row, cell)| {
            nested::refusal(cell, nested, spec.required).map(|text| wrong(Some(row), text))
        }),
    }
}

/// Why MLflow refuses an array of this dtype and shape from a caller in Python; `None` when it does not. Without a dtype
/// only the shape is asked about: JSON is cast.
pub fn array(spec: &TensorSpec, dtype: Option<&str>, shape: &[u64]) -> Option<String> {
    let fits = |(dim, size): (&i64, &u64)| *dim == -1 || u64::try_from(*dim) == Ok(*size);
    // An array of objects stands for rows of different lengths.
    let is_ragged =
        dtype == Some("object") && shape.len() == 1 && spec.shape.iter().skip(1).any(|dim| *dim == -1);
    if !is_ragged && (spec.shape.len() != shape.len() || !spec.shape.iter().zip(shape).all(fits)) {
        return Some(format!("the shape is {shape:?}, and the signature asks for {:?}", spec.shape));
    }
    let dtype = dtype.filter(|dtype| *dtype != spec.dtype && !is_ragged)?;
    Some(format!(
        "the array holds {dtype}, the signature asks for {}, and MLflow does not convert arrays",
        spec.dtype
    ))
}

fn lacking(name: &str) -> Violation {
    Violation {
        row: None,
        column: name.to_owned(),
        effect: Effect::Refused,
        rule: "missing-column",
        text: "the signature requires this column, and it is not there".to_owned(),
    }
}

fn label(spec: &ColSpec, index: usize) -> String {
    spec.name.as_ref().map_or_else(|| index.to_string(), ColumnName::to_string)
}

/// The dtype that `pandas.Series` gives a list of these values.
pub fn dtype_of(cells: &[crate::frame::Cell]) -> Dtype {
    series::dtype_of(cells)
}

#[cfg(test)]
mod tests;
