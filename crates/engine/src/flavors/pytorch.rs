//! The pytorch flavor (`mlflow.pytorch`), and a generated loader for programs that it cannot call.
//!
//! MLflow hands a model one tensor and expects one back. A program with several inputs, or one that returns a tuple or a
//! dict, is called by generated code instead, which takes columns or named tensors and gives arrays in what the program
//! returns.

use packwright_inspect::{Inspection, PytorchForm, TorchArgument, TorchCall, TorchInput};
use serde_yaml::{Mapping, Value};

use super::loader::{MainScript, of_module, python_string};
use super::torch_code::{ARRAYS, TENSORS, predict};
use super::{Layout, block, copied, version_of};
use crate::architecture::{is_dotted, python_value};

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
pub(super) fn program(
    inspection: &Inspection,
    form: PytorchForm,
    inputs: &[TorchInput],
    call: Option<&TorchCall>,
) -> Layout {
    let path = match form {
        PytorchForm::Exported => "data/model.pt2",
        PytorchForm::Script | PytorchForm::Module => "data/model.pt",
    };
    let text = program_text(form, inputs, call);
    of_module(copied(inspection, path), text)
}

/// A pickled module that MLflow does not find by itself: below `steps` in the file, or of a class that the script which
/// saved it defined. Then the names are put where the pickle looks for them before it is opened.
pub(super) fn pickled(inspection: &Inspection, steps: &str, main: Option<&MainScript>) -> Layout {
    let import = if main.is_some() { "import sys\n\n" } else { "" };
    let define = if main.is_some() { "        _define_main()\n" } else { "" };
    let text = format!(
        r#""""Serves a PyTorch module out of a pickle. Written by Packwright."""

{import}import numpy as np
import torch
{main}

class _Model:
    def __init__(self, path):
{define}        # The file is a pickle of the whole module, which only a full load gives back.
        saved = torch.load(path, map_location="cpu", weights_only=False)
        self._network = saved{steps}.eval()

{predict}{TENSORS}{ARRAYS}

def _load_pyfunc(path):
    return _Model(path)
"#,
        main = main.map(MainScript::text).unwrap_or_default(),
        predict = predict("model_input, params=None", "self._network"),
    );
    of_module(copied(inspection, "data/model.pth"), text)
}

fn program_text(form: PytorchForm, inputs: &[TorchInput], call: Option<&TorchCall>) -> String {
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
            let cast = input.cast.as_deref().map_or("None".to_owned(), |cast| format!("torch.{cast}"));
            format!("    ({}, {dtype}, {cast}),\n", python_string(&input.name))
        })
        .collect();
    format!(
        r#""""Serves {what} that MLflow cannot call itself. Written by Packwright."""

import numpy as np
import torch

# The inputs in the order in which the program takes them: the name, the type of the
# array, and what it is cast to where NumPy has no word for the type.
INPUTS = [
{rows}]


class _Model:
    def __init__(self, path):
        self._program = {open}

    def predict(self, data, params=None):
        """Takes named arrays, or columns of a DataFrame; gives what the program returns."""
        if hasattr(data, "columns"):
            if len(INPUTS) == 1 and INPUTS[0][0] not in data.columns:
                data = data.to_numpy()
            else:
                data = {{row[0]: np.stack(data[row[0]].to_numpy()) for row in INPUTS}}
        if not isinstance(data, dict):
            if len(INPUTS) != 1:
                raise TypeError("give a dict with one array for each input")
            data = {{INPUTS[0][0]: data}}
        tensors = [_tensor(data[name], dtype, cast) for name, dtype, cast in INPUTS]
        with torch.no_grad():
            return _arrays(_call(self._program, tensors))


def _call(program, tensors):
    return program({call})


def _tensor(data, dtype, cast):
    tensor = torch.from_numpy(np.ascontiguousarray(data, dtype=dtype))
    return tensor if cast is None else tensor.to(cast)
{ARRAYS}

def _load_pyfunc(path):
    return _Model(path)
"#,
        rows = rows.concat(),
        call = call.map_or_else(|| "*tensors".to_owned(), call_text),
    )
}

/// `{"x": tensors[0]}, n=2`: how the program was exported to be called.
fn call_text(call: &TorchCall) -> String {
    let mut arguments: Vec<String> = call.positional.iter().map(argument_text).collect();
    let (plain, odd): (Vec<_>, Vec<_>) = call.named.iter().partition(|(name, _)| is_dotted(name));
    arguments.extend(plain.iter().map(|(name, argument)| format!("{name}={}", argument_text(argument))));
    if !odd.is_empty() {
        let rows = odd
            .iter()
            .map(|(name, argument)| format!("{}: {}", python_string(name), argument_text(argument)));
        arguments.push(format!("**{{{}}}", rows.collect::<Vec<_>>().join(", ")));
    }
    let line = arguments.join(", ");
    if line.len() < 60 {
        return line;
    }
    let rows: Vec<String> = arguments.iter().map(|argument| format!("        {argument},\n")).collect();
    format!("\n{}    ", rows.concat())
}

fn argument_text(argument: &TorchArgument) -> String {
    let listed = |items: &[TorchArgument]| items.iter().map(argument_text).collect::<Vec<_>>().join(", ");
    match argument {
        TorchArgument::Input(at) => format!("tensors[{at}]"),
        TorchArgument::Constant(value) => python_value(value),
        TorchArgument::List(items) => format!("[{}]", listed(items)),
        TorchArgument::Tuple(items) if items.len() == 1 => format!("({},)", listed(items)),
        TorchArgument::Tuple(items) => format!("({})", listed(items)),
        TorchArgument::Dict(entries) => {
            let rows = entries
                .iter()
                .map(|(name, value)| format!("{}: {}", python_string(name), argument_text(value)));
            format!("{{{}}}", rows.collect::<Vec<_>>().join(", "))
        }
    }
}

#[cfg(test)]
mod tests {
    use TorchArgument::{Constant, Dict, Input, List, Tuple};

    use super::*;

    #[test]
    fn a_program_is_called_as_it_was_exported() {
        let call = TorchCall {
            positional: vec![
                Dict(vec![("x".into(), Input(0)), ("say \"hi\"".into(), Tuple(vec![Input(1)]))]),
                List(vec![Input(2), Constant(serde_json::Value::Null)]),
            ],
            named: vec![("n".into(), Constant(2.into())), ("not a name".into(), Input(3))],
        };
        let input =
            TorchInput { name: "x".into(), dtype: Some("float32".into()), cast: Some("bfloat16".into()) };
        let text = program_text(PytorchForm::Exported, &[input], Some(&call));
        for part in [
            "        {\"x\": tensors[0], \"say \\\"hi\\\"\": (tensors[1],)},\n",
            "        [tensors[2], None],\n        n=2,\n        **{\"not a name\": tensors[3]},\n    )",
            "    (\"x\", \"float32\", torch.bfloat16),\n",
        ] {
            assert!(text.contains(part), "{part} is not in\n{text}");
        }
        let plain = program_text(PytorchForm::Script, &[], None);
        assert!(plain.contains("    return program(*tensors)\n"), "{plain}");
    }
}
