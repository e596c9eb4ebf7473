//! Use cases: open an artifact, edit its draft, plan, export, verify.
//!
//! `open` reads an artifact and makes a [`Draft`]; [`Edit`]s change it, with undo and redo; `plan` lists what the
//! package will hold; `export` writes it whole or not at all; `verify` reads it again; [`Journal::sweep`] tidies up
//! after exports that died; [`saved`] keeps open drafts on the disk. Everything blocks; [`jobs`] is for programs that must not.

mod architecture;
mod card;
mod choices;
mod clean;
mod code;
pub mod copy;
mod draft;
mod edit;
mod environment;
mod flavors;
mod generated;
pub mod here;
pub mod jobs;
mod journal;
pub mod judgement;
pub mod metadata;
mod names;
mod network;
pub mod open;
mod package;
mod plan;
mod preflight;
mod python_class;
mod python_source;
mod python_syntax;
mod receipt;
pub mod received;
mod recipe;
mod sample;
pub mod saved;
pub mod seal;
mod snippets;
#[cfg(test)]
mod testing;
mod texts;
mod timestamp;
pub mod verify;
mod write;

pub use architecture::{Architecture, ArchitectureClass, Argument, argument_text, argument_value};
pub use code::ModuleState;
pub use draft::{Acknowledgement, Decision, Draft, NetworkOffer, Section, Trust, WholeExample};
pub use edit::{Edit, EditError, RequirementLine, Side, Tag};
pub use environment::{ImportError, ImportScope, ImportedEnvironment, RequirementNote, import_environment};
pub use generated::GeneratedFile;
pub use journal::Journal;
pub use packwright_inspect as inspect;
pub use packwright_mlflow as mlflow;
pub use packwright_source as source;
pub use plan::{Origin, Plan, PlanError, PlannedFile, plan};
pub use preflight::{Check, Fix, Outcome, Place, PlaceReport, preflight};
pub use python_class::Parameter;
pub use python_syntax::SyntaxProblem;
pub use receipt::{PackageKind, Receipt, Snippet, WrittenFile};
pub use recipe::{Recipe, RecipeError};
pub use sample::{Advice, Difference, Example, ExampleProblem, ExampleTable, Personal, Role, SampleColumn};
pub use timestamp::Timestamp;
pub use write::{Cancel, ExportError, Progress, Stage, Target, export, export_sealed, free_bytes};
