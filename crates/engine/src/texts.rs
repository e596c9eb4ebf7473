//! The files that Packwright writes itself: MLmodel, the environment, and what the package says of itself.

use packwright_inspect::safety::{Finding, Verdict};
use packwright_inspect::{Sourced, SourcedSchema, SourcedSignature};
use packwright_mlflow::environment::Environment;
use packwright_mlflow::example::InputExample;
use packwright_mlflow::json::{params_text, python_text};
use packwright_mlflow::mlmodel::MlModel;
use packwright_mlflow::schema::{ColumnType, Schema, Signature};
use serde_yaml::{Mapping, Value};
use sha2::{Digest as _, Sha256};

use crate::draft::{Acknowledgement, Draft};
use crate::flavors::Layout;
use crate::metadata::MetadataField;
use crate::receipt::{WrittenFile, hex};
use crate::{card, environment};

/// The files that every package has, or may have.
pub(crate) const NAMES: [&str; 8] = [
    "requirements.txt",
    "python_env.yaml",
    "conda.yaml",
    card::README,
    "MLmodel",
    card::BOM,
    card::SUMS,
    crate::seal::SEAL,
];

/// Stands in a plan for a hash, which is known only after writing; as long as one, so that lengths are right.
const NOT_YET: &str = "made-while-writing----------------------------------------------";

/// What is known only after the model's bytes were written.
#[derive(Debug, Clone)]
pub(crate) struct Recorded {
    /// SHA-256 of the artifact as it was dropped, as hex.
    pub(crate) artifact_sha256: String,
    /// The files written so far.
    pub(crate) files: Vec<WrittenFile>,
    /// The sum of their sizes.
    pub(crate) data_bytes: u64,
}

impl Recorded {
    /// Before anything was written: the files by name and length.
    pub(crate) fn planned(files: impl Iterator<Item = (String, u64)>, data_bytes: u64) -> Self {
        let file = |(path, size_bytes)| WrittenFile { path, size_bytes, sha256: NOT_YET.into() };
        Self { artifact_sha256: NOT_YET.into(), files: files.map(file).collect(), data_bytes }
    }
}

/// The path and bytes of each generated file, each after those whose hashes it holds.
pub(crate) fn generated(
    draft: &Draft,
    layout: &Layout,
    has_code: bool,
    recorded: &Recorded,
) -> Vec<(&'static str, Vec<u8>)> {
    let is_planned = recorded.artifact_sha256 == NOT_YET;
    let mut recorded = recorded.clone();
    let mut files = Vec::new();
    let mut add = |recorded: &mut Recorded, path, bytes: Vec<u8>| {
        let mut written = WrittenFile::of(path, &bytes);
        if is_planned {
            NOT_YET.clone_into(&mut written.sha256);
        }
        recorded.files.push(written);
        files.push((path, bytes));
    };
    let example = draft.input_example();
    for (path, bytes) in
        environment_files(draft).into_iter().chain(example.iter().flat_map(InputExample::files))
    {
        add(&mut recorded, path, bytes);
    }
    add(&mut recorded, card::README, card::readme(draft, layout));
    let bytes = mlmodel(draft, layout, has_code, &recorded);
    add(&mut recorded, "MLmodel", bytes);
    let bytes = card::bom(draft, layout, &recorded.files);
    add(&mut recorded, card::BOM, bytes);
    let bytes = card::sums(&recorded.files);
    add(&mut recorded, card::SUMS, bytes);
    files
}

/// `requirements.txt`, `python_env.yaml` and `conda.yaml`, which say the same three times for three kinds of reader.
fn environment_files(draft: &Draft) -> Vec<(&'static str, Vec<u8>)> {
    let requirements = draft.requirements().into_iter().map(|line| line.requirement).collect();
    Environment { python: Some(draft.python().value), requirements }.files().into()
}

/// The MLmodel.
fn mlmodel(draft: &Draft, layout: &Layout, has_code: bool, recorded: &Recorded) -> Vec<u8> {
    let lines = draft.requirements();
    let code = if has_code { Value::from("code") } else { Value::Null };
    let mut flavors = Mapping::new();
    for (name, block) in &layout.blocks {
        let mut block = block.clone();
        block.insert(Value::from("code"), code.clone());
        if *name == "python_function" {
            if !has_code {
                block.remove("code");
            }
            let env =
                map([("conda", Value::from("conda.yaml")), ("virtualenv", Value::from("python_env.yaml"))]);
            block.insert(Value::from("env"), Value::Mapping(env));
            block.insert(Value::from("python_version"), Value::from(draft.python().value));
        }
        flavors.insert(Value::from(*name), Value::Mapping(block));
    }
    let mut root = map([
        ("flavors", Value::Mapping(flavors)),
        ("metadata", Value::Mapping(metadata(draft, recorded))),
        ("mlflow_version", Value::from(environment::mlflow_version(&lines))),
        ("model_id", Value::Null),
        ("model_size_bytes", Value::from(recorded.data_bytes)),
        ("prompts", Value::Null),
        ("utc_time_created", Value::from(draft.created().value.to_string())),
    ]);
    if let Some(signature) = signature(draft, layout) {
        root.insert(Value::from("is_signature_from_type_hint"), Value::from(false));
        root.insert(Value::from("type_hint_from_example"), Value::from(false));
        root.insert(Value::from("signature"), signature);
    }
    if let Some(example) = draft.input_example() {
        root.insert(Value::from("saved_input_example_info"), Value::Mapping(example.info()));
    }
    let seal = seal(&root);
    root.insert(Value::from("model_uuid"), Value::from(seal));
    text(root)
}

/// The `model_uuid`: a digest of everything else in the MLmodel but the time. Derived, so that the same artifact and the
/// same choices give the same package, and so that a change to the MLmodel is seen.
pub(crate) fn seal(root: &Mapping) -> String {
    let mut root = root.clone();
    root.remove("utc_time_created");
    seal_with_time(&root)
}

/// The same with the time in it, as packages have it that were written before the time was left out.
pub(crate) fn seal_with_time(root: &Mapping) -> String {
    let mut root = root.clone();
    root.remove("model_uuid");
    hex(Sha256::digest(text(root)).get(..16).unwrap_or_default())
}

fn text(root: Mapping) -> Vec<u8> {
    MlModel::from_mapping(root).to_text().into_bytes()
}

/// What a registry or a recipient wants to know, and what [`crate::verify`] checks the package by.
fn metadata(draft: &Draft, recorded: &Recorded) -> Mapping {
    let inspection = draft.inspection();
    let mut metadata = map([("name", Value::from(draft.name().value))]);
    if !draft.description().is_empty() {
        metadata.insert(Value::from("description"), Value::from(draft.description()));
    }
    if !draft.tags().is_empty() {
        let tags = draft.tags().iter().map(|tag| (tag.key.as_str(), Value::from(tag.value.as_str())));
        metadata.insert(Value::from("tags"), Value::Mapping(map(tags)));
    }
    said(draft, &mut metadata);
    for (key, value) in draft.extra() {
        metadata.insert(Value::from(key), yaml_of(value));
    }
    let (source, size_bytes) = draft.made_from();
    let mut own = map([
        ("format", Value::from(inspection.format)),
        ("safety", Value::from(inspection.safety.verdict().word())),
        ("source", Value::from(source)),
        ("source_sha256", Value::from(recorded.artifact_sha256.as_str())),
        ("source_size_bytes", Value::from(size_bytes)),
        ("version", Value::from(env!("CARGO_PKG_VERSION"))),
    ]);
    let mut put = |key: &str, value: Option<&Sourced<String>>| {
        if let Some(value) = value {
            own.insert(Value::from(key), Value::from(value.value.as_str()));
        }
    };
    put("framework", inspection.framework.as_ref());
    put("framework_version", inspection.framework_version.as_ref());
    put("model_class", inspection.model_class.as_ref());
    if inspection.safety.verdict() != Verdict::Safe {
        own.insert(Value::from("safety_summary"), Value::from(inspection.safety.summary.as_str()));
    }
    if inspection.safety.verdict() == Verdict::Dangerous {
        own.insert(Value::from("danger_confirmed"), Value::from(draft.confirm_word().is_none()));
    }
    if let Some(architecture) = &draft.choices().architecture {
        let arguments = architecture.arguments.iter().map(|(name, value)| (name.as_str(), yaml_of(value)));
        let chosen = [
            ("class", Value::from(architecture.class.as_str())),
            ("arguments", Value::Mapping(map(arguments))),
        ];
        own.insert(Value::from("architecture"), Value::Mapping(map(chosen)));
    }
    if let Some(path) = chosen_in_file(draft) {
        own.insert(Value::from("model_in_file"), Value::from(path));
    }
    let accepted = accepted(draft);
    if !accepted.is_empty() {
        own.insert(Value::from("safety_accepted"), Value::Sequence(accepted));
    }
    let mut files: Vec<&WrittenFile> = recorded.files.iter().collect();
    files.sort_by(|a, b| a.path.cmp(&b.path));
    let files = files.into_iter().map(|file| (file.path.as_str(), Value::from(file.sha256.as_str())));
    own.insert(Value::from("sha256"), Value::Mapping(map(files)));
    metadata.insert(Value::from("packwright"), Value::Mapping(own));
    metadata
}

/// Which of several models in the packed file was chosen, when not the first: that is in no other place of the package.
fn chosen_in_file(draft: &Draft) -> Option<&str> {
    draft.choices().model.as_ref()?;
    let inspection = draft.inspection();
    let path = inspection.path_in_file.as_str();
    // Of an archive only the member is packed.
    let member = inspection.artifact.member.as_ref();
    let path = member.and_then(|member| path.strip_prefix(member.place.as_str())).unwrap_or(path);
    Some(path).filter(|path| !path.is_empty())
}

/// JSON is YAML.
fn yaml_of(value: &serde_json::Value) -> Value {
    serde_yaml::to_value(value).unwrap_or_default()
}

/// What the person said in the form. What was not said has no key.
fn said(draft: &Draft, into: &mut Mapping) {
    let said = draft.metadata();
    let optional = |key, text: Option<String>| text.map(|text| (key, Value::from(text)));
    for field in MetadataField::ALL {
        let text = said.text(field);
        if text.is_empty() {
            continue;
        }
        let value = match field {
            MetadataField::Authors => said
                .authors()
                .into_iter()
                .map(|author| {
                    let name = ("name", Value::from(author.name));
                    Value::Mapping(map([Some(name), optional("email", author.email)].into_iter().flatten()))
                })
                .collect(),
            MetadataField::Metrics => said
                .metrics()
                .into_iter()
                .map(|metric| {
                    let (name, value) =
                        (("name", Value::from(metric.name)), ("value", Value::from(metric.value)));
                    let dataset = optional("dataset", metric.dataset);
                    Value::Mapping(map([Some(name), Some(value), dataset].into_iter().flatten()))
                })
                .collect(),
            MetadataField::Links => said
                .links()
                .into_iter()
                .map(|link| {
                    Value::Mapping(map([("label", Value::from(link.label)), ("url", Value::from(link.url))]))
                })
                .collect(),
            _ => Value::from(text),
        };
        into.insert(Value::from(field.key()), value);
    }
}

/// The rows to review that the person accepted, and why.
fn accepted(draft: &Draft) -> Vec<Value> {
    let accepted = |(finding, acknowledgement): (&Finding, Option<Acknowledgement>)| {
        let acknowledgement = acknowledgement?;
        Some(Value::Mapping(map([
            ("by", Value::from(acknowledgement.source)),
            ("note", Value::from(acknowledgement.note)),
            ("rule", Value::from(finding.rule)),
            ("what", Value::from(finding.what.as_str())),
        ])))
    };
    draft.acknowledgements().into_iter().filter_map(accepted).collect()
}

/// Whether the inputs stay out of the MLmodel: a column without a type is `any`, which MLflow before 2.20 does not
/// load, and the environments that MLflow 2 is for often have an older one than the package asks for. Saying nothing
/// means the same to every version: no check.
pub(crate) fn leaves_inputs_out(draft: &Draft) -> bool {
    let is_old = environment::mlflow_version(&draft.requirements()).split('.').next() != Some("3");
    let has_any = match &draft.signature().inputs {
        Some(SourcedSchema::Columns(columns)) => {
            columns.iter().any(|column| column.value.ty == ColumnType::Any)
        }
        Some(SourcedSchema::Tensors(_)) | None => false,
    };
    is_old && has_any
}

/// The signature without sources; `None` when nothing is known.
fn plain_signature(signature: &SourcedSignature, layout: &Layout) -> Option<Signature> {
    let plain = |schema: &SourcedSchema| match schema {
        SourcedSchema::Columns(columns) => (!columns.is_empty())
            .then(|| Schema::Columns(columns.iter().map(|column| column.value.clone()).collect())),
        SourcedSchema::Tensors(tensors) => (!tensors.is_empty())
            .then(|| Schema::Tensors(tensors.iter().map(|tensor| tensor.value.clone()).collect())),
    };
    let read = signature.params.iter().flatten().map(|param| param.value.clone());
    let params: Vec<_> = read.chain(layout.params.iter().cloned()).collect();
    let signature = Signature {
        inputs: signature.inputs.as_ref().and_then(plain),
        outputs: signature.outputs.as_ref().and_then(plain),
        params: (!params.is_empty()).then_some(params),
    };
    (signature != Signature::default()).then_some(signature)
}

/// The signature as it is written into the MLmodel; `None` when nothing is said.
pub(crate) fn written_signature(draft: &Draft, layout: &Layout) -> Option<Signature> {
    let mut signature = plain_signature(&draft.signature(), layout)?;
    if leaves_inputs_out(draft) {
        signature.inputs = None;
    }
    (signature != Signature::default()).then_some(signature)
}

fn signature(draft: &Draft, layout: &Layout) -> Option<Value> {
    let signature = written_signature(draft, layout)?;
    let text = |schema: Option<&Schema>| schema.map_or(Value::Null, |schema| schema_text(schema).into());
    Some(Value::Mapping(map([
        ("inputs", text(signature.inputs.as_ref())),
        ("outputs", text(signature.outputs.as_ref())),
        ("params", signature.params.as_deref().map_or(Value::Null, |params| params_text(params).into())),
    ])))
}

/// The schema as MLflow writes it, but for `"required": true` of scalar columns: that is what every version assumes, and
/// MLflow before 2.10 does not load a schema that says it.
fn schema_text(schema: &Schema) -> String {
    let mut json = schema.to_json();
    if let Schema::Columns(columns) = schema {
        let items = json.as_array_mut().into_iter().flatten();
        for (item, column) in items.zip(columns) {
            let is_scalar = matches!(column.ty, ColumnType::Scalar(_));
            if let (true, true, Some(map)) = (is_scalar, column.required, item.as_object_mut()) {
                map.shift_remove("required");
            }
        }
    }
    python_text(&json)
}

fn map<'a>(pairs: impl IntoIterator<Item = (&'a str, Value)>) -> Mapping {
    pairs.into_iter().map(|(key, value)| (Value::from(key), value)).collect()
}
