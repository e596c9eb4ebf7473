//! LightGBM models inside pickles: the booster's own text says what the wrapper does not.

use std::sync::Arc;

use packwright_formats::pickle::{Node, Value};
use packwright_source::{ByteSource, Limits, MemorySource};

use super::{LightgbmModel, facts, read_text, signature};
use crate::pickled::{Column, Estimator, Inputs, Kind, Output, PickleFile, class_of, some_attr, text_attr};
use crate::{Fact, Sourced};

/// Adds what the embedded booster says to the description of a wrapper or a bare booster.
pub(crate) fn enrich(file: &PickleFile, value: Value, estimator: &mut Estimator) {
    // The label encoder of the wrapper is scikit-learn's, and records its version.
    if let Some(version) =
        some_attr(file, value, "_le").and_then(|le| text_attr(file, le, "_sklearn_version"))
    {
        let source = "_le._sklearn_version".to_owned();
        estimator.facts.push(Fact { name: "sklearn_version", value: version.into(), source });
    }
    let booster = match class_of(file, value) {
        Some((_, "Booster")) => Some(value),
        _ => some_attr(file, value, "_Booster"),
    };
    let Some(model) = booster.and_then(|booster| embedded(file, booster)) else { return };
    let source = |what: &str| format!("{what} of the embedded booster");
    estimator.is_fitted = Some(true);
    let Ok(n) = u64::try_from(model.n_features()) else { return };
    estimator.n_features = Some(Sourced::new(n, source("max_feature_idx")));
    estimator.inputs = if model.has_made_up_names() && model.pandas_categorical.is_empty() {
        Inputs::Count(Sourced::new(n, source("max_feature_idx")))
    } else {
        let categories = model.pandas_columns();
        let column = |(index, name): (usize, &String)| Column {
            unchecked: categories
                .contains_key(&index)
                .then(|| "pandas_categorical: a pandas categorical, which MLflow has no type for".to_owned()),
            ..Column::named(name.clone())
        };
        let columns = model.feature_names.iter().enumerate().map(column).collect();
        Inputs::Columns(Sourced::new(columns, source("feature_names")))
    };
    if estimator.kind != Kind::Classifier {
        estimator.output = output(&model);
    }
    let known = ["n_features", "feature_names", "class_labels", "n_classes"];
    let added = facts(&model).into_iter().filter(|fact| !known.contains(&fact.name));
    estimator.facts.extend(added.map(|fact| Fact { source: source(&fact.source), ..fact }));
}

/// The embedded text, kept or skipped by the reader of the pickle.
fn embedded(file: &PickleFile, booster: Value) -> Option<LightgbmModel> {
    let handle = some_attr(file, booster, "_handle").or_else(|| some_attr(file, booster, "handle"))?;
    let text: Arc<dyn ByteSource> = match file.pickle.tree.get(handle)? {
        Node::Text(text) => Arc::new(MemorySource::new(text.as_bytes().to_vec())),
        Node::Bytes(bytes) => file.window(bytes)?,
        _ => return None,
    };
    read_text(&*text, &Limits::default()).ok()
}

fn output(model: &LightgbmModel) -> Option<Output> {
    match signature(model).outputs? {
        crate::SourcedSchema::Tensors(tensors) => {
            let first = tensors.into_iter().next()?;
            let width = first.value.shape.get(1).and_then(|width| u64::try_from(*width).ok());
            Some(Output { dtype: first.value.dtype, width, source: first.source })
        }
        crate::SourcedSchema::Columns(_) => None,
    }
}
