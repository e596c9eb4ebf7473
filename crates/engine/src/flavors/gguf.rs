//! GGUF files, which llama.cpp opens: no flavor of MLflow does.

use std::path::Path;

use packwright_inspect::Inspection;
use packwright_mlflow::schema::{ColumnType, DataType, ParamSpec};
use serde_yaml::Value;

use super::{DataFile, Layout, block, from_code};
use crate::names;
use crate::plan::PlanError;

/// More context than this takes gigabytes of memory before the first answer. Who needs more says so when loading.
const CONTEXT: u64 = 4096;

/// The file and code that answers texts with it.
pub(super) fn from_code(inspection: &Inspection, is_chat: bool) -> Result<Layout, PlanError> {
    let trained = inspection.fact("context_length").and_then(|fact| fact.value.as_u64());
    let n_ctx = trained.filter(|n| 0 < *n).map_or(CONTEXT, |n| n.min(CONTEXT));
    let param = |name: &str, ty, default: serde_json::Value| ParamSpec {
        name: name.to_owned(),
        ty: ColumnType::Scalar(ty),
        default,
        shape: None,
    };
    let params = vec![
        param("max_tokens", DataType::Long, 256.into()),
        param("temperature", DataType::Double, 0.8.into()),
    ];
    let answer = if is_chat { CHAT } else { COMPLETION };
    let config = block([("n_ctx", Value::from(n_ctx))]);
    let mut layout = from_code::layout(inspection, format!("{HEAD}{answer}{TAIL}"), config, params);
    // The other files of a model in parts, which llama.cpp finds by their names.
    let folder = inspection.artifact.path.parent().unwrap_or(Path::new(""));
    for name in &inspection.artifact.side_files {
        let from = folder.join(name);
        let refuse = |reason: String| PlanError::SideFile { name: name.clone(), reason };
        let metadata = std::fs::metadata(&from).map_err(|error| refuse(error.to_string()))?;
        let path = format!("{}/{}", from_code::FOLDER, names::portable(name));
        layout.data.push(DataFile::copied(path, from, metadata.len()));
    }
    Ok(layout)
}

const HEAD: &str = r#"# Answers texts with the GGUF file in artifacts/, which llama.cpp runs.
import threading

from llama_cpp import Llama
from mlflow.models import set_model
from mlflow.pyfunc import PythonModel


class Model(PythonModel):
    def load_context(self, context):
        # How many tokens fit, question and answer together. More takes more memory.
        # mlflow.pyfunc.load_model(path, model_config={"n_ctx": 8192}) changes it.
        n_ctx = context.model_config["n_ctx"]
        path = context.artifacts["model"]
        self._llama = Llama(model_path=path, n_ctx=n_ctx, verbose=False)
        # llama.cpp answers one request at a time.
        self._lock = threading.Lock()

    def predict(self, context, model_input, params=None):
        params = params or {}
        options = {
            "max_tokens": params.get("max_tokens", 256),
            "temperature": params.get("temperature", 0.8),
        }
        with self._lock:
            return [self._answer(text, options) for text in _texts(model_input)]

"#;

const CHAT: &str = r#"    def _answer(self, text, options):
        # The file's own chat template puts the text into the form of its training.
        messages = [{"role": "user", "content": text}]
        reply = self._llama.create_chat_completion(messages=messages, **options)
        return reply["choices"][0]["message"]["content"]
"#;

const COMPLETION: &str = r#"    def _answer(self, text, options):
        # The file has no chat template: the model goes on where the text ends.
        return self._llama.create_completion(text, **options)["choices"][0]["text"]
"#;

const TAIL: &str = r#"

def _texts(data):
    # MLflow hands over a table with one column; others may give one text, or a list.
    if hasattr(data, "iloc"):
        data = data.iloc[:, 0].tolist()
    return [data] if isinstance(data, str) else list(data)


set_model(Model())
"#;
