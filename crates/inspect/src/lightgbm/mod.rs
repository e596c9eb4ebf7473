//! LightGBM's text models, and its JSON dump, which is described and cannot be served. The trees are skipped.

mod describe;
mod dump;
mod model;
mod pickled;
#[cfg(test)]
mod tests;
mod text;

pub(crate) use describe::{facts, requirements, signature};
pub(crate) use model::LightgbmModel;
pub(crate) use pickled::enrich;
pub(crate) use text::read_text;

use crate::reader::{Claim, Reader, Subject};
use crate::safety::Safety;
use crate::{InspectError, Inspection, Serving, Sourced};

/// Reads LightGBM's own files.
#[derive(Debug)]
pub(crate) struct LightgbmReader;

impl Reader for LightgbmReader {
    fn claims(&self, subject: &Subject<'_>) -> Claim {
        if is_text(subject.head) {
            Claim::Certain
        } else if is_dump(subject.head) {
            Claim::Likely
        } else {
            Claim::No
        }
    }

    fn read(&self, subject: &Subject<'_>) -> Result<Inspection, InspectError> {
        let is_text = is_text(subject.head);
        let source = subject.source.as_ref();
        let model = if is_text {
            read_text(source, subject.limits)?
        } else {
            dump::read_dump(source, subject.limits)?
        };
        Ok(inspection(subject, &model, is_text))
    }
}

fn is_text(head: &[u8]) -> bool {
    let rest = head.strip_prefix(b"tree\n").or_else(|| head.strip_prefix(b"tree\r\n"));
    rest.is_some_and(|rest| rest.starts_with(b"version=") || rest.starts_with(b"num_class="))
}

fn is_dump(head: &[u8]) -> bool {
    let has = |needle: &[u8]| head.windows(needle.len()).any(|window| window == needle);
    head.trim_ascii_start().starts_with(b"{")
        && has(b"\"num_tree_per_iteration\"")
        && has(b"\"max_feature_idx\"")
        && has(b"\"name\"")
}

fn inspection(subject: &Subject<'_>, model: &LightgbmModel, is_text: bool) -> Inspection {
    let mut warnings = Vec::new();
    if !is_text {
        warnings.push(
            "This is a JSON dump (Booster.dump_model), which LightGBM cannot load back, so it cannot be served. Save \
             the booster with save_model(\"model.txt\") and drop that file."
                .to_owned(),
        );
    }
    if !model.pandas_categorical.is_empty() && model.pandas_columns().is_empty() {
        warnings.push(
            "The model was trained on pandas columns of categories, and the file does not say which columns they are."
                .to_owned(),
        );
    }
    let missing = model.missing.map(|what| format!("it ends before {what}"));
    if let Some(missing) = &missing {
        warnings.push(format!("The file is cut short: {missing}."));
    }
    let safety = Safety {
        unread: missing.into_iter().collect(),
        ..Safety::data(format!(
            "data only: {} trees and their parameters; loading runs no code from the file",
            model.n_trees
        ))
    };
    Inspection {
        framework: Some(Sourced::new("lightgbm".to_owned(), "the structure of the file")),
        model_class: Some(Sourced::new("lightgbm.basic.Booster".to_owned(), "the file holds a booster")),
        serving: if is_text { Serving::LightgbmText } else { Serving::No },
        signature: signature(model),
        requirements: requirements(model),
        facts: facts(model),
        warnings,
        ..Inspection::blank(
            subject.artifact.clone(),
            if is_text { text::FORMAT } else { dump::FORMAT },
            safety,
        )
    }
}
