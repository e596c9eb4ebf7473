//! What a draft says of its sample data and of the example that goes into the package.

use std::path::Path;

use packwright_inspect::sample::Sample;
use packwright_mlflow::example::InputExample;
use packwright_mlflow::json::python_pretty_text;

use super::Draft;
use crate::edit::Side;
use crate::sample::{
    self, Advice, Difference, Example, ExampleChoice, ExampleProblem, Personal, SampleColumn,
};

impl Draft {
    /// The sample data, as far as it was read.
    pub fn sample(&self) -> Option<&Sample> {
        self.choices.sample.as_ref().map(|choice| &*choice.sample)
    }

    /// Where the sample data lies.
    pub fn sample_path(&self) -> Option<&Path> {
        self.choices.sample.as_ref().map(|choice| choice.path.as_path())
    }

    /// The columns of the sample, each with its role; empty when it is no table.
    pub fn sample_columns(&self) -> Vec<SampleColumn> {
        let choice = self.choices.sample.as_ref();
        choice.map(|choice| sample::columns(choice, self.inspection())).unwrap_or_default()
    }

    /// What the model and the sample say differently.
    pub fn differences(&self) -> Vec<Difference> {
        let choice = self.choices.sample.as_ref();
        choice.map(|choice| sample::differences(choice, self.inspection())).unwrap_or_default()
    }

    /// The example of what goes in, as a table; `None` when there is none, or when it is arrays.
    pub fn example(&self) -> Option<Example> {
        sample::table(&self.choices, self.inspection())
    }

    /// The example as it is written into the package.
    pub fn input_example(&self) -> Option<InputExample> {
        sample::input_example(&self.choices, self.inspection())
    }

    /// Whether the example was set, by the person or from a package: then it can be reset.
    pub fn has_set_example(&self) -> bool {
        self.choices.example.is_some()
    }

    /// An example that is no table of rows to edit, as its text, and where it came from.
    pub fn whole_example(&self) -> Option<(String, &str)> {
        match &self.choices.example {
            Some(ExampleChoice::Whole { example, source }) => {
                Some((python_pretty_text(&example.saved()), source))
            }
            _ => None,
        }
    }

    /// What in the inputs callers will run into.
    pub fn advice(&self) -> Vec<Advice> {
        sample::advice(&self.choices, self.inspection())
    }

    /// The cells of the example that look like personal data.
    pub fn personal(&self) -> Vec<Personal> {
        self.example().map(|example| sample::personal(&example.table)).unwrap_or_default()
    }

    /// Everything in the example that does not pass the signature as it is.
    pub fn example_problems(&self) -> Vec<ExampleProblem> {
        sample::problems(&self.choices, self.inspection())
    }

    /// Whether the person changed a side of the signature by hand.
    pub fn is_edited(&self, side: Side) -> bool {
        match side {
            Side::Inputs => self.choices.inputs.is_some(),
            Side::Outputs => self.choices.outputs.is_some(),
        }
    }
}
