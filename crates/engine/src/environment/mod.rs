//! What the package asks to be installed: Python, MLflow, the requirement lines.

mod python;
mod requirements;

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

/// The distribution's name in a requirement line, normalised as PyPI does: `Scikit_Learn[x]==1` is `scikit-learn`.
pub(crate) fn distribution(requirement: &str) -> String {
    let end = requirement.find(|c: char| !(c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-')));
    let name = end.and_then(|end| requirement.get(..end)).unwrap_or(requirement);
    let mut out = String::new();
    for c in name.trim().chars() {
        let c = if matches!(c, '.' | '_' | '-') { '-' } else { c.to_ascii_lowercase() };
        if !(c == '-' && out.ends_with('-')) {
            out.push(c);
        }
    }
    out
}

/// The version that a line pins with `==`.
pub(crate) fn pinned(requirement: &str) -> Option<&str> {
    let (_, version) = requirement.split_once("==")?;
    let version = version.trim_start_matches('=').split([';', ',', ' ']).next()?.trim();
    (!version.is_empty() && !version.contains('*')).then_some(version)
}
