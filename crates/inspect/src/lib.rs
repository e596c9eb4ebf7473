//! Frameworks: what a model file is, expects, returns, needs, and what loading it would run.
//!
//! Nothing here executes, imports or unpickles what a file names. Reading costs what the metadata costs: weights
//! are skipped by offset.
#![cfg_attr(
    not(test),
    warn(
        clippy::indexing_slicing,
        clippy::arithmetic_side_effects,
        clippy::as_conversions,
        clippy::string_slice
    )
)]

mod catboost;
mod container;
mod coreml;
mod gguf;
mod huggingface;
mod inspection;
mod keras;
mod lightgbm;
mod npy;
mod onnx;
mod pickled;
mod pmdarima;
mod probe;
mod prophet;
mod reader;
mod safetensors;
pub mod safety;
pub mod sample;
mod serving;
mod shards;
mod sklearn;
mod statsmodels;
mod strangers;
pub mod structure;
mod tensorflow;
mod tensors;
#[cfg(test)]
mod tests;
mod tflite;
mod torch;
mod xgboost;

/// Import names and the PyPI projects that provide them.
pub mod libraries {
    pub use crate::pickled::{is_standard, library_of, projects};
}

pub use container::{Whole, files_below, inspect_inside, judge_whole, open_member};
pub use onnx::onnx_binary;
pub use probe::inspect;

pub use inspection::{
    Artifact, ArtifactKind, Fact, InspectError, Inspection, Member, OwnModule, Part, PartWeights,
    Requirement, Sourced, SourcedSchema, SourcedSignature,
};
pub use serving::{
    CoremlInput, LoaderCall, PytorchForm, Serving, SkopsType, TorchArgument, TorchCall, TorchInput,
    TorchWeightsForm,
};
pub use tensors::{Tensor, Tensors};
