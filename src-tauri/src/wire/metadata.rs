//! What the person says about a model, as the window shows it.

use serde::Serialize;
use ts_rs::TS;

/// The form, and how much of it is filled in.
#[derive(Debug, Clone, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct MetadataView {
    /// Every field, in the order of the form.
    pub fields: Vec<MetadataFieldView>,
    /// What a reader of the card will look for, and whether it is there.
    pub completeness: Vec<CardEntryView>,
    /// What is worth knowing about the length of the description.
    pub description_note: Option<String>,
    /// Keys of the MLmodel's metadata that no field is for, kept from a package.
    pub kept: Vec<KeptView>,
}

/// A key that is kept.
#[derive(Debug, Clone, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct KeptView {
    /// The key.
    pub key: String,
    /// Its value: a text as it is, anything else as JSON.
    pub value: String,
}

/// One field.
#[derive(Debug, Clone, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct MetadataFieldView {
    /// Names it in edits: `intendedUse`.
    pub field: String,
    /// For people: `Intended use`.
    pub label: String,
    /// What was said; empty when nothing was.
    pub text: String,
    /// What is often chosen.
    pub choices: Vec<String>,
}

/// One thing that a card may say.
#[derive(Debug, Clone, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct CardEntryView {
    /// The field: `description`, `license`.
    pub field: String,
    /// For people.
    pub label: String,
    /// Whether something was said.
    pub is_given: bool,
}
