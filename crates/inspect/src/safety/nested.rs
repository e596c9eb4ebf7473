//! Pickles in byte strings.
//!
//! Nothing unpickles them when the file is loaded: a call that would, such as `pickle.loads`, is judged as what it is.
//! But code that is handed such bytes later may, so what they hold is told. It never makes a file dangerous: harmful
//! names inside are `review`, everything else is good to know.

use std::sync::Arc;

use packwright_source::MemorySource;

use super::{Finding, Severity, pickle};
use crate::pickled::PickleFile;

/// How many bytes of nested pickles are read in all; models of models stay far below.
const READ_BYTES: u64 = 64 << 20;

/// How many rows one file gets for what its byte strings hold.
const ROWS: usize = 100;

/// What the byte strings of a file would load.
pub(super) fn judge(file: &PickleFile) -> Vec<Finding> {
    let mut findings = Vec::new();
    let mut left = READ_BYTES;
    inside(file, &mut left, (1, ""), &mut findings);
    findings
}

fn inside(file: &PickleFile, left: &mut u64, (depth, around): (u32, &str), findings: &mut Vec<Finding>) {
    let limits = file.limits();
    for bytes in &file.pickle.nested {
        let Some(rest) = left.checked_sub(bytes.len) else { continue };
        let Some(content) = file.bytes(bytes) else { continue };
        *left = rest;
        let mut inner = PickleFile::read_at(Arc::new(MemorySource::new(content)), 0, None, limits);
        let is_whole = inner.pickle.error.take().is_none();
        let place = format!("the bytes at byte {}{around}", bytes.offset);
        let mut is_harmful = false;
        for global in inner.pickle.trace.globals() {
            let finding = pickle::judge_global(&inner, global);
            // Other bytes than pickles begin with these two as well; they do not spell a harmful name and call it.
            let counts = is_whole || finding.rule == "pickle/dangerous-name" && 0 < global.uses;
            if finding.severity == Severity::Dangerous && counts && findings.len() < ROWS {
                is_harmful = true;
                findings.push(Finding {
                    rule: "pickle/nested-dangerous",
                    severity: Severity::Review,
                    place: format!("{} in {place}", finding.place),
                    what: finding.what,
                    why: format!(
                        "a pickle in a byte string; nothing loads it by itself, and what does would run it: {}",
                        finding.why
                    ),
                });
            }
        }
        if is_whole && !is_harmful && findings.len() < ROWS {
            findings.push(Finding {
                rule: "pickle/nested",
                severity: Severity::Info,
                what: "a pickle in a byte string".to_owned(),
                place: place.clone(),
                why: "nothing loads it by itself; it holds no harmful name".to_owned(),
            });
        }
        if is_whole && depth < limits.depth {
            let deeper = (depth.saturating_add(1), &*format!(" in {place}"));
            inside(&inner, left, deeper, findings);
        }
    }
}
