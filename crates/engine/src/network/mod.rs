//! The network that weights of Keras belong to: a file that the person adds, with its configuration.

use std::path::{Path, PathBuf};

use packwright_inspect::safety::Verdict;
use packwright_inspect::{Inspection, Serving, inspect_inside};
use packwright_source::Limits;

use crate::code::in_archive;

/// How many shapes are named in a sentence.
const NAMED: usize = 6;

/// A file that describes a network of Keras, and what was read from it.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Network {
    pub(crate) path: PathBuf,
    pub(crate) inspection: Inspection,
}

/// How the file holds the network.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum NetworkForm {
    /// The text of `model.to_json()`.
    Json,
    /// A whole model, whose own weights are replaced.
    Model,
}

/// The first of the added files that describes the network of weights that need one; else the first that describes any.
pub(crate) fn find(added: &[PathBuf], weights: &Inspection) -> Option<Network> {
    if !matches!(weights.serving, Serving::KerasWeights { .. }) {
        return None;
    }
    let mut networks: Vec<Network> = added.iter().filter_map(|path| Network::read(path)).collect();
    let at = networks.iter().position(|network| network.problem(weights).is_none()).unwrap_or(0);
    (!networks.is_empty()).then(|| networks.swap_remove(at))
}

impl Network {
    /// Reads a file that describes a network; `None` when it does not.
    pub(crate) fn read(path: &Path) -> Option<Self> {
        // Of code nothing is asked here.
        if path.extension().is_some_and(|ending| ending == "py") {
            return None;
        }
        let inspection = match in_archive(path) {
            Some((archive, inner)) => inspect_inside(&archive, &inner, &Limits::default()).ok()?,
            None if path.is_file() => {
                let found = packwright_inspect::inspect(path, &Limits::default()).ok()?;
                // In an archive that was dropped it would have to be looked for first.
                found.artifact.member.is_none().then_some(found)?
            }
            None => return None,
        };
        let is_network = matches!(inspection.format, "keras-json-config" | "keras-v3" | "keras-h5");
        is_network.then(|| Self { path: path.to_path_buf(), inspection })
    }

    pub(crate) fn form(&self) -> NetworkForm {
        if self.inspection.format == "keras-json-config" { NetworkForm::Json } else { NetworkForm::Model }
    }

    /// The file's name, for people.
    pub(crate) fn name(&self) -> String {
        self.path.file_name().unwrap_or_default().to_string_lossy().into_owned()
    }

    /// The module of Keras that opens it.
    pub(crate) fn module(&self) -> &'static str {
        let of = |value: &Option<packwright_inspect::Sourced<String>>| {
            value.as_ref().map(|value| value.value.clone()).unwrap_or_default()
        };
        let (framework, version) = (of(&self.inspection.framework), of(&self.inspection.framework_version));
        match (framework.as_str(), version.as_str()) {
            ("tf-keras", _) => "tf_keras",
            (_, version) if version.starts_with("2.") => "tensorflow.keras",
            _ => "keras",
        }
    }

    /// Why the weights cannot be served with it, in a sentence.
    pub(crate) fn problem(&self, weights: &Inspection) -> Option<String> {
        let name = self.name();
        if self.inspection.safety.verdict() != Verdict::Safe {
            return Some(format!(
                "{name} is more than a description of layers: {}. Save the whole model with model.save, and drop that.",
                self.inspection.safety.summary
            ));
        }
        if self.inspection.signature.inputs.is_none() {
            return Some(format!(
                "{name} does not say what goes into the network, so that its layers cannot be made before the weights are \
                 read. Save it again after the model was built."
            ));
        }
        let framework = |of: &Inspection| of.framework.as_ref().map(|framework| framework.value.clone());
        let is_known = weights.framework_version.is_some() && self.inspection.framework_version.is_some();
        if is_known && framework(weights) != framework(&self.inspection) {
            return Some(format!(
                "{name} was written by {}, and the weights by {}.",
                framework(&self.inspection).unwrap_or_default(),
                framework(weights).unwrap_or_default()
            ));
        }
        self.misfit(weights)
    }

    /// Whether the weights are known to be its own: the shapes on both sides are known, and the same.
    pub(crate) fn is_theirs(&self, weights: &Inspection) -> bool {
        self.problem(weights).is_none() && self.wanted().is_some() && shapes(weights).is_some()
    }

    /// How the shapes of the weights differ from what the network takes, where both are known.
    fn misfit(&self, weights: &Inspection) -> Option<String> {
        let mut wanted = self.wanted()?;
        let mut given = shapes(weights)?;
        wanted.sort();
        given.sort();
        if wanted == given {
            return None;
        }
        let only = |all: &[Vec<u64>], others: &[Vec<u64>]| {
            let mut others = others.to_vec();
            let left = all.iter().filter(|shape| match others.iter().position(|other| other == *shape) {
                Some(at) => {
                    others.remove(at);
                    false
                }
                None => true,
            });
            let shown: Vec<String> = left.take(NAMED).map(|shape| format!("{shape:?}")).collect();
            if shown.is_empty() { "none".to_owned() } else { shown.join(", ") }
        };
        Some(format!(
            "The weights do not fit {}: of the shapes that its layers take, the file lacks {}, and it holds in their place \
             {}. Add the file of the network that the weights were saved from.",
            self.name(),
            only(&wanted, &given),
            only(&given, &wanted),
        ))
    }

    /// The shapes that its layers take: of its own weights, or worked out.
    fn wanted(&self) -> Option<Vec<Vec<u64>>> {
        if self.form() == NetworkForm::Model {
            return shapes(&self.inspection);
        }
        let layers = self.inspection.fact("expected_weights")?.value.as_array()?;
        let of_layer = |layer: &serde_json::Value| -> Option<Vec<Vec<u64>>> {
            serde_json::from_value(layer.get(1)?.clone()).ok()
        };
        let shapes: Vec<Vec<Vec<u64>>> = layers.iter().map(of_layer).collect::<Option<_>>()?;
        Some(shapes.concat())
    }
}

/// The shapes of the weights in a file; what draws random numbers keeps a state there too, which is no weight.
fn shapes(inspection: &Inspection) -> Option<Vec<Vec<u64>>> {
    let tensors = inspection.tensors.as_ref()?;
    let is_whole = u64::try_from(tensors.listed.len()).ok() == Some(tensors.n);
    let weights = tensors.listed.iter().filter(|tensor| !tensor.name.contains("seed_generator"));
    is_whole.then(|| weights.map(|tensor| tensor.shape.clone()).collect())
}
