//! What an ONNX model means: its signature, facts and requirements.

use std::collections::BTreeSet;

use packwright_mlflow::schema::TensorSpec;
use serde_json::{Map, Value};

use super::model::OnnxModel;
use super::types::{Dim, ValueInfo, ValueType, dtype, element_name};
use super::versions;
use crate::{Fact, Requirement, Sourced, SourcedSchema, SourcedSignature};

/// The longest description that is shown, in characters.
const DOC_CHARS: usize = 4000;

/// What goes in and comes out, with what MLflow cannot express said in sentences.
pub(super) fn signature(model: &OnnxModel) -> (SourcedSignature, Vec<String>) {
    let mut warnings = Vec::new();
    let inputs = inputs(&model.real_inputs(), &mut warnings);
    let outputs = outputs(&model.outputs);
    (SourcedSignature { inputs, outputs, params: None }, warnings)
}

/// A single input becomes the unnamed tensor, which takes arrays, rows of a table and JSON alike. Several inputs keep
/// their names.
fn inputs(values: &[&ValueInfo], warnings: &mut Vec<String>) -> Option<SourcedSchema> {
    let is_single = values.len() == 1;
    let mut tensors = Vec::new();
    for value in values {
        match input(value, is_single) {
            Ok(tensor) => tensors.push(tensor),
            Err(reason) => {
                warnings.push(format!("The inputs have no signature: {} is {reason}.", value.name));
                return None;
            }
        }
    }
    (!tensors.is_empty()).then_some(SourcedSchema::Tensors(tensors))
}

fn input(value: &ValueInfo, is_single: bool) -> Result<Sourced<TensorSpec>, String> {
    let ValueType::Tensor { element, shape } = &value.ty else {
        return Err(format!("of the type {}, which MLflow's schemas do not have", value.ty));
    };
    let Some(shape) = shape else {
        return Err("a tensor of unknown rank, and MLflow would refuse arrays of any other rank".into());
    };
    let Some((dtype, reason)) = dtype(*element) else {
        return Err("a tensor of an unknown element type".into());
    };
    let name = (!is_single).then(|| value.name.clone());
    let tensor = TensorSpec { name, dtype: dtype.to_owned(), shape: numbers(shape) };
    let mut source = format!("graph.input {}", value.name);
    if let Some(reason) = reason {
        source.push_str(&format!(": {reason}"));
    }
    Ok(Sourced::new(tensor, source))
}

/// Why no caller can give what goes in: elements that `NumPy` does not have.
pub(super) fn obstacle(model: &OnnxModel) -> Option<String> {
    let odd = model.real_inputs().into_iter().find_map(|input| match &input.ty {
        ValueType::Tensor { element, .. } => {
            dtype(*element).and_then(|(_, reason)| reason).map(|_| (&input.name, element_name(*element)))
        }
        _ => None,
    });
    let (name, element) = odd?;
    Some(format!(
        "The input {name} is a tensor of {element}, which NumPy does not have, so no caller of MLflow can give it. Give \
         the graph an input of another type with a Cast after it."
    ))
}

/// Outputs keep their names: the onnx flavor gives a dictionary back.
fn outputs(values: &[ValueInfo]) -> Option<SourcedSchema> {
    let tensors = values.iter().map(|value| {
        let name = Some(value.name.clone());
        let mut source = format!("graph.output {}", value.name);
        let known = match &value.ty {
            ValueType::Tensor { element, shape } => {
                dtype(*element).map(|(dtype, reason)| (dtype, reason, shape.as_deref()))
            }
            _ => None,
        };
        let tensor = if let Some((dtype, reason, shape)) = known {
            if let Some(reason) = reason {
                source.push_str(&format!(": {reason}"));
            }
            if shape.is_none() {
                source.push_str("; its shape is not in the file, [-1] stands for any");
            }
            let shape = shape.map_or_else(|| vec![-1], numbers);
            TensorSpec { name, dtype: dtype.to_owned(), shape }
        } else {
            source.push_str(&format!(": {}, which MLflow's schemas do not have", value.ty));
            TensorSpec { name, dtype: "object".to_owned(), shape: vec![-1] }
        };
        Sourced::new(tensor, source)
    });
    let tensors: Vec<Sourced<TensorSpec>> = tensors.collect();
    (!tensors.is_empty()).then_some(SourcedSchema::Tensors(tensors))
}

fn numbers(shape: &[Dim]) -> Vec<i64> {
    shape.iter().map(|dim| if let Dim::Fixed(n) = dim { *n } else { -1 }).collect()
}

/// Everything else that the file says.
pub(super) fn facts(model: &OnnxModel, custom: &BTreeSet<String>) -> Vec<Fact> {
    let mut facts = Vec::new();
    let mut add = |name, value: Value, source: &str| {
        facts.push(Fact { name, value, source: source.to_owned() });
    };
    let inputs = model.real_inputs();
    if let [ValueInfo { ty: ValueType::Tensor { shape: Some(shape), .. }, .. }] = inputs.as_slice()
        && let [_, Dim::Fixed(width)] = shape.as_slice()
    {
        add("n_features", Value::from(*width), "graph.input");
    }
    if let Some((labels, source)) = class_labels(model) {
        add("class_labels", labels, &source);
    }
    if !model.producer_name.is_empty() {
        let producer = format!("{} {}", model.producer_name, producer_version(&model.producer_version));
        add("producer", Value::from(producer.trim_end().to_owned()), "producer_name, producer_version");
    }
    add("ir_version", count(model.ir_version), "ir_version");
    if let Some(opset) = model.opset() {
        add("opset", count(opset), "opset_import");
    }
    let opsets = model.opsets.iter().map(|(domain, version)| (shown_domain(domain), count(*version)));
    add("opsets", Value::Object(opsets.collect()), "opset_import");
    add("n_parameters", count(model.n_parameters), "the shapes of the initializers");
    add("n_initializers", count(model.n_initializers), "graph.initializer");
    let types = model.element_types.iter().map(|(element, n)| (element_name(*element).to_owned(), count(*n)));
    let types: Map<String, Value> = types.collect();
    if !types.is_empty() {
        add("parameter_types", Value::Object(types), "graph.initializer");
    }
    let n_nodes = model.operators.values().fold(0_u64, |sum, n| sum.saturating_add(*n));
    add("n_nodes", count(n_nodes), "graph.node, subgraphs included");
    let operators = model.operators.iter().map(|((domain, name), n)| {
        (if domain.is_empty() { name.clone() } else { format!("{domain}.{name}") }, count(*n))
    });
    add("operators", Value::Object(operators.collect()), "graph.node, subgraphs included");
    let types = |values: &mut dyn Iterator<Item = &ValueInfo>| -> Value {
        Value::Object(values.map(|value| (value.name.clone(), Value::from(value.ty.to_string()))).collect())
    };
    add("input_types", types(&mut inputs.iter().copied()), "graph.input");
    add("output_types", types(&mut model.outputs.iter()), "graph.output");
    let optional = model.optional_inputs();
    if !optional.is_empty() {
        let source = "graph.input that are initializers too: callers need not give them";
        add("optional_inputs", types(&mut optional.iter().copied()), source);
    }
    let symbols = symbols(inputs.iter().copied().chain(&model.outputs));
    if !symbols.is_empty() {
        add("symbolic_dimensions", Value::from(symbols), "graph.input, graph.output");
    }
    let texts: [(&'static str, &str, &str); 5] = [
        ("graph_name", &model.graph_name, "graph.name"),
        ("graph_description", &model.graph_doc, "graph.doc_string"),
        ("description", &model.doc, "doc_string"),
        ("domain", &model.domain, "domain"),
        ("model_version", &model_version(model), "model_version"),
    ];
    for (name, text, source) in texts {
        if !text.is_empty() {
            add(name, Value::from(text.chars().take(DOC_CHARS).collect::<String>()), source);
        }
    }
    if !model.metadata.is_empty() {
        let props = model.metadata.iter().map(|(key, value)| (key.clone(), Value::from(value.clone())));
        add("metadata", Value::Object(props.collect()), "metadata_props");
    }
    if !model.functions.is_empty() {
        let functions =
            model.functions.iter().map(|(domain, name)| format!("{}.{name}", shown_domain(domain)));
        add("functions", functions.collect(), "functions");
    }
    if !custom.is_empty() {
        add("custom_domains", custom.iter().cloned().collect(), "graph.node");
    }
    let files = model.external.files();
    if !files.is_empty() {
        let files = files.iter().map(|file| {
            serde_json::json!({
                "location": file.location,
                "n_tensors": file.n_tensors,
                "size_bytes": count(file.needed_bytes),
            })
        });
        add("external_data", files.collect(), "external_data of the tensors");
    }
    facts
}

/// The labels of the model's classes: those of its `ZipMap`, else those on which all its classifiers agree.
fn class_labels(model: &OnnxModel) -> Option<(Value, String)> {
    let classifier = match model.classifier_labels.as_slice() {
        [labels] => Some(labels),
        _ => None,
    };
    let found = model.zipmap_labels.as_ref().or(classifier)?;
    Some((Value::from(found.labels.clone()), format!("the attributes of {}", found.operator)))
}

fn symbols<'a>(values: impl Iterator<Item = &'a ValueInfo>) -> Vec<String> {
    let mut symbols: Vec<String> = Vec::new();
    for value in values {
        let ValueType::Tensor { shape: Some(shape), .. } = &value.ty else { continue };
        for dim in shape {
            if let Dim::Named(name) = dim
                && !symbols.contains(name)
            {
                symbols.push(name.clone());
            }
        }
    }
    symbols
}

/// A version as one line. Some producers write a paragraph, in which one word may be a version.
fn producer_version(text: &str) -> String {
    const LINE: usize = 64;
    let text = text.trim();
    if !text.contains('\n') && text.chars().count() <= LINE {
        return text.to_owned();
    }
    let is_version = |word: &&str| {
        let digits = word.trim_start_matches('v');
        digits.starts_with(|char: char| char.is_ascii_digit())
            && digits.split('.').count() == 3
            && digits.chars().all(|char| char.is_ascii_digit() || char == '.')
    };
    let mut words = text.split(|char: char| char.is_whitespace() || char == '/');
    words.find(is_version).map_or_else(String::new, |word| word.trim_start_matches('v').to_owned())
}

fn model_version(model: &OnnxModel) -> String {
    if model.model_version == 0 { String::new() } else { model.model_version.cast_signed().to_string() }
}

/// The package of more operators.
pub(super) const EXTENSIONS: &str = "onnxruntime-extensions";

/// What must be installed to load and predict with onnxruntime and these `libraries`.
pub(super) fn requirements(model: &OnnxModel, libraries: &[&str]) -> Vec<Requirement> {
    let opset = model.newest_opset("");
    let ml_opset = model.newest_opset("ai.onnx.ml");
    let reason = format!("IR version {} and operator set {opset}", model.ir_version);
    let line = |name: &str, version: Option<&str>| match version {
        Some(version) => Requirement {
            requirement: format!("{name}>={version}"),
            source: format!("{reason}: {name} {version} is the first that reads them"),
        },
        None => Requirement {
            requirement: name.to_owned(),
            source: format!("{reason}, which are newer than every {name} release that Packwright knows"),
        },
    };
    let mut lines = Vec::new();
    if libraries.contains(&"onnx") {
        lines.push(line("onnx", versions::onnx(model.ir_version, opset, ml_opset)));
    }
    lines.push(line("onnxruntime", versions::onnxruntime(model.ir_version, opset)));
    if libraries.contains(&EXTENSIONS) {
        lines.push(Requirement {
            requirement: EXTENSIONS.into(),
            source: "the graph uses its operators; their version is not in the file".into(),
        });
    }
    lines.push(Requirement {
        requirement: "numpy".into(),
        source: "onnxruntime works on NumPy arrays; its version is not in the file".into(),
    });
    lines
}

/// A domain as people write it.
fn shown_domain(domain: &str) -> String {
    if domain.is_empty() { "ai.onnx".to_owned() } else { domain.to_owned() }
}

/// A count as JSON; beyond 2^53 as text, which JSON readers do not round.
fn count(n: u64) -> Value {
    if n <= 1 << 53 { Value::from(n) } else { Value::from(n.to_string()) }
}
