//! The command line.

use std::path::PathBuf;

use clap::builder::PossibleValue;
use clap::{Args, Parser, Subcommand, ValueEnum};
use packwright_engine::Place;

/// Turns trained model files into MLflow packages, without running them.
#[derive(Debug, Parser)]
#[command(name = "packwright", version, about, disable_help_subcommand = true, max_term_width = 100)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Say what a model file is, expects, returns, needs and would run
    Inspect(InspectArgs),
    /// Write an MLflow package
    Pack(Box<PackArgs>),
    /// List everything that is wrong or risky in an MLflow package
    Lint(CheckArgs),
    /// Check a package's structure, the hashes of its files and its seal, and judge what loading it would run
    Verify(VerifyArgs),
}

#[derive(Debug, Args)]
pub(crate) struct InspectArgs {
    /// Model files or folders
    #[arg(required = true, value_name = "PATH")]
    pub(crate) paths: Vec<PathBuf>,
    /// Print one JSON document; an array for several paths
    #[arg(long, conflicts_with = "format")]
    pub(crate) json: bool,
    /// How to print the result
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    pub(crate) format: Format,
    /// Exit with 1 from this verdict on
    #[arg(long, value_name = "VERDICT")]
    pub(crate) deny: Option<Deny>,
}

/// How `inspect` prints what it found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// For people
    Text,
    /// As --json
    Json,
    /// The safety report for code-scanning systems
    Sarif,
}

impl InspectArgs {
    /// The format asked for in either way.
    pub(crate) fn format(&self) -> Format {
        if self.json { Format::Json } else { self.format }
    }
}

/// From which verdict on a command fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Deny {
    /// Unknown code, unread parts and dangerous calls
    Review,
    /// Dangerous calls
    Dangerous,
}

#[derive(Debug, Args)]
pub(crate) struct PackArgs {
    /// The model file or folder; of an MLflow package, the model in it with everything that the package says
    pub(crate) path: PathBuf,
    /// The package to write; a name that ends in .zip makes a zip
    #[arg(short, long, value_name = "OUT")]
    pub(crate) output: PathBuf,
    /// Write a zip
    #[arg(long)]
    pub(crate) zip: bool,
    /// The package's name [default: from the file's name]
    #[arg(long)]
    pub(crate) name: Option<String>,
    /// A description in Markdown
    #[arg(long, value_name = "TEXT")]
    pub(crate) description: Option<String>,
    /// Add a tag; may be given again
    #[arg(long = "tag", value_name = "KEY=VALUE")]
    pub(crate) tags: Vec<String>,
    /// Say something of the model card, such as license=MIT: version, authors, license, task, intended-use, limitations,
    /// training-data, metrics or links; may be given again
    #[arg(long = "metadata", value_name = "FIELD=TEXT")]
    pub(crate) metadata: Vec<String>,
    /// A data file whose first rows become the example and whose columns give types: CSV, TSV, Parquet, Arrow, JSON,
    /// JSON Lines, NPY or NPZ
    #[arg(long, value_name = "FILE")]
    pub(crate) sample: Option<PathBuf>,
    /// Copy a Python file or folder that the model imports into the package; may be given again
    #[arg(long, value_name = "PATH")]
    pub(crate) code: Vec<PathBuf>,
    /// The class in that code that the weights belong to, for files that hold weights alone
    #[arg(long, value_name = "MODULE.CLASS")]
    pub(crate) architecture: Option<String>,
    /// What that class is made with, as JSON or as text; may be given again
    #[arg(long = "argument", value_name = "NAME=VALUE", requires = "architecture")]
    pub(crate) arguments: Vec<String>,
    /// Take the requirement lines of a requirements.txt, environment.yml, `pip freeze` text or lock file
    #[arg(long, value_name = "FILE", conflicts_with = "versions_from")]
    pub(crate) requirements: Option<PathBuf>,
    /// Take only its versions, for what the model needs
    #[arg(long, value_name = "FILE")]
    pub(crate) versions_from: Option<PathBuf>,
    /// Let a type of a skops file be loaded that is on no known list; may be given again
    #[arg(long, value_name = "MODULE.CLASS")]
    pub(crate) trust: Vec<String>,
    /// Choose among several models in the file, by the place that `inspect` names
    #[arg(long, value_name = "PLACE")]
    pub(crate) model: Option<String>,
    /// Apply the edits of a JSON file
    #[arg(long, value_name = "FILE")]
    pub(crate) recipe: Option<PathBuf>,
    /// Write all choices to a JSON file that --recipe reads
    #[arg(long, value_name = "FILE")]
    pub(crate) save_recipe: Option<PathBuf>,
    /// Seal the package with a private key (PEM; P-256, P-384 or P-521), as OpenSSF Model Signing
    #[arg(long, value_name = "KEY")]
    pub(crate) seal: Option<PathBuf>,
    /// The file whose first line opens the key; else `PACKWRIGHT_PASSPHRASE` does
    #[arg(long, value_name = "FILE", requires = "seal")]
    pub(crate) passphrase_file: Option<PathBuf>,
    /// Replace a package that lies at OUT; anything else stays
    #[arg(long)]
    pub(crate) force: bool,
    /// Write nothing and exit with 1 from this verdict on
    #[arg(long, value_name = "VERDICT")]
    pub(crate) deny: Option<Deny>,
    /// Print what a place will say of the package, and write nothing and exit with 1 where it would refuse it; may be given
    /// again
    #[arg(long = "check", value_name = "PLACE")]
    pub(crate) checks: Vec<CheckPlace>,
    /// Print the receipt as JSON
    #[arg(long)]
    pub(crate) json: bool,
}

/// A place that `pack --check` takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum CheckPlace {
    /// Each of them.
    All,
    /// One.
    One(Place),
}

impl ValueEnum for CheckPlace {
    fn value_variants<'a>() -> &'a [Self] {
        const {
            &[
                Self::All,
                Self::One(Place::Pyfunc),
                Self::One(Place::Serve),
                Self::One(Place::UnityCatalog),
                Self::One(Place::MlServer),
                Self::One(Place::SageMaker),
                Self::One(Place::AzureMl),
                Self::One(Place::SparkUdf),
            ]
        }
    }

    fn to_possible_value(&self) -> Option<PossibleValue> {
        Some(match self {
            Self::All => PossibleValue::new("all"),
            Self::One(place) => PossibleValue::new(place.id()),
        })
    }
}

#[derive(Debug, Args)]
pub(crate) struct CheckArgs {
    /// A package: a folder with an MLmodel, or a zip of one
    pub(crate) path: PathBuf,
    /// Print one JSON document
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Args)]
pub(crate) struct VerifyArgs {
    #[command(flatten)]
    pub(crate) check: CheckArgs,
    /// The public key (PEM) of whoever sealed the package; fails when the seal is missing or another's
    #[arg(long, value_name = "PUBLIC_KEY")]
    pub(crate) key: Option<PathBuf>,
    /// From which verdict on to exit with 1
    #[arg(long, value_name = "VERDICT", default_value = "dangerous")]
    pub(crate) deny: Deny,
    /// Also say whether the package will run on this computer, by the environments in its usual folders
    #[arg(long)]
    pub(crate) here: bool,
}
