"""Copies of packages that real MLflow wrote: `packwright pack PACKAGE`, from the folder and from a zip of it, gives a package that real
MLflow loads, that says the same and predicts the same. PACKWRIGHT_CLI names the program.
"""
import json
import os
import subprocess
import warnings
import zipfile
from pathlib import Path

import pytest

os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")
os.environ.setdefault("GIT_PYTHON_REFRESH", "quiet")
warnings.filterwarnings("ignore")

import catboost  # noqa: E402
import lightgbm  # noqa: E402
import mlflow  # noqa: E402
import numpy as np  # noqa: E402
import pandas as pd  # noqa: E402
import xgboost  # noqa: E402
from mlflow.models import Model, ModelSignature, infer_signature  # noqa: E402
from mlflow.types import ColSpec, ParamSchema, ParamSpec, Schema, TensorSpec  # noqa: E402
from mlflow.types.schema import Array, Map, Object, Property  # noqa: E402
from sklearn.linear_model import LogisticRegression  # noqa: E402
from sklearn.pipeline import make_pipeline  # noqa: E402
from sklearn.preprocessing import StandardScaler  # noqa: E402

ROOT = Path(__file__).resolve().parents[2]
CLI = os.environ.get("PACKWRIGHT_CLI") or str(ROOT / "target" / "debug" / "packwright")
NAMES = ["sepal_len", "sepal_wid", "petal_len", "petal_wid"]
VALUES = np.random.default_rng(7).normal(3, 1, (60, 4))
TABLE = pd.DataFrame(VALUES, columns=NAMES)
LABELS = (VALUES[:, 0] + VALUES[:, 2] > 6).astype(int)
REQUIREMENTS = ["mlflow==%s" % mlflow.__version__, "scikit-learn", "pandas>=2,<9", "some-library[extra]==1.0; python_version > '3'"]


def pipeline(rows):
    return make_pipeline(StandardScaler(), LogisticRegression()).fit(rows, LABELS)


def params():
    return ParamSchema([ParamSpec("threshold", "double", 0.5), ParamSpec("stop", "string", ["a"], shape=(-1,)), ParamSpec("n", "long", None)])


def nested():
    """Types that the model cannot take; MLflow saves and loads any signature."""
    record = Object([Property("id", "long"), Property("words", Array("string"), required=False)])
    columns = [ColSpec(Array(record), "rows"), ColSpec(Map("double"), "weights", required=False), ColSpec("datetime", "when", required=False)]
    return ModelSignature(Schema(columns), Schema([ColSpec("double")]), params())


def tensors():
    inputs = Schema([TensorSpec(np.dtype("float64"), (-1, 4))])
    return ModelSignature(inputs, Schema([TensorSpec(np.dtype("int64"), (-1,))]))


def cases():
    table, array = pipeline(TABLE), pipeline(VALUES)
    columns = infer_signature(TABLE, LABELS, {"threshold": 0.5, "names": ["a", "b"]})
    optional = ModelSignature(Schema([ColSpec("double", name, required=name != "petal_wid") for name in NAMES]), columns.outputs)
    save = mlflow.sklearn.save_model
    pickled = {"serialization_format": "cloudpickle"}
    yield "columns", save, table, TABLE, dict(pickled, signature=columns, input_example=TABLE[:3])
    yield "optional", save, table, TABLE, dict(pickled, signature=optional, input_example=TABLE[:2], pip_requirements=REQUIREMENTS)
    yield "tensor", save, array, VALUES, dict(pickled, signature=tensors(), input_example=VALUES[:2])
    yield "nested", save, array, None, dict(pickled, signature=nested(), pip_requirements=REQUIREMENTS)
    yield "skops", save, table, TABLE, {"serialization_format": "skops", "signature": infer_signature(TABLE, LABELS)}
    said = {"team": "risk", "stage": {"n": 3, "who": ["a", None]}, "description": "Who leaves.", "license": "ask us"}
    yield "metadata", save, table, TABLE, dict(pickled, signature=infer_signature(TABLE, LABELS), metadata=said)
    yield "nothing", save, array, None, dict(pickled, pip_requirements=REQUIREMENTS)
    booster = xgboost.train({"max_depth": 2}, xgboost.DMatrix(TABLE, LABELS), 3)
    yield "xgboost", mlflow.xgboost.save_model, booster, TABLE, {"signature": infer_signature(TABLE, booster.predict(xgboost.DMatrix(TABLE)))}
    gbm = lightgbm.train({"verbose": -1, "num_leaves": 3}, lightgbm.Dataset(TABLE, LABELS), 3)
    yield "lightgbm", mlflow.lightgbm.save_model, gbm, TABLE, {"signature": infer_signature(TABLE, gbm.predict(TABLE)), "input_example": TABLE[:1]}
    cat = catboost.CatBoostClassifier(iterations=3, depth=2, verbose=False, allow_writing_files=False).fit(TABLE, LABELS)
    yield "catboost", mlflow.catboost.save_model, cat, TABLE, {"signature": infer_signature(TABLE, cat.predict(TABLE))}


CASES = {name: rest for name, *rest in cases()}


def written(name, folder):
    save, model, rows, options = CASES[name]
    # MLflow takes seconds to find out what a model needs, by loading it in another process.
    save(model, str(folder), **{"pip_requirements": ["mlflow==%s" % mlflow.__version__, "scikit-learn==1.9.1"], **options})
    return rows


def copied(package, out):
    done = subprocess.run([CLI, "pack", package, "-o", out], capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    assert "what it says is taken over" in done.stderr
    return done.stderr


def zipped(folder, path):
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for file in sorted(folder.rglob("*")):
            archive.write(file, file.relative_to(folder))
    return path


def text(package, name):
    file = package / name
    return file.read_text() if file.exists() else None


def python_of(package):
    return Model.load(str(package)).flavors["python_function"]["python_version"]


@pytest.mark.parametrize("kind", ["folder", "zip"])
@pytest.mark.parametrize("name", CASES)
def test_a_copy_says_and_predicts_the_same(name, kind, tmp_path):
    original, copy = tmp_path / "sent", tmp_path / "copy"
    rows = written(name, original)
    before = {file: file.read_bytes() for file in original.rglob("*") if file.is_file()}
    notes = copied(original if kind == "folder" else zipped(original, tmp_path / "sent.zip"), copy)
    assert before == {file: file.read_bytes() for file in original.rglob("*") if file.is_file()}, "the original was changed"
    one, other = Model.load(str(original)), Model.load(str(copy))
    if one.signature is not None:
        assert other.signature == one.signature
        assert other.get_params_schema() == one.get_params_schema()
    else:
        assert "declares no inputs" in notes
    assert (one.saved_input_example_info or {}).get("type") == (other.saved_input_example_info or {}).get("type")
    assert text(original, "input_example.json") == text(copy, "input_example.json")
    expected, found = one.load_input_example(str(original)), other.load_input_example(str(copy))
    np.testing.assert_array_equal(np.asarray(found), np.asarray(expected))
    assert type(found) is type(expected)
    lines = lambda package: sorted(line for line in text(package, "requirements.txt").splitlines() if line)
    assert lines(original) == lines(copy)
    assert python_of(original) == python_of(copy)
    if rows is not None:
        loads = lambda package: mlflow.pyfunc.load_model(str(package)).predict(rows)
        np.testing.assert_array_equal(np.asarray(loads(copy)), np.asarray(loads(original)))


def test_metadata_of_others_is_kept_and_a_copy_of_a_copy_is_the_copy(tmp_path):
    written("metadata", tmp_path / "sent")
    copied(tmp_path / "sent", tmp_path / "copy")
    copied(tmp_path / "copy", tmp_path / "again")
    first, second = (Model.load(str(tmp_path / name)).metadata for name in ("copy", "again"))
    for said in (first, second):
        assert said["team"] == "risk" and said["stage"] == {"n": 3, "who": ["a", None]}
        assert said["description"] == "Who leaves." and said["license"] == "ask us"
    names = {file.name for file in (tmp_path / "copy").iterdir()} - {"README.md", "SHA256SUMS", "bom.cdx.json", "MLmodel"}
    for name in names:
        assert (tmp_path / "copy" / name).read_bytes() == (tmp_path / "again" / name).read_bytes(), name


def test_a_package_without_a_model_file_says_what_to_do(tmp_path):
    mlflow.pyfunc.save_model(str(tmp_path / "sent"), python_model=lambda model_input: model_input, pip_requirements=["mlflow"])
    done = subprocess.run([CLI, "pack", tmp_path / "sent", "-o", tmp_path / "copy", "--json"], capture_output=True, text=True, timeout=60)
    assert done.returncode == 3
    assert "Python object of MLflow" in json.loads(done.stdout)["error"]["message"]
    assert not (tmp_path / "copy").exists()
