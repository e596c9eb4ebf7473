//! What every framework implements: look at an artifact, say whether it is yours, read it.

use std::sync::Arc;

use packwright_source::{ByteSource, Limits};

use crate::{Artifact, InspectError, Inspection};

/// What a reader is given.
#[derive(Debug)]
pub struct Subject<'a> {
    /// The artifact: path, kind, size.
    pub artifact: &'a Artifact,
    /// The file's bytes.
    pub source: Arc<dyn ByteSource>,
    /// The first 4 KiB of them.
    pub head: &'a [u8],
    /// What reading may cost.
    pub limits: &'a Limits,
}

/// How sure a reader is. The surest reads; at equal claims the first in the list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Claim {
    /// Not mine.
    No,
    /// The name or a weak structure says so.
    Maybe,
    /// The structure says so.
    Likely,
    /// The magic bytes say so.
    Certain,
}

/// Reads one family of artifacts.
pub trait Reader: Sync {
    /// How sure the reader is that the artifact is its own. Looks at the head and a few bytes more.
    fn claims(&self, subject: &Subject<'_>) -> Claim;

    /// Reads the artifact.
    ///
    /// # Errors
    ///
    /// [`InspectError`] when nothing useful could be read.
    fn read(&self, subject: &Subject<'_>) -> Result<Inspection, InspectError>;
}

impl Subject<'_> {
    /// The file name in lower case.
    pub fn file_name(&self) -> String {
        let name = self.artifact.path.file_name().unwrap_or_default();
        name.to_string_lossy().to_lowercase()
    }
}
