//! Prophet: the text of `prophet.serialize.model_to_json`, plain or encoded once more as MLflow stores it, and pickled
//! models.

mod json;
mod model;
mod pickled;
#[cfg(test)]
mod tests;

pub(crate) use pickled::enrich;

use crate::reader::{Claim, Reader, Subject};
use crate::safety::Safety;
use crate::{InspectError, Inspection, Requirement, Serving, Sourced};

use model::ProphetModel;

/// The name of the format in `inspect --json`.
const FORMAT: &str = "prophet-json";

/// Reads `model_to_json`'s text.
#[derive(Debug)]
pub(crate) struct ProphetReader;

impl Reader for ProphetReader {
    fn claims(&self, subject: &Subject<'_>) -> Claim {
        let text = subject.head.trim_ascii_start();
        let has = |needle: &[u8]| text.windows(needle.len()).any(|window| window == needle);
        let is_plain = text.starts_with(b"{") && has(b"\"growth\"") && has(b"\"n_changepoints\"");
        let is_encoded = text.starts_with(b"\"{") && has(b"\\\"growth\\\"") && has(b"\\\"n_changepoints\\\"");
        if is_plain || is_encoded { Claim::Likely } else { Claim::No }
    }

    fn read(&self, subject: &Subject<'_>) -> Result<Inspection, InspectError> {
        let read = json::read(subject.source.as_ref(), subject.limits)?;
        Ok(inspection(subject, &read.model, read.is_encoded))
    }
}

fn inspection(subject: &Subject<'_>, model: &ProphetModel, is_encoded: bool) -> Inspection {
    let estimator = model.described();
    let version = &model.version;
    let requirement = match version {
        Some(version) => {
            Requirement { requirement: format!("prophet=={version}"), source: json::VERSION.into() }
        }
        None => {
            Requirement { requirement: "prophet".into(), source: "its version is not in the file".into() }
        }
    };
    let mut facts = crate::pickled::facts(&estimator);
    facts.push(crate::Fact {
        name: "encoded_twice",
        value: is_encoded.into(),
        source: "the first character of the file".into(),
    });
    Inspection {
        framework: Some(Sourced::new("prophet".to_owned(), "the keys of the document")),
        framework_version: version.clone().map(|version| Sourced::new(version, json::VERSION)),
        model_class: Some(Sourced::new(model::CLASS.to_owned(), "what model_from_json makes")),
        serving: Serving::Prophet { is_encoded },
        signature: crate::pickled::signature(&estimator),
        requirements: vec![requirement],
        facts,
        warnings: estimator.warnings,
        ..Inspection::blank(
            subject.artifact.clone(),
            FORMAT,
            Safety::data("data only: parameters and tables; loading runs no code from the file".to_owned()),
        )
    }
}
