//! The contract of the command line: exit codes, one JSON document on standard output, everything else beside it.

use std::path::Path;

use packwright_tests::{Run, packwright};

const MODEL: &str = "sklearn/pipe_scaler_logreg_df.pkl";
const DANGEROUS: &str = "hostile/pickle/global_os_system.pkl";

fn pack(args: &[&str], out: &Path) -> Run {
    let out = out.to_string_lossy().into_owned();
    packwright(["pack", MODEL, "-o", &out].into_iter().chain(args.iter().copied()))
}

fn folder() -> tempfile::TempDir {
    tempfile::tempdir().expect("a temporary folder can be made")
}

#[test]
fn exit_codes_say_who_must_act() {
    let out = folder();
    let place = out.path().join("package").to_string_lossy().into_owned();
    let cases: &[(&[&str], i32)] = &[
        (&["inspect", MODEL], 0),
        (&["inspect", "no/such/file.pkl"], 3),
        (&["inspect", "hostile/wrong/table.pkl"], 3),
        (&["inspect"], 2),
        (&["bake", MODEL], 2),
        (&["inspect", "--deny", "dangerous", DANGEROUS], 1),
        (&["inspect", "--deny", "dangerous", MODEL], 0),
        (&["pack", MODEL], 2),
        (&["pack", MODEL, "-o", "/no/such/folder/package"], 4),
        (&["pack", "no/such/file.pkl", "-o", &place], 3),
        (&["pack", MODEL, "-o", &place, "--tag", "no equals sign"], 2),
        (&["pack", MODEL, "-o", &place, "--deny", "dangerous"], 0),
        (&["pack", MODEL, "-o", &place], 4),
        (&["pack", MODEL, "-o", &place, "--force"], 0),
        (&["lint", &place], 0),
        (&["verify", &place], 0),
        (&["lint", MODEL], 3),
        (&["--version"], 0),
        (&["--help"], 0),
    ];
    for (args, wanted) in cases {
        let run = packwright(args.iter());
        assert_eq!(run.code, Some(*wanted), "packwright {args:?}\n{}", run.stderr);
    }
}

#[test]
fn inspect_prints_one_document_with_the_keys_of_the_contract() {
    let run = packwright(["inspect", "--json", MODEL]);
    let document = run.json();
    let keys = [
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
    ];
    for key in keys {
        assert!(document.get(key).is_some(), "no {key} in {document}");
    }
    assert_eq!(document["path"], MODEL);
    assert_eq!(document["framework"], "scikit-learn");
    assert_eq!(document["safety"]["verdict"], "safe");
    let inputs = document["signature"]["inputs"].as_array().expect("the inputs are known");
    assert!(
        inputs.iter().all(|input| input["name"].is_string()
            && input["type"].is_string()
            && input["source"].is_string()),
        "{inputs:?}"
    );
}

#[test]
fn several_paths_give_an_array_and_one_bad_path_does_not_hide_the_others() {
    let run = packwright(["inspect", "--json", MODEL, "no/such/file.pkl", "onnx/float16.onnx"]);
    assert_eq!(run.code, Some(3));
    let documents = run.json();
    let documents = documents.as_array().expect("several paths give an array");
    assert_eq!(documents.len(), 3);
    assert_eq!(documents[0]["path"], MODEL);
    assert!(documents[1]["error"]["code"].is_string(), "{}", documents[1]);
    assert_eq!(documents[2]["format"], "onnx");
}

#[test]
fn an_error_document_names_the_code_the_message_and_the_place() {
    let run = packwright(["inspect", "--json", "hostile/truncated/half__sklearn__rf_iris_proto2.pkl"]);
    let document = run.json();
    if run.code == Some(3) {
        assert!(
            document["error"]["message"].as_str().is_some_and(|message| message.contains("pickle")),
            "{document}"
        );
        assert!(document["error"]["offset"].is_u64(), "{document}");
    } else {
        assert_eq!(document["safety"]["verdict"], "unscanned", "{document}");
    }
}

#[test]
fn a_file_that_is_no_model_says_what_it_is() {
    for (path, word) in [
        ("hostile/wrong/table.pkl", "CSV"),
        ("hostile/wrong/download_error.onnx", "web page"),
        ("hostile/wrong/lfs_pointer.safetensors", "LFS"),
        ("hostile/empty/empty.pkl", "empty"),
    ] {
        let run = packwright(["inspect", "--json", path]);
        let message = run.json()["error"]["message"].as_str().unwrap_or_default().to_owned();
        assert!(
            message.to_lowercase().contains(&word.to_lowercase()),
            "{path}: {message:?} does not say {word}"
        );
    }
}

#[test]
fn a_name_that_ends_in_zip_makes_a_zip_and_force_replaces_it() {
    let out = folder();
    let place = out.path().join("package.zip");
    assert_eq!(pack(&[], &place).code, Some(0));
    let first = std::fs::read(&place).expect("the zip can be read");
    assert_eq!(&first[..4], b"PK\x03\x04");
    assert_eq!(pack(&[], &place).code, Some(4), "an existing zip was overwritten");
    assert_eq!(pack(&["--force"], &place).code, Some(0));
    assert!(first == std::fs::read(&place).expect("the zip can be read"), "the second zip differs");
}

#[test]
fn pack_takes_name_tags_and_description() {
    let out = folder();
    let place = out.path().join("package");
    let run = pack(
        &["--name", "churn", "--tag", "team=risk", "--tag", "note=a=b", "--description", "Who leaves."],
        &place,
    );
    assert_eq!(run.code, Some(0), "{}", run.stderr);
    let mlmodel = std::fs::read_to_string(place.join("MLmodel")).expect("the MLmodel can be read");
    for text in ["churn", "team", "risk", "a=b", "Who leaves."] {
        assert!(mlmodel.contains(text), "{text} is not in the MLmodel");
    }
}

#[test]
fn pack_takes_requirement_lines_or_only_their_versions_from_another_file() {
    let out = folder();
    let file = out.path().join("environment.yml");
    let conda = "dependencies:\n- python=3.13\n- numpy=2.3.1\n- libgcc-ng=13\n- pip:\n  - rich==14.0.0\n";
    std::fs::write(&file, conda).expect("the folder can be written");
    let file = file.to_string_lossy().into_owned();
    let lines = |option: &str, name: &str| {
        let run = pack(&[option, &file], &out.path().join(name));
        assert_eq!(run.code, Some(0), "{}", run.stderr);
        assert!(run.stderr.contains("left out: libgcc-ng"), "{}", run.stderr);
        let read = |file: &str| {
            std::fs::read_to_string(out.path().join(name).join(file)).expect("the package has it")
        };
        assert!(read("python_env.yaml").contains("python: '3.13'"));
        read("requirements.txt")
    };
    assert_eq!(lines("--requirements", "all"), "mlflow==3.17.2\nnumpy==2.3.1\nrich==14.0.0");
    let versions = lines("--versions-from", "versions");
    assert!(versions.contains("\nnumpy==2.3.1\n") && versions.contains("scikit-learn=="), "{versions}");
    assert!(!versions.contains("rich"), "{versions}");
}

#[test]
fn pack_takes_sample_data_and_names_what_is_wrong_with_it() {
    let dir = folder();
    let rows = dir.path().join("rows.csv");
    let names = "sepal_len,sepal_wid,petal_len,petal_wid";
    std::fs::write(&rows, format!("{names}\n5.1,3.5,1.4,0.2\n")).expect("a file can be written");
    let out = dir.path().join("package");
    let sample = rows.to_string_lossy();
    let run = pack(&["--sample", &sample], &out);
    assert_eq!(run.code, Some(0), "{}", run.stderr);
    let example = std::fs::read_to_string(out.join("input_example.json")).expect("it is there");
    assert!(example.ends_with(r#""data": [[5.1, 3.5, 1.4, 0.2]]}"#), "{example}");
    let run = packwright(["lint", &out.to_string_lossy()]);
    assert_eq!(run.code, Some(0), "{}", run.stdout);
    std::fs::write(&rows, b"a,b\n1,\xff\n").expect("a file can be written");
    let run = pack(&["--sample", &sample, "--force"], &out);
    assert_eq!(run.code, Some(3));
    assert!(run.stderr.contains("csv at byte 6"), "{}", run.stderr);
}

#[test]
fn a_denied_pack_writes_nothing() {
    let out = folder();
    let place = out.path().join("package").to_string_lossy().into_owned();
    let run = packwright([
        "pack",
        "sklearn/custom_class_in_main_cloudpickle.pkl",
        "-o",
        &place,
        "--deny",
        "review",
    ]);
    assert_eq!(run.code, Some(1), "{}", run.stderr);
    assert_eq!(std::fs::read_dir(out.path()).expect("the folder can be listed").count(), 0);
}

#[test]
fn verify_fails_when_a_file_was_changed() {
    let out = folder();
    let place = out.path().join("package");
    assert_eq!(pack(&[], &place).code, Some(0));
    std::fs::write(place.join("requirements.txt"), "mlflow\nevil\n").expect("the file can be written");
    let run = packwright(["verify", "--json", &place.to_string_lossy()]);
    assert_eq!(run.code, Some(1), "{}", run.stdout);
    assert!(run.stdout.contains("requirements.txt"), "{}", run.stdout);
}

#[test]
fn a_package_is_packed_again_as_a_copy_of_itself() {
    let out = folder();
    let path = |name: &str| out.path().join(name).to_string_lossy().into_owned();
    let said = [
        "--name",
        "churn",
        "--tag",
        "team=risk",
        "--metadata",
        "license=MIT",
        "--description",
        "Who leaves.",
    ];
    assert_eq!(pack(&said, &out.path().join("sent.zip")).code, Some(0));
    for (from, to) in [("sent.zip", "one"), ("one", "two.zip")] {
        let run = packwright(["pack", &path(from), "-o", &path(to)]);
        assert_eq!(run.code, Some(0), "{}", run.stderr);
        assert!(
            run.stderr.contains("is a package: what it says is taken over into a new one"),
            "{}",
            run.stderr
        );
    }
    let read = |name: &str| std::fs::read(out.path().join(name)).expect("the package is there");
    assert!(read("sent.zip") == read("two.zip"), "a copy is the package again");
    // What is said beside it counts more, and goes into a recipe with what was taken over.
    let recipe = path("churn.json");
    let run =
        packwright(["pack", &path("one"), "-o", &path("four"), "--name", "again", "--save-recipe", &recipe]);
    assert_eq!(run.code, Some(0), "{}", run.stderr);
    let model = String::from_utf8(read("four/MLmodel")).expect("text");
    assert!(model.contains("name: again") && model.contains("team: risk"), "{model}");
    assert_eq!(pack(&["--recipe", &recipe], &out.path().join("five")).code, Some(0));
    assert!(read("five/MLmodel") == read("four/MLmodel"), "the recipe holds what was taken over");
    // The package itself is never written to, with --force neither.
    let run = packwright(["pack", &path("one"), "-o", &path("one")]);
    assert_eq!(run.code, Some(4), "{}", run.stderr);
}

#[test]
fn hostile_packages_and_those_without_a_model_give_no_copy() {
    let out = folder();
    for name in
        ["absolute_paths", "dotdot_paths", "empty_mlmodel", "missing_files", "python_tag", "yaml_bomb"]
    {
        let place = out.path().join(name).to_string_lossy().into_owned();
        let run = packwright(["pack", &format!("hostile/mlflow/{name}"), "-o", &place, "--json"]);
        assert_eq!(run.code, Some(3), "{name}: {}", run.stderr);
        let message = run.json()["error"]["message"].to_string();
        assert!(
            message.contains("cannot be edited") || message.contains("is not an MLflow package"),
            "{message}"
        );
        assert!(!out.path().join(name).exists());
    }
}

#[test]
fn the_receipt_is_one_json_document() {
    let out = folder();
    let place = out.path().join("package.zip");
    let receipt = pack(&["--json"], &place).json();
    assert_eq!(receipt["kind"], "zip");
    assert!(receipt["sha256"].as_str().is_some_and(|hash| hash.len() == 64), "{receipt}");
    assert!(
        receipt["files"].as_array().is_some_and(|files| files.iter().any(|file| file["path"] == "MLmodel")),
        "{receipt}"
    );
    assert!(receipt["snippets"].as_array().is_some_and(|snippets| !snippets.is_empty()), "{receipt}");
}
