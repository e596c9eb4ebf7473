//! The package being composed: an inspection and the person's choices.

mod architecture;
mod replay;
mod requirements;
mod sample;

use std::path::{Path, PathBuf};

pub use architecture::NetworkOffer;
use packwright_inspect::safety::{Finding, Severity, Verdict};
use packwright_inspect::{Inspection, Requirement, Serving, Sourced, SourcedSignature};
pub use sample::WholeExample;

use crate::choices::{CONFIRM_WORD, Choices, YOU};
use crate::code::{CodeTree, MAIN, ModuleState};
use crate::edit::{Edit, EditError, Tag};
use crate::flavors::loader::MainScript;
use crate::metadata::{CardEntry, Metadata};
use crate::plan::PlanError;
use crate::recipe::Recipe;
use crate::timestamp::Timestamp;
use crate::{environment, names};

/// How many changes can be taken back.
const MOST_UNDO: usize = 500;

/// The package being composed: an inspection and the person's choices, with undo and redo.
#[derive(Debug, Clone)]
pub struct Draft {
    inspection: Inspection,
    created: Sourced<Timestamp>,
    /// The package that the artifact was taken from.
    package: Option<PathBuf>,
    choices: Choices,
    /// Edits that are too old to be taken back.
    settled: Vec<Edit>,
    done: Vec<Step>,
    undone: Vec<Step>,
}

/// One edit, and the choices before it (or, when undone, after it).
#[derive(Debug, Clone)]
struct Step {
    choices: Choices,
    label: String,
    edit: Edit,
}

/// Something that only the person can decide. None of them stops an export.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decision {
    /// A stable id: `inputs-unknown`.
    pub id: &'static str,
    /// What to decide, and what happens otherwise.
    pub text: String,
    /// Where to decide it.
    pub section: Section,
}

/// The sections of a draft.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Section {
    /// What it is.
    Overview,
    /// What goes in and what comes out.
    Signature,
    /// What it needs to run.
    Environment,
    /// Name, description, tags.
    Metadata,
    /// What loading it would do.
    Safety,
    /// What the package will hold.
    Files,
}

/// Why a row to review needs no more attention.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Acknowledgement {
    /// What the person wrote; may be empty.
    pub note: String,
    /// `you`, or the code that the person added.
    pub source: String,
}

/// A type in a skops file, and whether it may be loaded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trust {
    /// `module.Class`.
    pub name: String,
    /// Whether it may.
    pub is_trusted: bool,
    /// Whether models of its library are known to be made of it.
    pub is_known: bool,
    /// Why it is known, or why it is asked about.
    pub why: String,
}

impl Draft {
    /// A draft without choices, made at the start of 1970; [`crate::open::open`] gives it the artifact's own time.
    pub fn new(inspection: Inspection) -> Self {
        let created = Sourced::new(Timestamp::EPOCH, "assumed: no time is known");
        Self {
            inspection,
            created,
            package: None,
            choices: Choices::default(),
            settled: Vec::new(),
            done: Vec::new(),
            undone: Vec::new(),
        }
    }

    /// The same draft with another creation time.
    #[must_use]
    pub fn with_created(mut self, created: Sourced<Timestamp>) -> Self {
        self.created = created;
        self
    }

    /// The same draft, of a model that lies in a package.
    #[must_use]
    pub(crate) fn of_package(mut self, package: PathBuf) -> Self {
        self.package = Some(package);
        self
    }

    /// The package that the model lies in, when the draft is a copy of one.
    pub fn package(&self) -> Option<&Path> {
        self.package.as_deref()
    }

    /// What the package is made from: the artifact or, of a copy, the model in the package. Its name and its length.
    pub(crate) fn made_from(&self) -> (String, u64) {
        let artifact = &self.inspection.artifact;
        if let Some(member) = artifact.member.as_ref().filter(|_| self.package.is_some()) {
            return (member.file_name.clone(), member.size_bytes);
        }
        let name = artifact.path.file_name().unwrap_or_default();
        (name.to_string_lossy().into_owned(), artifact.size_bytes)
    }

    /// Keys of the MLmodel's `metadata` that no field of the form is for, kept from a package.
    pub fn extra(&self) -> impl Iterator<Item = (&str, &serde_json::Value)> {
        self.choices.kept()
    }

    /// Files and folders with code of the person's own, which are copied to `code/`, from where Python imports them
    /// when the model is loaded.
    pub fn code(&self) -> &[PathBuf] {
        &self.choices.code
    }

    /// What was read from the artifact: of the chosen model, where it holds several.
    pub fn inspection(&self) -> &Inspection {
        self.choices.chosen(&self.inspection)
    }

    /// Every model in the artifact, the one that was proposed first.
    pub fn models(&self) -> impl Iterator<Item = &Inspection> {
        std::iter::once(&self.inspection).chain(&self.inspection.others)
    }

    /// The creation time that the package records as `utc_time_created`.
    ///
    /// It belongs to the draft and not to the moment of the export, so that one draft exported twice gives the same
    /// bytes: it is `SOURCE_DATE_EPOCH` where that is set, else the modification time of the artifact.
    pub fn created(&self) -> &Sourced<Timestamp> {
        &self.created
    }

    /// The package's name.
    pub fn name(&self) -> Sourced<String> {
        match &self.choices.name {
            Some(name) => name.clone(),
            None => Sourced::new(names::default_name(&self.inspection.artifact.path), "the file's name"),
        }
    }

    /// The description in Markdown; empty when there is none.
    pub fn description(&self) -> &str {
        &self.choices.description
    }

    /// What the person said beside the description and the tags.
    pub fn metadata(&self) -> &Metadata {
        &self.choices.metadata
    }

    /// What a reader of the model card will look for, and whether it is there. Nothing of it is ever asked for.
    pub fn completeness(&self) -> Vec<CardEntry> {
        self.choices.metadata.completeness(&self.choices.description)
    }

    /// The tags in the order in which they were added.
    pub fn tags(&self) -> &[Tag] {
        &self.choices.tags
    }

    /// What goes in and what comes out, with the person's changes.
    pub fn signature(&self) -> SourcedSignature {
        self.choices.signature(self.inspection())
    }

    /// What the person alone can decide. Empty: nothing is open.
    pub fn decisions(&self) -> Vec<Decision> {
        let mut open = Vec::new();
        let mut decide = |id, text: String, section| open.push(Decision { id, text, section });
        let signature = self.signature();
        if self.can_be_served() {
            if signature.inputs.is_none() {
                let text = "What goes in is unknown. Without it MLflow checks nothing that callers send.";
                decide("inputs-unknown", text.into(), Section::Signature);
            }
            if signature.outputs.is_none() {
                let text = "What comes out is unknown. Callers will not find it in the package.";
                decide("outputs-unknown", text.into(), Section::Signature);
            }
            for line in self.requirements() {
                if is_unpinned_framework(self.inspection(), &line) {
                    let text = format!(
                        "The version of {} is unknown. Without one the newest is installed, which may not load the model.",
                        line.requirement
                    );
                    decide("framework-version-unknown", text, Section::Environment);
                }
            }
        } else {
            decide("not-servable", self.why_not(), Section::Overview);
        }
        if let Some(problem) = self.architecture_problem() {
            decide("architecture-missing", problem, Section::Environment);
        }
        for state in self.modules().iter().filter(|state| !state.is_complete()) {
            decide("code-missing", missing_code(state), Section::Environment);
        }
        for (id, text) in self.changed_code_decisions() {
            decide(id, text, Section::Files);
        }
        let untrusted: Vec<String> =
            self.trust().into_iter().filter(|ty| !ty.is_trusted).map(|ty| ty.name).collect();
        if !untrusted.is_empty() {
            let text = format!("Loading fails until you trust {}.", untrusted.join(", "));
            decide("types-untrusted", text, Section::Safety);
        }
        let safety = &self.inspection.safety;
        match safety.verdict() {
            Verdict::Safe => {}
            Verdict::Review if self.is_reviewed() => {}
            Verdict::Review => decide(
                "review",
                format!("Do you know this code? {}", sentence(&safety.summary)),
                Section::Safety,
            ),
            Verdict::Unscanned => {
                let text = "A part of the file could not be read, so what loading it would run is not known in full.";
                decide("unscanned", text.into(), Section::Safety);
            }
            Verdict::Dangerous => {
                decide(
                    "dangerous",
                    format!("Loading this file can do harm. {}", sentence(&safety.summary)),
                    Section::Safety,
                );
            }
        }
        open
    }

    /// What the person should know, in sentences.
    pub fn warnings(&self) -> Vec<String> {
        let mut warnings = self.inspection().warnings.clone();
        if let Ok(tree) = self.code_tree() {
            warnings.extend(tree.warnings(&self.inspection().own_modules));
        }
        if let Some(sample) = self.sample() {
            warnings.extend(sample.notes.iter().map(|note| format!("{}: {note}", sample.file_name)));
            warnings.extend(self.differences().into_iter().map(
                |difference| match difference.column.as_str() {
                    "" => difference.text,
                    column => format!("{column}: {}", difference.text),
                },
            ));
        }
        let lines = self.requirements();
        if !environment::installs_mlflow(&lines) {
            warnings.push(
                "requirements.txt does not install mlflow; `mlflow models serve` needs it inside the package's environment"
                    .into(),
            );
        }
        if crate::texts::leaves_inputs_out(self) {
            warnings.push(
                "The types of some columns are unknown, and the MLflow that goes with this version of the library has \
                 no word for that: the package declares no inputs until they have types."
                    .into(),
            );
        }
        warnings
    }

    /// Why the draft cannot be exported; `None` when it can.
    pub fn export_blocked(&self) -> Option<String> {
        if self.can_be_served() { self.architecture_problem() } else { Some(self.why_not()) }
    }

    /// What the person chose.
    pub(crate) fn choices(&self) -> &Choices {
        &self.choices
    }

    /// The person's code as it will lie in the package.
    pub(crate) fn code_tree(&self) -> Result<CodeTree, PlanError> {
        CodeTree::read(&self.choices.code_files(), &self.inspection().own_modules)
    }

    /// The modules that the model imports and no known library provides, and which of them the package has.
    pub fn modules(&self) -> Vec<ModuleState> {
        let needed = &self.inspection().own_modules;
        // Code that cannot be read provides nothing; the plan says why it cannot.
        if needed.is_empty() { Vec::new() } else { self.code_tree().unwrap_or_default().states(needed) }
    }

    /// The dropped file that defines what the model expects in `__main__`, if it does.
    pub(crate) fn main_script(&self) -> Option<MainScript> {
        let state = self.modules().into_iter().find(|state| state.module == MAIN && state.is_complete())?;
        let module = state.found?.strip_prefix("code/")?.strip_suffix(".py")?.to_owned();
        Some(MainScript { module, names: state.names })
    }

    /// The types of a skops file, and whether each may be loaded: those of known libraries and those whose code the
    /// person added, unless the person says otherwise.
    pub fn trust(&self) -> Vec<Trust> {
        let Serving::SklearnSkops { types, .. } = &self.inspection().serving else { return Vec::new() };
        let modules = self.modules();
        let trust = |ty: &packwright_inspect::SkopsType| {
            let provider = provider(&ty.name, &modules);
            let why = provider.map_or_else(|| ty.why.clone(), |found| format!("you added {found}"));
            let is_expected = ty.is_known || provider.is_some();
            let is_trusted = self.choices.trust.get(&ty.name).copied().unwrap_or(is_expected);
            Trust { name: ty.name.clone(), is_trusted, is_known: ty.is_known, why }
        };
        types.iter().map(trust).collect()
    }

    /// The types that skops is told to trust.
    pub(crate) fn trusted_types(&self) -> Vec<String> {
        self.trust().into_iter().filter(|ty| ty.is_trusted).map(|ty| ty.name).collect()
    }

    /// What must be typed before the package can be written: a dangerous model that nobody confirmed.
    pub fn confirm_word(&self) -> Option<&'static str> {
        let is_dangerous = self.inspection.safety.verdict() == Verdict::Dangerous;
        (is_dangerous && !self.choices.is_danger_confirmed).then_some(CONFIRM_WORD)
    }

    /// Each finding of the safety report, and why it needs no more attention; `None` when it does, or when it is no row
    /// to review. Reads the person's code once for all of them.
    pub fn acknowledgements(&self) -> Vec<(&Finding, Option<Acknowledgement>)> {
        let modules = self.modules();
        let judged = |finding| (finding, acknowledgement(finding, &self.choices, &modules));
        self.inspection().safety.findings.iter().map(judged).collect()
    }

    /// Whether the verdict is `review` and every row behind it was accepted.
    pub fn is_reviewed(&self) -> bool {
        if self.inspection.safety.verdict() != Verdict::Review {
            return false;
        }
        let judged = self.acknowledgements();
        let mut rows = judged.iter().filter(|(finding, _)| finding.severity == Severity::Review).peekable();
        rows.peek().is_some() && rows.all(|(_, acknowledgement)| acknowledgement.is_some())
    }

    fn can_be_served(&self) -> bool {
        !matches!(self.inspection().serving, Serving::No | Serving::Package)
    }

    fn why_not(&self) -> String {
        if self.inspection().serving == Serving::Package {
            return "This is an MLflow package already.".into();
        }
        match self.inspection().warnings.first() {
            Some(reason) => format!("MLflow cannot serve this: {}", sentence(reason)),
            None => "MLflow has no flavor that can serve this.".into(),
        }
    }

    /// Makes one change.
    ///
    /// # Errors
    ///
    /// [`EditError`] when it would give something that MLflow refuses; the draft is then as it was.
    pub fn apply(&mut self, edit: Edit) -> Result<(), EditError> {
        let edit = self.completed(edit)?;
        let next = self.choices.edited(&edit, &self.inspection)?;
        if next == self.choices {
            return Ok(());
        }
        // The window saves as the person types: one run of typing is one thing to take back.
        if let Some(last) = self.done.last_mut().filter(|step| is_one_typing(&step.edit, &edit)) {
            last.edit = edit;
            self.choices = next;
            self.undone.clear();
            return Ok(());
        }
        self.step(edit, next);
        Ok(())
    }

    fn step(&mut self, edit: Edit, next: Choices) {
        let before = std::mem::replace(&mut self.choices, next);
        self.undone.clear();
        if self.done.len() == MOST_UNDO {
            self.settled.push(self.done.remove(0).edit);
        }
        self.done.push(Step { choices: before, label: edit.label(), edit });
    }

    /// The edits that led here; applied to a draft of the same artifact they lead here again.
    pub fn recipe(&self) -> Recipe {
        let done = self.done.iter().map(|step| &step.edit);
        Recipe { edits: self.settled.iter().chain(done).cloned().collect() }
    }

    /// Takes the last change back. False when there is none.
    pub fn undo(&mut self) -> bool {
        let Some(mut step) = self.done.pop() else { return false };
        std::mem::swap(&mut self.choices, &mut step.choices);
        self.undone.push(step);
        true
    }

    /// Makes the last undone change again. False when there is none.
    pub fn redo(&mut self) -> bool {
        let Some(mut step) = self.undone.pop() else { return false };
        std::mem::swap(&mut self.choices, &mut step.choices);
        self.done.push(step);
        true
    }

    /// What [`Draft::undo`] would take back: `set name`.
    pub fn undo_label(&self) -> Option<&str> {
        self.done.last().map(|step| step.label.as_str())
    }

    /// What [`Draft::redo`] would make again.
    pub fn redo_label(&self) -> Option<&str> {
        self.undone.last().map(|step| step.label.as_str())
    }
}

/// Whether both edits type into one text.
fn is_one_typing(last: &Edit, next: &Edit) -> bool {
    match (last, next) {
        (Edit::SetDescription { .. }, Edit::SetDescription { .. }) => true,
        (Edit::SetMetadata { field: last, .. }, Edit::SetMetadata { field: next, .. }) => last == next,
        (
            Edit::SetGenerated { file: one, text: before, .. },
            Edit::SetGenerated { file: other, text: after, .. },
        ) => one == other && !before.is_empty() && !after.is_empty(),
        _ => false,
    }
}

/// Accepted by the person, a type that the person trusts, or code that the person added.
fn acknowledgement(finding: &Finding, choices: &Choices, modules: &[ModuleState]) -> Option<Acknowledgement> {
    if finding.severity != Severity::Review {
        return None;
    }
    if let Some(note) = choices.acknowledged.get(&finding.key()) {
        return Some(Acknowledgement { note: note.clone(), source: YOU.to_owned() });
    }
    let source = match choices.trust.get(&finding.what) {
        Some(true) => "you trust this type".to_owned(),
        Some(false) => return None,
        None => format!("you added {}", provider(&finding.what, modules)?),
    };
    Some(Acknowledgement { note: String::new(), source })
}

/// The file of the person's own code that defines `module.Name`.
fn provider<'a>(full: &str, modules: &'a [ModuleState]) -> Option<&'a str> {
    let is_own = |state: &&ModuleState| {
        let name = full.strip_prefix(&state.module).and_then(|rest| rest.strip_prefix('.'));
        name.is_some_and(|name| state.names.iter().any(|own| own == name))
    };
    modules.iter().filter(|state| state.is_complete()).find(is_own)?.found.as_deref()
}

/// What to do about a module that is missing, or lacks what the model takes from it.
fn missing_code(state: &ModuleState) -> String {
    let names = state.names.join(", ");
    match (&state.found, state.module.as_str()) {
        (Some(found), _) => {
            format!("{found} does not define {}, which the model needs.", state.undefined.join(", "))
        }
        (None, MAIN) => format!(
            "The model needs {names} of the script that saved it. Add the Python file that defines it; a notebook's cell can be saved as one."
        ),
        (None, module) => {
            format!(
                "The model imports {names} from {module}. Add its Python file, or the folder that it lies in."
            )
        }
    }
}

/// Whether the line is the framework's own and no version is known.
fn is_unpinned_framework(inspection: &Inspection, line: &Requirement) -> bool {
    let Some(framework) = &inspection.framework else { return false };
    let is_open = line.requirement == framework.value
        // What a file proves of its writer leaves the newest release to be installed all the same.
        || line.requirement.strip_prefix(&framework.value).is_some_and(|bound| {
            bound.starts_with(">=") && !bound.contains(',') && framework.value == "torch"
        });
    is_open && line.source != YOU
}

/// The text with a capital and a full stop.
pub(crate) fn sentence(text: &str) -> String {
    let mut out = String::new();
    let mut chars = text.chars();
    out.extend(chars.next().into_iter().flat_map(char::to_uppercase));
    out.push_str(chars.as_str());
    if !out.ends_with(['.', '!', '?']) {
        out.push('.');
    }
    out
}

#[cfg(test)]
mod tests;
