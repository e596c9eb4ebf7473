//! Environment files of other people: what they ask for, as requirement lines.

mod conda;
mod lock;
mod plain;

use std::fs::File;
use std::io::Read as _;
use std::path::Path;

use packwright_inspect::Requirement;

use super::distribution;
use super::index::{Index, IndexKind};

/// A longer file is no list of requirements.
const LONGEST_BYTES: u64 = 16 << 20;

/// What an environment file asks for.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ImportedEnvironment {
    /// The file's name; the source of each line.
    pub file: String,
    /// PEP 508 lines, in the order of the file.
    pub lines: Vec<String>,
    /// Where pip is to look beside PyPI or in its place, as lines of a requirements.txt.
    pub indexes: Vec<String>,
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

/// Reads a requirements.txt, the text of `pip freeze`, a lock file with hashes, an environment.yml, a conda-lock.yml, a
/// `python_env.yaml`, or a uv.lock, poetry.lock, pylock.toml or Pipfile.lock. Nothing is installed, and no other file is opened: `-r other.txt` is left out and told.
///
/// # Errors
///
/// [`ImportError`], with the file's name.
pub fn import_environment(path: &Path) -> Result<ImportedEnvironment, ImportError> {
    let (file, text) = text_of(path)?;
    let mut found = read(&file, &text)?;
    if found.lines.is_empty() && found.python.is_none() {
        return Err(ImportError::Empty(file));
    }
    found.file = file;
    Ok(found)
}

/// What a file is, when it is an environment file by its name and by what it holds: `a requirements file that asks for 12
/// packages`. Reads nothing of files with other names.
pub(crate) fn environment_file(path: &Path) -> Option<String> {
    let lower = path.file_name()?.to_string_lossy().to_ascii_lowercase();
    let form = Form::of(&lower)?;
    let (file, text) = text_of(path).ok()?;
    let is_one = match form {
        Form::Yaml => conda::is_environment(&lower, &text),
        Form::Pipfile | Form::Toml => true,
        Form::Text => plain::is_list(&lower, &text),
    };
    let found = read(&file, &text)
        .ok()
        .filter(|found| is_one && (!found.lines.is_empty() || found.python.is_some()))?;
    let what = match form {
        Form::Yaml if found.lines.is_empty() => "an environment of Python",
        Form::Yaml => "an environment of conda",
        Form::Pipfile | Form::Toml => "a lock file",
        Form::Text => "a list of requirements",
    };
    Some(match (found.lines.len(), found.python) {
        (0, Some(python)) => format!("{what} that asks for Python {python}"),
        (1, _) => format!("{what} that asks for 1 package"),
        (n, _) => format!("{what} that asks for {n} packages"),
    })
}

/// The lines of a package's requirements.txt that a draft can ask for, in the order of its lines: mlflow's, where pip looks, the
/// others. Besides, what was left out, each with the reason.
pub(crate) fn pip_lines(text: &str) -> (Vec<String>, Vec<String>) {
    let found = plain::read(text);
    let (mlflow, others): (Vec<String>, Vec<String>) =
        found.lines.into_iter().partition(|line| distribution(line) == "mlflow");
    (mlflow.into_iter().chain(found.indexes).chain(others).collect(), found.left_out)
}

/// How an environment file is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Form {
    Yaml,
    Pipfile,
    Toml,
    Text,
}

impl Form {
    /// By the name in lower case; `None` for names that no environment file has.
    fn of(file: &str) -> Option<Self> {
        let ending = file.rsplit_once('.').map_or("", |(_, ending)| ending);
        match ending {
            "yml" | "yaml" => Some(Self::Yaml),
            "lock" if file.starts_with("pipfile") => Some(Self::Pipfile),
            "lock" | "toml" => Some(Self::Toml),
            "txt" | "in" | "pip" | "" => Some(Self::Text),
            _ if file.starts_with("requirements") => Some(Self::Text),
            _ => None,
        }
    }
}

/// A file's name and its text.
fn text_of(path: &Path) -> Result<(String, String), ImportError> {
    let file = path.file_name().unwrap_or(path.as_os_str()).to_string_lossy().into_owned();
    let mut bytes = Vec::new();
    File::open(path)
        .and_then(|opened| opened.take(LONGEST_BYTES).read_to_end(&mut bytes))
        .map_err(|error| ImportError::Read { file: file.clone(), error })?;
    match decoded(&bytes) {
        Some(text) => Ok((file, text)),
        None => Err(ImportError::Format {
            file,
            expected: "text",
            problem: "its bytes are neither UTF-8 nor UTF-16".into(),
        }),
    }
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
    let problem = |expected: &'static str, problem: String| ImportError::Format {
        file: file.to_owned(),
        expected,
        problem,
    };
    match Form::of(&file.to_ascii_lowercase()).unwrap_or(Form::Text) {
        Form::Yaml => conda::read(text).map_err(|error| problem("conda environment", error)),
        Form::Pipfile => lock::pipfile(text).map_err(|error| problem("Pipfile.lock", error)),
        Form::Toml => lock::toml(text).map_err(|error| problem("lock file", error)),
        Form::Text => Ok(plain::read(text)),
    }
}

impl ImportedEnvironment {
    /// The draft's lines after the import. Lines that the file says nothing of stay as they are; where pip looks is the file's
    /// word, whichever of its lines are taken.
    pub(crate) fn applied(&self, lines: &[Requirement], scope: ImportScope) -> Vec<Requirement> {
        let new = |line: &String| Requirement { requirement: line.clone(), source: self.file.clone() };
        let indexes = self.applied_indexes(lines, scope);
        let packages = lines.iter().filter(|line| Index::parse(&line.requirement).is_none());
        // A file that asks for a Python alone has no lines to put in place of others.
        if scope == ImportScope::All && !self.lines.is_empty() {
            let is_mlflow = |line: &String| distribution(line) == "mlflow";
            let kept = packages.filter(|line| distribution(&line.requirement) == "mlflow").cloned();
            let theirs = self.lines.iter().filter(|line| is_mlflow(line)).map(new);
            let mlflow: Vec<Requirement> = theirs.chain(kept).take(1).collect();
            let others = self.lines.iter().filter(|line| !is_mlflow(line)).map(new);
            return mlflow.into_iter().chain(indexes).chain(others).collect();
        }
        let theirs = |name: &str| self.lines.iter().find(|line| distribution(line) == name);
        let mut applied: Vec<Requirement> = packages
            .map(|line| {
                let theirs =
                    theirs(&distribution(&line.requirement)).filter(|text| **text != line.requirement);
                theirs.map_or_else(|| line.clone(), new)
            })
            .collect();
        let after_mlflow = applied.len().min(1);
        applied.splice(after_mlflow..after_mlflow, indexes);
        applied
    }

    fn applied_indexes(&self, lines: &[Requirement], scope: ImportScope) -> Vec<Requirement> {
        let is_theirs = |text: &String| self.indexes.contains(text);
        let is_instead =
            |text: &str| Index::parse(text).is_some_and(|index| index.kind == IndexKind::Instead);
        let replaces = self.indexes.iter().any(|text| is_instead(text));
        // pip follows one --index-url.
        let stays = |text: &String| !(is_theirs(text) || replaces && is_instead(text));
        let known = lines.iter().filter(|line| Index::parse(&line.requirement).is_some());
        let kept = known.filter(|line| scope == ImportScope::Versions && stays(&line.requirement)).cloned();
        let known_theirs = |text: &String| lines.iter().find(|line| line.requirement == *text).cloned();
        let new = self.indexes.iter().map(|text| {
            let new = || Requirement { requirement: text.clone(), source: self.file.clone() };
            known_theirs(text).unwrap_or_else(new)
        });
        kept.chain(new).collect()
    }
}

#[cfg(test)]
mod tests;
