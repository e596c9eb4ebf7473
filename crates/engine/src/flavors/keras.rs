//! The keras flavor (`mlflow.keras`), which opens `data/model.keras` in safe mode, and generated code for what it refuses:
//! classes of one's own, and layers that hold code.

use packwright_inspect::Inspection;
use serde_yaml::Value;

use super::loader::{MainScript, of_module, python_string};
use super::{Layout, block, copied, put_version, version_of};

/// Where MLflow looks for the file.
const FILE: &str = "data/model.keras";

/// A `.keras` file as it is.
pub(super) fn native(inspection: &Inspection) -> Layout {
    let mut own = block([("data", Value::from("data"))]);
    put_version(&mut own, "keras_version", version_of(inspection, "keras"));
    own.insert(Value::from("keras_backend"), Value::from("tensorflow"));
    own.insert(Value::from("save_exported_model"), Value::from(false));
    let python = block([("loader_module", Value::from("mlflow.keras"))]);
    Layout {
        blocks: vec![("keras", own), ("python_function", python)],
        data: vec![copied(inspection, FILE)],
        texts: vec![("data/keras_module.txt".to_owned(), "keras")],
        ..Layout::default()
    }
}

/// How generated code opens a model.
pub(super) struct How<'a> {
    /// The module of Keras.
    pub(super) keras_module: &'static str,
    /// Whether the file is HDF5.
    pub(super) is_h5: bool,
    /// Classes and functions to be handed over: the name in the file and the import path.
    pub(super) custom_objects: &'a [(String, String)],
    /// Whether Keras must be told to run the code that the file holds.
    pub(super) holds_code: bool,
}

/// A loader that hands over the classes of one's own.
pub(super) fn loader(inspection: &Inspection, how: &How<'_>, main: Option<&MainScript>) -> Layout {
    let path = if how.is_h5 { "data/model.h5" } else { FILE };
    let text = how.text(main);
    of_module(copied(inspection, path), text)
}

impl How<'_> {
    fn text(&self, main: Option<&MainScript>) -> String {
        let keras = self.keras_module;
        // What the model expects in `__main__` is in the file that the person added.
        let place = |path: &str| -> Option<(String, String)> {
            let (module, name) = path.rsplit_once('.')?;
            let module = main.filter(|_| module == "__main__").map_or(module, |main| &main.module);
            Some((module.to_owned(), name.to_owned()))
        };
        let mut imports: Vec<String> = vec!["pandas".to_owned()];
        let mut objects = String::new();
        for (name, path) in self.custom_objects {
            let Some((module, attribute)) = place(path) else { continue };
            objects.push_str(&format!("    {}: {module}.{attribute},\n", python_string(name)));
            if !imports.contains(&module) {
                imports.push(module);
            }
        }
        imports.sort();
        let imports: Vec<String> = imports.into_iter().map(|module| format!("import {module}\n")).collect();
        let imports = imports.concat();
        let objects = if objects.is_empty() { "{}".to_owned() } else { format!("{{\n{objects}}}") };
        // The layers hold Python code; without this Keras refuses to run it.
        let safe = if self.holds_code { ", safe_mode=False" } else { "" };
        format!(
            r"{imports}from {keras} import models

CUSTOM_OBJECTS = {objects}


class Model:
    def __init__(self, path):
        self._model = models.load_model(path, custom_objects=CUSTOM_OBJECTS, compile=False{safe})

    def predict(self, data):
        if isinstance(data, pandas.DataFrame):
            return pandas.DataFrame(self._model.predict(data.values), index=data.index)
        return self._model.predict(data)

    def get_raw_model(self):
        return self._model


def _load_pyfunc(path):
    return Model(path)
"
        )
    }
}
