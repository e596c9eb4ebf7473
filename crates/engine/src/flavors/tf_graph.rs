//! Frozen graphs of TensorFlow, which it runs from node to node: no flavor of MLflow opens them.

use packwright_inspect::Inspection;
use serde_yaml::Mapping;

use super::{Layout, from_code, python_string};

/// The file and code that runs it from the nodes `inputs` to the nodes `outputs`.
pub(super) fn from_code(inspection: &Inspection, inputs: &[String], outputs: &[String]) -> Layout {
    let names = |names: &[String]| {
        let lines: Vec<String> = names.iter().map(|name| format!("    {},\n", python_string(name))).collect();
        lines.concat()
    };
    let text = format!(
        "{HEAD}\n# The nodes that take what goes in.\nINPUTS = [\n{}]\n# The nodes that no other node takes: what comes \
         out.\nOUTPUTS = [\n{}]\n{BODY}",
        names(inputs),
        names(outputs)
    );
    let mut layout = from_code::layout(inspection, text, Mapping::new(), Vec::new());
    layout.warnings.push(format!(
        "The graph does not say what it gives. The package gives what no other node takes: {}.",
        listed(outputs)
    ));
    layout
}

fn listed(names: &[String]) -> String {
    let shown = names.iter().take(5).cloned().collect::<Vec<_>>().join(", ");
    if names.len() <= 5 { shown } else { format!("{shown} and {} more", names.len() - 5) }
}

const HEAD: &str = r"# Runs the frozen graph of TensorFlow in artifacts/.
import numpy as np
import tensorflow as tf
from mlflow.models import set_model
from mlflow.pyfunc import PythonModel
";

const BODY: &str = r#"

class Model(PythonModel):
    def load_context(self, context):
        graph = tf.compat.v1.GraphDef()
        with open(context.artifacts["model"], "rb") as file:
            graph.ParseFromString(file.read())

        def whole():
            tf.graph_util.import_graph_def(graph, name="")

        wrapped = tf.compat.v1.wrap_function(whole, [])
        find = wrapped.graph.get_operation_by_name
        feeds = [find(name).outputs[0] for name in INPUTS]
        fetches = {}
        for name in OUTPUTS:
            for tensor in find(name).outputs:
                fetches[tensor.name.removesuffix(":0")] = tensor
        self._dtypes = [feed.dtype.as_numpy_dtype for feed in feeds]
        self._run = wrapped.prune(feeds, fetches)

    def predict(self, context, model_input, params=None):
        # One input may come without its name, as an array or a table.
        is_named = isinstance(model_input, dict) and set(INPUTS) <= model_input.keys()
        if len(INPUTS) == 1 and not is_named:
            model_input = {name: model_input for name in INPUTS}
        pairs = zip(INPUTS, self._dtypes, strict=True)
        arrays = [np.asarray(model_input[name], dtype=dtype) for name, dtype in pairs]
        found = self._run(*[tf.constant(array) for array in arrays])
        return {name: tensor.numpy() for name, tensor in found.items()}


set_model(Model())
"#;

#[cfg(test)]
mod tests {
    use packwright_inspect::Serving;

    use crate::flavors::layout;
    use crate::testing::draft;

    #[test]
    fn names_of_nodes_stand_in_the_code_as_python_texts_and_what_is_assumed_is_said() {
        let draft = draft(|inspection| {
            inspection.artifact.path = "graph.pb".into();
            inspection.serving =
                Serving::TfGraph { inputs: vec!["x\"]\n".to_owned()], outputs: vec!["y".to_owned()] };
        });
        let made = layout(&draft, None).unwrap();
        let code = made.model_code.unwrap().1;
        assert!(code.contains(r#"    "x\"]\U0000000a","#), "{code}");
        assert!(code.contains("OUTPUTS = [\n    \"y\",\n]\n"), "{code}");
        assert_eq!(made.data[0].path, "artifacts/graph.pb");
        assert!(made.warnings[0].contains(": y."), "{:?}", made.warnings);
    }
}
