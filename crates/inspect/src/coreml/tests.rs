use std::path::{Path, PathBuf};

use packwright_source::Limits;

use super::*;
use crate::safety::Verdict;
use crate::serving::CoremlInput;
use crate::tests::with_subject;
use crate::{SourcedSchema, inspect as inspect_path};

fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/fixtures/coreml").join(name)
}

fn inspect(name: &str) -> Inspection {
    inspect_path(&fixture(name), &Limits::default()).unwrap_or_else(|error| panic!("{name}: {error}"))
}

fn read(bytes: &[u8]) -> Result<Inspection, InspectError> {
    with_subject("m.mlmodel", bytes, |subject| CoremlReader.read(subject))
}

fn fact(inspection: &Inspection, name: &str) -> serde_json::Value {
    inspection.fact(name).map(|fact| fact.value.clone()).unwrap_or_default()
}

fn varint(mut value: u64) -> Vec<u8> {
    let mut bytes = Vec::new();
    while 0x7f < value {
        bytes.push(u8::try_from(value & 0x7f).unwrap() | 0x80);
        value >>= 7;
    }
    bytes.push(u8::try_from(value).unwrap());
    bytes
}

fn number(field: u64, value: u64) -> Vec<u8> {
    [varint(field << 3), varint(value)].concat()
}

fn bytes(field: u64, payload: &[u8]) -> Vec<u8> {
    [varint(field << 3 | 2), varint(payload.len() as u64), payload.to_vec()].concat()
}

/// A package in a folder of its own, whose program has a tensor of `n` floats at byte 64 of a file.
fn package(name: &str, file: &str, n: u64, weights: Option<usize>) -> Inspection {
    let folder = std::env::temp_dir().join(format!("packwright-coreml-{name}-{}", std::process::id()));
    let data = folder.join("Data/com.apple.CoreML");
    std::fs::create_dir_all(data.join("weights")).unwrap();
    let dimension = bytes(3, &bytes(1, &number(1, n)));
    let tensor = bytes(2, &bytes(1, &[number(1, 11), dimension].concat()));
    let value = [tensor, bytes(5, &[bytes(1, file.as_bytes()), number(2, 64)].concat())].concat();
    let constant = [bytes(1, b"const"), bytes(5, &[bytes(1, b"val"), bytes(2, &value)].concat())].concat();
    let block = bytes(3, &constant);
    let function = bytes(3, &[bytes(1, b"CoreML6"), bytes(2, &block)].concat());
    let program = bytes(2, &[bytes(1, b"main"), bytes(2, &function)].concat());
    let model = [number(1, 7), bytes(2, b""), bytes(502, &program)].concat();
    std::fs::write(data.join("model.mlmodel"), model).unwrap();
    let manifest = r#"{"rootModelIdentifier": "a", "itemInfoEntries": {"a": {"path": "com.apple.CoreML/model.mlmodel"}}}"#;
    std::fs::write(folder.join("Manifest.json"), manifest).unwrap();
    if let Some(length) = weights {
        std::fs::write(data.join("weights/weight.bin"), vec![0; length]).unwrap();
    }
    let inspection = inspect_path(&folder, &Limits::default()).unwrap();
    std::fs::remove_dir_all(&folder).unwrap();
    inspection
}

#[test]
fn a_model_over_columns_takes_a_table_and_tells_its_classes() {
    let forest = inspect("forest.mlmodel");
    assert_eq!(forest.framework_version.clone().unwrap().value, "9.0");
    let Some(SourcedSchema::Columns(columns)) = &forest.signature.inputs else { panic!("no columns") };
    assert_eq!(columns.len(), 4);
    assert_eq!(fact(&forest, "class_labels"), serde_json::json!(["setosa", "versicolor", "virginica"]));
    assert_eq!(fact(&forest, "pipeline"), serde_json::json!(["featureVectorizer", "treeEnsembleClassifier"]));
    assert_eq!((fact(&forest, "author"), fact(&forest, "license")), ("a lab".into(), "MIT".into()));
    assert_eq!((forest.flavor(), forest.safety.verdict()), (Some("python_function"), Verdict::Safe));
    assert!(forest.warnings[0].contains("macOS"));
}

#[test]
fn pictures_are_arrays_of_pixels_and_layers_are_counted() {
    let picture = inspect("picture.mlmodel");
    let Some(SourcedSchema::Tensors(tensors)) = &picture.signature.inputs else { panic!("no tensors") };
    assert_eq!((tensors[0].value.dtype.as_str(), &tensors[0].value.shape[..]), ("uint8", &[8, 8, 3][..]));
    let operators = serde_json::json!({ "flatten": 1, "innerProduct": 1, "softmax": 1 });
    assert_eq!(fact(&picture, "operators"), operators);
    let tensors = picture.tensors.unwrap();
    assert_eq!((tensors.n_elements, tensors.size_bytes), (386, 1544));
    assert!(picture.requirements.iter().any(|line| line.requirement == "pillow"));
}

#[test]
fn code_of_an_app_needs_a_look_and_is_not_served() {
    let custom = inspect("custom_layer.mlmodel");
    assert_eq!((custom.flavor(), custom.safety.verdict()), (None, Verdict::Review));
    assert_eq!(custom.safety.findings[0].rule, "coreml/custom-layer");
    let model = [number(1, 4), bytes(2, b""), bytes(555, &bytes(10, b"AcmeModel"))].concat();
    let custom = read(&model).unwrap();
    assert_eq!((custom.serving, custom.safety.findings[0].rule), (Serving::No, "coreml/custom-model"));
    let linked = read(&[number(1, 4), bytes(556, b"")].concat()).unwrap();
    assert_eq!((linked.flavor(), linked.safety.verdict()), (None, Verdict::Unscanned));
}

#[test]
fn shapes_that_callers_choose_are_open_in_the_signature() {
    let two = inspect("two_inputs.mlpackage");
    let Some(SourcedSchema::Tensors(tensors)) = &two.signature.inputs else { panic!("no tensors") };
    let shapes: Vec<_> = tensors.iter().map(|tensor| tensor.value.shape.clone()).collect();
    assert_eq!(shapes, [[-1, 3], [-1, 3]]);
    let types = fact(&two, "input_types");
    assert_eq!(types["x"], "array(float32)[?, 3], one of [1, 3], [2, 3]");
    assert_eq!(types["z"], "array(float32)[1.., 3]");
    let calls =
        [("x".to_owned(), CoremlInput::Array("float32")), ("z".to_owned(), CoremlInput::Array("float32"))];
    assert_eq!(
        two.serving,
        Serving::Coreml {
            inputs: calls.to_vec(),
            is_stateful: false,
            empty_folders: vec!["Data/com.apple.CoreML/weights".to_owned()],
        }
    );
}

#[test]
fn weights_of_a_program_must_lie_in_its_package_and_be_whole() {
    let dense = inspect("dense.mlpackage");
    assert_eq!(dense.tensors.clone().unwrap().listed[0].shape, [4, 64]);
    assert!(dense.artifact.side_files.iter().any(|name| name.ends_with("weights/weight.bin")));
    let judged = |inspection: Inspection| {
        let rule = inspection.safety.findings.first().map(|finding| finding.rule);
        (rule, inspection.safety.verdict(), inspection.flavor().is_some())
    };
    let here = "@model_path/weights/weight.bin";
    assert_eq!(judged(package("whole", here, 8, Some(160))), (None, Verdict::Safe, true));
    let expected = (Some("coreml/weights-truncated"), Verdict::Unscanned, false);
    assert_eq!(judged(package("cut", here, 8, Some(159))), expected);
    // A length that lies asks for more than any file has.
    assert_eq!(judged(package("lie", here, u64::MAX, Some(160))), expected);
    let expected = (Some("coreml/weights-missing"), Verdict::Unscanned, false);
    assert_eq!(judged(package("gone", here, 8, None)), expected);
    for name in [
        "@model_path/../x",
        "/etc/passwd",
        "@model_path//etc/passwd",
        "weights/weight.bin",
        "@model_path/C:x",
    ] {
        let expected = (Some("coreml/weights-escape"), Verdict::Dangerous, false);
        assert_eq!(judged(package("out", name, 8, Some(160))), expected, "{name}");
    }
}

#[test]
fn what_is_damaged_is_an_error_with_its_place() {
    let path = fixture("picture.mlmodel");
    let whole = std::fs::File::open(path)
        .and_then(|mut file| {
            let mut bytes = Vec::new();
            std::io::Read::read_to_end(&mut file, &mut bytes).map(|_| bytes)
        })
        .unwrap();
    for at in 0..whole.len() {
        drop(read(&whole[..at]));
        let mut other = whole.clone();
        other[at] ^= 0x55;
        drop(read(&other));
    }
    assert!(read(&whole[..whole.len() - 1]).is_err());
    let none = read(&[number(1, 4), bytes(2, b"")].concat()).expect_err("no model").to_string();
    assert!(none.contains("a model of a known kind") && none.contains("at byte"), "{none}");
    // Pipelines in pipelines without end.
    let mut deep = Vec::new();
    for _ in 0..200 {
        deep = bytes(202, &bytes(1, &deep));
    }
    let deep = read(&[number(1, 4), deep].concat()).expect_err("too deep").to_string();
    assert!(deep.contains("nesting"), "{deep}");
}

#[test]
fn claims_follow_from_the_structure() {
    let claim = |name: &str, bytes: &[u8]| with_subject(name, bytes, |subject| CoremlReader.claims(subject));
    let model = [number(1, 4), bytes(2, b"d"), bytes(500, b"spec")].concat();
    assert_eq!(claim("model", &model), Claim::Likely);
    assert_eq!(claim("m.mlmodel", b"\xff"), Claim::Maybe);
    assert_eq!(claim("saved_model.pb", &[number(1, 1), bytes(2, b"meta")].concat()), Claim::No);
}
