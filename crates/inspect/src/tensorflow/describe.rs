//! What a `SavedModel` means: its signature and facts.

use std::collections::{BTreeMap, BTreeSet};

use packwright_mlflow::schema::TensorSpec;
use serde_json::{Map, Value, json};

use super::objects::Function;
use super::proto::{MetaGraph, Signature, TensorInfo};
use crate::{Fact, Sourced, SourcedSchema, SourcedSignature};

/// The signature that is served when there is one of this name.
const DEFAULT: &str = "serving_default";

/// A type of elements by TensorFlow's number: NumPy's word for it, where it has one, and its bytes.
pub(super) fn element(dtype: u64) -> (&'static str, u64) {
    // References to variables are numbered a hundred above.
    match if 100 < dtype { dtype.saturating_sub(100) } else { dtype } {
        1 => ("float32", 4),
        2 => ("float64", 8),
        3 => ("int32", 4),
        4 => ("uint8", 1),
        5 => ("int16", 2),
        6 => ("int8", 1),
        7 => ("object", 0),
        8 => ("complex64", 8),
        9 => ("int64", 8),
        10 => ("bool", 1),
        14 => ("bfloat16", 2),
        17 => ("uint16", 2),
        18 => ("complex128", 16),
        19 => ("float16", 2),
        22 => ("uint32", 4),
        23 => ("uint64", 8),
        _ => ("unknown", 0),
    }
}

/// The signature to serve. What TensorFlow itself calls when it loads the model is none.
pub(super) fn served(graph: &MetaGraph) -> Option<(&String, &Signature)> {
    let mut callable = graph.signatures.iter().filter(|(name, _)| !name.starts_with("__"));
    graph.signatures.get_key_value(DEFAULT).or_else(|| callable.next())
}

/// Inputs and outputs under their names: MLflow hands them to the signature by name.
pub(super) fn signature(
    served: Option<(&String, &Signature)>,
    warnings: &mut Vec<String>,
) -> SourcedSignature {
    let Some((name, signature)) = served else { return SourcedSignature::default() };
    let mut schema = |ends: &BTreeMap<String, TensorInfo>, which: &str| -> Option<SourcedSchema> {
        let mut tensors = Vec::new();
        for (key, info) in ends {
            let source = format!("the signature {name}, {which} {key}");
            match spec(key, info) {
                Ok(spec) => tensors.push(Sourced::new(spec, source)),
                Err(reason) => {
                    warnings.push(format!("The {which}s have no signature: {key} is {reason}."));
                    return None;
                }
            }
        }
        (!tensors.is_empty()).then_some(SourcedSchema::Tensors(tensors))
    };
    SourcedSignature {
        inputs: schema(&signature.inputs, "input"),
        outputs: schema(&signature.outputs, "output"),
        params: None,
    }
}

fn spec(name: &str, info: &TensorInfo) -> Result<TensorSpec, &'static str> {
    let dtype = match element(info.dtype).0 {
        "unknown" => return Err("of a type that NumPy does not have"),
        "bfloat16" => return Err("of bfloat16, which NumPy does not have"),
        dtype => dtype,
    };
    let shape = info.shape.clone().ok_or("a tensor of unknown rank")?;
    Ok(TensorSpec { name: Some(name.to_owned()), dtype: dtype.to_owned(), shape })
}

/// A saved object that can be called itself: by MLflow with one tensor.
pub(super) struct Module<'a> {
    /// What it can be called with, one tensor each.
    functions: Vec<&'a Function>,
}

/// The object as what can be called, where it has a function for that and one of its forms takes one tensor.
pub(super) fn module(graph: &MetaGraph) -> Option<Module<'_>> {
    let functions: Vec<&Function> =
        graph.callables.get(CALL)?.iter().filter(|function| function.inputs.len() == 1).collect();
    (!functions.is_empty()).then_some(Module { functions })
}

/// What Python calls an object by.
const CALL: &str = "__call__";

impl Module<'_> {
    /// The only form that there is; of several none is known to be meant.
    fn only(&self) -> Option<&Function> {
        let first = self.functions.first()?;
        self.functions.iter().all(|other| other == first).then_some(first)
    }

    /// What goes in and what comes out.
    pub(super) fn signature(&self) -> SourcedSignature {
        let Some(function) = self.only() else { return SourcedSignature::default() };
        let schema = |tensors: &[(String, TensorInfo)]| {
            let [(name, info)] = tensors else { return None };
            let spec = TensorSpec { name: None, ..spec(name, info).ok()? };
            let source = "the function __call__ of the saved object";
            Some(SourcedSchema::Tensors(vec![Sourced::new(spec, source)]))
        };
        SourcedSignature {
            inputs: schema(&function.inputs),
            outputs: if function.gives_tensor { schema(&function.outputs) } else { None },
            params: None,
        }
    }

    /// What is to be known about calling it.
    pub(super) fn warning(&self) -> Option<String> {
        let gives_tensor = self.functions.iter().all(|function| function.gives_tensor);
        (!gives_tensor).then(|| {
            "The model gives more than one tensor, and MLflow hands them over as TensorFlow's own, which its server cannot \
             send. Save it again with signatures=model.__call__.get_concrete_function(…)."
                .to_owned()
        })
    }
}

/// Why a model without a signature cannot be served.
pub(super) fn not_callable(graph: &MetaGraph) -> String {
    let functions: Vec<&str> = graph.callables.keys().map(String::as_str).take(5).collect();
    let (has, example) = match functions.as_slice() {
        [] => (String::new(), "f"),
        [CALL, ..] => (" It can be called, though not with one tensor alone.".to_owned(), CALL),
        [first, ..] => {
            (format!(" It has functions that MLflow does not call: {}.", functions.join(", ")), *first)
        }
    };
    format!(
        "The model has no signature that can be called.{has} Save it again with tf.saved_model.save(model, path, \
         signatures=model.{example}.get_concrete_function(…))."
    )
}

/// What the model says beyond the signature that is served.
pub(super) fn facts(graph: &MetaGraph, n_graphs: usize) -> Vec<Fact> {
    let mut facts = Vec::new();
    let mut add =
        |name, value: Value, source: &str| facts.push(Fact { name, value, source: source.to_owned() });
    add("tags", json!(graph.tags), "saved_model.pb meta_info_def");
    if 1 < n_graphs {
        add("n_graphs", json!(n_graphs), "saved_model.pb");
    }
    if let Some((name, _)) = served(graph) {
        add(
            "served_signature",
            json!(name),
            if name == DEFAULT { "its name" } else { "assumed: the first by name" },
        );
    }
    let callable = graph.signatures.iter().filter(|(name, _)| !name.starts_with("__"));
    let signatures: Map<String, Value> = callable
        .map(|(name, signature)| {
            let value = json!({
                "inputs": ends(&signature.inputs), "outputs": ends(&signature.outputs), "method": signature.method
            });
            (name.clone(), value)
        })
        .collect();
    add("signatures", Value::Object(signatures), "saved_model.pb signature_def");
    if !graph.callables.is_empty() && served(graph).is_none() {
        let form = |function: &Function| json!({"inputs": named(&function.inputs), "outputs": named(&function.outputs)});
        let functions: Map<String, Value> = graph
            .callables
            .iter()
            .map(|(name, forms)| (name.clone(), forms.iter().take(FORMS).map(form).collect()))
            .collect();
        add("functions", Value::Object(functions), "saved_model.pb object_graph_def");
    }
    if !graph.variables.is_empty() {
        add("n_variables", json!(graph.variables.len()), "saved_model.pb object_graph_def");
        // Keras exports keep a second variable of each weight for the endpoint.
        let distinct: BTreeSet<(&str, &[u64])> = graph
            .variables
            .iter()
            .filter(|variable| variable.is_parameter)
            .map(|variable| (variable.name.as_str(), variable.shape.as_slice()))
            .collect();
        let sum =
            distinct.iter().map(|(_, shape)| shape.iter().fold(1_u64, |n, side| n.saturating_mul(*side)));
        let n = sum.fold(0_u64, u64::saturating_add);
        let value = if n < 1 << 53 { json!(n) } else { json!(n.to_string()) };
        add("n_parameters", value, "the trainable variables; those of one name and shape are counted once");
    }
    let n_nodes = graph.operators.values().fold(0_u64, |sum, n| sum.saturating_add(*n));
    add("n_nodes", json!(n_nodes), "the graph and its functions");
    let operators: Map<String, Value> =
        graph.operators.iter().map(|(name, n)| (name.clone(), json!(n))).collect();
    add("operators", Value::Object(operators), "the graph and its functions");
    if !graph.assets.is_empty() {
        add("assets", json!(graph.assets), "saved_model.pb asset_file_def");
    }
    facts
}

/// How many forms of one function are shown.
const FORMS: usize = 20;

fn named(tensors: &[(String, TensorInfo)]) -> Value {
    tensors
        .iter()
        .map(|(name, info)| json!({"name": name, "dtype": element(info.dtype).0, "shape": info.shape}))
        .collect()
}

fn ends(ends: &BTreeMap<String, TensorInfo>) -> Value {
    let end = |(name, info): (&String, &TensorInfo)| {
        (name.clone(), json!({"dtype": element(info.dtype).0, "shape": info.shape}))
    };
    Value::Object(ends.iter().map(end).collect())
}
