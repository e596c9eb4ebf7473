//! The pytorch flavor (`mlflow.pytorch`), and a generated loader for programs that it cannot call.
//!
//! MLflow hands a model one tensor and expects one back. A program with several inputs, or one that returns a tuple or a
//! dict, is called by generated code instead, which takes columns or named tensors and gives arrays in what the program
//! returns.

use packwright_inspect::{Inspection, PytorchForm, TorchInput};
use serde_yaml::{Mapping, Value};

use super::loader::{MainScript, of_module, python_string};
use super::{Layout, block, copied, version_of};

/// The module that MLflow pickles with; the loader reads its name back from a file without a line break.
const PICKLE_MODULE: &str = "mlflow.pytorch.pickle_module";

/// A file that MLflow opens and calls itself.
pub(super) fn native(inspection: &Inspection, form: PytorchForm) -> Layout {
    // The loader looks for these names in the folder, and takes a file for something that torch.load opens.
    let (path, data, texts) = match form {
        PytorchForm::Module => {
            ("data/model.pth", "data", vec![("data/pickle_module_info.txt", PICKLE_MODULE)])
        }
        PytorchForm::Script => ("model.pt", "model.pt", Vec::new()),
        PytorchForm::Exported => ("data/model.pt2", "data", Vec::new()),
    };
    // The loader compares it with what is installed, and fails without the key.
    let version = version_of(inspection, "torch").unwrap_or_else(|| "unknown".to_owned());
    let own = block([("model_data", Value::from(data)), ("pytorch_version", Value::from(version))]);
    let config: Mapping = block([("device", Value::Null)]);
    let python = block([
        ("config", Value::Mapping(config)),
        ("data", Value::from(data)),
        ("loader_module", Value::from("mlflow.pytorch")),
        ("pickle_module_name", Value::from(PICKLE_MODULE)),
    ]);
    Layout {
        data: vec![copied(inspection, path)],
        texts: texts.into_iter().map(|(path, text)| (path.to_owned(), text)).collect(),
        blocks: vec![("python_function", python), ("pytorch", own)],
        ..Layout::default()
    }
}

/// A program that a generated module calls.
pub(super) fn program(inspection: &Inspection, form: PytorchForm, inputs: &[TorchInput]) -> Layout {
    let path = match form {
        PytorchForm::Exported => "data/model.pt2",
        PytorchForm::Script | PytorchForm::Module => "data/model.pt",
    };
    let text = program_text(form, inputs);
    of_module(copied(inspection, path), text)
}

/// A pickled module of a class that the script which saved it defined itself: the names are put where the pickle looks
/// for them before it is opened.
pub(super) fn of_script(inspection: &Inspection, main: &MainScript) -> Layout {
    let text = format!(
        r#""""Serves a PyTorch module that a script saved. Written by Packwright."""

import sys

import numpy as np
import torch
{main}

class _Model:
    def __init__(self, path):
        _define_main()
        # The file is a pickle of the whole module, which only a full load gives back.
        self._module = torch.load(path, map_location="cpu", weights_only=False).eval()

    def predict(self, data, params=None):
        """Takes an array or a DataFrame of numbers; gives what the module returns."""
        values = data.to_numpy() if hasattr(data, "to_numpy") else np.asarray(data)
        if values.dtype in (object, np.float64):
            values = values.astype("float32")
        with torch.no_grad():
            return self._module(torch.from_numpy(np.ascontiguousarray(values))).numpy()


def _load_pyfunc(path):
    return _Model(path)
"#,
        main = main.text()
    );
    of_module(copied(inspection, "data/model.pth"), text)
}

fn program_text(form: PytorchForm, inputs: &[TorchInput]) -> String {
    let (what, open) = match form {
        PytorchForm::Exported => ("an exported program", "torch.export.load(path).module()"),
        PytorchForm::Script | PytorchForm::Module => {
            ("a TorchScript program", "torch.jit.load(path, map_location=\"cpu\").eval()")
        }
    };
    let rows: Vec<String> = inputs
        .iter()
        .map(|input| {
            let dtype = input.dtype.as_deref().map_or("None".to_owned(), python_string);
            format!("    ({}, {dtype}),\n", python_string(&input.name))
        })
        .collect();
    format!(
        r#""""Serves {what} with several inputs or outputs. Written by Packwright."""

import numpy as np
import torch

# The inputs in the order in which the program takes them, each with its type.
INPUTS = [
{rows}]


class _Model:
    def __init__(self, path):
        self._program = {open}

    def predict(self, data, params=None):
        """Takes named arrays, or columns of a DataFrame; gives what the program returns."""
        if hasattr(data, "columns"):
            data = {{name: np.stack(data[name].to_numpy()) for name, _ in INPUTS}}
        if not isinstance(data, dict):
            if len(INPUTS) != 1:
                raise TypeError("give a dict with one array for each input")
            data = {{INPUTS[0][0]: data}}
        tensors = [
            torch.from_numpy(np.ascontiguousarray(data[name], dtype=dtype))
            for name, dtype in INPUTS
        ]
        with torch.no_grad():
            return _arrays(self._program(*tensors))


def _arrays(result):
    if isinstance(result, torch.Tensor):
        return result.numpy()
    if isinstance(result, dict):
        return {{name: value.numpy() for name, value in result.items()}}
    return [value.numpy() for value in result]


def _load_pyfunc(path):
    return _Model(path)
"#,
        rows = rows.concat()
    )
}
