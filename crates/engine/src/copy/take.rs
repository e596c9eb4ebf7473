//! From what a package says to edits.

use std::collections::BTreeMap;

use packwright_inspect::{Sourced, SourcedSchema};
use packwright_mlflow::environment::Environment;
use packwright_mlflow::example::{EXAMPLE_FILE, ExampleData, InputExample};
use packwright_mlflow::json::params_text;
use packwright_mlflow::package::PackageFiles as _;
use packwright_mlflow::schema::{ParamSpec, Schema};
use serde_yaml::Value;

use super::Original;
use crate::draft::Draft;
use crate::edit::{Edit, RequirementLine, Side};
use crate::environment::pip_lines;
use crate::generated::{LOADER, MODEL, is_loader};
use crate::plan::{Origin, plan};
use crate::{flavors, names};

/// A longer example, or a longer file of code, is left where it is: a saved draft is a small file.
const LONGEST_TEXT_BYTES: u64 = 1 << 20;

/// A copy while it is made.
pub(super) struct Taking<'a> {
    pub(super) draft: &'a mut Draft,
    pub(super) original: &'a Original,
    /// What could not be taken over, in sentences.
    pub(super) notes: Vec<String>,
    /// `MLmodel of churn.zip`.
    pub(super) source: String,
}

impl<'a> Taking<'a> {
    pub(super) fn new(draft: &'a mut Draft, original: &'a Original) -> Self {
        let source = format!("MLmodel of {}", original.name);
        Self { draft, original, notes: Vec::new(), source }
    }

    /// Takes everything over that the draft does not say already. What others are worked out from comes first.
    pub(super) fn all(&mut self) {
        self.model_in_file();
        self.code();
        self.architecture();
        self.generated();
        self.name();
        self.metadata();
        self.signature();
        self.example();
        self.environment();
    }

    /// Makes an edit. A refusal becomes a note.
    pub(super) fn apply(&mut self, what: &str, edit: Edit) -> bool {
        match self.draft.apply(edit) {
            Ok(()) => true,
            Err(error) => {
                self.notes.push(format!("{what} could not be taken over: {error}."));
                false
            }
        }
    }

    /// Makes an edit whose value has a source that is shown.
    pub(super) fn take(&mut self, what: &str, edit: Edit) -> bool {
        let source = self.source.clone();
        self.apply(what, Edit::TakenOver { source, edit: Box::new(edit) })
    }

    /// A key of what Packwright recorded.
    fn recorded(&self, key: &str) -> Option<&Value> {
        self.original.model.get("metadata")?.get("packwright")?.get(key)
    }

    fn text(&mut self, name: &str) -> Option<String> {
        match self.original.package.read(name, LONGEST_TEXT_BYTES).map(String::from_utf8) {
            Ok(Ok(text)) => Some(text),
            Ok(Err(_)) => {
                self.notes.push(format!("{name} could not be taken over: it is not UTF-8."));
                None
            }
            Err(error) => {
                self.notes.push(format!("{name} could not be taken over: {error}."));
                None
            }
        }
    }

    fn model_in_file(&mut self) {
        let Some(path) = self.recorded("model_in_file").and_then(Value::as_str).map(str::to_owned) else {
            return;
        };
        self.apply("The choice of the model in the file", Edit::SelectModel { path });
    }

    fn code(&mut self) {
        let original = self.original;
        let inside = |name: &str| match original.package.root_in_archive() {
            Some(root) => original.path.join(format!("{root}{name}")),
            None => original.path.join(name),
        };
        let mut own = original.package.names().iter().filter_map(|name| name.strip_prefix("code/"));
        if own.any(|name| !is_loader(name)) {
            self.apply("The code", Edit::AddCode { path: inside("code") });
        }
        if !self.draft.needs_network() {
            return;
        }
        let python = original.model.flavor("python_function");
        let network = python.and_then(|block| block.get("artifacts")?.get("network")?.get("path")?.as_str());
        if let Some(network) = network.filter(|name| original.package.has_file(name)) {
            self.apply("The network", Edit::AddCode { path: inside(network) });
        }
    }

    fn architecture(&mut self) {
        let Some(chosen) = self.recorded("architecture") else { return };
        let class = chosen.get("class").and_then(Value::as_str).map(str::to_owned);
        let arguments = chosen.get("arguments").and_then(Value::as_mapping).into_iter().flatten();
        let argument = |(name, value): (&Value, &Value)| {
            Some((name.as_str()?.to_owned(), serde_json::to_value(value).ok()?))
        };
        let (Some(class), arguments) = (class, arguments.filter_map(argument).collect()) else { return };
        self.apply("The architecture", Edit::SetArchitecture { class, arguments });
    }

    /// The texts of generated code that is not as it would be generated now.
    fn generated(&mut self) {
        for file in self.draft.generated_files() {
            let python = self.original.model.flavor("python_function");
            let named = |key: &str| python?.get(key)?.as_str().map(str::to_owned);
            let place = match file.file {
                MODEL => named("model_code_path"),
                _ => named("loader_module").map(|module| format!("code/{module}.py")),
            };
            let Some(place) = place.filter(|place| self.original.package.has_file(place)) else { continue };
            let Some(text) = self.text(&place) else { continue };
            if text != file.generated {
                let what = if file.file == LOADER { "The loader" } else { "model.py" };
                self.apply(what, Edit::SetGenerated { file: file.file.to_owned(), text, over: None });
            }
        }
    }

    fn name(&mut self) {
        let said = self.original.model.get("metadata").and_then(|metadata| metadata.get("name")?.as_str());
        let name = said.map_or_else(|| names::default_name(&self.original.path), str::to_owned);
        if name == self.draft.name().value {
            return;
        }
        let edit = Edit::SetName { name };
        if said.is_some() {
            self.take("The name", edit);
        } else {
            let source = "the package's name".to_owned();
            self.apply("The name", Edit::TakenOver { source, edit: Box::new(edit) });
        }
    }

    fn signature(&mut self) {
        let signature = match self.original.model.signature() {
            Ok(signature) => signature.unwrap_or_default(),
            Err(error) => {
                self.notes.push(format!("The signature could not be taken over: {error}."));
                return;
            }
        };
        let text = |key: &str| {
            let value = self.original.model.get("signature").and_then(|signature| signature.get(key));
            value.and_then(Value::as_str).map(str::to_owned).unwrap_or_default()
        };
        let sides = [
            (Side::Inputs, "inputs", signature.inputs, text("inputs")),
            (Side::Outputs, "outputs", signature.outputs, text("outputs")),
        ];
        for (side, word, wanted, text) in sides {
            let now = self.draft.signature();
            let now = if side == Side::Inputs { now.inputs } else { now.outputs };
            match wanted {
                Some(wanted) if now.as_ref().map(plain).as_ref() == Some(&wanted) => {}
                Some(_) => {
                    self.take(&format!("The {word}"), Edit::ReplaceSchema { side, schema: text });
                }
                None if now.is_some() => self.notes.push(format!(
                    "The package declares no {word}; those here are what the model itself says."
                )),
                None => {}
            }
        }
        self.params(signature.params.unwrap_or_default());
    }

    /// The parameters without those that the generated code brings.
    fn params(&mut self, wanted: Vec<ParamSpec>) {
        let brought = flavors::layout(self.draft, None).map(|layout| layout.params).unwrap_or_default();
        let wanted: Vec<ParamSpec> = wanted.into_iter().filter(|param| !brought.contains(param)).collect();
        let now = self.draft.signature().params.unwrap_or_default();
        if now.into_iter().map(|param| param.value).ne(wanted.iter().cloned()) {
            self.take("The parameters", Edit::ReplaceParams { params: params_text(&wanted) });
        }
    }

    fn example(&mut self) {
        let Some(info) = self.original.model.get("saved_input_example_info").and_then(Value::as_mapping)
        else {
            return;
        };
        let name = info.get("artifact_path").and_then(Value::as_str).unwrap_or(EXAMPLE_FILE).to_owned();
        let Some(text) = self.text(&name) else { return };
        let wanted = match InputExample::read(info, &text) {
            Ok(wanted) => wanted,
            Err(error) => {
                self.notes.push(format!("The example could not be taken over: {error}."));
                return;
            }
        };
        if let Some(edit) = rows(&wanted) {
            // Values may read otherwise as cells: then the example is kept whole.
            let mut tried = self.draft.clone();
            if tried.apply(edit.clone()).is_ok() && tried.input_example().as_ref() == Some(&wanted) {
                self.take("The example", edit);
                return;
            }
        }
        let texts = info.iter().filter_map(|(key, value)| Some((key.as_str()?.to_owned(), word(value)?)));
        let info: BTreeMap<String, String> = texts.collect();
        self.take("The example", Edit::ReplaceExample { info, text });
    }

    fn environment(&mut self) {
        let environment = Environment::read(&self.original.package);
        let python = self.original.model.flavor("python_function");
        let said = python.and_then(|block| block.get("python_version")?.as_str().map(str::to_owned));
        if let Some(version) = said.or(environment.python)
            && version != self.draft.python().value
        {
            self.take("The Python version", Edit::SetPython { version });
        }
        let (lines, left_out) = pip_lines(&environment.requirements.join("\n"));
        for reason in left_out {
            self.notes.push(format!("A requirement is left out: {reason}."));
        }
        let now = self.draft.requirements();
        if lines.is_empty() || now.iter().map(|line| &line.requirement).eq(&lines) {
            return;
        }
        let source = format!("requirements.txt of {}", self.original.name);
        let line = |requirement: String| {
            let known = now.iter().find(|line| line.requirement == requirement);
            let source = known.map_or_else(|| source.clone(), |line| line.source.clone());
            RequirementLine { requirement, source }
        };
        let lines = lines.into_iter().map(line).collect();
        self.apply("The requirements", Edit::SetRequirements { lines, python: None });
    }
}

/// The edit that writes an example row by row, where it is a plain table.
fn rows(example: &InputExample) -> Option<Edit> {
    let ExampleData::DataFrame { columns: Some(columns), rows } = &example.data else { return None };
    let columns: Option<Vec<String>> = columns.iter().map(|name| name.as_str().map(str::to_owned)).collect();
    example.params.is_none().then_some(())?;
    Some(Edit::SetExample { columns: columns?, rows: rows.clone() })
}

/// MLflow 1 wrote booleans where it later wrote texts.
fn word(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Bool(bool) => Some(bool.to_string()),
        _ => None,
    }
}

/// A side without its sources.
pub(super) fn plain(schema: &SourcedSchema) -> Schema {
    fn values<T: Clone>(rows: &[Sourced<T>]) -> Vec<T> {
        rows.iter().map(|row| row.value.clone()).collect()
    }
    match schema {
        SourcedSchema::Columns(columns) => Schema::Columns(values(columns)),
        SourcedSchema::Tensors(tensors) => Schema::Tensors(values(tensors)),
    }
}

/// The paths of the package that a draft makes; `None` when it makes none.
pub(super) fn planned(draft: &Draft) -> Option<Vec<(String, Origin)>> {
    let plan = plan(draft).ok()?;
    Some(plan.files.into_iter().map(|file| (file.path, file.origin)).collect())
}
