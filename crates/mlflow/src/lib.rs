//! The MLflow Model itself: MLmodel, signature, environment, input examples. Read, lint, write.
//!
//! This crate knows the package format of MLflow 1.x to 3.x and no model format at all. Nothing here writes to disk:
//! writers get texts, readers give values.

pub mod json;
pub mod lint;
pub mod mlmodel;
pub mod package;
pub mod schema;
pub mod yaml;
