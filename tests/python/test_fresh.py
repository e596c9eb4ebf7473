"""Packages in environments that are built from their own files: Python from python_env.yaml, the rest from requirements.txt.

Each is packed from a fixture, gets an environment by uv, and must load there and predict what the framework predicted when the file was
made. Fetches some gigabytes of wheels, so it runs in `make test-all` alone. PACKWRIGHT_CLI names the program, UV the tool.
"""
import json
import os
import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
FIXTURES = ROOT / "tests" / "fixtures"
CLI = os.environ.get("PACKWRIGHT_CLI") or str(ROOT / "target" / "debug" / "packwright")
UV = os.environ.get("UV") or str(ROOT / ".tools" / "uv" / "bin" / "uv")

# How many packages of each framework and version; scikit-learn in three versions.
WANTED = {
    ("sklearn", "0.24"): 1,
    ("sklearn", "1.0"): 1,
    ("sklearn", "1.2"): 2,
    ("sklearn", "1.5"): 2,
    ("sklearn", "1.9"): 2,
    ("xgboost", "1.7"): 1,
    ("xgboost", "3."): 1,
    ("lightgbm", "4."): 1,
    ("catboost", "1.2"): 1,
}

CHILD = """
import json, sys, warnings
warnings.filterwarnings("ignore")
import mlflow.pyfunc, numpy as np, pandas as pd
package, told = sys.argv[1], json.load(open(sys.argv[2]))
rows, how = told["rows"], told["how"]
if how["container"] == "DataFrame":
    data = pd.DataFrame(rows["data"], columns=rows["columns"])
    for column in how["columns"]:
        if column["dtype"] not in ("str", "string", "object", "category"):
            data[column["name"]] = data[column["name"]].astype(column["dtype"])
else:
    data = np.asarray(rows, dtype=how["dtype"])
found = mlflow.pyfunc.load_model(package).predict(data)
if isinstance(found, dict):
    found = next(iter(found.values()))
found, wanted = np.asarray(found).ravel(), np.asarray(told["wanted"]).ravel()
assert len(found) >= len(wanted) > 0, (found, wanted)
found = found[: len(wanted)]
same = (found == wanted).all() if wanted.dtype.kind in "USO" else np.allclose(found.astype(float), wanted.astype(float), rtol=1e-4, atol=1e-5)
assert same, (found, wanted)
"""


def chosen():
    """The fixtures, a few of each kind, those with the most to install first."""
    entries = json.loads((FIXTURES / "MANIFEST.json").read_text())
    found = []
    for (framework, version), count in WANTED.items():
        fits = [
            entry
            for entry in entries
            if entry.get("framework") == framework
            and str(entry["made"].get("version")).startswith(version)
            and entry["made"].get("by") in (framework, "scikit-learn" if framework == "sklearn" else framework)
            and not entry.get("hostile")
            and not entry.get("needs")
            and entry.get("mlflow_flavor")
            and not entry["made"].get("around")
            and not entry["made"].get("by_value")
            and "predict_head" in entry
            and (entry.get("sample_input") or {}).get("container") in ("DataFrame", "ndarray")
        ]
        fits.sort(key=lambda entry: (entry["sample_input"]["container"] != "DataFrame", entry["path"]))
        found += fits[:count]
    return found


@pytest.mark.parametrize("entry", chosen(), ids=lambda entry: entry["path"])
def test_a_package_predicts_in_the_environment_that_it_asks_for(entry, tmp_path):
    package, python = tmp_path / "package", tmp_path / "env" / "bin" / "python"
    done = subprocess.run([CLI, "pack", str(FIXTURES / entry["path"]), "-o", str(package)], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    asked = re.search(r"^python: '?([\d.]+)'?$", (package / "python_env.yaml").read_text(), re.M).group(1)
    for command in (
        [UV, "venv", "--quiet", "--python", asked, str(tmp_path / "env")],
        [UV, "pip", "install", "--quiet", "--python", str(python), "-r", str(package / "requirements.txt")],
    ):
        done = subprocess.run(command, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
    told = tmp_path / "told.json"
    told.write_text(json.dumps({"rows": entry["sample_head"], "how": entry["sample_input"], "wanted": entry["predict_head"]}))
    done = subprocess.run([str(python), "-c", CHILD, str(package), str(told)], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-2000:]


def test_enough_packages_are_tried():
    versions = {entry["made"]["version"] for entry in chosen() if entry["framework"] == "sklearn"}
    assert 8 <= len(chosen()) and 3 <= len(versions), versions
