//! The binary form that XGBoost wrote by default until 2.0 and read until 3.0: `LearnerModelParamLegacy`, two names,
//! the booster, then attributes. All little-endian.

use packwright_source::{ByteSource, Cursor, ErrorKind, ReadError};

use super::model::{Container, XgboostModel};

/// The name under which errors are made.
pub(super) const FORMAT: &str = "xgboost-binary";

/// The signature that most files start with; `save_raw` left it out.
pub(super) const MAGIC: &[u8] = b"binf";

/// Base64 text of the same, written by 0.4 and before.
pub(super) const BASE64_MAGIC: &[u8] = b"bs64";

/// The length of the parameters after the magic.
const PARAM_BYTES: u64 = 136;

/// The longest name, key or value that is kept.
const TEXT_BYTES: u64 = 1 << 20;

/// Attributes that are kept at most.
const ATTRIBUTES: u64 = 10_000;

/// Whether the bytes start like this form without its magic: a count of features, then names that XGBoost has.
pub(super) fn is_bare(head: &[u8]) -> bool {
    let Some(names) = head.get(usize::try_from(PARAM_BYTES).unwrap_or(usize::MAX)..) else { return false };
    let Some((objective, rest)) = name(names) else { return false };
    let Some((booster, _)) = name(rest) else { return false };
    let is_word = |byte: &u8| byte.is_ascii_lowercase() || matches!(byte, b':' | b'_' | b'0'..=b'9');
    !objective.is_empty()
        && objective.iter().all(is_word)
        && matches!(booster, b"gbtree" | b"dart" | b"gblinear")
}

fn name(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let (length, rest) = bytes.split_first_chunk::<8>()?;
    let length = usize::try_from(u64::from_le_bytes(*length)).ok().filter(|length| *length < 64)?;
    rest.split_at_checked(length)
}

/// Reads the model that starts at `offset`, its magic included if it has one. Gives the offset of its end too.
pub(super) fn read(source: &dyn ByteSource, offset: u64) -> Result<(XgboostModel, u64), ReadError> {
    let mut cursor = Cursor::over(FORMAT, source, offset);
    let start = cursor.peek_bytes(MAGIC.len())?.to_vec();
    if start == MAGIC {
        cursor.skip(u64::try_from(MAGIC.len()).unwrap_or(0), "the magic")?;
    } else if start == BASE64_MAGIC {
        return Err(cursor.error(ErrorKind::Unsupported("base64 models of XGBoost 0.4".to_owned())));
    }
    let mut model = XgboostModel::new(Container::Binary);
    let params_end = cursor.position().saturating_add(PARAM_BYTES);
    let base_score = f32::from_le_bytes(cursor.array("base_score")?);
    model.base_score = Some(base_score.to_string());
    model.n_features = u64::from(word(&mut cursor, "num_feature")?);
    model.n_classes = u64::from(word(&mut cursor, "num_class")?);
    let has_attributes = word(&mut cursor, "contain_extra_attrs")? != 0;
    let has_metrics = word(&mut cursor, "contain_eval_metrics")? != 0;
    let (major, minor) = (word(&mut cursor, "major_version")?, word(&mut cursor, "minor_version")?);
    if (1..100).contains(&major) {
        model.version = Some(format!("{major}.{minor}"));
    }
    // Zero before 1.6, when a row had one target.
    model.n_targets = u64::from(word(&mut cursor, "num_target")?.max(1));
    let rest = params_end.saturating_sub(cursor.position());
    cursor.skip(rest, "the learner's parameters")?;
    model.objective = Some(text(&mut cursor, "the objective")?);
    let booster_at = cursor.position();
    let booster = text(&mut cursor, "the booster")?;
    match booster.as_str() {
        "gbtree" => model.n_trees = Some(trees(&mut cursor)?),
        "dart" => {
            model.n_trees = Some(trees(&mut cursor)?);
            let n = length(&mut cursor, "tree weights")?;
            skip_items(&mut cursor, n, 4, "tree weights")?;
        }
        "gblinear" => {
            cursor.skip(136, "the booster's parameters")?;
            let n = length(&mut cursor, "weights")?;
            skip_items(&mut cursor, n, 4, "weights")?;
        }
        other => {
            let kind = ErrorKind::malformed("booster", "gbtree, dart or gblinear", other.to_owned());
            return Err(ReadError::new(FORMAT, booster_at, kind));
        }
    }
    model.booster = Some(booster);
    if has_attributes {
        attributes(&mut cursor, &mut model)?;
    }
    if has_metrics {
        for _ in 0..length(&mut cursor, "metrics")?.min(ATTRIBUTES) {
            text(&mut cursor, "a metric")?;
        }
    }
    Ok((model, cursor.position()))
}

/// `GBTreeModelParam` (160 bytes), then each tree by its counts, then the class of each tree.
fn trees(cursor: &mut Cursor<'_>) -> Result<u64, ReadError> {
    let n_trees = u64::from(word(cursor, "num_trees")?);
    cursor.skip(156, "the booster's parameters")?;
    // Every tree takes at least its own parameters, so a lying count ends with the input.
    for _ in 0..n_trees {
        cursor.skip(4, "a tree")?;
        let n_nodes = u64::from(word(cursor, "num_nodes")?);
        cursor.skip(12, "a tree")?;
        let leaf_vector = word(cursor, "size_leaf_vector")?;
        cursor.skip(124, "a tree")?;
        // A node (20 bytes) and its statistics (16 bytes).
        skip_items(cursor, n_nodes, 36, "the nodes of a tree")?;
        // XGBoost 2.0 writes 1 for a leaf with one value, and no vectors then.
        if 1 < leaf_vector {
            let n = length(cursor, "leaf vectors")?;
            skip_items(cursor, n, 4, "leaf vectors")?;
        }
    }
    skip_items(cursor, n_trees, 4, "the classes of the trees")?;
    Ok(n_trees)
}

fn attributes(cursor: &mut Cursor<'_>, model: &mut XgboostModel) -> Result<(), ReadError> {
    let asked = length(cursor, "attributes")?;
    if ATTRIBUTES < asked {
        return Err(cursor.error(ErrorKind::Limit { what: "attributes", asked, limit: ATTRIBUTES }));
    }
    for _ in 0..asked {
        let key = text(cursor, "an attribute")?;
        let value = text(cursor, "an attribute")?;
        // Parameters that the old form has no other place for.
        if !key.starts_with("SAVED_PARAM_") {
            model.attributes.insert(key, value);
        }
    }
    Ok(())
}

fn word(cursor: &mut Cursor<'_>, what: &'static str) -> Result<u32, ReadError> {
    Ok(u32::from_le_bytes(cursor.array(what)?))
}

fn length(cursor: &mut Cursor<'_>, what: &'static str) -> Result<u64, ReadError> {
    Ok(u64::from_le_bytes(cursor.array(what)?))
}

fn text(cursor: &mut Cursor<'_>, what: &'static str) -> Result<String, ReadError> {
    let asked = length(cursor, what)?;
    if TEXT_BYTES < asked {
        return Err(cursor.error(ErrorKind::Limit { what, asked, limit: TEXT_BYTES }));
    }
    Ok(String::from_utf8_lossy(&cursor.take(asked, what)?).into_owned())
}

fn skip_items(cursor: &mut Cursor<'_>, n: u64, width: u64, what: &'static str) -> Result<(), ReadError> {
    cursor.skip(n.saturating_mul(width), what)
}
