//! The `python_function` flavor over a generated `model.py` (MLflow's "models from code"): formats whose runtime MLflow
//! does not know.

use packwright_inspect::Inspection;
use packwright_mlflow::schema::ParamSpec;
use serde_yaml::{Mapping, Value};

use super::{DataFile, Layout, artifact_name, block, copied};
use crate::names;

/// Where MLflow looks for the code; it must lie in the root.
const MODEL_CODE: &str = "model.py";

/// Where the files lie that the code opens.
pub(super) const FOLDER: &str = "artifacts";

/// The artifact in `artifacts/`, and the code that opens it as `context.artifacts["model"]`. What is in `config` can be
/// changed when the model is loaded.
pub(super) fn layout(
    inspection: &Inspection,
    text: String,
    config: Mapping,
    params: Vec<ParamSpec>,
) -> Layout {
    let path = format!("{FOLDER}/{}", names::portable(&artifact_name(inspection)));
    let file = copied(inspection, &path);
    of(&path, vec![file], (text, config, params))
}

/// The same for these files; `path` is the one that the code is given.
pub(super) fn of(
    path: &str,
    data: Vec<DataFile>,
    (text, config, params): (String, Mapping, Vec<ParamSpec>),
) -> Layout {
    let artifact = block([("path", Value::from(path)), ("uri", Value::from(path))]);
    let mut python = block([
        ("artifacts", Value::Mapping(block([("model", Value::Mapping(artifact))]))),
        ("loader_module", Value::from("mlflow.pyfunc.loaders.code_model")),
        ("model_code_path", Value::from(MODEL_CODE)),
        ("streamable", Value::from(false)),
    ]);
    if !config.is_empty() {
        python.insert(Value::from("config"), Value::Mapping(config));
    }
    Layout {
        data,
        model_code: Some((MODEL_CODE.to_owned(), text)),
        blocks: vec![("python_function", python)],
        params,
        ..Layout::default()
    }
}

#[cfg(test)]
mod tests {
    use packwright_inspect::{Fact, Serving, Sourced, SourcedSchema};
    use packwright_mlflow::schema::TensorSpec;

    use crate::flavors::{Layout, layout};
    use crate::testing::draft;

    fn packed(path: &str, serving: Serving, facts: &[(&'static str, serde_json::Value)]) -> Layout {
        let draft = draft(|inspection| {
            inspection.artifact.path = path.into();
            inspection.serving = serving;
            let fact = |(name, value): &(&'static str, serde_json::Value)| Fact {
                name,
                value: value.clone(),
                source: "the file".into(),
            };
            inspection.facts = facts.iter().map(fact).collect();
            let input = Sourced::new(TensorSpec::unnamed("float32", vec![-1, 4]), "the file");
            inspection.signature.inputs = Some(SourcedSchema::Tensors(vec![input]));
        });
        layout(&draft, None).unwrap()
    }

    #[test]
    fn the_code_lies_in_the_root_and_the_file_in_artifacts() {
        let gguf =
            packed("my chat.gguf", Serving::Gguf { is_chat: true }, &[("context_length", 8192.into())]);
        let expected =
            r#"{"artifacts":{"model":{"path":"artifacts/my_chat.gguf","uri":"artifacts/my_chat.gguf"}},"#
                .to_owned()
                + r#""loader_module":"mlflow.pyfunc.loaders.code_model","model_code_path":"model.py","streamable":false,"#
                + r#""config":{"n_ctx":4096}}"#;
        assert_eq!(serde_json::to_string(&gguf.blocks[0].1).unwrap(), expected);
        assert_eq!(gguf.blocks[0].0, "python_function");
        assert_eq!(gguf.data[0].path, "artifacts/my_chat.gguf");
        let (path, code) = gguf.model_code.unwrap();
        assert_eq!(path, "model.py");
        assert!(code.contains("create_chat_completion") && !code.contains("create_completion"), "{code}");
        let names: Vec<_> = gguf.params.iter().map(|param| param.name.as_str()).collect();
        assert_eq!(names, ["max_tokens", "temperature"]);
    }

    #[test]
    fn a_small_context_is_used_whole_and_without_a_template_texts_are_continued() {
        let gguf = packed("a.gguf", Serving::Gguf { is_chat: false }, &[("context_length", 64.into())]);
        assert_eq!(gguf.blocks[0].1["config"]["n_ctx"], 64);
        assert!(gguf.model_code.unwrap().1.contains("create_completion(text"));
    }

    #[test]
    fn names_from_the_file_stand_in_the_code_as_python_texts() {
        let names = [("input_names", serde_json::json!(["x\"]\nimport os"]))];
        let signature = Some("say \"hi\"".to_owned());
        let tflite = packed("a.tflite", Serving::Tflite { signature, is_flex: true }, &names);
        let code = tflite.model_code.unwrap().1;
        assert!(code.contains(r#"get_signature_runner("say \"hi\"")"#), "{code}");
        assert!(
            code.contains("Interpreter = tf.lite.Interpreter") && !code.contains("ai_edge_litert"),
            "{code}"
        );
        assert!(code.contains(r#""x\"]\U0000000aimport os": "float32""#), "{code}");
        let serving = Serving::Tflite { signature: None, is_flex: false };
        let code = packed("a.tflite", serving, &names).model_code.unwrap().1;
        assert!(code.contains("set_tensor") && !code.contains("signature_runner"), "{code}");
    }
}
