//! How MLflow makes one type of the types of several values (`_merge` of `mlflow.types.schema`).

use std::collections::BTreeMap;

use crate::schema::{ColumnType, Property};

/// The type of both; `None` when MLflow finds none and gives up.
pub(super) fn merge(first: &ColumnType, second: &ColumnType) -> Option<ColumnType> {
    use ColumnType::{Any, Array, Map, Object, Scalar};
    match (first, second) {
        (Any, Any) => Some(Any),
        (Any, Scalar(_)) => Some(second.clone()),
        (Any, _) => merge(second, first),
        (Scalar(a), Scalar(b)) => (a == b).then(|| first.clone()),
        (Scalar(_) | Array(_) | Map(_), Any) => Some(first.clone()),
        (Array(a), Array(b)) => Some(Array(Box::new(merge(a, b)?))),
        (Object(properties), Any) => {
            let optional = |property: &Property| Property { required: false, ..property.clone() };
            Some(Object(properties.iter().map(optional).collect()))
        }
        (Object(a), Object(b)) => objects(a, b).map(Object),
        (Map(a), Map(b)) => Some(Map(Box::new(merge(a, b)?))),
        _ => None,
    }
}

fn objects(first: &[Property], second: &[Property]) -> Option<Vec<Property>> {
    if first == second {
        return Some(first.to_vec());
    }
    let mut merged: BTreeMap<String, Property> = BTreeMap::new();
    for property in first {
        let both = match second.iter().find(|other| other.name == property.name) {
            Some(other) => Property {
                name: property.name.clone(),
                ty: merge(&property.ty, &other.ty)?,
                required: property.required && other.required,
            },
            None => Property { required: false, ..property.clone() },
        };
        merged.insert(property.name.clone(), both);
    }
    for property in second {
        merged
            .entry(property.name.clone())
            .or_insert_with(|| Property { required: false, ..property.clone() });
    }
    Some(merged.into_values().collect())
}
