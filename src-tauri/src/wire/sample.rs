//! The sample data of a draft and the example that is made of it, as the window shows them.

use serde::Serialize;
use ts_rs::TS;

/// A data file that was dropped on a draft.
#[derive(Debug, Clone, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct SampleView {
    /// Its name.
    pub file_name: String,
    /// Its full path, shown on hover.
    pub path: String,
    /// `CSV`, for people.
    pub format: String,
    /// How Python reads it the same way.
    pub reader: String,
    /// Whether it was read to its end.
    pub is_whole: bool,
    /// What it holds, in a few words: `150 rows, 5 columns`.
    pub size: String,
    /// What is worth knowing, in sentences.
    pub notes: Vec<String>,
    /// Its columns, when it is a table.
    pub columns: Vec<SampleColumnView>,
    /// What the model and the sample say differently.
    pub differences: Vec<DifferenceView>,
}

/// One column of a sample.
#[derive(Debug, Clone, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct SampleColumnView {
    /// Its name.
    pub name: String,
    /// Its dtype in pandas.
    pub dtype: String,
    /// The type that MLflow infers; `None` when it infers none.
    #[serde(rename = "type")]
    pub ty: Option<String>,
    /// Its first values.
    pub values: String,
    /// How many of its values are missing.
    #[ts(type = "number")]
    pub n_missing: usize,
    /// `input`, `target`, `prediction`, `ignored`.
    pub role: String,
    /// Who says so.
    pub role_source: String,
}

/// Something that the model and the sample say differently.
#[derive(Debug, Clone, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct DifferenceView {
    /// The column; empty when it is about the whole.
    pub column: String,
    /// What each says.
    pub text: String,
}

/// The example of what goes in, as a table.
#[derive(Debug, Clone, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct ExampleView {
    /// The names of its columns.
    pub columns: Vec<String>,
    /// The cells as a person would type them; an empty text is a missing value.
    pub rows: Vec<Vec<String>>,
    /// An example that is no table of rows, such as arrays, as JSON; then there are no columns.
    pub text: Option<String>,
    /// Whether that text is only its beginning, which cannot be edited.
    pub is_cut: bool,
    /// Where it came from.
    pub source: String,
    /// Whether it was set: it can be reset.
    pub edited: bool,
    /// What does not pass the signature as it is.
    pub problems: Vec<ExampleProblemView>,
    /// Cells that look like personal data.
    pub personal: Vec<PersonalView>,
}

/// Something in the example that does not pass the signature as it is.
#[derive(Debug, Clone, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct ExampleProblemView {
    /// The row; `None` when it is about a whole column.
    #[ts(type = "number | null")]
    pub row: Option<usize>,
    /// The column's name; empty when it is about the whole.
    pub column: String,
    /// Whether MLflow refuses the call; otherwise it changes the value.
    pub is_refused: bool,
    /// Whether it is about a table in Python, not about a request.
    pub is_in_python: bool,
    /// What is there, and what MLflow makes of it.
    pub text: String,
}

/// A cell that looks like personal data.
#[derive(Debug, Clone, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct PersonalView {
    /// The row.
    #[ts(type = "number")]
    pub row: usize,
    /// The column.
    #[ts(type = "number")]
    pub column: usize,
    /// `an e-mail address`.
    pub what: String,
    /// A made-up value of the same kind.
    pub made_up: String,
}

/// Something about a row of the inputs that callers will run into.
#[derive(Debug, Clone, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct AdviceView {
    /// Who is refused, and why.
    pub text: String,
    /// The type with which they are not.
    pub better: Option<String>,
}
