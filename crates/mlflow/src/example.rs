//! Input examples: `input_example.json`, the body for `/invocations`, and what the MLmodel says about them.

use serde_json::{Map, Value, json};
use serde_yaml::Mapping;

use crate::json::{python_pretty_text, python_text, read_python};

/// The file that holds the example.
pub const EXAMPLE_FILE: &str = "input_example.json";
/// The file that holds a request body ready for `/invocations`.
pub const SERVING_FILE: &str = "serving_input_example.json";

/// An example of what the model takes, with inference parameters when it has some.
#[derive(Debug, Clone, PartialEq)]
pub struct InputExample {
    /// The example.
    pub data: ExampleData,
    /// Inference parameters that go with it.
    pub params: Option<Map<String, Value>>,
}

/// The kinds of example that MLflow tells apart. Missing values are null; bytes are base64, dates ISO 8601.
#[derive(Debug, Clone, PartialEq)]
pub enum ExampleData {
    /// A table, row by row. Without column names for a frame whose columns are 0..n.
    DataFrame {
        /// The column names, texts or integers.
        columns: Option<Vec<Value>>,
        /// The rows, each as long as `columns`.
        rows: Vec<Vec<Value>>,
    },
    /// One array, as nested lists in axis order.
    Array(Value),
    /// Named arrays, each as nested lists.
    Arrays(Map<String, Value>),
    /// A sparse matrix, as MLflow's object of data, indices, indptr and shape.
    Sparse {
        /// Whether it is compressed by rows (csr) or by columns (csc).
        is_csr: bool,
        /// The four keys.
        parts: Map<String, Value>,
    },
    /// Any other JSON.
    Json(Value),
}

/// Why a saved example could not be read.
#[derive(Debug, thiserror::Error)]
pub enum ExampleError {
    /// Not JSON, Python's NaN aside.
    #[error("the example is not JSON: {0}")]
    Json(#[from] serde_json::Error),
    /// A type that MLflow does not know.
    #[error("MLflow knows no example type {0:?}")]
    Type(String),
    /// JSON, but not of the form that its type has.
    #[error("the example is not of the form that the type {0:?} has")]
    Form(String),
}

impl InputExample {
    /// An example without parameters.
    pub fn new(data: ExampleData) -> Self {
        Self { data, params: None }
    }

    /// Both files with their bytes, ASCII.
    pub fn files(&self) -> [(&'static str, Vec<u8>); 2] {
        [
            (EXAMPLE_FILE, python_text(&self.saved()).into_bytes()),
            (SERVING_FILE, python_pretty_text(&self.serving()).into_bytes()),
        ]
    }

    /// The value of `saved_input_example_info` in the MLmodel.
    pub fn info(&self) -> Mapping {
        let (kind, orient) = match &self.data {
            ExampleData::DataFrame { columns: Some(_), .. } => ("dataframe", Some("split")),
            ExampleData::DataFrame { columns: None, .. } => ("dataframe", Some("values")),
            ExampleData::Array(_) | ExampleData::Arrays(_) => ("ndarray", None),
            ExampleData::Sparse { is_csr: true, .. } => ("sparse_matrix_csr", None),
            ExampleData::Sparse { is_csr: false, .. } => ("sparse_matrix_csc", None),
            ExampleData::Json(_) => ("json_object", None),
        };
        let mut info = Mapping::new();
        let mut put = |key: &str, value: &str| drop(info.insert(key.into(), value.into()));
        put("artifact_path", EXAMPLE_FILE);
        if let Some(orient) = orient {
            put("pandas_orient", orient);
        }
        if self.params.is_some() {
            put("params", "true");
        }
        put("serving_input_path", SERVING_FILE);
        put("type", kind);
        info
    }

    /// The content of `input_example.json`.
    pub fn saved(&self) -> Value {
        let data = self.data.json();
        match &self.params {
            Some(params) => json!({"inputs": data, "params": params}),
            None => data,
        }
    }

    /// The body of a request to `/invocations`.
    pub fn serving(&self) -> Value {
        let data = self.data.json();
        let mut body = match &self.data {
            ExampleData::DataFrame { .. } => json!({"dataframe_split": data}),
            // A chat or completion request is its own body.
            ExampleData::Json(Value::Object(map))
                if ["messages", "prompt", "input"].iter().any(|key| map.contains_key(*key)) =>
            {
                let mut body = map.clone();
                body.extend(self.params.clone().unwrap_or_default());
                return Value::Object(body);
            }
            ExampleData::Sparse { is_csr, parts } => {
                json!({"inputs": dense(*is_csr, parts).unwrap_or_default()})
            }
            _ => json!({"inputs": data}),
        };
        if let (Some(params), Some(body)) = (&self.params, body.as_object_mut()) {
            body.insert("params".into(), Value::Object(params.clone()));
        }
        body
    }

    /// Reads a saved example by what the MLmodel says about it. NaN and infinities, which pandas writes, become null.
    ///
    /// # Errors
    ///
    /// [`ExampleError`], each variant as it says.
    pub fn read(info: &Mapping, text: &str) -> Result<Self, ExampleError> {
        let word = |key: &str| info.get(key).and_then(serde_yaml::Value::as_str).unwrap_or_default();
        let (value, _) = read_python(text)?;
        let kind = word("type");
        let form = || ExampleError::Form(kind.to_owned());
        let (value, params) = if word("params") == "true" {
            let Value::Object(mut both) = value else { return Err(form()) };
            let params = both.get("params").and_then(Value::as_object).cloned();
            (both.remove("inputs").ok_or_else(form)?, params)
        } else {
            (value, None)
        };
        let data = match (kind, value) {
            ("dataframe", value) => frame(value, word("pandas_orient")).ok_or_else(form)?,
            ("ndarray", Value::Object(arrays)) => ExampleData::Arrays(arrays),
            ("ndarray", value) => ExampleData::Array(value),
            ("sparse_matrix_csr" | "sparse_matrix_csc", Value::Object(parts)) => {
                ExampleData::Sparse { is_csr: kind.ends_with("csr"), parts }
            }
            ("sparse_matrix_csr" | "sparse_matrix_csc", _) => return Err(form()),
            ("json_object", value) => ExampleData::Json(value),
            _ => return Err(ExampleError::Type(kind.to_owned())),
        };
        Ok(Self { data, params })
    }
}

impl ExampleData {
    fn json(&self) -> Value {
        match self {
            Self::DataFrame { columns: Some(columns), rows } => json!({"columns": columns, "data": rows}),
            Self::DataFrame { columns: None, rows } => json!({"data": rows}),
            Self::Arrays(arrays) => Value::Object(arrays.clone()),
            Self::Sparse { parts, .. } => Value::Object(parts.clone()),
            Self::Array(value) | Self::Json(value) => value.clone(),
        }
    }
}

/// A table as MLflow saved it: `split` (also with an index, before 2.0), `values`, or `records` of 1.x.
fn frame(value: Value, orient: &str) -> Option<ExampleData> {
    let rows = |value: Option<&Value>| -> Option<Vec<Vec<Value>>> {
        value?.as_array()?.iter().map(|row| row.as_array().cloned()).collect()
    };
    match value {
        Value::Object(map) => {
            let columns = match map.get("columns") {
                Some(columns) if orient != "values" => Some(columns.as_array()?.clone()),
                _ => None,
            };
            Some(ExampleData::DataFrame { columns, rows: rows(map.get("data"))? })
        }
        Value::Array(items) if items.iter().all(Value::is_object) => {
            let mut columns: Vec<Value> = Vec::new();
            for key in items.iter().filter_map(Value::as_object).flat_map(Map::keys) {
                if !columns.iter().any(|known| known == key) {
                    columns.push(key.as_str().into());
                }
            }
            let cell = |row: &Value, key: &Value| {
                key.as_str().and_then(|key| row.get(key)).cloned().unwrap_or_default()
            };
            let rows = items.iter().map(|row| columns.iter().map(|key| cell(row, key)).collect()).collect();
            Some(ExampleData::DataFrame { columns: Some(columns), rows })
        }
        value => Some(ExampleData::DataFrame { columns: None, rows: rows(Some(&value))? }),
    }
}

/// The most cells that a sparse example is spelled out to.
const MOST_CELLS: usize = 1 << 20;

/// A sparse matrix spelled out, as a request body has it; `None` when its parts do not fit together.
fn dense(is_csr: bool, parts: &Map<String, Value>) -> Option<Value> {
    let list = |key: &str| parts.get(key)?.as_array();
    let sizes = |key: &str| -> Option<Vec<usize>> {
        list(key)?.iter().map(|n| n.as_u64().and_then(|n| usize::try_from(n).ok())).collect()
    };
    let (data, indices, starts, shape) =
        (list("data")?, sizes("indices")?, sizes("indptr")?, sizes("shape")?);
    let [n_rows, n_columns] = shape.as_slice() else { return None };
    if MOST_CELLS < n_rows.checked_mul(*n_columns)? {
        return None;
    }
    let mut rows = vec![vec![json!(0.0); *n_columns]; *n_rows];
    for (major, bounds) in starts.windows(2).enumerate() {
        let (from, to) = (*bounds.first()?, *bounds.last()?);
        for (minor, value) in indices.get(from..to)?.iter().zip(data.get(from..to)?) {
            let (row, column) = if is_csr { (major, *minor) } else { (*minor, major) };
            rows.get_mut(row)?.get_mut(column)?.clone_from(value);
        }
    }
    Some(json!(rows))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn object(value: Value) -> Map<String, Value> {
        let Value::Object(map) = value else { panic!("an object") };
        map
    }

    /// The four texts of an example: both files on one line, its type and its orient.
    fn texts(example: &InputExample) -> (String, String, String, Option<String>) {
        let info = example.info();
        let word = |key: &str| info.get(key).map(|value| value.as_str().unwrap().to_owned());
        (
            python_text(&example.saved()),
            python_text(&example.serving()),
            word("type").unwrap(),
            word("pandas_orient"),
        )
    }

    #[test]
    fn each_kind_is_written_as_mlflow_writes_it_and_read_back() {
        let frame = |columns| ExampleData::DataFrame { columns, rows: vec![vec![json!(0.5), Value::Null]] };
        let csr =
            object(json!({"data": [1.0, 2.0], "indices": [1, 0], "indptr": [0, 1, 2], "shape": [2, 2]}));
        for (data, saved, serving, kind, orient) in [
            (
                frame(Some(vec![json!("a"), json!("b")])),
                r#"{"columns": ["a", "b"], "data": [[0.5, null]]}"#,
                r#"{"dataframe_split": {"columns": ["a", "b"], "data": [[0.5, null]]}}"#,
                "dataframe",
                Some("split"),
            ),
            (
                frame(None),
                r#"{"data": [[0.5, null]]}"#,
                r#"{"dataframe_split": {"data": [[0.5, null]]}}"#,
                "dataframe",
                Some("values"),
            ),
            (ExampleData::Array(json!([[1.0]])), "[[1.0]]", r#"{"inputs": [[1.0]]}"#, "ndarray", None),
            (
                ExampleData::Arrays(object(json!({"x": [[1.0]], "y": [3]}))),
                r#"{"x": [[1.0]], "y": [3]}"#,
                r#"{"inputs": {"x": [[1.0]], "y": [3]}}"#,
                "ndarray",
                None,
            ),
            (
                ExampleData::Json(json!({"q": "\u{e9}"})),
                r#"{"q": "\u00e9"}"#,
                r#"{"inputs": {"q": "\u00e9"}}"#,
                "json_object",
                None,
            ),
            (
                ExampleData::Json(json!({"prompt": "hi"})),
                r#"{"prompt": "hi"}"#,
                r#"{"prompt": "hi"}"#,
                "json_object",
                None,
            ),
            (
                ExampleData::Sparse { is_csr: true, parts: csr.clone() },
                r#"{"data": [1.0, 2.0], "indices": [1, 0], "indptr": [0, 1, 2], "shape": [2, 2]}"#,
                r#"{"inputs": [[0.0, 1.0], [2.0, 0.0]]}"#,
                "sparse_matrix_csr",
                None,
            ),
        ] {
            let example = InputExample::new(data);
            let expected = (saved.to_owned(), serving.to_owned(), kind.to_owned(), orient.map(str::to_owned));
            assert_eq!(texts(&example), expected);
            assert_eq!(InputExample::read(&example.info(), saved).unwrap(), example, "{saved}");
        }
    }

    #[test]
    fn parameters_travel_with_the_example() {
        let params = Some(object(json!({"t": 0.5})));
        let example = InputExample { data: ExampleData::Array(json!([1])), params: params.clone() };
        assert_eq!(python_text(&example.saved()), r#"{"inputs": [1], "params": {"t": 0.5}}"#);
        assert_eq!(python_text(&example.serving()), r#"{"inputs": [1], "params": {"t": 0.5}}"#);
        assert_eq!(InputExample::read(&example.info(), &python_text(&example.saved())).unwrap(), example);
        let chat = InputExample { data: ExampleData::Json(json!({"messages": []})), params };
        assert_eq!(python_text(&chat.serving()), r#"{"messages": [], "t": 0.5}"#);
    }

    #[test]
    fn what_pandas_and_older_versions_wrote_is_read() {
        let info = |kind: &str| InputExample::new(ExampleData::Json(Value::Null)).info().tap_type(kind);
        let columns = |text: &str| match InputExample::read(&info("dataframe"), text).unwrap().data {
            ExampleData::DataFrame { columns, rows } => (columns.map(Value::Array), json!(rows)),
            other => panic!("{other:?}"),
        };
        assert_eq!(
            columns(r#"{"columns": ["a"], "index": [0], "data": [[NaN]]}"#),
            (Some(json!(["a"])), json!([[null]]))
        );
        assert_eq!(
            columns(r#"[{"a": 1}, {"b": 2}]"#),
            (Some(json!(["a", "b"])), json!([[1, null], [null, 2]]))
        );
        assert!(matches!(
            InputExample::read(&info("ndarray"), "[NaN, 1]").unwrap().data,
            ExampleData::Array(_)
        ));
        assert!(matches!(InputExample::read(&info("ndarray"), "["), Err(ExampleError::Json(_))));
        assert!(matches!(InputExample::read(&info("tensor"), "[]"), Err(ExampleError::Type(_))));
        assert!(matches!(InputExample::read(&info("dataframe"), "[1]"), Err(ExampleError::Form(_))));
    }

    trait TapType {
        fn tap_type(self, kind: &str) -> Self;
    }

    impl TapType for Mapping {
        fn tap_type(mut self, kind: &str) -> Self {
            self.insert("type".into(), kind.into());
            self
        }
    }
}
