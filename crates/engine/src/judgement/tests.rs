use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use tempfile::TempDir;
use zip::ZipWriter;
use zip::write::SimpleFileOptions;

use super::*;
use crate::testing::{fixture, fixtures};

const SKLEARN: &str = "flavors:\n  python_function: {loader_module: mlflow.sklearn, model_path: model.pkl}\n  \
    sklearn: {pickled_model: model.pkl, serialization_format: pickle}\nmetadata: {packwright: {safety: safe}}\n";

/// `pickle.loads` of it calls `os.system`.
const HARMFUL: &[u8] = b"cos\nsystem\n(S'true'\ntR.";

fn bytes(path: &Path) -> Vec<u8> {
    #[expect(clippy::disallowed_methods, reason = "fixtures are small")]
    fs::read(path).unwrap()
}

fn good() -> Vec<u8> {
    bytes(&fixture("sklearn/svc_iris_proto5.pkl"))
}

/// A package of these files in a folder.
fn folder(files: &[(&str, &[u8])]) -> TempDir {
    let dir = tempfile::tempdir().unwrap();
    for (name, bytes) in files {
        let path = dir.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, bytes).unwrap();
    }
    dir
}

/// The same in a zip, below a folder in it.
fn zipped(dir: &TempDir, files: &[(&str, &[u8])], root: &str) -> PathBuf {
    let path = dir.path().join("package.zip");
    let mut writer = ZipWriter::new(fs::File::create(&path).unwrap());
    for (name, bytes) in files {
        writer.start_file(format!("{root}{name}"), SimpleFileOptions::default()).unwrap();
        writer.write_all(bytes).unwrap();
    }
    writer.finish().unwrap();
    path
}

/// The findings above "good to know" as `rule what @ place`, from a folder and from two kinds of zip, which must agree.
fn found(files: &[(&str, &[u8])]) -> (&'static str, Vec<String>) {
    let dir = folder(files);
    let outside = tempfile::tempdir().unwrap();
    let of = |path: &Path| {
        let safety = judge(path).unwrap().safety;
        let telling = safety.findings.iter().filter(|finding| Severity::Info < finding.severity);
        let mut rows: Vec<String> =
            telling.map(|finding| format!("{} {} @ {}", finding.rule, finding.what, finding.place)).collect();
        rows.sort();
        (safety.verdict().word(), rows)
    };
    let in_folder = of(dir.path());
    for root in ["", "churn/"] {
        assert_eq!(of(&zipped(&outside, files, root)), in_folder, "{root:?}");
    }
    in_folder
}

#[test]
fn a_package_of_known_classes_is_safe_whatever_it_says() {
    let good = good();
    for recorded in ["safe", "dangerous"] {
        let model = SKLEARN.replace("safety: safe", &format!("safety: {recorded}"));
        let dir = folder(&[("MLmodel", model.as_bytes()), ("model.pkl", &good)]);
        let judgement = judge(dir.path()).unwrap();
        assert_eq!(judgement.safety.verdict(), Verdict::Safe, "{:?}", judgement.safety);
        assert_eq!(judgement.differing(), (recorded == "dangerous").then_some("dangerous"));
    }
}

#[test]
fn a_pickle_counts_whatever_its_name_and_whoever_names_it() {
    let good = good();
    for name in ["model.pkl", "python_model.pkl", "data/weights.bin", "README.md", "input_example.json"] {
        let mut files: Vec<(&str, &[u8])> = vec![("MLmodel", SKLEARN.as_bytes()), (name, HARMFUL)];
        if name != "model.pkl" {
            files.push(("model.pkl", &good));
        }
        let (verdict, rows) = found(&files);
        assert_eq!(verdict, "dangerous", "{name}");
        assert!(
            rows.iter().any(|row| row.contains("system") && row.contains(&format!("@ {name}, byte"))),
            "{rows:?}"
        );
    }
    let dir = folder(&[("MLmodel", SKLEARN.as_bytes()), ("model.pkl", HARMFUL)]);
    let judgement = judge(dir.path()).unwrap();
    assert!(judgement.is_dangerous() && judgement.differing() == Some("safe"));
}

#[test]
fn what_lies_in_an_archive_of_the_package_counts() {
    let good = good();
    let dir = tempfile::tempdir().unwrap();
    let inner = bytes(&zipped(&dir, &[("deep/x", HARMFUL)], ""));
    let (verdict, rows) =
        found(&[("MLmodel", SKLEARN.as_bytes()), ("model.pkl", &good), ("extra/data.zip", &inner)]);
    assert_eq!(verdict, "dangerous");
    assert!(rows.iter().any(|row| row.contains("deep/x in extra/data.zip, byte")), "{rows:?}");
}

#[test]
fn code_that_loading_can_import_is_named_file_by_file() {
    let good = good();
    let base = "flavors:\n  python_function: {loader_module: LOADER, model_path: model.pkl, code: CODE}\n";
    let judged = |loader: &str, code: &str, more: &[(&str, &[u8])]| {
        let model = base.replace("LOADER", loader).replace("CODE", code);
        let mut files: Vec<(&str, &[u8])> = vec![("MLmodel", model.as_bytes()), ("model.pkl", &good)];
        files.extend_from_slice(more);
        found(&files)
    };
    let shadow: &[(&str, &[u8])] = &[("code/numpy/__init__.py", b"import os"), ("code/readme.txt", b"hello")];
    assert_eq!(
        judged("mlflow.sklearn", "code", shadow),
        ("review", vec!["package/code code/numpy/__init__.py @ code/numpy/__init__.py".to_owned()])
    );
    // On macOS and Windows, and by any way of writing it.
    assert_eq!(judged("mlflow.sklearn", "./Code/", shadow).0, "review");
    assert_eq!(judged("mlflow.sklearn", "'.'", &[("x.pyc", b"x")]).1, ["package/code x.pyc @ x.pyc"]);
    let loader = judged("my.loader", "code", &[("code/my/loader.py", b"x")]);
    assert_eq!(loader, ("review", vec!["package/code code/my/loader.py @ code/my/loader.py".to_owned()]));
    assert_eq!(
        judged("my_loader", "null", &[]),
        (
            "review",
            vec!["package/loader my_loader @ MLmodel: flavors.python_function.loader_module".to_owned()]
        )
    );
    // Nothing names it.
    assert_eq!(judged("mlflow.sklearn", "null", &[("train.py", b"import os")]), ("safe", vec![]));
}

#[test]
fn models_from_code_and_native_libraries_are_for_review() {
    let model = "flavors:\n  python_function: {loader_module: mlflow.pyfunc.loaders.code_model, \
        model_code_path: /home/a/model.py}\n";
    let (verdict, rows) = found(&[
        ("MLmodel", model.as_bytes()),
        ("model.py", b"import os\n"),
        ("libs/ops", b"\x7fELF\x02\x01\x01"),
    ]);
    assert_eq!(verdict, "review");
    assert_eq!(
        rows,
        ["package/code model.py @ model.py", "package/native-code a native library or program @ libs/ops",]
    );
}

#[test]
fn modules_that_files_and_keys_name_are_for_review() {
    let model = "flavors:\n  python_function: {loader_module: mlflow.pytorch, data: data}\n  \
        pytorch: {model_data: data}\n";
    let weights = bytes(&fixture("torch/conv_traced.pt"));
    let with = |text: &'static [u8]| {
        found(&[
            ("MLmodel", model.as_bytes()),
            ("data/model.pth", &weights),
            ("data/pickle_module_info.txt", text),
        ])
    };
    assert_eq!(with(b"mlflow.pytorch.pickle_module\n"), ("safe", vec![]));
    assert_eq!(
        with(b"evil.unpickler"),
        ("review", vec!["package/module evil.unpickler @ data/pickle_module_info.txt".to_owned()])
    );
}

#[test]
fn what_is_not_read_is_never_safe() {
    let good = good();
    for (model, what) in [
        ("flavors: {spark: {model_data: sparkml}}\n", "the spark flavor"),
        ("flavors: {python_function: {loader_module: mlflow.h2o, data: model.h2o}}\n", "mlflow.h2o"),
        ("flavors: {sklearn: {pickled_model: ../../elsewhere.pkl}}\n", "../../elsewhere.pkl"),
        ("flavors: {python_function: {loader_module: mlflow.sklearn, code: /opt/code}}\n", "/opt/code"),
        ("flavors: {sklearn: {pickled_model: notes.txt}}\n", "notes.txt"),
        ("flavors: !!python/object:os.system {}\n", "MLmodel"),
        ("- 1\n", "MLmodel"),
    ] {
        let files: &[(&str, &[u8])] =
            &[("MLmodel", model.as_bytes()), ("model.pkl", &good), ("notes.txt", b"hello there")];
        let (verdict, rows) = found(files);
        assert_eq!(verdict, "unscanned", "{model}");
        assert!(rows.iter().any(|row| row.starts_with(&format!("package/not-read {what} "))), "{rows:?}");
    }
}

#[test]
fn code_that_the_environment_installs_from_elsewhere_is_named() {
    let good = good();
    let requirements = "--extra-index-url https://download.pytorch.org/whl/cpu\nscikit-learn==1.9.1\n\
        --index-url http://pypi.org/simple\nnet @ git+https://example.org/net.git\nwheels/own-1.0-py3-none-any.whl\n";
    let conda = "dependencies:\n- pip\n- pip:\n  - other @ https://example.org/other.zip\n";
    let (verdict, rows) = found(&[
        ("MLmodel", SKLEARN.as_bytes()),
        ("model.pkl", &good),
        ("requirements.txt", requirements.as_bytes()),
        ("conda.yaml", conda.as_bytes()),
        ("wheels/own-1.0-py3-none-any.whl", b"PK\x05\x06\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0"),
    ]);
    assert_eq!(verdict, "review");
    let whats: Vec<&str> = rows.iter().filter_map(|row| row.split(" @ ").next()).collect();
    assert_eq!(
        whats,
        [
            "package/install --index-url http://pypi.org/simple",
            "package/install net",
            "package/install other",
            "package/wheel wheels/own-1.0-py3-none-any.whl",
        ]
    );
}

#[test]
fn a_folder_of_a_model_is_read_as_one_and_its_files_count_too() {
    let hub = fixtures().join("transformers/bert_classifier");
    let model = "flavors:\n  python_function: {loader_module: mlflow.transformers, model_binary: model}\n  \
        transformers: {model_binary: model, source_model_name: /home/a/bert}\n";
    let names: Vec<String> = fs::read_dir(&hub)
        .unwrap()
        .map(|entry| entry.unwrap())
        .filter(|entry| entry.path().is_file())
        .map(|entry| entry.file_name().into_string().unwrap())
        .collect();
    let contents: Vec<(String, Vec<u8>)> =
        names.iter().map(|name| (format!("model/{name}"), bytes(&hub.join(name)))).collect();
    let mut files: Vec<(&str, &[u8])> =
        contents.iter().map(|(name, bytes)| (name.as_str(), bytes.as_slice())).collect();
    files.push(("MLmodel", model.as_bytes()));
    assert_eq!(found(&files), ("safe", vec![]));
    files.push(("model/strange.dat", HARMFUL));
    assert_eq!(found(&files).0, "dangerous");
}

#[test]
fn a_repository_in_place_of_weights_is_for_review() {
    let model = "flavors:\n  transformers: {source_model_name: someone/bert, task: fill-mask}\n";
    let (verdict, rows) = found(&[("MLmodel", model.as_bytes())]);
    assert_eq!(verdict, "review");
    assert!(rows.iter().all(|row| row.starts_with("package/download someone/bert")), "{rows:?}");
}

#[cfg(unix)]
#[test]
fn a_link_is_not_followed_and_never_safe() {
    let good = good();
    let dir = folder(&[("MLmodel", SKLEARN.as_bytes())]);
    let elsewhere = folder(&[("model.pkl", &good)]);
    std::os::unix::fs::symlink(elsewhere.path().join("model.pkl"), dir.path().join("model.pkl")).unwrap();
    let safety = judge(dir.path()).unwrap().safety;
    assert_eq!(safety.verdict(), Verdict::Unscanned, "{safety:?}");
    assert!(safety.findings.iter().any(|finding| finding.rule == "package/link"));
}

#[test]
fn bombs_end_within_their_limits_and_are_never_safe() {
    let good = good();
    let dir = tempfile::tempdir().unwrap();
    let zeros = vec![0_u8; 200 << 20];
    let bomb =
        zipped(&dir, &[("MLmodel", SKLEARN.as_bytes()), ("model.pkl", &good), ("data/zeros", &zeros)], "");
    assert!(fs::metadata(&bomb).unwrap().len() < 1 << 20);
    assert_eq!(judge(&bomb).unwrap().safety.verdict(), Verdict::Unscanned);
    let compressed = bytes(&fixture("hostile/bomb/zeros_1gb.joblib.gz"));
    let model = SKLEARN.replace("model.pkl", "model.joblib");
    let bomb = folder(&[("MLmodel", model.as_bytes()), ("model.joblib", &compressed)]);
    assert_ne!(judge(bomb.path()).unwrap().safety.verdict(), Verdict::Safe);
}

#[test]
fn members_that_share_their_bytes_are_never_safe() {
    let good = good();
    let dir = tempfile::tempdir().unwrap();
    let files: &[(&str, &[u8])] =
        &[("MLmodel", SKLEARN.as_bytes()), ("model.pkl", &good), ("other.pkl", &good)];
    let path = zipped(&dir, files, "");
    let mut archive = bytes(&path);
    // In the directory, the third member is sent to where the second lies.
    let entries: Vec<usize> =
        archive.windows(4).enumerate().filter(|(_, four)| *four == b"PK\x01\x02").map(|(at, _)| at).collect();
    let second: [u8; 4] = archive[entries[1] + 42..entries[1] + 46].try_into().unwrap();
    archive[entries[2] + 42..entries[2] + 46].copy_from_slice(&second);
    fs::write(&path, archive).unwrap();
    match judge(&path) {
        Ok(judgement) => assert_ne!(judgement.safety.verdict(), Verdict::Safe, "{:?}", judgement.safety),
        Err(error) => assert!(matches!(error, VerifyError::NotAPackage { .. }), "{error}"),
    }
}

#[test]
fn what_is_no_package_is_refused() {
    let dir = folder(&[("model.pkl", HARMFUL)]);
    assert!(matches!(judge(dir.path()), Err(VerifyError::NotAPackage { .. })));
    assert!(matches!(judge(&dir.path().join("model.pkl")), Err(VerifyError::NotAPackage { .. })));
    assert!(matches!(judge(&dir.path().join("nothing")), Err(VerifyError::Unreadable { .. })));
}
