//! What of a package is not in its copy.

use std::collections::BTreeSet;

use packwright_mlflow::lint::{Problem, Severity};
use packwright_mlflow::package::PackageFiles as _;
use packwright_mlflow::schema::Signature;
use serde_yaml::{Mapping, Value};

use super::Original;
use super::take::planned;
use crate::draft::Draft;
use crate::plan::Origin;
use crate::seal::SEAL;
use crate::{card, flavors, texts, verify};

/// How many names stand in a sentence.
const NAMED: usize = 6;

/// A longer card is no text of a person.
const LONGEST_CARD_BYTES: u64 = 4 << 20;

/// What every package says anew.
const WRITTEN_ANEW: [&str; 12] = [
    "flavors",
    "is_signature_from_type_hint",
    "metadata",
    "mlflow_version",
    "model_size_bytes",
    "model_uuid",
    "prompts",
    "saved_input_example_info",
    "signature",
    "type_hint_from_example",
    "utc_time_created",
    "model_id",
];

/// Keys of a flavor's block that say how the model is called, and not where it lies or what made it.
const CALLED_BY: [&str; 12] = [
    "config",
    "extra_files",
    "inference_config",
    "llm_inference_task",
    "meta_graph_tags",
    "onnx_session_options",
    "predict_fn",
    "prompt_template",
    "providers",
    "pyfunc_predict_fn",
    "signature_def_key",
    "task",
];

/// What is not as it was packed.
pub(super) fn integrity(original: &Original) -> Vec<String> {
    let Ok(problems) = verify::verify(&original.path) else { return Vec::new() };
    let is_broken = |problem: &Problem| {
        problem.severity == Severity::Error
            && (problem.rule.starts_with("verify/") || problem.rule.starts_with("seal/"))
    };
    let broken: BTreeSet<&str> =
        problems.iter().filter(|problem| is_broken(problem)).map(|problem| problem.path.as_str()).collect();
    let broken: Vec<&str> = broken.into_iter().collect();
    if broken.is_empty() {
        return Vec::new();
    }
    vec![format!(
        "{} is not as it was packed: {} changed or missing. This copy has what lies there now.",
        original.name,
        listed(&broken)
    )]
}

/// Files, keys and ways of calling the model that the copy does not have.
pub(super) fn left_out(original: &Original, draft: &Draft) -> Vec<String> {
    let mut notes = Vec::new();
    if original.package.has_file(SEAL) {
        notes.push(
            "The seal is of the package as it was: a copy is sealed anew when you export it.".to_owned(),
        );
    }
    files(original, draft, &mut notes);
    keys(original, &mut notes);
    calls(original, draft, &mut notes);
    trusted(original, draft, &mut notes);
    notes
}

fn files(original: &Original, draft: &Draft, notes: &mut Vec<String>) {
    let planned = planned(draft).unwrap_or_default();
    let is_planned = |name: &str| planned.iter().any(|(path, _)| path == name);
    let inside = format!("{}/", original.place);
    let has_code = !draft.code().is_empty();
    let is_known = |name: &str| {
        name == original.place
            || name.starts_with(&inside)
            || texts::NAMES.contains(&name)
            || is_planned(name)
            || (has_code && name.starts_with("code/"))
            || name.strip_prefix("code/").is_some_and(crate::generated::is_loader)
            || draft.inspection().artifact.side_files.iter().any(|file| name.ends_with(file.as_str()))
    };
    let extra: Vec<&str> =
        original.package.names().iter().map(String::as_str).filter(|name| !is_known(name)).collect();
    if !extra.is_empty() {
        notes.push(format!("Files of the package that are not in the copy: {}.", listed(&extra)));
    }
    if !original.package.links().is_empty() {
        let links: Vec<&str> = original.package.links().iter().map(String::as_str).collect();
        notes.push(format!("Links are never followed and not in the copy: {}.", listed(&links)));
    }
    let written = planned.iter().find(|(path, _)| path == card::README).map(|(_, origin)| origin);
    // A card that is as Packwright wrote it says nothing that is not in the MLmodel.
    let recorded = original.model.get("metadata").and_then(|metadata| {
        metadata.get("packwright")?.get("sha256")?.get(card::README)?.as_str().map(str::to_owned)
    });
    let is_own = || recorded.is_some() && original.package.sha256(card::README).ok() == recorded;
    if let Some(Origin::Generated { bytes }) = written
        && let Ok(there) = original.package.read(card::README, LONGEST_CARD_BYTES)
        && there != *bytes
        && !is_own()
    {
        notes.push(
            "README.md is written anew from what is in Metadata; the text of the package's is not kept."
                .into(),
        );
    }
}

fn keys(original: &Original, notes: &mut Vec<String>) {
    let is_said = |value: &Value| {
        !matches!(value, Value::Null) && value.as_sequence().is_none_or(|list| !list.is_empty())
    };
    let keys = original.model.keys().iter().filter(|(_, value)| is_said(value));
    let keys: Vec<&str> = keys
        .filter_map(|(key, _)| key.as_str())
        .filter(|key| {
            // The id that MLflow's server gave is of the model that was logged.
            *key == "model_id" || !WRITTEN_ANEW.contains(key)
        })
        .collect();
    if !keys.is_empty() {
        notes.push(format!("Keys of the MLmodel that are not in the copy: {}.", listed(&keys)));
    }
}

/// Ways in which the model was called that the copy does not have.
fn calls(original: &Original, draft: &Draft, notes: &mut Vec<String>) {
    let Ok(layout) = flavors::layout(draft, None) else { return };
    let mut lost = Vec::new();
    for (name, block) in original.model.flavors() {
        let Some((_, ours)) = layout.blocks.iter().find(|(known, _)| *known == name) else {
            lost.push(format!("the flavor {name}"));
            continue;
        };
        lost.extend(differing(name, block, ours));
    }
    if !lost.is_empty() {
        let lost: Vec<&str> = lost.iter().map(String::as_str).collect();
        notes.push(format!("The copy is called as the model itself asks for: {} not kept.", listed(&lost)));
    }
    let wanted = original.model.signature().ok().flatten().unwrap_or_default();
    let written = texts::written_signature(draft, &layout).unwrap_or_default();
    if without_unsaid(&wanted, &written) != without_unsaid(&written, &wanted) {
        notes.push(
            "The signature of the copy is not that of the package: compare it in Signature.".to_owned(),
        );
    }
}

fn differing(name: &str, block: &Mapping, ours: &Mapping) -> Vec<String> {
    let said = |block: &Mapping, key: &str| block.get(key).filter(|value| !value.is_null()).cloned();
    let keys = CALLED_BY.into_iter().filter(|key| {
        let theirs = said(block, key);
        theirs.is_some() && theirs != said(ours, key)
    });
    keys.map(|key| format!("{key} of {name}")).collect()
}

/// The sides that both say.
fn without_unsaid(of: &Signature, other: &Signature) -> Signature {
    Signature {
        inputs: of.inputs.clone().filter(|_| other.inputs.is_some()),
        outputs: of.outputs.clone().filter(|_| other.outputs.is_some()),
        params: of.params.clone(),
    }
}

/// Types that the package lets skops load, and the draft does not.
fn trusted(original: &Original, draft: &Draft, notes: &mut Vec<String>) {
    let types =
        original.model.flavor("sklearn").and_then(|block| block.get("skops_trusted_types")?.as_sequence());
    let types: Vec<&str> = types.into_iter().flatten().filter_map(Value::as_str).collect();
    let open: Vec<String> = draft.trust().into_iter().filter(|ty| !ty.is_trusted).map(|ty| ty.name).collect();
    let asked: Vec<&str> = types.into_iter().filter(|name| open.iter().any(|open| open == name)).collect();
    if !asked.is_empty() {
        notes.push(format!(
            "The package trusts {}. That is not taken over: decide again in Safety.",
            listed(&asked)
        ));
    }
}

fn listed(names: &[&str]) -> String {
    let shown = names.iter().take(NAMED).copied().collect::<Vec<_>>().join(", ");
    match names.len().saturating_sub(NAMED) {
        0 => shown,
        more => format!("{shown} and {more} more"),
    }
}
