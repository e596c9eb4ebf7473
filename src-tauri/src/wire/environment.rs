//! Requirement lines and environment files, as the window shows them.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

/// A requirement line.
#[derive(Debug, Clone, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct RequirementView {
    /// The PEP 508 line.
    pub requirement: String,
    /// Why it is there.
    pub source: String,
    /// Whether the person set it.
    pub edited: bool,
    /// What is wrong with it.
    pub notes: Vec<RequirementNoteView>,
}

/// Something to know about a requirement line.
#[derive(Debug, Clone, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct RequirementNoteView {
    /// Whether the environment will not install, or only may not.
    pub is_fault: bool,
    /// A sentence.
    pub text: String,
    /// A line without the problem.
    pub better: Option<String>,
}

/// An environment file that the person picked, before anything of it is taken.
#[derive(Debug, Clone, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct EnvironmentFileView {
    /// Where it lies, as the window names it.
    pub path: String,
    /// Its name.
    pub file: String,
    /// How many packages it asks for.
    pub n_lines: u32,
    /// How many lines of the draft would change when only versions are taken.
    pub n_versions: u32,
    /// The Python it asks for.
    pub python: Option<String>,
    /// Where pip is to look beside PyPI or in its place, as lines of a requirements.txt.
    pub indexes: Vec<String>,
    /// Whether taking its versions would change the draft.
    pub is_change: bool,
    /// What cannot be taken, each with the reason.
    pub left_out: Vec<String>,
}

/// How much of an environment file to take.
#[derive(Debug, Clone, Copy, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub enum ImportScopeRequest {
    /// The versions of what the draft asks for.
    Versions,
    /// Every line.
    All,
}
