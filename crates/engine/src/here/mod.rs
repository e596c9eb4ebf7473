//! "Will it run here?": what a package asks for beside what this computer has.
//!
//! The answer is static. Environments are found by the names of folders, and what is installed in them by the names that
//! installers leave behind; nothing in them is started, and no network is asked. `answer` is a function of facts; what
//! collects the facts of this computer is `places`.

mod asked;
mod commands;
mod environments;
mod fit;
mod machine;
mod obstacles;
mod places;
#[cfg(test)]
mod tests;

use std::path::{Path, PathBuf};

use sysinfo::{MemoryRefreshKind, RefreshKind, System};

use self::asked::Asked;
use self::fit::Fit;
pub use self::fit::{Difference, FitState};
use self::machine::{Environment, Machine, Memory, Os};
pub use self::obstacles::Obstacle;
use self::places::Surroundings;
use crate::environment;
use crate::package::VerifyError;
use crate::receipt::Snippet;
use crate::write::free_bytes;

/// How many environments are shown.
const SHOWN: usize = 6;

/// How many differences of one environment are shown.
const SHOWN_DIFFERENCES: usize = 8;

/// The answer in one word.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// An environment here has everything.
    Yes,
    /// One is close.
    Almost,
    /// None is, and one can be built with what is here.
    Build,
    /// It cannot, as far as can be told.
    No,
}

/// One environment of this computer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Candidate {
    /// Where it lies, from the home folder on.
    pub place: String,
    /// Its Python.
    pub python: String,
    /// How it fits.
    pub state: FitState,
    /// In half a sentence.
    pub summary: String,
    /// What it does not meet; the first of many.
    pub differences: Vec<Difference>,
    /// How many more there are.
    pub n_more: usize,
    /// What could not be decided, in sentences.
    pub unsure: Vec<String>,
}

/// The answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Here {
    /// In one word.
    pub outcome: Outcome,
    /// In one sentence.
    pub headline: String,
    /// Why, and what is not known, in sentences.
    pub reasons: Vec<String>,
    /// What no environment mends, what is certain first.
    pub obstacles: Vec<Obstacle>,
    /// The environments that fit best, best first.
    pub environments: Vec<Candidate>,
    /// How many more were looked at, which have less of it or none.
    pub n_more: usize,
    /// Lines to paste, the best way first.
    pub commands: Vec<Snippet>,
}

impl Outcome {
    /// The word used in `verify --json`.
    pub fn word(self) -> &'static str {
        match self {
            Self::Yes => "yes",
            Self::Almost => "almost",
            Self::Build => "build",
            Self::No => "no",
        }
    }
}

impl FitState {
    /// The word used in `verify --json`.
    pub fn word(self) -> &'static str {
        match self {
            Self::Ready => "ready",
            Self::Close => "close",
            Self::Lacking => "lacking",
        }
    }
}

/// Whether a package, a folder or a zip, will run on this computer. Reads folders of this computer, at most for some
/// seconds.
///
/// # Errors
///
/// [`VerifyError`] when it is no package or cannot be read.
pub fn will_it_run(path: &Path) -> Result<Here, VerifyError> {
    // Lines to paste work from every folder.
    let path = std::path::absolute(path).unwrap_or_else(|_| path.to_path_buf());
    Ok(answer(&Asked::of(&path)?, &this_machine(&path)))
}

/// Collects the facts of this computer.
fn this_machine(package: &Path) -> Machine {
    let beside = package.parent().unwrap_or(Path::new("")).to_path_buf();
    let path = std::env::var_os("PATH");
    let around = Surroundings {
        os: Os::HERE,
        home: dirs::home_dir(),
        path: path.iter().flat_map(std::env::split_paths).filter(|folder| folder.is_absolute()).collect(),
        variable: |name| std::env::var_os(name).map(PathBuf::from).filter(|path| path.is_absolute()),
        beside: beside.clone(),
        root: if cfg!(windows) { "C:\\".into() } else { "/".into() },
    };
    let (environments, is_cut) = places::find(&around);
    Machine {
        os: around.os,
        arch: std::env::consts::ARCH,
        memory: memory(),
        free_bytes: free_bytes(&beside),
        has_nvidia: places::has_nvidia(&around),
        tools: places::tools(&around),
        home: around.home,
        environments,
        is_cut,
    }
}

fn memory() -> Option<Memory> {
    let kind = RefreshKind::nothing().with_memory(MemoryRefreshKind::nothing().with_ram());
    let system = System::new_with_specifics(kind).ok()?;
    let (total, available) = (system.total_memory(), system.available_memory());
    (0 < total).then_some(Memory { total, available })
}

/// The answer that follows from what is asked and what is here.
fn answer(asked: &Asked, machine: &Machine) -> Here {
    let mut fits: Vec<(Fit, &Environment)> =
        machine.environments.iter().map(|one| (fit::fit(asked, one, machine), one)).collect();
    fits.sort_by_key(|(fit, _)| (fit.state, fit.differences.len(), fit.is_other_python));
    let obstacles = obstacles::obstacles(asked, machine);
    let best = fits.first().map(|(fit, one)| (fit, *one));
    let ways = commands::build(asked, machine);
    let barrier = obstacles.iter().find(|obstacle| obstacle.is_certain);
    let (outcome, headline) = match (barrier, best) {
        (Some(barrier), _) => (Outcome::No, format!("No: {}", lower_first(&barrier.text))),
        (None, Some((fit, one))) if fit.state == FitState::Ready => {
            (Outcome::Yes, format!("Yes: {} has everything that it asks for", machine.shown(&one.prefix)))
        }
        (None, Some((fit, one))) if fit.state == FitState::Close => {
            let why = first_difference(asked, fit, one);
            (Outcome::Almost, format!("Almost: in {} {why}", machine.shown(&one.prefix)))
        }
        (None, _) if !ways.is_empty() => (
            Outcome::Build,
            format!("Not yet: no environment here has it, and {} can build one", builder(asked, machine)),
        ),
        (None, _) => {
            let what =
                asked.python.as_deref().map_or("Python".to_owned(), |python| format!("Python {python}"));
            let text = format!(
                "No: no environment here has it, and neither uv, conda, Docker nor {what} is here to build one"
            );
            (Outcome::No, text)
        }
    };
    let mut reasons = reasons(asked, machine, outcome);
    if let Some((fit, _)) = best.filter(|_| matches!(outcome, Outcome::Yes | Outcome::Almost)) {
        reasons.extend(fit.unsure.iter().cloned());
    }
    let commands = commands_for(asked, machine, outcome, best, ways);
    // A bare Python says nothing that its absence would not.
    let telling = fits.iter().filter(|(fit, _)| 0 < fit.n_met()).take(SHOWN);
    let environments: Vec<Candidate> =
        telling.map(|(fit, one)| candidate(asked, fit, one, machine)).collect();
    Here {
        outcome,
        headline,
        reasons,
        obstacles,
        n_more: fits.len() - environments.len(),
        environments,
        commands,
    }
}

/// What can build an environment, in words.
fn builder(asked: &Asked, machine: &Machine) -> String {
    let base = commands::base(asked, machine);
    match (machine.tools.first(), base) {
        (Some(tool), _) if *tool != machine::Tool::Docker => tool.name().to_owned(),
        (_, Some(base)) => format!("Python {}", base.minor()),
        (Some(tool), None) => tool.name().to_owned(),
        (None, None) => String::new(),
    }
}

fn reasons(asked: &Asked, machine: &Machine, outcome: Outcome) -> Vec<String> {
    let mut reasons = asked.unsure.clone();
    if machine.environments.is_empty() {
        reasons.push("No Python was found where Python and its environments usually lie.".to_owned());
    }
    if machine.is_cut {
        reasons.push("There are more environments here than were looked at.".to_owned());
    }
    if asked.python.is_none() {
        reasons.push("The package does not say which Python it was made with.".to_owned());
    }
    if matches!(outcome, Outcome::Build | Outcome::Almost) {
        let python = asked.python.as_deref().unwrap_or("3.12");
        let faults = environment::notes(&asked.lines, python).into_iter().filter(|note| note.is_fault);
        let faults: Vec<String> = faults.map(|note| note.text).collect();
        let is_sound = faults.is_empty();
        reasons.extend(faults);
        if outcome == Outcome::Build && is_sound {
            reasons.push(
                "Building one downloads what it asks for; whether all of it is still there is not known."
                    .into(),
            );
        }
    }
    if outcome == Outcome::Yes {
        reasons.push(
            "Told by what is installed there; nothing was started. What its libraries need in turn is taken to be there."
                .to_owned(),
        );
    }
    reasons
}

fn commands_for(
    asked: &Asked,
    machine: &Machine,
    outcome: Outcome,
    best: Option<(&Fit, &Environment)>,
    ways: Vec<Snippet>,
) -> Vec<Snippet> {
    match (outcome, best) {
        (Outcome::Yes, Some((_, one))) => commands::run(asked, one, machine),
        (Outcome::Almost, Some((fit, one))) => {
            let lines: Vec<String> =
                fit.differences.iter().map(|difference| without_marker(&difference.asked)).collect();
            ways.into_iter().take(1).chain(commands::mend(one, &lines, machine)).collect()
        }
        (Outcome::Build, _) => ways,
        _ => Vec::new(),
    }
}

/// The line that pip takes as an argument of its own.
fn without_marker(line: &str) -> String {
    line.split(';').next().unwrap_or(line).trim().to_owned()
}

fn candidate(asked: &Asked, fit: &Fit, one: &Environment, machine: &Machine) -> Candidate {
    Candidate {
        place: machine.shown(&one.prefix),
        python: one.python.clone(),
        state: fit.state,
        summary: summary(asked, fit),
        differences: fit.differences.iter().take(SHOWN_DIFFERENCES).cloned().collect(),
        n_more: fit.differences.len().saturating_sub(SHOWN_DIFFERENCES),
        unsure: fit.unsure.clone(),
    }
}

/// `has 7 of 9`, and the Python where it is another one.
fn summary(asked: &Asked, fit: &Fit) -> String {
    let n_met = fit.n_met();
    let has = if n_met == fit.n_asked {
        "has everything".to_owned()
    } else {
        format!("has {n_met} of {}", fit.n_asked)
    };
    match &asked.python {
        Some(python) if fit.is_other_python => format!("{has}; Python {python} is asked for"),
        _ => has,
    }
}

/// The first thing that an environment lacks, in words.
fn first_difference(asked: &Asked, fit: &Fit, one: &Environment) -> String {
    let Some(first) = fit.differences.first() else {
        let wanted = asked.python.as_deref().unwrap_or_default();
        return format!(
            "Python is {} and {wanted} is asked for: MLflow warns, and pickles that carry code may not load",
            one.python
        );
    };
    let what = first.text();
    match fit.differences.len() - 1 {
        0 => what,
        1 => format!("{what}, and one more differs"),
        n => format!("{what}, and {n} more differ"),
    }
}

fn lower_first(text: &str) -> String {
    // A name keeps its capital; only words of ours that begin a sentence lose it.
    let text = text.trim_end_matches('.');
    match text.split_once(' ') {
        Some(("Its", rest)) => format!("its {rest}"),
        Some(("Unpacked", rest)) => format!("unpacked {rest}"),
        _ => text.to_owned(),
    }
}
