//! What loading an artifact would import and call, and what that means.

mod arguments;
mod by_value;
pub(crate) mod harm;
mod known;
#[cfg(test)]
mod loader_tests;
mod names;
mod nested;
mod oddities;
pub(crate) mod pickle;
pub(crate) mod readings;
pub(crate) mod skops;
mod states;
pub(crate) mod template;
mod tensor_bytes;
#[cfg(test)]
mod tests;

/// The verdict shown. Derived from [`Needs`] and completeness, never set by hand.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Verdict {
    /// Data, or known classes of known libraries, and everything was read.
    Safe,
    /// It would load code that is not on the known list.
    Review,
    /// Something could not be read.
    Unscanned,
    /// Some part would run commands, code, network access or file writes.
    Dangerous,
}

/// What a file needs, the first axis.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Needs {
    /// Nothing but data.
    DataOnly,
    /// Known classes and functions of known libraries.
    KnownLibraries,
    /// Code that is not on any known list, or code that the file itself carries.
    UnknownCode,
    /// Calls that run commands, code, network access or file writes.
    DangerousCalls,
}

/// How bad one finding is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// Good to know.
    Info,
    /// Unknown code: a person must decide.
    Review,
    /// Could not be read.
    Unscanned,
    /// Would do harm, or could.
    Dangerous,
}

/// One row of the safety report.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// A stable rule id: `pickle/dangerous-call`.
    pub rule: &'static str,
    /// How bad.
    pub severity: Severity,
    /// What was found: `os.system`, `sklearn.svm._classes.SVC`.
    pub what: String,
    /// Where: `byte 210`, with the path inside containers before it.
    pub place: String,
    /// Why it matters.
    pub why: String,
}

/// What loading would do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Safety {
    /// The first axis.
    pub needs: Needs,
    /// The second axis: why something was not read; empty when everything was.
    pub unread: Vec<String>,
    /// Every finding, worst first.
    pub findings: Vec<Finding>,
    /// One line for a person: `loads 14 classes from scikit-learn and numpy; runs no other code`.
    pub summary: String,
}

impl Finding {
    /// What tells the finding from the others of one file, wherever its bytes lie.
    pub fn key(&self) -> String {
        format!("{} {}", self.rule, self.what)
    }

    /// The PyPI name of the library that the found name belongs to; empty when there is none.
    pub fn library(&self) -> &'static str {
        crate::pickled::library_of(&self.what)
    }
}

/// The summary of what was not read to its end.
pub(crate) const NOT_READ: &str = "could not be read to its end: what the rest would do is unknown";

/// What a file with these findings needs; `least` is what it needs whatever was found.
pub(crate) fn needs_of(findings: &[Finding], least: Needs) -> Needs {
    findings.iter().map(|finding| finding.severity.needs(least)).max().unwrap_or(least)
}

/// The first three things that are more than good to know, for a summary. The findings are sorted, worst first.
pub(crate) fn worst_of(findings: &[Finding]) -> String {
    let worst = findings.iter().filter(|finding| Severity::Info < finding.severity);
    worst.take(3).map(|finding| finding.what.as_str()).collect::<Vec<_>>().join(", ")
}

impl Safety {
    /// Data, all of it read.
    pub(crate) fn data(summary: String) -> Self {
        Self { needs: Needs::DataOnly, unread: Vec::new(), findings: Vec::new(), summary }
    }

    /// The verdict that follows from the two axes.
    pub fn verdict(&self) -> Verdict {
        match self.needs {
            Needs::DangerousCalls => Verdict::Dangerous,
            _ if !self.unread.is_empty() => Verdict::Unscanned,
            Needs::UnknownCode => Verdict::Review,
            Needs::KnownLibraries | Needs::DataOnly => Verdict::Safe,
        }
    }
}

impl Verdict {
    /// The word used in `inspect --json` and in the window.
    pub fn word(self) -> &'static str {
        match self {
            Self::Safe => "safe",
            Self::Review => "review",
            Self::Unscanned => "unscanned",
            Self::Dangerous => "dangerous",
        }
    }
}

impl Severity {
    /// What a file needs that has such a finding; `least` for one that only tells.
    pub(crate) fn needs(self, least: Needs) -> Needs {
        match self {
            Self::Dangerous => Needs::DangerousCalls,
            Self::Review => Needs::UnknownCode,
            Self::Info | Self::Unscanned => least,
        }
    }

    /// The word used in `inspect --json`.
    pub fn word(self) -> &'static str {
        match self {
            Self::Info => "info",
            Self::Review => "review",
            Self::Unscanned => "unscanned",
            Self::Dangerous => "dangerous",
        }
    }
}
