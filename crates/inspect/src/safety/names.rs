//! What is known of importable names: the classes and functions that models of known libraries are made of, and the
//! names that do harm.
//!
//! Known is an allow-list of exact names, each for a use: *made* without its constructor (`NEWOBJ`,
//! `copyreg._reconstructor`), *called* with arguments from the file, or only referred to. No library is trusted as a
//! whole: each holds classes whose `__setstate__` or `__del__` runs code, imports or deletes what their state names.
//! Harm is asked first: no list can let a harmful name in.

use super::harm::harm;
use super::known;

/// What is known of one name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Known {
    /// Part of a known library, in the way it is used.
    Yes,
    /// On no list.
    No,
    /// Does harm; the reason.
    Harmful(&'static str),
}

/// How a file uses a name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Use {
    /// Called with arguments from the file.
    Called,
    /// An instance is made without running its constructor.
    Made,
    /// Only referred to: a function or class kept as a value.
    Referred,
}

/// What is known of a name, in the way it is used.
pub(super) fn look_up(module: &str, name: &str, usage: Use) -> Known {
    match harm(module, name) {
        Some(why) => Known::Harmful(why),
        None if known::contains(module, name, usage) => Known::Yes,
        None => Known::No,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_known_only_in_the_way_it_may_be_used() {
        for (module, name, usage, known) in [
            ("sklearn.svm._classes", "SVC", Use::Made, true),
            ("sklearn.svm._classes", "SVC", Use::Called, false),
            ("sklearn.tree._tree", "Tree", Use::Called, true),
            ("numpy.core.multiarray", "_reconstruct", Use::Called, true),
            ("numpy", "log1p", Use::Referred, true),
            ("numpy", "log1p", Use::Called, false),
            ("numpy.core._multiarray_umath", "exp", Use::Referred, true),
            ("numpy._core._multiarray_umath", "_reload_guard", Use::Referred, false),
            ("sklearn.metrics._classification", "accuracy_score", Use::Referred, true),
            ("sklearn.metrics._scorer", "_cached_call", Use::Referred, false),
            ("sklearn.tree._tree", "__pyx_unpickle_Anything", Use::Called, false),
            ("_loss", "CyAnything", Use::Called, false),
            ("numpy.f2py", "Compiler", Use::Made, false),
            ("sklearn.datasets", "Bunch", Use::Made, false),
            ("shop.features", "Ratio", Use::Made, false),
            ("joblib.numpy_pickle", "NumpyArrayWrapper", Use::Made, true),
        ] {
            assert_eq!(look_up(module, name, usage) == Known::Yes, known, "{module}.{name} {usage:?}");
        }
    }

    #[test]
    fn harmful_names_are_harmful_however_they_are_used() {
        for (module, name) in [
            ("os", "system"),
            ("posix", "system"),
            ("builtins", "eval"),
            ("subprocess", "Popen"),
            ("importlib.util", "find_spec"),
            ("numpy", "load"),
            ("numpy.core._multiarray_umath", "fromfile"),
            ("functools", "reduce"),
            ("pickle", "loads"),
        ] {
            for usage in [Use::Called, Use::Made, Use::Referred] {
                assert!(matches!(look_up(module, name, usage), Known::Harmful(_)), "{module}.{name}");
            }
        }
    }
}
