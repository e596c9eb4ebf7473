//! Where Python environments lie on a computer.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use super::environments::{self, names};
use super::machine::{Environment, Os, Tool};

/// More environments than anybody looks through.
const MOST_ENVIRONMENTS: usize = 80;

/// How many folders of one that keeps environments are looked at.
const MOST_OF_A_FOLDER: usize = 60;

/// How long looking may take: a home folder may lie on a slow drive.
const PATIENCE: Duration = Duration::from_secs(3);

/// How far up from the package a `.venv` is looked for.
const STEPS_UP: usize = 3;

/// What a search starts from.
pub(super) struct Surroundings {
    pub(super) os: Os,
    pub(super) home: Option<PathBuf>,
    /// The folders of `PATH`.
    pub(super) path: Vec<PathBuf>,
    /// An environment variable by name.
    pub(super) variable: fn(&str) -> Option<PathBuf>,
    /// The folder that the package lies in.
    pub(super) beside: PathBuf,
    /// Where the folders of the system begin; `/` outside of tests.
    pub(super) root: PathBuf,
}

/// Every environment that is found, those that are nearest first, and whether there may be more.
pub(super) fn find(around: &Surroundings) -> (Vec<Environment>, bool) {
    let begin = Instant::now();
    let mut seen = BTreeSet::new();
    let mut found: Vec<Environment> = Vec::new();
    for prefix in prefixes(around) {
        // Links lead to the same place under several names.
        let Ok(real) = prefix.canonicalize() else { continue };
        if !seen.insert(real) {
            continue;
        }
        if MOST_ENVIRONMENTS <= found.len() || PATIENCE < begin.elapsed() {
            return (found, true);
        }
        found.extend(environments::at(&prefix, around.os, around.home.as_deref()));
    }
    (found, false)
}

/// Folders that may be environments.
fn prefixes(around: &Surroundings) -> Vec<PathBuf> {
    let mut prefixes = Vec::new();
    let active = ["VIRTUAL_ENV", "CONDA_PREFIX", "UV_PROJECT_ENVIRONMENT"];
    prefixes.extend(active.into_iter().filter_map(around.variable));
    for folder in around.beside.ancestors().take(STEPS_UP) {
        prefixes.extend([".venv", "venv", "env"].map(|name| folder.join(name)));
    }
    prefixes.extend(around.path.iter().filter_map(|folder| of_program(folder, around.os)));
    for keeper in keepers(around) {
        let (below, _) = names(&keeper);
        prefixes.extend(below.iter().take(MOST_OF_A_FOLDER).map(|name| keeper.join(name)));
    }
    for conda in condas(around) {
        let envs = conda.join("envs");
        let (below, _) = names(&envs);
        prefixes.extend(below.iter().take(MOST_OF_A_FOLDER).map(|name| envs.join(name)));
        prefixes.push(conda);
    }
    prefixes
}

/// The prefix of the Python that a folder of `PATH` has. A link to a program leads to where its packages are, but the
/// link in a virtual environment does not.
fn of_program(folder: &Path, os: Os) -> Option<PathBuf> {
    if os == Os::Windows {
        let is_scripts = folder.file_name().is_some_and(|name| name.eq_ignore_ascii_case("Scripts"));
        let has = |folder: &Path| folder.join("python.exe").is_file().then(|| folder.to_path_buf());
        return if is_scripts { folder.parent().map(Path::to_path_buf) } else { has(folder) };
    }
    let prefix = folder.parent()?;
    if prefix.join("pyvenv.cfg").is_file() {
        return Some(prefix.to_path_buf());
    }
    let is_python = |name: &&String| {
        name.strip_prefix("python3").is_some_and(|rest| {
            rest.is_empty()
                || rest.strip_prefix('.').is_some_and(|minor| minor.bytes().all(|byte| byte.is_ascii_digit()))
        })
    };
    let (below, _) = names(folder);
    let program = below.iter().rfind(is_python)?;
    let real = folder.join(program).canonicalize().ok()?;
    real.parent()?.parent().map(Path::to_path_buf)
}

/// Folders in which each folder is an environment.
fn keepers(around: &Surroundings) -> Vec<PathBuf> {
    let variable = |name: &str| (around.variable)(name);
    let mut keepers = Vec::new();
    keepers.extend(variable("WORKON_HOME"));
    keepers.extend(variable("PYENV_ROOT").map(|root| root.join("versions")));
    keepers.extend(variable("UV_PYTHON_INSTALL_DIR"));
    if let Some(home) = &around.home {
        let below: &[&str] = match around.os {
            Os::Linux => &[
                ".virtualenvs",
                ".local/share/virtualenvs",
                ".cache/pypoetry/virtualenvs",
                ".mlflow/envs",
                ".pyenv/versions",
                ".local/share/uv/python",
            ],
            Os::Mac => &[
                ".virtualenvs",
                ".local/share/virtualenvs",
                "Library/Caches/pypoetry/virtualenvs",
                ".mlflow/envs",
                ".pyenv/versions",
                ".local/share/uv/python",
            ],
            Os::Windows => &[
                ".virtualenvs",
                "Envs",
                "AppData/Local/pypoetry/Cache/virtualenvs",
                ".mlflow/envs",
                ".pyenv/pyenv-win/versions",
                "AppData/Roaming/uv/python",
                "AppData/Local/Programs/Python",
            ],
        };
        keepers.extend(below.iter().map(|name| home.join(name)));
    }
    if around.os == Os::Mac {
        keepers.push(around.root.join("Library/Frameworks/Python.framework/Versions"));
    }
    keepers
}

/// The folders of conda itself.
fn condas(around: &Surroundings) -> Vec<PathBuf> {
    const NAMES: [&str; 7] =
        ["miniconda3", "anaconda3", "miniforge3", "mambaforge", "micromamba", ".conda", "miniconda"];
    let mut condas: Vec<PathBuf> = Vec::new();
    condas.extend((around.variable)("MAMBA_ROOT_PREFIX"));
    // `<conda>/bin/conda`, on Windows `<conda>\Scripts\conda.exe`.
    let of_program = (around.variable)("CONDA_EXE");
    condas.extend(of_program.and_then(|program| program.parent()?.parent().map(Path::to_path_buf)));
    condas.extend(around.home.iter().flat_map(|home| NAMES.map(|name| home.join(name))));
    let shared: &[&str] = match around.os {
        Os::Linux => &["opt/conda", "opt/miniconda3", "opt/anaconda3", "opt/miniforge3"],
        Os::Mac => &["opt/miniconda3", "opt/anaconda3", "opt/homebrew/Caskroom/miniconda/base"],
        Os::Windows => &["ProgramData/miniconda3", "ProgramData/anaconda3", "ProgramData/miniforge3"],
    };
    condas.extend(shared.iter().map(|name| around.root.join(name)));
    condas
}

/// The programs in the folders of `PATH`, and in those that their installers use, that can build an environment.
pub(super) fn tools(around: &Surroundings) -> Vec<Tool> {
    let mut folders = around.path.clone();
    if let Some(home) = &around.home {
        folders.extend([".local/bin", ".cargo/bin"].map(|below| home.join(below)));
    }
    let ending = if around.os == Os::Windows { ".exe" } else { "" };
    let has = |name: &str| folders.iter().any(|folder| folder.join(format!("{name}{ending}")).is_file());
    let mut tools = Vec::new();
    if has("uv") {
        tools.push(Tool::Uv);
    }
    let has_conda = has("conda") || (around.variable)("CONDA_EXE").is_some_and(|program| program.is_file());
    if has_conda {
        tools.push(Tool::Conda);
    }
    if has("docker") {
        tools.push(Tool::Docker);
    }
    tools
}

/// Whether the driver of a GPU of NVIDIA is there.
pub(super) fn has_nvidia(around: &Surroundings) -> bool {
    let places: &[&str] = match around.os {
        Os::Linux => &["proc/driver/nvidia/version", "dev/nvidiactl", "usr/lib/wsl/lib/libcuda.so.1"],
        Os::Mac => &[],
        Os::Windows => &["Windows/System32/nvcuda.dll"],
    };
    places.iter().any(|place| around.root.join(place).exists())
}
