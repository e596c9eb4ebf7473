//! Requirement lines and environment files for the window.

use packwright_engine::inspect::Requirement;
use packwright_engine::{Draft, ImportedEnvironment, RequirementNote};

use super::draft::is_yours;
use crate::wire::{EnvironmentFileView, RequirementNoteView, RequirementView};

/// The requirement lines, each with what is wrong with it.
pub(super) fn requirement_views(draft: &Draft) -> Vec<RequirementView> {
    let lines = draft.requirements();
    let notes = draft.requirement_notes(&lines);
    let view = |(index, line): (usize, &Requirement)| RequirementView {
        requirement: line.requirement.clone(),
        source: line.source.clone(),
        edited: is_yours(&line.source),
        notes: notes.iter().filter(|note| note.index == index).map(note_view).collect(),
    };
    lines.iter().enumerate().map(view).collect()
}

fn note_view(note: &RequirementNote) -> RequirementNoteView {
    RequirementNoteView { is_fault: note.is_fault, text: note.text.clone(), better: note.better.clone() }
}

/// An environment file, and how it fits a draft.
pub(crate) fn environment_file_view(
    path: String,
    found: &ImportedEnvironment,
    draft: &Draft,
) -> EnvironmentFileView {
    let count = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
    EnvironmentFileView {
        path,
        file: found.file.clone(),
        n_lines: count(found.lines.len()),
        n_versions: count(draft.matching_requirements(found)),
        python: found.python.clone(),
        indexes: found.indexes.clone(),
        is_change: draft.is_changed_by(found),
        left_out: found.left_out.clone(),
    }
}
