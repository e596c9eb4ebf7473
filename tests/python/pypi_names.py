#!/usr/bin/env python3
"""Whether PyPI knows the projects that requirements are drawn from, and whether they hold what their line says.

    python3 tests/python/pypi_names.py [TABLE]

Each line of the table (`crates/inspect/src/pickled/libraries.txt`) is an import name and a project; of every project the newest release's
wheel is listed from its end (a few kilobytes by range, nothing is installed), or its source archive when there is no wheel; the import must
be a module or a package at its top. Ends with 1 and the lines that are wrong. Run it when the table changes; `make test` asks only whether
the projects exist (test_pypi_names.py).
"""
import concurrent.futures
import io
import json
import sys
import tarfile
import urllib.error
import urllib.parse
import urllib.request
import zipfile
from pathlib import Path

TABLE = Path(__file__).resolve().parents[2] / "crates" / "inspect" / "src" / "pickled" / "libraries.txt"
SECONDS = 60


def table(path=TABLE):
    """The (import name, project, whether only older releases hold it) of each line."""
    lines = [line.split() for line in Path(path).read_text().splitlines() if line and not line.startswith("#")]
    return [(line[0], line[1], line[2:] == ["older"]) for line in lines]


def exists(project):
    """Whether PyPI has the project. Raises OSError when PyPI cannot be asked."""
    request = urllib.request.Request("https://pypi.org/simple/%s/" % project, method="HEAD")
    try:
        with urllib.request.urlopen(request, timeout=SECONDS):
            return True
    except urllib.error.HTTPError as error:
        if error.code == 404:
            return False
        raise


class Remote(io.RawIOBase):
    """A file of a web server, read by range."""

    def __init__(self, url):
        self.url, self.place = url, 0
        with urllib.request.urlopen(urllib.request.Request(url, method="HEAD"), timeout=SECONDS) as answer:
            self.size = int(answer.headers["Content-Length"])

    def readable(self):
        return True

    def seekable(self):
        return True

    def seek(self, offset, whence=0):
        self.place = offset + (0, self.place, self.size)[whence]
        return self.place

    def tell(self):
        return self.place

    def readinto(self, buffer):
        end = min(self.place + len(buffer), self.size)
        if end <= self.place:
            return 0
        request = urllib.request.Request(self.url, headers={"Range": "bytes=%d-%d" % (self.place, end - 1)})
        with urllib.request.urlopen(request, timeout=SECONDS) as answer:
            found = answer.read()
        buffer[: len(found)] = found
        self.place += len(found)
        return len(found)


def names_in(project):
    """Every path of the newest release's wheel, or of its source archive without the folder around it."""
    with urllib.request.urlopen("https://pypi.org/pypi/%s/json" % project, timeout=SECONDS) as answer:
        # A mirror may name its files from where the answer lies.
        files = [dict(file, url=urllib.parse.urljoin(answer.url, file["url"])) for file in json.load(answer)["urls"]]
    wheels = [file for file in files if file["packagetype"] == "bdist_wheel"]
    if wheels:
        remote = io.BufferedReader(Remote(wheels[0]["url"]), 1 << 16)
        return zipfile.ZipFile(remote).namelist()
    for file in files:
        with urllib.request.urlopen(file["url"], timeout=SECONDS) as answer:
            archive = io.BytesIO(answer.read())
        paths = zipfile.ZipFile(archive).namelist() if file["filename"].endswith(".zip") else tarfile.open(fileobj=archive).getnames()
        inner = [path.split("/", 1)[-1] for path in paths]
        return inner + [path.removeprefix("src/") for path in inner] + [path.removeprefix("python/") for path in inner]
    return []


def holds(paths, module):
    """Whether a module or a package of that name lies at the top."""
    return any(path.startswith((module + "/", module + ".py", module + ".")) or "lib/%s/" % module in path or "site-packages/%s/" % module in path for path in paths)


def wrong(line):
    """What is wrong with a line; empty when nothing is."""
    module, project, is_older = line
    try:
        if is_older:
            return "" if exists(project) else "%s: PyPI knows no such project" % project
        if holds(names_in(project), module):
            return ""
        return "%s: its newest release holds no %s" % (project, module)
    except (OSError, ValueError, KeyError, zipfile.BadZipFile, tarfile.TarError) as error:
        return "%s: %s" % (project, error)


def main():
    lines = table(*sys.argv[1:2])
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        faults = [fault for fault in pool.map(wrong, lines) if fault]
    print("\n".join([*faults, "%d lines, %d wrong" % (len(lines), len(faults))]))
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
