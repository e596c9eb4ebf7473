//! The file `MLmodel`, as MLflow 1.x to 3.x wrote it.

use serde_yaml::{Mapping, Value};

use crate::json::SchemaError;
use crate::schema::{ParamSpec, Schema, Signature};
use crate::yaml::{self, YamlError};

/// An MLmodel. Every key is kept, known or not; the accessors give the known ones their types.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct MlModel {
    root: Mapping,
}

/// Why a text is no MLmodel.
#[derive(Debug, thiserror::Error)]
pub enum MlModelError {
    /// Not the YAML that MLflow takes.
    #[error("MLmodel is not YAML: {0}")]
    Yaml(#[from] YamlError),
    /// Nothing, or comments only.
    #[error("MLmodel is empty")]
    Empty,
    /// YAML, and no map.
    #[error("MLmodel holds no map of keys")]
    NotAMap,
}

impl MlModel {
    /// An MLmodel of these keys.
    pub fn from_mapping(root: Mapping) -> Self {
        Self { root }
    }

    /// Reads the text of an MLmodel. A byte order mark and CRLF are accepted, as MLflow accepts them.
    ///
    /// # Errors
    ///
    /// [`MlModelError`] when MLflow could not read it either.
    pub fn from_text(text: &str) -> Result<Self, MlModelError> {
        match yaml::read(text)? {
            Value::Mapping(root) => Ok(Self { root }),
            Value::Null => Err(MlModelError::Empty),
            _ => Err(MlModelError::NotAMap),
        }
    }

    /// The text as MLflow writes it: block style, keys sorted, ASCII.
    pub fn to_text(&self) -> String {
        yaml::write(&Value::Mapping(self.root.clone()))
    }

    /// All keys.
    pub fn keys(&self) -> &Mapping {
        &self.root
    }

    /// The value of a top-level key that is not null.
    pub fn get(&self, key: &str) -> Option<&Value> {
        self.root.get(key).filter(|value| !value.is_null())
    }

    /// A top-level text.
    pub fn text(&self, key: &str) -> Option<&str> {
        self.get(key)?.as_str()
    }

    /// The flavor blocks in their order.
    pub fn flavors(&self) -> impl Iterator<Item = (&str, &Mapping)> {
        let flavors = self.get("flavors").and_then(Value::as_mapping).into_iter().flatten();
        flavors.filter_map(|(name, block)| Some((name.as_str()?, block.as_mapping()?)))
    }

    /// One flavor block.
    pub fn flavor(&self, name: &str) -> Option<&Mapping> {
        self.flavors().find(|(known, _)| *known == name).map(|(_, block)| block)
    }

    /// The signature; `None` when there is none.
    ///
    /// # Errors
    ///
    /// Every condition under which MLflow itself fails to load it; the path starts with `signature`.
    pub fn signature(&self) -> Result<Option<Signature>, SchemaError> {
        let wrong =
            |path: &str, message: &str| SchemaError { path: path.to_owned(), message: message.to_owned() };
        let Some(value) = self.get("signature") else { return Ok(None) };
        let map = value.as_mapping().ok_or_else(|| wrong("signature", "expected a map"))?;
        let text = |key: &str| match map.get(key) {
            None | Some(Value::Null) => Ok(None),
            Some(Value::String(text)) => Ok(Some(text.as_str())),
            Some(_) => Err(wrong(&format!("signature.{key}"), "expected a text that holds JSON")),
        };
        let below = |key: &str| {
            let key = key.to_owned();
            move |error: SchemaError| SchemaError { path: format!("signature.{key}{}", error.path), ..error }
        };
        let schema = |key: &str| text(key)?.map(Schema::from_text).transpose().map_err(below(key));
        let signature = Signature {
            inputs: schema("inputs")?,
            outputs: schema("outputs")?,
            params: text("params")?.map(ParamSpec::list_from_text).transpose().map_err(below("params"))?,
        };
        if signature == Signature::default() {
            return Err(wrong("signature", "expected at least one of inputs, outputs and params"));
        }
        Ok(Some(signature))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const OLD: &str = "flavors:\n  python_function:\n    env: conda.yaml\n    loader_module: mlflow.sklearn\n    \
        python_version: 3.8.18\n  sklearn: {code: null, pickled_model: model.pkl}\nmlflow_version: 1.30.1\n\
        my_own_key: [1, 2]\nsignature:\n  inputs: '[{\"name\": \"a\", \"type\": \"double\"}]'\n  outputs: null\n\
        utc_time_created: '2026-11-23 07:34:56.798296'\n";

    #[test]
    fn what_older_versions_wrote_is_read_and_kept() {
        let model = MlModel::from_text(&format!("\u{feff}{}", OLD.replace('\n', "\r\n"))).unwrap();
        assert_eq!(model.text("mlflow_version"), Some("1.30.1"));
        assert_eq!(model.flavors().map(|(name, _)| name).collect::<Vec<_>>(), ["python_function", "sklearn"]);
        assert!(model.signature().unwrap().unwrap().inputs.is_some());
        let again = MlModel::from_text(&model.to_text()).unwrap();
        assert_eq!(again.get("my_own_key"), model.get("my_own_key"));
        assert_eq!(again.flavor("sklearn"), model.flavor("sklearn"));
    }

    #[test]
    fn a_signature_that_mlflow_refuses_is_refused_with_its_place() {
        for (signature, expected) in [
            ("signature: [1]\n", "signature: expected a map"),
            ("signature: {inputs: null}\n", "signature: expected at least one of inputs, outputs and params"),
            ("signature: {inputs: [1]}\n", "signature.inputs: expected a text that holds JSON"),
            (
                "signature: {inputs: '[{\"type\": \"int\", \"name\": \"a\"}]'}\n",
                "signature.inputs[0].type: MLflow knows no type \"int\"",
            ),
        ] {
            let model = MlModel::from_text(signature).unwrap();
            assert_eq!(model.signature().unwrap_err().to_string(), expected);
        }
    }
}
