//! The weights that a network takes, as far as its configuration determines them.
//!
//! Each rule is the `build` of that layer in Keras 3.15. A network with a layer that has no rule has no answer.

use serde_json::Value;

use super::config::{Layer, Network};

/// Layers without weights, whatever goes into them.
const NONE: [&str; 37] = [
    "Activation",
    "ActivityRegularization",
    "Add",
    "AlphaDropout",
    "Attention",
    "Average",
    "AveragePooling1D",
    "AveragePooling2D",
    "AveragePooling3D",
    "Concatenate",
    "Cropping1D",
    "Cropping2D",
    "Dropout",
    "ELU",
    "Flatten",
    "GaussianDropout",
    "GaussianNoise",
    "GlobalAveragePooling1D",
    "GlobalAveragePooling2D",
    "GlobalMaxPooling1D",
    "GlobalMaxPooling2D",
    "InputLayer",
    "LeakyReLU",
    "Masking",
    "MaxPooling1D",
    "MaxPooling2D",
    "MaxPooling3D",
    "Maximum",
    "Multiply",
    "Permute",
    "ReLU",
    "RepeatVector",
    "Rescaling",
    "Reshape",
    "Softmax",
    "Subtract",
    "ZeroPadding2D",
];

/// How deep models inside models are looked into.
const DEPTH: u32 = 8;

/// The shapes of the weights of each layer that has some; `None` where a layer leaves them open.
pub(super) fn weights(network: &Network<'_>) -> Option<Vec<(String, Vec<Vec<u64>>)>> {
    let mut found = Vec::new();
    collect(network, DEPTH, &mut found)?;
    Some(found)
}

fn collect(network: &Network<'_>, depth: u32, into: &mut Vec<(String, Vec<Vec<u64>>)>) -> Option<()> {
    if !network.is_complete || !network.is_graph() {
        return None;
    }
    for layer in &network.layers {
        if matches!(layer.class, "Functional" | "Sequential" | "Model") {
            collect(&Network::of(layer.object)?, depth.checked_sub(1)?, into)?;
            continue;
        }
        let shapes = of_layer(layer)?;
        if !shapes.is_empty() {
            into.push((layer.name.to_owned(), shapes));
        }
    }
    Some(())
}

fn of_layer(layer: &Layer<'_>) -> Option<Vec<Vec<u64>>> {
    if layer.module.is_some_and(|module| !super::names::is_keras(module)) {
        return None;
    }
    if NONE.contains(&layer.class) {
        return Some(Vec::new());
    }
    let number = |key: &str| layer.config.get(key).and_then(Value::as_u64);
    let flag = |key: &str| layer.config.get(key).and_then(Value::as_bool);
    let with_bias = |mut shapes: Vec<Vec<u64>>, bias: Vec<u64>| -> Option<Vec<Vec<u64>>> {
        if flag("use_bias")? {
            shapes.push(bias);
        }
        Some(shapes)
    };
    // LoRA and quantization add weights of their own.
    let is_plain = ["lora_rank", "quantization_config"]
        .iter()
        .all(|key| layer.config.get(*key).is_none_or(Value::is_null));
    if !is_plain {
        return None;
    }
    let last =
        || -> Option<u64> { layer.built_for.as_ref()?.last().copied()?.and_then(|n| u64::try_from(n).ok()) };
    match layer.class {
        "Embedding" => Some(vec![vec![number("input_dim")?, number("output_dim")?]]),
        "Dense" => {
            let units = number("units")?;
            with_bias(vec![vec![last()?, units]], vec![units])
        }
        "Conv1D" | "Conv2D" | "Conv3D" => {
            let is_last = layer.config.get("data_format").and_then(Value::as_str) == Some("channels_last");
            let filters = number("filters")?;
            let channels = last().filter(|_| is_last)?.checked_div(number("groups")?)?;
            let sides = layer.config.get("kernel_size")?.as_array()?;
            let sides: Vec<u64> = sides.iter().map(Value::as_u64).collect::<Option<_>>()?;
            with_bias(vec![[sides, vec![channels, filters]].concat()], vec![filters])
        }
        "BatchNormalization" | "LayerNormalization" => {
            let axis = layer.config.get("axis")?;
            let axis =
                axis.as_i64().or_else(|| axis.as_array().filter(|axes| axes.len() == 1)?.first()?.as_i64());
            let rank = i64::try_from(layer.built_for.as_ref()?.len()).ok()?;
            let side = last().filter(|_| axis == Some(-1) || axis == rank.checked_sub(1))?;
            let moving = if layer.class == "BatchNormalization" { 2 } else { 0 };
            let own = usize::from(flag("scale")?).saturating_add(usize::from(flag("center")?));
            Some(vec![vec![side]; own.saturating_add(moving)])
        }
        "LSTM" | "GRU" | "SimpleRNN" => {
            let units = number("units")?;
            let gates: u64 = match layer.class {
                "LSTM" => 4,
                "GRU" => 3,
                _ => 1,
            };
            let wide = units.checked_mul(gates)?;
            let is_twice = layer.class == "GRU" && flag("reset_after")?;
            let bias = if is_twice { vec![2, wide] } else { vec![wide] };
            with_bias(vec![vec![last()?, wide], vec![units, wide]], bias)
        }
        _ => None,
    }
}
