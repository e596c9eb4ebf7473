//! Which Python to ask for, and which MLflow runs on it.

use packwright_inspect::Sourced;
use packwright_mlflow::requirement::Requirement;

use super::releases::{self, Minors};
use super::{MLFLOW_VERSION, major_minor};

/// The Python minor that is asked for where nothing speaks against it: every library that we write packages for has
/// wheels for it, on every system.
const PREFERRED: u32 = 12;

/// The Python to ask for: one that every line has a release for, and otherwise one that is everywhere.
///
/// `requirements` are the artifact's lines, without mlflow.
pub(crate) fn python_for(requirements: &[&str]) -> Sourced<String> {
    let mut range = Minors::span(10, 14);
    let mut reasons: Vec<String> = Vec::new();
    for line in requirements {
        let Some((runs_on, reason)) = support(line) else { continue };
        // The first library replaces the general range: an old one needs a Python that the general range lacks.
        let both = if reasons.is_empty() { runs_on } else { range.and(runs_on) };
        // Libraries that contradict each other are left to the person; the first, the framework, wins.
        if both.ends().is_some() {
            range = both;
            reasons.push(reason);
        }
    }
    // Any release of these will do; they bound only what the others leave open.
    for (runs_on, name) in requirements.iter().filter_map(|line| any_release(line)) {
        let both = range.and(runs_on);
        if both != range && both.ends().is_some() {
            range = both;
            reasons.push(name);
        }
    }
    let (oldest, newest) = range.ends().unwrap_or((PREFERRED, PREFERRED));
    let wanted = PREFERRED.clamp(oldest, newest);
    let minor = (oldest..=wanted).rev().find(|minor| range.has(*minor)).unwrap_or(wanted);
    let source = match reasons.as_slice() {
        [] => "assumed: nothing in the file says".to_owned(),
        [one] => format!("assumed: {one} supports {}", range.words()),
        [most @ .., last] => format!("assumed: {} and {last} support {}", most.join(", "), range.words()),
    };
    Sourced::new(format!("3.{minor}"), source)
}

/// The Pythons that any release of a project runs on, for a line that asks for no versions.
fn any_release(line: &str) -> Option<(Minors, String)> {
    let requirement =
        Requirement::parse(line).filter(|line| line.specifiers.is_empty() && line.url.is_none())?;
    let known = releases::of(&requirement.normalized_name())?;
    let pythons = known.iter().fold(Minors::NONE, |all, release| all.or(release.pythons));
    pythons.ends().map(|_| (pythons, requirement.name))
}

/// The Pythons that a line has a release for, and what to call it; `None` when the line bounds nothing that is known.
fn support(line: &str) -> Option<(Minors, String)> {
    let requirement = Requirement::parse(line)?;
    let name = requirement.normalized_name();
    let known = releases::of(&name)?;
    let specifiers = releases::specifiers(&requirement.specifiers)?;
    let pin = requirement.pin();
    if specifiers.is_empty() {
        return None;
    }
    let fitting = known.iter().filter(|release| specifiers.contains(&release.version));
    let mut pythons = fitting.fold(Minors::NONE, |all, release| all.or(release.pythons));
    if pythons.ends().is_none() {
        // A release that came out later runs at least where the newest known one does.
        let newest = known.last()?;
        let is_later = specifiers.iter().all(|clause| newest.version < *clause.version());
        pythons = if is_later { newest.pythons } else { return None };
    }
    Some((pythons, pin.map_or_else(|| line.to_owned(), |version| format!("{name} {version}"))))
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
            (&["scikit-learn==1.0.2", "numpy<2"], "3.10"),
            (&["scikit-learn==0.24.2"], "3.9"),
            (&["scikit-learn==0.20.4"], "3.7"),
            (&["xgboost==1.7.6"], "3.11"),
            (&["xgboost==3.2.0", "scikit-learn==1.9.1"], "3.12"),
            (&["xgboost==1.7.6", "scikit-learn==1.0.2"], "3.10"),
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
        assert_eq!(python.source, "assumed: xgboost 1.7.6 and scikit-learn 1.0.2 support 3.8 to 3.10");
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
