//! What callers of the served model meet: the signature and the `python_function` block.

use super::*;

#[test]
fn each_mistake_in_the_signature_is_named() {
    let inputs = r#"'[{"type": "double", "name": "a", "required": true}, {"type": "double", "name": "b", "required": true}]'"#;
    let outputs = r#"'[{"type": "tensor", "tensor-spec": {"dtype": "float32", "shape": [-1]}}]'"#;
    for (from, to, severity, rule, path) in [
        ("signature:\n", "other:\n", Warning, "signature/missing", "signature"),
        (
            "\"type\": \"double\", \"name\": \"a\"",
            "\"type\": \"int64\", \"name\": \"a\"",
            Error,
            "signature/unknown-type",
            "signature.inputs[0].type",
        ),
        (outputs, "[1]", Error, "signature/not-text", "signature.outputs"),
        (outputs, "'[]'", Error, "signature/no-columns", "signature.outputs"),
        (outputs, "'['", Error, "signature/json", "signature.outputs"),
        ("\"float32\"", "\"<U5\"", Error, "signature/sized-dtype", "signature.outputs[0].tensor-spec.dtype"),
        (
            "\"float32\"",
            "\"bfloat16\"",
            Error,
            "signature/unknown-dtype",
            "signature.outputs[0].tensor-spec.dtype",
        ),
        ("[-1]", "[null]", Error, "signature/null-dimension", "signature.outputs[0].tensor-spec.shape"),
        (
            "\"name\": \"b\", \"required\": true",
            "\"name\": \"b\", \"optional\": true",
            Error,
            "signature/legacy-optional",
            "signature.inputs[1].optional",
        ),
        (
            "\"name\": \"b\", \"required\": true",
            "\"name\": \"b\", \"note\": 1",
            Error,
            "signature/unknown-key",
            "signature.inputs[1].note",
        ),
        (
            "\"type\": \"double\", \"name\": \"b\", \"required\": true",
            "\"type\": \"any\", \"name\": \"b\"",
            Warning,
            "signature/required",
            "signature.inputs[1].required",
        ),
        ("\"name\": \"b\"", "\"name\": \"a\"", Error, "signature/duplicate-name", "signature.inputs[1].name"),
        (
            "params: null",
            "params: '[{\"name\": \"p\", \"type\": \"long\"}]'",
            Error,
            "signature/param-default",
            "signature.params[0].default",
        ),
        ("hint: false", "hint: true", Warning, "signature/type-hint", "is_signature_from_type_hint"),
        (
            inputs,
            r#"'[{"type": "double"}, {"type": "double", "name": "b"}]'"#,
            Error,
            "signature/mixed-names",
            "signature.inputs",
        ),
    ] {
        assert_found(&replace(from, to).package(), &[(severity, rule, path)]);
    }
    let empty = replace("\"name\": \"b\"", "\"name\": \"\"").package();
    assert!(lint(&empty).iter().any(|problem| problem.rule == "signature/empty-name"));
}

#[test]
fn each_mistake_in_the_python_function_block_is_named() {
    let pyfunc = |key: &str| format!("flavors.python_function.{key}");
    for (change, severity, rule, path) in [
        (replace("    loader_module: mlflow.xgboost\n", ""), Error, "pyfunc/loader", pyfunc("loader_module")),
        (replace("mlflow.xgboost", "mlflow.fastai"), Error, "pyfunc/removed-loader", pyfunc("loader_module")),
        (
            replace("mlflow.xgboost", "elsewhere_loader"),
            Warning,
            "pyfunc/loader-elsewhere",
            pyfunc("loader_module"),
        ),
        (
            replace("python_version: 3.11.7", "python_version: 3.11"),
            Error,
            "pyfunc/python-version",
            pyfunc("python_version"),
        ),
        (replace("      conda: conda.yaml\n", ""), Error, "pyfunc/env-key", pyfunc("env")),
        (replace("conda: conda.yaml", "conda: other.yaml"), Warning, "pyfunc/env-file", pyfunc("env.conda")),
        (
            replace("      conda: conda.yaml\n      virtualenv: python_env.yaml\n", ""),
            Warning,
            "pyfunc/env",
            pyfunc("env"),
        ),
        (
            replace("    loader_module", "    config: {a: 1}\n    loader_module"),
            Error,
            "pyfunc/config",
            pyfunc("config"),
        ),
        (
            replace("    loader_module", "    artifacts: {x: {uri: x}}\n    loader_module"),
            Error,
            "pyfunc/artifact",
            pyfunc("artifacts.x.path"),
        ),
        (
            replace("    loader_module", "    artifacts: {x: {path: ../x}}\n    loader_module"),
            Error,
            "files/outside",
            pyfunc("artifacts.x.path"),
        ),
        (
            replace("    loader_module", "    artifacts: {x: {path: artifacts/x}}\n    loader_module"),
            Error,
            "files/missing",
            pyfunc("artifacts.x.path"),
        ),
        (
            replace(
                "    loader_module",
                "    artifacts: {x: {path: model.json, uri: /srv/x}}\n    loader_module",
            ),
            Warning,
            "privacy/path",
            pyfunc("artifacts.x.uri"),
        ),
        (
            replace("    loader_module", "    model_code_path: m.py\n    loader_module"),
            Error,
            "pyfunc/model-code",
            pyfunc("model_code_path"),
        ),
        (
            replace("    loader_module", "    code: code\n    loader_module"),
            Warning,
            "files/no-code",
            pyfunc("code"),
        ),
    ] {
        assert_found(&change.package(), &[(severity, rule, &path)]);
    }
}
