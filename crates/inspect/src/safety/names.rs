//! What is known of importable names: the classes and functions that models of known libraries are made of, and the
//! names that do harm.
//!
//! Known is an allow-list of exact names, each for a use: *made* without its constructor (`NEWOBJ`,
//! `copyreg._reconstructor`), *called* with arguments from the file, or only referred to. No library is trusted as a
//! whole: each holds classes whose `__setstate__` or `__del__` runs code, imports or deletes what their state names.
//! The deny-list only gives a reason and raises review to dangerous: what is on neither list is unknown code.

/// What is known of one name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Known {
    /// Part of a known library, in the way it is used.
    Yes,
    /// On no list.
    No,
    /// Does harm; the reason.
    Harmful(&'static str),
}

/// How a file uses a name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Use {
    /// Called with arguments from the file.
    Called,
    /// An instance is made without running its constructor.
    Made,
    /// Only referred to: a function or class kept as a value.
    Referred,
}

/// Libraries whose generated unpicklers may be called.
const LIBRARIES: &[&str] = &[
    "numpy",
    "scipy",
    "sklearn",
    "pandas",
    "xgboost",
    "lightgbm",
    "catboost",
    "joblib",
    "imblearn",
    "category_encoders",
];

/// Parts of known libraries that run code, read files or reach the network: nothing there belongs into a model.
const EXCLUDED: &[&str] = &[
    "joblib.externals",
    "joblib.memory",
    "joblib.parallel",
    "joblib.test",
    "lightgbm.dask",
    "numpy.ctypeslib",
    "numpy.distutils",
    "numpy.f2py",
    "numpy.lib._datasource",
    "numpy.lib.npyio",
    "numpy.lib._npyio_impl",
    "numpy.testing",
    "pandas.io",
    "pandas._testing",
    "pandas.util",
    "pandas.core.computation",
    "scipy.io",
    "scipy.weave",
    "sklearn.datasets",
    "sklearn.externals",
    "sklearn.utils._testing",
    "sklearn.utils.testing",
    "xgboost.dask",
    "xgboost.spark",
    "xgboost.tracker",
    "xgboost.collective",
];

/// Functions that are called when known objects are unpickled. Sorted.
const CALLS: &[&str] = &[
    "__builtin__.bool",
    "__builtin__.bytearray",
    "__builtin__.bytes",
    "__builtin__.complex",
    "__builtin__.dict",
    "__builtin__.float",
    "__builtin__.frozenset",
    "__builtin__.int",
    "__builtin__.list",
    "__builtin__.long",
    "__builtin__.object",
    "__builtin__.range",
    "__builtin__.set",
    "__builtin__.slice",
    "__builtin__.str",
    "__builtin__.tuple",
    "__builtin__.unicode",
    "__builtin__.xrange",
    "_codecs.encode",
    "builtins.bool",
    "builtins.bytearray",
    "builtins.bytes",
    "builtins.classmethod",
    "builtins.complex",
    "builtins.dict",
    "builtins.float",
    "builtins.frozenset",
    "builtins.int",
    "builtins.list",
    "builtins.object",
    "builtins.property",
    "builtins.range",
    "builtins.set",
    "builtins.slice",
    "builtins.staticmethod",
    "builtins.str",
    "builtins.tuple",
    "catboost.core._catboost_pickle",
    "collections.Counter",
    "collections.OrderedDict",
    "collections.defaultdict",
    "collections.deque",
    "copy_reg.__newobj__",
    "copy_reg._reconstructor",
    "copyreg.__newobj__",
    "copyreg.__newobj_ex__",
    "copyreg._reconstructor",
    "datetime.date",
    "datetime.datetime",
    "datetime.time",
    "datetime.timedelta",
    "datetime.timezone",
    "decimal.Decimal",
    "fractions.Fraction",
    "numpy._core._multiarray_umath._reconstruct",
    "numpy._core.multiarray._reconstruct",
    "numpy._core.multiarray.scalar",
    "numpy._core.numeric._frombuffer",
    "numpy.core._multiarray_umath._reconstruct",
    "numpy.core.multiarray._reconstruct",
    "numpy.core.multiarray.scalar",
    "numpy.core.numeric._frombuffer",
    "numpy.dtype",
    "numpy.ma.core._mareconstruct",
    "numpy.random.__RandomState_ctor",
    "numpy.random._pickle.__bit_generator_ctor",
    "numpy.random._pickle.__generator_ctor",
    "numpy.random._pickle.__randomstate_ctor",
    "numpy.random.bit_generator.__pyx_unpickle_SeedSequence",
    "pandas._libs.arrays.__pyx_unpickle_NDArrayBacked",
    "pandas._libs.internals._unpickle_block",
    "pandas._libs.tslibs.timedeltas._timedelta_unpickle",
    "pandas._libs.tslibs.timestamps._unpickle_timestamp",
    "pandas.core.indexes.base._new_Index",
    "pandas.core.indexes.datetimes._new_DatetimeIndex",
    "pandas.core.internals.managers._unpickle_block",
    "scipy.sparse._csr.csr_matrix",
    "sklearn._loss._loss.CyAbsoluteError",
    "sklearn._loss._loss.CyExponentialLoss",
    "sklearn._loss._loss.CyHalfBinomialLoss",
    "sklearn._loss._loss.CyHalfGammaLoss",
    "sklearn._loss._loss.CyHalfMultinomialLoss",
    "sklearn._loss._loss.CyHalfPoissonLoss",
    "sklearn._loss._loss.CyHalfSquaredError",
    "sklearn._loss._loss.CyHalfTweedieLoss",
    "sklearn._loss._loss.CyHalfTweedieLossIdentity",
    "sklearn._loss._loss.CyHuberLoss",
    "sklearn._loss._loss.CyPinballLoss",
    "sklearn.ensemble._gradient_boosting.__pyx_unpickle",
    "sklearn.linear_model._sgd_fast.EpsilonInsensitive",
    "sklearn.linear_model._sgd_fast.Hinge",
    "sklearn.linear_model._sgd_fast.Huber",
    "sklearn.linear_model._sgd_fast.Log",
    "sklearn.linear_model._sgd_fast.ModifiedHuber",
    "sklearn.linear_model._sgd_fast.SquaredEpsilonInsensitive",
    "sklearn.linear_model._sgd_fast.SquaredHinge",
    "sklearn.linear_model._sgd_fast.SquaredLoss",
    "sklearn.linear_model.sgd_fast.EpsilonInsensitive",
    "sklearn.linear_model.sgd_fast.Hinge",
    "sklearn.linear_model.sgd_fast.Huber",
    "sklearn.linear_model.sgd_fast.Log",
    "sklearn.linear_model.sgd_fast.ModifiedHuber",
    "sklearn.linear_model.sgd_fast.SquaredEpsilonInsensitive",
    "sklearn.linear_model.sgd_fast.SquaredHinge",
    "sklearn.linear_model.sgd_fast.SquaredLoss",
    "sklearn.metrics._dist_metrics.newObj",
    "sklearn.neighbors._ball_tree.newObj",
    "sklearn.neighbors._dist_metrics.newObj",
    "sklearn.neighbors._kd_tree.newObj",
    "sklearn.neighbors.ball_tree.newObj",
    "sklearn.neighbors.dist_metrics.newObj",
    "sklearn.neighbors.kd_tree.newObj",
    "sklearn.tree._tree.Tree",
    "uuid.UUID",
];

/// Functions that models keep as values and that only compute. Sorted.
const REFERRED: &[&str] = &[
    "abc.ABC",
    "abc.ABCMeta",
    "builtins.float",
    "builtins.int",
    "builtins.len",
    "builtins.max",
    "builtins.min",
    "builtins.str",
    "builtins.sum",
    "builtins.type",
    "enum.Enum",
    "enum.Enum.__new__",
    "enum.IntEnum",
    "math.exp",
    "math.log",
    "math.log10",
    "math.log1p",
    "math.sqrt",
    "numpy.max",
    "numpy.mean",
    "numpy.median",
    "numpy.min",
    "numpy.nanmean",
    "numpy.nanmedian",
    "numpy.std",
    "numpy.sum",
    "scipy._lib.array_api_compat.numpy._aliases.asarray",
    "scipy.special._basic.logit",
    "scipy.special.expit",
    "sklearn.cluster._kmeans._kmeans_single_elkan",
    "sklearn.cluster._kmeans._kmeans_single_lloyd",
    "sklearn.cluster._kmeans.lloyd_iter_chunked_dense",
    "sklearn.decomposition._fastica._cube",
    "sklearn.decomposition._fastica._exp",
    "sklearn.decomposition._fastica._logcosh",
    "sklearn.feature_extraction.text.strip_accents_ascii",
    "sklearn.feature_extraction.text.strip_accents_unicode",
    "sklearn.metrics.pairwise.cosine_similarity",
    "sklearn.metrics.pairwise.euclidean_distances",
    "sklearn.metrics.pairwise.rbf_kernel",
    "sklearn.preprocessing._function_transformer._identity",
    "typing.Generic",
];

/// Names that do harm, by module; `*` is every name of the module and below. Sorted by module.
const HARMFUL: &[(&str, &str, &str)] = &[
    ("__builtin__", "apply compile eval exec execfile file input open raw_input reload __import__", RUN_CODE),
    ("__builtin__", "getattr setattr delattr globals locals vars dir", WALK),
    ("_frozen_importlib", "*", IMPORT),
    ("_io", "*", FILES),
    ("_osx_support", "*", RUN_PROGRAM),
    ("_posixsubprocess", "*", RUN_PROGRAM),
    ("_pyrepl", "*", RUN_PROGRAM),
    ("_socket", "*", NETWORK),
    ("aiohttp", "*", NETWORK),
    ("asyncio", "*", RUN_PROGRAM),
    ("atexit", "*", RUN_CODE),
    ("bdb", "*", RUN_CODE),
    ("builtins", "open", FILES),
    ("builtins", "compile eval exec execfile input breakpoint __import__", RUN_CODE),
    ("builtins", "getattr setattr delattr globals locals vars dir memoryview map filter", WALK),
    ("cProfile", "*", RUN_CODE),
    ("code", "*", RUN_CODE),
    ("codecs", "open", FILES),
    ("codeop", "*", RUN_CODE),
    ("commands", "*", RUN_PROGRAM),
    ("ctypes", "*", NATIVE),
    ("dill", "Unpickler copy load load_module load_module_asdict load_session loads", PICKLES),
    ("dill._dill", "Unpickler _create_capsule _eval_repr _getattr _unmarshal copy load loads", RUN_CODE),
    ("dill._dill", "_create_filehandle", FILES),
    ("dill.session", "*", PICKLES),
    ("dill.source", "*", RUN_CODE),
    ("dill.temp", "*", FILES),
    ("dis", "*", RUN_CODE),
    ("distutils", "*", RUN_PROGRAM),
    ("doctest", "*", RUN_CODE),
    ("ensurepip", "*", RUN_PROGRAM),
    ("fileinput", "*", FILES),
    ("ftplib", "*", NETWORK),
    ("functools", "partialmethod reduce", WALK),
    ("getpass", "*", FILES),
    ("glob", "*", FILES),
    ("http", "*", NETWORK),
    ("httplib", "*", NETWORK),
    ("httpx", "*", NETWORK),
    ("idlelib", "*", RUN_CODE),
    ("imaplib", "*", NETWORK),
    ("imp", "*", IMPORT),
    ("importlib", "*", IMPORT),
    ("inspect", "*", WALK),
    ("io", "*", FILES),
    ("joblib", "load dump Memory Parallel delayed", PICKLES),
    ("joblib.numpy_pickle", "load dump", PICKLES),
    ("lib2to3", "*", RUN_CODE),
    ("linecache", "*", FILES),
    ("logging", "*", FILES),
    ("marshal", "*", RUN_CODE),
    ("mmap", "*", FILES),
    ("multiprocessing", "*", RUN_PROGRAM),
    ("nt", "*", RUN_PROGRAM),
    ("numpy", "fromfile load loadtxt memmap save savetxt savez genfromtxt fromregex", FILES),
    ("numpy.core.memmap", "memmap", FILES),
    ("numpy._core.memmap", "memmap", FILES),
    ("numpy.distutils", "*", RUN_PROGRAM),
    ("numpy.f2py", "*", RUN_PROGRAM),
    ("numpy.lib.npyio", "*", FILES),
    ("numpy.testing", "*", RUN_CODE),
    ("operator", "attrgetter methodcaller", WALK),
    ("os", "*", RUN_PROGRAM),
    ("pandas", "eval read_pickle read_csv read_table read_html read_sql read_json read_excel", FILES),
    ("pandas.core.computation", "*", RUN_CODE),
    ("pandas.io", "*", FILES),
    ("pathlib", "Path PosixPath WindowsPath", FILES),
    ("pdb", "*", RUN_CODE),
    ("pickle", "*", PICKLES),
    ("_pickle", "*", PICKLES),
    ("cPickle", "*", PICKLES),
    ("cloudpickle", "load loads", PICKLES),
    ("cloudpickle.cloudpickle", "load loads", PICKLES),
    ("cloudpickle.cloudpickle_fast", "load loads", PICKLES),
    ("pip", "*", INSTALL),
    ("pkgutil", "*", IMPORT),
    ("platform", "*", RUN_PROGRAM),
    ("popen2", "*", RUN_PROGRAM),
    ("poplib", "*", NETWORK),
    ("posix", "*", RUN_PROGRAM),
    ("posixpath", "*", FILES),
    ("profile", "*", RUN_CODE),
    ("pty", "*", RUN_PROGRAM),
    ("pydoc", "*", RUN_PROGRAM),
    ("requests", "*", NETWORK),
    ("runpy", "*", RUN_CODE),
    ("sched", "*", RUN_CODE),
    ("setuptools", "*", RUN_PROGRAM),
    ("shelve", "*", PICKLES),
    ("shutil", "*", FILES),
    ("signal", "*", RUN_CODE),
    ("site", "*", IMPORT),
    ("smtplib", "*", NETWORK),
    ("socket", "*", NETWORK),
    ("socketserver", "*", NETWORK),
    ("sqlite3", "*", FILES),
    ("ssl", "*", NETWORK),
    ("subprocess", "*", RUN_PROGRAM),
    ("sys", "*", WALK),
    ("telnetlib", "*", NETWORK),
    ("tempfile", "*", FILES),
    ("test", "*", RUN_CODE),
    ("threading", "*", RUN_CODE),
    ("timeit", "*", RUN_CODE),
    ("torch", "load compile", PICKLES),
    ("torch.hub", "*", NETWORK),
    ("torch.storage", "_load_from_bytes", PICKLES),
    ("trace", "*", RUN_CODE),
    ("turtle", "*", RUN_CODE),
    ("types", "CodeType FunctionType LambdaType MethodType ModuleType", RUN_CODE),
    ("urllib", "*", NETWORK),
    ("urllib2", "*", NETWORK),
    ("urllib3", "*", NETWORK),
    ("uuid", "_get_command_stdout _popen", RUN_PROGRAM),
    ("venv", "*", RUN_PROGRAM),
    ("webbrowser", "*", RUN_PROGRAM),
    ("winreg", "*", FILES),
    ("xmlrpc", "*", NETWORK),
    ("zipfile", "*", FILES),
    ("zipimport", "*", IMPORT),
];

const RUN_PROGRAM: &str = "can run programs";
const RUN_CODE: &str = "can run Python code";
const FILES: &str = "can read, write or delete files";
const NETWORK: &str = "can reach the network";
const NATIVE: &str = "can run native code";
const IMPORT: &str = "can import any module";
const WALK: &str = "can reach any function by its name";
const PICKLES: &str = "loads further pickles";
const INSTALL: &str = "can install packages";

/// What is known of a name, in the way it is used.
pub(super) fn look_up(module: &str, name: &str, usage: Use) -> Known {
    let full = format!("{module}.{name}");
    let is_listed = |list: &[&str]| list.binary_search(&full.as_str()).is_ok();
    match usage {
        Use::Called if is_listed(CALLS) || is_cython_unpickler(module, name) => return Known::Yes,
        Use::Referred if is_listed(CALLS) || is_listed(REFERRED) || is_plain_function(module, name) => {
            return Known::Yes;
        }
        Use::Made | Use::Referred if is_known_class(module, name) => return Known::Yes,
        Use::Made if is_listed(CALLS) => return Known::Yes,
        _ => {}
    }
    if super::known::contains(module, name, usage) {
        return Known::Yes;
    }
    harm(module, name).map_or(Known::No, Known::Harmful)
}

/// Functions that Cython generates for unpickling: they make an instance of their own extension type and set its
/// fields, whatever the arguments.
fn is_cython_unpickler(module: &str, name: &str) -> bool {
    let top = module.split('.').next().unwrap_or(module);
    let is_loss = module == "_loss" && name.starts_with("__pyx_unpickle_Cy");
    is_loss || (LIBRARIES.contains(&top) && !is_excluded(module) && name.starts_with("__pyx_unpickle_"))
}

fn is_excluded(module: &str) -> bool {
    EXCLUDED.iter().any(|excluded| {
        module.strip_prefix(excluded).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
    })
}

/// Classes that the collected lists do not hold: joblib's array wrappers, compiled losses under a bare name, and the
/// records of metadata routing.
fn is_known_class(module: &str, name: &str) -> bool {
    // scikit-learn 1.4 to 1.6 shipped its compiled losses under this bare name.
    let is_loss = module == "_loss" && name.starts_with("Cy");
    // Plain records of metadata routing, which only a few meta-estimators keep after fitting.
    let is_routing = module == "sklearn.utils._metadata_requests"
        && matches!(name, "MetadataRequest" | "MethodMetadataRequest");
    // Records of a data class: attributes in slots, set one by one.
    let is_data_class = module == "dataclasses"
        && matches!(
            name,
            "Field"
                | "_DataclassParams"
                | "_FIELD_BASE"
                | "_HAS_DEFAULT_FACTORY_CLASS"
                | "_KW_ONLY_TYPE"
                | "_MISSING_TYPE"
        );
    packwright_formats::joblib::is_array_wrapper(module, name) || is_loss || is_routing || is_data_class
}

/// NumPy's element-wise functions and scikit-learn's scores, kernels and preprocessing functions: they are run when
/// the model predicts, on the data, and only compute.
fn is_plain_function(module: &str, name: &str) -> bool {
    let is_name = name.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_');
    match module {
        "numpy" => matches!(
            name,
            "abs"
                | "absolute"
                | "arcsin"
                | "arcsinh"
                | "arctan"
                | "array"
                | "asarray"
                | "cbrt"
                | "ceil"
                | "clip"
                | "cos"
                | "cosh"
                | "deg2rad"
                | "exp"
                | "exp2"
                | "expm1"
                | "fabs"
                | "floor"
                | "log"
                | "log10"
                | "log1p"
                | "log2"
                | "negative"
                | "nan_to_num"
                | "power"
                | "rad2deg"
                | "ravel"
                | "reciprocal"
                | "rint"
                | "round"
                | "sign"
                | "sin"
                | "sinh"
                | "sqrt"
                | "square"
                | "tan"
                | "tanh"
                | "trunc"
        ),
        "numpy.core._multiarray_umath" | "numpy._core._multiarray_umath" => true,
        _ => {
            is_name
                && (module.starts_with("sklearn.metrics.")
                    || module == "sklearn.feature_selection._univariate_selection"
                    || module == "sklearn.feature_selection.univariate_selection"
                    || module == "sklearn.feature_selection._mutual_info"
                    || module.starts_with("sklearn.preprocessing._data"))
        }
    }
}

pub(super) fn harm(module: &str, name: &str) -> Option<&'static str> {
    HARMFUL.iter().find_map(|(bad, names, why)| {
        let below = module.strip_prefix(bad)?;
        let is_inside = below.is_empty() || below.starts_with('.');
        let is_named = *names == "*" || (below.is_empty() && names.split(' ').any(|bad| bad == name));
        (is_inside && is_named).then_some(*why)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_lists_are_sorted_so_that_they_can_be_searched() {
        assert!(CALLS.is_sorted());
        assert!(REFERRED.is_sorted());
    }

    #[test]
    fn a_name_is_known_only_in_the_way_it_may_be_used() {
        for (module, name, usage, known) in [
            ("sklearn.svm._classes", "SVC", Use::Made, true),
            ("sklearn.svm._classes", "SVC", Use::Called, false),
            ("sklearn.tree._tree", "Tree", Use::Called, true),
            ("numpy.core.multiarray", "_reconstruct", Use::Called, true),
            ("numpy", "log1p", Use::Referred, true),
            ("numpy", "log1p", Use::Called, false),
            ("numpy.f2py", "Compiler", Use::Made, false),
            ("sklearn.datasets", "Bunch", Use::Made, false),
            ("shop.features", "Ratio", Use::Made, false),
            ("joblib.numpy_pickle", "NumpyArrayWrapper", Use::Made, true),
        ] {
            assert_eq!(look_up(module, name, usage) == Known::Yes, known, "{module}.{name} {usage:?}");
        }
    }

    #[test]
    fn harmful_names_are_harmful_however_they_are_used() {
        for (module, name) in [
            ("os", "system"),
            ("posix", "system"),
            ("builtins", "eval"),
            ("subprocess", "Popen"),
            ("importlib.util", "find_spec"),
            ("numpy", "load"),
            ("functools", "reduce"),
            ("pickle", "loads"),
        ] {
            for usage in [Use::Called, Use::Made, Use::Referred] {
                assert!(matches!(look_up(module, name, usage), Known::Harmful(_)), "{module}.{name}");
            }
        }
    }
}
