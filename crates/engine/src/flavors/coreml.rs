//! Core ML models and packages, which coremltools opens and macOS runs: no flavor of MLflow does.

use std::collections::BTreeSet;

use packwright_inspect::{ArtifactKind, CoremlInput, Inspection};
use serde_yaml::Mapping;

use super::{Layout, artifact_name, copied, folder, from_code, python_string};
use crate::names;
use crate::plan::PlanError;

/// What keeps a folder that has no files: a package holds files alone.
const KEEPER: &str = "empty.txt";
const KEPT: &str = "This folder has no files, and Core ML asks for it.\n";

/// The model and code that runs it.
pub(super) fn from_code(
    inspection: &Inspection,
    inputs: &[(String, CoremlInput)],
    is_stateful: bool,
    empty_folders: &[String],
) -> Result<Layout, PlanError> {
    let name = names::portable(&artifact_name(inspection));
    let path = format!("{}/{name}", from_code::FOLDER);
    let artifact = &inspection.artifact;
    let is_folder_inside = artifact.member.as_ref().is_some_and(|member| !member.files.is_empty());
    let data = if artifact.kind == ArtifactKind::Folder || is_folder_inside {
        folder::files(inspection, &path, |_| true)?
    } else {
        vec![copied(inspection, &path)]
    };
    let layout = from_code::of(&path, data, (text(inputs, is_stateful), Mapping::new(), Vec::new()));
    let texts = empty_folders.iter().map(|folder| (format!("{path}/{folder}/{KEEPER}"), KEPT)).collect();
    Ok(Layout { texts, ..layout })
}

fn text(inputs: &[(String, CoremlInput)], is_stateful: bool) -> String {
    let is_table = inputs
        .iter()
        .all(|(_, input)| matches!(input, CoremlInput::Integer | CoremlInput::Number | CoremlInput::Text));
    let has = |wanted: &[CoremlInput]| inputs.iter().any(|(_, input)| wanted.contains(input));
    let has_pictures = has(&[CoremlInput::Image, CoremlInput::Grayscale, CoremlInput::GrayscaleFloat]);
    let mut code = HEAD.to_owned();
    // NumPy makes what is no cell of a table.
    let needs_numpy = !is_table && inputs.iter().any(|(_, input)| *input != CoremlInput::AsItIs);
    if needs_numpy {
        code.push_str("import numpy as np\n");
    }
    if is_table {
        code.push_str("import pandas as pd\n");
    }
    code.push_str("from mlflow.models import set_model\nfrom mlflow.pyfunc import PythonModel\n");
    if has_pictures {
        code.push_str("from PIL import Image\n");
    }
    let mut makers = BTreeSet::new();
    let mut lines = String::new();
    for (name, input) in inputs {
        let (maker, definition) = maker(*input, is_table);
        makers.insert(definition);
        lines.push_str(&format!("    {}: {maker},\n", python_string(name)));
    }
    for definition in makers {
        code.push_str(definition);
    }
    // After a function two lines are left free, after imports one.
    code.push_str(if code.ends_with("PythonModel\n") || code.ends_with("Image\n") { "\n" } else { "\n\n" });
    code.push_str(&format!("# What goes in, and how it is made for Core ML.\nINPUTS = {{\n{lines}}}\n"));
    let call = if is_stateful {
        "self._model.predict(row, state=self._model.make_state())"
    } else {
        "self._model.predict(row)"
    };
    code.push_str(&MODEL.replace("PREDICT", if is_table { TABLE } else { ARRAYS }).replace("CALL", call));
    code.push_str(TAIL);
    code
}

/// What makes an input for Core ML, and its definition.
fn maker(input: CoremlInput, is_table: bool) -> (String, &'static str) {
    let plain = |name: &str| (name.to_owned(), "");
    match input {
        CoremlInput::Integer if is_table => plain("int"),
        CoremlInput::Number if is_table => plain("float"),
        CoremlInput::Text if is_table => plain("str"),
        CoremlInput::Integer => {
            ("_integer".into(), "\n\ndef _integer(data):\n    return int(np.ravel(data)[0])\n")
        }
        CoremlInput::Number => {
            ("_number".into(), "\n\ndef _number(data):\n    return float(np.ravel(data)[0])\n")
        }
        CoremlInput::Text => ("_text".into(), "\n\ndef _text(data):\n    return str(np.ravel(data)[0])\n"),
        CoremlInput::Array(dtype) => (
            format!("_array({})", python_string(dtype)),
            "\n\ndef _array(dtype):\n    return lambda data: np.asarray(data, dtype=dtype)\n",
        ),
        CoremlInput::Image | CoremlInput::Grayscale => (
            "_picture".into(),
            "\n\ndef _picture(data):\n    return Image.fromarray(np.asarray(data, dtype=\"uint8\"))\n",
        ),
        CoremlInput::GrayscaleFloat => (
            "_gray".into(),
            "\n\ndef _gray(data):\n    return Image.fromarray(np.asarray(data, dtype=\"float32\"))\n",
        ),
        CoremlInput::AsItIs => ("_as_it_is".into(), "\n\ndef _as_it_is(data):\n    return data\n"),
    }
}

const HEAD: &str = r"# Runs the Core ML model in artifacts/. It loads everywhere; Core ML predicts on macOS alone.
import coremltools
";

const MODEL: &str = r#"

class Model(PythonModel):
    def load_context(self, context):
        self._model = coremltools.models.MLModel(context.artifacts["model"])

    def predict(self, context, model_input, params=None):
PREDICT
    def _predict(self, row):
        # Optional inputs may be absent.
        row = {name: make(row[name]) for name, make in INPUTS.items() if _has(row, name)}
        return CALL
"#;

const TABLE: &str = r#"        rows = model_input.to_dict("records")
        return pd.DataFrame([self._predict(row) for row in rows])
"#;

const ARRAYS: &str = r"        # One input may come without its name.
        if len(INPUTS) == 1 and not isinstance(model_input, dict):
            model_input = {name: model_input for name in INPUTS}
        return self._predict(model_input)
";

const TAIL: &str = r"

def _has(row, name):
    return name in row and row[name] is not None


set_model(Model())
";
