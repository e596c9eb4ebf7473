//! joblib's files as other loaders read them.
//!
//! Both readings end where Python raises: a file of joblib's own breaks soon behind the first array, and what its
//! numbers happen to spell after that is never run.

use super::{JoblibInline, is_wrapper};
use crate::pickle::{Inline, InlineOutcome, Pickle, Site, Value};

/// Python's own `pickle.load`, which takes the bytes of an array for opcodes.
#[derive(Debug, Default)]
pub struct PlainLoader;

/// joblib below 1.2, which knows no padding before an array, and so reads on too early behind it.
#[derive(Debug, Default)]
pub struct UnpaddedLoader;

impl Inline for PlainLoader {
    fn after_build(&mut self, _pickle: &Pickle, _site: &Site<'_>) -> InlineOutcome {
        InlineOutcome::Nothing
    }

    fn stops_where_python_does(&self) -> bool {
        true
    }

    fn is_inert(&self, pickle: &Pickle, value: Value) -> bool {
        pickle.tree.object(value).is_some_and(|object| is_wrapper(pickle, object))
    }
}

impl Inline for UnpaddedLoader {
    fn after_build(&mut self, pickle: &Pickle, site: &Site<'_>) -> InlineOutcome {
        match JoblibInline.after_build(pickle, site) {
            InlineOutcome::Raw { len, .. } => InlineOutcome::Raw { pad: false, len },
            outcome => outcome,
        }
    }

    fn stops_where_python_does(&self) -> bool {
        true
    }
}
