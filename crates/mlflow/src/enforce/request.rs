//! A request of JSON against columns: pandas' `astype` first, MLflow's rules after it.

use serde_json::Value;

use super::{Effect, Violation, dtype_of, label, lacking, nested};
use crate::frame::{Cell, Dtype};
use crate::schema::{ColSpec, ColumnType, DataType};

/// What does not pass, or passes as something else, when rows are sent as `dataframe_split`. `names` is empty for rows
/// without column names.
pub fn request(columns: &[ColSpec], names: &[String], rows: &[Vec<Value>]) -> Vec<Violation> {
    let mut found = Vec::new();
    for (index, spec) in columns.iter().enumerate() {
        let name = label(spec, index);
        let at = match &spec.name {
            Some(_) => names.iter().position(|own| *own == name),
            None => Some(index).filter(|index| rows.first().is_some_and(|row| *index < row.len())),
        };
        let Some(at) = at else {
            if spec.required {
                found.push(lacking(&name));
            }
            continue;
        };
        let cells: Vec<Cell> =
            rows.iter().map(|row| row.get(at).map_or(Cell::Missing, Cell::from_json)).collect();
        let mut add = |row: Option<usize>, effect, rule, text: String| {
            found.push(Violation { row, column: name.clone(), effect, rule, text });
        };
        match &spec.ty {
            ColumnType::Any => {}
            ColumnType::Scalar(ty) => scalar(&cells, *ty, &mut add),
            ty => {
                for (row, cell) in cells.iter().enumerate() {
                    if let Some(text) = nested::refusal(cell, ty, spec.required) {
                        add(Some(row), Effect::Refused, "wrong-type", text);
                    } else if nested::is_float_list(cell, ty) {
                        let text = "MLflow refuses every list of float in a request, and takes one of double"
                            .to_owned();
                        add(Some(row), Effect::Refused, "float-list", text);
                    }
                }
            }
        }
    }
    found
}

fn scalar(cells: &[Cell], ty: DataType, add: &mut dyn FnMut(Option<usize>, Effect, &'static str, String)) {
    let dtype = dtype_of(cells);
    let mut shape: Option<String> = None;
    for (row, cell) in cells.iter().enumerate() {
        let judged = match ty {
            DataType::Boolean => boolean(cell, &dtype),
            DataType::Integer => integer(cell, i128::from(i32::MIN)..=i128::from(i32::MAX), "integer"),
            DataType::Long => integer(cell, i128::from(i64::MIN)..=i128::from(i64::MAX), "long"),
            DataType::Float | DataType::Double => float(cell, ty.name()),
            DataType::String => string(cell),
            DataType::Binary => binary(cell),
            DataType::Datetime => datetime(cell, &mut shape),
        };
        if let Some((effect, rule, text)) = judged {
            add(Some(row), effect, rule, text);
        }
    }
}

type Judged = Option<(Effect, &'static str, String)>;

#[expect(clippy::unnecessary_wraps, reason = "every judgement is an option")]
fn refused(rule: &'static str, text: impl Into<String>) -> Judged {
    Some((Effect::Refused, rule, text.into()))
}

#[expect(clippy::unnecessary_wraps, reason = "every judgement is an option")]
fn changed(text: impl Into<String>) -> Judged {
    Some((Effect::Changed, "changed", text.into()))
}

fn not_one(cell: &Cell, name: &str) -> Judged {
    match cell {
        Cell::List(_) | Cell::Record(_) | Cell::Array(..) => {
            refused("wrong-type", format!("a single {name} is expected, and this is a list or a record"))
        }
        _ => refused("wrong-type", format!("this is no {name}")),
    }
}

fn boolean(cell: &Cell, dtype: &Dtype) -> Judged {
    match cell {
        Cell::Bool(_) => None,
        // NaN counts as true in a column of numbers; None as false.
        Cell::Missing if matches!(dtype, Dtype::Float(_)) => changed("a missing value becomes true here"),
        Cell::Missing => changed("a missing value becomes false"),
        Cell::Int(value) => changed(format!("{value} becomes {}", *value != 0)),
        Cell::Float(value) => changed(format!("{value} becomes {}", *value != 0.0)),
        Cell::Text(text) => changed(format!("the text becomes {}, whatever it says", !text.is_empty())),
        Cell::List(items) => changed(format!("the list becomes {}", !items.is_empty())),
        Cell::Record(fields) => changed(format!("the record becomes {}", !fields.is_empty())),
        other => not_one(other, "boolean"),
    }
}

fn integer(cell: &Cell, range: std::ops::RangeInclusive<i128>, name: &str) -> Judged {
    match cell {
        Cell::Int(value) if range.contains(value) => None,
        Cell::Int(value) if i64::try_from(*value).is_ok() => {
            changed(format!("{value} is beyond {name} and becomes another number"))
        }
        Cell::Int(value) if u64::try_from(*value).is_ok() => {
            changed(format!("{value} is beyond {name} and becomes another number"))
        }
        Cell::Int(value) => refused("out-of-range", format!("{value} is beyond {name}")),
        Cell::Float(value) if value.fract() == 0.0 => None,
        Cell::Float(value) => changed(format!("{value} is cut to {}", value.trunc())),
        Cell::Bool(value) => changed(format!("{value} becomes {}", u8::from(*value))),
        Cell::Text(text) => match text.trim().parse::<i128>() {
            Ok(value) if range.contains(&value) => None,
            _ => not_one(cell, name),
        },
        Cell::Missing => {
            refused("missing-value", format!("{name} takes no missing value, not even in an optional column"))
        }
        other => not_one(other, name),
    }
}

fn float(cell: &Cell, name: &str) -> Judged {
    match cell {
        Cell::Int(_) | Cell::Float(_) | Cell::Bool(_) | Cell::Missing => None,
        Cell::Text(text) if text.trim().parse::<f64>().is_ok() => None,
        other => not_one(other, name),
    }
}

fn string(cell: &Cell) -> Judged {
    match cell {
        Cell::Text(_) | Cell::Missing => None,
        Cell::Int(_) | Cell::Float(_) => Some((
            Effect::Changed,
            "not-text",
            "it reaches the model as the number that it is, not as text".to_owned(),
        )),
        Cell::Bool(_) => Some((
            Effect::Changed,
            "not-text",
            "it reaches the model as true or false, not as text".to_owned(),
        )),
        _ => Some((Effect::Changed, "not-text", "it reaches the model as it is, not as text".to_owned())),
    }
}

fn binary(cell: &Cell) -> Judged {
    let Cell::Text(text) = cell else {
        return match cell {
            Cell::Missing => refused("missing-value", "binary takes no missing value"),
            other => not_one(other, "binary, which is base64 in JSON"),
        };
    };
    let is_letter = |c: &char| c.is_ascii_alphanumeric() || matches!(c, '+' | '/');
    let n_letters = text.chars().take_while(|c| *c != '=').filter(is_letter).count();
    let n_padding = text.chars().filter(|c| *c == '=').count();
    let is_complete = match n_letters % 4 {
        0 => true,
        1 => false,
        rest => 4 - rest <= n_padding,
    };
    if is_complete { None } else { refused("wrong-type", "this is no base64") }
}

fn datetime(cell: &Cell, shape: &mut Option<String>) -> Judged {
    match cell {
        Cell::Missing => None,
        Cell::Int(value) if i64::try_from(*value).is_err() => {
            refused("out-of-range", format!("{value} is beyond all dates"))
        }
        Cell::Int(_) | Cell::Float(_) => changed("a number is taken for nanoseconds since 1970"),
        Cell::Text(text) => {
            let Some(own) = iso_shape(text) else {
                return refused("wrong-type", "this is no date in ISO 8601: 2024-01-02T03:04:05");
            };
            if own.ends_with('Z') || own.contains('+') {
                return refused("time-zone", "MLflow refuses times with a time zone");
            }
            match shape {
                Some(first) if *first != own => refused(
                    "mixed-formats",
                    "all dates of a column are written in one way, and this one differs from the first",
                ),
                Some(_) => None,
                None => {
                    *shape = Some(own);
                    None
                }
            }
        }
        other => not_one(other, "date"),
    }
}

/// How a date is written: `dddd-dd-ddTdd:dd:dd`, `Z` or `+` at its end for a time zone; `None` when it is none.
fn iso_shape(text: &str) -> Option<String> {
    let text = text.trim();
    let (date, time) = match text.split_once(['T', ' ']) {
        Some((date, time)) => (date, Some(time)),
        None => (text, None),
    };
    let parts: Vec<&str> = date.split('-').collect();
    let [year, month, day] = parts.as_slice() else { return None };
    let in_range = |part: &str, len: usize, range: std::ops::RangeInclusive<u32>| {
        part.len() == len && part.parse::<u32>().is_ok_and(|value| range.contains(&value))
    };
    if !in_range(year, 4, 1..=9999) || !in_range(month, 2, 1..=12) || !in_range(day, 2, 1..=31) {
        return None;
    }
    let Some(time) = time else { return Some("date".to_owned()) };
    let (clock, zone) = match time.find(['Z', '+', '-']) {
        Some(at) => (time.get(..at)?, if time.get(at..)? == "Z" { "Z" } else { "+" }),
        None => (time, ""),
    };
    let (clock, fraction) =
        clock.split_once('.').map_or((clock, None), |(clock, fraction)| (clock, Some(fraction)));
    let fields: Vec<&str> = clock.split(':').collect();
    let is_clock = (2..=3).contains(&fields.len())
        && fields
            .iter()
            .enumerate()
            .all(|(index, field)| in_range(field, 2, if index == 0 { 0..=23 } else { 0..=59 }));
    let is_fraction = |digits: &str| !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
    if !is_clock || fraction.is_some_and(|digits| !is_fraction(digits)) {
        return None;
    }
    let separator = text.get(date.len()..)?.chars().next()?;
    let fraction = if fraction.is_some() { "." } else { "" };
    Some(format!("{separator}{}{fraction}{zone}", fields.len()))
}
