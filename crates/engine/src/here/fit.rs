//! One environment beside what a package asks for.

use std::str::FromStr as _;

use packwright_inspect::Requirement;
use packwright_mlflow::requirement::Requirement as Line;
use pep440_rs::{Version, VersionSpecifiers};
use pep508_rs::{MarkerEnvironment, MarkerTree, VerbatimUrl};

use super::asked::Asked;
use super::machine::{Environment, Machine};

/// A longer marker is none that a person or a tool wrote.
const LONGEST_MARKER: usize = 400;

/// How an environment fits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum FitState {
    /// It has everything that is asked for.
    Ready,
    /// Little is missing or of another version.
    Close,
    /// It was made for something else.
    Lacking,
}

/// A requirement that an environment does not meet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference {
    /// The project, as the package writes it.
    pub project: String,
    /// The line that asks for it.
    pub asked: String,
    /// The version that is there; `None` when it is missing.
    pub found: Option<String>,
}

impl Difference {
    /// `scikit-learn is 1.5.2 and 1.6.1 is asked for`, `shap is missing`.
    pub fn text(&self) -> String {
        let Some(found) = &self.found else { return format!("{} is missing", self.project) };
        let wanted = Line::parse(&self.asked)
            .map(|line| line.pin().map_or(line.specifiers.clone(), str::to_owned))
            .unwrap_or_default();
        format!("{} is {found} and {wanted} is asked for", self.project)
    }
}

/// An environment, measured.
#[derive(Debug, Clone)]
pub(crate) struct Fit {
    pub(crate) state: FitState,
    /// How many lines count on this Python and system.
    pub(crate) n_asked: usize,
    pub(crate) differences: Vec<Difference>,
    /// Whether its Python is of another minor than is asked for.
    pub(crate) is_other_python: bool,
    /// What could not be decided, in sentences.
    pub(crate) unsure: Vec<String>,
}

impl Fit {
    /// How many lines are met, or could not be decided.
    pub(crate) fn n_met(&self) -> usize {
        self.n_asked.saturating_sub(self.differences.len())
    }
}

/// Measures an environment.
pub(crate) fn fit(asked: &Asked, environment: &Environment, machine: &Machine) -> Fit {
    let markers = machine.markers(&environment.python);
    let mut fit = Fit {
        state: FitState::Lacking,
        n_asked: 0,
        differences: Vec::new(),
        is_other_python: asked.python.as_deref().is_some_and(|python| is_other(python, environment)),
        unsure: Vec::new(),
    };
    if environment.is_cut {
        fit.unsure.push("It has more packages than were looked at.".to_owned());
    }
    for line in &asked.lines {
        one_line(line, environment, markers.as_ref(), &mut fit);
    }
    let n_missing = fit.differences.iter().filter(|difference| difference.found.is_none()).count();
    let n_wrong = fit.differences.len();
    fit.state = if fit.differences.is_empty() && !fit.is_other_python {
        FitState::Ready
    } else if n_missing == 0 || n_wrong <= 2 && n_wrong * 2 < fit.n_asked {
        FitState::Close
    } else {
        FitState::Lacking
    };
    fit
}

fn is_other(asked: &str, environment: &Environment) -> bool {
    let minor = environment.minor();
    !asked.strip_prefix(minor).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
}

fn one_line(
    line: &Requirement,
    environment: &Environment,
    markers: Option<&MarkerEnvironment>,
    fit: &mut Fit,
) {
    let Some(parsed) = Line::parse(&line.requirement) else {
        return fit.unsure.push(format!("{} could not be read as a requirement.", line.requirement));
    };
    match applies(&parsed, markers) {
        Some(false) => return,
        Some(true) => {}
        None => {
            fit.unsure.push(format!("Whether {} is asked for here could not be decided.", line.requirement));
        }
    }
    fit.n_asked += 1;
    let found = environment.projects.get(&parsed.normalized_name());
    let difference = |found: Option<&String>| Difference {
        project: parsed.name.clone(),
        asked: line.requirement.clone(),
        found: found.cloned(),
    };
    let Some(found) = found else { return fit.differences.push(difference(None)) };
    if !parsed.extras.is_empty() {
        let extras = parsed.extras.join(", ");
        fit.unsure.push(format!("What {} needs for {extras} was not looked at.", parsed.name));
    }
    if parsed.url.is_some() {
        let name = &parsed.name;
        return fit.unsure.push(format!(
            "{name} {found} is there; whether it came from the address asked for is not known."
        ));
    }
    match meets(&parsed.specifiers, found) {
        Some(true) => {}
        Some(false) => fit.differences.push(difference(Some(found))),
        None => fit
            .unsure
            .push(format!("Whether {} {found} meets {} could not be decided.", parsed.name, parsed.text)),
    }
}

/// Whether an installed version meets specifiers; `None` when one of the two is not PEP 440.
fn meets(specifiers: &str, found: &str) -> Option<bool> {
    if let Some(exact) = specifiers.strip_prefix("===") {
        return Some(exact == found);
    }
    let specifiers = VersionSpecifiers::from_str(specifiers).ok()?;
    Some(specifiers.contains(&Version::from_str(found).ok()?))
}

/// Whether a line counts for a Python and a system; `None` when its marker could not be read.
pub(super) fn applies(line: &Line, markers: Option<&MarkerEnvironment>) -> Option<bool> {
    let Some(marker) = &line.marker else { return Some(true) };
    if LONGEST_MARKER < marker.len() {
        return None;
    }
    let tree = MarkerTree::parse_str::<VerbatimUrl>(marker).ok()?;
    Some(tree.evaluate(markers?, &[]))
}
