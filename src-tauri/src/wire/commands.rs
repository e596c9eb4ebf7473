//! Every command: its request and its response. The window's `call` is typed from this.
#![expect(dead_code, reason = "nothing is made of these types; they exist for the TypeScript made from them")]

use ts_rs::TS;

use super::{DraftView, EditRequest, ExportKind, PlanView, ProgressView, ReceiptView, TensorView};

/// `command: [request, response]`. Requests are objects whose keys are the command's arguments.
#[derive(Debug, TS)]
pub struct Commands {
    /// Reads an artifact and opens a draft of it.
    open_artifact: (PathRequest, DraftView),
    /// Opens a draft of the model that ships with the app.
    open_sample_model: (NoRequest, DraftView),
    /// All open drafts, newest first.
    list_drafts: (NoRequest, Vec<DraftView>),
    /// The tensors of a draft's model, in the order of the file; the first of very many.
    list_tensors: (DraftRequest, Vec<TensorView>),
    /// Changes a draft.
    edit_draft: (EditDraftRequest, DraftView),
    /// Takes the last change back.
    undo_draft: (DraftRequest, DraftView),
    /// Does it again.
    redo_draft: (DraftRequest, DraftView),
    /// Closes a draft. The artifact stays where it is.
    close_draft: (DraftRequest, ()),
    /// What an export would write.
    plan_export: (PlanRequest, PlanView),
    /// Writes the package. Progress goes to the channel.
    start_export: (ExportRequest, ReceiptView),
    /// Stops an export of this draft; nothing is left behind.
    cancel_export: (DraftRequest, ()),
    /// Native dialog: model files to open. Empty when cancelled.
    pick_artifacts: (NoRequest, Vec<String>),
    /// Native dialog: a model folder to open. Empty when cancelled.
    pick_artifact_folder: (NoRequest, Vec<String>),
    /// Native dialog: Python files that a model imports. Empty when cancelled.
    pick_code: (NoRequest, Vec<String>),
    /// Native dialog: a folder with code that a model imports. Empty when cancelled.
    pick_code_folder: (NoRequest, Vec<String>),
    /// Native dialog: a data file for the sample. Empty when cancelled.
    pick_sample: (NoRequest, Vec<String>),
    /// Native dialog: where to write. `None` when cancelled.
    pick_export_target: (PlanRequest, Option<String>),
    /// Shows a receipt's path in the file manager.
    reveal_export: (PathRequest, ()),
    /// Paths from the command line and from second starts that the window has not seen yet.
    take_pending_paths: (NoRequest, Vec<String>),
}

/// No arguments.
#[derive(Debug, TS)]
pub struct NoRequest {}

/// One path.
#[derive(Debug, TS)]
#[ts(rename_all = "camelCase")]
pub struct PathRequest {
    /// An absolute path, from a drop, a dialog or the command line.
    pub path: String,
}

/// One draft.
#[derive(Debug, TS)]
#[ts(rename_all = "camelCase")]
pub struct DraftRequest {
    /// Its id.
    pub draft_id: String,
}

/// One edit.
#[derive(Debug, TS)]
#[ts(rename_all = "camelCase")]
pub struct EditDraftRequest {
    /// The draft.
    pub draft_id: String,
    /// The change.
    pub edit: EditRequest,
}

/// A plan.
#[derive(Debug, TS)]
#[ts(rename_all = "camelCase")]
pub struct PlanRequest {
    /// The draft.
    pub draft_id: String,
    /// Folder or zip.
    pub kind: ExportKind,
}

/// An export.
#[derive(Debug, TS)]
#[ts(rename_all = "camelCase")]
pub struct ExportRequest {
    /// The draft.
    pub draft_id: String,
    /// Folder or zip.
    pub kind: ExportKind,
    /// The target that the dialog gave.
    pub path: String,
    /// Replace what lies there; only after the person said so.
    pub overwrite: bool,
    /// What the person typed where the plan asked for a word; empty otherwise.
    pub confirmation: String,
    /// Where progress goes (a Tauri channel).
    pub on_progress: ProgressView,
}
