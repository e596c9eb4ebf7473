use packwright_source::{Limits, MemorySource};

use super::*;
use crate::onnx::OnnxReader;
use crate::reader::{Claim, Reader as _};
use crate::safety::Verdict;
use crate::tests::with_subject;
use crate::{InspectError, Inspection, Serving};

const TEXT: &str = r#"# a comment
<
  ir_version: 8, opset_import: ["" : 17, "my.dom" : 1], producer_name: "say \"hi\"", metadata_props: ["k" : "v"]
>
g (float[batch, 2] x, bool c) => (float[batch, 2] y)
<float[2] W = {1.5, -inf}, int64[1] axes = {-1}, string[1] s = {"a"}, float[2] unused>
{
  [named] t = If (c) <then_branch = a () => (p) { p = Add (x, W) }, else_branch = b () => (q) { q = Relu (x) }>
  u = my.dom.Twice <alpha: float = 2> (t)
  z = Constant <value = int32[2] {1, 2}> ()
  y = ReduceSum <keepdims = 1, more = [1, 2], few: strings = []> (u,)
}
<domain: "my.dom", opset_import: ["" : 18]>
Twice <alpha> (x) => (y) { y = LeakyRelu <alpha: float = @alpha> (x) }
"#;

const PROTOBUF_TEXT: &str = r#"
ir_version: 8  # a comment
producer_name: 'two ' "parts\n\x41\101"
graph < name: "g"
  node { input: "x" output: "y" op_type: "Relu"; attribute { name: "f" f: -1.5e0f type: FLOAT }, }
  initializer { dims: [2] data_type: 1 name: "W" float_data: 1 float_data: -inf }
  input { name: "x" type { tensor_type { elem_type: 1 shape { dim { dim_param: "n" } dim { dim_value: 0x4 } } } } }
  output: [{ name: "y" type { tensor_type { elem_type: 1 } } }]
>
opset_import { domain: "" version: 17 }
"#;

const JSON: &str = r#"{"irVersion": "8", "graph": {"name": "g", "node": [{"op_type": "Relu", "input": ["x"], "output": ["y"],
  "attribute": [{"name": "s", "s": "AP8", "type": "STRING"}, {"name": "i", "i": 3, "type": 2, "docString": null}]}],
  "initializer": [{"dims": ["1"], "dataType": 1, "name": "W", "floatData": ["NaN"]}, {"dims": [1], "dataType": 11, "name": "D", "doubleData": [0.1]}],
  "input": [{"name": "x", "type": {"tensorType": {"elemType": 1, "shape": {"dim": [{"dimParam": "n"}]}}}}],
  "output": [{"name": "y"}]}, "opsetImport": [{"version": "17"}]}"#;

fn read(name: &str, text: &str) -> Result<Inspection, InspectError> {
    with_subject(name, text.as_bytes(), |subject| {
        assert_eq!(OnnxReader.claims(subject), Claim::Likely, "{name}");
        OnnxReader.read(subject)
    })
}

fn binary(text: &str) -> Result<Vec<u8>, String> {
    let source = MemorySource::new(text.as_bytes().to_vec());
    onnx_binary(&source, &Limits::default()).map_err(|error| error.to_string())
}

fn fact(inspection: &Inspection, name: &str) -> serde_json::Value {
    inspection.fact(name).map(|fact| fact.value.clone()).unwrap_or_default()
}

#[test]
fn the_text_form_is_read_with_its_functions_and_inner_graphs() {
    let inspection = read("m.onnxtxt", TEXT).unwrap();
    assert_eq!(
        (inspection.format, inspection.serving.clone()),
        ("onnx-text", Serving::Onnx { is_text: true })
    );
    let operators = serde_json::json!({
        "Add": 1, "Constant": 1, "If": 1, "LeakyRelu": 1, "ReduceSum": 1, "Relu": 1, "my.dom.Twice": 1
    });
    assert_eq!(fact(&inspection, "operators"), operators);
    assert_eq!(fact(&inspection, "producer"), "say \"hi\"");
    assert_eq!(fact(&inspection, "n_parameters"), 4);
    assert_eq!(fact(&inspection, "input_types")["x"], "tensor(float)[batch, 2]");
    // The function asks for a newer operator set than the graph.
    assert!(inspection.requirements.iter().any(|line| line.requirement == "onnxruntime>=1.14"));
    assert!(inspection.warnings.iter().any(|line| line.contains("binary form")));
    assert_eq!(inspection.safety.verdict(), Verdict::Safe);
}

#[test]
fn the_forms_of_protobuf_are_read_by_their_fields() {
    let inspection = read("m.textproto", PROTOBUF_TEXT).unwrap();
    assert_eq!(inspection.format, "onnx-textproto");
    assert_eq!(fact(&inspection, "producer"), "two parts\nAA");
    assert_eq!(fact(&inspection, "input_types")["x"], "tensor(float)[n, 4]");
    assert_eq!(fact(&inspection, "n_parameters"), 2);
    let inspection = read("m.json", JSON).unwrap();
    assert_eq!(inspection.format, "onnx-json");
    assert_eq!(fact(&inspection, "opset"), 17);
    let listed: Vec<_> =
        inspection.tensors.unwrap().listed.into_iter().map(|tensor| (tensor.name, tensor.dtype)).collect();
    assert_eq!(listed, [("W".into(), "float32".into()), ("D".into(), "float64".into())]);
}

#[test]
fn values_are_written_to_their_last_bit() {
    let has = |text: &str, bytes: &[u8]| binary(text).unwrap().windows(bytes.len()).any(|it| it == bytes);
    // A double that lies between two singles, packed; bytes from base64 without padding; a float that is no number.
    assert!(has(JSON, &[&[0x52, 8][..], &0.1_f64.to_le_bytes()].concat()));
    assert!(has(JSON, &[0x22, 2, 0x00, 0xff]));
    assert!(has(JSON, &[&[0x22, 4][..], &f32::NAN.to_le_bytes()].concat()));
    assert!(has(
        PROTOBUF_TEXT,
        &[&[0x22, 8][..], &1_f32.to_le_bytes(), &f32::NEG_INFINITY.to_le_bytes()].concat()
    ));
    assert!(has(PROTOBUF_TEXT, &[&[0x15][..], &(-1.5_f32).to_le_bytes()].concat()));
    // In ONNX's own text numbers are singles at once, and lie one by one.
    assert!(has(TEXT, &[&[0x25][..], &1.5_f32.to_le_bytes()].concat()));
    // An integer stands for a float where that was said.
    assert!(has(TEXT, &[&[0x15][..], &2_f32.to_le_bytes()].concat()));
}

#[test]
fn what_is_wrong_is_an_error_that_tells_the_place() {
    let deep_json =
        format!("{{\"opsetImport\": [], \"graph\": {}", "{\"node\": [{\"attribute\": [{\"g\": ".repeat(200));
    let deep_text = format!("ir_version: 8 graph {{ {}", "node { attribute { g { ".repeat(200));
    let deep_type = format!("<ir_version: 8> g ({} x) => () {{}}", "seq(".repeat(100_000));
    let cases = [
        (deep_json.as_str(), "nesting"),
        (&deep_text, "nesting"),
        (&deep_type, "nesting"),
        (r#"{"irVersion": 8, "graf": {}}"#, "a field of ModelProto"),
        (r#"{"irVersion": 8, "irVersion": 9}"#, "one ir_version"),
        (r#"{"irVersion": "x"}"#, "a value for ir_version"),
        (r#"{"irVersion": 1.5}"#, "an integer of 64 bits"),
        (r#"{"irVersion": 8, "opsetImport": {"version": 1}}"#, "an array"),
        (r#"{"irVersion": 8, "graph": {"initializer": [{"rawData": "A"}]}}"#, "a value for raw_data"),
        (r#"{"irVersion": 8, "graph": {"initializer": [{"floatData": [1e99]}]}}"#, "a number for float_data"),
        (r#"{"irVersion": 8} 1"#, "its end"),
        ("ir_version: 8 graf {}", "a field of ModelProto"),
        ("ir_version 8", "a colon"),
        ("ir_version: 99999999999999999999", "an integer of 64 bits"),
        ("ir_version: 8 producer_name: \"x", "short of a text"),
        ("ir_version: 8 producer_name: \"\\q\"", "an escape"),
        ("ir_version: 8 graph { name: \"x\"", "short of a message"),
        ("ir_version: 8 [ext]: 1", "an extension"),
        ("<ir_version: 8> g () => () { x = }", "an identifier"),
        ("<ir_version: 8> g () => () <uint4[2] W = ...> {}", "the text leaves out"),
        ("<ir_version: 8> g () => () { x = A <a: float = \"s\"> () }", "the type that was said"),
        ("<ir_version: 8> g () => () { x = A <a = []> () }", "an empty list"),
        ("<ir_version: 8> g () => () {} <domain \"d\"> f", "expected ':'"),
        ("<ir_version: 8, opset_import: [\"\" : 99999999999999999999]> g", "an integer of 64 bits"),
    ];
    for (text, wanted) in cases {
        let error = binary(text).expect_err(text.get(..60).unwrap_or(text));
        assert!(error.contains(wanted) && error.contains("at byte"), "{wanted}: {error}");
    }
}

#[test]
fn a_text_that_leads_out_of_its_folder_is_as_dangerous_as_a_binary_one() {
    let text = r#"<ir_version: 8, opset_import: ["" : 17]> g (float[1] x) => (float[1] y)
        <float[1] W = ["location": "../../etc/passwd", "offset": "0"]> { y = Add (x, W) }"#;
    let inspection = read("m.onnxtxt", text).unwrap();
    assert_eq!(inspection.safety.verdict(), Verdict::Dangerous);
    assert_eq!(inspection.serving, Serving::No);
    assert_eq!(inspection.safety.findings[0].place, "external_data of a tensor");
}

#[test]
fn a_text_beyond_the_limit_says_how_to_convert_it() {
    let limits = Limits { header_bytes: 100, ..Limits::default() };
    let error = with_subject("m.json", JSON.as_bytes(), |subject| {
        OnnxReader.read(&crate::reader::Subject {
            limits: &limits,
            source: subject.source.clone(),
            ..*subject
        })
    });
    let said = error.expect_err("too long").to_string();
    assert!(said.contains("onnx.save") && said.contains("its JSON form"), "{said}");
}

#[test]
fn any_cut_and_any_byte_in_any_place_gives_a_model_or_an_error() {
    for text in [TEXT, PROTOBUF_TEXT, JSON] {
        for at in (0..text.len()).step_by(3) {
            drop(binary(&text[..at]));
            for byte in ["\0", "}", "\"", "9"] {
                let mut other = text.to_owned();
                other.replace_range(at..=at, byte);
                drop(binary(&other));
            }
        }
    }
}
