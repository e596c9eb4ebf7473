//! Exported programs: `torch.export.save`. The graph is JSON that declares its inputs, outputs and parameters.
//!
//! `torch/_export/serde/schema.py`: the fields and the numbers of the types.

use std::collections::BTreeMap;

use packwright_formats::json::{JsonKind, JsonScanner};
use packwright_mlflow::schema::TensorSpec;
use packwright_source::{Budget, ErrorKind, Limits, ReadError};
use serde_json::{Value as Json, json};

use super::Described;
use super::archive::{Archive, Layout};
use super::script::is_numpy;
use crate::structure::{self, end, shape_text};
use crate::{
    Fact, InspectError, Part, PytorchForm, Serving, Sourced, SourcedSchema, SourcedSignature, Tensor,
    Tensors, TorchInput,
};

const FORMAT: &str = "torch-export";

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
struct Program {
    torch_version: Option<String>,
    schema_version: Option<String>,
    opsets: Json,
    ranges: Json,
    tensors: BTreeMap<String, Meta>,
    /// How often the graph calls each operator.
    operators: BTreeMap<String, u64>,
    specs: Json,
    argument_names: Vec<String>,
}

/// A tensor of the graph: its type, and each side as a number or the name of a symbol.
#[derive(Debug, Clone)]
struct Meta {
    dtype: Option<(&'static str, u64)>,
    sides: Vec<Result<u64, String>>,
}

/// Describes a program.
pub(super) fn describe(
    archive: &mut Archive,
    layout: Layout,
    limits: &Limits,
    budget: &mut Budget,
) -> Result<Described, InspectError> {
    let names: Vec<String> = match layout {
        Layout::Models => archive.models().map(str::to_owned).collect(),
        Layout::Flat => vec!["serialized_exported_program.json".to_owned()],
    };
    let name = names.first().map(String::as_str).unwrap_or_default();
    let gone = || crate::strangers::unread("its graph is gone", "export the model again");
    let source = archive.source(name, budget)?.ok_or_else(gone)?;
    let program = read(&mut JsonScanner::over(FORMAT, &*source, 0, limits))?;
    let inputs = program.inputs();
    let outputs = program.outputs();
    let is_plain = inputs.len() == 1 && outputs.len() == 1;
    let form = PytorchForm::Exported;
    let (serving, warnings) = match inputs.iter().find(|(_, meta)| meta.is_none()) {
        Some((name, _)) => (
            Serving::No,
            vec![format!("MLflow hands over tensors, and the program takes {name}, which is none.")],
        ),
        None if is_plain => (Serving::Pytorch { form }, Vec::new()),
        None => {
            let input = |(name, meta): &(String, Option<&Meta>)| TorchInput {
                name: name.clone(),
                dtype: meta.and_then(|meta| Some(meta.dtype?.0.to_owned())),
            };
            (Serving::TorchProgram { form, inputs: inputs.iter().map(input).collect() }, Vec::new())
        }
    };
    let version = program.torch_version.clone().map(|version| Sourced::new(version, "torch_version"));
    let mut facts = vec![Fact {
        name: "kind",
        value: json!("exported program"),
        source: "the members of the archive".into(),
    }];
    let mut fact = |name, value: Json, source: &str| {
        if !value.is_null() && value != json!({}) {
            facts.push(Fact { name, value, source: source.to_owned() });
        }
    };
    fact("schema_version", json!(program.schema_version), "schema_version");
    fact("opsets", program.opsets.clone(), "opset_version");
    fact("symbolic_dimensions", program.ranges.clone(), "range_constraints");
    if 1 < names.len() {
        fact("programs", json!(names), "the members of the archive");
    }
    Ok(Described {
        format: "torch-export-pt2",
        version,
        class: Some(Sourced::new("torch.export.ExportedProgram".to_owned(), "the members of the archive")),
        serving,
        signature: SourcedSignature {
            inputs: schema(&inputs, "the graph's user_input"),
            outputs: schema(&outputs, "the graph's user_output"),
            params: None,
        },
        structure: structure(&program, &inputs, &outputs),
        tensors: program.parameters(),
        facts,
        warnings,
        own_modules: Vec::new(),
    })
}

/// What goes in with the names of the symbols, how often each operator is called, and what comes out.
fn structure(
    program: &Program,
    inputs: &[(String, Option<&Meta>)],
    outputs: &[(String, Option<&Meta>)],
) -> Option<Part> {
    let mut whole = structure::of_operators(program.operators.iter())?;
    let row = |kind: &'static str| {
        move |(name, meta): &(String, Option<&Meta>)| {
            let meta = meta.as_ref();
            let dtype = meta.and_then(|meta| Some(meta.dtype?.0.to_owned()));
            let side = |side: &Result<u64, String>| {
                Some(side.as_ref().map_or_else(|symbol| plain(symbol), ToString::to_string))
            };
            end(kind, name, dtype, meta.map(|meta| shape_text(meta.sides.iter().map(side))))
        }
    };
    whole.parts.splice(0..0, inputs.iter().map(row("input")));
    whole.parts.extend(outputs.iter().map(row("output")));
    Some(whole)
}

/// `2*Symbol('s0', positive=True, integer=True)`: `2*s0`.
fn plain(expression: &str) -> String {
    let mut out = String::new();
    let mut rest = expression;
    while let Some((before, symbol)) = rest.split_once("Symbol('") {
        out.push_str(before);
        let Some((name, after)) = symbol.split_once('\'') else { break };
        out.push_str(name);
        rest = after.split_once(')').map_or("", |(_, after)| after);
    }
    out.push_str(rest);
    out
}

fn read(json: &mut JsonScanner<'_>) -> Result<Program, ReadError> {
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
                    if program.argument_names.is_empty() {
                        program.argument_names = argument_names(&json.value()?);
                    } else {
                        json.skip()?;
                    }
                }
            }
            _ => json.skip()?,
        }
    }
    Ok(())
}

/// `forward_arg_names` of the outermost module.
fn argument_names(call: &Json) -> Vec<String> {
    let names = call.pointer("/signature/forward_arg_names").and_then(Json::as_array);
    names.into_iter().flatten().filter_map(|name| name.as_str().map(str::to_owned)).collect()
}

impl Meta {
    fn of(value: &Json) -> Self {
        let number = value.get("dtype").and_then(Json::as_u64);
        let dtype =
            DTYPES.iter().find(|(n, _, _)| Some(*n) == number).map(|(_, dtype, bytes)| (*dtype, *bytes));
        let side = |side: &Json| {
            let symbol = side.pointer("/as_expr/expr_str").and_then(Json::as_str).unwrap_or("unknown");
            side.get("as_int").and_then(Json::as_u64).ok_or_else(|| symbol.to_owned())
        };
        let sides = value.get("sizes").and_then(Json::as_array).into_iter().flatten().map(side);
        Self { dtype, sides: sides.collect() }
    }

    /// The sides that are numbers; one for each symbol.
    fn shape(&self) -> Vec<i64> {
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
    fn inputs(&self) -> Vec<(String, Option<&Meta>)> {
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

    fn outputs(&self) -> Vec<(String, Option<&Meta>)> {
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

    /// The tensors that the program brings along.
    fn parameters(&self) -> Tensors {
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

/// The tensors of one side; `None` when one of them is no tensor or of a type that NumPy lacks.
fn schema(side: &[(String, Option<&Meta>)], source: &str) -> Option<SourcedSchema> {
    let is_alone = side.len() == 1;
    let specs = side.iter().map(|(name, meta)| {
        let meta = (*meta)?;
        let (dtype, _) = meta.dtype.filter(|(dtype, _)| is_numpy(dtype))?;
        let symbols: Vec<&str> =
            meta.sides.iter().filter_map(|side| side.as_ref().err().map(String::as_str)).collect();
        let source = match symbols[..] {
            [] => source.to_owned(),
            _ => format!("{source}; {} may vary", symbols.join(", ")),
        };
        let spec = TensorSpec {
            name: (!is_alone).then(|| name.clone()),
            dtype: dtype.to_owned(),
            shape: meta.shape(),
        };
        Some(Sourced::new(spec, source))
    });
    let specs: Vec<Sourced<TensorSpec>> = specs.collect::<Option<_>>()?;
    (!specs.is_empty()).then_some(SourcedSchema::Tensors(specs))
}
