"""Packs the fixtures with the real program and lets real MLflow judge the packages.

Each package is loaded with mlflow.pyfunc.load_model (and mlflow.sklearn.load_model where that is its flavor) and must predict what the
framework itself predicts from the original file, and what was recorded when the file was made. Runs in each of the environments next to
this file and takes the fixtures that belong to its versions. PACKWRIGHT_CLI names the program.
"""
import importlib.metadata
import json
import os
import pickle
import re
import subprocess
import sys
import warnings
import zipfile
from pathlib import Path

import pytest

os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")
os.environ.setdefault("GIT_PYTHON_REFRESH", "quiet")
warnings.filterwarnings("ignore")

import joblib  # noqa: E402
import mlflow.pyfunc  # noqa: E402
import mlflow.sklearn  # noqa: E402
import numpy as np  # noqa: E402
import pandas as pd  # noqa: E402

from same import difference  # noqa: E402

ROOT = Path(__file__).resolve().parents[2]
FIXTURES = ROOT / "tests" / "fixtures"
CLI = os.environ.get("PACKWRIGHT_CLI") or str(ROOT / "target" / "debug" / "packwright")
PICKLED = ("pickle", "joblib", "cloudpickle", "dill")


def installed(name):
    """The version of a distribution here, or None."""
    try:
        return importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return None


def alone(entry):
    """The fixture that holds the model by itself: a library cannot load it out of an archive."""
    return entry["made"].get("around") or entry["path"]


def belongs_here(entry):
    """Whether a fixture can be served by the versions of this environment."""
    if entry.get("hostile") or not entry.get("mlflow_flavor") or entry.get("is_model") is False or entry.get("unloadable_elsewhere"):
        return False
    if "predict_head" not in entry or entry["format"] in ("onnx-text", "onnx-json", "onnx-textproto"):
        return False
    made, framework, form = MADE[alone(entry)]["version"], entry["framework"], entry["format"]
    # Bytecode runs on the Python that wrote it, and what cloudpickle 1 and 2 call to rebuild it is gone from cloudpickle 3.
    if entry["made"].get("by_value") and entry["made"]["python"].rsplit(".", 1)[0] != "%d.%d" % sys.version_info[:2]:
        return False
    if form == "dill" and not installed("dill"):
        return False
    if entry["made"]["by"] in ("imblearn", "category_encoders"):
        return installed("imbalanced-learn" if entry["made"]["by"] == "imblearn" else "category-encoders") == made
    if framework == "sklearn":
        if form == "skops" and not installed("skops") or "xgb" in entry["path"] and not installed("xgboost"):
            return False
        return made == installed("scikit-learn")
    if framework == "xgboost":
        # JSON and UBJSON are the formats that XGBoost promises to read for ever
        return bool(installed("xgboost")) and (made == installed("xgboost") or form in ("xgboost-json", "xgboost-ubj"))
    if framework == "lightgbm":
        return bool(installed("lightgbm")) and form != "lightgbm-json-dump"
    if framework == "catboost":
        # its files and its pickles, which hold such a file, are read by all later releases
        return bool(installed("catboost"))
    if framework in ("statsmodels", "pmdarima", "prophet"):
        return made == installed(framework)
    return framework == "onnx" and bool(installed("onnxruntime"))


with open(FIXTURES / "MANIFEST.json") as file:
    MANIFEST = json.load(file)
MADE = {entry["path"]: entry["made"] for entry in MANIFEST}
ENTRIES = [entry for entry in MANIFEST if belongs_here(entry)]


def pack(entry, folder, as_zip):
    """Packs a fixture and gives the folder of the package."""
    out = folder / ("package.zip" if as_zip else "package")
    command = [CLI, "pack", str(FIXTURES / entry["path"]), "-o", str(out)]
    code = re.search(r"code_paths: (\S+)", str(entry.get("needs")))
    if code:
        command += ["--code", str((FIXTURES / entry["path"]).parent / code.group(1))]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    if as_zip:
        with zipfile.ZipFile(out) as archive:
            archive.extractall(folder / "package")
    return folder / "package"


def sample_of(entry):
    """The recorded rows, in the container and types that the framework was given."""
    rows, told = entry["sample_head"], entry["sample_input"]
    if told["container"] == "DataFrame":
        table = pd.DataFrame(rows["data"], columns=rows["columns"])
        for column in told["columns"]:
            kind = column["dtype"]
            if kind.startswith("datetime"):
                table[column["name"]] = pd.to_datetime(table[column["name"]])
            elif kind not in ("str", "string", "object"):
                table[column["name"]] = table[column["name"]].astype(kind)
        return table
    if told["container"] == "dict":
        return {name: np.asarray(value, dtype=dtype_of(told["items"][name].get("dtype"))) for name, value in rows.items()}
    if told["container"] in ("Series", "list"):
        return rows["data"] if isinstance(rows, dict) else rows
    return np.asarray(rows, dtype=dtype_of(told.get("dtype")))


def dtype_of(name):
    """NumPy's dtype; strings of any kind are objects."""
    return object if name in ("str", "object", "string") or str(name).startswith(("<U", "|S")) else np.dtype(name or "float64")


def as_the_signature_asks(sample, signature):
    """The sample as somebody who reads the package's signature would write it."""
    inputs = signature.inputs if signature is not None else None
    if inputs is None:
        return sample
    if inputs.is_tensor_spec():
        specs = inputs.inputs
        if isinstance(sample, dict):
            unnamed = len(specs) == 1 and specs[0].name is None
            return single(sample).astype(specs[0].type) if unnamed else {spec.name: sample[spec.name].astype(spec.type) for spec in specs}
        if all(spec.name for spec in specs):
            return {specs[0].name: np.asarray(sample).astype(specs[0].type)}
        return np.asarray(sample).astype(specs[0].type)
    names = [column.name for column in inputs.inputs]
    if names == [None]:
        return pd.DataFrame({"text": list(np.ravel(np.asarray(sample, dtype=object)))})
    if not any(names):  # columns by position: a table as it comes
        return pd.DataFrame(sample).infer_objects()
    table = sample.copy() if isinstance(sample, pd.DataFrame) else pd.DataFrame(np.asarray(sample).reshape(-1, len(names)), columns=names)
    for column in inputs.inputs:
        if not hasattr(column.type, "to_pandas") or column.name not in table:  # any type will do; optional columns may be absent
            continue
        kind = column.type.to_pandas()
        if str(table[column.name].dtype) != str(kind) and str(column.type) != "DataType.string" and not str(column.type).endswith("datetime"):
            table[column.name] = table[column.name].astype(kind)
    return table


def original(entry, model_class):
    """The model as its own library loads it from the original file, and what it predicts."""
    path, form = str(FIXTURES / alone(entry)), entry["format"]
    sample = sample_of(entry)
    if form in PICKLED or form == "skops":
        if form == "skops":
            import skops.io
            model = skops.io.load(path, trusted=skops.io.get_untrusted_types(file=path))
        else:
            model = joblib.load(path)
        for key in re.findall(r"\[([^\]]+)\]", entry.get("wrapper") or ""):
            model = model[int(key) if key.isdigit() else key.strip("'\"")]
        if type(model).__name__ == "Booster" and type(model).__module__.startswith("xgboost"):
            import xgboost
            return model, model.predict(xgboost.DMatrix(sample))
        return model, asked(model, sample, entry)
    if form == "prophet-json":
        from prophet.serialize import model_from_json
        text = Path(path).read_text()
        model = model_from_json(json.loads(text) if text.startswith('"') else text)
        return model, asked(model, sample, entry)
    if form.startswith("xgboost"):
        import xgboost
        if model_class and not model_class.endswith("Booster"):
            model = getattr(xgboost, model_class.rsplit(".", 1)[1])()
            model.load_model(path)
            return model, model.predict(sample)
        model = xgboost.Booster(model_file=path)
        if model.feature_names and not isinstance(sample, pd.DataFrame):
            sample = pd.DataFrame(sample, columns=model.feature_names)
        is_categorical = isinstance(sample, pd.DataFrame) and "category" in [str(kind) for kind in sample.dtypes]
        return model, model.predict(xgboost.DMatrix(sample, enable_categorical=is_categorical))
    if form == "lightgbm-text":
        import lightgbm
        model = lightgbm.Booster(model_file=path)
        return model, model.predict(sample)
    if form.startswith("catboost"):
        import catboost
        model = getattr(catboost, entry["model_class"].rsplit(".", 1)[1])()
        model.load_model(path, format=form.removeprefix("catboost-"))
        return model, model.predict(sample)
    import onnxruntime
    session = onnxruntime.InferenceSession(path)
    feed = sample if isinstance(sample, dict) else {session.get_inputs()[0].name: np.asarray(sample)}
    return session, dict(zip([output.name for output in session.get_outputs()], session.run(None, feed)))


def asked(model, sample, entry):
    """What the model's own library answers: forecasters are asked for a range, a number of steps, or dates."""
    if entry["framework"] == "statsmodels" and "start" in sample:
        return model.predict(start=int(sample["start"].iloc[0]), end=int(sample["end"].iloc[0]))
    if entry["framework"] == "pmdarima":
        return model.predict(n_periods=int(sample["n_periods"].iloc[0]), X=sample["X"].iloc[0] if "X" in sample else None)
    found = getattr(model, entry.get("predict_method") or "predict")(sample)
    return found["yhat"] if entry["framework"] == "prophet" else found


def plain(value):
    """Predictions as arrays; of a forecast with its parts the forecast."""
    if isinstance(value, pd.DataFrame) and "yhat" in value:
        return value["yhat"].to_numpy()
    if isinstance(value, dict):
        return {str(name): plain(inner) for name, inner in value.items()}
    if isinstance(value, pd.DataFrame):
        return value.to_numpy()
    if hasattr(value, "toarray"):
        return value.toarray()
    if isinstance(value, (list, tuple)) and value and isinstance(value[0], dict):
        return [plain(inner) for inner in value]
    return np.asarray(value)


def equal(wanted, found, rows=None):
    """Whether two predictions are the same; numbers to the last digits of float32, and only the first rows if asked."""
    if isinstance(wanted, dict) and isinstance(found, dict):
        return set(wanted) == set(found) and all(equal(wanted[name], found[name], rows) for name in wanted)
    if isinstance(wanted, list) or isinstance(found, list):
        return len(wanted) == len(found) and all(equal(w, f, rows) for w, f in zip(wanted, found))
    wanted, found = np.asarray(wanted), np.asarray(found)
    if rows is not None and wanted.ndim and found.ndim:
        wanted, found = wanted[:rows], found[:rows]
    if np.squeeze(wanted).shape != np.squeeze(found).shape:
        return False
    wanted, found = np.squeeze(wanted), np.squeeze(found)
    try:
        return bool(np.allclose(wanted.astype("float64"), found.astype("float64"), rtol=1e-5, atol=1e-6, equal_nan=True))
    except (TypeError, ValueError):
        return [str(item) for item in wanted.ravel()] == [str(item) for item in found.ravel()]


def recorded(entry):
    """Every answer that was recorded for the sample: the estimator's, and the bare booster's."""
    heads = [entry.get("predict_head"), (entry.get("as_booster") or {}).get("predict_head"), entry.get("predict_proba_head")]
    # pandas writes a Series with its name and its index beside the values.
    heads = [head["data"] if isinstance(head, dict) and set(head) == {"name", "index", "data"} else head for head in heads]
    return [plain(head) for head in heads if head is not None]


def agrees_with_record(entry, found):
    """Whether a prediction is one of the recorded ones; a booster gives the second class's probability alone."""
    wanted = recorded(entry)
    probabilities = entry.get("predict_proba_head")
    if isinstance(probabilities, list) and probabilities and isinstance(probabilities[0], list) and len(probabilities[0]) == 2:
        wanted.append(plain([row[1] for row in probabilities]))
    return any(equal(answer, found, 3) for answer in wanted)


def single(value):
    """The only output of several-output runtimes, or the value itself."""
    return next(iter(value.values())) if isinstance(value, dict) and len(value) == 1 else value


@pytest.mark.parametrize("index", range(len(ENTRIES)), ids=[entry["path"] for entry in ENTRIES])
def test_a_package_predicts_what_the_original_predicts(index, tmp_path, monkeypatch):
    entry = ENTRIES[index]
    package = pack(entry, tmp_path, as_zip=index % 3 == 2)
    if "code_paths" in str(entry.get("needs")):
        monkeypatch.syspath_prepend(str((FIXTURES / entry["path"]).parent))
    served = mlflow.pyfunc.load_model(str(package))
    config = mlflow.models.Model.load(str(package))
    flavors = config.flavors
    sample = as_the_signature_asks(sample_of(entry), config.signature)
    found = plain(served.predict(sample))
    model, own = original(entry, (flavors.get("xgboost") or {}).get("model_class"))
    own = plain(own)
    assert equal(single(own), single(found)), "served: %s\nown: %s" % (found, own)
    assert agrees_with_record(entry, found) or agrees_with_record(entry, single(found)), "served: %s\nrecorded: %s" % (found, recorded(entry))
    if "sklearn" in flavors:
        loaded = mlflow.sklearn.load_model(str(package))
        assert type(loaded) is type(model)
        again = getattr(loaded, entry.get("predict_method") or "predict")(sample_of(entry))
        assert equal(own, plain(again)), "mlflow.sklearn: %s\nown: %s" % (again, own)


# What cannot predict is called through a loader; the sklearn flavor beside it is tested with the other packages.
TRANSCODED = [e for e in ENTRIES if e["format"] == "joblib" and e["framework"] == "sklearn" and e.get("predict_method", "predict") == "predict" and not e.get("wrapper") and not e.get("needs")]


@pytest.mark.parametrize("entry", TRANSCODED, ids=lambda e: e["path"])
def test_a_transcoded_joblib_file_is_the_same_object(entry, tmp_path):
    package = pack(entry, tmp_path, as_zip=False)
    pickles = sorted(package.rglob("*.pkl"))
    assert len(pickles) == 1, "expected one pickle in %s" % sorted(package.rglob("*"))
    with open(pickles[0], "rb") as file:
        rewritten = pickle.load(file)  # the plain unpickler: no joblib
    assert difference(joblib.load(FIXTURES / alone(entry)), rewritten) is None


def parsed(path):
    """An ONNX model in a form made for people, as its own libraries read it."""
    import onnx
    import onnx.parser
    from google.protobuf import json_format, text_format
    text = path.read_text()
    if path.suffix == ".onnxtxt":
        return onnx.parser.parse_model(text)
    read = json_format.Parse if path.suffix == ".onnxjson" else text_format.Parse
    return read(text, onnx.ModelProto())


FORMS = [e for e in MANIFEST if e.get("format") in ("onnx-text", "onnx-json", "onnx-textproto") and installed("onnxruntime")]


@pytest.mark.parametrize("entry", FORMS, ids=lambda e: e["path"])
def test_an_onnx_model_in_a_form_for_people_is_packed_as_the_same_model(entry, tmp_path):
    import onnx
    import onnxruntime
    from google.protobuf import json_format
    package = pack(entry, tmp_path, as_zip=False)
    wanted, found = parsed(FIXTURES / entry["path"]), onnx.load(next(package.glob("*.onnx")))
    onnx.checker.check_model(found, full_check=True)
    # The parser of ONNX's own text writes an empty domain where none is said.
    said = [json.dumps(json_format.MessageToDict(model)).replace(', "domain": ""', "") for model in (wanted, found)]
    assert said[0] == said[1]
    session = onnxruntime.InferenceSession(wanted.SerializeToString(), providers=["CPUExecutionProvider"])
    shapes = {value.name: [side if isinstance(side, int) else 2 for side in value.shape] for value in session.get_inputs()}
    kinds = {value.name: bool if value.type == "tensor(bool)" else np.float32 for value in session.get_inputs()}
    feed = {name: np.ones(shape, kinds[name]) * kinds[name](0.5) for name, shape in shapes.items()}
    feed = {name: value.astype(kinds[name]) for name, value in feed.items()}
    served = mlflow.pyfunc.load_model(str(package)).predict(single(feed))
    own = dict(zip([value.name for value in session.get_outputs()], session.run(None, feed)))
    assert all(np.array_equal(own[name], served[name]) for name in own)


def test_a_model_in_the_format_of_onnxruntime_predicts_what_the_onnx_model_does(tmp_path):
    if not installed("onnxruntime"):
        return
    import onnxruntime
    package = pack(next(e for e in MANIFEST if e["path"] == "onnx/dense.ort"), tmp_path, as_zip=False)
    rows = np.random.default_rng(0).normal(size=(5, 4)).astype("float32")
    session = onnxruntime.InferenceSession(str(FIXTURES / "onnx" / "dense_dynamic_batch.onnx"))
    served = mlflow.pyfunc.load_model(str(package)).predict(rows)
    assert np.allclose(served["prob"], session.run(None, {"x": rows})[0])


def test_this_environment_judges_enough():
    wanted = 60 if installed("xgboost") else 5
    assert len(ENTRIES) >= wanted, "only %d fixtures belong to this environment (%s)" % (len(ENTRIES), sys.version)


def test_what_the_package_asks_for_is_what_is_installed_here(tmp_path):
    entry = next(e for e in ENTRIES if e["framework"] == "sklearn" and e["format"] == "joblib")
    lines = (pack(entry, tmp_path, as_zip=False) / "requirements.txt").read_text().split()
    assert "scikit-learn==" + installed("scikit-learn") in lines
