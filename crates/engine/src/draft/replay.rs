//! Making the changes of a saved draft again.

use super::Draft;
use crate::edit::{Edit, EditError};

impl Draft {
    /// The edits that [`Draft::redo`] would make, the next one first.
    pub(crate) fn undone(&self) -> Vec<Edit> {
        self.undone.iter().rev().map(|step| step.edit.clone()).collect()
    }

    /// Makes changes again, and those of `undone` only so that [`Draft::redo`] makes them, the first one first. Gives
    /// those that no longer apply, and why; they are left out.
    pub(crate) fn replay(&mut self, done: Vec<Edit>, undone: Vec<Edit>) -> Vec<(Edit, EditError)> {
        let mut refused = Vec::new();
        for edit in done {
            self.replay_one(edit, &mut refused);
        }
        // Counted, because one that changes nothing by now makes no step.
        let n_steps = undone.into_iter().filter(|edit| self.replay_one(edit.clone(), &mut refused)).count();
        for _ in 0..n_steps {
            self.undo();
        }
        refused
    }

    /// Whether there is one thing more to take back. Unlike [`Draft::apply`], typing is not joined: it was.
    fn replay_one(&mut self, edit: Edit, refused: &mut Vec<(Edit, EditError)>) -> bool {
        let made = self.completed(edit.clone()).and_then(|edit| {
            let next = self.choices.edited(&edit, &self.inspection)?;
            Ok((edit, next))
        });
        match made {
            Ok((edit, next)) if next != self.choices => {
                self.step(edit, next);
                true
            }
            Ok(_) => false,
            Err(error) => {
                refused.push((edit, error));
                false
            }
        }
    }
}
