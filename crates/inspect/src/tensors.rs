//! The weights of a model, as a list of names and shapes. Their values are never read.

use std::collections::BTreeMap;

use packwright_formats::safetensors;
use serde_json::Value;

use crate::Fact;

/// Larger models have some tens of thousands of tensors; what comes after this many is counted and not listed.
const LISTED: usize = 100_000;

/// One tensor.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tensor {
    /// Its name: `encoder.layers.0.weight`.
    pub name: String,
    /// The type of its elements, in NumPy's words where NumPy has one: `float32`, `bfloat16`, `Q4_K`.
    pub dtype: String,
    /// Its shape, outermost first; empty for a scalar.
    pub shape: Vec<u64>,
    /// How many bytes it takes up in the file. Tensors that share their bytes count them once, at the first.
    pub size_bytes: u64,
    /// Whether it is learned; what is not is a buffer (running means, tables of positions).
    pub is_parameter: bool,
}

/// All tensors of a model.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Tensors {
    /// The first of them, in the order of the file.
    pub listed: Vec<Tensor>,
    /// How many there are.
    pub n: u64,
    /// The elements of all of them.
    pub n_elements: u64,
    /// The bytes of all of them.
    pub size_bytes: u64,
}

impl Tensor {
    /// The number of its elements; saturates for shapes that no memory holds.
    pub fn n_elements(&self) -> u64 {
        self.shape.iter().fold(1, |n, side| n.saturating_mul(*side))
    }
}

impl Tensors {
    /// Adds one at the end.
    pub(crate) fn push(&mut self, tensor: Tensor) {
        self.n = self.n.saturating_add(1);
        self.n_elements = self.n_elements.saturating_add(tensor.n_elements());
        self.size_bytes = self.size_bytes.saturating_add(tensor.size_bytes);
        if self.listed.len() < LISTED {
            self.listed.push(tensor);
        }
    }
}

impl FromIterator<Tensor> for Tensors {
    fn from_iter<I: IntoIterator<Item = Tensor>>(tensors: I) -> Self {
        let mut all = Self::default();
        for tensor in tensors {
            all.push(tensor);
        }
        all
    }
}

/// The tensors of a safetensors header.
pub(crate) fn of_safetensors(header: &safetensors::Header) -> impl Iterator<Item = Tensor> {
    header.tensors.iter().map(|tensor| Tensor {
        name: tensor.name.clone(),
        dtype: tensor.dtype_name().to_owned(),
        shape: tensor.shape.clone(),
        size_bytes: tensor.end.saturating_sub(tensor.start),
        // The format does not tell buffers from parameters; both are saved alike.
        is_parameter: true,
    })
}

/// How many tensors there are, of how many elements, and of which types.
pub(crate) fn facts(tensors: &Tensors, source: &str) -> Vec<Fact> {
    let mut types: BTreeMap<&str, u64> = BTreeMap::new();
    for tensor in &tensors.listed {
        let n = types.entry(&tensor.dtype).or_default();
        *n = n.saturating_add(1);
    }
    let types: serde_json::Map<String, Value> =
        types.into_iter().map(|(dtype, n)| (dtype.to_owned(), count(n))).collect();
    let mut facts = Vec::new();
    let mut add = |name, value| facts.push(Fact { name, value, source: source.to_owned() });
    add("n_parameters", count(tensors.n_elements));
    add("n_tensors", count(tensors.n));
    if !types.is_empty() {
        add("parameter_types", Value::Object(types));
    }
    facts
}

/// A count as JSON; beyond 2^53 as text, which JSON readers do not round.
pub(crate) fn count(n: u64) -> Value {
    if n <= 1 << 53 { Value::from(n) } else { Value::from(n.to_string()) }
}
