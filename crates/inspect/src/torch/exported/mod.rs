//! Exported programs: `torch.export.save`. The graph is JSON that declares its inputs, outputs and parameters.
//!
//! `torch/_export/serde/schema.py`: the fields and the numbers of the types.

use packwright_formats::json::JsonScanner;
use packwright_mlflow::schema::TensorSpec;
use packwright_source::{Budget, Limits};
use serde_json::{Value as Json, json};

use super::Described;
use super::archive::{Archive, Layout};
use super::call;
use super::script::is_numpy;
use crate::structure::{self, end, shape_text};
use crate::{
    Fact, InspectError, Part, PytorchForm, Serving, Sourced, SourcedSchema, SourcedSignature, TorchInput,
};

mod program;

use program::{Meta, Program, read};

const FORMAT: &str = "torch-export";

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
    // torch.export.load takes the one of that name where there are several.
    let usual = names.iter().find(|name| *name == "models/model.json");
    let name = usual.or(names.first()).map(String::as_str).unwrap_or_default();
    let gone = || crate::strangers::unread("its graph is gone", "export the model again");
    let source = archive.source(name, budget)?.ok_or_else(gone)?;
    let program = read(&mut JsonScanner::over(FORMAT, &*source, 0, limits))?;
    let inputs = program.inputs();
    let outputs = program.outputs();
    let form = PytorchForm::Exported;
    let (serving, warnings) = match program.call() {
        Err(why) => (Serving::No, vec![why]),
        Ok(call) => {
            let is_native = inputs.len() == 1
                && call.is_flat()
                && call::is_one_tensor(&program.out_spec)
                && inputs.iter().chain(&outputs).all(|(_, meta)| meta.is_some_and(Meta::is_numpy));
            if is_native {
                (Serving::Pytorch { form }, Vec::new())
            } else {
                let inputs = inputs.iter().map(|(name, meta)| input(name, *meta)).collect();
                let call = (!call.is_flat()).then_some(call);
                (Serving::TorchProgram { form, inputs, call }, Vec::new())
            }
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
        ..Described::blank("torch-export-pt2")
    })
}

/// An input as generated code takes it: types that NumPy has no word for come as float32 and are cast.
fn input(name: &str, meta: Option<&Meta>) -> TorchInput {
    let dtype = meta.and_then(|meta| meta.dtype).map(|(dtype, _)| dtype.to_owned());
    match dtype {
        Some(dtype) if !is_numpy(&dtype) => {
            TorchInput { name: name.to_owned(), dtype: Some("float32".to_owned()), cast: Some(dtype) }
        }
        dtype => TorchInput { name: name.to_owned(), dtype, cast: None },
    }
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

/// The tensors of one side; `None` when one of them is no tensor.
fn schema(side: &[(String, Option<&Meta>)], source: &str) -> Option<SourcedSchema> {
    let is_alone = side.len() == 1;
    let specs = side.iter().map(|(name, meta)| {
        let meta = (*meta)?;
        let (dtype, _) = meta.dtype?;
        let symbols: Vec<&str> =
            meta.sides.iter().filter_map(|side| side.as_ref().err().map(String::as_str)).collect();
        let mut source = match symbols[..] {
            [] => source.to_owned(),
            _ => format!("{source}; {} may vary", symbols.join(", ")),
        };
        // The generated code casts it: NumPy, and so MLflow, has no word for the type.
        let dtype = if is_numpy(dtype) {
            dtype
        } else {
            source.push_str(&format!(", as {dtype}"));
            "float32"
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
