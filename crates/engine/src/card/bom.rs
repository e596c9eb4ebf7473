//! A bill of materials of machine learning: CycloneDX 1.6, with the model card, every file and every requirement.

use packwright_inspect::SourcedSchema;
use packwright_mlflow::requirement::Requirement;
use packwright_mlflow::schema::{ColSpec, Schema, TensorSpec};
use serde_json::{Map, Value, json};
use sha2::{Digest as _, Sha256};

use super::tag_text;
use crate::draft::Draft;
use crate::environment;
use crate::flavors::Layout;
use crate::metadata::MetadataField;
use crate::receipt::{WrittenFile, hex};

/// What the model is called among the references.
const MODEL: &str = "model";

/// The bill of a package. Its serial number is a digest of what it lists and its time is the draft's, so that equal
/// packages have equal bills.
pub(crate) fn bom(draft: &Draft, layout: &Layout, files: &[WrittenFile]) -> Vec<u8> {
    let libraries = libraries(draft);
    let references: Vec<&Value> = libraries.iter().filter_map(|library| library.get("bom-ref")).collect();
    let mut dependencies = vec![json!({ "ref": MODEL, "dependsOn": references })];
    dependencies.extend(references.iter().map(|reference| json!({ "ref": reference, "dependsOn": [] })));
    let mut document = json!({
        "$schema": "http://cyclonedx.org/schema/bom-1.6.schema.json",
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "serialNumber": "",
        "version": 1,
        "metadata": {
            "timestamp": timestamp(draft),
            "tools": { "components": [
                { "type": "application", "name": "packwright", "version": env!("CARGO_PKG_VERSION") },
            ] },
            "component": model(draft, layout, files),
        },
        "components": libraries,
        "dependencies": dependencies,
    });
    if let Some(map) = document.as_object_mut() {
        map.insert("serialNumber".into(), serial_number(&Value::Object(map.clone())).into());
    }
    let mut text = serde_json::to_vec_pretty(&document).unwrap_or_default();
    text.push(b'\n');
    text
}

/// `2026-11-23T07:17:19Z`.
fn timestamp(draft: &Draft) -> String {
    let text = draft.created().value.to_string();
    let seconds = text.split('.').next().unwrap_or_default();
    format!("{}Z", seconds.replacen(' ', "T", 1))
}

/// A UUID of version 8, which is for numbers of one's own making: here of a digest.
fn serial_number(document: &Value) -> String {
    let mut bytes: Vec<u8> = Sha256::digest(document.to_string()).iter().take(16).copied().collect();
    if let Some(byte) = bytes.get_mut(6) {
        *byte = (*byte & 0x0f) | 0x80;
    }
    if let Some(byte) = bytes.get_mut(8) {
        *byte = (*byte & 0x3f) | 0x80;
    }
    let digits = hex(&bytes);
    let part = |from: usize, to: usize| digits.get(from..to).unwrap_or_default();
    format!("urn:uuid:{}-{}-{}-{}-{}", part(0, 8), part(8, 12), part(12, 16), part(16, 20), part(20, 32))
}

fn model(draft: &Draft, layout: &Layout, files: &[WrittenFile]) -> Value {
    let metadata = draft.metadata();
    let mut component = Map::new();
    component.insert("bom-ref".into(), MODEL.into());
    component.insert("type".into(), "machine-learning-model".into());
    component.insert("name".into(), draft.name().value.into());
    let mut put = |key: &str, text: &str| {
        if !text.is_empty() {
            component.insert(key.into(), text.into());
        }
    };
    put("version", metadata.text(MetadataField::Version));
    put("description", draft.description());
    let authors = metadata.authors();
    if !authors.is_empty() {
        let authors = authors.into_iter().map(|author| match author.email {
            Some(email) => json!({ "name": author.name, "email": email }),
            None => json!({ "name": author.name }),
        });
        component.insert("authors".into(), authors.collect());
    }
    let license = metadata.text(MetadataField::License);
    if !license.is_empty() {
        // An expression is never older than its reader's list of licences.
        component.insert("licenses".into(), json!([{ "expression": license }]));
    }
    if !draft.tags().is_empty() {
        let mut tags: Vec<String> = Vec::new();
        for tag in draft.tags() {
            let text = tag_text(&tag.key, &tag.value);
            if !tags.contains(&text) {
                tags.push(text);
            }
        }
        component.insert("tags".into(), json!(tags));
    }
    let links: Vec<Value> = metadata
        .links()
        .into_iter()
        .map(|link| json!({ "type": "website", "url": link.url, "comment": link.label }))
        .collect();
    if !links.is_empty() {
        component.insert("externalReferences".into(), links.into());
    }
    component.insert("modelCard".into(), card(draft, layout));
    component.insert("components".into(), files.iter().map(file).collect());
    Value::Object(component)
}

fn file(file: &WrittenFile) -> Value {
    json!({ "type": "file", "name": file.path, "hashes": [{ "alg": "SHA-256", "content": file.sha256 }] })
}

fn card(draft: &Draft, layout: &Layout) -> Value {
    let metadata = draft.metadata();
    let inspection = draft.inspection();
    let mut parameters = Map::new();
    let task = metadata.text(MetadataField::Task);
    if !task.is_empty() {
        parameters.insert("task".into(), task.into());
    }
    if let Some(class) = &inspection.model_class {
        parameters.insert("modelArchitecture".into(), class.value.as_str().into());
    }
    let data = metadata.text(MetadataField::TrainingData);
    if !data.is_empty() {
        let data = json!([{ "type": "dataset", "name": "training data", "description": data }]);
        parameters.insert("datasets".into(), data);
    }
    let signature = draft.signature();
    for (key, side) in [("inputs", &signature.inputs), ("outputs", &signature.outputs)] {
        let rows = side.as_ref().map(formats).unwrap_or_default();
        if !rows.is_empty() {
            let rows = rows.into_iter().map(|format| json!({ "format": format }));
            parameters.insert(key.into(), rows.collect());
        }
    }
    let mut card = Map::new();
    card.insert("bom-ref".into(), "card".into());
    card.insert("modelParameters".into(), parameters.into());
    let metrics = metadata.metrics().into_iter().map(|metric| {
        let mut out = Map::new();
        out.insert("type".into(), metric.name.into());
        out.insert("value".into(), metric.value.into());
        if let Some(dataset) = metric.dataset {
            out.insert("slice".into(), dataset.into());
        }
        Value::Object(out)
    });
    let metrics: Vec<Value> = metrics.collect();
    if !metrics.is_empty() {
        card.insert("quantitativeAnalysis".into(), json!({ "performanceMetrics": metrics }));
    }
    let mut considerations = Map::new();
    for (key, field) in
        [("useCases", MetadataField::IntendedUse), ("technicalLimitations", MetadataField::Limitations)]
    {
        let text = metadata.text(field);
        if !text.is_empty() {
            considerations.insert(key.into(), json!([text]));
        }
    }
    if !considerations.is_empty() {
        card.insert("considerations".into(), considerations.into());
    }
    card.insert("properties".into(), properties(draft, layout).into());
    Value::Object(card)
}

/// What CycloneDX has no words for.
fn properties(draft: &Draft, layout: &Layout) -> Vec<Value> {
    let inspection = draft.inspection();
    let flavors: Vec<&str> = layout.blocks.iter().map(|(name, _)| *name).collect();
    let mut pairs = vec![
        ("mlflow:flavors", flavors.join(" ")),
        ("mlflow:version", environment::mlflow_version(&draft.requirements())),
        ("packwright:format", inspection.format.to_owned()),
        ("packwright:safety", inspection.safety.verdict().word().to_owned()),
    ];
    for (key, value) in [
        ("packwright:framework", &inspection.framework),
        ("packwright:framework_version", &inspection.framework_version),
    ] {
        if let Some(value) = value {
            pairs.push((key, value.value.clone()));
        }
    }
    pairs.into_iter().map(|(name, value)| json!({ "name": name, "value": value })).collect()
}

/// One line a column or tensor: the standard has no other place for them.
fn formats(schema: &SourcedSchema) -> Vec<String> {
    match schema {
        SourcedSchema::Columns(columns) => {
            columns.iter().map(|column| column_format(&column.value)).collect()
        }
        SourcedSchema::Tensors(tensors) => {
            tensors.iter().map(|tensor| tensor_format(&tensor.value)).collect()
        }
    }
}

/// The same for a schema without sources.
pub(crate) fn formats_of(schema: &Schema) -> Vec<String> {
    match schema {
        Schema::Columns(columns) => columns.iter().map(column_format).collect(),
        Schema::Tensors(tensors) => tensors.iter().map(tensor_format).collect(),
    }
}

fn column_format(column: &ColSpec) -> String {
    named(column.name.as_ref().map(ToString::to_string), column.ty.to_string())
}

fn tensor_format(tensor: &TensorSpec) -> String {
    named(tensor.name.clone(), format!("{}{:?}", tensor.dtype, tensor.shape))
}

fn named(name: Option<String>, ty: String) -> String {
    match name {
        Some(name) => format!("{name}: {ty}"),
        None => ty,
    }
}

/// Python and every requirement, each once.
fn libraries(draft: &Draft) -> Vec<Value> {
    let python = draft.python().value;
    let mut out =
        vec![json!({ "bom-ref": "python", "type": "platform", "name": "python", "version": python })];
    let mut known: Vec<String> = Vec::new();
    for line in draft.requirements() {
        let Some(requirement) = Requirement::parse(&line.requirement) else { continue };
        let name = requirement.normalized_name();
        let version = environment::pinned(&line.requirement);
        let purl = match &version {
            Some(version) => format!("pkg:pypi/{name}@{}", version.replace('+', "%2B").replace('!', "%21")),
            None => format!("pkg:pypi/{name}"),
        };
        // One library may have a line for each kind of machine.
        if known.contains(&purl) {
            continue;
        }
        let mut library = Map::new();
        library.insert("bom-ref".into(), purl.as_str().into());
        library.insert("type".into(), "library".into());
        library.insert("name".into(), name.into());
        if let Some(version) = version {
            library.insert("version".into(), version.into());
        }
        library.insert("purl".into(), purl.as_str().into());
        let asked = json!([{ "name": "packwright:requirement", "value": line.requirement }]);
        library.insert("properties".into(), asked);
        known.push(purl);
        out.push(Value::Object(library));
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::draft;
    use crate::{Edit, flavors};

    fn bill(edits: &[(MetadataField, &str)]) -> Value {
        let mut draft = draft(|_| {});
        for (field, value) in edits {
            draft.apply(Edit::SetMetadata { field: *field, value: (*value).to_owned() }).unwrap();
        }
        let layout = flavors::layout(&draft, None).unwrap();
        let files = [WrittenFile::of("model.pkl", b"x")];
        serde_json::from_slice(&bom(&draft, &layout, &files)).unwrap()
    }

    #[test]
    fn every_requirement_is_a_dependency_of_the_model() {
        let bill = bill(&[]);
        let names: Vec<_> =
            bill["components"].as_array().unwrap().iter().map(|c| c["name"].clone()).collect();
        assert!(names.contains(&json!("python")) && names.contains(&json!("mlflow")), "{names:?}");
        let references: Vec<_> =
            bill["components"].as_array().unwrap().iter().map(|c| c["bom-ref"].clone()).collect();
        assert_eq!(bill["dependencies"][0]["dependsOn"], json!(references));
        assert_eq!(bill["metadata"]["component"]["components"][0]["hashes"][0]["alg"], "SHA-256");
        assert_eq!(bill["metadata"]["component"].get("version"), None, "nothing is made up");
    }

    #[test]
    fn the_serial_number_follows_the_content() {
        let number = |bill: &Value| bill["serialNumber"].as_str().unwrap().to_owned();
        let (one, same) = (number(&bill(&[])), number(&bill(&[])));
        let other = number(&bill(&[(MetadataField::Version, "1.0")]));
        assert_eq!(one, same);
        assert_ne!(one, other);
        assert_eq!((one.len(), &one[23..24]), (45, "8"), "{one}");
    }

    #[test]
    fn what_the_person_said_is_in_the_card() {
        let bill = bill(&[
            (MetadataField::License, "MIT OR Apache-2.0"),
            (MetadataField::Authors, "Ada <ada@example.org>"),
            (MetadataField::Metrics, "accuracy = 0.97 on the test set"),
            (MetadataField::Limitations, "Three species only."),
        ]);
        let model = &bill["metadata"]["component"];
        assert_eq!(model["licenses"], json!([{ "expression": "MIT OR Apache-2.0" }]));
        assert_eq!(model["authors"], json!([{ "name": "Ada", "email": "ada@example.org" }]));
        let card = &model["modelCard"];
        let metric = json!([{ "type": "accuracy", "value": "0.97", "slice": "the test set" }]);
        assert_eq!(card["quantitativeAnalysis"]["performanceMetrics"], metric);
        assert_eq!(card["considerations"]["technicalLimitations"], json!(["Three species only."]));
    }
}
