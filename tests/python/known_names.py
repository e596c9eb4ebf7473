#!/usr/bin/env python3
"""Makes crates/inspect/src/safety/known/*.txt: the names that a pickle of a fitted model may hold and still be "safe".

    known_names.py collect OUT.json      inside an environment: what its libraries define, and what their pickles name
    known_names.py write FOLDER IN...    adds the collected files to the lists in FOLDER and applies the review to old lines and new

One line per name, by what a pickle may do with it:

    class M.N   build it without its constructor (NEWOBJ, copyreg._reconstructor), then set its state (BUILD); refer to it
    call M.N    call it (REDUCE, INST, OBJ) or make it with any data; refer to it
    ref M.N     refer to it as a value (a scorer's function, a dtype's type), never call it
    arg C P M.N give it, by its name, to a call of C (or to `C.__new__`) at place P; no other name may stand there

The rule of the review: an attacker chooses the arguments and the state. A name is left out when that could run a command or
code, import a module by name, touch files or the network, read a further pickle, call what it is given, or give an argument back.
Leaving a harmless name out costs a "review", letting a harmful one in costs everything, so doubt leaves out. known_extras.py adds
what no run shows. Runs on Python 3.7 and later, needs nothing beyond the libraries looked at.
"""
import fnmatch
import functools
import importlib
import inspect
import io
import json
import os
import pickle
import pkgutil
import sys
import types
import warnings

import known_extras
import known_models

MODULES = {
    "scikit-learn": ["sklearn"],
    "numpy": ["numpy"],
    "scipy": ["scipy"],
    "pandas": ["pandas"],
    "joblib": ["joblib"],
    "xgboost": ["xgboost"],
    "lightgbm": ["lightgbm"],
    "catboost": ["catboost"],
    "imbalanced-learn": ["imblearn"],
    "category_encoders": ["category_encoders"],
    "statsmodels": ["statsmodels"],
    "pmdarima": ["pmdarima"],
    "prophet": ["prophet"],
    "cmdstanpy": ["cmdstanpy"],
    "stanio": ["stanio"],
    "pyarrow": ["pyarrow"],
}

# Modules that are not even walked: tests, data loaders, builders, back ends that start processes or open files.
SKIP_MODULES = [
    "*.tests", "*.tests.*", "*.test_*", "*.conftest", "*.setup", "*.__main__", "*._build_utils*", "*.testing*", "*._testing*", "*_tests", "*._simd", "numpy._core.cversions", "numpy.core.cversions",
    "sklearn.datasets*", "sklearn.utils._mocking", "sklearn.utils._testing", "sklearn.utils.testing", "sklearn.utils.mocking",
    "sklearn.externals*", "sklearn.utils.estimator_checks", "sklearn.utils._test_common*", "sklearn._min_dependencies",
    "sklearn.utils._joblib", "sklearn.utils.parallel", "sklearn.utils._plotting", "sklearn.utils._repr_html*",
    "sklearn.utils._estimator_html_repr", "sklearn.utils._show_versions", "sklearn.inspection._plot*",
    "sklearn.metrics._plot*", "sklearn.utils.deprecation", "sklearn.utils._pprint", "sklearn.callback*", "sklearn.__check_build*",
    "numpy.distutils*", "numpy.f2py*", "numpy.lib.*", "numpy.ctypeslib*", "numpy.compat*", "numpy.doc*", "numpy.typing*",
    "numpy._typing*", "numpy._pyinstaller*", "numpy.array_api*", "numpy.core.memmap", "numpy._core.memmap",
    "scipy.io*", "scipy.weave*", "scipy._lib*", "scipy.misc*", "scipy.datasets*", "scipy.fft*", "scipy.odr*", "scipy.ndimage*",
    "scipy.stats*", "scipy.signal*", "scipy.integrate*", "scipy.differentiate*", "scipy.cluster*", "scipy.constants*",
    "scipy.linalg*", "scipy.optimize*", "scipy.sparse.linalg*", "scipy.sparse.csgraph*", "scipy._build*", "scipy.fftpack*",
    "pandas.io*", "pandas.plotting*", "pandas.util*", "pandas.compat*", "pandas.core.computation*", "pandas._testing*",
    "pandas.core.groupby*", "pandas.core.window*", "pandas.core.reshape*", "pandas.core.tools*", "pandas.core.util*",
    "pandas.core.interchange*", "pandas._config*", "pandas.core.config*", "pandas.errors*", "pandas.core.ops*", "pandas.core.strings*",
    "pandas.core.resample", "pandas.core.apply", "pandas.core.frozen", "pandas._version*", "pandas.core._numba*", "pandas.core.methods*",
    "joblib.externals*", "joblib.parallel", "joblib.memory", "joblib.pool", "joblib.executor", "joblib._*", "joblib.func_inspect",
    "joblib.logger", "joblib.disk", "joblib.backports", "joblib.hashing", "joblib.compressor", "joblib.numpy_pickle_compat",
    "joblib.numpy_pickle_utils", "joblib.my_exceptions", "joblib.format_stack", "joblib.testing",
    "xgboost.dask*", "xgboost.spark*", "xgboost.tracker", "xgboost.rabit", "xgboost.collective", "xgboost.libpath", "xgboost.testing*",
    "xgboost.plotting", "xgboost.data", "xgboost.federated", "xgboost.interpret*", "xgboost._*",
    "imblearn.datasets*", "imblearn.keras*", "imblearn.tensorflow*", "imblearn.utils*", "imblearn.metrics*", "imblearn.show_versions", "imblearn.exceptions",
    "category_encoders.datasets*", "category_encoders.utils",
    "catboost.datasets", "catboost.dev_utils", "catboost.eval*", "catboost.utils", "catboost.widget*", "catboost.monoforest", "catboost.text_processing", "catboost.hnsw*", "catboost.plot_helpers",
    "catboost.metrics", "catboost.carry", "catboost._catboost", "catboost.version",
    "lightgbm.dask", "lightgbm.libpath", "lightgbm.plotting",
    "statsmodels.api", "statsmodels.compat*", "statsmodels.datasets*", "statsmodels.distributions*", "statsmodels.emplike*", "statsmodels.examples*", "statsmodels.formula*", "statsmodels.graphics*",
    "statsmodels.imputation*", "statsmodels.interface*", "statsmodels.iolib*", "statsmodels.nonparametric*", "statsmodels.sandbox*", "statsmodels.stats*", "statsmodels.tools.[!t]*", "statsmodels.tools.t[!o]*",
    "statsmodels.treatment*", "statsmodels.tsa.x13", "statsmodels.*plots", "statsmodels.base._screening", "statsmodels.base.distributed_estimation", "statsmodels.base.l1_*", "statsmodels.base.optimizer",
    "statsmodels.tsa.ar_model.sys", "statsmodels.src*", "statsmodels._version",
    "pmdarima.datasets*", "pmdarima._build_utils*", "pmdarima.utils*", "pmdarima.compat*", "pmdarima.warnings", "pmdarima.context_managers", "pmdarima.arima._context", "pmdarima.model_selection*", "pmdarima.setup",
    "prophet.tests*", "prophet.plot", "prophet.diagnostics", "prophet.make_holidays", "prophet.hdays", "prophet.utilities", "prophet.serialize", "prophet.stan_model*",
]

# Of what is left, classes count only from here (scikit-learn, XGBoost and LightGBM: from everywhere).
CLASS_MODULES = {
    "numpy": ["numpy", "numpy.core.multiarray", "numpy._core.multiarray", "numpy.random.*", "numpy.ma.core", "numpy.ma", "numpy.polynomial.*",
              "numpy.matrixlib.defmatrix", "numpy.core.records", "numpy._core.records", "numpy.rec"],
    "scipy": ["scipy.sparse.*", "scipy.interpolate.*", "scipy.spatial.*", "scipy.special.*"],
    "pandas": ["pandas.core.frame", "pandas.core.series", "pandas.core.generic", "pandas.core.indexes.*", "pandas.core.arrays.*", "pandas.core.dtypes.dtypes", "pandas.core.dtypes.base",
               "pandas.core.internals.blocks", "pandas.core.internals.managers", "pandas.core.internals.base", "pandas.core.internals.array_manager",
               "pandas._libs.internals", "pandas._libs.interval", "pandas._libs.arrays", "pandas._libs.sparse", "pandas._libs.missing", "pandas._libs.tslibs.offsets", "pandas._libs.tslibs.timestamps",
               "pandas._libs.tslibs.timedeltas", "pandas._libs.tslibs.period", "pandas._libs.tslibs.dtypes", "pandas._libs.tslibs.nattype", "pandas.tseries.offsets"],
    "joblib": ["joblib.numpy_pickle"],
    "prophet": ["prophet.forecaster", "prophet.models"],
    "cmdstanpy": [], "stanio": [], "pyarrow": [],  # only what the pickles of others name
}

# Whose public functions a model may keep: scores, kernels, transformations.
FUNCTION_HOMES = ["sklearn.metrics", "sklearn.metrics.*", "sklearn.feature_selection.*", "sklearn.preprocessing.*", "sklearn.covariance.*", "sklearn.manifold.*"]

# Never, whoever asks for it. Why, where it is not plain:
NEVER = {
    "numpy.memmap": "opens the file that its arguments name (referring to it is fine: joblib names it for mapped arrays)",
    "numpy.core._ufunc_reconstruct": "imports any module by name and returns any attribute",
    "numpy._core._ufunc_reconstruct": "imports any module by name and returns any attribute",
    "numpy.core._internal.*": "helpers that import by name",
    "numpy._core._internal.*": "helpers that import by name",
    "numpy.core._DType_reconstruct": "looks a dtype up by name; only tests pickle those",
    "numpy.core._methods.*": "not found in pickles",
    "numpy.object_": "gives back what it is given (referring to it is fine)",
    "numpy.vectorize": "not found in pickles of models; calls its function when built oddly",
    "scipy.interpolate.interpnd.*": "rarely pickled",
    "sklearn.utils.fixes.*": "wrappers around functions that change between versions",
    "sklearn.utils._set_output.*": "wraps methods of other classes",
    "sklearn.utils.metaestimators._IffHasAttrDescriptor": "calls a function of its state",
    "sklearn.utils.metaestimators._AvailableIfDescriptor": "calls a function of its state",
    "sklearn.utils._available_if.*": "calls a function of its state",
    "sklearn.utils.metaestimators.*": "descriptors that call functions of their state",
    "pandas.core.config_init.*": "changes global options",
    "pandas.core.*Accessor": "not found in pickles", "pandas.core.*.accessor*": "not found in pickles", "pandas._libs.interval.*Node": "never outside their tree",
    "pandas.core.*Mixin": "abstract", "pandas.core.*Ops": "abstract", "pandas.core.dtypes.*Registry": "not found in pickles", "pandas.core.internals.concat.*": "not found in pickles",
    "pandas._libs.tslibs.offsets.OffsetMeta": "a metaclass", "numpy.__array_namespace_info__": "not found in pickles", "numpy._core.multiarray.flagsobj": "not found in pickles",
    "numpy.finfo": "not found in pickles", "numpy.iinfo": "not found in pickles", "numpy.rec.format_parser": "not found in pickles", "lightgbm.basic._ArrowCArray": "holds pointers",
    "lightgbm.basic._MissingType": "not found in pickles", "lightgbm.basic.EvalResult": "not found in pickles", "xgboost.core._RefMixIn": "not found in pickles", "xgboost.sklearn._SklObjWProto": "not found in pickles",
    "pandas.core.accessor.*": "descriptors that call functions of their state",
    "xgboost.core.DMatrix": "frees the pointer that its state names",
    "xgboost.core.QuantileDMatrix": "frees the pointer that its state names",
    "xgboost.core.ExtMemQuantileDMatrix": "frees the pointer that its state names",
    "xgboost.core.DeviceQuantileDMatrix": "frees the pointer that its state names",
    "xgboost.core._ProxyDMatrix": "frees the pointer that its state names",
    "xgboost.core.DataIter": "holds pointers and callbacks",
    "xgboost.core.ThreadPoolExecutor": "starts threads",
    "catboost.core.Pool": "reads the file that its arguments name", "catboost.core.Metric*": "not found in pickles", "catboost.core._[!C]*": "not found in pickles", "catboost.core._Custom*": "not found in pickles",
    "catboost.core.Batch*": "not found in pickles", "catboost.core.polars": "not found in pickles", "catboost.core.E[FS]*": "not found in pickles",
    "lightgbm.basic.Dataset": "frees the pointer that its state names",
    "lightgbm.basic._InnerPredictor": "frees the pointer that its state names",
    "lightgbm.basic._LogWriter": "not found in pickles",
    "lightgbm.basic.Sequence": "not found in pickles",
    "lightgbm.basic._TempFile": "makes a temporary file",
    "lightgbm.basic.TempFile": "makes a temporary file",
    "*.__pyx_scope_struct*": "a suspended function",
    "joblib.numpy_pickle.NumpyPickler": "a pickler", "joblib.numpy_pickle.NumpyUnpickler": "an unpickler",
    "joblib.numpy_pickle.NDArrayWrapper": "reads the file beside the pickle that its state names",
    "lightgbm.compat.*": "stand-ins for libraries that are not installed", "lightgbm.callback.*": "calls functions of its state",
    "lightgbm.basic._DummyLogger": "not found in pickles", "lightgbm.basic._ConfigAliases": "not found in pickles",
    "xgboost.callback.TrainingCheckPoint": "writes files", "xgboost.callback.LegacyCallbacks": "calls functions of its state",
    "xgboost.callback.CallbackContainer": "calls functions of its state", "xgboost.training.*": "not found in pickles",
    "numpy.MachAr": "not found in pickles", "numpy.errstate": "changes global state", "numpy.format_parser": "not found in pickles",
    "numpy.ndenumerate": "an iterator", "numpy.ndindex": "an iterator", "numpy.nditer": "an iterator", "numpy.flatiter": "an iterator", "numpy.broadcast": "an iterator", "numpy.ufunc": "made by import only",
    "numpy._CopyMode": "not found in pickles", "numpy.busdaycalendar": "not found in pickles", "numpy.core.records._*": "not found in pickles",
    "numpy.core.multiarray.flagsobj": "not found in pickles", "numpy.core.multiarray.typeinfo*": "not found in pickles", "numpy.ma.core._*": "wraps functions of its state", "numpy.ma.core.MaskedIterator": "an iterator",
    "numpy.random.*.Seedless*": "abstract", "scipy.special._ufuncs.errstate": "changes global state", "scipy.spatial.distance.[A-Z]*": "wraps functions of its state",
    "sklearn.tree._export.*": "writes pictures of trees", "sklearn.utils.linear_assignment_.*": "not found in pickles",
    "sklearn.inspection.*": "not found in pickles",
    "*.__pyx_capi__": "not a class",
}

# Calls found in pickles and judged: constructors of compiled types that only check and store their arguments, and makers of
# empty instances. `numpy.core._internal` and `_ufunc_reconstruct` are not among them: they import by name.
CALLS = [
    "numpy.core.multiarray._reconstruct", "numpy._core.multiarray._reconstruct", "numpy.core.multiarray.scalar", "numpy._core.multiarray.scalar",
    "numpy.core.numeric._frombuffer", "numpy._core.numeric._frombuffer", "numpy.dtype", "numpy.dtypes.*", "numpy.ma.core._mareconstruct", "numpy.core.records._*", "numpy.ndarray",
    "numpy.random.__RandomState_ctor", "numpy.random._pickle.*", "numpy.random.mtrand.*_ctor", "numpy.random.*__pyx_unpickle_*",
    "sklearn.*.newObj", "sklearn.*__pyx_unpickle_*", "sklearn.tree._tree.Tree", "sklearn._loss._loss.Cy*", "_loss.__pyx_unpickle_Cy*", "_loss.Cy*", "sklearn.tree._criterion.*", "sklearn.tree._splitter.*",
    "sklearn.linear_model._sgd_fast.*", "sklearn.linear_model.sgd_fast.*", "sklearn.metrics._dist_metrics.*", "sklearn.neighbors._quad_tree.*", "sklearn.neighbors.quad_tree.*",
    "sklearn.ensemble._hist_gradient_boosting.*", "sklearn.utils._random.*", "sklearn.svm._libsvm.*", "sklearn.cluster._hierarchical_fast.*", "sklearn.manifold._barnes_hut_tsne.*",
    "sklearn.*_reconstruct*", "sklearn.utils._weight_vector.*", "sklearn.linear_model._sag_fast.*",
    "scipy.*__pyx_unpickle_*", "scipy.spatial.*.cKDTree", "scipy.spatial.*.KDTree",
    "pandas._libs.*unpickle*", "pandas.core.indexes.base._new_Index", "pandas.core.indexes.*._new_*", "pandas._libs.tslibs.nattype.*_nat_unpickle", "pandas._libs.internals.*",
    "pandas.core.internals.blocks.new_block", "pandas.core.internals.managers.*", "pandas._libs.tslibs.*", "pandas._libs.missing.*", "pandas._libs.interval.*", "pandas._libs.sparse.*",
    # state-space filters take arrays of numbers and check their shapes; enumerations look a value up
    "statsmodels.tsa.statespace._*.[cdsz][A-Z]*", "statsmodels.tsa.*__pyx_unpickle_*", "statsmodels.tsa.stl._stl.STL", "statsmodels.tsa._stl.STL", "cmdstanpy.cmdstan_args.Method", "stanio.reshape.VariableType",
    # pandas 3 keeps texts in Arrow buffers
    "pyarrow.lib._restore_array", "pyarrow.lib.type_for_alias", "pyarrow.lib.py_buffer", "pyarrow.lib.chunked_array",
    "pandas.core.dtypes.dtypes.*", "pandas.core.arrays.*.*Dtype", "pandas.Interval", "pandas.Period", "pandas.PeriodDtype", "pandas.StringDtype",
]

# Classes with a method that looked suspicious to `suspicious`, read and found harmless.
REVIEWED = {
    "catboost.core.CatBoost", "catboost.core.CatBoostClassifier", "catboost.core.CatBoostRegressor", "catboost.core.CatBoostRanker",
    "catboost.core._CatBoostBase",  # __setstate__ takes the model from bytes of the state
    "lightgbm.basic.Booster",  # __setstate__ turns the model text into a handle before anything can free it
    "xgboost.core.Booster",    # the same
    "numpy.recarray", "numpy.record", "numpy.rec.recarray", "numpy.rec.record", "numpy.ma.core.MaskedConstant",
    "pandas.core.frame.DataFrame", "pandas.core.generic.NDFrame", "pandas.core.series.Series",
    "sklearn.utils.Bunch", "sklearn.utils._bunch.Bunch",
    "sklearn.frozen._frozen.FrozenEstimator",  # asks the estimator inside
    "pandas.core.arrays.string_arrow.ArrowStringArrayNumpySemantics",  # takes some methods from its other base
    "scipy.spatial._qhull.ConvexHull", "scipy.spatial._qhull.Delaunay",
    "scipy.spatial.qhull.ConvexHull", "scipy.spatial.qhull.Delaunay",
    "cmdstanpy.stanfit.mle.CmdStanMLE", "cmdstanpy.stanfit.mcmc.CmdStanMCMC",  # look variables up that do not start with "_"
    "scipy.optimize._optimize.OptimizeResult", "scipy.optimize.optimize.OptimizeResult",  # looks its own items up; states/mod.rs reads them
    "scipy.optimize.OptimizeResult",
}
# Known, and still judged by their state in crates/inspect/src/safety/states: statsmodels.base.data.* evaluates a formula,
# NegativeBinomial and pmdarima's ARIMA call a method that their state can replace.
# Sparse matrices compute `.A`, `.T` and the like in __getattr__.
REVIEWED_PATTERNS = ["scipy.sparse.*_array", "scipy.sparse.*_matrix", "scipy.sparse.*spmatrix"]
# Results wrappers of statsmodels ask the results inside; filter results compute what does not start with "_".
REVIEWED_PATTERNS += ["statsmodels.*Wrapper", "statsmodels.*.FilterResults", "statsmodels.*.SmootherResults", "statsmodels.tsa.statespace.*Results", "statsmodels.*.PredictionResults"]

# Names of skipped modules that models do hold.
SEEN_EXCEPTIONS = {
    "sklearn.externals.joblib.numpy_pickle.NumpyArrayWrapper",
    # how a fit ended, which Holt-Winters and ARIMA results keep
    "scipy.optimize._optimize.OptimizeResult", "scipy.optimize.optimize.OptimizeResult", "scipy.optimize._lbfgsb_py.LbfgsInvHessProduct", "scipy.optimize.lbfgsb.LbfgsInvHessProduct",
    "statsmodels.tools.tools.Bunch",
}

def named(name, patterns):
    """Whether the dotted name is one of the patterns."""
    return any(fnmatch.fnmatchcase(name, pattern) for pattern in patterns)


# ---------------------------------------------------------------- collect
class Watch(pickle._Unpickler):
    """Unpickles a model that this process made itself, and writes down each global and what was done with it."""

    def __init__(self, data, seen):
        super().__init__(io.BytesIO(data))
        self.seen, self.names = seen, {}

    def find_class(self, module, name):
        found = super().find_class(module, name)
        full = module + "." + name
        self.names[id(found)] = full
        self.seen["ref"].add(full)
        return found

    def note(self, kind, thing):
        while isinstance(thing, functools.partial):  # pandas 1.3 calls a partial for each block of a table
            thing = thing.func
        full = self.names.get(id(thing))
        if full is not None:
            self.seen[kind].add(full)

    def note_args(self, taker, args):
        """Which names a call is given, and where."""
        full = self.names.get(id(taker))
        for place, arg in enumerate(args if full is not None else ()):
            if isinstance(arg, (type, types.FunctionType, types.BuiltinFunctionType)) and id(arg) in self.names:
                self.seen["arg"].add("%s %d %s" % (full, min(place, 15), self.names[id(arg)]))

    def load_reduce(self):
        function, args = self.stack[-2], self.stack[-1]
        self.note("call", function)
        self.note_args(function, args)
        if getattr(function, "__name__", "") in ("_reconstructor", "__newobj__") and args:
            self.note("class", args[0])
        pickle._Unpickler.load_reduce(self)

    def load_newobj(self):
        self.note("class", self.stack[-2])
        self.note_args(self.stack[-2], self.stack[-1])
        pickle._Unpickler.load_newobj(self)

    def load_newobj_ex(self):
        self.note("class", self.stack[-3])
        self.note_args(self.stack[-3], self.stack[-2])
        pickle._Unpickler.load_newobj_ex(self)

    dispatch = dict(pickle._Unpickler.dispatch)
    dispatch[pickle.REDUCE[0]] = load_reduce
    dispatch[pickle.NEWOBJ[0]] = load_newobj
    dispatch[pickle.NEWOBJ_EX[0]] = load_newobj_ex


def watch(thing, seen):
    """Pickles one object in every protocol that models are found in and notes what its pickles name."""
    for protocol in (0, 2, 3, 4, 5):
        if protocol > pickle.HIGHEST_PROTOCOL:
            continue
        try:
            data = pickle.dumps(thing, protocol)
        except Exception:
            return
        try:
            Watch(data, seen).load()
        except Exception as error:
            seen["failed"].add("%s: %s" % (type(thing).__name__, error))


def walk(package):
    """Every importable module of a package that is not skipped."""
    try:
        root = importlib.import_module(package)
    except Exception:
        return
    yield root
    stack = [(root, package)]
    while stack:
        module, name = stack.pop()
        for found in pkgutil.iter_modules(getattr(module, "__path__", []), name + "."):
            if named(found.name, SKIP_MODULES):
                continue
            try:
                inner = importlib.import_module(found.name)
            except BaseException:
                continue
            yield inner
            if found.ispkg:
                stack.append((inner, found.name))


def classes_of(package, distribution):
    """`module.QualName` of every class of a package that can be found under that name."""
    wanted = CLASS_MODULES.get(distribution)
    names, guarded = set(), {}
    for module in walk(package):
        for value in list(vars(module).values()):
            if not isinstance(value, type) or not str(value.__module__).split(".")[0] == package:
                continue
            if named(value.__module__, SKIP_MODULES) or "<" in value.__qualname__ or "." in value.__qualname__:
                continue
            if wanted is not None and not named(value.__module__, wanted):
                continue
            if issubclass(value, BaseException) or inspect.isabstract(value):
                continue
            if getattr(sys.modules.get(value.__module__), value.__qualname__, None) is not value:
                continue
            full = value.__module__ + "." + value.__qualname__
            names.add(full)
            notes = suspicious(value)
            if notes:
                guarded[full] = notes
    return names, guarded


def suspicious(cls):
    """What runs when an instance is made from a pickle or dies, if that looks like more than setting attributes."""
    notes = []
    for method in ("__new__", "__setstate__", "__del__", "__getattr__", "__getattribute__", "__setattr__", "__init_subclass__", "__call__"):
        owner = next((base for base in cls.__mro__ if method in vars(base)), object)
        if owner is object or owner.__module__ == "builtins":
            continue
        try:
            source = inspect.getsource(vars(owner)[method])
        except Exception:
            if method == "__del__":
                notes.append(method + " (compiled)")
            continue
        for word in ("exec(", "eval(", "open(", "import_module", "__import__", "compile(", "system(", "subprocess", "rmtree", "unlink", "remove(", "_attach", "load("):
            if word in source and method != "__call__":
                notes.append(method + " has " + word)
        if method in ("__del__", "__getattr__", "__setattr__", "__getattribute__"):
            notes.append(method)
    return notes


def functions_of(modules, homes):
    """`module.name` of every public function of some modules that one of their homes defines, under the names that pickles use.

    Private helpers and what is imported from elsewhere stay out: some call any function or method that they are given.
    """
    names = set()
    for name in modules:
        try:
            module = importlib.import_module(name)
        except Exception:
            continue
        for attribute, value in list(vars(module).items()):
            own = getattr(value, "__module__", None) or ""
            if attribute.startswith("_") or not named(own, homes):
                continue
            if isinstance(value, (types.FunctionType, types.BuiltinFunctionType)) or type(value).__name__ in ("cython_function_or_method", "fused_cython_function", "_ArrayFunctionDispatcher"):
                names.add(own + "." + getattr(value, "__name__", attribute))
                names.add(name + "." + attribute)
    return names


def fitted_estimators():
    """Every estimator of scikit-learn, fitted where a few toy tables fit it, and otherwise as it is."""
    import numpy as np
    try:
        from sklearn.utils import all_estimators
    except ImportError:
        from sklearn.utils.testing import all_estimators
    rng = np.random.RandomState(0)
    x = np.abs(rng.rand(40, 4))
    labels = np.array(["no", "yes"] * 20)
    tables = [(x, np.arange(40) % 2), (x, labels), (x, x[:, 0]), (x, x[:, :2]), (x[:, 0], x[:, 0]), (x, None), (x.astype(int), np.arange(40) % 2),
              (["a b", "b c", "c d", "d e"] * 10, np.arange(40) % 2), ([{"a": 1, "b": "x"}] * 40, None), (labels, None), (x, np.eye(2, dtype=int)[np.arange(40) % 2])]
    for _, cls in all_estimators():
        made = []
        try:
            made = [cls()]
        except Exception:
            from sklearn.linear_model import LogisticRegression, Ridge
            from sklearn.decomposition import PCA
            for arguments in ([LogisticRegression()], [Ridge()], [[("a", LogisticRegression()), ("b", LogisticRegression())]], [[("a", Ridge()), ("b", Ridge())]],
                              [[("a", PCA(), [0, 1])]], [[("a", PCA()), ("b", LogisticRegression())]], [LogisticRegression(), {"C": [0.1, 1.0]}], [x[:4].T], [{"a": 1}],):
                try:
                    made.append(cls(*arguments))
                except Exception:
                    continue
        for unfitted in made:
            best = unfitted
            # t-SNE cannot predict anyway, and its compiled part dies of such small tables
            for columns, target in tables if cls.__name__ != "TSNE" else []:
                try:
                    estimator = type(unfitted)(**unfitted.get_params(deep=False)) if hasattr(unfitted, "get_params") else unfitted
                    try:
                        estimator.set_params(random_state=np.random.RandomState(0))
                    except Exception:
                        pass
                    estimator.fit(columns, target) if target is not None else estimator.fit(columns)
                    best = estimator
                    yield estimator
                except Exception:
                    continue
            yield best


def variants():
    """Settings that bring other helper classes and functions into the pickle."""
    import numpy as np
    from sklearn import (ensemble, feature_selection, gaussian_process, linear_model, metrics, model_selection, neighbors, pipeline, preprocessing, svm, tree)
    x = np.random.RandomState(0).rand(60, 4)
    two, three, real = np.arange(60) % 2, np.arange(60) % 3, x[:, 0]
    boosting = []
    for loss in ("hinge", "log", "log_loss", "modified_huber", "squared_hinge", "perceptron", "squared_loss", "squared_error", "huber", "epsilon_insensitive", "squared_epsilon_insensitive"):
        boosting.append(lambda loss=loss: linear_model.SGDClassifier(loss=loss).fit(x, two))
    for loss in ("ls", "lad", "squared_error", "absolute_error", "huber", "quantile"):
        boosting.append(lambda loss=loss: ensemble.GradientBoostingRegressor(loss=loss, n_estimators=2).fit(x, real))
    for loss in ("deviance", "log_loss", "exponential"):
        boosting.append(lambda loss=loss: ensemble.GradientBoostingClassifier(loss=loss, n_estimators=2).fit(x, two))
        boosting.append(lambda loss=loss: ensemble.GradientBoostingClassifier(loss=loss, n_estimators=2).fit(x, three))
    for loss in ("least_squares", "squared_error", "absolute_error", "least_absolute_deviation", "poisson", "gamma", "quantile"):
        def histogram(loss=loss):
            from sklearn.experimental import enable_hist_gradient_boosting  # noqa: F401 (needed below 1.0)
            more = {"quantile": 0.5} if loss == "quantile" else {}
            return ensemble.HistGradientBoostingRegressor(loss=loss, max_iter=2, **more).fit(x, real + 1)
        boosting.append(histogram)
    for metric in ("euclidean", "manhattan", "chebyshev", "minkowski", "haversine", "hamming", "jaccard", "canberra", "braycurtis", "cosine", "seuclidean", "wminkowski"):
        for algorithm in ("kd_tree", "ball_tree", "brute"):
            boosting.append(lambda metric=metric, algorithm=algorithm: neighbors.KNeighborsClassifier(metric=metric, algorithm=algorithm).fit(x, two))
            boosting.append(lambda metric=metric, algorithm=algorithm: neighbors.KNeighborsClassifier(metric=metric, algorithm=algorithm).fit(x[:, :2], two))
    boosting.append(lambda: neighbors.KNeighborsClassifier(metric="minkowski", p=3).fit(x, two))
    for name in sorted(getattr(metrics, "get_scorer_names", lambda: sorted(metrics.SCORERS))()):
        boosting.append(lambda name=name: metrics.get_scorer(name))
        boosting.append(lambda name=name: model_selection.GridSearchCV(tree.DecisionTreeClassifier(), {"max_depth": [1]}, scoring=name))
    for criterion in ("gini", "entropy", "log_loss", "squared_error", "mse", "mae", "absolute_error", "friedman_mse", "poisson"):
        for kind in (tree.DecisionTreeClassifier, tree.DecisionTreeRegressor, ensemble.RandomForestClassifier, ensemble.ExtraTreesRegressor):
            boosting.append(lambda criterion=criterion, kind=kind: kind(criterion=criterion).fit(x, two))
    for kernel in (gaussian_process.kernels.RBF(), gaussian_process.kernels.Matern() + gaussian_process.kernels.WhiteKernel(), gaussian_process.kernels.DotProduct() ** 2,
                   gaussian_process.kernels.ConstantKernel() * gaussian_process.kernels.RationalQuadratic(), gaussian_process.kernels.ExpSineSquared(), gaussian_process.kernels.PairwiseKernel()):
        boosting.append(lambda kernel=kernel: gaussian_process.GaussianProcessRegressor(kernel).fit(x, real))
    for function in (np.log1p, np.exp, np.sqrt, np.abs, np.mean, np.log, np.expm1, np.square):
        boosting.append(lambda function=function: preprocessing.FunctionTransformer(function).fit(x))
    for score in (feature_selection.chi2, feature_selection.f_classif, feature_selection.f_regression, feature_selection.mutual_info_classif):
        boosting.append(lambda score=score: feature_selection.SelectKBest(score, k=2).fit(x, two))
    for splitter in ("KFold", "StratifiedKFold", "TimeSeriesSplit", "ShuffleSplit", "RepeatedKFold", "GroupKFold", "LeaveOneOut", "StratifiedShuffleSplit"):
        boosting.append(lambda splitter=splitter: getattr(model_selection, splitter)())
    boosting.append(lambda: pipeline.make_pipeline(preprocessing.StandardScaler(), svm.SVC(probability=True)).fit(x, two))
    boosting.append(lambda: model_selection.GridSearchCV(svm.SVC(), {"C": [1, 2]}, cv=2).fit(x, two))
    boosting.append(lambda: model_selection.RandomizedSearchCV(svm.SVC(), {"C": [1, 2, 3]}, n_iter=2, cv=2).fit(x, two))
    boosting.append(lambda: linear_model.LogisticRegressionCV(cv=2).fit(x, two))
    boosting.append(lambda: ensemble.StackingClassifier([("a", svm.SVC()), ("b", tree.DecisionTreeClassifier())]).fit(x, two))
    for make in boosting:
        try:
            yield make()
        except Exception:
            continue


# What the index of a time series counts in.
FREQUENCIES = ["Day", "Hour", "Minute", "Second", "Milli", "Micro", "Nano", "BusinessDay", "BusinessHour", "Week", "MonthBegin", "MonthEnd", "BusinessMonthBegin", "BusinessMonthEnd", "SemiMonthBegin",
               "SemiMonthEnd", "QuarterBegin", "QuarterEnd", "BQuarterBegin", "BQuarterEnd", "YearBegin", "YearEnd", "BYearBegin", "BYearEnd", "WeekOfMonth", "LastWeekOfMonth"]


def arrays_and_tables():
    """Plain data that lies beside a model: arrays, scalars, generators, sparse matrices, tables."""
    import numpy as np
    yield [np.arange(3), np.float64(1), np.int32(2), np.bool_(True), np.str_("a"), np.array(["a", None], dtype=object), np.datetime64("2020-01-01"), np.timedelta64(1, "D"),
           np.array([(1, 2.0)], dtype=[("a", "i4"), ("b", "f8")]), np.asfortranarray(np.eye(3)), np.dtype("f4"), np.dtype(object), np.complex64(1), np.ma.masked_array([1, 2], [0, 1]),
           np.array([1], dtype=">i4"), np.asmatrix([[1]]), np.array(["ab"]), np.array([b"ab"]), np.float32, np.int64, np.log1p, np.mean, np.random.RandomState(0)]
    for name in ("default_rng", "PCG64", "MT19937", "Philox", "SFC64", "PCG64DXSM", "SeedSequence"):
        try:
            yield getattr(np.random, name)(1)
        except Exception:
            continue
    yield np.polynomial.Polynomial([1, 2])
    try:
        import scipy.sparse as sparse
        for kind in ("csr", "csc", "coo", "lil", "dok", "dia", "bsr"):
            yield getattr(sparse, kind + "_matrix")(np.eye(3))
            if hasattr(sparse, kind + "_array"):
                yield getattr(sparse, kind + "_array")(np.eye(3))
        import scipy.interpolate, scipy.spatial, scipy.special
        line = np.arange(10.0)
        for make in (lambda: scipy.interpolate.interp1d(line, line), lambda: scipy.interpolate.UnivariateSpline(line, line), lambda: scipy.interpolate.BSpline(line, line, 2),
                     lambda: scipy.interpolate.PchipInterpolator(line, line), lambda: scipy.interpolate.CubicSpline(line, line), lambda: scipy.spatial.cKDTree(np.eye(3)),
                     lambda: scipy.spatial.KDTree(np.eye(3)), lambda: scipy.special.expit, lambda: scipy.spatial.ConvexHull(np.random.rand(9, 2)), lambda: scipy.interpolate.RegularGridInterpolator((line,), line)):
            try:
                yield make()
            except Exception:
                continue
    except ImportError:
        pass
    try:
        import pandas as pd
        table = pd.DataFrame({"a": [1, 2], "b": [1.5, None], "c": ["x", "y"], "d": pd.Categorical(["u", "v"]), "e": pd.to_datetime(["2020-01-01", "2021-01-01"]), "f": [True, False]})
        for make in (lambda: table, lambda: table["c"], lambda: table.set_index("e"), lambda: table.columns, lambda: pd.Timestamp("2020-01-01"), lambda: pd.Timestamp("2020-01-01", tz="UTC"),
                     lambda: pd.Timedelta(1, "D"), lambda: pd.NaT, lambda: pd.NA, lambda: pd.Series([1, None], dtype="Int64"), lambda: pd.Series(["a", None], dtype="string"), lambda: pd.Series([True, None], dtype="boolean"),
                     lambda: pd.Series([1.5, None], dtype="Float64"), lambda: pd.MultiIndex.from_product([[1, 2], ["a"]]), lambda: pd.interval_range(0, 3), lambda: pd.period_range("2020", periods=2, freq="D"),
                     lambda: pd.date_range("2020", periods=3), lambda: pd.date_range("2020", periods=3, tz="UTC"), lambda: pd.RangeIndex(3), lambda: pd.Index([1, 2]), lambda: pd.Index(["a"]), lambda: pd.Interval(0, 1),
                     lambda: pd.CategoricalDtype(["a"]), lambda: pd.Series(pd.arrays.SparseArray([0, 1])), lambda: pd.DatetimeTZDtype(tz="UTC"), lambda: pd.Int64Dtype(), lambda: pd.StringDtype(), lambda: pd.offsets.Day(2), lambda: pd.offsets.MonthEnd(),
                     *(lambda kind=kind: getattr(pd.offsets, kind)() for kind in FREQUENCIES), lambda: pd.CategoricalIndex(["a"]), lambda: pd.Period("2020", "M"), lambda: pd.TimedeltaIndex([1])):
            try:
                yield make()
            except Exception:
                continue
    except ImportError:
        pass


def boosters():
    """XGBoost's and LightGBM's estimators and boosters."""
    import numpy as np
    x = np.random.RandomState(0).rand(60, 4)
    two, three, groups = np.arange(60) % 2, np.arange(60) % 3, [30, 30]
    try:
        import xgboost
        for name, target in (("XGBClassifier", two), ("XGBClassifier", three), ("XGBRegressor", x[:, 0]), ("XGBRFClassifier", two), ("XGBRFRegressor", x[:, 0])):
            model = getattr(xgboost, name)(n_estimators=2).fit(x, target)
            yield model
            yield model.get_booster()
        yield xgboost.XGBRanker(n_estimators=2).fit(x, two, group=groups)
        yield xgboost.XGBRegressor(n_estimators=2, callbacks=[xgboost.callback.EarlyStopping(2)])
    except Exception:
        pass
    try:
        import lightgbm
        for name, target in (("LGBMClassifier", two), ("LGBMClassifier", three), ("LGBMRegressor", x[:, 0])):
            model = getattr(lightgbm, name)(n_estimators=2).fit(x, target)
            yield model
            yield model.booster_
        yield lightgbm.LGBMRanker(n_estimators=2).fit(x, two, group=groups)
    except Exception:
        pass


def joblib_names(thing, seen):
    """joblib's own wrappers."""
    try:
        import joblib
    except ImportError:
        from sklearn.externals import joblib
    buffer = io.BytesIO()
    joblib.dump(thing, buffer)
    seen["class"].add(type(thing).__module__ + "." + type(thing).__qualname__)
    wrapper = joblib.numpy_pickle.NumpyArrayWrapper
    seen["class"].add(wrapper.__module__ + "." + wrapper.__qualname__)


def collect(out):
    """Everything that this environment tells, as JSON."""
    warnings.simplefilter("ignore")
    seen = {"call": set(), "class": set(), "ref": set(), "arg": set(), "failed": set()}
    versions, defined, guarded, functions = {}, {}, {}, {}
    for distribution, packages in MODULES.items():
        for package in packages:
            try:
                versions[distribution] = importlib.import_module(package).__version__
            except Exception:
                continue
            names, notes = classes_of(package, distribution)
            defined.setdefault(distribution, set()).update(names)
            guarded.update(notes)
    beside = (known_models.samplers_and_encoders, known_models.statsmodels_results, known_models.pmdarima_models, known_models.prophet_models)
    for source in (fitted_estimators, variants, arrays_and_tables, boosters, *beside):
        for thing in source():
            watch(thing, seen)
    import numpy as np
    from sklearn.preprocessing import StandardScaler
    joblib_names(StandardScaler().fit(np.eye(3)), seen)
    public = ["sklearn.metrics", "sklearn.metrics.pairwise", "sklearn.metrics.cluster", "sklearn.feature_selection", "sklearn.preprocessing", "sklearn.covariance", "sklearn.manifold"]
    public += [name for name in list(sys.modules) if named(name, ["sklearn.metrics.*", "sklearn.feature_selection.*", "sklearn.preprocessing.*"]) and not named(name, SKIP_MODULES)]
    functions["scikit-learn"] = functions_of(public, FUNCTION_HOMES)
    functions["numpy"] = {"numpy." + n for n in dir(np) if type(getattr(np, n, None)).__name__ == "ufunc"}
    functions["numpy"] |= {prefix + "." + n for prefix in ("numpy.core._multiarray_umath", "numpy._core._multiarray_umath", "numpy.core.umath", "numpy._core.umath", "numpy")
                           for n in {f.split(".")[-1] for f in functions["numpy"]}}
    try:
        import scipy.special
        functions["scipy"] = {"scipy.special._ufuncs." + n for n in dir(scipy.special) if type(getattr(scipy.special, n)).__name__ == "ufunc"}
        functions["scipy"] |= {n.replace("._ufuncs", "") for n in functions["scipy"]}
        functions["scipy"] |= functions_of(["scipy.spatial.distance"], ["scipy.spatial.distance"])
    except ImportError:
        pass
    result = {"python": sys.version.split()[0], "versions": versions, "defined": {k: sorted(v) for k, v in defined.items()}, "guarded": guarded,
              "functions": {k: sorted(v) for k, v in functions.items()}, "seen": {k: sorted(v) for k, v in seen.items()}}
    with open(out, "w") as file:
        json.dump(result, file, indent=1, sort_keys=True)
    print(versions, {k: len(v) for k, v in seen.items()}, sorted(seen["failed"])[:5])


# ---------------------------------------------------------------- write
HEAD = """# Names that pickles of fitted models made with %(distribution)s hold. Made by tests/python/known_names.py, which says how it was
# reviewed; never edited by hand. Collected from %(versions)s.
# class: made without its constructor, or referred to. call: called with any data. ref: referred to, never called.
# arg: the names that a call may be given, by place.
"""


def distribution_of(name):
    """The distribution that a dotted name belongs to."""
    top = name.split(".")[0]
    if top == "_loss":  # what scikit-learn 1.3 to 1.6 call its compiled losses in pickles
        return "scikit-learn"
    return next((d for d, packages in MODULES.items() if top in packages), None)


def allowed(kind, name):
    """Whether the review lets a name in."""
    module = name.rsplit(".", 1)[0]
    if kind != "ref" and (named(name, NEVER) or named(module, SKIP_MODULES)):
        return name in SEEN_EXCEPTIONS or (kind == "call" and name in CALLS)
    if kind == "ref" and named(name, ["scipy.stats.*_gen", "statsmodels.distributions.*_gen"]):
        return False  # distributions run code of their state when they are made; nothing keeps one without making it
    return not (kind == "ref" and named(name, NEVER) and name not in ("numpy.memmap", "numpy.object_"))


def old_lists(folder):
    """The lines and versions that the lists in a folder hold: not every environment they were collected in need be at hand."""
    entries, versions = set(), {}
    for file in sorted(os.listdir(folder)) if os.path.isdir(folder) else []:
        if not file.endswith(".txt") or file == "python.txt":
            continue
        with open(os.path.join(folder, file)) as lines:
            for line in lines:
                if "Collected from " in line:
                    versions[file[:-4]] = set(line.split("Collected from ")[1].strip().rstrip(".").split(", "))
                elif not line.startswith("#"):
                    entries.add(tuple(line.strip().split(" ", 1)))
    return entries, versions


def derived(lines):
    """What the makers of empty instances may be given: the listed classes of their own module, or of their own kind."""
    for distribution, names in list(lines.items()):
        classes = [name for name, kinds in names.items() if kinds & {"class", "call"}]
        for maker in [name for name, kinds in names.items() if "call" in kinds]:
            module, short = maker.rsplit(".", 1)
            if short == "newObj":
                made = [name for name in classes if name.rsplit(".", 1)[0] == module and name != maker]
            elif short.startswith("__pyx_unpickle_"):
                made = [name for name in classes if name == module + "." + short[len("__pyx_unpickle_"):]]
            elif maker == "pandas.core.indexes.base._new_Index":
                made = [name for name in classes if named(name, ["pandas.core.indexes.*Index"]) and "._" not in name]
            else:
                continue
            for name in made:
                yield distribution, "%s 0 %s" % (maker, name)


def write(folder, inputs):
    """Merges what was collected with what is there and writes one reviewed text per distribution."""
    lines, left_out, guarded, functions, seen = {}, {}, {}, set(), set()
    entries, versions = old_lists(folder)
    for path in inputs:
        with open(path) as file:
            data = json.load(file)
        for distribution, version in data["versions"].items():
            versions.setdefault(distribution, set()).add(version)
        guarded.update(data["guarded"])
        functions |= {n for names in data["functions"].values() for n in names}
        entries |= {("class", n) for d, names in data["defined"].items() for n in names if d not in CLASS_MODULES or named(n.rsplit(".", 1)[0], CLASS_MODULES[d])}
        entries |= {("ref", n) for names in data["functions"].values() for n in names}
        seen |= {(kind, n) for kind in ("class", "call", "ref", "arg") for n in data["seen"].get(kind, ())}
    entries |= seen
    extras = {tuple(line.split(" ", 1)) for d in known_extras.EXTRAS.values() for line in known_extras.lines(d)}
    public = {n.rsplit(".", 1)[1] for n in functions}
    for kind, name in sorted(entries):
        if (kind, name) in extras:
            continue
        if kind == "arg":
            callee, _, given = name.split(" ")
            if distribution_of(callee) is not None and callable_with_anything(callee) and not named(given, NEVER):
                lines.setdefault(distribution_of(callee), {}).setdefault(name, set()).add(kind)
            continue
        distribution = distribution_of(name)
        if distribution is None:
            continue
        module, short = name.rsplit(".", 1)
        if kind == "ref" and named(module, FUNCTION_HOMES) and (kind, name) not in seen and short not in public:
            left_out.setdefault(name, "an inner function")
            continue
        if name in guarded and name not in REVIEWED and not named(name, REVIEWED_PATTERNS):
            left_out.setdefault(name, ", ".join(guarded[name]))
            continue
        if not allowed(kind, name) or (kind == "call" and not callable_with_anything(name)):
            left_out.setdefault(name, kind)
            continue
        lines.setdefault(distribution, {}).setdefault(name, set()).add(kind)
    for distribution, more in known_extras.EXTRAS.items():
        for line in known_extras.lines(more):
            kind, name = line.split(" ", 1)
            lines.setdefault(distribution, {}).setdefault(name, set()).add(kind)
    for distribution, line in derived(lines):
        lines[distribution].setdefault(line, set()).add("arg")
    os.makedirs(folder, exist_ok=True)
    for distribution, names in sorted(lines.items()):
        # what may be called or made may be referred to: one line says both
        kept = sorted("%s %s" % (kind, name) for name, kinds in names.items() for kind in kinds if kind != "ref" or kinds == {"ref"})
        shown = ", ".join(sorted(versions.get(distribution, ()), key=lambda v: [int(p) if p.isdigit() else 0 for p in v.split(".")]))
        with open(os.path.join(folder, distribution + ".txt"), "w") as file:
            file.write(HEAD % {"distribution": distribution, "versions": shown})
            file.write("\n".join(kept) + "\n")
    with open(os.path.join(folder, "python.txt"), "w") as file:
        file.write("# Names of Python itself, reviewed by hand in tests/python/known_extras.py.\n")
        file.write("\n".join(sorted(known_extras.lines(known_extras.PYTHON))) + "\n")
    for name, why in sorted(left_out.items()):
        print("left out: %s (%s)" % (name, why))


def callable_with_anything(name):
    """Whether calling this with an attacker's arguments was judged harmless."""
    return named(name, CALLS)


if __name__ == "__main__":
    if sys.argv[1:2] == ["collect"] and len(sys.argv) == 3:
        collect(sys.argv[2])
    elif sys.argv[1:2] == ["write"] and len(sys.argv) > 3:
        write(sys.argv[2], sys.argv[3:])
    else:
        sys.exit(__doc__)
