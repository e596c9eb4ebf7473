//! What goes into a model and what comes out, worked out through its layers.

use std::collections::{BTreeMap, BTreeSet};

use super::config::{Layer, Network, Spec, TensorRef};
use super::shapes;

/// How often the layers of a graph are gone through. They are written in the order in which they are called, so that
/// once is enough; what is still open then is unknown.
const ROUNDS: usize = 3;

/// How deep models inside models are worked out.
const DEPTH: u32 = 4;

/// An input or an output.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct End {
    /// What callers call it.
    pub(super) name: String,
    pub(super) spec: Option<Spec>,
    /// Where the shape comes from.
    pub(super) source: String,
}

/// The inputs.
pub(super) fn inputs(network: &Network<'_>) -> Vec<End> {
    if !network.is_chain() && !network.inputs.tensors.is_empty() {
        let declared = |(name, tensor): &(&str, TensorRef<'_>)| {
            let spec = network.layer(tensor.layer).and_then(Layer::declared);
            let source = format!("the InputLayer {} of the configuration", tensor.layer);
            End { name: (*name).to_owned(), spec, source }
        };
        return network.inputs.tensors.iter().map(declared).collect();
    }
    let (spec, source) = first_of_chain(network);
    let name = match network.layers.first() {
        Some(layer) if layer.class == "InputLayer" => layer.name.to_owned(),
        Some(layer) if network.is_chain() => format!("{}_input", layer.name),
        _ => "input".to_owned(),
    };
    vec![End { name, spec, source }]
}

/// The outputs.
pub(super) fn outputs(network: &Network<'_>) -> Vec<End> {
    if network.is_chain() {
        let name = network.layers.last().map_or("output", |layer| layer.name);
        let spec = along(network, first_of_chain(network).0, 0);
        let source = format!("worked out through the {} layers of the configuration", network.layers.len());
        return vec![End { name: name.to_owned(), spec, source }];
    }
    let given = through(network, &BTreeMap::new(), 0);
    let end = |(name, tensor): &(&str, TensorRef<'_>)| End {
        name: (*name).to_owned(),
        spec: given.get(&(tensor.layer, tensor.call)).filter(|_| tensor.output == 0).cloned(),
        source: format!(
            "output_layers of the configuration; shape worked out for the layer {}",
            tensor.layer
        ),
    };
    network.outputs.tensors.iter().map(end).collect()
}

/// What each layer gives, by its name; nothing for a layer that is called several times with different results.
pub(super) fn layers<'n>(network: &'n Network<'_>) -> BTreeMap<&'n str, Spec> {
    let mut given: BTreeMap<&str, Spec> = BTreeMap::new();
    if network.is_chain() {
        chain(network, first_of_chain(network).0, 0, &mut |layer, spec| {
            given.insert(layer.name, spec.clone());
        });
        return given;
    }
    let mut differs = BTreeSet::new();
    for ((layer, _), spec) in through(network, &BTreeMap::new(), 0) {
        if *given.entry(layer).or_insert_with(|| spec.clone()) != spec {
            differs.insert(layer);
        }
    }
    given.retain(|layer, _| !differs.contains(layer));
    given
}

/// The tensor that goes into a chain.
fn first_of_chain(network: &Network<'_>) -> (Option<Spec>, String) {
    if let Some(layer) = network.layers.first()
        && let Some(spec) = layer.declared()
    {
        return (Some(spec), format!("the layer {} of the configuration", layer.name));
    }
    let source = "build_config; float32 is assumed, Keras computes in it".to_owned();
    let spec = network.built_for.clone().map(|shape| Spec { shape, dtype: "float32".to_owned() });
    (spec, source)
}

/// What comes out of a chain of layers. A layer says what it was built for, so that one without a rule does not hide
/// what follows.
fn along(network: &Network<'_>, given: Option<Spec>, depth: u32) -> Option<Spec> {
    chain(network, given, depth, &mut |_, _| {})
}

/// The same; `tell` hears of each layer whose output is known.
fn chain<'n>(
    network: &'n Network<'_>,
    given: Option<Spec>,
    depth: u32,
    tell: &mut dyn FnMut(&'n Layer<'_>, &Spec),
) -> Option<Spec> {
    if !network.is_complete {
        return None;
    }
    let mut now = given;
    for layer in &network.layers {
        if layer.class == "InputLayer" {
            now = now.or_else(|| layer.declared());
            if let Some(spec) = &now {
                tell(layer, spec);
            }
            continue;
        }
        if let Some(shape) = &layer.built_for
            && now.as_ref().is_none_or(|spec| spec.shape.len() == shape.len())
        {
            let dtype = now.as_ref().map_or_else(|| layer.dtype(), |spec| spec.dtype.clone());
            now = Some(Spec { shape: shape.clone(), dtype });
        }
        now = now.and_then(|spec| of_call(layer, &[spec], depth));
        if let Some(spec) = &now {
            tell(layer, spec);
        }
    }
    now
}

/// What one call of a layer gives; the layer may be a model.
fn of_call(layer: &Layer<'_>, inputs: &[Spec], depth: u32) -> Option<Spec> {
    if !matches!(layer.class, "Functional" | "Sequential" | "Model") {
        return shapes::output(layer, inputs);
    }
    let inner = Network::of(layer.object).filter(|inner| inner.is_graph() && depth < DEPTH)?;
    let depth = depth.saturating_add(1);
    if inner.is_chain() {
        let [input] = inputs else { return None };
        return along(&inner, Some(input.clone()), depth);
    }
    let [(_, output)] = inner.outputs.tensors.as_slice() else { return None };
    if inner.inputs.tensors.len() != inputs.len() {
        return None;
    }
    let names = inner.inputs.tensors.iter().map(|(_, tensor)| tensor.layer);
    let known = through(&inner, &names.zip(inputs.iter().cloned()).collect(), depth);
    known.get(&(output.layer, output.call)).filter(|_| output.output == 0).cloned()
}

/// What every call in a graph gives, by layer and call. `given` goes in, in place of what the input layers declare.
fn through<'n>(
    network: &'n Network<'_>,
    given: &BTreeMap<&str, Spec>,
    depth: u32,
) -> BTreeMap<(&'n str, u64), Spec> {
    let mut known: BTreeMap<(&str, u64), Spec> = BTreeMap::new();
    for layer in &network.layers {
        let declared = || layer.calls.is_empty().then(|| layer.declared()).flatten();
        if let Some(spec) = given.get(layer.name).cloned().or_else(declared) {
            known.insert((layer.name, 0), spec);
        }
    }
    for _ in 0..ROUNDS {
        let before = known.len();
        for layer in &network.layers {
            for (call, tensors) in (0_u64..).zip(&layer.calls) {
                if known.contains_key(&(layer.name, call)) {
                    continue;
                }
                let specs: Option<Vec<Spec>> = tensors.iter().map(|tensor| spec_of(tensor, &known)).collect();
                if let Some(spec) = specs.and_then(|specs| of_call(layer, &specs, depth)) {
                    known.insert((layer.name, call), spec);
                }
            }
        }
        if known.len() == before {
            break;
        }
    }
    known
}

/// The tensor as it was recorded, else as it was worked out.
fn spec_of(tensor: &TensorRef<'_>, known: &BTreeMap<(&str, u64), Spec>) -> Option<Spec> {
    let worked_out = || known.get(&(tensor.layer, tensor.call)).filter(|_| tensor.output == 0).cloned();
    tensor.recorded.clone().or_else(worked_out)
}
