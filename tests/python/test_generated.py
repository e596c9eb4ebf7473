"""Packs every fixture that gets generated Python, and lets ruff judge the code. PACKWRIGHT_CLI names the program."""
import json
import os
import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
FIXTURES = ROOT / "tests" / "fixtures"
CLI = os.environ.get("PACKWRIGHT_CLI") or str(ROOT / "target" / "debug" / "packwright")

# Beside ruff's own choice: sorted imports, white space and likely bugs.
RULES = "I,W,B"

with open(FIXTURES / "MANIFEST.json") as file:
    MANIFEST = json.load(file)


def code_of(entry, folder):
    """The generated files in the package of a fixture, beside the person's own."""
    command = [CLI, "pack", str(FIXTURES / entry["path"]), "-o", str(folder / "package")]
    given = re.search(r"code_paths: (\S+)", str(entry.get("needs")))
    own = FIXTURES / entry["path"]
    if given:
        own = own.parent / given.group(1)
        command += ["--code", str(own)]
    if subprocess.run(command, capture_output=True).returncode:
        return []
    # What the person's code or folder brought along is not ours.
    brought = {path.name for path in own.rglob("*.py")} if own.is_dir() else {own.name}
    return [path for path in (folder / "package").rglob("*.py") if path.name not in brought]


def test_generated_python_passes_ruff(tmp_path):
    files = []
    for index, entry in enumerate(MANIFEST):
        if not entry.get("hostile"):
            folder = tmp_path / str(index)
            folder.mkdir()
            files += code_of(entry, folder)
    kinds = {re.sub(r"[0-9a-f]{8}", "*", path.name) for path in files}
    assert {"model.py"} < kinds, kinds
    assert 20 <= len(files), "only %d fixtures get code" % len(files)
    check = [sys.executable, "-m", "ruff", "check", "--isolated", "--no-cache", "--extend-select", RULES]
    done = subprocess.run([*check, *map(str, files)], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
