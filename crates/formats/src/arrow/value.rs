//! Arrow's values and types as the rest of the program knows them.

use arrow_array::cast::AsArray as _;
use arrow_array::types::{
    Date32Type, Date64Type, Decimal32Type, Decimal64Type, Decimal128Type, Decimal256Type,
    DurationMicrosecondType, DurationMillisecondType, DurationNanosecondType, DurationSecondType,
    Float16Type, Float32Type, Float64Type, Int8Type, Int16Type, Int32Type, Int64Type, Time32MillisecondType,
    Time32SecondType, Time64MicrosecondType, Time64NanosecondType, TimestampMicrosecondType,
    TimestampMillisecondType, TimestampNanosecondType, TimestampSecondType, UInt8Type, UInt16Type,
    UInt32Type, UInt64Type,
};
use arrow_array::{Array as _, ArrayRef};
use arrow_schema::{DataType, TimeUnit};

/// What the values of a column are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Kind {
    /// No values at all.
    Null,
    /// Booleans.
    Bool,
    /// Whole numbers with a sign, by bits.
    Int(u8),
    /// Whole numbers without, by bits.
    Uint(u8),
    /// Numbers, by bits.
    Float(u8),
    /// Texts.
    Text,
    /// Bytes.
    Bytes,
    /// Days.
    Date,
    /// Points in time.
    Timestamp {
        /// `s`, `ms`, `us`, `ns`.
        unit: &'static str,
        /// The time zone, if there is one.
        zone: Option<String>,
    },
    /// Lists of such.
    List(Box<Kind>),
    /// Records.
    Record,
    /// Categories, by what they are.
    Dictionary(Box<Kind>),
    /// Anything else, by Arrow's name.
    Other(String),
}

/// One value.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    /// None.
    Null,
    /// A boolean.
    Bool(bool),
    /// A whole number.
    Int(i128),
    /// A number.
    Float(f64),
    /// A text.
    Text(String),
    /// Bytes.
    Bytes(Vec<u8>),
    /// Days since 1970.
    Date(i64),
    /// Nanoseconds since 1970, in UTC.
    Time(i128),
    /// A list.
    List(Vec<Value>),
    /// A record.
    Record(Vec<(String, Value)>),
    /// A value of another type, as its text; where there is none, Arrow's name of the type in angle brackets.
    Other(String),
}

/// What the values of an Arrow type are.
pub(super) fn kind_of(ty: &DataType) -> Kind {
    match ty {
        DataType::Null => Kind::Null,
        DataType::Boolean => Kind::Bool,
        DataType::Int8 => Kind::Int(8),
        DataType::Int16 => Kind::Int(16),
        DataType::Int32 => Kind::Int(32),
        DataType::Int64 => Kind::Int(64),
        DataType::UInt8 => Kind::Uint(8),
        DataType::UInt16 => Kind::Uint(16),
        DataType::UInt32 => Kind::Uint(32),
        DataType::UInt64 => Kind::Uint(64),
        DataType::Float16 => Kind::Float(16),
        DataType::Float32 => Kind::Float(32),
        DataType::Float64 => Kind::Float(64),
        DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View => Kind::Text,
        DataType::Binary | DataType::LargeBinary | DataType::BinaryView | DataType::FixedSizeBinary(_) => {
            Kind::Bytes
        }
        DataType::Date32 | DataType::Date64 => Kind::Date,
        DataType::Timestamp(unit, zone) => {
            let unit = match unit {
                TimeUnit::Second => "s",
                TimeUnit::Millisecond => "ms",
                TimeUnit::Microsecond => "us",
                TimeUnit::Nanosecond => "ns",
            };
            Kind::Timestamp { unit, zone: zone.as_ref().map(ToString::to_string) }
        }
        DataType::List(item) | DataType::LargeList(item) | DataType::FixedSizeList(item, _) => {
            Kind::List(Box::new(kind_of(item.data_type())))
        }
        DataType::Struct(_) => Kind::Record,
        DataType::Dictionary(_, values) => Kind::Dictionary(Box::new(kind_of(values))),
        other => Kind::Other(other.to_string()),
    }
}

/// One value of an array. The row lies inside.
pub(super) fn value_at(array: &ArrayRef, row: usize) -> Value {
    if array.is_null(row) {
        return Value::Null;
    }
    let list = |items: ArrayRef| Value::List((0..items.len()).map(|index| value_at(&items, index)).collect());
    match array.data_type() {
        DataType::Null => Value::Null,
        DataType::Boolean => Value::Bool(array.as_boolean().value(row)),
        DataType::Int8 => Value::Int(array.as_primitive::<Int8Type>().value(row).into()),
        DataType::Int16 => Value::Int(array.as_primitive::<Int16Type>().value(row).into()),
        DataType::Int32 => Value::Int(array.as_primitive::<Int32Type>().value(row).into()),
        DataType::Int64 => Value::Int(array.as_primitive::<Int64Type>().value(row).into()),
        DataType::UInt8 => Value::Int(array.as_primitive::<UInt8Type>().value(row).into()),
        DataType::UInt16 => Value::Int(array.as_primitive::<UInt16Type>().value(row).into()),
        DataType::UInt32 => Value::Int(array.as_primitive::<UInt32Type>().value(row).into()),
        DataType::UInt64 => Value::Int(array.as_primitive::<UInt64Type>().value(row).into()),
        DataType::Float16 => float(array.as_primitive::<Float16Type>().value(row).into()),
        DataType::Float32 => float(array.as_primitive::<Float32Type>().value(row).into()),
        DataType::Float64 => float(array.as_primitive::<Float64Type>().value(row)),
        DataType::Utf8 => Value::Text(array.as_string::<i32>().value(row).to_owned()),
        DataType::LargeUtf8 => Value::Text(array.as_string::<i64>().value(row).to_owned()),
        DataType::Utf8View => Value::Text(array.as_string_view().value(row).to_owned()),
        DataType::Binary => Value::Bytes(array.as_binary::<i32>().value(row).to_vec()),
        DataType::LargeBinary => Value::Bytes(array.as_binary::<i64>().value(row).to_vec()),
        DataType::BinaryView => Value::Bytes(array.as_binary_view().value(row).to_vec()),
        DataType::FixedSizeBinary(_) => Value::Bytes(array.as_fixed_size_binary().value(row).to_vec()),
        DataType::Date32 => Value::Date(array.as_primitive::<Date32Type>().value(row).into()),
        DataType::Date64 => Value::Date(array.as_primitive::<Date64Type>().value(row).div_euclid(86_400_000)),
        DataType::Timestamp(unit, _) => {
            let (value, scale): (i64, i128) = match unit {
                TimeUnit::Second => (array.as_primitive::<TimestampSecondType>().value(row), 1_000_000_000),
                TimeUnit::Millisecond => {
                    (array.as_primitive::<TimestampMillisecondType>().value(row), 1_000_000)
                }
                TimeUnit::Microsecond => (array.as_primitive::<TimestampMicrosecondType>().value(row), 1_000),
                TimeUnit::Nanosecond => (array.as_primitive::<TimestampNanosecondType>().value(row), 1),
            };
            Value::Time(i128::from(value).saturating_mul(scale))
        }
        DataType::List(_) => list(array.as_list::<i32>().value(row)),
        DataType::LargeList(_) => list(array.as_list::<i64>().value(row)),
        DataType::FixedSizeList(..) => list(array.as_fixed_size_list().value(row)),
        DataType::Struct(fields) => {
            let columns = fields.iter().zip(array.as_struct().columns());
            Value::Record(
                columns.map(|(field, column)| (field.name().clone(), value_at(column, row))).collect(),
            )
        }
        DataType::Dictionary(..) => {
            let dictionary = array.as_any_dictionary();
            let values = dictionary.values();
            match value_at(&dictionary.keys().slice(row, 1), 0) {
                Value::Int(key) => match usize::try_from(key) {
                    Ok(key) if key < values.len() => value_at(values, key),
                    _ => Value::Null,
                },
                _ => Value::Null,
            }
        }
        DataType::Map(..) => {
            let entries = array.as_map().value(row);
            let columns = entries.columns();
            let pair = |index| Value::List(columns.iter().map(|column| value_at(column, index)).collect());
            Value::List((0..entries.len()).map(pair).collect())
        }
        other => Value::Other(text_at(array, row).unwrap_or_else(|| format!("<{other}>"))),
    }
}

/// The text of a decimal, a time of day or a duration, as Python's `str` gives it.
fn text_at(array: &ArrayRef, row: usize) -> Option<String> {
    match array.data_type() {
        DataType::Decimal32(..) => Some(array.as_primitive::<Decimal32Type>().value_as_string(row)),
        DataType::Decimal64(..) => Some(array.as_primitive::<Decimal64Type>().value_as_string(row)),
        DataType::Decimal128(..) => Some(array.as_primitive::<Decimal128Type>().value_as_string(row)),
        DataType::Decimal256(..) => Some(array.as_primitive::<Decimal256Type>().value_as_string(row)),
        DataType::Time32(TimeUnit::Second) => {
            text_of(array.as_primitive::<Time32SecondType>().value_as_time(row))
        }
        DataType::Time32(_) => text_of(array.as_primitive::<Time32MillisecondType>().value_as_time(row)),
        DataType::Time64(TimeUnit::Microsecond) => {
            text_of(array.as_primitive::<Time64MicrosecondType>().value_as_time(row))
        }
        DataType::Time64(_) => text_of(array.as_primitive::<Time64NanosecondType>().value_as_time(row)),
        DataType::Duration(unit) => {
            let (value, per_second): (i64, i64) = match unit {
                TimeUnit::Second => (array.as_primitive::<DurationSecondType>().value(row), 1),
                TimeUnit::Millisecond => (array.as_primitive::<DurationMillisecondType>().value(row), 1_000),
                TimeUnit::Microsecond => {
                    (array.as_primitive::<DurationMicrosecondType>().value(row), 1_000_000)
                }
                TimeUnit::Nanosecond => {
                    (array.as_primitive::<DurationNanosecondType>().value(row), 1_000_000_000)
                }
            };
            Some(duration(value, per_second))
        }
        _ => None,
    }
}

fn text_of(value: Option<impl ToString>) -> Option<String> {
    value.map(|value| value.to_string())
}

/// `1 days 02:03:04.500000` of a count of so many in a second.
fn duration(value: i64, per_second: i64) -> String {
    let seconds = value.div_euclid(per_second);
    let (days, rest) = (seconds.div_euclid(86_400), seconds.rem_euclid(86_400));
    let (hours, minutes, seconds) =
        (rest.div_euclid(3_600), rest.div_euclid(60).rem_euclid(60), rest.rem_euclid(60));
    let nanos = i128::from(value.rem_euclid(per_second))
        .saturating_mul(i128::from(1_000_000_000_i64.div_euclid(per_second)));
    let fraction = match nanos {
        0 => String::new(),
        nanos if nanos.rem_euclid(1_000) == 0 => format!(".{:06}", nanos.div_euclid(1_000)),
        nanos => format!(".{nanos:09}"),
    };
    format!("{days} days {hours:02}:{minutes:02}:{seconds:02}{fraction}")
}

fn float(value: f64) -> Value {
    if value.is_nan() { Value::Null } else { Value::Float(value) }
}
