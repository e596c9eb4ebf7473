//! Which releases a project has on PyPI, which Pythons they run on, and what they ask for.
//!
//! The table is `releases.txt` beside this file; `tests/python/releases.py` writes it. A release that came out after it is
//! unknown, never wrong.

use std::str::FromStr as _;

use pep440_rs::{Version, VersionSpecifiers};

const TABLE: &str = include_str!("releases.txt");

/// Minor versions of Python 3, one bit each.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Minors(u32);

impl Minors {
    /// None.
    pub(crate) const NONE: Self = Self(0);

    /// From one to another, both included.
    pub(crate) fn span(oldest: u32, newest: u32) -> Self {
        Self((oldest..=newest.min(31)).fold(0, |bits, minor| bits | 1 << minor))
    }

    /// What is in both.
    pub(crate) fn and(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }

    /// What is in one of the two.
    pub(crate) fn or(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// Whether a minor is among them.
    pub(crate) fn has(self, minor: u32) -> bool {
        minor < 32 && self.0 & 1 << minor != 0
    }

    /// The oldest and the newest; `None` when there is none.
    pub(crate) fn ends(self) -> Option<(u32, u32)> {
        (self.0 != 0).then(|| (self.0.trailing_zeros(), self.0.ilog2()))
    }

    /// `3.9 to 3.12`; empty when there is none.
    pub(crate) fn words(self) -> String {
        match self.ends() {
            None => String::new(),
            Some((one, other)) if one == other => format!("3.{one}"),
            Some((oldest, newest)) => format!("3.{oldest} to 3.{newest}"),
        }
    }
}

/// One release.
#[derive(Debug, Clone)]
pub(crate) struct Release {
    /// Its version.
    pub(crate) version: Version,
    /// The Pythons that it runs on.
    pub(crate) pythons: Minors,
    /// What it needs of other projects of the table: `numpy>=1.24.1`.
    pub(crate) requires: Vec<&'static str>,
}

/// The final releases of a project, oldest first; `None` when the table does not have the project.
///
/// `project` is normalised as PyPI does.
pub(crate) fn of(project: &str) -> Option<Vec<Release>> {
    let rest = TABLE.split_once(&format!("\n[{project}]\n"))?.1;
    let rows = rest.split_once("\n[").map_or(rest, |(rows, _)| rows);
    let mut last: Vec<&str> = Vec::new();
    let mut releases = Vec::new();
    for row in rows.lines() {
        let mut words = row.split_whitespace();
        let (Some(version), Some(span)) = (words.next(), words.next()) else { continue };
        let requires: Vec<&str> = words.collect();
        if requires != ["same"] {
            last = requires;
        }
        let ends = span.split_once('-').and_then(|(a, b)| Some((a.parse().ok()?, b.parse().ok()?)));
        let pythons = ends.map_or(Minors::NONE, |(oldest, newest)| Minors::span(oldest, newest));
        if let Ok(version) = Version::from_str(version) {
            releases.push(Release { version, pythons, requires: last.clone() });
        }
    }
    Some(releases)
}

/// The version specifiers of a line, `>=1,<2`; every version when there are none. `None` when they are not PEP 440.
pub(crate) fn specifiers(text: &str) -> Option<VersionSpecifiers> {
    VersionSpecifiers::from_str(text).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_row_of_the_table_is_a_version_with_pythons_and_requirements_of_pep_440() {
        let mut projects = 0;
        for name in TABLE.lines().filter_map(|line| line.strip_prefix('[')?.strip_suffix(']')) {
            projects += 1;
            let releases = of(name).unwrap();
            let section = TABLE.split_once(&format!("\n[{name}]\n")).unwrap().1;
            let rows =
                section.lines().take_while(|line| !line.starts_with('[')).filter(|line| !line.is_empty());
            assert_eq!(releases.len(), rows.count(), "{name}");
            assert!(releases.is_sorted_by(|a, b| a.version < b.version), "{name}");
            for release in &releases {
                for line in &release.requires {
                    let at = line.find(['<', '>', '=', '!', '~']).unwrap_or(line.len());
                    assert!(specifiers(&line[at..]).is_some(), "{name}: {line}");
                }
            }
        }
        assert!(40 < projects);
        assert!(of("no-such-project").is_none());
    }

    #[test]
    fn releases_have_the_pythons_of_their_wheels() {
        let releases = of("scikit-learn").unwrap();
        let pythons = |version: &str| {
            releases.iter().find(|release| release.version.to_string() == version).unwrap().pythons.words()
        };
        assert_eq!(pythons("0.24.2"), "3.6 to 3.9");
        assert_eq!(pythons("1.2.2"), "3.8 to 3.11");
        assert_eq!(pythons("1.9.1"), "3.11 to 3.14");
    }

    #[test]
    fn a_wheel_for_any_python_ends_at_the_python_that_was_out_when_it_was_published() {
        let releases = of("xgboost").unwrap();
        let old = releases.iter().find(|release| release.version.to_string() == "1.7.6").unwrap();
        assert_eq!(old.pythons.words(), "3.8 to 3.11");
    }
}
