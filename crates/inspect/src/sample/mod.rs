//! Sample data: what a data file holds, as the Python reader for it would hand it to MLflow.
//!
//! A CSV or TSV is read as `pandas.read_csv` reads it, JSON as `pandas.read_json`, Parquet and Arrow as
//! `pandas.read_parquet` and `read_feather`: the same columns, the same dtypes, the same missing values. NPY and NPZ are
//! arrays, as `numpy.load` gives them; what needs a pickle is refused.
//! Large files are read by their first part, which the sample says.

mod arrow;
mod csv;
mod csv_column;
mod json;
mod npy;
mod time;

use std::path::Path;
use std::sync::Arc;

use packwright_formats::table::Part;
use packwright_mlflow::frame::{Array, Cell, Frame};
use packwright_source::{ByteSource, FileSource, ReadError, read_up_to};

/// A data file, as far as it was read.
#[derive(Debug, Clone, PartialEq)]
pub struct Sample {
    /// Its name, which is the source of what comes from it.
    pub file_name: String,
    /// What a person would call it: `CSV`.
    pub format: &'static str,
    /// How Python reads it the same way.
    pub reader: String,
    /// What it holds.
    pub data: SampleData,
    /// Whether it was read to its end.
    pub is_whole: bool,
    /// What is worth knowing, in sentences.
    pub notes: Vec<String>,
}

/// What a data file holds.
#[derive(Debug, Clone, PartialEq)]
pub enum SampleData {
    /// A table.
    Frame(Frame),
    /// One array without a name, or several with.
    Arrays(Vec<Array>),
    /// An object of JSON values that is no table: one request.
    Json(Vec<(String, Cell)>),
}

/// Why a file gave no sample.
#[derive(Debug, thiserror::Error)]
pub enum SampleError {
    /// It is in no format of data that is read here.
    #[error(
        "{0} is no data file that Packwright reads: CSV, TSV, Parquet, Arrow, Feather, JSON, JSON Lines, NPY or NPZ"
    )]
    Unknown(String),
    /// It is damaged.
    #[error(transparent)]
    Damaged(#[from] ReadError),
    /// It holds no rows or nothing that makes a table.
    #[error("{file}: {reason}")]
    Empty {
        /// Its name.
        file: String,
        /// What is wrong.
        reason: String,
    },
    /// It could not be opened.
    #[error("{file} could not be opened: {error}")]
    Open {
        /// Its name.
        file: String,
        /// What the system says.
        error: std::io::Error,
    },
}

/// The formats that are told apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Format {
    Csv(Option<u8>),
    Parquet,
    Arrow,
    Json,
    JsonLines,
    Npy,
    Npz,
}

/// The endings under which data files are kept.
pub const DATA_EXTENSIONS: [&str; 14] = [
    "csv", "tsv", "tab", "parquet", "pq", "arrow", "feather", "ipc", "arrows", "json", "jsonl", "ndjson",
    "npy", "npz",
];

/// Whether a file is data by its name: what is dropped as such on a draft is its sample.
pub fn is_data_file(path: &Path) -> bool {
    by_name(path).is_some()
}

/// Reads the first part of a data file.
///
/// # Errors
///
/// [`SampleError`], each variant as it says.
pub fn read(path: &Path) -> Result<Sample, SampleError> {
    let file = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let open = |error| SampleError::Open { file: file.clone(), error };
    let source = FileSource::open(path).map_err(open)?;
    let mut head = [0; 16];
    let n = read_up_to(&source, 0, &mut head).map_err(open)?;
    let head = head.get(..n).unwrap_or_default();
    let format =
        by_content(head).or_else(|| by_name(path)).ok_or_else(|| SampleError::Unknown(file.clone()))?;
    read_as(format, Arc::new(source), file)
}

fn read_as(format: Format, source: Arc<dyn ByteSource>, file: String) -> Result<Sample, SampleError> {
    let part = Part::default();
    match format {
        Format::Csv(separator) => csv::read(&*source, separator, &part, file),
        Format::Parquet => arrow::parquet(source, &part, file),
        Format::Arrow => arrow::ipc(&*source, &part, file),
        Format::Json => json::read(&*source, &part, false, file),
        Format::JsonLines => json::read(&*source, &part, true, file),
        Format::Npy => npy::read(&*source, file),
        Format::Npz => npy::read_many(source, file),
    }
}

fn by_content(head: &[u8]) -> Option<Format> {
    let magics: [(&[u8], Format); 4] = [
        (b"PAR1", Format::Parquet),
        (b"ARROW1", Format::Arrow),
        (b"\x93NUMPY", Format::Npy),
        (b"PK\x03\x04", Format::Npz),
    ];
    magics.into_iter().find(|(magic, _)| head.starts_with(magic)).map(|(_, format)| format)
}

fn by_name(path: &Path) -> Option<Format> {
    let ending = path.extension()?.to_str()?.to_ascii_lowercase();
    match ending.as_str() {
        "csv" => Some(Format::Csv(None)),
        "tsv" | "tab" => Some(Format::Csv(Some(b'\t'))),
        "parquet" | "pq" => Some(Format::Parquet),
        "arrow" | "arrows" | "feather" | "ipc" => Some(Format::Arrow),
        "json" => Some(Format::Json),
        "jsonl" | "ndjson" => Some(Format::JsonLines),
        "npy" => Some(Format::Npy),
        "npz" => Some(Format::Npz),
        _ => None,
    }
}

/// Says what a first part may hide.
fn first_part_note(n_rows: usize) -> String {
    format!(
        "Only the first {n_rows} rows were read. A value further on, such as a missing one in a column of whole numbers, \
         can give a column another type."
    )
}

#[cfg(test)]
mod tests;
