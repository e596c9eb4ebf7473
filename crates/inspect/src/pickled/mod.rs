//! Models inside pickles: finding the model in what a load would return, and putting its inspection together.

mod estimator;
mod file;
mod frame;
mod interpreter;
mod libraries;
mod objects;
mod reader;
mod requirements;
mod root;
mod signature;

use packwright_formats::pickle::Value;

pub(crate) use estimator::{Column, Estimator, Inputs, Kind, Output};
pub(crate) use file::{Dialect, Labels, PickleFile};
pub(crate) use frame::{Frame, frame};
pub(crate) use libraries::top_level;
pub use libraries::{is_standard, library_of, projects};
pub(crate) use objects::{
    array_attr, attr, attr_names, bases_by_value, class_of, count_attr, has_method_by_value, labels_attr,
    some_attr, text_attr, texts_attr,
};
pub(crate) use reader::{PickleReader, SkopsReader, facts, opaque};
pub(crate) use requirements::{libraries, own_modules, own_modules_fact};
pub(crate) use signature::{schema_of, signature, tensor_of};

/// Describes one object of any library. The one place that knows which module describes which library.
pub(crate) fn describe(file: &PickleFile, value: Value, depth: u32) -> Option<Estimator> {
    let mut estimator = crate::sklearn::describe_estimator(file, value, depth)?;
    match estimator.framework {
        "xgboost" => crate::xgboost::enrich(file, value, &mut estimator),
        "catboost" => crate::catboost::enrich(file, value, &mut estimator),
        "lightgbm" => crate::lightgbm::enrich(file, value, &mut estimator),
        "statsmodels" => crate::statsmodels::enrich(file, value, &mut estimator),
        "pmdarima" => crate::pmdarima::enrich(file, value, &mut estimator),
        "prophet" => crate::prophet::enrich(file, value, &mut estimator),
        _ => {}
    }
    Some(estimator)
}
