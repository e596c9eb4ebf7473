#!/usr/bin/env python3
"""Writes the table of releases that requirements are checked against, from what PyPI says of each release.

    python3 tests/python/releases.py [PROJECT...] > crates/engine/src/environment/releases.txt

Per project its final releases, oldest first: the version, the Pythons it runs on, and what it asks of other projects of the table.
The Pythons are those that its wheels are built for. Where a wheel is for any Python 3, the oldest is what the release requires and the newest is
the one that was out when the release was published: nobody can have tried it on a later one. Requirements are read from the metadata in one wheel of
each release (by range; nothing is installed); those behind a marker or an extra are left out. Needs `packaging`, which pip and MLflow bring along.
With names it prints only these, to look at.
"""
import concurrent.futures
import email.parser
import io
import json
import re
import sys
import time
import urllib.request
import zipfile

from packaging.requirements import InvalidRequirement, Requirement
from packaging.specifiers import InvalidSpecifier, SpecifierSet
from packaging.utils import InvalidWheelFilename, canonicalize_name, parse_wheel_filename
from packaging.version import InvalidVersion, Version

from pypi_names import SECONDS, Remote

PROJECTS = """accelerate ai-edge-litert catboost category-encoders cloudpickle cmdstanpy coremltools diffusers dill fastai h2o imbalanced-learn joblib
keras lightgbm llama-cpp-python mlflow numpy onnx onnxruntime onnxruntime-extensions paddlepaddle pandas peft pillow pmdarima prophet protobuf
pyarrow pyspark safetensors scikit-learn scipy sentence-transformers skops spacy statsmodels tensorflow tf-keras threadpoolctl tokenizers torch
torchvision transformers xgboost""".split()

# The day a minor version of Python 3 came out.
PYTHONS = {6: "2016-12-23", 7: "2018-06-27", 8: "2019-10-14", 9: "2020-10-05", 10: "2021-10-04", 11: "2022-10-24", 12: "2023-10-02", 13: "2024-10-07", 14: "2025-10-07"}

# Nothing older runs on a Python that MLflow runs on.
SINCE = "2016-01-01"


def retried(work):
    """What `work` gives; asked again when the network fails."""
    for pause in (1, 4, 15):
        try:
            return work()
        except OSError:
            time.sleep(pause)
    return work()


def files_of(project):
    """The files of a project as the index lists them (PEP 691)."""
    request = urllib.request.Request("https://pypi.org/simple/%s/" % project, headers={"Accept": "application/vnd.pypi.simple.v1+json"})
    with urllib.request.urlopen(request, timeout=SECONDS) as answer:
        return json.load(answer)["files"]


def version_of(project, file):
    """The version in a file's name; `None` when it is no wheel and no source archive of a final release."""
    name = file["filename"]
    try:
        if name.endswith(".whl"):
            version = parse_wheel_filename(name)[1]
        else:
            match = re.fullmatch(r"(.+)-([^-]+)\.(?:tar\.gz|zip)", name)
            version = Version(match[2]) if match and canonicalize_name(match[1]) == project else None
    except (InvalidVersion, InvalidWheelFilename):
        return None
    return None if version is None or version.is_prerelease or version.is_devrelease else version


def pythons(files):
    """(oldest, newest) minor of Python 3 that a release runs on; `None` when it runs on none that is known."""
    wheels = [file for file in files if file["filename"].endswith(".whl")]
    exact, is_open = set(), not wheels
    for file in wheels:
        for tag in parse_wheel_filename(file["filename"])[3]:
            minor = re.fullmatch(r"cp3(\d+)", tag.interpreter)
            if minor and tag.abi != "abi3":
                exact.add(int(minor[1]))
            elif tag.interpreter.startswith("py3") or tag.abi == "abi3":
                is_open = True
    published = min(file["upload-time"] for file in files)[:10]
    required = next((file["requires-python"] for file in files if file["requires-python"]), None)
    try:
        allowed = SpecifierSet(required or "")
    except InvalidSpecifier:
        allowed = SpecifierSet("")
    fits = [minor for minor, day in PYTHONS.items() if "3.%d.99" % minor in allowed]
    if is_open and not exact:
        fits = [minor for minor in fits if PYTHONS[minor] <= published]
        if wheels and any(tag.abi == "abi3" for file in wheels for tag in parse_wheel_filename(file["filename"])[3]):
            built = [int(m[1]) for file in wheels for tag in parse_wheel_filename(file["filename"])[3] if (m := re.fullmatch(r"cp3(\d+)", tag.interpreter))]
            fits = [minor for minor in fits if minor >= min(built)]
    elif not is_open:
        fits = [minor for minor in fits if minor in exact]
    else:
        fits = [minor for minor in fits if PYTHONS[minor] <= published or minor in exact]
    return (min(fits), max(fits)) if fits else None


def requires(files):
    """What a release asks of the table's projects whatever the system, as `name>=1,<2`, sorted; `None` when no wheel says."""
    wheels = sorted((file for file in files if file["filename"].endswith(".whl")), key=lambda file: file["size"] or 0)
    if not wheels:
        return None

    def read():
        archive = zipfile.ZipFile(io.BufferedReader(Remote(wheels[0]["url"]), 1 << 17))
        name = next(name for name in archive.namelist() if re.fullmatch(r"[^/]+\.dist-info/METADATA", name))
        return archive.read(name).decode("utf-8", "replace")

    try:
        headers = email.parser.HeaderParser().parsestr(retried(read))
    except (zipfile.BadZipFile, StopIteration):
        return None
    found = set()
    for line in headers.get_all("Requires-Dist", []):
        try:
            requirement = Requirement(line)
        except InvalidRequirement:
            continue
        name = canonicalize_name(requirement.name)
        if requirement.marker is None and requirement.url is None and name in PROJECTS:
            found.add(name + str(requirement.specifier).replace(" ", ""))
    return sorted(found)


def table_of(project):
    """The lines of one project."""
    releases = {}
    for file in retried(lambda: files_of(project)):
        version = version_of(project, file)
        if version is not None and not file.get("yanked"):
            releases.setdefault(version, []).append(file)
    rows, last = [], []
    for version in sorted(releases):
        files = releases[version]
        if max(file["upload-time"] for file in files)[:10] < SINCE:
            continue
        minors = pythons(files)
        needs = requires(files)
        needs = last if needs is None else needs
        span = "-" if minors is None else "%d-%d" % minors
        rows.append(" ".join([str(version), span, *(["same"] if needs == last and needs else needs)]))
        last = needs
    print("%s: %d releases" % (project, len(rows)), file=sys.stderr, flush=True)
    return ["", "[%s]" % project, *rows]


def main():
    names = sys.argv[1:] or PROJECTS
    with concurrent.futures.ThreadPoolExecutor(12) as pool:
        tables = list(pool.map(table_of, names))
    today = max(file["upload-time"] for file in files_of("mlflow"))[:10]
    print("# Releases on PyPI: version, oldest and newest minor of Python 3, requirements (`same`: as the line above).")
    print("# Written by tests/python/releases.py; last release of MLflow seen %s." % today)
    print("\n".join(line for table in tables for line in table))


if __name__ == "__main__":
    main()
