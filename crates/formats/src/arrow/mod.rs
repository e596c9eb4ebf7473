//! Parquet, and Arrow's IPC files and streams (Feather version 2 is such a file): the first rows, column by column.
//!
//! The bytes are read by the Apache Arrow project's own crates, from a copy in memory or by offset, never through a map.
//! These crates guard against damage by errors and, here and there, by panics, so they run where a panic ends as an
//! error that names the format.
//!
//! Specification: `parquet.thrift`; `Schema.fbs`, `Message.fbs` and `File.fbs` of Apache Arrow.

mod pages;
mod stream;
mod value;

use std::io::{self, Read};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use arrow_array::RecordBatch;
use arrow_ipc::reader::StreamReader;
use arrow_schema::Schema;
use packwright_source::{ByteSource, ErrorKind, ReadError, read_up_to};
use parquet::arrow::arrow_reader::{
    ArrowReaderMetadata, ArrowReaderOptions, ParquetRecordBatchReaderBuilder,
};
use parquet::basic::Compression;
use parquet::errors::ParquetError;
use parquet::file::metadata::RowGroupMetaData;
use parquet::file::reader::{ChunkReader, Length};

use crate::table::Part;
use pages::Pages;

pub use value::{Kind, Value};

/// The most that one page, block or batch may hold unpacked: a table that needs more is no sample.
const LARGEST_BATCH_BYTES: i64 = 256 << 20;

/// The first rows of a table.
#[derive(Debug, Clone, PartialEq)]
pub struct ArrowTable {
    /// The columns, in order.
    pub columns: Vec<ArrowColumn>,
    /// How many rows were read.
    pub n_rows: usize,
    /// Whether these are all.
    pub is_whole: bool,
    /// What pandas wrote about its own dtypes, as JSON.
    pub pandas: Option<String>,
}

/// One column of an [`ArrowTable`].
#[derive(Debug, Clone, PartialEq)]
pub struct ArrowColumn {
    /// Its name.
    pub name: String,
    /// What its values are.
    pub kind: Kind,
    /// The values, one per row.
    pub values: Vec<Value>,
}

/// Reads the first rows of a Parquet file.
///
/// # Errors
///
/// [`ErrorKind::Malformed`] and [`ErrorKind::Unsupported`] as the reader says, [`ErrorKind::Limit`].
pub fn read_parquet(source: Arc<dyn ByteSource>, part: &Part) -> Result<ArrowTable, ReadError> {
    guarded("parquet", move |part| parquet_table(source, part), *part)
}

/// Reads the first rows of an Arrow file or stream.
///
/// # Errors
///
/// As [`read_parquet`].
pub fn read_ipc(source: &dyn ByteSource, part: &Part) -> Result<ArrowTable, ReadError> {
    guarded("arrow", move |part| ipc_table(source, part), *part)
}

/// Runs a reader that may panic at hostile bytes.
fn guarded(
    format: &'static str,
    read: impl FnOnce(&Part) -> Result<ArrowTable, ReadError>,
    part: Part,
) -> Result<ArrowTable, ReadError> {
    catch_unwind(AssertUnwindSafe(|| read(&part))).unwrap_or_else(|_| {
        let kind = ErrorKind::malformed("table", "what its own directory announces", "something else");
        Err(ReadError::new(format, 0, kind))
    })
}

fn parquet_table(source: Arc<dyn ByteSource>, part: &Part) -> Result<ArrowTable, ReadError> {
    let malformed = |error: ParquetError| failed("parquet", error.to_string());
    let metadata = ArrowReaderMetadata::load(
        &Bytes::new(Arc::clone(&source), Pages::default()),
        ArrowReaderOptions::new(),
    )
    .map_err(malformed)?;
    let bytes = Bytes::new(source, Pages::of(metadata.metadata()));
    let builder = ParquetRecordBatchReaderBuilder::new_with_metadata(bytes, metadata);
    let n_all: i64 = builder.metadata().row_groups().iter().map(|group| group.num_rows().max(0)).sum();
    let first = builder.metadata().row_groups().first();
    let columns = first.map(RowGroupMetaData::columns).unwrap_or_default();
    if let Some(column) = columns.iter().find(|column| LARGEST_BATCH_BYTES < column.uncompressed_size()) {
        let asked = u64::try_from(column.uncompressed_size()).unwrap_or(u64::MAX);
        let limit = LARGEST_BATCH_BYTES.unsigned_abs();
        let kind = ErrorKind::Limit { what: "a column of the first rows", asked, limit };
        return Err(ReadError::new("parquet", 0, kind));
    }
    // Not read on purpose: a page of Brotli may unpack to any size, and the reader does not stop at the announced one.
    if columns.iter().any(|column| matches!(column.compression(), Compression::BROTLI(_))) {
        let what = "Brotli compression; write the table again with snappy, gzip or zstd, in pandas with to_parquet(path, compression=\"zstd\")";
        return Err(ReadError::new("parquet", 0, ErrorKind::Unsupported(what.into())));
    }
    let schema = Arc::clone(builder.schema());
    let pandas = pandas_of(&schema).or_else(|| {
        let pairs = builder.metadata().file_metadata().key_value_metadata()?;
        pairs.iter().find(|pair| pair.key == "pandas")?.value.clone()
    });
    let batches = builder.with_limit(part.rows).with_batch_size(part.rows).build().map_err(malformed)?;
    let batches = batches.map(|batch| batch.map_err(|error| failed("parquet", error.to_string())));
    let mut table = table_of(&schema, batches, part)?;
    table.is_whole = i64::try_from(table.n_rows) == Ok(n_all);
    table.pandas = pandas;
    Ok(table)
}

fn ipc_table(source: &dyn ByteSource, part: &Part) -> Result<ArrowTable, ReadError> {
    let wrong = |error: arrow_schema::ArrowError| failed("arrow", error.to_string());
    // An Arrow file is a stream between two magics; its directory is not needed to read it from the start.
    let checked = stream::check(source, part)?;
    let reader = Forward { source, at: checked.start }.take(checked.len);
    let reader = StreamReader::try_new(reader, None).map_err(wrong)?;
    let schema = reader.schema();
    let mut table = table_of(&schema, reader.map(|batch| batch.map_err(wrong)), part)?;
    table.is_whole &= checked.is_whole;
    Ok(table)
}

fn table_of(
    schema: &Schema,
    batches: impl Iterator<Item = Result<RecordBatch, ReadError>>,
    part: &Part,
) -> Result<ArrowTable, ReadError> {
    let column = |field: &Arc<arrow_schema::Field>| ArrowColumn {
        name: field.name().clone(),
        kind: value::kind_of(field.data_type()),
        values: Vec::new(),
    };
    let mut columns: Vec<ArrowColumn> = schema.fields().iter().map(column).collect();
    let (mut n_rows, mut is_whole) = (0_usize, true);
    for batch in batches {
        let batch = batch?;
        let wanted = part.rows.saturating_sub(n_rows);
        let n = batch.num_rows().min(wanted);
        for (column, array) in columns.iter_mut().zip(batch.columns()) {
            column.values.extend((0..n).map(|row| value::value_at(array, row)));
        }
        n_rows = n_rows.saturating_add(n);
        if n < batch.num_rows() {
            is_whole = false;
            break;
        }
    }
    Ok(ArrowTable { columns, n_rows, is_whole, pandas: pandas_of(schema) })
}

fn pandas_of(schema: &Schema) -> Option<String> {
    schema.metadata().get("pandas").cloned()
}

fn failed(format: &'static str, message: String) -> ReadError {
    let kind = if message.contains("not supported")
        || message.contains("NYI")
        || message.contains("not yet implemented")
    {
        ErrorKind::Unsupported(message)
    } else {
        ErrorKind::malformed("table", "a whole one", message)
    };
    ReadError::new(format, 0, kind)
}

/// A source as the Parquet reader wants it.
struct Bytes {
    source: Arc<dyn ByteSource>,
    /// What its pages may be; nothing while the directory is read.
    pages: Mutex<Pages>,
}

impl Bytes {
    fn new(source: Arc<dyn ByteSource>, pages: Pages) -> Self {
        Self { source, pages: Mutex::new(pages) }
    }

    fn pages(&self) -> MutexGuard<'_, Pages> {
        self.pages.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Length for Bytes {
    fn len(&self) -> u64 {
        self.source.len_bytes()
    }
}

impl ChunkReader for Bytes {
    type T = Owned;

    fn get_read(&self, start: u64) -> Result<Self::T, ParquetError> {
        self.pages().header(&*self.source, start)?;
        Ok(Owned { source: Arc::clone(&self.source), at: start })
    }

    fn get_bytes(&self, start: u64, length: usize) -> Result<bytes::Bytes, ParquetError> {
        let end = u64::try_from(length).ok().and_then(|length| start.checked_add(length));
        if end.is_none_or(|end| self.source.len_bytes() < end) {
            return Err(ParquetError::EOF(format!("{length} bytes at byte {start} are beyond the end")));
        }
        let mut buffer = vec![0; length];
        let n = read_up_to(&*self.source, start, &mut buffer)?;
        if n < length {
            return Err(ParquetError::EOF(format!("{length} bytes at byte {start} are beyond the end")));
        }
        self.pages().body(&buffer, start)?;
        Ok(buffer.into())
    }
}

/// Reads forward and keeps the source alive.
struct Owned {
    source: Arc<dyn ByteSource>,
    at: u64,
}

impl Read for Owned {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let n = self.source.read_at(self.at, buffer)?;
        self.at = self.at.saturating_add(u64::try_from(n).unwrap_or(u64::MAX));
        Ok(n)
    }
}

/// Reads forward through a borrowed source.
struct Forward<'a> {
    source: &'a dyn ByteSource,
    at: u64,
}

impl Read for Forward<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let n = self.source.read_at(self.at, buffer)?;
        self.at = self.at.saturating_add(u64::try_from(n).unwrap_or(u64::MAX));
        Ok(n)
    }
}
