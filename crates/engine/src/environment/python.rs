//! Which Python to ask for, and which MLflow runs on it.

use packwright_inspect::Sourced;

use super::{MLFLOW_VERSION, distribution, major_minor, pinned};

/// The Python minor that is asked for where nothing speaks against it: every library that we write packages for has
/// wheels for it, on every system.
const PREFERRED: u32 = 12;

/// A range of minor versions of Python 3, both ends included.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Minors {
    oldest: u32,
    newest: u32,
}

/// The Pythons that have wheels of a library from its version `(major, minor)` on, newest first, as published on PyPI.
const SCIKIT_LEARN: [((u32, u32), Minors); 15] = [
    ((1, 9), Minors { oldest: 11, newest: 14 }),
    ((1, 8), Minors { oldest: 11, newest: 14 }),
    ((1, 7), Minors { oldest: 10, newest: 13 }),
    ((1, 6), Minors { oldest: 9, newest: 13 }),
    ((1, 5), Minors { oldest: 9, newest: 12 }),
    ((1, 4), Minors { oldest: 9, newest: 12 }),
    ((1, 3), Minors { oldest: 8, newest: 11 }),
    ((1, 2), Minors { oldest: 8, newest: 11 }),
    ((1, 1), Minors { oldest: 8, newest: 10 }),
    ((1, 0), Minors { oldest: 7, newest: 9 }),
    ((0, 24), Minors { oldest: 6, newest: 9 }),
    ((0, 23), Minors { oldest: 6, newest: 8 }),
    ((0, 22), Minors { oldest: 5, newest: 8 }),
    ((0, 21), Minors { oldest: 5, newest: 7 }),
    ((0, 0), Minors { oldest: 4, newest: 7 }),
];

/// XGBoost's wheels carry no Python version; the bound is what its own code and the NumPy of its time run on.
const XGBOOST: [((u32, u32), Minors); 6] = [
    ((3, 0), Minors { oldest: 10, newest: 14 }),
    ((2, 1), Minors { oldest: 8, newest: 13 }),
    ((2, 0), Minors { oldest: 8, newest: 12 }),
    ((1, 7), Minors { oldest: 8, newest: 11 }),
    ((1, 6), Minors { oldest: 7, newest: 10 }),
    ((0, 0), Minors { oldest: 6, newest: 9 }),
];

/// As for XGBoost.
const LIGHTGBM: [((u32, u32), Minors); 5] = [
    ((4, 4), Minors { oldest: 7, newest: 14 }),
    ((4, 0), Minors { oldest: 6, newest: 12 }),
    ((3, 3), Minors { oldest: 6, newest: 11 }),
    ((3, 2), Minors { oldest: 6, newest: 9 }),
    ((0, 0), Minors { oldest: 6, newest: 8 }),
];

/// The Pythons that have wheels of CatBoost. Files tell their release from 1.2.5 on; 1.2.2 and older
/// end at 3.11.
const CATBOOST: [((u32, u32), Minors); 4] = [
    ((1, 2), Minors { oldest: 8, newest: 12 }),
    ((1, 1), Minors { oldest: 6, newest: 10 }),
    ((1, 0), Minors { oldest: 6, newest: 9 }),
    ((0, 0), Minors { oldest: 5, newest: 8 }),
];

/// The Pythons that have wheels of onnxruntime.
const ONNXRUNTIME: [((u32, u32), Minors); 8] = [
    ((1, 24), Minors { oldest: 11, newest: 14 }),
    ((1, 20), Minors { oldest: 10, newest: 13 }),
    ((1, 17), Minors { oldest: 8, newest: 12 }),
    ((1, 15), Minors { oldest: 8, newest: 11 }),
    ((1, 12), Minors { oldest: 7, newest: 10 }),
    ((1, 10), Minors { oldest: 6, newest: 9 }),
    ((1, 4), Minors { oldest: 5, newest: 8 }),
    ((0, 0), Minors { oldest: 5, newest: 7 }),
];

/// The Pythons that have wheels of TensorFlow.
const TENSORFLOW: [((u32, u32), Minors); 10] = [
    ((2, 21), Minors { oldest: 10, newest: 13 }),
    ((2, 20), Minors { oldest: 9, newest: 13 }),
    ((2, 16), Minors { oldest: 9, newest: 12 }),
    ((2, 12), Minors { oldest: 8, newest: 11 }),
    ((2, 8), Minors { oldest: 7, newest: 10 }),
    ((2, 7), Minors { oldest: 7, newest: 9 }),
    ((2, 5), Minors { oldest: 6, newest: 9 }),
    ((2, 4), Minors { oldest: 6, newest: 8 }),
    ((2, 2), Minors { oldest: 5, newest: 8 }),
    ((0, 0), Minors { oldest: 5, newest: 7 }),
];

/// Keras 3 is pure Python, and bound by the TensorFlow that it runs on; Keras 2 has a release for each of TensorFlow.
const KERAS: [((u32, u32), Minors); 3] = [
    ((3, 13), Minors { oldest: 11, newest: 13 }),
    ((3, 0), Minors { oldest: 10, newest: 12 }),
    ((2, 16), Minors { oldest: 9, newest: 12 }),
];

/// The Pythons that NumPy 2 runs on, the only NumPy whose bound can raise the oldest Python of an old library.
const NUMPY_2: Minors = Minors { oldest: 9, newest: 14 };

/// The Pythons that have wheels of the tokenizers that a transformers asks for.
const TRANSFORMERS: [((u32, u32), Minors); 6] = [
    ((5, 0), Minors { oldest: 10, newest: 14 }),
    ((4, 46), Minors { oldest: 9, newest: 13 }),
    ((4, 34), Minors { oldest: 8, newest: 12 }),
    ((4, 25), Minors { oldest: 7, newest: 11 }),
    ((4, 11), Minors { oldest: 7, newest: 10 }),
    ((0, 0), Minors { oldest: 6, newest: 9 }),
];

/// The newest Python whose NumPy 1 has wheels.
const NUMPY_1: Minors = Minors { oldest: 6, newest: 12 };

fn minors(name: &str, version: &str) -> Option<Minors> {
    let version = major_minor(version)?;
    let table: &[((u32, u32), Minors)] = match name {
        "scikit-learn" => &SCIKIT_LEARN,
        "xgboost" => &XGBOOST,
        "lightgbm" => &LIGHTGBM,
        "catboost" => &CATBOOST,
        "onnxruntime" => &ONNXRUNTIME,
        "keras" if (2, 16) <= version => &KERAS,
        "keras" | "tf-keras" | "tensorflow" => &TENSORFLOW,
        "transformers" => &TRANSFORMERS,
        _ => return None,
    };
    table.iter().find(|(from, _)| *from <= version).map(|(_, minors)| *minors)
}

/// The Python to ask for: within what every pinned library supports, and otherwise one that is everywhere.
///
/// `requirements` are the artifact's lines, without mlflow.
pub(crate) fn python_for(requirements: &[&str]) -> Sourced<String> {
    let mut range = Minors { oldest: 10, newest: 14 };
    let mut reasons: Vec<String> = Vec::new();
    let mut is_first = true;
    for line in requirements {
        let name = distribution(line);
        let found = match (name.as_str(), pinned(line)) {
            (_, Some(version)) => minors(&name, &version).map(|minors| (minors, format!("{name} {version}"))),
            ("numpy", None) if line.contains(">=2") => Some((NUMPY_2, "NumPy 2".to_owned())),
            ("numpy", None) if line.contains("<2") => Some((NUMPY_1, "NumPy 1".to_owned())),
            _ => None,
        };
        let Some((minors, reason)) = found else { continue };
        // The first library replaces the general range: an old one needs a Python that the general range lacks.
        let both = if is_first { minors } else { intersection(range, minors) };
        // Libraries that contradict each other are left to the person; the first, the framework, wins.
        if both.oldest <= both.newest {
            range = both;
            is_first = false;
            reasons.push(reason);
        }
    }
    let minor = PREFERRED.clamp(range.oldest, range.newest);
    let source = match reasons.as_slice() {
        [] => "assumed: nothing in the file says".to_owned(),
        [one] => format!("assumed: {one} supports 3.{} to 3.{}", range.oldest, range.newest),
        many => format!("assumed: {} support 3.{} to 3.{}", many.join(" and "), range.oldest, range.newest),
    };
    Sourced::new(format!("3.{minor}"), source)
}

fn intersection(a: Minors, b: Minors) -> Minors {
    Minors { oldest: a.oldest.max(b.oldest), newest: a.newest.min(b.newest) }
}

/// The MLflow to require on a Python, and why: the one whose conventions we write, or an older one where that does not
/// run.
pub(crate) fn mlflow_for(python: &str) -> Sourced<&'static str> {
    let older = |version: &'static str, on: &str| {
        Sourced::new(version, format!("runs on Python {on}; MLflow {MLFLOW_VERSION} needs Python 3.10"))
    };
    match major_minor(python) {
        Some((3, 9)) => older("2.22.0", "3.9"),
        Some((3, 8)) => older("2.17.2", "3.8"),
        Some((3, 7)) => older("1.30.1", "3.7"),
        Some((3, minor)) if minor < 7 => older("1.23.1", "3.6"),
        _ => Sourced::new(MLFLOW_VERSION, "the package follows its conventions"),
    }
}

/// Why a text is no Python version that MLflow can restore; `None` when it is one.
pub(crate) fn python_problem(version: &str) -> Option<String> {
    let parts: Vec<&str> = version.split('.').collect();
    let numeric = parts
        .iter()
        .all(|part| !part.is_empty() && part.len() <= 3 && part.bytes().all(|b| b.is_ascii_digit()));
    if !numeric || !(2..=3).contains(&parts.len()) {
        return Some(format!("\"{version}\" is not a Python version; write it like 3.11 or 3.11.7"));
    }
    match major_minor(version) {
        Some((3, minor)) if 6 <= minor => None,
        _ => Some(format!("MLflow runs on Python 3.6 and later; {version} is not one of them")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_python_lies_within_what_every_pinned_library_supports() {
        let cases: [(&[&str], &str); 21] = [
            (&["keras==3.15.1", "tensorflow"], "3.12"),
            (&["keras==2.13.1", "tensorflow==2.13.*"], "3.11"),
            (&["tf-keras==2.21.0", "tensorflow==2.21.*"], "3.12"),
            (&["tensorflow==2.8.4"], "3.10"),
            (&["scikit-learn==1.9.1"], "3.12"),
            (&["scikit-learn==1.2.2", "numpy<2"], "3.11"),
            (&["scikit-learn==1.0.2", "numpy<2"], "3.9"),
            (&["scikit-learn==0.24.2"], "3.9"),
            (&["scikit-learn==0.20.4"], "3.7"),
            (&["xgboost==1.7.6"], "3.11"),
            (&["xgboost==3.2.0", "scikit-learn==1.9.1"], "3.12"),
            (&["xgboost==1.7.6", "scikit-learn==1.0.2"], "3.9"),
            (&["onnx", "onnxruntime==1.32.0"], "3.12"),
            (&["onnxruntime==1.16.3"], "3.11"),
            (&["lightgbm"], "3.12"),
            (&["catboost==1.2.10", "numpy"], "3.12"),
            (&["catboost==1.1.1", "numpy"], "3.10"),
            (&["catboost"], "3.12"),
            (&["transformers==5.23.0", "torch"], "3.12"),
            (&["transformers==4.30.2", "torch"], "3.11"),
            (&["transformers==4.2.0", "torch"], "3.9"),
        ];
        for (lines, python) in cases {
            assert_eq!(python_for(lines).value, python, "{lines:?}");
        }
    }

    #[test]
    fn the_source_of_the_python_names_the_libraries_and_their_range() {
        let python = python_for(&["scikit-learn==1.9.1"]);
        assert_eq!(python.source, "assumed: scikit-learn 1.9.1 supports 3.11 to 3.14");
        let python = python_for(&["xgboost==1.7.6", "scikit-learn==1.0.2"]);
        assert_eq!(python.source, "assumed: xgboost 1.7.6 and scikit-learn 1.0.2 support 3.8 to 3.9");
        assert_eq!(python_for(&["lightgbm"]).source, "assumed: nothing in the file says");
    }

    #[test]
    fn mlflow_is_one_that_runs_on_the_python() {
        for (python, mlflow) in [
            ("3.12", "3.17.2"),
            ("3.10.4", "3.17.2"),
            ("3.9", "2.22.0"),
            ("3.8.18", "2.17.2"),
            ("3.7", "1.30.1"),
        ] {
            assert_eq!(mlflow_for(python).value, mlflow, "{python}");
        }
    }

    #[test]
    fn texts_that_are_no_python_version_are_refused() {
        for text in ["", "3", "3.x", "three", "3.11.7.1", "3..1", "2.7", "3.5", "v3.11", "3.11 "] {
            assert!(python_problem(text).is_some(), "{text:?}");
        }
        for text in ["3.11", "3.11.7", "3.6"] {
            assert_eq!(python_problem(text), None, "{text}");
        }
    }
}
