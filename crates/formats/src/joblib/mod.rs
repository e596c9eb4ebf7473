//! joblib's files: a pickle whose arrays lie between the opcodes.
//!
//! `joblib.dump` replaces every array by a `NumpyArrayWrapper` and writes the array's bytes right behind the BUILD
//! that gives the wrapper its state. [`JoblibInline`] tells the pickle machine how many bytes that are. An object array
//! is a pickle, which joblib reads with Python's plain reader.
//!
//! Who loads a file decides what the bytes behind a wrapper are: [`PlainLoader`] and [`UnpaddedLoader`] read as those
//! do that know less.
//!
//! Read: the wrapper of joblib 0.10 to 1.x, with and without alignment padding. The sidecar files of joblib below
//! 0.10 are named, not read.
//!
//! Specification: joblib 1.6 `joblib/numpy_pickle.py`.

use crate::numpy::DType;
use crate::pickle::{Call, Inline, InlineOutcome, Node, Object, Pickle, Site, Value};

mod other;
#[cfg(test)]
mod tests;
mod transcode;

pub use other::{PlainLoader, UnpaddedLoader};
pub use transcode::{TranscodeError, transcode};

/// The attributes of a wrapper.
const KEYS: [&str; 6] = ["subclass", "shape", "order", "dtype", "allow_mmap", "numpy_array_alignment_bytes"];

/// Reads joblib's inline arrays.
#[derive(Debug, Default)]
pub struct JoblibInline;

/// Whether a name is joblib's wrapper of an inline array, in any place it was shipped from.
pub fn is_array_wrapper(module: &str, name: &str) -> bool {
    name == "NumpyArrayWrapper"
        && matches!(module, "joblib.numpy_pickle" | "sklearn.externals.joblib.numpy_pickle")
}

/// What a wrapper says about its array.
#[derive(Debug, Clone, PartialEq)]
pub struct Wrapper {
    /// The dtype.
    pub dtype: DType,
    /// The dtype's value, so that it can be referred to again.
    pub dtype_value: Value,
    /// The shape in axis order.
    pub shape: Vec<u64>,
    /// Whether the data lies in Fortran order.
    pub is_fortran: bool,
    /// The class of the array, `numpy.ndarray` mostly.
    pub subclass: Value,
    /// Whether a padding comes first.
    pub is_padded: bool,
}

/// The wrapper that a BUILD has just completed; `None` for any other object.
///
/// # Errors
///
/// What is wrong with its description, in words.
pub fn wrapper_of(pickle: &Pickle, value: Value) -> Option<Result<Wrapper, String>> {
    let object = pickle.tree.object(value)?;
    is_wrapper(pickle, object).then(|| describe(pickle, object))
}

fn is_wrapper(pickle: &Pickle, object: &Object) -> bool {
    let class = pickle.trace.global(object.callee);
    class.is_some_and(|class| is_array_wrapper(&class.module, &class.name))
}

/// joblib goes by the attributes of the wrapper, so everything that could set them in another way is refused.
fn describe(pickle: &Pickle, object: &Object) -> Result<Wrapper, String> {
    let tree = &pickle.tree;
    if object.call != Call::New || object.is_rebuilt {
        return Err("a wrapper that is made in a way of its own".to_owned());
    }
    let Some(state) = object.state else { return Err("no state".to_owned()) };
    let Some(Node::Dict(entries)) = tree.get(state) else { return Err("a state that is no dict".to_owned()) };
    // Each attribute once: looking through more, wrapper by wrapper, would take long.
    if KEYS.len() < entries.kept.len()
        || u64::try_from(entries.kept.len()).ok() != Some(entries.len)
        || !entries.kept.iter().all(|(key, _)| tree.text(*key).is_some_and(|key| KEYS.contains(&key)))
    {
        return Err("attributes that joblib does not write".to_owned());
    }
    let dtype_value = tree.entry(state, "dtype").ok_or("no dtype")?;
    let dtype = DType::from_value(pickle, dtype_value)
        .filter(|dtype| !dtype.is_subarray && 0 < dtype.item_size)
        .ok_or("a dtype that cannot be read")?;
    let Some(Node::Tuple(shape)) = tree.entry(state, "shape").and_then(|shape| tree.get(shape)) else {
        return Err("no shape".to_owned());
    };
    let shape: Option<Vec<u64>> =
        shape.iter().map(|dim| tree.int(*dim).and_then(|dim| u64::try_from(dim).ok())).collect();
    let order = tree.entry(state, "order").and_then(|order| tree.text(order));
    // Absent before joblib 1.2; None when the target could not be aligned.
    let alignment = tree.entry(state, "numpy_array_alignment_bytes");
    Ok(Wrapper {
        dtype,
        dtype_value,
        shape: shape.ok_or("a shape that is no tuple of integers")?,
        is_fortran: order == Some("F"),
        subclass: tree.entry(state, "subclass").unwrap_or(Value::None),
        is_padded: alignment.is_some_and(|alignment| alignment != Value::None),
    })
}

impl Wrapper {
    /// The length of the raw data in bytes; `None` when it overflows.
    pub fn len_bytes(&self) -> Option<u64> {
        self.shape.iter().try_fold(self.dtype.item_size, |product, dim| product.checked_mul(*dim))
    }
}

impl Inline for JoblibInline {
    fn after_build(&mut self, pickle: &Pickle, site: &Site<'_>) -> InlineOutcome {
        match wrapper_of(pickle, site.object) {
            None => InlineOutcome::Nothing,
            Some(Err(found)) => InlineOutcome::Malformed(found),
            Some(Ok(wrapper)) if wrapper.dtype.has_objects => InlineOutcome::Pickle,
            Some(Ok(wrapper)) => match wrapper.len_bytes() {
                Some(len) => InlineOutcome::Raw { pad: wrapper.is_padded, len },
                None => InlineOutcome::Malformed(format!("a shape of {:?}, which overflows", wrapper.shape)),
            },
        }
    }
}
