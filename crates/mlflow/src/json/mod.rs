//! Schemas as the JSON texts of an MLmodel, in both directions.
//!
//! Written in MLflow's own style: `", "` and `": "` between items, ASCII only, its key order. Read tolerantly: the
//! `optional` of MLflow before 2.10, integer names, a missing `required`, the `dtype` key of early parameters.

mod dtype;
mod params;
mod schema;
mod text;
mod types;

#[cfg(test)]
mod tests;

pub use dtype::PORTABLE_DTYPES;
pub use params::params_text;
pub(crate) use params::read_params;
pub(crate) use schema::read_schema;
pub use text::{python_pretty_text, python_text, read_python};

/// What is wrong with a schema, and where.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{path}: {message}")]
pub struct SchemaError {
    /// A stable id, as in [`crate::lint::Problem::rule`].
    pub rule: &'static str,
    /// The place, for instance `[2].type`.
    pub path: String,
    /// What was expected and what is there.
    pub message: String,
}

fn wrong(rule: &'static str, path: impl Into<String>, message: impl Into<String>) -> SchemaError {
    SchemaError { rule, path: path.into(), message: message.into() }
}
