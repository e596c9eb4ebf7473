//! The shapes that layers give, as far as their configuration determines them.
//!
//! Each rule is the `compute_output_shape` of that layer in Keras 3.15. A layer without a rule, or with something
//! between its inputs that no rule expects, gives nothing: its shape is unknown.

use serde_json::Value;

use super::config::{Layer, Spec};

type Side = Option<i64>;
type Shape = Vec<Side>;

/// Layers that leave the shape as it is.
const SAME: &[&str] = &[
    "Activation",
    "ActivityRegularization",
    "AlphaDropout",
    "AutoContrast",
    "BatchNormalization",
    "Dropout",
    "ELU",
    "Equalization",
    "GaussianDropout",
    "GaussianNoise",
    "GroupNormalization",
    "Identity",
    "LayerNormalization",
    "LeakyReLU",
    "Masking",
    "Normalization",
    "PReLU",
    "RMSNormalization",
    "RandomBrightness",
    "RandomContrast",
    "RandomFlip",
    "RandomRotation",
    "RandomTranslation",
    "RandomZoom",
    "ReLU",
    "Rescaling",
    "Softmax",
    "SpatialDropout1D",
    "SpatialDropout2D",
    "SpatialDropout3D",
    "ThresholdedReLU",
    "UnitNormalization",
];

/// Layers that join tensors side by side, element by element.
const MERGES: &[&str] = &["Add", "Average", "Maximum", "Minimum", "Multiply", "Subtract"];

/// Layers that only move or pick values, and so keep integers what they are.
const MOVES: &[&str] = &["Concatenate", "Flatten", "Identity", "Permute", "RepeatVector", "Reshape"];

/// What one call of a layer gives.
pub(super) fn output(layer: &Layer<'_>, inputs: &[Spec]) -> Option<Spec> {
    let shape = shape(layer, inputs)?;
    let given = inputs.first()?;
    let keeps = MOVES.contains(&layer.class) && !given.dtype.contains("float");
    Some(Spec { shape, dtype: if keeps { given.dtype.clone() } else { layer.dtype() } })
}

fn shape(layer: &Layer<'_>, inputs: &[Spec]) -> Option<Shape> {
    let first = &inputs.first()?.shape;
    let class = layer.class;
    if !layer.is_of_keras() {
        return None;
    }
    if SAME.contains(&class) {
        return (inputs.len() == 1).then(|| first.clone());
    }
    if MERGES.contains(&class) {
        return merged(inputs);
    }
    match class {
        "Concatenate" => return concatenated(inputs, layer.number("axis").unwrap_or(-1)),
        "MultiHeadAttention" if 2 <= inputs.len() => {
            return layer.config.get("output_shape").is_none_or(Value::is_null).then(|| first.clone());
        }
        "Attention" | "AdditiveAttention" => {
            let value = &inputs.get(1)?.shape;
            return with_last(first, *value.last()?);
        }
        _ => {}
    }
    if inputs.len() != 1 {
        return None;
    }
    match class {
        "Dense" => with_last(first, Some(layer.number("units")?)),
        "Embedding" => Some(pushed(first, Some(layer.number("output_dim")?))),
        "Flatten" => {
            let (batch, rest) = first.split_first()?;
            Some(vec![*batch, product(rest)])
        }
        "Reshape" => reshaped(first, &layer.numbers("target_shape")?),
        "Permute" => {
            let dims = layer.numbers("dims")?;
            let picked =
                dims.iter().map(|dim| usize::try_from(*dim).ok().and_then(|dim| first.get(dim)).copied());
            let (batch, rest) = first.split_first()?;
            let sides: Vec<Side> = picked.collect::<Option<_>>()?;
            (sides.len() == rest.len()).then(|| [vec![*batch], sides].concat())
        }
        "RepeatVector" => match first.as_slice() {
            [batch, width] => Some(vec![*batch, Some(layer.number("n")?), *width]),
            _ => None,
        },
        "LSTM" | "GRU" | "SimpleRNN" => recurrent(layer, first, 1),
        "Bidirectional" => bidirectional(layer, &inputs.first()?.dtype, first),
        "TimeDistributed" => time_distributed(layer, &inputs.first()?.dtype, first),
        "Resizing" | "CenterCrop" => match first.as_slice() {
            [batch, _, _, channels] if layer.is_channels_last() => {
                Some(vec![*batch, Some(layer.number("height")?), Some(layer.number("width")?), *channels])
            }
            _ => None,
        },
        _ => spatial(layer, first),
    }
}

/// Layers over one, two or three dimensions between batch and channels: the digit in the class name says how many.
fn spatial(layer: &Layer<'_>, input: &[Side]) -> Option<Shape> {
    let transposed = layer.class.strip_suffix("Transpose");
    let is_transposed = transposed.is_some();
    let kind = transposed.unwrap_or(layer.class).strip_suffix('D')?;
    let (kind, n) = (kind.get(..kind.len().checked_sub(1)?)?, kind.get(kind.len().checked_sub(1)?..)?);
    let n: usize = n.parse().ok()?;
    if input.len() != n.checked_add(2)? {
        return None;
    }
    let last = layer.is_channels_last();
    let batch = *input.first()?;
    let (channels, sides) = if last {
        (*input.last()?, input.get(1..n.checked_add(1)?)?)
    } else {
        (*input.get(1)?, input.get(2..)?)
    };
    let together = |sides: Shape, channels: Side| -> Shape {
        if last {
            [vec![batch], sides, vec![channels]].concat()
        } else {
            [vec![batch, channels], sides].concat()
        }
    };
    let each = |key: &str| layer.per_side(key, n);
    match kind {
        "GlobalAveragePooling" | "GlobalMaxPooling" => {
            let keeps = layer.config.get("keepdims").and_then(Value::as_bool) == Some(true);
            Some(if keeps { together(vec![Some(1); n], channels) } else { vec![batch, channels] })
        }
        "Conv" | "SeparableConv" | "DepthwiseConv" if !is_transposed => {
            let channels = match kind {
                "DepthwiseConv" => match channels {
                    Some(n) => Some(n.checked_mul(layer.number("depth_multiplier")?)?),
                    None => None,
                },
                _ => Some(layer.number("filters")?),
            };
            let dilation = each("dilation_rate").unwrap_or_else(|| vec![1; n]);
            let window = Window { size: each("kernel_size")?, stride: each("strides")?, dilation };
            Some(together(window.over(sides, layer.text("padding")?)?, channels))
        }
        // With an output_padding the versions of Keras do not agree.
        "Conv" if is_transposed => {
            if !layer.config.get("output_padding").is_none_or(Value::is_null) {
                return None;
            }
            let (sizes, strides) = (each("kernel_size")?, each("strides")?);
            let dilations = each("dilation_rate").unwrap_or_else(|| vec![1; n]);
            let padding = layer.text("padding")?;
            let mut grown = Shape::new();
            for (i, side) in sides.iter().enumerate() {
                let (size, stride, dilation) = (sizes.get(i)?, strides.get(i)?, dilations.get(i)?);
                let reach = size.checked_sub(1)?.checked_mul(*dilation)?.checked_add(1)?;
                let more = match padding {
                    "same" => 0,
                    "valid" => reach.checked_sub(*stride)?.max(0),
                    _ => return None,
                };
                grown.push(match side {
                    Some(side) => Some(side.checked_mul(*stride)?.checked_add(more)?),
                    None => None,
                });
            }
            Some(together(grown, Some(layer.number("filters")?)))
        }
        "MaxPooling" | "AveragePooling" => {
            let size = each("pool_size")?;
            let stride = each("strides").unwrap_or_else(|| size.clone());
            let window = Window { size, stride, dilation: vec![1; n] };
            Some(together(window.over(sides, layer.text("padding")?)?, channels))
        }
        "UpSampling" => {
            let sizes = each("size")?;
            let scale = |(side, by): (&Side, &i64)| match side {
                Some(side) => side.checked_mul(*by).map(Some),
                None => Some(None),
            };
            Some(together(sides.iter().zip(&sizes).map(scale).collect::<Option<_>>()?, channels))
        }
        "ZeroPadding" => Some(together(changed(sides, &layer.pairs("padding", n)?, 1)?, channels)),
        "Cropping" => Some(together(changed(sides, &layer.pairs("cropping", n)?, -1)?, channels)),
        _ => None,
    }
}

/// A window that moves over the sides of a tensor.
struct Window {
    size: Vec<i64>,
    stride: Vec<i64>,
    dilation: Vec<i64>,
}

impl Window {
    fn over(&self, sides: &[Side], padding: &str) -> Option<Shape> {
        let mut out = Vec::new();
        for (i, side) in sides.iter().enumerate() {
            let (size, stride, dilation) = (self.size.get(i)?, self.stride.get(i)?, self.dilation.get(i)?);
            if *stride < 1 || *size < 1 || *dilation < 1 {
                return None;
            }
            let Some(side) = side else {
                out.push(None);
                continue;
            };
            let reach = size.checked_sub(1)?.checked_mul(*dilation)?.checked_add(1)?;
            let free = match padding {
                "same" | "causal" => *side,
                "valid" => side.checked_sub(reach)?.checked_add(1)?,
                _ => return None,
            };
            // Rounded up.
            let n = free.checked_add(stride.checked_sub(1)?)?.checked_div(*stride)?;
            out.push(Some(n).filter(|n| Some(0) <= Some(*n)));
        }
        Some(out)
    }
}

/// Each side with what is added before and behind it, or taken away.
fn changed(sides: &[Side], by: &[(i64, i64)], sign: i64) -> Option<Shape> {
    let change = |(side, (before, behind)): (&Side, &(i64, i64))| match side {
        Some(side) => {
            let change = before.checked_add(*behind)?.checked_mul(sign)?;
            side.checked_add(change).filter(|side| 0 <= *side).map(Some)
        }
        None => Some(None),
    };
    sides.iter().zip(by).map(change).collect()
}

fn recurrent(layer: &Layer<'_>, input: &[Side], times: i64) -> Option<Shape> {
    if layer.config.get("return_state").and_then(Value::as_bool) == Some(true) {
        return None;
    }
    let units = Some(layer.number("units")?.checked_mul(times)?);
    match (input, layer.config.get("return_sequences").and_then(Value::as_bool).unwrap_or(false)) {
        ([batch, steps, _], true) => Some(vec![*batch, *steps, units]),
        ([batch, _, _], false) => Some(vec![*batch, units]),
        _ => None,
    }
}

fn bidirectional(layer: &Layer<'_>, dtype: &str, input: &[Side]) -> Option<Shape> {
    let inner = Layer::of(layer.config.get("layer")?)?;
    if !matches!(inner.class, "LSTM" | "GRU" | "SimpleRNN") || !inner.is_of_keras() {
        return None;
    }
    match layer.text("merge_mode")? {
        "concat" => recurrent(&inner, input, 2),
        "sum" | "mul" | "ave" => {
            output(&inner, &[Spec { shape: input.to_vec(), dtype: dtype.to_owned() }]).map(|spec| spec.shape)
        }
        _ => None,
    }
}

fn time_distributed(layer: &Layer<'_>, dtype: &str, input: &[Side]) -> Option<Shape> {
    let inner = Layer::of(layer.config.get("layer")?)?;
    let (batch, rest) = input.split_first()?;
    let (steps, rest) = rest.split_first()?;
    let one = Spec { shape: [vec![*batch], rest.to_vec()].concat(), dtype: dtype.to_owned() };
    let given = output(&inner, &[one])?.shape;
    let (batch, rest) = given.split_first()?;
    Some([vec![*batch, *steps], rest.to_vec()].concat())
}

/// Several tensors element by element, where their ranks agree.
fn merged(inputs: &[Spec]) -> Option<Shape> {
    let (first, rest) = inputs.split_first()?;
    let mut out = first.shape.clone();
    for other in rest {
        if other.shape.len() != out.len() {
            return None;
        }
        for (side, other) in out.iter_mut().zip(&other.shape) {
            *side = match (*side, *other) {
                (a, b) if a == b => a,
                (Some(1), b) => b,
                (a, Some(1)) => a,
                (None, b) => b,
                (a, None) => a,
                _ => return None,
            };
        }
    }
    // The batch is any length, whatever one of the inputs says.
    if inputs.iter().any(|input| input.shape.first() == Some(&None)) {
        *out.first_mut()? = None;
    }
    Some(out)
}

fn concatenated(inputs: &[Spec], axis: i64) -> Option<Shape> {
    let (first, rest) = inputs.split_first()?;
    let rank = i64::try_from(first.shape.len()).ok()?;
    let axis = usize::try_from(if axis < 0 { axis.checked_add(rank)? } else { axis }).ok()?;
    let mut out = first.shape.clone();
    for other in rest {
        if other.shape.len() != out.len() {
            return None;
        }
        for (i, (side, other)) in out.iter_mut().zip(&other.shape).enumerate() {
            *side = match (*side, *other) {
                (Some(a), Some(b)) if i == axis => Some(a.checked_add(b)?),
                _ if i == axis => None,
                (a, b) if a == b => a,
                (None, b) if i != 0 => b,
                (a, None) if i != 0 => a,
                (None, _) | (_, None) => None,
                _ => return None,
            };
        }
    }
    Some(out)
}

fn reshaped(input: &[Side], target: &[i64]) -> Option<Shape> {
    let (batch, rest) = input.split_first()?;
    let known: i64 =
        target.iter().filter(|side| 0 <= **side).try_fold(1_i64, |n, side| n.checked_mul(*side))?;
    let total = product(rest);
    let open = |side: i64| match side {
        -1 => total.and_then(|total| total.checked_div(known)),
        side => Some(side),
    };
    Some([vec![*batch], target.iter().map(|side| open(*side)).collect()].concat())
}

/// The product of the sides; unknown when one of them is, or when nothing could hold it.
fn product(sides: &[Side]) -> Side {
    sides.iter().try_fold(1_i64, |n, side| side.and_then(|side| n.checked_mul(side)))
}

fn with_last(shape: &[Side], last: Side) -> Option<Shape> {
    let (_, before) = shape.split_last()?;
    Some(pushed(before, last))
}

fn pushed(shape: &[Side], last: Side) -> Shape {
    [shape.to_vec(), vec![last]].concat()
}

impl Layer<'_> {
    /// Whether its class is Keras' own and not one of the same name.
    fn is_of_keras(&self) -> bool {
        self.module.is_none_or(super::names::is_keras)
    }

    fn number(&self, key: &str) -> Option<i64> {
        self.config.get(key)?.as_i64()
    }

    fn numbers(&self, key: &str) -> Option<Vec<i64>> {
        self.config.get(key)?.as_array()?.iter().map(Value::as_i64).collect()
    }

    fn text(&self, key: &str) -> Option<&str> {
        self.config.get(key)?.as_str()
    }

    fn is_channels_last(&self) -> bool {
        self.text("data_format").is_none_or(|format| format == "channels_last")
    }

    /// One number per side, or one for all.
    fn per_side(&self, key: &str, n: usize) -> Option<Vec<i64>> {
        match self.number(key) {
            Some(number) => Some(vec![number; n]),
            None => self.numbers(key).filter(|numbers| numbers.len() == n),
        }
    }

    /// Two numbers per side: `1`, `[1, 2]` over one side, `[[1, 1], [2, 2]]`.
    fn pairs(&self, key: &str, n: usize) -> Option<Vec<(i64, i64)>> {
        if let Some(number) = self.number(key) {
            return Some(vec![(number, number); n]);
        }
        if let (1, Some([before, behind])) = (n, self.numbers(key).as_deref()) {
            return Some(vec![(*before, *behind)]);
        }
        let pair = |value: &Value| match value.as_array()?.as_slice() {
            [before, behind] => Some((before.as_i64()?, behind.as_i64()?)),
            _ => None,
        };
        let pairs: Vec<(i64, i64)> =
            self.config.get(key)?.as_array()?.iter().map(pair).collect::<Option<_>>()?;
        (pairs.len() == n).then_some(pairs)
    }
}
