//! PyTorch's files: what `torch.save` writes (state dicts, checkpoints, whole modules), TorchScript and `torch.export`.
//!
//! All of them are zip archives of one folder. Of the pickles inside the values are read and the weights skipped; the
//! code of TorchScript is read as text, the graph of an exported program as JSON. Which loader reads a pickle decides
//! what its names mean: see [`Dialect`].
//!
//! Before 1.6 they were five pickles in a row, and the bytes of the tensors behind them.

mod archive;
mod code;
mod exported;
mod module;
mod saved;
mod script;
mod tensor;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use packwright_formats::container::Kind;
use packwright_source::Budget;

use self::archive::{Archive, Content};
use crate::container;
use crate::pickled::{Dialect, Estimator, PickleFile};
use crate::reader::{Claim, Reader, Subject};
use crate::safety::Safety;
use crate::tensors::count;
use crate::{InspectError, Inspection, Requirement, Serving, Sourced, SourcedSignature, Tensors, safety};

/// Reads PyTorch's zip archives.
#[derive(Debug)]
pub(crate) struct TorchReader;

/// What a description of the content gives; the rest of an inspection is the same for all of them.
#[derive(Debug)]
struct Described {
    format: &'static str,
    version: Option<Sourced<String>>,
    class: Option<Sourced<String>>,
    serving: Serving,
    signature: SourcedSignature,
    structure: Option<crate::Part>,
    tensors: Tensors,
    facts: Vec<crate::Fact>,
    warnings: Vec<String>,
    own_modules: Vec<crate::OwnModule>,
}

impl Described {
    /// An archive in which no model was found.
    fn of_nothing(content: Content, error: &InspectError) -> Self {
        Self {
            format: match content {
                Content::Saved => "torch-zip",
                Content::Script => "torchscript",
                Content::Exported(_) => "torch-export-pt2",
            },
            version: None,
            class: None,
            serving: Serving::No,
            signature: SourcedSignature::default(),
            structure: None,
            tensors: Tensors::default(),
            facts: Vec::new(),
            warnings: vec![format!("No model could be read: {error}. A package can't be made.")],
            own_modules: Vec::new(),
        }
    }
}

impl Reader for TorchReader {
    fn claims(&self, subject: &Subject<'_>) -> Claim {
        if !subject.head.starts_with(b"PK") {
            return Claim::No;
        }
        let mut budget = Budget::new(*subject.limits);
        let archive = Archive::open(Arc::clone(&subject.source), &mut budget);
        if archive.is_ok_and(|archive| archive.content().is_some()) { Claim::Likely } else { Claim::No }
    }

    fn read(&self, subject: &Subject<'_>) -> Result<Inspection, InspectError> {
        let mut budget = Budget::new(*subject.limits);
        let mut archive = Archive::open(Arc::clone(&subject.source), &mut budget)?;
        let Some(content) = archive.content() else {
            return Err(crate::strangers::unknown(subject));
        };
        let scanned = container::scanned(subject, Kind::Zip, Some(&|name| dialect(content, name)))?;
        let limits = subject.limits;
        let described = match content {
            Content::Saved => saved::describe(&mut archive, limits, &mut budget),
            Content::Script => script::describe(&mut archive, limits, &mut budget),
            Content::Exported(layout) => exported::describe(&mut archive, layout, limits, &mut budget),
        };
        let safety = code::with_operators(scanned, &mut archive, &mut budget);
        match described {
            Ok(described) => Ok(inspection(subject, described, safety)),
            // What would run code, or was not read, is worth showing whatever it is.
            Err(error) if safety.verdict() != safety::Verdict::Safe => {
                Ok(inspection(subject, Described::of_nothing(content, &error), safety))
            }
            Err(error) => Err(error),
        }
    }
}

/// A module in a plain pickle or a joblib file, which PyTorch itself did not write.
#[derive(Debug)]
pub(crate) struct PickledModule {
    pub(crate) signature: SourcedSignature,
    pub(crate) structure: crate::Part,
    pub(crate) tensors: Tensors,
}

/// Whether the whole of a pickle is a PyTorch module.
pub(crate) fn is_of_torch(file: &PickleFile, estimator: &Estimator, path: &str) -> bool {
    let root = file.pickle.root().filter(|_| path.is_empty() && estimator.framework != "scikit-learn");
    root.is_some_and(|root| module::is_module(file, root))
}

/// Describes the module that a pickle returns.
pub(crate) fn pickled(file: &PickleFile) -> Option<PickledModule> {
    let root = file.pickle.root()?;
    let mut walk = module::Walk::over(file);
    let structure = walk.part(root, "", "", 0);
    Some(PickledModule { signature: module::signature(file, root), structure, tensors: walk.tensors })
}

/// Reads what PyTorch saved before 1.6.
#[derive(Debug)]
pub(crate) struct LegacyReader;

/// PROTO 2 and the number that PyTorch puts first.
const LEGACY_MAGIC: &[u8] = b"\x80\x02\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19";

/// Whether a file begins as those of PyTorch before 1.6 do.
pub(crate) fn is_legacy(head: &[u8]) -> bool {
    head.starts_with(LEGACY_MAGIC)
}

impl Reader for LegacyReader {
    fn claims(&self, subject: &Subject<'_>) -> Claim {
        if is_legacy(subject.head) { Claim::Certain } else { Claim::No }
    }

    fn read(&self, subject: &Subject<'_>) -> Result<Inspection, InspectError> {
        let mut file = PickleFile::read_torch_legacy(Arc::clone(&subject.source), subject.limits);
        let error = file.pickle.error.take();
        let safety = safety::pickle::judge(&file, error.as_ref());
        let described = saved::of_legacy(&file);
        match (described, error) {
            (Ok(described), _) => Ok(inspection(subject, described, safety)),
            (Err(_), Some(error)) if safety.verdict() != safety::Verdict::Dangerous => {
                Err(InspectError::Damaged(error))
            }
            (Err(InspectError::NotAModel { what, hint }), _) if safety.verdict() == safety::Verdict::Safe => {
                Err(InspectError::NotAModel { what, hint })
            }
            // What would run code is worth showing whatever it returns.
            (Err(_), _) => Ok(crate::pickled::opaque(subject, &file, safety)),
        }
    }
}

/// How the pickles of an archive are loaded, by the names of their members.
fn dialect(content: Content, name: &str) -> Option<Dialect> {
    let is_pickle = std::path::Path::new(name)
        .extension()
        .is_some_and(|ending| ending.eq_ignore_ascii_case("pkl") || ending.eq_ignore_ascii_case("debug_pkl"));
    match content {
        Content::Saved if is_pickle => Some(Dialect::Torch),
        Content::Script if is_pickle => Some(Dialect::TorchScript),
        _ => None,
    }
}

fn inspection(subject: &Subject<'_>, described: Described, safety: Safety) -> Inspection {
    let mut facts = described.facts;
    let tensors = (0 < described.tensors.n).then_some(described.tensors);
    if let Some(tensors) = &tensors {
        facts.push(crate::Fact {
            name: "n_parameters",
            value: count(tensors.n_elements),
            source: "the shapes of the tensors".into(),
        });
        facts.push(crate::Fact { name: "n_tensors", value: count(tensors.n), source: "the tensors".into() });
    }
    Inspection {
        framework: Some(Sourced::new("torch".to_owned(), "the structure of the archive")),
        requirements: requirements(described.version.as_ref()),
        framework_version: described.version,
        model_class: described.class,
        serving: described.serving,
        signature: described.signature,
        structure: described.structure,
        tensors,
        facts,
        warnings: described.warnings,
        own_modules: described.own_modules,
        ..Inspection::blank(subject.artifact.clone(), described.format, safety)
    }
}

/// The release without what follows a `+`: the builds for one graphics card or another are not on PyPI.
fn requirements(version: Option<&Sourced<String>>) -> Vec<Requirement> {
    let line = match version {
        Some(version) => {
            let release = version.value.split('+').next().unwrap_or_default();
            Requirement { requirement: format!("torch=={release}"), source: version.source.clone() }
        }
        None => Requirement {
            requirement: "torch".to_owned(),
            source: "it loads the file, which does not record its version".to_owned(),
        },
    };
    vec![line]
}
