//! The MLflow Model itself: MLmodel, signature, environment, input examples. Read, lint, write.
//!
//! This crate knows the package format of MLflow 1.x to 3.x and no model format at all.

pub mod schema;
