//! Whether a package will work where it goes, as the window shows it.

use serde::Serialize;
use ts_rs::TS;

use super::{EditRequest, SectionId};

/// How a rule came out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub enum OutcomeView {
    /// It holds.
    Pass,
    /// It works, and something may surprise.
    Warn,
    /// The place will refuse the package, or the model will not run there.
    Fail,
}

/// A place that takes MLflow models, and its rules.
#[derive(Debug, Clone, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct PlaceReportView {
    /// `Amazon SageMaker`.
    pub place: String,
    /// The worst of its rules.
    pub outcome: OutcomeView,
    /// The rules, the worst first.
    pub checks: Vec<CheckView>,
}

/// One rule of a place.
#[derive(Debug, Clone, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct CheckView {
    /// How it came out.
    pub outcome: OutcomeView,
    /// What was looked at and what follows, a sentence.
    pub text: String,
    /// The way out, where there is one.
    pub fix: Option<FixView>,
}

/// What mends a rule.
#[derive(Debug, Clone, Serialize, TS)]
#[serde(rename_all = "camelCase", rename_all_fields = "camelCase", tag = "kind")]
pub enum FixView {
    /// One edit does.
    Edit {
        /// `Name it churn_model`.
        label: String,
        /// The edit, as the window sends it back.
        edit: EditRequest,
    },
    /// Only the person can, in this section.
    Section {
        /// The section.
        section: SectionId,
    },
}
