//! What a saved Keras model means: its class, signature, facts, structure and requirements.

use packwright_mlflow::schema::TensorSpec;
use serde_json::{Value, json};

use super::config::{Layer, Network, Spec};
use super::graph::{self, End};
use crate::{Fact, Part, Requirement, Sourced, SourcedSchema, SourcedSignature};

/// How many layers are listed in the facts, and kept in the tree.
const LISTED: usize = 2000;

/// How deep models inside models are shown.
const DEPTH: u32 = 8;

/// The settings of a layer that tell most about it, in the order in which they are shown.
const DETAILS: [&str; 9] = [
    "units",
    "filters",
    "kernel_size",
    "pool_size",
    "rate",
    "input_dim",
    "output_dim",
    "activation",
    "target_shape",
];

/// Which Keras wrote a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Line {
    /// Keras 3.
    Three,
    /// Keras 2 after TensorFlow moved on to Keras 3: the package tf-keras.
    TfKeras,
    /// Keras 2 with a release for each of TensorFlow, from 2.5 on.
    Two { minor: u32 },
    /// Older still, or a part of TensorFlow.
    Old,
}

impl Line {
    /// The line of a version: `3.15.1`, `2.13.1`, `2.2.4-tf`.
    pub(super) fn of(version: &str) -> Option<Self> {
        let mut parts = version.split('.');
        let major: u32 = parts.next()?.parse().ok()?;
        let minor: u32 = parts.next()?.parse().ok()?;
        Some(match (major, minor) {
            (3.., _) => Self::Three,
            (2, 16..) => Self::TfKeras,
            (2, 5..) => Self::Two { minor },
            _ => Self::Old,
        })
    }

    /// The module that opens what it wrote.
    pub(super) fn module(self) -> &'static str {
        match self {
            Self::Three => "keras",
            Self::TfKeras => "tf_keras",
            Self::Two { .. } | Self::Old => "tensorflow.keras",
        }
    }

    /// The PyPI name of the library.
    pub(super) fn framework(self) -> &'static str {
        if self == Self::TfKeras { "tf-keras" } else { "keras" }
    }
}

/// The import path of the model's class. Files that name no module, or only the public one, are of a class that each
/// line of Keras keeps in one place.
pub(super) fn class(network: &Network<'_>, line: Option<Line>, source: &str) -> Sourced<String> {
    let lower = network.class.to_lowercase();
    let is_own = matches!(network.class, "Sequential" | "Functional");
    let module = network.module.filter(|module| *module != "keras" || !is_own);
    let path = match (module, line) {
        (Some(module), _) => format!("{module}.{}", network.class),
        (None, Some(Line::Three)) if is_own => format!("keras.src.models.{lower}.{}", network.class),
        (None, Some(Line::TfKeras)) if is_own => format!("tf_keras.src.engine.{lower}.{}", network.class),
        (None, Some(Line::Two { minor: 13.. })) if is_own => {
            format!("keras.src.engine.{lower}.{}", network.class)
        }
        (None, Some(Line::Two { .. })) if is_own => format!("keras.engine.{lower}.{}", network.class),
        _ => network.class.to_owned(),
    };
    Sourced::new(path, source)
}

/// What goes in and comes out, with what is not known said in sentences.
pub(super) fn signature(network: &Network<'_>) -> (SourcedSignature, Vec<String>) {
    let mut warnings = Vec::new();
    let inputs = graph::inputs(network);
    let unknown: Vec<&str> =
        inputs.iter().filter(|end| end.spec.is_none()).map(|end| end.name.as_str()).collect();
    if !unknown.is_empty() {
        let names = unknown.join(", ");
        warnings
            .push(format!("The inputs have no signature: the shape of {names} is not in the configuration."));
    }
    let outputs = graph::outputs(network);
    let inputs = if unknown.is_empty() { schema(&inputs) } else { None };
    let outputs = if outputs.iter().all(|end| end.spec.is_some()) { schema(&outputs) } else { None };
    (SourcedSignature { inputs, outputs, params: None }, warnings)
}

/// One tensor stays without a name, so that arrays, tables and JSON alike are taken; several keep theirs.
fn schema(ends: &[End]) -> Option<SourcedSchema> {
    let is_single = ends.len() == 1;
    let tensors = ends.iter().map(|end| {
        let spec = end.spec.as_ref()?;
        let (dtype, reason) = dtype(&spec.dtype);
        let name = (!is_single).then(|| end.name.clone());
        let shape = spec.shape.iter().map(|side| side.unwrap_or(-1)).collect();
        let mut source = end.source.clone();
        if let Some(reason) = reason {
            source.push_str(&format!(": {reason}"));
        }
        Some(Sourced::new(TensorSpec { name, dtype, shape }, source))
    });
    let tensors: Vec<_> = tensors.collect::<Option<_>>()?;
    (!tensors.is_empty()).then_some(SourcedSchema::Tensors(tensors))
}

/// The NumPy dtype that callers use, and why it is another one where NumPy has none of its own.
fn dtype(name: &str) -> (String, Option<&'static str>) {
    match name {
        "string" => ("object".to_owned(), None),
        "bfloat16" => ("float32".to_owned(), Some("bfloat16, which NumPy does not have")),
        name if name.starts_with("float8") => {
            ("float32".to_owned(), Some("a float of 8 bits, which NumPy does not have"))
        }
        name => (name.to_owned(), None),
    }
}

/// What the configuration says beyond the signature.
pub(super) fn facts(network: &Network<'_>, compiled: Option<&Value>, source: &'static str) -> Vec<Fact> {
    let mut facts = Vec::new();
    let mut add =
        |name, value: Value, source: &str| facts.push(Fact { name, value, source: source.to_owned() });
    let inputs = graph::inputs(network);
    if let [End { spec: Some(Spec { shape, .. }), .. }] = inputs.as_slice()
        && let [_, Some(width)] = shape.as_slice()
    {
        add("n_features", json!(width), source);
    }
    if !network.name.is_empty() {
        add("model_name", json!(network.name), source);
    }
    add("n_layers", json!(network.layers.len()), source);
    let layers = network.layers.iter().take(LISTED).map(|layer| json!([layer.name, layer.class]));
    add("layers", Value::Array(layers.collect()), source);
    for end in [("input_names", graph::inputs(network)), ("output_names", graph::outputs(network))] {
        let names: Vec<String> = end.1.into_iter().map(|end| end.name).collect();
        add(end.0, json!(names), source);
    }
    let Some(compiled) = compiled.filter(|compiled| compiled.as_object().is_some_and(|map| !map.is_empty()))
    else {
        return facts;
    };
    let source = "what the model was compiled with";
    for (name, key) in [("loss", "loss"), ("metrics", "metrics")] {
        if let Some(value) = compiled.get(key).filter(|value| !value.is_null()) {
            add(name, named(value), source);
        }
    }
    let optimizer = compiled.get("optimizer").or_else(|| compiled.get("optimizer_config"));
    if let Some(optimizer) = optimizer.filter(|value| !value.is_null()) {
        add("optimizer", named(optimizer), source);
        let rate = optimizer.pointer("/config/learning_rate").filter(|rate| rate.is_number());
        if let Some(rate) = rate {
            add("learning_rate", rate.clone(), source);
        }
    }
    facts
}

/// Objects by their class names; lists and dictionaries of them too.
fn named(value: &Value) -> Value {
    match value {
        Value::Object(object) => match object.get("class_name").and_then(Value::as_str) {
            Some("function") => object.get("config").cloned().unwrap_or(Value::Null),
            Some(class) => {
                let class = class.rsplit_once('>').map_or(class, |(_, last)| last);
                let function =
                    object.get("config").and_then(|config| config.get("fn")).and_then(Value::as_str);
                json!(function.unwrap_or(class))
            }
            None => Value::Object(object.iter().map(|(key, value)| (key.clone(), named(value))).collect()),
        },
        Value::Array(items) => Value::Array(items.iter().map(named).collect()),
        other => other.clone(),
    }
}

/// The layers as a tree.
pub(super) fn structure(network: &Network<'_>, class: &str) -> Part {
    Part { class: class.to_owned(), parts: parts(network, DEPTH), ..Part::default() }
}

fn parts(network: &Network<'_>, depth: u32) -> Vec<Part> {
    let Some(depth) = depth.checked_sub(1) else { return Vec::new() };
    let part = |layer: &Layer<'_>| Part {
        name: layer.name.to_owned(),
        class: layer
            .module
            .map_or_else(|| layer.class.to_owned(), |module| format!("{module}.{}", layer.class)),
        detail: detail(layer),
        parts: match Network::of(layer.object) {
            Some(inner) if inner.is_graph() => parts(&inner, depth),
            _ => wrapped(layer),
        },
        ..Part::default()
    };
    network.layers.iter().take(LISTED).map(part).collect()
}

/// The layer inside a wrapper such as `Bidirectional`.
fn wrapped(layer: &Layer<'_>) -> Vec<Part> {
    let inner = layer.config.get("layer").and_then(Layer::of);
    let part = |inner: Layer<'_>| Part {
        name: inner.name.to_owned(),
        class: inner
            .module
            .map_or_else(|| inner.class.to_owned(), |module| format!("{module}.{}", inner.class)),
        detail: detail(&inner),
        ..Part::default()
    };
    inner.map(part).into_iter().collect()
}

fn detail(layer: &Layer<'_>) -> Option<String> {
    if let Some(spec) = layer.declared().filter(|_| layer.class == "InputLayer") {
        let sides: Vec<String> =
            spec.shape.iter().map(|side| side.map_or_else(|| "None".to_owned(), |n| n.to_string())).collect();
        return Some(format!("({}) {}", sides.join(", "), spec.dtype));
    }
    let mut words = Vec::new();
    for key in DETAILS {
        match layer.config.get(key) {
            Some(Value::String(text)) if text != "linear" => words.push(format!("{key}={text}")),
            Some(value @ (Value::Number(_) | Value::Array(_))) => words.push(format!("{key}={value}")),
            _ => {}
        }
    }
    (!words.is_empty()).then(|| words.join(", "))
}

/// What must be installed.
pub(super) fn requirements(version: Option<&Sourced<String>>) -> Vec<Requirement> {
    let line = |requirement: String, source: &str| Requirement { requirement, source: source.to_owned() };
    let Some(version) = version else {
        return vec![line("keras".to_owned(), "the format; the file does not say which version wrote it")];
    };
    let (text, source) = (&version.value, version.source.as_str());
    let minor = text.split('.').nth(1).unwrap_or_default();
    match Line::of(text) {
        Some(Line::TfKeras) => vec![
            line(format!("tf-keras=={text}"), source),
            line(
                format!("tensorflow==2.{minor}.*"),
                "each release of tf-keras runs on the TensorFlow of its own number",
            ),
        ],
        Some(Line::Two { .. }) => vec![
            line(format!("keras=={text}"), source),
            line(
                format!("tensorflow==2.{minor}.*"),
                "each release of Keras 2 runs on the TensorFlow of its own number",
            ),
        ],
        Some(Line::Old) => vec![line(
            "tensorflow<2.16".to_owned(),
            "Keras 2 was a part of TensorFlow; from 2.16 on TensorFlow brings Keras 3",
        )],
        Some(Line::Three) => vec![line(format!("keras=={text}"), source)],
        None => vec![line("keras".to_owned(), "the format")],
    }
}
