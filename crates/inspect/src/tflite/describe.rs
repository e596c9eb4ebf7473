//! What a TensorFlow Lite model means: how it is called, and everything else that it says.

use packwright_mlflow::schema::TensorSpec;
use serde_json::{Map, Value, json};

use super::metadata::Metadata;
use super::model::{Signature, Tensor, TfliteModel};
use crate::tensors::{self, count};
use crate::{Fact, Sourced, SourcedSchema, SourcedSignature};

/// What saved models call their main signature.
const MAIN: &str = "serving_default";

/// The types of tensors, by their number: NumPy's name, or the usual one.
const ELEMENTS: [&str; 19] = [
    "float32",
    "float16",
    "int32",
    "uint8",
    "int64",
    "str",
    "bool",
    "int16",
    "complex64",
    "int8",
    "float64",
    "complex128",
    "uint64",
    "resource",
    "variant",
    "uint32",
    "uint16",
    "int4",
    "bfloat16",
];

/// Types that NumPy and MLflow do not have.
const NOT_NUMPY: [&str; 4] = ["resource", "variant", "int4", "bfloat16"];

/// How the model is called.
#[derive(Debug)]
pub(super) struct Call<'a> {
    /// The signature; `None` when there is none, and the tensors of the first graph are set by their place.
    pub(super) key: Option<&'a str>,
    inputs: Vec<(&'a str, &'a Tensor)>,
    outputs: Vec<(&'a str, &'a Tensor)>,
}

impl<'a> Call<'a> {
    /// The main signature, else the first, else the first graph itself.
    pub(super) fn of(model: &'a TfliteModel) -> Self {
        let main = model.signatures.iter().find(|signature| signature.key == MAIN);
        if let Some(signature) = main.or(model.signatures.first())
            && let Some(call) = Self::by_signature(model, signature)
        {
            return call;
        }
        let Some(graph) = model.graphs.first() else {
            return Self { key: None, inputs: Vec::new(), outputs: Vec::new() };
        };
        let named = |places: &[usize]| -> Vec<(&'a str, &'a Tensor)> {
            let tensors = places.iter().filter_map(|place| graph.tensors.get(*place));
            tensors.map(|tensor| (tensor.name.as_str(), tensor)).collect()
        };
        Self { key: None, inputs: named(&graph.inputs), outputs: named(&graph.outputs) }
    }

    fn by_signature(model: &'a TfliteModel, signature: &'a Signature) -> Option<Self> {
        let graph = model.graphs.get(signature.graph)?;
        let named = |map: &'a [(String, usize)]| -> Option<Vec<(&'a str, &'a Tensor)>> {
            map.iter().map(|(name, place)| Some((name.as_str(), graph.tensors.get(*place)?))).collect()
        };
        let (inputs, outputs) = (named(&signature.inputs)?, named(&signature.outputs)?);
        Some(Self { key: Some(&signature.key), inputs, outputs })
    }

    fn source(&self) -> String {
        self.key
            .map_or_else(|| "inputs and outputs of the graph".to_owned(), |key| format!("signature {key}"))
    }
}

/// What goes in and comes out, with what MLflow cannot express said in sentences.
pub(super) fn signature(call: &Call<'_>) -> (SourcedSignature, Vec<String>) {
    let mut warnings = Vec::new();
    let is_single = call.inputs.len() == 1;
    let mut side = |tensors: &[(&str, &Tensor)], is_named: bool, what: &str| {
        let odd = tensors.iter().find(|(_, tensor)| NOT_NUMPY.contains(&element(tensor)));
        if let Some((name, tensor)) = odd {
            warnings.push(format!(
                "The {what} have no signature: {name} is a tensor of {}, which MLflow's schemas do not have.",
                element(tensor)
            ));
            return None;
        }
        let specs = tensors.iter().map(|(name, tensor)| spec(call, name, tensor, is_named));
        let specs: Vec<_> = specs.collect();
        (!specs.is_empty()).then_some(SourcedSchema::Tensors(specs))
    };
    // A single input may come without its name; outputs come back as a dictionary.
    let inputs = side(&call.inputs, !is_single, "inputs");
    let outputs = side(&call.outputs, true, "outputs");
    for (what, tensors) in [("goes in", &call.inputs), ("comes out", &call.outputs)] {
        for (name, tensor) in tensors {
            if let Some(quantization) = tensor.quantization.filter(|_| element(tensor).contains("int")) {
                warnings.push(format!(
                    "What {what} as {name} is quantized: the number {} stands for {} * (number - {}).",
                    element(tensor),
                    quantization.scale,
                    quantization.zero_point
                ));
            }
        }
    }
    (SourcedSignature { inputs, outputs, params: None }, warnings)
}

fn spec(call: &Call<'_>, name: &str, tensor: &Tensor, is_named: bool) -> Sourced<TensorSpec> {
    let mut source = format!("{}, {name}", call.source());
    let shape: Vec<i64> = dimensions(tensor).iter().map(|side| i64::from(*side).max(-1)).collect();
    if tensor.shape_signature.is_empty() && !shape.is_empty() {
        source.push_str(": its shape is fixed");
    }
    let name = is_named.then(|| name.to_owned());
    Sourced::new(TensorSpec { name, dtype: element(tensor).to_owned(), shape }, source)
}

/// The shape with -1 for what callers choose.
fn dimensions(tensor: &Tensor) -> &[i32] {
    if tensor.shape_signature.is_empty() { &tensor.shape } else { &tensor.shape_signature }
}

fn element(tensor: &Tensor) -> &'static str {
    ELEMENTS.get(usize::from(tensor.element)).copied().unwrap_or("unknown")
}

/// The signatures that are not called.
pub(super) fn other_signatures(model: &TfliteModel, call: &Call<'_>) -> Option<String> {
    let others = model.signatures.iter().map(|signature| signature.key.as_str());
    let others: Vec<&str> = others.filter(|key| Some(*key) != call.key).collect();
    if others.is_empty() {
        return None;
    }
    Some(format!(
        "The model has other signatures too: {}. The package calls {}.",
        others.join(", "),
        call.key.unwrap_or("the first graph")
    ))
}

/// Bytes of the file as a tensor of the list.
pub(super) fn weight(tensor: &Tensor) -> tensors::Tensor {
    tensors::Tensor {
        name: tensor.name.clone(),
        dtype: element(tensor).to_owned(),
        shape: tensor.shape.iter().map(|side| u64::try_from(*side).unwrap_or(0)).collect(),
        size_bytes: tensor.size_bytes,
        is_parameter: true,
    }
}

/// Everything else that the file says.
pub(super) fn facts(model: &TfliteModel, call: &Call<'_>) -> Vec<Fact> {
    let mut facts = Vec::new();
    let mut add = |name, value: Value, source: &str| {
        facts.push(Fact { name, value, source: source.to_owned() });
    };
    let source = call.source();
    let names = |tensors: &[(&str, &Tensor)]| -> Value {
        tensors.iter().map(|(name, _)| Value::from(*name)).collect()
    };
    add("input_names", names(&call.inputs), &source);
    add("output_names", names(&call.outputs), &source);
    let quantized = call.inputs.iter().chain(&call.outputs).filter_map(|(name, tensor)| {
        let quantization = tensor.quantization?;
        let value = json!({ "scale": quantization.scale, "zero_point": quantization.zero_point });
        Some(((*name).to_owned(), value))
    });
    let quantized: Map<String, Value> = quantized.collect();
    if !quantized.is_empty() {
        add("quantization", Value::Object(quantized), "quantization of the tensors");
    }
    let signatures = model.signatures.iter().map(|signature| {
        let names = |map: &[(String, usize)]| map.iter().map(|(name, _)| name.clone()).collect::<Vec<_>>();
        let value = json!({ "inputs": names(&signature.inputs), "outputs": names(&signature.outputs) });
        (signature.key.clone(), value)
    });
    let signatures: Map<String, Value> = signatures.collect();
    if !signatures.is_empty() {
        add("signatures", Value::Object(signatures), "signature_defs");
    }
    if !model.description.is_empty() {
        add("description", Value::from(model.description.as_str()), "description");
    }
    if let Some(version) = model.notes.get("min_runtime_version") {
        add("min_runtime_version", Value::from(version.as_str()), "metadata min_runtime_version");
    }
    add("schema_version", Value::from(model.version), "version");
    let operators = model.operators.iter().chain(&model.custom);
    let operators: Map<String, Value> = operators.map(|(name, n)| (name.clone(), count(*n))).collect();
    add("operators", Value::Object(operators), "operators of every graph");
    let graphs: Vec<&str> = model.graphs.iter().map(|graph| graph.name.as_str()).collect();
    if 1 < graphs.len() {
        add("graphs", Value::from(graphs), "subgraphs");
    }
    if !model.metadata.is_empty() {
        add("metadata", Value::from(model.metadata.clone()), "names of the metadata");
    }
    facts.extend(tensors::facts(&super::weights(model), "tensors with bytes in the file"));
    facts
}

/// What the model says about itself to people. Its description takes the place of the converter's.
pub(super) fn add_words(facts: &mut Vec<Fact>, words: &Metadata) {
    let source = "TFLITE_METADATA";
    if !words.description.is_empty() {
        facts.retain(|fact| fact.name != "description");
    }
    let texts = [
        ("model_name", &words.name),
        ("description", &words.description),
        ("model_version", &words.version),
        ("author", &words.author),
        ("license", &words.license),
        ("min_parser_version", &words.min_parser_version),
    ];
    for (name, text) in texts {
        if !text.is_empty() {
            facts.push(Fact { name, value: Value::from(text.as_str()), source: source.to_owned() });
        }
    }
    for (name, tensors) in [("input_descriptions", &words.inputs), ("output_descriptions", &words.outputs)] {
        let told: Vec<Value> = tensors
            .iter()
            .map(|tensor| json!({ "name": tensor.name, "description": tensor.description }))
            .collect();
        if !told.is_empty() {
            facts.push(Fact { name, value: Value::from(told), source: source.to_owned() });
        }
    }
    if !words.files.is_empty() {
        facts.push(Fact {
            name: "associated_files",
            value: Value::from(words.files.clone()),
            source: source.to_owned(),
        });
    }
    if !words.labels.is_empty() {
        facts.push(Fact {
            name: "class_labels",
            value: Value::from(words.labels.clone()),
            source: format!("{} behind the model", words.labels_file),
        });
    }
}
