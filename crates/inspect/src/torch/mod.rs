//! PyTorch's files: what `torch.save` writes (state dicts, checkpoints, whole modules), TorchScript and `torch.export`.
//!
//! All of them are zip archives of one folder. Of the pickles inside the values are read and the weights skipped; the
//! code of TorchScript is read as text, the graph of an exported program as JSON. Which loader reads a pickle decides
//! what its names mean: see [`Dialect`].
//!
//! Before 1.6 they were five pickles in a row, and the bytes of the tensors behind them; in the beginning a tar archive.

mod allowed;
mod archive;
mod call;
mod code;
mod exported;
mod fastai;
mod module;
mod saved;
mod script;
mod tar;
mod tensor;
#[cfg(test)]
mod tests;
mod training;
mod versions;
mod weights;

use std::sync::Arc;

use packwright_formats::container::Kind;
use packwright_source::Budget;

use self::archive::{Archive, Content};
pub(crate) use self::tar::TarReader;
use crate::container::{self, Role};
use crate::pickled::{Dialect, Estimator, PickleFile};
use crate::reader::{Claim, Reader, Subject};
use crate::safety::{Safety, Severity};
use crate::tensors::count;
use crate::{InspectError, Inspection, Requirement, Serving, Sourced, SourcedSignature, Tensors, safety};

/// Reads PyTorch's zip archives.
#[derive(Debug)]
pub(crate) struct TorchReader;

/// What a description of the content gives; the rest of an inspection is the same for all of them.
#[derive(Debug)]
struct Described {
    format: &'static str,
    /// The PyPI name of the library.
    framework: &'static str,
    version: Option<Sourced<String>>,
    class: Option<Sourced<String>>,
    serving: Serving,
    signature: SourcedSignature,
    structure: Option<crate::Part>,
    tensors: Tensors,
    facts: Vec<crate::Fact>,
    warnings: Vec<String>,
    own_modules: Vec<crate::OwnModule>,
    /// What else must be installed.
    libraries: Vec<Requirement>,
    /// The oldest release that can have written it, where it records none.
    least: Option<versions::Least>,
    /// Where in the values the model is, as for [`Inspection::path_in_file`].
    path: String,
}

impl Described {
    /// Nothing but a format.
    fn blank(format: &'static str) -> Self {
        Self {
            format,
            framework: "torch",
            version: None,
            class: None,
            serving: Serving::No,
            signature: SourcedSignature::default(),
            structure: None,
            tensors: Tensors::default(),
            facts: Vec::new(),
            warnings: Vec::new(),
            own_modules: Vec::new(),
            libraries: Vec::new(),
            least: None,
            path: String::new(),
        }
    }

    fn add(&mut self, name: &'static str, value: serde_json::Value, source: &str) {
        self.facts.push(crate::Fact { name, value, source: source.to_owned() });
    }

    /// An archive in which no model was found.
    fn of_nothing(content: Content, error: &InspectError) -> Self {
        let format = match content {
            Content::Saved => "torch-zip",
            Content::Script => "torchscript",
            Content::Exported(_) => "torch-export-pt2",
        };
        let warnings = vec![format!("No model could be read: {error}. A package can't be made.")];
        Self { warnings, ..Self::blank(format) }
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
        let scanned = container::scanned(subject, Kind::Zip, Some(&|name| role(content, name)))?;
        let limits = subject.limits;
        let described = match content {
            Content::Saved => saved::describe(&mut archive, limits, &mut budget),
            Content::Script => script::describe(&mut archive, limits, &mut budget).map(|one| vec![one]),
            Content::Exported(layout) => {
                exported::describe(&mut archive, layout, limits, &mut budget).map(|one| vec![one])
            }
        };
        let safety = code::with_operators(scanned, &mut archive, &mut budget);
        match described {
            Ok(described) => inspections(subject, described, &safety),
            // What would run code, or was not read, is worth showing whatever it is.
            Err(error) if safety.verdict() != safety::Verdict::Safe => {
                inspections(subject, vec![Described::of_nothing(content, &error)], &safety)
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
            (Ok(described), _) => inspections(subject, described, &safety),
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

/// What the members of an archive are for, by their names.
fn role(content: Content, name: &str) -> Option<Role> {
    let is_pickle = has_ending(name, "pkl") || has_ending(name, "debug_pkl");
    let folder = name.rsplit('/').nth(1).unwrap_or_default();
    let is_number = name.rsplit('/').next().is_some_and(|key| key.bytes().all(|byte| byte.is_ascii_digit()));
    match content {
        Content::Saved if is_pickle => Some(Role::Pickle(Dialect::Torch)),
        Content::Script if is_pickle => Some(Role::Pickle(Dialect::TorchScript)),
        // torch.load and torch.jit.load copy what a persistent id names, and read it as nothing else.
        Content::Saved if folder == "data" && is_number => Some(Role::Bytes),
        Content::Script if matches!(folder, "data" | "constants" | "traced_inputs") && is_number => {
            Some(Role::Bytes)
        }
        Content::Exported(_) if folder == "weights" && !has_ending(name, "json") => Some(Role::Bytes),
        _ => None,
    }
}

fn has_ending(name: &str, ending: &str) -> bool {
    std::path::Path::new(name).extension().is_some_and(|found| found.eq_ignore_ascii_case(ending))
}

/// The models in a file, the first of which is proposed.
fn inspections(
    subject: &Subject<'_>,
    described: Vec<Described>,
    safety: &Safety,
) -> Result<Inspection, InspectError> {
    let models = described.into_iter().map(|one| inspection(subject, one, safety.clone())).collect();
    Inspection::first_of(models)
        .ok_or_else(|| crate::strangers::unread("it holds no model", "drop the model file"))
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
    let mut warnings = described.warnings;
    let mut serving = known_only(described.serving, &safety);
    if let Some(part) = crate::shards::part_of(&subject.file_name()) {
        // What refuses an export is the first.
        warnings.insert(0, crate::shards::whole(part));
        serving = Serving::No;
    }
    let mut requirements = vec![versions::requirement(described.version.as_ref(), described.least)];
    requirements.extend(described.libraries);
    Inspection {
        framework: Some(match described.framework {
            "torch" => Sourced::new("torch".to_owned(), "the structure of the archive"),
            other => Sourced::new(other.to_owned(), "the class of the pickled object"),
        }),
        requirements,
        framework_version: described.version,
        model_class: described.class,
        serving,
        signature: described.signature,
        structure: described.structure,
        tensors,
        facts,
        warnings,
        own_modules: described.own_modules,
        path_in_file: described.path,
        ..Inspection::blank(subject.artifact.clone(), described.format, safety)
    }
}

/// Generated code names the classes that a file may be made of; none that would do harm is among them.
fn known_only(serving: Serving, safety: &Safety) -> Serving {
    let Serving::TorchWeights { form, path, mut allowed, shards } = serving else { return serving };
    let is_harmful = |name: &String| {
        let mut rows = safety.findings.iter().filter(|finding| finding.what == *name);
        rows.any(|finding| finding.severity == Severity::Dangerous)
    };
    allowed.retain(|name| !is_harmful(name));
    Serving::TorchWeights { form, path, allowed, shards }
}
