"""Sample data against real pandas and MLflow: types, examples, and whether the example is what the packed model takes.

PACKWRIGHT_CLI names the program. Needs pandas 3, pyarrow and MLflow 3.17, which the recorded cases are from.
"""
import json
import os
import re
import subprocess
import warnings
from pathlib import Path

import pytest

os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")
os.environ.setdefault("GIT_PYTHON_REFRESH", "quiet")
warnings.filterwarnings("ignore")

import mlflow.pyfunc  # noqa: E402
import numpy as np  # noqa: E402
import pandas as pd  # noqa: E402
import sample_cases  # noqa: E402
from mlflow.models.utils import _Example  # noqa: E402
from mlflow.pyfunc.scoring_server import _split_data_and_params, infer_and_parse_data  # noqa: E402

ROOT = Path(__file__).resolve().parents[2]
CLI = os.environ.get("PACKWRIGHT_CLI") or str(ROOT / "target" / "debug" / "packwright")
PIPELINE = ROOT / "tests/fixtures/sklearn/pipe_scaler_logreg_df.pkl"
CHURN = ROOT / "tests/fixtures/sklearn/columntransformer_mixed_df.joblib"


def pack(model, sample, folder):
    out = folder / "package"
    done = subprocess.run([CLI, "pack", str(model), "-o", str(out), "--sample", str(sample), "--json"], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return out


def without_nan(text):
    """pandas 3 makes MLflow write bare NaN, which is no JSON; null is what it means."""
    return re.sub(r"\bNaN\b", "null", text)


def test_the_recorded_cases_are_what_pandas_and_mlflow_say():
    recorded = json.loads(sample_cases.OUT.read_text())
    now = json.loads(sample_cases.text())
    for kind, cases in now.items():
        differing = [(was, case) for was, case in zip(recorded[kind], cases) if was != case]
        assert not differing and len(recorded[kind]) == len(cases), (kind, differing[:3])


def iris(n=8):
    random = np.random.default_rng(3)
    table = pd.DataFrame(random.normal(5, 2, (n, 4)).round(3), columns=["sepal_len", "sepal_wid", "petal_len", "petal_wid"])
    table.loc[1, "sepal_len"] = 1e-7
    table.loc[2, "sepal_len"] = 12345678901234567890.0
    return table


WRITERS = {
    "csv": lambda table, path: table.to_csv(path, index=False),
    "tsv": lambda table, path: table.to_csv(path, index=False, sep="\t"),
    "parquet": lambda table, path: table.to_parquet(path),
    "feather": lambda table, path: table.to_feather(path),
    "json": lambda table, path: table.to_json(path, orient="records", double_precision=15),
    "jsonl": lambda table, path: table.to_json(path, orient="records", lines=True, double_precision=15),
}


@pytest.mark.parametrize("ending", WRITERS)
def test_the_example_is_mlflow_s_own_and_the_model_takes_it(ending, tmp_path):
    table, path = iris(), tmp_path / ("iris." + ending)
    if ending in ("json", "jsonl"):
        table.loc[1:2, "sepal_len"] = 1.5  # pandas itself writes these two with other digits
    WRITERS[ending](table.assign(species="x"), path)
    package = pack(PIPELINE, path, tmp_path)
    own = _Example(table.head(5))
    assert (package / "input_example.json").read_text() == own.json_input_example
    assert (package / "serving_input_example.json").read_text() == own.json_serving_input
    model = mlflow.pyfunc.load_model(str(package))
    assert dict(model.metadata.saved_input_example_info) == own.info
    assert [str(column.type) for column in model.metadata.signature.inputs.inputs] == ["DataType.double"] * 4
    loaded = model.metadata.load_input_example(str(package))
    pd.testing.assert_frame_equal(loaded, table.head(5))
    assert len(model.predict(loaded)) == 5
    body = json.loads((package / "serving_input_example.json").read_text())
    data, params = _split_data_and_params(json.dumps(body))
    parsed = infer_and_parse_data(data, model.metadata.get_input_schema())
    assert len(model.predict(parsed, params=params)) == 5


def test_missing_values_are_null_and_nothing_else_differs(tmp_path):
    table, path = iris(), tmp_path / "iris.csv"
    table.loc[0, "petal_len"] = None
    table.to_csv(path, index=False)
    package = pack(PIPELINE, path, tmp_path)
    own = _Example(pd.read_csv(path).head(5))
    assert (package / "input_example.json").read_text() == without_nan(own.json_input_example)
    assert (package / "serving_input_example.json").read_text() == without_nan(own.json_serving_input)


def test_an_array_for_a_model_that_knows_names_keeps_the_names(tmp_path):
    np.save(tmp_path / "iris.npy", iris().to_numpy())
    package = pack(PIPELINE, tmp_path / "iris.npy", tmp_path)
    model = mlflow.pyfunc.load_model(str(package))
    assert model.metadata.get_input_schema().input_names() == list(iris().columns)
    assert len(model.predict(model.metadata.load_input_example(str(package)))) == 5


def test_a_mixed_table_is_typed_column_by_column(tmp_path):
    model = pack(CHURN, columns_of(CHURN, tmp_path), tmp_path)
    loaded = mlflow.pyfunc.load_model(str(model))
    assert len(loaded.predict(loaded.metadata.load_input_example(str(model)))) == 2


def columns_of(model, folder):
    """A table with the recorded rows of a fixture."""
    entries = json.loads((ROOT / "tests/fixtures/MANIFEST.json").read_text())
    [entry] = [entry for entry in entries if entry["path"] == str(model.relative_to(ROOT / "tests/fixtures"))]
    rows = entry["sample_head"]
    pd.DataFrame(rows["data"], columns=rows["columns"]).head(2).to_csv(folder / "rows.csv", index=False)
    return folder / "rows.csv"
