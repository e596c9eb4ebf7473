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
mod sklearn;
mod statsmodels;
mod strangers;
mod tensorflow;
mod tensors;
#[cfg(test)]
mod tests;
mod tflite;
mod torch;
mod xgboost;

/// Import names and the PyPI projects that provide them.
pub mod libraries {
    pub use crate::pickled::{is_standard, library_of};
}

pub use container::open_member;
pub use probe::inspect;

pub use inspection::{
    Artifact, ArtifactKind, Fact, InspectError, Inspection, Member, OwnModule, Part, Requirement, Sourced,
    SourcedSchema, SourcedSignature,
};
pub use serving::{LoaderCall, PytorchForm, Serving, SkopsType, TorchInput, TorchWeightsForm};
pub use tensors::{Tensor, Tensors};
