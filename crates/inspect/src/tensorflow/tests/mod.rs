mod checkpoint;
mod frozen;

use std::path::Path;

use packwright_source::{Limits, MemorySource};

use super::proto::{SavedModel, TensorInfo};
use crate::safety::{Severity, Verdict};
use crate::{Inspection, Serving, SourcedSchema, inspect};

fn varint(mut value: u64) -> Vec<u8> {
    let mut out = Vec::new();
    while 0x7f < value {
        out.push(u8::try_from(value & 0x7f).unwrap() | 0x80);
        value >>= 7;
    }
    out.push(u8::try_from(value).unwrap());
    out
}

/// A field with a payload.
fn field(number: u64, payload: impl AsRef<[u8]>) -> Vec<u8> {
    let payload = payload.as_ref();
    [varint(number << 3 | 2), varint(payload.len() as u64), payload.to_vec()].concat()
}

/// A field with a number.
fn number(number: u64, value: u64) -> Vec<u8> {
    [varint(number << 3), varint(value)].concat()
}

fn node(name: &str, operator: &str, inputs: &[&str]) -> Vec<u8> {
    let inputs = inputs.iter().flat_map(|input| field(3, input));
    field(1, [field(1, name), field(2, operator), inputs.collect()].concat())
}

fn text_constant(name: &str, text: &str) -> Vec<u8> {
    let tensor = [number(1, 7), field(8, text)].concat();
    let attribute = [field(1, "value"), field(2, field(8, tensor))].concat();
    field(1, [field(1, name), field(2, "Const"), field(5, attribute)].concat())
}

fn tensor(key: &str, dtype: u64, sides: &[i64]) -> Vec<u8> {
    let sides = sides.iter().flat_map(|side| field(2, number(1, side.cast_unsigned())));
    [field(1, key), field(2, [number(2, dtype), field(3, sides.collect::<Vec<u8>>())].concat())].concat()
}

fn signature(name: &str) -> Vec<u8> {
    let body =
        [field(1, tensor("x", 1, &[-1, 3])), field(2, tensor("y", 9, &[-1])), field(3, "predict")].concat();
    field(5, [field(1, name), field(2, body)].concat())
}

/// A model of one graph with these nodes and signatures.
fn model(nodes: &[Vec<u8>], rest: &[Vec<u8>]) -> Vec<u8> {
    let info = field(1, [field(4, "serve"), field(5, "2.21.0")].concat());
    let variable = [number(1, 1), field(2, field(2, number(1, 4))), number(3, 1), field(6, "w")].concat();
    let objects = field(7, field(1, field(7, variable)));
    field(2, [info, field(2, nodes.concat()), rest.concat(), objects].concat())
}

fn folder(bytes: &[u8], others: &[&str]) -> (tempfile::TempDir, Inspection) {
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("saved_model.pb"), bytes).unwrap();
    for name in others {
        let path = dir.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, b"x").unwrap();
    }
    let inspection = inspect(dir.path(), &Limits::default()).unwrap();
    (dir, inspection)
}

const WEIGHTS: &[&str] = &["variables/variables.index", "variables/variables.data-00000-of-00001"];

#[test]
fn signatures_tags_variables_and_operators_are_read() {
    let bytes = model(&[node("a", "MatMul", &[]), node("b", "MatMul", &[])], &[signature("f")]);
    let model = SavedModel::read(&MemorySource::new(bytes), &Limits::default()).unwrap();
    let graph = &model.graphs[0];
    assert_eq!(
        (graph.tags.as_slice(), graph.version.as_deref()),
        (&["serve".to_owned()][..], Some("2.21.0"))
    );
    assert_eq!(graph.operators["MatMul"], 2);
    assert_eq!(graph.signatures["f"].inputs["x"], TensorInfo { dtype: 1, shape: Some(vec![-1, 3]) });
    assert_eq!((graph.variables[0].name.as_str(), graph.variables[0].shape.as_slice()), ("w", &[4][..]));
}

#[test]
fn the_default_signature_is_served_and_else_the_first_by_name() {
    for (names, expected) in [
        (&["b", "serving_default", "a"][..], Some("serving_default")),
        (&["b", "a", "__saved_model_init_op"], Some("a")),
        (&["__saved_model_init_op"], None),
    ] {
        let signatures: Vec<Vec<u8>> = names.iter().map(|name| signature(name)).collect();
        let (_dir, found) = folder(&model(&[], &signatures), WEIGHTS);
        let served = match &found.serving {
            Serving::SavedModel { signature, tags } => {
                assert_eq!(tags, &["serve"]);
                Some(signature.as_str())
            }
            _ => None,
        };
        assert_eq!(served, expected);
        assert_eq!(found.signature.inputs.is_some(), expected.is_some());
        if let Some(SourcedSchema::Tensors(tensors)) = &found.signature.outputs {
            assert_eq!(tensors[0].value.name.as_deref(), Some("y"));
            assert_eq!(
                (tensors[0].value.dtype.as_str(), tensors[0].value.shape.as_slice()),
                ("int64", &[-1][..])
            );
        }
    }
}

/// The worst finding.
type Row = Option<(Severity, &'static str)>;

#[test]
fn what_the_saver_does_is_normal_and_what_reaches_other_files_is_told() {
    let saver = [
        node("ShardedFilename", "ShardedFilename", &["StringJoin"]),
        node("StringJoin", "StringJoin", &["saver_filename"]),
        node("saver_filename", "Placeholder", &[]),
    ]
    .concat();
    let cases: Vec<(Vec<u8>, Row)> = vec![
        ([saver, node("save", "SaveV2", &["ShardedFilename:0"])].concat(), None),
        (
            [text_constant("c", "/tmp/x"), node("i", "Identity", &["c"]), node("s", "SaveV2", &["i:0"])]
                .concat(),
            Some((Severity::Dangerous, "SaveV2 of \"/tmp/x\"")),
        ),
        (
            [text_constant("c", "/etc/x"), node("s", "RestoreV2", &["c"])].concat(),
            Some((Severity::Review, "RestoreV2 of \"/etc/x\"")),
        ),
        (node("r", "ReadFile", &["name"]), Some((Severity::Review, "ReadFile"))),
        (node("w", "WriteFile", &["name"]), Some((Severity::Dangerous, "WriteFile"))),
        (node("p", "EagerPyFunc", &[]), Some((Severity::Review, "EagerPyFunc"))),
        (node("o", "MyOwnOperator", &[]), Some((Severity::Review, "MyOwnOperator"))),
    ];
    for (nodes, expected) in cases {
        let (_dir, found) = folder(&model(&[nodes], &[signature("serving_default")]), WEIGHTS);
        let first = found.safety.findings.first().map(|finding| (finding.severity, finding.what.as_str()));
        assert_eq!(first, expected);
    }
}

#[test]
fn a_folder_that_cannot_be_loaded_says_why() {
    let whole = model(&[], &[signature("serving_default")]);
    let (_dir, found) = folder(&whole, &[]);
    assert_eq!(found.serving, Serving::No);
    assert!(found.warnings[0].contains("variables"), "{:?}", found.warnings);
    let asset = field(6, [field(2, "words.txt")].concat());
    let (_dir, found) = folder(&model(&[], &[signature("f"), asset.clone()]), WEIGHTS);
    assert!(found.warnings[0].contains("assets/words.txt"), "{:?}", found.warnings);
    let (_dir, found) =
        folder(&model(&[], &[signature("f"), asset]), &[WEIGHTS, &["assets/words.txt"]].concat());
    assert_eq!((found.serving == Serving::No, found.artifact.side_files.len()), (false, 4));
}

#[test]
fn an_asset_that_leads_out_of_the_folder_is_dangerous() {
    let asset = field(6, field(2, "../../etc/passwd"));
    let (_dir, found) = folder(&model(&[], &[signature("f"), asset]), WEIGHTS);
    assert_eq!(found.safety.verdict(), Verdict::Dangerous);
}

#[test]
fn any_cut_is_an_error_or_a_model() {
    let bytes = model(&[text_constant("c", "x"), node("r", "ReadFile", &["c"])], &[signature("f")]);
    for len in 0..bytes.len() {
        drop(SavedModel::read(&MemorySource::new(bytes[..len].to_vec()), &Limits::default()));
    }
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("saved_model.pb"), b"").unwrap();
    assert!(inspect(dir.path(), &Limits::default()).is_err());
    assert!(inspect(Path::new("nothing"), &Limits::default()).is_err());
}

fn fixture(name: &str) -> Inspection {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/fixtures/tensorflow").join(name);
    inspect(&path, &Limits::default()).unwrap_or_else(|error| panic!("{name}: {error}"))
}

#[test]
fn an_object_without_signatures_is_called_itself() {
    let found = fixture("module_callable");
    assert_eq!((&found.serving, found.warnings.as_slice()), (&Serving::SavedModule, &[][..]));
    for (schema, shape) in [(&found.signature.inputs, [-1, 3]), (&found.signature.outputs, [-1, 2])] {
        let Some(SourcedSchema::Tensors(tensors)) = schema else { panic!("{schema:?}") };
        assert_eq!((&tensors[0].value.name, tensors[0].value.shape.as_slice()), (&None, &shape[..]));
    }
    let found = fixture("module_no_signature");
    assert_eq!(found.serving, Serving::No);
    assert!(found.warnings[0].contains("no signature that can be called"), "{:?}", found.warnings);
}

#[test]
fn a_folder_in_an_archive_is_read_as_the_folder() {
    for (archive, folder, place) in [
        ("two_signatures.zip", "module_two_signatures", "my model in two_signatures.zip"),
        ("callable.tar.gz", "module_callable", "callable.tar.gz"),
    ] {
        let (packed, plain) = (fixture(archive), fixture(folder));
        let member = packed.artifact.member.as_ref().unwrap();
        assert_eq!(member.place, place);
        let files: Vec<&str> = member.files.iter().map(|file| file.file_name.as_str()).collect();
        assert_eq!(files, plain.artifact.side_files);
        assert_eq!(packed.artifact.side_files, plain.artifact.side_files);
        assert_eq!((packed.serving, packed.signature), (plain.serving, plain.signature));
        assert_eq!(packed.safety.verdict(), plain.safety.verdict());
    }
}

#[test]
fn the_file_of_a_model_alone_asks_for_its_folder() {
    let found = fixture("keras_export/saved_model.pb");
    assert_eq!((found.format, &found.serving), ("tf-savedmodel", &Serving::No));
    assert!(found.warnings[0].contains("drop the folder"), "{:?}", found.warnings);
}
