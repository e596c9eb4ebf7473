//! What the person says about a model, made for showing.

use packwright_engine::Draft;
use packwright_engine::metadata::{
    COMMON_LICENSES, COMMON_TASKS, CardEntry, MetadataField, description_note,
};

use crate::wire::{CardEntryView, KeptView, MetadataFieldView, MetadataView};

/// The form of a draft.
pub(super) fn metadata_view(draft: &Draft) -> MetadataView {
    let field = |field: MetadataField| MetadataFieldView {
        field: field.name().to_owned(),
        label: field.label().to_owned(),
        text: draft.metadata().text(field).to_owned(),
        choices: choices(field).iter().map(|choice| (*choice).to_owned()).collect(),
    };
    MetadataView {
        fields: MetadataField::ALL.into_iter().map(field).collect(),
        completeness: draft.completeness().iter().map(entry_view).collect(),
        description_note: description_note(draft.description()),
        kept: draft.extra().map(kept_view).collect(),
    }
}

fn choices(field: MetadataField) -> &'static [&'static str] {
    match field {
        MetadataField::License => &COMMON_LICENSES,
        MetadataField::Task => &COMMON_TASKS,
        _ => &[],
    }
}

fn kept_view((key, value): (&str, &serde_json::Value)) -> KeptView {
    let value = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    KeptView { key: key.to_owned(), value }
}

fn entry_view(entry: &CardEntry) -> CardEntryView {
    CardEntryView { field: entry.field.to_owned(), label: entry.label.to_owned(), is_given: entry.is_given }
}
