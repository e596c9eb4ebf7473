//! The changes that the window may ask for.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

/// One change to a draft. Undo, redo and the recipe file use the same.
#[derive(Debug, Clone, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase", rename_all_fields = "camelCase", tag = "kind")]
pub enum EditRequest {
    /// The package's name; an empty one resets it.
    SetName {
        /// The new name.
        name: String,
    },
    /// The description in Markdown.
    SetDescription {
        /// The new text.
        description: String,
    },
    /// One field of what the person says about the model; an empty value takes it back.
    SetMetadata {
        /// Its name: `intendedUse`.
        field: String,
        /// Its text; lists have one entry a line.
        value: String,
    },
    /// Adds a tag or changes its value.
    SetTag {
        /// The key.
        key: String,
        /// The value.
        value: String,
    },
    /// Gives a tag another key, keeping its place and value.
    RenameTag {
        /// The old key.
        from: String,
        /// The new key.
        to: String,
    },
    /// Removes a tag.
    RemoveTag {
        /// The key.
        key: String,
    },
    /// Takes a key of others out of the metadata.
    RemoveExtra {
        /// The key.
        key: String,
    },
    /// Changes a requirement line, or adds one when `index` is the number of lines. An empty line removes it.
    SetRequirement {
        /// The line's index.
        index: u32,
        /// The new line.
        requirement: String,
    },
    /// Takes back every change to the requirement lines.
    ResetRequirements,
    /// The Python version; an empty one resets it.
    SetPython {
        /// `3.11` or `3.11.7`.
        version: String,
    },
    /// Changes the type of an input or output column (scalar MLflow type name) or tensor (numpy dtype).
    SetColumnType {
        /// `inputs` or `outputs`.
        side: String,
        /// The row.
        index: u32,
        /// The type's name.
        #[serde(rename = "type")]
        ty: String,
    },
    /// Gives a column or tensor a name.
    SetColumnName {
        /// `inputs` or `outputs`.
        side: String,
        /// The row.
        index: u32,
        /// The name.
        name: String,
    },
    /// Takes back every change to one side of the signature.
    ResetSchema {
        /// `inputs` or `outputs`.
        side: String,
    },
    /// Replaces one side by a single unnamed tensor or, with `names`, by columns of one type.
    SetSchema {
        /// `inputs` or `outputs`.
        side: String,
        /// Column names; empty for one unnamed tensor.
        names: Vec<String>,
        /// Scalar type of the columns, or the tensor's dtype.
        #[serde(rename = "type")]
        ty: String,
        /// The tensor's shape, -1 for variable.
        #[ts(type = "number[]")]
        shape: Vec<i64>,
    },
    /// Says whether callers must send a column.
    SetRequired {
        /// `inputs` or `outputs`.
        side: String,
        /// The row.
        index: u32,
        /// Whether they must.
        is_required: bool,
    },
    /// Changes the shape of a tensor.
    SetShape {
        /// `inputs` or `outputs`.
        side: String,
        /// The row.
        index: u32,
        /// The shape, -1 for variable.
        #[ts(type = "number[]")]
        shape: Vec<i64>,
    },
    /// Adds a column or tensor at the end.
    AddColumn {
        /// `inputs` or `outputs`.
        side: String,
        /// Its name.
        name: String,
        /// Its type.
        #[serde(rename = "type")]
        ty: String,
    },
    /// Takes a row out of the signature.
    RemoveColumn {
        /// `inputs` or `outputs`.
        side: String,
        /// The row.
        index: u32,
    },
    /// Moves a row to another place.
    MoveColumn {
        /// `inputs` or `outputs`.
        side: String,
        /// Where it is.
        from: u32,
        /// Where it goes.
        to: u32,
    },
    /// Changes a parameter, or adds one when `index` is the number of parameters.
    SetParam {
        /// The row.
        index: u32,
        /// Its name.
        name: String,
        /// Its type.
        #[serde(rename = "type")]
        ty: String,
        /// Its default as the person typed it.
        default: String,
        /// Whether it takes a list.
        is_list: bool,
    },
    /// Takes a parameter out.
    RemoveParam {
        /// The row.
        index: u32,
    },
    /// Reads a data file that the person dropped or picked as the sample.
    SetSample {
        /// An absolute path.
        path: String,
    },
    /// Takes the sample out again.
    RemoveSample,
    /// Says what a column of the sample is.
    MarkColumn {
        /// The column's name.
        name: String,
        /// `input`, `target`, `prediction`, `ignored`.
        role: String,
    },
    /// Sets the example as JSON, in the form that it has.
    SetExampleText {
        /// The text.
        text: String,
    },
    /// Sets the example of what goes in, row by row.
    SetExample {
        /// The names of its columns.
        columns: Vec<String>,
        /// The cells as the person typed them.
        rows: Vec<Vec<String>>,
    },
    /// Takes back what was changed in the example.
    ResetExample,
    /// Chooses among several models.
    SelectModel {
        /// The model's path.
        path: String,
    },
    /// Adds a Python file or folder that the person dropped or picked.
    AddCode {
        /// An absolute path.
        path: String,
    },
    /// Takes code out again.
    RemoveCode {
        /// As it is in the draft.
        path: String,
    },
    /// Accepts a row to review.
    Acknowledge {
        /// Its key.
        finding: String,
        /// Why; may be empty.
        note: String,
    },
    /// Takes the acceptance back.
    Withdraw {
        /// The finding's key.
        finding: String,
    },
    /// Says whether a type of a skops file may be loaded.
    SetTrust {
        /// `module.Class`.
        name: String,
        /// Whether it may.
        is_trusted: bool,
    },
    /// Chooses the class that weights alone belong to, and what it is made with. An empty class resets it.
    SetArchitecture {
        /// How it is imported: `net.Net`.
        class: String,
        /// Names, and values as the person typed them.
        arguments: Vec<(String, String)>,
    },
    /// Replaces the text of a generated Python file. An empty text brings the generated one back.
    SetGenerated {
        /// `model.py` or `loader.py`.
        file: String,
        /// The new text.
        text: String,
    },
}
