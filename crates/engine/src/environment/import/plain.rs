//! requirements.txt and the text of `pip freeze`.

use packwright_mlflow::requirement::{self, Line};

use super::ImportedEnvironment;
use crate::environment::index::{self, Index};
use crate::environment::requirement_problem;

/// The lines of a requirements file.
pub(super) fn read(text: &str) -> ImportedEnvironment {
    let mut found = ImportedEnvironment::default();
    for line in requirement::lines(text) {
        match line {
            Line::Requirement(requirement) => match requirement_problem(&requirement.text) {
                // pip's options on a line, the hashes of a lock file, belong to its file alone.
                None => {
                    let line = requirement.text.split(" --").next().unwrap_or_default().trim();
                    let (line, had_login) = line_without_login(line);
                    if had_login {
                        found.left_out.push(login(&line));
                    }
                    found.lines.push(line);
                }
                Some(problem) => found.left_out.push(problem),
            },
            Line::Include { path, .. } => {
                found.left_out.push(format!("{path} is another file; import it too"));
            }
            Line::Option(option) => {
                if let Some(index) = Index::parse(&option) {
                    found.add_index(index);
                } else {
                    let (option, _) = line_without_login(&option);
                    found.left_out.push(format!("{option} is an option of pip"));
                }
            }
            Line::Path(path) => {
                found.left_out.push(format!("{path} lies only on the machine that wrote the file"));
            }
        }
    }
    found
}

impl ImportedEnvironment {
    /// Keeps where pip looks, and tells what of it stays behind.
    pub(super) fn add_index(&mut self, mut index: Index) {
        // Where pip looks anyway.
        if index::is_pypi(&index.url) {
            return;
        }
        if !index.is_web() {
            let line = index.line();
            self.left_out.push(format!("{line} lies only on the machine that wrote the file"));
            return;
        }
        let (url, had_login) = index::without_login(&index.url);
        index.url = url;
        let line = index.line();
        if had_login {
            self.left_out.push(login(&line));
        }
        if let Some(problem) = index.problem() {
            self.left_out.push(problem);
        } else if !self.indexes.contains(&line) {
            self.indexes.push(line);
        }
    }
}

fn login(line: &str) -> String {
    format!(
        "the login in \"{line}\": a package is no place for it; pip takes it from .netrc, keyring or PIP_ variables where the \
         environment is built"
    )
}

/// A line without the user and the password in its URL, and whether there were any.
fn line_without_login(line: &str) -> (String, bool) {
    let Some(at) = line.find("://") else { return (line.to_owned(), false) };
    let before = line.get(..at).unwrap_or_default();
    let start = before.rfind([' ', '=', '@']).map_or(0, |at| at.saturating_add(1));
    let (head, url) = line.split_at_checked(start).unwrap_or(("", line));
    let (url, had_login) = index::without_login(url);
    (format!("{head}{url}"), had_login)
}

/// Whether a text is a list of requirements and nothing else. One word a line may be any list; versions, or the file's name,
/// say that it is one of packages.
pub(super) fn is_list(file: &str, text: &str) -> bool {
    let lines = requirement::lines(text);
    let fits = |line: &Line| match line {
        Line::Requirement(requirement) => requirement_problem(&requirement.text).is_none(),
        Line::Include { .. } => true,
        Line::Option(option) => option.starts_with("--") || option.contains("://") || is_short(option),
        Line::Path(path) => {
            path.starts_with(['.', '/'])
                || [".whl", ".tar.gz", ".zip"].iter().any(|end| path.ends_with(end))
                || path.contains("file:")
        }
    };
    let is_named = ["requirement", "freeze", "constraint"].iter().any(|word| file.contains(word));
    let is_versioned = |line: &Line| matches!(line, Line::Requirement(one) if !one.specifiers.is_empty() || one.url.is_some());
    let has_package = lines.iter().any(|line| matches!(line, Line::Requirement(_)));
    lines.iter().all(fits) && has_package && (is_named || lines.iter().any(is_versioned))
}

/// `-e .`, `-f https://…`.
fn is_short(option: &str) -> bool {
    let mut signs = option.chars().skip(1);
    signs.next().is_some_and(|sign| sign.is_ascii_alphabetic()) && signs.next() == Some(' ')
}
