//! The types that cross into the web view: twins of the engine's, made here so that neither bends to the other.
//!
//! `UPDATE_TYPES=1 cargo test -p packwright-app` writes them to `ui/src/lib/ipc/generated`; without the variable the
//! same test fails when the committed files differ. Byte sizes are exported as `number`: no file reaches 2^53 bytes.
//! Integers from model files that may (class labels, shapes) travel inside strings that are made for showing.

mod architecture;
mod commands;
mod draft;
mod edit;
mod environment;
mod export;
mod here;
mod menu;
mod metadata;
mod package;
mod preflight;
mod sample;
mod saved;
mod seal;
mod structure;

pub use architecture::{
    ArchitectureClassView, ArchitectureView, ArgumentView, ParameterView, TakenNetworkView,
};
pub use commands::{
    Commands, DraftFileRequest, DraftRequest, EditDraftRequest, ExportRequest, ImportRequest,
    KeyCheckRequest, NoRequest, PackageRequest, PathRequest, PlanExportRequest, PlanRequest,
};
pub use draft::{
    CodeView, ColumnView, DecisionView, DraftView, FactView, FileView, FindingView, ModelView, ModuleView,
    ProblemView, SafetyView, SchemaKind, SchemaView, SectionId, SignatureView, SourcedText, TagView,
    TensorSumView, TensorView, TypeView, VerdictView,
};
pub use edit::EditRequest;
pub use environment::{EnvironmentFileView, ImportScopeRequest, RequirementNoteView, RequirementView};
pub use export::{
    ErrorCode, ExportKind, IpcError, PlanView, PlannedFileView, ProgressView, ReceiptView, SnippetView,
    WrittenFileView,
};
pub use here::{HereEnvironmentView, HereFit, HereOutcome, HereView, ObstacleView};
pub use menu::MenuCommand;
pub use metadata::{CardEntryView, KeptView, MetadataFieldView, MetadataView};
pub use package::{JudgementView, PackageProblemView, PackageView, SealView};
pub use preflight::{CheckView, FixView, OutcomeView, PlaceReportView};
pub use sample::{
    AdviceView, DifferenceView, ExampleProblemView, ExampleView, PersonalView, SampleColumnView, SampleView,
};
pub use saved::{SavedDraftRequest, SavedDraftView, SavedDraftsView};
pub use seal::{KeyRequest, KeyView};
pub use structure::{StructureKindView, StructureRowView, StructureView};

#[cfg(test)]
mod tests;
