//! The onnx flavor (`mlflow.onnx`): the graph in the root, its external data beside it under the names that the
//! graph gives them.

use std::path::{Component, Path};

use packwright_inspect::Inspection;
use serde_yaml::Value;

use super::{DataFile, Layout, RESERVED, block, copied, data_name_with, put_version};
use crate::environment::{distribution, pinned};
use crate::plan::PlanError;

/// The graph as it is, with its side files.
pub(super) fn native(inspection: &Inspection) -> Result<Layout, PlanError> {
    let file = copied(inspection, &data_name_with(inspection, "onnx"));
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
