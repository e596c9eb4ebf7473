//! Lines to paste: running a package in an environment that fits, or building one.

use std::path::{Path, PathBuf};

use super::asked::Asked;
use super::machine::{Environment, Kind, Machine, Os, Tool};
use crate::receipt::Snippet;

/// Serves the package with an environment that has everything.
pub(super) fn run(asked: &Asked, environment: &Environment, machine: &Machine) -> Vec<Snippet> {
    let python = call(&environment.executable, machine.os);
    let (folder, mut text) = unpacked(asked, machine.os, &python);
    text.push_str(&format!("{python} -m mlflow models serve -m {folder} --env-manager local -p 5001"));
    vec![snippet(&format!("Serve with {}", machine.shown(&environment.prefix)), text)]
}

/// Brings an environment that is close to what is asked; it changes what others may use.
pub(super) fn mend(environment: &Environment, lines: &[String], machine: &Machine) -> Option<Snippet> {
    let words: Vec<String> = lines.iter().map(|line| word(line, machine.os)).collect();
    if words.is_empty() || environment.kind == Kind::Base {
        return None;
    }
    let text = if machine.tools.contains(&Tool::Uv) {
        let prefix = word(&environment.executable.to_string_lossy(), machine.os);
        format!("uv pip install --python {prefix} {}", words.join(" "))
    } else {
        format!("{} -m pip install {}", call(&environment.executable, machine.os), words.join(" "))
    };
    let place = machine.shown(&environment.prefix);
    Some(snippet(&format!("Change {place}, for all that use it"), text))
}

/// Every way to build an environment with what is here, the shortest first.
pub(super) fn build(asked: &Asked, machine: &Machine) -> Vec<Snippet> {
    let mut ways = Vec::new();
    for tool in &machine.tools {
        ways.extend(match tool {
            Tool::Uv => with_uv(asked, machine),
            Tool::Conda => with_conda(asked, machine),
            Tool::Docker => with_docker(asked, machine),
        });
    }
    // Before Docker, which is the longest way.
    let at = ways.iter().position(|way| way.title.ends_with("Docker")).unwrap_or(ways.len());
    if let Some(way) = with_venv(asked, machine) {
        ways.insert(at, way);
    }
    ways
}

/// A Python of the minor that is asked for, which an environment can stand on.
pub(super) fn base<'m>(asked: &Asked, machine: &'m Machine) -> Option<&'m Environment> {
    let wanted = asked.python.as_deref();
    let fits = |one: &&Environment| {
        wanted.is_none_or(|wanted| {
            wanted.strip_prefix(one.minor()).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
        })
    };
    machine.environments.iter().filter(|one| one.kind == Kind::Base).find(fits)
}

fn with_uv(asked: &Asked, machine: &Machine) -> Option<Snippet> {
    let file = asked.requirements_file?;
    let python = asked.python.as_deref().map(|python| format!(" --python {}", word(python, machine.os)));
    let python = python.unwrap_or_default();
    let (folder, mut text) = unpacked(asked, machine.os, &format!("uv run --no-project{python} python"));
    let new = new_environment(asked, machine.os);
    text.push_str(&format!(
        "uv venv{python} {new}\nuv pip install --python {new} -r {}\n{} -m mlflow models serve -m {folder} --env-manager local -p 5001",
        below(asked, machine.os, file),
        program_of(asked, machine.os),
    ));
    Some(snippet("Build an environment with uv", text))
}

fn with_venv(asked: &Asked, machine: &Machine) -> Option<Snippet> {
    let file = asked.requirements_file?;
    let base = base(asked, machine)?;
    let python = call(&base.executable, machine.os);
    let (folder, mut text) = unpacked(asked, machine.os, &python);
    let program = program_of(asked, machine.os);
    text.push_str(&format!(
        "{python} -m venv {}\n{program} -m pip install -r {}\n{program} -m mlflow models serve -m {folder} --env-manager local -p 5001",
        new_environment(asked, machine.os),
        below(asked, machine.os, file),
    ));
    Some(snippet(&format!("Build an environment with Python {}", base.minor()), text))
}

fn with_conda(asked: &Asked, machine: &Machine) -> Option<Snippet> {
    let file = asked.conda_file?;
    let (folder, mut text) = unpacked(asked, machine.os, "conda run -n base python");
    let name = word(&format!("{}-env", plain(&asked.folder_name())), machine.os);
    text.push_str(&format!(
        "conda env create -n {name} -f {}\nconda run -n {name} mlflow models serve -m {folder} --env-manager local -p 5001",
        below(asked, machine.os, file),
    ));
    Some(snippet("Build an environment with conda", text))
}

fn with_docker(asked: &Asked, machine: &Machine) -> Option<Snippet> {
    let file = asked.requirements_file?;
    let image = format!("python:{}", minor(asked.python.as_deref()?)?);
    let unzip = if asked.is_zip { "python -m zipfile -e /package.zip /model && " } else { "" };
    let place = if asked.is_zip { "/package.zip" } else { "/model" };
    let inside = if asked.root.is_empty() { "/model".to_owned() } else { format!("/model/{}", asked.root) };
    let mount = word(&format!("{}:{place}:ro", asked.path.display()), machine.os);
    let command = format!(
        "{unzip}pip install -r {inside}/{file} && mlflow models serve -m {inside} --env-manager local -h 0.0.0.0 -p 5001"
    );
    // What is in the folder's name stands between quotes twice.
    let is_plain = asked.root.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_./".contains(&byte));
    let text = format!(
        "docker run --rm -p 127.0.0.1:5001:5001 -v {mount} {image} sh -c {}",
        word(&command, machine.os)
    );
    is_plain.then(|| snippet("Run it in a container with Docker", text))
}

/// The folder of the package as a word, and the line that unpacks it where it is a zip.
fn unpacked(asked: &Asked, os: Os, python: &str) -> (String, String) {
    let folder = word(&folder(asked).to_string_lossy(), os);
    if !asked.is_zip {
        return (folder, String::new());
    }
    let zip = word(&asked.path.to_string_lossy(), os);
    let whole = word(&beside(asked, &asked.folder_name()).to_string_lossy(), os);
    (folder, format!("{python} -m zipfile -e {zip} {whole}\n"))
}

fn beside(asked: &Asked, name: &str) -> PathBuf {
    asked.path.parent().unwrap_or(Path::new("")).join(name)
}

/// Where the MLmodel is, once unpacked.
fn folder(asked: &Asked) -> PathBuf {
    let whole = beside(asked, &asked.folder_name());
    if asked.root.is_empty() { whole } else { whole.join(&asked.root) }
}

fn below(asked: &Asked, os: Os, file: &str) -> String {
    word(&folder(asked).join(file).to_string_lossy(), os)
}

fn environment_path(asked: &Asked) -> PathBuf {
    beside(asked, &format!("{}-env", asked.folder_name()))
}

fn new_environment(asked: &Asked, os: Os) -> String {
    word(&environment_path(asked).to_string_lossy(), os)
}

fn program_of(asked: &Asked, os: Os) -> String {
    let below = if os == Os::Windows { "Scripts/python.exe" } else { "bin/python" };
    call(&environment_path(asked).join(below), os)
}

/// A program as the first word of a line.
fn call(program: &Path, os: Os) -> String {
    let word = word(&program.to_string_lossy(), os);
    // In PowerShell a quoted text is a value, and `&` runs it.
    if os == Os::Windows && word.starts_with('\'') { format!("& {word}") } else { word }
}

/// One word of a POSIX shell, or of PowerShell.
fn word(text: &str, os: Os) -> String {
    let is_plain = !text.is_empty()
        && text.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.' | '/' | '=' | '+'))
        || os == Os::Windows
            && text
                .chars()
                .all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.' | '\\' | ':' | '/'));
    if is_plain && !text.starts_with('-') {
        text.to_owned()
    } else if os == Os::Windows {
        format!("'{}'", text.replace('\'', "''"))
    } else {
        format!("'{}'", text.replace('\'', "'\\''"))
    }
}

/// What conda takes for a name.
fn plain(name: &str) -> String {
    name.chars()
        .map(|c| if c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.') { c } else { '-' })
        .collect()
}

fn minor(python: &str) -> Option<String> {
    let (major, minor) = crate::environment::major_minor(python)?;
    Some(format!("{major}.{minor}"))
}

fn snippet(title: &str, text: String) -> Snippet {
    Snippet { title: title.to_owned(), text }
}
