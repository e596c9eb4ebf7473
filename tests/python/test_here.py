"""Whether "will it run here?" is true: what the program says of an environment, and what happens in it.

For each environment next to this file the program is asked about packages, with that environment as the only one that it can find. Where it
says yes, the environment loads the package with MLflow and predicts; where something is missing, loading fails. PACKWRIGHT_CLI names the
program.
"""
import json
import os
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
FIXTURES = ROOT / "tests" / "fixtures"
CLI = os.environ.get("PACKWRIGHT_CLI") or str(ROOT / "target" / "debug" / "packwright")
PYTHONS = {name: ROOT / ".tools" / "python" / name / "bin" / "python" for name in ["main", "sklearn-1.2", "sklearn-1.5"]}
PYTHONS = {name: python for name, python in PYTHONS.items() if python.exists()}

# The environments whose own versions each model was saved with.
MODELS = {
    "sklearn/pipe_scaler_logreg_df.pkl": ["main"],
    "sklearn/columntransformer_mixed_df.joblib": ["main"],
    "xgboost/booster_binary_noname.ubj": ["main"],
    "lightgbm/booster_multiclass_names.txt": ["main"],
    "onnx/skl_rf_nozipmap.onnx": ["main"],
}

FREEZE = """
import importlib.metadata as metadata, platform
print(platform.python_version())
for one in metadata.distributions():
    print(f"{one.metadata['Name']}=={one.version}")
"""

LOAD = """
import sys, warnings
warnings.filterwarnings("ignore")
import mlflow.pyfunc
model = mlflow.pyfunc.load_model(sys.argv[1])
schema = model.metadata.get_input_schema()
import numpy as np, pandas as pd
if schema is None:
    raise SystemExit("the package has no signature to predict by")
if schema.is_tensor_spec():
    tensors = [np.zeros([max(1, size) for size in one.shape], one.type) for one in schema.inputs]
    data = tensors[0] if not schema.has_input_names() else dict(zip(schema.input_names(), tensors))
else:
    fill = {"string": "a", "boolean": True, "double": 1.0, "float": 1.0}
    cells = {one.name: [fill.get(getattr(one.type, "name", "double"), 1)] for one in schema.inputs}
    data = pd.DataFrame(cells)
print(len(model.predict(data)))
"""


def run(*command, **more):
    return subprocess.run([str(word) for word in command], capture_output=True, text=True, timeout=300, check=False, **more)


@pytest.fixture(scope="session")
def frozen(tmp_path_factory):
    """What each environment has, as a requirements file, and its Python."""
    found = {}
    for name, python in PYTHONS.items():
        version, *lines = run(python, "-c", FREEZE).stdout.splitlines()
        file = tmp_path_factory.mktemp(name) / "requirements.txt"
        file.write_text("\n".join(lines) + "\n")
        found[name] = (version, file)
    return found


def packed(model, freeze, folder):
    """A package of a model that asks for the versions and the Python of an environment."""
    version, file = freeze
    recipe = folder / "recipe.json"
    minor = ".".join(version.split(".")[:2])
    recipe.write_text(json.dumps({"edits": [{"kind": "setPython", "version": minor}]}))
    package = folder / "package"
    done = run(CLI, "pack", FIXTURES / model, "-o", package, "--recipe", recipe, "--versions-from", file)
    assert done.returncode == 0, done.stderr
    return package


def asked(package, python, home):
    """What the program says, with one environment to be found."""
    env = {"HOME": str(home), "PATH": "/nonexistent", "VIRTUAL_ENV": str(python.parents[1])}
    done = run(CLI, "verify", "--here", "--json", package, env=env)
    assert done.returncode == 0, done.stdout + done.stderr
    here = json.loads(done.stdout)["here"]
    place = str(python.parents[1])
    [one] = [one for one in here["environments"] if one["place"] == place] or [None]
    return here, one


CASES = [(model, saved_by, name) for model, homes in MODELS.items() for saved_by in homes for name in PYTHONS]


@pytest.mark.parametrize(("model", "saved_by", "name"), CASES)
def test_the_answer_is_what_happens(model, saved_by, name, frozen, tmp_path):
    if saved_by not in frozen:
        pytest.skip(f"there is no environment {saved_by}")
    package = packed(model, frozen[saved_by], tmp_path)
    python = PYTHONS[name]
    here, one = asked(package, python, tmp_path)
    loaded = run(python, "-c", LOAD, package)
    if name == saved_by:
        assert here["outcome"] == "yes" and one["state"] == "ready", here
        assert loaded.returncode == 0, loaded.stderr
        assert int(loaded.stdout.split()[-1]) >= 1
        return
    assert here["outcome"] != "yes", here
    missing = [difference for difference in one["differences"] if difference["found"] is None] if one else ["everything"]
    if missing and not any("pandas" in str(difference) for difference in missing):
        assert loaded.returncode != 0, f"it lacks {missing} and loads all the same"
