//! A package that somebody sent, made for showing.

use packwright_engine::judgement::Judgement;
use packwright_engine::received::Received;

use super::draft::safety_report;
use super::export::snippet_view;
use crate::wire::{JudgementView, PackageProblemView, PackageView, SealView};

/// Everything that the window shows of a package, under the path by which the window knows it.
pub(crate) fn package_view(received: Received, path: String) -> PackageView {
    let is_whole = received.is_whole();
    let problem = |problem: packwright_engine::mlflow::lint::Problem| PackageProblemView {
        severity: problem.severity.word().to_owned(),
        path: problem.path,
        message: problem.message,
    };
    PackageView {
        path,
        name: received.name,
        is_whole,
        is_recorded: received.is_recorded,
        problems: received.problems.into_iter().map(problem).collect(),
        seal: received.seal.map(|seal| SealView {
            fingerprint: seal.fingerprint,
            is_signed: seal.is_signed,
            is_whole: seal.is_whole,
        }),
        n_files: u64::try_from(received.n_files).unwrap_or(u64::MAX),
        size_bytes: received.size_bytes,
        card: received.card,
        inputs: received.inputs,
        outputs: received.outputs,
        requirements: received.requirements,
        python: received.python,
        flavors: received.flavors,
        snippets: received.snippets.into_iter().map(snippet_view).collect(),
    }
}

/// What loading a package would run, as the window shows it.
pub(crate) fn judgement_view(judgement: &Judgement) -> JudgementView {
    let findings = judgement.safety.findings.iter().map(|finding| (finding, None));
    JudgementView {
        safety: safety_report(&judgement.safety, findings.collect(), false),
        differing: judgement.differing().map(str::to_owned),
    }
}
