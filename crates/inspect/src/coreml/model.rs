//! What a Core ML file says about itself (`Model.proto`, `NeuralNetwork.proto`, `MIL.proto` of coremltools). Weights are
//! skipped by offset.

use std::collections::{BTreeMap, BTreeSet};

use packwright_formats::protobuf::{FieldValue, Wire};
use packwright_source::{ByteSource, ErrorKind, Limits, ReadError};
use serde_json::Value;

use super::features::Feature;
use super::{layers, program};
use crate::{Tensor, Tensors};

/// The name under which errors are made, and the format's in `inspect --json`.
pub(super) const FORMAT: &str = "coreml";

/// Many more class labels than classifiers have.
const MOST_LABELS: usize = 1 << 20;

/// The kinds of models, by the field that holds them.
const KINDS: [(u64, &str); 37] = [
    (200, "pipelineClassifier"),
    (201, "pipelineRegressor"),
    (202, "pipeline"),
    (300, "glmRegressor"),
    (301, "supportVectorRegressor"),
    (302, "treeEnsembleRegressor"),
    (303, "neuralNetworkRegressor"),
    (304, "bayesianProbitRegressor"),
    (400, "glmClassifier"),
    (401, "supportVectorClassifier"),
    (402, "treeEnsembleClassifier"),
    (403, "neuralNetworkClassifier"),
    (404, "kNearestNeighborsClassifier"),
    (500, "neuralNetwork"),
    (501, "itemSimilarityRecommender"),
    (502, "mlProgram"),
    (555, "customModel"),
    (556, "linkedModel"),
    (560, "classConfidenceThresholding"),
    (600, "oneHotEncoder"),
    (601, "imputer"),
    (602, "featureVectorizer"),
    (603, "dictVectorizer"),
    (604, "scaler"),
    (606, "categoricalMapping"),
    (607, "normalizer"),
    (609, "arrayFeatureExtractor"),
    (610, "nonMaximumSuppression"),
    (900, "identity"),
    (2000, "textClassifier"),
    (2001, "wordTagger"),
    (2002, "visionFeaturePrint"),
    (2003, "soundAnalysisPreprocessing"),
    (2004, "gazetteer"),
    (2005, "wordEmbedding"),
    (2006, "audioFeaturePrint"),
    (3000, "serializedModel"),
];

/// The name of the kind of model that a field holds.
pub(super) fn kind_name(number: u64) -> Option<&'static str> {
    KINDS.iter().find(|(known, _)| *known == number).map(|(_, name)| *name)
}

/// Everything a model says about itself.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct CoremlModel {
    pub(super) spec_version: u64,
    pub(super) is_updatable: bool,
    pub(super) description: Description,
    /// Empty when the file holds no model.
    pub(super) kind: &'static str,
    /// What a pipeline runs one after the other, pipelines in it too.
    pub(super) parts: Vec<&'static str>,
    /// How often each layer or operation occurs.
    pub(super) operations: BTreeMap<String, u64>,
    /// The classes of code that is not Core ML's: layers and models.
    pub(super) custom: BTreeSet<(&'static str, String)>,
    /// Models that it holds in a form of their own, or refers to.
    pub(super) opaque: BTreeSet<&'static str>,
    /// The classes of the last classifier.
    pub(super) labels: Vec<Value>,
    pub(super) tensors: Tensors,
    /// Weights that lie in files beside the model, by the name as written: `@model_path/weights/weight.bin`.
    pub(super) blobs: BTreeMap<String, Blob>,
}

/// The interface of a model and the words about it.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Description {
    pub(super) inputs: Vec<Feature>,
    pub(super) outputs: Vec<Feature>,
    pub(super) states: Vec<Feature>,
    pub(super) predicted_feature: String,
    pub(super) predicted_probabilities: String,
    pub(super) functions: Vec<String>,
    pub(super) short: String,
    pub(super) version: String,
    pub(super) author: String,
    pub(super) license: String,
    pub(super) user: BTreeMap<String, String>,
}

/// Weights in a file beside the model.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Blob {
    /// Where its last byte lies at least.
    pub(super) end: u64,
    pub(super) n_tensors: u64,
}

impl CoremlModel {
    /// Reads a whole model.
    pub(super) fn read(source: &dyn ByteSource, limits: &Limits) -> Result<Self, ReadError> {
        let mut wire = Wire::over(FORMAT, source, limits);
        let mut model = Self::default();
        model.fields(&mut wire, true)?;
        if model.kind.is_empty() {
            let kind = ErrorKind::malformed("model", "a model of a known kind", "none");
            return Err(ReadError::new(FORMAT, source.len_bytes(), kind));
        }
        Ok(model)
    }

    /// The fields of `Model`; of the models in a pipeline only what they are made of counts.
    pub(super) fn fields(&mut self, wire: &mut Wire<'_>, is_outermost: bool) -> Result<(), ReadError> {
        while let Some(field) = wire.field()? {
            match (field.number, field.value) {
                (1, FieldValue::Varint(version)) if is_outermost => self.spec_version = version,
                (2, FieldValue::Bytes(_)) if is_outermost => self.description = description(wire)?,
                (10, FieldValue::Varint(is)) if is_outermost => self.is_updatable = is != 0,
                (number, FieldValue::Bytes(_)) => {
                    let Some(kind) = kind_name(number) else { continue };
                    if is_outermost {
                        self.kind = kind;
                    } else {
                        self.parts.push(kind);
                    }
                    wire.enter()?;
                    self.content(wire, number)?;
                }
                _ => {}
            }
        }
        Ok(())
    }

    /// What a model is made of.
    fn content(&mut self, wire: &mut Wire<'_>, kind: u64) -> Result<(), ReadError> {
        match kind {
            202 => return self.pipeline(wire),
            303 | 403 | 500 => return self.network(wire),
            502 => return program::read(self, wire),
            556 => {
                self.opaque.insert("a model in another file");
            }
            3000 => {
                self.opaque.insert("a model in a form of its own");
            }
            _ => {}
        }
        while let Some(field) = wire.field()? {
            match (kind, field.number, field.value) {
                (200 | 201, 1, FieldValue::Bytes(_)) => {
                    wire.enter()?;
                    self.pipeline(wire)?;
                }
                (400..=404, 100 | 101, FieldValue::Bytes(_)) => {
                    self.labels = labels(wire, field.number == 100)?;
                }
                (555, 10, FieldValue::Bytes(_)) => {
                    let class = wire.text("the class of a custom model")?;
                    self.custom.insert(("model", class));
                }
                _ => {}
            }
        }
        Ok(())
    }

    fn pipeline(&mut self, wire: &mut Wire<'_>) -> Result<(), ReadError> {
        while let Some(field) = wire.field()? {
            if let (1, FieldValue::Bytes(_)) = (field.number, field.value) {
                wire.enter()?;
                self.fields(wire, false)?;
            }
        }
        Ok(())
    }

    /// `NeuralNetwork`, `NeuralNetworkClassifier`, `NeuralNetworkRegressor`.
    fn network(&mut self, wire: &mut Wire<'_>) -> Result<(), ReadError> {
        while let Some(field) = wire.field()? {
            match (field.number, field.value) {
                (1, FieldValue::Bytes(_)) => self.layer(wire)?,
                (100 | 101, FieldValue::Bytes(_)) => self.labels = labels(wire, field.number == 100)?,
                _ => {}
            }
        }
        Ok(())
    }

    fn layer(&mut self, wire: &mut Wire<'_>) -> Result<(), ReadError> {
        let mut name = String::new();
        wire.enter()?;
        while let Some(field) = wire.field()? {
            match (field.number, field.value) {
                (1, FieldValue::Bytes(_)) => name = wire.text("the name of a layer")?,
                (number, FieldValue::Bytes(_)) => {
                    let Some(kind) = layers::name(number) else { continue };
                    self.count(kind);
                    wire.enter()?;
                    self.parameters(wire, number, &name)?;
                }
                _ => {}
            }
        }
        Ok(())
    }

    /// The parameters of a layer, whose weights are listed.
    fn parameters(&mut self, wire: &mut Wire<'_>, layer: u64, name: &str) -> Result<(), ReadError> {
        while let Some(field) = wire.field()? {
            let FieldValue::Bytes(_) = field.value else { continue };
            if layer == layers::CUSTOM && field.number == 10 {
                let class = wire.text("the class of a custom layer")?;
                self.custom.insert(("layer", class));
            } else if layers::is_weights(layer, field.number) {
                self.weights(wire, name)?;
            } else if layers::is_network(layer, field.number) {
                wire.enter()?;
                self.network(wire)?;
            } else if layers::is_gates(layer, field.number) {
                wire.enter()?;
                while let Some(field) = wire.field()? {
                    if let FieldValue::Bytes(_) = field.value {
                        self.weights(wire, name)?;
                    }
                }
            }
        }
        Ok(())
    }

    /// `WeightParams`: its shape is that of the layer and not kept, so that a count stands for it.
    fn weights(&mut self, wire: &mut Wire<'_>, layer: &str) -> Result<(), ReadError> {
        let (mut dtype, mut n, mut size_bytes, mut bits) = ("float32", 0_u64, 0_u64, 8_u64);
        wire.enter()?;
        while let Some(field) = wire.field()? {
            match (field.number, field.value) {
                (1, FieldValue::Bytes(length)) => {
                    (n, size_bytes) = (n.saturating_add(length / 4), size_bytes.saturating_add(length));
                }
                (1, FieldValue::Fixed32(_)) => {
                    (n, size_bytes) = (n.saturating_add(1), size_bytes.saturating_add(4));
                }
                (2, FieldValue::Bytes(length)) => (dtype, n, size_bytes) = ("float16", length / 2, length),
                (30 | 31, FieldValue::Bytes(length)) => {
                    (dtype, n, size_bytes) = ("quantized", length, length);
                }
                (40, FieldValue::Bytes(_)) => {
                    wire.enter()?;
                    while let Some(field) = wire.field()? {
                        if let (1, FieldValue::Varint(said @ 1..=8)) = (field.number, field.value) {
                            bits = said;
                        }
                    }
                }
                _ => {}
            }
        }
        if dtype == "quantized" {
            n = size_bytes.saturating_mul(8).checked_div(bits).unwrap_or(0);
        }
        if size_bytes != 0 {
            let tensor = Tensor {
                name: layer.to_owned(),
                dtype: dtype.to_owned(),
                shape: vec![n],
                size_bytes,
                is_parameter: true,
            };
            wire.budget()
                .keep("the names of tensors", u64::try_from(layer.len()).unwrap_or(0))
                .map_err(|kind| wire.error(kind))?;
            self.tensors.push(tensor);
        }
        Ok(())
    }

    /// Counts a layer or an operation.
    pub(super) fn count(&mut self, name: &str) {
        if let Some(n) = self.operations.get_mut(name) {
            *n = n.saturating_add(1);
        } else {
            self.operations.insert(name.to_owned(), 1);
        }
    }
}

/// `StringVector`, or `Int64Vector`.
fn labels(wire: &mut Wire<'_>, are_texts: bool) -> Result<Vec<Value>, ReadError> {
    let mut labels: Vec<Value> = Vec::new();
    wire.enter()?;
    while let Some(field) = wire.field()? {
        match (field.number, field.value) {
            (1, FieldValue::Bytes(_)) if are_texts => labels.push(wire.text("a class label")?.into()),
            (1, FieldValue::Bytes(_)) => wire.packed(|label| {
                if labels.len() < MOST_LABELS {
                    labels.push(label.cast_signed().into());
                }
            })?,
            (1, FieldValue::Varint(label)) => labels.push(label.cast_signed().into()),
            _ => {}
        }
        if MOST_LABELS <= labels.len() {
            let limit = u64::try_from(MOST_LABELS).unwrap_or(u64::MAX);
            return Err(wire.error(ErrorKind::Limit { what: "class labels", asked: limit, limit }));
        }
    }
    Ok(labels)
}

/// `ModelDescription`.
fn description(wire: &mut Wire<'_>) -> Result<Description, ReadError> {
    let mut found = Description::default();
    wire.enter()?;
    while let Some(field) = wire.field()? {
        let FieldValue::Bytes(_) = field.value else { continue };
        match field.number {
            1 => found.inputs.push(Feature::read(wire)?),
            10 => found.outputs.push(Feature::read(wire)?),
            13 => found.states.push(Feature::read(wire)?),
            11 => found.predicted_feature = wire.text("predictedFeatureName")?,
            12 => found.predicted_probabilities = wire.text("predictedProbabilitiesName")?,
            20 => {
                let mut name = String::new();
                let (mut inputs, mut outputs) = (Vec::new(), Vec::new());
                wire.enter()?;
                while let Some(field) = wire.field()? {
                    match (field.number, field.value) {
                        (1, FieldValue::Bytes(_)) => name = wire.text("the name of a function")?,
                        (2, FieldValue::Bytes(_)) => inputs.push(Feature::read(wire)?),
                        (3, FieldValue::Bytes(_)) => outputs.push(Feature::read(wire)?),
                        _ => {}
                    }
                }
                // Of several functions the first is the interface, unless the model has one of its own.
                if found.functions.is_empty() && found.inputs.is_empty() {
                    (found.inputs, found.outputs) = (inputs, outputs);
                }
                found.functions.push(name);
            }
            100 => {
                wire.enter()?;
                while let Some(field) = wire.field()? {
                    let FieldValue::Bytes(_) = field.value else { continue };
                    match field.number {
                        1 => found.short = wire.text("shortDescription")?,
                        2 => found.version = wire.text("versionString")?,
                        3 => found.author = wire.text("author")?,
                        4 => found.license = wire.text("license")?,
                        100 => {
                            let (mut key, mut value) = (String::new(), String::new());
                            wire.enter()?;
                            while let Some(field) = wire.field()? {
                                match (field.number, field.value) {
                                    (1, FieldValue::Bytes(_)) => key = wire.text("a key of userDefined")?,
                                    (2, FieldValue::Bytes(_)) => {
                                        value = wire.text("a value of userDefined")?;
                                    }
                                    _ => {}
                                }
                            }
                            found.user.insert(key, value);
                        }
                        _ => {}
                    }
                }
            }
            _ => {}
        }
    }
    Ok(found)
}
