#!/usr/bin/env python3
"""Everything that must hold, in one run: `make test`. Goes on after a failure and ends with "N passed, N failed".

Steps that are one check (a formatter, a linter) count as one; test runners count by their own summary lines. `run_all.py NAME...` runs only
the steps whose names contain one of the words.
"""
import os
import re
import shutil
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
TARGET = Path(os.environ.get("CARGO_TARGET_DIR") or ROOT / "target")
CLI = TARGET / "debug" / "packwright"
APP = TARGET / "debug" / "packwright-app"
PYTHON = ROOT / ".tools" / "python"

# (pattern, passed, failed): the summary lines of the runners.
SUMMARIES = [
    re.compile(r"Summary \[.*\] +\d+ tests? run: (?P<passed>\d+) passed(?:.*?(?P<failed>\d+) failed)?"),  # nextest
    re.compile(r"test result: \w+\. (?P<passed>\d+) passed; (?P<failed>\d+) failed"),  # cargo test
    re.compile(r"^ *Tests +(?:(?P<failed>\d+) failed \| )?(?P<passed>\d+) passed"),  # vitest
    re.compile(r"^=* ?(?:(?P<failed>\d+) failed, )?(?P<passed>\d+) passed.* in [\d.]+s"),  # pytest
    re.compile(r"^(?P<passed>\d+) passed, (?P<failed>\d+) failed$"),  # tests/e2e
]


# What the main environment proves with the real tools, and the tests for it in tests/python.
PROVED = {
    "names of requirements": ["pypi_names"],
    "generated Python": ["generated"],
    "bill, checksums and seal": ["receivers"],
    "real MLflow, will it run here": ["here"],
    "real MLflow, copies of packages": ["copy"],
    "real MLflow, samples, commands and environments": ["sample", "snippets", "environment"],
    "blocks shared with the model": ["shared_blocks"],
}


def pytest_of(python, *names):
    """The command that runs test files of tests/python, and says why one is skipped."""
    return [str(python), "-m", "pytest", "-q", "-rs", "-p", "no:cacheprovider", *("tests/python/test_%s.py" % name for name in names)]


def steps():
    """(name, command, environment, whether its own summary counts)."""
    nextest = shutil.which("cargo-nextest") is not None
    rust = ["cargo", "nextest", "run", "--locked", "--workspace", "--no-fail-fast"] if nextest else ["cargo", "test", "--locked", "--workspace", "--no-fail-fast"]
    cli = {"PACKWRIGHT_CLI": str(CLI)}
    yield "rust format", ["cargo", "fmt", "--all", "--check"], {}, False
    yield "window: build", ["npm", "run", "--silent", "build"], {}, False
    yield "window: lint", ["npm", "run", "--silent", "lint"], {}, False
    yield "window: types and accessibility", ["npm", "run", "--silent", "check"], {}, False
    yield "window: unit tests", ["npm", "run", "--silent", "test"], {}, True
    yield "rust lint", ["cargo", "clippy", "--locked", "--workspace", "--all-targets", "--", "-D", "warnings"], {}, False
    yield "rust documentation", ["cargo", "doc", "--locked", "--workspace", "--no-deps", "--document-private-items"], {"RUSTDOCFLAGS": "-D warnings"}, False
    yield "rust build", ["cargo", "build", "--locked", "--workspace", "--bins"], {}, False
    yield "rust tests", rust, cli, True
    if nextest:
        yield "rust examples in documentation", ["cargo", "test", "--locked", "--workspace", "--doc"], {}, True
    for lock in sorted((ROOT / "tests" / "python" / "environments").glob("*.lock.txt")):
        name = lock.name[: -len(".lock.txt")]
        python = PYTHON / name / "bin" / "python"
        yield "real MLflow, " + name, pytest_of(python, "packages") if python.exists() else None, cli, True
    python = PYTHON / "main" / "bin" / "python"
    for title, names in PROVED.items():
        yield title, pytest_of(python, *names) if python.exists() else None, cli, True
    if "PACKWRIGHT_DEEP" in os.environ:
        yield "packages in fresh environments", pytest_of(python, "fresh") if python.exists() else None, cli, True
    for pair in os.environ.get("PACKWRIGHT_DEEP", "").split():
        name, _, deep = pair.partition("=")
        yield "real MLflow, " + name, pytest_of(deep, "deep") if deep else None, cli, True
    e2e = ["/usr/bin/python3", "tests/e2e/run.py", "--app", str(APP)]
    yield "the window on a virtual screen", e2e, {"PACKWRIGHT_PYTHON": str(python)}, True


def run(name, command, more, counts):
    """Runs one step; gives (passed, failed)."""
    print("\n== %s" % name, flush=True)
    if command is None:
        print("left out, and so failed: its Python environment is not there; `make environments` makes it and says what is missing, and that of a deep-learning framework is given to `make test-all`")
        return 0, 1
    environment = dict(os.environ, **more, PYTHONDONTWRITEBYTECODE="1", PYTHONNOUSERSITE="1")
    environment.pop("PYTHONPATH", None)
    passed = failed = 0
    process = subprocess.Popen(command, cwd=ROOT, env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace")
    for line in process.stdout:
        sys.stdout.write(line)
        sys.stdout.flush()
        bare = re.sub(r"\x1b\[[0-9;]*m", "", line).rstrip()
        found = next((match for match in (pattern.search(bare) for pattern in SUMMARIES) if match), None) if counts else None
        if found:
            passed += int(found["passed"])
            failed += int(found["failed"] or 0)
    if process.wait() != 0:
        return passed, max(failed, 1)
    return (passed, failed) if counts else (1, 0)


def main():
    wanted = sys.argv[1:]
    rows, started = [], time.monotonic()
    for name, command, more, counts in steps():
        if wanted and not any(word in name for word in wanted):
            continue
        began = time.monotonic()
        rows.append((name, *run(name, command, more, counts), time.monotonic() - began))
    print("\n%-36s %7s %7s %8s" % ("", "passed", "failed", "time"))
    for name, passed, failed, took in rows:
        print("%-36s %7d %7d %6.0f s" % (name, passed, failed, took))
    print("%-36s %7s %7s %6.0f s\n" % ("", "", "", time.monotonic() - started))
    passed, failed = sum(row[1] for row in rows), sum(row[2] for row in rows)
    print("%d passed, %d failed" % (passed, failed))
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
