//! CSV and TSV as `pandas.read_csv` reads them.

use std::collections::BTreeMap;

use packwright_formats::csv::{TextTable, read as read_table};
use packwright_formats::table::Part;
use packwright_mlflow::frame::{Frame, FrameColumn};
use packwright_mlflow::schema::ColumnName;
use packwright_source::ByteSource;

use super::csv_column::typed;
use super::{Sample, SampleData, SampleError, first_part_note};

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
        let words: Vec<&str> = rows.iter().map(|row| row.get(at).map_or("", String::as_str)).collect();
        let (dtype, cells) = typed(&words);
        FrameColumn { name: ColumnName::Text(name), dtype, cells }
    };
    let columns = names.into_iter().enumerate().map(column).collect();
    Ok((Frame { columns, n_rows: rows.len() }, notes))
}

/// `a, a` becomes `a, a.1`, and a column without a name `Unnamed: 2`: the loop of pandas' header, which gives names that were
/// written before those that were not.
fn unique_names(header: &[String]) -> Vec<String> {
    let is_unnamed = |index: &usize| header.get(*index).is_some_and(String::is_empty);
    let filled = header.iter().enumerate();
    let mut names: Vec<String> = filled
        .map(|(index, name)| if name.is_empty() { format!("Unnamed: {index}") } else { name.clone() })
        .collect();
    let (last, first): (Vec<usize>, Vec<usize>) = (0..names.len()).partition(is_unnamed);
    // How often each name stands in the header by now, the names not given yet included.
    let mut standing: BTreeMap<String, usize> = BTreeMap::new();
    for name in &names {
        let count = standing.entry(name.clone()).or_default();
        *count = count.saturating_add(1);
    }
    let mut counts: BTreeMap<String, usize> = BTreeMap::new();
    for index in first.into_iter().chain(last) {
        let Some(slot) = names.get_mut(index) else { continue };
        let wanted = slot.clone();
        let mut name = wanted.clone();
        let mut count = counts.get(&name).copied().unwrap_or_default();
        while 0 < count {
            counts.insert(wanted.clone(), count.saturating_add(1));
            name = format!("{wanted}.{count}");
            count = if standing.get(&name).is_some_and(|n| 0 < *n) {
                count.saturating_add(1)
            } else {
                counts.get(&name).copied().unwrap_or_default()
            };
        }
        if let Some(count) = standing.get_mut(&wanted) {
            *count = count.saturating_sub(1);
        }
        let count = standing.entry(name.clone()).or_default();
        *count = count.saturating_add(1);
        counts.insert(name.clone(), 1);
        *slot = name;
    }
    names
}
