//! What goes into a model and what comes out, in MLflow's own types.

use std::fmt;

/// A scalar type of MLflow (`mlflow.types.DataType`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum DataType {
    /// `boolean`, numpy `bool`.
    Boolean,
    /// `integer`, numpy `int32`.
    Integer,
    /// `long`, numpy `int64`.
    Long,
    /// `float`, numpy `float32`.
    Float,
    /// `double`, numpy `float64`.
    Double,
    /// `string`.
    String,
    /// `binary`, base64 in JSON.
    Binary,
    /// `datetime`, ISO 8601 without a time zone in JSON.
    Datetime,
}

/// The type of a column or of a nested value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ColumnType {
    /// One value per row.
    Scalar(DataType),
    /// A list per row.
    Array(Box<ColumnType>),
    /// A record per row: at least one property, written sorted by name.
    Object(Vec<Property>),
    /// A map from strings per row.
    Map(Box<ColumnType>),
    /// Not checked at all.
    Any,
    /// A Spark ML vector per row.
    SparkMlVector,
}

/// One property of [`ColumnType::Object`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Property {
    /// Its key.
    pub name: String,
    /// Its type.
    pub ty: ColumnType,
    /// Whether it must be there.
    pub required: bool,
}

/// The name of a column. MLflow writes integers for a frame without column names.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum ColumnName {
    /// An ordinary name.
    Text(String),
    /// A position, from a `RangeIndex`.
    Index(i64),
}

/// One column (`mlflow.types.ColSpec`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ColSpec {
    /// Its name; `None` in a schema without names.
    pub name: Option<ColumnName>,
    /// Its type.
    pub ty: ColumnType,
    /// Whether callers must send it.
    pub required: bool,
}

/// One tensor (`mlflow.types.TensorSpec`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TensorSpec {
    /// Its name; `None` for the single unnamed tensor.
    pub name: Option<String>,
    /// A numpy dtype name: `float32`, `int64`, `str`, `object` …
    pub dtype: String,
    /// Its shape in axis order; -1 for a variable dimension.
    pub shape: Vec<i64>,
}

/// All inputs or all outputs: columns or tensors, never both.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Schema {
    /// A table.
    Columns(Vec<ColSpec>),
    /// One unnamed tensor, or several named ones.
    Tensors(Vec<TensorSpec>),
}

/// One inference parameter (`mlflow.types.ParamSpec`).
#[derive(Debug, Clone, PartialEq)]
pub struct ParamSpec {
    /// Its name.
    pub name: String,
    /// Its type. `binary` is not allowed here.
    pub ty: ColumnType,
    /// The default as JSON; MLflow insists on the key, its value may be null.
    pub default: serde_json::Value,
    /// `Some(-1)` for a list, `None` for a scalar or a record.
    pub shape: Option<i64>,
}

/// A model signature.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Signature {
    /// What goes in; `None` when nothing is known.
    pub inputs: Option<Schema>,
    /// What comes out.
    pub outputs: Option<Schema>,
    /// Inference parameters.
    pub params: Option<Vec<ParamSpec>>,
}

impl DataType {
    /// All scalar types, in MLflow's order.
    pub const ALL: [Self; 8] = [
        Self::Boolean,
        Self::Integer,
        Self::Long,
        Self::Float,
        Self::Double,
        Self::String,
        Self::Binary,
        Self::Datetime,
    ];

    /// The name MLflow writes.
    pub fn name(self) -> &'static str {
        match self {
            Self::Boolean => "boolean",
            Self::Integer => "integer",
            Self::Long => "long",
            Self::Float => "float",
            Self::Double => "double",
            Self::String => "string",
            Self::Binary => "binary",
            Self::Datetime => "datetime",
        }
    }

    /// The type of that name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|ty| ty.name() == name)
    }
}

impl ColSpec {
    /// A required scalar column.
    pub fn scalar(name: impl Into<String>, ty: DataType) -> Self {
        Self { name: Some(ColumnName::Text(name.into())), ty: ColumnType::Scalar(ty), required: true }
    }
}

impl TensorSpec {
    /// The single unnamed tensor.
    pub fn unnamed(dtype: impl Into<String>, shape: Vec<i64>) -> Self {
        Self { name: None, dtype: dtype.into(), shape }
    }
}

impl fmt::Display for ColumnName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Text(name) => f.write_str(name),
            Self::Index(index) => write!(f, "{index}"),
        }
    }
}

impl fmt::Display for DataType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
