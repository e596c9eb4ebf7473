//! Generated Python files that the person changed before the export.

use std::collections::BTreeMap;

use packwright_inspect::libraries::{is_standard, library_of};
use serde_yaml::Value;
use sha2::{Digest as _, Sha256};

use crate::draft::Draft;
use crate::edit::{Edit, EditError};
use crate::flavors::Layout;
use crate::flavors::loader::module_name;
use crate::plan;
use crate::python_source::Source;
use crate::python_syntax::{self, SyntaxProblem};
use crate::receipt::hex;

/// What edits call the code in the package's root.
pub(crate) const MODEL: &str = "model.py";

/// What edits call the loader module in `code/`, whose real name comes from its text.
pub(crate) const LOADER: &str = "loader.py";

/// A longer text is no code that a person wrote.
const LONGEST_BYTES: usize = 1 << 20;

/// The person's text of a generated file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct GeneratedChoice {
    pub(crate) text: String,
    /// The digest of the generated text that it was made from.
    pub(crate) over: String,
}

/// A generated Python file of a package, as it will be written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GeneratedFile {
    /// What edits call it: `model.py` or `loader.py`.
    pub file: &'static str,
    /// Where it lies in the package.
    pub path: String,
    /// What is generated for the draft as it is now.
    pub generated: String,
    /// Whether the person's text is written in its place.
    pub is_edited: bool,
    /// Whether what is generated has changed since the person changed it.
    pub is_outdated: bool,
    /// What stops Python or MLflow from using the person's text.
    pub problem: Option<SyntaxProblem>,
}

/// Puts the person's texts in place of the generated ones.
pub(crate) fn apply(layout: &mut Layout, choices: &BTreeMap<String, GeneratedChoice>) -> Vec<GeneratedFile> {
    let mut files = Vec::new();
    // A package has one loader module at most.
    if let Some((path, text)) = layout.code.first_mut() {
        let before = module_of(path);
        files.push(replace(LOADER, path, text, choices.get(LOADER)));
        if choices.contains_key(LOADER) {
            // Python keeps modules by name, so another text needs another one.
            let module = module_name(text);
            *path = format!("code/{module}.py");
            for (_, block) in &mut layout.blocks {
                if let Some(name) =
                    block.get_mut("loader_module").filter(|name| name.as_str() == Some(&before))
                {
                    *name = Value::from(module.as_str());
                }
            }
            if let Some(file) = files.first_mut() {
                file.path.clone_from(path);
            }
        }
    }
    if let Some((path, text)) = &mut layout.model_code {
        files.push(replace(MODEL, path, text, choices.get(MODEL)));
    }
    files
}

/// `mlpack_1a2b3c4d_loader` of `code/mlpack_1a2b3c4d_loader.py`.
fn module_of(path: &str) -> String {
    path.trim_start_matches("code/").trim_end_matches(".py").to_owned()
}

/// Whether a path below `code/` is that of a loader module that Packwright generates.
pub(crate) fn is_loader(path: &str) -> bool {
    let digits = path.strip_prefix("mlpack_").and_then(|rest| rest.strip_suffix("_loader.py"));
    digits.is_some_and(|digits| digits.len() == 8 && digits.bytes().all(|byte| byte.is_ascii_hexdigit()))
}

fn replace(
    file: &'static str,
    path: &str,
    text: &mut String,
    choice: Option<&GeneratedChoice>,
) -> GeneratedFile {
    let generated = text.clone();
    if let Some(choice) = choice {
        text.clone_from(&choice.text);
    }
    GeneratedFile {
        file,
        path: path.to_owned(),
        is_edited: choice.is_some(),
        is_outdated: choice.is_some_and(|choice| choice.over != digest(&generated)),
        problem: choice.and_then(|choice| problem(file, &choice.text)),
        generated,
    }
}

/// What stops Python from reading a text, or MLflow from finding the model in it.
fn problem(file: &str, text: &str) -> Option<SyntaxProblem> {
    if let Some(problem) = python_syntax::problem(text) {
        return Some(problem);
    }
    let missing = match file {
        LOADER => (!Source::of(text).defines("_load_pyfunc"))
            .then_some("_load_pyfunc is not defined; MLflow calls it to load the model"),
        _ => (!text.contains("set_model("))
            .then_some("set_model is not called; MLflow finds the model by mlflow.models.set_model(…)"),
    };
    missing.map(|what| SyntaxProblem { line: text.lines().count().max(1), what: what.to_owned() })
}

fn digest(text: &str) -> String {
    hex(Sha256::digest(text).get(..8).unwrap_or_default())
}

impl Draft {
    /// The generated Python files of the package; empty when it has none, or cannot be made.
    pub fn generated_files(&self) -> Vec<GeneratedFile> {
        plan::prepare(self).map(|work| work.generated).unwrap_or_default()
    }

    /// Whether any generated file was changed. Reads nothing.
    pub(crate) fn has_changed_code(&self) -> bool {
        !self.choices().generated.is_empty()
    }

    /// The edit with what it was made over, so that it means the same when it is made again.
    pub(crate) fn completed(&self, edit: Edit) -> Result<Edit, EditError> {
        let Edit::SetGenerated { file, text, over } = edit else { return Ok(edit) };
        let files = self.generated_files();
        let Some(known) = files.iter().find(|known| known.file == file) else {
            return Err(EditError::Generated(format!("the package has no generated {file}")));
        };
        if LONGEST_BYTES < text.len() {
            let problem =
                format!("{file} would be longer than a megabyte; data belongs into a file of its own");
            return Err(EditError::Generated(problem));
        }
        let text = text.replace("\r\n", "\n");
        let is_reset = text.trim().is_empty() || text == known.generated;
        let over = over.unwrap_or_else(|| digest(&known.generated));
        Ok(Edit::SetGenerated { file, text: if is_reset { String::new() } else { text }, over: Some(over) })
    }

    /// The libraries that the person's texts import, by PyPI name, each with the file.
    pub(crate) fn changed_code_imports(&self) -> Vec<(&'static str, &str)> {
        let mut found = Vec::new();
        for (file, choice) in &self.choices().generated {
            for top in Source::of(&choice.text).imports() {
                let library = library_of(&top);
                if !library.is_empty() && !is_standard(&top) {
                    found.push((library, file.as_str()));
                }
            }
        }
        found
    }

    /// What is wrong with the person's texts, and those whose ground has changed, in sentences.
    pub(crate) fn changed_code_decisions(&self) -> Vec<(&'static str, String)> {
        if !self.has_changed_code() {
            return Vec::new();
        }
        let mut open = Vec::new();
        let files = self.generated_files();
        for file in
            self.choices().generated.keys().filter(|name| !files.iter().any(|file| file.file == **name))
        {
            let text = format!(
                "You edited {file}, and the package as it is now has none. Your text is kept and not packed."
            );
            open.push(("generated-gone", text));
        }
        for file in files {
            if let Some(SyntaxProblem { line, what }) = &file.problem {
                let text = format!("{}, line {line}: {what}. The package will not load.", file.file);
                open.push(("generated-broken", text));
            }
            if file.is_outdated {
                let text = format!(
                    "What Packwright generates for {} has changed since you edited it. Compare, and keep yours or take the \
                     new one.",
                    file.file
                );
                open.push(("generated-outdated", text));
            }
        }
        open
    }
}

#[cfg(test)]
mod tests;
