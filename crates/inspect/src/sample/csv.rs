//! CSV and TSV as `pandas.read_csv` reads them.

use std::collections::BTreeSet;

use packwright_formats::csv::{TextTable, read as read_table};
use packwright_formats::table::Part;
use packwright_mlflow::frame::{Cell, Dtype, Frame, FrameColumn};
use packwright_mlflow::schema::ColumnName;
use packwright_source::ByteSource;

use super::{Sample, SampleData, SampleError, first_part_note};

/// What pandas takes for a missing value (`pandas._libs.parsers.STR_NA_VALUES`).
const MISSING: [&str; 19] = [
    "", "#N/A", "#N/A N/A", "#NA", "-1.#IND", "-1.#QNAN", "-NaN", "-nan", "1.#IND", "1.#QNAN", "<NA>", "N/A",
    "NA", "NULL", "NaN", "None", "n/a", "nan", "null",
];

pub(super) fn read(
    source: &dyn ByteSource,
    separator: Option<u8>,
    part: &Part,
    file: String,
) -> Result<Sample, SampleError> {
    let table = read_table(source, separator, part)?;
    let refuse = |reason: String| SampleError::Empty { file: file.clone(), reason };
    let (frame, mut notes) = frame_of(&table).map_err(refuse)?;
    if !table.is_whole {
        notes.push(first_part_note(frame.n_rows));
    }
    let (format, reader) = match table.separator {
        ',' => ("CSV", "pandas.read_csv".to_owned()),
        '\t' => ("TSV", "pandas.read_csv with sep=\"\\t\"".to_owned()),
        other => ("CSV", format!("pandas.read_csv with sep=\"{other}\"")),
    };
    Ok(Sample {
        file_name: file,
        format,
        reader,
        data: SampleData::Frame(frame),
        is_whole: table.is_whole,
        notes,
    })
}

fn frame_of(table: &TextTable) -> Result<(Frame, Vec<String>), String> {
    let mut records = table.records.iter();
    let header = records.next().ok_or("the file holds no columns")?;
    let rows: Vec<&Vec<String>> = records.collect();
    let first = rows.first().ok_or("the file holds a header and no rows, so that no column has a type")?;
    let mut notes = Vec::new();
    // More fields than names: pandas takes the first ones for the index, which is no column.
    let n_index = first.len().saturating_sub(header.len());
    if 0 < n_index {
        notes.push(format!(
            "The rows have {n_index} more fields than the header: pandas takes the first of them for the index, and they \
             are left out here."
        ));
    }
    let width = header.len().saturating_add(n_index);
    if let Some((index, row)) = rows.iter().enumerate().find(|(_, row)| width < row.len()) {
        let line = index.saturating_add(2);
        return Err(format!(
            "row {line} has {} fields, and {width} are expected, so pandas refuses the file",
            row.len()
        ));
    }
    let names = unique_names(header);
    if names.iter().all(|name| name.parse::<f64>().is_ok()) {
        notes.push(
            "The first row is taken for the header, as pandas does, and it holds only numbers.".to_owned(),
        );
    }
    let column = |(index, name): (usize, String)| {
        let at = index.saturating_add(n_index);
        let fields: Vec<Option<&str>> = rows.iter().map(|row| known(row.get(at))).collect();
        let (dtype, cells) = typed(&fields);
        FrameColumn { name: ColumnName::Text(name), dtype, cells }
    };
    let columns = names.into_iter().enumerate().map(column).collect();
    Ok((Frame { columns, n_rows: rows.len() }, notes))
}

fn known(field: Option<&String>) -> Option<&str> {
    field.map(String::as_str).filter(|text| !MISSING.contains(text))
}

/// `a, a` becomes `a, a.1`, and a column without a name `Unnamed: 2`.
fn unique_names(header: &[String]) -> Vec<String> {
    let filled = header.iter().enumerate();
    let filled: Vec<String> = filled
        .map(|(index, name)| if name.is_empty() { format!("Unnamed: {index}") } else { name.clone() })
        .collect();
    let original: BTreeSet<&String> = filled.iter().collect();
    let mut used: BTreeSet<String> = BTreeSet::new();
    let mut names = Vec::new();
    for name in &filled {
        let mut wanted = name.clone();
        let mut n = 0_usize;
        while used.contains(&wanted) || 0 < n && original.contains(&wanted) {
            n = n.saturating_add(1);
            wanted = format!("{name}.{n}");
        }
        used.insert(wanted.clone());
        names.push(wanted);
    }
    names
}

/// The dtype that pandas finds for a column, and its values. It tries whole numbers, numbers, booleans, then text.
fn typed(fields: &[Option<&str>]) -> (Dtype, Vec<Cell>) {
    let has_missing = fields.contains(&None);
    let known = || fields.iter().flatten().copied();
    if known().next().is_none() {
        return (Dtype::Float(64), vec![Cell::Missing; fields.len()]);
    }
    let fill = |cell: &dyn Fn(&str) -> Cell| -> Vec<Cell> {
        fields.iter().map(|field| field.map_or(Cell::Missing, cell)).collect()
    };
    if known().all(|field| whole_digits(field).is_some()) {
        return integers(fields, has_missing);
    }
    // A whole number beyond 64 bits among other numbers: pandas gives up and keeps the words.
    let is_beyond = |field: &str| {
        whole_digits(field).is_some_and(|digits| {
            digits
                .parse::<i128>()
                .map_or(true, |value| value < i128::from(i64::MIN) || i128::from(u64::MAX) < value)
        })
    };
    if known().all(|field| number(field).is_some()) && known().any(is_beyond) {
        return (Dtype::Text, fill(&|field| Cell::Text(field.to_owned())));
    }
    if known().all(|field| number(field).is_some()) {
        let cell = |field: &str| number(field).map_or(Cell::Missing, Cell::Float);
        return (Dtype::Float(64), fill(&cell));
    }
    if known().all(|field| boolean(field).is_some()) {
        let dtype = if has_missing { Dtype::Object } else { Dtype::Bool };
        return (dtype, fill(&|field| boolean(field).map_or(Cell::Missing, Cell::Bool)));
    }
    (Dtype::Text, fill(&|field| Cell::Text(field.to_owned())))
}

/// Whole numbers: `int64`, `uint64` beyond that, Python's own beyond that, and text where none of these can be.
fn integers(fields: &[Option<&str>], has_missing: bool) -> (Dtype, Vec<Cell>) {
    let value = |field: &str| whole_digits(field).and_then(|digits| digits.parse::<i128>().ok());
    let values: Vec<Option<Option<i128>>> = fields.iter().map(|field| field.map(value)).collect();
    let all = |test: &dyn Fn(i128) -> bool| values.iter().flatten().all(|value| value.is_some_and(test));
    let ints = || -> Vec<Cell> {
        values.iter().map(|value| value.flatten().map_or(Cell::Missing, Cell::Int)).collect()
    };
    if all(&|value| i64::try_from(value).is_ok()) {
        if !has_missing {
            return (Dtype::Int(64), ints());
        }
        #[expect(
            clippy::cast_precision_loss,
            clippy::as_conversions,
            reason = "the very rounding that pandas does"
        )]
        let float = |value: &Option<Option<i128>>| {
            value.flatten().map_or(Cell::Missing, |value| Cell::Float(value as f64))
        };
        return (Dtype::Float(64), values.iter().map(float).collect());
    }
    let fits_u64 = all(&|value| i128::from(i64::MIN) <= value && value <= i128::from(u64::MAX));
    if fits_u64 && !has_missing && all(&|value| 0 <= value) {
        return (Dtype::Uint(64), ints());
    }
    if fits_u64 || !all(&|_| true) {
        // Neither fits, and pandas keeps the words as they stand, a missing one as an empty text.
        let cell = |field: Option<&str>| Cell::Text(field.unwrap_or_default().to_owned());
        return (Dtype::Text, fields.iter().copied().map(cell).collect());
    }
    (Dtype::Object, ints())
}

/// The digits of a whole number with its sign, where the field is one.
fn whole_digits(field: &str) -> Option<&str> {
    let field = field.trim_matches(is_space);
    let digits = field.strip_prefix(['+', '-']).unwrap_or(field);
    let is_whole = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
    is_whole.then_some(field)
}

/// A number as pandas' parser takes it: digits, a point, an exponent; `inf` and `infinity` in any case.
fn number(field: &str) -> Option<f64> {
    let field = field.trim_matches(is_space);
    let unsigned = field.strip_prefix(['+', '-']).unwrap_or(field);
    if ["inf", "infinity"].iter().any(|word| unsigned.eq_ignore_ascii_case(word)) {
        return Some(if field.starts_with('-') { f64::NEG_INFINITY } else { f64::INFINITY });
    }
    let is_number = unsigned
        .bytes()
        .all(|byte| byte.is_ascii_digit() || matches!(byte, b'.' | b'e' | b'E' | b'+' | b'-'))
        && unsigned.bytes().any(|byte| byte.is_ascii_digit());
    if is_number { field.parse().ok() } else { None }
}

fn boolean(field: &str) -> Option<bool> {
    if field.eq_ignore_ascii_case("true") {
        Some(true)
    } else if field.eq_ignore_ascii_case("false") {
        Some(false)
    } else {
        None
    }
}

/// What C's `isspace` takes for space.
fn is_space(c: char) -> bool {
    matches!(c, ' ' | '\t' | '\n' | '\r' | '\x0b' | '\x0c')
}
