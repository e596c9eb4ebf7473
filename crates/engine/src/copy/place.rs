//! Where in a package the model lies.

use packwright_mlflow::mlmodel::MlModel;
use packwright_mlflow::package::PackageFiles;
use serde_yaml::{Mapping, Value};

/// The flavors whose models are read, each with the keys of its block that may name the model.
const NATIVE: [(&str, &[&str]); 12] = [
    ("sentence_transformers", &["data"]),
    ("transformers", &["model_binary"]),
    ("sklearn", &["pickled_model"]),
    ("xgboost", &["data"]),
    ("lightgbm", &["data"]),
    ("catboost", &["data"]),
    ("onnx", &["data"]),
    ("pytorch", &["data", "model_data"]),
    ("keras", &["data"]),
    ("tensorflow", &["data", "saved_model_dir"]),
    ("statsmodels", &["data"]),
    ("pmdarima", &["data"]),
];

/// Flavors of which only the name is needed to say that they are not read.
const PROPHET: &str = "prophet";
const PYTHON_FUNCTION: &str = "python_function";

/// What the model is called in a folder that holds more than it.
const IN_FOLDER: [&str; 6] = ["model.pth", "model.pt2", "model.pt", "model.keras", "model.h5", "model"];

/// The path of the model in the package: a file, or a folder that is the model.
///
/// # Errors
///
/// Why there is none, in words with what to do.
pub(super) fn of_model(model: &MlModel, files: &dyn PackageFiles) -> Result<String, String> {
    let found = named(model);
    let Some(named) = found else {
        return Err(not_named(model));
    };
    let path = named.trim_end_matches('/');
    if files.has_file(path) {
        return Ok(path.to_owned());
    }
    if !files.has_folder(path) {
        return Err(format!("the MLmodel says that the model is {path}, and it is not there"));
    }
    let below = |name: &str| format!("{path}/{name}");
    for name in IN_FOLDER {
        let inner = below(name);
        if files.has_file(&inner) || files.has_folder(&inner) {
            return Ok(inner);
        }
    }
    Ok(path.to_owned())
}

fn named(model: &MlModel) -> Option<&str> {
    for (flavor, keys) in NATIVE.iter().chain([(PROPHET, ["data"].as_slice())].iter()) {
        let Some(block) = model.flavor(flavor) else { continue };
        if let Some(path) = keys.iter().find_map(|key| text(block, key)) {
            return Some(path);
        }
    }
    let python = model.flavor(PYTHON_FUNCTION)?;
    let artifact = || python.get("artifacts")?.get("model")?.get("path")?.as_str();
    artifact().or_else(|| text(python, "data"))
}

fn text<'a>(block: &'a Mapping, key: &str) -> Option<&'a str> {
    block.get(key).and_then(Value::as_str).filter(|text| !text.is_empty())
}

fn not_named(model: &MlModel) -> String {
    let python = model.flavor(PYTHON_FUNCTION);
    if let Some(code) = python.and_then(|block| text(block, "model_code_path")) {
        return format!(
            "its model is the Python code in {code} and no model file. Edit that code and log it with MLflow again"
        );
    }
    if python.is_some_and(|block| block.contains_key("python_model")) {
        return "its model is a Python object of MLflow (python_model) and no model file. Log it with MLflow again".into();
    }
    let names: Vec<&str> =
        model.flavors().map(|(name, _)| name).filter(|name| *name != PYTHON_FUNCTION).collect();
    if names.is_empty() {
        return "its MLmodel names no model file".into();
    }
    format!("models of the flavor {} are not read by this version", names.join(", "))
}

#[cfg(test)]
mod tests {
    use packwright_mlflow::package::MemoryFiles;

    use super::*;

    fn place(flavors: &str, files: &[&str]) -> Result<String, String> {
        let model = MlModel::from_text(&format!("flavors:\n{flavors}")).unwrap();
        of_model(&model, &MemoryFiles::new(files.iter().map(|name| (*name, Vec::new()))))
    }

    #[test]
    fn each_flavor_says_where_its_model_lies() {
        let sklearn = "  python_function: {model_path: model.pkl}\n  sklearn: {pickled_model: model.pkl}\n";
        let torch = "  python_function: {data: data}\n  pytorch: {model_data: data}\n";
        let keras = "  tensorflow: {data: data, model_type: keras}\n";
        let saved = "  tensorflow: {saved_model_dir: tfmodel}\n";
        let code = "  python_function:\n    artifacts: {model: {path: artifacts/a.gguf, uri: a}}\n    \
                    model_code_path: model.py\n";
        let loader = "  python_function: {data: data/churn.pkl, loader_module: mlpack_0a1b2c3d_loader}\n";
        for (flavors, files, expected) in [
            (sklearn, vec!["model.pkl"], "model.pkl"),
            (torch, vec!["data/model.pth", "data/pickle_module_info.txt"], "data/model.pth"),
            (keras, vec!["data/model/saved_model.pb", "data/keras_module.txt"], "data/model"),
            (saved, vec!["tfmodel/saved_model.pb"], "tfmodel"),
            (code, vec!["artifacts/a.gguf", "model.py"], "artifacts/a.gguf"),
            (loader, vec!["data/churn.pkl"], "data/churn.pkl"),
        ] {
            assert_eq!(place(flavors, &files).as_deref(), Ok(expected));
        }
    }

    #[test]
    fn what_names_no_file_of_the_package_is_refused() {
        for (flavors, files, hint) in [
            ("  sklearn: {pickled_model: ../model.pkl}\n", vec!["model.pkl"], "is not there"),
            ("  sklearn: {pickled_model: /etc/passwd}\n", vec!["model.pkl"], "is not there"),
            ("  sklearn: {pickled_model: model.pkl}\n", vec!["other.pkl"], "is not there"),
            ("  python_function: {model_code_path: agent.py}\n", vec!["agent.py"], "Python code in agent.py"),
            (
                "  python_function: {python_model: python_model.pkl}\n",
                vec!["python_model.pkl"],
                "Python object",
            ),
            ("  spark: {model_data: sparkml}\n", vec!["sparkml/x"], "flavor spark"),
            ("  python_function: {env: conda.yaml}\n", vec![], "names no model file"),
        ] {
            let refused = place(flavors, &files).unwrap_err();
            assert!(refused.contains(hint), "{refused}");
        }
    }
}
