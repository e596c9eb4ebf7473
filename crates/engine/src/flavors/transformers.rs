//! The transformers flavor (`mlflow.transformers`): the folder as `model/`, and what stands beside the model again in
//! `components/`, where MLflow looks for it.

use packwright_inspect::{Inspection, Serving};
use packwright_mlflow::schema::{ColumnType, DataType, ParamSpec};
use serde_yaml::Value;

use super::{Layout, block, folder, put_version, version_of};
use crate::plan::PlanError;

/// What the files of a tokenizer are called, beside those that its class alone knows.
const TOKENIZER: [&str; 13] = [
    // The class of a tokenizer may stand in here only.
    "config.json",
    "added_tokens.json",
    "chat_template.jinja",
    "merges.txt",
    "sentencepiece.bpe.model",
    "source.spm",
    "special_tokens_map.json",
    "spiece.model",
    "target.spm",
    "tokenizer.json",
    "tokenizer.model",
    "tokenizer_config.json",
    "vocab.json",
];

/// What the files of a processor of pictures or sounds are called.
const PROCESSOR: [&str; 2] = ["config.json", "preprocessor_config.json"];

/// The folder as it is.
pub(super) fn native(inspection: &Inspection) -> Result<Layout, PlanError> {
    let Serving::Transformers { task, pipeline, architecture, components } = &inspection.serving else {
        return Err(PlanError::NotServable("This is no folder of transformers.".to_owned()));
    };
    let names = components.iter().map(|name| Value::from(*name)).collect();
    let mut own = block([
        ("components", Value::Sequence(names)),
        ("instance_type", Value::from(pipeline.as_str())),
        ("model_binary", Value::from("model")),
        ("pipeline_model_type", Value::from(architecture.as_str())),
        ("task", Value::from(task.as_str())),
    ]);
    let mut data = folder::files(inspection, "model", |_| true)?;
    for component in components {
        let class = match *component {
            "tokenizer" => "AutoTokenizer",
            "feature_extractor" => "AutoFeatureExtractor",
            _ => "AutoImageProcessor",
        };
        own.insert(Value::from(format!("{component}_type")), Value::from(class));
        let to = format!("components/{component}");
        data.extend(folder::files(inspection, &to, |name| belongs(component, name))?);
    }
    let dtype = inspection.fact("dtype").and_then(|fact| fact.value.as_str().map(str::to_owned));
    put_version(
        &mut own,
        "torch_dtype",
        dtype.filter(|dtype| is_dtype(dtype)).map(|dtype| format!("torch.{dtype}")),
    );
    let version = version_of(inspection, "transformers");
    if version
        .as_deref()
        .and_then(|version| version.split('.').next()?.parse::<u32>().ok())
        .is_some_and(|major| major < 5)
    {
        own.insert(Value::from("framework"), Value::from("pt"));
    }
    put_version(&mut own, "transformers_version", version);
    let python = block([("loader_module", Value::from("mlflow.transformers"))]);
    let params = if is_generation(task) { vec![max_new_tokens(inspection)] } else { Vec::new() };
    Ok(Layout {
        params,
        blocks: vec![("python_function", python), ("transformers", own)],
        data,
        ..Layout::default()
    })
}

fn is_generation(task: &str) -> bool {
    matches!(task, "text-generation" | "text2text-generation")
}

/// How much is written. The pipelines write 256 tokens unless they are told otherwise, which small models have no place
/// for.
fn max_new_tokens(inspection: &Inspection) -> ParamSpec {
    const MOST: u64 = 256;
    let context = inspection.fact("context_length").and_then(|fact| fact.value.as_u64());
    // Half of the place is for the text that comes in.
    let n = context.map_or(MOST, |n| (n / 2).clamp(1, MOST));
    let ty = ColumnType::Scalar(DataType::Long);
    ParamSpec { name: "max_new_tokens".to_owned(), ty, default: n.into(), shape: None }
}

/// Whether a file of the folder belongs to a component. Texts beside the usual ones (`vocab.txt`) and templates do; code
/// of its own does, because its configuration names it.
fn belongs(component: &str, name: &str) -> bool {
    if component != "tokenizer" {
        return PROCESSOR.contains(&name) || is_code(name);
    }
    let is_vocabulary = !name.contains('/') && (name.starts_with("vocab") || name.starts_with("tokenizer"));
    TOKENIZER.contains(&name)
        || is_vocabulary
        || name.starts_with("additional_chat_templates/")
        || is_code(name)
}

fn is_code(name: &str) -> bool {
    std::path::Path::new(name).extension().is_some_and(|ending| ending == "py")
}

/// The types of weights that MLflow can hand on to torch.
fn is_dtype(dtype: &str) -> bool {
    matches!(dtype, "float32" | "float16" | "bfloat16" | "float64")
}
