//! Lock files: uv.lock, poetry.lock, pylock.toml, Pipfile.lock.

use std::collections::BTreeMap;

use super::ImportedEnvironment;
use crate::environment::index::{self, Index, IndexKind};
use crate::environment::requirement_problem;

/// uv.lock and poetry.lock have `[[package]]`, pylock.toml `[[packages]]`.
pub(super) fn toml(text: &str) -> Result<ImportedEnvironment, String> {
    let value: toml::Table = text.parse().map_err(|error: toml::de::Error| error.message().to_owned())?;
    let packages = value.get("package").or_else(|| value.get("packages")).and_then(toml::Value::as_array);
    let packages = packages.ok_or("it lists no packages")?;
    let mut found = ImportedEnvironment::default();
    let mut versions: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for package in packages {
        let text = |key: &str| package.get(key).and_then(toml::Value::as_str);
        let Some(name) = text("name") else { continue };
        let index = text("index").or_else(|| index_of(package));
        let elsewhere = ["virtual", "editable", "directory", "path", "git", "url"];
        let source = package.get("source").and_then(toml::Value::as_table);
        let is_elsewhere = source.is_some_and(|source| elsewhere.iter().any(|key| source.contains_key(*key)))
            || ["vcs", "directory", "archive"].iter().any(|key| package.get(key).is_some());
        match text("version") {
            Some(version) if !is_elsewhere || index.is_some() => {
                versions.entry(name).or_default().push(version);
                found.add_other_index(index);
            }
            _ => found.left_out.push(format!("{name} is not from an index")),
        }
    }
    for (name, versions) in versions {
        match versions.as_slice() {
            [version] => found.lines.push(format!("{name}=={version}")),
            many => {
                found.left_out.push(format!("{name} is locked for several systems ({})", many.join(", ")));
            }
        }
    }
    found.lines.retain(|line| requirement_problem(line).is_none());
    Ok(found)
}

/// The index that a package comes from: uv's `registry`, Poetry's source of type `legacy`.
fn index_of(package: &toml::Value) -> Option<&str> {
    let source = package.get("source")?;
    let text = |key: &str| source.get(key).and_then(toml::Value::as_str);
    text("registry").or_else(|| text("url").filter(|_| text("type") == Some("legacy")))
}

/// The sections that Pipenv writes.
pub(super) fn pipfile(text: &str) -> Result<ImportedEnvironment, String> {
    let value: serde_json::Value = serde_json::from_str(text).map_err(|error| error.to_string())?;
    let packages =
        value.get("default").and_then(serde_json::Value::as_object).ok_or("it has no default packages")?;
    let mut found = ImportedEnvironment::default();
    for (name, package) in packages {
        match package.get("version").and_then(serde_json::Value::as_str) {
            Some(version) => found.lines.push(format!("{name}{version}")),
            None => found.left_out.push(format!("{name} is not from an index")),
        }
    }
    found.lines.retain(|line| requirement_problem(line).is_none());
    let sources = value.pointer("/_meta/sources").and_then(serde_json::Value::as_array);
    for source in sources.into_iter().flatten() {
        found.add_other_index(source.get("url").and_then(serde_json::Value::as_str));
    }
    let python = value.pointer("/_meta/requires/python_version").and_then(serde_json::Value::as_str);
    found.python = python.map(str::to_owned);
    Ok(found)
}

impl ImportedEnvironment {
    /// An index that a lock file names.
    fn add_other_index(&mut self, url: Option<&str>) {
        if let Some(url) = url {
            let line = Index { kind: IndexKind::Beside, url: url.to_owned() };
            // A login is told once, not for every package.
            let is_known = |known: &String| known.ends_with(&index::without_login(url).0);
            if !self.indexes.iter().any(is_known) {
                self.add_index(line);
            }
        }
    }
}
