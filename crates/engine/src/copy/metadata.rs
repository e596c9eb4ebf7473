//! What a package says of its model in `metadata`: the form, the tags, and keys of others.

use packwright_inspect::safety::Severity;
use packwright_mlflow::package::PackageFiles as _;
use serde_yaml::{Mapping, Value};

use super::take::Taking;
use crate::card;
use crate::edit::Edit;
use crate::metadata::MetadataField;

/// A longer bill of materials is read for nothing.
const LONGEST_BILL_BYTES: u64 = 16 << 20;

impl Taking<'_> {
    pub(super) fn metadata(&mut self) {
        let original = self.original;
        let Some(said) = original.model.get("metadata") else { return };
        let Some(said) = said.as_mapping() else {
            self.notes.push("The metadata is no map of keys and could not be taken over.".to_owned());
            return;
        };
        for (key, value) in said {
            let Some(key) = key.as_str() else {
                self.notes.push(format!("The metadata has a key that is no text ({key:?}); it is left out."));
                continue;
            };
            match (key, value) {
                ("packwright", Value::Mapping(own)) => self.own_record(own),
                ("name", Value::String(_)) => {}
                ("description", Value::String(text)) => {
                    self.apply("The description", Edit::SetDescription { description: text.clone() });
                }
                ("tags", Value::Mapping(tags)) => self.tags(tags),
                _ => self.field_or_extra(key, value),
            }
        }
    }

    fn tags(&mut self, tags: &Mapping) {
        // Keys are sorted in the MLmodel; the bill has them as the person put them.
        let order = self.tags_of_bill();
        let place = |key: &Value, value: &Value| {
            let text = card::tag_text(key.as_str()?, value.as_str()?);
            order.iter().position(|known| *known == text)
        };
        let mut tags: Vec<(&Value, &Value)> = tags.iter().collect();
        tags.sort_by_key(|(key, value)| place(key, value).unwrap_or(usize::MAX));
        for (key, value) in tags {
            let (Value::String(key), Value::String(value)) = (key, value) else {
                let key = key.as_str().unwrap_or("without a name");
                self.notes.push(format!("The tag {key} is no text and is left out."));
                continue;
            };
            let edit = Edit::SetTag { key: key.clone(), value: value.clone() };
            self.apply(&format!("The tag \"{key}\""), edit);
        }
    }

    fn tags_of_bill(&self) -> Vec<String> {
        let bytes = self.original.package.read(card::BOM, LONGEST_BILL_BYTES).unwrap_or_default();
        let bill: serde_json::Value = serde_json::from_slice(&bytes).unwrap_or_default();
        let tags = bill.pointer("/metadata/component/tags").and_then(serde_json::Value::as_array);
        tags.into_iter().flatten().filter_map(|tag| tag.as_str().map(str::to_owned)).collect()
    }

    fn field_or_extra(&mut self, key: &str, value: &Value) {
        let field = MetadataField::ALL.into_iter().find(|field| field.key() == key);
        if let Some((field, text)) = field.and_then(|field| Some((field, field_text(field, value)?))) {
            // What the form does not take, such as a licence in words, is kept as it is.
            if self.draft.apply(Edit::SetMetadata { field, value: text }).is_ok() {
                return;
            }
        }
        match serde_json::to_value(value) {
            Ok(value) if !value.is_null() => {
                self.apply(&format!("metadata.{key}"), Edit::SetExtra { key: key.to_owned(), value });
            }
            Ok(_) => {}
            Err(error) => self.notes.push(format!("metadata.{key} could not be taken over: {error}.")),
        }
    }

    /// What was accepted and confirmed by somebody else is asked about again.
    fn own_record(&mut self, own: &Mapping) {
        let accepted = own.get("safety_accepted").and_then(Value::as_sequence).into_iter().flatten();
        let rows = self.draft.acknowledgements();
        let is_open = |name: &str| {
            rows.iter().any(|(finding, accepted)| {
                finding.what == name && finding.severity == Severity::Review && accepted.is_none()
            })
        };
        let names = accepted.filter_map(|row| row.get("what")?.as_str());
        let names: Vec<&str> = names.filter(|name| is_open(name)).collect();
        if !names.is_empty() {
            self.notes.push(format!(
                "Who packed it accepted {}. That is not taken over: look at Safety and accept it if you know the code.",
                names.join(", ")
            ));
        }
    }
}

/// What the form shows for the value of a field; `None` for what Packwright does not write.
fn field_text(field: MetadataField, value: &Value) -> Option<String> {
    let text = |item: &Value, key: &str| item.get(key).and_then(Value::as_str).map(str::to_owned);
    let line = |item: &Value| match field {
        MetadataField::Authors => Some(match text(item, "email") {
            Some(email) => format!("{} <{email}>", text(item, "name")?),
            None => text(item, "name")?,
        }),
        MetadataField::Metrics => {
            let dataset = text(item, "dataset").map(|dataset| format!(" on {dataset}"));
            Some(format!("{} = {}{}", text(item, "name")?, text(item, "value")?, dataset.unwrap_or_default()))
        }
        _ => {
            let (label, url) = (text(item, "label")?, text(item, "url")?);
            Some(if label == url { url } else { format!("{label}: {url}") })
        }
    };
    match (field, value) {
        (MetadataField::Authors | MetadataField::Metrics | MetadataField::Links, Value::Sequence(items)) => {
            let lines: Option<Vec<String>> = items.iter().map(line).collect();
            lines.map(|lines| lines.join("\n"))
        }
        (_, Value::String(text)) => Some(text.clone()),
        _ => None,
    }
}
