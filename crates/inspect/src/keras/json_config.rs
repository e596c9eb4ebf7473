//! The configuration of a network alone, as `model.to_json()` writes it.

use packwright_formats::json::JsonScanner;
use serde_json::{Value, json};

use super::config::Network;
use super::{Saved, expected, u64_json};
use crate::reader::{Claim, Reader, Subject};
use crate::{Fact, InspectError, Inspection, Serving, Sourced};

/// What the format is called.
pub(super) const FORMAT: &str = "keras-json-config";

/// Reads configurations.
#[derive(Debug)]
pub(crate) struct KerasJsonReader;

impl Reader for KerasJsonReader {
    fn claims(&self, subject: &Subject<'_>) -> Claim {
        if !subject.head.trim_ascii_start().starts_with(b"{") {
            return Claim::No;
        }
        let has = |word: &[u8]| subject.head.windows(word.len()).any(|window| window == word);
        let is_object = has(b"\"class_name\"") && has(b"\"config\"");
        let is_network =
            ["\"Sequential\"", "\"Functional\"", "\"Model\""].iter().any(|class| has(class.as_bytes()));
        match (is_object, is_network || has(b"\"keras") || has(b"\"layers\"")) {
            (true, true) => Claim::Likely,
            (true, false) => Claim::Maybe,
            (false, _) => Claim::No,
        }
    }

    fn read(&self, subject: &Subject<'_>) -> Result<Inspection, InspectError> {
        let mut scanner = JsonScanner::over(FORMAT, &*subject.source, 0, subject.limits);
        let config = scanner.value()?;
        scanner.finish()?;
        let version = config.get("keras_version").and_then(Value::as_str);
        let version = version.map(|version| Sourced::new(version.to_owned(), "keras_version"));
        let saved = Saved {
            format: FORMAT,
            place: "the file",
            compiled: config.get("compile_config"),
            config: &config,
            version,
        };
        let mut inspection = saved.inspection(subject, Vec::new(), Vec::new())?;
        inspection.serving = Serving::No;
        let message = "The file describes a network and holds no weights: those are missing. Drop the file of its weights \
                       (.weights.h5), and add this one to it; or save the whole model with model.save(\"model.keras\"), and \
                       drop that.";
        inspection.warnings.insert(0, message.to_owned());
        if let Some(weights) = Network::of(&config).and_then(|network| expected::weights(&network)) {
            let shapes = weights.iter().flat_map(|(_, shapes)| shapes);
            let sizes = shapes.map(|shape| shape.iter().fold(1_u64, |n, side| n.saturating_mul(*side)));
            let n = sizes.fold(0_u64, u64::saturating_add);
            let fact = |name, value| Fact { name, value, source: "worked out from the layers".to_owned() };
            inspection.facts.push(fact("n_parameters", u64_json(n)));
            inspection.facts.push(fact("expected_weights", json!(weights)));
        }
        Ok(inspection)
    }
}
