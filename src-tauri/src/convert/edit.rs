//! From the changes that the window asks for to the engine's.

use packwright_engine::metadata::MetadataField;
use packwright_engine::{Edit, Side, argument_value};
use serde_json::Value;

use super::sample::role;
use crate::wire::{EditRequest, ErrorCode, IpcError};

/// The engine's edit that the window asks for.
///
/// # Errors
///
/// [`ErrorCode::InvalidEdit`] for a side other than `inputs` and `outputs`.
impl TryFrom<EditRequest> for Edit {
    type Error = IpcError;

    fn try_from(request: EditRequest) -> Result<Self, IpcError> {
        Ok(match request {
            EditRequest::SetName { name } => Self::SetName { name },
            EditRequest::SetDescription { description } => Self::SetDescription { description },
            EditRequest::SetMetadata { field, value } => {
                Self::SetMetadata { field: metadata_field(&field)?, value }
            }
            EditRequest::SetTag { key, value } => Self::SetTag { key, value },
            EditRequest::RenameTag { from, to } => Self::RenameTag { from, to },
            EditRequest::RemoveTag { key } => Self::RemoveTag { key },
            EditRequest::RemoveExtra { key } => Self::SetExtra { key, value: Value::Null },
            EditRequest::SetRequirement { index, requirement } => {
                Self::SetRequirement { index: row(index), requirement }
            }
            EditRequest::ResetRequirements => Self::SetRequirements { lines: Vec::new(), python: None },
            EditRequest::SetPython { version } => Self::SetPython { version },
            EditRequest::SetColumnType { side: name, index, ty } => {
                Self::SetColumnType { side: side(&name)?, index: row(index), ty }
            }
            EditRequest::SetColumnName { side: at, index, name } => {
                Self::SetColumnName { side: side(&at)?, index: row(index), name }
            }
            EditRequest::ResetSchema { side: name } => Self::ResetSchema { side: side(&name)? },
            EditRequest::SetRequired { side: at, index, is_required } => {
                Self::SetRequired { side: side(&at)?, index: row(index), is_required }
            }
            EditRequest::SetShape { side: at, index, shape } => {
                Self::SetShape { side: side(&at)?, index: row(index), shape }
            }
            EditRequest::AddColumn { side: at, name, ty } => Self::AddColumn { side: side(&at)?, name, ty },
            EditRequest::RemoveColumn { side: at, index } => {
                Self::RemoveColumn { side: side(&at)?, index: row(index) }
            }
            EditRequest::MoveColumn { side: at, from, to } => {
                Self::MoveColumn { side: side(&at)?, from: row(from), to: row(to) }
            }
            EditRequest::SetParam { index, name, ty, default, is_list } => {
                let default = param_default(&default, &ty, is_list);
                Self::SetParam { index: row(index), name, ty, default, is_list }
            }
            EditRequest::RemoveParam { index } => Self::RemoveParam { index: row(index) },
            EditRequest::SetSample { path } => Self::SetSample { path: path.into() },
            EditRequest::RemoveSample => Self::RemoveSample,
            EditRequest::MarkColumn { name, role: word } => Self::MarkColumn { name, role: role(&word)? },
            EditRequest::SetExample { columns, rows } => {
                let rows = rows.into_iter().map(|row| row.into_iter().map(Value::from).collect()).collect();
                Self::SetExample { columns, rows }
            }
            EditRequest::SetExampleText { text } => Self::SetExampleText { text },
            EditRequest::ResetExample => Self::ResetExample,
            EditRequest::SelectModel { path } => Self::SelectModel { path },
            EditRequest::AddCode { path } => Self::AddCode { path: path.into() },
            EditRequest::RemoveCode { path } => Self::RemoveCode { path: path.into() },
            EditRequest::Acknowledge { finding, note } => Self::Acknowledge { finding, note },
            EditRequest::Withdraw { finding } => Self::Withdraw { finding },
            EditRequest::SetTrust { name, is_trusted } => Self::SetTrust { name, is_trusted },
            EditRequest::SetArchitecture { class, arguments } => {
                let value = |(name, text): (String, String)| (name, argument_value(&text));
                Self::SetArchitecture { class, arguments: arguments.into_iter().map(value).collect() }
            }
            EditRequest::SetGenerated { file, text } => Self::SetGenerated { file, text, over: None },
            EditRequest::SetSchema { side: at, names, ty, shape } => {
                Self::SetSchema { side: side(&at)?, names, ty, shape }
            }
        })
    }
}

/// The default of a parameter as typed: nothing is null, and a text of type string is that text.
fn param_default(text: &str, ty: &str, is_list: bool) -> Value {
    let is_text = matches!(ty, "string" | "datetime") && !is_list;
    if text.trim().is_empty() {
        Value::Null
    } else if is_text {
        text.into()
    } else {
        argument_value(text)
    }
}

/// A row beyond the address space is a row that does not exist, which the engine says better.
fn row(index: u32) -> usize {
    usize::try_from(index).unwrap_or(usize::MAX)
}

fn metadata_field(name: &str) -> Result<MetadataField, IpcError> {
    let unknown = || IpcError::new(ErrorCode::InvalidEdit, format!("there is no field {name}"));
    MetadataField::from_name(name).ok_or_else(unknown)
}

fn side(name: &str) -> Result<Side, IpcError> {
    match name {
        "inputs" => Ok(Side::Inputs),
        "outputs" => Ok(Side::Outputs),
        other => {
            let message = format!("a signature has the sides inputs and outputs, not {other}");
            Err(IpcError::new(ErrorCode::InvalidEdit, message))
        }
    }
}
