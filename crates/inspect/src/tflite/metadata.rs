//! `TFLITE_METADATA`: what a model says about itself to tools, as a `FlatBuffer` in a buffer of the model, and files that
//! belong to it (labels, vocabularies) in a zip archive behind the model.
//!
//! Specification: `tensorflow_lite_support/metadata/metadata_schema.fbs`; fields are counted from 0 in its order.

use std::sync::Arc;

use packwright_formats::container::{Container, Kind};
use packwright_formats::flatbuffers::{FlatBuffer, Table};
use packwright_source::{Budget, ByteSource, ErrorKind, Limits, ReadError, read_up_to};

use super::model::FORMAT;

/// The identifier of the buffer inside.
const IDENTIFIER: &[u8; 4] = b"M001";

/// The type of a file that names the classes along an axis.
const AXIS_LABELS: u8 = 2;

/// The longest file of labels that is read.
const LABELS_BYTES: u64 = 1 << 20;

/// Signatures have some tens of tensors, each with a few files.
const MOST: u64 = 4096;

/// What a model says about itself.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Metadata {
    pub(super) name: String,
    pub(super) description: String,
    pub(super) version: String,
    pub(super) author: String,
    pub(super) license: String,
    pub(super) min_parser_version: String,
    pub(super) inputs: Vec<TensorWords>,
    pub(super) outputs: Vec<TensorWords>,
    /// The files that it names, wherever they lie.
    pub(super) files: Vec<String>,
    /// The classes of the first output that has a file for them.
    pub(super) labels: Vec<String>,
    /// The file that holds them.
    pub(super) labels_file: String,
}

/// What is said about a tensor.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct TensorWords {
    pub(super) name: String,
    pub(super) description: String,
}

impl Metadata {
    /// Reads the buffer at a place of a model, and the labels behind the model.
    pub(super) fn read(
        source: &Arc<dyn ByteSource>,
        place: (u64, u64),
        limits: &Limits,
    ) -> Result<Self, ReadError> {
        let mut magic = [0; 4];
        let at = place.0.saturating_add(4);
        read_up_to(source.as_ref(), at, &mut magic)
            .map_err(|error| ReadError::new(FORMAT, at, ErrorKind::Io(error)))?;
        if magic != *IDENTIFIER {
            let kind = ErrorKind::malformed("TFLITE_METADATA", "the identifier M001", "another");
            return Err(ReadError::new(FORMAT, at, kind));
        }
        let mut buffer = FlatBuffer::over(FORMAT, source.as_ref(), place, limits)?;
        let root = buffer.root()?;
        let mut text = |field| buffer.text(root, field).map(Option::unwrap_or_default);
        let mut found = Self {
            name: text(0)?,
            description: text(1)?,
            version: text(2)?,
            author: text(4)?,
            license: text(5)?,
            min_parser_version: text(7)?,
            ..Self::default()
        };
        let mut labels_file = None;
        found.add_files(&mut buffer, root, 6, &mut None)?;
        if let Some(graphs) = buffer.vector(root, 3, 4)?.filter(|graphs| !graphs.is_empty()) {
            let graph = buffer.table_in(graphs, 0)?;
            found.add_files(&mut buffer, graph, 4, &mut None)?;
            found.inputs = found.tensors(&mut buffer, graph, 2, &mut None)?;
            found.outputs = found.tensors(&mut buffer, graph, 3, &mut labels_file)?;
        }
        if let Some(name) = labels_file {
            found.labels = labels(source, &name, limits)?;
            found.labels_file = name;
        }
        Ok(found)
    }

    fn tensors(
        &mut self,
        buffer: &mut FlatBuffer<'_>,
        graph: Table,
        field: u16,
        labels: &mut Option<String>,
    ) -> Result<Vec<TensorWords>, ReadError> {
        let mut words = Vec::new();
        let Some(tables) = buffer.vector(graph, field, 4)? else { return Ok(words) };
        for index in 0..tables.len().min(MOST) {
            let table = buffer.table_in(tables, index)?;
            words.push(TensorWords {
                name: buffer.text(table, 0)?.unwrap_or_default(),
                description: buffer.text(table, 1)?.unwrap_or_default(),
            });
            self.add_files(buffer, table, 6, labels)?;
        }
        Ok(words)
    }

    fn add_files(
        &mut self,
        buffer: &mut FlatBuffer<'_>,
        table: Table,
        field: u16,
        labels: &mut Option<String>,
    ) -> Result<(), ReadError> {
        let Some(files) = buffer.vector(table, field, 4)? else { return Ok(()) };
        for index in 0..files.len().min(MOST) {
            let file = buffer.table_in(files, index)?;
            let Some(name) = buffer.text(file, 0)? else { continue };
            if buffer.u8(file, 2)? == Some(AXIS_LABELS) && labels.is_none() {
                *labels = Some(name.clone());
            }
            self.files.push(name);
        }
        Ok(())
    }
}

/// The lines of a file in the archive behind the model; none when it is not there.
fn labels(source: &Arc<dyn ByteSource>, name: &str, limits: &Limits) -> Result<Vec<String>, ReadError> {
    let mut budget = Budget::new(*limits);
    let Ok(archive) = Container::open(Kind::Zip, Arc::clone(source), &mut budget) else {
        return Ok(Vec::new());
    };
    let Some(member) = archive.members().iter().find(|member| member.name == name) else {
        return Ok(Vec::new());
    };
    let opened = archive.member(member, &mut budget)?;
    if opened.error.is_some() || LABELS_BYTES < opened.source.len_bytes() {
        return Ok(Vec::new());
    }
    let mut bytes = vec![0; usize::try_from(opened.source.len_bytes()).unwrap_or(0)];
    let n = read_up_to(opened.source.as_ref(), 0, &mut bytes)
        .map_err(|error| ReadError::new(FORMAT, member.offset, ErrorKind::Io(error)))?;
    bytes.truncate(n);
    let text = String::from_utf8_lossy(&bytes);
    Ok(text.lines().map(|line| line.trim().to_owned()).filter(|line| !line.is_empty()).collect())
}
