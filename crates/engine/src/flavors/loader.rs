//! The `python_function` flavor over a generated loader module: files that no flavor of MLflow can open by itself.

use packwright_inspect::{Inspection, LoaderCall};
use packwright_mlflow::schema::{ColumnType, DataType, ParamSpec};
use serde_yaml::Value;
use sha2::{Digest as _, Sha256};

use super::{DataFile, Layout, artifact_name, block, copied};
use crate::names;
use crate::plan::PlanError;
use crate::receipt::hex;

/// A loader that opens the file with joblib, walks to the model and calls one of its methods.
pub(super) fn loader(inspection: &Inspection, path: &str, call: LoaderCall) -> Result<Layout, PlanError> {
    let steps = subscripts(path).ok_or_else(|| {
        PlanError::NotServable(format!(
            "The way to the model inside the file, {path}, cannot be written as Python."
        ))
    })?;
    let can_choose = call == LoaderCall::Predict && inspection.fact("class_labels").is_some();
    let text = if can_choose { choosing("predict", &steps) } else { calling(call, &steps) };
    Ok(layout(inspection, text, can_choose, Vec::new()))
}

/// The loader in place of a rewritten joblib file.
pub(super) fn fallback(inspection: &Inspection, predict_fn: &str, reason: &str) -> Result<Layout, PlanError> {
    let call = match predict_fn {
        "transform" => LoaderCall::Transform,
        "fit_predict" => LoaderCall::FitPredict,
        _ => LoaderCall::Predict,
    };
    let mut layout = loader(inspection, "", call)?;
    layout.warnings.push(format!(
        "The joblib file is packed as it is and opened by generated code, so mlflow.sklearn.load_model cannot open \
         the package; mlflow.pyfunc.load_model can. {reason}"
    ));
    Ok(layout)
}

/// A loader for a skops file, for releases of MLflow whose sklearn flavor does not know skops.
pub(super) fn skops(data: DataFile, trusted_types: &[String]) -> Layout {
    let names: Vec<String> =
        trusted_types.iter().map(|name| format!("    {},\n", python_string(name))).collect();
    let text = format!(
        r"import skops.io

TRUSTED = [
{}]


class Model:
    def __init__(self, path):
        self._model = skops.io.load(path, trusted=TRUSTED)

    def predict(self, data):
        return self._model.predict(data)

    def get_raw_model(self):
        return self._model


def _load_pyfunc(path):
    return Model(path)
",
        names.concat()
    );
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

fn layout(inspection: &Inspection, text: String, can_choose: bool, warnings: Vec<String>) -> Layout {
    let module = module_name(&text);
    let data = copied(inspection, &format!("data/{}", names::portable(&artifact_name(inspection))));
    let python =
        block([("data", Value::from(data.path.as_str())), ("loader_module", Value::from(module.as_str()))]);
    let params = if can_choose { vec![predict_fn_param()] } else { Vec::new() };
    Layout {
        data: vec![data],
        code: vec![(format!("code/{module}.py"), text)],
        blocks: vec![("python_function", python)],
        params,
        warnings,
    }
}

/// Python imports loader modules by plain name, and a second module of one name in a process gets the first one's
/// code. The name comes from the text, so equal names mean equal code.
pub(super) fn module_name(text: &str) -> String {
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

/// A loader whose callers may choose the method by the parameter `predict_fn`.
fn choosing(default: &str, steps: &str) -> String {
    format!(
        r#"import joblib

METHODS = ("predict", "predict_proba", "predict_log_proba", "decision_function", "transform")


class Model:
    def __init__(self, path):
        self._model = joblib.load(path){steps}

    def predict(self, data, params=None):
        method = (params or {{}}).get("predict_fn") or "{default}"
        if method not in METHODS:
            raise ValueError("predict_fn must be one of %s, not %r" % (", ".join(METHODS), method))
        return getattr(self._model, method)(data)

    def get_raw_model(self):
        return self._model


def _load_pyfunc(path):
    return Model(path)
"#
    )
}

/// A loader that calls one thing.
fn calling(call: LoaderCall, steps: &str) -> String {
    let (import, expression) = match call {
        LoaderCall::Predict | LoaderCall::LightgbmBooster => ("", "self._model.predict(data)"),
        LoaderCall::Transform => ("", "self._model.transform(data)"),
        LoaderCall::FitPredict => ("", "self._model.fit_predict(data)"),
        LoaderCall::XgboostBooster => ("import xgboost\n", "self._model.predict(xgboost.DMatrix(data))"),
    };
    format!(
        r"import joblib
{import}

class Model:
    def __init__(self, path):
        self._model = joblib.load(path){steps}

    def predict(self, data):
        return {expression}

    def get_raw_model(self):
        return self._model


def _load_pyfunc(path):
    return Model(path)
"
    )
}

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

/// A Python string literal in ASCII.
pub(super) fn python_string(text: &str) -> String {
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

    #[test]
    fn modules_of_one_name_hold_the_same_code() {
        let one = calling(LoaderCall::Predict, "");
        let other = calling(LoaderCall::Predict, "[1]");
        assert_ne!(module_name(&one), module_name(&other));
        assert_eq!(module_name(&one), module_name(&calling(LoaderCall::LightgbmBooster, "")));
        assert!(module_name(&one).starts_with("mlpack_") && module_name(&one).ends_with("_loader"));
    }
}
