//! A package that somebody sent, as the window shows it.

use serde::Serialize;
use ts_rs::TS;

use super::{SafetyView, SnippetView};

/// What a receiver wants to know.
#[derive(Debug, Clone, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct PackageView {
    /// Names it in requests.
    pub path: String,
    /// What it says it is called.
    pub name: String,
    /// Whether nothing is broken.
    pub is_whole: bool,
    /// Whether anything in it says what its bytes should be.
    pub is_recorded: bool,
    /// Worst first.
    pub problems: Vec<PackageProblemView>,
    /// The seal; `None` when it has none.
    pub seal: Option<SealView>,
    /// How many files it has.
    #[ts(type = "number")]
    pub n_files: u64,
    /// Their lengths in all.
    #[ts(type = "number")]
    pub size_bytes: u64,
    /// The model card in Markdown.
    pub card: Option<String>,
    /// What goes in, one line a column or tensor.
    pub inputs: Vec<String>,
    /// What comes out.
    pub outputs: Vec<String>,
    /// The lines of `requirements.txt`.
    pub requirements: Vec<String>,
    /// The Python version that it asks for.
    pub python: Option<String>,
    /// The flavors that can load it.
    pub flavors: Vec<String>,
    /// Commands for it.
    pub snippets: Vec<SnippetView>,
}

/// A seal.
#[derive(Debug, Clone, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct SealView {
    /// The fingerprint of the key that it says it was made with.
    pub fingerprint: String,
    /// Whether it is the key's at hand; `None` without a key.
    pub is_signed: Option<bool>,
    /// Whether every file is as it was sealed.
    pub is_whole: bool,
}

/// Something that is wrong or risky.
#[derive(Debug, Clone, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct PackageProblemView {
    /// `error`, `warning`, `info`.
    pub severity: String,
    /// The file or key.
    pub path: String,
    /// In a sentence.
    pub message: String,
}

/// What loading a package would run, judged from what lies in it.
#[derive(Debug, Clone, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct JudgementView {
    /// The report; nothing in it can be accepted.
    pub safety: SafetyView,
    /// The verdict that the package records of its model file, where that is another one.
    pub differing: Option<String>,
}
