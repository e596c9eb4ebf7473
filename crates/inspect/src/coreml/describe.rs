//! What a Core ML model means: its signature, facts and requirements.

use packwright_mlflow::schema::{ColSpec, ColumnName, ColumnType, DataType, TensorSpec};
use serde_json::{Map, Value};

use super::features::{Feature, FeatureType, Side, color_name, dtype};
use super::model::CoremlModel;
use crate::serving::CoremlInput;
use crate::tensors::{self, count};
use crate::{Fact, Requirement, Sourced, SourcedSchema, SourcedSignature};

/// Where coremltools writes its own version.
pub(super) const VERSION_KEY: &str = "com.github.apple.coremltools.version";

/// What goes in and comes out, and how the inputs are made for Core ML.
pub(super) fn signature(model: &CoremlModel) -> (SourcedSignature, Vec<(String, CoremlInput)>) {
    let description = &model.description;
    let calls: Vec<(String, CoremlInput)> =
        description.inputs.iter().map(|input| (input.name.clone(), call(&input.ty))).collect();
    let inputs = if calls.iter().all(|(_, call)| is_cell(*call)) {
        columns(&description.inputs, "input")
    } else {
        tensors_of(&description.inputs)
    };
    // Outputs of a table are columns; what a column cannot hold leaves them unknown.
    let outputs = match &inputs {
        Some(SourcedSchema::Columns(_)) => columns(&description.outputs, "output"),
        _ => outputs(&description.outputs),
    };
    (SourcedSignature { inputs, outputs, params: None }, calls)
}

fn call(ty: &FeatureType) -> CoremlInput {
    match ty {
        FeatureType::Int64 => CoremlInput::Integer,
        FeatureType::Double => CoremlInput::Number,
        FeatureType::Text => CoremlInput::Text,
        FeatureType::Image { color: 10, .. } => CoremlInput::Grayscale,
        FeatureType::Image { color: 40, .. } => CoremlInput::GrayscaleFloat,
        FeatureType::Image { .. } => CoremlInput::Image,
        FeatureType::Array { element, .. } => dtype(*element).map_or(CoremlInput::AsItIs, CoremlInput::Array),
        _ => CoremlInput::AsItIs,
    }
}

/// Whether a cell of a table holds the input.
fn is_cell(call: CoremlInput) -> bool {
    matches!(call, CoremlInput::Integer | CoremlInput::Number | CoremlInput::Text)
}

fn columns(features: &[Feature], side: &str) -> Option<SourcedSchema> {
    let columns = features.iter().map(|feature| {
        let ty = match feature.ty {
            FeatureType::Int64 => DataType::Long,
            FeatureType::Double => DataType::Double,
            FeatureType::Text => DataType::String,
            _ => return None,
        };
        let column = ColSpec {
            name: Some(ColumnName::Text(feature.name.clone())),
            ty: ColumnType::Scalar(ty),
            required: !feature.is_optional,
        };
        Some(Sourced::new(column, format!("description.{side} {}", feature.name)))
    });
    let columns: Option<Vec<_>> = columns.collect();
    columns.filter(|columns| !columns.is_empty()).map(SourcedSchema::Columns)
}

/// Named tensors, or one without a name; unknown when one of them is no tensor.
fn tensors_of(features: &[Feature]) -> Option<SourcedSchema> {
    let is_single = features.len() == 1;
    let specs = features.iter().filter(|feature| !feature.is_optional).map(|feature| {
        let (dtype, shape) = tensor(&feature.ty)?;
        let name = (!is_single).then(|| feature.name.clone());
        let source = format!("description.input {}: {}", feature.name, feature.ty);
        Some(Sourced::new(TensorSpec { name, dtype: dtype.to_owned(), shape }, source))
    });
    let specs: Option<Vec<_>> = specs.collect();
    specs.filter(|specs| !specs.is_empty()).map(SourcedSchema::Tensors)
}

fn outputs(features: &[Feature]) -> Option<SourcedSchema> {
    let specs = features.iter().map(|feature| {
        let source = format!("description.output {}: {}", feature.name, feature.ty);
        let (dtype, shape) = tensor(&feature.ty).unwrap_or_else(|| ("object", vec![-1]));
        let spec = TensorSpec { name: Some(feature.name.clone()), dtype: dtype.to_owned(), shape };
        Sourced::new(spec, source)
    });
    let specs: Vec<_> = specs.collect();
    (!specs.is_empty()).then_some(SourcedSchema::Tensors(specs))
}

/// The array that a caller gives. Pictures are arrays of their pixels, rows first.
fn tensor(ty: &FeatureType) -> Option<(&'static str, Vec<i64>)> {
    let number = |side: &Side| if let Side::Fixed(n) = side { *n } else { -1 };
    match ty {
        FeatureType::Int64 => Some(("int64", vec![-1])),
        FeatureType::Double => Some(("float64", vec![-1])),
        FeatureType::Text => Some(("object", vec![-1])),
        FeatureType::Array { element, shape, .. } if !shape.is_empty() => {
            Some((dtype(*element)?, shape.iter().map(number).collect()))
        }
        FeatureType::Image { width, height, color } => {
            let mut shape = vec![number(height), number(width)];
            if matches!(color, 20 | 30) {
                shape.push(3);
            }
            Some((if *color == 40 { "float32" } else { "uint8" }, shape))
        }
        _ => None,
    }
}

/// What the signature cannot say, in sentences.
pub(super) fn notes(model: &CoremlModel) -> Vec<String> {
    let mut notes = Vec::new();
    for input in &model.description.inputs {
        if let FeatureType::Image { color, .. } = input.ty {
            notes.push(format!(
                "The input {} is a picture in {}: callers give its pixels, rows first.",
                input.name,
                color_name(color)
            ));
        }
    }
    if !model.description.states.is_empty() {
        let names: Vec<&str> = model.description.states.iter().map(|state| state.name.as_str()).collect();
        notes.push(format!(
            "The model keeps a state between calls ({}); the package starts each request with an empty one.",
            names.join(", ")
        ));
    }
    if let [first, _, ..] = model.description.functions.as_slice() {
        notes.push(format!(
            "The model has several functions: {}. The package calls the default one, described here as {first}.",
            model.description.functions.join(", ")
        ));
    }
    notes
}

/// What must be installed to load and predict.
pub(super) fn requirements(model: &CoremlModel) -> Vec<Requirement> {
    let mut lines = Vec::new();
    let mut line = |requirement: String, source: &str| {
        lines.push(Requirement { requirement, source: source.to_owned() });
    };
    match model.description.user.get(VERSION_KEY).filter(|version| is_version(version)) {
        Some(version) => {
            line(
                format!("coremltools>={version}"),
                &format!("userDefined {VERSION_KEY}: what made the file"),
            );
        }
        None => {
            line("coremltools".into(), "opens Core ML models; the file does not say which version made it");
        }
    }
    line("numpy".into(), "coremltools works on NumPy arrays; its version is not in the file");
    if model.description.inputs.iter().any(|input| matches!(input.ty, FeatureType::Image { .. })) {
        line("pillow".into(), "an input is a picture");
    }
    lines
}

/// Digits and dots: what pip compares.
fn is_version(text: &str) -> bool {
    text.starts_with(|char: char| char.is_ascii_digit())
        && text.split('.').all(|part| !part.is_empty() && part.chars().all(|char| char.is_ascii_digit()))
}

/// The systems that first read a version of the specification.
fn systems(spec_version: u64) -> Option<&'static str> {
    Some(match spec_version {
        1 => "iOS 11, macOS 10.13",
        2 => "iOS 11.2, macOS 10.13.2",
        3 => "iOS 12, macOS 10.14",
        4 => "iOS 13, macOS 10.15",
        5 => "iOS 14, macOS 11",
        6 => "iOS 15, macOS 12",
        7 => "iOS 16, macOS 13",
        8 => "iOS 17, macOS 14",
        9 => "iOS 18, macOS 15",
        10 => "iOS 26, macOS 26",
        _ => return None,
    })
}

/// Everything else that the file says.
pub(super) fn facts(model: &CoremlModel) -> Vec<Fact> {
    let description = &model.description;
    let mut facts = Vec::new();
    let mut add = |name, value: Value, source: &str| {
        facts.push(Fact { name, value, source: source.to_owned() });
    };
    add("model_type", Value::from(model.kind), "the field that holds the model");
    if !model.parts.is_empty() {
        add("pipeline", Value::from(model.parts.clone()), "models of the pipeline");
    }
    add("spec_version", count(model.spec_version), "specificationVersion");
    if let Some(systems) = systems(model.spec_version) {
        add("minimum_system", Value::from(systems), "specificationVersion");
    }
    let types = |features: &[Feature]| -> Value {
        let types = features.iter().map(|feature| {
            let optional = if feature.is_optional { ", optional" } else { "" };
            (feature.name.clone(), Value::from(format!("{}{optional}", feature.ty)))
        });
        Value::Object(types.collect())
    };
    add("input_types", types(&description.inputs), "description.input");
    add("output_types", types(&description.outputs), "description.output");
    if !description.states.is_empty() {
        add("states", types(&description.states), "description.state");
    }
    let both = description.inputs.iter().chain(&description.outputs);
    let told: Map<String, Value> = both
        .filter(|feature| !feature.description.is_empty())
        .map(|feature| (feature.name.clone(), Value::from(feature.description.as_str())))
        .collect();
    if !told.is_empty() {
        add("feature_descriptions", Value::Object(told), "shortDescription of the features");
    }
    if !description.functions.is_empty() {
        add("functions", Value::from(description.functions.clone()), "description.functions");
    }
    if !model.labels.is_empty() {
        add("class_labels", Value::from(model.labels.clone()), "the class labels of the classifier");
    }
    let texts = [
        ("predicted_feature", &description.predicted_feature, "predictedFeatureName"),
        ("predicted_probabilities", &description.predicted_probabilities, "predictedProbabilitiesName"),
        ("description", &description.short, "metadata.shortDescription"),
        ("model_version", &description.version, "metadata.versionString"),
        ("author", &description.author, "metadata.author"),
        ("license", &description.license, "metadata.license"),
    ];
    for (name, text, source) in texts {
        if !text.is_empty() {
            add(name, Value::from(text.as_str()), source);
        }
    }
    if !description.user.is_empty() {
        let user = description.user.iter().map(|(key, value)| (key.clone(), Value::from(value.as_str())));
        add("metadata", Value::Object(user.collect()), "metadata.userDefined");
    }
    if model.is_updatable {
        add("is_updatable", Value::from(true), "isUpdatable");
    }
    if !model.operations.is_empty() {
        let operations = model.operations.iter().map(|(name, n)| (name.clone(), count(*n)));
        add("operators", Value::Object(operations.collect()), "layers, or operations of the program");
    }
    if model.tensors.n != 0 {
        facts.extend(tensors::facts(&model.tensors, "weights of the layers, or of the program"));
    }
    facts
}
