//! Sample data and example, made for showing.

use packwright_engine::inspect::sample::{Sample, SampleData};
use packwright_engine::mlflow::frame::{Array, Cell, Frame};
use packwright_engine::{Advice, Draft, ExampleProblem, Personal, Role, SampleColumn, WholeExample};
use serde_json::Value;

use crate::wire::{
    AdviceView, DifferenceView, ErrorCode, ExampleProblemView, ExampleView, IpcError, PersonalView,
    SampleColumnView, SampleView,
};

/// How many values of a column are shown.
const SHOWN_VALUES: usize = 4;

pub(super) fn sample_view(draft: &Draft) -> Option<SampleView> {
    let sample = draft.sample()?;
    let columns = draft.sample_columns();
    let values = |index: usize| match &sample.data {
        SampleData::Frame(frame) => first_values(frame, index),
        SampleData::Arrays(_) | SampleData::Json(_) => String::new(),
    };
    let columns = columns.into_iter().enumerate().map(|(index, column)| column_view(column, values(index)));
    Some(SampleView {
        file_name: sample.file_name.clone(),
        path: draft.sample_path().map(|path| path.to_string_lossy().into_owned()).unwrap_or_default(),
        format: sample.format.to_owned(),
        reader: sample.reader.clone(),
        is_whole: sample.is_whole,
        size: size(sample),
        notes: sample.notes.clone(),
        columns: columns.collect(),
        differences: draft
            .differences()
            .into_iter()
            .map(|difference| DifferenceView { column: difference.column, text: difference.text })
            .collect(),
    })
}

fn column_view(column: SampleColumn, values: String) -> SampleColumnView {
    SampleColumnView {
        name: column.name,
        dtype: column.dtype,
        ty: column.ty.ok().map(|ty| ty.to_string()),
        values,
        n_missing: column.n_missing,
        role: role_word(column.role).to_owned(),
        role_source: column.role_source,
    }
}

fn first_values(frame: &Frame, index: usize) -> String {
    let cells = frame.columns.get(index).map(|column| column.cells.as_slice()).unwrap_or_default();
    let shown: Vec<String> = cells
        .iter()
        .take(SHOWN_VALUES)
        .map(|cell| match cell {
            Cell::Missing => "missing".to_owned(),
            cell => cell_text(&cell.to_json()),
        })
        .collect();
    shown.join(", ")
}

fn size(sample: &Sample) -> String {
    let more = if sample.is_whole { "" } else { "first " };
    match &sample.data {
        SampleData::Frame(frame) => {
            format!("{more}{}, {}", count(frame.n_rows, "row"), count(frame.columns.len(), "column"))
        }
        SampleData::Arrays(arrays) => {
            let one = |array: &Array| {
                let name = array.name.as_ref().map(|name| format!("{name}: ")).unwrap_or_default();
                format!("{name}{} {:?}", array.dtype, array.shape)
            };
            arrays.iter().map(one).collect::<Vec<_>>().join(", ")
        }
        SampleData::Json(fields) => format!("one request with {}", count(fields.len(), "key")),
    }
}

fn count(n: usize, what: &str) -> String {
    format!("{n} {what}{}", if n == 1 { "" } else { "s" })
}

pub(super) fn example_view(draft: &Draft) -> Option<ExampleView> {
    if let Some(WholeExample { text, is_cut, source }) = draft.whole_example() {
        return Some(ExampleView {
            columns: Vec::new(),
            rows: Vec::new(),
            text: Some(text),
            is_cut,
            source,
            edited: draft.has_set_example(),
            problems: draft.example_problems().into_iter().map(problem_view).collect(),
            personal: Vec::new(),
        });
    }
    let example = draft.example()?;
    let rows = example.table.rows.iter().map(|row| row.iter().map(cell_text).collect());
    Some(ExampleView {
        rows: rows.collect(),
        columns: example.table.columns,
        text: None,
        is_cut: false,
        edited: draft.has_set_example(),
        source: example.source,
        problems: draft.example_problems().into_iter().map(problem_view).collect(),
        personal: draft.personal().iter().map(personal_view).collect(),
    })
}

fn problem_view(problem: ExampleProblem) -> ExampleProblemView {
    let ExampleProblem { row, column, is_refused, is_in_python, text } = problem;
    ExampleProblemView { row, column, is_refused, is_in_python, text }
}

fn personal_view(personal: &Personal) -> PersonalView {
    PersonalView {
        row: personal.row,
        column: personal.column,
        what: personal.what.to_owned(),
        made_up: cell_text(&personal.made_up),
    }
}

pub(super) fn advice_view(advice: Advice) -> AdviceView {
    AdviceView { text: advice.text, better: advice.better.map(str::to_owned) }
}

/// A value as a person would type it.
fn cell_text(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

fn role_word(role: Role) -> &'static str {
    match role {
        Role::Input => "input",
        Role::Target => "target",
        Role::Prediction => "prediction",
        Role::Ignored => "ignored",
    }
}

/// The role that the window means.
pub(super) fn role(word: &str) -> Result<Role, IpcError> {
    [Role::Input, Role::Target, Role::Prediction, Role::Ignored]
        .into_iter()
        .find(|role| role_word(*role) == word)
        .ok_or_else(|| {
            IpcError::new(ErrorCode::InvalidEdit, format!("a column of a sample cannot be {word}"))
        })
}
