//! What `torch.save` wrote: a state dict, a checkpoint around one, a whole module, or something else.

use packwright_formats::pickle::Value;
use packwright_source::{Budget, Limits};
use serde_json::json;

use super::Described;
use super::archive::Archive;
use super::module::{self, Walk};
use super::tensor::{STATISTICS, Seen, tensor};
use crate::pickled::{Dialect, PickleFile, class_of, own_modules, own_modules_fact};
use crate::{Fact, InspectError, PytorchForm, Serving, Sourced, SourcedSignature, Tensors, TorchWeightsForm};

/// The keys under which checkpoints keep the weights, the likeliest first.
const WEIGHTS: &[&str] = &[
    "state_dict",
    "model_state_dict",
    "model",
    "net",
    "module",
    "ema_state_dict",
    "state_dict_ema",
    "model_ema",
    "ema",
    "weights",
    "params",
];

/// The scalars of a checkpoint that tell where the training stood.
const PROGRESS: &[&str] = &[
    "epoch",
    "global_step",
    "step",
    "iteration",
    "loss",
    "best_acc",
    "best_metric",
    "pytorch-lightning_version",
    "arch",
];

/// Why a module among other values cannot be served.
const MODULE_INSIDE: &str = "The file is a checkpoint around a whole module, which MLflow cannot find in it: save the module's \
                             state_dict, or the module by itself.";

/// Describes the values in `data.pkl`.
pub(super) fn describe(
    archive: &mut Archive,
    limits: &Limits,
    budget: &mut Budget,
) -> Result<Described, InspectError> {
    let file = pickle_in(archive, "data.pkl", Dialect::Torch, limits, budget)?;
    let mut described = match file.pickle.root() {
        Some(root) if module::is_module(&file, root) => of_module(&file, root),
        Some(root) => of_values(&file, root)?,
        None => return Err(InspectError::Damaged(file.error_or("data.pkl holds no value"))),
    };
    described.facts.extend(archive_facts(archive, budget));
    Ok(described)
}

/// Describes the fourth of the pickles of a file from before PyTorch 1.6.
pub(super) fn of_legacy(file: &PickleFile) -> Result<Described, InspectError> {
    const VALUES: usize = 3;
    let Some(root) = file.pickle.roots.get(VALUES).copied() else {
        return Err(crate::strangers::unread("it holds no values", "save the model again"));
    };
    let described =
        if module::is_module(file, root) { of_module(file, root) } else { of_values(file, root)? };
    let mut facts = described.facts;
    facts.extend(sources(file));
    Ok(Described { format: "torch-legacy", facts, ..described })
}

/// The files whose text the file carries for each class that it holds: `('module', class, file, text)`.
fn sources(file: &PickleFile) -> Option<Fact> {
    let tree = &file.pickle.tree;
    let ids = file.pickle.trace.persistent().iter();
    let paths: std::collections::BTreeSet<&str> = ids
        .filter_map(|(id, _)| match tree.items(*id)? {
            [kind, _, path, _] if tree.text(*kind) == Some("module") => tree.text(*path),
            _ => None,
        })
        .take(100)
        .collect();
    (!paths.is_empty()).then(|| Fact {
        name: "source_files",
        value: json!(paths),
        source: "the persistent ids: the text of each class lies in the file".into(),
    })
}

/// A pickle of the archive.
pub(super) fn pickle_in(
    archive: &Archive,
    name: &str,
    dialect: Dialect,
    limits: &Limits,
    budget: &mut Budget,
) -> Result<PickleFile, InspectError> {
    let gone = || crate::strangers::unread(&format!("its member {name} is gone"), "save the model again");
    let source = archive.source(name, budget)?.ok_or_else(gone)?;
    Ok(PickleFile::read_at(source, 0, None, limits).in_dialect(dialect))
}

/// What the small members say of how the archive was written.
fn archive_facts(archive: &Archive, budget: &mut Budget) -> Vec<Fact> {
    let named = [("byteorder", "byte_order"), ("version", "archive_version")];
    named
        .into_iter()
        .filter_map(|(member, name)| {
            let text = archive.text(member, 64, budget).ok()??;
            Some(Fact { name, value: json!(text.trim()), source: format!("the member {member}") })
        })
        .collect()
}

fn of_module(file: &PickleFile, root: Value) -> Described {
    let mut walk = Walk::over(file);
    let part = walk.part(root, "", "", 0);
    let class = part.class.clone();
    let own = own_modules(file);
    let mut facts = vec![kind("a whole module")];
    facts.extend(own_modules_fact(&own));
    Described {
        format: "torch-zip",
        version: None,
        class: Some(Sourced::new(class, "class of the pickled module")),
        serving: Serving::Pytorch { form: PytorchForm::Module },
        signature: module::signature(file, root),
        structure: Some(part),
        tensors: walk.tensors,
        facts,
        warnings: Vec::new(),
        own_modules: own,
    }
}

fn of_values(file: &PickleFile, root: Value) -> Result<Described, InspectError> {
    let tree = &file.pickle.tree;
    if tensor(file, root).is_some() {
        return Err(InspectError::NotAModel {
            what: "it is a PyTorch tensor, not a model".to_owned(),
            hint: "drop the file with the model's weights or the model itself".to_owned(),
        });
    }
    let mut facts = Vec::new();
    let (weights, place) = if holds_tensors(file, root) {
        facts.push(kind("a state dict"));
        (root, String::new())
    } else {
        let inside = WEIGHTS.iter().find_map(|key| Some((tree.entry(root, key)?, *key)));
        let inside =
            inside.filter(|(value, _)| holds_tensors(file, *value) || module::is_module(file, *value));
        let Some((value, key)) = inside else {
            let what = match class_of(file, root) {
                Some((module, class)) => {
                    format!("it is a PyTorch file of a {module}.{class}, and no model that can be told")
                }
                None => "it is a PyTorch file, and no weights that can be told".to_owned(),
            };
            return Err(crate::strangers::unread(&what, "save the model's state_dict or the model itself"));
        };
        facts.push(kind("a checkpoint"));
        facts.push(Fact {
            name: "weights_key",
            value: json!(key),
            source: "the keys of the checkpoint".into(),
        });
        (value, key.to_owned())
    };
    facts.extend(progress(file, root));
    let mut walk = Walk::over(file);
    let mut structure = None;
    let mut warnings = Vec::new();
    let (tensors, serving) = if module::is_module(file, weights) {
        structure = Some(walk.part(weights, &place, "", 0));
        warnings.push(MODULE_INSIDE.to_owned());
        (walk.tensors, Serving::No)
    } else {
        let path = if place.is_empty() { String::new() } else { format!("[{}]", json!(place)) };
        (listed(file, weights), Serving::TorchWeights { form: TorchWeightsForm::Torch, path })
    };
    Ok(Described {
        format: "torch-zip",
        version: None,
        class: None,
        serving,
        signature: SourcedSignature::default(),
        structure,
        tensors,
        facts,
        warnings,
        own_modules: Vec::new(),
    })
}

fn kind(kind: &str) -> Fact {
    Fact { name: "kind", value: json!(kind), source: "the values in data.pkl".into() }
}

/// Whether a dict maps names to tensors and to nothing else that matters.
fn holds_tensors(file: &PickleFile, value: Value) -> bool {
    let entries = file.pickle.tree.entries(value).unwrap_or_default();
    let n_tensors = entries.iter().filter(|(_, value)| tensor(file, *value).is_some()).count();
    // Some state dicts keep a number or the state of a layer beside the tensors.
    0 < n_tensors && entries.len() <= n_tensors.saturating_mul(2)
}

fn listed(file: &PickleFile, dict: Value) -> Tensors {
    let mut seen = Seen::default();
    let entries = file.pickle.tree.entries(dict).unwrap_or_default();
    let rows = entries.iter().filter_map(|(name, value)| {
        let name = file.pickle.tree.text(*name)?;
        let mut found = tensor(file, *value)?;
        // In a state dict nothing tells parameters from buffers but the names that layers give their statistics.
        found.is_parameter = !STATISTICS.iter().any(|statistic| name.ends_with(statistic));
        Some(found.named(name.to_owned(), &mut seen))
    });
    rows.collect()
}

/// Where a checkpoint's training stood, what else it keeps, and the hyperparameters that Lightning saves.
fn progress(file: &PickleFile, root: Value) -> Vec<Fact> {
    let tree = &file.pickle.tree;
    let mut facts = Vec::new();
    let mut stood = serde_json::Map::new();
    for key in PROGRESS {
        if let Some(scalar) = tree.entry(root, key).and_then(|value| file.scalar(value)) {
            stood.insert((*key).to_owned(), scalar);
        }
    }
    if !stood.is_empty() {
        facts.push(Fact {
            name: "training_state",
            value: stood.into(),
            source: "the keys of the checkpoint".into(),
        });
    }
    if let Some(hyper) = tree.entry(root, "hyper_parameters") {
        let entries = tree.entries(hyper).unwrap_or_default();
        let read: serde_json::Map<String, serde_json::Value> = entries
            .iter()
            .filter_map(|(name, value)| Some((tree.text(*name)?.to_owned(), file.scalar(*value)?)))
            .collect();
        facts.push(Fact { name: "hyperparameters", value: read.into(), source: "hyper_parameters".into() });
    }
    let keys: Vec<&str> = tree
        .entries(root)
        .unwrap_or_default()
        .iter()
        .filter(|(_, value)| tensor(file, *value).is_none())
        .filter_map(|(name, _)| tree.text(*name))
        .take(100)
        .collect();
    if !keys.is_empty() {
        facts.push(Fact { name: "keys", value: json!(keys), source: "the outermost dict".into() });
    }
    facts
}
