//! What a `SavedModel` would do when it is loaded and called: its operators and the files beside it.

use std::collections::BTreeSet;

use super::nodes::Use;
use super::proto::{MetaGraph, SavedModel};
use crate::reader::FolderSubject;
use crate::safety::{Finding, NOT_READ, Needs, Safety, Severity, needs_of, readings, worst_of};

/// Every operator of TensorFlow, see the file.
const OPERATORS: &str = include_str!("operators.txt");

/// Operators that write files or send what goes through them elsewhere.
const WRITES: [&str; 14] = [
    "CreateSummaryDbWriter",
    "CreateSummaryFileWriter",
    "DatasetToTFRecord",
    "DebugIdentity",
    "DebugIdentityV2",
    "DebugIdentityV3",
    "DistributedSave",
    "ExperimentalDatasetToTFRecord",
    "FileSystemSetConfiguration",
    "RpcCall",
    "RpcClient",
    "SaveDataset",
    "SaveDatasetV2",
    "WriteFile",
];

/// Operators that read files by their names.
const READS: [&str; 21] = [
    "DecodeProtoV2",
    "ExperimentalLMDBDataset",
    "ExperimentalMatchingFilesDataset",
    "FixedLengthRecordDataset",
    "FixedLengthRecordDatasetV2",
    "FixedLengthRecordReaderV2",
    "LMDBDataset",
    "LMDBReader",
    "LoadDataset",
    "MatchingFiles",
    "MatchingFilesDataset",
    "ReadFile",
    "RecordInput",
    "SqlDataset",
    "TFRecordDataset",
    "TFRecordDatasetV2",
    "TFRecordReaderV2",
    "TextLineDataset",
    "TextLineReaderV2",
    "WholeFileReader",
    "WholeFileReaderV2",
];

/// Operators that call Python functions of the process that made the graph.
pub(super) const PYTHON: [&str; 3] = ["EagerPyFunc", "PyFunc", "PyFuncStateless"];

/// Operators of checkpoints. Every model saves and restores its own variables by a path that it is given; a path in the
/// graph itself is another matter.
const CHECKPOINTS: [&str; 7] =
    ["MergeV2Checkpoints", "Restore", "RestoreSlice", "RestoreV2", "Save", "SaveSlices", "SaveV2"];

/// Operators that a path goes through on its way to a checkpoint.
const PASSES: [&str; 5] = ["Identity", "Pack", "Reshape", "ShardedFilename", "StringJoin"];

/// Whether an operator passes a path on.
pub(super) fn passes(operator: &str) -> bool {
    PASSES.contains(&operator)
}

/// Whether an operator is worth a look at its path.
pub(super) fn reaches(operator: &str) -> bool {
    WRITES.contains(&operator)
        || READS.contains(&operator)
        || PYTHON.contains(&operator)
        || CHECKPOINTS.contains(&operator)
}

/// The verdict.
pub(super) fn safety(subject: &FolderSubject<'_>, model: &SavedModel, served: &MetaGraph) -> Safety {
    let mut findings: Vec<Finding> = Vec::new();
    for graph in &model.graphs {
        findings.extend(of_graph(graph, super::MODEL));
        findings.extend(assets(graph));
    }
    let mut unread = Vec::new();
    let own = ["saved_model.pb", "fingerprint.pb", "keras_metadata.pb"];
    let is_own = |name: &str| own.contains(&name) || name.starts_with("variables/");
    files(subject, is_own, &mut findings, &mut unread);
    verdict(findings, unread, served)
}

/// What the operators of a graph in `file` would do.
pub(super) fn of_graph(graph: &MetaGraph, file: &str) -> Vec<Finding> {
    let uses = graph.uses.iter().filter_map(|found| judge_use(found, file));
    uses.chain(unknown_operators(graph, file)).collect()
}

/// The verdict over what was found.
pub(super) fn verdict(mut findings: Vec<Finding>, unread: Vec<String>, graph: &MetaGraph) -> Safety {
    findings.sort_by_key(|finding| std::cmp::Reverse(finding.severity));
    let needs = needs_of(&findings, Needs::DataOnly);
    let worst = worst_of(&findings);
    let n_nodes = graph.operators.values().fold(0_u64, |sum, n| sum.saturating_add(*n));
    let summary = match needs {
        Needs::DangerousCalls => format!("its graph would use {worst}"),
        _ if !unread.is_empty() => NOT_READ.to_owned(),
        Needs::UnknownCode => format!("needs a look: {worst}"),
        Needs::DataOnly | Needs::KnownLibraries => {
            format!("a graph of {n_nodes} operators of TensorFlow and its weights; it reaches no other files")
        }
    };
    Safety { needs, unread, findings, summary }
}

fn judge_use(found: &Use, file: &str) -> Option<Finding> {
    let operator = found.operator.as_str();
    let (rule, severity, why) = if WRITES.contains(&operator) {
        ("tensorflow/writes-files", Severity::Dangerous, "the operator writes files or reaches the network")
    } else if PYTHON.contains(&operator) {
        (
            "tensorflow/python-function",
            Severity::Review,
            "it calls a Python function that is not in the model",
        )
    } else if READS.contains(&operator) {
        ("tensorflow/reads-files", Severity::Review, "the operator reads files by their names")
    } else {
        found.path.as_ref()?;
        let saves = operator.starts_with("Save") || operator.starts_with("Merge");
        if saves {
            (
                "tensorflow/writes-files",
                Severity::Dangerous,
                "the path that it saves to is fixed in the graph",
            )
        } else {
            (
                "tensorflow/reads-files",
                Severity::Review,
                "the path that it restores from is fixed in the graph",
            )
        }
    };
    let what =
        found.path.as_ref().map_or_else(|| operator.to_owned(), |path| format!("{operator} of {path:?}"));
    let within = if found.function.is_empty() { "the graph".to_owned() } else { found.function.clone() };
    let place = format!("{} in {within}, {file}, byte {}", found.node, found.offset);
    Some(Finding { rule, severity, what, place, why: why.to_owned() })
}

fn known() -> impl Iterator<Item = &'static str> {
    OPERATORS.lines().filter(|line| !line.starts_with('#')).flat_map(str::split_whitespace)
}

/// Whether TensorFlow has an operator of that name.
pub(super) fn is_known(name: &str) -> bool {
    known().any(|known| known == name)
}

/// Operators that TensorFlow does not have.
fn unknown_operators(graph: &MetaGraph, file: &str) -> impl Iterator<Item = Finding> {
    let known: BTreeSet<&str> = known().collect();
    let is_function = |name: &String| graph.functions.contains(name);
    let unknown =
        graph.operators.keys().filter(move |name| !is_function(name) && !known.contains(name.as_str()));
    unknown.take(50).map(move |name| Finding {
        rule: "tensorflow/unknown-operator",
        severity: Severity::Review,
        what: name.clone(),
        place: file.to_owned(),
        why: "TensorFlow 2.21 has no such operator: it is native code of a library that must be installed"
            .to_owned(),
    })
}

/// Assets are opened by their names when the model is loaded.
fn assets(graph: &MetaGraph) -> impl Iterator<Item = Finding> {
    let leads_out = |name: &str| {
        name.starts_with('/') || name.contains(':') || name.split(['/', '\\']).any(|part| part == "..")
    };
    graph.assets.iter().filter(move |name| leads_out(name)).map(|name| Finding {
        rule: "tensorflow/asset-outside",
        severity: Severity::Dangerous,
        what: name.clone(),
        place: "saved_model.pb asset_file_def".to_owned(),
        why: "loading opens it, and the name leads out of the folder".to_owned(),
    })
}

/// What lies in a folder and is no part of the model may be a pickle for whoever loads it as one.
pub(super) fn files(
    subject: &FolderSubject<'_>,
    is_own: impl Fn(&str) -> bool,
    findings: &mut Vec<Finding>,
    unread: &mut Vec<String>,
) {
    let parts = ["assets/", "assets.extra/"];
    for entry in subject.folder.entries() {
        let name = entry.name.as_str();
        if entry.is_link {
            findings.push(Finding {
                rule: "tensorflow/link",
                severity: Severity::Review,
                what: name.to_owned(),
                place: "the folder".to_owned(),
                why: "it is a link, and what it leads to was not looked at".to_owned(),
            });
            continue;
        }
        if is_own(name) {
            continue;
        }
        let source = match subject.folder.open_source(name) {
            Ok(source) => source,
            Err(error) => {
                unread.push(format!("{name}: {error}"));
                continue;
            }
        };
        let mut safety = Safety {
            needs: Needs::DataOnly,
            unread: Vec::new(),
            findings: Vec::new(),
            summary: String::new(),
        };
        readings::with_plain(&source, subject.limits, &mut safety);
        findings.extend(safety.findings.into_iter().map(|finding| {
            let place = format!("{name}, {}", finding.place);
            Finding { place, ..finding }
        }));
        if !parts.iter().any(|part| name.starts_with(part)) {
            findings.push(Finding {
                rule: "tensorflow/other-file",
                severity: Severity::Info,
                what: name.to_owned(),
                place: "the folder".to_owned(),
                why: "it is no part of the model; TensorFlow does not read it".to_owned(),
            });
        }
    }
}
