//! XGBoost models inside pickles: the booster's own bytes say what the wrapper does not.

use packwright_formats::numpy::bytes_of;
use packwright_formats::pickle::Value;
use packwright_source::Limits;
use serde_json::json;

use super::{XgboostModel, facts, read_embedded, signature};
use crate::pickled::{
    Column, Estimator, Inputs, Kind, Labels, Output, PickleFile, class_of, count_attr, some_attr,
};
use crate::{Fact, Sourced};

/// Adds what the embedded booster says to the description of a wrapper or a bare booster.
pub(crate) fn enrich(file: &PickleFile, value: Value, estimator: &mut Estimator) {
    let booster = match class_of(file, value) {
        Some((_, "Booster")) => Some(value),
        _ => some_attr(file, value, "_Booster"),
    };
    let Some(model) = booster.and_then(|booster| embedded(file, booster)) else { return };
    let source = |what: &str| format!("{what} of the embedded booster");
    estimator.is_fitted = Some(true);
    if let Some(version) = &model.version {
        estimator.version = Some(Sourced::new(version.clone(), source("version")));
    }
    estimator.n_features = Some(Sourced::new(model.n_features, source("num_feature")));
    estimator.inputs = match model.names() {
        Some(names) => {
            let columns = names.iter().cloned().map(Column::named).collect();
            Inputs::Columns(Sourced::new(columns, source("feature_names")))
        }
        None => Inputs::Count(Sourced::new(model.n_features, source("num_feature"))),
    };
    if estimator.kind == Kind::Classifier {
        let n = count_attr(file, value, "n_classes_").unwrap_or_else(|| model.n_classes.max(2));
        // XGBoost itself only knows 0 to n - 1 and refuses to be fitted on anything else.
        if n <= 65_536 {
            let labels =
                Labels { values: (0..n).map(|label| json!(label)).collect(), dtype: Some("int64".into()) };
            estimator.labels = Some(Sourced::new(vec![labels], "n_classes_; XGBoost numbers classes from 0"));
        }
    }
    estimator.output = output(&model, &estimator.class);
    let known = ["n_features", "feature_names", "class_labels", "n_classes"];
    let added = facts(&model).into_iter().filter(|fact| !known.contains(&fact.name));
    estimator.facts.extend(added.map(|fact| Fact { source: source(&fact.source), ..fact }));
}

/// The embedded model, in whichever of its forms the version pickled it.
fn embedded(file: &PickleFile, booster: Value) -> Option<XgboostModel> {
    let handle = some_attr(file, booster, "handle")?;
    let bytes = bytes_of(&file.pickle, handle)?;
    let window = file.window(&bytes)?;
    read_embedded(&*window, &Limits::default()).ok()
}

fn output(model: &XgboostModel, class: &str) -> Option<Output> {
    match signature(model, class).outputs? {
        crate::SourcedSchema::Tensors(tensors) => {
            let first = tensors.into_iter().next()?;
            let width = first.value.shape.get(1).and_then(|width| u64::try_from(*width).ok());
            Some(Output { dtype: first.value.dtype, width, source: first.source })
        }
        crate::SourcedSchema::Columns(_) => None,
    }
}
