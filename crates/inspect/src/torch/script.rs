//! TorchScript: the class and its tensors from `data.pkl`, what `forward` takes and returns from the code, the shapes of
//! a traced model's example from `traced_inputs.pkl`.

use packwright_formats::pickle::Value;
use packwright_mlflow::schema::TensorSpec;
use packwright_source::{Budget, Limits};
use serde_json::json;

use super::archive::Archive;
use super::module::{DEPTH, LAYERS, TENSORS};
use super::saved::pickle_in;
use super::tensor::{STATISTICS, Seen, TensorValue, tensor};
use super::{Described, versions};
use crate::pickled::{Dialect, PickleFile, attr_names, class_of};
use crate::{
    Fact, InspectError, Part, PytorchForm, Serving, Sourced, SourcedSchema, SourcedSignature, Tensors,
    TorchInput,
};

/// The longest file of code that is read for `forward`.
const CODE_BYTES: u64 = 8 << 20;

/// What `forward` takes and returns, as its code declares it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Forward {
    /// Names and types of those that a caller must give, without `self`.
    pub(super) arguments: Vec<(String, String)>,
    /// The others: they have a default.
    pub(super) optional: Vec<(String, String)>,
    /// The type of the result: `Tensor`, `Tuple[Tensor, Tensor]`.
    pub(super) result: String,
}

/// Describes a script.
pub(super) fn describe(
    archive: &mut Archive,
    limits: &Limits,
    budget: &mut Budget,
) -> Result<Described, InspectError> {
    let file = pickle_in(archive, "data.pkl", Dialect::TorchScript, limits, budget)?;
    let Some(root) = file.pickle.root() else {
        return Err(InspectError::Damaged(file.error_or("data.pkl holds no module")));
    };
    let (module, class) = class_of(&file, root)
        .map_or((String::new(), String::new()), |(module, class)| (module.to_owned(), class.to_owned()));
    let mut walk = Walk { file: &file, tensors: Tensors::default(), seen: Seen::default(), n_layers: 0 };
    let part = walk.part(root, "", "", 0);
    walk.constants(archive, limits, budget)?;
    let code = archive.text(&format!("code/{}.py", module.replace('.', "/")), CODE_BYTES, budget)?;
    let forward = code.as_deref().and_then(|code| forward_of(code, &class));
    let traced = traced(archive, limits, budget)?;
    let (serving, warnings) = serving(forward.as_ref(), traced.as_deref());
    let mut facts =
        vec![Fact { name: "kind", value: json!("TorchScript"), source: "the members of the archive".into() }];
    if let Some(forward) = &forward {
        let source = "the code of forward";
        let all = forward.arguments.iter().chain(&forward.optional);
        let arguments: Vec<String> = all.map(|(name, ty)| format!("{name}: {ty}")).collect();
        facts.push(Fact { name: "arguments", value: json!(arguments), source: source.into() });
        let returns = named_tuple(archive, &forward.result, budget).unwrap_or_else(|| forward.result.clone());
        facts.push(Fact { name: "returns", value: json!(returns), source: source.into() });
    }
    if let Some(methods) =
        code.as_deref().map(|code| methods_of(code, &class)).filter(|methods| 1 < methods.len())
    {
        facts.push(Fact { name: "methods", value: json!(methods), source: "the code of the class".into() });
    }
    let extra: Vec<&str> = archive.names().filter_map(|name| name.strip_prefix("extra/")).take(100).collect();
    if !extra.is_empty() {
        facts.push(Fact {
            name: "extra_files",
            value: json!(extra),
            source: "the members of the archive".into(),
        });
    }
    Ok(Described {
        class: (!class.is_empty())
            .then(|| Sourced::new(plain_class(&module, &class), "the class of data.pkl")),
        serving,
        signature: signature(forward.as_ref(), traced.as_deref()),
        structure: Some(part),
        tensors: walk.tensors,
        facts,
        warnings,
        least: Some(versions::of_archive(archive)),
        ..Described::blank("torchscript")
    })
}

/// `__torch__.shop.___torch_mangle_6` and `Net`: `shop.Net`.
fn plain_class(module: &str, class: &str) -> String {
    let parts =
        module.split('.').filter(|part| *part != "__torch__" && !part.starts_with("___torch_mangle_"));
    parts.chain([class]).collect::<Vec<_>>().join(".")
}

#[derive(Debug)]
struct Walk<'a> {
    file: &'a PickleFile,
    tensors: Tensors,
    seen: Seen,
    n_layers: usize,
}

impl Walk<'_> {
    fn part(&mut self, module: Value, name: &str, path: &str, depth: u32) -> Part {
        let file = self.file;
        self.n_layers = self.n_layers.saturating_add(1);
        let mut parts = Vec::new();
        for (name, value) in attr_names(file, module) {
            if TENSORS < self.tensors.n {
                break;
            }
            let path = if path.is_empty() { name.to_owned() } else { format!("{path}.{name}") };
            if let Some(mut found) = tensor(file, value) {
                // The pickle does not tell buffers; the layers' statistics are known by name.
                found.is_parameter = !STATISTICS.contains(&name);
                let row = found.named(path, &mut self.seen);
                self.tensors.push(row);
            } else if is_script(file, value) && depth < DEPTH && self.n_layers < LAYERS {
                parts.push(self.part(value, name, &path, depth.saturating_add(1)));
            }
        }
        let class =
            class_of(file, module).map_or(String::new(), |(module, class)| plain_class(module, class));
        Part { name: name.to_owned(), class, parts, ..Part::default() }
    }

    /// The tensors that the code itself holds: a frozen script keeps all of its weights there.
    fn constants(
        &mut self,
        archive: &Archive,
        limits: &Limits,
        budget: &mut Budget,
    ) -> Result<(), InspectError> {
        let file = pickle_in(archive, "constants.pkl", Dialect::TorchScript, limits, budget)?;
        let mut seen = Seen::default();
        let root = file.pickle.root().map(|root| untagged(&file, root));
        let items = root.and_then(|root| file.pickle.tree.items(root)).unwrap_or_default();
        for (at, value) in items.iter().enumerate() {
            if let Some(found) = tensor(&file, *value) {
                self.tensors.push(found.named(format!("CONSTANTS.c{at}"), &mut seen));
            }
        }
        Ok(())
    }
}

fn is_script(file: &PickleFile, value: Value) -> bool {
    class_of(file, value).is_some_and(|(module, _)| module == "__torch__" || module.starts_with("__torch__."))
}

/// The value without the call that marks its type.
fn untagged(file: &PickleFile, value: Value) -> Value {
    let tagged = file.pickle.tree.object(value).filter(|object| {
        file.pickle.trace.global(object.callee).is_some_and(|callee| callee.module == "torch.jit._pickle")
    });
    let inner = tagged.and_then(|object| file.pickle.tree.items(object.args)?.first().copied());
    inner.unwrap_or(value)
}

/// The tensors of the example that a model was traced with; `None` when it was not traced, or with something else.
fn traced(
    archive: &Archive,
    limits: &Limits,
    budget: &mut Budget,
) -> Result<Option<Vec<TensorValue>>, InspectError> {
    if !archive.names().any(|name| name == "traced_inputs.pkl") {
        return Ok(None);
    }
    let file = pickle_in(archive, "traced_inputs.pkl", Dialect::TorchScript, limits, budget)?;
    let dict = file.pickle.root().map(|root| untagged(&file, root));
    let list =
        dict.and_then(|dict| file.pickle.tree.entry(dict, "forward")).map(|list| untagged(&file, list));
    let items = list.and_then(|list| file.pickle.tree.items(list));
    Ok(items.and_then(|items| items.iter().map(|item| tensor(&file, *item)).collect()))
}

/// The lines of a class in a file of code.
fn class_block<'a>(code: &'a str, class: &str) -> Option<&'a str> {
    let start = code.find(&format!("class {class}("))?;
    let block = code.get(start..)?;
    let end = block.get(1..)?.find("\nclass ").map_or(block.len(), |end| end.saturating_add(1));
    block.get(..end)
}

/// The methods of a class with what they take and return: `encode(x: Tensor) -> List[Tensor]`.
fn methods_of(code: &str, class: &str) -> Vec<String> {
    let lines = class_block(code, class).unwrap_or_default().lines();
    let names = lines.filter_map(|line| line.strip_prefix("  def ")?.split('(').next());
    let declared = names.map(|name| match method_of(code, class, name) {
        Some(method) => {
            let given = method.arguments.iter().chain(&method.optional);
            let given: Vec<String> = given.map(|(name, ty)| format!("{name}: {ty}")).collect();
            format!("{name}({}) -> {}", given.join(", "), method.result)
        }
        None => name.to_owned(),
    });
    declared.take(100).collect()
}

/// `Out(logits: Tensor, hidden: Tensor)` of `__torch__.nets.Out`, when that is a named tuple.
fn named_tuple(archive: &Archive, ty: &str, budget: &mut Budget) -> Option<String> {
    let (module, class) = ty.strip_prefix("__torch__.")?.rsplit_once('.').unwrap_or(("", ty));
    let path = format!("code/__torch__/{}.py", module.replace('.', "/"));
    let code = archive.text(&path, CODE_BYTES, budget).ok()??;
    let start = code.find(&format!("class {class}(NamedTuple):"))?;
    let fields =
        code.get(start..)?.lines().skip(1).map_while(|line| line.strip_prefix("  ")?.split_once(" : "));
    let fields: Vec<String> = fields.map(|(name, ty)| format!("{}: {ty}", name.trim())).collect();
    Some(format!("{class}({})", fields.join(", ")))
}

/// Reads the declaration of `forward`.
pub(super) fn forward_of(code: &str, class: &str) -> Option<Forward> {
    method_of(code, class, "forward")
}

fn method_of(code: &str, class: &str, name: &str) -> Option<Forward> {
    let block = class_block(code, class)?;
    let start = format!("  def {name}(");
    let rest = block.get(block.find(&start)?..)?.strip_prefix(start.as_str())?;
    let end = closing(rest)?;
    let (mut arguments, mut optional) = (Vec::new(), Vec::new());
    for argument in split_outside(rest.get(..end)?) {
        let Some((name, ty)) = argument.split_once(':') else { continue };
        let (ty, has_default) = ty.split_once('=').map_or((ty, false), |(ty, _)| (ty, true));
        let list = if has_default { &mut optional } else { &mut arguments };
        list.push((name.trim().to_owned(), ty.trim().to_owned()));
    }
    arguments.retain(|(name, _)| name != "self");
    let result = rest.get(end..)?.strip_prefix(')')?.split_once("->")?.1;
    let result = result.split(":\n").next()?.split_whitespace().collect::<Vec<_>>().join(" ");
    Some(Forward { arguments, optional, result })
}

/// Where the bracket that was opened just before closes.
fn closing(text: &str) -> Option<usize> {
    let mut depth = 1_u32;
    for (at, c) in text.char_indices() {
        match c {
            '(' | '[' => depth = depth.saturating_add(1),
            ')' | ']' => depth = depth.checked_sub(1)?,
            _ => {}
        }
        if depth == 0 {
            return Some(at);
        }
    }
    None
}

/// The parts between commas that stand in no bracket.
fn split_outside(text: &str) -> Vec<&str> {
    let (mut parts, mut depth, mut start) = (Vec::new(), 0_i32, 0_usize);
    for (at, c) in text.char_indices() {
        match c {
            '(' | '[' => depth = depth.saturating_add(1),
            ')' | ']' => depth = depth.saturating_sub(1),
            ',' if depth == 0 => {
                parts.extend(text.get(start..at));
                start = at.saturating_add(1);
            }
            _ => {}
        }
    }
    parts.extend(text.get(start..).filter(|rest| !rest.trim().is_empty()));
    parts
}

/// How MLflow can call it. Its pytorch flavor hands over one tensor and takes one back.
fn serving(forward: Option<&Forward>, traced: Option<&[TensorValue]>) -> (Serving, Vec<String>) {
    let Some(forward) = forward else {
        return (Serving::No, vec!["The script has no method forward that could be called.".to_owned()]);
    };
    let other = forward.arguments.iter().find(|(_, ty)| ty != "Tensor");
    if let Some((name, ty)) = other {
        let why = format!("MLflow hands over tensors, and forward takes {name}: {ty}.");
        return (Serving::No, vec![why]);
    }
    if forward.arguments.is_empty() {
        return (Serving::No, vec!["forward takes nothing that MLflow could hand over.".to_owned()]);
    }
    let warnings = left_out(forward).into_iter().collect();
    if forward.arguments.len() == 1 && forward.result == "Tensor" {
        return (Serving::Pytorch { form: PytorchForm::Script }, warnings);
    }
    let inputs = forward.arguments.iter().enumerate().map(|(at, (name, _))| TorchInput {
        name: name.clone(),
        dtype: traced.and_then(|tensors| Some(tensors.get(at)?.dtype.to_owned())),
        cast: None,
    });
    (Serving::TorchProgram { form: PytorchForm::Script, inputs: inputs.collect(), call: None }, warnings)
}

/// The arguments that a package does not hand over, in a sentence.
fn left_out(forward: &Forward) -> Option<String> {
    let names: Vec<String> = forward.optional.iter().map(|(name, ty)| format!("{name}: {ty}")).collect();
    (!names.is_empty())
        .then(|| format!("forward also takes {}, which the package leaves at the default.", names.join(", ")))
}

/// Types and shapes of the inputs: those of the example that a model was traced with.
fn signature(forward: Option<&Forward>, traced: Option<&[TensorValue]>) -> SourcedSignature {
    let (Some(forward), Some(traced)) = (forward, traced) else { return SourcedSignature::default() };
    // What NumPy has no word for cannot be handed over.
    if forward.arguments.len() != traced.len() || traced.iter().any(|tensor| !is_numpy(tensor.dtype)) {
        return SourcedSignature::default();
    }
    let is_alone = forward.arguments.len() == 1;
    let specs = forward.arguments.iter().zip(traced).map(|((name, _), tensor)| {
        let sides = tensor.shape.iter().map(|side| i64::try_from(*side).unwrap_or(-1));
        let mut shape: Vec<i64> = sides.collect();
        let mut source = "the example in traced_inputs.pkl".to_owned();
        if let Some(batch) = shape.first_mut() {
            *batch = -1;
            source.push_str("; its first dimension is assumed to be the batch");
        }
        let spec =
            TensorSpec { name: (!is_alone).then(|| name.clone()), dtype: tensor.dtype.to_owned(), shape };
        Sourced::new(spec, source)
    });
    SourcedSignature { inputs: Some(SourcedSchema::Tensors(specs.collect())), outputs: None, params: None }
}

/// Whether NumPy has the type.
pub(super) fn is_numpy(dtype: &str) -> bool {
    !dtype.starts_with("bfloat") && !dtype.starts_with("float8") && !dtype.starts_with('q')
}
