//! Import names and the PyPI projects that provide them.

use std::sync::LazyLock;

/// Import name of a top-level module and the PyPI name of the project that provides it, a line each, sorted by import
/// name. In a table of its own because a script proves it against PyPI.
const LIBRARIES: &str = include_str!("libraries.txt");

/// The lines of [`LIBRARIES`] as pairs, sorted by import name.
static PROVIDERS: LazyLock<Vec<(&str, &str)>> = LazyLock::new(|| {
    let lines = LIBRARIES.lines().filter(|line| !line.starts_with('#'));
    lines.filter_map(|line| Some((line.split(' ').next()?, line.split(' ').nth(1)?))).collect()
});

/// The top-level modules of Python 2.7 and 3. Sorted.
#[rustfmt::skip]
const STANDARD: &[&str] = &[
    "ConfigParser", "Queue", "SocketServer", "StringIO", "UserDict", "UserList", "__builtin__",
    "__future__", "_abc", "_aix_support", "_ast", "_asyncio", "_bisect", "_blake2", "_bootsubprocess",
    "_bz2", "_codecs", "_codecs_cn", "_codecs_hk", "_codecs_iso2022", "_codecs_jp", "_codecs_kr",
    "_codecs_tw", "_collections", "_collections_abc", "_compat_pickle", "_compression", "_contextvars",
    "_crypt", "_csv", "_ctypes", "_curses", "_curses_panel", "_datetime", "_dbm", "_decimal",
    "_elementtree", "_frozen_importlib", "_frozen_importlib_external", "_functools", "_gdbm",
    "_hashlib", "_heapq", "_imp", "_io", "_json", "_locale", "_lsprof", "_lzma", "_markupbase", "_md5",
    "_msi", "_multibytecodec", "_multiprocessing", "_opcode", "_operator", "_osx_support",
    "_overlapped", "_pickle", "_posixshmem", "_posixsubprocess", "_py_abc", "_pydecimal", "_pyio",
    "_queue", "_random", "_scproxy", "_sha1", "_sha256", "_sha3", "_sha512", "_signal", "_sitebuiltins",
    "_socket", "_sqlite3", "_sre", "_ssl", "_stat", "_statistics", "_string", "_strptime", "_struct",
    "_symtable", "_thread", "_threading_local", "_tkinter", "_tokenize", "_tracemalloc", "_typing",
    "_uuid", "_warnings", "_weakref", "_weakrefset", "_winapi", "_zoneinfo", "abc", "aifc",
    "antigravity", "argparse", "array", "ast", "asynchat", "asyncio", "asyncore", "atexit", "audioop",
    "base64", "bdb", "binascii", "bisect", "builtins", "bz2", "cPickle", "cProfile", "cStringIO",
    "calendar", "cgi", "cgitb", "chunk", "cmath", "cmd", "code", "codecs", "codeop", "collections",
    "colorsys", "commands", "compileall", "concurrent", "configparser", "contextlib", "contextvars",
    "copy", "copy_reg", "copyreg", "crypt", "csv", "ctypes", "curses", "dataclasses", "datetime", "dbm",
    "decimal", "difflib", "dis", "distutils", "doctest", "email", "encodings", "ensurepip", "enum",
    "errno", "exceptions", "faulthandler", "fcntl", "filecmp", "fileinput", "fnmatch", "fractions",
    "ftplib", "functools", "gc", "genericpath", "getopt", "getpass", "gettext", "glob", "graphlib",
    "grp", "gzip", "hashlib", "heapq", "hmac", "html", "http", "httplib", "idlelib", "imaplib",
    "imghdr", "imp", "importlib", "inspect", "io", "ipaddress", "itertools", "json", "keyword",
    "lib2to3", "linecache", "locale", "logging", "lzma", "mailbox", "mailcap", "marshal", "math",
    "mimetypes", "mmap", "modulefinder", "msilib", "msvcrt", "multiprocessing", "netrc", "nis",
    "nntplib", "nt", "ntpath", "nturl2path", "numbers", "opcode", "operator", "optparse", "os",
    "ossaudiodev", "pathlib", "pdb", "pickle", "pickletools", "pipes", "pkgutil", "platform",
    "plistlib", "popen2", "poplib", "posix", "posixpath", "pprint", "profile", "pstats", "pty", "pwd",
    "py_compile", "pyclbr", "pydoc", "pydoc_data", "pyexpat", "queue", "quopri", "random", "re",
    "readline", "reprlib", "resource", "rlcompleter", "runpy", "sched", "secrets", "select",
    "selectors", "shelve", "shlex", "shutil", "signal", "site", "smtpd", "smtplib", "sndhdr", "socket",
    "socketserver", "spwd", "sqlite3", "sre_compile", "sre_constants", "sre_parse", "ssl", "stat",
    "statistics", "string", "stringprep", "struct", "subprocess", "sunau", "symtable", "sys",
    "sysconfig", "syslog", "tabnanny", "tarfile", "telnetlib", "tempfile", "termios", "textwrap",
    "this", "threading", "time", "timeit", "tkinter", "token", "tokenize", "tomllib", "trace",
    "traceback", "tracemalloc", "tty", "turtle", "turtledemo", "types", "typing", "unicodedata",
    "unittest", "urllib", "urllib2", "uu", "uuid", "venv", "warnings", "wave", "weakref", "webbrowser",
    "winreg", "winsound", "wsgiref", "xdrlib", "xml", "xmlrpc", "zipapp", "zipfile", "zipimport",
    "zlib", "zoneinfo",
];

/// The PyPI name of the library that provides a module; empty when the module belongs to no known library.
pub fn library_of(module: &str) -> &'static str {
    let top = top_level(module);
    let found = PROVIDERS.binary_search_by(|(import, _)| (*import).cmp(top));
    found.ok().and_then(|at| PROVIDERS.get(at)).map_or("", |(_, name)| name)
}

/// The PyPI names of all known libraries; one that provides several modules comes several times.
pub fn projects() -> impl Iterator<Item = &'static str> {
    PROVIDERS.iter().map(|(_, project)| *project)
}

/// Whether a module is part of Python itself. That says nothing of what it does.
pub fn is_standard(module: &str) -> bool {
    STANDARD.binary_search(&top_level(module)).is_ok()
}

/// The first part of a dotted module path.
pub(crate) fn top_level(module: &str) -> &str {
    module.split('.').next().unwrap_or(module)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_sorted_so_that_it_can_be_searched() {
        assert!(PROVIDERS.is_sorted_by(|a, b| a.0 < b.0));
        assert!(PROVIDERS.len() > 300, "{}", PROVIDERS.len());
        assert!(STANDARD.is_sorted());
    }

    #[test]
    fn a_module_belongs_to_the_project_that_provides_it() {
        assert_eq!(library_of("sklearn.svm._classes"), "scikit-learn");
        assert_eq!(library_of("imblearn.pipeline"), "imbalanced-learn");
        assert_eq!(library_of("shop.features"), "");
        assert!(is_standard("collections"));
        assert!(is_standard("os.path"));
        assert!(!is_standard("shop.os"));
    }
}
