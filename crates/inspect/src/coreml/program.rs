//! An ML program (`MIL.proto`): its operations, and which weights lie in which file.

use packwright_formats::protobuf::{FieldValue, Wire};
use packwright_source::ReadError;

use super::model::CoremlModel;
use crate::Tensor;

/// At the offset of a blob lies a record that tells where the values are, behind it.
const RECORD_BYTES: u64 = 64;

/// What a value says about a tensor.
#[derive(Debug, Default)]
struct Found {
    element: u64,
    shape: Vec<u64>,
    file: String,
    offset: u64,
}

/// Reads the fields of a `Program`.
pub(super) fn read(model: &mut CoremlModel, wire: &mut Wire<'_>) -> Result<(), ReadError> {
    while let Some(field) = wire.field()? {
        // A map from names to functions.
        if let (2, FieldValue::Bytes(_)) = (field.number, field.value) {
            entry(wire, &mut |wire| function(model, wire))?;
        }
    }
    Ok(())
}

/// An entry of a map, whose value is read by `read`.
fn entry(
    wire: &mut Wire<'_>,
    read: &mut dyn FnMut(&mut Wire<'_>) -> Result<(), ReadError>,
) -> Result<(), ReadError> {
    wire.enter()?;
    while let Some(field) = wire.field()? {
        if let (2, FieldValue::Bytes(_)) = (field.number, field.value) {
            wire.enter()?;
            read(wire)?;
        }
    }
    Ok(())
}

fn function(model: &mut CoremlModel, wire: &mut Wire<'_>) -> Result<(), ReadError> {
    while let Some(field) = wire.field()? {
        // A map from operator sets to the block in each.
        if let (3, FieldValue::Bytes(_)) = (field.number, field.value) {
            entry(wire, &mut |wire| block(model, wire))?;
        }
    }
    Ok(())
}

fn block(model: &mut CoremlModel, wire: &mut Wire<'_>) -> Result<(), ReadError> {
    while let Some(field) = wire.field()? {
        if let (3, FieldValue::Bytes(_)) = (field.number, field.value) {
            operation(model, wire)?;
        }
    }
    Ok(())
}

fn operation(model: &mut CoremlModel, wire: &mut Wire<'_>) -> Result<(), ReadError> {
    let (mut kind, mut output) = (String::new(), String::new());
    let mut found = Vec::new();
    wire.enter()?;
    while let Some(field) = wire.field()? {
        let FieldValue::Bytes(_) = field.value else { continue };
        match field.number {
            1 => kind = wire.text("the type of an operation")?,
            // Inputs are names, or values that stand in place of one.
            2 => entry(wire, &mut |wire| argument(wire, &mut found))?,
            3 => {
                let name = name_of(wire)?;
                if output.is_empty() {
                    output = name;
                }
            }
            4 => {
                wire.enter()?;
                block(model, wire)?;
            }
            5 => entry(wire, &mut |wire| value(wire, &mut found))?,
            _ => {}
        }
    }
    // Constants are counted as tensors, not as operations.
    if kind != "const" {
        model.count(&kind);
    }
    for weights in found {
        wire.budget()
            .keep("the names of tensors", u64::try_from(output.len()).unwrap_or(0))
            .map_err(|kind| wire.error(kind))?;
        add(model, &output, weights);
    }
    Ok(())
}

/// `Argument`: bindings, each a name or a value.
fn argument(wire: &mut Wire<'_>, found: &mut Vec<Found>) -> Result<(), ReadError> {
    while let Some(field) = wire.field()? {
        if let (1, FieldValue::Bytes(_)) = (field.number, field.value) {
            wire.enter()?;
            while let Some(field) = wire.field()? {
                if let (2, FieldValue::Bytes(_)) = (field.number, field.value) {
                    wire.enter()?;
                    value(wire, found)?;
                }
            }
        }
    }
    Ok(())
}

/// The name in a `NamedValueType`.
fn name_of(wire: &mut Wire<'_>) -> Result<String, ReadError> {
    let mut name = String::new();
    wire.enter()?;
    while let Some(field) = wire.field()? {
        if let (1, FieldValue::Bytes(_)) = (field.number, field.value) {
            name = wire.text("the name of a value")?;
        }
    }
    Ok(name)
}

/// `Value`: kept when its bytes lie in a file.
fn value(wire: &mut Wire<'_>, found: &mut Vec<Found>) -> Result<(), ReadError> {
    let mut here = Found::default();
    let mut is_blob = false;
    while let Some(field) = wire.field()? {
        match (field.number, field.value) {
            (2, FieldValue::Bytes(_)) => value_type(wire, &mut here)?,
            (5, FieldValue::Bytes(_)) => {
                is_blob = true;
                wire.enter()?;
                while let Some(field) = wire.field()? {
                    match (field.number, field.value) {
                        (1, FieldValue::Bytes(_)) => here.file = wire.text("the file of some weights")?,
                        (2, FieldValue::Varint(offset)) => here.offset = offset,
                        _ => {}
                    }
                }
            }
            _ => {}
        }
    }
    if is_blob {
        found.push(here);
    }
    Ok(())
}

/// `ValueType` with a tensor of known shape.
fn value_type(wire: &mut Wire<'_>, found: &mut Found) -> Result<(), ReadError> {
    /// Tensors have five dimensions at most.
    const MOST: usize = 64;
    wire.enter()?;
    while let Some(field) = wire.field()? {
        let (1, FieldValue::Bytes(_)) = (field.number, field.value) else { continue };
        wire.enter()?;
        while let Some(field) = wire.field()? {
            match (field.number, field.value) {
                (1, FieldValue::Varint(element)) => found.element = element,
                (3, FieldValue::Bytes(_)) => {
                    let mut side = 0;
                    wire.enter()?;
                    while let Some(field) = wire.field()? {
                        let (1, FieldValue::Bytes(_)) = (field.number, field.value) else { continue };
                        wire.enter()?;
                        while let Some(field) = wire.field()? {
                            if let (1, FieldValue::Varint(n)) = (field.number, field.value) {
                                side = n;
                            }
                        }
                    }
                    if found.shape.len() < MOST {
                        found.shape.push(side);
                    }
                }
                _ => {}
            }
        }
    }
    Ok(())
}

fn add(model: &mut CoremlModel, name: &str, weights: Found) {
    let (dtype, bits) = element(weights.element);
    let n = weights.shape.iter().fold(1_u64, |n, side| n.saturating_mul(*side));
    let size_bytes = n.saturating_mul(bits).div_ceil(8);
    model.tensors.push(Tensor {
        name: name.to_owned(),
        dtype: dtype.to_owned(),
        shape: weights.shape,
        size_bytes,
        is_parameter: true,
    });
    let end = weights.offset.saturating_add(RECORD_BYTES).saturating_add(size_bytes);
    let blob = model.blobs.entry(weights.file).or_default();
    blob.end = blob.end.max(end);
    blob.n_tensors = blob.n_tensors.saturating_add(1);
}

/// The name of a `DataType` and how many bits an element has.
fn element(number: u64) -> (&'static str, u64) {
    match number {
        1 => ("bool", 8),
        10 => ("float16", 16),
        11 => ("float32", 32),
        12 => ("float64", 64),
        13 => ("bfloat16", 16),
        21 => ("int8", 8),
        22 => ("int16", 16),
        23 => ("int32", 32),
        24 => ("int64", 64),
        25 => ("int4", 4),
        31 => ("uint8", 8),
        32 => ("uint16", 16),
        33 => ("uint32", 32),
        34 => ("uint64", 64),
        35 => ("uint4", 4),
        36 => ("uint2", 2),
        37 => ("uint1", 1),
        38 => ("uint6", 6),
        39 => ("uint3", 3),
        40 => ("float8e4m3fn", 8),
        41 => ("float8e5m2", 8),
        _ => ("unknown", 0),
    }
}
