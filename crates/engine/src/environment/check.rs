//! Whether requirement lines can be installed together, as far as the releases on PyPI tell.

use packwright_inspect::Requirement;
use packwright_mlflow::requirement::Requirement as Line;
use pep440_rs::{Version, VersionSpecifiers};

use super::index::{Index, IndexKind, host, is_pypi};
use super::major_minor;
use super::releases::{self, Minors, Release};

/// Something to know about one requirement line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RequirementNote {
    /// The line's index.
    pub index: usize,
    /// Whether the environment will not install, or only may not.
    pub is_fault: bool,
    /// What is wrong and what follows, a sentence.
    pub text: String,
    /// A line that does not have the problem, where one is known.
    pub better: Option<String>,
}

/// A line of the list that names a distribution of an index.
struct Read {
    index: usize,
    name: String,
    text: String,
    line: Line,
    specifiers: VersionSpecifiers,
    /// Of a project that the table knows.
    releases: Option<Vec<Release>>,
}

impl Read {
    fn fitting(&self) -> impl Iterator<Item = &Release> {
        self.releases.iter().flatten().filter(|release| self.specifiers.contains(&release.version))
    }

    /// The one release that the line asks for.
    fn pinned(&self) -> Option<&Release> {
        self.line.pin()?;
        self.fitting().next()
    }

    /// Whether only releases that came out after the table can fit.
    fn is_newer_than_the_table(&self) -> bool {
        let newest = self.releases.iter().flatten().last().map(|release| &release.version);
        newest.is_some_and(|newest| self.specifiers.iter().any(|clause| newest < clause.version()))
    }
}

/// What is wrong with the lines for a Python such as `3.12`, in the order of the lines.
pub(crate) fn notes(lines: &[Requirement], python: &str) -> Vec<RequirementNote> {
    let mut notes = Vec::new();
    let mut read: Vec<Read> = Vec::new();
    let places: Vec<Index> = lines.iter().filter_map(|line| Index::parse(&line.requirement)).collect();
    for (index, line) in lines.iter().enumerate() {
        let text = line.requirement.as_str();
        let mut note = |is_fault, text: String, better| {
            notes.push(RequirementNote { index, is_fault, text, better });
        };
        if let Some(index) = Index::parse(text) {
            if !is_pypi(&index.url) {
                note(false, looks_elsewhere(&index), None);
            }
            continue;
        }
        let Some(parsed) = Line::parse(text) else {
            note(true, "This is not a requirement of PEP 508; pip refuses the whole file.".into(), None);
            continue;
        };
        if let Some(url) = &parsed.url {
            note(false, format!("Installs only where {} can be reached.", host(url)), None);
            continue;
        }
        let Some(specifiers) = releases::specifiers(&parsed.specifiers) else {
            note(true, format!("{} is not a version of PEP 440.", parsed.specifiers), None);
            continue;
        };
        if let (Some((_, local)), [first, ..]) =
            (parsed.pin().and_then(|pin| pin.split_once('+')), places.as_slice())
        {
            note(false, format!("PyPI has no +{local}; pip looks for it at {}.", host(&first.url)), None);
            continue;
        }
        if let Some((public, local)) = parsed.pin().and_then(|pin| pin.split_once('+')) {
            let better =
                format!("{}=={public}", parsed.text.split("==").next().unwrap_or_default().trim_end());
            let text =
                format!("PyPI has no +{local}: it is a build of another index, so pip will not find it.");
            note(true, text, Some(better));
            continue;
        }
        let name = parsed.normalized_name();
        let releases = releases::of(&name);
        read.push(Read { index, name, text: text.to_owned(), line: parsed, specifiers, releases });
    }
    for (at, line) in read.iter().enumerate() {
        let faults = existence(line, places.first()).or_else(|| wrong_python(line, python));
        notes.extend(faults);
        notes.extend(repeated(line, read.get(..at).unwrap_or_default()));
        notes.extend(unmet(line, &read));
    }
    notes.sort_by_key(|note| note.index);
    notes
}

/// What follows from a line that sends pip to another place than PyPI.
fn looks_elsewhere(index: &Index) -> String {
    let host = host(&index.url);
    match index.kind {
        IndexKind::Instead => format!(
            "pip looks for every package at {host} and not at PyPI: the environment can be built only where that can be reached. A \
             login does not belong here; pip takes it from .netrc or keyring."
        ),
        IndexKind::Beside | IndexKind::Links => format!(
            "pip looks at {host} too: the environment can be built only where that can be reached, and of two packages with one \
             name pip takes the newer, whichever place has it. A login does not belong here; pip takes it from .netrc or keyring."
        ),
    }
}

fn existence(line: &Read, other: Option<&Index>) -> Option<RequirementNote> {
    let known = line.releases.as_ref()?;
    if line.fitting().next().is_some() || line.is_newer_than_the_table() {
        return None;
    }
    let asked = line.specifiers.iter().next()?.version();
    let nearest = known.iter().rev().find(|release| release.version < *asked).or(known.first())?;
    let name = &line.name;
    let (text, better) = match line.line.pin() {
        Some(pin) => (
            format!("{name} has no release {pin}; the one before it is {}.", nearest.version),
            Some(format!("{}=={}", line.line.name, nearest.version)),
        ),
        None => (format!("No release of {name} is {}.", line.line.specifiers), None),
    };
    if let Some(other) = other {
        let text = format!("{text} pip looks for it at {} too.", host(&other.url));
        return Some(RequirementNote { index: line.index, is_fault: false, text, better: None });
    }
    Some(RequirementNote { index: line.index, is_fault: true, text, better })
}

fn wrong_python(line: &Read, python: &str) -> Option<RequirementNote> {
    let (_, minor) = major_minor(python)?;
    let runs_on = line.fitting().fold(Minors::NONE, |all, release| all.or(release.pythons));
    let (oldest, newest) = runs_on.ends()?;
    if runs_on.has(minor) {
        return None;
    }
    let which =
        line.pinned().map_or_else(|| line.text.clone(), |one| format!("{} {}", line.name, one.version));
    // Beyond the newest known Python a source archive may still build; below the oldest, pip refuses.
    let text = if minor < oldest {
        format!("{which} needs Python 3.{oldest} or later; the package asks for {python}.")
    } else {
        format!(
            "{which} has no wheels for Python {python}, only for {}.",
            Minors::span(oldest, newest).words()
        )
    };
    Some(RequirementNote { index: line.index, is_fault: true, text, better: None })
}

fn repeated(line: &Read, before: &[Read]) -> Option<RequirementNote> {
    // A marker may keep two lines apart.
    let twin = before
        .iter()
        .find(|other| other.name == line.name && other.line.marker.is_none() && line.line.marker.is_none())?;
    let known = line.releases.as_ref();
    let fit = |release: &Release| {
        line.specifiers.contains(&release.version) && twin.specifiers.contains(&release.version)
    };
    let can_fit = known.is_none_or(|known| known.iter().any(fit));
    let text = if can_fit {
        format!("{} stands here twice.", line.name)
    } else {
        format!("No release of {} is both {} and {}.", line.name, twin.text, line.text)
    };
    Some(RequirementNote { index: line.index, is_fault: !can_fit, text, better: None })
}

/// What the release that a line pins asks of another line, and that line does not allow.
fn unmet(line: &Read, all: &[Read]) -> Vec<RequirementNote> {
    let Some(release) = line.pinned() else { return Vec::new() };
    let mut notes = Vec::new();
    for need in &release.requires {
        let at = need.find(['<', '>', '=', '!', '~']).unwrap_or(need.len());
        let (name, wanted) = need.split_at(at);
        let Some(wanted) = releases::specifiers(wanted) else { continue };
        let others = all.iter().filter(|other| other.name == name && other.index != line.index);
        for other in others {
            let fits = |version: &Version| wanted.contains(version) && other.specifiers.contains(version);
            let meets = other.fitting().any(|release| fits(&release.version));
            if !meets && other.fitting().next().is_some() {
                notes.push(RequirementNote {
                    index: other.index,
                    is_fault: true,
                    text: format!(
                        "{} {} needs {need}, which this line does not allow.",
                        line.name, release.version
                    ),
                    better: None,
                });
            }
        }
    }
    notes
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(lines: &[&str], python: &str) -> Vec<String> {
        let lines: Vec<Requirement> = lines
            .iter()
            .map(|line| Requirement { requirement: (*line).to_owned(), source: String::new() })
            .collect();
        let shown = |note: RequirementNote| {
            let mark = if note.is_fault { "fault" } else { "caution" };
            let better = note.better.map(|better| format!(" -> {better}")).unwrap_or_default();
            format!("{} {mark}: {}{better}", note.index, note.text)
        };
        notes(&lines, python).into_iter().map(shown).collect()
    }

    #[test]
    fn lines_that_install_together_say_nothing() {
        assert_eq!(
            said(
                &["mlflow==3.17.2", "scikit-learn==1.9.1", "numpy", "pandas>=2,<3", "some-project==1"],
                "3.12"
            ),
            [""; 0]
        );
        assert_eq!(said(&["scikit-learn==1.2.2", "numpy<2", "scipy<1.16"], "3.11"), [""; 0]);
    }

    #[test]
    fn a_release_that_does_not_exist_is_told_with_the_one_before_it() {
        assert_eq!(
            said(&["scikit-learn==1.2.9"], "3.11"),
            [
                "0 fault: scikit-learn has no release 1.2.9; the one before it is 1.2.2. -> scikit-learn==1.2.2"
            ]
        );
        assert_eq!(said(&["numpy>=1.26.5,<2"], "3.11"), ["0 fault: No release of numpy is >=1.26.5,<2."]);
    }

    #[test]
    fn a_release_that_may_have_come_out_since_is_not_doubted() {
        assert_eq!(said(&["scikit-learn==99.1", "numpy>=99"], "3.12"), [""; 0]);
    }

    #[test]
    fn a_python_without_wheels_is_told_for_pins_and_for_ranges() {
        assert_eq!(
            said(&["scikit-learn==1.2.2", "numpy<1.24"], "3.12"),
            [
                "0 fault: scikit-learn 1.2.2 has no wheels for Python 3.12, only for 3.8 to 3.11.",
                "1 fault: numpy<1.24 has no wheels for Python 3.12, only for 3.6 to 3.11."
            ]
        );
        assert_eq!(
            said(&["scikit-learn==1.9.1"], "3.10"),
            ["0 fault: scikit-learn 1.9.1 needs Python 3.11 or later; the package asks for 3.10."]
        );
    }

    #[test]
    fn builds_of_other_indexes_and_urls_are_told() {
        assert_eq!(
            said(&["torch==2.9.1+cu126", "net @ git+https://token@git.example.org/net.git"], "3.12"),
            [
                "0 fault: PyPI has no +cu126: it is a build of another index, so pip will not find it. -> torch==2.9.1",
                "1 caution: Installs only where git.example.org can be reached."
            ]
        );
    }

    #[test]
    fn another_index_is_told_and_may_have_what_pypi_lacks() {
        let index = "--extra-index-url https://download.pytorch.org/whl/cu126";
        let said = said(&["torch==2.9.1+cu126", "scikit-learn==1.2.9", index], "3.11");
        assert_eq!(said[0], "0 caution: PyPI has no +cu126; pip looks for it at download.pytorch.org.");
        let unknown = "1 caution: scikit-learn has no release 1.2.9; the one before it is 1.2.2. pip looks for it at \
                       download.pytorch.org too.";
        assert_eq!(said[1], unknown);
        assert!(said[2].starts_with("2 caution: pip looks at download.pytorch.org too: "), "{said:?}");
        assert_eq!(said.len(), 3);
    }

    #[test]
    fn two_lines_of_one_project_contradict_each_other_or_stand_twice() {
        assert_eq!(
            said(&["numpy<2", "NumPy==2.1.0", "scipy>=1", "scipy<2"], "3.12"),
            [
                "1 fault: No release of numpy is both numpy<2 and NumPy==2.1.0.",
                "3 caution: scipy stands here twice."
            ]
        );
    }

    #[test]
    fn a_pinned_release_and_the_line_that_it_cannot_live_with() {
        assert_eq!(
            said(&["scikit-learn==1.9.1", "numpy<1.24"], "3.11"),
            ["1 fault: scikit-learn 1.9.1 needs numpy>=1.24.1, which this line does not allow."]
        );
    }
}
