//! The same bytes under other loaders.
//!
//! joblib skips the bytes of its arrays, a plain `pickle.load` takes them for opcodes, and joblib below 1.2 skips other
//! ones. The worst of the readings counts. A file that only breaks in another reading is as safe as in the first.

use std::collections::BTreeSet;
use std::sync::Arc;

use packwright_source::{ByteSource, ErrorKind, Limits};

use super::{Finding, Needs, Safety, Severity, pickle};
use crate::pickled::PickleFile;

/// Where loading raises instead, or where readers of Python differ in what follows. Neither hides a name: this reading
/// goes on.
const HARMLESS: [&str; 8] = [
    "joblib/padding",
    "pickle/buffer",
    "pickle/frame",
    "pickle/frame-length",
    "pickle/memo",
    "pickle/not-read-to-the-end",
    "pickle/odd-target",
    "pickle/protocol",
];

/// Adds what only other loaders would do.
pub(super) fn with_others(file: &PickleFile, mut safety: Safety) -> Safety {
    if file.others.is_empty() {
        return safety;
    }
    let seen: BTreeSet<(&str, String)> =
        safety.findings.iter().map(|finding| (finding.rule, finding.what.clone())).collect();
    let known = known_names(file, &safety);
    for (loader, other) in &file.others {
        if let Some(reason) = unread(other) {
            let reason = format!("as {loader} reads the file, {reason}");
            safety.findings.push(Finding {
                rule: "pickle/other-reading",
                severity: Severity::Unscanned,
                what: "the file as another loader reads it".to_owned(),
                place: format!("byte {}", other.pickle.end),
                why: reason.clone(),
            });
            safety.unread.push(reason);
        }
        for finding in new_findings(other, &seen, &known) {
            let why =
                format!("as {loader} reads the file, which does not skip the same bytes: {}", finding.why);
            safety.needs = safety.needs.max(finding.severity.needs(Needs::KnownLibraries));
            safety.findings.push(Finding { why, ..finding });
        }
    }
    safety.findings.sort_by_key(|finding| std::cmp::Reverse(finding.severity));
    safety.summary = pickle::summary(file, safety.needs, &safety.unread, &safety.findings);
    safety
}

/// Adds what `pickle.load` would do with a file that is no pickle by its format.
pub(crate) fn with_plain(source: &Arc<dyn ByteSource>, limits: &Limits, safety: &mut Safety) {
    let file = PickleFile::read_plain(Arc::clone(source), limits);
    let before = safety.needs;
    for finding in new_findings(&file, &BTreeSet::new(), &BTreeSet::new()) {
        safety.needs = safety.needs.max(finding.severity.needs(Needs::KnownLibraries));
        let why = format!("the file is a pickle too, for who loads it as one: {}", finding.why);
        safety.findings.push(Finding { why, ..finding });
    }
    if before < safety.needs {
        safety.findings.sort_by_key(|finding| std::cmp::Reverse(finding.severity));
        safety.summary = pickle::summary(&file, safety.needs, &safety.unread, &safety.findings);
    }
}

/// Whether `pickle.load` of a file that is no model by its format would run more than what is known. Few bytes break a
/// reading at once, so what it shows before it breaks only counts when no name could mean something else.
pub(crate) fn runs_as_plain(source: &Arc<dyn ByteSource>, limits: &Limits) -> bool {
    let file = PickleFile::read_plain(Arc::clone(source), limits);
    let safety = pickle::judge_reading(&file, None);
    let is_whole = file.pickle.root().is_some() && !file.pickle.trace.globals().is_empty();
    safety.findings.iter().any(|finding| finding.severity == Severity::Dangerous)
        || is_whole && Needs::DataOnly < safety.needs
}

/// The last parts of the names that the first reading found known.
fn known_names<'f>(file: &'f PickleFile, safety: &Safety) -> BTreeSet<&'f str> {
    let known: BTreeSet<&str> = safety
        .findings
        .iter()
        .filter(|finding| finding.rule == "pickle/known-name")
        .map(|finding| finding.what.as_str())
        .collect();
    let globals = file.pickle.trace.globals().iter();
    globals
        .filter(|global| known.contains(format!("{}.{}", global.module, global.name).as_str()))
        .map(|global| global.name.as_str())
        .collect()
}

/// Why another reading says less than everything.
fn unread(other: &PickleFile) -> Option<String> {
    match &other.pickle.error {
        Some(error)
            if matches!(
                error.kind(),
                ErrorKind::Limit { .. } | ErrorKind::Unsupported(_) | ErrorKind::Io(_)
            ) =>
        {
            Some(error.to_string())
        }
        _ if other.pickle.is_cut => Some("it holds more values than are kept".to_owned()),
        _ => None,
    }
}

/// What counts of another reading and is not `seen` in the first.
fn new_findings(other: &PickleFile, seen: &BTreeSet<(&str, String)>, known: &BTreeSet<&str>) -> Vec<Finding> {
    let safety = pickle::judge_reading(other, None);
    let counts = |finding: &Finding| {
        // The pickle of an object array, read with the memo of the file around it, takes other texts for the module of
        // the very names that it takes from NumPy: an import that fails.
        let is_mistaken = finding.rule == "pickle/unknown-name"
            && finding.what.rsplit_once('.').is_some_and(|(_, name)| known.contains(name));
        // With values missing, anything seems computed.
        let is_blind = other.pickle.is_cut && finding.rule.starts_with("pickle/computed-");
        Severity::Info < finding.severity
            && finding.severity != Severity::Unscanned
            && !HARMLESS.contains(&finding.rule)
            && !is_mistaken
            && !is_blind
            && !seen.contains(&(finding.rule, finding.what.clone()))
    };
    // Numbers taken for opcodes may seem to call what nothing can call: nobody is accused for that.
    let weighed = |finding: Finding| match finding.rule {
        "pickle/computed-call" | "pickle/computed-name" => Finding { severity: Severity::Review, ..finding },
        _ => finding,
    };
    safety.findings.into_iter().filter(counts).map(weighed).collect()
}
