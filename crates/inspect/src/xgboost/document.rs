//! The walk that XGBoost's two documents, JSON and UBJSON, have in common.

use packwright_formats::json::JsonScanner;
use packwright_formats::ubjson::UbjScanner;
use packwright_source::{ErrorKind, ReadError};
use serde_json::Value;

/// A document that is walked key by key. The methods are those of the two scanners.
pub(super) trait Document {
    fn begin_object(&mut self) -> Result<(), ReadError>;
    fn next_key(&mut self) -> Result<Option<String>, ReadError>;
    fn value(&mut self) -> Result<Value, ReadError>;
    fn skip(&mut self) -> Result<(), ReadError>;
    fn finish(&mut self) -> Result<(), ReadError>;
    fn error(&self, kind: ErrorKind) -> ReadError;
}

impl Document for JsonScanner<'_> {
    fn begin_object(&mut self) -> Result<(), ReadError> {
        JsonScanner::begin_object(self)
    }

    fn next_key(&mut self) -> Result<Option<String>, ReadError> {
        JsonScanner::next_key(self)
    }

    fn value(&mut self) -> Result<Value, ReadError> {
        JsonScanner::value(self)
    }

    fn skip(&mut self) -> Result<(), ReadError> {
        JsonScanner::skip(self)
    }

    fn finish(&mut self) -> Result<(), ReadError> {
        JsonScanner::finish(self)
    }

    fn error(&self, kind: ErrorKind) -> ReadError {
        JsonScanner::error(self, kind)
    }
}

impl Document for UbjScanner<'_> {
    fn begin_object(&mut self) -> Result<(), ReadError> {
        UbjScanner::begin_object(self)
    }

    fn next_key(&mut self) -> Result<Option<String>, ReadError> {
        UbjScanner::next_key(self)
    }

    fn value(&mut self) -> Result<Value, ReadError> {
        UbjScanner::value(self)
    }

    fn skip(&mut self) -> Result<(), ReadError> {
        UbjScanner::skip(self)
    }

    fn finish(&mut self) -> Result<(), ReadError> {
        UbjScanner::finish(self)
    }

    fn error(&self, kind: ErrorKind) -> ReadError {
        UbjScanner::error(self, kind)
    }
}
