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
    /// Whether it is weights of Keras that still lack their network.
    pub wants_network: bool,
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
