//! Weights of PyTorch without an architecture: a generated `model.py` makes the network of the person's own class and
//! gives it the weights.

use std::path::Path;

use packwright_inspect::{ArtifactKind, Inspection, TorchWeightsForm};
use serde_yaml::{Mapping, Value};

use super::loader::steps;
use super::torch_code::{ARRAYS, TENSORS, predict};
use super::{DataFile, Layout, block, from_code, python_string};
use crate::architecture::{Architecture, Strip, python_value};
use crate::choices::YOU;
use crate::draft::sentence;
use crate::names;
use crate::plan::PlanError;

/// How long a line of Python may be.
const LONGEST_LINE: usize = 88;

/// The weights in a file.
pub(super) struct Weights<'a> {
    pub(super) form: TorchWeightsForm,
    /// The way to the dict of tensors.
    pub(super) path: &'a str,
    /// Classes that PyTorch makes of the file only when it is told their names.
    pub(super) allowed: &'a [String],
    /// The files that hold the weights together; empty for the artifact itself.
    pub(super) shards: &'a [String],
}

/// The file and code that makes the network. `names` says what the weights' names begin with and the network's do not.
pub(super) fn from_code(
    inspection: &Inspection,
    weights: &Weights<'_>,
    architecture: &Architecture,
    names: Strip,
) -> Result<Layout, PlanError> {
    let text = text(weights, &steps(weights.path)?, architecture, &names);
    let mut layout = from_code::layout(inspection, text, Mapping::new(), Vec::new());
    if !weights.shards.is_empty() {
        shards(inspection, weights.shards, &mut layout)?;
    }
    layout.warnings.extend(assumed(architecture));
    layout.warnings.extend(names.warning);
    Ok(layout)
}

/// The files in a folder of their own, which the code is given in place of the artifact.
fn shards(inspection: &Inspection, names: &[String], layout: &mut Layout) -> Result<(), PlanError> {
    const FOLDER: &str = "artifacts/weights";
    let artifact = &inspection.artifact;
    let root = match artifact.kind {
        ArtifactKind::Folder => artifact.path.as_path(),
        ArtifactKind::File => artifact.path.parent().unwrap_or(Path::new("")),
    };
    layout.data.clear();
    for (at, name) in names.iter().enumerate() {
        let refuse = |reason: String| PlanError::SideFile { name: name.clone(), reason };
        let from = root.join(name);
        let metadata = std::fs::symlink_metadata(&from).map_err(|error| refuse(error.to_string()))?;
        if !metadata.is_file() {
            return Err(refuse("it is not a regular file".to_owned()));
        }
        let flat = names::portable(&name.replace('/', "_"));
        layout.data.push(DataFile::copied(format!("{FOLDER}/{at:05}_{flat}"), from, metadata.len()));
    }
    if let Some((_, python)) = layout.blocks.first_mut() {
        let model = block([("path", Value::from(FOLDER)), ("uri", Value::from(FOLDER))]);
        let artifacts = block([("model", Value::Mapping(model))]);
        python.insert(Value::from("artifacts"), Value::Mapping(artifacts));
    }
    Ok(())
}

/// What of the architecture the person did not choose, in a sentence.
fn assumed(architecture: &Architecture) -> Option<String> {
    let mut said = Vec::new();
    if architecture.source != YOU {
        said.push(format!("the network is {}, {}", architecture.class, architecture.source));
    }
    for argument in architecture.arguments.iter().filter(|argument| argument.source != YOU) {
        said.push(format!(
            "its argument {} is {} ({})",
            argument.name,
            python_value(&argument.value),
            argument.source
        ));
    }
    (!said.is_empty()).then(|| sentence(&said.join("; ")))
}

fn text(weights: &Weights<'_>, steps: &str, architecture: &Architecture, strip: &Strip) -> String {
    let (module, class) = architecture.class.rsplit_once('.').unwrap_or(("__main__", &architecture.class));
    let allowed: Vec<String> =
        weights.allowed.iter().map(|name| format!("    {},\n", python_string(name))).collect();
    let (import_first, imports) = match (weights.form, allowed.is_empty()) {
        (TorchWeightsForm::Safetensors, _) => ("", "from safetensors.torch import load_file\n"),
        (TorchWeightsForm::Torch, true) => ("", ""),
        (TorchWeightsForm::Torch, false) => ("import importlib\n\n", ""),
    };
    let load = match (weights.form, allowed.is_empty()) {
        (TorchWeightsForm::Safetensors, _) => "        weights = load_file(path)\n".to_owned(),
        (TorchWeightsForm::Torch, true) => format!("{ONLY}        {LOAD}\n        weights = saved{steps}\n"),
        (TorchWeightsForm::Torch, false) => format!(
            "{ONLY}        with torch.serialization.safe_globals(_allowed()):\n            {LOAD}\n        weights = saved{steps}\n"
        ),
    };
    let load = if weights.shards.is_empty() {
        load
    } else {
        // The same for each file, one step further in.
        let each = load.replace('\n', "\n    ");
        let each = format!("    {}", each.trim_end_matches("    "));
        let each = each
            .replace(&format!("weights = saved{steps}\n"), &format!("weights.update(saved{steps})\n"))
            .replace("weights = load_file(path)", "weights.update(load_file(path))");
        format!("        weights = {{}}\n        for path in sorted(Path(folder).glob(\"*\")):\n{each}")
    };
    let (path, import_path) =
        if weights.shards.is_empty() { ("path", "") } else { ("folder", "from pathlib import Path\n") };
    let import_first = match (import_first.trim_end(), import_path) {
        ("", "") => String::new(),
        ("", path) => format!("{path}\n"),
        (first, path) => format!("{first}\n{path}\n"),
    };
    let allowed = if allowed.is_empty() {
        String::new()
    } else {
        format!(
            "\n# What the file holds beside its weights, which PyTorch loads only when it is named.\nALLOWED = [\n{}]\n",
            allowed.concat()
        )
    };
    let counter = strip.counter.map_or(String::new(), |counter| {
        format!(
            "        # What averaged the network counted how often.\n        weights.pop({}, None)\n",
            python_string(counter)
        )
    });
    let (strip_import, take_off) = if strip.prefix.is_empty() {
        (String::new(), String::new())
    } else {
        let prefix = python_string(&strip.prefix);
        (
            "from torch.nn.modules.utils import consume_prefix_in_state_dict_if_present\n".to_owned(),
            format!(
                "        # The names of the weights begin with what held the network in training.\n        consume_prefix_in_state_dict_if_present(weights, {prefix})\n"
            ),
        )
    };
    format!(
        r#"# Makes the network and gives it the weights in artifacts/.
{import_first}import numpy as np
import torch
from mlflow.models import set_model
from mlflow.pyfunc import PythonModel
{imports}{strip_import}{allowed}

class Model(PythonModel):
    def load_context(self, context):
{own}
        {path} = context.artifacts["model"]
{load}{counter}{take_off}        network = {call}
        network.load_state_dict(weights)
        self._network = network.eval()

{predict}{resolve}{TENSORS}{ARRAYS}

set_model(Model())
"#,
        own = import(module, class),
        call = call(architecture),
        predict = predict("context, model_input, params=None", "self._network"),
        resolve = if allowed.is_empty() { "" } else { RESOLVE },
    )
}

const ONLY: &str = "        # Tensors and plain values only: a file with anything else is refused.\n";

const LOAD: &str = "saved = torch.load(path, map_location=\"cpu\", weights_only=True)";

const RESOLVE: &str = r#"

def _allowed():
    found = [
        (getattr(importlib.import_module(module), name), f"{module}.{name}")
        for module, _, name in (full.rpartition(".") for full in ALLOWED)
    ]
    # NumPy has a class for each type, which its files do not name.
    return found + [type(np.dtype(code)) for code in "?bhilqBHILQefdgFDSUO"]
"#;

/// The class under a name of ours: its own might be one that the code uses. In the function, because linters sort it
/// among the imports by where the file lies.
fn import(module: &str, class: &str) -> String {
    let line = format!("        from {module} import {class} as Architecture");
    if line.len() <= LONGEST_LINE {
        return format!("{line}\n");
    }
    format!("        from {module} import (\n            {class} as Architecture,\n        )\n")
}

fn call(architecture: &Architecture) -> String {
    let given = architecture.arguments.iter();
    let given: Vec<String> =
        given.map(|argument| format!("{}={}", argument.name, python_value(&argument.value))).collect();
    let line = format!("Architecture({})", given.join(", "));
    if line.len() + "        network = ".len() <= LONGEST_LINE {
        return line;
    }
    let rows: Vec<String> = given.iter().map(|argument| format!("            {argument},\n")).collect();
    format!("Architecture(\n{}        )", rows.concat())
}

#[cfg(test)]
mod tests {
    use TorchWeightsForm::{Safetensors, Torch};

    use super::*;
    use crate::architecture::Argument;

    fn made(class: &str, arguments: &[(&str, serde_json::Value)]) -> Architecture {
        let argument = |(name, value): &(&str, serde_json::Value)| Argument {
            name: (*name).to_owned(),
            value: value.clone(),
            source: "you".into(),
        };
        let arguments = arguments.iter().map(argument).collect();
        Architecture { class: class.to_owned(), source: "you".into(), arguments }
    }

    #[test]
    fn the_code_has_what_the_weights_and_the_class_need() {
        let long = "x".repeat(40);
        let plain =
            made("shop.net.Net", &[("n_in", 4.into()), ("act", "re\"lu".into()), ("bias", true.into())]);
        let wide = made(
            &format!("{long}.{long}"),
            &[("sizes", serde_json::json!([1, 2.5])), ("name", long.as_str().into()), ("x", ().into())],
        );
        for (form, steps, architecture, prefix, has, lacks) in [
            (
                Torch,
                "[\"state_dict\"]",
                &plain,
                "model.",
                vec![
                    "from shop.net import Net as Architecture\n",
                    "weights_only=True",
                    "weights = saved[\"state_dict\"]\n",
                    "if_present(weights, \"model.\")\n",
                    "network = Architecture(n_in=4, act=\"re\\\"lu\", bias=True)\n",
                ],
                "load_file",
            ),
            (
                Safetensors,
                "",
                &wide,
                "",
                vec![
                    "import (\n            xx",
                    "import load_file\n",
                    "weights = load_file(path)\n",
                    "Architecture(\n            sizes=[1, 2.5],\n",
                    "            x=None,\n        )\n",
                ],
                "torch.load",
            ),
        ] {
            let weights = Weights { form, path: "", allowed: &[], shards: &[] };
            let names = Strip { prefix: prefix.to_owned(), ..Strip::default() };
            let text = text(&weights, steps, architecture, &names);
            for part in has {
                assert!(text.contains(part), "{part} is not in\n{text}");
            }
            assert!(!text.contains(lacks), "{text}");
            assert!(text.lines().all(|line| line.len() <= LONGEST_LINE), "{text}");
        }
    }
}
