//! What `Learner.export` of fastai wrote: a whole learner, its network and the transforms of its data among what it holds.

use packwright_formats::pickle::Value;
use serde_json::json;

use super::Described;
use super::module::{self, Walk};
use crate::Sourced;
use crate::pickled::{PickleFile, attr, class_of, libraries, own_modules, own_modules_fact};

/// Why it is not served.
const NOT_SERVED: &str = "MLflow 3 has no flavor for fastai any more, and a learner is made of code that only fastai itself can run: load \
                          it with load_learner, save learn.model.state_dict() with torch.save, and drop that with the code of the \
                          network; the transforms of the data stay with you.";

/// Modules of fastai in which transforms lie.
const TRANSFORMS: [&str; 7] = [
    "fastai.data.transforms",
    "fastai.tabular.core",
    "fastai.text.core",
    "fastai.text.data",
    "fastai.vision.augment",
    "fastai.vision.core",
    "fastai.vision.data",
];

/// Describes a learner; `None` for anything else.
pub(super) fn describe(file: &PickleFile, root: Value) -> Option<Described> {
    let (package, class) = class_of(file, root)?;
    if !package.starts_with("fastai.") || attr(file, root, "dls").is_none() {
        return None;
    }
    let model = attr(file, root, "model").filter(|model| module::is_module(file, *model))?;
    let mut walk = Walk::over(file);
    let part = walk.part(model, "model", "", 0);
    let own = own_modules(file);
    let mut described = Described {
        framework: "fastai",
        class: Some(Sourced::new(format!("{package}.{class}"), "class of the pickled learner")),
        warnings: vec![NOT_SERVED.to_owned()],
        libraries: libraries(file),
        ..Described::blank("torch-zip")
    };
    described.add("kind", json!("a fastai learner"), "the values in data.pkl");
    described.add("network", json!(part.class), "model of the learner");
    if let Some(labels) = labels(file) {
        described.add("class_labels", json!(labels), "vocab of the transform of the target");
    }
    let transforms = transforms(file);
    if !transforms.is_empty() {
        described.add("transforms", json!(transforms), "classes that the learner holds");
    }
    described.facts.extend(own_modules_fact(&own));
    described.own_modules = own;
    described.structure = Some(part);
    described.tensors = walk.tensors;
    Some(described)
}

/// The classes of the target: the `vocab` of its `Categorize` or `MultiCategorize`.
fn labels(file: &PickleFile) -> Option<Vec<String>> {
    const CATEGORIES: [&str; 2] = ["Categorize", "MultiCategorize"];
    let of_target = |object: &&packwright_formats::pickle::Object| {
        let class = file.pickle.trace.global(object.callee);
        class.is_some_and(|class| {
            class.module == "fastai.data.transforms" && CATEGORIES.contains(&class.name.as_str())
        })
    };
    let found = file.pickle.tree.objects().filter(of_target);
    let mut vocabularies = found.filter_map(|object| file.pickle.tree.entry(object.state?, "vocab"));
    let mut value = vocabularies.next()?;
    // A map around a list of fastai's around a list.
    for _ in 0..4 {
        if let Some(texts) = file.texts(value) {
            return Some(texts);
        }
        value = attr(file, value, "items")?;
    }
    None
}

fn transforms(file: &PickleFile) -> Vec<String> {
    let mut found: Vec<String> = Vec::new();
    for global in file.pickle.trace.globals() {
        let is_made = global.made_at.is_some() || global.called_at.is_some();
        if is_made && TRANSFORMS.contains(&global.module.as_str()) {
            found.push(format!("{}.{}", global.module, global.name));
        }
    }
    found.sort();
    found.dedup();
    found.truncate(100);
    found
}
