//! Whether a package will run on this computer, made for showing.

use packwright_engine::here::{Candidate, Difference, FitState, Here, Outcome};

use super::export::snippet_view;
use crate::wire::{HereEnvironmentView, HereFit, HereOutcome, HereView, ObstacleView};

/// The answer as the window shows it.
pub(crate) fn here_view(here: Here) -> HereView {
    HereView {
        outcome: match here.outcome {
            Outcome::Yes => HereOutcome::Yes,
            Outcome::Almost => HereOutcome::Almost,
            Outcome::Build => HereOutcome::Build,
            Outcome::No => HereOutcome::No,
        },
        headline: here.headline,
        reasons: here.reasons,
        obstacles: here
            .obstacles
            .into_iter()
            .map(|obstacle| ObstacleView { is_certain: obstacle.is_certain, text: obstacle.text })
            .collect(),
        environments: here.environments.into_iter().map(environment_view).collect(),
        n_more: count(here.n_more),
        commands: here.commands.into_iter().map(snippet_view).collect(),
    }
}

fn environment_view(one: Candidate) -> HereEnvironmentView {
    HereEnvironmentView {
        place: one.place,
        python: one.python,
        state: match one.state {
            FitState::Ready => HereFit::Ready,
            FitState::Close => HereFit::Close,
            FitState::Lacking => HereFit::Lacking,
        },
        summary: one.summary,
        differences: one.differences.iter().map(Difference::text).collect(),
        n_more: count(one.n_more),
        unsure: one.unsure,
    }
}

fn count(n: usize) -> u64 {
    u64::try_from(n).unwrap_or(u64::MAX)
}
