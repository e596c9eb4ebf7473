//! The forms of a model that are made for people: ONNX's own text (`onnx.printer`, `onnx.parser`), and the JSON and text
//! forms of protobuf. onnxruntime loads none of them, so each is written anew as the binary form, value by value; what is
//! said of a model and what is packed is read from that.

mod scan;
mod schema;
mod syntax;
#[cfg(test)]
mod tests;
mod values;

use packwright_formats::protobuf::{from_json, from_text};
use packwright_source::{ByteSource, ErrorKind, Limits, ReadError};

use self::schema::MODEL;
use crate::probe;

/// A form made for people.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    /// `onnx.printer.to_text`, `.onnxtxt`.
    Text,
    /// `google.protobuf.json_format`, `.onnxjson`.
    Json,
    /// `google.protobuf.text_format`, `.textproto`, `.pbtxt`.
    ProtobufText,
}

impl Form {
    /// The form that a file is in by its first bytes; `None` for every other file.
    pub(super) fn of(head: &[u8]) -> Option<Self> {
        let has = |needle: &str| head.windows(needle.len()).any(|window| window == needle.as_bytes());
        let has_version = has("ir_version") || has("irVersion");
        let has_operators = has("opset_import") || has("opsetImport");
        match first_word(head)? {
            (b'<', _) if has_version || has_operators => Some(Self::Text),
            (b'{', _) => {
                let has_graph = has("\"graph\"") && (has("\"opType\"") || has("\"op_type\""));
                (has_version || has_operators || has_graph).then_some(Self::Json)
            }
            (_, word) => {
                let is_field = MODEL.fields.iter().any(|field| field.name.as_bytes() == word);
                let has_graph = has("graph {") && has("op_type:");
                (is_field && (has_version || has_operators || has_graph)).then_some(Self::ProtobufText)
            }
        }
    }

    /// The format's name in `inspect --json`.
    pub(super) fn format(self) -> &'static str {
        match self {
            Self::Text => "onnx-text",
            Self::Json => "onnx-json",
            Self::ProtobufText => "onnx-textproto",
        }
    }

    /// Its name in a sentence.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Text => "its text form",
            Self::Json => "its JSON form",
            Self::ProtobufText => "the text form of protobuf",
        }
    }

    /// The model as binary protobuf.
    pub(super) fn to_binary(self, source: &dyn ByteSource, limits: &Limits) -> Result<Vec<u8>, ReadError> {
        match self {
            Self::Text => syntax::to_binary(source, limits),
            Self::Json => from_json(self.format(), source, &MODEL, limits),
            Self::ProtobufText => from_text(self.format(), source, &MODEL, limits),
        }
    }
}

/// The first byte that is neither white space nor in a comment, and the word that it begins.
fn first_word(head: &[u8]) -> Option<(u8, &[u8])> {
    let mut rest = head.trim_ascii_start();
    while rest.first() == Some(&b'#') {
        let end = rest.iter().position(|byte| *byte == b'\n')?;
        rest = rest.get(end..)?.trim_ascii_start();
    }
    let is_letter = |byte: &u8| byte.is_ascii_lowercase() || *byte == b'_';
    let n = rest.iter().position(|byte| !is_letter(byte)).unwrap_or(rest.len());
    Some((*rest.first()?, rest.get(..n)?))
}

/// An ONNX model in a form made for people, as the binary form that onnxruntime loads: the same values, none left out.
///
/// # Errors
///
/// [`ReadError`] when it is in no such form, is malformed, or is longer than [`Limits::header_bytes`].
pub fn onnx_binary(source: &dyn ByteSource, limits: &Limits) -> Result<Vec<u8>, ReadError> {
    let at_start = |kind| ReadError::new(super::model::FORMAT, 0, kind);
    let head = probe::head_of(source).map_err(|error| at_start(ErrorKind::Io(error)))?;
    let form = Form::of(&head).ok_or_else(|| {
        at_start(ErrorKind::malformed("model", "a form of ONNX that is made for people", "another one"))
    })?;
    form.to_binary(source, limits)
}
