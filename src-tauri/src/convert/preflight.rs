//! What each place will say of a draft, made for showing.

use packwright_engine::{Check, Draft, Edit, Fix, Outcome, PlaceReport, preflight};

use super::draft::section_id;
use crate::wire::{CheckView, EditRequest, FixView, OutcomeView, PlaceReportView};

/// All places, each with its rules.
pub(crate) fn place_views(draft: &Draft) -> Vec<PlaceReportView> {
    preflight(draft).into_iter().map(place_view).collect()
}

fn place_view(report: PlaceReport) -> PlaceReportView {
    PlaceReportView {
        place: report.place.name().to_owned(),
        outcome: outcome_view(report.outcome()),
        checks: report.checks.into_iter().map(check_view).collect(),
    }
}

fn check_view(check: Check) -> CheckView {
    CheckView { outcome: outcome_view(check.outcome), text: check.text, fix: check.fix.and_then(fix_view) }
}

fn outcome_view(outcome: Outcome) -> OutcomeView {
    match outcome {
        Outcome::Pass => OutcomeView::Pass,
        Outcome::Warn => OutcomeView::Warn,
        Outcome::Fail => OutcomeView::Fail,
    }
}

fn fix_view(fix: Fix) -> Option<FixView> {
    Some(match fix {
        Fix::Edit { label, edit } => FixView::Edit { label, edit: request(&edit)? },
        Fix::Section(section) => FixView::Section { section: section_id(section) },
    })
}

/// The edit as the window would ask for it; `None` for one that it cannot ask for. Both have the same JSON.
fn request(edit: &Edit) -> Option<EditRequest> {
    serde_json::to_value(edit).and_then(serde_json::from_value).ok()
}
