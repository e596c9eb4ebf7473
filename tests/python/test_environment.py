"""The environment files of a package beside those that MLflow writes itself for the same model and the same requirements.

PACKWRIGHT_CLI names the program. Needs MLflow 3.17 and scikit-learn.
"""
import os
import re
import subprocess
from pathlib import Path

import joblib
import pytest
import yaml
from packaging.requirements import Requirement

os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")
os.environ.setdefault("GIT_PYTHON_REFRESH", "quiet")

import mlflow.sklearn  # noqa: E402

ROOT = Path(__file__).resolve().parents[2]
FIXTURES = ROOT / "tests" / "fixtures"
CLI = os.environ.get("PACKWRIGHT_CLI") or str(ROOT / "target" / "debug" / "packwright")


def said(package):
    """What the three files say, without what MLflow takes from the interpreter that runs it: the patch release of Python, the releases of
    pip and of what builds wheels. MLflow writes each requirement anew; here the person's line stays as it was typed."""
    line = lambda text: str(Requirement(text))  # noqa: E731
    conda, env = (yaml.safe_load((package / name).read_text()) for name in ["conda.yaml", "python_env.yaml"])
    *first, pip = conda["dependencies"]
    conda["dependencies"] = [re.sub(r"^(python=\d+\.\d+|pip).*", r"\1", text) for text in first] + [[line(text) for text in pip["pip"]]]
    env["python"] = ".".join(env["python"].split(".")[:2])
    env["build_dependencies"] = [text.split("==")[0] for text in env["build_dependencies"]]
    return {"conda.yaml": conda, "python_env.yaml": env, "requirements.txt": [line(text) for text in (package / "requirements.txt").read_text().splitlines()]}


def packed(model, folder, *more):
    done = subprocess.run([CLI, "pack", str(model), "-o", str(folder), *map(str, more)], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return folder


@pytest.mark.parametrize("name", ["pipe_scaler_logreg_df.pkl", "columntransformer_mixed_df.joblib", "rf_two_outputs.joblib"])
def test_mlflow_writes_the_same_environment(name, tmp_path):
    model = joblib.load(FIXTURES / "sklearn" / name)
    lines = tmp_path / "lines.txt"
    lines.write_text("mlflow==3.17.2\nscikit-learn==1.9.1\nnumpy>=2,<3\npandas[excel]>=2 ; python_version >= '3.10'\n")
    recipe = tmp_path / "recipe.json"
    recipe.write_text('{"edits": [{"kind": "setPython", "version": "%d.%d"}]}' % tuple(map(int, os.sys.version_info[:2])))
    ours = packed(FIXTURES / "sklearn" / name, tmp_path / "ours", "--requirements", lines, "--recipe", recipe)
    theirs = tmp_path / "theirs"
    mlflow.sklearn.save_model(model, theirs, pip_requirements=(ours / "requirements.txt").read_text().splitlines(), serialization_format="pickle")
    assert said(ours) == said(theirs)
    # In the order of keys that MLflow writes, for whoever compares the files by eye.
    for file in ["conda.yaml", "python_env.yaml"]:
        keys = [list(yaml.safe_load((package / file).read_text())) for package in (ours, theirs)]
        assert keys[0] == keys[1], file
