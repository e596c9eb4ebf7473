//! What a draft asks for: the requirement lines and the Python, and what another environment file would change in them.

use packwright_inspect::{Requirement, Sourced};

use super::Draft;
use crate::edit::{Edit, RequirementLine};
use crate::environment::{self, ImportScope, ImportedEnvironment, RequirementNote};

impl Draft {
    /// The lines of `requirements.txt`, mlflow first, with the person's changes.
    pub fn requirements(&self) -> Vec<Requirement> {
        let mut lines = self.choices.requirements(self.inspection());
        // A list that the person edited is theirs alone.
        if self.choices.requirements.is_none() && !self.choices.code.is_empty() {
            for (library, file) in self.code_tree().map(|tree| tree.imports()).unwrap_or_default() {
                environment::add(
                    &mut lines,
                    library,
                    &format!("{file} imports it; its version is not known"),
                );
            }
        }
        if self.choices.requirements.is_none() {
            self.add_architecture_s_library(&mut lines);
            for (library, file) in self.changed_code_imports() {
                let why = format!("{file} as you changed it imports it; its version is not known");
                environment::add(&mut lines, library, &why);
            }
        }
        lines
    }

    /// The Python version to ask for.
    pub fn python(&self) -> Sourced<String> {
        self.choices.python(self.inspection())
    }

    /// Whether the requirement lines are the person's own list, which nothing is added to.
    pub fn has_own_requirements(&self) -> bool {
        self.choices.requirements.is_some()
    }

    /// What would keep `lines`, those of [`Draft::requirements`], from installing together.
    pub fn requirement_notes(&self, lines: &[Requirement]) -> Vec<RequirementNote> {
        environment::notes(lines, &self.python().value)
    }

    /// The edit that takes what another environment file asks for.
    pub fn import_requirements(&self, found: &ImportedEnvironment, scope: ImportScope) -> Edit {
        let line = |line: Requirement| RequirementLine { requirement: line.requirement, source: line.source };
        let before = self.requirements();
        let after = found.applied(&before, scope);
        match &found.python {
            // The lines stay worked out where the file changes none of them.
            Some(version) if after == before => Edit::SetPython { version: version.clone() },
            python => {
                Edit::SetRequirements { lines: after.into_iter().map(line).collect(), python: python.clone() }
            }
        }
    }

    /// Whether taking the versions of an environment file would change anything.
    pub fn is_changed_by(&self, found: &ImportedEnvironment) -> bool {
        let before = self.requirements();
        let has_lines = found.applied(&before, ImportScope::Versions) != before;
        has_lines || found.python.as_ref().is_some_and(|python| *python != self.python().value)
    }

    /// How many lines have another version in an environment file.
    pub fn matching_requirements(&self, found: &ImportedEnvironment) -> usize {
        let before = self.requirements();
        let after = found.applied(&before, ImportScope::Versions);
        let is_new = |line: &&Requirement| !before.iter().any(|old| old.requirement == line.requirement);
        after
            .iter()
            .filter(is_new)
            .filter(|line| environment::Index::parse(&line.requirement).is_none())
            .count()
    }
}
