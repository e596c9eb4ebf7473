//! CatBoost's own files, `cbm` and JSON, and the `cbm` bytes inside its pickles. Features, labels and parameters are
//! read; trees and tables of categories are skipped.
//!
//! CatBoost also exports ONNX, which is read as ONNX, and PMML, C++ and Python, which it cannot load back.

mod cbm;
mod describe;
mod info;
mod json;
mod model;
mod pickled;
#[cfg(test)]
mod tests;

pub(crate) use pickled::enrich;

use self::model::{CatboostModel, Container};
use crate::pickled::{schema_of, tensor_of};
use crate::reader::{Claim, Reader, Subject};
use crate::safety::Safety;
use crate::{InspectError, Inspection, Serving, Sourced, SourcedSignature};

/// Reads CatBoost's own files.
#[derive(Debug)]
pub(crate) struct CatboostReader;

impl Reader for CatboostReader {
    fn claims(&self, subject: &Subject<'_>) -> Claim {
        if subject.head.starts_with(cbm::MAGIC) {
            Claim::Certain
        } else if json::is_model(subject.head) {
            Claim::Likely
        } else {
            Claim::No
        }
    }

    fn read(&self, subject: &Subject<'_>) -> Result<Inspection, InspectError> {
        let source = subject.source.as_ref();
        let model = if subject.head.starts_with(cbm::MAGIC) {
            cbm::read_cbm(source, subject.limits)?
        } else {
            json::read_json(source, subject.limits)?
        };
        Ok(inspection(subject, &model))
    }
}

fn inspection(subject: &Subject<'_>, model: &CatboostModel) -> Inspection {
    let class = describe::class(model);
    let (format, save_format) = match model.container {
        Container::Cbm => (cbm::FORMAT, "cbm"),
        Container::Json => (json::FORMAT, "json"),
    };
    Inspection {
        framework: Some(Sourced::new("catboost".to_owned(), "the structure of the file")),
        framework_version: model.info.version.clone().map(|version| Sourced::new(version, info::VERSION)),
        serving: Serving::Catboost { model_type: class.value.to_owned(), save_format },
        signature: SourcedSignature {
            inputs: schema_of(&describe::inputs(model)),
            outputs: describe::output(model, class.value).as_ref().and_then(tensor_of),
            params: None,
        },
        model_class: Some(Sourced::new(format!("catboost.core.{}", class.value), class.source)),
        requirements: describe::requirements(model),
        facts: describe::facts(model),
        ..Inspection::blank(
            subject.artifact.clone(),
            format,
            Safety::data(format!(
                "data only: {} trees and their parameters; loading runs no code from the file",
                model.n_trees
            )),
        )
    }
}
