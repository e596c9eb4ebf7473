//! Changes to a draft as values: undo and redo, the window and the recipe file all use the same.

mod label;

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::metadata::MetadataField;
use crate::sample::Role;

/// One change to a draft.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", tag = "kind", deny_unknown_fields)]
pub enum Edit {
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
        /// Which field.
        field: MetadataField,
        /// Its text; lists have one entry a line.
        value: String,
    },
    /// Adds a tag or changes its value.
    SetTag {
        /// The key.
        key: String,
        /// The value; may be empty.
        value: String,
    },
    /// Gives a tag another key; it keeps its place and value.
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
    /// Changes a requirement line, or adds one when `index` is the number of lines. An empty line removes it.
    SetRequirement {
        /// The line's index, mlflow's line included.
        index: usize,
        /// The new PEP 508 line.
        requirement: String,
    },
    /// Replaces all requirement lines; none resets them.
    SetRequirements {
        /// The lines, mlflow's included.
        lines: Vec<RequirementLine>,
        /// The Python to ask for; `None` leaves it.
        python: Option<String>,
    },
    /// The Python version; an empty one resets it.
    SetPython {
        /// `3.11` or `3.11.7`.
        version: String,
    },
    /// Changes the type of a column or tensor.
    SetColumnType {
        /// Inputs or outputs.
        side: Side,
        /// The row.
        index: usize,
        /// A scalar type of MLflow for a column, a NumPy dtype for a tensor.
        #[serde(rename = "type")]
        ty: String,
    },
    /// Gives a column or tensor a name; an empty one takes the name of the only tensor away.
    SetColumnName {
        /// Inputs or outputs.
        side: Side,
        /// The row.
        index: usize,
        /// The name.
        name: String,
    },
    /// Takes back every change to one side of the signature.
    ResetSchema {
        /// Inputs or outputs.
        side: Side,
    },
    /// Replaces one side by a single unnamed tensor or, with `names`, by columns of one type.
    SetSchema {
        /// Inputs or outputs.
        side: Side,
        /// Column names; empty for one unnamed tensor.
        names: Vec<String>,
        /// The scalar type of the columns, or the tensor's dtype.
        #[serde(rename = "type")]
        ty: String,
        /// The tensor's shape, -1 for a variable dimension; ignored for columns.
        shape: Vec<i64>,
    },
    /// Says whether callers must send a column.
    SetRequired {
        /// Inputs or outputs.
        side: Side,
        /// The row.
        index: usize,
        /// Whether they must.
        is_required: bool,
    },
    /// Changes the shape of a tensor.
    SetShape {
        /// Inputs or outputs.
        side: Side,
        /// The row.
        index: usize,
        /// The shape, -1 for a variable dimension.
        shape: Vec<i64>,
    },
    /// Adds a column, or a tensor of shape `[-1]`, at the end.
    AddColumn {
        /// Inputs or outputs.
        side: Side,
        /// Its name.
        name: String,
        /// Its type, as in [`Edit::SetColumnType`].
        #[serde(rename = "type")]
        ty: String,
    },
    /// Takes a row out of the signature.
    RemoveColumn {
        /// Inputs or outputs.
        side: Side,
        /// The row.
        index: usize,
    },
    /// Moves a row to another place.
    MoveColumn {
        /// Inputs or outputs.
        side: Side,
        /// Where it is.
        from: usize,
        /// Where it goes.
        to: usize,
    },
    /// Changes an inference parameter, or adds one when `index` is the number of parameters.
    SetParam {
        /// The row.
        index: usize,
        /// Its name.
        name: String,
        /// Its type.
        #[serde(rename = "type")]
        ty: String,
        /// Its default; may be null.
        default: serde_json::Value,
        /// Whether it takes a list.
        is_list: bool,
    },
    /// Takes a parameter out.
    RemoveParam {
        /// The row.
        index: usize,
    },
    /// Reads a data file as the sample: types, and an example of what goes in.
    SetSample {
        /// Where it lies.
        path: PathBuf,
    },
    /// Takes the sample out again, with the example made of it.
    RemoveSample,
    /// Says what a column of the sample is.
    MarkColumn {
        /// The column's name.
        name: String,
        /// What it is.
        role: Role,
    },
    /// Sets the example of what goes in, row by row.
    SetExample {
        /// The names of its columns.
        columns: Vec<String>,
        /// The values, each row as long as there are columns.
        rows: Vec<Vec<serde_json::Value>>,
    },
    /// Takes back what was changed in the example.
    ResetExample,
    /// Chooses among several models in the artifact. What was chosen for the signature and the requirements of
    /// another model goes.
    SelectModel {
        /// Its [`packwright_inspect::Inspection::path_in_file`].
        path: String,
    },
    /// Adds a Python file or folder that the model imports.
    AddCode {
        /// Where it lies.
        path: PathBuf,
    },
    /// Takes code out again.
    RemoveCode {
        /// As it was added.
        path: PathBuf,
    },
    /// Accepts one `review` row of the safety report.
    Acknowledge {
        /// The finding's [`packwright_inspect::safety::Finding::key`].
        finding: String,
        /// Why; may be empty.
        note: String,
    },
    /// Takes an acceptance back.
    Withdraw {
        /// The finding's key.
        finding: String,
    },
    /// Confirms that a dangerous model is packed all the same.
    ConfirmDanger {
        /// What the person typed: [`crate::Draft::confirm_word`].
        typed: String,
    },
    /// Says whether a type in a skops file may be loaded.
    SetTrust {
        /// `module.Class`.
        name: String,
        /// Whether it may.
        is_trusted: bool,
    },
    /// Chooses the class that a file of weights alone belongs to, and what it is made with. An empty class resets it.
    SetArchitecture {
        /// How it is imported: `net.Net`.
        class: String,
        /// Names and values: JSON scalars, or lists of them.
        arguments: Vec<(String, serde_json::Value)>,
    },
    /// Replaces the text of a generated Python file. An empty text brings the generated one back.
    SetGenerated {
        /// [`crate::GeneratedFile::file`]: `model.py` or `loader.py`.
        file: String,
        /// The new text.
        text: String,
        /// What it was made from; `None` is what is generated now, which is filled in when the edit is made.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        over: Option<String>,
    },
    /// Replaces one side by a schema as an MLmodel has it; a row that says what was there keeps its source.
    ReplaceSchema {
        /// Inputs or outputs.
        side: Side,
        /// The JSON text of `signature.inputs` or `signature.outputs`.
        schema: String,
    },
    /// Replaces all inference parameters.
    ReplaceParams {
        /// The JSON text of `signature.params`; an empty list takes them all out.
        params: String,
    },
    /// Replaces the example by one as a package has it.
    ReplaceExample {
        /// `saved_input_example_info` of the MLmodel, as far as it is texts.
        info: BTreeMap<String, String>,
        /// The text of `input_example.json`.
        text: String,
    },
    /// Sets the example as JSON, in the form that it has: arrays, a request. A table is set by [`Edit::SetExample`].
    SetExampleText {
        /// The text.
        text: String,
    },
    /// Keeps a key of the MLmodel's `metadata` that no field of the form is for; null takes it out.
    SetExtra {
        /// The key.
        key: String,
        /// Its value.
        value: serde_json::Value,
    },
    /// Another edit that repeats what a file says, which then is the source of what the edit sets.
    TakenOver {
        /// For people: `MLmodel of churn.zip`.
        source: String,
        /// What was taken over.
        edit: Box<Edit>,
    },
}

/// A requirement line and where it came from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RequirementLine {
    /// A PEP 508 line.
    pub requirement: String,
    /// The file that it was imported from, or `you`.
    pub source: String,
}

/// One side of a signature.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Side {
    /// What goes in.
    Inputs,
    /// What comes out.
    Outputs,
}

/// A tag: what a registry can search by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tag {
    /// Unique in the draft.
    pub key: String,
    /// May be empty.
    pub value: String,
}

/// Why an edit was refused. The draft is as it was.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EditError {
    /// A name that MLflow's registry refuses.
    #[error("{0}")]
    Name(String),
    /// A tag key that MLflow's registry refuses, or a second tag of that key.
    #[error("{0}")]
    Tag(String),
    /// No version, licence, author, metric or link.
    #[error("{0}")]
    Metadata(String),
    /// Not a requirement line.
    #[error("{0}")]
    Requirement(String),
    /// Not a Python version.
    #[error("{0}")]
    Python(String),
    /// Code that cannot be packed.
    #[error("{0}")]
    Code(String),
    /// What was typed is not the word that confirms.
    #[error("{0}")]
    Confirmation(String),
    /// No class or argument that can be called.
    #[error("{0}")]
    Architecture(String),
    /// No generated file of that name, or a text that is none.
    #[error("{0}")]
    Generated(String),
    /// There is no such model, finding or type.
    #[error("{0}")]
    Unknown(String),
    /// A data file that gives no sample.
    #[error("{0}")]
    Sample(String),
    /// A type, name or shape that the schema cannot hold.
    #[error("{0}")]
    Schema(String),
    /// There is no such row.
    #[error("there is no {what} number {index}")]
    Index {
        /// `requirement`, `input`, `output`.
        what: &'static str,
        /// The index asked for, from 0.
        index: usize,
    },
}
