//! Whether a package will work where it goes: what each place that takes MLflow models asks of one.
//!
//! The rules are those that the places document or enforce; none of them is asked over the network. They hold for the draft as it is: an
//! edit may change every answer.

mod image;
mod names;
mod rules;

use packwright_inspect::{SourcedSchema, SourcedSignature};

use crate::draft::{Draft, Section};
use crate::edit::Edit;
use crate::sample::ExampleProblem;

/// A place that takes MLflow models.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// `mlflow.pyfunc.load_model`.
    Pyfunc,
    /// `mlflow models serve` and the images that MLflow builds.
    Serve,
    /// The registry of Databricks.
    UnityCatalog,
    /// `KServe` and Seldon, through `MLServer`.
    MlServer,
    /// Amazon `SageMaker`, through `mlflow deployments`.
    SageMaker,
    /// Azure Machine Learning, deployed without code.
    AzureMl,
    /// `mlflow.pyfunc.spark_udf`.
    SparkUdf,
}

impl Place {
    /// Every place, in the order in which they are shown.
    pub const ALL: [Self; 7] = [
        Self::Pyfunc,
        Self::Serve,
        Self::UnityCatalog,
        Self::MlServer,
        Self::SageMaker,
        Self::AzureMl,
        Self::SparkUdf,
    ];

    /// Its name on a command line.
    pub fn id(self) -> &'static str {
        match self {
            Self::Pyfunc => "pyfunc",
            Self::Serve => "serve",
            Self::UnityCatalog => "unity-catalog",
            Self::MlServer => "mlserver",
            Self::SageMaker => "sagemaker",
            Self::AzureMl => "azureml",
            Self::SparkUdf => "spark-udf",
        }
    }

    /// Its name, for people.
    pub fn name(self) -> &'static str {
        match self {
            Self::Pyfunc => "mlflow.pyfunc",
            Self::Serve => "mlflow models serve",
            Self::UnityCatalog => "Databricks Unity Catalog",
            Self::MlServer => "KServe and MLServer",
            Self::SageMaker => "Amazon SageMaker",
            Self::AzureMl => "Azure Machine Learning",
            Self::SparkUdf => "Spark UDF",
        }
    }
}

/// How a rule came out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Outcome {
    /// It holds.
    Pass,
    /// It works, and something may surprise.
    Warn,
    /// The place will refuse the package, or the model will not run there.
    Fail,
}

impl Outcome {
    /// One word.
    pub fn word(self) -> &'static str {
        match self {
            Self::Pass => "pass",
            Self::Warn => "warn",
            Self::Fail => "fail",
        }
    }
}

/// One rule of one place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Check {
    /// How it came out.
    pub outcome: Outcome,
    /// What was looked at and what follows, a sentence.
    pub text: String,
    /// The way out, where there is one.
    pub fix: Option<Fix>,
}

/// What mends a rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fix {
    /// One edit does.
    Edit {
        /// `Name it churn_model`.
        label: String,
        /// The edit.
        edit: Edit,
    },
    /// Only the person can, in this section.
    Section(Section),
}

/// All rules of a place, the worst first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlaceReport {
    /// The place.
    pub place: Place,
    /// Its rules.
    pub checks: Vec<Check>,
}

impl PlaceReport {
    /// The worst of its rules.
    pub fn outcome(&self) -> Outcome {
        self.checks.iter().map(|check| check.outcome).max().unwrap_or(Outcome::Pass)
    }
}

/// Looks at a draft as each place will.
pub fn preflight(draft: &Draft) -> Vec<PlaceReport> {
    let facts = Facts::of(draft);
    let report = |place| {
        let mut checks = rules::of(place, &facts);
        checks.sort_by_key(|check| std::cmp::Reverse(check.outcome));
        PlaceReport { place, checks }
    };
    Place::ALL.into_iter().map(report).collect()
}

/// What the rules look at, worked out once for all places.
struct Facts<'a> {
    draft: &'a Draft,
    /// Whether it loads, which is the same everywhere and takes a reading of the person's code.
    loads: Check,
    is_reviewed: bool,
    signature: SourcedSignature,
    /// Requirement lines that will not install.
    broken: Vec<String>,
    /// Requirement lines that fetch from elsewhere than PyPI.
    elsewhere: Vec<String>,
    /// The framework's line, when any release may be installed.
    open_framework: Option<String>,
    has_mlflow: bool,
    /// The requirement lines.
    lines: Vec<String>,
    /// Distributions that are required, normalised.
    distributions: Vec<String>,
    /// Whether there is an example whose every value was held against the signature.
    is_example_checked: bool,
    example_problems: Vec<ExampleProblem>,
}

impl<'a> Facts<'a> {
    fn of(draft: &'a Draft) -> Self {
        let lines = draft.requirements();
        let notes = draft.requirement_notes(&lines);
        let text =
            |note: &&crate::RequirementNote| lines.get(note.index).map(|line| line.requirement.clone());
        let framework = draft.inspection().framework.as_ref().map(|framework| framework.value.clone());
        let signature = draft.signature();
        let has_columns = matches!(signature.inputs, Some(SourcedSchema::Columns(_)));
        Self {
            draft,
            loads: rules::loads(draft),
            is_reviewed: draft.is_reviewed(),
            signature,
            broken: notes.iter().filter(|note| note.is_fault).filter_map(|note| text(&note)).collect(),
            elsewhere: notes
                .iter()
                .filter(|note| !note.is_fault)
                .filter_map(|note| text(&note))
                .filter(|line| line.contains('@') || crate::environment::Index::parse(line).is_some())
                .collect(),
            open_framework: lines
                .iter()
                .map(|line| line.requirement.clone())
                .find(|line| Some(line) == framework.as_ref()),
            has_mlflow: crate::environment::installs_mlflow(&lines),
            lines: lines.iter().map(|line| line.requirement.clone()).collect(),
            distributions: lines
                .iter()
                .map(|line| crate::environment::distribution(&line.requirement))
                .collect(),
            is_example_checked: has_columns && draft.example().is_some(),
            example_problems: draft.example_problems(),
        }
    }
}

#[cfg(test)]
mod tests;
