//! The file `MLmodel`, as MLflow 1.x to 3.x wrote it.

use serde_yaml::{Mapping, Value};

use crate::json::{SchemaError, read_params, read_schema};
use crate::schema::Signature;
use crate::yaml::{self, YamlError};

/// Keys of flavor blocks that name a file or folder of the package.
pub const FILE_KEYS: [&str; 9] = [
    "data",
    "model_path",
    "pickled_model",
    "model_data",
    "saved_model_dir",
    "python_model",
    "serialized_explainer",
    "model_binary",
    "adapter_weights",
];

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
    /// The first condition under which MLflow itself fails to load it; the path starts with `signature`.
    pub fn signature(&self) -> Result<Option<Signature>, SchemaError> {
        let (signature, errors) = self.read_signature();
        errors.into_iter().next().map_or(Ok(signature), Err)
    }

    /// What can be read of the signature, and everything for which MLflow refuses it.
    pub(crate) fn read_signature(&self) -> (Option<Signature>, Vec<SchemaError>) {
        let mut errors = Vec::new();
        let Some(value) = self.get("signature") else { return (None, errors) };
        let mut wrong = |rule, path: &str, message: &str| {
            errors.push(SchemaError { rule, path: path.to_owned(), message: message.to_owned() });
        };
        let Some(map) = value.as_mapping() else {
            wrong("signature/not-a-map", "signature", "expected a map with inputs, outputs and params");
            return (None, errors);
        };
        let mut text = |key: &str| match map.get(key) {
            None | Some(Value::Null) => None,
            Some(Value::String(text)) => Some(text.clone()),
            Some(other) => {
                let message = format!("expected a text that holds JSON, found {}", yaml::kind(other));
                wrong("signature/not-text", &format!("signature.{key}"), &message);
                None
            }
        };
        let (inputs, outputs, params) = (text("inputs"), text("outputs"), text("params"));
        if ["inputs", "outputs", "params"].iter().all(|key| map.get(*key).is_none_or(Value::is_null)) {
            wrong("signature/empty", "signature", "expected at least one of inputs, outputs and params");
        }
        let mut schema = |key: &str, text: &str| read_schema(text, &format!("signature.{key}"), &mut errors);
        let signature = Signature {
            inputs: inputs.and_then(|text| schema("inputs", &text)),
            outputs: outputs.and_then(|text| schema("outputs", &text)),
            params: params.map(|text| read_params(&text, "signature.params", &mut errors)),
        };
        (Some(signature), errors)
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
        for (signature, rule, path) in [
            ("signature: [1]\n", "signature/not-a-map", "signature"),
            ("signature: {inputs: null}\n", "signature/empty", "signature"),
            ("signature: {inputs: [1]}\n", "signature/not-text", "signature.inputs"),
            (
                "signature: {inputs: '[{\"type\": \"int\", \"name\": \"a\"}]'}\n",
                "signature/unknown-type",
                "signature.inputs[0].type",
            ),
        ] {
            let error = MlModel::from_text(signature).unwrap().signature().unwrap_err();
            assert_eq!((error.rule, error.path.as_str()), (rule, path));
        }
    }

    #[test]
    fn what_is_no_map_of_keys_is_refused() {
        assert!(matches!(MlModel::from_text("# only a comment\n"), Err(MlModelError::Empty)));
        assert!(matches!(MlModel::from_text("- a\n"), Err(MlModelError::NotAMap)));
        assert!(matches!(MlModel::from_text("a:\n\tb: 1\n"), Err(MlModelError::Yaml(_))));
    }
}
