//! Models by their bytes alone: a file of any of the three forms, or what a pickled `Booster` keeps in `handle`.

use packwright_formats::json::JsonScanner;
use packwright_formats::ubjson::UbjScanner;
use packwright_source::{ByteSource, Cursor, ErrorKind, Limits, ReadError, read_up_to};

use super::binary;
use super::model::{Container, Parsed, XgboostModel, parse};

/// What pickles of 1.0 to 1.5 start with, before the length of a binary model and its configuration.
const CONFIG_OFFSET: &[u8] = b"CONFIG-offset:";

/// Reads a model in any form that XGBoost writes, or has in the `handle` of a pickled `Booster`: JSON or UBJSON (of
/// the model, or of configuration and model together), the old binary form, and `CONFIG-offset:`.
///
/// # Errors
///
/// [`ErrorKind::Unsupported`] for a configuration without a model and for the base64 form of 0.4; else what the
/// walks over these forms say.
pub(crate) fn read_embedded(source: &dyn ByteSource, limits: &Limits) -> Result<XgboostModel, ReadError> {
    let Parsed { model, has_booster } = read(source, limits)?;
    if has_booster {
        return Ok(model);
    }
    let kind = ErrorKind::Unsupported("a saved configuration: it holds no trees".to_owned());
    Err(ReadError::new(format_of(model.container), 0, kind))
}

/// The same for whatever the bytes hold, models and configurations.
pub(super) fn read(source: &dyn ByteSource, limits: &Limits) -> Result<Parsed, ReadError> {
    let mut head = [0; 512];
    let n = read_up_to(source, 0, &mut head)
        .map_err(|error| ReadError::new("xgboost", 0, ErrorKind::Io(error)))?;
    let head = head.get(..n).unwrap_or_default();
    if head.starts_with(CONFIG_OFFSET) {
        let mut cursor = Cursor::over(binary::FORMAT, source, 0);
        cursor.skip(u64::try_from(CONFIG_OFFSET.len()).unwrap_or(0), "the header")?;
        cursor.skip(8, "the header")?;
        let (model, _) = binary::read(source, cursor.position())?;
        return Ok(Parsed { model, has_booster: true });
    }
    if super::is_ubj(head) {
        let mut scanner = UbjScanner::over(format_of(Container::Ubj), source, 0, limits);
        return parse(&mut scanner, Container::Ubj);
    }
    if head.trim_ascii_start().starts_with(b"{") {
        let mut scanner = JsonScanner::over(format_of(Container::Json), source, 0, limits);
        return parse(&mut scanner, Container::Json);
    }
    let (model, _) = binary::read(source, 0)?;
    Ok(Parsed { model, has_booster: true })
}

/// The format in the vocabulary of `inspect --json`.
pub(super) fn format_of(container: Container) -> &'static str {
    match container {
        Container::Json => "xgboost-json",
        Container::Ubj => "xgboost-ubj",
        Container::Binary => binary::FORMAT,
    }
}
