//! Weights of Keras without a network: a generated `model.py` makes the network that another file describes, and gives
//! it the weights.

use packwright_inspect::Inspection;
use serde_yaml::{Mapping, Value};

use super::{Layout, block, copied, from_code};
use crate::network::{Network, NetworkForm};

/// Both files and the code. Keras tells by the name how weights are laid out: `is_by_layer` is as Keras 2 did.
pub(super) fn from_code(inspection: &Inspection, is_by_layer: bool, network: &Network) -> Layout {
    let weights = if is_by_layer { "artifacts/weights.h5" } else { "artifacts/model.weights.h5" };
    // And how models are.
    let (ending, make) = match (network.form(), network.inspection.format) {
        (NetworkForm::Json, _) => ("json", MAKE_JSON),
        (NetworkForm::Model, "keras-v3") => ("keras", MAKE_MODEL),
        (NetworkForm::Model, _) => ("h5", MAKE_MODEL),
    };
    let place = format!("artifacts/network.{ending}");
    let path = match network.form() {
        NetworkForm::Json => "from pathlib import Path\n\n",
        NetworkForm::Model => "",
    };
    let (import, keras) = match network.module() {
        "tensorflow.keras" => ("import tensorflow as tf\n", "tf.keras"),
        "tf_keras" => ("import tf_keras\n", "tf_keras"),
        _ => ("import keras\n", "keras"),
    };
    let text = format!(
        "# Makes the network that artifacts/network.{ending} describes and gives it the weights.\n{path}{import}from \
         mlflow.models import set_model\nfrom mlflow.pyfunc import PythonModel\n\n\nclass \
         Model(PythonModel):\n    def load_context(self, context):\n{made}{TAIL}",
        made = make.replace("KERAS", keras),
    );
    let mut layout = from_code::layout(inspection, text, Mapping::new(), Vec::new());
    let file = |path: &str| -> Value {
        Value::Mapping(block([("path", Value::from(path)), ("uri", Value::from(path))]))
    };
    let artifacts = block([("model", file(weights)), ("network", file(&place))]);
    for (_, python) in &mut layout.blocks {
        python.insert(Value::from("artifacts"), Value::Mapping(artifacts.clone()));
    }
    layout.data = vec![copied(inspection, weights), copied(&network.inspection, &place)];
    layout
}

const MAKE_JSON: &str = r#"        text = Path(context.artifacts["network"]).read_text(encoding="utf-8")
        self._network = KERAS.models.model_from_json(text)
"#;

const MAKE_MODEL: &str = r#"        path = context.artifacts["network"]
        self._network = KERAS.models.load_model(path, compile=False)
"#;

const TAIL: &str = r#"        self._network.load_weights(context.artifacts["model"])

    def predict(self, context, model_input, params=None):
        # A table goes in as one array.
        if hasattr(model_input, "to_numpy"):
            model_input = model_input.to_numpy()
        return self._network.predict(model_input, verbose=0)


set_model(Model())
"#;
