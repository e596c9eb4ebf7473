//! The MLflow Model itself: MLmodel, signature, environment, input examples. Read, lint, write.
//!
//! This crate knows the package format of MLflow 1.x to 3.x and no model format at all. Nothing here writes to disk:
//! writers get texts, readers give values, and whoever holds the files of a package lends them as
//! [`package::PackageFiles`].
//!
//! What is written is what MLflow writes, byte for byte where its readers could tell: JSON in the style of Python's
//! `json.dumps`, YAML 1.1 as `PyYAML` understands it, ASCII throughout, because MLflow opens text files in the machine's
//! own encoding. What is read is what MLflow ever wrote, and every key that is not known is kept.
//!
//! Nothing in a package is imported, unpickled or executed, and no link is followed.

pub mod enforce;
pub mod environment;
pub mod example;
pub mod frame;
pub mod json;
pub mod lint;
pub mod mlmodel;
mod notation;
pub mod package;
pub mod requirement;
pub mod schema;
pub mod yaml;
