//! The zip archive of a `.keras` file: what it holds, and what it should not.

use std::sync::Arc;

use packwright_formats::container::{Container, Kind};
use packwright_formats::json::JsonScanner;
use packwright_source::{Budget, ByteSource, Limits, ReadError};
use serde_json::Value;

use super::FORMAT;
use crate::container::oddities;
use crate::safety::{Finding, Needs, Safety, Severity, readings};

/// The members that every file has, beside the weights.
const CONFIG: &str = "config.json";
const METADATA: &str = "metadata.json";

/// What the weights are called, and the ways in which they are written.
const WEIGHTS: [&str; 3] = ["model.weights.h5", ARRAYS, MAP];
const ARRAYS: &str = "model.weights.npz";
const MAP: &str = "model.weights.json";

/// How many members that Keras does not write are told.
const OTHERS: usize = 50;

/// What a `.keras` file holds.
#[derive(Debug)]
pub(super) struct Archive {
    pub(super) metadata: Value,
    pub(super) config: Value,
    /// The HDF5 files with the weights, by their names: one, or those that large models are cut into.
    pub(super) weights: Vec<(String, Arc<dyn ByteSource>)>,
    /// The archive of NumPy arrays that may stand in their place.
    pub(super) arrays: Option<Arc<dyn ByteSource>>,
    /// The names of the members in `assets/`.
    pub(super) assets: Vec<String>,
    pub(super) findings: Vec<Finding>,
    /// Why a member was not read.
    pub(super) unread: Vec<String>,
}

/// Whether the members are those of a `.keras` file.
pub(super) fn is_keras(source: &Arc<dyn ByteSource>, limits: &Limits) -> bool {
    let container = Container::open(Kind::Zip, Arc::clone(source), &mut Budget::new(*limits));
    container.is_ok_and(|container| {
        let has = |name: &str| container.members().iter().any(|member| member.name == name);
        has(CONFIG) && has(METADATA) && container.members().iter().any(|member| is_weights(&member.name))
    })
}

/// Reads the configuration and looks at every member.
///
/// # Errors
///
/// What the archive says, when it cannot be read to its end; what the configuration says.
pub(super) fn read(source: &Arc<dyn ByteSource>, limits: &Limits) -> Result<Archive, ReadError> {
    let mut budget = Budget::new(*limits);
    let container = Container::open(Kind::Zip, Arc::clone(source), &mut budget)?;
    let mut findings: Vec<Finding> =
        container.oddities().iter().map(|oddity| oddities::judge(oddity, Kind::Zip, FORMAT)).collect();
    let mut archive = Archive {
        metadata: Value::Null,
        config: Value::Null,
        weights: Vec::new(),
        arrays: None,
        assets: Vec::new(),
        findings: Vec::new(),
        unread: container
            .error()
            .map(|error| format!("the rest of the archive: {error}"))
            .into_iter()
            .collect(),
    };
    for member in container.members() {
        let name = member.name.as_str();
        let opened = container.member(member, &mut budget);
        let opened = match (name, opened) {
            (CONFIG | METADATA, opened) => opened?,
            (_, Ok(opened)) => opened,
            (_, Err(error)) => {
                archive.unread.push(format!("{name}: {error}"));
                continue;
            }
        };
        findings.extend(opened.oddities.iter().map(|oddity| oddities::judge(oddity, Kind::Zip, FORMAT)));
        match (name, opened.error) {
            (CONFIG | METADATA, Some(error)) => return Err(error),
            (_, Some(error)) => archive.unread.push(format!("{name}: {error}")),
            (_, None) => {}
        }
        match name {
            // Of two members with one name Keras takes the last; that there are two is told.
            CONFIG => archive.config = json(&opened.source, limits)?,
            METADATA => archive.metadata = json(&opened.source, limits)?,
            ARRAYS => archive.arrays = Some(Arc::clone(&opened.source)),
            // What lies in which of the files is in the files too.
            MAP => {}
            _ if is_weights(name) => archive.weights.push((name.to_owned(), Arc::clone(&opened.source))),
            _ => {
                if !name.ends_with('/') {
                    other(name, &opened.source, limits, &mut archive.assets, &mut findings);
                }
            }
        }
    }
    archive.findings = findings;
    Ok(archive)
}

/// Large models are cut into `model_00000.weights.h5` and so on, with `model.weights.json` beside them.
fn is_weights(name: &str) -> bool {
    let is_shard = || name.starts_with("model_") && name.ends_with(".weights.h5") && !name.contains('/');
    WEIGHTS.contains(&name) || is_shard()
}

fn json(source: &Arc<dyn ByteSource>, limits: &Limits) -> Result<Value, ReadError> {
    let mut scanner = JsonScanner::over(FORMAT, &**source, 0, limits);
    let value = scanner.value()?;
    scanner.finish()?;
    Ok(value)
}

/// A member that is neither configuration nor weights: vocabularies lie in `assets/`, nothing else belongs here. It may be a
/// pickle, for whoever unpacks the archive.
fn other(
    name: &str,
    source: &Arc<dyn ByteSource>,
    limits: &Limits,
    assets: &mut Vec<String>,
    findings: &mut Vec<Finding>,
) {
    if OTHERS <= assets.len() {
        return;
    }
    let mut safety =
        Safety { needs: Needs::DataOnly, unread: Vec::new(), findings: Vec::new(), summary: String::new() };
    readings::with_plain(source, limits, &mut safety);
    findings.extend(safety.findings.into_iter().map(|finding| {
        let place = format!("{name}, {}", finding.place);
        Finding { place, ..finding }
    }));
    if !name.starts_with("assets/") {
        findings.push(Finding {
            rule: "keras/other-member",
            severity: Severity::Review,
            what: name.to_owned(),
            place: "the archive".to_owned(),
            why: "Keras writes no such member and does not read it; who opens the archive as something else does"
                .to_owned(),
        });
    }
    assets.push(name.to_owned());
}
