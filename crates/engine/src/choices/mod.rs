//! What the person chose, and how each edit changes it.

mod signature;
mod taken;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use packwright_inspect::safety::Severity;
use packwright_inspect::{Inspection, Requirement, Serving, Sourced, SourcedSchema, SourcedSignature};
use packwright_mlflow::schema::ParamSpec;

use crate::architecture::{self, ArchitectureChoice};
use crate::code::CodeTree;
use crate::edit::{Edit, EditError, Tag};
use crate::generated::GeneratedChoice;
use crate::metadata::Metadata;
use crate::network::{self, Network};
use crate::sample::{self, Example, ExampleChoice, ExampleTable, Role, SampleChoice};
use crate::{environment, names};

/// The source of everything the person set.
pub(crate) const YOU: &str = "you";

/// What a person types to pack a dangerous model.
pub(crate) const CONFIRM_WORD: &str = "dangerous";

/// What the person chose. `None` and empty mean: what the inspection says.
#[derive(Debug, Clone, PartialEq, Default)]
pub(crate) struct Choices {
    pub(crate) name: Option<Sourced<String>>,
    pub(crate) description: String,
    pub(crate) tags: Vec<Tag>,
    pub(crate) metadata: Metadata,
    /// Keys of `metadata` in the MLmodel that are nobody's field, kept from a package.
    pub(crate) extra: BTreeMap<String, serde_json::Value>,
    /// The whole list, from the first edit of a line on.
    pub(crate) requirements: Option<Vec<Requirement>>,
    pub(crate) python: Option<Sourced<String>>,
    /// The whole side, from the first edit of a row on; unedited rows keep their source.
    pub(crate) inputs: Option<SourcedSchema>,
    /// As for the inputs.
    pub(crate) outputs: Option<SourcedSchema>,
    /// The whole list of parameters, from the first edit of one on.
    pub(crate) params: Option<Vec<Sourced<ParamSpec>>>,
    /// The sample data, as it was read when it was given.
    pub(crate) sample: Option<SampleChoice>,
    /// The example, from the first edit of a cell on, or as a package had it.
    pub(crate) example: Option<ExampleChoice>,
    /// The model chosen among several, by its path in the file.
    pub(crate) model: Option<String>,
    /// Files and folders with code of the person's own.
    pub(crate) code: Vec<PathBuf>,
    /// Findings that the person accepted, by key, each with the note.
    pub(crate) acknowledged: BTreeMap<String, String>,
    /// Whether the person typed that a dangerous model is to be packed.
    pub(crate) is_danger_confirmed: bool,
    /// Types of a skops file about which the person decided.
    pub(crate) trust: BTreeMap<String, bool>,
    /// The class that weights alone belong to.
    pub(crate) architecture: Option<ArchitectureChoice>,
    /// The network that weights of Keras belong to: one of the files in `code`, as it was when that was added.
    pub(crate) network: Option<Network>,
    /// Texts in place of generated ones, by what edits call the file.
    pub(crate) generated: BTreeMap<String, GeneratedChoice>,
}

impl Choices {
    /// The signature: the person's sides, else what the inspection and the sample say together.
    pub(crate) fn signature(&self, inspection: &Inspection) -> SourcedSignature {
        // Weights have the signature of the network that they belong to.
        let inspection = self.network.as_ref().map_or(inspection, |network| &network.inspection);
        let read = &inspection.signature;
        let sampled = self.sample.as_ref();
        let inputs = || match sampled {
            Some(sample) => sample::inputs(sample, inspection),
            None => read.inputs.clone(),
        };
        let outputs = || read.outputs.clone().or_else(|| sample::outputs(sampled?, inspection));
        SourcedSignature {
            inputs: self.inputs.clone().or_else(inputs),
            outputs: self.outputs.clone().or_else(outputs),
            params: self.params.clone().or_else(|| read.params.clone()),
        }
    }

    /// The Python version, chosen or worked out.
    pub(crate) fn python(&self, inspection: &Inspection) -> Sourced<String> {
        if let Some(version) = &self.python {
            return version.clone();
        }
        if let Some(python) = &inspection.python {
            return python.clone();
        }
        let lines = self.artifact_s_requirements(inspection);
        let lines: Vec<&str> = lines.iter().map(|line| line.requirement.as_str()).collect();
        environment::python_for(&lines)
    }

    /// The requirement lines, chosen or worked out, mlflow first.
    pub(crate) fn requirements(&self, inspection: &Inspection) -> Vec<Requirement> {
        if let Some(lines) = &self.requirements {
            return lines.clone();
        }
        let python = self.python(inspection).value;
        let own = self.artifact_s_requirements(inspection);
        environment::requirements_for(inspection, own, &self.signature(inspection), &python)
    }

    /// What the artifact itself asks for; of weights alone, what their network asks for, unless they know their version.
    fn artifact_s_requirements<'a>(&'a self, inspection: &'a Inspection) -> &'a [Requirement] {
        match &self.network {
            Some(network) if inspection.framework_version.is_none() => &network.inspection.requirements,
            _ => &inspection.requirements,
        }
    }

    /// The code without the file that describes the network, which is no code.
    pub(crate) fn code_files(&self) -> Vec<PathBuf> {
        let network = self.network.as_ref().map(|network| &network.path);
        self.code.iter().filter(|path| Some(*path) != network).cloned().collect()
    }

    /// The choices after one edit.
    pub(crate) fn edited(&self, edit: &Edit, inspection: &Inspection) -> Result<Self, EditError> {
        let mut next = self.clone();
        let chosen = self.chosen(inspection);
        match edit {
            Edit::SetName { name } => next.set_name(name)?,
            Edit::SetDescription { description } => next.description.clone_from(description),
            Edit::SetMetadata { field, value } => next.metadata.set(*field, value)?,
            Edit::SetTag { key, value } => next.set_tag(key, value)?,
            Edit::RenameTag { from, to } => next.rename_tag(from, to)?,
            Edit::RemoveTag { key } => {
                let index = next.tag_index(key)?;
                next.tags.remove(index);
            }
            Edit::SetRequirement { index, requirement } => {
                let lines = self.requirements(chosen);
                next.requirements = Some(environment::set_line(lines, *index, requirement)?);
            }
            Edit::SetRequirements { lines, python } => {
                next.requirements = environment::all_lines(lines)?;
                if let Some(version) = python {
                    next.set_python(version)?;
                }
            }
            Edit::SetPython { version } => next.set_python(version)?,
            Edit::SetColumnType { side, index, ty } => {
                next.edit_row(*side, *index, chosen, |row| row.set_type(ty))?;
            }
            Edit::SetColumnName { side, index, name } => {
                next.edit_row(*side, *index, chosen, |row| row.set_name(name))?;
                signature::unique_names(next.side(*side, chosen).as_ref())?;
            }
            Edit::ResetSchema { side } => *next.slot(*side) = None,
            Edit::SetSchema { side, names, ty, shape } => next.set_schema(*side, names, ty, shape)?,
            Edit::SetRequired { side, index, is_required } => {
                next.edit_row(*side, *index, chosen, |row| row.set_required(*is_required))?;
            }
            Edit::SetShape { side, index, shape } => {
                next.edit_row(*side, *index, chosen, |row| row.set_shape(shape))?;
            }
            Edit::AddColumn { side, name, ty } => next.add_column(*side, name, ty, chosen)?,
            Edit::RemoveColumn { side, index } => next.remove_column(*side, *index, chosen)?,
            Edit::MoveColumn { side, from, to } => next.move_column(*side, *from, *to, chosen)?,
            Edit::SetParam { index, name, ty, default, is_list } => {
                let ty = signature::column_type(ty)?;
                let shape = is_list.then_some(-1);
                let spec = ParamSpec { name: name.clone(), ty, default: default.clone(), shape };
                next.set_param(*index, spec, chosen)?;
            }
            Edit::RemoveParam { index } => next.remove_param(*index, chosen)?,
            Edit::SetSample { path } => next.set_sample(path)?,
            Edit::RemoveSample => (next.sample, next.example) = (None, None),
            Edit::MarkColumn { name, role } => next.mark_column(name, *role)?,
            Edit::SetExample { columns, rows } => {
                let table = ExampleTable::new(columns.clone(), rows.clone())?;
                let table = sample::typed(table, self.signature(chosen).inputs.as_ref());
                next.example = Some(ExampleChoice::Table(Example { table, source: YOU.to_owned() }));
            }
            Edit::ResetExample => next.example = None,
            Edit::SelectModel { path } => next.select_model(path, inspection)?,
            Edit::AddCode { path } => next.add_code(path, inspection)?,
            Edit::RemoveCode { path } => {
                let at = next.code.iter().position(|known| known == path);
                let unknown = || EditError::Unknown(format!("{} is not among the code", path.display()));
                next.code.remove(at.ok_or_else(unknown)?);
                next.network = network::find(&next.code, chosen);
            }
            Edit::Acknowledge { finding, note } => next.acknowledge(finding, note, inspection)?,
            Edit::Withdraw { finding } => {
                if next.acknowledged.remove(finding).is_none() {
                    return Err(EditError::Unknown(format!("{finding} is not accepted")));
                }
            }
            Edit::ConfirmDanger { typed } => {
                if !typed.trim().eq_ignore_ascii_case(CONFIRM_WORD) {
                    return Err(EditError::Confirmation(format!("type {CONFIRM_WORD} to confirm")));
                }
                next.is_danger_confirmed = true;
            }
            Edit::SetTrust { name, is_trusted } => next.set_trust(name, *is_trusted, inspection)?,
            Edit::SetArchitecture { class, arguments } => next.set_architecture(class, arguments, chosen)?,
            Edit::SetGenerated { file, text, over } => {
                next.generated.remove(file);
                if !text.is_empty() {
                    let over = over.clone().unwrap_or_default();
                    next.generated.insert(file.clone(), GeneratedChoice { text: text.clone(), over });
                }
            }
            Edit::ReplaceSchema { side, schema } => next.replace_schema(*side, schema, chosen)?,
            Edit::ReplaceParams { params } => next.replace_params(params, chosen)?,
            Edit::ReplaceExample { info, text } => next.replace_example(info, text)?,
            Edit::SetExampleText { text } => next.set_example_text(text, chosen)?,
            Edit::SetExtra { key, value } => next.set_extra(key, value)?,
            Edit::TakenOver { source, edit } => {
                next = self.edited(edit, inspection)?;
                next.note_source(edit, source);
            }
        }
        Ok(next)
    }

    /// The inspection of the chosen model.
    pub(crate) fn chosen<'a>(&self, inspection: &'a Inspection) -> &'a Inspection {
        let Some(path) = &self.model else { return inspection };
        inspection.others.iter().find(|other| other.path_in_file == *path).unwrap_or(inspection)
    }

    fn select_model(&mut self, path: &str, inspection: &Inspection) -> Result<(), EditError> {
        let is_first = inspection.path_in_file == path;
        if !is_first && !inspection.others.iter().any(|other| other.path_in_file == path) {
            return Err(EditError::Unknown(format!("there is no model at {path} in the file")));
        }
        self.model = (!is_first).then(|| path.to_owned());
        (self.inputs, self.outputs, self.params) = (None, None, None);
        (self.requirements, self.architecture) = (None, None);
        self.generated.clear();
        Ok(())
    }

    fn add_code(&mut self, path: &Path, inspection: &Inspection) -> Result<(), EditError> {
        if self.code.iter().any(|known| known == path) {
            return Ok(());
        }
        self.code.push(path.to_path_buf());
        self.network = network::find(&self.code, self.chosen(inspection));
        // Read now, so that what cannot be packed is refused where it is dropped.
        CodeTree::read(&self.code_files(), &self.chosen(inspection).own_modules)
            .map(|_| ())
            .map_err(|error| EditError::Code(error.to_string()))
    }

    fn set_sample(&mut self, path: &Path) -> Result<(), EditError> {
        let sample = SampleChoice::read(path).map_err(|error| EditError::Sample(error.to_string()))?;
        (self.sample, self.example) = (Some(sample), None);
        Ok(())
    }

    fn mark_column(&mut self, name: &str, role: Role) -> Result<(), EditError> {
        let missing = || EditError::Unknown("there is no sample whose columns could be marked".into());
        self.example = None;
        self.sample.as_mut().ok_or_else(missing)?.mark(name, role)
    }

    fn set_architecture(
        &mut self,
        class: &str,
        arguments: &[(String, serde_json::Value)],
        chosen: &Inspection,
    ) -> Result<(), EditError> {
        if !matches!(chosen.serving, Serving::TorchWeights { .. }) {
            let problem = "only weights alone need an architecture; this model has its own";
            return Err(EditError::Architecture(problem.into()));
        }
        if class.is_empty() {
            self.architecture = None;
            return Ok(());
        }
        let tree = CodeTree::read(&self.code, &chosen.own_modules).unwrap_or_default();
        let candidates = architecture::candidates(&tree);
        architecture::check(class, arguments, candidates.iter().find(|known| known.class == class))?;
        self.architecture =
            Some(ArchitectureChoice { class: class.to_owned(), arguments: arguments.to_vec() });
        Ok(())
    }

    fn acknowledge(&mut self, key: &str, note: &str, inspection: &Inspection) -> Result<(), EditError> {
        let finding = inspection.safety.findings.iter().find(|finding| finding.key() == key);
        match finding.map(|finding| finding.severity) {
            Some(Severity::Review) => {
                self.acknowledged.insert(key.to_owned(), note.trim().to_owned());
                Ok(())
            }
            Some(_) => Err(EditError::Unknown("only rows to review can be accepted".into())),
            None => Err(EditError::Unknown(format!("there is no finding {key}"))),
        }
    }

    fn set_trust(&mut self, name: &str, is_trusted: bool, inspection: &Inspection) -> Result<(), EditError> {
        let Serving::SklearnSkops { types, .. } = &self.chosen(inspection).serving else {
            return Err(EditError::Unknown("only skops files ask which types to trust".into()));
        };
        if !types.iter().any(|ty| ty.name == name) {
            return Err(EditError::Unknown(format!("there is no type {name} in the file")));
        }
        self.trust.insert(name.to_owned(), is_trusted);
        Ok(())
    }

    fn set_name(&mut self, name: &str) -> Result<(), EditError> {
        let name = name.trim();
        self.name = if name.is_empty() {
            None
        } else if let Some(problem) = names::name_problem(name) {
            return Err(EditError::Name(problem));
        } else {
            Some(Sourced::new(name.to_owned(), YOU))
        };
        Ok(())
    }

    fn set_tag(&mut self, key: &str, value: &str) -> Result<(), EditError> {
        if let Some(tag) = self.tags.iter_mut().find(|tag| tag.key == key) {
            value.clone_into(&mut tag.value);
            return Ok(());
        }
        if let Some(problem) = names::key_problem(key) {
            return Err(EditError::Tag(problem));
        }
        self.tags.push(Tag { key: key.to_owned(), value: value.to_owned() });
        Ok(())
    }

    fn rename_tag(&mut self, from: &str, to: &str) -> Result<(), EditError> {
        let index = self.tag_index(from)?;
        if from != to && self.tags.iter().any(|tag| tag.key == to) {
            return Err(EditError::Tag(format!("there is a tag \"{to}\" already")));
        }
        if let Some(problem) = names::key_problem(to) {
            return Err(EditError::Tag(problem));
        }
        if let Some(tag) = self.tags.get_mut(index) {
            to.clone_into(&mut tag.key);
        }
        Ok(())
    }

    fn tag_index(&self, key: &str) -> Result<usize, EditError> {
        let found = self.tags.iter().position(|tag| tag.key == key);
        found.ok_or_else(|| EditError::Tag(format!("there is no tag \"{key}\"")))
    }

    fn set_python(&mut self, version: &str) -> Result<(), EditError> {
        let version = version.trim();
        self.python = if version.is_empty() {
            None
        } else if let Some(problem) = environment::python_problem(version) {
            return Err(EditError::Python(problem));
        } else {
            Some(Sourced::new(version.to_owned(), YOU))
        };
        Ok(())
    }
}
