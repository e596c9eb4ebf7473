//! Environment files of other people: what they ask for, as requirement lines.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::Read as _;
use std::path::Path;

use packwright_inspect::{Requirement, libraries};
use packwright_mlflow::requirement::{self, Line};
use packwright_mlflow::yaml;

use super::{distribution, major_minor, releases};

/// A longer file is no list of requirements.
const LONGEST_BYTES: u64 = 16 << 20;

/// What an environment file asks for.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ImportedEnvironment {
    /// The file's name; the source of each line.
    pub file: String,
    /// PEP 508 lines, in the order of the file.
    pub lines: Vec<String>,
    /// `3.11`, where the file asks for one Python.
    pub python: Option<String>,
    /// What was left out, each with the reason.
    pub left_out: Vec<String>,
}

/// How much of an environment file to take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ImportScope {
    /// The versions of the packages that the draft asks for already.
    Versions,
    /// Every line, instead of those of the draft.
    All,
}

/// Why a file is no list of requirements.
#[derive(Debug, thiserror::Error)]
pub enum ImportError {
    /// It could not be read.
    #[error("{file} could not be read: {error}")]
    Read {
        /// Its name.
        file: String,
        /// What the system said.
        error: std::io::Error,
    },
    /// It is something else.
    #[error("{file} is no {expected}: {problem}")]
    Format {
        /// Its name.
        file: String,
        /// `requirements file`, `uv.lock` …
        expected: &'static str,
        /// What is wrong, with its line where that is known.
        problem: String,
    },
    /// Nothing in it can be taken.
    #[error("{0} asks for no package of PyPI")]
    Empty(String),
}

/// Reads a requirements.txt, the text of `pip freeze`, a lock file with hashes, an environment.yml, or a uv.lock, poetry.lock,
/// pylock.toml or Pipfile.lock. Nothing is installed, and no other file is opened: `-r other.txt` is left out and told.
///
/// # Errors
///
/// [`ImportError`], with the file's name.
pub fn import_environment(path: &Path) -> Result<ImportedEnvironment, ImportError> {
    let file = path.file_name().unwrap_or(path.as_os_str()).to_string_lossy().into_owned();
    let mut bytes = Vec::new();
    File::open(path)
        .and_then(|opened| opened.take(LONGEST_BYTES).read_to_end(&mut bytes))
        .map_err(|error| ImportError::Read { file: file.clone(), error })?;
    let text = decoded(&bytes).ok_or_else(|| ImportError::Format {
        file: file.clone(),
        expected: "text",
        problem: "its bytes are neither UTF-8 nor UTF-16".into(),
    })?;
    let mut found = read(&file, &text)?;
    if found.lines.is_empty() {
        return Err(ImportError::Empty(file));
    }
    found.file = file;
    Ok(found)
}

/// PowerShell redirects `pip freeze` as UTF-16.
fn decoded(bytes: &[u8]) -> Option<String> {
    let wide = |from: fn([u8; 2]) -> u16| {
        let units: Vec<u16> =
            bytes.get(2..)?.chunks_exact(2).filter_map(|pair| Some(from(pair.try_into().ok()?))).collect();
        String::from_utf16(&units).ok()
    };
    match bytes {
        [0xff, 0xfe, ..] => wide(u16::from_le_bytes),
        [0xfe, 0xff, ..] => wide(u16::from_be_bytes),
        _ => String::from_utf8(bytes.to_vec()).ok(),
    }
}

fn read(file: &str, text: &str) -> Result<ImportedEnvironment, ImportError> {
    let lower = file.to_ascii_lowercase();
    let ending = lower.rsplit('.').next().unwrap_or_default();
    let problem = |expected: &'static str, problem: String| ImportError::Format {
        file: file.to_owned(),
        expected,
        problem,
    };
    if matches!(ending, "yml" | "yaml") {
        return conda(text).map_err(|error| problem("conda environment", error));
    }
    if lower.starts_with("pipfile") && ending == "lock" {
        return pipfile(text).map_err(|error| problem("Pipfile.lock", error));
    }
    if matches!(ending, "lock" | "toml") {
        return lock(text).map_err(|error| problem("lock file", error));
    }
    Ok(plain(text))
}

/// The lines of a requirements.txt that a package can ask for, and what was left out, each with the reason.
pub(crate) fn pip_lines(text: &str) -> (Vec<String>, Vec<String>) {
    let found = plain(text);
    (found.lines, found.left_out)
}

fn plain(text: &str) -> ImportedEnvironment {
    let mut found = ImportedEnvironment::default();
    for line in requirement::lines(text) {
        match line {
            Line::Requirement(requirement) => match super::requirement_problem(&requirement.text) {
                // pip's options on a line, the hashes of a lock file, belong to its file alone.
                None => found
                    .lines
                    .push(requirement.text.split(" --").next().unwrap_or_default().trim().to_owned()),
                Some(problem) => found.left_out.push(problem),
            },
            Line::Include { path, .. } => {
                found.left_out.push(format!("{path} is another file; import it too"));
            }
            Line::Option(option) => {
                found.left_out.push(format!("{} is an option of pip", without_secrets(&option)));
            }
            Line::Path(path) => {
                found.left_out.push(format!("{path} lies only on the machine that wrote the file"));
            }
        }
    }
    found
}

/// An option without the user and the password in its URL.
fn without_secrets(option: &str) -> String {
    let Some((before, rest)) = option.split_once("://") else { return option.to_owned() };
    let host_end = rest.find(['/', ' ']).unwrap_or(rest.len());
    match rest.get(..host_end).and_then(|host| host.rfind('@')) {
        Some(at) => format!("{before}://{}", rest.get(at + 1..).unwrap_or_default()),
        None => option.to_owned(),
    }
}

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

fn conda(text: &str) -> Result<ImportedEnvironment, String> {
    let value = yaml::read(text).map_err(|error| error.to_string())?;
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
            let pip = plain(&lines.join("\n"));
            found.lines.extend(pip.lines);
            found.left_out.extend(pip.left_out);
        }
    }
    if !conda_only.is_empty() {
        found.left_out.push(format!("{}: conda's packages, and not known on PyPI", conda_only.join(", ")));
    }
    Ok(found)
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

/// uv.lock and poetry.lock have `[[package]]`, pylock.toml `[[packages]]`.
fn lock(text: &str) -> Result<ImportedEnvironment, String> {
    let value: toml::Table = text.parse().map_err(|error: toml::de::Error| error.message().to_owned())?;
    let packages = value.get("package").or_else(|| value.get("packages")).and_then(toml::Value::as_array);
    let packages = packages.ok_or("it lists no packages")?;
    let mut found = ImportedEnvironment::default();
    let mut versions: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for package in packages {
        let text = |key: &str| package.get(key).and_then(toml::Value::as_str);
        let Some(name) = text("name") else { continue };
        let elsewhere = ["virtual", "editable", "directory", "path", "git", "url"];
        let source = package.get("source").and_then(toml::Value::as_table);
        let is_elsewhere = source.is_some_and(|source| elsewhere.iter().any(|key| source.contains_key(*key)))
            || ["vcs", "directory", "archive"].iter().any(|key| package.get(key).is_some());
        match text("version") {
            Some(version) if !is_elsewhere => versions.entry(name).or_default().push(version),
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
    found.lines.retain(|line| super::requirement_problem(line).is_none());
    Ok(found)
}

fn pipfile(text: &str) -> Result<ImportedEnvironment, String> {
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
    found.lines.retain(|line| super::requirement_problem(line).is_none());
    let python = value.pointer("/_meta/requires/python_version").and_then(serde_json::Value::as_str);
    found.python = python.map(str::to_owned);
    Ok(found)
}

impl ImportedEnvironment {
    /// The draft's lines after the import. Lines that the file says nothing of stay as they are.
    pub(crate) fn applied(&self, lines: &[Requirement], scope: ImportScope) -> Vec<Requirement> {
        let new = |line: &String| Requirement { requirement: line.clone(), source: self.file.clone() };
        if scope == ImportScope::All {
            let is_mlflow = |line: &String| distribution(line) == "mlflow";
            let kept = lines.iter().filter(|line| distribution(&line.requirement) == "mlflow").cloned();
            let theirs = self.lines.iter().filter(|line| is_mlflow(line)).map(new);
            let mlflow: Vec<Requirement> = theirs.chain(kept).take(1).collect();
            return mlflow
                .into_iter()
                .chain(self.lines.iter().filter(|line| !is_mlflow(line)).map(new))
                .collect();
        }
        let theirs = |name: &str| self.lines.iter().find(|line| distribution(line) == name);
        lines
            .iter()
            .map(|line| theirs(&distribution(&line.requirement)).map_or_else(|| line.clone(), new))
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(file: &str, text: &str) -> (Vec<String>, Option<String>, Vec<String>) {
        let found = read(file, text).unwrap();
        (found.lines, found.python, found.left_out)
    }

    #[test]
    fn requirements_files_keep_packages_and_tell_what_they_leave_out() {
        let text = "# made by hand\nnumpy==1.26.4  # pinned\n--extra-index-url https://me:secret@pypi.example.org/simple\n\
            pandas>=2,<3 ; python_version > '3.9'\n-e .\n-r base.txt\n./wheels/own.whl\n";
        let (found, python, left_out) = lines("requirements.txt", text);
        assert_eq!(found, ["numpy==1.26.4", "pandas>=2,<3 ; python_version > '3.9'"]);
        assert_eq!(python, None);
        assert_eq!(
            left_out,
            [
                "--extra-index-url https://pypi.example.org/simple is an option of pip",
                "-e . is an option of pip",
                "base.txt is another file; import it too",
                "./wheels/own.whl lies only on the machine that wrote the file"
            ]
        );
    }

    #[test]
    fn hashes_of_a_lock_file_stay_in_it() {
        let text = "numpy==1.26.4 \\\n    --hash=sha256:00 \\\n    --hash=sha256:11\nscipy==1.11.1 --hash=sha256:22\n";
        assert_eq!(lines("requirements.lock.txt", text).0, ["numpy==1.26.4", "scipy==1.11.1"]);
    }

    #[test]
    fn conda_environments_become_lines_of_pypi() {
        let text = "name: x\nchannels: [conda-forge]\ndependencies:\n- python=3.11.7\n- numpy=1.26.4=py311h0b1\n- conda-forge::pytorch=2.5\n\
            - libgcc-ng=13.2.0=h1\n- scikit-learn>=1.3,<1.5\n- pip\n- pip:\n  - skops==0.10.0\n  - -e .\n";
        let (found, python, left_out) = lines("environment.yml", text);
        assert_eq!(found, ["numpy==1.26.4", "torch==2.5.*", "scikit-learn>=1.3,<1.5", "skops==0.10.0"]);
        assert_eq!(python.as_deref(), Some("3.11"));
        assert_eq!(
            left_out,
            ["-e . is an option of pip", "libgcc-ng: conda's packages, and not known on PyPI"]
        );
    }

    #[test]
    fn lock_files_of_uv_poetry_pipenv_and_pylock_are_read() {
        let uv = "version = 1\n[[package]]\nname = \"app\"\nversion = \"0.1.0\"\nsource = { virtual = \".\" }\n\
            [[package]]\nname = \"numpy\"\nversion = \"2.1.0\"\nsource = { registry = \"https://pypi.org/simple\" }\n";
        assert_eq!(
            lines("uv.lock", uv),
            (vec!["numpy==2.1.0".into()], None, vec!["app is not from an index".into()])
        );
        let poetry =
            "[[package]]\nname = \"scipy\"\nversion = \"1.11.1\"\n[metadata]\npython-versions = \"^3.9\"\n";
        assert_eq!(lines("poetry.lock", poetry).0, ["scipy==1.11.1"]);
        let pylock = "lock-version = \"1.0\"\n[[packages]]\nname = \"pandas\"\nversion = \"2.2.3\"\n";
        assert_eq!(lines("pylock.toml", pylock).0, ["pandas==2.2.3"]);
        let pipfile = r#"{"_meta": {"requires": {"python_version": "3.10"}}, "default": {"numpy": {"version": "==1.26.4"}}}"#;
        let (found, python, _) = lines("Pipfile.lock", pipfile);
        assert_eq!((found, python.as_deref()), (vec!["numpy==1.26.4".to_owned()], Some("3.10")));
    }

    #[test]
    fn files_that_are_something_else_say_what_was_expected() {
        for (file, text, expected) in [
            (
                "environment.yml",
                "a: 1",
                "environment.yml is no conda environment: it has no list of dependencies",
            ),
            ("uv.lock", "a = 1", "uv.lock is no lock file: it lists no packages"),
            ("Pipfile.lock", "[]", "Pipfile.lock is no Pipfile.lock: it has no default packages"),
        ] {
            assert_eq!(read(file, text).unwrap_err().to_string(), expected);
        }
    }

    #[test]
    fn a_list_of_powershell_is_utf_16() {
        let bytes: Vec<u8> =
            [0xff, 0xfe].into_iter().chain("numpy==2.1.0\r\n".bytes().flat_map(|b| [b, 0])).collect();
        assert_eq!(lines("requirements.txt", &decoded(&bytes).unwrap()).0, ["numpy==2.1.0"]);
    }

    #[test]
    fn an_import_takes_versions_or_everything_and_keeps_mlflow() {
        let line = |text: &str| Requirement { requirement: text.into(), source: "x".into() };
        let draft = [line("mlflow==3.17.2"), line("scikit-learn==1.9.1"), line("numpy")];
        let found = ImportedEnvironment {
            file: "freeze.txt".into(),
            lines: vec!["numpy==2.1.0".into(), "rich==13.0".into()],
            ..ImportedEnvironment::default()
        };
        let texts =
            |scope| found.applied(&draft, scope).into_iter().map(|line| line.requirement).collect::<Vec<_>>();
        assert_eq!(texts(ImportScope::Versions), ["mlflow==3.17.2", "scikit-learn==1.9.1", "numpy==2.1.0"]);
        assert_eq!(texts(ImportScope::All), ["mlflow==3.17.2", "numpy==2.1.0", "rich==13.0"]);
    }
}
