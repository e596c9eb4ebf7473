//! Folders that are named and not served: adapters, which need the model that they change, and diffusers, whose pipelines
//! MLflow serves with an adapter only.

use serde_json::{Map, Value};

use super::describe::{Facts, requirement};
use super::files::{Files, has_ending, text_of};
use super::scan::Scan;
use super::weights::Weights;
use crate::reader::FolderSubject;
use crate::safety::{Finding, Severity};
use crate::{InspectError, Inspection, Sourced};

/// Libraries whose classes a pipeline of diffusers is made of.
const LIBRARIES: [&str; 4] = ["diffusers", "transformers", "tokenizers", "onnxruntime"];

/// An adapter of PEFT.
pub(super) fn adapter(
    subject: &FolderSubject<'_>,
    files: &Files<'_>,
    config: &Value,
) -> Result<Inspection, InspectError> {
    let weights = Weights::find(files, &["adapter_model.safetensors", "adapter_model.bin"])?;
    let mut scan = Scan::of(files)?;
    scan.unread(&weights.unread);
    // PEFT imports the module of the base model's class from here when the adapter was made for no known task.
    let library = config.get("auto_mapping").and_then(|mapping| text_of(mapping, "parent_library"));
    if let Some(library) = library.filter(|library| !library.starts_with("transformers.")) {
        scan.add(Finding {
            rule: "peft/parent-library",
            severity: Severity::Review,
            what: library.to_owned(),
            place: "adapter_config.json: auto_mapping".into(),
            why: "loading the adapter imports this module, which is not transformers' own".into(),
        });
    }
    let mut facts = Facts::default();
    let keys = [
        ("adapter_type", "peft_type"),
        ("base_model", "base_model_name_or_path"),
        ("task", "task_type"),
        ("rank", "r"),
        ("alpha", "lora_alpha"),
        ("target_modules", "target_modules"),
    ];
    facts.keys(config, "adapter_config.json", &keys);
    facts.template(&scan);
    facts.weights(&weights);
    facts.card(files)?;
    let base = text_of(config, "base_model_name_or_path").unwrap_or("a base model");
    let mut inspection = Inspection::blank(
        subject.artifact.clone(),
        "peft-adapter-dir",
        scan.finish("the weights of an adapter"),
    );
    inspection.framework = Some(Sourced::new("peft".to_owned(), "adapter_config.json"));
    inspection.framework_version = text_of(config, "peft_version")
        .map(|version| Sourced::new(version.to_owned(), "peft_version in adapter_config.json"));
    inspection.requirements =
        vec![requirement("peft", text_of(config, "peft_version"), "peft_version in adapter_config.json")];
    inspection.warnings = vec![format!(
        "The folder holds an adapter and not the model that it changes ({base}), so it cannot be served alone: load both \
         with PEFT, call merge_and_unload, save the result with save_pretrained and drop that folder."
    )];
    inspection.warnings.extend(weights.problems);
    inspection.facts = facts.0;
    inspection.tensors = weights.tensors;
    Ok(inspection)
}

/// A pipeline of diffusers.
pub(super) fn diffusers(
    subject: &FolderSubject<'_>,
    files: &Files<'_>,
    index: &Value,
) -> Result<Inspection, InspectError> {
    let mut scan = Scan::of(files)?;
    let mut parts = Map::new();
    for (name, value) in index.as_object().into_iter().flatten() {
        let Some([Value::String(library), Value::String(class)]) =
            value.as_array().and_then(|pair| pair.first_chunk::<2>())
        else {
            continue;
        };
        parts.insert(name.clone(), Value::from(format!("{library}.{class}")));
        // Modules of diffusers' pipelines are named without their library.
        if !LIBRARIES.contains(&library.as_str()) && files.has(&format!("{library}.py")) {
            scan.add(Finding {
                rule: "diffusers/module",
                severity: Severity::Review,
                what: format!("{library}.{class}"),
                place: format!("model_index.json: {name}"),
                why: "loading runs the Python file of that name in the folder".into(),
            });
            scan.own_code.push(format!("{library}.{class}"));
        }
    }
    let mut facts = Facts::default();
    facts.add("components", Value::Object(parts), "model_index.json");
    let weights: Vec<&str> = files.names().filter(|name| has_ending(name, "safetensors")).collect();
    facts.add("weight_files", Value::from(weights), "names in the folder");
    facts.card(files)?;
    let version = text_of(index, "_diffusers_version");
    let mut inspection = Inspection::blank(
        subject.artifact.clone(),
        "diffusers-dir",
        scan.finish("the parts of a pipeline of diffusers"),
    );
    inspection.framework = Some(Sourced::new("diffusers".to_owned(), "model_index.json"));
    inspection.framework_version =
        version.map(|version| Sourced::new(version.to_owned(), "_diffusers_version in model_index.json"));
    inspection.model_class = text_of(index, "_class_name")
        .map(|class| Sourced::new(format!("diffusers.{class}"), "_class_name in model_index.json"));
    inspection.requirements =
        vec![requirement("diffusers", version, "_diffusers_version in model_index.json")];
    inspection.facts = facts.0;
    inspection.warnings = vec![
        "MLflow's diffusers flavor packs adapters and no whole pipelines, so this folder cannot be served as it is: wrap \
         the pipeline in a model of your own in Python."
            .to_owned(),
    ];
    Ok(inspection)
}
