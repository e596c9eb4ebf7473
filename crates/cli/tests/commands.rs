//! The commands as a person or a script runs them: exit codes, streams, documents.
#![expect(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    reason = "a test stops at the first surprise, and its files are small"
)]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use serde_json::Value;

fn fixture(name: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/fixtures").join(name);
    assert!(path.exists(), "there is no fixture {name}");
    path.to_str().unwrap().to_owned()
}

fn packwright(args: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_packwright"));
    let data = env!("CARGO_TARGET_TMPDIR");
    command.env("XDG_DATA_HOME", data).env("HOME", data).env_remove("SOURCE_DATE_EPOCH");
    command.args(args).stdin(Stdio::null()).output().unwrap()
}

fn code(output: &Output) -> i32 {
    output.status.code().unwrap()
}

fn out(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

fn err(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

fn json(output: &Output) -> Value {
    serde_json::from_slice(&output.stdout).unwrap()
}

struct Scratch(tempfile::TempDir);

impl Scratch {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn at(&self, name: &str) -> String {
        self.0.path().join(name).to_str().unwrap().to_owned()
    }

    fn file(&self, name: &str, bytes: impl AsRef<[u8]>) -> String {
        fs::write(self.at(name), bytes).unwrap();
        self.at(name)
    }

    fn names(&self) -> Vec<PathBuf> {
        fs::read_dir(self.0.path()).unwrap().map(|entry| entry.unwrap().path()).collect()
    }
}

const PIPELINE: &str = "sklearn/pipe_scaler_logreg_df.pkl";
const JOBLIB: &str = "sklearn/gbc_zlib3.joblib";

#[test]
fn inspect_gives_one_document_with_every_key_of_the_contract() {
    let path = fixture(PIPELINE);
    let output = packwright(&["inspect", "--json", &path]);
    assert_eq!(code(&output), 0, "{}", err(&output));
    let document = json(&output);
    for key in [
        "path",
        "kind",
        "size_bytes",
        "format",
        "framework",
        "framework_version",
        "model_class",
        "flavor",
        "signature",
        "requirements",
        "python",
        "safety",
        "facts",
        "warnings",
    ] {
        assert!(document.get(key).is_some(), "{key}");
    }
    assert_eq!(document["path"], path.as_str());
    assert_eq!(document["framework"], "scikit-learn");
    assert_eq!(document["model_class"], "sklearn.pipeline.Pipeline");
    assert_eq!(document["flavor"], "sklearn");
    let first = &document["signature"]["inputs"][0];
    assert_eq!(
        (&first["name"], &first["type"], &first["required"]),
        (&"sepal_len".into(), &"double".into(), &true.into())
    );
    assert!(first["source"].as_str().unwrap().contains("feature_names_in_"));
    assert_eq!(document["safety"]["verdict"], "safe");
    assert_eq!(document["requirements"][0]["requirement"], "scikit-learn==1.9.1");
    assert!(document["python"]["source"].as_str().unwrap().starts_with("assumed"));
}

#[test]
fn several_paths_give_an_array_and_the_worst_exit_code() {
    let scratch = Scratch::new();
    let csv = scratch.file("data.csv", "a,b\n1,2\n3,4\n");
    let output = packwright(&["inspect", "--json", &fixture(PIPELINE), &csv, &scratch.at("nothing")]);
    assert_eq!(code(&output), 3);
    let documents = json(&output);
    assert_eq!(documents.as_array().unwrap().len(), 3);
    assert_eq!(documents[0]["framework"], "scikit-learn");
    assert_eq!(documents[1]["error"]["code"], "not-a-model");
    assert_eq!(documents[2]["error"]["code"], "unreadable");
    assert!(documents[2]["error"]["message"].as_str().unwrap().contains("nothing"));
    assert_eq!(err(&output).lines().count(), 2);
}

#[test]
fn a_damaged_file_says_where() {
    let scratch = Scratch::new();
    let mut bytes = fs::read(fixture("xgboost/booster_multi_names.ubj")).unwrap();
    bytes.truncate(bytes.len() / 2);
    let path = scratch.file("cut.ubj", bytes);
    let output = packwright(&["inspect", "--json", &path]);
    let document = json(&output);
    if code(&output) == 3 {
        assert_eq!(document["error"]["code"], "damaged");
        assert!(document["error"]["offset"].is_u64(), "{document}");
    } else {
        assert_ne!(document["safety"]["verdict"], "safe", "{document}");
    }
}

#[test]
fn people_get_text_and_scripts_get_nothing_but_json_on_stdout() {
    let output = packwright(&["inspect", &fixture(PIPELINE)]);
    let text = out(&output);
    for expected in
        ["sklearn.pipeline.Pipeline", "Inputs", "sepal_len", "scikit-learn==1.9.1", "_sklearn_version"]
    {
        assert!(text.contains(expected), "{expected}: {text}");
    }
    assert_eq!(err(&output), "");
}

#[test]
fn deny_fails_from_its_verdict_on() {
    let safe = fixture(PIPELINE);
    assert_eq!(code(&packwright(&["inspect", "--deny", "review", &safe])), 0);
    let scratch = Scratch::new();
    let bad = scratch.file("bad.pkl", b"cos\nsystem\n(S'true'\ntR.");
    for (deny, expected) in [("review", 1), ("dangerous", 1)] {
        let output = packwright(&["inspect", "--json", "--deny", deny, &bad]);
        assert_eq!(code(&output), expected, "{}", err(&output));
        assert_eq!(json(&output)["safety"]["verdict"], "dangerous");
    }
    let custom = fixture("sklearn/custom_class_in_main_plain.pkl");
    assert_eq!(code(&packwright(&["inspect", "--deny", "review", &custom])), 1);
    assert_eq!(code(&packwright(&["inspect", "--deny", "dangerous", &custom])), 0);
    let output = packwright(&["pack", &custom, "-o", &scratch.at("m"), "--deny", "review"]);
    assert_eq!(code(&output), 1);
    assert!(err(&output).contains("nothing was written"), "{}", err(&output));
    assert_eq!(scratch.names().len(), 1);
}

#[test]
fn usage_mistakes_are_2_and_help_is_an_answer() {
    for args in [&[][..], &["inspect"], &["pack", "x"], &["bake", "x"], &["inspect", "--deny", "maybe", "x"]]
    {
        assert_eq!(code(&packwright(args)), 2, "{args:?}");
    }
    let help = packwright(&["--help"]);
    assert_eq!((code(&help), err(&help).as_str()), (0, ""));
    assert!(!out(&help).contains("publish"));
    assert_eq!(code(&packwright(&["--version"])), 0);
}

#[test]
fn pack_writes_a_package_that_lint_and_verify_accept() {
    let scratch = Scratch::new();
    for (name, kind) in [("m", "folder"), ("m.zip", "zip")] {
        let target = scratch.at(name);
        let output = packwright(&[
            "pack",
            &fixture(JOBLIB),
            "-o",
            &target,
            "--name",
            "Churn",
            "--tag",
            "stage=dev",
            "--tag",
            "empty=",
            "--json",
        ]);
        assert_eq!(code(&output), 0, "{}", err(&output));
        let receipt = json(&output);
        assert_eq!(receipt["kind"], kind);
        assert_eq!(receipt["sha256"].is_string(), kind == "zip");
        assert!(receipt["files"].as_array().unwrap().iter().any(|file| file["path"] == "MLmodel"));
        assert!(!receipt["snippets"].as_array().unwrap().is_empty());
        for command in ["lint", "verify"] {
            let output = packwright(&[command, &target, "--json"]);
            assert_eq!(code(&output), 0, "{}", out(&output));
            assert_eq!(json(&output)["ok"], true);
        }
    }
    let model = fs::read_to_string(Path::new(&scratch.at("m")).join("MLmodel")).unwrap();
    for expected in ["name: Churn", "stage: dev", "empty: ''"] {
        assert!(model.contains(expected), "{expected}: {model}");
    }
}

#[test]
fn the_zip_option_makes_a_zip_of_any_name() {
    let scratch = Scratch::new();
    let output = packwright(&["pack", &fixture(PIPELINE), "-o", &scratch.at("m"), "--zip"]);
    assert_eq!(code(&output), 0, "{}", err(&output));
    assert!(fs::read(scratch.at("m")).unwrap().starts_with(b"PK"));
}

#[test]
fn what_lies_at_the_target_is_replaced_only_by_force() {
    let scratch = Scratch::new();
    let args = ["pack", &fixture(PIPELINE), "-o", &scratch.at("m.zip")];
    assert_eq!(code(&packwright(&args)), 0);
    let before = fs::read(scratch.at("m.zip")).unwrap();
    let output = packwright(&args);
    assert_eq!(code(&output), 4);
    assert!(err(&output).contains("--force"), "{}", err(&output));
    let output = packwright(&[&args[..], &["--force"]].concat());
    assert_eq!(code(&output), 0, "{}", err(&output));
    assert_eq!(fs::read(scratch.at("m.zip")).unwrap(), before);
    assert_eq!(code(&packwright(&["pack", &fixture(PIPELINE), "-o", &scratch.at("no/such/m")])), 4);
}

#[test]
fn a_recipe_makes_the_same_choices_again() {
    let scratch = Scratch::new();
    let recipe = scratch.file(
        "recipe.json",
        r#"{"edits": [
            {"kind": "setName", "name": "From a recipe"},
            {"kind": "setColumnType", "side": "inputs", "index": 0, "type": "float"},
            {"kind": "setTag", "key": "stage", "value": "dev"}
        ]}"#,
    );
    let output = packwright(&[
        "pack",
        &fixture(PIPELINE),
        "-o",
        &scratch.at("m"),
        "--recipe",
        &recipe,
        "--tag",
        "stage=prod",
    ]);
    assert_eq!(code(&output), 0, "{}", err(&output));
    // YAML folds long texts.
    let model = fs::read_to_string(Path::new(&scratch.at("m")).join("MLmodel")).unwrap();
    let model = model.split_whitespace().collect::<Vec<_>>().join(" ");
    for expected in ["name: 'From a recipe'", r#"{"type": "float", "name": "sepal_len"}"#, "stage: prod"] {
        assert!(model.contains(expected), "{expected}: {model}");
    }
}

#[test]
fn choices_that_cannot_be_made_are_usage_mistakes_and_nothing_is_written() {
    let scratch = Scratch::new();
    let bad = scratch.file("bad.json", r#"{"edits": [{"kind": "setNmae", "name": "x"}]}"#);
    let refused = scratch.file("refused.json", r#"{"edits": [{"kind": "setPython", "version": "2.7"}]}"#);
    let model = fixture(PIPELINE);
    let n_files = scratch.names().len();
    for (args, expected) in [
        (&["--name", "a/b"][..], "--name: a name cannot contain"),
        (&["--name", " "], "--name: a name needs"),
        (&["--tag", "stage"], "write it as KEY=VALUE"),
        (&["--tag", "a@b=1"], "a tag key cannot contain"),
        (&["--recipe", &bad], "is not a recipe"),
        (&["--recipe", &refused], "refused.json: edit 1: MLflow runs on Python 3.6 and later"),
        (&["--recipe", "nothing.json"], "could not be read"),
    ] {
        let target = scratch.at("m");
        let output = packwright(&[&["pack", &model, "-o", &target], args].concat());
        assert_eq!(code(&output), 2, "{args:?}: {}", err(&output));
        assert!(err(&output).contains(expected), "{args:?}: {}", err(&output));
        assert_eq!(scratch.names().len(), n_files, "{args:?}");
    }
}

#[test]
fn what_cannot_be_packed_is_an_input_error() {
    let scratch = Scratch::new();
    let text = scratch.file("notes.txt", "hello\n");
    for path in [text, fixture("lightgbm/booster_binary_dump.json")] {
        let output = packwright(&["pack", &path, "-o", &scratch.at("m"), "--json"]);
        assert_eq!(code(&output), 3, "{}", err(&output));
        assert!(json(&output)["error"]["message"].is_string());
        assert!(!Path::new(&scratch.at("m")).exists());
    }
}

#[test]
fn code_is_copied_and_named_in_the_package() {
    let scratch = Scratch::new();
    let own = scratch.file("own.py", "x = 1\n");
    let output = packwright(&["pack", &fixture(PIPELINE), "-o", &scratch.at("m"), "--code", &own]);
    assert_eq!(code(&output), 0, "{}", err(&output));
    assert_eq!(fs::read_to_string(Path::new(&scratch.at("m")).join("code/own.py")).unwrap(), "x = 1\n");
    let output = packwright(&[
        "pack",
        &fixture(PIPELINE),
        "-o",
        &scratch.at("n"),
        "--code",
        &scratch.at("missing.py"),
    ]);
    assert_eq!(code(&output), 3, "{}", err(&output));
    assert!(err(&output).contains("missing.py"), "{}", err(&output));
}

#[test]
fn weights_alone_are_packed_with_a_class_and_its_arguments() {
    let scratch = Scratch::new();
    let net = scratch.file("net.py", "class Net(nn.Sequential):\n    def __init__(self, n_in, act): pass\n");
    let weights = fixture("torch/checkpoint_with_optimizer.pt");
    let pack = |out: &str, options: &[&str]| {
        packwright(&[&["pack", weights.as_str(), "-o", &scratch.at(out)], options].concat())
    };
    for (options, exit, message) in [
        (vec![], 3, "Add the Python file that defines the network"),
        (vec!["--code", &net], 3, "net.Net needs a value for n_in, act"),
        (vec!["--code", &net, "--architecture", "net.Other"], 3, "no class net.Other"),
        (vec!["--code", &net, "--architecture", "net.Net", "--argument", "wide=1"], 2, "no argument wide"),
        (vec!["--code", &net, "--architecture", "net.Net", "--argument", "n_in"], 2, "NAME=VALUE"),
        (vec!["--code", &net, "--argument", "n_in=4"], 2, "--architecture"),
    ] {
        let output = pack("no", &options);
        assert_eq!(code(&output), exit, "{options:?}: {}", err(&output));
        assert!(err(&output).contains(message), "{options:?}: {}", err(&output));
    }
    let options =
        ["--code", &net, "--architecture", "net.Net", "--argument", "n_in=4", "--argument", "act=relu"];
    let output = pack("m", &options);
    assert_eq!(code(&output), 0, "{}", err(&output));
    let text = fs::read_to_string(Path::new(&scratch.at("m")).join("model.py")).unwrap();
    assert!(text.contains("Architecture(n_in=4, act=\"relu\")"), "{text}");
    assert!(text.contains("saved[\"model_state_dict\"]"), "{text}");
    assert_eq!(code(&packwright(&["verify", &scratch.at("m")])), 0);
}

#[test]
fn a_broken_package_fails_its_checks() {
    let scratch = Scratch::new();
    let target = scratch.at("m");
    assert_eq!(code(&packwright(&["pack", &fixture(PIPELINE), "-o", &target])), 0);
    fs::write(Path::new(&target).join("conda.yaml"), "name: other\n").unwrap();
    let output = packwright(&["verify", &target]);
    assert_eq!(code(&output), 1);
    assert!(out(&output).contains("conda.yaml"), "{}", out(&output));
    fs::write(Path::new(&target).join("MLmodel"), "flavors: [\n").unwrap();
    assert_eq!(code(&packwright(&["lint", &target])), 1);
    let output = packwright(&["lint", "--json", &scratch.at("nothing")]);
    assert_eq!(code(&output), 3);
    assert_eq!(json(&output)["error"]["code"], "unreadable");
    let output = packwright(&["lint", "--json", &fixture(PIPELINE)]);
    assert_eq!((code(&output), &json(&output)["error"]["code"]), (3, &"not-a-package".into()));
}

#[test]
fn the_safety_report_is_printed_for_code_scanning_systems() {
    let bad = fixture("hostile/pickle/real_model_with_payload_attr.pkl");
    let cut = fixture("hostile/empty/empty.pkl");
    let output = packwright(&["inspect", "--format", "sarif", "--deny", "dangerous", &bad, &cut]);
    assert_eq!(code(&output), 3, "{}", err(&output));
    let document = json(&output);
    let run = &document["runs"][0];
    assert_eq!(document["version"], "2.1.0");
    let results = run["results"].as_array().unwrap();
    let worst = results.iter().find(|result| result["level"] == "error").unwrap();
    assert!(worst["message"]["text"].as_str().unwrap().starts_with("posix.system: "), "{worst}");
    assert!(worst["locations"][0]["physicalLocation"]["region"]["byteOffset"].is_u64());
    let rules: Vec<&Value> =
        run["tool"]["driver"]["rules"].as_array().unwrap().iter().map(|rule| &rule["id"]).collect();
    assert!(results.iter().all(|result| rules.contains(&&result["ruleId"])));
    assert_eq!(run["invocations"][0]["executionSuccessful"], false);
    assert_eq!(run["invocations"][0]["toolExecutionNotifications"].as_array().unwrap().len(), 1);
}

#[test]
fn one_of_several_models_is_packed_when_it_is_named() {
    let scratch = Scratch::new();
    let bundle = fixture("sklearn/tuple_of_models.joblib");
    let models: Value = json(&packwright(&["inspect", "--json", &bundle]))["facts"].clone();
    let other = models.as_array().unwrap().iter().find(|fact| fact["name"] == "other_models").unwrap();
    let place = other["value"][0].as_str().unwrap().to_owned();
    let output = packwright(&["pack", &bundle, "-o", &scratch.at("m"), "--model", &place]);
    assert_eq!(code(&output), 0, "{}", err(&output));
    assert_eq!(code(&packwright(&["pack", &bundle, "-o", &scratch.at("n"), "--model", "[99]"])), 2);
}

#[test]
fn a_place_that_would_refuse_the_package_stops_the_export_with_its_rules() {
    let scratch = Scratch::new();
    let model = fixture("sklearn/columntransformer_mixed_df_cloudpickle.pkl");
    let target = scratch.at("out.zip");
    let pack = |more: &[&str]| {
        packwright(&[&["pack", &model, "-o", &target, "--name", "iris_model"], more].concat())
    };
    let refused = pack(&["--check", "pyfunc", "--check", "sagemaker"]);
    assert_eq!(code(&refused), 1, "{}", err(&refused));
    let said = err(&refused);
    assert!(said.contains("  pass  MLflow has a flavor that loads it."), "{said}");
    assert!(said.contains("as a name. [--name iris-model]"), "{said}");
    assert!(said.contains("Amazon SageMaker would refuse it; nothing was written"), "{said}");
    assert!(!said.contains("Unity Catalog"), "{said}");
    assert!(scratch.names().is_empty());

    let document = pack(&["--check", "all", "--json"]);
    assert_eq!(code(&document), 1);
    let document = json(&document);
    assert_eq!(document["error"]["code"], "check-failed");
    let places = document["checks"].as_array().unwrap();
    assert_eq!(places.len(), 7);
    let outcome = |id: &str| places.iter().find(|place| place["place"] == id).unwrap()["outcome"].clone();
    assert_eq!((outcome("sagemaker"), outcome("pyfunc")), ("fail".into(), "pass".into()));
    assert!(scratch.names().is_empty());

    let written = pack(&["--check", "pyfunc", "--json"]);
    assert_eq!(code(&written), 0, "{}", err(&written));
    assert_eq!(json(&written)["checks"][0]["rules"][0]["outcome"], "pass");
    assert_eq!(code(&packwright(&["pack", &model, "-o", &target, "--check", "moon"])), 2);
    assert!(out(&packwright(&["pack", "--help"])).contains("unity-catalog"));
}

#[test]
fn an_index_of_an_imported_file_is_written_without_its_login() {
    let scratch = Scratch::new();
    let lines =
        "--extra-index-url https://me:secret@pypi.example.org/simple\nscikit-learn==1.9.1\nnet==1.0\n";
    let file = scratch.file("requirements.txt", lines);
    let folder = scratch.at("out");
    let model = fixture("sklearn/columntransformer_mixed_df_cloudpickle.pkl");
    let done = packwright(&["pack", &model, "-o", &folder, "--requirements", &file]);
    assert_eq!(code(&done), 0, "{}", err(&done));
    assert!(
        err(&done).contains("left out: the login in") && !err(&done).contains("secret"),
        "{}",
        err(&done)
    );
    let read = |name: &str| fs::read_to_string(format!("{folder}/{name}")).unwrap();
    let index = "--extra-index-url https://pypi.example.org/simple";
    assert!(
        read("requirements.txt").starts_with(&format!("mlflow==3.17.2\n{index}\nscikit-learn==1.9.1\n")),
        "{}",
        read("requirements.txt")
    );
    assert!(read("conda.yaml").contains(index));
    let bill: Value = serde_json::from_str(&read("bom.cdx.json")).unwrap();
    let names: Vec<&str> =
        bill["components"].as_array().unwrap().iter().filter_map(|part| part["name"].as_str()).collect();
    assert!(names.contains(&"net") && !names.iter().any(|name| name.contains("index")), "{names:?}");
    assert!(!read("bom.cdx.json").contains("secret"));
    assert_eq!(code(&packwright(&["lint", &folder])), 0);
}
