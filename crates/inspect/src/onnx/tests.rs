use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::SourcedSchema;
use crate::safety::Verdict;
use crate::tests::with_subject;

fn varint(mut value: u64) -> Vec<u8> {
    let mut bytes = Vec::new();
    while 0x7f < value {
        bytes.push(u8::try_from(value & 0x7f).expect("seven bits") | 0x80);
        value >>= 7;
    }
    bytes.push(u8::try_from(value).expect("seven bits"));
    bytes
}

fn number(field: u64, value: u64) -> Vec<u8> {
    [varint(field << 3), varint(value)].concat()
}

fn bytes(field: u64, payload: &[u8]) -> Vec<u8> {
    [varint(field << 3 | 2), varint(u64::try_from(payload.len()).expect("small")), payload.to_vec()].concat()
}

fn text(field: u64, text: &str) -> Vec<u8> {
    bytes(field, text.as_bytes())
}

/// A dimension: a number, a name, or nothing for "any".
fn dim(dim: &str) -> Vec<u8> {
    let inner = match dim.parse() {
        Ok(n) => number(1, n),
        Err(_) if dim == "?" => Vec::new(),
        Err(_) => text(2, dim),
    };
    bytes(1, &inner)
}

/// `ValueInfoProto` of a tensor; no shape at all for `None`.
fn tensor(name: &str, element: u64, shape: Option<&[&str]>) -> Vec<u8> {
    let shape = shape.map(|dims| bytes(2, &dims.iter().flat_map(|it| dim(it)).collect::<Vec<u8>>()));
    let ty = bytes(1, &[number(1, element), shape.unwrap_or_default()].concat());
    [text(1, name), bytes(2, &ty)].concat()
}

fn initializer(name: &str, dims: &[u64], more: &[u8]) -> Vec<u8> {
    let dims = dims.iter().flat_map(|dim| number(1, *dim)).collect::<Vec<u8>>();
    bytes(5, &[dims, number(2, 1), text(8, name), more.to_vec()].concat())
}

fn external(entries: &[(&str, &str)]) -> Vec<u8> {
    let entries = entries.iter().flat_map(|(key, value)| bytes(13, &[text(1, key), text(2, value)].concat()));
    entries.chain(number(14, 1)).collect()
}

fn node(operator: &str, domain: &str, attributes: &[Vec<u8>]) -> Vec<u8> {
    let attributes = attributes.iter().flat_map(|attribute| bytes(5, attribute)).collect::<Vec<u8>>();
    bytes(1, &[text(1, "x"), text(2, "y"), text(4, operator), attributes, text(7, domain)].concat())
}

/// A graph from its parts, with `x: float[batch, 4]` in and `y: float[batch, 3]` out.
fn graph(parts: &[Vec<u8>]) -> Vec<u8> {
    let io = [
        bytes(11, &tensor("x", 1, Some(&["batch", "4"]))),
        bytes(12, &tensor("y", 1, Some(&["batch", "3"]))),
    ];
    [text(2, "g"), parts.concat(), io.concat()].concat()
}

fn model(graph: &[u8]) -> Vec<u8> {
    let opset = bytes(8, &[text(1, ""), number(2, 17)].concat());
    [number(1, 8), text(2, "maker"), text(3, "1.0"), bytes(7, graph), opset].concat()
}

fn inspect_at(path: &str, bytes: &[u8]) -> Result<Inspection, InspectError> {
    with_subject(path, bytes, |subject| OnnxReader.read(subject))
}

fn inspect(graph: &[u8]) -> Inspection {
    inspect_at("model.onnx", &model(graph)).expect("a model")
}

fn explain(bytes: &[u8]) -> String {
    inspect_at("model.onnx", bytes).map_or_else(|error| error.to_string(), |_| "a model".to_owned())
}

fn claim(path: &str, bytes: &[u8]) -> Claim {
    with_subject(path, bytes, |subject| OnnxReader.claims(subject))
}

fn shown(schema: Option<&SourcedSchema>) -> Vec<String> {
    match schema {
        None => vec!["unknown".to_owned()],
        Some(SourcedSchema::Columns(_)) => vec!["columns".to_owned()],
        Some(SourcedSchema::Tensors(tensors)) => {
            let tensors = tensors.iter().map(|tensor| &tensor.value);
            tensors
                .map(|it| format!("{}:{}{:?}", it.name.as_deref().unwrap_or("-"), it.dtype, it.shape))
                .collect()
        }
    }
}

#[test]
fn a_graph_says_what_it_is() {
    let weights = [initializer("W", &[4, 3], &bytes(9, &[0; 48])), initializer("b", &[3], &[])];
    let inspection =
        inspect(&graph(&[weights.concat(), node("Gemm", "", &[]), node("Softmax", "ai.onnx", &[])]));
    assert_eq!(inspection.serving, Serving::Onnx { is_text: false });
    assert_eq!(shown(inspection.signature.inputs.as_ref()), ["-:float32[-1, 4]"]);
    assert_eq!(shown(inspection.signature.outputs.as_ref()), ["y:float32[-1, 3]"]);
    let fact = |name| inspection.fact(name).map(|fact| fact.value.clone());
    assert_eq!(fact("n_parameters"), Some(json!(15)));
    assert_eq!(fact("n_features"), Some(json!(4)));
    assert_eq!(fact("opset"), Some(json!(17)));
    assert_eq!(fact("producer"), Some(json!("maker 1.0")));
    assert_eq!(fact("operators"), Some(json!({"Gemm": 1, "Softmax": 1})));
    assert_eq!(fact("symbolic_dimensions"), Some(json!(["batch"])));
    assert_eq!(fact("input_types"), Some(json!({"x": "tensor(float)[batch, 4]"})));
    let lines: Vec<&str> = inspection.requirements.iter().map(|line| line.requirement.as_str()).collect();
    assert_eq!(lines, ["onnx>=1.12", "onnxruntime>=1.13", "numpy"]);
    assert_eq!(inspection.safety.verdict(), Verdict::Safe);
}

#[test]
fn initializers_are_no_inputs_and_several_inputs_keep_their_names() {
    let more = [bytes(11, &tensor("W", 1, Some(&["4", "3"]))), bytes(11, &tensor("s", 8, Some(&["?", "1"])))];
    let inspection = inspect(&graph(&[initializer("W", &[4, 3], &[]), more.concat()]));
    assert_eq!(shown(inspection.signature.inputs.as_ref()), ["s:object[-1, 1]", "x:float32[-1, 4]"]);
}

#[test]
fn types_that_mlflow_does_not_have_are_named() {
    let map = bytes(5, &[number(1, 8), bytes(2, &bytes(1, &number(1, 1)))].concat());
    let sequence = [text(1, "p"), bytes(2, &bytes(4, &bytes(1, &map)))].concat();
    let inspection = inspect(&graph(&[bytes(12, &sequence)]));
    assert_eq!(shown(inspection.signature.outputs.as_ref()), ["p:object[-1]", "y:float32[-1, 3]"]);
    let types = &inspection.fact("output_types").expect("told").value;
    assert_eq!(types["p"], json!("seq(map(string, tensor(float)))"));
    let inspection = inspect(&graph(&[bytes(11, &sequence)]));
    assert_eq!(inspection.signature.inputs, None);
    assert!(inspection.warnings[0].contains("seq(map(string, tensor(float)))"), "{:?}", inspection.warnings);
}

#[test]
fn a_rank_that_is_not_recorded_is_not_made_up() {
    let inspection = inspect(&[bytes(11, &tensor("x", 1, None)), bytes(12, &tensor("y", 16, None))].concat());
    assert_eq!(inspection.signature.inputs, None);
    assert!(inspection.warnings[0].contains("unknown rank"), "{:?}", inspection.warnings);
    let Some(SourcedSchema::Tensors(outputs)) = &inspection.signature.outputs else { panic!("tensors") };
    assert_eq!(outputs[0].value.dtype, "float32");
    let source = "graph.output y: bfloat16, which NumPy does not have; its shape is not in the file, [-1] stands for any";
    assert_eq!(outputs[0].source, source);
}

#[test]
fn class_labels_come_from_the_zipmap_or_the_one_classifier() {
    let texts = |labels: &[&str]| {
        let labels = labels.iter().flat_map(|label| text(9, label)).collect::<Vec<u8>>();
        [text(1, "classlabels_strings"), labels].concat()
    };
    let integers = [text(1, "classlabels_int64s"), number(8, 3), number(8, u64::MAX)].concat();
    let labels =
        |parts: &[Vec<u8>]| inspect(&graph(parts)).fact("class_labels").map(|fact| fact.value.clone());
    let forest = node("TreeEnsembleClassifier", "ai.onnx.ml", &[integers]);
    let linear = node("LinearClassifier", "ai.onnx.ml", &[texts(&["a", "b"])]);
    let zipmap = node("ZipMap", "ai.onnx.ml", &[texts(&["no", "yes"])]);
    assert_eq!(labels(std::slice::from_ref(&forest)), Some(json!([3, -1])));
    assert_eq!(labels(&[forest.clone(), linear.clone()]), None);
    assert_eq!(labels(&[forest, zipmap, linear]), Some(json!(["no", "yes"])));
}

#[test]
fn operators_that_nothing_defines_need_a_look_and_are_not_served() {
    let inspection = inspect(&graph(&[node("Fancy", "my.lab", &[])]));
    assert_eq!(inspection.flavor(), None);
    assert_eq!(inspection.safety.verdict(), Verdict::Review);
    assert_eq!(inspection.safety.findings[0].rule, "onnx/custom-domain");
    assert!(inspection.warnings[0].contains("my.lab"), "{:?}", inspection.warnings);
    let function = bytes(25, &[text(1, "Fancy"), bytes(7, &text(4, "Add")), text(10, "my.lab")].concat());
    let bytes = [model(&graph(&[node("Fancy", "my.lab", &[])])), function].concat();
    let inspection = inspect_at("model.onnx", &bytes).expect("a model");
    assert_eq!(inspection.flavor(), Some("onnx"));
    assert_eq!(inspection.fact("functions").expect("listed").value, json!(["my.lab.Fancy"]));
}

#[test]
fn external_data_that_leads_elsewhere_is_dangerous_wherever_it_hides() {
    let names = [
        "../w",
        "a/../../w",
        "/etc/passwd",
        "C:\\w",
        "c:w",
        "\\\\host\\w",
        "a\\..\\w",
        "",
        "*/_ORT_MEM_ADDR_/*",
    ];
    for name in names {
        let entries = external(&[("location", name), ("offset", "0"), ("length", "4")]);
        let plain = initializer("W", &[1], &entries);
        let constant = [text(1, "value"), bytes(5, &[number(1, 1), entries.clone()].concat())].concat();
        let branch = [text(1, "then_branch"), bytes(6, &plain)].concat();
        let nodes = [plain, node("Constant", "", &[constant]), node("If", "", &[branch])];
        for part in nodes {
            let inspection = inspect(&graph(&[part]));
            assert_eq!(inspection.safety.verdict(), Verdict::Dangerous, "{name}");
            assert_eq!(inspection.flavor(), None, "{name}");
            assert_eq!(inspection.artifact.side_files, Vec::<String>::new(), "{name}");
        }
    }
}

#[test]
fn external_data_travels_with_the_model_when_it_is_there_and_long_enough() {
    let folder = std::env::temp_dir().join(format!("packwright-onnx-{}", std::process::id()));
    std::fs::create_dir_all(folder.join("sub")).expect("a folder");
    std::fs::write(folder.join("w.data"), [0; 100]).expect("a file");
    std::fs::write(folder.join("sub/v.data"), [0; 100]).expect("a file");
    let path = folder.join("model.onnx");
    let path = path.to_str().expect("UTF-8");
    let weights = |name: &str, location: &str, length: &str| {
        initializer(name, &[10], &external(&[("location", location), ("offset", "60"), ("length", length)]))
    };
    let read = |parts: &[Vec<u8>]| inspect_at(path, &model(&graph(parts))).expect("a model");
    let whole =
        read(&[weights("a", "w.data", "40"), weights("b", "sub/v.data", "40"), weights("c", "w.data", "40")]);
    assert_eq!(whole.artifact.side_files, ["w.data", "sub/v.data"]);
    assert_eq!((whole.flavor(), whole.safety.verdict()), (Some("onnx"), Verdict::Safe));
    assert_eq!(whole.fact("external_data").expect("told").value[0]["n_tensors"], json!(2));
    // Without a length the shape and the type tell it.
    for (offset, length) in [("61", Some("40")), ("61", None)] {
        let mut entries = vec![("location", "w.data"), ("offset", offset)];
        entries.extend(length.map(|length| ("length", length)));
        let cut = read(&[initializer("a", &[10], &external(&entries))]);
        assert_eq!((cut.flavor(), cut.safety.verdict()), (None, Verdict::Unscanned));
        assert!(cut.warnings[0].contains("1 bytes too short"), "{:?}", cut.warnings);
    }
    for (entry, said) in [
        (("length", "44"), "its length is 44 bytes, and its shape and type take 40"),
        (("offset", "-4"), "its offset is \"-4\" and no number"),
        (("length", "all"), "its length is \"all\" and no number"),
    ] {
        let damaged = read(&[initializer("a", &[10], &external(&[("location", "w.data"), entry]))]);
        assert_eq!((damaged.flavor(), damaged.safety.verdict()), (None, Verdict::Unscanned));
        assert!(damaged.warnings[0].contains(said), "{:?}", damaged.warnings);
    }
    // Loaders that take the first of two names, and those that take the last, find nothing that was not looked at.
    for names in [["w.data", "../w"], ["../w", "w.data"]] {
        let entries = names.map(|name| ("location", name));
        let twice = read(&[initializer("a", &[10], &external(&entries))]);
        assert_eq!((twice.flavor(), twice.safety.verdict()), (None, Verdict::Dangerous));
    }
    let missing = read(&[weights("a", "other.data", "40")]);
    assert_eq!((missing.flavor(), missing.safety.verdict()), (None, Verdict::Unscanned));
    let odd = read(&[initializer("a", &[1], &external(&[("location", "w.data"), ("__class__", "x")]))]);
    assert_eq!(odd.safety.verdict(), Verdict::Review);
    #[cfg(unix)]
    {
        std::os::unix::fs::symlink("/etc/hostname", folder.join("link.data")).expect("a link");
        std::os::unix::fs::symlink("sub", folder.join("sub2")).expect("a link");
        for name in ["link.data", "sub2/v.data"] {
            let link = read(&[weights("a", name, "40")]);
            assert_eq!((link.flavor(), link.safety.verdict()), (None, Verdict::Review), "{name}");
        }
    }
    std::fs::remove_dir_all(&folder).expect("its own folder");
}

#[test]
fn every_cut_is_an_error_and_no_panic() {
    let attribute = [text(1, "then_branch"), bytes(6, &initializer("V", &[2], &[]))].concat();
    let bytes =
        model(&graph(&[initializer("W", &[4, 3], &bytes(9, &[7; 48])), node("If", "", &[attribute])]));
    let graph_end = bytes.len() - bytes_of_opset();
    for end in 0..graph_end {
        assert_ne!(explain(&bytes[..end]), "a model", "cut at {end}");
    }
}

fn bytes_of_opset() -> usize {
    bytes(8, &[text(1, ""), number(2, 17)].concat()).len()
}

#[test]
fn subgraphs_without_end_are_an_error_and_no_overflow() {
    let mut inner = Vec::new();
    for _ in 0..2000 {
        inner = node("If", "", &[[text(1, "then_branch"), bytes(6, &inner)].concat()]);
    }
    assert!(explain(&model(&graph(&[inner]))).contains("nesting needs 101"));
}

#[test]
fn claims_follow_from_structure_and_only_then_from_the_name() {
    let whole = model(&graph(&[initializer("W", &[4, 3], &bytes(9, &[7; 48]))]));
    assert_eq!(claim("model", &whole), Claim::Likely);
    assert_eq!(claim("model", &whole[..40]), Claim::Likely, "an ONNX file that is cut short is one still");
    assert_eq!(claim("model.onnx", b"\xff\xff\xff\xff"), Claim::Maybe);
    let saved_model = [number(1, 1), bytes(2, b"meta")].concat();
    let core_ml = [number(1, 4), bytes(2, b"description"), bytes(500, b"spec")].concat();
    let graph_def = bytes(1, &text(1, "node"));
    for other in [&saved_model, &core_ml, &graph_def, &b"tree\nversion=v4".to_vec(), &Vec::new()] {
        assert_eq!(claim("model", other), Claim::No, "{other:?}");
    }
}

#[test]
fn a_version_that_is_a_paragraph_becomes_the_version_in_it() {
    let producer = |version: &str| {
        let bytes = [number(1, 8), text(2, "maker"), text(3, version), bytes(7, &graph(&[]))].concat();
        let inspection = inspect_at("model.onnx", &bytes).expect("a model");
        inspection.fact("producer").expect("told").value.clone()
    };
    assert_eq!(
        producer("Git info:\n  Commit: b1bd2a\n  Branch: tags/v1.2.10\n  Author: a@b.c"),
        "maker 1.2.10"
    );
    assert_eq!(producer("Git info:\n  Branch: main"), "maker");
    assert_eq!(producer("2.1.0+cu118"), "maker 2.1.0+cu118");
}

#[test]
fn operators_of_the_extensions_are_served_and_those_of_nobody_are_not() {
    let served = inspect(&graph(&[node("StringUpper", "ai.onnx.contrib", &[])]));
    let expected = Serving::OnnxRuntime { is_ort: false, is_extended: true, is_text: false };
    assert_eq!((served.serving.clone(), served.safety.verdict()), (expected, Verdict::Review));
    let lines: Vec<&str> = served.requirements.iter().map(|line| line.requirement.as_str()).collect();
    assert_eq!(lines, ["onnxruntime>=1.13", "onnxruntime-extensions", "numpy"]);
    let foreign =
        inspect(&graph(&[node("StringUpper", "ai.onnx.contrib", &[]), node("Foo", "com.acme", &[])]));
    assert_eq!(foreign.serving, Serving::No);
    assert!(foreign.warnings[0].contains("operators of com.acme."), "{:?}", foreign.warnings);
}

#[test]
fn inputs_that_numpy_has_no_type_for_are_not_served() {
    let inspection = inspect(&graph(&[bytes(11, &tensor("h", 16, Some(&["n"])))]));
    assert_eq!(inspection.serving, Serving::No);
    assert!(inspection.warnings[0].contains("h is a tensor of bfloat16"), "{:?}", inspection.warnings);
}

#[test]
fn the_weights_are_listed_with_their_bytes() {
    let four_bits = bytes(5, &[number(1, 3), number(2, 22), text(8, "i4")].concat());
    let inspection = inspect(&graph(&[initializer("W", &[4, 3], &[]), four_bits]));
    let tensors = inspection.tensors.expect("listed");
    let listed: Vec<_> =
        tensors.listed.iter().map(|it| (it.name.as_str(), it.dtype.as_str(), it.size_bytes)).collect();
    assert_eq!(listed, [("W", "float32", 48), ("i4", "int4", 2)]);
    assert_eq!((tensors.n_elements, tensors.size_bytes), (15, 50));
}

fn fixture(name: &str) -> Vec<u8> {
    use packwright_source::{ByteSource as _, FileSource, read_exact_at};
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/fixtures/onnx").join(name);
    let source = FileSource::open(&path).expect(name);
    let mut bytes = vec![0; usize::try_from(source.len_bytes()).expect("small")];
    read_exact_at(&source, 0, &mut bytes).expect(name);
    bytes
}

#[test]
fn a_file_in_the_format_of_onnxruntime_says_what_the_onnx_model_says() {
    let bytes = fixture("dense.ort");
    assert_eq!(claim("model", &bytes), Claim::Certain);
    let inspection = inspect_at("model.ort", &bytes).expect("a model");
    let expected = Serving::OnnxRuntime { is_ort: true, is_extended: false, is_text: false };
    assert_eq!((inspection.format, inspection.serving.clone()), ("ort", expected));
    assert_eq!(inspection.framework.as_ref().expect("told").value, "onnxruntime");
    assert_eq!(shown(inspection.signature.inputs.as_ref()), ["-:float32[-1, 4]"]);
    assert_eq!(shown(inspection.signature.outputs.as_ref()), ["prob:float32[-1, 3]"]);
    let fact = |name| inspection.fact(name).map(|fact| fact.value.clone());
    assert_eq!(fact("operators"), Some(json!({"Gemm": 1, "Softmax": 1})));
    assert_eq!(fact("n_parameters"), Some(json!(15)));
    assert_eq!(fact("opset"), Some(json!(17)));
    let lines: Vec<&str> = inspection.requirements.iter().map(|line| line.requirement.as_str()).collect();
    assert_eq!(lines, ["onnxruntime>=1.13", "numpy"]);
    for at in 0..bytes.len() {
        drop(inspect_at("model.ort", &bytes[..at]));
        let mut other = bytes.clone();
        other[at] ^= 0xff;
        drop(inspect_at("model.ort", &other));
    }
}

proptest! {
    #[test]
    fn a_changed_byte_gives_a_model_or_an_error(at in any::<prop::sample::Index>(), byte in any::<u8>()) {
        let weights = initializer("W", &[4, 3], &external(&[("location", "w"), ("length", "4")]));
        let mut bytes = model(&graph(&[weights, node("Gemm", "", &[])]));
        let at = at.index(bytes.len());
        bytes[at] = byte;
        prop_assert!(!explain(&bytes).is_empty());
    }

    #[test]
    fn any_bytes_give_a_model_or_an_error(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
        prop_assert!(!explain(&bytes).is_empty());
        prop_assert!(claim("model", &bytes) != Claim::Certain);
    }
}
