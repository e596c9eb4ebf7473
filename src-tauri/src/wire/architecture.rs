//! The architecture of weights alone, as the window shows it.

use serde::Serialize;
use ts_rs::TS;

use super::{DraftView, SourcedText};

/// Which class the weights belong to.
#[derive(Debug, Clone, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct ArchitectureView {
    /// The classes in the person's code, networks first.
    pub classes: Vec<ArchitectureClassView>,
    /// The class that is chosen or proposed: `net.Net`, and by whom.
    pub chosen: Option<SourcedText>,
    /// What it is made with.
    pub arguments: Vec<ArgumentView>,
}

/// A class in the person's code.
#[derive(Debug, Clone, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct ArchitectureClassView {
    /// How it is imported: `net.Net`.
    pub class: String,
    /// What its constructor takes.
    pub parameters: Vec<ParameterView>,
}

/// A parameter of a constructor.
#[derive(Debug, Clone, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct ParameterView {
    /// Its name.
    pub name: String,
    /// Its default as the code has it; `None` where a value must be given.
    pub default: Option<String>,
}

/// A value that the constructor is given.
#[derive(Debug, Clone, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct ArgumentView {
    /// The parameter's name.
    pub name: String,
    /// The value as a person would type it.
    pub value: String,
    /// Where it came from.
    pub source: String,
}

/// What became of a file that may be the network of weights alone.
#[derive(Debug, Clone, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct TakenNetworkView {
    /// The draft of the weights with it; `None` when it was not taken.
    pub draft: Option<DraftView>,
    /// Why a file that describes a network was not taken, a sentence.
    pub why_not: Option<String>,
}
