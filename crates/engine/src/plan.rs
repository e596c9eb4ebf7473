//! What a package will hold, before anything is written.

use std::collections::BTreeSet;
use std::io::{self, Write};
use std::path::PathBuf;
use std::sync::Arc;

use packwright_formats::joblib::{TranscodeError, transcode};
use packwright_inspect::open_member;
use packwright_source::{ByteSource, FileSource, Limits};

use crate::draft::{Draft, sentence};
use crate::flavors::{self, Change, DataFile, Layout};
use crate::generated::{self, GeneratedFile};
use crate::names;
use crate::seal::{self, SEAL};
use crate::texts::{self, Recorded};

/// A joblib file is read ahead, to know whether it can be rewritten, when that costs no more than inflating this much.
const READ_AHEAD_BYTES: u64 = 8 << 20;

/// What a package will hold.
#[derive(Debug, Clone)]
pub struct Plan {
    /// Every file, the model first.
    pub files: Vec<PlannedFile>,
    /// The generated Python files among them.
    pub generated: Vec<GeneratedFile>,
    /// The disk space they need; an estimate where a file is rewritten.
    pub total_bytes: u64,
    /// What is worth knowing about this package, in sentences.
    pub warnings: Vec<String>,
    /// The package's name as a file name.
    pub suggested_name: String,
}

/// One file of the package to be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlannedFile {
    /// Where it lies in the package, with `/`.
    pub path: String,
    /// Where its bytes come from.
    pub origin: Origin,
    /// Its size; an estimate for rewritten files and for the MLmodel, whose hashes are made while writing.
    pub size_bytes: u64,
}

/// Where a file's bytes come from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    /// From a file, or from one that is packed in it, unchanged.
    Copied {
        /// That file.
        from: PathBuf,
    },
    /// From a file that MLflow's flavor does not open, as one that it does, of the same objects and values.
    Rewritten {
        /// That file.
        from: PathBuf,
    },
    /// Made by Packwright.
    Generated {
        /// Its bytes. Where the MLmodel will have hashes, the plan says so in their place.
        bytes: Vec<u8>,
    },
    /// Made with the person's key, over all other files.
    Sealed,
}

/// Why there is no plan.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PlanError {
    /// It cannot be served.
    #[error("{0}")]
    NotServable(String),
    /// A file that must travel with the model cannot.
    #[error("the model's data file {name} cannot be packed: {reason}")]
    SideFile {
        /// Its name in the model.
        name: String,
        /// Why not.
        reason: String,
    },
    /// Code that was to be added cannot be read.
    #[error("the code {} cannot be packed: {reason}", path.display())]
    Code {
        /// Its path.
        path: PathBuf,
        /// Why not.
        reason: String,
    },
    /// Two files would have one name.
    #[error("two files would be named {0} in the package; rename one of them")]
    Twice(String),
}

/// Lists what the package of a draft will hold.
///
/// # Errors
///
/// [`PlanError`] when the draft cannot be packed.
pub fn plan(draft: &Draft) -> Result<Plan, PlanError> {
    let work = prepare(draft)?;
    let mut files: Vec<PlannedFile> = Vec::new();
    for file in &work.layout.data {
        let from = file.from.clone();
        let origin = match file.change {
            Change::None => Origin::Copied { from },
            Change::Pickle | Change::JsonString | Change::OnnxBinary => Origin::Rewritten { from },
        };
        files.push(PlannedFile { path: file.path.clone(), origin, size_bytes: file.content_bytes() });
    }
    for file in &work.code {
        let origin = Origin::Copied { from: file.from.clone() };
        files.push(PlannedFile { path: file.path.clone(), origin, size_bytes: file.size_bytes });
    }
    for (path, text) in work.layout.generated() {
        files.push(made(path.clone(), text.clone().into_bytes()));
    }
    for (path, text) in &work.layout.texts {
        files.push(made(path.clone(), text.as_bytes().to_vec()));
    }
    let data_bytes = files.iter().map(|file| file.size_bytes).sum();
    let sizes = files.iter().map(|file| (file.path.clone(), file.size_bytes));
    let recorded = Recorded::planned(sizes, data_bytes);
    for (path, bytes) in texts::generated(draft, &work.layout, work.has_code(), &recorded) {
        files.push(made(path.to_owned(), bytes));
    }
    let mut warnings = draft.warnings();
    warnings.extend(work.layout.warnings);
    let total_bytes = files.iter().map(|file| file.size_bytes).sum();
    Ok(Plan {
        files,
        generated: work.generated,
        total_bytes,
        warnings,
        suggested_name: names::portable(&draft.name().value),
    })
}

impl Plan {
    /// The same package with a seal, whose bytes are made while writing.
    #[must_use]
    pub fn with_seal(mut self) -> Self {
        let n_bytes = self.files.iter().map(|file| file.path.len()).sum();
        let size_bytes = seal::planned_bytes(self.files.len(), n_bytes);
        self.files.push(PlannedFile { path: SEAL.to_owned(), origin: Origin::Sealed, size_bytes });
        self.total_bytes = self.total_bytes.saturating_add(size_bytes);
        self
    }
}

fn made(path: String, bytes: Vec<u8>) -> PlannedFile {
    let size_bytes = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
    PlannedFile { path, origin: Origin::Generated { bytes }, size_bytes }
}

/// Everything an export copies or generates, before the texts that need hashes.
#[derive(Debug)]
pub(crate) struct Work {
    pub(crate) layout: Layout,
    /// The person's code, to be copied.
    pub(crate) code: Vec<DataFile>,
    /// The generated Python files, whose texts the layout has.
    pub(crate) generated: Vec<GeneratedFile>,
}

impl Work {
    pub(crate) fn has_code(&self) -> bool {
        !self.code.is_empty() || !self.layout.code.is_empty()
    }
}

/// The layout of the draft, with the loader module where the file is known not to be rewritable.
pub(crate) fn prepare(draft: &Draft) -> Result<Work, PlanError> {
    let layout = flavors::layout(draft, None)?;
    let mut rewritten = layout.data.iter().filter(|file| file.change == Change::Pickle);
    let reason = rewritten.next().and_then(|file| cannot_rewrite(draft, file));
    match reason {
        Some(reason) => prepare_fallback(draft, &reason),
        None => finish(draft, layout),
    }
}

/// The layout with a loader module in place of a rewritten file.
pub(crate) fn prepare_fallback(draft: &Draft, reason: &str) -> Result<Work, PlanError> {
    finish(draft, flavors::layout(draft, Some(&sentence(reason)))?)
}

fn finish(draft: &Draft, mut layout: Layout) -> Result<Work, PlanError> {
    let generated = generated::apply(&mut layout, &draft.choices().generated);
    let code = draft.code_tree()?.files;
    let mut taken = BTreeSet::new();
    let own = layout.data.iter().map(|file| &file.path).chain(layout.generated().map(|(path, _)| path));
    let ours = layout.texts.iter().map(|(path, _)| path.as_str()).chain(texts::NAMES);
    let all = own.chain(code.iter().map(|file| &file.path)).map(String::as_str).chain(ours);
    for path in all {
        // Systems that do not tell capitals apart would write one over the other.
        let folded = path.to_lowercase();
        if !taken.insert(folded) {
            return Err(PlanError::Twice(path.to_owned()));
        }
    }
    Ok(Work { layout, code, generated })
}

/// Why a joblib file cannot be rewritten, where that is known before writing.
fn cannot_rewrite(draft: &Draft, file: &DataFile) -> Option<String> {
    let artifact = &draft.inspection().artifact;
    let is_packed = draft.inspection().compression.is_some() || file.member.is_some();
    if is_packed && READ_AHEAD_BYTES < artifact.size_bytes {
        return None;
    }
    let whole: Arc<dyn ByteSource> = Arc::new(FileSource::open(&file.from).ok()?);
    let source = match &file.member {
        Some(member) => open_member(whole, member, &Limits::default()).ok()?,
        None => whole,
    };
    // Everything that can stop the rewriting is found before the first byte comes out.
    match transcode(source, &Limits::default(), &mut Nowhere) {
        Err(error @ (TranscodeError::Unsupported(_) | TranscodeError::Read(_))) => Some(error.to_string()),
        Err(TranscodeError::Write(_)) | Ok(_) => None,
    }
}

/// Stops at the first byte.
struct Nowhere;

impl Write for Nowhere {
    fn write(&mut self, _: &[u8]) -> io::Result<usize> {
        Err(io::Error::other("far enough"))
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
