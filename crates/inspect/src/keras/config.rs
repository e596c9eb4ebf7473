//! The configuration of a model as layers and the tensors between them.
//!
//! Keras 3 writes each call of a layer with the tensors that go in (`__keras_tensor__`, with their shapes); Keras 2
//! writes the names of the layers that they come from.

use serde_json::{Map, Value};

/// More inputs or outputs than any model has.
const MOST_ENDS: usize = 1000;

/// A tensor: what is known of its shape, the first side being the batch, and of its type.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Spec {
    /// `None` is any length.
    pub(super) shape: Vec<Option<i64>>,
    /// `float32` …
    pub(super) dtype: String,
}

/// Which tensor: the output of a call of a layer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct TensorRef<'a> {
    pub(super) layer: &'a str,
    /// Which call of the layer.
    pub(super) call: u64,
    /// Which output of the call.
    pub(super) output: u64,
    /// What the configuration says of it, where it does.
    pub(super) recorded: Option<Spec>,
}

/// One layer.
#[derive(Debug, Clone)]
pub(super) struct Layer<'a> {
    /// All that the configuration says of it.
    pub(super) object: &'a Value,
    pub(super) name: &'a str,
    pub(super) class: &'a str,
    pub(super) module: Option<&'a str>,
    pub(super) config: &'a Map<String, Value>,
    /// The shape that it was built for, where there is one.
    pub(super) built_for: Option<Vec<Option<i64>>>,
    /// The tensors that go into each call.
    pub(super) calls: Vec<Vec<TensorRef<'a>>>,
}

/// The inputs or outputs of a model.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Ends<'a> {
    /// Each with the name that callers use for it.
    pub(super) tensors: Vec<(&'a str, TensorRef<'a>)>,
    /// Whether there is one tensor, and no list or dictionary around it.
    pub(super) is_bare: bool,
}

/// A model: its layers in the order of the configuration.
#[derive(Debug, Clone)]
pub(super) struct Network<'a> {
    pub(super) class: &'a str,
    pub(super) module: Option<&'a str>,
    pub(super) name: &'a str,
    pub(super) layers: Vec<Layer<'a>>,
    /// Whether every entry among the layers describes one.
    pub(super) is_complete: bool,
    pub(super) inputs: Ends<'a>,
    pub(super) outputs: Ends<'a>,
    /// The shape that the whole was built for.
    pub(super) built_for: Option<Vec<Option<i64>>>,
}

impl<'a> Network<'a> {
    /// The model of a configuration; `None` when it is not the configuration of an object.
    pub(super) fn of(object: &'a Value) -> Option<Self> {
        let class = last_part(object.get("class_name")?.as_str()?);
        let config = object.get("config")?;
        // Keras 1 and 2.0 wrote the bare list of layers of a Sequential model.
        let layers = config.get("layers").or_else(|| config.is_array().then_some(config));
        let layers = layers.and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
        let found: Vec<Layer<'a>> = layers.iter().filter_map(Layer::of).collect();
        let built_for =
            object.pointer("/build_config/input_shape").or_else(|| config.get("build_input_shape"));
        Some(Self {
            class,
            module: object.get("module").and_then(Value::as_str),
            name: text(config, "name").unwrap_or_default(),
            is_complete: found.len() == layers.len(),
            layers: found,
            inputs: ends(config.get("input_layers")),
            outputs: ends(config.get("output_layers")),
            built_for: built_for.and_then(shape_of),
        })
    }

    /// Whether its layers simply follow each other.
    pub(super) fn is_chain(&self) -> bool {
        self.class == "Sequential"
    }

    /// Whether it is described by its layers at all; a class of one's own is not.
    pub(super) fn is_graph(&self) -> bool {
        self.is_chain() || !self.outputs.tensors.is_empty()
    }

    /// The layer of that name.
    pub(super) fn layer(&self, name: &str) -> Option<&Layer<'a>> {
        self.layers.iter().find(|layer| layer.name == name)
    }
}

impl<'a> Layer<'a> {
    /// The layer of a configuration.
    pub(super) fn of(object: &'a Value) -> Option<Self> {
        let class = last_part(object.get("class_name")?.as_str()?);
        let config = object.get("config")?.as_object()?;
        let name = object.get("name").or_else(|| config.get("name")).and_then(Value::as_str);
        let calls = object.get("inbound_nodes").and_then(Value::as_array);
        Some(Self {
            object,
            name: name.unwrap_or_default(),
            class,
            module: object.get("module").and_then(Value::as_str),
            config,
            built_for: object.pointer("/build_config/input_shape").and_then(shape_of),
            calls: calls.map(|calls| calls.iter().map(tensors_of_call).collect()).unwrap_or_default(),
        })
    }

    /// The tensor that an `InputLayer`, or the first layer of a Keras 2 chain, declares.
    pub(super) fn declared(&self) -> Option<Spec> {
        let shape = self.config.get("batch_shape").or_else(|| self.config.get("batch_input_shape"))?;
        Some(Spec { shape: shape_of(shape)?, dtype: self.dtype() })
    }

    /// The type that it computes in.
    pub(super) fn dtype(&self) -> String {
        let policy = match self.config.get("dtype") {
            Some(Value::Object(policy)) => policy.get("config").and_then(|config| config.get("name")),
            other => other,
        };
        match policy.and_then(Value::as_str).unwrap_or("float32") {
            "mixed_float16" => "float16",
            "mixed_bfloat16" => "bfloat16",
            // Quantized weights: `int8_from_float32` computes in the second.
            name => name.rsplit_once("_from_").map_or(name, |(_, of)| of),
        }
        .to_owned()
    }
}

/// The last part of a registered name: Keras 2 calls its own optimizers `Custom>Adam`.
fn last_part(name: &str) -> &str {
    name.rsplit_once('>').map_or(name, |(_, last)| last)
}

fn text<'a>(object: &'a Value, key: &str) -> Option<&'a str> {
    object.get(key)?.as_str()
}

/// A shape: a list of lengths and nulls.
pub(super) fn shape_of(value: &Value) -> Option<Vec<Option<i64>>> {
    let side = |value: &Value| match value {
        Value::Null => Some(None),
        Value::Number(number) => number.as_i64().filter(|n| 0 <= *n).map(Some),
        _ => None,
    };
    value.as_array()?.iter().map(side).collect()
}

/// The ends of a functional model: one tensor, a list of them or a dictionary, as deep as they are nested.
fn ends(value: Option<&Value>) -> Ends<'_> {
    let mut found = Ends::default();
    let Some(value) = value else { return found };
    found.is_bare = triple(value).is_some();
    let mut waiting: Vec<(Option<&str>, &Value)> = vec![(None, value)];
    while let Some((key, value)) = waiting.pop() {
        if MOST_ENDS <= found.tensors.len() {
            break;
        }
        if let Some(tensor) = triple(value) {
            found.tensors.push((key.unwrap_or(tensor.layer), tensor));
            continue;
        }
        match value {
            Value::Array(items) => waiting.extend(items.iter().rev().map(|item| (key, item))),
            Value::Object(items) => {
                waiting.extend(items.iter().rev().map(|(key, item)| (Some(key.as_str()), item)));
            }
            _ => {}
        }
    }
    found
}

/// `["dense", 0, 0]`, with or without keyword arguments behind.
fn triple(value: &Value) -> Option<TensorRef<'_>> {
    match value.as_array()?.as_slice() {
        [Value::String(layer), call, output] | [Value::String(layer), call, output, Value::Object(_)] => {
            Some(TensorRef { layer, call: call.as_u64()?, output: output.as_u64()?, recorded: None })
        }
        _ => None,
    }
}

/// Every tensor in the arguments of one call, in order.
fn tensors_of_call(call: &Value) -> Vec<TensorRef<'_>> {
    let mut found = Vec::new();
    let mut waiting = vec![call];
    while let Some(value) = waiting.pop() {
        if let Some(tensor) = keras_tensor(value).or_else(|| triple(value)) {
            found.push(tensor);
            continue;
        }
        match value {
            Value::Array(items) => waiting.extend(items.iter().rev()),
            Value::Object(items) => waiting.extend(items.values().rev()),
            _ => {}
        }
    }
    found
}

/// `{"class_name": "__keras_tensor__", "config": {"shape": …, "dtype": …, "keras_history": ["dense", 0, 0]}}`.
fn keras_tensor(value: &Value) -> Option<TensorRef<'_>> {
    if value.get("class_name")?.as_str()? != "__keras_tensor__" {
        return None;
    }
    let config = value.get("config")?;
    let shape = config.get("shape").and_then(shape_of);
    let dtype = text(config, "dtype").unwrap_or("float32").to_owned();
    let recorded = shape.map(|shape| Spec { shape, dtype });
    triple(config.get("keras_history")?).map(|tensor| TensorRef { recorded, ..tensor })
}
