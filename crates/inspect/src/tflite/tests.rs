use std::path::Path;

use packwright_mlflow::schema::TensorSpec;
use packwright_source::{ByteSource as _, FileSource, read_exact_at};

use super::*;
use crate::SourcedSchema;
use crate::safety::Verdict;
use crate::tests::with_subject;

fn fixture(name: &str) -> Vec<u8> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/fixtures/tflite").join(name);
    let source = FileSource::open(&path).unwrap_or_else(|error| panic!("{name}: {error}"));
    let mut bytes = vec![0; usize::try_from(source.len_bytes()).unwrap()];
    read_exact_at(&source, 0, &mut bytes).unwrap();
    bytes
}

fn inspect(bytes: &[u8]) -> Result<Inspection, InspectError> {
    with_subject("model.tflite", bytes, |subject| TfliteReader.read(subject))
}

fn tensors(schema: Option<&SourcedSchema>) -> Vec<TensorSpec> {
    match schema {
        Some(SourcedSchema::Tensors(tensors)) => tensors.iter().map(|tensor| tensor.value.clone()).collect(),
        other => panic!("{other:?}"),
    }
}

#[test]
fn the_signature_is_called_by_its_names_and_open_dimensions_stay_open() {
    let inspection = inspect(&fixture("sequential.tflite")).unwrap();
    let serving = Serving::Tflite { signature: Some("serving_default".into()), is_flex: false };
    assert_eq!(inspection.serving, serving);
    let inputs = tensors(inspection.signature.inputs.as_ref());
    assert_eq!(inputs, [TensorSpec::unnamed("float32", vec![-1, 4])]);
    let outputs = tensors(inspection.signature.outputs.as_ref());
    assert_eq!(outputs[0].name.as_deref(), Some("output_0"));
    assert_eq!(outputs[0].shape, [-1, 3]);
    assert_eq!(inspection.fact("input_names").unwrap().value, serde_json::json!(["meas"]));
    assert_eq!(inspection.safety.verdict(), Verdict::Safe);
    assert!(0 < inspection.tensors.unwrap().n);
}

#[test]
fn quantized_numbers_are_explained() {
    let inspection = inspect(&fixture("sequential_int8.tflite")).unwrap();
    assert_eq!(tensors(inspection.signature.inputs.as_ref())[0].dtype, "int8");
    assert_eq!(tensors(inspection.signature.outputs.as_ref())[0].dtype, "uint8");
    let said = inspection.warnings.join(" ");
    assert!(said.contains("(number - -128)"), "{said}");
}

#[test]
fn how_it_is_called_follows_from_what_the_file_has() {
    let serving = |name: &str| inspect(&fixture(name)).unwrap().serving;
    assert_eq!(serving("no_signature.tflite"), Serving::Tflite { signature: None, is_flex: false });
    let two = inspect(&fixture("two_inputs.tflite")).unwrap();
    let inputs = tensors(two.signature.inputs.as_ref());
    assert_eq!(inputs.iter().map(|input| input.name.as_deref()).collect::<Vec<_>>(), [Some("x"), Some("y")]);
    let flex = inspect(&fixture("flex.tflite")).unwrap();
    assert!(matches!(flex.serving, Serving::Tflite { is_flex: true, .. }));
    assert!(flex.warnings[0].contains("FlexMatrixInverse"), "{:?}", flex.warnings);
    assert_eq!(flex.requirements[0].requirement, "tensorflow<2.19");
}

#[test]
fn operators_decide_what_it_needs_and_what_it_may_do() {
    for (name, verdict) in [
        ("FlexErf", Verdict::Safe),
        ("FlexWriteFile", Verdict::Dangerous),
        ("TFLite_Detection_PostProcess", Verdict::Review),
    ] {
        let model = TfliteModel { custom: [(name.to_owned(), 1)].into(), ..TfliteModel::default() };
        assert_eq!(safety(&model).verdict(), verdict, "{name}");
    }
}

#[test]
fn what_a_model_says_about_itself_and_its_labels_are_told() {
    let bytes = fixture("with_metadata.tflite");
    let inspection = inspect(&bytes).unwrap();
    let fact = |name| inspection.fact(name).map(|fact| fact.value.clone()).unwrap_or_default();
    assert_eq!(fact("model_name"), "Flowers");
    assert_eq!(fact("license"), "Apache-2.0");
    assert_eq!(fact("class_labels"), serde_json::json!(["daisy", "rose", "tulip", "oak"]));
    let expected = serde_json::json!([{ "name": "scores", "description": "of each class" }]);
    assert_eq!(fact("output_descriptions"), expected);
    // Damaged words are left out; the model is as good as before.
    let mut damaged = bytes;
    let at = damaged.windows(4).position(|it| it == b"M001").unwrap();
    damaged[at] = b'X';
    let inspection = inspect(&damaged).unwrap();
    assert!(inspection.warnings[0].contains("metadata of the model is damaged"), "{:?}", inspection.warnings);
    assert_eq!(inspection.flavor(), Some("python_function"));
}

#[test]
fn a_file_without_graphs_is_shown_and_not_served() {
    // A root table without fields: its list of fields is four bytes long.
    let bytes = [12, 0, 0, 0, b'T', b'F', b'L', b'3', 4, 0, 4, 0, 4, 0, 0, 0];
    let inspection = inspect(&bytes).unwrap();
    assert_eq!(inspection.serving, Serving::No);
    assert!(inspection.warnings[0].contains("no graph"));
}

#[test]
fn any_byte_in_any_place_and_any_cut_gives_a_value_or_an_error() {
    let whole = fixture("sequential_int8.tflite");
    for at in 0..whole.len() {
        drop(inspect(&whole[..at]));
        for byte in [0, 1, 0x7f, 0xff] {
            let mut bytes = whole.clone();
            bytes[at] = byte;
            drop(inspect(&bytes));
        }
    }
}
