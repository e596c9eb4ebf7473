//! The type of a column, a property or a parameter, inside its JSON object.

use serde_json::{Map, Value};

use super::{SchemaError, wrong};
use crate::schema::{ColumnType, DataType, Property};

/// The keys that describe a type: `type`, and what lies inside.
pub(super) fn type_json(ty: &ColumnType) -> Map<String, Value> {
    let mut map = Map::new();
    let mut put = |key: &str, value: Value| drop(map.insert(key.to_owned(), value));
    match ty {
        ColumnType::Scalar(scalar) => put("type", scalar.name().into()),
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
        ColumnType::Any => put("type", "any".into()),
        ColumnType::SparkMlVector => put("type", "sparkml_vector".into()),
    }
    map
}

/// Reads the type of an object that lies at `path`.
pub(super) fn type_from(map: &Map<String, Value>, path: &str) -> Result<ColumnType, SchemaError> {
    let rule = "signature/unknown-type";
    let here = format!("{path}.type");
    let name = match map.get("type") {
        Some(Value::String(name)) => name.as_str(),
        Some(other) => return Err(wrong(rule, here, format!("expected the name of a type, found {other}"))),
        None => return Err(wrong(rule, here, "the type is missing")),
    };
    let inner = |key: &str| {
        let path = format!("{path}.{key}");
        let inner = map.get(key).and_then(Value::as_object);
        let inner = inner
            .ok_or_else(|| wrong(rule, path.clone(), format!("expected an object with a type for {name}")))?;
        type_from(inner, &path).map(Box::new)
    };
    match name {
        "array" => Ok(ColumnType::Array(inner("items")?)),
        "map" => Ok(ColumnType::Map(inner("values")?)),
        "any" => Ok(ColumnType::Any),
        "sparkml_vector" => Ok(ColumnType::SparkMlVector),
        "object" => {
            let path = format!("{path}.properties");
            let map = map.get("properties").and_then(Value::as_object).filter(|map| !map.is_empty());
            let map = map.ok_or_else(|| wrong(rule, path.clone(), "expected at least one property"))?;
            let property = |(name, value): (&String, &Value)| {
                let path = format!("{path}.{name}");
                let inner =
                    value.as_object().ok_or_else(|| wrong(rule, path.clone(), "expected an object"))?;
                let required = inner.get("required").and_then(Value::as_bool).unwrap_or(true);
                Ok(Property { name: name.clone(), ty: type_from(inner, &path)?, required })
            };
            map.iter().map(property).collect::<Result<Vec<_>, _>>().map(ColumnType::Object)
        }
        _ => DataType::from_name(name).map(ColumnType::Scalar).ok_or_else(|| {
            let names: Vec<_> = DataType::ALL.iter().map(|ty| ty.name()).collect();
            let message = format!(
                "MLflow knows no type {name:?}{}; use one of {}, array, object, map, any",
                near(name).map_or(String::new(), |near| format!(", you may mean {near}")),
                names.join(", ")
            );
            wrong(rule, here, message)
        }),
    }
}

/// The MLflow name of a type that has other names elsewhere.
fn near(name: &str) -> Option<&'static str> {
    Some(match name.to_ascii_lowercase().as_str() {
        "bool" => "boolean",
        "int" | "int32" => "integer",
        "int64" | "bigint" => "long",
        "float32" => "float",
        "float64" | "number" => "double",
        "str" | "text" => "string",
        "bytes" => "binary",
        "date" | "timestamp" | "datetime64[ns]" => "datetime",
        _ => return None,
    })
}
