//! Whether a package will run on this computer, as the window shows it.

use serde::Serialize;
use ts_rs::TS;

use super::SnippetView;

/// The answer.
#[derive(Debug, Clone, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct HereView {
    /// In one word.
    pub outcome: HereOutcome,
    /// In one sentence.
    pub headline: String,
    /// Why, and what is not known.
    pub reasons: Vec<String>,
    /// What no environment mends, what is certain first.
    pub obstacles: Vec<ObstacleView>,
    /// The environments of this computer that fit best, best first.
    pub environments: Vec<HereEnvironmentView>,
    /// How many more were looked at.
    #[ts(type = "number")]
    pub n_more: u64,
    /// Lines to paste, the best way first.
    pub commands: Vec<SnippetView>,
}

/// The answer in one word.
#[derive(Debug, Clone, Copy, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub enum HereOutcome {
    /// An environment here has everything.
    Yes,
    /// One is close.
    Almost,
    /// One can be built.
    Build,
    /// It cannot.
    No,
}

/// Something that stands in the way, whatever is installed.
#[derive(Debug, Clone, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct ObstacleView {
    /// Whether it is sure to.
    pub is_certain: bool,
    /// In a sentence.
    pub text: String,
}

/// An environment of this computer.
#[derive(Debug, Clone, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct HereEnvironmentView {
    /// Where it lies.
    pub place: String,
    /// Its Python.
    pub python: String,
    /// How it fits.
    pub state: HereFit,
    /// In half a sentence.
    pub summary: String,
    /// What it does not meet, each in half a sentence.
    pub differences: Vec<String>,
    /// How many more differences there are.
    #[ts(type = "number")]
    pub n_more: u64,
    /// What could not be decided.
    pub unsure: Vec<String>,
}

/// How an environment fits.
#[derive(Debug, Clone, Copy, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub enum HereFit {
    /// It has everything.
    Ready,
    /// It is close.
    Close,
    /// It was made for something else.
    Lacking,
}
