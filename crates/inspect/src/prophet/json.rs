//! The document of `model_to_json`, read key by key. Tables in it are JSON texts of their own.
//!
//! Specification: `prophet/serialize.py` (`model_to_dict`), Prophet 1.0 to 1.5.

use packwright_formats::json::{JsonKind, JsonScanner};
use packwright_source::{ByteSource, ErrorKind, Limits, MemorySource, ReadError};
use serde_json::Value;

use super::FORMAT;
use super::model::{ProphetModel, SETTINGS, Seasonality};

/// The key of Prophet's version.
pub(super) const VERSION: &str = "__prophet_version";

/// A read document.
#[derive(Debug)]
pub(super) struct Read {
    pub(super) model: ProphetModel,
    /// Whether the document lies in a JSON string.
    pub(super) is_encoded: bool,
}

/// Reads a document, plain or encoded once more.
pub(super) fn read(source: &dyn ByteSource, limits: &Limits) -> Result<Read, ReadError> {
    let mut scanner = JsonScanner::over(FORMAT, source, 0, limits);
    if scanner.kind()? != JsonKind::String {
        return Ok(Read { model: document(source, limits)?, is_encoded: false });
    }
    let Value::String(inner) = scanner.value()? else {
        return Err(scanner.error(ErrorKind::Unsupported("a document that is no text".to_owned())));
    };
    scanner.finish()?;
    Ok(Read { model: document(&MemorySource::new(inner.into_bytes()), limits)?, is_encoded: true })
}

fn document(source: &dyn ByteSource, limits: &Limits) -> Result<ProphetModel, ReadError> {
    let mut scanner = JsonScanner::over(FORMAT, source, 0, limits);
    let mut model = ProphetModel { is_fitted: true, ..ProphetModel::default() };
    let (mut has_growth, mut has_params) = (false, false);
    scanner.begin_object()?;
    while let Some(key) = scanner.next_key()? {
        match key.as_str() {
            VERSION => model.version = scanner.value()?.as_str().map(str::to_owned),
            "logistic_floor" => model.has_floor = scanner.value()? == true,
            "seasonalities" => model.seasonalities = seasonalities(&scanner.value()?),
            "extra_regressors" => model.regressors = ordered_names(&scanner.value()?),
            "holidays" => model.has_holidays |= !scanner.value()?.is_null(),
            "history" => model.n_history = table(&scanner.value()?).and_then(|table| n_rows(&table)),
            "train_component_cols" => {
                model.components = table(&scanner.value()?).as_ref().and_then(fields);
            }
            "params" => {
                has_params = true;
                scanner.skip()?;
            }
            name => match SETTINGS.iter().find(|setting| **setting == name) {
                Some(setting) => {
                    let value = scanner.value()?;
                    has_growth |= *setting == "growth";
                    model.has_holidays |= *setting == "country_holidays" && !value.is_null();
                    model.settings.insert((*setting).to_owned(), value);
                }
                None => scanner.skip()?,
            },
        }
    }
    scanner.finish()?;
    if !(has_growth && has_params) {
        let missing = if has_growth { "params" } else { "growth" };
        let kind =
            ErrorKind::malformed("model", "the keys that model_to_json writes", format!("no {missing}"));
        return Err(scanner.error(kind));
    }
    Ok(model)
}

/// `[[names in order], {name: properties}]`.
fn ordered_names(value: &Value) -> Vec<String> {
    let names = value.get(0).and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    names.iter().filter_map(|name| name.as_str().map(str::to_owned)).collect()
}

fn seasonalities(value: &Value) -> Vec<Seasonality> {
    let properties = |name: &String| value.get(1)?.get(name)?.as_object().cloned();
    let one = |name: String| Seasonality { properties: properties(&name).unwrap_or_default(), name };
    ordered_names(value).into_iter().map(one).collect()
}

/// A table: a text that holds `{"schema": {"fields": […]}, "data": […]}`.
fn table(value: &Value) -> Option<Value> {
    serde_json::from_str(value.as_str()?).ok()
}

fn fields(table: &Value) -> Option<Vec<String>> {
    let fields = table.get("schema")?.get("fields")?.as_array()?;
    fields.iter().map(|field| Some(field.get("name")?.as_str()?.to_owned())).collect()
}

fn n_rows(table: &Value) -> Option<u64> {
    u64::try_from(table.get("data")?.as_array()?.len()).ok()
}
