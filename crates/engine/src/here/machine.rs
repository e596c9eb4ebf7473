//! The facts of a computer that an answer depends on.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use pep508_rs::{MarkerEnvironment, MarkerEnvironmentBuilder};

/// An operating system.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Os {
    Linux,
    Mac,
    Windows,
}

/// A program that can build an environment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Tool {
    Uv,
    Conda,
    Docker,
}

/// How an environment is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// A virtual environment.
    Venv,
    /// One of conda's.
    Conda,
    /// A Python itself, which others stand on.
    Base,
}

/// A Python with what is installed for it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Environment {
    /// The folder that it lies in.
    pub(crate) prefix: PathBuf,
    /// The program that runs it.
    pub(crate) executable: PathBuf,
    /// `3.11.7`, or `3.11` where the last number is not told by any name.
    pub(crate) python: String,
    pub(crate) kind: Kind,
    /// Versions by project, whose name is normalised as PyPI does.
    pub(crate) projects: BTreeMap<String, String>,
    /// Whether there was more than is read.
    pub(crate) is_cut: bool,
}

/// Memory in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Memory {
    pub(crate) total: u64,
    /// What programs could take now.
    pub(crate) available: u64,
}

/// One computer, as far as reading tells.
#[derive(Debug, Clone)]
pub(crate) struct Machine {
    pub(crate) os: Os,
    /// The processor, in Rust's word: `x86_64`, `aarch64`.
    pub(crate) arch: &'static str,
    pub(crate) memory: Option<Memory>,
    /// What is free where the package lies.
    pub(crate) free_bytes: Option<u64>,
    /// Whether the driver of a GPU of NVIDIA was seen.
    pub(crate) has_nvidia: bool,
    /// Sorted, best first.
    pub(crate) tools: Vec<Tool>,
    pub(crate) home: Option<PathBuf>,
    pub(crate) environments: Vec<Environment>,
    /// Whether there are environments that were not looked at.
    pub(crate) is_cut: bool,
}

impl Os {
    /// The one that this program runs on.
    pub(crate) const HERE: Self = if cfg!(windows) {
        Self::Windows
    } else if cfg!(target_os = "macos") {
        Self::Mac
    } else {
        Self::Linux
    };

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Linux => "Linux",
            Self::Mac => "macOS",
            Self::Windows => "Windows",
        }
    }
}

impl Tool {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Uv => "uv",
            Self::Conda => "conda",
            Self::Docker => "Docker",
        }
    }
}

impl Environment {
    /// `3.11` of `3.11.7`.
    pub(crate) fn minor(&self) -> &str {
        let dot = self.python.match_indices('.').nth(1).map(|(at, _)| at);
        self.python.get(..dot.unwrap_or(self.python.len())).unwrap_or_default()
    }
}

impl Machine {
    /// A path as people write it, from the home folder on.
    pub(crate) fn shown(&self, path: &Path) -> String {
        let below = self.home.as_ref().and_then(|home| path.strip_prefix(home).ok());
        match below {
            Some(below) if below.as_os_str().is_empty() => "~".to_owned(),
            Some(below) => format!("~{}{}", std::path::MAIN_SEPARATOR, below.display()),
            None => path.display().to_string(),
        }
    }

    /// What markers compare with, for a Python on this computer. `None` when the version is none.
    pub(crate) fn markers(&self, python: &str) -> Option<MarkerEnvironment> {
        let (os_name, sys_platform, platform_system) = match self.os {
            Os::Linux => ("posix", "linux", "Linux"),
            Os::Mac => ("posix", "darwin", "Darwin"),
            Os::Windows => ("nt", "win32", "Windows"),
        };
        let platform_machine = match (self.os, self.arch) {
            (Os::Mac, "aarch64") => "arm64",
            (Os::Windows, "x86_64") => "AMD64",
            (Os::Windows, "aarch64") => "ARM64",
            (_, arch) => arch,
        };
        let mut numbers = python.split('.');
        let python_version = format!("{}.{}", numbers.next()?, numbers.next()?);
        let full = if numbers.next().is_some() { python.to_owned() } else { format!("{python}.0") };
        let builder = MarkerEnvironmentBuilder {
            implementation_name: "cpython",
            implementation_version: &full,
            os_name,
            platform_machine,
            platform_python_implementation: "CPython",
            platform_release: "",
            platform_system,
            platform_version: "",
            python_full_version: &full,
            python_version: &python_version,
            sys_platform,
        };
        builder.try_into().ok()
    }
}
