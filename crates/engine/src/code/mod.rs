//! The person's own code, copied to `code/`, which MLflow puts on Python's search path.
//!
//! What is dropped rarely lies the way Python wants it: a file of a package without its folder, a project's root, a
//! folder `src`. The modules that the model imports say where each must go.

mod package_code;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use packwright_inspect::OwnModule;
use packwright_inspect::libraries::{is_standard, library_of};
use packwright_source::{Folder, Limits};

use crate::flavors::DataFile;
use crate::plan::PlanError;
use crate::python_source::Source;

pub(crate) use self::package_code::in_archive;

/// The module under which Python knows the script that it runs.
pub(crate) const MAIN: &str = "__main__";

/// The person's code as it lies in the package.
#[derive(Debug, Clone, Default)]
pub(crate) struct CodeTree {
    /// Sorted by path.
    pub(crate) files: Vec<DataFile>,
}

/// A module that the model imports, and whether the package has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ModuleState {
    /// Its import path; `__main__` for the script that wrote the model.
    pub module: String,
    /// What the model takes from it.
    pub names: Vec<String>,
    /// The file in the package that provides it.
    pub found: Option<String>,
    /// The names that the file does not define, as far as its text tells.
    pub undefined: Vec<String>,
}

impl ModuleState {
    /// Whether everything that the model takes from the module is there.
    pub fn is_complete(&self) -> bool {
        self.found.is_some() && self.undefined.is_empty()
    }
}

impl CodeTree {
    /// The files behind the paths, each where the modules that the model imports want it.
    ///
    /// # Errors
    ///
    /// [`PlanError::Code`]: a path that cannot be read, a link, a name that is not UTF-8.
    pub(crate) fn read(paths: &[PathBuf], needed: &[OwnModule]) -> Result<Self, PlanError> {
        let mut files = Vec::new();
        for path in paths {
            let refuse = |reason: String| PlanError::Code { path: path.clone(), reason };
            let absolute = std::path::absolute(path).map_err(|error| refuse(error.to_string()))?;
            let name = absolute.file_name().and_then(|name| name.to_str());
            let name = name.ok_or_else(|| refuse("its name is not UTF-8".into()))?.to_owned();
            if let Some(found) = package_code::of_package(&absolute) {
                let found = found.map_err(refuse)?;
                files.extend(found.into_iter().filter(|file| !is_litter(&file.path)));
                continue;
            }
            let metadata = std::fs::metadata(path).map_err(|error| refuse(error.to_string()))?;
            if metadata.is_file() {
                let path = format!("code/{}", place_of_file(&name, needed));
                files.push(DataFile::copied(path, absolute, metadata.len()));
                continue;
            }
            let folder = Folder::open(path, &Limits::default()).map_err(|error| refuse(error.to_string()))?;
            let place = FolderPlace::of(&name, &folder, needed);
            for entry in folder.entries() {
                let Some(target) = place.target(&entry.name).filter(|_| !is_litter(&entry.name)) else {
                    continue;
                };
                if entry.is_link {
                    return Err(refuse(format!("{} is a link; a package holds files", entry.name)));
                }
                let (path, from) = (format!("code/{target}"), absolute.join(&entry.name));
                files.push(DataFile::copied(path, from, entry.len_bytes));
            }
        }
        files.sort_by(|a, b| a.path.cmp(&b.path));
        Ok(Self { files })
    }

    /// What of the modules is there.
    pub(crate) fn states(&self, needed: &[OwnModule]) -> Vec<ModuleState> {
        needed.iter().map(|own| if own.module == MAIN { self.main(own) } else { self.module(own) }).collect()
    }

    fn module(&self, own: &OwnModule) -> ModuleState {
        let slashed = own.module.replace('.', "/");
        let places = [format!("code/{slashed}.py"), format!("code/{slashed}/__init__.py")];
        let file = self.files.iter().find(|file| places.contains(&file.path));
        let source = file.map(Source::of_file);
        state(own, file, source.as_ref())
    }

    /// The script that wrote the file ran as `__main__`; any dropped file that defines what it takes will do.
    fn main(&self, own: &OwnModule) -> ModuleState {
        let scripts = self.files.iter().filter(|file| is_top_level_module(&file.path));
        let best = scripts
            .map(|file| (file, Source::of_file(file)))
            .max_by_key(|(_, source)| own.names.iter().filter(|name| source.defines(name)).count());
        match &best {
            Some((file, source)) if own.names.iter().any(|name| source.defines(name)) => {
                state(own, Some(file), Some(source))
            }
            _ => state(own, None, None),
        }
    }

    /// What is worth knowing about the code, in sentences.
    pub(crate) fn warnings(&self, needed: &[OwnModule]) -> Vec<String> {
        let mut warnings = Vec::new();
        let tops: BTreeSet<&str> = self.files.iter().filter_map(|file| top_level(&file.path)).collect();
        for top in tops {
            let library = library_of(top);
            if !library.is_empty() {
                warnings.push(format!(
                    "Your code has a module {top}, which Python would import in place of the library {library}. Rename it."
                ));
            } else if is_standard(top) {
                warnings.push(format!(
                    "Your code has a module {top}, which may hide Python's own module of that name. Rename it."
                ));
            }
        }
        let script = needed.iter().find(|own| own.module == MAIN).and_then(|own| self.main(own).found);
        if let Some(found) = script {
            warnings.push(format!(
                "{found} is imported when the model is loaded: what it does outside of functions and classes, and \
                 not under `if __name__ == \"__main__\":`, runs then."
            ));
        }
        warnings
    }

    /// The Python files: path in the package and text.
    pub(crate) fn texts(&self) -> Vec<(String, String)> {
        let files = self.files.iter().filter(|file| is_python(&file.path));
        files.map(|file| (file.path.clone(), Source::of_file(file).into_text())).collect()
    }

    /// The libraries that the code imports, as PyPI names, each with the file that does.
    pub(crate) fn imports(&self) -> Vec<(&'static str, String)> {
        let mut found: Vec<(&'static str, String)> = Vec::new();
        let own: BTreeSet<&str> = self.files.iter().filter_map(|file| top_level(&file.path)).collect();
        for file in self.files.iter().filter(|file| is_python(&file.path)) {
            for top in Source::of_file(file).imports() {
                let library = library_of(&top);
                let is_new = !found.iter().any(|(name, _)| *name == library);
                if !library.is_empty() && !own.contains(top.as_str()) && is_new {
                    found.push((library, file.path.clone()));
                }
            }
        }
        found.sort();
        found
    }
}

fn state(own: &OwnModule, file: Option<&DataFile>, source: Option<&Source>) -> ModuleState {
    let undefined = source.map_or_else(Vec::new, |source| {
        own.names.iter().filter(|name| !source.defines(name)).cloned().collect()
    });
    ModuleState {
        module: own.module.clone(),
        names: own.names.clone(),
        found: file.map(|file| file.path.clone()),
        undefined,
    }
}

/// Where a single file goes, below `code/`: `features.py` under `my_project/` when the model imports
/// `my_project.features` and no `features`.
fn place_of_file(name: &str, needed: &[OwnModule]) -> String {
    let Some(stem) = name.strip_suffix(".py") else { return name.to_owned() };
    if needed.iter().any(|own| own.module == stem) {
        return name.to_owned();
    }
    let ending = format!(".{stem}");
    let mut homes = needed.iter().filter_map(|own| own.module.strip_suffix(&ending));
    match (homes.next(), homes.next()) {
        (Some(home), None) => format!("{}/{name}", home.replace('.', "/")),
        _ => name.to_owned(),
    }
}

/// How the files of a folder are placed below `code/`.
enum FolderPlace {
    /// Everything, under this path.
    Under(String),
    /// What lies below this path in the folder (empty, or `src/`), at the top: the folder is a project's root. Of that
    /// only the modules and packages of Python.
    Root { below: String, packages: BTreeSet<String> },
}

impl FolderPlace {
    fn of(name: &str, folder: &Folder, needed: &[OwnModule]) -> Self {
        let tops: BTreeSet<&str> = needed.iter().filter_map(|own| own.module.split('.').next()).collect();
        let has = |path: &str| folder.get(path).is_some();
        if tops.contains(name) || has("__init__.py") {
            return Self::Under(home_of(name, needed));
        }
        for below in ["", "src/"] {
            let holds = |top: &str| {
                let package = format!("{below}{top}/");
                has(&format!("{below}{top}.py"))
                    || folder.entries().iter().any(|entry| entry.name.starts_with(&package))
            };
            if tops.iter().any(|top| holds(top)) {
                let is_package =
                    |entry: &&str| tops.contains(entry) || has(&format!("{below}{entry}/__init__.py"));
                let packages = folder
                    .entries()
                    .iter()
                    .filter_map(|entry| entry.name.strip_prefix(below)?.split_once('/'))
                    .map(|(first, _)| first)
                    .filter(is_package)
                    .map(str::to_owned)
                    .collect();
                return Self::Root { below: below.to_owned(), packages };
            }
        }
        Self::Under(home_of(name, needed))
    }

    /// The path below `code/`; `None` for what stays out.
    fn target(&self, entry: &str) -> Option<String> {
        match self {
            Self::Under(home) => Some(format!("{home}/{entry}")),
            Self::Root { below, packages } => {
                let entry = entry.strip_prefix(below.as_str())?;
                let is_code = match entry.split_once('/') {
                    Some((first, _)) => packages.contains(first),
                    None => is_python(entry) && !matches!(entry, "setup.py" | "conftest.py"),
                };
                is_code.then(|| entry.to_owned())
            }
        }
    }
}

/// A folder of the name of a package inside another: `features/` under `my_project/`, when the model imports
/// `my_project.features`.
fn home_of(name: &str, needed: &[OwnModule]) -> String {
    let parts = |own: &OwnModule| own.module.split('.').map(str::to_owned).collect::<Vec<_>>();
    if needed.iter().any(|own| parts(own).first().is_some_and(|top| top == name)) {
        return name.to_owned();
    }
    let homes: BTreeSet<String> = needed
        .iter()
        .filter_map(|own| {
            let parts = parts(own);
            let at = parts.iter().position(|part| part == name)?;
            Some(parts.get(..=at)?.join("/"))
        })
        .collect();
    let mut homes = homes.into_iter();
    match (homes.next(), homes.next()) {
        (Some(home), None) => home,
        _ => name.to_owned(),
    }
}

/// `features` of `code/features/scale.py` and of `code/features.py`.
fn top_level(path: &str) -> Option<&str> {
    let below = path.strip_prefix("code/")?;
    match below.split_once('/') {
        Some((first, _)) => Some(first),
        None => below.strip_suffix(".py"),
    }
}

fn is_top_level_module(path: &str) -> bool {
    path.strip_prefix("code/").is_some_and(|below| !below.contains('/') && is_python(below))
}

fn is_python(path: &str) -> bool {
    Path::new(path).extension().is_some_and(|ending| ending == "py")
}

/// What tools leave in source folders: compiled for one Python, or history.
fn is_litter(name: &str) -> bool {
    let is_compiled = Path::new(name).extension().is_some_and(|ending| ending == "pyc");
    is_compiled
        || name
            .split('/')
            .any(|part| matches!(part, "__pycache__" | ".git" | ".DS_Store" | ".ipynb_checkpoints"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn own(modules: &[(&str, &[&str])]) -> Vec<OwnModule> {
        let own = |(module, names): &(&str, &[&str])| OwnModule {
            module: (*module).to_owned(),
            names: names.iter().map(|name| (*name).to_owned()).collect(),
        };
        modules.iter().map(own).collect()
    }

    /// Lays out files, reads the given paths of them, and gives the paths below `code/`.
    fn placed(files: &[&str], dropped: &[&str], needed: &[OwnModule]) -> (Vec<String>, Vec<ModuleState>) {
        let dir = tempfile::tempdir().unwrap();
        for file in files {
            let path = dir.path().join(file);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, "import numpy\nclass Ratio:\n    pass\n").unwrap();
        }
        let paths: Vec<PathBuf> = dropped.iter().map(|path| dir.path().join(path)).collect();
        let tree = CodeTree::read(&paths, needed).unwrap();
        let found = tree.files.iter().map(|file| file.path.strip_prefix("code/").unwrap().to_owned());
        (found.collect(), tree.states(needed))
    }

    #[test]
    fn code_goes_where_the_model_imports_it_from() {
        let shop = own(&[("shop.features", &["Ratio"])]);
        for (files, dropped, expected) in [
            (vec!["features.py"], "features.py", vec!["shop/features.py"]),
            (vec!["shop/features.py"], "shop", vec!["shop/features.py"]),
            (
                vec!["repo/shop/features.py", "repo/setup.py", "repo/data/x.csv"],
                "repo",
                vec!["shop/features.py"],
            ),
            (
                vec!["repo/src/shop/features.py", "repo/src/other/__init__.py"],
                "repo",
                vec!["other/__init__.py", "shop/features.py"],
            ),
            (vec!["features/__init__.py"], "features", vec!["shop/features/__init__.py"]),
        ] {
            let (found, states) = placed(&files, &[dropped], &shop);
            assert_eq!(found, expected, "{files:?}");
            assert!(states[0].is_complete(), "{files:?}: {states:?}");
        }
        let (found, states) = placed(&["other/x.py"], &["other"], &shop);
        assert_eq!(found, ["other/x.py"]);
        assert_eq!(states[0].found, None);
    }

    #[test]
    fn a_module_that_does_not_define_what_the_model_takes_is_incomplete() {
        let needed = own(&[("shop", &["Ratio", "Share"])]);
        let (_, states) = placed(&["shop.py"], &["shop.py"], &needed);
        assert_eq!(states[0].found.as_deref(), Some("code/shop.py"));
        assert_eq!(states[0].undefined, ["Share"]);
    }

    #[test]
    fn the_script_behind_main_is_the_file_that_defines_its_names() {
        let needed = own(&[(MAIN, &["Ratio"])]);
        let (_, states) = placed(&["train.py", "z/other.py"], &["train.py"], &needed);
        assert_eq!(states[0].found.as_deref(), Some("code/train.py"));
        let needed = own(&[(MAIN, &["Other"])]);
        let (_, states) = placed(&["train.py"], &["train.py"], &needed);
        assert_eq!(states[0].found, None);
    }

    #[test]
    fn code_that_hides_a_library_is_warned_of_and_its_imports_are_named() {
        let dir = tempfile::tempdir().unwrap();
        for name in ["sklearn.py", "json.py", "mine.py"] {
            std::fs::write(dir.path().join(name), "import pandas as pd, mine\nfrom xgboost import DMatrix\n")
                .unwrap();
        }
        let paths: Vec<PathBuf> =
            ["sklearn.py", "json.py", "mine.py"].iter().map(|name| dir.path().join(name)).collect();
        let tree = CodeTree::read(&paths, &[]).unwrap();
        let warnings = tree.warnings(&[]);
        assert_eq!(warnings.len(), 2, "{warnings:?}");
        assert!(warnings[0].contains("json") && warnings[1].contains("scikit-learn"));
        let imports: Vec<&str> = tree.imports().into_iter().map(|(name, _)| name).collect();
        assert_eq!(imports, ["pandas", "xgboost"]);
    }
}
