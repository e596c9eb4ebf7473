//! The environment that a package asks for, written three times for three kinds of reader.

use serde_yaml::{Mapping, Value};

use crate::package::PackageFiles;
use crate::requirement::{Line, Requirement, lines};
use crate::yaml;

/// The longest environment file that is read, in bytes.
const LONGEST_BYTES: u64 = 4 << 20;

/// A Python version and what pip installs into it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Environment {
    /// `3.11.7`, or `3.11` for any patch; `None` when the package does not say.
    pub python: Option<String>,
    /// Lines of requirements.txt, in the order in which they are written.
    pub requirements: Vec<String>,
}

impl Environment {
    /// An environment with its lines in MLflow's order: mlflow first, the rest sorted.
    pub fn sorted(python: Option<String>, mut requirements: Vec<String>) -> Self {
        let is_mlflow = |line: &str| {
            Requirement::parse(line)
                .is_some_and(|requirement| requirement.normalized_name().starts_with("mlflow"))
        };
        requirements.sort_by(|a, b| is_mlflow(b).cmp(&is_mlflow(a)).then_with(|| a.cmp(b)));
        Self { python, requirements }
    }

    /// `conda.yaml`, `python_env.yaml` and `requirements.txt` with their bytes.
    ///
    /// Build tools stand without bounds: the old ones that MLflow pins break on new Pythons. requirements.txt ends
    /// without a newline, as MLflow writes it.
    pub fn files(&self) -> [(&'static str, Vec<u8>); 3] {
        let texts = |items: &[&str]| Value::Sequence(items.iter().map(|item| Value::from(*item)).collect());
        let map = |pairs: Vec<(&str, Value)>| {
            pairs.into_iter().map(|(key, value)| (Value::from(key), value)).collect::<Mapping>()
        };
        let mut python_env = Vec::new();
        if let Some(python) = &self.python {
            python_env.push(("python", Value::from(python.as_str())));
        }
        python_env.push(("build_dependencies", texts(&["pip", "setuptools", "wheel"])));
        python_env.push(("dependencies", texts(&["-r requirements.txt"])));
        let pip = self.requirements.iter().map(|line| Value::from(line.as_str())).collect();
        let mut dependencies = Vec::new();
        if let Some(python) = &self.python {
            dependencies.push(Value::from(format!("python={python}")));
        }
        dependencies.push(Value::from("pip"));
        dependencies.push(Value::Mapping(map(vec![("pip", Value::Sequence(pip))])));
        let conda = map(vec![
            ("channels", texts(&["conda-forge"])),
            ("dependencies", Value::Sequence(dependencies)),
            ("name", Value::from("mlflow-env")),
        ]);
        [
            ("conda.yaml", yaml::write(&Value::Mapping(conda)).into_bytes()),
            ("python_env.yaml", yaml::to_ascii(&Value::Mapping(map(python_env))).into_bytes()),
            ("requirements.txt", self.requirements.join("\n").into_bytes()),
        ]
    }

    /// Reads the environment as MLflow restores it: `python_env.yaml` and requirements.txt, conda.yaml for what they do
    /// not say (packages before MLflow 1.26 and 1.16). Unreadable files count as absent; the lint names them.
    pub fn read(files: &dyn PackageFiles) -> Self {
        let text =
            |name: &str| files.read(name, LONGEST_BYTES).ok().and_then(|bytes| String::from_utf8(bytes).ok());
        let document = |name: &str| text(name).and_then(|text| yaml::read(&text).ok());
        let conda = document("conda.yaml");
        let dependencies = conda.as_ref().and_then(|conda| conda.get("dependencies")?.as_sequence());
        let python = document("python_env.yaml")
            .and_then(|env| env.get("python")?.as_str().map(str::to_owned))
            .or_else(|| dependencies?.iter().find_map(|item| conda_python(item.as_str()?)));
        let requirements = match text("requirements.txt") {
            Some(text) => lines(&text).into_iter().map(text_of).collect(),
            None => pip_list(dependencies).map(str::to_owned).collect(),
        };
        Self { python, requirements }
    }
}

/// The lines of the pip list among conda's dependencies.
pub(crate) fn pip_list(dependencies: Option<&Vec<Value>>) -> impl Iterator<Item = &str> {
    let lists = dependencies.into_iter().flatten().filter_map(|item| item.get("pip")?.as_sequence());
    lists.flatten().filter_map(Value::as_str)
}

fn text_of(line: Line) -> String {
    match line {
        Line::Requirement(requirement) => requirement.text,
        Line::Include { path, is_constraint: true } => format!("-c {path}"),
        Line::Include { path, is_constraint: false } => format!("-r {path}"),
        Line::Option(text) | Line::Path(text) => text,
    }
}

/// `python=3.11.7`, `python>=3.8`.
fn conda_python(line: &str) -> Option<String> {
    let version = line.strip_prefix("python")?.trim().trim_start_matches(['=', '<', '>', '~']).trim();
    version.starts_with(|c: char| c.is_ascii_digit()).then(|| version.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::package::MemoryFiles;

    #[test]
    fn the_three_files_say_the_same_in_mlflow_s_words() {
        let lines = ["scikit-learn==1.9.1", "mlflow==3.17.2", "numpy==2.4.6"].map(str::to_owned);
        let environment = Environment::sorted(Some("3.11".into()), lines.to_vec());
        let [conda, python_env, requirements] =
            environment.files().map(|(_, b)| String::from_utf8(b).unwrap());
        assert_eq!(requirements, "mlflow==3.17.2\nnumpy==2.4.6\nscikit-learn==1.9.1");
        let expected = "python: '3.11'\nbuild_dependencies:\n- pip\n- setuptools\n- wheel\ndependencies:\n\
            - '-r requirements.txt'\n";
        assert_eq!(python_env, expected);
        let expected = "channels:\n- conda-forge\ndependencies:\n- 'python=3.11'\n- pip\n- pip:\n  \
            - 'mlflow==3.17.2'\n  - 'numpy==2.4.6'\n  - 'scikit-learn==1.9.1'\nname: mlflow-env\n";
        assert_eq!(conda, expected);
    }

    #[test]
    fn what_was_written_is_read_back() {
        let environment =
            Environment { python: Some("3.11.7".into()), requirements: vec!["mlflow==3".into()] };
        let files = MemoryFiles::new(environment.files());
        assert_eq!(Environment::read(&files), environment);
    }

    #[test]
    fn conda_yaml_speaks_when_the_others_are_missing() {
        let conda = "dependencies:\n- python=3.8.18\n- pip<=20\n- pip:\n  - mlflow\n  - numpy==1.2\n";
        let read = Environment::read(&MemoryFiles::new([("conda.yaml", conda.as_bytes().to_vec())]));
        assert_eq!(read.python.as_deref(), Some("3.8.18"));
        assert_eq!(read.requirements, ["mlflow", "numpy==1.2"]);
        assert_eq!(Environment::read(&MemoryFiles::default()), Environment::default());
    }
}
