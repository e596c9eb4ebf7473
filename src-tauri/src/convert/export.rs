//! Plans, progress and receipts, made for showing.

use std::time::Duration;

use packwright_engine::{Draft, PackageKind, Plan, PlannedFile, Progress, Receipt, Snippet, WrittenFile};

use super::draft::origin_word;
use crate::wire::{
    ExportKind, PlanView, PlannedFileView, ProgressView, ReceiptView, SnippetView, WrittenFileView,
};

/// What an export would write.
pub(crate) fn plan_view(draft: &Draft, plan: &Plan, kind: ExportKind, free_bytes: Option<u64>) -> PlanView {
    PlanView {
        suggested_name: match kind {
            ExportKind::Folder => plan.suggested_name.clone(),
            ExportKind::Zip => format!("{}.zip", plan.suggested_name),
        },
        files: plan.files.iter().map(planned_file_view).collect(),
        total_bytes: plan.total_bytes,
        free_bytes,
        warnings: plan.warnings.clone(),
        confirm_word: draft.confirm_word().map(str::to_owned),
    }
}

fn planned_file_view(file: &PlannedFile) -> PlannedFileView {
    PlannedFileView {
        path: file.path.clone(),
        origin: origin_word(&file.origin).to_owned(),
        size_bytes: file.size_bytes,
    }
}

/// How far an export is.
pub(crate) fn progress_view(progress: &Progress) -> ProgressView {
    ProgressView {
        stage: progress.stage.word().to_owned(),
        done_bytes: progress.done_bytes,
        total_bytes: progress.total_bytes,
        file: progress.file.clone(),
    }
}

/// What an export produced, under the path by which the window knows it.
pub(crate) fn receipt_view(receipt: Receipt, path: String, took: Duration) -> ReceiptView {
    ReceiptView {
        path,
        kind: match receipt.kind {
            PackageKind::Folder => ExportKind::Folder,
            PackageKind::Zip => ExportKind::Zip,
        },
        size_bytes: receipt.size_bytes,
        sha256: receipt.sha256,
        sealed_by: receipt.sealed_by,
        files: receipt.files.into_iter().map(written_file_view).collect(),
        snippets: receipt.snippets.into_iter().map(snippet_view).collect(),
        warnings: receipt.warnings,
        millis: u64::try_from(took.as_millis()).unwrap_or(u64::MAX),
    }
}

fn written_file_view(file: WrittenFile) -> WrittenFileView {
    WrittenFileView { path: file.path, size_bytes: file.size_bytes, sha256: file.sha256 }
}

pub(super) fn snippet_view(snippet: Snippet) -> SnippetView {
    SnippetView { title: snippet.title, text: snippet.text }
}

impl From<ExportKind> for PackageKind {
    fn from(kind: ExportKind) -> Self {
        match kind {
            ExportKind::Folder => Self::Folder,
            ExportKind::Zip => Self::Zip,
        }
    }
}
