//! What this crate needs of the MLflow format.

use std::io;

use packwright_mlflow::schema::{ColSpec, ColumnType, ParamSpec, Schema, TensorSpec};
use serde_json::{Map, Value, json};
use serde_yaml::Mapping;

/// One thing wrong with a package.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// Where: `signature.inputs[2].type`, or a file.
    pub path: String,
    /// How bad.
    pub severity: Severity,
    /// What, and what to do.
    pub message: String,
}

/// How bad a problem is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// MLflow cannot load or serve the package.
    Error,
    /// Risky.
    Warning,
    /// Good to know.
    Info,
}

/// The files of a package, wherever they lie.
pub trait PackageFiles {
    /// Every file, sorted.
    fn names(&self) -> Vec<String>;
    /// A small text file, whole.
    fn read(&self, name: &str) -> io::Result<Vec<u8>>;
}

pub(crate) fn lint(files: &dyn PackageFiles) -> Vec<Problem> {
    let bad = |message: String| vec![Problem { path: "MLmodel".into(), severity: Severity::Error, message }];
    match files.read("MLmodel") {
        Err(error) => bad(error.to_string()),
        Ok(bytes) => match serde_yaml::from_slice::<Mapping>(&bytes) {
            Err(error) => bad(error.to_string()),
            Ok(_) => Vec::new(),
        },
    }
}

pub(crate) fn yaml(map: &Mapping) -> Vec<u8> {
    let text = serde_json::to_string_pretty(map).unwrap_or_default();
    ascii(&text).into_bytes()
}

fn ascii(text: &str) -> String {
    let mut out = String::new();
    for c in text.chars() {
        if c.is_ascii() {
            out.push(c);
        } else {
            for unit in c.encode_utf16(&mut [0; 2]) {
                out.push_str(&format!("\\u{unit:04x}"));
            }
        }
    }
    out
}

/// MLflow's JSON of a schema.
pub fn schema_json(schema: &Schema) -> Vec<Value> {
    match schema {
        Schema::Columns(columns) => columns.iter().map(column_json).collect(),
        Schema::Tensors(tensors) => tensors.iter().map(tensor_json).collect(),
    }
}

pub(crate) fn params_json(params: &[ParamSpec]) -> Vec<Value> {
    params
        .iter()
        .map(|param| {
            let mut map = Map::new();
            map.insert("name".into(), param.name.clone().into());
            map.insert("default".into(), param.default.clone());
            map.insert("shape".into(), param.shape.map_or(Value::Null, |dim| json!([dim])));
            type_json(&param.ty, &mut map);
            map.into()
        })
        .collect()
}

pub(crate) fn schema_text(items: Vec<Value>) -> String {
    ascii(&Value::Array(items).to_string())
}

fn column_json(column: &ColSpec) -> Value {
    let mut map = Map::new();
    type_json(&column.ty, &mut map);
    if let Some(name) = &column.name {
        let name = match name {
            packwright_mlflow::schema::ColumnName::Text(text) => text.clone().into(),
            packwright_mlflow::schema::ColumnName::Index(index) => (*index).into(),
        };
        map.insert("name".into(), name);
    }
    map.insert("required".into(), column.required.into());
    map.into()
}

fn tensor_json(tensor: &TensorSpec) -> Value {
    let mut map = Map::new();
    if let Some(name) = &tensor.name {
        map.insert("name".into(), name.clone().into());
    }
    map.insert("type".into(), "tensor".into());
    map.insert("tensor-spec".into(), json!({ "dtype": tensor.dtype, "shape": tensor.shape }));
    map.into()
}

fn type_json(ty: &ColumnType, map: &mut Map<String, Value>) {
    let nested = |ty: &ColumnType| {
        let mut map = Map::new();
        type_json(ty, &mut map);
        Value::from(map)
    };
    let (name, extra) = match ty {
        ColumnType::Scalar(scalar) => (scalar.name(), None),
        ColumnType::Array(inner) => ("array", Some(("items", nested(inner)))),
        ColumnType::Map(inner) => ("map", Some(("values", nested(inner)))),
        ColumnType::Any => ("any", None),
        ColumnType::SparkMlVector => ("sparkml_vector", None),
        ColumnType::Object(properties) => {
            let mut out = Map::new();
            for property in properties {
                let mut inner = Map::new();
                type_json(&property.ty, &mut inner);
                inner.insert("required".into(), property.required.into());
                out.insert(property.name.clone(), inner.into());
            }
            ("object", Some(("properties", out.into())))
        }
    };
    map.insert("type".into(), name.into());
    if let Some((key, value)) = extra {
        map.insert(key.into(), value);
    }
}
