//! Inference parameters.

use serde_json::{Map, Value, json};

use super::types::{type_from, type_json};
use super::{SchemaError, python_text, wrong};
use crate::schema::{ColumnType, DataType, ParamSpec};

/// The array of `signature.params`, as a text.
pub fn params_text(params: &[ParamSpec]) -> String {
    python_text(&params.iter().map(ParamSpec::to_json).collect())
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
    /// The first condition under which MLflow itself refuses to load it, with its place.
    pub fn list_from_text(text: &str) -> Result<Vec<Self>, SchemaError> {
        let mut errors = Vec::new();
        let params = read_params(text, "", &mut errors);
        errors.into_iter().next().map_or(Ok(params), Err)
    }

    fn from_json(value: &Value, path: &str) -> Result<Self, SchemaError> {
        let at = |key: &str| format!("{path}.{key}");
        let map = value.as_object().ok_or_else(|| wrong("signature/json", path, "expected an object"))?;
        let name = map.get("name").and_then(Value::as_str);
        let name = name.ok_or_else(|| wrong("signature/name", at("name"), "expected a text"))?;
        let mut typed = map.clone();
        // MLflow 2.6 to 2.8 wrote `dtype`.
        if let Some(dtype) = map.get("dtype") {
            typed.entry("type").or_insert_with(|| dtype.clone());
        }
        let ty = type_from(&typed, path)?;
        if !matches!(ty, ColumnType::Scalar(_) | ColumnType::Object(_))
            || ty == ColumnType::Scalar(DataType::Binary)
        {
            let message = "a parameter can be a scalar other than binary, or an object";
            return Err(wrong("signature/param-type", at("type"), message));
        }
        let default = map.get("default");
        let default = default.ok_or_else(|| {
            wrong("signature/param-default", at("default"), "the default is missing; write null at least")
        })?;
        let shape = match map.get("shape") {
            None | Some(Value::Null) => None,
            Some(shape) if *shape == json!([-1]) => Some(-1),
            Some(other) => {
                let message = format!("expected null or [-1], found {other}");
                return Err(wrong("signature/param-shape", at("shape"), message));
            }
        };
        let fits = match (default, shape) {
            (Value::Null, _) => true,
            (Value::Array(items), Some(_)) => items.iter().all(|item| is_of(item, &ty)),
            (default, None) => is_of(default, &ty),
            (_, Some(_)) => false,
        };
        if !fits {
            let list = if shape.is_some() { "a list of " } else { "" };
            let message = format!("the default {} is not {list}{}", python_text(default), type_word(&ty));
            return Err(wrong("signature/param-default", at("default"), message));
        }
        Ok(Self { name: name.to_owned(), ty, default: default.clone(), shape })
    }
}

/// Reads the text that lies at `at`, reporting every condition under which MLflow refuses it.
pub(crate) fn read_params(text: &str, at: &str, errors: &mut Vec<SchemaError>) -> Vec<ParamSpec> {
    let items = match serde_json::from_str(text) {
        Ok(Value::Array(items)) => items,
        Ok(_) => {
            errors.push(wrong("signature/json", at, "expected a JSON array of parameters"));
            return Vec::new();
        }
        Err(error) => {
            errors.push(wrong("signature/json", at, format!("expected JSON: {error}")));
            return Vec::new();
        }
    };
    let mut params: Vec<ParamSpec> = Vec::new();
    for (index, item) in items.iter().enumerate() {
        match ParamSpec::from_json(item, &format!("{at}[{index}]")) {
            Ok(param) if params.iter().any(|known| known.name == param.name) => {
                let message = format!("there are two parameters {:?}", param.name);
                errors.push(wrong("signature/param-duplicate", format!("{at}[{index}].name"), message));
            }
            Ok(param) => params.push(param),
            Err(error) => errors.push(error),
        }
    }
    params
}

/// Whether MLflow converts the default without loss: integers to any number, never the other way.
fn is_of(value: &Value, ty: &ColumnType) -> bool {
    let ColumnType::Scalar(scalar) = ty else { return value.is_object() };
    match scalar {
        DataType::Boolean => value.is_boolean(),
        DataType::Integer | DataType::Long => value.is_i64() || value.is_u64(),
        DataType::Float | DataType::Double => value.is_number(),
        DataType::String | DataType::Datetime => value.is_string(),
        DataType::Binary => false,
    }
}

fn type_word(ty: &ColumnType) -> &'static str {
    match ty {
        ColumnType::Scalar(scalar) => scalar.name(),
        _ => "object",
    }
}
