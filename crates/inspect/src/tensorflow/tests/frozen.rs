use super::{field, node, number, text_constant};
use crate::safety::{Severity, Verdict};
use crate::tests::inspect;
use crate::{InspectError, Serving, SourcedSchema};

fn attribute(name: &str, value: &[u8]) -> Vec<u8> {
    field(5, [field(1, name), field(2, value)].concat())
}

fn shape(sides: &[i64]) -> Vec<u8> {
    sides.iter().flat_map(|side| field(2, number(1, side.cast_unsigned()))).collect()
}

fn with_attributes(name: &str, operator: &str, inputs: &[&str], attributes: &[Vec<u8>]) -> Vec<u8> {
    let inputs: Vec<u8> = inputs.iter().flat_map(|input| field(3, input)).collect();
    field(1, [field(1, name), field(2, operator), inputs, attributes.concat()].concat())
}

fn placeholder(name: &str, dtype: u64, sides: &[i64]) -> Vec<u8> {
    let attributes = [attribute("dtype", &number(6, dtype)), attribute("shape", &field(7, shape(sides)))];
    with_attributes(name, "Placeholder", &[], &attributes)
}

fn weights(name: &str, sides: &[i64]) -> Vec<u8> {
    let tensor = [number(1, 1), field(2, shape(sides)), field(4, [0; 64])].concat();
    with_attributes(name, "Const", &[], &[attribute("value", &field(8, tensor))])
}

fn versions() -> Vec<u8> {
    field(4, number(1, 2474))
}

fn mlp() -> Vec<Vec<u8>> {
    vec![
        placeholder("x", 1, &[-1, 4]),
        weights("w", &[4, 3]),
        weights("b", &[3]),
        node("m", "MatMul", &["x", "w"]),
        node("a", "AddV2", &["m", "b"]),
        node("y", "Softmax", &["a"]),
        versions(),
    ]
}

#[test]
fn placeholders_go_in_and_what_nobody_takes_comes_out() {
    let found = inspect("g.pb", &mlp().concat()).unwrap();
    assert_eq!(found.format, "tf-graphdef");
    let expected = Serving::TfGraph { inputs: vec!["x".to_owned()], outputs: vec!["y".to_owned()] };
    assert_eq!(found.serving, expected);
    for (schema, shape, source) in [
        (&found.signature.inputs, [-1, 4], "the Placeholder x"),
        (&found.signature.outputs, [-1, 3], "assumed"),
    ] {
        let Some(SourcedSchema::Tensors(tensors)) = schema else { panic!("{schema:?}") };
        assert_eq!(
            (tensors[0].value.dtype.as_str(), tensors[0].value.shape.as_slice()),
            ("float32", &shape[..])
        );
        assert!(tensors[0].source.starts_with(source), "{}", tensors[0].source);
    }
    assert_eq!(found.fact("n_parameters").unwrap().value, 15);
    let tensors = found.tensors.unwrap();
    assert_eq!((tensors.n, tensors.size_bytes), (2, 60));
    assert_eq!(found.safety.findings, []);
}

#[test]
fn a_shape_that_no_rule_tells_is_unknown() {
    for (nodes, is_known) in [
        (node("z", "Relu", &["y"]), true),
        (node("z", "Relu", &["y:1"]), false),
        (node("z", "Sum", &["y"]), false),
        (with_attributes("z", "MatMul", &["y", "w"], &[attribute("transpose_b", &number(5, 1))]), false),
        (node("z", "Add", &["y", "gone"]), false),
    ] {
        let found = inspect("g.pb", &[mlp().concat(), nodes].concat()).unwrap();
        assert_eq!(found.signature.outputs.is_some(), is_known);
        assert_eq!(found.fact("output_names").unwrap().value, serde_json::json!(["z"]));
    }
    // Graphs of old wrote no sides for any shape.
    let old = [placeholder("x", 1, &[]), node("y", "Relu", &["x"]), field(4, number(1, 21))].concat();
    assert_eq!(inspect("g.pb", &old).unwrap().signature.inputs, None);
    let new = [placeholder("x", 1, &[]), node("y", "Relu", &["x"]), versions()].concat();
    assert!(inspect("g.pb", &new).unwrap().signature.inputs.is_some());
}

#[test]
fn what_is_missing_from_a_graph_is_said() {
    for (operator, said) in
        [("VarHandleOp", "not frozen"), ("HashTableV2", "tables"), ("PyFunc", "Python functions")]
    {
        let found = inspect("g.pb", &[mlp().concat(), node("v", operator, &[])].concat()).unwrap();
        assert_eq!(found.serving, Serving::No);
        assert!(found.warnings[0].contains(said), "{:?}", found.warnings);
    }
}

#[test]
fn a_graph_that_reaches_files_is_told_with_the_path_wherever_the_text_lies() {
    let in_bytes = |name: &str, text: &str| {
        let bytes = [&[u8::try_from(text.len()).unwrap()], text.as_bytes()].concat();
        let tensor = [number(1, 7), field(4, bytes)].concat();
        // The name of an attribute may stand behind its value.
        let value = field(5, [field(2, field(8, tensor)), field(1, "value")].concat());
        field(1, [field(1, name), field(2, "Const"), value].concat())
    };
    for constant in [text_constant("c", "/tmp/x"), in_bytes("c", "/tmp/x")] {
        let graph = [mlp().concat(), constant, node("w", "WriteFile", &["c", "y"])].concat();
        let found = inspect("g.pb", &graph).unwrap();
        assert_eq!(found.safety.verdict(), Verdict::Dangerous);
        let first = &found.safety.findings[0];
        assert_eq!((first.severity, first.what.as_str()), (Severity::Dangerous, "WriteFile of \"/tmp/x\""));
    }
}

#[test]
fn other_protobufs_are_no_graphs_and_a_text_says_what_to_do() {
    for bytes in [
        // Pairs of a name and a text, pieces of a vocabulary with their scores, an ONNX model.
        field(1, [field(1, "name"), field(2, "Value")].concat()),
        field(1, [field(1, "word"), vec![0x15, 0, 0, 0, 0]].concat()),
        [number(1, 8), field(2, "pytorch")].concat(),
    ] {
        assert!(matches!(
            inspect("g.pb", &bytes),
            Err(InspectError::Unknown { .. } | InspectError::NotAModel { .. })
        ));
    }
    let error = inspect("g.pbtxt", b"node {\n  name: \"x\"\n}\n").unwrap_err().to_string();
    assert!(error.contains("as_text=False"), "{error}");
}

#[test]
fn any_cut_or_flipped_bit_of_a_graph_gives_an_answer() {
    let bytes = mlp().concat();
    for len in 0..bytes.len() {
        inspect("g.pb", &bytes[..len]).map(drop).unwrap_or_default();
        let mut flipped = bytes.clone();
        flipped[len] ^= 1 << (len % 8);
        inspect("g.pb", &flipped).map(drop).unwrap_or_default();
    }
}
