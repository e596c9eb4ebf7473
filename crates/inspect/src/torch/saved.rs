//! What `torch.save` wrote: a state dict, a checkpoint around one or several, a whole module, or something else.

use packwright_formats::pickle::Value;
use packwright_source::{Budget, Limits};
use serde_json::json;

use super::archive::Archive;
use super::module::{self, Walk};
use super::tensor::{STATISTICS, Seen};
use super::training;
use super::weights::{self, Found};
use super::{Described, allowed, versions};
use crate::pickled::{Dialect, PickleFile, class_of, libraries, own_modules, own_modules_fact};
use crate::{Fact, InspectError, PytorchForm, Serving, Sourced, Tensors, TorchWeightsForm};

/// Describes the values in `data.pkl`: every model in them, the one that is proposed first.
pub(super) fn describe(
    archive: &mut Archive,
    limits: &Limits,
    budget: &mut Budget,
) -> Result<Vec<Described>, InspectError> {
    let file = pickle_in(archive, "data.pkl", Dialect::Torch, limits, budget)?;
    let Some(root) = file.pickle.root() else {
        return Err(InspectError::Damaged(file.error_or("data.pkl holds no value")));
    };
    let mut described = of_root(&file, root)?;
    let facts = archive_facts(archive, budget);
    for one in &mut described {
        one.facts.extend(facts.iter().cloned());
        one.least = Some(versions::of_archive(archive));
    }
    Ok(described)
}

/// Describes the fourth of the pickles of a file from before PyTorch 1.6.
pub(super) fn of_legacy(file: &PickleFile) -> Result<Vec<Described>, InspectError> {
    const VALUES: usize = 3;
    let Some(root) = file.pickle.roots.get(VALUES).copied() else {
        return Err(crate::strangers::unread("it holds no values", "save the model again"));
    };
    let mut described = of_root(file, root)?;
    for one in &mut described {
        one.format = "torch-legacy";
        one.facts.extend(sources(file));
    }
    Ok(described)
}

/// Describes what a load returns.
pub(super) fn of_root(file: &PickleFile, root: Value) -> Result<Vec<Described>, InspectError> {
    if let Some((what, hint)) = training::name(file, root) {
        return Err(InspectError::NotAModel { what: what.to_owned(), hint: hint.to_owned() });
    }
    if let Some(learner) = super::fastai::describe(file, root) {
        return Ok(vec![learner]);
    }
    let found = weights::find(file, root);
    if found.is_empty() {
        let what = match class_of(file, root) {
            Some((module, class)) if class != "OrderedDict" => {
                format!("it is a PyTorch file of a {module}.{class}, and no model that can be told")
            }
            _ => "it is a PyTorch file, and no weights that can be told".to_owned(),
        };
        return Err(crate::strangers::unread(&what, "save the model's state_dict or the model itself"));
    }
    let paths: Vec<String> = found.iter().map(|found| path_of(&found.keys)).collect();
    Ok(found.iter().enumerate().map(|(at, one)| of_found(file, root, one, (at, &paths))).collect())
}

/// Python subscripts: `["generator"]`.
fn path_of(keys: &[String]) -> String {
    keys.iter().map(|key| json!([key]).to_string()).collect()
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

/// Describes one of the networks in a file; `(at, paths)` is its place among all of them.
fn of_found(file: &PickleFile, root: Value, found: &Found, (at, paths): (usize, &[String])) -> Described {
    let path = paths.get(at).cloned().unwrap_or_default();
    let own = own_modules(file);
    let mut described =
        Described { path: path.clone(), libraries: libraries(file), ..Described::blank("torch-zip") };
    let source = "the keys of the checkpoint";
    match (found.keys.as_slice(), found.is_module) {
        ([], true) => described.add("kind", json!("a whole module"), VALUES),
        ([], false) => described.add("kind", json!("a state dict"), VALUES),
        (keys, _) => {
            described.add("kind", json!("a checkpoint"), VALUES);
            let key = if let [one] = keys { json!(one) } else { json!(keys) };
            described.add("weights_key", key, source);
        }
    }
    let others: Vec<&str> = paths.iter().filter(|other| **other != path).map(String::as_str).collect();
    if !others.is_empty() {
        described.add("other_models", json!(others), source);
        described.warnings.push(format!(
            "The checkpoint holds other networks too: {}. This is {path}; choose another one if that is meant.",
            others.iter().take(5).copied().collect::<Vec<_>>().join(", ")
        ));
    }
    if !(found.keys.is_empty() && found.is_module) {
        described.facts.extend(training::facts(file, root));
    }
    described.facts.extend(own_modules_fact(&own));
    described.own_modules = own;
    if found.is_module {
        let mut walk = Walk::over(file);
        let name = found.keys.last().map_or("", String::as_str);
        let part = walk.part(found.value, name, "", 0);
        described.class = Some(Sourced::new(part.class.clone(), "class of the pickled module"));
        described.serving = match path {
            path if path.is_empty() => Serving::Pytorch { form: PytorchForm::Module },
            path => Serving::TorchModuleInside { path },
        };
        described.signature = module::signature(file, found.value);
        described.structure = Some(part);
        described.tensors = walk.tensors;
    } else {
        described.tensors = listed(file, found.value);
        if let Some(why) = allowed::unreadable(file) {
            described.warnings.insert(0, why);
        } else {
            let (form, allowed) = (TorchWeightsForm::Torch, allowed::refused(file));
            described.serving = Serving::TorchWeights { form, path, allowed, shards: Vec::new() };
        }
    }
    described
}

/// Where what a pickle holds is read from.
const VALUES: &str = "the values in data.pkl";

fn listed(file: &PickleFile, dict: Value) -> Tensors {
    let mut seen = Seen::default();
    let rows = weights::tensors_of(file, dict).into_iter().map(|(name, mut found)| {
        // In a state dict nothing tells parameters from buffers but the names that layers give their statistics.
        found.is_parameter = !STATISTICS.iter().any(|statistic| name.ends_with(statistic));
        found.named(name, &mut seen)
    });
    rows.collect()
}
