//! Code that restoring the environment would install from elsewhere than PyPI.

use packwright_mlflow::package::PackageFiles as _;
use packwright_mlflow::requirement::{self, Line};
use packwright_mlflow::yaml;
use serde_yaml::Value;

use super::{Report, text};
use crate::package::Package;

/// Hosts whose packages are PyPI's, or the builds of a framework by its own makers.
const KNOWN_HOSTS: [&str; 4] =
    ["pypi.org", "files.pythonhosted.org", "download.pytorch.org", "pypi.nvidia.com"];

/// Names wheels in the package, and requirement lines that name a place.
pub(super) fn report(package: &Package, report: &mut Report) {
    for name in package.names().iter().filter(|name| name.to_lowercase().ends_with(".whl")) {
        let why = "a wheel: restoring the environment installs the code in it";
        report.review("package/wheel", name, name, why);
    }
    for file in ["requirements.txt", "conda.yaml"] {
        if !package.has_file(file) {
            continue;
        }
        let Some(text) = text(package, file) else {
            report.review(
                "package/install",
                file,
                file,
                "what it asks to install could not be read: it is no text of a sane length",
            );
            continue;
        };
        let text = if file == "conda.yaml" { pip_of_conda(&text) } else { text };
        for line in requirement::lines(&text) {
            if let Some(what) = from_elsewhere(&line)
                && !report.names("package/install", &what)
            {
                let why =
                    "restoring the environment installs and runs code from there, which nobody looked at";
                report.review("package/install", &what, file, why);
            }
        }
    }
}

/// The requirement lines in the list of pip of a conda environment.
fn pip_of_conda(text: &str) -> String {
    let read = yaml::read(text).unwrap_or(Value::Null);
    let lists = read.get("dependencies").and_then(Value::as_sequence).into_iter().flatten();
    let pip = lists.filter_map(|entry| entry.get("pip")?.as_sequence()).flatten();
    pip.filter_map(Value::as_str).collect::<Vec<_>>().join("\n")
}

/// What a line installs that is not of a known index.
fn from_elsewhere(line: &Line) -> Option<String> {
    match line {
        Line::Requirement(requirement) => {
            let url = requirement.url.as_deref()?;
            (!is_known(url)).then(|| requirement.text.clone())
        }
        // A wheel that lies in the package is named for itself.
        Line::Path(path) => (!path.to_lowercase().ends_with(".whl")).then(|| path.clone()),
        Line::Option(option) => {
            let names_a_place = ["index-url", "find-links", "-i ", "-f ", "-e ", "--editable", "://"];
            let is_place = names_a_place.iter().any(|word| option.contains(word));
            (is_place && !is_known(option)).then(|| option.clone())
        }
        Line::Include { .. } => None,
    }
}

/// Whether every address in a text is one of a known host, over https and from nowhere else.
fn is_known(text: &str) -> bool {
    let mut addresses = text.split("://").skip(1).peekable();
    let is_https = text.matches("://").count() == text.matches("https://").count() && !text.contains('+');
    let is_host = |rest: &str| {
        let host = rest.split(['/', '?', '#', ' ']).next().unwrap_or_default();
        KNOWN_HOSTS.contains(&host)
    };
    addresses.peek().is_some() && is_https && addresses.all(is_host)
}
