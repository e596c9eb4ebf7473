//! Signatures, made for showing.

use packwright_engine::inspect::{Sourced, SourcedSchema, SourcedSignature};
use packwright_engine::mlflow::schema::{ColSpec, ParamSpec, TensorSpec};

use super::draft::is_yours;
use crate::wire::{ColumnView, SchemaKind, SchemaView, SignatureView};

/// Inputs, outputs and parameters.
pub(super) fn signature_view(signature: &SourcedSignature) -> SignatureView {
    SignatureView {
        inputs: schema_view(signature.inputs.as_ref()),
        outputs: schema_view(signature.outputs.as_ref()),
        params: signature.params.iter().flatten().map(param_view).collect(),
    }
}

fn schema_view(schema: Option<&SourcedSchema>) -> SchemaView {
    match schema {
        Some(SourcedSchema::Columns(columns)) => {
            SchemaView { kind: SchemaKind::Columns, columns: columns.iter().map(column_view).collect() }
        }
        Some(SourcedSchema::Tensors(tensors)) => {
            SchemaView { kind: SchemaKind::Tensors, columns: tensors.iter().map(tensor_view).collect() }
        }
        None => SchemaView { kind: SchemaKind::Unknown, columns: Vec::new() },
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
        edited: is_yours(&param.source),
    }
}
