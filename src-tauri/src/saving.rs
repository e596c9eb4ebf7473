//! Saving the open drafts in the background.

use std::collections::BTreeSet;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use packwright_engine::saved::{DraftStore, SavedDraft};

use crate::drafts::Drafts;

/// How long changes are gathered. What a crash takes away is no more than this.
const GATHER: Duration = Duration::from_millis(300);

/// Which drafts are not saved as they are now, and where to save them. One for the whole program.
#[derive(Debug)]
pub(crate) struct Saving {
    pub(crate) store: DraftStore,
    pending: Mutex<Pending>,
    is_pending: Condvar,
    /// Held while files are written or removed, so that none is written after it was removed.
    disk: Mutex<()>,
}

#[derive(Debug, Default)]
struct Pending {
    drafts: BTreeSet<String>,
    /// The key of the draft that is shown.
    shown: Option<String>,
}

impl Saving {
    pub(crate) fn new(store: DraftStore) -> Self {
        Self { store, pending: Mutex::default(), is_pending: Condvar::new(), disk: Mutex::default() }
    }

    /// A draft was opened or changed: it is saved soon.
    pub(crate) fn touch(&self, draft_id: &str) {
        lock(&self.pending).drafts.insert(draft_id.to_owned());
        self.is_pending.notify_all();
    }

    /// Another draft is shown: that is noted soon.
    pub(crate) fn shown(&self, key: &str) {
        lock(&self.pending).shown = Some(key.to_owned());
        self.is_pending.notify_all();
    }

    /// Forgets a draft that was closed or given up. Comes after it left the open drafts.
    pub(crate) fn forget(&self, key: &str) {
        let _disk = lock(&self.disk);
        // What cannot be removed comes back with the next start, where it can be closed again.
        self.store.remove(key).unwrap_or_default();
    }

    /// Saves whenever there is something to save; never ends.
    pub(crate) fn run(&self, drafts: &Drafts) -> ! {
        loop {
            let pending = lock(&self.pending);
            let is_nothing = |pending: &mut Pending| pending.drafts.is_empty() && pending.shown.is_none();
            drop(self.is_pending.wait_while(pending, is_nothing));
            std::thread::sleep(GATHER);
            self.flush(drafts);
        }
    }

    /// Saves everything that is not saved yet.
    pub(crate) fn flush(&self, drafts: &Drafts) {
        let _disk = lock(&self.disk);
        let pending = std::mem::take(&mut *lock(&self.pending));
        for id in pending.drafts {
            // Closed meanwhile: then it is not to be saved.
            let Ok(open) = drafts.get(&id) else { continue };
            let saved = SavedDraft::of(&open.lock(), open.artifact.clone(), open.opened_at_millis);
            let outcome = self.store.save(&open.key, &saved);
            open.set_save_problem(outcome.err().map(|error| {
                format!("This draft could not be saved, and would not come back after a crash: {error}.")
            }));
        }
        if let Some(key) = pending.shown {
            // Without it the newest draft is shown.
            self.store.note_shown(&key).unwrap_or_default();
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // Every change under these locks is a single one: a panic elsewhere leaves nothing half done.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
