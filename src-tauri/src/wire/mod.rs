//! The types that cross into the web view: twins of the engine's, made here so that neither bends to the other.
//!
//! `UPDATE_TYPES=1 cargo test -p packwright-app` writes them to `ui/src/lib/ipc/generated`; without the variable the
//! same test fails when the committed files differ. Byte sizes are exported as `number`: no file reaches 2^53 bytes.
//! Integers from model files that may (class labels, shapes) travel inside strings that are made for showing.

mod architecture;
mod commands;
mod draft;
mod export;
mod menu;
mod sample;

pub use architecture::{ArchitectureClassView, ArchitectureView, ArgumentView, ParameterView};
pub use commands::{
    Commands, DraftRequest, EditDraftRequest, ExportRequest, NoRequest, PathRequest, PlanRequest,
};
pub use draft::{
    ColumnView, DecisionView, DraftView, EditRequest, FactView, FileView, FindingView, ModelView, ModuleView,
    PartView, RequirementView, SafetyView, SchemaKind, SchemaView, SectionId, SignatureView, SourcedText,
    TagView, TensorSumView, TensorView, TypeView, VerdictView,
};
pub use export::{
    ErrorCode, ExportKind, IpcError, PlanView, PlannedFileView, ProgressView, ReceiptView, SnippetView,
    WrittenFileView,
};
pub use menu::MenuCommand;
pub use sample::{
    AdviceView, DifferenceView, ExampleProblemView, ExampleView, PersonalView, SampleColumnView, SampleView,
};

#[cfg(test)]
mod tests;
