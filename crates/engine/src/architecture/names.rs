//! Whether the names of the weights are those of a class's layers.

use std::collections::BTreeSet;

use packwright_inspect::Tensors;

use super::ArchitectureClass;

/// More names than this make no sentence.
const MOST_NAMES: usize = 5;

/// How many sets of weights `torch.optim.swa_utils.AveragedModel` has averaged; the network that it averages has no such
/// buffer.
const AVERAGED: &str = "n_averaged";

/// The names that a class gives its layers, parameters and buffers.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Names {
    pub(crate) attributes: BTreeSet<String>,
    /// Whether it numbers what it is given, as `Sequential` does, or is given the names.
    pub(crate) is_container: bool,
    /// Whether there may be names that the text does not tell.
    pub(crate) is_open: bool,
}

/// What is done about the names of the weights.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Strip {
    /// What is taken off the beginning of every name: `model.`; empty when they fit.
    pub(crate) prefix: String,
    /// A counter that an averaging wrapper keeps beside the network.
    pub(crate) counter: Option<&'static str>,
    /// What the person should know, in a sentence.
    pub(crate) warning: Option<String>,
}

/// Compares the first parts of the weights' names with what the class defines.
///
/// A wrapper's name before all of them is taken off only where the class does not define it and the rest then fits:
/// Lightning's module keeps the network as `self.model`, a data-parallel one as `self.module`.
pub(crate) fn compare(tensors: &Tensors, class: &ArchitectureClass) -> Strip {
    let mut names: Vec<&str> = tensors.listed.iter().map(|tensor| tensor.name.as_str()).collect();
    // What tensors beyond the list are called is not known.
    let is_whole = u64::try_from(names.len()).is_ok_and(|n| n == tensors.n);
    let is_counted = names.contains(&AVERAGED) && !class.names.attributes.contains(AVERAGED);
    names.retain(|name| !is_counted || *name != AVERAGED);
    let counter = is_counted.then_some(AVERAGED);
    let unknown = class.names.unknown(&names, 0);
    if unknown.is_empty() {
        return Strip { counter, ..Strip::default() };
    }
    let mut skip = 0;
    while let Some(longer) = common(&names, skip).filter(|_| is_whole) {
        skip = longer;
        let prefix = names.first().and_then(|name| name.get(..skip)).unwrap_or_default();
        if class.names.unknown(&names, skip).is_empty() {
            let warning = format!(
                "All names of the weights begin with \"{prefix}\", which {} does not define: the package takes it off.",
                class.class
            );
            return Strip { prefix: prefix.to_owned(), counter, warning: Some(warning) };
        }
    }
    if class.names.is_open || class.names.is_container {
        return Strip { counter, ..Strip::default() };
    }
    let n_more = unknown.len().saturating_sub(MOST_NAMES);
    let mut shown = unknown.into_iter().take(MOST_NAMES).collect::<Vec<_>>().join(", ");
    if 0 < n_more {
        shown.push_str(&format!(" and {n_more} more"));
    }
    let warning = format!(
        "The weights are for layers named {shown}, which {} does not set in its methods: loading will fail if it has no \
         such layers.",
        class.class
    );
    Strip { prefix: String::new(), counter, warning: Some(warning) }
}

impl Names {
    /// The first parts of the names, after so many bytes, that are no attribute.
    fn unknown<'a>(&self, names: &[&'a str], skip: usize) -> BTreeSet<&'a str> {
        let first = |name: &&'a str| name.get(skip..).and_then(|rest| rest.split('.').next());
        let is_known = |part: &str| {
            let is_number = !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
            self.attributes.contains(part) || (self.is_container && is_number)
        };
        names.iter().filter_map(first).filter(|part| !is_known(part)).collect()
    }
}

/// The end of the part after `skip` that all names have in common, its dot included.
fn common(names: &[&str], skip: usize) -> Option<usize> {
    let first = names.first()?.get(skip..)?;
    let end = skip.checked_add(first.find('.')?)?.checked_add(1)?;
    let prefix = names.first()?.get(..end)?;
    names.iter().all(|name| name.starts_with(prefix) && prefix.len() < name.len()).then_some(end)
}
