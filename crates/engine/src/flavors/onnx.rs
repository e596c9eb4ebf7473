//! The onnx flavor (`mlflow.onnx`): the graph in the root, its external data beside it under the names that the
//! graph gives them. A graph that the flavor cannot open gets code that opens it with onnxruntime.

use std::path::{Component, Path};

use packwright_inspect::{Inspection, SourcedSchema};
use serde_yaml::{Mapping, Value};

use super::{
    Change, DataFile, Layout, RESERVED, block, copied, data_name_with, from_code, put_version, python_string,
};
use crate::environment::{distribution, pinned};
use crate::plan::PlanError;

/// The graph, with its side files.
pub(super) fn native(inspection: &Inspection, is_text: bool) -> Result<Layout, PlanError> {
    let file = graph(inspection, &data_name_with(inspection, "onnx"), is_text);
    let path = file.path.clone();
    let mut own = block([
        ("data", Value::from(path.as_str())),
        // Naming CUDA first, as MLflow does by default, gives a warning on every machine without it.
        ("providers", Value::Sequence(vec![Value::from("CPUExecutionProvider")])),
        ("onnx_session_options", Value::Null),
    ]);
    let version = inspection.requirements.iter().find(|line| distribution(&line.requirement) == "onnx");
    put_version(&mut own, "onnx_version", version.and_then(|line| pinned(&line.requirement)));
    let python = block([("data", Value::from(path.as_str())), ("loader_module", Value::from("mlflow.onnx"))]);
    let mut data = vec![file];
    for name in &inspection.artifact.side_files {
        data.push(side_file(inspection, name, &path)?);
    }
    Ok(Layout { blocks: vec![("onnx", own), ("python_function", python)], data, ..Layout::default() })
}

/// The graph as it is, or the binary form of one that is in a form made for people.
fn graph(inspection: &Inspection, path: &str, is_text: bool) -> DataFile {
    let change = if is_text { Change::OnnxBinary } else { Change::None };
    DataFile { change, ..copied(inspection, path) }
}

/// A graph that onnxruntime opens and MLflow's flavor does not.
#[derive(Debug, Clone, Copy)]
pub(super) struct Runtime {
    /// Whether it is in onnxruntime's own format, which it tells by the ending of the name.
    pub(super) is_ort: bool,
    /// Whether the operators of onnxruntime-extensions must be registered.
    pub(super) is_extended: bool,
    /// Whether it is in a form made for people.
    pub(super) is_text: bool,
}

/// The graph with its side files, and code that runs it.
pub(super) fn runtime(inspection: &Inspection, how: Runtime) -> Result<Layout, PlanError> {
    let name = data_name_with(inspection, if how.is_ort { "ort" } else { "onnx" });
    let file = graph(inspection, &format!("{}/{name}", from_code::FOLDER), how.is_text);
    let path = file.path.clone();
    let mut data = vec![file];
    for name in &inspection.artifact.side_files {
        let beside = side_file(inspection, name, &path)?;
        data.push(DataFile { path: format!("{}/{}", from_code::FOLDER, beside.path), ..beside });
    }
    let inputs: Vec<String> = inputs(inspection)
        .iter()
        .map(|(name, dtype)| format!("    {}: {},\n", python_string(name), python_string(dtype)))
        .collect();
    let (import, options) = if how.is_extended { EXTENDED } else { ("", "") };
    let text = format!(
        "{HEAD}{import}\n# What goes in: names and types.\nINPUTS = {{\n{}}}\n{BEFORE_OPTIONS}{options}{TAIL}",
        inputs.concat()
    );
    Ok(from_code::of(&path, data, (text, Mapping::new(), Vec::new())))
}

/// The names of the inputs and their types. A single input stands without its name in the signature.
fn inputs(inspection: &Inspection) -> Vec<(String, String)> {
    let types = inspection.fact("input_types").and_then(|fact| fact.value.as_object().cloned());
    let Some(SourcedSchema::Tensors(tensors)) = &inspection.signature.inputs else { return Vec::new() };
    let names = types.unwrap_or_default().into_iter().map(|(name, _)| name);
    names.zip(tensors).map(|(name, tensor)| (name, tensor.value.dtype.clone())).collect()
}

const HEAD: &str = r"# Runs the graph in artifacts/ with onnxruntime.
import numpy as np
import onnxruntime
from mlflow.models import set_model
from mlflow.pyfunc import PythonModel
";

const EXTENDED: (&str, &str) = (
    "from onnxruntime_extensions import get_library_path\n",
    r"        # The graph uses operators of this library.
        options.register_custom_ops_library(get_library_path())
",
);

const BEFORE_OPTIONS: &str = r"

class Model(PythonModel):
    def load_context(self, context):
        options = onnxruntime.SessionOptions()
";

const TAIL: &str = r#"        self._session = onnxruntime.InferenceSession(
            context.artifacts["model"], options, providers=["CPUExecutionProvider"]
        )

    def predict(self, context, model_input, params=None):
        values = self._session.run(None, _arrays(model_input))
        names = [output.name for output in self._session.get_outputs()]
        return dict(zip(names, values, strict=True))


def _arrays(data):
    if not INPUTS:
        return data
    # One input may come without its name, as an array or a table.
    is_named = isinstance(data, dict) and INPUTS.keys() <= data.keys()
    if len(INPUTS) == 1 and not is_named:
        data = {name: data for name in INPUTS}
    return {name: np.asarray(data[name], dtype=dtype) for name, dtype in INPUTS.items()}


set_model(Model())
"#;

/// External data. The graph holds its name, so it cannot be changed: one that leads out of the package, or onto a
/// file of MLflow's, stops the plan.
fn side_file(inspection: &Inspection, name: &str, model: &str) -> Result<DataFile, PlanError> {
    let refuse = |reason: &str| PlanError::SideFile { name: name.to_owned(), reason: reason.to_owned() };
    let parts: Vec<Component<'_>> = Path::new(name).components().collect();
    let is_inside = !parts.is_empty()
        && parts.iter().all(|part| matches!(part, Component::Normal(_) | Component::CurDir));
    if !is_inside || name.contains('\\') {
        return Err(refuse("it lies outside the model's folder"));
    }
    let path: Vec<&str> = name.split('/').filter(|part| !part.is_empty() && *part != ".").collect();
    let path = path.join("/");
    let root = path.split('/').next().unwrap_or_default();
    if path == model || RESERVED.contains(&root.to_ascii_lowercase().as_str()) {
        return Err(refuse(
            "a file of that name is needed in the package; save the model with another name for its data",
        ));
    }
    let folder = inspection.artifact.path.parent().unwrap_or(Path::new(""));
    let from = folder.join(name);
    let metadata = std::fs::metadata(&from).map_err(|error| refuse(&error.to_string()))?;
    if !metadata.is_file() {
        return Err(refuse("it is not a regular file"));
    }
    Ok(DataFile::copied(path, from, metadata.len()))
}
