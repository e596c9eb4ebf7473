//! Every command: its request and its response. The window's `call` is typed from this.
#![expect(dead_code, reason = "nothing is made of these types; they exist for the TypeScript made from them")]

use ts_rs::TS;

use super::{
    DraftView, EditRequest, EnvironmentFileView, ExportKind, HereView, ImportScopeRequest, JudgementView,
    KeyRequest, KeyView, PackageView, PlaceReportView, PlanView, ProgressView, ReceiptView,
    SavedDraftRequest, SavedDraftsView, StructureView, TakenNetworkView, TensorView,
};

/// `command: [request, response]`. Requests are objects whose keys are the command's arguments.
#[derive(Debug, TS)]
pub struct Commands {
    /// Reads an artifact and opens a draft of it.
    open_artifact: (PathRequest, DraftView),
    /// Opens a draft of the model that ships with the app.
    open_sample_model: (NoRequest, DraftView),
    /// All open drafts, newest first.
    list_drafts: (NoRequest, Vec<DraftView>),
    /// Drafts of the last run that are not open yet.
    list_saved_drafts: (NoRequest, SavedDraftsView),
    /// Opens one of them again.
    restore_draft: (SavedDraftRequest, DraftView),
    /// Gives one of them up.
    forget_saved_draft: (SavedDraftRequest, ()),
    /// Notes which draft is shown, for the next start.
    show_draft: (DraftRequest, ()),
    /// The tensors of a draft's model, in the order of the file; the first of very many.
    list_tensors: (DraftRequest, Vec<TensorView>),
    /// Every way to look at what a draft's model is made of.
    list_structure: (DraftRequest, Vec<StructureView>),
    /// What each place that takes MLflow models will say of a draft as it is.
    preflight: (DraftRequest, Vec<PlaceReportView>),
    /// Changes a draft.
    edit_draft: (EditDraftRequest, DraftView),
    /// What an environment file asks for, and how it fits a draft.
    read_environment: (DraftFileRequest, EnvironmentFileView),
    /// Takes requirement lines from it.
    import_environment: (ImportRequest, DraftView),
    /// Makes a file the network of weights alone, if they lack theirs and it is that.
    take_network: (DraftFileRequest, TakenNetworkView),
    /// Takes the last change back.
    undo_draft: (DraftRequest, DraftView),
    /// Does it again.
    redo_draft: (DraftRequest, DraftView),
    /// Closes a draft. The artifact stays where it is.
    close_draft: (DraftRequest, ()),
    /// What an export would write.
    plan_export: (PlanExportRequest, PlanView),
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
    /// Native dialog: an environment file. `None` when cancelled.
    pick_environment: (NoRequest, Option<String>),
    /// Native dialog: a data file for the sample. Empty when cancelled.
    pick_sample: (NoRequest, Vec<String>),
    /// Native dialog: where to write. `None` when cancelled.
    pick_export_target: (PlanRequest, Option<String>),
    /// Native dialog: a private key to seal with. `None` when cancelled.
    pick_key: (NoRequest, Option<KeyView>),
    /// Opens a key with its passphrase, to see that it does.
    check_key: (KeyCheckRequest, KeyView),
    /// Native dialog: the public key of whoever sealed a package. `None` when cancelled.
    pick_public_key: (NoRequest, Option<String>),
    /// Reads and checks a package that somebody sent.
    read_package: (PackageRequest, PackageView),
    /// Judges what loading a package would run, from what lies in it.
    judge_package: (PathRequest, JudgementView),
    /// Whether a package will run on this computer.
    package_here: (PathRequest, HereView),
    /// Opens a draft of the model in a package, with everything that the package says.
    copy_package: (PathRequest, DraftView),
    /// Native dialog: where to save all choices as a recipe. The path that was written; `None` when cancelled.
    save_recipe: (DraftRequest, Option<String>),
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

/// A draft and a file for it.
#[derive(Debug, TS)]
#[ts(rename_all = "camelCase")]
pub struct DraftFileRequest {
    /// The draft.
    pub draft_id: String,
    /// The file, as its dialog or a drop gave it.
    pub path: String,
}

/// A draft, an environment file, and how much of it to take.
#[derive(Debug, TS)]
#[ts(rename_all = "camelCase")]
pub struct ImportRequest {
    /// The draft.
    pub draft_id: String,
    /// The file, as its dialog or a drop gave it.
    pub path: String,
    /// How much of it.
    pub scope: ImportScopeRequest,
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

/// A plan for a place.
#[derive(Debug, TS)]
#[ts(rename_all = "camelCase")]
pub struct PlanExportRequest {
    /// The draft.
    pub draft_id: String,
    /// Folder or zip.
    pub kind: ExportKind,
    /// The target that the dialog gave, to know how much room there is.
    pub path: Option<String>,
    /// Whether the package gets a seal.
    pub is_sealed: bool,
}

/// A key to try.
#[derive(Debug, TS)]
#[ts(rename_all = "camelCase")]
pub struct KeyCheckRequest {
    /// The key and what opens it.
    pub key: KeyRequest,
}

/// A package to check.
#[derive(Debug, TS)]
#[ts(rename_all = "camelCase")]
pub struct PackageRequest {
    /// Where it lies.
    pub path: String,
    /// The public key of whoever sealed it, as the dialog gave it.
    pub key: Option<String>,
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
    /// The key to seal with; `None` for no seal.
    pub key: Option<KeyRequest>,
    /// Where progress goes (a Tauri channel).
    pub on_progress: ProgressView,
}
