"""Packages of deep-learning models in real MLflow with the real frameworks: what MLflow answers is what the framework answers to the same input.

Run by `make test-all`, once in an environment with PyTorch and once in one with TensorFlow. Files of frameworks that are not installed are
left out.
"""
import json
import os
import subprocess
from pathlib import Path

import mlflow
import numpy as np
import pytest

CLI = os.environ["PACKWRIGHT_CLI"]
FIXTURES = Path(__file__).resolve().parents[1] / "fixtures"
ENTRIES = {entry["path"]: entry for entry in json.loads((FIXTURES / "MANIFEST.json").read_text())}
ARCHITECTURE = '''import torch


class TabNetLite(torch.nn.Module):
    def __init__(self, n_in=4, n_hidden=8, n_out=3):
        super().__init__()
        self.fc1 = torch.nn.Linear(n_in, n_hidden)
        self.bn = torch.nn.BatchNorm1d(n_hidden)
        self.fc2 = torch.nn.Linear(n_hidden, n_out)

    def forward(self, x):
        return self.fc2(torch.relu(self.bn(self.fc1(x))))
'''


def packed(path, folder, *more):
    """The package of a fixture, loaded by MLflow."""
    out = folder / "package"
    subprocess.run([CLI, "pack", str(FIXTURES / path), "--output", str(out), "--force", *more], check=True, capture_output=True, timeout=60)
    return mlflow.pyfunc.load_model(str(out))


def arrays(value):
    """Tensors of any library as NumPy arrays, in what holds them."""
    if isinstance(value, dict):
        return {str(name): arrays(inner) for name, inner in value.items()}
    if isinstance(value, (list, tuple)):
        return [arrays(inner) for inner in value]
    if hasattr(value, "detach"):
        value = value.detach()
    return np.asarray(value.numpy() if hasattr(value, "numpy") and not hasattr(value, "to_numpy") else value)


def assert_equal(wanted, found):
    if isinstance(wanted, dict):
        assert set(wanted) == set(found), (wanted, found)
        for name in wanted:
            assert_equal(wanted[name], found[name])
    elif isinstance(wanted, list):
        assert len(wanted) == len(found)
        for one, other in zip(wanted, found):
            assert_equal(one, other)
    else:
        np.testing.assert_allclose(np.asarray(found, dtype="float64"), np.asarray(wanted, dtype="float64"), rtol=1e-5, atol=1e-6)


def made_up(told):
    """An input of a recorded type and shape, the same in every run."""
    if told.get("container") == "list":
        return [made_up(item) for item in told["items"]]
    if told.get("container") == "dict":
        return {name: made_up(item) for name, item in told["items"].items()}
    dtype = told["dtype"].replace("torch.", "")
    random = np.random.default_rng(7)
    return random.integers(0, 3, told["shape"]).astype(dtype) if dtype.startswith("int") else random.normal(size=told["shape"]).astype(dtype)


def of(*formats):
    """The fixtures of these formats that record what goes in."""
    return [path for path, entry in ENTRIES.items() if entry.get("format") in formats and entry.get("sample_input") and not entry.get("hostile")]


# --- PyTorch ---


def opened(path):
    import torch

    full, form = str(FIXTURES / path), ENTRIES[path]["format"]
    if form == "torchscript":
        return torch.jit.load(full).eval()
    if form == "torch-export-pt2":
        return torch.export.load(full).module()
    return torch.load(full, weights_only=False).eval()


@pytest.mark.parametrize("path", [path for path in of("torch-zip", "torch-legacy", "torchscript", "torch-export-pt2") if "main_class" not in path])
def test_a_model_of_pytorch_answers_what_pytorch_answers(path, tmp_path):
    torch = pytest.importorskip("torch")
    inputs = [made_up(told) for told in ENTRIES[path]["sample_input"]]
    with torch.no_grad():
        wanted = arrays(opened(path)(*[torch.from_numpy(array) for array in inputs]))
    model = packed(path, tmp_path)
    schema = model.metadata.signature.inputs if model.metadata.signature else None
    names = [spec.name for spec in schema.inputs] if schema else []
    if len(inputs) == 1:
        given = inputs[0]
    else:
        given = dict(zip(names if all(names) and names else ["ids", "dense"], inputs))
    assert_equal(wanted, arrays(model.predict(given)))


@pytest.mark.parametrize("path", ["torch/main_class_state_dict.bin", "torch/main_class_module.pt"])
def test_weights_and_modules_are_served_with_the_code_of_their_class(path, tmp_path):
    torch = pytest.importorskip("torch")
    code = tmp_path / "tabnet.py"
    code.write_text(ARCHITECTURE)
    scope = {}
    exec(ARCHITECTURE, scope)  # noqa: S102 - the text above
    module = scope["TabNetLite"]()
    if path.endswith(".bin"):
        weights = torch.load(FIXTURES / path, weights_only=True)
    else:
        import __main__

        __main__.TabNetLite = scope["TabNetLite"]
        weights = torch.load(FIXTURES / path, weights_only=False).state_dict()
        del __main__.TabNetLite
    module.load_state_dict(weights)
    x = made_up({"dtype": "float32", "shape": [5, 4]})
    with torch.no_grad():
        wanted = module.eval()(torch.from_numpy(x)).numpy()
    assert_equal(wanted, arrays(packed(path, tmp_path, "--code", str(code)).predict(x)))


def test_a_program_is_called_as_it_was_exported(tmp_path):
    torch = pytest.importorskip("torch")
    given = {name: made_up({"dtype": "float32", "shape": shape}) for name, shape in [("batch_x", [5, 4]), ("batch_pair_0", [2]), ("batch_pair_1", [1]), ("mask", [5, 1])]}
    x, first, second, mask = (torch.from_numpy(array) for array in given.values())
    path = "torch/batch_exported.pt2"
    with torch.no_grad():
        wanted = arrays(torch.export.load(FIXTURES / path).module()({"x": x, "pair": (first, second)}, mask=mask, n=2))
    found = arrays(packed(path, tmp_path).predict(given))
    assert_equal(wanted["y"], found["y"])
    assert_equal(wanted["more"], found["more"])


def test_a_type_that_numpy_lacks_is_cast_on_the_way(tmp_path):
    torch = pytest.importorskip("torch")
    x = made_up({"dtype": "float32", "shape": [2, 4]})
    path = "torch/bfloat16_exported.pt2"
    with torch.no_grad():
        wanted = torch.export.load(FIXTURES / path).module()(torch.from_numpy(x).bfloat16()).float().numpy()
    assert_equal(wanted, arrays(packed(path, tmp_path).predict(x)))


def test_a_module_inside_a_checkpoint_is_served(tmp_path):
    torch = pytest.importorskip("torch")
    x = made_up({"dtype": "float32", "shape": [2, 4]})
    path = "torch/module_inside.pt"
    with torch.no_grad():
        wanted = torch.load(FIXTURES / path, weights_only=False)["model"].eval()(torch.from_numpy(x)).numpy()
    assert_equal(wanted, arrays(packed(path, tmp_path).predict(x)))


MLP = """import torch


class Mlp(torch.nn.Module):
    def __init__(self, n_in=4, n_out=3):
        super().__init__()
        self.net = torch.nn.Sequential(torch.nn.Linear(n_in, 8), torch.nn.ReLU(), torch.nn.Linear(8, n_out))

    def forward(self, x):
        return self.net(x)
"""


@pytest.mark.parametrize("name, key, sizes", [
    ("lightning_namespace.ckpt", "state_dict", (4, 3)),
    ("counters_as_tensors.pt", "state_dict", (4, 3)),
    ("averaged.pt", None, (4, 3)),
    ("gan_1_12.pt", "generator", (8, 4)),
])
def test_the_weights_of_a_checkpoint_are_served_and_nothing_else_of_it_is_run(name, key, sizes, tmp_path):
    torch = pytest.importorskip("torch")
    code = tmp_path / "mlp.py"
    code.write_text(MLP)
    scope = {}
    exec(MLP, scope)  # noqa: S102 - the text above
    module = scope["Mlp"](*sizes)
    saved = torch.load(FIXTURES / "torch" / name, weights_only=False)
    weights = saved[key] if key else {name.removeprefix("module."): value for name, value in saved.items() if name != "n_averaged"}
    module.load_state_dict(weights)
    x = made_up({"dtype": "float32", "shape": [5, sizes[0]]})
    with torch.no_grad():
        wanted = module.eval()(torch.from_numpy(x)).numpy()
    more = ["--architecture", "mlp.Mlp", "--argument", f"n_in={sizes[0]}", "--argument", f"n_out={sizes[1]}"]
    assert_equal(wanted, arrays(packed("torch/" + name, tmp_path, "--code", str(code), *more).predict(x)))


@pytest.mark.parametrize("ending", ["safetensors", "bin"])
def test_weights_in_several_files_are_served_together(ending, tmp_path):
    torch = pytest.importorskip("torch")
    code, folder = tmp_path / "mlp.py", tmp_path / "weights"
    code.write_text(MLP)
    folder.mkdir()
    scope = {}
    exec(MLP, scope)  # noqa: S102 - the text above
    module = scope["Mlp"]().eval()
    weights, map_ = module.state_dict(), {}
    for number, names in enumerate([list(weights)[:2], list(weights)[2:]], 1):
        part = {name: weights[name].clone() for name in names}
        file = f"model-{number:05}-of-00002.{ending}"
        map_.update({name: file for name in names})
        if ending == "bin":
            torch.save(part, folder / file)
        else:
            pytest.importorskip("safetensors.torch").save_file(part, folder / file)
    index = folder / f"model.{ending}.index.json"
    index.write_text(json.dumps({"metadata": {}, "weight_map": map_}))
    x = made_up({"dtype": "float32", "shape": [5, 4]})
    with torch.no_grad():
        wanted = module(torch.from_numpy(x)).numpy()
    for path in (index, folder):
        assert_equal(wanted, arrays(packed(str(path), tmp_path, "--code", str(code), "--architecture", "mlp.Mlp").predict(x)))


def test_a_folder_of_transformers_answers_what_its_pipeline_answers(tmp_path):
    transformers = pytest.importorskip("transformers")
    path = "transformers/bert_classifier"
    pipeline = transformers.pipeline("text-classification", model=str(FIXTURES / path))
    wanted = pipeline(["good film"])[0]
    found = packed(path, tmp_path).predict(["good film"])
    assert list(found["label"]) == [wanted["label"]]
    assert_equal([wanted["score"]], list(found["score"]))


def test_a_folder_of_sentence_transformers_gives_the_same_embeddings(tmp_path):
    library = pytest.importorskip("sentence_transformers")
    path = "transformers/sentence_transformer"
    wanted = library.SentenceTransformer(str(FIXTURES / path)).encode(["good film", "a cat"])
    assert_equal(wanted, arrays(packed(path, tmp_path).predict(["good film", "a cat"])))


# --- Keras and TensorFlow ---


@pytest.mark.parametrize("path", [path for path in of("keras-v3", "keras-h5") if "keras2" not in path and "lambda" not in path and "custom" not in path])
def test_a_keras_model_answers_what_keras_answers(path, tmp_path):
    keras = pytest.importorskip("keras")
    given = made_up(ENTRIES[path]["sample_input"])
    wanted = arrays(keras.models.load_model(FIXTURES / path, compile=False).predict(given, verbose=0))
    model = packed(path, tmp_path)
    if isinstance(given, list):
        given = dict(zip([spec.name for spec in model.metadata.signature.inputs], given))
    assert_equal(wanted, arrays(model.predict(given)))


@pytest.mark.parametrize("path", of("tf-savedmodel"))
def test_a_saved_model_answers_what_tensorflow_answers(path, tmp_path):
    tensorflow = pytest.importorskip("tensorflow")
    given = made_up(ENTRIES[path]["sample_input"])
    loaded = tensorflow.saved_model.load(str(FIXTURES / path))
    wanted = arrays(loaded.signatures["serving_default"](**{name: tensorflow.constant(array) for name, array in given.items()}))
    assert_equal(wanted, arrays(packed(path, tmp_path).predict(given)))


@pytest.mark.parametrize("path", of("tf-graphdef"))
def test_a_frozen_graph_answers_what_a_session_answers(path, tmp_path):
    tensorflow = pytest.importorskip("tensorflow")
    v1 = tensorflow.compat.v1
    given = made_up(ENTRIES[path]["sample_input"])
    definition = v1.GraphDef.FromString((FIXTURES / path).read_bytes())
    with tensorflow.Graph().as_default(), v1.Session() as session:
        tensorflow.import_graph_def(definition, name="")
        names = ENTRIES[path]["sample_outputs"]
        values = session.run(names, {f"{name}:0": array for name, array in given.items()})
    wanted = {name.removesuffix(":0"): value for name, value in zip(names, values)}
    assert_equal(wanted, arrays(packed(path, tmp_path).predict(given if len(given) > 1 else next(iter(given.values())))))


@pytest.mark.parametrize(
    "weights, network, whole, module",
    [
        ("keras/sequential.weights.h5", "keras/model_config.json", "keras/sequential.keras", "keras"),
        ("keras/sequential.weights.h5", "keras/sequential_full.h5", "keras/sequential.keras", "keras"),
        ("keras/keras2_weights.h5", "keras/keras2_sequential.h5", "keras/keras2_sequential.h5", "tf_keras"),
    ],
)
def test_weights_of_keras_are_served_with_the_file_of_their_network(weights, network, whole, module, tmp_path):
    keras = pytest.importorskip(module)
    x = made_up({"dtype": "float32", "shape": [5, 4]})
    wanted = keras.models.load_model(FIXTURES / whole, compile=False).predict(x, verbose=0)
    assert_equal(wanted, arrays(packed(weights, tmp_path, "--code", str(FIXTURES / network)).predict(x)))


@pytest.mark.parametrize("path", ["tensorflow/module_callable", "tensorflow/callable.tar.gz"])
def test_an_object_of_tensorflow_without_signatures_is_called(path, tmp_path):
    tensorflow = pytest.importorskip("tensorflow")
    x = made_up({"dtype": "float32", "shape": [5, 3]})
    wanted = tensorflow.saved_model.load(str(FIXTURES / "tensorflow/module_callable"))(x).numpy()
    assert_equal(wanted, arrays(packed(path, tmp_path).predict(x)))


def test_a_saved_model_in_a_zip_answers_what_the_folder_answers(tmp_path):
    tensorflow = pytest.importorskip("tensorflow")
    x = made_up({"dtype": "float32", "shape": [5, 3]})
    loaded = tensorflow.saved_model.load(str(FIXTURES / "tensorflow/module_two_signatures"))
    wanted = arrays(loaded.signatures["serving_default"](features=tensorflow.constant(x)))
    assert_equal(wanted, arrays(packed("tensorflow/two_signatures.zip", tmp_path).predict({"features": x})))
