//! The package being composed: an inspection and the person's choices.

use std::path::PathBuf;

use packwright_inspect::safety::Verdict;
use packwright_inspect::{Inspection, Requirement, Serving, Sourced, SourcedSignature};

use crate::choices::{Choices, YOU};
use crate::edit::{Edit, EditError, Recipe, Tag};
use crate::timestamp::Timestamp;
use crate::{environment, names};

/// How many changes can be taken back.
const MOST_UNDO: usize = 500;

/// The package being composed: an inspection and the person's choices, with undo and redo.
#[derive(Debug, Clone)]
pub struct Draft {
    inspection: Inspection,
    created: Sourced<Timestamp>,
    code: Vec<PathBuf>,
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

impl Draft {
    /// A draft without choices, made at the start of 1970; [`crate::open::open`] gives it the artifact's own time.
    pub fn new(inspection: Inspection) -> Self {
        let created = Sourced::new(Timestamp::EPOCH, "assumed: no time is known");
        Self {
            inspection,
            created,
            code: Vec::new(),
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

    /// The same draft with code of the person's own: files and folders that are copied to `code/`, from where Python
    /// imports them when the model is loaded.
    #[must_use]
    pub fn with_code(mut self, paths: Vec<PathBuf>) -> Self {
        self.code = paths;
        self
    }

    /// The paths given to [`Draft::with_code`].
    pub fn code(&self) -> &[PathBuf] {
        &self.code
    }

    /// What was read from the artifact.
    pub fn inspection(&self) -> &Inspection {
        &self.inspection
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
            Some(name) => Sourced::new(name.clone(), YOU),
            None => Sourced::new(names::default_name(&self.inspection.artifact.path), "the file's name"),
        }
    }

    /// The description in Markdown; empty when there is none.
    pub fn description(&self) -> &str {
        &self.choices.description
    }

    /// The tags in the order in which they were added.
    pub fn tags(&self) -> &[Tag] {
        &self.choices.tags
    }

    /// What goes in and what comes out, with the person's changes.
    pub fn signature(&self) -> SourcedSignature {
        self.choices.signature(&self.inspection)
    }

    /// The lines of `requirements.txt`, mlflow first, with the person's changes.
    pub fn requirements(&self) -> Vec<Requirement> {
        self.choices.requirements(&self.inspection)
    }

    /// The Python version to ask for.
    pub fn python(&self) -> Sourced<String> {
        self.choices.python(&self.inspection)
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
                if is_unpinned_framework(&self.inspection, &line) {
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
        let safety = &self.inspection.safety;
        match safety.verdict() {
            Verdict::Safe => {}
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
                    format!("Loading this file would do harm or could. {}", sentence(&safety.summary)),
                    Section::Safety,
                );
            }
        }
        open
    }

    /// What the person should know, in sentences.
    pub fn warnings(&self) -> Vec<String> {
        let mut warnings = self.inspection.warnings.clone();
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
        (!self.can_be_served()).then(|| self.why_not())
    }

    fn can_be_served(&self) -> bool {
        !matches!(self.inspection.serving, Serving::No | Serving::Package)
    }

    fn why_not(&self) -> String {
        if self.inspection.serving == Serving::Package {
            return "This is an MLflow package already.".into();
        }
        match self.inspection.warnings.first() {
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
        let next = self.choices.edited(&edit, &self.inspection)?;
        if next == self.choices {
            return Ok(());
        }
        let before = std::mem::replace(&mut self.choices, next);
        self.undone.clear();
        // The window saves as the person types: one run of typing is one thing to take back.
        let is_description = |edit: &Edit| matches!(edit, Edit::SetDescription { .. });
        if is_description(&edit)
            && let Some(last) = self.done.last_mut().filter(|step| is_description(&step.edit))
        {
            last.edit = edit;
            return Ok(());
        }
        if self.done.len() == MOST_UNDO {
            self.settled.push(self.done.remove(0).edit);
        }
        self.done.push(Step { choices: before, label: edit.label(), edit });
        Ok(())
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

/// Whether the line is the framework's own and no version is known.
fn is_unpinned_framework(inspection: &Inspection, line: &Requirement) -> bool {
    let Some(framework) = &inspection.framework else { return false };
    line.requirement == framework.value && line.source != YOU
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
