//! What a framework module offers: recognising its files and reading them.

use std::sync::Arc;

use packwright_source::{ByteSource, Folder, Limits};

use crate::{Artifact, InspectError, Inspection, huggingface};

/// What a reader is given: the artifact, its bytes, and how much reading them may cost.
#[derive(Debug)]
pub(crate) struct Subject<'a> {
    /// What was dropped.
    pub(crate) artifact: &'a Artifact,
    /// The bytes of the file.
    pub(crate) source: Arc<dyn ByteSource>,
    /// Its first 4 KiB, or all of it when it is shorter.
    pub(crate) head: &'a [u8],
    /// What reading may cost.
    pub(crate) limits: &'a Limits,
}

/// How sure a reader is that a file is its own. Greater is surer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Claim {
    /// Not its file.
    No,
    /// The extension fits, or a weak structure does.
    Maybe,
    /// The structure fits.
    Likely,
    /// Magic bytes fit.
    Certain,
}

/// One framework's reader. Stateless.
pub(crate) trait Reader: Sync {
    /// How sure this reader is that the file is its own. Reads little: the head, and a few fields by offset.
    fn claims(&self, subject: &Subject<'_>) -> Claim;

    /// Describes the file.
    ///
    /// # Errors
    ///
    /// - [`InspectError::NotAModel`]: the file is recognised, and nothing can load it as a model.
    /// - [`InspectError::Unknown`]: it is not what the claim took it for.
    /// - [`InspectError::Damaged`]: it is cut short, malformed or beyond the limits.
    fn read(&self, subject: &Subject<'_>) -> Result<Inspection, InspectError>;

    /// Whether it reads nothing itself and only takes away what lies around a model.
    fn unwraps(&self) -> bool {
        false
    }
}

impl Subject<'_> {
    /// The artifact's file name in lower case.
    pub(crate) fn file_name(&self) -> String {
        let name = self.artifact.path.file_name().unwrap_or_default();
        name.to_string_lossy().to_lowercase()
    }

    /// The extension of the artifact's name in lower case, without the dot; empty when it has none.
    pub(crate) fn extension(&self) -> String {
        let extension = self.artifact.path.extension().and_then(|text| text.to_str());
        extension.unwrap_or_default().to_ascii_lowercase()
    }
}

/// Every reader of folders. At equal claims the first one reads.
pub(crate) const FOLDER_READERS: &[&dyn FolderReader] = &[&huggingface::HuggingfaceReader];

/// What a reader of folders is given.
#[derive(Debug)]
pub(crate) struct FolderSubject<'a> {
    /// What was dropped.
    pub(crate) artifact: &'a Artifact,
    /// Its files.
    pub(crate) folder: &'a Folder,
    /// What reading may cost.
    pub(crate) limits: &'a Limits,
}

/// One framework's reader of folders. Stateless.
pub(crate) trait FolderReader: Sync {
    /// How sure this reader is that the folder is its own, by the names in it.
    fn claims(&self, folder: &Folder) -> Claim;

    /// Describes the folder.
    ///
    /// # Errors
    ///
    /// As for [`Reader::read`].
    fn read(&self, subject: &FolderSubject<'_>) -> Result<Inspection, InspectError>;
}
