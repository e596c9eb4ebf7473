//! The image that `MLServer` runs a model in. Nothing is built from the package's requirements there: the image has what its
//! runtimes need, in the versions of its release.
//!
//! Source: `MLServer`'s Dockerfile (`RUNTIMES=all`) and what its runtimes require, in releases 1.5 and 1.7. The versions are
//! in neither, and differ from release to release, so none is assumed here.

use packwright_mlflow::requirement::Requirement;

use super::rules::warn;
use super::{Check, Facts};
use crate::draft::Section;

/// What the runtimes for `MLflow`, scikit-learn, `XGBoost`, `LightGBM`, `CatBoost` and Hugging Face bring, sorted.
const CARRIED: [&str; 22] = [
    "catboost",
    "cloudpickle",
    "joblib",
    "keras",
    "lightgbm",
    "matplotlib",
    "mlflow",
    "mlflow-skinny",
    "numpy",
    "onnx",
    "onnxruntime",
    "optimum",
    "pandas",
    "pillow",
    "pyarrow",
    "pyyaml",
    "scikit-learn",
    "scipy",
    "tensorflow",
    "torch",
    "transformers",
    "xgboost",
];

/// How many lines are named in a sentence.
const NAMED: usize = 4;

const WAY_OUT: &str =
    "Add an environment.tar.gz made by conda-pack, or use an image with what the package asks for.";

/// What the image lacks of the requirements; else what it has in versions of its own.
pub(super) fn check(facts: &Facts<'_>) -> Check {
    let lines: Vec<(String, &str)> = facts
        .lines
        .iter()
        .filter_map(|line| Some((Requirement::parse(line)?.normalized_name(), line.as_str())))
        .collect();
    let is_carried = |name: &str| CARRIED.binary_search(&name).is_ok();
    let lacking: Vec<&str> =
        lines.iter().filter(|(name, _)| !is_carried(name)).map(|(_, line)| *line).collect();
    if !lacking.is_empty() {
        return warn(
            format!(
                "Its image lacks what the package asks for, and nothing is built from requirements.txt: {}. {WAY_OUT}",
                named(&lacking)
            ),
            Section::Environment,
        );
    }
    let framework = facts.draft.inspection().framework.as_ref().map(|framework| framework.value.as_str());
    let bound: Vec<&str> = lines
        .iter()
        .filter(|(name, _)| Some(name.as_str()) == framework || name == "mlflow")
        .map(|(_, line)| *line)
        .collect();
    warn(
        format!(
            "Its image has all libraries, in versions of its own: nothing is built from requirements.txt, and it may not have {}. {WAY_OUT}",
            named(&bound)
        ),
        Section::Environment,
    )
}

fn named(lines: &[&str]) -> String {
    let shown: Vec<&str> = lines.iter().take(NAMED).copied().collect();
    match lines.len().saturating_sub(NAMED) {
        0 if shown.is_empty() => "these versions".to_owned(),
        0 => shown.join(", "),
        more => format!("{} and {more} more", shown.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_list_is_sorted_for_its_search() {
        assert!(CARRIED.is_sorted());
    }
}
