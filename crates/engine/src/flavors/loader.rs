//! The `python_function` flavor over a generated loader module: files that no flavor of MLflow can open by itself.

use packwright_inspect::{Inspection, LoaderCall};
use packwright_mlflow::schema::{ColumnType, DataType, ParamSpec};
use serde_yaml::Value;
use sha2::{Digest as _, Sha256};

use super::{DataFile, Layout, artifact_name, block, copied, pmdarima, torch_code};
use crate::names;
use crate::plan::PlanError;
use crate::receipt::hex;

/// How the generated code opens the file.
enum Open<'a> {
    Joblib,
    /// A plain pickle: rewritten, or one from the start.
    Pickle,
    Skops {
        trusted: &'a [String],
    },
}

/// The generated module: what it opens, where in it the model is, what it calls.
pub(super) struct Loader<'a> {
    open: Open<'a>,
    /// The way to the model as Python subscripts.
    steps: String,
    call: LoaderCall,
    /// Whether callers may choose the method.
    can_choose: bool,
    main: Option<&'a MainScript>,
}

/// A module that defines what the file expects in `__main__`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct MainScript {
    /// The module's name: a file in `code/` without its ending.
    pub(crate) module: String,
    /// The names.
    pub(crate) names: Vec<String>,
}

/// A loader that opens the file with joblib, walks to the model and calls one of its methods.
pub(super) fn loader(
    inspection: &Inspection,
    path: &str,
    call: LoaderCall,
    main: Option<&MainScript>,
) -> Result<Layout, PlanError> {
    let can_choose = call == LoaderCall::Predict && inspection.fact("class_labels").is_some();
    let loader = Loader { open: Open::Joblib, steps: steps(path)?, call, can_choose, main };
    Ok(layout(copied(inspection, &data_path(inspection)), &loader))
}

/// The loader in place of a rewritten joblib file.
pub(super) fn fallback(inspection: &Inspection, call: LoaderCall, reason: &str) -> Result<Layout, PlanError> {
    let mut layout = loader(inspection, "", call, None)?;
    layout.warnings.push(format!(
        "The joblib file is packed as it is and opened by generated code, so mlflow.sklearn.load_model cannot open \
         the package; mlflow.pyfunc.load_model can. {reason}"
    ));
    Ok(layout)
}

/// A loader beside a scikit-learn block: for estimators without `predict`, which the sklearn flavor opens and pyfunc
/// could not call.
pub(super) fn beside_native(data: DataFile, call: LoaderCall) -> Layout {
    layout(data, &Loader { open: Open::Pickle, steps: String::new(), call, can_choose: false, main: None })
}

/// A loader for a skops file.
pub(super) fn skops(
    data: DataFile,
    trusted: &[String],
    path: &str,
    call: LoaderCall,
) -> Result<Layout, PlanError> {
    let loader =
        Loader { open: Open::Skops { trusted }, steps: steps(path)?, call, can_choose: false, main: None };
    Ok(layout(data, &loader))
}

pub(super) fn steps(path: &str) -> Result<String, PlanError> {
    subscripts(path).ok_or_else(|| {
        PlanError::NotServable(format!(
            "The way to the model inside the file, {path}, cannot be written as Python."
        ))
    })
}

fn data_path(inspection: &Inspection) -> String {
    format!("data/{}", names::portable(&artifact_name(inspection)))
}

fn layout(data: DataFile, loader: &Loader<'_>) -> Layout {
    let params = if loader.can_choose { vec![predict_fn_param()] } else { Vec::new() };
    Layout { params, ..of_module(data, loader.text()) }
}

/// A file, and a generated module whose `_load_pyfunc` opens it.
pub(super) fn of_module(data: DataFile, text: String) -> Layout {
    let module = module_name(&text);
    let python =
        block([("data", Value::from(data.path.as_str())), ("loader_module", Value::from(module.as_str()))]);
    Layout {
        data: vec![data],
        code: vec![(format!("code/{module}.py"), text)],
        blocks: vec![("python_function", python)],
        ..Layout::default()
    }
}

/// Python imports loader modules by plain name, and a second module of one name in a process gets the first one's
/// code. The name comes from the text, so equal names mean equal code.
pub(crate) fn module_name(text: &str) -> String {
    let digest = Sha256::digest(text.as_bytes());
    let hex = hex(digest.get(..4).unwrap_or_default());
    format!("mlpack_{hex}_loader")
}

fn predict_fn_param() -> ParamSpec {
    ParamSpec {
        name: "predict_fn".into(),
        ty: ColumnType::Scalar(DataType::String),
        default: serde_json::Value::from("predict"),
        shape: None,
    }
}

impl Loader<'_> {
    /// The module's text.
    fn text(&self) -> String {
        let mut imports = match self.open {
            Open::Joblib => vec!["joblib"],
            Open::Pickle => vec!["pickle"],
            Open::Skops { .. } => vec!["skops.io"],
        };
        match self.call {
            LoaderCall::XgboostBooster => imports.push("xgboost"),
            LoaderCall::Pmdarima => imports.push("pandas"),
            LoaderCall::TorchModule => imports.extend(["numpy as np", "torch"]),
            _ => {}
        }
        let mut text = String::new();
        if self.main.is_some() {
            text.push_str("import sys\n\n");
        }
        imports.sort_unstable();
        for import in imports {
            text.push_str(&format!("import {import}\n"));
        }
        let open = match self.open {
            Open::Joblib => "joblib.load(path)",
            Open::Pickle => {
                text.push_str(OPEN_PICKLE);
                "_open(path)"
            }
            Open::Skops { trusted } => {
                let names: Vec<String> =
                    trusted.iter().map(|name| format!("    {},\n", python_string(name))).collect();
                text.push_str(&format!("\nTRUSTED = [\n{}]\n", names.concat()));
                "skops.io.load(path, trusted=TRUSTED)"
            }
        };
        if let Some(main) = self.main {
            text.push_str(&main.text());
        }
        if self.can_choose {
            text.push_str(METHODS);
        }
        let steps = &self.steps;
        let prepare = if self.main.is_some() { "        _define_main()\n" } else { "" };
        text.push_str(&format!(
            "\n\nclass Model:\n    def __init__(self, path):\n{prepare}        self._model = {open}{steps}\n"
        ));
        if self.call != LoaderCall::TorchModule {
            text.push('\n');
        }
        if self.can_choose {
            text.push_str(CHOOSING_PREDICT);
        } else if self.call == LoaderCall::TorchModule {
            text.push_str("        self._model.eval()\n\n");
            text.push_str(&torch_code::predict("model_input, params=None", "self._model"));
        } else if self.call == LoaderCall::Pmdarima {
            text.push_str(pmdarima::PREDICT);
        } else {
            let expression = match self.call {
                LoaderCall::Predict
                | LoaderCall::LightgbmBooster
                | LoaderCall::Pmdarima
                | LoaderCall::TorchModule => "self._model.predict(data)",
                LoaderCall::StatsmodelsSeries => {
                    r#"self._model.predict(start=data["start"].iloc[0], end=data["end"].iloc[0])"#
                }
                LoaderCall::Transform => "self._model.transform(data)",
                LoaderCall::FitPredict => "self._model.fit_predict(data)",
                LoaderCall::XgboostBooster => "self._model.predict(xgboost.DMatrix(data))",
            };
            text.push_str(&format!("    def predict(self, data):\n        return {expression}\n"));
        }
        text.push_str("\n    def get_raw_model(self):\n        return self._model\n");
        if self.call == LoaderCall::TorchModule {
            text.push_str(torch_code::TENSORS);
            text.push_str(torch_code::ARRAYS);
        }
        text.push_str("\n\ndef _load_pyfunc(path):\n    return Model(path)\n");
        text
    }
}

impl MainScript {
    /// What gives `__main__` the names that the file expects there. The file was written by a script that defined
    /// them; the process that loads it is another one.
    pub(super) fn text(&self) -> String {
        let module = &self.module;
        let names: Vec<String> = self.names.iter().map(|name| python_string(name)).collect();
        let comma = if names.len() == 1 { "," } else { "" };
        let names = names.join(", ");
        format!(
            r#"
# The model was saved by a script that defined these itself, so it looks for them in __main__.
NAMES = ({names}{comma})


def _define_main():
    import {module}

    main = sys.modules["__main__"]
    for name in NAMES:
        if not hasattr(main, name):
            setattr(main, name, getattr({module}, name))
"#
        )
    }
}

const OPEN_PICKLE: &str = r#"

def _open(path):
    with open(path, "rb") as file:
        return pickle.load(file)
"#;

const METHODS: &str = r#"
METHODS = ("predict", "predict_proba", "predict_log_proba", "decision_function", "transform")
"#;

const CHOOSING_PREDICT: &str = r#"    def predict(self, data, params=None):
        method = (params or {}).get("predict_fn") or "predict"
        if method not in METHODS:
            raise ValueError(f"predict_fn must be one of {', '.join(METHODS)}, not {method!r}")
        return getattr(self._model, method)(data)
"#;

/// The subscripts of a path, read and written anew: they come from the file and go into code, so nothing but whole
/// integers and quoted strings may pass.
fn subscripts(path: &str) -> Option<String> {
    let mut out = String::new();
    let mut rest = path;
    while !rest.is_empty() {
        rest = rest.strip_prefix('[')?;
        if rest.starts_with('"') {
            let mut texts = serde_json::Deserializer::from_str(rest).into_iter::<String>();
            let text = texts.next()?.ok()?;
            rest = rest.get(texts.byte_offset()..)?;
            out.push_str(&format!("[{}]", python_string(&text)));
        } else {
            let end = rest.find(']')?;
            let number: i64 = rest.get(..end)?.parse().ok()?;
            rest = rest.get(end..)?;
            out.push_str(&format!("[{number}]"));
        }
        rest = rest.strip_prefix(']')?;
    }
    Some(out)
}

/// A Python string literal in ASCII, which survives every terminal and encoding.
pub(crate) fn python_string(text: &str) -> String {
    let mut out = String::from("\"");
    for c in text.chars() {
        match c {
            '"' | '\\' => out.extend(['\\', c]),
            ' '..='~' => out.push(c),
            c => out.push_str(&format!("\\U{:08x}", u32::from(c))),
        }
    }
    out.push('"');
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn subscripts_pass_only_as_integers_and_strings() {
        let cases = [
            ("", Some("")),
            ("[1]", Some("[1]")),
            (r#"["model"]"#, Some(r#"["model"]"#)),
            (r#"["a"][0]["b"]"#, Some(r#"["a"][0]["b"]"#)),
            (r#"["say \"hi\""]"#, Some(r#"["say \"hi\""]"#)),
            ("[\"\u{e9}\u{1f600}\"]", Some(r#"["\U000000e9\U0001f600"]"#)),
            ("[-1]", Some("[-1]")),
            ("[x]", None),
            ("[1", None),
            (".model", None),
            ("[1];import os", None),
            (r#"["a"+"b"]"#, None),
        ];
        for (path, expected) in cases {
            assert_eq!(subscripts(path).as_deref(), expected, "{path}");
        }
    }

    fn text(call: LoaderCall, steps: &str, main: Option<&MainScript>) -> String {
        Loader { open: Open::Joblib, steps: steps.into(), call, can_choose: false, main }.text()
    }

    #[test]
    fn modules_of_one_name_hold_the_same_code() {
        let one = text(LoaderCall::Predict, "", None);
        assert_ne!(module_name(&one), module_name(&text(LoaderCall::Predict, "[1]", None)));
        assert_eq!(module_name(&one), module_name(&text(LoaderCall::LightgbmBooster, "", None)));
        assert!(module_name(&one).starts_with("mlpack_") && module_name(&one).ends_with("_loader"));
    }

    #[test]
    fn main_gets_its_names_before_the_file_is_opened() {
        let main = MainScript { module: "train".into(), names: vec!["Ratio".into()] };
        let text = text(LoaderCall::Predict, "", Some(&main));
        assert!(text.starts_with("import sys\n\nimport joblib\n"), "{text}");
        assert!(text.contains("NAMES = (\"Ratio\",)\n") && text.contains("    import train\n"), "{text}");
        let (define, open) =
            (text.find("_define_main()\n        self").unwrap(), text.find("joblib.load").unwrap());
        assert!(define < open);
    }
}
