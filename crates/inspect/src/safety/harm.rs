//! Names that do harm. The list only gives a reason and raises review to dangerous: what is on no list is unknown code.

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
    ("numpy", "DataSource fromfile load loadtxt memmap save savetxt savez genfromtxt fromregex", FILES),
    ("numpy._core._internal", "*", IMPORT),
    ("numpy._core._multiarray_umath", "fromfile _load_from_filelike", FILES),
    ("numpy._core.memmap", "memmap", FILES),
    ("numpy._core.multiarray", "fromfile _load_from_filelike", FILES),
    ("numpy.core._internal", "*", IMPORT),
    ("numpy.core._multiarray_umath", "fromfile _load_from_filelike", FILES),
    ("numpy.core.memmap", "memmap", FILES),
    ("numpy.core.multiarray", "fromfile _load_from_filelike", FILES),
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

/// Why a name does harm; `None` when it is not on the list.
pub(crate) fn harm(module: &str, name: &str) -> Option<&'static str> {
    HARMFUL.iter().find_map(|(bad, names, why)| {
        let below = module.strip_prefix(bad)?;
        let is_inside = below.is_empty() || below.starts_with('.');
        let is_named = *names == "*" || (below.is_empty() && names.split(' ').any(|bad| bad == name));
        (is_inside && is_named).then_some(*why)
    })
}

#[cfg(test)]
mod tests {
    use super::harm;

    #[test]
    fn a_module_covers_what_is_below_it_and_a_name_only_itself() {
        for (module, name, is_harmful) in [
            ("os", "system", true),
            ("os.path", "join", true),
            ("osmium", "read", false),
            ("importlib.util", "find_spec", true),
            ("numpy", "load", true),
            ("numpy", "log1p", false),
            ("numpy.core._multiarray_umath", "fromfile", true),
            ("numpy._core.multiarray", "fromfile", true),
            ("pathlib", "Path", true),
            ("pathlib", "PurePath", false),
        ] {
            assert_eq!(harm(module, name).is_some(), is_harmful, "{module}.{name}");
        }
    }
}
