//! Folders that `save_pretrained` of transformers writes.

use serde_json::Value;

use super::describe::{self, Facts, requirement, transformers_version};
use super::files::{Files, text_of};
use super::scan::Scan;
use super::task::Task;
use super::weights::Weights;
use crate::reader::FolderSubject;
use crate::{InspectError, Inspection, Requirement, Serving, Sourced};

/// The format's name in `inspect --json`.
const FORMAT: &str = "hf-transformers-dir";

/// Facts that stand in the configuration as they are, and their keys there.
const FACTS: [(&str, &str); 13] = [
    ("model_type", "model_type"),
    ("architectures", "architectures"),
    ("problem_type", "problem_type"),
    ("dtype", "torch_dtype"),
    ("dtype", "dtype"),
    ("vocab_size", "vocab_size"),
    ("hidden_size", "hidden_size"),
    ("n_layers", "num_hidden_layers"),
    ("n_heads", "num_attention_heads"),
    ("context_length", "max_position_embeddings"),
    ("context_length", "n_positions"),
    ("quantization", "quantization_config"),
    ("base_model", "_name_or_path"),
];

/// Files that a tokenizer may consist of.
const TOKENIZER: [&str; 7] = [
    "tokenizer.json",
    "tokenizer_config.json",
    "vocab.txt",
    "vocab.json",
    "tokenizer.model",
    "spiece.model",
    "sentencepiece.bpe.model",
];

/// Whether a `config.json` is one of transformers'.
pub(super) fn is_config(config: &Value) -> bool {
    ["model_type", "architectures", "transformers_version"].iter().any(|key| config.get(*key).is_some())
}

/// Describes a folder.
pub(super) fn read(
    subject: &FolderSubject<'_>,
    files: &Files<'_>,
    config: &Value,
) -> Result<Inspection, InspectError> {
    let weights = Weights::find(files, &[])?;
    let mut scan = Scan::of(files)?;
    scan.unread(&weights.unread);
    let architecture = architecture(config);
    let task = architecture.and_then(Task::of);
    let version = transformers_version(config);
    let major = version.as_ref().and_then(|version| version.value.split('.').next()?.parse().ok());
    let obstacle = obstacle(files, config, &weights, task, major);
    let (facts, template) = facts(files, config, &weights, &scan, task)?;
    let safety =
        scan.finish(&format!("weights and configurations in {} files", files.folder.entries().len()));
    let mut inspection = Inspection::blank(subject.artifact.clone(), FORMAT, safety);
    inspection.framework = Some(Sourced::new("transformers".to_owned(), "config.json"));
    inspection.model_class =
        architecture.map(|name| Sourced::new(format!("transformers.{name}"), "architectures in config.json"));
    inspection.requirements = requirements(files, version.as_ref());
    inspection.framework_version = version;
    inspection.facts = facts;
    inspection.warnings.extend(weights.problems.iter().cloned());
    match (obstacle, task, architecture) {
        (None, Some(task), Some(architecture)) if weights.problems.is_empty() => {
            inspection.signature = task.signature();
            if components(files).contains(&"feature_extractor") {
                inspection.warnings.push(
                    "Sounds come as the bytes of a file, which transformers decodes with the program ffmpeg: install it \
                     where the model is served."
                        .to_owned(),
                );
            }
            inspection.serving = Serving::Transformers {
                task: task.name.to_owned(),
                pipeline: task.pipeline.to_owned(),
                architecture: architecture.to_owned(),
                components: components(files),
            };
        }
        (obstacle, ..) => inspection.warnings.extend(obstacle),
    }
    inspection.warnings.extend(describe::spare(&weights));
    if template && task.is_some_and(|task| task.name == "text-generation") {
        inspection.warnings.push(
            "The model has a chat template. The package takes plain texts, which the model continues; MLflow's chat \
             interface needs the task llm/v1/chat, set when the model is saved from Python."
                .to_owned(),
        );
    }
    inspection.tensors = weights.tensors;
    Ok(inspection)
}

/// The class of the model, if it can be one: it goes into generated code and is looked up by its name.
pub(super) fn architecture(config: &Value) -> Option<&str> {
    let name = config.get("architectures")?.as_array()?.first()?.as_str()?;
    let is_name = name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
    (is_name && name.starts_with(|c: char| c.is_ascii_alphabetic())).then_some(name)
}

/// Why MLflow's transformers flavor cannot serve the folder.
fn obstacle(
    files: &Files<'_>,
    config: &Value,
    weights: &Weights,
    task: Option<&Task>,
    major: Option<u64>,
) -> Option<String> {
    if weights.files.is_empty() && weights.problems.is_empty() {
        return Some(if weights.spare.is_empty() {
            "The folder holds a configuration and no weights. Download the whole repository: model.safetensors, or every \
             part that its index names."
                .to_owned()
        } else {
            "The folder holds weights for TensorFlow or Flax only, and current transformers loads weights for PyTorch: \
             save the model with save_pretrained from PyTorch."
                .to_owned()
        });
    }
    let Some(name) = architecture(config) else {
        return Some(
            "config.json names no architecture, so MLflow cannot tell which class loads the model."
                .to_owned(),
        );
    };
    let Some(task) = task else {
        return Some(format!(
            "{name} is for no task that MLflow's transformers flavor serves as a plain function. Save it from Python with \
             mlflow.transformers.log_model and a task."
        ));
    };
    if config.get("vision_config").is_some() && task.takes_text() {
        return Some(format!(
            "{name} takes pictures and texts together, for which MLflow's transformers flavor has no input. Save it from \
             Python with a wrapper of your own."
        ));
    }
    if !task.is_served_by(major) {
        return Some(format!(
            "transformers 5 has no pipeline for {} any more, which MLflow needs to serve {name}.",
            task.name
        ));
    }
    if task.takes_text() && !has_tokenizer(files) {
        return Some(
            "The folder holds no tokenizer, without which the model takes no texts: save the tokenizer into the same folder."
                .to_owned(),
        );
    }
    if !task.takes_text() && !files.has("preprocessor_config.json") {
        return Some(
            "The folder holds no preprocessor_config.json, without which the model takes no pictures or sounds: save the \
             processor into the same folder."
                .to_owned(),
        );
    }
    None
}

fn has_tokenizer(files: &Files<'_>) -> bool {
    TOKENIZER.iter().any(|name| files.has(name))
}

/// What MLflow loads beside the model.
fn components(files: &Files<'_>) -> Vec<&'static str> {
    let mut components = Vec::new();
    if has_tokenizer(files) {
        components.push("tokenizer");
    }
    if files.has("preprocessor_config.json") {
        // Sounds have a rate, pictures have not.
        let preprocessor = files.json("preprocessor_config.json").ok().flatten();
        let is_sound = preprocessor.is_some_and(|json| json.get("sampling_rate").is_some());
        components.push(if is_sound { "feature_extractor" } else { "image_processor" });
    }
    components
}

fn requirements(files: &Files<'_>, version: Option<&Sourced<String>>) -> Vec<Requirement> {
    let version = version.map(|version| version.value.as_str());
    let source = match version {
        Some(version) if describe::is_development(version) => {
            "config.json was written by a development build, which no registry has"
        }
        Some(_) => "transformers_version in config.json",
        None => "config.json; it does not say which version wrote it",
    };
    let mut lines = vec![
        requirement("transformers", version, source),
        requirement("torch", None, "the weights are for PyTorch; the folder does not say which version"),
    ];
    if ["tokenizer.model", "spiece.model", "sentencepiece.bpe.model"].iter().any(|name| files.has(name))
        && !files.has("tokenizer.json")
    {
        lines.push(requirement("sentencepiece", None, "the tokenizer is a SentencePiece model"));
        lines.push(requirement("protobuf", None, "SentencePiece tokenizers are converted with it"));
    }
    if components(files).contains(&"image_processor") {
        lines.push(requirement("pillow", None, "pictures are opened with it"));
    }
    lines
}

/// Everything else, and whether there is a chat template.
fn facts(
    files: &Files<'_>,
    config: &Value,
    weights: &Weights,
    scan: &Scan,
    task: Option<&Task>,
) -> Result<(Vec<crate::Fact>, bool), InspectError> {
    let mut facts = Facts::default();
    if let Some(task) = task {
        facts.add("task", Value::from(task.name), "the ending of the architecture's name");
    }
    if let Some(labels) = describe::labels(config) {
        facts.add("class_labels", Value::from(labels), "id2label in config.json");
    }
    facts.keys(config, "config.json", &FACTS);
    if let Some(tokenizer) = files.json("tokenizer_config.json")? {
        let keys = [("tokenizer_class", "tokenizer_class"), ("tokenizer_max_length", "model_max_length")];
        facts.keys(&tokenizer, "tokenizer_config.json", &keys);
        // Python writes "no limit" as 10 to the power of 30.
        facts.0.retain(|fact| {
            fact.name != "tokenizer_max_length" || fact.value.as_f64().is_some_and(|length| length < 1e15)
        });
    }
    if let Some(revision) = text_of(config, "_commit_hash") {
        facts.add("revision", Value::from(revision), "_commit_hash in config.json");
    }
    facts.template(scan);
    if !scan.own_code.is_empty() {
        facts.add("custom_code", Value::from(scan.own_code.clone()), "auto_map of the configurations");
    }
    facts.weights(weights);
    facts.card(files)?;
    Ok((facts.0, scan.template.is_some()))
}
