//! The JSON documents of the command line. Their keys are a contract.

use std::path::Path;

use packwright_engine::Draft;
use packwright_engine::here::Here;
use packwright_engine::inspect::safety::Safety;
use packwright_engine::inspect::{ArtifactKind, Sourced, SourcedSchema, SourcedSignature, Tensors};
use packwright_engine::open::OpenError;
use serde_json::{Map, Value, json};

/// `inspect --json` of one artifact.
pub(crate) fn inspection(path: &Path, draft: &Draft) -> Value {
    let inspection = draft.inspection();
    let text = |sourced: &Option<Sourced<String>>| sourced.as_ref().map(|sourced| sourced.value.clone());
    let kind = match inspection.artifact.kind {
        ArtifactKind::File => "file",
        ArtifactKind::Folder => "folder",
    };
    // Which MLflow is required is the package's matter, not the artifact's.
    let requirements: Vec<Value> = draft
        .requirements()
        .iter()
        .filter(|line| !line.requirement.starts_with("mlflow=="))
        .map(|line| json!({ "requirement": line.requirement, "source": line.source }))
        .collect();
    let python = draft.python();
    let facts: Vec<Value> = inspection
        .facts
        .iter()
        .map(|fact| json!({ "name": fact.name, "value": fact.value, "source": fact.source }))
        .collect();
    json!({
        "path": path.to_string_lossy(),
        "kind": kind,
        "size_bytes": inspection.artifact.size_bytes,
        "format": inspection.format,
        "compression": inspection.compression,
        "framework": text(&inspection.framework),
        "framework_version": text(&inspection.framework_version),
        "model_class": text(&inspection.model_class),
        "flavor": inspection.flavor(),
        "signature": signature(&inspection.signature),
        "requirements": requirements,
        "python": { "version": python.value, "source": python.source },
        "safety": safety(&inspection.safety),
        "facts": facts,
        "tensors": inspection.tensors.as_ref().map(tensors),
        "side_files": inspection.artifact.side_files,
        "warnings": warnings(draft),
    })
}

/// Every tensor that was listed, and the sums over all of them.
fn tensors(tensors: &Tensors) -> Value {
    let listed: Vec<Value> = tensors
        .listed
        .iter()
        .map(|tensor| {
            json!({
                "name": tensor.name,
                "dtype": tensor.dtype,
                "shape": tensor.shape,
                "size_bytes": tensor.size_bytes,
                "is_parameter": tensor.is_parameter,
            })
        })
        .collect();
    json!({ "n": tensors.n, "n_elements": tensors.n_elements, "size_bytes": tensors.size_bytes, "listed": listed })
}

/// What the person should know: the draft's sentences, and which code is missing, the architecture's among it.
pub(crate) fn warnings(draft: &Draft) -> Vec<String> {
    let missing = draft
        .decisions()
        .into_iter()
        .filter(|decision| matches!(decision.id, "code-missing" | "architecture-missing"));
    draft.warnings().into_iter().chain(missing.map(|decision| decision.text)).collect()
}

/// The document of an artifact that gave no inspection.
pub(crate) fn open_error(path: &Path, error: &OpenError) -> Value {
    failure(path, error.code().word(), &error.message(), error.offset())
}

/// Any failure.
pub(crate) fn failure(path: &Path, code: &str, message: &str, offset: Option<u64>) -> Value {
    json!({ "path": path.to_string_lossy(), "error": { "code": code, "message": message, "offset": offset } })
}

/// The answer to "will it run here?".
pub(crate) fn here(here: &Here) -> Value {
    let environments: Vec<Value> = here
        .environments
        .iter()
        .map(|one| {
            let differences: Vec<Value> = one
                .differences
                .iter()
                .map(|difference| json!({ "asked": difference.asked, "found": difference.found }))
                .collect();
            json!({
                "place": one.place,
                "python": one.python,
                "state": one.state.word(),
                "summary": one.summary,
                "differences": differences,
                "unsure": one.unsure,
            })
        })
        .collect();
    let obstacles: Vec<Value> = here
        .obstacles
        .iter()
        .map(|obstacle| json!({ "is_certain": obstacle.is_certain, "text": obstacle.text }))
        .collect();
    let commands: Vec<Value> =
        here.commands.iter().map(|snippet| json!({ "title": snippet.title, "text": snippet.text })).collect();
    json!({
        "outcome": here.outcome.word(),
        "headline": here.headline,
        "reasons": here.reasons,
        "obstacles": obstacles,
        "environments": environments,
        "commands": commands,
    })
}

fn signature(signature: &SourcedSignature) -> Value {
    let side = |schema: &Option<SourcedSchema>| match schema {
        None => Value::Null,
        Some(SourcedSchema::Columns(columns)) => {
            columns.iter().map(|column| with_source(column.value.to_json(), &column.source)).collect()
        }
        Some(SourcedSchema::Tensors(tensors)) => {
            tensors.iter().map(|tensor| with_source(tensor.value.to_json(), &tensor.source)).collect()
        }
    };
    let params = signature.params.as_ref().map(|params| {
        params.iter().map(|param| with_source(param.value.to_json(), &param.source)).collect::<Vec<_>>()
    });
    json!({ "inputs": side(&signature.inputs), "outputs": side(&signature.outputs), "params": params })
}

fn with_source(value: Value, source: &str) -> Value {
    let mut map = match value {
        Value::Object(map) => map,
        other => Map::from_iter([("value".to_owned(), other)]),
    };
    map.insert("source".into(), source.into());
    Value::Object(map)
}

pub(crate) fn safety(safety: &Safety) -> Value {
    let findings: Vec<Value> = safety
        .findings
        .iter()
        .map(|finding| {
            json!({
                "rule": finding.rule,
                "severity": finding.severity.word(),
                "what": finding.what,
                "where": finding.place,
                "why": finding.why,
            })
        })
        .collect();
    json!({
        "verdict": safety.verdict().word(),
        "summary": safety.summary,
        "unread": safety.unread,
        "findings": findings,
    })
}
