//! The example of what goes in: a few rows of the sample, or what the person typed.

use packwright_inspect::sample::SampleData;
use packwright_inspect::{Inspection, Sourced, SourcedSchema};
use packwright_mlflow::example::{ExampleData, InputExample};
use packwright_mlflow::frame::{Array, Cell, FrameColumn};
use packwright_mlflow::schema::{ColSpec, ColumnName, ColumnType, DataType};
use serde_json::{Map, Value};

use super::SampleChoice;
use super::merge::input_columns;
use super::role::known_names;
use crate::choices::Choices;
use crate::edit::EditError;

/// How many rows of a sample become the example.
const EXAMPLE_ROWS: usize = 5;

/// The most cells that a person's example may have.
const MOST_CELLS: usize = 100_000;

/// Rows that a person set.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExampleTable {
    /// The names of the columns.
    pub columns: Vec<String>,
    /// The rows, each as long as there are columns.
    pub rows: Vec<Vec<Value>>,
}

/// The example as a table, for showing and editing.
#[derive(Debug, Clone, PartialEq)]
pub struct Example {
    /// Its columns and rows.
    pub table: ExampleTable,
    /// Where it came from: the sample's file, or `you`.
    pub source: String,
}

/// An example that was set.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum ExampleChoice {
    /// Rows.
    Table(Example),
    /// In another form, or a table that rows alone do not tell: arrays, any JSON, with parameters.
    Whole { example: InputExample, source: String },
}

impl ExampleTable {
    pub(crate) fn new(columns: Vec<String>, rows: Vec<Vec<Value>>) -> Result<Self, EditError> {
        if rows.iter().any(|row| row.len() != columns.len()) {
            return Err(EditError::Sample("every row of the example has one value for each column".into()));
        }
        if MOST_CELLS < rows.len().saturating_mul(columns.len()) {
            return Err(EditError::Sample("an example is a few rows; this is too many".into()));
        }
        if rows.is_empty() {
            return Err(EditError::Sample("an example has at least one row".into()));
        }
        Ok(Self { columns, rows })
    }
}

/// The table with what was typed as text read as the type that its column has. What does not read stays a text, which
/// the check then names.
pub(crate) fn typed(mut table: ExampleTable, schema: Option<&SourcedSchema>) -> ExampleTable {
    let kinds: Vec<Kind> =
        table.columns.iter().enumerate().map(|(i, name)| kind_of(i, name, schema)).collect();
    for row in &mut table.rows {
        for (cell, kind) in row.iter_mut().zip(&kinds) {
            if let Value::String(text) = cell {
                *cell = read_as(text, *kind);
            }
        }
    }
    table
}

#[derive(Clone, Copy)]
enum Kind {
    Text,
    Number,
    Boolean,
    /// Lists, records, and what has no type.
    Json,
}

fn kind_of(index: usize, name: &str, schema: Option<&SourcedSchema>) -> Kind {
    match schema {
        Some(SourcedSchema::Columns(columns)) => {
            let named = |column: &&Sourced<ColSpec>| {
                column.value.name.as_ref().is_some_and(|own| own.to_string() == name)
            };
            match columns.iter().find(named).or_else(|| columns.get(index)).map(|column| &column.value.ty) {
                Some(ColumnType::Scalar(DataType::String | DataType::Datetime | DataType::Binary)) => {
                    Kind::Text
                }
                Some(ColumnType::Scalar(DataType::Boolean)) => Kind::Boolean,
                Some(ColumnType::Scalar(_)) => Kind::Number,
                _ => Kind::Json,
            }
        }
        Some(SourcedSchema::Tensors(tensors)) => {
            let tensor =
                tensors.iter().find(|tensor| tensor.value.name.as_deref() == Some(name)).or(tensors.first());
            match tensor.map(|tensor| tensor.value.dtype.as_str()) {
                Some("str" | "bytes") => Kind::Text,
                Some("bool") => Kind::Boolean,
                _ => Kind::Json,
            }
        }
        None => Kind::Json,
    }
}

fn read_as(text: &str, kind: Kind) -> Value {
    let trimmed = text.trim();
    let number = || {
        trimmed.parse::<i64>().map(Value::from).ok().or_else(|| trimmed.parse::<f64>().ok().map(Value::from))
    };
    let value = match kind {
        _ if trimmed.is_empty() => Some(Value::Null),
        Kind::Text => None,
        Kind::Boolean => trimmed.to_ascii_lowercase().parse::<bool>().ok().map(Value::from),
        Kind::Number => number().filter(|value| !value.is_null()),
        Kind::Json => serde_json::from_str(trimmed).ok(),
    };
    value.unwrap_or_else(|| text.into())
}

/// The example as a table; `None` when there is none, or when it is arrays.
pub(crate) fn table(choices: &Choices, inspection: &Inspection) -> Option<Example> {
    match &choices.example {
        Some(ExampleChoice::Table(example)) => return Some(example.clone()),
        Some(ExampleChoice::Whole { .. }) => return None,
        None => {}
    }
    let choice = choices.sample.as_ref()?;
    let schema = choices.signature(inspection).inputs;
    let given = ordered(choice, inspection, schema.as_ref());
    let n_rows = choice.frame()?.n_rows.min(EXAMPLE_ROWS);
    if given.is_empty() || n_rows == 0 {
        return None;
    }
    let cell = |cells: &[Cell], row: usize| cells.get(row).map_or(Value::Null, Cell::to_json);
    let rows = (0..n_rows).map(|row| given.iter().map(|(_, column)| cell(&column.cells, row)).collect());
    let columns = given.iter().map(|(name, _)| name.to_string()).collect();
    let table = ExampleTable { columns, rows: rows.collect() };
    Some(Example { table, source: choice.sample.file_name.clone() })
}

/// The sample's input columns under the names and in the order of the signature.
pub(super) fn ordered<'a>(
    choice: &'a SampleChoice,
    inspection: &Inspection,
    schema: Option<&SourcedSchema>,
) -> Vec<(ColumnName, &'a FrameColumn)> {
    let mut given: Vec<(ColumnName, &FrameColumn)> = Vec::new();
    let known = known_names(inspection.signature.inputs.as_ref());
    for (position, column) in input_columns(choice, inspection) {
        let own = position.and_then(|index| known.get(index)).cloned().map(ColumnName::Text);
        given.push((own.unwrap_or_else(|| column.name.clone()), column));
    }
    if let Some(SourcedSchema::Columns(columns)) = schema {
        let place = |name: &ColumnName| {
            columns.iter().position(|column| column.value.name.as_ref() == Some(name)).unwrap_or(usize::MAX)
        };
        given.sort_by_key(|(name, _)| place(name));
        // What was taken out of the signature by hand is no input any more.
        if columns.iter().any(|column| column.value.name.is_some()) {
            given.retain(|(name, _)| place(name) != usize::MAX);
        }
    }
    given
}

/// What is written as `input_example.json`; `None` when there is no example.
pub(crate) fn input_example(choices: &Choices, inspection: &Inspection) -> Option<InputExample> {
    if let Some(ExampleChoice::Whole { example, .. }) = &choices.example {
        return Some(example.clone());
    }
    let schema = choices.signature(inspection).inputs;
    if let Some(table) = table(choices, inspection) {
        return Some(InputExample::new(of_table(table.table, choices, schema.as_ref())));
    }
    match &choices.sample.as_ref()?.sample.data {
        SampleData::Arrays(arrays) => of_arrays(arrays, schema.as_ref()).map(InputExample::new),
        SampleData::Json(fields) => {
            let fields = fields.iter().map(|(name, cell)| (name.clone(), cell.to_json()));
            Some(InputExample::new(ExampleData::Json(Value::Object(fields.collect()))))
        }
        SampleData::Frame(_) => None,
    }
}

/// A table, in the form that callers of this signature send.
fn of_table(table: ExampleTable, choices: &Choices, schema: Option<&SourcedSchema>) -> ExampleData {
    match schema {
        Some(SourcedSchema::Tensors(tensors)) => match tensors.as_slice() {
            [tensor] if tensor.value.name.is_none() || tensor.value.shape.len() == 2 => {
                ExampleData::Array(Value::Array(table.rows.into_iter().map(Value::Array).collect()))
            }
            _ => {
                let column = |(index, name): (usize, &String)| {
                    let cells = table.rows.iter().map(|row| row.get(index).cloned().unwrap_or_default());
                    // One value per row, in the rank that the tensor has.
                    let tensor = tensors.iter().find(|tensor| tensor.value.name.as_ref() == Some(name));
                    let is_column = tensor.is_some_and(|tensor| tensor.value.shape.len() == 2);
                    let wrap = |cell: Value| {
                        if is_column && !cell.is_array() { Value::Array(vec![cell]) } else { cell }
                    };
                    (name.clone(), cells.map(wrap).collect())
                };
                ExampleData::Arrays(table.columns.iter().enumerate().map(column).collect::<Map<_, _>>())
            }
        },
        Some(SourcedSchema::Columns(_)) | None => {
            let is_default =
                (0..table.columns.len()).map(|index| index.to_string()).eq(table.columns.iter().cloned());
            let are_positions = choices.sample.as_ref().and_then(SampleChoice::frame).is_some_and(|frame| {
                frame.columns.iter().all(|column| matches!(column.name, ColumnName::Index(_)))
            });
            let unnamed = is_default && are_positions;
            let columns = (!unnamed).then(|| table.columns.into_iter().map(Value::from).collect());
            ExampleData::DataFrame { columns, rows: table.rows }
        }
    }
}

fn of_arrays(arrays: &[Array], schema: Option<&SourcedSchema>) -> Option<ExampleData> {
    let first = |array: &Array| Value::Array(array.items.iter().take(EXAMPLE_ROWS).cloned().collect());
    match (arrays, schema) {
        // An array for a model that knows names: a table with those names, which callers can send too.
        ([array], Some(SourcedSchema::Columns(columns))) if array.shape.len() == 2 => {
            let names = columns.iter().map(|column| column.value.name.as_ref().map(ToString::to_string));
            let names: Option<Vec<Value>> = names.map(|name| name.map(Value::from)).collect();
            let rows =
                array.items.iter().take(EXAMPLE_ROWS).filter_map(|row| row.as_array().cloned()).collect();
            Some(ExampleData::DataFrame { columns: names, rows })
        }
        ([array], _) if array.name.is_none() => Some(ExampleData::Array(first(array))),
        ([], _) => None,
        _ => {
            let named = arrays.iter().filter_map(|array| Some((array.name.clone()?, first(array))));
            Some(ExampleData::Arrays(named.collect()))
        }
    }
}
