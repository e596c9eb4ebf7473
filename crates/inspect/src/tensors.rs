//! The weights of a model, as a list of names and shapes. Their values are never read.

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
