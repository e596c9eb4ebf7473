#!/usr/bin/env python3
"""Packwright's verdicts beside those of other scanners of pickles, on the same files, as a Markdown table.

    python3 -m venv scanners && scanners/bin/pip install picklescan modelscan fickling modelaudit
    python3 benches/compare_scanners.py --cli target/release/packwright --scanners scanners tests/fixtures/hostile tests/fixtures

Both folders may be the same. Where a manifest (`MANIFEST.json` or `expected.json`: a list of entries with a `path`) lies in a folder or
above it, only what it states counts: hostile are the entries that were seen to run code (`executes_on_load`), benign the pickles, joblib
and skops files that are not `hostile`. Without one, every file of a folder counts. `--skip` leaves out models that bring code of their own,
where an alarm is right. Each file is scanned in a process of its own, one after the other. Nothing is loaded or executed by this script.
"""
import argparse
import collections
import fnmatch
import json
import os
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

MANIFESTS = ("MANIFEST.json", "expected.json")
PICKLED = ("pickle", "joblib", "cloudpickle", "dill", "skops")
CLEAN, ALARM, UNREAD = "clean", "alarm", "unread"


def document(text):
    """The first JSON object of a text that may have other lines around it; an empty one when there is none."""
    start = text.find("{")
    try:
        return json.JSONDecoder().raw_decode(text[start:])[0] if 0 <= start else {}
    except ValueError:
        return {}


def packwright(run, _folder):
    """Alarm: dangerous or review. Not read: unscanned, or refused with exit code 3."""
    verdict = (document(run.stdout).get("safety") or {}).get("verdict")
    return {"safe": CLEAN, "review": ALARM, "dangerous": ALARM}.get(verdict, UNREAD)


def picklescan(run, _folder):
    """Alarm: exit code 1. Not read: exit code 2, or "Scanned files: 0"."""
    if run.returncode == 1:
        return ALARM
    return CLEAN if run.returncode == 0 and "Scanned files: 0" not in run.stdout else UNREAD


def modelscan(run, _folder):
    """Alarm: exit code 1. Not read: 2 (an error) or 3 (no format that it knows)."""
    return {0: CLEAN, 1: ALARM}.get(run.returncode, UNREAD)


def fickling(_run, folder):
    """Alarm: a severity above LIKELY_SAFE. Not read: it stops without a report."""
    report = folder / "fickling.json"
    severity = document(report.read_text()).get("severity") if report.exists() else None
    return UNREAD if severity is None else CLEAN if severity == "LIKELY_SAFE" else ALARM


def modelaudit(run, _folder):
    """Alarm: exit code 1. Not read: exit code 2."""
    return {0: CLEAN, 1: ALARM}.get(run.returncode, UNREAD)


def modelaudit_critical(run, folder):
    """The same run, with critical issues alone as alarms."""
    outcome = modelaudit(run, folder)
    issues = document(run.stdout).get("issues", [])
    return CLEAN if outcome == ALARM and not any(issue.get("severity") == "critical" for issue in issues) else outcome


def commands(cli, scanners):
    """Every tool that is there: its name, its command, and how its answer is read, for each row of the table."""
    tool = lambda name: str((scanners / "bin" / name).absolute())  # noqa: E731
    known = {
        "packwright": ([str(cli.absolute()), "inspect", "--json", "{file}"], {"Packwright": packwright}),
        "picklescan": ([tool("picklescan"), "--path", "{file}"], {"picklescan": picklescan}),
        "modelscan": ([tool("modelscan"), "--path", "{file}"], {"modelscan": modelscan}),
        "fickling": ([tool("fickling"), "--check-safety", "--json-output", "fickling.json", "{file}"], {"fickling": fickling}),
        "modelaudit": (
            [tool("modelaudit"), "scan", "--format", "json", "--no-cache", "{file}"],
            {"modelaudit": modelaudit, "modelaudit, critical alone": modelaudit_critical},
        ),
    }
    return {name: found for name, found in known.items() if os.access(found[0][0], os.X_OK)}


def version_of(name, scanners):
    """The version of a scanner, for the table."""
    if name == "packwright":
        return ""
    query = "from importlib.metadata import version; print(version(%r))" % name
    found = subprocess.run([scanners / "bin" / "python", "-c", query], capture_output=True, text=True)
    return " " + found.stdout.strip()


def manifest_of(folder):
    """The entries of the nearest manifest at a folder or above it, by absolute path; None when there is none."""
    for place in (folder, *folder.parents):
        for name in MANIFESTS:
            if (place / name).is_file():
                return {(place / entry["path"]).resolve(): entry for entry in json.loads((place / name).read_text())}
    return None


def files_of(folder, is_hostile):
    """The files of a folder that count as hostile or benign."""
    folder = folder.resolve()
    entries = manifest_of(folder)
    files = [path for path in sorted(folder.rglob("*")) if path.is_file() and path.name not in MANIFESTS]
    if entries is None:
        return files

    def counts(entry):
        if is_hostile:
            return entry.get("executes_on_load") is True
        return not entry.get("hostile") and entry.get("executes_on_load") is not True and entry.get("format") in PICKLED

    return [path for path in files if path in entries and counts(entries[path])]


def scan(command, path, limit, folder):
    """One file in a process of its own: what it said and how long it took. A scanner that hangs is ended with all that it started."""
    environment = dict(os.environ, PROMPTFOO_DISABLE_TELEMETRY="1", NO_COLOR="1", HOME=str(folder), OMP_NUM_THREADS="1")
    command = [str(path) if word == "{file}" else word for word in command]
    began = time.perf_counter()
    child = subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        errors="replace",
        cwd=folder,
        env=environment,
        start_new_session=True,
    )
    try:
        out, _ = child.communicate(timeout=limit)
    except subprocess.TimeoutExpired:
        os.killpg(child.pid, signal.SIGKILL)
        out, _ = child.communicate()
    took = time.perf_counter() - began
    return subprocess.CompletedProcess(command, child.returncode, out, ""), took


def duration(seconds):
    """A duration for the table."""
    return "%.1f ms" % (seconds * 1000) if seconds < 0.1 else "%.2f s" % seconds


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--cli", type=Path, required=True, help="the packwright to measure")
    parser.add_argument("--scanners", type=Path, required=True, help="a virtual environment with the other scanners")
    parser.add_argument("--only", action="append", help="one tool alone: packwright, picklescan, modelscan, fickling, modelaudit")
    parser.add_argument("--limit", type=float, default=60, help="seconds until a scanner is ended; such a file was not read")
    parser.add_argument("--skip", action="append", default=[], help="a pattern of benign paths to leave out: '*custom*'")
    parser.add_argument("--every", type=int, default=1, help="take every nth file, for a quick look")
    parser.add_argument("--list", action="store_true", help="name the files behind each number")
    parser.add_argument("hostile", type=Path)
    parser.add_argument("benign", type=Path)
    options = parser.parse_args()

    hostile, benign = files_of(options.hostile, True), files_of(options.benign, False)
    benign = [path for path in benign if not any(fnmatch.fnmatch(path, pattern) for pattern in options.skip)]
    hostile, benign = hostile[:: options.every], benign[:: options.every]
    if not hostile or not benign:
        sys.exit("no files: %d hostile, %d benign" % (len(hostile), len(benign)))
    tools = commands(options.cli, options.scanners)
    rows, named = [], []
    for name, (command, readings) in tools.items():
        if options.only and name not in options.only:
            continue
        counts = {row: collections.Counter() for row in readings}
        times = []
        for kind, paths in (("hostile", hostile), ("benign", benign)):
            for path in paths:
                with tempfile.TemporaryDirectory() as folder:
                    run, took = scan(command, path, options.limit, Path(folder))
                    times.append(took)
                    for row, reading in readings.items():
                        outcome = reading(run, Path(folder))
                        counts[row][kind, outcome] += 1
                        if (kind, outcome) not in (("hostile", ALARM), ("benign", CLEAN)):
                            named.append("%s: %s %s: %s" % (row, kind, outcome, path))
        version = version_of(name, options.scanners)
        for row, found in counts.items():
            title = row.replace(name, name + version)
            cells = [found[key] for key in (("hostile", CLEAN), ("hostile", UNREAD), ("benign", ALARM), ("benign", UNREAD))]
            rows.append([title, *map(str, cells), duration(statistics.median(times))])
        print("%s is done" % name, file=sys.stderr, flush=True)

    print("%d files that run code when they are loaded, %d models that do not.\n" % (len(hostile), len(benign)))
    print("| scanner | executing files missed | not scanned | false alarms on models | not scanned | median a file |")
    print("|---|--:|--:|--:|--:|--:|")
    for row in rows:
        print("| %s |" % " | ".join(row))
    if options.list:
        print("\n" + "\n".join(named))


if __name__ == "__main__":
    main()
