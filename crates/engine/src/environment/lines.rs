//! Changes to the list of requirement lines.

use packwright_inspect::Requirement;

use super::index::{Index, IndexKind, login_problem};
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
    let found = Index::parse(text);
    let text = found.as_ref().map_or_else(|| text.to_owned(), Index::line);
    if let Some(problem) = line_problem(&text) {
        return Err(EditError::Requirement(problem));
    }
    let new = Requirement { requirement: text.clone(), source: YOU.to_owned() };
    if let Some(found) = found {
        index_twin(&lines, index, &found)?;
        return put(lines, index, new);
    }
    let name = distribution(&text);
    let twin = lines.iter().enumerate().any(|(i, line)| {
        i != index && distribution(&line.requirement) == name && !line.requirement.contains(';')
    });
    if twin && !text.contains(';') {
        return Err(EditError::Requirement(format!("there is a line for {name} already; change that one")));
    }
    put(lines, index, new)
}

fn put(mut lines: Vec<Requirement>, index: usize, new: Requirement) -> Result<Vec<Requirement>, EditError> {
    let missing = EditError::Index { what: "requirement", index };
    if index == lines.len() {
        lines.push(new);
    } else {
        *lines.get_mut(index).ok_or(missing)? = new;
    }
    Ok(lines)
}

/// pip follows one `--index-url`, and the same place once.
fn index_twin(lines: &[Requirement], at: usize, new: &Index) -> Result<(), EditError> {
    let others = lines.iter().enumerate().filter(|(i, _)| *i != at);
    let mut others = others.filter_map(|(_, line)| Index::parse(&line.requirement));
    let twin = others
        .find(|other| *other == *new || (other.kind == IndexKind::Instead && new.kind == IndexKind::Instead));
    match twin {
        None => Ok(()),
        Some(twin) => {
            let problem = format!("there is a line {} already; change that one", twin.line());
            Err(EditError::Requirement(problem))
        }
    }
}

/// Why a text can stand neither as a requirement nor as a place where pip looks.
fn line_problem(text: &str) -> Option<String> {
    let not_plain = text.chars().any(char::is_control) || !text.is_ascii();
    match Index::parse(text) {
        Some(index) if !not_plain => index.problem(),
        _ => requirement_problem(text).or_else(|| login_problem(text)),
    }
}

/// A whole new list; `None`, which means the one that is worked out, when it has no lines.
pub(crate) fn all_lines(lines: &[RequirementLine]) -> Result<Option<Vec<Requirement>>, EditError> {
    for line in lines {
        if let Some(problem) = line_problem(&line.requirement) {
            return Err(EditError::Requirement(problem));
        }
    }
    let new = |line: &RequirementLine| Requirement {
        requirement: line.requirement.clone(),
        source: line.source.clone(),
    };
    Ok((!lines.is_empty()).then(|| lines.iter().map(new).collect()))
}
