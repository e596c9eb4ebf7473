//! Environments in YAML: conda's, with their lock files, and those that MLflow writes.

use std::collections::{BTreeMap, BTreeSet};

use packwright_inspect::libraries;
use packwright_mlflow::yaml;

use super::{ImportedEnvironment, plain};
use crate::environment::{distribution, index, major_minor, releases, requirement_problem};

/// conda's names of packages that PyPI calls otherwise.
const CONDA_NAMES: [(&str, &str); 8] = [
    ("py-xgboost", "xgboost"),
    ("py-xgboost-cpu", "xgboost"),
    ("pytorch", "torch"),
    ("pytorch-cpu", "torch"),
    ("onnxruntime-cpu", "onnxruntime"),
    ("tensorflow-base", "tensorflow"),
    ("tensorflow-cpu", "tensorflow"),
    ("pillow-simd", "pillow"),
];

/// An environment.yml, a `python_env.yaml` of `MLflow` or a conda-lock.yml.
pub(super) fn read(text: &str) -> Result<ImportedEnvironment, String> {
    let value = yaml::read(text).map_err(|error| error.to_string())?;
    if let Some(packages) = locked(&value) {
        return Ok(lock(packages));
    }
    if is_python_env(&value) {
        return Ok(python_env(&value));
    }
    let dependencies = value
        .get("dependencies")
        .and_then(yaml::Value::as_sequence)
        .ok_or("it has no list of dependencies")?;
    let mut found = ImportedEnvironment::default();
    let mut conda_only = Vec::new();
    for entry in dependencies {
        if let Some(spec) = entry.as_str() {
            let (name, version) = conda_spec(spec);
            match name.as_str() {
                "python" => found.python = python_in(&version),
                "pip" | "setuptools" | "wheel" => {}
                _ => match on_pypi(&name) {
                    Some(project) => found.lines.push(format!("{project}{version}")),
                    None => conda_only.push(name),
                },
            }
        } else if let Some(lines) = entry.get("pip").and_then(yaml::Value::as_sequence) {
            let lines: Vec<&str> = lines.iter().filter_map(yaml::Value::as_str).collect();
            let pip = plain::read(&lines.join("\n"));
            found.lines.extend(pip.lines);
            found.indexes.extend(pip.indexes);
            found.left_out.extend(pip.left_out);
        }
    }
    if !conda_only.is_empty() {
        found.left_out.push(format!("{}: conda's packages, and not known on PyPI", conda_only.join(", ")));
    }
    let others = channels(&value);
    if !others.is_empty() {
        found.left_out.push(format!("conda's channels ({}): pip installs every package", others.join(", ")));
    }
    Ok(found)
}

/// Channels beside those that everybody has, as they can be told.
fn channels(value: &yaml::Value) -> Vec<String> {
    let listed = value.get("channels").and_then(yaml::Value::as_sequence).into_iter().flatten();
    let named = listed.filter_map(yaml::Value::as_str);
    named
        .filter(|name| !matches!(*name, "conda-forge" | "defaults" | "nodefaults" | "anaconda" | "main"))
        .map(|name| index::without_login(name).0)
        .collect()
}

/// Whether a YAML document describes an environment.
pub(super) fn is_environment(file: &str, text: &str) -> bool {
    let Ok(value) = yaml::read(text) else { return false };
    let is_named = ["env", "conda"].iter().any(|word| file.contains(word));
    let Some(entries) = value.get("dependencies").and_then(yaml::Value::as_sequence) else {
        return locked(&value).is_some() || is_python_env(&value);
    };
    let is_pip = |entry: &yaml::Value| entry.get("pip").is_some_and(yaml::Value::is_sequence);
    let is_python = |entry: &yaml::Value| entry.as_str().is_some_and(|text| conda_spec(text).0 == "python");
    let is_entry = |entry: &yaml::Value| entry.is_string() || is_pip(entry);
    let is_conda =
        value.get("channels").is_some() || entries.iter().any(|entry| is_pip(entry) || is_python(entry));
    entries.iter().all(is_entry) && (is_named || is_conda || is_python_env(&value))
}

/// What MLflow writes beside a model.
fn is_python_env(value: &yaml::Value) -> bool {
    value.get("build_dependencies").is_some_and(yaml::Value::is_sequence)
        || (value.get("channels").is_none() && value.get("python").is_some_and(yaml::Value::is_string))
}

fn python_env(value: &yaml::Value) -> ImportedEnvironment {
    let lines = value.get("dependencies").and_then(yaml::Value::as_sequence);
    let lines: Vec<&str> = lines.into_iter().flatten().filter_map(yaml::Value::as_str).collect();
    let python = value.get("python").and_then(yaml::Value::as_str);
    ImportedEnvironment {
        python: python.and_then(|python| python_in(&format!("=={python}"))),
        ..plain::read(&lines.join("\n"))
    }
}

/// The packages of a conda-lock.yml.
fn locked(value: &yaml::Value) -> Option<&Vec<yaml::Value>> {
    let packages = value.get("package").and_then(yaml::Value::as_sequence)?;
    let is_package =
        |package: &yaml::Value| package.get("name").is_some() && package.get("manager").is_some();
    (!packages.is_empty() && packages.iter().all(is_package)).then_some(packages)
}

/// One package stands there once for each system.
fn lock(packages: &[yaml::Value]) -> ImportedEnvironment {
    let mut found = ImportedEnvironment::default();
    let mut conda_only = BTreeSet::new();
    let mut versions: BTreeMap<String, BTreeSet<&str>> = BTreeMap::new();
    for package in packages {
        let text = |key: &str| package.get(key).and_then(yaml::Value::as_str);
        let (Some(name), Some(version)) = (text("name"), text("version")) else { continue };
        if text("category").is_some_and(|category| category != "main") {
            continue;
        }
        let project = match (text("manager"), name) {
            (Some("pip"), _) => Some(distribution(name)),
            (_, "python") => {
                found.python = python_in(&format!("=={version}"));
                continue;
            }
            (_, "pip" | "setuptools" | "wheel") => continue,
            _ => on_pypi(name),
        };
        match project {
            Some(project) => drop(versions.entry(project).or_default().insert(version)),
            None => drop(conda_only.insert(name)),
        }
    }
    for (name, versions) in versions {
        let all: Vec<&str> = versions.into_iter().collect();
        match all.as_slice() {
            [version] => found.lines.push(format!("{name}=={version}")),
            many => {
                found.left_out.push(format!("{name} is locked for several systems ({})", many.join(", ")));
            }
        }
    }
    found.lines.retain(|line| requirement_problem(line).is_none());
    if !conda_only.is_empty() {
        let names: Vec<&str> = conda_only.into_iter().collect();
        found.left_out.push(format!("{}: conda's packages, and not known on PyPI", names.join(", ")));
    }
    found
}

/// The name and the version as PEP 440 of `channel::name=1.2=build`, `name >=1,<2`, `name==1.2`.
fn conda_spec(spec: &str) -> (String, String) {
    let spec = spec.rsplit("::").next().unwrap_or(spec).trim();
    let at = spec.find(['=', '<', '>', '!', '~', ' ', '[']).unwrap_or(spec.len());
    let (name, rest) = spec.split_at(at);
    let rest: String =
        rest.split('[').next().unwrap_or_default().chars().filter(|c| !c.is_whitespace()).collect();
    let version = match rest.strip_prefix('=') {
        Some(exact) if exact.starts_with('=') => rest.clone(),
        // `=1.2` is any 1.2; with a build, or in full, it is that release.
        Some(fuzzy) => match fuzzy.split_once('=') {
            Some((version, _)) => format!("=={version}"),
            None if 2 < fuzzy.split('.').count() && !fuzzy.ends_with('*') => format!("=={fuzzy}"),
            None if fuzzy.ends_with('*') => format!("=={fuzzy}"),
            None => format!("=={fuzzy}.*"),
        },
        None => rest.clone(),
    };
    let is_pep_440 = releases::specifiers(&version).is_some();
    (name.to_ascii_lowercase(), if is_pep_440 { version } else { String::new() })
}

/// What PyPI calls a package of conda; `None` when it is not known to be there.
fn on_pypi(name: &str) -> Option<String> {
    if let Some((_, project)) = CONDA_NAMES.iter().find(|(conda, _)| *conda == name) {
        return Some((*project).to_owned());
    }
    let name = distribution(name);
    (releases::of(&name).is_some()
        || libraries::projects().any(|project| project.eq_ignore_ascii_case(&name)))
    .then_some(name)
}

/// `3.11` of `==3.11.*` or `==3.11.7`.
fn python_in(version: &str) -> Option<String> {
    let version = version.strip_prefix("==")?.trim_end_matches(".*");
    let (major, minor) = major_minor(version)?;
    Some(format!("{major}.{minor}"))
}
