//! Drafts of the last run.

use serde::Serialize;
use ts_rs::TS;

/// What was saved before the program ended.
#[derive(Debug, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct SavedDraftsView {
    /// Drafts that are not open yet, the one opened first at the front.
    pub drafts: Vec<SavedDraftView>,
    /// The key of the draft that was shown last.
    pub shown: Option<String>,
    /// What was left aside, in sentences.
    pub problems: Vec<String>,
}

/// A draft that can be opened again.
#[derive(Debug, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct SavedDraftView {
    /// What `restore_draft` takes.
    pub key: String,
    /// Its artifact.
    pub path: String,
}

/// One saved draft.
#[derive(Debug, TS)]
#[ts(rename_all = "camelCase")]
pub struct SavedDraftRequest {
    /// Its key.
    pub key: String,
}
