//! What the places that take packages say of a draft, before it is written: `pack --check`.

use packwright_engine::{Check, Draft, Fix, Outcome, PlaceReport, Section, preflight};
use serde_json::{Value, json};

use crate::args::CheckPlace;
use crate::table::shown;
use crate::terminal::Terminal;

/// The reports of the places that were asked for, in the engine's order.
pub(crate) fn reports(asked: &[CheckPlace], draft: &Draft) -> Vec<PlaceReport> {
    if asked.is_empty() {
        return Vec::new();
    }
    let is_asked = |report: &PlaceReport| {
        asked.iter().any(|place| *place == CheckPlace::All || *place == CheckPlace::One(report.place))
    };
    preflight(draft).into_iter().filter(is_asked).collect()
}

/// The names of the places that would refuse the package.
pub(crate) fn refusing(reports: &[PlaceReport]) -> Vec<&'static str> {
    let failed = reports.iter().filter(|report| report.outcome() == Outcome::Fail);
    failed.map(|report| report.place.name()).collect()
}

/// Every rule, with its way out.
pub(crate) fn tell(reports: &[PlaceReport], terminal: &mut Terminal) {
    for report in reports {
        terminal.message(format!("{} ({})", report.place.name(), report.place.id()));
        for check in &report.checks {
            let way_out = way_out(check).map(|way_out| format!(" [{way_out}]")).unwrap_or_default();
            terminal.message(shown(&format!("  {}  {}{way_out}", check.outcome.word(), check.text)));
        }
    }
}

/// The same as JSON.
pub(crate) fn document(reports: &[PlaceReport]) -> Vec<Value> {
    let check =
        |check: &Check| json!({ "outcome": check.outcome.word(), "text": check.text, "fix": way_out(check) });
    let place = |report: &PlaceReport| {
        json!({
            "place": report.place.id(),
            "name": report.place.name(),
            "outcome": report.outcome().word(),
            "rules": report.checks.iter().map(check).collect::<Vec<_>>(),
        })
    };
    reports.iter().map(place).collect()
}

/// What the person can do about a rule that does not hold, on a command line.
fn way_out(check: &Check) -> Option<String> {
    if check.outcome == Outcome::Pass {
        return None;
    }
    Some(match check.fix.as_ref()? {
        Fix::Edit { edit: packwright_engine::Edit::SetName { name }, .. } => format!("--name {name}"),
        Fix::Edit { label, .. } => format!("{label}, in a --recipe"),
        Fix::Section(Section::Overview) => "--code, --architecture or another file".to_owned(),
        Fix::Section(Section::Signature) => "--sample, or a --recipe".to_owned(),
        Fix::Section(Section::Environment) => {
            "--requirements, --versions-from, --code, or a --recipe".to_owned()
        }
        Fix::Section(Section::Safety) => {
            "look at packwright inspect; --trust, or a --recipe that accepts it".to_owned()
        }
        Fix::Section(Section::Metadata) => "--metadata".to_owned(),
        Fix::Section(Section::Files) => "a --recipe".to_owned(),
    })
}
