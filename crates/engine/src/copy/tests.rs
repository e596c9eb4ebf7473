use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use super::*;
use crate::edit::{RequirementLine, Side};
use crate::metadata::MetadataField;
use crate::saved::{SavedArtifact, SavedDraft};
use crate::testing::fixtures;
use crate::{Cancel, Edit, Journal, PackageKind, Target, export, open};

const BOTH: [(PackageKind, &str); 2] = [(PackageKind::Folder, "sent"), (PackageKind::Zip, "sent.zip")];

type Files = BTreeMap<String, Vec<u8>>;

/// Writes a package and reads it again, file by file.
fn pack(draft: &Draft, path: &Path, kind: PackageKind) -> Files {
    let target = Target { path: path.to_path_buf(), kind, overwrite: false };
    export(draft, &target, Timestamp::EPOCH, &mut |_| {}, &Cancel::new(), &Journal::none()).unwrap();
    files(path)
}

fn files(path: &Path) -> Files {
    let package = Package::open(path).unwrap();
    package.names().iter().map(|name| (name.clone(), package.read(name, 64 << 20).unwrap())).collect()
}

fn edited(fixture: &str, edits: Vec<Edit>) -> Draft {
    let mut draft = open::open(&fixtures().join(fixture)).unwrap();
    for edit in edits {
        draft.apply(edit.clone()).unwrap_or_else(|error| panic!("{fixture}: {edit:?}: {error}"));
    }
    draft
}

/// What a person says of any model.
fn said() -> Vec<Edit> {
    let set = |field, value: &str| Edit::SetMetadata { field, value: value.into() };
    let line = |requirement: &str| RequirementLine { requirement: requirement.into(), source: "you".into() };
    vec![
        Edit::SetName { name: "Churn 2".into() },
        Edit::SetDescription { description: "Says **who** leaves.\n\nAnd \u{201c}why\u{201d}.".into() },
        Edit::SetTag { key: "team".into(), value: "risk".into() },
        Edit::SetTag { key: "empty".into(), value: String::new() },
        set(MetadataField::Version, "1.4.0"),
        set(MetadataField::License, "MIT OR Apache-2.0"),
        set(MetadataField::Task, "tabular-classification"),
        set(MetadataField::Authors, "Ada Lovelace <ada@example.org>\nThe Risk Team"),
        set(MetadataField::IntendedUse, "Teaching.\n- and more"),
        set(MetadataField::Limitations, "Small."),
        set(MetadataField::TrainingData, "Fisher's iris data, 1936."),
        set(MetadataField::Metrics, "accuracy = 0.97 on the test set\nrecall = 95%"),
        set(MetadataField::Links, "Paper: https://example.org/p\nhttps://example.org"),
        Edit::SetExtra { key: "stage".into(), value: json!({"n": 3, "who": ["a", null, 0.5]}) },
        Edit::SetPython { version: "3.12.4".into() },
        Edit::SetRequirements {
            lines: vec![line("mlflow==3.17.2"), line("numpy>=1.26,<3"), line("pandas; python_version > '3'")],
            python: None,
        },
    ]
}

/// Kinds of models whose file keeps its name in the package: all of the copy is the same, byte by byte.
const SAME_NAME: [&str; 12] = [
    "sklearn/pipe_scaler_logreg_df.pkl",
    "sklearn/rf_iris.skops",
    "sklearn/dict_with_model.pkl",
    "sklearn/dbscan_no_predict.pkl",
    "xgboost/xgbclassifier.ubj",
    "xgboost/categorical.json",
    "lightgbm/booster_multiclass_names.txt",
    "onnx/dense_dynamic_batch.onnx",
    "tflite/two_inputs.tflite",
    "tensorflow/frozen_graph.pb",
    "statsmodels/ols_formula.pickle",
    "coreml/dense.mlpackage",
];

#[test]
fn a_copy_is_the_same_package_byte_by_byte_where_the_model_keeps_its_name() {
    for fixture in SAME_NAME {
        for edits in [Vec::new(), said()] {
            let draft = edited(fixture, edits);
            for (kind, name) in BOTH {
                let dir = tempfile::tempdir().unwrap();
                let before = pack(&draft, &dir.path().join(name), kind);
                let copied = copy(&dir.path().join(name)).unwrap();
                assert_eq!(copied.notes, [""; 0], "{fixture} {kind:?}");
                let after = pack(&copied.draft, &dir.path().join("again"), kind);
                assert!(before == after, "{fixture} {kind:?}: {:?}", differing(&before, &after));
            }
        }
    }
}

/// Lines that differ when a model is called otherwise in its package, or was rewritten: where it came from, and what is
/// derived from that.
fn is_of_origin(line: &str) -> bool {
    let keys = ["format", "model_uuid", "source", "source_sha256", "source_size_bytes", "README.md"];
    let is_key = keys.iter().any(|key| line.trim_start().starts_with(&format!("{key}: ")));
    let is_hash = line.trim_start().trim_matches(['"', ',']).split([' ', '"']).any(|word| word.len() == 64);
    is_key
        || is_hash
        || line.starts_with("| Made from |")
        || line.contains("\"serialNumber\"")
        || line.contains("\"content\"")
}

/// The lines of each file that are not the same, without those of the origin.
fn differing(before: &Files, after: &Files) -> Vec<String> {
    let mut found = Vec::new();
    for name in before.keys().chain(after.keys()) {
        let (Some(one), Some(other)) = (before.get(name), after.get(name)) else {
            found.push(format!("{name} is in one alone"));
            continue;
        };
        let text =
            |bytes: &[u8]| String::from_utf8_lossy(bytes).lines().map(str::to_owned).collect::<Vec<_>>();
        let (one, other) = (text(one), text(other));
        if one.len() != other.len() {
            found.push(format!("{name} has {} and {} lines", one.len(), other.len()));
        }
        let pairs = one.iter().zip(&other).filter(|(one, other)| one != other);
        found.extend(
            pairs
                .filter(|(one, _)| !is_of_origin(one))
                .map(|(one, other)| format!("{name}: {one} | {other}")),
        );
    }
    found
}

#[test]
fn a_copy_differs_in_its_origin_alone_where_the_package_calls_the_model_otherwise() {
    for fixture in [
        "torch/conv_scripted.pt",
        "torch/mlp_full_module.pt",
        "torch/two_inputs_exported.pt2",
        "tensorflow/keras2_savedmodel",
        "tensorflow/module_callable",
        "keras/cnn.keras",
        "keras/functional_full.h5",
        "catboost/clf_binary_nonames.cbm",
        "transformers/bert_classifier",
        "transformers/sentence_transformer",
        "containers/one_model.zip",
    ] {
        let draft = edited(fixture, said());
        for (kind, name) in BOTH {
            let dir = tempfile::tempdir().unwrap();
            let before = pack(&draft, &dir.path().join(name), kind);
            let copied = copy(&dir.path().join(name)).unwrap();
            assert_eq!(copied.notes, [""; 0], "{fixture} {kind:?}");
            let after = pack(&copied.draft, &dir.path().join("again"), kind);
            assert_eq!(differing(&before, &after), [""; 0], "{fixture} {kind:?}");
        }
    }
}

/// What the MLmodel says, without where the model came from.
fn said_in(files: &Files) -> (Value, Value) {
    let model = MlModel::from_text(&String::from_utf8_lossy(&files["MLmodel"])).unwrap();
    let get = |key: &str| serde_json::to_value(model.get(key)).unwrap();
    (get("signature"), get("saved_input_example_info"))
}

#[test]
fn every_kind_of_type_and_example_comes_back_with_the_package_as_its_source() {
    let nested = r#"[{"type": "array", "items": {"type": "object", "properties": {"a": {"type": "long", "required": false}}}, "name": "rows", "required": true}, {"type": "map", "values": {"type": "double"}, "name": "m", "required": false}, {"type": "datetime", "name": "when"}]"#;
    let tensors = r#"[{"name": "x", "type": "tensor", "tensor-spec": {"dtype": "float32", "shape": [-1, 2, 3]}}, {"name": "y", "type": "tensor", "tensor-spec": {"dtype": "int64", "shape": [-1]}}]"#;
    let params = r#"[{"name": "t", "default": 0.5, "shape": null, "type": "double"}, {"name": "stop", "default": ["a"], "shape": [-1], "type": "string"}]"#;
    let schema = |side, schema: &str| Edit::ReplaceSchema { side, schema: schema.into() };
    let example = |kind: &str, text: &str| Edit::ReplaceExample {
        info: BTreeMap::from([
            ("type".into(), kind.into()),
            ("pandas_orient".into(), "split".into()),
            ("params".into(), "true".into()),
        ]),
        text: text.into(),
    };
    let cells = Edit::SetExample {
        columns: vec!["sepal_len".into(), "sepal_wid".into(), "petal_len".into(), "petal_wid".into()],
        rows: vec![vec![json!(1.5), json!(null), json!(3), json!("7")]],
    };
    for (edits, is_table) in [
        (vec![Edit::SetColumnType { side: Side::Inputs, index: 1, ty: "long".into() }, cells], true),
        (
            vec![
                schema(Side::Inputs, nested),
                schema(Side::Outputs, tensors),
                Edit::ReplaceParams { params: params.into() },
                example(
                    "dataframe",
                    r#"{"inputs": {"columns": ["rows", "m"], "data": [[[{"a": 1}], {"k": 0.5}]]}, "params": {"t": 0.1}}"#,
                ),
            ],
            false,
        ),
        (
            vec![
                schema(Side::Inputs, tensors),
                example(
                    "ndarray",
                    r#"{"inputs": {"x": [[[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]], "y": [7]}, "params": {}}"#,
                ),
            ],
            false,
        ),
    ] {
        let draft = edited("sklearn/pipe_scaler_logreg_df.pkl", edits);
        for (kind, name) in BOTH {
            let dir = tempfile::tempdir().unwrap();
            let before = pack(&draft, &dir.path().join(name), kind);
            let copied = copy(&dir.path().join(name)).unwrap();
            assert_eq!(copied.notes, [""; 0]);
            let after = pack(&copied.draft, &dir.path().join("again"), kind);
            assert_eq!(said_in(&before), said_in(&after));
            for file in ["input_example.json", "serving_input_example.json", "requirements.txt", "model.pkl"]
            {
                assert_eq!(before.get(file), after.get(file), "{file}");
            }
            let source = format!("MLmodel of {name}");
            let Some(packwright_inspect::SourcedSchema::Columns(columns)) = copied.draft.signature().inputs
            else {
                assert!(!is_table);
                continue;
            };
            assert_eq!(
                columns.last().unwrap().source == source,
                !is_table,
                "what the model says stays its own"
            );
            assert!(columns.iter().any(|column| column.source == source));
            let shown = copied.draft.example().map(|example| example.source);
            let whole = copied.draft.whole_example().map(|example| example.source);
            assert_eq!((shown.is_some(), whole.is_some()), (is_table, !is_table));
            assert_eq!(shown.or(whole), Some(source));
        }
    }
}

/// A folder with Python files.
fn code(files: &[(&str, &str)]) -> (tempfile::TempDir, Vec<PathBuf>) {
    let dir = tempfile::tempdir().unwrap();
    let write = |(name, text): &(&str, &str)| {
        let path = dir.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
        dir.path().join(name.split('/').next().unwrap())
    };
    let paths = files.iter().map(write).collect();
    (dir, paths)
}

#[test]
fn code_architecture_network_and_changed_code_come_back_from_a_folder_and_from_a_zip() {
    let net = "import torch\n\n\nclass Net(torch.nn.Module):\n    def __init__(self, n_in, n_out=3):\n        super().__init__()\n        self.a = n_in\n";
    let (_kept, net) =
        code(&[("net.py", net), ("lib/helpers.py", "X = 1\n"), ("lib/__pycache__/x.pyc", "x")]);
    let (_kept_too, main) = code(&[("train.py", "class Ratio:\n    pass\n")]);
    let add = |path: &PathBuf| Edit::AddCode { path: path.clone() };
    let arguments = vec![("n_in".to_owned(), json!(4)), ("n_out".to_owned(), json!([1, "a\"b"]))];
    let architecture = Edit::SetArchitecture { class: "net.Net".into(), arguments };
    let text = "# mine\nfrom mlflow.models import set_model\nset_model(None)\n";
    let changed =
        |file: &str, text: &str| Edit::SetGenerated { file: file.into(), text: text.into(), over: None };
    let loader = "def _load_pyfunc(path):\n    return None\n";
    let network = |name: &str| Edit::AddCode { path: fixtures().join(name) };
    for (fixture, edits, is_origin_alone) in [
        ("torch/mlp_state_dict.pt", vec![add(&net[0]), add(&net[1]), architecture], false),
        ("tflite/two_inputs.tflite", vec![changed("model.py", text), add(&main[0])], false),
        ("sklearn/dict_with_model.pkl", vec![changed("loader.py", loader)], false),
        ("keras/sequential.weights.h5", vec![network("keras/model_config.json")], true),
        (
            "keras/sequential.weights.h5",
            vec![network("keras/sequential.keras"), changed("model.py", text)],
            true,
        ),
        (
            "sklearn/custom_module/pipeline_user_module.pkl",
            vec![network("sklearn/custom_module/company_transforms.py")],
            false,
        ),
        ("sklearn/tuple_of_models.joblib", vec![Edit::SelectModel { path: "[1]".into() }], true),
    ] {
        let draft = edited(fixture, edits);
        for (kind, name) in BOTH {
            let dir = tempfile::tempdir().unwrap();
            let before = pack(&draft, &dir.path().join(name), kind);
            let copied = copy(&dir.path().join(name)).unwrap();
            assert_eq!(copied.notes, [""; 0], "{fixture} {kind:?}");
            let after = pack(&copied.draft, &dir.path().join("again"), kind);
            assert_eq!(differing(&before, &after), [""; 0], "{fixture} {kind:?}");
            assert!(is_origin_alone || before == after, "{fixture} {kind:?}");
            assert!(copied.draft.modules().iter().all(crate::ModuleState::is_complete));
        }
    }
}

#[test]
fn undo_reaches_the_bare_model_and_a_saved_copy_comes_back() {
    let column = Edit::SetColumnType { side: Side::Inputs, index: 0, ty: "long".into() };
    let (_kept, paths) = code(&[("helpers.py", "X = 1\n")]);
    let edits = said().into_iter().chain([column, Edit::AddCode { path: paths[0].clone() }]).collect();
    let draft = edited("sklearn/pipe_scaler_logreg_df.pkl", edits);
    for (kind, name) in BOTH {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join(name);
        let before = pack(&draft, &path, kind);
        let mut copied = copy(&path).unwrap().draft;
        assert_eq!(copied.name().source, format!("MLmodel of {name}"));
        assert_eq!(copied.python().source, format!("MLmodel of {name}"));
        assert_eq!(copied.requirements()[1].source, format!("requirements.txt of {name}"));
        copied.apply(Edit::SetName { name: "Mine".into() }).unwrap();
        assert_eq!(copied.name().source, "you");
        let saved = SavedDraft::of(&copied, SavedArtifact::of(&copied), 1);
        let saved: SavedDraft = serde_json::from_str(&serde_json::to_string(&saved).unwrap()).unwrap();
        let restored = saved.restore().unwrap();
        assert_eq!(restored.notes, [""; 0]);
        assert_eq!(restored.artifact, saved.artifact);
        let (one, other) = (dir.path().join("one"), dir.path().join("other"));
        assert!(pack(&copied, &one, kind) == pack(&restored.draft, &other, kind));
        while copied.undo() {}
        let bare = reopen(&path).unwrap();
        assert_eq!(copied.recipe().edits, []);
        assert_eq!(
            (copied.name(), copied.signature(), copied.requirements()),
            (bare.name(), bare.signature(), bare.requirements())
        );
        let inside = Target { path: path.join("code/again"), kind, overwrite: true };
        for target in [Target { path: path.clone(), ..inside.clone() }, inside] {
            let written =
                export(&bare, &target, Timestamp::EPOCH, &mut |_| {}, &Cancel::new(), &Journal::none());
            assert!(written.is_err(), "{target:?}");
        }
        assert_eq!(files(&path), before, "the package is only read");
    }
}

#[test]
fn what_was_accepted_or_confirmed_by_somebody_else_is_asked_again() {
    let mut review = edited("sklearn/custom_module/pipeline_user_module.pkl", Vec::new());
    let rows = review.inspection().safety.findings.clone();
    for row in rows.iter().filter(|row| row.severity == packwright_inspect::safety::Severity::Review) {
        review.apply(Edit::Acknowledge { finding: row.key(), note: "ours".into() }).unwrap();
    }
    assert!(review.is_reviewed());
    let dir = tempfile::tempdir().unwrap();
    pack(&review, &dir.path().join("review"), PackageKind::Folder);
    let copied = copy(&dir.path().join("review")).unwrap();
    assert!(!copied.draft.is_reviewed());
    assert!(copied.notes.iter().any(|note| note.contains("company_transforms")), "{:?}", copied.notes);
}

#[test]
fn a_dangerous_model_in_a_package_needs_the_same_word() {
    let dir = tempfile::tempdir().unwrap();
    fs::write(dir.path().join("model.pkl"), b"cos\nsystem\n(S'echo pwned'\ntR.").unwrap();
    let model = "flavors:\n  sklearn: {pickled_model: model.pkl}\nmetadata:\n  packwright: {danger_confirmed: true, safety: safe}\n";
    fs::write(dir.path().join("MLmodel"), model).unwrap();
    let copied = copy(dir.path()).unwrap();
    assert_eq!(copied.draft.confirm_word(), Some("dangerous"));
    assert_eq!(copied.draft.inspection().safety.verdict().word(), "dangerous");
}

#[test]
fn what_a_copy_does_not_take_over_is_told() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("sent");
    pack(&edited("sklearn/pipe_scaler_logreg_df.pkl", Vec::new()), &path, PackageKind::Folder);
    let model = fs::read_to_string(path.join("MLmodel")).unwrap();
    let model = model
        .replace(
            "metadata:\n",
            "metadata:\n  license: free for all\n  owner: {id: 7}\n  tags: {n: 3, team: risk}\n  2: x\n",
        )
        .replace("    predict_fn: predict\n", "    predict_fn: predict_proba\n")
        .replace("mlflow_version:", "run_id: 0123abcd\nmlflow_version:");
    fs::write(path.join("MLmodel"), model).unwrap();
    fs::write(path.join("notes.txt"), "mine").unwrap();
    fs::write(path.join("README.md"), "# by hand\n").unwrap();
    fs::write(path.join("requirements.txt"), "mlflow==3.17.2\n--index-url https://u:p@example.org\nnumpy\n")
        .unwrap();
    let copied = copy(&path).unwrap();
    let all = copied.notes.join("\n");
    for told in [
        "sent is not as it was packed: MLmodel, README.md",
        "notes.txt",
        "README.md is written anew",
        "run_id",
        "predict_fn of python_function",
        "the login in \"--index-url https://example.org\"",
        "The tag n is no text",
        "a key that is no text",
    ] {
        assert!(all.contains(told), "{told} is not told in\n{all}");
    }
    assert!(!all.contains("u:p"), "{all}");
    let lines: Vec<String> = copied.draft.requirements().into_iter().map(|line| line.requirement).collect();
    assert_eq!(lines, ["mlflow==3.17.2", "--index-url https://example.org", "numpy"]);
    let kept: Vec<(String, Value)> =
        copied.draft.extra().map(|(key, value)| (key.to_owned(), value.clone())).collect();
    assert_eq!(kept, [("license".into(), json!("free for all")), ("owner".into(), json!({"id": 7}))]);
    let again = pack(&copied.draft, &dir.path().join("again"), PackageKind::Folder);
    let written = MlModel::from_text(&String::from_utf8_lossy(&again["MLmodel"])).unwrap();
    let written = serde_json::to_value(written.get("metadata")).unwrap();
    assert_eq!((&written["license"], &written["owner"]), (&json!("free for all"), &json!({"id": 7})));
    let mut licensed = copied.draft;
    licensed.apply(Edit::SetMetadata { field: MetadataField::License, value: "MIT".into() }).unwrap();
    assert_eq!(
        licensed.extra().map(|(key, _)| key).collect::<Vec<_>>(),
        ["owner"],
        "what is said anew counts"
    );
}

#[test]
fn a_package_in_the_only_folder_of_a_zip_is_copied_too() {
    let dir = tempfile::tempdir().unwrap();
    let (_kept, paths) = code(&[("helpers.py", "X = 1\n")]);
    let draft = edited("xgboost/xgbclassifier.ubj", vec![Edit::AddCode { path: paths[0].clone() }]);
    let before = pack(&draft, &dir.path().join("sent"), PackageKind::Folder);
    let path = dir.path().join("sent.zip");
    let mut writer = zip::ZipWriter::new(fs::File::create(&path).unwrap());
    for (name, bytes) in &before {
        writer.start_file(format!("pkg/{name}"), zip::write::SimpleFileOptions::default()).unwrap();
        std::io::Write::write_all(&mut writer, bytes).unwrap();
    }
    writer.finish().unwrap();
    let copied = copy(&path).unwrap();
    assert_eq!(copied.notes, [""; 0]);
    assert!(pack(&copied.draft, &dir.path().join("again"), PackageKind::Folder) == before);
}

#[test]
fn what_is_no_package_or_holds_no_model_is_refused_with_what_to_do() {
    let dir = tempfile::tempdir().unwrap();
    assert!(matches!(copy(dir.path()), Err(CopyError::Package(_))));
    let write = |text: &str| fs::write(dir.path().join("MLmodel"), text).unwrap();
    for (text, hint) in [
        ("flavors: {python_function: {model_code_path: agent.py}}\n", "Edit that code"),
        ("flavors: {spark: {model_data: sparkml}}\n", "the flavor spark"),
        ("flavors: {sklearn: {pickled_model: ../x.pkl}}\n", "is not there"),
        ("- a\n", "no map"),
    ] {
        write(text);
        let error = copy(dir.path()).unwrap_err();
        assert!(error.to_string().contains(hint), "{error}");
        assert_eq!(error.code(), OpenErrorCode::NotAModel);
    }
    write("flavors: {sklearn: {pickled_model: model.pkl}}\n");
    fs::write(dir.path().join("model.pkl"), b"\x80\x04\x95").unwrap();
    let damaged = copy(dir.path());
    assert!(damaged.is_err() || damaged.unwrap().draft.export_blocked().is_some());
}
