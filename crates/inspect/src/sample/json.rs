//! JSON and JSON Lines as `pandas.read_json` reads them: its dtypes, its dates in columns with a date's name, and its way of
//! making numbers of texts.
//!
//! Besides, what MLflow's own servers take: `dataframe_split`, `dataframe_records`, `inputs`. What is no table is one
//! request, an object of JSON values.

use packwright_formats::table::Part;
use packwright_mlflow::frame::{Cell, Dtype, Frame, FrameColumn};
use packwright_mlflow::json::read_python;
use packwright_mlflow::schema::ColumnName;
use packwright_source::{ByteSource, ErrorKind, ReadError, read_up_to};
use serde_json::{Map, Value};

use super::{Sample, SampleData, SampleError, first_part_note, time};

const FORMAT: &str = "json";

pub(super) fn read(
    source: &dyn ByteSource,
    part: &Part,
    is_lines: bool,
    file: String,
) -> Result<Sample, SampleError> {
    let wanted = usize::try_from(source.len_bytes().min(part.bytes)).unwrap_or(usize::MAX);
    let mut bytes = vec![0; wanted];
    let n =
        read_up_to(source, 0, &mut bytes).map_err(|error| ReadError::new(FORMAT, 0, ErrorKind::Io(error)))?;
    bytes.truncate(n);
    let is_whole_file = u64::try_from(n).is_ok_and(|n| n == source.len_bytes());
    let text = text_of(&bytes, is_whole_file)?;
    let (value, mut is_whole) = if is_lines {
        lines(text, part, is_whole_file)?
    } else if is_whole_file {
        (parse(text)?, true)
    } else {
        (parse(&first_items(text)?)?, false)
    };
    let refuse = |reason: &str| SampleError::Empty { file: file.clone(), reason: reason.to_owned() };
    let (mut data, reader) = data_of(value, is_lines).map_err(|reason| refuse(&reason))?;
    if let SampleData::Frame(frame) = &mut data {
        if frame.n_rows == 0 || frame.columns.is_empty() {
            return Err(refuse("it holds no rows"));
        }
        if part.rows < frame.n_rows {
            frame.n_rows = part.rows;
            frame.columns.iter_mut().for_each(|column| column.cells.truncate(part.rows));
            is_whole = false;
        }
    }
    let mut notes = Vec::new();
    if let (SampleData::Frame(frame), false) = (&data, is_whole) {
        notes.push(first_part_note(frame.n_rows));
    }
    let format = if is_lines { "JSON Lines" } else { "JSON" };
    Ok(Sample { file_name: file, format, reader: reader.to_owned(), data, is_whole, notes })
}

fn text_of(bytes: &[u8], is_whole: bool) -> Result<&str, ReadError> {
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    match str::from_utf8(bytes) {
        Ok(text) => Ok(text),
        Err(error) if error.error_len().is_none() && !is_whole => {
            Ok(str::from_utf8(bytes.get(..error.valid_up_to()).unwrap_or_default()).unwrap_or_default())
        }
        Err(error) => {
            let at = u64::try_from(error.valid_up_to()).unwrap_or(u64::MAX);
            Err(ReadError::new(FORMAT, at, ErrorKind::malformed("text", "UTF-8", "other bytes")))
        }
    }
}

fn parse(text: &str) -> Result<Value, ReadError> {
    read_python(text).map(|(value, _)| value).map_err(|error| wrong(text, &error, 0))
}

/// Where serde stopped, as a byte of the file.
fn wrong(text: &str, error: &serde_json::Error, before: usize) -> ReadError {
    let lines = text.split_inclusive('\n').take(error.line().saturating_sub(1));
    let at = lines
        .map(str::len)
        .sum::<usize>()
        .saturating_add(error.column().saturating_sub(1))
        .saturating_add(before);
    let kind = ErrorKind::malformed("value", "JSON", error.to_string());
    ReadError::new(FORMAT, u64::try_from(at).unwrap_or(u64::MAX), kind)
}

fn lines(text: &str, part: &Part, is_whole_file: bool) -> Result<(Value, bool), ReadError> {
    let mut items = Vec::new();
    let mut at = 0_usize;
    for line in text.split_inclusive('\n') {
        // The part may end in the middle of its last line.
        let is_cut = !is_whole_file && !line.ends_with('\n');
        if part.rows <= items.len() || is_cut {
            return Ok((Value::Array(items), false));
        }
        if !line.trim().is_empty() {
            items.push(read_python(line).map_err(|error| wrong(line, &error, at))?.0);
        }
        at = at.saturating_add(line.len());
    }
    Ok((Value::Array(items), is_whole_file))
}

/// The whole items at the beginning of an array that is cut somewhere.
fn first_items(text: &str) -> Result<String, ReadError> {
    let (mut depth, mut is_quoted, mut is_escaped, mut end) = (0_usize, false, false, None);
    for (at, byte) in text.bytes().enumerate() {
        if is_quoted {
            match byte {
                _ if is_escaped => is_escaped = false,
                b'\\' => is_escaped = true,
                b'"' => is_quoted = false,
                _ => {}
            }
            continue;
        }
        match byte {
            b'"' => is_quoted = true,
            b'[' | b'{' => depth = depth.saturating_add(1),
            b']' | b'}' => {
                depth = depth.saturating_sub(1);
                if depth == 1 {
                    end = Some(at);
                }
            }
            _ => {}
        }
    }
    let is_array = text.trim_start().starts_with('[');
    let items = end.and_then(|end| text.get(..=end)).filter(|_| is_array);
    items.map(|items| format!("{items}]")).ok_or_else(|| {
        let what = "a large JSON file that is no array of rows; save it as JSON Lines".to_owned();
        ReadError::new(FORMAT, 0, ErrorKind::Unsupported(what))
    })
}

/// What the value is, and how Python reads it.
fn data_of(value: Value, is_lines: bool) -> Result<(SampleData, &'static str), String> {
    let reader = if is_lines { "pandas.read_json with lines=True" } else { "pandas.read_json" };
    let mut map = match value {
        Value::Array(items) => return Ok((SampleData::Frame(rows(items)?), reader)),
        Value::Object(map) => map,
        _ => return Err("it is a single value, and no table".to_owned()),
    };
    if let Some(split) = map.remove("dataframe_split") {
        return Ok((SampleData::Frame(split_frame(split)?), "MLflow's server reads dataframe_split"));
    }
    if let Some(Value::Array(items)) = map.remove("dataframe_records") {
        return Ok((SampleData::Frame(plain(rows_raw(items)?)), "MLflow's server reads dataframe_records"));
    }
    if map.contains_key("data") && map.keys().all(|key| matches!(key.as_str(), "columns" | "data" | "index"))
    {
        let frame = typed(split_raw(Value::Object(map))?);
        return Ok((SampleData::Frame(frame), "pandas.read_json with orient=\"split\""));
    }
    let lengths: Vec<Option<usize>> = map
        .values()
        .map(|value| match value {
            Value::Array(items) => Some(items.len()),
            Value::Object(cells) => Some(cells.len()),
            _ => None,
        })
        .collect();
    let is_table = !map.is_empty()
        && lengths.iter().all(|length| length.is_some() && *length == lengths.first().copied().flatten())
        && !map.contains_key("messages");
    if !is_table {
        let fields = map.iter().map(|(name, value)| (name.clone(), Cell::from_json(value)));
        return Ok((SampleData::Json(fields.collect()), "json.load"));
    }
    let columns = map.into_iter().map(|(name, value)| {
        let cells: Vec<Value> = match value {
            Value::Array(items) => items,
            Value::Object(cells) => cells.into_iter().map(|(_, cell)| cell).collect(),
            _ => Vec::new(),
        };
        (ColumnName::Text(name), cells)
    });
    Ok((SampleData::Frame(typed(columns.collect())), reader))
}

type Raw = Vec<(ColumnName, Vec<Value>)>;

fn rows(items: Vec<Value>) -> Result<Frame, String> {
    rows_raw(items).map(typed)
}

/// A list of records, or of rows without names.
fn rows_raw(items: Vec<Value>) -> Result<Raw, String> {
    if items.iter().all(Value::is_object) {
        let mut names: Vec<String> = Vec::new();
        for key in items.iter().filter_map(Value::as_object).flat_map(Map::keys) {
            if !names.contains(key) {
                names.push(key.clone());
            }
        }
        let cells =
            |name: &String| items.iter().map(|row| row.get(name).cloned().unwrap_or_default()).collect();
        return Ok(names.iter().map(|name| (ColumnName::Text(name.clone()), cells(name))).collect());
    }
    if items.iter().all(Value::is_array) {
        return Ok(unnamed(&items));
    }
    if items.iter().any(|item| item.is_object() || item.is_array()) {
        return Err("its rows are of more than one form: all are objects, or all are lists".to_owned());
    }
    Ok(vec![(ColumnName::Index(0), items)])
}

fn unnamed(rows: &[Value]) -> Raw {
    let rows: Vec<&Vec<Value>> = rows.iter().filter_map(Value::as_array).collect();
    let width = rows.iter().map(|row| row.len()).max().unwrap_or_default();
    let cells = |index: usize| rows.iter().map(|row| row.get(index).cloned().unwrap_or_default()).collect();
    (0..width)
        .map(|index| (ColumnName::Index(i64::try_from(index).unwrap_or(i64::MAX)), cells(index)))
        .collect()
}

fn split_raw(value: Value) -> Result<Raw, String> {
    let Value::Object(mut map) = value else { return Err("dataframe_split is no object".to_owned()) };
    let Some(Value::Array(rows)) = map.remove("data") else {
        return Err("it has no list \"data\"".to_owned());
    };
    let mut raw = unnamed(&rows);
    if let Some(Value::Array(names)) = map.remove("columns") {
        if names.len() < raw.len() {
            return Err("it has fewer column names than values in a row".to_owned());
        }
        for ((name, _), own) in raw.iter_mut().zip(names) {
            *name = match own {
                Value::String(text) => ColumnName::Text(text),
                Value::Number(number) => {
                    number.as_i64().map_or_else(|| ColumnName::Text(number.to_string()), ColumnName::Index)
                }
                other => ColumnName::Text(other.to_string()),
            };
        }
    }
    Ok(raw)
}

/// What `pandas.DataFrame` makes of the values, without the guesses of `read_json`.
fn split_frame(value: Value) -> Result<Frame, String> {
    split_raw(value).map(plain)
}

fn plain(raw: Raw) -> Frame {
    frame_of(raw, |_, cells| {
        let dtype = packwright_mlflow::enforce::dtype_of(&cells);
        (dtype, cells)
    })
}

fn typed(raw: Raw) -> Frame {
    frame_of(raw, converted)
}

fn frame_of(raw: Raw, dtype: impl Fn(&str, Vec<Cell>) -> (Dtype, Vec<Cell>)) -> Frame {
    let n_rows = raw.iter().map(|(_, cells)| cells.len()).max().unwrap_or_default();
    let column = |(name, values): (ColumnName, Vec<Value>)| {
        let cells = values.iter().map(Cell::from_json).collect();
        let (dtype, cells) = dtype(&name.to_string(), cells);
        let cells =
            if matches!(dtype, Dtype::Float(_)) { cells.into_iter().map(float).collect() } else { cells };
        FrameColumn { name, dtype, cells }
    };
    Frame { columns: raw.into_iter().map(column).collect(), n_rows }
}

fn float(cell: Cell) -> Cell {
    match cell {
        #[expect(
            clippy::cast_precision_loss,
            clippy::as_conversions,
            reason = "the very rounding that pandas does"
        )]
        Cell::Int(whole) => Cell::Float(whole as f64),
        other => other,
    }
}

/// `_try_convert_data` of pandas.
fn converted(name: &str, cells: Vec<Cell>) -> (Dtype, Vec<Cell>) {
    let dtype = packwright_mlflow::enforce::dtype_of(&cells);
    // Whole numbers beside missing ones are floats by now.
    let cells: Vec<Cell> =
        if matches!(dtype, Dtype::Float(_)) { cells.into_iter().map(float).collect() } else { cells };
    if is_date_name(name)
        && let Some(dates) = dates(&dtype, &cells)
    {
        return dates;
    }
    match dtype {
        Dtype::Object if cells.iter().all(|cell| *cell == Cell::Missing) => (Dtype::Float(64), cells),
        // What is all numbers becomes numbers: "007" is 7, and true beside a number or a missing value is 1.
        Dtype::Text | Dtype::Object => match cells.iter().map(number).collect::<Option<Vec<Cell>>>() {
            Some(numbers) => whole(numbers),
            None => (dtype, cells),
        },
        Dtype::Float(64) => whole(cells),
        dtype => (dtype, cells),
    }
}

/// The number that `astype("float64")` makes of a value; `None` where it refuses.
fn number(cell: &Cell) -> Option<Cell> {
    match cell {
        Cell::Missing => Some(Cell::Missing),
        Cell::Bool(value) => Some(Cell::Float(f64::from(u8::from(*value)))),
        Cell::Int(_) | Cell::Float(_) => Some(float(cell.clone())),
        Cell::Text(text) => {
            let number = text.trim().parse::<f64>().ok();
            number.map(|number| if number.is_nan() { Cell::Missing } else { Cell::Float(number) })
        }
        _ => None,
    }
}

/// Numbers that are all whole become `int64`.
fn whole(cells: Vec<Cell>) -> (Dtype, Vec<Cell>) {
    #[expect(clippy::cast_possible_truncation, clippy::as_conversions, reason = "whole, and below 2^63")]
    let int = |cell: &Cell| match cell {
        Cell::Int(value) => Some(Cell::Int(*value)),
        Cell::Float(value) if value.fract() == 0.0 && value.abs() < 9.2e18 => Some(Cell::Int(*value as i128)),
        _ => None,
    };
    match cells.iter().map(int).collect::<Option<Vec<Cell>>>() {
        Some(ints) => (Dtype::Int(64), ints),
        None => (Dtype::Float(64), cells),
    }
}

/// Whether pandas looks for dates in a column of this name.
fn is_date_name(name: &str) -> bool {
    let lower = name.to_lowercase();
    ["_at", "_time"].iter().any(|ending| lower.ends_with(ending))
        || lower == "modified"
        || lower == "date"
        || lower.starts_with("timestamp")
}

/// Dates from texts in ISO 8601, or from counts since 1970.
fn dates(dtype: &Dtype, cells: &[Cell]) -> Option<(Dtype, Vec<Cell>)> {
    match dtype {
        Dtype::Text => {
            let mut has_zone = false;
            let mut date = |cell: &Cell| match cell {
                Cell::Text(text) => {
                    let (iso, is_zoned) = time::normalized(text)?;
                    has_zone |= is_zoned;
                    Some(Cell::Time { iso, is_date: false })
                }
                _ => Some(Cell::Missing),
            };
            let cells = cells.iter().map(&mut date).collect::<Option<Vec<Cell>>>()?;
            let zone = has_zone.then(|| "UTC".to_owned());
            Some((Dtype::Datetime { unit: "us", zone }, cells))
        }
        Dtype::Int(64) | Dtype::Float(64) => {
            let count = |cell: &Cell| match cell {
                Cell::Int(value) => Some(*value),
                #[expect(
                    clippy::cast_possible_truncation,
                    clippy::as_conversions,
                    reason = "a time to the nanosecond"
                )]
                Cell::Float(value) => Some(*value as i128),
                _ => None,
            };
            let counts: Vec<Option<i128>> = cells.iter().map(count).collect();
            // Smaller numbers are no dates to pandas: it begins a year after 1970.
            if counts.iter().flatten().any(|value| *value <= 31_536_000) {
                return None;
            }
            let scale = [1_000_000_000, 1_000_000, 1_000, 1].into_iter().find(|scale| {
                counts.iter().flatten().all(|value| i64::try_from(value.saturating_mul(*scale)).is_ok())
            })?;
            let cell = |value: &Option<i128>| match value {
                Some(value) => {
                    let iso = time::timestamp(value.saturating_mul(scale), None)?;
                    Some(Cell::Time { iso, is_date: false })
                }
                None => Some(Cell::Missing),
            };
            let cells = counts.iter().map(cell).collect::<Option<Vec<Cell>>>()?;
            let unit = if scale == 1 { "ns" } else { "us" };
            Some((Dtype::Datetime { unit, zone: None }, cells))
        }
        // Nothing at all is a column of dates that are missing.
        Dtype::Object if cells.iter().all(|cell| *cell == Cell::Missing) => {
            Some((Dtype::Datetime { unit: "s", zone: None }, cells.to_vec()))
        }
        _ => None,
    }
}
