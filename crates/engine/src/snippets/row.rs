//! The first row of a package's example, as Python and as a request.

use packwright_mlflow::example::{ExampleData, InputExample};
use packwright_mlflow::schema::{ColumnName, ColumnType, DataType, Schema};
use serde_json::{Map, Value};

use super::{LISTED_COLUMNS, one_row, python};

/// The first row of a table with names, short enough to be read.
pub(super) struct Row<'a> {
    /// Name, value, type where that is declared.
    cells: Vec<(&'a Value, &'a Value, Option<&'a ColumnType>)>,
}

/// Longer values make a command that nobody reads.
const LONGEST_ROW: usize = 600;

impl<'a> Row<'a> {
    /// The first row, where the example is a table that can be shown; `None` for arrays, wide tables and parameters.
    pub(super) fn first(example: &'a InputExample, inputs: Option<&'a Schema>) -> Option<Self> {
        let ExampleData::DataFrame { columns: Some(names), rows } = &example.data else { return None };
        let row = rows.first()?;
        let text: usize = row.iter().map(|value| value.to_string().len()).sum();
        if LISTED_COLUMNS < names.len() || LONGEST_ROW < text || example.params.is_some() {
            return None;
        }
        let spec = |name: &Value| {
            let Schema::Columns(columns) = inputs? else { return None };
            columns.iter().find(|column| match (&column.name, name) {
                (Some(ColumnName::Text(own)), Value::String(name)) => own == name,
                (Some(ColumnName::Index(own)), Value::Number(name)) => name.as_i64() == Some(*own),
                _ => false,
            })
        };
        let mut cells = Vec::new();
        for (name, value) in names.iter().zip(row) {
            let spec = spec(name);
            let ty = spec.map(|spec| &spec.ty);
            match (value, ty) {
                // What may be left out and is missing is left out: MLflow refuses a missing whole number.
                (Value::Null, _) if spec.is_some_and(|spec| !spec.required) => {}
                // Bytes are no text of Python.
                (Value::String(_), Some(ColumnType::Scalar(DataType::Binary))) => return None,
                _ => cells.push((name, value, ty)),
            }
        }
        Some(Self { cells })
    }

    /// Python that makes `data`, a table of this row.
    pub(super) fn frame(&self) -> String {
        let mut out = String::from("data = pd.DataFrame({\n");
        for (name, value, ty) in &self.cells {
            // Nothing has no narrow type.
            let column = one_row(&literal(value, *ty), ty.filter(|_| !value.is_null()));
            out.push_str(&format!("    {}: {column},\n", literal(name, None)));
        }
        out.push_str("})");
        out
    }

    /// The body of a request.
    pub(super) fn request(&self) -> String {
        let name = |name: &Value| name.as_str().map_or_else(|| name.to_string(), str::to_owned);
        let record: Map<String, Value> =
            self.cells.iter().map(|(key, value, _)| (name(key), (*value).clone())).collect();
        serde_json::json!({ "dataframe_records": [record] }).to_string()
    }
}

/// A JSON value as Python, of the type that its column has.
fn literal(value: &Value, ty: Option<&ColumnType>) -> String {
    match (value, ty) {
        (Value::Null, Some(ColumnType::Scalar(DataType::Float | DataType::Double))) => {
            "float(\"nan\")".into()
        }
        (Value::Null, _) => "None".into(),
        (Value::Bool(true), _) => "True".into(),
        (Value::Bool(false), _) => "False".into(),
        // A whole number stands for a float where the column has these.
        (Value::Number(number), Some(ColumnType::Scalar(DataType::Float | DataType::Double)))
            if !number.is_f64() =>
        {
            format!("{number}.0")
        }
        (Value::Number(number), _) => number.to_string(),
        (Value::String(text), Some(ColumnType::Scalar(DataType::Datetime))) => {
            format!("pd.Timestamp({})", python(text))
        }
        (Value::String(text), _) => python(text),
        (Value::Array(items), ty) => {
            let inner = match ty {
                Some(ColumnType::Array(inner)) => Some(&**inner),
                _ => None,
            };
            let items: Vec<String> = items.iter().map(|item| literal(item, inner)).collect();
            format!("[{}]", items.join(", "))
        }
        (Value::Object(map), _) => {
            let pairs: Vec<String> =
                map.iter().map(|(key, value)| format!("{}: {}", python(key), literal(value, None))).collect();
            format!("{{{}}}", pairs.join(", "))
        }
    }
}
