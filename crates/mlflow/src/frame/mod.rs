//! Tables and arrays as Python would hold them when it gives them to MLflow: pandas dtypes and Python values.
//!
//! What reads data files makes these; [`infer_frame`] and its kin say what MLflow's `infer_signature` makes of them, [`crate::enforce`]
//! whether a signature takes them.

mod infer;
mod merge;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value};

use crate::schema::ColumnName;

pub use infer::{Inferred, infer_arrays, infer_column, infer_frame, infer_json};

/// One value in a table, as Python would hold it.
#[derive(Debug, Clone, PartialEq)]
pub enum Cell {
    /// `None`, `NaN`, `NaT` or `pandas.NA`: MLflow makes no difference.
    Missing,
    /// A `bool`.
    Bool(bool),
    /// An `int` of any size that files hold.
    Int(i128),
    /// A `float`; never NaN, which is [`Cell::Missing`].
    Float(f64),
    /// A `str`.
    Text(String),
    /// A `bytes`.
    Bytes(Vec<u8>),
    /// A date, or a date and time, as its `isoformat()`.
    Time {
        /// `2024-01-02` or `2024-01-02T03:04:05`, with an offset where it has a time zone.
        iso: String,
        /// Whether it is a `datetime.date`, without a time of day.
        is_date: bool,
    },
    /// A value of a type that MLflow has no word for (`Decimal`, `timedelta`, `time`), as its text.
    Other(String),
    /// A `list`.
    List(Vec<Cell>),
    /// A `numpy.ndarray` of one dimension.
    Array(Dtype, Vec<Cell>),
    /// A `dict` with text keys, in order.
    Record(Vec<(String, Cell)>),
}

/// The dtype of a column, as pandas and NumPy tell them apart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Dtype {
    /// `bool`.
    Bool,
    /// `int8` to `int64`, by bits.
    Int(u8),
    /// `uint8` to `uint64`.
    Uint(u8),
    /// `float16` to `float64`.
    Float(u8),
    /// `str` of pandas 3, `string`, or a NumPy array of texts.
    Text,
    /// A NumPy array of bytes (`S`).
    Bytes,
    /// `object`: what the cells are counts.
    Object,
    /// `datetime64`.
    Datetime {
        /// `ns`, `us`, `ms`, `s`, `D`.
        unit: &'static str,
        /// The time zone, if there is one.
        zone: Option<String>,
    },
    /// `boolean`, which takes missing values.
    NullableBool,
    /// `Int8` to `Int64`.
    NullableInt(u8),
    /// `UInt8` to `UInt64`.
    NullableUint(u8),
    /// `Float32`, `Float64`.
    NullableFloat(u8),
    /// `category`: what the categories are counts.
    Category,
    /// What MLflow has no type for: `timedelta64[ns]`, `complex128`, `period[M]`.
    Other(String),
}

/// One column of a table.
#[derive(Debug, Clone, PartialEq)]
pub struct FrameColumn {
    /// Its name: a text, or its position where the file has no names.
    pub name: ColumnName,
    /// Its dtype.
    pub dtype: Dtype,
    /// Its values, as many as the table has rows.
    pub cells: Vec<Cell>,
}

/// A table: a `pandas.DataFrame`.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Frame {
    /// The columns, each with as many cells.
    pub columns: Vec<FrameColumn>,
    /// How many rows there are.
    pub n_rows: usize,
}

/// A NumPy array.
#[derive(Debug, Clone, PartialEq)]
pub struct Array {
    /// Its name among several; `None` for the only one.
    pub name: Option<String>,
    /// NumPy's name of its dtype without a length: `float32`, `str`.
    pub dtype: String,
    /// Its shape in axis order.
    pub shape: Vec<u64>,
    /// Its first items along the first axis, as nested JSON lists; missing numbers are null.
    pub items: Vec<Value>,
}

impl Dtype {
    /// The name that pandas prints: `int64`, `datetime64[ns, UTC]`.
    pub fn name(&self) -> String {
        match self {
            Self::Bool => "bool".into(),
            Self::Int(bits) => format!("int{bits}"),
            Self::Uint(bits) => format!("uint{bits}"),
            Self::Float(bits) => format!("float{bits}"),
            Self::Text => "str".into(),
            Self::Bytes => "bytes".into(),
            Self::Object => "object".into(),
            Self::Datetime { unit, zone: None } => format!("datetime64[{unit}]"),
            Self::Datetime { unit, zone: Some(zone) } => format!("datetime64[{unit}, {zone}]"),
            Self::NullableBool => "boolean".into(),
            Self::NullableInt(bits) => format!("Int{bits}"),
            Self::NullableUint(bits) => format!("UInt{bits}"),
            Self::NullableFloat(bits) => format!("Float{bits}"),
            Self::Category => "category".into(),
            Self::Other(name) => name.clone(),
        }
    }
}

impl Cell {
    /// The value as MLflow writes it into an example: missing as null, bytes as base64 of Python's `encodebytes`, dates
    /// as ISO 8601, infinities as null, which JSON has no word for.
    pub fn to_json(&self) -> Value {
        match self {
            Self::Missing => Value::Null,
            Self::Bool(value) => (*value).into(),
            Self::Int(value) => match serde_json::Number::from_i128(*value) {
                Some(number) => Value::Number(number),
                #[expect(
                    clippy::cast_precision_loss,
                    clippy::as_conversions,
                    reason = "beyond 64 bits, which no type takes"
                )]
                None => (*value as f64).into(),
            },
            Self::Float(value) => (*value).into(),
            Self::Text(text) | Self::Time { iso: text, .. } => text.as_str().into(),
            // A caller sends a `Decimal` as a number.
            Self::Other(text) => {
                let number = text.parse().ok().and_then(serde_json::Number::from_f64);
                number.map_or_else(|| text.as_str().into(), Value::Number)
            }
            Self::Bytes(bytes) => encode_base64(bytes).into(),
            Self::List(items) | Self::Array(_, items) => items.iter().map(Self::to_json).collect(),
            Self::Record(fields) => {
                let fields = fields.iter().map(|(key, cell)| (key.clone(), cell.to_json()));
                Value::Object(fields.collect::<Map<_, _>>())
            }
        }
    }

    /// The Python value that JSON stands for.
    pub fn from_json(value: &Value) -> Self {
        match value {
            Value::Null => Self::Missing,
            Value::Bool(value) => Self::Bool(*value),
            Value::Number(number) => match number.as_i128() {
                Some(whole) => Self::Int(whole),
                None => number.as_f64().map_or(Self::Missing, Self::Float),
            },
            Value::String(text) => Self::Text(text.clone()),
            Value::Array(items) => Self::List(items.iter().map(Self::from_json).collect()),
            Value::Object(map) => {
                Self::Record(map.iter().map(|(key, value)| (key.clone(), Self::from_json(value))).collect())
            }
        }
    }
}

impl Frame {
    /// The first rows, each as long as there are columns.
    pub fn first_rows(&self, n: usize) -> Vec<Vec<Value>> {
        let cell =
            |column: &FrameColumn, row: usize| column.cells.get(row).map_or(Value::Null, Cell::to_json);
        let row = |row| self.columns.iter().map(|column| cell(column, row)).collect();
        (0..self.n_rows.min(n)).map(row).collect()
    }
}

/// Base64 as Python's `base64.encodebytes` writes it, and MLflow with it: lines of 76 characters, each with its end.
pub fn encode_base64(bytes: &[u8]) -> String {
    bytes.chunks(57).map(|line| STANDARD.encode(line) + "\n").collect()
}

#[cfg(test)]
pub(crate) mod tests;
