//! What a pickle needs to be installed, from the modules it imports and the versions it records.

use std::collections::{BTreeMap, BTreeSet};

use super::{Estimator, PickleFile, is_standard, library_of, top_level};
use crate::{Fact, OwnModule, Requirement};

/// The requirement lines, the framework first.
pub(super) fn requirements(file: &PickleFile, estimator: &Estimator) -> Vec<Requirement> {
    let mut lines = Vec::new();
    let mut libraries: BTreeMap<&'static str, &str> = BTreeMap::new();
    for global in file.pickle.trace.globals() {
        let library = library_of(&global.module);
        if !library.is_empty() {
            libraries.entry(library).or_insert(global.module.as_str());
        }
    }
    for (module, _) in file.pickle.trace.imports() {
        if !library_of(module).is_empty() {
            libraries.entry(library_of(module)).or_insert(module);
        }
    }
    let sklearn = sklearn_version(estimator);
    for (library, module) in libraries {
        let source = format!("{} is imported by the file", top_level(module));
        // The state of an object may say more than the names of the modules.
        let of_library =
            |line: &&Requirement| line.requirement.split(['<', '>', '=']).next() == Some(library);
        if let Some(line) = estimator.evidence.iter().find(of_library) {
            lines.push(line.clone());
            continue;
        }
        let line = match (library, &sklearn) {
            ("scikit-learn", Some((version, source))) => {
                Requirement { requirement: format!("scikit-learn=={version}"), source: source.clone() }
            }
            ("pandas", _) if is_pandas_3(file) => Requirement {
                requirement: "pandas>=3".to_owned(),
                source:
                    "the file names pandas.DataFrame or pandas.Series in that place: written under pandas 3"
                        .to_owned(),
            },
            ("numpy", _) => numpy(file, sklearn.as_ref().map(|(version, _)| version.as_str())),
            ("cloudpickle", _) => cloudpickle(file),
            // Only the wrapper class of inline arrays refers to it, and that goes when the file is rewritten.
            ("joblib", _) if 0 < file.pickle.n_inline && only_wrappers(file) => continue,
            _ => match version_of(estimator, library) {
                Some((version, source)) => {
                    Requirement { requirement: format!("{library}=={version}"), source }
                }
                None => Requirement {
                    requirement: library.to_owned(),
                    source: format!("{source}; its version is not in the file"),
                },
            },
        };
        lines.push(line);
    }
    // Wrappers of other libraries import scikit-learn when they are loaded, named in the pickle or not.
    let is_wrapper =
        matches!(estimator.framework, "xgboost" | "lightgbm") && estimator.class.contains(".sklearn.");
    if is_wrapper && !lines.iter().any(|line| line.requirement.starts_with("scikit-learn")) {
        let source = format!("{} is a scikit-learn wrapper; the version is not in the file", estimator.class);
        lines.push(Requirement { requirement: "scikit-learn".into(), source });
    }
    lines.sort_by_key(|line| !line.requirement.starts_with(estimator.framework));
    lines
}

/// The version of the model's own library, or of one inside it.
fn version_of(estimator: &Estimator, library: &str) -> Option<(String, String)> {
    if library == estimator.framework {
        return estimator.version.as_ref().map(|version| (version.value.clone(), version.source.clone()));
    }
    let mut facts = estimator.facts.iter();
    let fact = facts.find(|fact| fact.name.strip_suffix("_version") == Some(library))?;
    Some((fact.value.as_str()?.to_owned(), fact.source.clone()))
}

/// pandas 3 gave its classes the module that people import them from.
fn is_pandas_3(file: &PickleFile) -> bool {
    let mut globals = file.pickle.trace.globals().iter();
    globals.any(|global| {
        global.module == "pandas" && matches!(global.name.as_str(), "DataFrame" | "Series" | "Index")
    })
}

fn only_wrappers(file: &PickleFile) -> bool {
    let mut globals =
        file.pickle.trace.globals().iter().filter(|global| top_level(&global.module) == "joblib");
    globals.all(|global| packwright_formats::joblib::is_array_wrapper(&global.module, &global.name))
}

fn sklearn_version(estimator: &Estimator) -> Option<(String, String)> {
    let recorded = estimator.facts.iter().find(|fact| fact.name == "sklearn_version");
    match (estimator.framework, &estimator.version, recorded) {
        ("scikit-learn", Some(version), _) => Some((version.value.clone(), version.source.clone())),
        (_, _, Some(fact)) => Some((fact.value.as_str()?.to_owned(), fact.source.clone())),
        _ => None,
    }
}

/// cloudpickle's helpers tell which of its versions can read a file: those of 0 and 1 were removed in 3, those of today
/// came with 2.2, and in 3 all of them moved into one module.
fn cloudpickle(file: &PickleFile) -> Requirement {
    let calls = |names: &[&str]| {
        let mut globals = file.pickle.trace.globals().iter();
        globals.find(|global| {
            packwright_formats::pickle::is_cloudpickle(&global.module)
                && names.contains(&global.name.as_str())
        })
    };
    let old = calls(&["_fill_function", "_make_skel_func", "_rehydrate_skeleton_class"]);
    let moved = calls(&["_class_setstate", "_function_setstate"])
        .filter(|global| global.module == "cloudpickle.cloudpickle");
    let (requirement, source) = match (old, moved, calls(&["_make_function"])) {
        (Some(old), _, _) => {
            ("cloudpickle<3", format!("the file calls {}, which cloudpickle 3 has no more", old.name))
        }
        (_, Some(moved), _) => {
            ("cloudpickle>=3", format!("the file calls {}.{}, which came with 3", moved.module, moved.name))
        }
        (_, _, Some(new)) => {
            ("cloudpickle>=2.2", format!("the file calls {}, which came with 2.2", new.name))
        }
        _ => {
            ("cloudpickle", "cloudpickle is imported by the file; its version is not in the file".to_owned())
        }
    };
    Requirement { requirement: requirement.into(), source }
}

/// NumPy renamed its core module in 2.0, so the pickled names tell on which side a file stands; and releases of
/// scikit-learn before 1.5 were built against NumPy 1 and cannot run with 2.
fn numpy(file: &PickleFile, sklearn: Option<&str>) -> Requirement {
    let version = sklearn.and_then(major_minor);
    if version.is_some_and(|version| version < (1, 5)) {
        let source = format!("scikit-learn {} was built before NumPy 2", sklearn.unwrap_or_default());
        return Requirement { requirement: "numpy<2".into(), source };
    }
    let has =
        |prefix: &str| file.pickle.trace.globals().iter().any(|global| global.module.starts_with(prefix));
    let (requirement, source) = if has("numpy._core") {
        ("numpy>=2", "numpy._core is imported by the file: written under NumPy 2")
    } else if version.is_none() && has("numpy.core") {
        ("numpy<2", "numpy.core is imported by the file: written under NumPy 1")
    } else {
        ("numpy", "numpy is imported by the file; its version is not in the file")
    };
    Requirement { requirement: requirement.into(), source: source.into() }
}

/// The first two numbers of a version.
pub(crate) fn major_minor(version: &str) -> Option<(u32, u32)> {
    let mut parts = version.split('.');
    Some((parts.next()?.parse().ok()?, parts.next()?.parse().ok()?))
}

/// The lines of the libraries that a file of PyTorch imports besides it.
pub(crate) fn libraries(file: &PickleFile) -> Vec<Requirement> {
    let mut found: BTreeMap<&'static str, &str> = BTreeMap::new();
    for global in file.pickle.trace.globals() {
        let library = library_of(&global.module);
        if !matches!(library, "" | "torch") {
            found.entry(library).or_insert(global.module.as_str());
        }
    }
    let line = |(library, module): (&'static str, &str)| match library {
        "numpy" => numpy(file, None),
        _ => Requirement {
            requirement: library.to_owned(),
            source: format!("{} is imported by the file; its version is not in the file", top_level(module)),
        },
    };
    found.into_iter().map(line).collect()
}

/// The fact that names them; `None` when there are none.
pub(crate) fn own_modules_fact(own: &[OwnModule]) -> Option<Fact> {
    (!own.is_empty()).then(|| Fact {
        name: "own_modules",
        value: own.iter().map(|own| own.module.as_str()).collect(),
        source: "imported by the file, in no known library".into(),
    })
}

/// Modules that no known library provides: the person's own code.
pub(crate) fn own_modules(file: &PickleFile) -> Vec<OwnModule> {
    let is_own = |module: &str| library_of(module).is_empty() && !is_standard(module);
    let mut modules: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for global in file.pickle.trace.globals() {
        // A named tuple by value only looks whether its module has the name already.
        let is_needed = 0 < global.refs || file.skops.is_some();
        if is_needed && is_own(&global.module) {
            modules.entry(&global.module).or_default().insert(&global.name);
        }
    }
    for (module, _) in file.pickle.trace.imports().filter(|(module, _)| is_own(module)) {
        modules.entry(module).or_default();
    }
    let own = |(module, names): (&str, BTreeSet<&str>)| OwnModule {
        module: module.to_owned(),
        names: names.into_iter().map(str::to_owned).collect(),
    };
    modules.into_iter().map(own).collect()
}
