mod frameworks;
mod served;

use super::{Severity, lint};
use crate::package::{MemoryFiles, PackageFiles};

/// A package with nothing wrong: an XGBoost model with a signature, an example and an environment.
const MLMODEL: &str = r#"flavors:
  python_function:
    data: model.json
    env:
      conda: conda.yaml
      virtualenv: python_env.yaml
    loader_module: mlflow.xgboost
    python_version: 3.11.7
  xgboost:
    code: null
    data: model.json
    model_class: xgboost.core.Booster
    model_format: json
    xgb_version: 3.2.0
is_signature_from_type_hint: false
mlflow_version: 3.17.2
model_id: null
saved_input_example_info:
  artifact_path: input_example.json
  pandas_orient: split
  serving_input_path: serving_input_example.json
  type: dataframe
signature:
  inputs: '[{"type": "double", "name": "a", "required": true}, {"type": "double", "name": "b", "required": true}]'
  outputs: '[{"type": "tensor", "tensor-spec": {"dtype": "float32", "shape": [-1]}}]'
  params: null
"#;

fn good() -> Vec<(String, Vec<u8>)> {
    [
        ("MLmodel", MLMODEL),
        ("model.json", "{\"learner\":{}}"),
        ("requirements.txt", "mlflow==3.17.2\nxgboost==3.2.0"),
        ("python_env.yaml", "python: '3.11.7'\nbuild_dependencies:\n- pip\ndependencies:\n- -r requirements.txt\n"),
        (
            "conda.yaml",
            "channels:\n- conda-forge\ndependencies:\n- python=3.11.7\n- pip\n- pip:\n  - mlflow==3.17.2\n  - xgboost==3.2.0\n",
        ),
        ("input_example.json", "{\"columns\": [\"a\", \"b\"], \"data\": [[1.0, 2.0]]}"),
        ("serving_input_example.json", "{\"dataframe_split\": {\"columns\": [\"a\", \"b\"], \"data\": [[1.0, 2.0]]}}"),
    ]
    .map(|(name, text)| (name.to_owned(), text.as_bytes().to_vec()))
    .to_vec()
}

/// The good package with changes: text replaced in MLmodel, files put in place of others or taken away.
#[derive(Default)]
struct Change {
    replace: Vec<(&'static str, &'static str)>,
    put: Vec<(&'static str, &'static [u8])>,
    remove: Vec<&'static str>,
}

impl Change {
    fn package(&self) -> MemoryFiles {
        let mut files = good();
        files.retain(|(name, _)| !self.remove.contains(&name.as_str()));
        for (name, bytes) in &mut files {
            if name == "MLmodel" {
                let mut text = String::from_utf8(bytes.clone()).unwrap();
                for (from, to) in &self.replace {
                    assert!(text.contains(from), "{from:?} is not in the MLmodel");
                    text = text.replace(from, to);
                }
                *bytes = text.into_bytes();
            }
        }
        // A later file of the same name wins.
        files.extend(self.put.iter().map(|(name, bytes)| ((*name).to_owned(), bytes.to_vec())));
        MemoryFiles::new(files)
    }
}

fn replace(from: &'static str, to: &'static str) -> Change {
    Change { replace: vec![(from, to)], ..Change::default() }
}

fn put(name: &'static str, bytes: &'static [u8]) -> Change {
    Change { put: vec![(name, bytes)], ..Change::default() }
}

fn remove(name: &'static str) -> Change {
    Change { remove: vec![name], ..Change::default() }
}

/// Asserts that a package has exactly these problems: severity, rule and place.
#[track_caller]
fn assert_found(files: &dyn PackageFiles, expected: &[(Severity, &str, &str)]) {
    let problems = lint(files);
    let found: Vec<_> = problems.iter().map(|p| (p.severity, p.rule, p.path.as_str())).collect();
    assert_eq!(found, expected, "{problems:#?}");
}

use Severity::{Error, Warning};

#[test]
fn a_good_package_has_no_problem() {
    assert_found(&Change::default().package(), &[]);
}

#[test]
fn each_mistake_in_the_mlmodel_is_named() {
    for (change, severity, rule, path) in [
        (remove("MLmodel"), Error, "mlmodel/missing", "MLmodel"),
        (put("MLmodel", b"\xff\xfe"), Error, "mlmodel/unreadable", "MLmodel"),
        (put("MLmodel", b"# nothing\n"), Error, "mlmodel/empty", "MLmodel"),
        (put("MLmodel", b"- a\n"), Error, "mlmodel/not-a-map", "MLmodel"),
        (put("MLmodel", b"a:\n\tb: 1\n"), Error, "mlmodel/syntax", "MLmodel"),
        (
            put("MLmodel", b"a: !!python/object/apply:os.system [id]\n"),
            Error,
            "mlmodel/python-tag",
            "MLmodel",
        ),
        (replace("model_id: null", "model_id: m-1"), Warning, "mlmodel/model-id", "model_id"),
        (replace("model_id: null", "env_vars: [1]"), Error, "mlmodel/env-vars", "env_vars"),
        (
            replace("mlflow_version: 3.17.2", "mlflow_version: 3.17"),
            Warning,
            "mlmodel/version",
            "mlflow_version",
        ),
        (replace("model_id: null", "metadata: [1]"), Error, "metadata/not-a-map", "metadata"),
        (
            replace("model_id: null", "metadata: {mlflow.model.isExternal: true}"),
            Error,
            "metadata/external",
            "metadata.mlflow.model.isExternal",
        ),
    ] {
        assert_found(&change.package(), &[(severity, rule, path)]);
    }
}

#[test]
fn a_package_one_folder_down_is_pointed_to() {
    let files = MemoryFiles::new(good().into_iter().map(|(name, bytes)| (format!("m/{name}"), bytes)));
    let problems = lint(&files);
    assert_eq!(problems.len(), 1);
    assert!(problems[0].message.contains("m/MLmodel"), "{}", problems[0].message);
}

#[test]
fn each_mistake_in_generated_code_is_named() {
    let own = |name: &'static str, file: &'static str, source: &'static [u8]| Change {
        replace: vec![("loader_module: mlflow.xgboost", name)],
        put: vec![(file, source)],
        ..Change::default()
    };
    let fine: &[u8] = b"def _load_pyfunc(path): ...";
    assert_found(&own("code: code\n    loader_module: mine_1f2e", "code/mine_1f2e.py", fine).package(), &[]);
    for (change, severity, rule, path) in [
        (
            own("code: code\n    loader_module: mine_1f2e", "code/mine_1f2e.py", b"x = 1"),
            Error,
            "pyfunc/loader",
            "code/mine_1f2e.py",
        ),
        (
            own("loader_module: mine_1f2e", "code/mine_1f2e.py", fine),
            Error,
            "pyfunc/no-code",
            "flavors.python_function.code",
        ),
        (
            own("code: code\n    loader_module: loader", "code/loader.py", fine),
            Warning,
            "pyfunc/loader-name",
            "flavors.python_function.loader_module",
        ),
        (
            own(
                "model_code_path: m.py\n    loader_module: mlflow.pyfunc.loaders.code_model",
                "m.py",
                b"class A: ...",
            ),
            Error,
            "pyfunc/set-model",
            "m.py",
        ),
    ] {
        assert_found(&change.package(), &[(severity, rule, path)]);
    }
}

#[test]
fn each_mistake_in_the_flavor_blocks_is_named() {
    let second = |files: &'static [u8]| Change {
        replace: vec![(
            "  xgboost:\n    code: null\n    data: model.json",
            "  xgboost:\n    code: null\n    data: b.json",
        )],
        put: vec![("b.json", files)],
        ..Change::default()
    };
    let nested = Change {
        replace: vec![("data: model.json", "data: data/model.json")],
        put: vec![("data/model.json", b"{\"a\":1}")],
        ..Change::default()
    };
    let pyfunc_data = "flavors.python_function.data";
    for (change, expected) in [
        (second(b"{\"a\":1}"), vec![(Warning, "flavors/two-paths", pyfunc_data)]),
        (nested, vec![(Error, "flavors/data-in-root", pyfunc_data)]),
        (replace("flavors:", "taste:"), vec![(Error, "flavors/none", "flavors")]),
        (
            replace("  python_function:", "  pyfunc:"),
            vec![(Warning, "flavors/no-pyfunc", "flavors.python_function")],
        ),
        (replace("  xgboost:", "  boost:"), vec![(Error, "flavors/no-block", "flavors.xgboost")]),
        (
            remove("model.json"),
            vec![(Error, "files/missing", pyfunc_data), (Error, "files/missing", "flavors.xgboost.data")],
        ),
        (
            replace("data: model.json", "data: C:\\m.json"),
            vec![(Error, "files/outside", pyfunc_data), (Error, "files/outside", "flavors.xgboost.data")],
        ),
        (put("model.json", b"{L\0\0\0\0"), vec![(Error, "xgboost/extension", "model.json")]),
    ] {
        assert_found(&change.package(), &expected);
    }
}

#[test]
fn each_mistake_in_the_example_is_named() {
    for (change, rule, path) in [
        (remove("input_example.json"), "example/missing", "saved_input_example_info.artifact_path"),
        (
            remove("serving_input_example.json"),
            "example/missing",
            "saved_input_example_info.serving_input_path",
        ),
        (put("input_example.json", b"{"), "example/json", "input_example.json"),
        (
            put("input_example.json", b"{\"columns\": [\"a\", \"b\"], \"data\": [[NaN, 1]]}"),
            "example/nan",
            "input_example.json",
        ),
        (replace("type: dataframe", "type: table"), "example/type", "saved_input_example_info.type"),
        (
            replace("  artifact_path: input_example.json\n", ""),
            "example/path",
            "saved_input_example_info.artifact_path",
        ),
        (
            put("input_example.json", b"{\"columns\": [\"a\"], \"data\": [[1]]}"),
            "example/signature",
            "input_example.json",
        ),
    ] {
        assert_found(&change.package(), &[(Warning, rule, path)]);
    }
}

#[test]
fn each_mistake_in_the_environment_is_named() {
    // What also changes the pip list drops conda.yaml's, which is compared only when there is one.
    let requirements = |text: &'static [u8]| Change {
        put: vec![("requirements.txt", text), ("conda.yaml", b"name: x\n")],
        ..Change::default()
    };
    let file = "requirements.txt";
    for (change, severity, rule, path) in [
        (remove("requirements.txt"), Warning, "requirements/missing", file),
        (requirements(b"mlflow==3.17.2\nxgboost>=3"), Warning, "requirements/unpinned", file),
        (requirements(b"xgboost==3.2.0"), Warning, "requirements/mlflow", file),
        (requirements(b"mlflow==3.17.2"), Warning, "requirements/framework", file),
        (requirements(b"mlflow==3\nxgboost==3\n-r more.txt"), Error, "requirements/include", file),
        (requirements(b"mlflow==3\nxgboost==3\n./wheels/a.whl"), Warning, "requirements/path", file),
        (put(file, b"xgboost==3.2.0\nmlflow==3.17.1"), Warning, "environment/differ", "conda.yaml"),
        (put("conda.yaml", b"a: ["), Error, "environment/syntax", "conda.yaml"),
        (
            put("python_env.yaml", b"python: 3.11\n"),
            Error,
            "environment/python-env",
            "python_env.yaml: python",
        ),
        (put("python_env.yaml", b"name: x\n"), Error, "environment/python-env", "python_env.yaml: name"),
        (
            put("python_env.yaml", b"dependencies: x\n"),
            Error,
            "environment/python-env",
            "python_env.yaml: dependencies",
        ),
        (put("python_env.yaml", b"- x\n"), Error, "environment/python-env", "python_env.yaml"),
        (put("uv.lock", b"x"), Warning, "environment/uv-lock", "uv.lock"),
    ] {
        assert_found(&change.package(), &[(severity, rule, path)]);
    }
}

#[test]
fn what_does_not_travel_is_named() {
    for (change, rule, path) in [
        (replace("model_id: null", "model_id: null # \u{e9}"), "portability/ascii", "MLmodel"),
        (put("a#b.txt", b""), "portability/name", "a#b.txt"),
        (put("Model.json", b"{\"a\":1}"), "portability/case", "model.json"),
    ] {
        assert_found(&change.package(), &[(Warning, rule, path)]);
    }
}

/// Files with a link among them.
struct Linked(MemoryFiles, Vec<String>);

impl PackageFiles for Linked {
    fn names(&self) -> &[String] {
        self.0.names()
    }

    fn links(&self) -> &[String] {
        &self.1
    }

    fn read(&self, name: &str, limit: u64) -> std::io::Result<Vec<u8>> {
        self.0.read(name, limit)
    }

    fn head(&self, name: &str, n: u64) -> std::io::Result<Vec<u8>> {
        self.0.head(name, n)
    }
}

#[test]
fn a_link_in_place_of_the_model_is_no_model() {
    let files = Linked(remove("model.json").package(), vec!["model.json".into()]);
    let expected = [
        (Error, "files/missing", "flavors.python_function.data"),
        (Error, "files/missing", "flavors.xgboost.data"),
        (Warning, "portability/link", "model.json"),
    ];
    assert_found(&files, &expected);
    assert!(lint(&files)[0].message.contains("is a link"), "{}", lint(&files)[0].message);
}
