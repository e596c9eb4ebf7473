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

/// The longest text of an example that is shown: arrays of pictures are longer, and nobody edits them by hand.
const LONGEST_SHOWN_BYTES: usize = 64 << 10;

/// An example that is no table of rows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WholeExample {
    /// As JSON on several lines.
    pub text: String,
    /// Whether the text is only its beginning.
    pub is_cut: bool,
    /// Where it came from: the sample's file, a package, or `you`.
    pub source: String,
}

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

    /// An example that is no table of rows to edit: arrays, a request. `None` when it is a table, or there is none.
    pub fn whole_example(&self) -> Option<WholeExample> {
        if self.example().is_some() {
            return None;
        }
        let source = match &self.choices.example {
            Some(ExampleChoice::Whole { source, .. }) => source.clone(),
            _ => self.sample()?.file_name.clone(),
        };
        let text = python_pretty_text(&self.input_example()?.saved());
        let cut = text.floor_char_boundary(LONGEST_SHOWN_BYTES);
        let is_cut = cut < text.len();
        Some(WholeExample { text: text.get(..cut).unwrap_or_default().to_owned(), is_cut, source })
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
