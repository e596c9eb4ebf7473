//! Sample data on a draft: the roles of its columns, what it says of the signature, and the example that is made of it.

mod advice;
mod check;
mod example;
mod merge;
mod privacy;
mod role;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use packwright_inspect::sample::{Sample, SampleData, SampleError, read};
use packwright_mlflow::frame::Frame;

use crate::edit::EditError;

pub use advice::Advice;
pub(crate) use advice::advice;
pub use check::ExampleProblem;
pub(crate) use check::problems;
pub use example::{Example, ExampleTable};
pub(crate) use example::{ExampleChoice, input_example, table, typed};
pub use merge::Difference;
pub(crate) use merge::{differences, inputs, outputs};
pub use privacy::Personal;
pub(crate) use privacy::personal;
pub(crate) use role::columns;
pub use role::{Role, SampleColumn};

/// The sample data that was given, and what the person said of its columns.
#[derive(Debug, Clone)]
pub(crate) struct SampleChoice {
    pub(crate) path: PathBuf,
    pub(crate) sample: Arc<Sample>,
    roles: BTreeMap<String, Role>,
}

impl PartialEq for SampleChoice {
    fn eq(&self, other: &Self) -> bool {
        // Thousands of rows are not compared: a file that is read again may have changed.
        self.path == other.path && Arc::ptr_eq(&self.sample, &other.sample) && self.roles == other.roles
    }
}

impl SampleChoice {
    pub(crate) fn read(path: &Path) -> Result<Self, SampleError> {
        Ok(Self { path: path.to_path_buf(), sample: Arc::new(read(path)?), roles: BTreeMap::new() })
    }

    /// The table, where the sample is one.
    pub(crate) fn frame(&self) -> Option<&Frame> {
        match &self.sample.data {
            SampleData::Frame(frame) => Some(frame),
            SampleData::Arrays(_) | SampleData::Json(_) => None,
        }
    }

    pub(crate) fn mark(&mut self, name: &str, role: Role) -> Result<(), EditError> {
        let is_known = |frame: &Frame| frame.columns.iter().any(|column| column.name.to_string() == name);
        if !self.frame().is_some_and(is_known) {
            return Err(EditError::Unknown(format!("the sample has no column \"{name}\"")));
        }
        self.roles.insert(name.to_owned(), role);
        Ok(())
    }
}

#[cfg(test)]
mod tests;
