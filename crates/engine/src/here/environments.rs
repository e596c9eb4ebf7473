//! A Python environment as its folders tell it. No program in it is started.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::Read as _;
use std::path::{Path, PathBuf};

use super::machine::{Environment, Kind, Os};

/// More names than a folder of installed packages has.
const MOST_ENTRIES: usize = 20_000;

/// A longer `pyvenv.cfg` is none.
const LONGEST_CFG_BYTES: u64 = 64 << 10;

/// The environments at a place: one, or a Python of each version that shares it. Nothing where there is none.
pub(super) fn at(prefix: &Path, os: Os, home: Option<&Path>) -> Vec<Environment> {
    let cfg = cfg(&prefix.join("pyvenv.cfg"));
    let conda = python_of_conda(&prefix.join("conda-meta"));
    let kind = match (&cfg, &conda) {
        (Some(_), _) => Kind::Venv,
        (None, Some(_)) => Kind::Conda,
        (None, None) => Kind::Base,
    };
    let stated = cfg.as_ref().and_then(|cfg| cfg.version.clone()).or(conda);
    let mut found = Vec::new();
    for (minor, executable) in pythons(prefix, os, stated.as_deref(), kind) {
        let python = stated
            .clone()
            .filter(|stated| is_of(stated, &minor))
            .or_else(|| named_version(prefix, &minor))
            .unwrap_or(minor.clone());
        let mut environment = Environment {
            prefix: prefix.to_path_buf(),
            executable,
            python,
            kind,
            projects: BTreeMap::new(),
            is_cut: false,
        };
        for site in sites(prefix, os, &minor) {
            installed(&site, &mut environment);
        }
        let sees_base = cfg.as_ref().is_some_and(|cfg| cfg.sees_base);
        if sees_base && let Some(base) = cfg.as_ref().and_then(|cfg| cfg.base(os)) {
            for site in sites(&base, os, &minor) {
                installed(&site, &mut environment);
            }
        }
        if (kind == Kind::Base || sees_base)
            && let Some(site) = home.map(|home| user_site(home, os, &minor))
        {
            installed(&site, &mut environment);
        }
        found.push(environment);
    }
    found
}

/// What `pyvenv.cfg` says.
struct Cfg {
    version: Option<String>,
    /// Whether what is installed for its base is seen, too.
    sees_base: bool,
    /// The folder with the program of its base.
    home: Option<PathBuf>,
}

impl Cfg {
    /// The prefix of what it stands on.
    fn base(&self, os: Os) -> Option<PathBuf> {
        let home = self.home.as_ref()?;
        if os == Os::Windows { Some(home.clone()) } else { home.parent().map(Path::to_path_buf) }
    }
}

fn cfg(path: &Path) -> Option<Cfg> {
    let mut text = String::new();
    let file = File::open(path).ok().filter(|_| path.is_file())?;
    file.take(LONGEST_CFG_BYTES).read_to_string(&mut text).ok()?;
    let mut cfg = Cfg { version: None, sees_base: false, home: None };
    for (key, value) in text.lines().filter_map(|line| line.split_once('=')) {
        let value = value.trim();
        match key.trim() {
            "version" | "version_info" => cfg.version = plain_version(value),
            "include-system-site-packages" => cfg.sees_base = value.eq_ignore_ascii_case("true"),
            "home" => cfg.home = Some(PathBuf::from(value)),
            _ => {}
        }
    }
    Some(cfg)
}

/// The first three numbers of `3.11.7.final.0`.
fn plain_version(text: &str) -> Option<String> {
    let is_number = |part: &&str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    let numbers: Vec<&str> = text.split('.').take(3).take_while(is_number).collect();
    (2 <= numbers.len()).then(|| numbers.join("."))
}

/// The version in the name of conda's record of Python itself; empty where conda has none. `None` is no conda.
fn python_of_conda(meta: &Path) -> Option<String> {
    let names = names(meta).0;
    if names.is_empty() {
        return None;
    }
    let version = |name: &String| plain_version(name.strip_prefix("python-")?.split('-').next()?);
    Some(names.iter().find_map(version).unwrap_or_default())
}

/// `3.12.4` of a folder `cpython-3.12.4-linux-x86_64-gnu` or `3.12.4`, as uv and pyenv call them.
fn named_version(prefix: &Path, minor: &str) -> Option<String> {
    let name = prefix.file_name()?.to_str()?;
    let name = name.strip_prefix("cpython-").unwrap_or(name);
    plain_version(name.split(['-', '+']).next()?).filter(|version| is_of(version, minor))
}

/// Whether a version is one of a minor such as `3.11`.
fn is_of(version: &str, minor: &str) -> bool {
    version.strip_prefix(minor).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
}

/// The Pythons in a folder, by `3.x`, with the program of each.
fn pythons(prefix: &Path, os: Os, stated: Option<&str>, kind: Kind) -> Vec<(String, PathBuf)> {
    if os == Os::Windows {
        let executable = [prefix.join("Scripts/python.exe"), prefix.join("python.exe")];
        let Some(executable) = executable.into_iter().find(|path| path.is_file()) else { return Vec::new() };
        let minor = stated.and_then(minor_of).or_else(|| dll_version(prefix));
        return minor.map(|minor| (minor, executable)).into_iter().collect();
    }
    let mut found = Vec::new();
    for name in names(&prefix.join("lib")).0 {
        let Some(minor) = name.strip_prefix("python").and_then(minor_of) else { continue };
        if name.strip_prefix("python") != Some(minor.as_str()) {
            continue;
        }
        // A virtual environment keeps the folders of versions that it had before.
        if kind != Kind::Base && stated.is_some_and(|stated| !stated.is_empty() && !is_of(stated, &minor)) {
            continue;
        }
        let mut programs = vec![prefix.join(format!("bin/python{minor}"))];
        if kind != Kind::Base {
            programs.insert(0, prefix.join("bin/python"));
        }
        if let Some(program) = programs.into_iter().find(|path| path.is_file()) {
            found.push((minor, program));
        }
    }
    found
}

/// `3.11` of `3.11.7`; nothing of Python 2.
fn minor_of(text: &str) -> Option<String> {
    let numbers = plain_version(text)?;
    let mut parts = numbers.split('.');
    let (major, minor) = (parts.next()?, parts.next()?);
    (major == "3").then(|| format!("{major}.{minor}"))
}

/// `3.11` where `python311.dll` lies.
fn dll_version(prefix: &Path) -> Option<String> {
    let minor = |name: &String| {
        let number = name.to_lowercase().strip_prefix("python3")?.strip_suffix(".dll")?.to_owned();
        let is_number = !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit());
        is_number.then(|| format!("3.{number}"))
    };
    names(prefix).0.iter().find_map(minor)
}

/// The folders that installed packages lie in, first the one that wins.
fn sites(prefix: &Path, os: Os, minor: &str) -> Vec<PathBuf> {
    if os == Os::Windows {
        return vec![prefix.join("Lib/site-packages")];
    }
    let mut sites = vec![
        prefix.join(format!("lib/python{minor}/site-packages")),
        prefix.join(format!("lib64/python{minor}/site-packages")),
    ];
    if os == Os::Linux {
        // Debian and Ubuntu.
        sites.push(prefix.join(format!("local/lib/python{minor}/dist-packages")));
        sites.push(prefix.join("lib/python3/dist-packages"));
        sites.push(prefix.join(format!("lib/python{minor}/dist-packages")));
    }
    sites
}

/// Where `pip install --user` puts things.
fn user_site(home: &Path, os: Os, minor: &str) -> PathBuf {
    match os {
        Os::Linux => home.join(format!(".local/lib/python{minor}/site-packages")),
        Os::Mac => home.join(format!("Library/Python/{minor}/lib/python/site-packages")),
        Os::Windows => {
            let number = minor.replace('.', "");
            home.join(format!("AppData/Roaming/Python/Python{number}/site-packages"))
        }
    }
}

/// Notes what is installed in a folder, where no folder before it has it.
fn installed(site: &Path, environment: &mut Environment) {
    let (names, is_cut) = names(site);
    environment.is_cut |= is_cut;
    for name in names {
        if let Some((project, version)) = distribution(&name) {
            environment.projects.entry(project).or_insert(version);
        }
    }
}

/// The project and the version in a name such as `scikit_learn-1.5.2.dist-info`.
fn distribution(name: &str) -> Option<(String, String)> {
    let stem = name.strip_suffix(".dist-info").or_else(|| {
        let stem = name.strip_suffix(".egg-info")?;
        // setuptools adds the Python that it was built for.
        let is_python = |after: &str| after.starts_with(|c: char| c.is_ascii_digit());
        Some(stem.split_once("-py").filter(|(_, after)| is_python(after)).map_or(stem, |(before, _)| before))
    })?;
    let (project, version) = stem.rsplit_once('-')?;
    let project = crate::environment::distribution(project);
    (!project.is_empty()).then(|| (project, version.to_owned()))
}

/// The names in a folder, sorted, and whether there are more than are read.
pub(super) fn names(folder: &Path) -> (Vec<String>, bool) {
    let Ok(entries) = std::fs::read_dir(folder) else { return (Vec::new(), false) };
    let mut names = Vec::new();
    for entry in entries {
        let Ok(entry) = entry else { break };
        if names.len() == MOST_ENTRIES {
            return (names, true);
        }
        names.extend(entry.file_name().into_string());
    }
    names.sort();
    (names, false)
}
