//! GGUF: what llama.cpp runs. Architecture, quantization, context and chat template stand in its keys.

mod parts;
#[cfg(test)]
mod tests;

use packwright_formats::gguf::{self, Gguf, Value as Item};
use packwright_mlflow::schema::{ColSpec, ColumnType, DataType};
use serde_json::{Map, Value, json};

use self::parts::Parts;
use crate::reader::{Claim, Reader, Subject};
use crate::safety::{Finding, Needs, Safety, Severity, needs_of, template};
use crate::tensors::{self, Tensor, Tensors, count};
use crate::{
    Artifact, Fact, InspectError, Inspection, Requirement, Serving, Sourced, SourcedSchema, SourcedSignature,
};

/// The format's name in `inspect --json`.
const FORMAT: &str = "gguf";

/// The key of the template that turns a chat into one text.
const TEMPLATE: &str = "tokenizer.chat_template";

/// Architectures that answer with vectors or belong to another model, and not with text.
const WITHOUT_TEXT: [&str; 9] = [
    "bert",
    "nomic-bert",
    "nomic-bert-moe",
    "jina-bert-v2",
    "jina-bert-v3",
    "modern-bert",
    "gemma-embedding",
    "clip",
    "t5encoder",
];

/// Reads GGUF files.
#[derive(Debug)]
pub(crate) struct GgufReader;

impl Reader for GgufReader {
    fn claims(&self, subject: &Subject<'_>) -> Claim {
        if subject.head.starts_with(b"GGUF") { Claim::Certain } else { Claim::No }
    }

    fn read(&self, subject: &Subject<'_>) -> Result<Inspection, InspectError> {
        let gguf = gguf::read(subject.source.as_ref(), subject.limits)?;
        let parts = Parts::of(subject, &gguf);
        Ok(inspection(subject, &gguf, parts))
    }
}

fn inspection(subject: &Subject<'_>, gguf: &Gguf, mut parts: Parts) -> Inspection {
    let mut all: Tensors = gguf.tensors.iter().map(tensor).collect();
    for other in std::mem::take(&mut parts.tensors) {
        all.push(other);
    }
    let architecture = gguf.text("general.architecture");
    let is_chat = gguf.text(TEMPLATE).is_some();
    let obstacle = obstacle(gguf).or_else(|| parts.obstacle.clone());
    let is_served = obstacle.is_none();
    let mut warnings: Vec<String> = obstacle.into_iter().collect();
    warnings.extend(duplicates(gguf));
    if is_served {
        warnings.push(
            "llama-cpp-python runs the model and compiles llama.cpp when it is installed: the machine that serves the \
             package needs a C++ compiler, or a wheel from the project's own index."
                .to_owned(),
        );
    }
    let safety = safety(gguf, all.n, parts.findings);
    let artifact = Artifact { side_files: parts.beside, ..subject.artifact.clone() };
    Inspection {
        framework: Some(Sourced::new(FORMAT.to_owned(), "first bytes of the file")),
        model_class: architecture.map(|name| Sourced::new(name.to_owned(), "general.architecture")),
        serving: if is_served { Serving::Gguf { is_chat } } else { Serving::No },
        signature: if is_served { signature(is_chat) } else { SourcedSignature::default() },
        requirements: if is_served { requirements() } else { Vec::new() },
        facts: facts(gguf, &all),
        tensors: Some(all),
        warnings,
        ..Inspection::blank(artifact, FORMAT, safety)
    }
}

fn tensor(tensor: &gguf::Tensor) -> Tensor {
    let dtype = match tensor.kind.as_str() {
        "F64" => "float64",
        "F32" => "float32",
        "F16" => "float16",
        "BF16" => "bfloat16",
        "I8" => "int8",
        "I16" => "int16",
        "I32" => "int32",
        "I64" => "int64",
        quantized => quantized,
    };
    Tensor {
        name: tensor.name.clone(),
        dtype: dtype.to_owned(),
        shape: tensor.shape.clone(),
        size_bytes: tensor.size_bytes.unwrap_or(0),
        is_parameter: true,
    }
}

/// Why llama.cpp cannot answer with text from this file alone.
fn obstacle(gguf: &Gguf) -> Option<String> {
    let Some(architecture) = gguf.text("general.architecture") else {
        return Some("The file names no architecture, so llama.cpp cannot load it.".to_owned());
    };
    if gguf.text("general.type").is_some_and(|kind| kind != "model") {
        let kind = gguf.text("general.type").unwrap_or_default();
        return Some(format!(
            "The file holds a part that belongs to another model ({kind}), and no model of its own: merge it into its base \
             model, or drop that."
        ));
    }
    if WITHOUT_TEXT.contains(&architecture) {
        return Some(format!(
            "A {architecture} model answers with vectors, and Packwright only packs GGUF models that write text."
        ));
    }
    if gguf.get("tokenizer.ggml.model").is_none() {
        return Some("The file holds no tokenizer, so llama.cpp cannot load it for text.".to_owned());
    }
    None
}

fn duplicates(gguf: &Gguf) -> Option<String> {
    let (name, _) = gguf.duplicates.first()?;
    Some(format!("The file says {name:?} twice, so llama.cpp refuses to load it."))
}

/// Texts in, texts out: what the generated code takes.
fn signature(is_chat: bool) -> SourcedSignature {
    let column = |why: &str| {
        let column = ColSpec { name: None, ty: ColumnType::Scalar(DataType::String), required: true };
        Some(SourcedSchema::Columns(vec![Sourced::new(column, why)]))
    };
    let (input, output) = if is_chat {
        (
            "assumed: the model has a chat template, so a text is one turn of a user",
            "assumed: the answer to it",
        )
    } else {
        ("assumed: the model has no chat template, so a text is continued", "assumed: the continuation")
    };
    SourcedSignature { inputs: column(input), outputs: column(output), params: None }
}

fn requirements() -> Vec<Requirement> {
    vec![Requirement {
        requirement: "llama-cpp-python".into(),
        source: "opens GGUF files; the file does not say which version of llama.cpp it needs".into(),
    }]
}

fn facts(gguf: &Gguf, all: &Tensors) -> Vec<Fact> {
    let mut facts = Vec::new();
    let mut add = |name, value: Value, source: &str| {
        facts.push(Fact { name, value, source: source.to_owned() });
    };
    let texts = [
        ("model_name", "general.name"),
        ("description", "general.description"),
        ("license", "general.license"),
        ("size_label", "general.size_label"),
        ("tokenizer", "tokenizer.ggml.model"),
        ("chat_template", TEMPLATE),
    ];
    let architecture = gguf.text("general.architecture").unwrap_or_default();
    if !architecture.is_empty() {
        add("architecture", Value::from(architecture), "general.architecture");
    }
    for (name, key) in texts {
        if let Some(text) = gguf.text(key) {
            add(name, Value::from(text), key);
        }
    }
    if let Some(name) = gguf.count("general.file_type").and_then(gguf::file_type_name) {
        add("quantization", Value::from(name), "general.file_type");
    } else if let Some((kind, n)) = commonest(gguf) {
        add("quantization", Value::from(kind), &format!("the type of {n} of {} tensors", all.n));
    }
    let counts = [
        ("context_length", "context_length"),
        ("embedding_length", "embedding_length"),
        ("n_layers", "block_count"),
        ("n_heads", "attention.head_count"),
        ("n_experts", "expert_count"),
        ("vocab_size", "vocab_size"),
    ];
    for (name, key) in counts {
        let key = format!("{architecture}.{key}");
        if let Some(n) = gguf.count(&key) {
            add(name, count(n), &key);
        } else if let (Some(Item::Array { len, .. }), "vocab_size") =
            (gguf.get("tokenizer.ggml.tokens"), name)
        {
            add(name, count(*len), "tokenizer.ggml.tokens");
        }
    }
    add("gguf_version", Value::from(gguf.version), "header of the file");
    if gguf.is_big_endian {
        add("byte_order", Value::from("big-endian"), "header of the file");
    }
    let keys: Map<String, Value> = gguf
        .metadata
        .iter()
        // It has a fact of its own, and is long.
        .filter(|(key, _)| key != TEMPLATE)
        .map(|(key, value)| (key.clone(), shown(value)))
        .collect();
    add("metadata", Value::Object(keys), "keys of the file");
    facts.extend(tensors::facts(all, "list of tensors in the file"));
    facts
}

/// The type that most tensors have.
fn commonest(gguf: &Gguf) -> Option<(&str, usize)> {
    let n = |kind: &str| gguf.tensors.iter().filter(|tensor| tensor.kind == kind).count();
    let mut kinds: Vec<&str> = gguf.tensors.iter().map(|tensor| tensor.kind.as_str()).collect();
    kinds.sort_unstable();
    kinds.dedup();
    kinds.into_iter().map(|kind| (kind, n(kind))).max_by_key(|(_, n)| *n)
}

/// A value as JSON: a short array whole, a long one by its length.
fn shown(value: &Item) -> Value {
    match value {
        Item::Unsigned(n) => count(*n),
        Item::Signed(n) => Value::from(*n),
        // As it is written for people: 0.000001, not the nearest double to the nearest single.
        Item::Single(x) => x.to_string().parse::<f64>().map_or(Value::Null, Value::from),
        Item::Double(x) => Value::from(*x),
        Item::Bool(is) => Value::from(*is),
        Item::Text(text) => Value::from(text.as_str()),
        Item::Array { len, first } => {
            let items: Vec<Value> = first.iter().map(shown).collect();
            if u64::try_from(items.len()) == Ok(*len) {
                Value::from(items)
            } else {
                json!({ "n_items": count(*len), "first": items })
            }
        }
    }
}

fn safety(gguf: &Gguf, n_tensors: u64, mut findings: Vec<Finding>) -> Safety {
    for (key, value) in gguf.metadata.iter().filter(|(key, _)| key.starts_with(TEMPLATE)) {
        if let Item::Text(text) = value {
            findings.extend(template::judge(text, &format!("key {key}")));
        }
    }
    findings.extend(gguf.duplicates.iter().map(|(name, at)| Finding {
        rule: "gguf/duplicate",
        severity: Severity::Info,
        what: format!("{name} is there twice"),
        place: format!("byte {at}"),
        why: "llama.cpp refuses such a file; other readers take one of the two".into(),
    }));
    findings.sort_by_key(|finding| std::cmp::Reverse(finding.severity));
    let needs = needs_of(&findings, Needs::DataOnly);
    let summary = match needs {
        Needs::DangerousCalls => "its chat template reaches for Python's own objects".to_owned(),
        Needs::UnknownCode => "its chat template does more than templates need".to_owned(),
        Needs::DataOnly | Needs::KnownLibraries => {
            format!("data only: {n_tensors} tensors and their keys; loading runs no code from the file")
        }
    };
    let unscanned = findings.iter().filter(|finding| finding.severity == Severity::Unscanned);
    let unread = unscanned.map(|finding| format!("{}: {}", finding.what, finding.why)).collect();
    Safety { needs, unread, findings, summary }
}
