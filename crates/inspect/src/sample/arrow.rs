//! Parquet and Arrow as `pandas.read_parquet` and `pandas.read_feather` read them, with what pandas noted of its own
//! dtypes when it wrote the file.

use std::sync::Arc;

use packwright_formats::arrow::{ArrowColumn, ArrowTable, Kind, Value, read_ipc, read_parquet};
use packwright_formats::table::Part;
use packwright_mlflow::frame::{Cell, Dtype, Frame, FrameColumn};
use packwright_mlflow::schema::ColumnName;
use packwright_source::ByteSource;

use super::{Sample, SampleData, SampleError, first_part_note, time};

pub(super) fn parquet(source: Arc<dyn ByteSource>, part: &Part, file: String) -> Result<Sample, SampleError> {
    sample(read_parquet(source, part)?, "Parquet", "pandas.read_parquet", file)
}

pub(super) fn ipc(source: &dyn ByteSource, part: &Part, file: String) -> Result<Sample, SampleError> {
    sample(read_ipc(source, part)?, "Arrow", "pandas.read_feather", file)
}

fn sample(
    table: ArrowTable,
    format: &'static str,
    reader: &str,
    file: String,
) -> Result<Sample, SampleError> {
    if table.n_rows == 0 {
        return Err(SampleError::Empty { file, reason: "the table holds no rows".to_owned() });
    }
    let noted = Noted::read(table.pandas.as_deref());
    let mut notes = Vec::new();
    let mut columns = Vec::new();
    for column in table.columns {
        if noted.is_index(&column.name) {
            notes.push(format!("{} is the index of the table, and no column.", column.name));
            continue;
        }
        columns.push(frame_column(column, &noted));
    }
    if !table.is_whole {
        notes.push(first_part_note(table.n_rows));
    }
    Ok(Sample {
        file_name: file,
        format,
        reader: reader.to_owned(),
        data: SampleData::Frame(Frame { columns, n_rows: table.n_rows }),
        is_whole: table.is_whole,
        notes,
    })
}

/// What pandas noted when it wrote the file (its `pandas` metadata).
struct Noted {
    index: Vec<String>,
    /// The name in the file, and the dtype that the column had.
    dtypes: Vec<(String, String)>,
}

impl Noted {
    fn read(text: Option<&str>) -> Self {
        let json: serde_json::Value =
            text.and_then(|text| serde_json::from_str(text).ok()).unwrap_or_default();
        let list =
            |key: &str| json.get(key).and_then(serde_json::Value::as_array).cloned().unwrap_or_default();
        let text = |value: &serde_json::Value, key: &str| {
            value.get(key).and_then(serde_json::Value::as_str).map(str::to_owned)
        };
        let index =
            list("index_columns").iter().filter_map(|name| name.as_str().map(str::to_owned)).collect();
        let columns = list("columns");
        let dtypes = columns.iter().filter_map(|column| {
            let name = text(column, "field_name").or_else(|| text(column, "name"))?;
            Some((name, text(column, "numpy_type")?))
        });
        Self { index, dtypes: dtypes.collect() }
    }

    fn is_index(&self, name: &str) -> bool {
        self.index.iter().any(|index| index == name)
    }

    fn dtype(&self, name: &str) -> Option<&str> {
        self.dtypes.iter().find(|(known, _)| known == name).map(|(_, dtype)| dtype.as_str())
    }
}

fn frame_column(column: ArrowColumn, noted: &Noted) -> FrameColumn {
    let has_null = column.values.contains(&Value::Null);
    let dtype =
        nullable(noted.dtype(&column.name), &column.kind).unwrap_or_else(|| dtype_of(&column.kind, has_null));
    let is_float = matches!(dtype, Dtype::Float(_));
    let cell = |value: Value| match cell(value, &column.kind) {
        #[expect(
            clippy::cast_precision_loss,
            clippy::as_conversions,
            reason = "the very rounding that pandas does"
        )]
        Cell::Int(whole) if is_float => Cell::Float(whole as f64),
        cell => cell,
    };
    let cells = column.values.into_iter().map(cell).collect();
    FrameColumn { name: ColumnName::Text(column.name), dtype, cells }
}

/// The extension dtypes of pandas, which keep whole numbers and booleans whole where some are missing.
fn nullable(noted: Option<&str>, kind: &Kind) -> Option<Dtype> {
    let noted = noted?;
    let bits = |prefix: &str| noted.strip_prefix(prefix).and_then(|bits| bits.parse::<u8>().ok());
    match kind {
        Kind::Bool if noted == "boolean" => Some(Dtype::NullableBool),
        Kind::Int(_) => bits("Int").map(Dtype::NullableInt),
        Kind::Uint(_) => bits("UInt").map(Dtype::NullableUint),
        Kind::Float(_) => bits("Float").map(Dtype::NullableFloat),
        _ => None,
    }
}

fn dtype_of(kind: &Kind, has_null: bool) -> Dtype {
    match kind {
        Kind::Bool if has_null => Dtype::Object,
        Kind::Bool => Dtype::Bool,
        Kind::Int(_) | Kind::Uint(_) if has_null => Dtype::Float(64),
        Kind::Int(bits) => Dtype::Int(*bits),
        Kind::Uint(bits) => Dtype::Uint(*bits),
        Kind::Float(bits) => Dtype::Float(*bits),
        Kind::Text => Dtype::Text,
        Kind::Timestamp { unit, zone } => Dtype::Datetime { unit, zone: zone.clone() },
        Kind::Dictionary(_) => Dtype::Category,
        Kind::Other(name) if name.starts_with("Duration") => Dtype::Other("timedelta64".to_owned()),
        Kind::Null | Kind::Bytes | Kind::Date | Kind::List(_) | Kind::Record | Kind::Other(_) => {
            Dtype::Object
        }
    }
}

fn cell(value: Value, kind: &Kind) -> Cell {
    match value {
        Value::Null => Cell::Missing,
        Value::Bool(value) => Cell::Bool(value),
        Value::Int(value) => Cell::Int(value),
        Value::Float(value) => Cell::Float(value),
        Value::Text(text) => Cell::Text(text),
        Value::Bytes(bytes) => Cell::Bytes(bytes),
        Value::Date(days) => moment(time::date(days), true, &days),
        Value::Time(nanos) => {
            let zone = match kind {
                Kind::Timestamp { zone, .. } => zone.as_deref(),
                _ => None,
            };
            moment(time::timestamp(nanos, zone), false, &nanos)
        }
        Value::List(items) => {
            let inner = match kind {
                Kind::List(inner) => (**inner).clone(),
                _ => Kind::Null,
            };
            let has_null = items.contains(&Value::Null);
            let dtype = match dtype_of(&inner, has_null) {
                Dtype::Text | Dtype::Category => Dtype::Object,
                dtype => dtype,
            };
            Cell::Array(dtype, items.into_iter().map(|item| cell(item, &inner)).collect())
        }
        // Inside of a record pyarrow gives Python's own values.
        Value::Record(fields) => {
            Cell::Record(fields.into_iter().map(|(name, value)| (name, plain(value))).collect())
        }
        Value::Other(text) => Cell::Other(text),
    }
}

/// A date or time; one beyond the calendar as its count since 1970.
fn moment(iso: Option<String>, is_date: bool, count: &dyn std::fmt::Display) -> Cell {
    iso.map_or_else(|| Cell::Other(count.to_string()), |iso| Cell::Time { iso, is_date })
}

fn plain(value: Value) -> Cell {
    match value {
        Value::List(items) => Cell::List(items.into_iter().map(plain).collect()),
        Value::Record(fields) => {
            Cell::Record(fields.into_iter().map(|(name, value)| (name, plain(value))).collect())
        }
        other => cell(other, &Kind::Null),
    }
}
