//! CatBoost's JSON: the same model, readable. Trees are counted and skipped.

use packwright_formats::json::{JsonKind, JsonScanner};
use packwright_source::{ByteSource, ErrorKind, Limits, ReadError};
use serde_json::Value;

use super::info::{Info, SHOWN_BYTES, Wanted};
use super::model::{Borders, CatboostModel, Container, Feature, FeatureKind, MAX_FEATURES};

pub(super) const FORMAT: &str = "catboost-json";

/// Borders of one feature that are looked at.
const BORDERS: usize = 64;

/// Whether a text begins like a model. Keys are sorted: `ctr_data` or `features_info` comes first.
pub(super) fn is_model(head: &[u8]) -> bool {
    let has = |needle: &[u8]| head.windows(needle.len()).any(|window| window == needle);
    let text = head.trim_ascii_start();
    let Some(rest) = text.strip_prefix(b"{").map(<[u8]>::trim_ascii_start) else { return false };
    if rest.starts_with(b"\"features_info\"") {
        return has(b"\"float_features\"") || has(b"_features\"");
    }
    if rest.starts_with(b"\"ctr_data\"") {
        return has(b"identifier") || has(b"\"features_info\"");
    }
    // Written anew by something that keeps another order.
    let keys: [&[u8]; 4] = [b"\"model_info\"", b"\"oblivious_trees\"", b"\"trees\"", b"\"scale_and_bias\""];
    keys.iter().any(|key| rest.starts_with(key))
        && (has(b"\"features_info\"") || has(b"catboost_version_info") || has(b"\"leaf_weights\""))
}

/// Reads a model.
///
/// # Errors
///
/// - [`ErrorKind::Malformed`]: no JSON, no features or no trees in it, features that share a column.
/// - [`ErrorKind::Truncated`]: it ends before the last bracket.
/// - [`ErrorKind::Limit`]: more features or longer texts than any model has.
pub(super) fn read_json(source: &dyn ByteSource, limits: &Limits) -> Result<CatboostModel, ReadError> {
    let mut scanner = JsonScanner::over(FORMAT, source, 0, limits);
    let mut features = Vec::new();
    let mut n_trees = None;
    let mut n_dimensions = 1;
    let mut info = Info::default();
    let mut has_features = false;
    scanner.begin_object()?;
    while let Some(key) = scanner.next_key()? {
        match key.as_str() {
            "features_info" => {
                has_features = true;
                read_features(&mut scanner, &mut features)?;
            }
            "model_info" => read_info(&mut scanner, &mut info, limits)?,
            "oblivious_trees" | "trees" => n_trees = Some(count(&mut scanner)?),
            "scale_and_bias" => {
                let value = scanner.value()?;
                // [scale, [bias of each dimension]], or [scale, bias] of releases before 0.25.
                let biases = value.get(1).and_then(Value::as_array).map_or(1, Vec::len);
                n_dimensions = u64::try_from(biases).unwrap_or(1).max(1);
            }
            _ => scanner.skip()?,
        }
    }
    scanner.finish()?;
    let missing = match (has_features, n_trees) {
        (false, _) => Some("features_info"),
        (_, None) => Some("oblivious_trees or trees"),
        _ => None,
    };
    if let Some(missing) = missing {
        return Err(ReadError::new(FORMAT, 0, ErrorKind::malformed("model", missing, "none")));
    }
    let features = CatboostModel::in_order(features).map_err(|found| {
        ReadError::new(FORMAT, 0, ErrorKind::malformed("features", "one in each column", found))
    })?;
    let n_trees = n_trees.unwrap_or(0);
    Ok(CatboostModel { container: Container::Json, features, n_trees, n_dimensions, info })
}

fn read_features(scanner: &mut JsonScanner<'_>, features: &mut Vec<Feature>) -> Result<(), ReadError> {
    if scanner.kind()? != JsonKind::Object {
        return scanner.skip();
    }
    scanner.begin_object()?;
    while let Some(key) = scanner.next_key()? {
        let kind = match key.as_str() {
            "float_features" => FeatureKind::Number(Borders::None),
            "categorical_features" => FeatureKind::Categorical,
            "text_features" => FeatureKind::Text,
            "embedding_features" => FeatureKind::Embedding,
            _ => {
                scanner.skip()?;
                continue;
            }
        };
        if scanner.kind()? != JsonKind::Array {
            scanner.skip()?;
            continue;
        }
        scanner.begin_array()?;
        while scanner.next_item()? {
            let value = scanner.value()?;
            let asked = u64::try_from(features.len()).unwrap_or(u64::MAX).saturating_add(1);
            if MAX_FEATURES < asked {
                let kind = ErrorKind::Limit { what: "features", asked, limit: MAX_FEATURES };
                return Err(scanner.error(kind));
            }
            let Some(flat_index) = value.get("flat_feature_index").and_then(Value::as_u64) else {
                let kind = ErrorKind::malformed("feature", "flat_feature_index", "none");
                return Err(scanner.error(kind));
            };
            let name = value.get("feature_id").and_then(Value::as_str).map(str::to_owned);
            let kind = match kind {
                FeatureKind::Number(_) => FeatureKind::Number(borders(&value)),
                kind => kind,
            };
            features.push(Feature::new(kind, flat_index, name));
        }
    }
    Ok(())
}

fn borders(feature: &Value) -> Borders {
    let list = feature.get("borders").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    Borders::of(list.iter().take(BORDERS).filter_map(Value::as_f64))
}

fn read_info(scanner: &mut JsonScanner<'_>, info: &mut Info, limits: &Limits) -> Result<(), ReadError> {
    if scanner.kind()? != JsonKind::Object {
        return scanner.skip();
    }
    scanner.begin_object()?;
    while let Some(key) = scanner.next_key()? {
        match Info::wants(&key) {
            Wanted::Whole => {
                let value = scanner.value()?;
                info.put(&key, value, limits);
            }
            // Containers are not what `set_metadata` writes.
            Wanted::IfShort if scanner.kind()? == JsonKind::String => {
                let value = scanner.value()?;
                let length = value.as_str().map_or(0, str::len);
                if u64::try_from(length).is_ok_and(|length| length <= SHOWN_BYTES) {
                    info.put(&key, value, limits);
                }
            }
            Wanted::IfShort | Wanted::Nothing => scanner.skip()?,
        }
    }
    Ok(())
}

fn count(scanner: &mut JsonScanner<'_>) -> Result<u64, ReadError> {
    if scanner.kind()? != JsonKind::Array {
        scanner.skip()?;
        return Ok(0);
    }
    let mut n = 0_u64;
    scanner.begin_array()?;
    while scanner.next_item()? {
        scanner.skip()?;
        n = n.saturating_add(1);
    }
    Ok(n)
}
