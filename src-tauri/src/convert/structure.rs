//! What a model is made of, made for showing.

use packwright_engine::Draft;
use packwright_engine::inspect::structure::{self, Structure, StructureKind, StructureRow};

use super::draft::last_part;
use crate::wire::{StructureKindView, StructureRowView, StructureView};

/// Every way to look at the model of a draft.
pub(crate) fn structure_views(draft: &Draft) -> Vec<StructureView> {
    structure::of(draft.inspection()).into_iter().map(structure_view).collect()
}

fn structure_view(structure: Structure) -> StructureView {
    StructureView {
        kind: match structure.kind {
            StructureKind::Steps => StructureKindView::Steps,
            StructureKind::Layers => StructureKindView::Layers,
            StructureKind::Operators => StructureKindView::Operators,
            StructureKind::Names => StructureKindView::Names,
        },
        rows: structure.rows.into_iter().map(row_view).collect(),
        hidden: structure.hidden,
    }
}

fn row_view(row: StructureRow) -> StructureRowView {
    StructureRowView {
        depth: row.depth,
        name: row.name,
        class: last_part(&row.class),
        path: row.class,
        detail: row.detail,
        output: row.output,
        n_parameters: row.weights.map(|weights| weights.n_parameters),
        size_bytes: row.weights.map(|weights| weights.size_bytes),
        hidden: row.hidden,
    }
}
