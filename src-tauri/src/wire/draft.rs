//! A draft as the window shows it.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

use super::{AdviceView, ArchitectureView, ExampleView, MetadataView, RequirementView, SampleView};

/// A text and where it came from.
#[derive(Debug, Clone, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct SourcedText {
    /// The text.
    pub text: String,
    /// Where it came from: `_sklearn_version`, `you`, `assumed: …`.
    pub source: String,
}

/// The four verdicts.
#[derive(Debug, Clone, Copy, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub enum VerdictView {
    /// Data and known classes, read to the end.
    Safe,
    /// Unknown code: a person must decide.
    Review,
    /// Not read to the end.
    Unscanned,
    /// Would run commands, code, network access or file writes.
    Dangerous,
}

/// The sections of the draft page, in order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub enum SectionId {
    /// What it is.
    Overview,
    /// What it is made of.
    Structure,
    /// What goes in and what comes out.
    Signature,
    /// What it needs to run.
    Environment,
    /// Name, description, tags.
    Metadata,
    /// What loading it would do.
    Safety,
    /// Whether it will work where it goes.
    Checks,
    /// What the package will hold.
    Files,
}

/// Everything the window shows of one draft.
#[derive(Debug, Clone, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct DraftView {
    /// Stable for the life of the draft.
    pub id: String,
    /// The package's name; edited in place in the header.
    pub name: SourcedText,
    /// Markdown; empty when there is none.
    pub description: String,
    /// In the order in which they were added.
    pub tags: Vec<TagView>,
    /// What the person says about the model.
    pub metadata: MetadataView,
    /// The artifact's file name.
    pub file_name: String,
    /// Its full path, shown on hover.
    pub path: String,
    /// Its size.
    #[ts(type = "number")]
    pub size_bytes: u64,
    /// When it was opened, milliseconds since 1970.
    #[ts(type = "number")]
    pub opened_at_millis: u64,
    /// `joblib (gzip)`, `XGBoost UBJSON` …, for people.
    pub format: String,
    /// PyPI name of the framework.
    pub framework: Option<SourcedText>,
    /// Its version.
    pub framework_version: Option<SourcedText>,
    /// The full import path of the model's class.
    pub model_class: Option<SourcedText>,
    /// MLflow flavor; `None` when it cannot be served.
    pub flavor: Option<String>,
    /// How the model gets into the package, in one sentence: `copied as it is`, `rewritten as a plain pickle …`.
    pub serving_note: String,
    /// Facts for the Overview, in the order in which to show them.
    pub facts: Vec<FactView>,
    /// Whether it has layers, steps, operators or tensors to show; `list_structure` gives them.
    pub has_structure: bool,
    /// The weights, where the artifact lists them; the rows come from `list_tensors`.
    pub tensors: Option<TensorSumView>,
    /// Inputs, outputs, parameters.
    pub signature: SignatureView,
    /// The data file that was dropped on the draft.
    pub sample: Option<SampleView>,
    /// The example of what goes in; `None` when there is none, or when it is arrays.
    pub example: Option<ExampleView>,
    /// requirements.txt, line by line, mlflow included.
    pub requirements: Vec<RequirementView>,
    /// Whether they are the person's own list.
    pub are_requirements_edited: bool,
    /// The Python version.
    pub python: SourcedText,
    /// Every model in the artifact, where it holds more than one.
    pub models: Vec<ModelView>,
    /// Modules that the model imports and no known library provides.
    pub modules: Vec<ModuleView>,
    /// Code that the person added.
    pub code: Vec<String>,
    /// The architecture of weights alone; `None` for models that have their own.
    pub architecture: Option<ArchitectureView>,
    /// The types of a skops file that are on no known list, and those that the person distrusts.
    pub types: Vec<TypeView>,
    /// Safety.
    pub safety: SafetyView,
    /// What only the person can decide. Empty: ready to export.
    pub decisions: Vec<DecisionView>,
    /// Sentences worth knowing.
    pub warnings: Vec<String>,
    /// Every file the package will hold.
    pub files: Vec<FileView>,
    /// Whether Export is possible, and if not, why.
    pub export_blocked: Option<String>,
    /// What undo would undo: `Edit name`. `None` when there is nothing.
    pub undo: Option<String>,
    /// What redo would do again.
    pub redo: Option<String>,
}

/// The sums over all tensors.
#[derive(Debug, Clone, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct TensorSumView {
    /// How many there are.
    #[ts(type = "number")]
    pub n: u64,
    /// The elements of all of them.
    #[ts(type = "number")]
    pub n_elements: u64,
    /// Their bytes.
    #[ts(type = "number")]
    pub size_bytes: u64,
}

/// One tensor.
#[derive(Debug, Clone, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct TensorView {
    /// Its name: `encoder.layers.0.weight`.
    pub name: String,
    /// The type of its elements.
    pub dtype: String,
    /// `[8, 4]`.
    pub shape: String,
    /// How many elements it has.
    #[ts(type = "number")]
    pub n_elements: u64,
    /// Its bytes in the file; 0 when another tensor holds them.
    #[ts(type = "number")]
    pub size_bytes: u64,
    /// Whether it is learned.
    pub is_parameter: bool,
}

/// A tag.
#[derive(Debug, Clone, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct TagView {
    /// Unique in the draft.
    pub key: String,
    /// May be empty.
    pub value: String,
}

/// One fact.
#[derive(Debug, Clone, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct FactView {
    /// Stable id: `n_features`.
    pub name: String,
    /// `Features`, for people.
    pub label: String,
    /// Made for showing.
    pub value: String,
    /// Where it came from.
    pub source: String,
}

/// Whether a schema is a table or tensors.
#[derive(Debug, Clone, Copy, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub enum SchemaKind {
    /// Columns.
    Columns,
    /// Tensors.
    Tensors,
    /// Not known.
    Unknown,
}

/// One side of the signature.
#[derive(Debug, Clone, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct SchemaView {
    /// Columns, tensors, or unknown.
    pub kind: SchemaKind,
    /// Rows, in order.
    pub columns: Vec<ColumnView>,
    /// Whether the person changed anything here: it can be reset.
    pub edited: bool,
}

/// One column, tensor or parameter.
#[derive(Debug, Clone, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct ColumnView {
    /// `None` when unnamed.
    pub name: Option<String>,
    /// `double`, `string`, `Array(long)`; for tensors the dtype.
    #[serde(rename = "type")]
    pub ty: String,
    /// `[-1, 4]` for tensors and list parameters.
    pub shape: Option<String>,
    /// Whether callers must send it.
    pub required: bool,
    /// The default, for parameters.
    pub default: Option<String>,
    /// Where it came from.
    pub source: String,
    /// Whether the person set it: it can be reset.
    pub edited: bool,
    /// What callers will run into.
    pub advice: Vec<AdviceView>,
}

/// The signature.
#[derive(Debug, Clone, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct SignatureView {
    /// What goes in.
    pub inputs: SchemaView,
    /// What comes out.
    pub outputs: SchemaView,
    /// Inference parameters.
    pub params: Vec<ColumnView>,
}

/// The safety report.
#[derive(Debug, Clone, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct SafetyView {
    /// The verdict.
    pub verdict: VerdictView,
    /// One line: `loads 14 classes from scikit-learn and numpy; runs no other code`.
    pub summary: String,
    /// Why something was not read; empty when everything was.
    pub unread: Vec<String>,
    /// Whether the verdict is `review` and every row behind it was accepted.
    pub is_reviewed: bool,
    /// Worst first.
    pub findings: Vec<FindingView>,
}

/// One of several models in an artifact.
#[derive(Debug, Clone, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct ModelView {
    /// Python subscripts: `["model"]`; empty when it is the whole.
    pub path: String,
    /// The last part of its class.
    pub class: String,
    /// Whether the draft is about it.
    pub is_chosen: bool,
}

/// A module that the model imports and no known library provides.
#[derive(Debug, Clone, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct ModuleView {
    /// Its import path; `__main__` for the script that saved the model.
    pub module: String,
    /// What the model takes from it.
    pub names: Vec<String>,
    /// The file in the package that provides it.
    pub found: Option<String>,
    /// The names that the file does not define.
    pub undefined: Vec<String>,
}

/// A type in a skops file.
#[derive(Debug, Clone, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct TypeView {
    /// `module.Class`.
    pub name: String,
    /// Whether it may be loaded.
    pub is_trusted: bool,
    /// Why it is asked about.
    pub why: String,
}

/// One finding.
#[derive(Debug, Clone, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct FindingView {
    /// Stable rule id.
    pub rule: String,
    /// `info`, `review`, `unscanned`, `dangerous`.
    pub severity: String,
    /// Names the finding in edits.
    pub key: String,
    /// The library that it belongs to, by its PyPI name; empty when there is none.
    pub library: String,
    /// Why a row to review needs no more attention: the note, and who says so.
    pub accepted: Option<SourcedText>,
    /// What was found.
    pub what: String,
    /// Where.
    pub place: String,
    /// Why it matters.
    pub why: String,
}

/// Something that only the person can decide.
#[derive(Debug, Clone, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct DecisionView {
    /// Stable id.
    pub id: String,
    /// What to decide: `Output type is unknown`.
    pub text: String,
    /// Where to decide it.
    pub section: SectionId,
}

/// A file of the package to be.
#[derive(Debug, Clone, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct FileView {
    /// Path inside the package.
    pub path: String,
    /// `copied`, `rewritten`, `generated`.
    pub origin: String,
    /// Its size; an estimate for rewritten files.
    #[ts(type = "number")]
    pub size_bytes: u64,
    /// The text of a generated file, as it will be written.
    pub text: Option<String>,
    /// How it can be edited; `None` for what is copied or follows from the draft.
    pub code: Option<CodeView>,
}

/// A generated Python file that can be edited.
#[derive(Debug, Clone, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct CodeView {
    /// What edits call it: `model.py`, `loader.py`.
    pub file: String,
    /// What Packwright generates for the draft as it is now.
    pub generated: String,
    /// Whether the person's text is written in its place.
    pub edited: bool,
    /// Whether what is generated has changed since.
    pub outdated: bool,
    /// What stops Python or MLflow from using the text: `line 12: ( is never closed`.
    pub problem: Option<ProblemView>,
}

/// A mistake in a text.
#[derive(Debug, Clone, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct ProblemView {
    /// From 1.
    pub line: u32,
    /// `( is never closed`.
    pub what: String,
}

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
    /// Sets the example of what goes in.
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
