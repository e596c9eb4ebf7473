//! Folders that `SentenceTransformer.save` writes: a list of modules that texts go through.

use packwright_mlflow::schema::{ColSpec, ColumnType, DataType, TensorSpec};
use serde_json::{Value, json};

use super::describe::{self, Facts, requirement};
use super::files::{Files, text_of};
use super::scan::Scan;
use super::transformers;
use super::weights::Weights;
use crate::reader::FolderSubject;
use crate::safety::{Finding, Severity};
use crate::{InspectError, Inspection, Requirement, Serving, Sourced, SourcedSchema, SourcedSignature};

/// The format's name in `inspect --json`.
const FORMAT: &str = "sentence-transformers-dir";

/// The library's own modules.
const OWN: &str = "sentence_transformers.";

/// Where the versions of the libraries stand.
const SETTINGS: &str = "config_sentence_transformers.json";

/// One step.
#[derive(Debug)]
struct Module {
    class: String,
    /// Its folder; empty for the root.
    path: String,
}

/// Whether a `modules.json` is one of sentence-transformers'.
pub(super) fn is_modules(modules: &Value) -> bool {
    modules
        .as_array()
        .is_some_and(|all| !all.is_empty() && all.iter().all(|one| text_of(one, "type").is_some()))
}

/// Describes a folder.
pub(super) fn read(
    subject: &FolderSubject<'_>,
    files: &Files<'_>,
    modules: &Value,
) -> Result<Inspection, InspectError> {
    let modules: Vec<Module> = modules.as_array().into_iter().flatten().filter_map(module).collect();
    let first = modules.first().map(|module| module.path.trim_end_matches('/')).unwrap_or_default();
    let inside = |name: &str| if first.is_empty() { name.to_owned() } else { format!("{first}/{name}") };
    let config = files.json(&inside("config.json"))?.unwrap_or(Value::Null);
    let settings = files.json(SETTINGS)?.unwrap_or(Value::Null);
    let weights = Weights::find(files, &[&inside("model.safetensors"), &inside("pytorch_model.bin")])?;
    let mut scan = Scan::of(files)?;
    scan.unread(&weights.unread);
    for module in modules.iter().filter(|module| !module.class.starts_with(OWN)) {
        scan.add(Finding {
            rule: "sentence-transformers/module",
            severity: Severity::Review,
            what: module.class.clone(),
            place: "modules.json".into(),
            why: "loading imports this class, which is not sentence-transformers' own".into(),
        });
        scan.own_code.push(module.class.clone());
    }
    let dimension = dimension(files, &modules, &config)?;
    let facts = facts(files, (&modules, &config, &settings), &weights, &scan, dimension.as_ref())?;
    let n_files = files.folder.entries().len();
    let mut inspection = Inspection::blank(
        subject.artifact.clone(),
        FORMAT,
        scan.finish(&format!("weights and configurations in {n_files} files")),
    );
    inspection.framework = Some(Sourced::new("sentence-transformers".to_owned(), "modules.json"));
    inspection.framework_version = version(&settings, "sentence_transformers")
        .map(|version| Sourced::new(version.to_owned(), format!("__version__ in {SETTINGS}")));
    let class = "sentence_transformers.SentenceTransformer".to_owned();
    inspection.model_class = Some(Sourced::new(class, "modules.json"));
    inspection.requirements = requirements(&settings, &config);
    inspection.facts = facts;
    inspection.warnings.extend(weights.problems.iter().cloned());
    if weights.problems.is_empty() && weights.files.is_empty() {
        inspection.warnings.push(
            "The folder holds no weights under the names that sentence-transformers looks for. Download the whole \
             repository."
                .to_owned(),
        );
    }
    if inspection.warnings.is_empty() {
        inspection.signature = signature(dimension.as_ref());
        let architecture = transformers::architecture(&config).map(str::to_owned);
        inspection.serving = Serving::SentenceTransformers { architecture };
    }
    inspection.warnings.extend(describe::spare(&weights));
    inspection.tensors = weights.tensors;
    Ok(inspection)
}

fn module(json: &Value) -> Option<Module> {
    let path = text_of(json, "path").unwrap_or_default().to_owned();
    Some(Module { class: text_of(json, "type")?.to_owned(), path })
}

fn version<'a>(settings: &'a Value, library: &str) -> Option<&'a str> {
    text_of(settings.get("__version__")?, library)
}

/// The length of an embedding: what the last module that says one gives out.
fn dimension(
    files: &Files<'_>,
    modules: &[Module],
    config: &Value,
) -> Result<Option<Sourced<u64>>, InspectError> {
    // Dense layers come after the pooling and change the length.
    const KEYS: [&str; 3] = ["out_features", "embedding_dimension", "word_embedding_dimension"];
    for module in modules.iter().rev().filter(|module| !module.path.is_empty()) {
        let name = format!("{}/config.json", module.path.trim_end_matches('/'));
        let Some(json) = files.json(&name)? else { continue };
        for key in KEYS {
            if let Some(n) = json.get(key).and_then(Value::as_u64) {
                return Ok(Some(Sourced::new(n, format!("{key} in {name}"))));
            }
        }
    }
    let n = config.get("hidden_size").and_then(Value::as_u64);
    Ok(n.map(|n| Sourced::new(n, "hidden_size in config.json")))
}

fn signature(dimension: Option<&Sourced<u64>>) -> SourcedSignature {
    let text = ColSpec { name: None, ty: ColumnType::Scalar(DataType::String), required: true };
    let text = Sourced::new(text, "sentence-transformers takes texts");
    let (n, source) = match dimension {
        Some(dimension) => (i64::try_from(dimension.value).unwrap_or(-1), dimension.source.clone()),
        None => (-1, "the length of an embedding is not in the folder, -1 stands for any".to_owned()),
    };
    let vectors = Sourced::new(TensorSpec::unnamed("float32", vec![-1, n]), source);
    SourcedSignature {
        inputs: Some(SourcedSchema::Columns(vec![text])),
        outputs: Some(SourcedSchema::Tensors(vec![vectors])),
        params: None,
    }
}

fn requirements(settings: &Value, config: &Value) -> Vec<Requirement> {
    let from = |library| {
        version(settings, library).map_or_else(
            || "its version is not in the folder".to_owned(),
            |_| format!("__version__ in {SETTINGS}"),
        )
    };
    let own = version(settings, "sentence_transformers");
    let transformers = version(settings, "transformers").or(text_of(config, "transformers_version"));
    let source = match version(settings, "transformers") {
        None if transformers.is_some() => "transformers_version in config.json".to_owned(),
        _ => from("transformers"),
    };
    vec![
        requirement("sentence-transformers", own, &from("sentence_transformers")),
        requirement("transformers", transformers, &source),
        requirement("torch", version(settings, "pytorch"), &from("pytorch")),
    ]
}

fn facts(
    files: &Files<'_>,
    (modules, config, settings): (&[Module], &Value, &Value),
    weights: &Weights,
    scan: &Scan,
    dimension: Option<&Sourced<u64>>,
) -> Result<Vec<crate::Fact>, InspectError> {
    let mut facts = Facts::default();
    let classes: Vec<&str> = modules.iter().map(|module| module.class.as_str()).collect();
    facts.add("modules", json!(classes), "modules.json");
    if let Some(dimension) = dimension {
        facts.add("embedding_dimension", Value::from(dimension.value), &dimension.source);
    }
    for module in modules.iter().filter(|module| module.class.ends_with("Pooling")) {
        let name = format!("{}/config.json", module.path.trim_end_matches('/'));
        let Some(json) = files.json(&name)? else { continue };
        if let Some(mode) = text_of(&json, "pooling_mode") {
            facts.add("pooling", Value::from(mode), &format!("pooling_mode in {name}"));
        } else {
            // Older releases have a flag for each way.
            let flags = json.as_object().into_iter().flatten();
            let on =
                flags.filter(|(key, value)| key.starts_with("pooling_mode_") && **value == Value::Bool(true));
            let modes: Vec<&str> = on.map(|(key, _)| key.trim_start_matches("pooling_mode_")).collect();
            facts.add("pooling", json!(modes), &name);
        }
    }
    facts.keys(settings, SETTINGS, &[("prompts", "prompts"), ("similarity", "similarity_fn_name")]);
    if let Some(sentence) = files.json("sentence_bert_config.json")? {
        facts.keys(&sentence, "sentence_bert_config.json", &[("max_seq_length", "max_seq_length")]);
    }
    let keys =
        [("model_type", "model_type"), ("architectures", "architectures"), ("vocab_size", "vocab_size")];
    facts.keys(config, "config.json", &keys);
    facts.template(scan);
    if !scan.own_code.is_empty() {
        facts.add("custom_code", Value::from(scan.own_code.clone()), "auto_map and modules.json");
    }
    facts.weights(weights);
    facts.card(files)?;
    Ok(facts.0)
}
