//! Schemas as the JSON texts of an MLmodel, in both directions.
//!
//! Written in MLflow's own style: `", "` and `": "` between items, ASCII only, its key order. Read tolerantly: the
//! `optional` of MLflow before 2.10, integer names, a missing `required`, the `dtype` key of early parameters.

use serde_json::{Map, Value, json};

use crate::schema::{ColSpec, ColumnName, ColumnType, DataType, ParamSpec, Property, Schema, TensorSpec};

/// What is wrong with a schema, and where.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{path}: {message}")]
pub struct SchemaError {
    /// The place, for instance `[2].type`.
    pub path: String,
    /// What was expected and what is there.
    pub message: String,
}

/// JSON as Python's `json.dumps` writes it.
pub fn python_text(value: &Value) -> String {
    let mut out = String::new();
    write_value(&mut out, value);
    out
}

fn write_value(out: &mut String, value: &Value) {
    match value {
        Value::Array(items) => {
            out.push('[');
            for (index, item) in items.iter().enumerate() {
                if 0 < index {
                    out.push_str(", ");
                }
                write_value(out, item);
            }
            out.push(']');
        }
        Value::Object(map) => {
            out.push('{');
            for (index, (key, item)) in map.iter().enumerate() {
                if 0 < index {
                    out.push_str(", ");
                }
                write_text(out, key);
                out.push_str(": ");
                write_value(out, item);
            }
            out.push('}');
        }
        Value::String(text) => write_text(out, text),
        Value::Null | Value::Bool(_) | Value::Number(_) => {
            out.push_str(&format!("{value}"));
        }
    }
}

fn write_text(out: &mut String, text: &str) {
    out.push('"');
    for unit in text.encode_utf16() {
        match char::from_u32(unit.into()) {
            Some('"') => out.push_str("\\\""),
            Some('\\') => out.push_str("\\\\"),
            Some('\n') => out.push_str("\\n"),
            Some('\r') => out.push_str("\\r"),
            Some('\t') => out.push_str("\\t"),
            Some(char @ ' '..='~') => out.push(char),
            _ => {
                out.push_str(&format!("\\u{unit:04x}"));
            }
        }
    }
    out.push('"');
}

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

    /// Reads such a text.
    ///
    /// # Errors
    ///
    /// Every condition under which MLflow itself refuses to load the schema, with its place.
    pub fn from_text(text: &str) -> Result<Self, SchemaError> {
        let value: Value =
            serde_json::from_str(text).map_err(|error| wrong("", format!("expected JSON: {error}")))?;
        let items = value.as_array().ok_or_else(|| wrong("", "expected an array"))?;
        let is_tensor =
            |item: &Value| item.get("type") == Some(&json!("tensor")) || item.get("tensor-spec").is_some();
        let n_tensors = items.iter().filter(|item| is_tensor(item)).count();
        if items.is_empty() {
            return Err(wrong("", "expected at least one column or tensor, found none"));
        }
        let at = |index: usize| format!("[{index}]");
        if n_tensors == 0 {
            let columns: Result<Vec<_>, _> =
                items.iter().enumerate().map(|(index, item)| ColSpec::from_json(item, &at(index))).collect();
            let columns = columns?;
            let n_named = columns.iter().filter(|column| column.name.is_some()).count();
            if n_named != 0 && n_named != columns.len() {
                return Err(wrong("", "expected names on all columns or on none"));
            }
            if let Some(index) = columns.iter().position(|column| column.name.is_none() && !column.required) {
                return Err(wrong(&at(index), "a column without a name cannot be optional"));
            }
            return Ok(Self::Columns(columns));
        }
        if n_tensors != items.len() {
            return Err(wrong("", "expected only columns or only tensors, found both"));
        }
        let tensors: Result<Vec<_>, _> =
            items.iter().enumerate().map(|(index, item)| TensorSpec::from_json(item, &at(index))).collect();
        let tensors = tensors?;
        if 1 < tensors.len() && tensors.iter().any(|tensor| tensor.name.is_none()) {
            return Err(wrong("", "expected a name on every tensor when there are several"));
        }
        Ok(Self::Tensors(tensors))
    }
}

impl ColSpec {
    /// MLflow's object for one column.
    pub fn to_json(&self) -> Value {
        let mut map = type_json(&self.ty);
        if let Some(name) = &self.name {
            map.insert("name".into(), name_json(name));
        }
        map.insert("required".into(), self.required.into());
        Value::Object(map)
    }

    fn from_json(value: &Value, path: &str) -> Result<Self, SchemaError> {
        let map = value.as_object().ok_or_else(|| wrong(path, "expected an object"))?;
        let ty = type_from(map, path)?;
        let name = match map.get("name") {
            None | Some(Value::Null) => None,
            Some(Value::String(text)) => Some(ColumnName::Text(text.clone())),
            Some(other) => match other.as_i64() {
                Some(index) => Some(ColumnName::Index(index)),
                None => {
                    return Err(wrong(&format!("{path}.name"), format!("expected a text, found {other}")));
                }
            },
        };
        if matches!(ty, ColumnType::Scalar(_)) {
            let known = ["type", "name", "required", "optional"];
            if let Some(key) = map.keys().find(|key| !known.contains(&key.as_str())) {
                return Err(wrong(&format!("{path}.{key}"), "MLflow knows no such key on a column"));
            }
        }
        // MLflow before 2.10 wrote `optional`; for anything but scalars a missing `required` means optional.
        let optional = map.get("optional").and_then(Value::as_bool).map(|optional| !optional);
        let default = matches!(ty, ColumnType::Scalar(_));
        let required = map.get("required").and_then(Value::as_bool).or(optional).unwrap_or(default);
        Ok(Self { name, ty, required })
    }
}

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
        let spec_path = format!("{path}.tensor-spec");
        let spec = value
            .get("tensor-spec")
            .ok_or_else(|| wrong(&spec_path, "expected dtype and shape, found nothing"))?;
        let dtype = spec.get("dtype").and_then(Value::as_str);
        let dtype = dtype.ok_or_else(|| wrong(&format!("{spec_path}.dtype"), "expected a NumPy dtype"))?;
        if !is_dtype(dtype) {
            let message = format!("NumPy knows no dtype {dtype:?} that MLflow takes");
            return Err(wrong(&format!("{spec_path}.dtype"), message));
        }
        let shape_path = format!("{spec_path}.shape");
        let dims = spec
            .get("shape")
            .and_then(Value::as_array)
            .ok_or_else(|| wrong(&shape_path, "expected an array"))?;
        // A null dimension loads and never matches; -1 is what its writer meant.
        let dim = |dim: &Value| if dim.is_null() { Some(-1) } else { dim.as_i64() };
        let shape: Option<Vec<i64>> = dims.iter().map(dim).collect();
        let name = value.get("name").and_then(Value::as_str).map(str::to_owned);
        Ok(Self {
            name,
            dtype: dtype.to_owned(),
            shape: shape.ok_or_else(|| wrong(&shape_path, "expected integers"))?,
        })
    }
}

impl ParamSpec {
    /// MLflow's object for one parameter.
    pub fn to_json(&self) -> Value {
        let mut map = Map::new();
        map.insert("name".into(), self.name.as_str().into());
        map.insert("default".into(), self.default.clone());
        map.insert("shape".into(), self.shape.map_or(Value::Null, |dim| json!([dim])));
        map.extend(type_json(&self.ty));
        Value::Object(map)
    }

    /// Reads the array of `signature.params`.
    ///
    /// # Errors
    ///
    /// Every condition under which MLflow itself refuses to load it, with its place.
    pub fn list_from_text(text: &str) -> Result<Vec<Self>, SchemaError> {
        let value: Value =
            serde_json::from_str(text).map_err(|error| wrong("", format!("expected JSON: {error}")))?;
        let items = value.as_array().ok_or_else(|| wrong("", "expected an array"))?;
        let mut params: Vec<Self> = Vec::new();
        for (index, item) in items.iter().enumerate() {
            let path = format!("[{index}]");
            let param = Self::from_json(item, &path)?;
            if params.iter().any(|known| known.name == param.name) {
                return Err(wrong(
                    &format!("{path}.name"),
                    format!("the parameter {:?} stands there twice", param.name),
                ));
            }
            params.push(param);
        }
        Ok(params)
    }

    fn from_json(value: &Value, path: &str) -> Result<Self, SchemaError> {
        let map = value.as_object().ok_or_else(|| wrong(path, "expected an object"))?;
        let name = map.get("name").and_then(Value::as_str);
        let name = name.ok_or_else(|| wrong(&format!("{path}.name"), "expected a text"))?;
        let mut typed = map.clone();
        if !typed.contains_key("type")
            && let Some(dtype) = map.get("dtype")
        {
            typed.insert("type".into(), dtype.clone());
        }
        let ty = type_from(&typed, path)?;
        if ty == ColumnType::Scalar(DataType::Binary) {
            return Err(wrong(&format!("{path}.type"), "a parameter cannot be binary"));
        }
        let default = map.get("default");
        let default =
            default.ok_or_else(|| wrong(&format!("{path}.default"), "expected a default, null at least"))?;
        let shape = match map.get("shape") {
            None | Some(Value::Null) => None,
            Some(shape) if *shape == json!([-1]) => Some(-1),
            Some(other) => {
                return Err(wrong(&format!("{path}.shape"), format!("expected null or [-1], found {other}")));
            }
        };
        Ok(Self { name: name.to_owned(), ty, default: default.clone(), shape })
    }
}

/// The array of `signature.params`, as a text.
pub fn params_text(params: &[ParamSpec]) -> String {
    python_text(&params.iter().map(ParamSpec::to_json).collect())
}

fn name_json(name: &ColumnName) -> Value {
    match name {
        ColumnName::Text(text) => text.as_str().into(),
        ColumnName::Index(index) => (*index).into(),
    }
}

/// The keys that describe a type: `type`, and what lies inside.
fn type_json(ty: &ColumnType) -> Map<String, Value> {
    let mut map = Map::new();
    let mut put = |key: &str, value: Value| map.insert(key.to_owned(), value);
    match ty {
        ColumnType::Scalar(scalar) => {
            put("type", scalar.name().into());
        }
        ColumnType::Array(items) => {
            put("type", "array".into());
            put("items", type_json(items).into());
        }
        ColumnType::Map(values) => {
            put("type", "map".into());
            put("values", type_json(values).into());
        }
        ColumnType::Object(properties) => {
            put("type", "object".into());
            let mut sorted: Vec<&Property> = properties.iter().collect();
            sorted.sort_by(|a, b| a.name.cmp(&b.name));
            let property = |property: &Property| {
                let mut inner = type_json(&property.ty);
                inner.insert("required".into(), property.required.into());
                (property.name.clone(), Value::Object(inner))
            };
            put("properties", Value::Object(sorted.into_iter().map(property).collect()));
        }
        ColumnType::Any => {
            put("type", "any".into());
        }
        ColumnType::SparkMlVector => {
            put("type", "sparkml_vector".into());
        }
    }
    map
}

fn type_from(map: &Map<String, Value>, path: &str) -> Result<ColumnType, SchemaError> {
    let here = format!("{path}.type");
    let name =
        map.get("type").and_then(Value::as_str).ok_or_else(|| wrong(&here, "expected the name of a type"))?;
    let inner = |key: &str| {
        let path = format!("{path}.{key}");
        let inner =
            map.get(key).and_then(Value::as_object).ok_or_else(|| wrong(&path, "expected an object"))?;
        type_from(inner, &path).map(Box::new)
    };
    match name {
        "array" => Ok(ColumnType::Array(inner("items")?)),
        "map" => Ok(ColumnType::Map(inner("values")?)),
        "any" => Ok(ColumnType::Any),
        "sparkml_vector" => Ok(ColumnType::SparkMlVector),
        "object" => {
            let path = format!("{path}.properties");
            let map = map.get("properties").and_then(Value::as_object);
            let map = map
                .filter(|map| !map.is_empty())
                .ok_or_else(|| wrong(&path, "expected at least one property"))?;
            let property = |(name, value): (&String, &Value)| {
                let path = format!("{path}.{name}");
                let inner = value.as_object().ok_or_else(|| wrong(&path, "expected an object"))?;
                let required = inner.get("required").and_then(Value::as_bool).unwrap_or(true);
                Ok(Property { name: name.clone(), ty: type_from(inner, &path)?, required })
            };
            map.iter().map(property).collect::<Result<Vec<_>, _>>().map(ColumnType::Object)
        }
        _ => match DataType::from_name(name) {
            Some(scalar) => Ok(ColumnType::Scalar(scalar)),
            None => Err(wrong(&here, format!("MLflow knows no type {name:?}"))),
        },
    }
}

/// The NumPy dtypes that a tensor may have.
fn is_dtype(dtype: &str) -> bool {
    let unit = |prefix: &str| {
        dtype.strip_prefix(prefix).is_some_and(|rest| rest.starts_with('[') && rest.ends_with(']'))
    };
    matches!(
        dtype,
        "bool"
            | "int8"
            | "int16"
            | "int32"
            | "int64"
            | "uint8"
            | "uint16"
            | "uint32"
            | "uint64"
            | "float16"
            | "float32"
            | "float64"
            | "complex64"
            | "complex128"
            | "str"
            | "bytes"
            | "object"
            | "datetime64"
            | "timedelta64"
            | "longdouble"
            | "float128"
    ) || unit("datetime64")
        || unit("timedelta64")
}

fn wrong(path: &str, message: impl Into<String>) -> SchemaError {
    SchemaError { path: path.to_owned(), message: message.into() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn schemas_are_written_as_mlflow_writes_them() {
        for text in [
            r#"[{"type": "double", "name": "a", "required": true}, {"type": "string", "name": "b", "required": false}]"#,
            r#"[{"type": "tensor", "tensor-spec": {"dtype": "int64", "shape": [-1]}}]"#,
            r#"[{"name": "x", "type": "tensor", "tensor-spec": {"dtype": "float32", "shape": [-1, 224, 224, 3]}}]"#,
            r#"[{"type": "array", "items": {"type": "long"}, "name": "xs", "required": true}]"#,
            r#"[{"type": "object", "properties": {"k": {"type": "long", "required": true}}, "name": "o", "required": true}]"#,
            r#"[{"type": "map", "values": {"type": "string"}, "name": "m", "required": true}]"#,
            r#"[{"type": "any", "name": "z", "required": true}]"#,
            r#"[{"type": "long", "name": 0, "required": true}]"#,
            r#"[{"type": "string", "name": "\u00e9\ud83d\ude00\"\\", "required": true}]"#,
        ] {
            assert_eq!(Schema::from_text(text).unwrap().to_text(), text);
        }
    }

    #[test]
    fn parameters_are_written_as_mlflow_writes_them() {
        for text in [
            r#"[{"name": "temp", "default": 0.5, "shape": null, "type": "double"}]"#,
            r#"[{"name": "a", "default": [1, 2], "shape": [-1], "type": "long"}]"#,
            r#"[{"name": "a", "default": {"b": 1}, "shape": null, "type": "object", "properties": {"b": {"type": "long", "required": true}}}]"#,
        ] {
            assert_eq!(params_text(&ParamSpec::list_from_text(text).unwrap()), text);
        }
        let early =
            ParamSpec::list_from_text(r#"[{"name": "t", "dtype": "long", "default": null, "shape": null}]"#);
        assert_eq!(early.unwrap().first().unwrap().ty, ColumnType::Scalar(DataType::Long));
    }

    #[test]
    fn what_older_versions_wrote_is_read() {
        let read = |text: &str| match Schema::from_text(text).unwrap() {
            Schema::Columns(columns) => columns.first().unwrap().required,
            Schema::Tensors(_) => panic!("expected columns"),
        };
        assert!(!read(r#"[{"name": "a", "type": "double", "optional": true}]"#));
        assert!(read(r#"[{"name": "a", "type": "double"}]"#));
        assert!(!read(r#"[{"name": "a", "type": "any"}]"#));
    }

    #[test]
    fn what_mlflow_refuses_is_refused_with_its_place() {
        for (text, expected) in [
            ("{", ": expected JSON: EOF while parsing an object at line 1 column 1"),
            ("[]", ": expected at least one column or tensor, found none"),
            (r#"[{"type": "float64", "name": "a"}]"#, "[0].type: MLflow knows no type \"float64\""),
            (
                r#"[{"type": "long", "name": "a"}, {"type": "long"}]"#,
                ": expected names on all columns or on none",
            ),
            (r#"[{"type": "long", "required": false}]"#, "[0]: a column without a name cannot be optional"),
            (
                r#"[{"type": "long", "name": "a", "description": "x"}]"#,
                "[0].description: MLflow knows no such key on a column",
            ),
            (
                r#"[{"type": "tensor", "tensor-spec": {"dtype": "<U5", "shape": [-1]}}]"#,
                "[0].tensor-spec.dtype: NumPy knows no dtype \"<U5\" that MLflow takes",
            ),
            (
                r#"[{"type": "object", "name": "o", "properties": {}}]"#,
                "[0].properties: expected at least one property",
            ),
        ] {
            assert_eq!(Schema::from_text(text).unwrap_err().to_string(), expected);
        }
    }
}
