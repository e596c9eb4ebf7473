//! The open drafts and the exports that run.

use std::collections::BTreeMap;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use packwright_engine::saved::{DraftStore, Restored, SavedArtifact};
use packwright_engine::{Cancel, Draft};

use crate::error::{draft_not_found, export_running};
use crate::wire::IpcError;

/// The open drafts. One for the whole program.
#[derive(Debug, Default)]
pub(crate) struct Drafts {
    registry: Mutex<Registry>,
    export_ended: Condvar,
}

#[derive(Debug, Default)]
struct Registry {
    n_opened: u64,
    /// In the order in which they were opened.
    open: Vec<Arc<OpenDraft>>,
    exports: BTreeMap<String, Cancel>,
    #[cfg(test)]
    is_next_cancelled: bool,
}

/// One open draft.
#[derive(Debug)]
pub(crate) struct OpenDraft {
    pub(crate) id: String,
    /// Under which it is saved; sorts in the order of opening.
    pub(crate) key: String,
    /// The artifact as it was opened.
    pub(crate) artifact: SavedArtifact,
    pub(crate) opened_at_millis: u64,
    draft: Mutex<Draft>,
    /// What is no longer as it was in the last run, or in the package that it is a copy of.
    notes: Vec<String>,
    save_problem: Mutex<Option<String>>,
}

impl OpenDraft {
    /// The draft, for reading or changing. Never held while a file is written.
    pub(crate) fn lock(&self) -> MutexGuard<'_, Draft> {
        // Edits replace the choices whole, so a panic elsewhere leaves none half made.
        self.draft.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What the person should know beside what the draft says itself.
    pub(crate) fn notes(&self) -> Vec<String> {
        let problem = self.save_problem.lock().unwrap_or_else(PoisonError::into_inner);
        self.notes.iter().chain(problem.iter()).cloned().collect()
    }

    /// Notes how saving went.
    pub(crate) fn set_save_problem(&self, problem: Option<String>) {
        *self.save_problem.lock().unwrap_or_else(PoisonError::into_inner) = problem;
    }
}

/// An export that runs. Dropping it says that it has ended.
#[derive(Debug)]
pub(crate) struct RunningExport<'a> {
    pub(crate) cancel: Cancel,
    drafts: &'a Drafts,
    draft_id: String,
}

impl Drop for RunningExport<'_> {
    fn drop(&mut self) {
        self.drafts.registry().exports.remove(&self.draft_id);
        self.drafts.export_ended.notify_all();
    }
}

impl Drafts {
    /// Adds a draft.
    pub(crate) fn add(&self, draft: Draft, opened_at_millis: u64) -> Arc<OpenDraft> {
        self.add_with_notes(draft, opened_at_millis, Vec::new())
    }

    /// Adds a draft with what the person should know of how it was made, in sentences.
    pub(crate) fn add_with_notes(
        &self,
        draft: Draft,
        opened_at_millis: u64,
        notes: Vec<String>,
    ) -> Arc<OpenDraft> {
        let artifact = SavedArtifact::of(&draft);
        let key = DraftStore::new_key(opened_at_millis);
        self.restore(key, opened_at_millis, Restored { draft, artifact, notes })
    }

    /// Adds a draft of the last run, in its old place. When it is open already, that one is given.
    pub(crate) fn restore(&self, key: String, opened_at_millis: u64, restored: Restored) -> Arc<OpenDraft> {
        let Restored { draft, artifact, notes } = restored;
        let mut registry = self.registry();
        if let Some(open) = registry.open.iter().find(|open| open.key == key) {
            return Arc::clone(open);
        }
        registry.n_opened = registry.n_opened.saturating_add(1);
        let id = format!("draft-{}", registry.n_opened);
        let at = registry.open.partition_point(|open| open.key < key);
        let draft = Mutex::new(draft);
        let save_problem = Mutex::default();
        let opened = Arc::new(OpenDraft { id, key, artifact, opened_at_millis, draft, notes, save_problem });
        registry.open.insert(at, Arc::clone(&opened));
        opened
    }

    /// The open draft that is saved under a key.
    pub(crate) fn by_key(&self, key: &str) -> Option<Arc<OpenDraft>> {
        self.registry().open.iter().find(|open| open.key == key).cloned()
    }

    /// All open drafts, newest first.
    pub(crate) fn newest_first(&self) -> Vec<Arc<OpenDraft>> {
        self.registry().open.iter().rev().cloned().collect()
    }

    /// One draft.
    pub(crate) fn get(&self, id: &str) -> Result<Arc<OpenDraft>, IpcError> {
        self.registry().open.iter().find(|open| open.id == id).cloned().ok_or_else(draft_not_found)
    }

    /// Closes a draft and stops its export. Gives the key under which it is saved.
    pub(crate) fn close(&self, id: &str) -> Result<String, IpcError> {
        let mut registry = self.registry();
        let at = registry.open.iter().position(|open| open.id == id).ok_or_else(draft_not_found)?;
        let closed = registry.open.remove(at);
        if let Some(cancel) = registry.exports.get(id) {
            cancel.cancel();
        }
        Ok(closed.key.clone())
    }

    /// Notes that an export of a draft begins.
    pub(crate) fn begin_export(&self, id: &str) -> Result<RunningExport<'_>, IpcError> {
        let mut registry = self.registry();
        if registry.exports.contains_key(id) {
            return Err(export_running());
        }
        let cancel = Cancel::new();
        #[cfg(test)]
        if std::mem::take(&mut registry.is_next_cancelled) {
            cancel.cancel();
        }
        registry.exports.insert(id.to_owned(), cancel.clone());
        Ok(RunningExport { cancel, drafts: self, draft_id: id.to_owned() })
    }

    /// Asks the export of a draft to stop. Nothing happens when none runs: it may just have ended.
    pub(crate) fn cancel_export(&self, id: &str) -> Result<(), IpcError> {
        self.get(id)?;
        if let Some(cancel) = self.registry().exports.get(id) {
            cancel.cancel();
        }
        Ok(())
    }

    /// For tests: the next export is asked to stop as soon as it begins.
    #[cfg(test)]
    pub(crate) fn cancel_the_next_export(&self) {
        self.registry().is_next_cancelled = true;
    }

    /// Asks all exports to stop and waits until they have tidied up, but no longer than `patience`.
    pub(crate) fn stop_exports(&self, patience: Duration) {
        let registry = self.registry();
        registry.exports.values().for_each(Cancel::cancel);
        let is_running = |registry: &mut Registry| !registry.exports.is_empty();
        // When patience ends first, the next start sweeps up.
        drop(self.export_ended.wait_timeout_while(registry, patience, is_running));
    }

    fn registry(&self) -> MutexGuard<'_, Registry> {
        self.registry.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
