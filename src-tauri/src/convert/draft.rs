//! A draft, made for showing.

use std::path::Path;

use packwright_engine::inspect::safety::{Finding, Safety, Verdict};
use packwright_engine::inspect::{Inspection, Serving, Sourced, Tensor, structure};
use packwright_engine::{
    Acknowledgement, Decision, Draft, GeneratedFile, ModuleState, Origin, Plan, PlannedFile, Section, Tag,
    Trust, plan,
};

use super::architecture::architecture_view;
use super::environment::requirement_views;
use super::facts::fact_view;
use super::formats::format_name;
use super::metadata::metadata_view;
use super::sample::{example_view, sample_view};
use super::signature::signature_view;
use crate::drafts::OpenDraft;
use crate::wire::{
    CodeView, DecisionView, DraftView, FileView, FindingView, ModelView, ModuleView, ProblemView, SafetyView,
    SectionId, SourcedText, TagView, TensorSumView, TensorView, TypeView, VerdictView,
};

/// Everything that the window shows of one draft. Plans the package, which reads a little of the artifact.
pub(crate) fn draft_view(open: &OpenDraft, draft: &Draft) -> DraftView {
    let inspection = draft.inspection();
    let plan = plan(draft);
    DraftView {
        id: open.id.clone(),
        name: text(&draft.name()),
        description: draft.description().to_owned(),
        tags: draft.tags().iter().map(tag_view).collect(),
        metadata: metadata_view(draft),
        file_name: file_name(&inspection.artifact.path),
        path: inspection.artifact.path.to_string_lossy().into_owned(),
        size_bytes: inspection.artifact.size_bytes,
        opened_at_millis: open.opened_at_millis,
        format: format_name(inspection.format, inspection.compression),
        framework: inspection.framework.as_ref().map(text),
        framework_version: inspection.framework_version.as_ref().map(text),
        model_class: inspection.model_class.as_ref().map(text),
        flavor: inspection.flavor().map(str::to_owned),
        serving_note: serving_note(&inspection.serving, plan.as_ref().ok()).to_owned(),
        facts: inspection.facts.iter().map(fact_view).collect(),
        has_structure: structure::is_known(inspection),
        tensors: inspection.tensors.as_ref().map(|tensors| TensorSumView {
            n: tensors.n,
            n_elements: tensors.n_elements,
            size_bytes: tensors.size_bytes,
        }),
        signature: signature_view(draft),
        sample: sample_view(draft),
        example: example_view(draft),
        requirements: requirement_views(draft),
        are_requirements_edited: draft.has_own_requirements(),
        python: text(&draft.python()),
        models: model_views(draft),
        modules: draft.modules().into_iter().map(module_view).collect(),
        code: draft.code().iter().map(|path| path.to_string_lossy().into_owned()).collect(),
        architecture: architecture_view(draft),
        wants_network: draft.wants_network(),
        types: draft
            .trust()
            .into_iter()
            .filter(|ty| !(ty.is_known && ty.is_trusted))
            .map(type_view)
            .collect(),
        safety: safety_view(draft),
        decisions: draft.decisions().iter().map(decision_view).collect(),
        warnings: {
            let own = plan.as_ref().map_or_else(|_| draft.warnings(), |plan| plan.warnings.clone());
            open.notes().into_iter().chain(own).collect()
        },
        export_blocked: draft.export_blocked().or_else(|| plan.as_ref().err().map(ToString::to_string)),
        files: plan.map(|plan| file_views(&plan)).unwrap_or_default(),
        undo: draft.undo_label().map(str::to_owned),
        redo: draft.redo_label().map(str::to_owned),
    }
}

/// The rows of the list of tensors.
pub(crate) fn tensor_views(draft: &Draft) -> Vec<TensorView> {
    let view = |tensor: &Tensor| TensorView {
        name: tensor.name.clone(),
        dtype: tensor.dtype.clone(),
        shape: format!("{:?}", tensor.shape),
        n_elements: tensor.n_elements(),
        size_bytes: tensor.size_bytes,
        is_parameter: tensor.is_parameter,
    };
    draft.inspection().tensors.iter().flat_map(|tensors| &tensors.listed).map(view).collect()
}

/// Whether the person set the value: the engine then says so in these words.
pub(super) fn is_yours(source: &str) -> bool {
    source == "you"
}

fn text(sourced: &Sourced<String>) -> SourcedText {
    SourcedText { text: sourced.value.clone(), source: sourced.source.clone() }
}

fn file_name(path: &Path) -> String {
    path.file_name().unwrap_or(path.as_os_str()).to_string_lossy().into_owned()
}

fn tag_view(tag: &Tag) -> TagView {
    TagView { key: tag.key.clone(), value: tag.value.clone() }
}

/// How the model gets into the package, in one sentence.
fn serving_note(serving: &Serving, plan: Option<&Plan>) -> &'static str {
    match serving {
        Serving::No => return "MLflow cannot serve it.",
        Serving::Package => return "It is an MLflow package already.",
        _ => {}
    }
    let Some(plan) = plan else { return "It cannot be packed as it is." };
    let is_rewritten = plan.files.iter().any(|file| matches!(file.origin, Origin::Rewritten { .. }));
    let is_code = |path: &str| path.starts_with("code/") || path == "model.py";
    let has_loader =
        plan.files.iter().any(|file| matches!(file.origin, Origin::Generated { .. }) && is_code(&file.path));
    match (is_rewritten, has_loader) {
        (true, _) => {
            "Rewritten as a plain pickle of the same objects, because MLflow cannot load joblib files."
        }
        (false, true) => "Copied as it is, with a small generated module that loads it.",
        (false, false) => "Copied as it is.",
    }
}

/// The models to choose from; none where there is no choice.
fn model_views(draft: &Draft) -> Vec<ModelView> {
    let chosen = &draft.inspection().path_in_file;
    let view = |inspection: &Inspection| ModelView {
        path: inspection.path_in_file.clone(),
        class: last_part(inspection.model_class.as_ref().map_or("", |class| &class.value)),
        is_chosen: inspection.path_in_file == *chosen,
    };
    let models: Vec<ModelView> = draft.models().map(view).collect();
    if models.len() < 2 { Vec::new() } else { models }
}

/// `Pipeline` of `sklearn.pipeline.Pipeline`.
pub(super) fn last_part(class: &str) -> String {
    class.rsplit('.').next().unwrap_or(class).to_owned()
}

fn module_view(state: ModuleState) -> ModuleView {
    let ModuleState { module, names, found, undefined } = state;
    ModuleView { module, names, found, undefined }
}

fn type_view(ty: Trust) -> TypeView {
    TypeView { name: ty.name, is_trusted: ty.is_trusted, why: ty.why }
}

fn safety_view(draft: &Draft) -> SafetyView {
    safety_report(&draft.inspection().safety, draft.acknowledgements(), draft.is_reviewed())
}

/// A verdict with its findings, each with its acceptance.
pub(super) fn safety_report(
    safety: &Safety,
    findings: Vec<(&Finding, Option<Acknowledgement>)>,
    is_reviewed: bool,
) -> SafetyView {
    SafetyView {
        verdict: match safety.verdict() {
            Verdict::Safe => VerdictView::Safe,
            Verdict::Review => VerdictView::Review,
            Verdict::Unscanned => VerdictView::Unscanned,
            Verdict::Dangerous => VerdictView::Dangerous,
        },
        summary: safety.summary.clone(),
        unread: safety.unread.clone(),
        is_reviewed,
        findings: findings.into_iter().map(finding_view).collect(),
    }
}

fn finding_view((finding, accepted): (&Finding, Option<Acknowledgement>)) -> FindingView {
    FindingView {
        key: finding.key(),
        library: finding.library().to_owned(),
        accepted: accepted.map(|accepted| SourcedText { text: accepted.note, source: accepted.source }),
        rule: finding.rule.to_owned(),
        severity: finding.severity.word().to_owned(),
        what: finding.what.clone(),
        place: finding.place.clone(),
        why: finding.why.clone(),
    }
}

fn decision_view(decision: &Decision) -> DecisionView {
    DecisionView {
        id: decision.id.to_owned(),
        text: decision.text.clone(),
        section: section_id(decision.section),
    }
}

pub(super) fn section_id(section: Section) -> SectionId {
    match section {
        Section::Overview => SectionId::Overview,
        Section::Signature => SectionId::Signature,
        Section::Environment => SectionId::Environment,
        Section::Metadata => SectionId::Metadata,
        Section::Safety => SectionId::Safety,
        Section::Files => SectionId::Files,
    }
}

fn file_views(plan: &Plan) -> Vec<FileView> {
    let code = |path: &str| plan.generated.iter().find(|code| code.path == path).map(code_view);
    plan.files.iter().map(|file| FileView { code: code(&file.path), ..file_view(file) }).collect()
}

fn code_view(code: &GeneratedFile) -> CodeView {
    let problem = code.problem.as_ref().map(|problem| ProblemView {
        line: u32::try_from(problem.line).unwrap_or(u32::MAX),
        what: problem.what.clone(),
    });
    CodeView {
        file: code.file.to_owned(),
        generated: code.generated.clone(),
        edited: code.is_edited,
        outdated: code.is_outdated,
        problem,
    }
}

fn file_view(file: &PlannedFile) -> FileView {
    let text = match &file.origin {
        Origin::Generated { bytes } => str::from_utf8(bytes).ok().map(str::to_owned),
        Origin::Copied { .. } | Origin::Rewritten { .. } | Origin::Sealed => None,
    };
    FileView {
        path: file.path.clone(),
        origin: origin_word(&file.origin).to_owned(),
        size_bytes: file.size_bytes,
        text,
        code: None,
    }
}

/// `copied`, `rewritten`, `generated`.
pub(super) fn origin_word(origin: &Origin) -> &'static str {
    match origin {
        Origin::Copied { .. } => "copied",
        Origin::Rewritten { .. } => "rewritten",
        Origin::Generated { .. } => "generated",
        Origin::Sealed => "sealed",
    }
}
