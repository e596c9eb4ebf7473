//! What the package asks to be installed: Python, MLflow, the requirement lines.

mod check;
mod import;
mod index;
mod lines;
mod python;
mod releases;
mod requirements;

pub use check::RequirementNote;
pub(crate) use check::notes;
pub use import::{ImportError, ImportScope, ImportedEnvironment, import_environment};
pub(crate) use import::{environment_file, pip_lines};
pub(crate) use index::Index;
pub(crate) use lines::{all_lines, set_line};
use packwright_mlflow::requirement::Requirement;
pub(crate) use python::{mlflow_for, python_for, python_problem};
pub(crate) use requirements::add;
pub(crate) use requirements::{installs_mlflow, mlflow_version, requirement_problem, requirements_for};

/// The MLflow version whose conventions this crate writes.
pub(crate) const MLFLOW_VERSION: &str = "3.17.2";

/// The first two numbers of a version: `1.9.1` is `(1, 9)`.
pub(crate) fn major_minor(version: &str) -> Option<(u32, u32)> {
    let mut parts = version.split('.');
    let major = parts.next()?.parse().ok()?;
    let minor: String = parts.next()?.chars().take_while(char::is_ascii_digit).collect();
    Some((major, minor.parse().ok()?))
}

/// The distribution's name in a requirement line, normalised as PyPI does: `Scikit_Learn[x]==1` is `scikit-learn`. Empty
/// when the line is no requirement.
pub(crate) fn distribution(requirement: &str) -> String {
    Requirement::parse(requirement).map(|requirement| requirement.normalized_name()).unwrap_or_default()
}

/// The version that a line pins with `==`.
pub(crate) fn pinned(requirement: &str) -> Option<String> {
    Requirement::parse(requirement)?.pin().filter(|version| !version.is_empty()).map(str::to_owned)
}
