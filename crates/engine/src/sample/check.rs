//! Whether the example passes the signature, as a request and, for a sample, as the table that Python reads.

use packwright_inspect::sample::SampleData;
use packwright_inspect::{Inspection, Sourced, SourcedSchema};
use packwright_mlflow::enforce::{self, Effect};
use packwright_mlflow::example::ExampleData;
use packwright_mlflow::frame::{Frame, FrameColumn};
use packwright_mlflow::schema::{ColSpec, TensorSpec};
use serde_json::Value;

use super::example::{input_example, ordered, table};
use crate::choices::Choices;

/// Something in the example that does not pass the signature as it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExampleProblem {
    /// The row of the example; `None` when it is about a whole column.
    pub row: Option<usize>,
    /// The name of the column; empty when it is about the whole.
    pub column: String,
    /// Whether MLflow refuses the call; otherwise the model gets something else than what was sent.
    pub is_refused: bool,
    /// Whether it is about a table that a caller in Python hands over, and not about a request.
    pub is_in_python: bool,
    /// What is there, and what MLflow makes of it.
    pub text: String,
}

/// Everything in the example that does not pass.
pub(crate) fn problems(choices: &Choices, inspection: &Inspection) -> Vec<ExampleProblem> {
    let schema = choices.signature(inspection).inputs;
    match &schema {
        Some(SourcedSchema::Columns(columns)) => of_columns(choices, inspection, columns),
        Some(SourcedSchema::Tensors(tensors)) => of_tensors(choices, inspection, tensors),
        None => Vec::new(),
    }
}

fn of_columns(
    choices: &Choices,
    inspection: &Inspection,
    columns: &[Sourced<ColSpec>],
) -> Vec<ExampleProblem> {
    let specs: Vec<ColSpec> = columns.iter().map(|column| column.value.clone()).collect();
    let mut all = Vec::new();
    let mut add = |violations: Vec<enforce::Violation>, is_in_python| {
        all.extend(violations.into_iter().map(|violation| ExampleProblem {
            row: violation.row,
            column: violation.column,
            is_refused: violation.effect == Effect::Refused,
            is_in_python,
            text: violation.text,
        }));
    };
    if let Some(example) = table(choices, inspection) {
        add(enforce::request(&specs, &example.table.columns, &example.table.rows), false);
    } else if let Some(ExampleData::DataFrame { columns: Some(names), rows }) =
        input_example(choices, inspection).map(|example| example.data)
    {
        let names: Vec<String> =
            names.iter().map(|name| name.as_str().map_or_else(|| name.to_string(), str::to_owned)).collect();
        add(enforce::request(&specs, &names, &rows), false);
    }
    if let Some(choice) = choices.sample.as_ref().filter(|choice| choice.frame().is_some()) {
        let given = ordered(choice, inspection, Some(&SourcedSchema::Columns(columns.to_vec())));
        let columns: Vec<FrameColumn> =
            given.into_iter().map(|(name, column)| FrameColumn { name, ..column.clone() }).collect();
        let frame = Frame { n_rows: columns.first().map_or(0, |column| column.cells.len()), columns };
        add(
            enforce::table(&specs, &frame)
                .into_iter()
                .filter(|violation| violation.rule != "missing-column")
                .collect(),
            true,
        );
    }
    all
}

fn of_tensors(
    choices: &Choices,
    inspection: &Inspection,
    tensors: &[Sourced<TensorSpec>],
) -> Vec<ExampleProblem> {
    let mut all = Vec::new();
    let mut add = |column: &str, text: String, is_in_python| {
        all.push(ExampleProblem {
            row: None,
            column: column.to_owned(),
            is_refused: true,
            is_in_python,
            text,
        });
    };
    let label = |tensor: &TensorSpec| tensor.name.clone().unwrap_or_default();
    match input_example(choices, inspection).map(|example| example.data) {
        Some(ExampleData::Array(items)) => {
            if let [tensor] = tensors
                && let Some(text) = enforce::array(&tensor.value, None, &shape_of(&items))
            {
                add(&label(&tensor.value), text, false);
            }
        }
        Some(ExampleData::Arrays(arrays)) => {
            for tensor in tensors {
                let name = label(&tensor.value);
                match arrays.get(&name) {
                    None => {
                        add(&name, "the signature requires this tensor, and it is not there".into(), false);
                    }
                    Some(items) => {
                        if let Some(text) = enforce::array(&tensor.value, None, &shape_of(items)) {
                            add(&name, text, false);
                        }
                    }
                }
            }
        }
        _ => {}
    }
    if let (Some(choice), [tensor]) = (&choices.sample, tensors)
        && let SampleData::Arrays(arrays) = &choice.sample.data
        && let [array] = arrays.as_slice()
        && let Some(text) = enforce::array(&tensor.value, Some(&array.dtype), &array.shape)
    {
        add(&label(&tensor.value), text, true);
    }
    all
}

/// The shape of nested lists, along the first items.
fn shape_of(value: &Value) -> Vec<u64> {
    let mut shape = Vec::new();
    let mut inner = Some(value);
    while let Some(Value::Array(items)) = inner {
        shape.push(u64::try_from(items.len()).unwrap_or(u64::MAX));
        inner = items.first();
    }
    shape
}
