//! The names that pickles of fitted models were seen to use, collected by running the libraries.
//!
//! `tests/python/known_names.py` makes the lists; a review inside it leaves out whatever could run commands or code,
//! import by name, or touch files or the network with arguments of an attacker's choice.

use std::collections::BTreeSet;
use std::sync::LazyLock;

use super::names::Use;

const LISTS: [&str; 11] = [
    include_str!("catboost.txt"),
    include_str!("category_encoders.txt"),
    include_str!("imbalanced-learn.txt"),
    include_str!("joblib.txt"),
    include_str!("lightgbm.txt"),
    include_str!("numpy.txt"),
    include_str!("pandas.txt"),
    include_str!("python.txt"),
    include_str!("scikit-learn.txt"),
    include_str!("scipy.txt"),
    include_str!("xgboost.txt"),
];

/// Every line of every list: `class M.N`, `call M.N` or `ref M.N`.
static LINES: LazyLock<BTreeSet<&'static str>> = LazyLock::new(|| {
    LISTS
        .iter()
        .flat_map(|list| list.lines())
        .filter(|line| !line.starts_with('#') && !line.is_empty())
        .collect()
});

/// Whether a name is on a list for that use. What may be called or made may also be referred to.
pub(super) fn contains(module: &str, name: &str, usage: Use) -> bool {
    let has = |kind: &str| LINES.contains(format!("{kind} {module}.{name}").as_str());
    match usage {
        Use::Called => has("call"),
        Use::Made => has("class"),
        Use::Referred => has("ref") || has("class") || has("call"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_line_names_one_thing_in_one_way() {
        for line in LINES.iter() {
            let (kind, name) = line.split_once(' ').expect("two words");
            assert!(matches!(kind, "class" | "call" | "ref"), "{line}");
            assert!(
                name.contains('.') && name.bytes().all(|b| b.is_ascii_alphanumeric() || b"._".contains(&b)),
                "{line}"
            );
        }
    }

    #[test]
    fn no_listed_name_is_harmful() {
        for line in LINES.iter() {
            let (_, full) = line.split_once(' ').expect("two words");
            let (module, name) = full.rsplit_once('.').expect("a module and a name");
            assert_eq!(super::super::names::harm(module, name), None, "{line}");
        }
    }
}
