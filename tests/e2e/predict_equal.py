"""Loads a package with MLflow and compares its predictions with the original's: `predict_equal.py PACKAGE ORIGINAL`.

The rows come from MANIFEST.json, as the framework saw them when the original was made.
"""

import json
import pathlib
import sys

import joblib
import mlflow
import numpy as np
import pandas as pd

package, original = pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2])
fixtures = pathlib.Path(__file__).resolve().parent.parent / "fixtures"
entries = json.loads((fixtures / "MANIFEST.json").read_text())
[entry] = [entry for entry in entries if entry["path"] == str(original.relative_to(fixtures))]
rows = entry["sample_head"]
if isinstance(rows, dict):
    rows = pd.DataFrame(rows["data"], columns=rows["columns"])
    for column in entry["sample_input"]["columns"]:
        rows[column["name"]] = rows[column["name"]].astype(column["dtype"])
else:
    rows = np.asarray(rows, dtype=entry["sample_input"]["dtype"])

# Code of the model's own lies beside it.
sys.path.append(str(original.parent))
expected = np.asarray(joblib.load(original).predict(rows))
for name, load in [("pyfunc", mlflow.pyfunc.load_model), ("sklearn", mlflow.sklearn.load_model)]:
    predicted = np.asarray(load(str(package)).predict(rows))
    assert predicted.shape == expected.shape and (predicted == expected).all(), f"{name}: {predicted} is not {expected}"
recorded = entry["predict_head"]
assert list(expected) == recorded, f"{expected} is not what was recorded: {recorded}"
print("equal:", list(expected))
