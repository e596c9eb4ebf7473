//! The names that pickles of fitted models were seen to use, collected by running the libraries.
//!
//! `tests/python/known_names.py` makes the lists; a review inside it leaves out whatever could run commands or code,
//! import by name, or touch files or the network with arguments of an attacker's choice.

use std::collections::BTreeSet;
use std::sync::LazyLock;

use super::names::Use;

const LISTS: [&str; 19] = [
    include_str!("by_value.txt"),
    include_str!("catboost.txt"),
    include_str!("category_encoders.txt"),
    include_str!("cmdstanpy.txt"),
    include_str!("imbalanced-learn.txt"),
    include_str!("joblib.txt"),
    include_str!("lightgbm.txt"),
    include_str!("numpy.txt"),
    include_str!("pandas.txt"),
    include_str!("pmdarima.txt"),
    include_str!("prophet.txt"),
    include_str!("pyarrow.txt"),
    include_str!("python.txt"),
    include_str!("scikit-learn.txt"),
    include_str!("scipy.txt"),
    include_str!("stanio.txt"),
    include_str!("statsmodels.txt"),
    include_str!("torch.txt"),
    include_str!("xgboost.txt"),
];

/// Every line of every list: `class M.N`, `call M.N`, `ref M.N` or `arg CALLEE PLACE M.N`.
static LINES: LazyLock<BTreeSet<&'static str>> = LazyLock::new(|| {
    LISTS
        .iter()
        .flat_map(|list| list.lines())
        .filter(|line| !line.starts_with('#') && !line.is_empty())
        .collect()
});

/// Whether a name is on a list for that use. What may be called or made may also be referred to, and what may be called
/// may be made: calling a class makes an instance with the same arguments.
pub(super) fn contains(module: &str, name: &str, usage: Use) -> bool {
    let has = |kind: &str| LINES.contains(format!("{kind} {module}.{name}").as_str());
    match usage {
        Use::Called => has("call"),
        Use::Made => has("class") || has("call"),
        Use::Referred => has("ref") || has("class") || has("call"),
    }
}

/// Whether a name is listed as a function that only computes, whatever it is given.
pub(super) fn only_computes(full: &str) -> bool {
    LINES.contains(format!("ref {full}").as_str())
}

/// Whether a call may be given a name at that place.
pub(super) fn accepts(callee: &str, place: u8, full: &str) -> bool {
    LINES.contains(format!("arg {callee} {place} {full}").as_str())
}

/// Whether a call is given names at that place: then nothing computed may stand there.
pub(super) fn takes_names(callee: &str, place: u8) -> bool {
    let start = format!("arg {callee} {place} ");
    LINES.range(start.as_str()..).next().is_some_and(|line| line.starts_with(&start))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_line_names_one_thing_in_one_way() {
        for line in LINES.iter() {
            let words: Vec<&str> = line.split(' ').collect();
            match words[..] {
                ["class" | "call" | "ref", name] => assert!(is_full_name(name), "{line}"),
                ["arg", callee, place, name] => {
                    assert!(is_full_name(callee) && is_full_name(name), "{line}");
                    assert!(place.parse::<u8>().is_ok(), "{line}");
                }
                _ => panic!("{line}"),
            }
        }
    }

    fn is_full_name(name: &str) -> bool {
        name.contains('.') && name.bytes().all(|b| b.is_ascii_alphanumeric() || b"._".contains(&b))
    }

    #[test]
    fn no_listed_name_is_harmful() {
        for line in LINES.iter() {
            for full in line.split(' ').filter(|word| word.contains('.')) {
                let (module, name) = full.rsplit_once('.').expect("a module and a name");
                assert_eq!(super::super::harm::harm(module, name), None, "{line}");
            }
        }
    }

    #[test]
    fn what_a_call_is_given_is_known_by_itself() {
        for line in LINES.iter().filter(|line| line.starts_with("arg ")) {
            let (_, full) = line.rsplit_once(' ').expect("words");
            let (module, name) = full.rsplit_once('.').expect("a module and a name");
            assert!(contains(module, name, Use::Referred), "{line}");
        }
    }
}
