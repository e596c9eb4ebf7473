//! TensorFlow Lite files, which its interpreter opens: no flavor of MLflow does.

use packwright_inspect::{Inspection, SourcedSchema};
use serde_yaml::Mapping;

use super::{Layout, from_code, python_string};

/// The file and code that runs it. `signature` is the one to call; without one the tensors are set by their place.
/// `is_flex` asks for the interpreter that is in TensorFlow.
pub(super) fn from_code(inspection: &Inspection, signature: Option<&str>, is_flex: bool) -> Layout {
    let body = match signature {
        Some(name) => SIGNATURE.replace("SIGNATURE", &python_string(name)),
        None => PLACES.to_owned(),
    };
    let inputs: Vec<String> = inputs(inspection)
        .iter()
        .map(|(name, dtype)| format!("    {}: {},\n", python_string(name), python_string(dtype)))
        .collect();
    let head = if is_flex { FLEX_HEAD } else { HEAD };
    let text = format!(
        "{head}\n# What goes in: names and types.\nINPUTS = {{\n{}}}\n\n\nclass Model(PythonModel):\n{body}{TAIL}",
        inputs.concat()
    );
    from_code::layout(inspection, text, Mapping::new(), Vec::new())
}

/// The names of the inputs and their types, as the file has them. A single input stands without its name in the
/// signature.
fn inputs(inspection: &Inspection) -> Vec<(String, String)> {
    let names = inspection.fact("input_names").and_then(|fact| fact.value.as_array().cloned());
    let names = names.unwrap_or_default();
    let names = names.iter().filter_map(|name| name.as_str().map(str::to_owned));
    let Some(SourcedSchema::Tensors(tensors)) = &inspection.signature.inputs else { return Vec::new() };
    // MLflow's word for texts; NumPy keeps them as objects.
    let dtype = |dtype: &str| if dtype == "str" { "object".to_owned() } else { dtype.to_owned() };
    names.zip(tensors).map(|(name, tensor)| (name, dtype(&tensor.value.dtype))).collect()
}

const HEAD: &str = r"# Runs the TensorFlow Lite file in artifacts/.
import threading

import numpy as np
from ai_edge_litert.interpreter import Interpreter
from mlflow.models import set_model
from mlflow.pyfunc import PythonModel
";

const FLEX_HEAD: &str = r"# Runs the TensorFlow Lite file in artifacts/, which has operators of TensorFlow itself.
import threading

import numpy as np
import tensorflow as tf
from mlflow.models import set_model
from mlflow.pyfunc import PythonModel

Interpreter = tf.lite.Interpreter
";

const SIGNATURE: &str = r#"    def load_context(self, context):
        self._interpreter = Interpreter(model_path=context.artifacts["model"])
        self._run = self._interpreter.get_signature_runner(SIGNATURE)
        # An interpreter runs one request at a time.
        self._lock = threading.Lock()

    def predict(self, context, model_input, params=None):
        with self._lock:
            return self._run(**_arrays(model_input))
"#;

const PLACES: &str = r#"    def load_context(self, context):
        self._interpreter = Interpreter(model_path=context.artifacts["model"])
        # An interpreter runs one request at a time.
        self._lock = threading.Lock()

    def predict(self, context, model_input, params=None):
        arrays = _arrays(model_input)
        with self._lock:
            return self._run(arrays)

    def _run(self, arrays):
        interpreter = self._interpreter
        # The inputs of the file stand in the order of INPUTS.
        pairs = list(zip(interpreter.get_input_details(), arrays.values(), strict=True))
        for detail, array in pairs:
            interpreter.resize_tensor_input(detail["index"], array.shape)
        interpreter.allocate_tensors()
        for detail, array in pairs:
            interpreter.set_tensor(detail["index"], array)
        interpreter.invoke()
        outputs = {}
        for detail in interpreter.get_output_details():
            outputs[detail["name"]] = interpreter.get_tensor(detail["index"])
        return outputs
"#;

const TAIL: &str = r"

def _arrays(data):
    # One input may come without its name, as an array or a table.
    is_named = isinstance(data, dict) and INPUTS.keys() <= data.keys()
    if len(INPUTS) == 1 and not is_named:
        data = {name: data for name in INPUTS}
    return {name: np.asarray(data[name], dtype=dtype) for name, dtype in INPUTS.items()}


set_model(Model())
";
