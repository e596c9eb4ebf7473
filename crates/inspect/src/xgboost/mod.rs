//! XGBoost's own files: JSON, UBJSON and the old binary form. Everything but the trees is read; trees are skipped.
//!
//! Not models, and said so: `Booster.dump_model` in JSON and as text, `Booster.save_config`, and a model that was
//! encoded as JSON twice.

mod binary;
mod describe;
mod document;
mod embedded;
mod model;
mod pickled;
#[cfg(test)]
mod tests;

pub(crate) use describe::{facts, requirements, signature};
pub(crate) use embedded::read_embedded;
pub(crate) use model::{Container, XgboostModel};
pub(crate) use pickled::enrich;

use crate::reader::{Claim, Reader, Subject};
use crate::safety::Safety;
use crate::{InspectError, Inspection, Serving, Sourced};

/// Reads XGBoost's own files.
#[derive(Debug)]
pub(crate) struct XgboostReader;

/// What the head of a file looks like.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Look {
    Ubj,
    Json,
    Binary,
    DumpJson,
    DumpText,
    EncodedTwice,
}

impl Reader for XgboostReader {
    fn claims(&self, subject: &Subject<'_>) -> Claim {
        match look(subject.head) {
            Some(Look::Binary) if subject.head.starts_with(binary::MAGIC) => Claim::Certain,
            Some(Look::Ubj) => Claim::Certain,
            Some(_) => Claim::Likely,
            None if matches!(subject.extension().as_str(), "ubj" | "xgb") => Claim::Maybe,
            None => Claim::No,
        }
    }

    fn read(&self, subject: &Subject<'_>) -> Result<Inspection, InspectError> {
        match look(subject.head) {
            Some(Look::DumpJson | Look::DumpText) => {
                return Err(InspectError::NotAModel {
                    what: "this is a dump of XGBoost trees (Booster.dump_model), which XGBoost cannot load"
                        .into(),
                    hint: "save the booster with save_model(\"model.json\") and drop that file".into(),
                });
            }
            Some(Look::EncodedTwice) => {
                return Err(InspectError::NotAModel {
                    what: "this is a JSON string that holds an XGBoost model, encoded twice".into(),
                    hint: "decode it once (json.load) and save the text, or save the booster with save_model"
                        .into(),
                });
            }
            _ => {}
        }
        let parsed = embedded::read(subject.source.as_ref(), subject.limits)?;
        if !parsed.has_booster {
            return Err(InspectError::NotAModel {
                what:
                    "this is the configuration of an XGBoost booster (Booster.save_config); it holds no trees"
                        .into(),
                hint: "save the booster with save_model(\"model.json\") and drop that file".into(),
            });
        }
        Ok(inspection(subject, &parsed.model))
    }
}

fn inspection(subject: &Subject<'_>, model: &XgboostModel) -> Inspection {
    let model_class = model.saved_by();
    let class_source = if model_class == model::BOOSTER {
        "the file holds a booster"
    } else {
        "learner.attributes.scikit_learn"
    };
    let extension = match model.container {
        Container::Json => "json",
        Container::Ubj => "ubj",
        Container::Binary => "model",
    };
    let what = model.n_trees.map_or_else(|| "weights".to_owned(), |n| format!("{n} trees"));
    Inspection {
        framework: Some(Sourced::new("xgboost".to_owned(), "the structure of the file")),
        framework_version: model.version.clone().map(|version| match model.container {
            Container::Binary => Sourced::new(version, "major_version and minor_version"),
            Container::Json | Container::Ubj => Sourced::new(version, "version"),
        }),
        model_class: Some(Sourced::new(model_class.to_owned(), class_source)),
        serving: Serving::Xgboost { model_class: model_class.to_owned(), extension },
        signature: signature(model, model_class),
        requirements: requirements(model, model_class),
        facts: facts(model),
        warnings: warnings(model),
        ..Inspection::blank(
            subject.artifact.clone(),
            embedded::format_of(model.container),
            Safety::data(format!(
                "data only: {what} and their parameters; loading runs no code from the file"
            )),
        )
    }
}

fn warnings(model: &XgboostModel) -> Vec<String> {
    let mut warnings = Vec::new();
    if model.container == Container::Binary {
        warnings.push(
            "This is XGBoost's old binary format, which XGBoost 3.1 and later cannot read. Load it with an older \
             release and save it as JSON to move on."
                .to_owned(),
        );
    }
    if !model.feature_names.is_empty() && model.names().is_none() {
        let (names, features) = (model.feature_names.len(), model.n_features);
        warnings.push(format!(
            "The file names {names} features and says it has {features}; the names are not used."
        ));
    }
    let is_categorical = |ty: &&String| matches!(ty.as_str(), "c" | "categorical");
    let n_categorical = model.feature_types.iter().filter(is_categorical).count();
    if n_categorical != 0 && model.categories.is_empty() {
        warnings.push(format!(
            "{n_categorical} of the features are categorical, and the file does not hold their categories (XGBoost \
             before 3.1 does not store them). Callers must send the number of each category, not its name."
        ));
    }
    warnings
}

fn look(head: &[u8]) -> Option<Look> {
    if is_ubj(head) {
        return Some(Look::Ubj);
    }
    if head.starts_with(binary::MAGIC) || head.starts_with(binary::BASE64_MAGIC) || binary::is_bare(head) {
        return Some(Look::Binary);
    }
    let text = head.trim_ascii_start();
    let has = |needle: &[u8]| text.windows(needle.len()).any(|window| window == needle);
    match text.first()? {
        // Keys are sorted, so "learner" comes first, or "version" before it in hand-made files.
        b'{' if has(b"\"learner\"") && starts_with_key(text, &["learner", "version"]) => Some(Look::Json),
        b'{' if starts_with_key(text, &["Config", "Model"]) && has(b"\"learner\"") => Some(Look::Json),
        b'[' if has(b"\"nodeid\"") && (has(b"\"leaf\"") || has(b"\"split\"")) => Some(Look::DumpJson),
        b'"' if text.starts_with(br#""{\"learner\""#) => Some(Look::EncodedTwice),
        b'b' if text.starts_with(b"booster[0]") && (has(b"leaf=") || has(b"yes=") || has(b"weight:")) => {
            Some(Look::DumpText)
        }
        _ => None,
    }
}

fn starts_with_key(text: &[u8], keys: &[&str]) -> bool {
    let Some(rest) = text.strip_prefix(b"{").map(<[u8]>::trim_ascii_start) else { return false };
    let Some(rest) = rest.strip_prefix(b"\"") else { return false };
    keys.iter().any(|key| rest.strip_prefix(key.as_bytes()).is_some_and(|rest| rest.starts_with(b"\"")))
}

/// Whether the bytes start like a UBJSON object with one of the keys that XGBoost's documents start with. Keys carry
/// a length of eight bytes.
fn is_ubj(head: &[u8]) -> bool {
    let Some(rest) = head.strip_prefix(b"{L") else { return false };
    let Some((length, rest)) = rest.split_first_chunk::<8>() else { return false };
    let keys: [&[u8]; 4] = [b"learner", b"version", b"Config", b"Model"];
    keys.iter().any(|key| {
        u64::try_from(key.len()).is_ok_and(|n| n == u64::from_be_bytes(*length)) && rest.starts_with(key)
    })
}
