//! `inspect --format sarif`: the safety report for code-scanning systems.
//!
//! Specification: SARIF 2.1.0 (OASIS). One run; a result per finding, at the artifact's byte where one is known. What
//! could not be read is a notification, and the run then says that it was not successful.

use std::collections::BTreeSet;
use std::path::Path;

use packwright_engine::Draft;
use packwright_engine::inspect::safety::{Finding, Severity};
use packwright_engine::open::OpenError;
use serde_json::{Value, json};

/// A report in the making.
#[derive(Debug, Default)]
pub(crate) struct Report {
    rules: BTreeSet<&'static str>,
    results: Vec<Value>,
    notifications: Vec<Value>,
}

impl Report {
    /// Adds the findings of one artifact.
    pub(crate) fn add(&mut self, path: &Path, draft: &Draft) {
        for finding in &draft.inspection().safety.findings {
            self.rules.insert(finding.rule);
            self.results.push(result(path, finding));
        }
    }

    /// Adds an artifact that gave no inspection.
    pub(crate) fn add_error(&mut self, path: &Path, error: &OpenError) {
        self.notifications.push(json!({
            "level": "error",
            "descriptor": { "id": error.code().word() },
            "message": { "text": error.message() },
            "locations": [location(path, error.offset())],
        }));
    }

    /// The whole document.
    pub(crate) fn document(self) -> Value {
        let rules: Vec<Value> = self
            .rules
            .iter()
            .map(|rule| json!({ "id": rule, "shortDescription": { "text": description(rule) } }))
            .collect();
        json!({
            "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
            "version": "2.1.0",
            "runs": [{
                "tool": {
                    "driver": { "name": "Packwright", "version": env!("CARGO_PKG_VERSION"), "rules": rules },
                },
                "invocations": [{
                    "executionSuccessful": self.notifications.is_empty(),
                    "toolExecutionNotifications": self.notifications,
                }],
                "results": self.results,
            }],
        })
    }
}

fn result(path: &Path, finding: &Finding) -> Value {
    let level = match finding.severity {
        Severity::Dangerous => "error",
        Severity::Review | Severity::Unscanned => "warning",
        Severity::Info => "note",
    };
    json!({
        "ruleId": finding.rule,
        "level": level,
        "message": { "text": format!("{}: {} ({})", finding.what, finding.why, finding.place) },
        "locations": [location(path, byte_of(&finding.place))],
        // Bytes move when a model is trained again; what was found does not.
        "partialFingerprints": { "finding/v1": finding.key() },
    })
}

fn location(path: &Path, byte: Option<u64>) -> Value {
    let mut physical = json!({ "artifactLocation": { "uri": uri(path) } });
    if let (Some(byte), Some(map)) = (byte, physical.as_object_mut()) {
        map.insert("region".into(), json!({ "byteOffset": byte, "byteLength": 1 }));
    }
    json!({ "physicalLocation": physical })
}

/// The byte in the artifact itself; `None` for places inside containers, whose bytes are not the artifact's.
fn byte_of(place: &str) -> Option<u64> {
    place.strip_prefix("byte ")?.parse().ok()
}

/// A relative reference, percent-encoded.
fn uri(path: &Path) -> String {
    let text = path.to_string_lossy();
    let mut out = String::new();
    for byte in text.bytes() {
        match byte {
            b'/' | b'-' | b'.' | b'_' | b'~' | b'0'..=b'9' | b'a'..=b'z' | b'A'..=b'Z' => {
                out.push(char::from(byte));
            }
            b'\\' if cfg!(windows) => out.push('/'),
            byte => out.push_str(&format!("%{byte:02X}")),
        }
    }
    out
}

/// `pickle/dangerous-name` in words.
fn description(rule: &str) -> String {
    match rule.split_once('/') {
        Some((format, what)) => format!("{} ({format})", what.replace('-', " ")),
        None => rule.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_give_bytes_only_where_they_are_the_artifact_s() {
        assert_eq!(byte_of("byte 210"), Some(210));
        assert_eq!(byte_of("model.pkl, byte 210"), None);
        assert_eq!(byte_of("schema.json, root"), None);
    }

    #[test]
    fn paths_are_encoded() {
        assert_eq!(uri(Path::new("models/my model é.pkl")), "models/my%20model%20%C3%A9.pkl");
    }
}
