//! `cbm`: the magic `CBM1`, the length of a `FlatBuffers` core, the core, and parts with a form of their own.
//!
//! The schema is CatBoost's `model.fbs` and `features.fbs`. Of the parts, only the lengths of the tables of categories
//! are read, to see whether the file is whole.

use packwright_formats::flatbuffers::{FlatBuffer, Table, Vector};
use packwright_source::{ByteSource, Cursor, ErrorKind, Limits, ReadError};
use serde_json::Value;

use super::info::{Info, SHOWN_BYTES, Wanted};
use super::model::{Borders, CatboostModel, Container, Feature, FeatureKind, MAX_FEATURES};

pub(super) const FORMAT: &str = "catboost-cbm";
pub(super) const MAGIC: &[u8] = b"CBM1";

/// What the core says it is. The typing error is CatBoost's.
const CORE_FORMAT: &str = "FlabuffersModel_v1";

/// The part with the tables of categories.
const CTR_PART: &str = "static_provider_v1";

/// Borders of one feature that are looked at.
const BORDERS: u64 = 64;

/// Fields of `TModelCore`.
mod core {
    pub(super) const FORMAT_VERSION: u16 = 0;
    pub(super) const MODEL_TREES: u16 = 1;
    pub(super) const INFO_MAP: u16 = 2;
    pub(super) const MODEL_PART_IDS: u16 = 3;
}

/// Fields of `TModelTrees`.
mod trees {
    pub(super) const APPROX_DIMENSION: u16 = 0;
    pub(super) const TREE_SIZES: u16 = 2;
    pub(super) const CAT_FEATURES: u16 = 4;
    pub(super) const FLOAT_FEATURES: u16 = 5;
    pub(super) const TEXT_FEATURES: u16 = 12;
    pub(super) const EMBEDDING_FEATURES: u16 = 18;
}

/// Where a kind of feature has its fields.
struct Fields {
    flat_index: u16,
    name: u16,
    borders: Option<u16>,
}

const FLOAT: Fields = Fields { flat_index: 2, name: 4, borders: Some(3) };
/// Of categorical, text and embedding features.
const OTHER: Fields = Fields { flat_index: 1, name: 2, borders: None };

/// Reads a model.
///
/// # Errors
///
/// - [`ErrorKind::Malformed`]: wrong magic, an offset that leads out of the core, features that share a column.
/// - [`ErrorKind::Unsupported`]: a core of another version.
/// - [`ErrorKind::Truncated`]: it ends inside the core or the tables of categories.
/// - [`ErrorKind::Limit`]: more features or texts than any model has.
pub(super) fn read_cbm(source: &dyn ByteSource, limits: &Limits) -> Result<CatboostModel, ReadError> {
    let mut cursor = Cursor::over(FORMAT, source, 0);
    let magic: [u8; 4] = cursor.array("the magic")?;
    if magic != MAGIC {
        let kind = ErrorKind::malformed("magic", "CBM1", format!("{magic:02x?}"));
        return Err(ReadError::new(FORMAT, 0, kind));
    }
    let core_bytes = u64::from(u32::from_le_bytes(cursor.array("the length of the core")?));
    let start = cursor.position();
    let mut flat = FlatBuffer::over(FORMAT, source, (start, core_bytes), limits)?;
    let root = flat.root()?;
    let version = flat.text(root, core::FORMAT_VERSION)?.unwrap_or_default();
    if version != CORE_FORMAT {
        let kind = ErrorKind::Unsupported(format!("version of the core, {version:?}"));
        return Err(flat.error(start, kind));
    }
    let Some(trees) = flat.table(root, core::MODEL_TREES)? else {
        return Err(flat.error(start, ErrorKind::malformed("core", "trees", "none")));
    };
    let features = features(&mut flat, trees)?;
    let features = CatboostModel::in_order(features)
        .map_err(|found| flat.error(start, ErrorKind::malformed("features", "one in each column", found)))?;
    let n_dimensions = flat.i32(trees, trees::APPROX_DIMENSION)?.unwrap_or(1);
    let n_trees = flat.vector(trees, trees::TREE_SIZES, 4)?.map_or(0, |sizes| sizes.len());
    let info = info(&mut flat, root, limits)?;
    if let Some(parts) = flat.vector(root, core::MODEL_PART_IDS, 4)? {
        check_parts(&mut flat, parts, source, start.saturating_add(core_bytes))?;
    }
    let n_dimensions = u64::try_from(n_dimensions).unwrap_or(0).max(1);
    Ok(CatboostModel { container: Container::Cbm, features, n_trees, n_dimensions, info })
}

fn features(flat: &mut FlatBuffer<'_>, trees: Table) -> Result<Vec<Feature>, ReadError> {
    let lists = [
        (trees::FLOAT_FEATURES, FeatureKind::Number(Borders::None), FLOAT),
        (trees::CAT_FEATURES, FeatureKind::Categorical, OTHER),
        (trees::TEXT_FEATURES, FeatureKind::Text, OTHER),
        (trees::EMBEDDING_FEATURES, FeatureKind::Embedding, OTHER),
    ];
    let mut features = Vec::new();
    let mut asked = 0_u64;
    for (field, kind, fields) in lists {
        let Some(list) = flat.vector(trees, field, 4)? else { continue };
        asked = asked.saturating_add(list.len());
        if MAX_FEATURES < asked {
            let kind = ErrorKind::Limit { what: "features", asked, limit: MAX_FEATURES };
            return Err(flat.error(0, kind));
        }
        for index in 0..list.len() {
            let table = flat.table_in(list, index)?;
            let flat_index = flat.i32(table, fields.flat_index)?.unwrap_or(0);
            let name = flat.text(table, fields.name)?;
            let kind = match fields.borders {
                Some(field) => FeatureKind::Number(borders(flat, table, field)?),
                None => kind,
            };
            // A negative position becomes one that is refused.
            let flat_index = u64::try_from(flat_index).unwrap_or(u64::MAX);
            features.push(Feature::new(kind, flat_index, name));
        }
    }
    Ok(features)
}

fn borders(flat: &mut FlatBuffer<'_>, table: Table, field: u16) -> Result<Borders, ReadError> {
    let Some(list) = flat.vector(table, field, 4)? else { return Ok(Borders::None) };
    let mut some = Vec::new();
    for index in 0..list.len().min(BORDERS) {
        some.push(f64::from(flat.f32_in(list, index)?));
    }
    Ok(Borders::of(some))
}

fn info(flat: &mut FlatBuffer<'_>, root: Table, limits: &Limits) -> Result<Info, ReadError> {
    let mut info = Info::default();
    let Some(pairs) = flat.vector(root, core::INFO_MAP, 4)? else { return Ok(info) };
    for index in 0..pairs.len() {
        let pair = flat.table_in(pairs, index)?;
        let key = flat.text(pair, 0)?.unwrap_or_default();
        let length = flat.vector(pair, 1, 1)?.map_or(0, |text| text.len());
        let is_read = match Info::wants(&key) {
            Wanted::Whole => true,
            Wanted::IfShort => length <= SHOWN_BYTES,
            Wanted::Nothing => false,
        };
        if is_read {
            info.put(&key, Value::from(flat.text(pair, 1)?.unwrap_or_default()), limits);
        }
    }
    Ok(info)
}

/// That the parts after the core are there. The tables of categories come first and say how long they are; the
/// others do not.
fn check_parts(
    flat: &mut FlatBuffer<'_>,
    parts: Vector,
    source: &dyn ByteSource,
    at: u64,
) -> Result<(), ReadError> {
    let mut cursor = Cursor::over(FORMAT, source, at);
    for index in 0..parts.len() {
        if flat.text_in(parts, index)? != CTR_PART {
            return cursor.array::<1>("the parts after the core").map(|_| ());
        }
        let n = u32::from_le_bytes(cursor.array("the number of tables of categories")?);
        for _ in 0..n {
            let bytes = u32::from_le_bytes(cursor.array("the length of a table of categories")?);
            cursor.skip(u64::from(bytes), "a table of categories")?;
        }
    }
    Ok(())
}
