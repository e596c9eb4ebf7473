//! What a model is made of, as the window shows it.

use serde::Serialize;
use ts_rs::TS;

/// What the rows of a structure are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub enum StructureKindView {
    /// Estimators and transformers.
    Steps,
    /// Layers, as the file describes them.
    Layers,
    /// Operators of a graph.
    Operators,
    /// Groups by the names of the tensors.
    Names,
}

/// One way to look at a model: rows from top to bottom, each followed by what lies in it.
#[derive(Debug, Clone, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct StructureView {
    /// What the rows are.
    pub kind: StructureKindView,
    /// The rows.
    pub rows: Vec<StructureRowView>,
    /// How many more there are than rows.
    #[ts(type = "number")]
    pub hidden: u64,
}

/// One layer, step, operator or group.
#[derive(Debug, Clone, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct StructureRowView {
    /// How many rows it lies in.
    pub depth: u32,
    /// What the row around it calls it; may be empty.
    pub name: String,
    /// The last part of its class, or the operator; empty when it is not known.
    pub class: String,
    /// The whole import path of its class.
    pub path: String,
    /// A few words.
    pub detail: Option<String>,
    /// `batch × 3 × 224 × 224`.
    pub output: Option<String>,
    /// Learned values, with those of everything in it.
    #[ts(type = "number | null")]
    pub n_parameters: Option<u64>,
    /// The bytes of all of its values.
    #[ts(type = "number | null")]
    pub size_bytes: Option<u64>,
    /// How many parts directly in it are not listed.
    #[ts(type = "number")]
    pub hidden: u64,
}
