//! Changes to the list of requirement lines.

use packwright_inspect::Requirement;

use super::{distribution, requirement_problem};
use crate::choices::YOU;
use crate::edit::{EditError, RequirementLine};

/// The lines after a change of one: an empty text removes it, the index after the last adds one.
pub(crate) fn set_line(
    mut lines: Vec<Requirement>,
    index: usize,
    text: &str,
) -> Result<Vec<Requirement>, EditError> {
    let text = text.trim();
    let missing = EditError::Index { what: "requirement", index };
    if text.is_empty() {
        if lines.len() <= index {
            return Err(missing);
        }
        lines.remove(index);
        return Ok(lines);
    }
    if let Some(problem) = requirement_problem(text) {
        return Err(EditError::Requirement(problem));
    }
    let new = Requirement { requirement: text.to_owned(), source: YOU.to_owned() };
    let name = distribution(text);
    let twin = lines.iter().enumerate().any(|(i, line)| {
        i != index && distribution(&line.requirement) == name && !line.requirement.contains(';')
    });
    if twin && !text.contains(';') {
        return Err(EditError::Requirement(format!("there is a line for {name} already; change that one")));
    }
    if index == lines.len() {
        lines.push(new);
    } else {
        *lines.get_mut(index).ok_or(missing)? = new;
    }
    Ok(lines)
}

/// A whole new list; `None`, which means the one that is worked out, when it has no lines.
pub(crate) fn all_lines(lines: &[RequirementLine]) -> Result<Option<Vec<Requirement>>, EditError> {
    for line in lines {
        if let Some(problem) = requirement_problem(&line.requirement) {
            return Err(EditError::Requirement(problem));
        }
    }
    let new = |line: &RequirementLine| Requirement {
        requirement: line.requirement.clone(),
        source: line.source.clone(),
    };
    Ok((!lines.is_empty()).then(|| lines.iter().map(new).collect()))
}
