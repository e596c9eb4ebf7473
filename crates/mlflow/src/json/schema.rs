//! Inputs and outputs.

use serde_json::{Map, Value, json};

use super::dtype::{Dtype, classify};
use super::types::{type_from, type_json};
use super::{SchemaError, python_text, wrong};
use crate::schema::{ColSpec, ColumnName, ColumnType, Schema, TensorSpec};

impl Schema {
    /// The array that MLflow puts into `signature.inputs` and `signature.outputs`, as a text.
    pub fn to_text(&self) -> String {
        python_text(&self.to_json())
    }

    /// The array itself.
    pub fn to_json(&self) -> Value {
        match self {
            Self::Columns(columns) => columns.iter().map(ColSpec::to_json).collect(),
            Self::Tensors(tensors) => tensors.iter().map(TensorSpec::to_json).collect(),
        }
    }

    /// Reads such a text. What only older versions of MLflow took is read too: `optional`, a dimension of null.
    ///
    /// # Errors
    ///
    /// The first condition under which MLflow itself refuses to load the schema, with its place.
    pub fn from_text(text: &str) -> Result<Self, SchemaError> {
        let mut errors = Vec::new();
        let schema = read_schema(text, "", &mut errors);
        match (schema, errors.into_iter().next()) {
            (Some(schema), None) => Ok(schema),
            (_, Some(error)) => Err(error),
            (None, None) => Err(wrong("signature/json", "", "expected an array")),
        }
    }
}

/// Reads the text that lies at `at`, reporting every condition under which MLflow refuses it. `None` when nothing is
/// left of it.
pub(crate) fn read_schema(text: &str, at: &str, errors: &mut Vec<SchemaError>) -> Option<Schema> {
    let items = match serde_json::from_str(text) {
        Ok(Value::Array(items)) => items,
        Ok(_) => {
            errors.push(wrong("signature/json", at, "expected a JSON array of columns or tensors"));
            return None;
        }
        Err(error) => {
            errors.push(wrong("signature/json", at, format!("expected JSON: {error}")));
            return None;
        }
    };
    if items.is_empty() {
        errors.push(wrong("signature/no-columns", at, "expected at least one column or tensor, found none"));
        return None;
    }
    let is_tensor =
        |item: &&Value| item.get("type") == Some(&json!("tensor")) || item.get("tensor-spec").is_some();
    let n_tensors = items.iter().filter(is_tensor).count();
    if n_tensors != 0 && n_tensors != items.len() {
        errors.push(wrong("signature/mixed-kinds", at, "expected only columns or only tensors, found both"));
        return None;
    }
    let mut keep = Keep { at, errors };
    if n_tensors == 0 {
        let columns = keep.each(&items, ColSpec::from_json);
        check_columns(&columns, at, errors);
        return Some(Schema::Columns(columns));
    }
    let tensors = keep.each(&items, TensorSpec::from_json);
    if 1 < tensors.len() && tensors.iter().any(|tensor| tensor.name.is_none()) {
        let message = "expected a name on every tensor when there are several";
        errors.push(wrong("signature/unnamed-tensors", at, message));
    }
    Some(Schema::Tensors(tensors))
}

/// Reads items, keeping those that are right and reporting the others.
struct Keep<'a> {
    at: &'a str,
    errors: &'a mut Vec<SchemaError>,
}

impl Keep<'_> {
    fn each<T>(&mut self, items: &[Value], read: fn(&Value, &str) -> Result<T, SchemaError>) -> Vec<T> {
        let mut kept = Vec::with_capacity(items.len());
        for (index, item) in items.iter().enumerate() {
            match read(item, &format!("{}[{index}]", self.at)) {
                Ok(item) => kept.push(item),
                Err(error) => self.errors.push(error),
            }
        }
        kept
    }
}

fn check_columns(columns: &[ColSpec], at: &str, errors: &mut Vec<SchemaError>) {
    let n_named = columns.iter().filter(|column| column.name.is_some()).count();
    if n_named != 0 && n_named != columns.len() {
        errors.push(wrong("signature/mixed-names", at, "expected names on all columns or on none"));
        return;
    }
    if let Some(index) = columns.iter().position(|column| column.name.is_none() && !column.required) {
        let message = "a column without a name cannot be optional";
        errors.push(wrong("signature/unnamed-optional", format!("{at}[{index}].required"), message));
    }
}

impl ColSpec {
    /// MLflow's object for one column.
    pub fn to_json(&self) -> Value {
        let mut map = type_json(&self.ty);
        if let Some(name) = &self.name {
            let name = match name {
                ColumnName::Text(text) => text.as_str().into(),
                ColumnName::Index(index) => (*index).into(),
            };
            map.insert("name".into(), name);
        }
        map.insert("required".into(), self.required.into());
        Value::Object(map)
    }

    fn from_json(value: &Value, path: &str) -> Result<Self, SchemaError> {
        let map = value.as_object().ok_or_else(|| wrong("signature/json", path, "expected an object"))?;
        let ty = type_from(map, path)?;
        let name = match map.get("name") {
            None | Some(Value::Null) => None,
            Some(Value::String(text)) => Some(ColumnName::Text(text.clone())),
            Some(other) => {
                let message = format!("expected a text, found {other}");
                let index = other.as_i64();
                Some(ColumnName::Index(
                    index.ok_or_else(|| wrong("signature/name", format!("{path}.name"), message))?,
                ))
            }
        };
        let is_scalar = matches!(ty, ColumnType::Scalar(_));
        if is_scalar && let Some(key) = map.keys().find(|key| !COLUMN_KEYS.contains(&key.as_str())) {
            let message =
                format!("MLflow knows no key {key:?} on a column and fails with TypeError; remove it");
            return Err(wrong("signature/unknown-key", format!("{path}.{key}"), message));
        }
        // MLflow before 2.10 wrote `optional`; for anything but scalars a missing `required` means optional.
        let optional = map.get("optional").and_then(Value::as_bool).map(|optional| !optional);
        let required = map.get("required").and_then(Value::as_bool).or(optional).unwrap_or(is_scalar);
        Ok(Self { name, ty, required })
    }
}

/// What may stand on a scalar column. `optional` is read here and refused by MLflow 2.10 and later.
const COLUMN_KEYS: [&str; 4] = ["type", "name", "required", "optional"];

impl TensorSpec {
    /// MLflow's object for one tensor.
    pub fn to_json(&self) -> Value {
        let mut map = Map::new();
        if let Some(name) = &self.name {
            map.insert("name".into(), name.as_str().into());
        }
        map.insert("type".into(), "tensor".into());
        map.insert("tensor-spec".into(), json!({"dtype": self.dtype, "shape": self.shape}));
        Value::Object(map)
    }

    fn from_json(value: &Value, path: &str) -> Result<Self, SchemaError> {
        let path = format!("{path}.tensor-spec");
        let at = |key: &str| format!("{path}.{key}");
        let spec = value.get("tensor-spec").filter(|spec| spec.is_object());
        let spec = spec.ok_or_else(|| {
            wrong("signature/tensor", path.clone(), "expected an object with dtype and shape")
        })?;
        let dtype = spec.get("dtype").and_then(Value::as_str);
        let dtype =
            dtype.ok_or_else(|| wrong("signature/unknown-dtype", at("dtype"), "expected a NumPy dtype"))?;
        match classify(dtype) {
            Dtype::Known => {}
            Dtype::Sized => {
                let message = format!(
                    "MLflow refuses {dtype:?}, a text type with a length; write \"str\" or \"bytes\""
                );
                return Err(wrong("signature/sized-dtype", at("dtype"), message));
            }
            Dtype::Unknown => {
                let message = format!("NumPy knows no dtype {dtype:?}");
                return Err(wrong("signature/unknown-dtype", at("dtype"), message));
            }
        }
        let shape = spec.get("shape").and_then(Value::as_array);
        let shape =
            shape.ok_or_else(|| wrong("signature/shape", at("shape"), "expected an array of integers"))?;
        // A null dimension loads and never matches; -1 is what its writer meant.
        let dim = |dim: &Value| if dim.is_null() { Some(-1) } else { dim.as_i64() };
        let shape: Option<Vec<i64>> = shape.iter().map(dim).collect();
        let shape = shape.ok_or_else(|| wrong("signature/shape", at("shape"), "expected integers"))?;
        let name = value.get("name").and_then(Value::as_str).map(str::to_owned);
        Ok(Self { name, dtype: dtype.to_owned(), shape })
    }
}
