"""The commands that a package gives its receiver, run as they stand; requests as MLflow's server takes them.

PACKWRIGHT_CLI names the program. Needs what test_sample.py needs, and the frameworks of the fixtures.
"""
import contextlib
import io
import json
import shlex
import subprocess

import mlflow.pyfunc
import pytest
from mlflow.pyfunc.scoring_server import _split_data_and_params, infer_and_parse_data
from test_sample import CHURN, CLI, PIPELINE, ROOT, columns_of, iris

FIXTURES = ROOT / "tests" / "fixtures"
WITHOUT_SAMPLE = [
    PIPELINE, CHURN, *(FIXTURES / name for name in [
        "sklearn/logreg_int_bool_float32_df.pkl", "sklearn/rf_two_outputs.joblib", "sklearn/kmeans_plain.joblib", "onnx/multi_in_multi_out.onnx", "onnx/skl_rf_nozipmap.onnx",
    ]),
]


def packed(model, folder, *more):
    """The titles and texts of the commands for a package `it's mine` in a folder, as the receipt gives them."""
    done = subprocess.run([CLI, "pack", str(model), "-o", str(folder / "it's mine"), "--json", *map(str, more)], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return {snippet["title"]: snippet["text"] for snippet in json.loads(done.stdout)["snippets"]}


def run(text):
    shown = io.StringIO()
    with contextlib.redirect_stdout(shown):
        exec(compile(text, "snippet", "exec"), {})
    return shown.getvalue()


def asked(text, folder):
    """What the server would answer."""
    words = shlex.split(text)
    body = words[words.index("-d") + 1]
    if body.startswith("@"):
        body = (folder / body[1:]).read_text()
    model = mlflow.pyfunc.load_model(str(folder / "it's mine"))
    data, params = _split_data_and_params(body)
    return model.predict(infer_and_parse_data(data, model.metadata.get_input_schema()), params=params)


def check(commands, folder, monkeypatch):
    monkeypatch.chdir(folder)
    assert run(commands["Predict in Python"]).strip()
    if "Load the estimator itself" in commands:
        run(commands["Load the estimator itself"])
    if "Ask the server" in commands:
        assert len(asked(commands["Ask the server"], folder))


@pytest.mark.parametrize("model", WITHOUT_SAMPLE, ids=lambda path: path.stem)
def test_a_made_up_row_is_one_that_the_model_takes(model, tmp_path, monkeypatch):
    check(packed(model, tmp_path), tmp_path, monkeypatch)


def test_the_first_row_of_the_sample_is_sent(tmp_path, monkeypatch):
    commands = packed(CHURN, tmp_path, "--sample", columns_of(CHURN, tmp_path))
    first = json.loads((tmp_path / "it's mine" / "input_example.json").read_text())["data"][0]
    [record] = json.loads(shlex.split(commands["Ask the server"])[-1])["dataframe_records"]
    assert list(record.values()) == first
    check(commands, tmp_path, monkeypatch)


def test_missing_values_of_the_sample_are_sent_as_such(tmp_path, monkeypatch):
    table = iris()
    table.loc[0, "petal_len"] = None
    table.to_csv(tmp_path / "iris.csv", index=False)
    commands = packed(PIPELINE, tmp_path, "--sample", tmp_path / "iris.csv")
    assert 'float("nan")' in commands["Predict in Python"]
    monkeypatch.chdir(tmp_path)
    # The row reaches the model, which is the one to refuse it.
    with pytest.raises(ValueError, match="contains NaN"):
        run(commands["Predict in Python"])


def test_an_array_is_sent_from_the_package(tmp_path, monkeypatch):
    import numpy as np

    np.save(tmp_path / "rows.npy", iris().to_numpy())
    commands = packed(FIXTURES / "sklearn/kmeans_plain.joblib", tmp_path, "--sample", tmp_path / "rows.npy")
    assert "serving_input_example.json" in commands["Ask the server"]
    check(commands, tmp_path, monkeypatch)
