//! What each column of a sample is to the model.

use packwright_inspect::{Inspection, SourcedSchema};
use packwright_mlflow::frame::{Frame, FrameColumn, infer_column};
use packwright_mlflow::schema::ColumnType;
use serde::{Deserialize, Serialize};

use super::SampleChoice;
use crate::choices::YOU;

/// What a column of the sample is to the model.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Role {
    /// Goes into the model.
    Input,
    /// What the model was trained to predict.
    Target,
    /// What the model gave.
    Prediction,
    /// Nothing.
    Ignored,
}

/// One column of a sample.
#[derive(Debug, Clone, PartialEq)]
pub struct SampleColumn {
    /// Its name.
    pub name: String,
    /// Its dtype in pandas.
    pub dtype: String,
    /// The type that MLflow infers, or why it infers none.
    pub ty: Result<ColumnType, String>,
    /// How many of its values are missing.
    pub n_missing: usize,
    /// What it is to the model.
    pub role: Role,
    /// Who says so.
    pub role_source: String,
    /// Its place among the model's inputs, from 0, when it is one that the model knows.
    pub position: Option<usize>,
}

/// Names that people give to what a model predicts.
const TARGETS: [&str; 7] = ["target", "label", "labels", "y", "class", "outcome", "y_true"];

/// Names that people give to what a model gave.
const PREDICTIONS: [&str; 6] = ["prediction", "predictions", "predicted", "y_pred", "pred", "score"];

/// A column's role, who says so, and its place among the model's inputs.
pub(super) struct Placed {
    pub(super) role: Role,
    role_source: String,
    pub(super) position: Option<usize>,
}

/// The role of each column of the sample's table, in order. Looks at names alone.
pub(super) fn placed(choice: &SampleChoice, frame: &Frame, inspection: &Inspection) -> Vec<Placed> {
    let inputs = inspection.signature.inputs.as_ref();
    let known = known_names(inputs);
    let by_position = matches_by_position(choice, frame, &known);
    let mut n_inputs = 0;
    let mut all = Vec::new();
    for (column, (role, role_source)) in frame.columns.iter().zip(roles(choice, frame, inputs)) {
        let position = match role {
            Role::Input if by_position || known.is_empty() => {
                n_inputs += 1;
                Some(n_inputs - 1)
            }
            Role::Input => known.iter().position(|other| *other == column.name.to_string()),
            _ => None,
        };
        all.push(Placed { role, role_source, position });
    }
    all
}

/// The columns of the sample's table, each with its role; empty when it is no table.
pub(crate) fn columns(choice: &SampleChoice, inspection: &Inspection) -> Vec<SampleColumn> {
    let Some(frame) = choice.frame() else { return Vec::new() };
    let placed = placed(choice, frame, inspection);
    let column = |(column, placed): (&FrameColumn, Placed)| SampleColumn {
        name: column.name.to_string(),
        dtype: column.dtype.name(),
        ty: infer_column(column).ty,
        n_missing: missing(column),
        role: placed.role,
        role_source: placed.role_source,
        position: placed.position,
    };
    frame.columns.iter().zip(placed).map(column).collect()
}

fn missing(column: &FrameColumn) -> usize {
    column.cells.iter().filter(|cell| **cell == packwright_mlflow::frame::Cell::Missing).count()
}

/// The names that the model gives its inputs; empty when it knows none.
pub(super) fn known_names(inputs: Option<&SourcedSchema>) -> Vec<String> {
    match inputs {
        Some(SourcedSchema::Columns(columns)) => {
            columns.iter().filter_map(|column| column.value.name.as_ref().map(ToString::to_string)).collect()
        }
        Some(SourcedSchema::Tensors(tensors)) => {
            tensors.iter().filter_map(|tensor| tensor.value.name.clone()).collect()
        }
        None => Vec::new(),
    }
}

/// How many inputs the model takes by position, where it knows that and no names.
pub(super) fn known_count(inputs: Option<&SourcedSchema>) -> Option<usize> {
    match inputs {
        Some(SourcedSchema::Columns(columns)) => Some(columns.len()),
        Some(SourcedSchema::Tensors(tensors)) => match tensors.as_slice() {
            [tensor] => match tensor.value.shape.as_slice() {
                [_, n] => usize::try_from(*n).ok(),
                _ => None,
            },
            _ => None,
        },
        None => None,
    }
}

/// Whether no column has a name that the model knows, and there are as many as it takes.
pub(super) fn matches_by_position(choice: &SampleChoice, frame: &Frame, known: &[String]) -> bool {
    let names: Vec<String> = frame.columns.iter().map(|column| column.name.to_string()).collect();
    let explicit = |name: &String| choice.roles.get(name).is_none_or(|role| *role == Role::Input);
    let inputs: Vec<&String> = names.iter().filter(|name| explicit(name)).collect();
    let inputs = if inputs.len() == known.len() {
        inputs
    } else {
        inputs.into_iter().filter(|name| guess(name) == Role::Input).collect()
    };
    !known.is_empty() && !names.iter().any(|name| known.contains(name)) && inputs.len() == known.len()
}

fn roles(choice: &SampleChoice, frame: &Frame, inputs: Option<&SourcedSchema>) -> Vec<(Role, String)> {
    let known = known_names(inputs);
    let names: Vec<String> = frame.columns.iter().map(|column| column.name.to_string()).collect();
    let by_position = matches_by_position(choice, frame, &known);
    let wanted = if known.is_empty() { known_count(inputs) } else { Some(known.len()) };
    let undecided = names.iter().filter(|name| !choice.roles.contains_key(*name)).count();
    let marked = names.iter().filter(|name| choice.roles.get(*name) == Some(&Role::Input)).count();
    // A column with the name of a label is one, unless the model takes as many columns as there are.
    let guesses = wanted != Some(undecided + marked);
    let role = |name: &String| {
        if let Some(role) = choice.roles.get(name) {
            return (*role, YOU.to_owned());
        }
        if !known.is_empty() && !by_position {
            if known.contains(name) {
                return (Role::Input, "the model has an input of this name".to_owned());
            }
            return match guess(name) {
                Role::Input => (Role::Ignored, "the model has no input of this name".to_owned()),
                guessed => (guessed, "assumed: its name".to_owned()),
            };
        }
        match guess(name) {
            Role::Input => (Role::Input, "assumed: it is not marked otherwise".to_owned()),
            guessed if guesses => (guessed, "assumed: its name".to_owned()),
            _ => (Role::Input, "assumed: the model takes as many columns".to_owned()),
        }
    };
    names.iter().map(role).collect()
}

fn guess(name: &str) -> Role {
    let lower = name.to_lowercase();
    if TARGETS.contains(&lower.as_str()) {
        Role::Target
    } else if PREDICTIONS.contains(&lower.as_str()) {
        Role::Prediction
    } else {
        Role::Input
    }
}
