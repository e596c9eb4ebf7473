//! Everything that was read from one artifact.

use packwright_mlflow::schema::{ColSpec, ParamSpec, TensorSpec};
use packwright_source::ReadError;
use std::path::PathBuf;

use crate::safety::Safety;
use crate::serving::{LoaderCall, Serving};
use crate::tensors::Tensors;

/// A value and where it came from: an attribute of the file (`feature_names_in_`), a convention (`assumed: …`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sourced<T> {
    /// The value.
    pub value: T,
    /// Where it came from, in words that a person who knows the framework understands.
    pub source: String,
}

impl<T> Sourced<T> {
    /// A value and where it came from.
    pub fn new(value: T, source: impl Into<String>) -> Self {
        Self { value, source: source.into() }
    }
}

/// Whether the artifact is a file or a folder.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ArtifactKind {
    /// One file.
    File,
    /// A folder.
    Folder,
}

/// What the person dropped.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Artifact {
    /// Where it lies.
    pub path: PathBuf,
    /// File or folder.
    pub kind: ArtifactKind,
    /// Its length, or the sum over a folder's files.
    pub size_bytes: u64,
    /// Files that belong to the artifact and must travel with it. Of a single file (ONNX external data) relative to its
    /// folder, in the order in which it names them; of a folder all of its files, relative to it and sorted.
    pub side_files: Vec<String>,
    /// The file inside it that is the model, when the artifact is an archive or a compressed file that no loader opens.
    pub member: Option<Member>,
}

/// A file inside an artifact, or a folder inside it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Member {
    /// For people: `model.pkl in models.zip`.
    pub place: String,
    /// Its own file name.
    pub file_name: String,
    /// Which member to open, from the outermost container inwards; see [`crate::open_member`].
    pub steps: Vec<usize>,
    /// Its length in bytes, unpacked.
    pub size_bytes: u64,
    /// Of a folder its files, sorted by their paths below it, which are their file names; empty for a file.
    pub files: Vec<Member>,
}

/// One value read from the artifact, beyond those that have a field of their own.
#[derive(Debug, Clone, PartialEq)]
pub struct Fact {
    /// A stable name in `snake_case`: `n_features`, `class_labels`, `hyperparameters`.
    pub name: &'static str,
    /// The value as JSON; integers beyond 2^53 as strings.
    pub value: serde_json::Value,
    /// Where it came from.
    pub source: String,
}

/// Columns or tensors with a source each.
#[derive(Debug, Clone, PartialEq)]
pub enum SourcedSchema {
    /// A table.
    Columns(Vec<Sourced<ColSpec>>),
    /// One unnamed tensor, or several named ones.
    Tensors(Vec<Sourced<TensorSpec>>),
}

/// What goes in and what comes out, as far as the artifact tells. `None` is "unknown".
#[derive(Debug, Clone, PartialEq, Default)]
pub struct SourcedSignature {
    /// Inputs.
    pub inputs: Option<SourcedSchema>,
    /// Outputs.
    pub outputs: Option<SourcedSchema>,
    /// Inference parameters.
    pub params: Option<Vec<Sourced<ParamSpec>>>,
}

/// One pip requirement line and the reason for it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Requirement {
    /// A PEP 508 line: `scikit-learn==1.9.1`.
    pub requirement: String,
    /// Why it is there: `_sklearn_version`, `imported by the pickle`.
    pub source: String,
}

/// A node of the tree that a model is: its steps, its layers, its operators.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Part {
    /// The name its parent gives it (`scaler`, `estimators_[0]`); the root's is empty.
    pub name: String,
    /// The full import path of its class, or the operator's name.
    pub class: String,
    /// A few words: the columns it takes, its main hyperparameters.
    pub detail: Option<String>,
    /// The shape of what it gives, where that is known: `? × 28 × 28 × 1`.
    pub output: Option<String>,
    /// Its weights, where the reader knows whose they are.
    pub weights: Option<PartWeights>,
    /// How many parts are inside beyond those listed.
    pub hidden: u64,
    /// What lies inside.
    pub parts: Vec<Part>,
}

/// The weights of a part and of everything in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct PartWeights {
    /// Values that are learned.
    pub n_parameters: u64,
    /// The bytes of these and of its buffers.
    pub size_bytes: u64,
}

/// A module that a pickle imports and that no known library provides: code of the person's own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OwnModule {
    /// Its import path; `__main__` for the script that wrote the file.
    pub module: String,
    /// What the file takes from it, sorted.
    pub names: Vec<String>,
}

/// Everything that was read from one artifact. Plain data: no handles, nothing lazy.
#[derive(Debug, Clone, PartialEq)]
pub struct Inspection {
    /// What was dropped.
    pub artifact: Artifact,
    /// How the bytes are laid out, in the vocabulary of `inspect --json`: `joblib`, `xgboost-ubj` …
    pub format: &'static str,
    /// The compression around it, if any: `gzip`, `zlib`, `bz2`, `xz`, `lzma`, `lz4`.
    pub compression: Option<&'static str>,
    /// The PyPI name of the library that made it.
    pub framework: Option<Sourced<String>>,
    /// Its version.
    pub framework_version: Option<Sourced<String>>,
    /// The import path of the model's class.
    pub model_class: Option<Sourced<String>>,
    /// How it can be served.
    pub serving: Serving,
    /// What goes in and what comes out.
    pub signature: SourcedSignature,
    /// What must be installed, without mlflow itself.
    pub requirements: Vec<Requirement>,
    /// The Python version to ask for, major.minor.
    pub python: Option<Sourced<String>>,
    /// What loading it would do.
    pub safety: Safety,
    /// What it is made of; `None` for formats that have no parts. [`crate::structure`] lays it out.
    pub structure: Option<Part>,
    /// The weights, for formats that list them.
    pub tensors: Option<Tensors>,
    /// Everything else.
    pub facts: Vec<Fact>,
    /// What the person should know, in sentences.
    pub warnings: Vec<String>,
    /// Modules that the file imports and that no known library provides.
    pub own_modules: Vec<OwnModule>,
    /// Where in the artifact the model is: Python subscripts such as `["model"]`, in an archive of
    /// several models the member before them; empty when it is the whole.
    pub path_in_file: String,
    /// The other models in the artifact, each as if it had been chosen; theirs is empty.
    pub others: Vec<Inspection>,
}

/// Why an artifact gave no inspection.
#[derive(Debug, thiserror::Error)]
pub enum InspectError {
    /// It is no model; we know what it is.
    #[error("{what}; {hint}")]
    NotAModel {
        /// What it is: `this is a CSV file`.
        what: String,
        /// What to do: `drop it on an open draft as sample data`.
        hint: String,
    },
    /// It is Python code, which belongs to a model and is none.
    #[error(
        "{what}; drop it on an open draft to add it to the package, or drop the model that it belongs to"
    )]
    Code {
        /// What it is: `it is a Python script`.
        what: &'static str,
    },
    /// It is an MLflow package, which is a finished thing of its own.
    #[error("{what}; {hint}")]
    Package {
        /// What it is: `it is an MLflow package in a zip: it is packed already`.
        what: String,
        /// What to do.
        hint: String,
    },
    /// It may be a model, and nothing here reads it.
    #[error("{what}; {hint}")]
    Unknown {
        /// What it is, as far as that is known: `it is a GGUF model, which this version does not read`.
        what: String,
        /// What to do.
        hint: String,
    },
    /// It is damaged, hostile or beyond the limits.
    #[error(transparent)]
    Damaged(#[from] ReadError),
    /// It could not be opened.
    #[error("{path} could not be opened: {error}", path = path.display())]
    Open {
        /// What was to be opened.
        path: PathBuf,
        /// What the system says.
        error: std::io::Error,
    },
}

impl Inspection {
    /// An artifact of which nothing is known but what it is, how its bytes are laid out, and what loading it would do.
    pub(crate) fn blank(artifact: Artifact, format: &'static str, safety: Safety) -> Self {
        Self {
            artifact,
            format,
            compression: None,
            framework: None,
            framework_version: None,
            model_class: None,
            serving: Serving::No,
            signature: SourcedSignature::default(),
            requirements: Vec::new(),
            python: None,
            safety,
            structure: None,
            tensors: None,
            facts: Vec::new(),
            warnings: Vec::new(),
            own_modules: Vec::new(),
            path_in_file: String::new(),
            others: Vec::new(),
        }
    }

    /// More models in one artifact than anybody picks from.
    pub(crate) const MOST_MODELS: usize = 32;

    /// The first of several models in one artifact, with the others beside it.
    pub(crate) fn first_of(models: Vec<Self>) -> Option<Self> {
        let mut models = models.into_iter();
        let first = models.next()?;
        Some(Self { others: models.collect(), ..first })
    }

    /// The fact of that name.
    pub fn fact(&self, name: &str) -> Option<&Fact> {
        self.facts.iter().find(|fact| fact.name == name)
    }

    /// MLflow's name of the flavor it is served by; `None` when it cannot be.
    pub fn flavor(&self) -> Option<&'static str> {
        match &self.serving {
            Serving::SklearnPickle { .. } | Serving::SklearnJoblib { .. } => Some("sklearn"),
            Serving::SklearnSkops { path, call, .. } if path.is_empty() && *call == LoaderCall::Predict => {
                Some("sklearn")
            }
            Serving::PickleLoader { .. }
            | Serving::SklearnSkops { .. }
            | Serving::TorchProgram { .. }
            | Serving::KerasLoader { .. }
            | Serving::Coreml { .. }
            | Serving::Gguf { .. }
            | Serving::OnnxRuntime { .. }
            | Serving::Tflite { .. }
            | Serving::TfGraph { .. }
            | Serving::KerasWeights { .. }
            | Serving::TorchWeights { .. }
            | Serving::TorchModuleInside { .. } => Some("python_function"),
            Serving::Xgboost { .. } => Some("xgboost"),
            Serving::LightgbmText | Serving::LightgbmPickle { .. } => Some("lightgbm"),
            Serving::Catboost { .. } => Some("catboost"),
            Serving::Onnx { .. } => Some("onnx"),
            Serving::Statsmodels { .. } => Some("statsmodels"),
            Serving::Pmdarima { .. } => Some("pmdarima"),
            Serving::Prophet { .. } => Some("prophet"),
            Serving::Pytorch { .. } => Some("pytorch"),
            Serving::Keras => Some("keras"),
            Serving::TensorflowKeras { .. } | Serving::SavedModel { .. } | Serving::SavedModule => {
                Some("tensorflow")
            }
            Serving::Transformers { .. } => Some("transformers"),
            Serving::SentenceTransformers { .. } => Some("sentence_transformers"),
            Serving::Package | Serving::No => None,
        }
    }
}
