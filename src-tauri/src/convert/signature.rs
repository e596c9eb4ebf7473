//! Signatures, made for showing.

use packwright_engine::inspect::{Sourced, SourcedSchema};
use packwright_engine::mlflow::schema::{ColSpec, ParamSpec, TensorSpec};
use packwright_engine::{Draft, Side};

use super::draft::is_yours;
use super::sample::advice_view;
use crate::wire::{ColumnView, SchemaKind, SchemaView, SignatureView};

/// Inputs, outputs and parameters.
pub(super) fn signature_view(draft: &Draft) -> SignatureView {
    let signature = draft.signature();
    let mut view = SignatureView {
        inputs: schema_view(signature.inputs.as_ref(), draft.is_edited(Side::Inputs)),
        outputs: schema_view(signature.outputs.as_ref(), draft.is_edited(Side::Outputs)),
        params: signature.params.iter().flatten().map(param_view).collect(),
    };
    for advice in draft.advice() {
        if let Some(column) = view.inputs.columns.get_mut(advice.index) {
            column.advice.push(advice_view(advice));
        }
    }
    view
}

fn schema_view(schema: Option<&SourcedSchema>, edited: bool) -> SchemaView {
    match schema {
        Some(SourcedSchema::Columns(columns)) => SchemaView {
            kind: SchemaKind::Columns,
            edited,
            columns: columns.iter().map(column_view).collect(),
        },
        Some(SourcedSchema::Tensors(tensors)) => SchemaView {
            kind: SchemaKind::Tensors,
            edited,
            columns: tensors.iter().map(tensor_view).collect(),
        },
        None => SchemaView { kind: SchemaKind::Unknown, edited, columns: Vec::new() },
    }
}

fn column_view(column: &Sourced<ColSpec>) -> ColumnView {
    let spec = &column.value;
    ColumnView {
        name: spec.name.as_ref().map(ToString::to_string),
        ty: spec.ty.to_string(),
        shape: None,
        required: spec.required,
        default: None,
        source: column.source.clone(),
        advice: Vec::new(),
        edited: is_yours(&column.source),
    }
}

fn tensor_view(tensor: &Sourced<TensorSpec>) -> ColumnView {
    let spec = &tensor.value;
    ColumnView {
        name: spec.name.clone(),
        ty: spec.dtype.clone(),
        shape: Some(format!("{:?}", spec.shape)),
        required: true,
        default: None,
        source: tensor.source.clone(),
        advice: Vec::new(),
        edited: is_yours(&tensor.source),
    }
}

fn param_view(param: &Sourced<ParamSpec>) -> ColumnView {
    let spec = &param.value;
    ColumnView {
        name: Some(spec.name.clone()),
        ty: spec.ty.to_string(),
        shape: spec.shape.map(|length| format!("[{length}]")),
        required: false,
        default: Some(spec.default.to_string()),
        source: param.source.clone(),
        advice: Vec::new(),
        edited: is_yours(&param.source),
    }
}
