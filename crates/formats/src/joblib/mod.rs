//! joblib's files: a pickle whose arrays lie between the opcodes.
//!
//! `joblib.dump` replaces every array by a `NumpyArrayWrapper` and writes the array's bytes right behind the BUILD
//! that gives the wrapper its state. [`JoblibInline`] tells the pickle machine how many bytes that are.
//!
//! Read: the wrapper of joblib 0.10 to 1.x, with and without alignment padding. The sidecar files of joblib below
//! 0.10 are named, not read.
//!
//! Specification: joblib 1.6 `joblib/numpy_pickle.py`.

use crate::numpy::DType;
use crate::pickle::{Inline, InlineOutcome, Pickle, Site, Value};

#[cfg(test)]
mod tests;
mod transcode;

pub use transcode::{TranscodeError, transcode};

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
    let class = pickle.trace.global(object.callee)?;
    if !is_array_wrapper(&class.module, &class.name) {
        return None;
    }
    Some(describe(pickle, object.state?))
}

fn describe(pickle: &Pickle, state: Value) -> Result<Wrapper, String> {
    let tree = &pickle.tree;
    let dtype_value = tree.entry(state, "dtype").ok_or("no dtype")?;
    let dtype = DType::from_value(pickle, dtype_value).ok_or("a dtype that cannot be read")?;
    let shape = tree.entry(state, "shape").and_then(|shape| tree.items(shape)).ok_or("no shape")?;
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
