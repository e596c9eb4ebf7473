//! Libraries that follow scikit-learn: what their own conventions say of the columns they take.

use packwright_formats::pickle::Value;

use crate::pickled::{Column, PickleFile, texts_attr};

/// Libraries that turn what they take into numbers first, as scikit-learn does.
const NUMERIC: [&str; 6] = ["", "scikit-learn", "xgboost", "lightgbm", "catboost", "imbalanced-learn"];

/// Marks the columns that a library may take as texts or numbers: the ones that an encoder of `category_encoders` encodes
/// (`cols`), and all of a library that says nothing of them.
pub(super) fn leave_open(file: &PickleFile, value: Value, framework: &str, columns: &mut [Column]) {
    if NUMERIC.contains(&framework) {
        return;
    }
    let encoded = if framework == "category-encoders" { texts_attr(file, value, "cols") } else { None };
    for column in columns.iter_mut().filter(|column| column.ty.is_none()) {
        if encoded.as_ref().is_none_or(|encoded| encoded.contains(&column.name)) {
            column.unchecked = Some(format!("{framework} takes texts and numbers alike"));
        }
    }
}
