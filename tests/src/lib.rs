//! Fixtures with their ground truth, and the real command line, for the tests in `suite/`.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::OnceLock;
use std::time::{Duration, Instant};

use serde::Deserialize;
use serde_json::Value;

/// One entry of `fixtures/MANIFEST.json`: what a file is, who made it and what it must answer.
#[derive(Debug, Clone, Deserialize)]
pub struct Fixture {
    /// Relative to `fixtures/`.
    pub path: String,
    /// `file` or `folder`.
    pub kind: String,
    /// SHA-256 of a file, as hex.
    pub sha256: Option<String>,
    /// Written to do harm, damaged, or no model at all.
    #[serde(default)]
    pub hostile: bool,
    /// Whether loading it ran its payload, where that was measured.
    pub executes_on_load: Option<bool>,
    /// The file that the payload would leave in the temporary folder.
    pub marker: Option<String>,
    /// How it is damaged or what it does.
    pub technique: Option<String>,
    /// `joblib`, `xgboost-json` …
    pub format: Option<String>,
    /// The framework's short name: `sklearn`.
    pub framework: Option<String>,
    /// The framework's version.
    pub framework_version: Option<String>,
    /// The import path of the model's class.
    pub model_class: Option<String>,
    /// The flavor under which MLflow serves it.
    pub mlflow_flavor: Option<String>,
    /// `false` for dumps and configurations that are no loadable model.
    pub is_model: Option<bool>,
    /// The model's column names.
    pub feature_names: Option<Vec<String>>,
    /// The number of its input columns.
    pub n_features_in: Option<u64>,
    /// What must lie beside it to be loaded: `code_paths: …`.
    pub needs: Option<String>,
}

impl Fixture {
    /// Where it lies.
    pub fn full_path(&self) -> PathBuf {
        fixtures().join(&self.path)
    }
}

/// The folder `tests/fixtures`.
pub fn fixtures() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures")
}

/// The root of the repository.
pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("tests/ lies in the repository").to_path_buf()
}

/// Every fixture, in the order of the manifest.
pub fn manifest() -> Vec<Fixture> {
    let text = std::fs::read_to_string(fixtures().join("MANIFEST.json")).expect("the manifest can be read");
    serde_json::from_str(&text).expect("the manifest is a list of fixtures")
}

/// The fixtures that are sound.
pub fn benign() -> Vec<Fixture> {
    manifest().into_iter().filter(|fixture| !fixture.hostile).collect()
}

/// The fixtures that are damaged, hostile or no model.
pub fn hostile() -> Vec<Fixture> {
    manifest().into_iter().filter(|fixture| fixture.hostile).collect()
}

/// The program `packwright`, built from this tree in this profile, or the one that `PACKWRIGHT_CLI` names.
pub fn cli() -> &'static Path {
    static CLI: OnceLock<PathBuf> = OnceLock::new();
    CLI.get_or_init(|| {
        if let Some(given) = std::env::var_os("PACKWRIGHT_CLI") {
            return PathBuf::from(given);
        }
        let test = std::env::current_exe().expect("a test knows its own path");
        let profile =
            test.parent().and_then(Path::parent).expect("tests lie in <profile>/deps").to_path_buf();
        let mut build = Command::new(env!("CARGO"));
        build
            .args(["build", "--quiet", "--package", "packwright-cli", "--bin", "packwright"])
            .current_dir(root());
        if let Some(target) = profile.parent() {
            build.arg("--target-dir").arg(target);
        }
        if profile.ends_with("release") {
            build.arg("--release");
        }
        assert!(build.status().expect("cargo runs").success(), "packwright did not build");
        profile.join("packwright")
    })
}

/// What a run of the program gave.
#[derive(Debug)]
pub struct Run {
    /// The exit code; `None` when a signal ended it.
    pub code: Option<i32>,
    /// Standard output.
    pub stdout: String,
    /// Standard error.
    pub stderr: String,
    /// How long it took.
    pub took: Duration,
}

impl Run {
    fn from(output: &Output, took: Duration) -> Self {
        Self {
            code: output.status.code(),
            stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
            stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
            took,
        }
    }

    /// The one JSON document on standard output.
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.stdout).unwrap_or_else(|error| {
            panic!("standard output is no JSON ({error}): {:?}\n{}", self.stdout, self.stderr)
        })
    }
}

/// Runs `packwright` in `tests/fixtures`, so that paths in its answers are the same on every machine.
pub fn packwright<I>(args: I) -> Run
where
    I: IntoIterator,
    I::Item: AsRef<std::ffi::OsStr>,
{
    run(Command::new(cli()).args(args))
}

/// Runs `packwright` with an address space of so many bytes: more is an abort, which the test sees as a signal.
pub fn packwright_within<I>(memory_bytes: u64, args: I) -> Run
where
    I: IntoIterator,
    I::Item: AsRef<std::ffi::OsStr>,
{
    run(Command::new("prlimit").arg(format!("--as={memory_bytes}")).arg(cli()).args(args))
}

fn run(command: &mut Command) -> Run {
    let data = std::env::temp_dir().join("packwright-tests");
    command.env("XDG_DATA_HOME", &data).env("HOME", &data);
    command.current_dir(fixtures()).env("NO_COLOR", "1").env_remove("SOURCE_DATE_EPOCH");
    let started = Instant::now();
    let output = command.output().expect("packwright starts");
    Run::from(&output, started.elapsed())
}

/// Every file below a folder, as paths relative to it with `/`, sorted.
pub fn files_below(folder: &Path) -> Vec<String> {
    let mut found = Vec::new();
    let mut open = vec![folder.to_path_buf()];
    while let Some(next) = open.pop() {
        for entry in std::fs::read_dir(&next).expect("the folder can be listed") {
            let path = entry.expect("the entry can be read").path();
            if path.is_dir() {
                open.push(path);
            } else {
                let relative = path.strip_prefix(folder).expect("it lies below");
                found.push(
                    relative
                        .components()
                        .map(|part| part.as_os_str().to_string_lossy())
                        .collect::<Vec<_>>()
                        .join("/"),
                );
            }
        }
    }
    found.sort();
    found
}
