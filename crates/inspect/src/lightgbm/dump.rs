//! LightGBM's JSON dump (`Booster.dump_model`). LightGBM cannot load it back; it is read for what it says.

use packwright_formats::json::JsonScanner;
use packwright_source::{ByteSource, ErrorKind, Limits, ReadError};
use serde_json::Value;

use super::model::LightgbmModel;

/// The format in the vocabulary of `inspect --json`.
pub(super) const FORMAT: &str = "lightgbm-json-dump";

/// Reads a dump. Its trees are counted and skipped.
pub(super) fn read_dump(source: &dyn ByteSource, limits: &Limits) -> Result<LightgbmModel, ReadError> {
    let mut scanner = JsonScanner::over(FORMAT, source, 0, limits);
    let mut model = LightgbmModel { n_classes: 1, n_trees_per_iteration: 1, ..LightgbmModel::default() };
    let mut has_trees = false;
    scanner.begin_object()?;
    while let Some(key) = scanner.next_key()? {
        match key.as_str() {
            "version" => model.text_version = scanner.value()?.as_str().map(str::to_owned),
            "num_class" => model.n_classes = scanner.value()?.as_u64().unwrap_or(1),
            "num_tree_per_iteration" => model.n_trees_per_iteration = scanner.value()?.as_u64().unwrap_or(1),
            "objective" => model.objective = scanner.value()?.as_str().map(str::to_owned),
            "average_output" => model.is_averaged = scanner.value()?.as_bool().unwrap_or(false),
            "feature_names" => {
                let names = scanner.value()?;
                let names = names.as_array().map(Vec::as_slice).unwrap_or_default();
                model.feature_names = names.iter().filter_map(Value::as_str).map(str::to_owned).collect();
            }
            "pandas_categorical" => {
                if let Value::Array(lists) = scanner.value()? {
                    let lists = lists.into_iter().filter_map(|list| list.as_array().cloned());
                    model.pandas_categorical = lists.collect();
                }
            }
            "tree_info" => {
                has_trees = true;
                scanner.begin_array()?;
                while scanner.next_item()? {
                    scanner.skip()?;
                    model.n_trees = model.n_trees.saturating_add(1);
                }
            }
            _ => scanner.skip()?,
        }
    }
    scanner.finish()?;
    if has_trees {
        return Ok(model);
    }
    Err(scanner.error(ErrorKind::malformed("dump", "the key tree_info", "none")))
}
