//! What a draft of weights alone says of its architecture.

use std::path::Path;

use packwright_inspect::libraries::library_of;
use packwright_inspect::{Requirement, Serving};

use super::Draft;
use crate::architecture::{
    Architecture, ArchitectureClass, Argument, Strip, candidates, compare, is_plain, only, side_effect,
};
use crate::choices::YOU;
use crate::edit::Edit;
use crate::environment;
use crate::network::Network;

/// What a file is to weights of Keras that lack their network.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NetworkOffer {
    /// It describes their network, shape by shape; the edit takes it.
    Theirs(Edit),
    /// It describes a network, and not theirs or not surely; the reason is a sentence.
    Another(String),
}

impl Draft {
    /// Whether the model is weights alone, which need a class of the person's code.
    pub fn needs_architecture(&self) -> bool {
        matches!(self.inspection().serving, Serving::TorchWeights { .. })
    }

    /// The classes in the person's code that may be the architecture of weights alone, networks first. Reads the code.
    pub fn architectures(&self) -> Vec<ArchitectureClass> {
        if !self.needs_architecture() || self.choices.code.is_empty() {
            return Vec::new();
        }
        // Code that cannot be read defines nothing; the plan says why it cannot.
        candidates(&self.code_tree().unwrap_or_default())
    }

    /// The architecture that was chosen, or the only one that could be, if that can be made as it stands.
    pub fn architecture(&self) -> Option<Architecture> {
        self.architecture_among(&self.architectures())
    }

    fn architecture_among(&self, classes: &[ArchitectureClass]) -> Option<Architecture> {
        if !self.needs_architecture() {
            return None;
        }
        if let Some(choice) = &self.choices.architecture {
            let class = classes.iter().find(|class| class.class == choice.class);
            let given = choice.arguments.iter().map(|(name, value)| Argument {
                name: name.clone(),
                value: value.clone(),
                source: YOU.to_owned(),
            });
            let mut arguments: Vec<Argument> = given.collect();
            let is_given = |name: &str| choice.arguments.iter().any(|(given, _)| given == name);
            let kept = class.map_or_else(Vec::new, |class| self.kept(class));
            arguments.extend(kept.into_iter().filter(|argument| !is_given(&argument.name)));
            return Some(Architecture { class: choice.class.clone(), source: YOU.to_owned(), arguments });
        }
        let (class, source) = only(classes)?;
        let arguments = self.kept(class);
        missing(class, &arguments).is_empty().then(|| Architecture {
            class: class.class.clone(),
            source,
            arguments,
        })
    }

    /// The arguments that Lightning kept in the checkpoint, as far as the class takes arguments of these names.
    fn kept(&self, class: &ArchitectureClass) -> Vec<Argument> {
        let Some(fact) = self.inspection().fact("hyperparameters") else { return Vec::new() };
        let value = |name: &str| fact.value.get(name).filter(|value| is_plain(value)).cloned();
        let argument = |name: &String| {
            let source = format!("assumed: {} of the checkpoint has one of this name", fact.source);
            Some(Argument { name: name.clone(), value: value(name)?, source })
        };
        class.parameters.iter().filter_map(|parameter| argument(&parameter.name)).collect()
    }

    /// Whether the model is weights of Keras alone, which need a file that describes their network.
    pub fn needs_network(&self) -> bool {
        matches!(self.inspection().serving, Serving::KerasWeights { .. })
    }

    /// The file that describes the network which weights of Keras belong to.
    pub(crate) fn network(&self) -> Option<&Network> {
        self.choices.network.as_ref()
    }

    /// Whether weights of Keras still lack a network that fits.
    pub fn wants_network(&self) -> bool {
        self.needs_network() && self.network_problem().is_some()
    }

    /// What a file is to weights that lack their network; `None` when they lack none, or it describes no network. Reads the file.
    pub fn network_offer(&self, path: &Path) -> Option<NetworkOffer> {
        if !self.wants_network() {
            return None;
        }
        let network = Network::read(path)?;
        if network.is_theirs(self.inspection()) {
            return Some(NetworkOffer::Theirs(Edit::AddCode { path: path.to_path_buf() }));
        }
        Some(NetworkOffer::Another(network.problem(self.inspection()).unwrap_or_else(|| {
            format!(
                "{} may be the network of these weights: the shapes that its layers take are not all known. Add it under Environment if it is.",
                network.name()
            )
        })))
    }

    /// Why weights of Keras have no network yet, or not theirs.
    fn network_problem(&self) -> Option<String> {
        match self.network() {
            Some(network) => network.problem(self.inspection()),
            None => Some(
                "The file holds weights and not the layers that they belong to. Add the configuration of the model, which \
                 model.to_json() gives, as a .json file, or a .keras or .h5 file of a model with the same layers."
                    .to_owned(),
            ),
        }
    }

    /// Why the weights have no architecture yet, and what to do; `None` when they have one, or need none.
    pub(crate) fn architecture_problem(&self) -> Option<String> {
        if self.needs_network() {
            return self.network_problem();
        }
        if !self.needs_architecture() {
            return None;
        }
        let classes = self.architectures();
        let Some(chosen) = self.architecture_among(&classes) else {
            return Some(match classes.as_slice() {
                [] if self.choices.code.is_empty() => {
                    "The file holds weights and no architecture. Add the Python file that defines the network, then \
                     choose its class."
                        .to_owned()
                }
                [] => "The file holds weights and no architecture, and your code defines no class that Python can \
                       import. Add the file that defines the network."
                    .to_owned(),
                [only] => format!(
                    "{} needs a value for {}.",
                    only.class,
                    missing(only, &self.kept(only)).join(", ")
                ),
                _ => "The file holds weights and no architecture. Choose the class of the network in your code."
                    .to_owned(),
            });
        };
        let class = classes.iter().find(|class| class.class == chosen.class);
        let Some(class) = class else {
            let top = chosen.class.split('.').next().unwrap_or_default();
            let is_library = !library_of(top).is_empty();
            return (!is_library).then(|| {
                format!(
                    "There is no class {} in your code. Add the file that defines it, or choose another.",
                    chosen.class
                )
            });
        };
        let missing = missing(class, &chosen.arguments);
        (!missing.is_empty()).then(|| format!("{} needs a value for {}.", class.class, missing.join(", ")))
    }

    /// Whether the weights have the names that the architecture gives its layers.
    pub(crate) fn architecture_names(&self) -> Strip {
        let classes = self.architectures();
        let chosen = self.architecture_among(&classes);
        let class = chosen.and_then(|chosen| classes.iter().find(|class| class.class == chosen.class));
        match (&self.inspection().tensors, class) {
            (Some(tensors), Some(class)) => compare(tensors, class),
            _ => Strip::default(),
        }
    }

    /// What importing the architecture's file would do besides, in a sentence.
    pub(crate) fn architecture_side_effect(&self) -> Option<String> {
        let classes = self.architectures();
        let chosen = self.architecture_among(&classes)?;
        let class = classes.iter().find(|class| class.class == chosen.class)?;
        side_effect(&self.code_tree().ok()?, class)
    }

    /// The line of a library whose class was chosen.
    pub(super) fn add_architecture_s_library(&self, lines: &mut Vec<Requirement>) {
        let Some(choice) = &self.choices.architecture else { return };
        let top = choice.class.split('.').next().unwrap_or_default();
        let library = library_of(top);
        if !library.is_empty() && !self.architectures().iter().any(|class| class.class == choice.class) {
            let reason = format!("{} is the architecture; its version is not known", choice.class);
            environment::add(lines, library, &reason);
        }
    }
}

/// The parameters without a default that have no value.
fn missing(class: &ArchitectureClass, arguments: &[Argument]) -> Vec<String> {
    let is_given = |name: &str| arguments.iter().any(|argument| argument.name == name);
    let open = class.parameters.iter().filter(|parameter| parameter.default.is_none());
    open.filter(|parameter| !is_given(&parameter.name)).map(|parameter| parameter.name.clone()).collect()
}
