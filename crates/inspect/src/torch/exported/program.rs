//! The graph of an exported program, as far as it is read.

use std::collections::BTreeMap;

use packwright_formats::json::{JsonKind, JsonScanner};
use packwright_source::{ErrorKind, ReadError};
use serde_json::Value as Json;

use super::super::call::{self, Leaf};
use super::super::script::is_numpy;
use crate::{Tensor, Tensors, TorchArgument, TorchCall};

/// The numbers of the types, NumPy's name, and the bytes of one element.
const DTYPES: &[(u64, &str, u64)] = &[
    (1, "uint8", 1),
    (2, "int8", 1),
    (3, "int16", 2),
    (4, "int32", 4),
    (5, "int64", 8),
    (6, "float16", 2),
    (7, "float32", 4),
    (8, "float64", 8),
    (9, "complex32", 4),
    (10, "complex64", 8),
    (11, "complex128", 16),
    (12, "bool", 1),
    (13, "bfloat16", 2),
    (28, "uint16", 2),
    (29, "float8_e4m3fn", 1),
    (30, "float8_e5m2", 1),
    (31, "float8_e4m3fnuz", 1),
    (32, "float8_e5m2fnuz", 1),
];

/// What is read of the graph.
#[derive(Debug, Default)]
pub(super) struct Program {
    pub(super) torch_version: Option<String>,
    pub(super) schema_version: Option<String>,
    pub(super) opsets: Json,
    pub(super) ranges: Json,
    tensors: BTreeMap<String, Meta>,
    /// How often the graph calls each operator.
    pub(super) operators: BTreeMap<String, u64>,
    specs: Json,
    /// The outermost module: the names of its arguments, and the trees that they and its results are.
    argument_names: Vec<String>,
    in_spec: String,
    pub(super) out_spec: String,
    is_outermost_read: bool,
}

/// A tensor of the graph: its type, and each side as a number or the name of a symbol.
#[derive(Debug, Clone)]
pub(super) struct Meta {
    pub(super) dtype: Option<(&'static str, u64)>,
    pub(super) sides: Vec<Result<u64, String>>,
}

/// Reads the graph.
pub(super) fn read(json: &mut JsonScanner<'_>) -> Result<Program, ReadError> {
    let mut program = Program::default();
    json.begin_object()?;
    while let Some(key) = json.next_key()? {
        match key.as_str() {
            "torch_version" => program.torch_version = json.value()?.as_str().map(str::to_owned),
            "schema_version" => {
                let version = json.value()?;
                let part = |name: &str| version.get(name).and_then(Json::as_u64);
                if let (Some(major), Some(minor)) = (part("major"), part("minor")) {
                    program.schema_version = Some(format!("{major}.{minor}"));
                }
            }
            "opset_version" => program.opsets = json.value()?,
            "range_constraints" => program.ranges = json.value()?,
            "graph_module" => read_module(json, &mut program)?,
            _ => json.skip()?,
        }
    }
    if program.specs.is_null() {
        let kind = ErrorKind::malformed("graph", "a signature", "none");
        return Err(json.error(kind));
    }
    Ok(program)
}

fn read_module(json: &mut JsonScanner<'_>, program: &mut Program) -> Result<(), ReadError> {
    json.begin_object()?;
    while let Some(key) = json.next_key()? {
        match key.as_str() {
            "graph" => {
                json.begin_object()?;
                while let Some(key) = json.next_key()? {
                    if key == "tensor_values" && json.kind()? == JsonKind::Object {
                        json.begin_object()?;
                        while let Some(name) = json.next_key()? {
                            let meta = Meta::of(&json.value()?);
                            program.tensors.insert(name, meta);
                        }
                    } else if key == "nodes" && json.kind()? == JsonKind::Array {
                        json.begin_array()?;
                        while json.next_item()? {
                            program.count_operator(&json.value()?);
                        }
                    } else {
                        json.skip()?;
                    }
                }
            }
            "signature" => program.specs = json.value()?,
            "module_call_graph" if json.kind()? == JsonKind::Array => {
                json.begin_array()?;
                while json.next_item()? {
                    if program.is_outermost_read {
                        json.skip()?;
                    } else {
                        read_outermost(&json.value()?, program);
                    }
                }
            }
            _ => json.skip()?,
        }
    }
    Ok(())
}

/// The first entry is the outermost module.
fn read_outermost(call: &Json, program: &mut Program) {
    program.is_outermost_read = true;
    let Some(signature) = call.get("signature") else { return };
    let names = signature.get("forward_arg_names").and_then(Json::as_array);
    let names = names.into_iter().flatten().filter_map(|name| name.as_str().map(str::to_owned));
    program.argument_names = names.collect();
    let text = |key: &str| signature.get(key).and_then(Json::as_str).unwrap_or_default().to_owned();
    (program.in_spec, program.out_spec) = (text("in_spec"), text("out_spec"));
}

impl Meta {
    fn of(value: &Json) -> Self {
        let number = value.get("dtype").and_then(Json::as_u64);
        let dtype =
            DTYPES.iter().find(|(n, _, _)| Some(*n) == number).map(|(_, dtype, bytes)| (*dtype, *bytes));
        let side = |side: &Json| {
            let symbol = side.pointer("/as_expr/expr_str").and_then(Json::as_str);
            let symbol = symbol.map_or("an unknown size".to_owned(), symbol_name);
            side.get("as_int").and_then(Json::as_u64).ok_or(symbol)
        };
        let sides = value.get("sizes").and_then(Json::as_array).into_iter().flatten().map(side);
        Self { dtype, sides: sides.collect() }
    }

    pub(super) fn is_numpy(&self) -> bool {
        self.dtype.is_some_and(|(dtype, _)| is_numpy(dtype))
    }

    /// The sides that are numbers; -1 for each symbol.
    pub(super) fn shape(&self) -> Vec<i64> {
        self.sides
            .iter()
            .map(|side| side.as_ref().ok().and_then(|n| i64::try_from(*n).ok()).unwrap_or(-1))
            .collect()
    }
}

impl Program {
    /// Counts what a node calls: `torch.ops.aten.linear.default` is `aten.linear`.
    fn count_operator(&mut self, node: &Json) {
        let Some(target) = node.get("target").and_then(Json::as_str) else { return };
        let name = target.strip_prefix("torch.ops.").unwrap_or(target);
        let name = name.strip_suffix(".default").unwrap_or(name);
        let n = self.operators.entry(name.to_owned()).or_insert(0);
        *n = n.saturating_add(1);
    }

    /// The inputs that a caller gives, under the names of the arguments where the program keeps them.
    pub(super) fn inputs(&self) -> Vec<(String, Option<&Meta>)> {
        let specs = self.specs.get("input_specs").and_then(Json::as_array);
        let specs = specs.into_iter().flatten().filter_map(|spec| spec.get("user_input"));
        let mut inputs: Vec<(String, Option<&Meta>)> = specs.map(|spec| self.argument(spec)).collect();
        if inputs.len() == self.argument_names.len() {
            for (input, name) in inputs.iter_mut().zip(&self.argument_names) {
                input.0.clone_from(name);
            }
        }
        inputs
    }

    pub(super) fn outputs(&self) -> Vec<(String, Option<&Meta>)> {
        let specs = self.specs.get("output_specs").and_then(Json::as_array);
        let specs = specs.into_iter().flatten().filter_map(|spec| spec.get("user_output"));
        specs.map(|spec| self.argument(spec)).collect()
    }

    fn argument(&self, spec: &Json) -> (String, Option<&Meta>) {
        let name = spec.pointer("/arg/as_tensor/name").and_then(Json::as_str);
        match name {
            Some(name) => (name.to_owned(), self.tensors.get(name)),
            None => ("an argument".to_owned(), None),
        }
    }

    /// How a caller hands the inputs over; a sentence where nothing but Python could.
    pub(super) fn call(&self) -> Result<TorchCall, String> {
        let specs = self.specs.get("input_specs").and_then(Json::as_array);
        let mut leaves = Vec::new();
        for spec in specs.into_iter().flatten() {
            if let Some(value) = spec.pointer("/constant_input/value") {
                leaves.push(Leaf::Constant(constant(value).ok_or_else(|| {
                    "The program takes a value that is neither a number nor a text, and no other in its place.".to_owned()
                })?));
            } else if let Some(input) = spec.get("user_input") {
                leaves.push(match input.get("arg") {
                    Some(argument) if argument.get("as_tensor").is_some() => Leaf::Input,
                    Some(argument) => Leaf::Constant(constant(argument).ok_or_else(|| {
                        let kind = argument.as_object().and_then(|kinds| kinds.keys().next());
                        format!(
                            "MLflow hands over tensors, and the program takes an argument of another kind ({}).",
                            kind.map_or("unknown", |kind| kind.trim_start_matches("as_"))
                        )
                    })?),
                    None => return Err("The program has an input of an unknown kind.".to_owned()),
                });
            }
        }
        // Programs of before these trees were written take one input after another.
        if self.in_spec.is_empty() && leaves.iter().all(|leaf| *leaf == Leaf::Input) {
            let positional = (0..leaves.len()).map(TorchArgument::Input).collect();
            return Ok(TorchCall { positional, named: Vec::new() });
        }
        call::call(&self.in_spec, &leaves).ok_or_else(|| {
            "The program takes objects of classes other than tuples, lists and dicts, which MLflow cannot hand over."
                .to_owned()
        })
    }

    /// The tensors that the program brings along.
    pub(super) fn parameters(&self) -> Tensors {
        let specs = self.specs.get("input_specs").and_then(Json::as_array);
        let rows = specs.into_iter().flatten().filter_map(|spec| {
            let kinds = [
                ("parameter", "parameter_name"),
                ("buffer", "buffer_name"),
                ("tensor_constant", "tensor_constant_name"),
            ];
            let (kind, inner, key) =
                kinds.iter().find_map(|(kind, key)| Some((*kind, spec.get(*kind)?, *key)))?;
            let meta = self.tensors.get(inner.pointer("/arg/name")?.as_str()?)?;
            let (dtype, item_bytes) = meta.dtype?;
            let shape =
                meta.sides.iter().map(|side| side.as_ref().ok().copied()).collect::<Option<Vec<u64>>>()?;
            let mut row = Tensor {
                name: inner.get(key)?.as_str()?.to_owned(),
                dtype: dtype.to_owned(),
                shape,
                size_bytes: 0,
                is_parameter: kind == "parameter",
            };
            row.size_bytes = row.n_elements().saturating_mul(item_bytes);
            Some(row)
        });
        rows.collect()
    }
}

/// A number, text or nothing that a program was exported with: `{"as_int": 2}`.
fn constant(argument: &Json) -> Option<Json> {
    let (kind, value) = argument.as_object()?.iter().next()?;
    match kind.as_str() {
        "as_none" => Some(Json::Null),
        "as_int" | "as_float" | "as_bool" | "as_string" => Some(value.clone()),
        _ => None,
    }
}

/// `s77` of `Symbol('s77', positive=True, integer=True)`, wherever it stands: sympy writes out how to make a symbol.
fn symbol_name(text: &str) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("Symbol('") {
        out.push_str(before);
        let Some((name, after)) = after.split_once('\'') else { break };
        out.push_str(name);
        rest = after.split_once(')').map_or("", |(_, after)| after);
    }
    out.push_str(rest);
    out.replace("Integer(", "(")
}
