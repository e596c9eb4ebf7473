#!/usr/bin/env python3
"""The numbers that Packwright holds itself to, side by side with what people use instead: `make bench`.

Medians over a warm page cache, of commands that take turns on one disk. Peak memory is the largest resident set of the process (wait4).
Other work on the machine makes all of it slower, and what uses several cores most: the load is told. Exits with 1 when a bar is missed.
"""
import argparse
import hashlib
import os
import shutil
import statistics
import sys
import time
from pathlib import Path

INSPECT_MILLIS, INSPECT_MB, EXPORT_RATIO, ZIP_TIMES = 20, 64, 1.15, 3
NETRON_TIMES, NETRON_MEMORY = 20, 10
MILLION = 1_000_000


def timed(command):
    """Runs a command; gives (seconds, peak resident bytes)."""
    null = os.open(os.devnull, os.O_WRONLY)
    actions = [(os.POSIX_SPAWN_DUP2, null, 1)]
    began = time.perf_counter()
    pid = os.posix_spawnp(command[0], [str(word) for word in command], os.environ, file_actions=actions)
    _, status, usage = os.wait4(pid, 0)
    took = time.perf_counter() - began
    os.close(null)
    if status != 0:
        sys.exit("failed: " + " ".join(map(str, command)))
    return took, usage.ru_maxrss * 1024


def repeated(command, runs, before=lambda: None):
    """The median time and the largest memory of some runs."""
    found = []
    for _ in range(runs):
        before()
        found.append(timed(command))
    return statistics.median(took for took, _ in found), max(memory for _, memory in found)


def interleaved(commands, runs, before):
    """Medians of several commands that take turns, so that a busy moment of the machine hits all of them."""
    found = {name: [] for name in commands}
    for _ in range(runs):
        for name, command in commands.items():
            before()
            found[name].append(timed(command))
    return {name: (statistics.median(took for took, _ in rows), max(memory for _, memory in rows)) for name, rows in found.items()}


def sha256(path):
    """The hash of a file."""
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def remove(*paths):
    """Removes files and folders that may be there."""
    for path in paths:
        if path.is_dir():
            shutil.rmtree(path)
        elif path.exists():
            path.unlink()


def warm(paths):
    """Brings files into the page cache."""
    for path in paths:
        with open(path, "rb", buffering=0) as file:
            while file.read(1 << 24):
                pass


def make(path, maker, size):
    """Makes a model file of about that many bytes, if it isn't there."""
    stamp = path.with_suffix(".stamp")
    if not path.exists() or not stamp.exists() or stamp.read_text() != str(size):
        print("making %s (%d MB)" % (path, size // MILLION), flush=True)
        # In a process of its own: a child's peak memory begins at its parent's, so this one stays small.
        timed([sys.executable, Path(__file__).with_name("data.py"), maker, path, size])
        stamp.write_text(str(size))


def beside_netron(options, row):
    """Big files of deep learning, read by us and by Netron's reader, a process each. Each is removed before the next is made."""
    for name, maker, size in (
        ("whole.onnx", "whole_onnx_model", 1950),
        ("llama.safetensors", "safetensors_file", 2000),
        ("llama.pt", "torch_file", 2000),
    ):
        path = options.data / name
        make(path, maker, int(size * MILLION * options.scale))
        warm([path])
        title = "%s, %.1f GB" % (name, path.stat().st_size / 1e9)
        found = interleaved({
            "ours": [options.cli, "inspect", "--json", path],
            "netron": ["node", Path(__file__).with_name("netron.mjs"), options.netron, path],
        }, options.runs, lambda: None)
        (ours, memory), (theirs, their_memory) = found["ours"], found["netron"]
        row("Netron " + title, theirs, their_memory, "", None)
        against = "%.0f x faster, 1/%.0f of the memory; bar %d, 1/%d" % (theirs / ours, their_memory / memory, NETRON_TIMES, NETRON_MEMORY)
        row("inspect " + title, ours, memory, against, theirs >= ours * NETRON_TIMES and their_memory >= memory * NETRON_MEMORY)
        remove(path, path.with_suffix(".stamp"))


def inspected(options, path, files, row):
    """What a big file is, told in milliseconds."""
    warm(files)
    took, memory = repeated([options.cli, "inspect", "--json", path], max(options.runs, 15))
    row("inspect " + titled(path, files), took, memory, "bar %d ms, %d MB" % (INSPECT_MILLIS, INSPECT_MB), took * 1000 < INSPECT_MILLIS and memory < INSPECT_MB * MILLION)


def exported(options, path, files, row):
    """A folder beside what copies the same bytes, and what hashes them."""
    out, copy = options.data / "package", options.data / "copy"
    before = lambda: (remove(out, copy), os.sync(), warm(files))  # noqa: E731
    found = interleaved({
        "pack": [options.cli, "pack", path, "-o", out],
        "cp": ["sh", "-c", 'mkdir "$0" && cp --reflink=never "$@" "$0"', copy, *files],
        "sha256sum": ["sha256sum", *files],
    }, options.runs, before)
    remove(out, copy)
    title = titled(path, files)
    slower = max(found["cp"][0], found["sha256sum"][0])
    row("cp " + title, *found["cp"], "", None)
    row("sha256sum " + title, *found["sha256sum"], "", None)
    row("pack " + title, *found["pack"], "%.2f x the slower; bar %.2f" % (found["pack"][0] / slower, EXPORT_RATIO), found["pack"][0] <= EXPORT_RATIO * slower)


def zipped(options, path, files, row):
    """A zip beside what makes one of the same package: Python's shutil, and Info-ZIP. Each packs as it does when nothing is asked for."""
    folder, ours, archived, theirs = (options.data / name for name in ("package", "package.zip", "archived", "zipped.zip"))
    remove(folder)
    timed([options.cli, "pack", path, "-o", folder])
    packed = [file for file in folder.rglob("*") if file.is_file()]
    size, hashes = sum(file.stat().st_size for file in packed), set()

    def before():
        if ours.exists():
            hashes.add(sha256(ours))
        remove(ours, archived.with_suffix(".zip"), theirs)
        os.sync()
        warm([*files, *packed])

    sizes = {}
    commands = {
        "pack --zip": ([options.cli, "pack", path, "-o", ours], ours),
        "shutil.make_archive": ([sys.executable, "-c", "import shutil, sys; shutil.make_archive(sys.argv[1], 'zip', sys.argv[2])", archived, folder], archived.with_suffix(".zip")),
        "zip -r": (["sh", "-c", 'cd "$1" && exec zip -q -r "$0" .', theirs, folder], theirs),
    }
    found = {name: [] for name in commands}
    for _ in range(max(3, options.runs // 2)):
        for name, (command, made) in commands.items():
            before()
            found[name].append(timed(command))
            sizes[name] = made.stat().st_size
    before()
    remove(folder)
    title = titled(path, files)
    seconds = {name: statistics.median(took for took, _ in rows) for name, rows in found.items()}
    memory = {name: max(memory for _, memory in rows) for name, rows in found.items()}
    own = seconds["pack --zip"]
    for name in ("shutil.make_archive", "zip -r"):
        row("%s %s" % (name, title), seconds[name], memory[name], "%.3f of the bytes" % (sizes[name] / size), None)
    against = "%.3f of the bytes; %.1f x faster than shutil, bar %d; %.1f x than zip" % (
        sizes["pack --zip"] / size, seconds["shutil.make_archive"] / own, ZIP_TIMES, seconds["zip -r"] / own)
    if len(hashes) != 1:
        against += "; NOT the same bytes each time"
    row("pack --zip " + title, own, memory["pack --zip"], against, len(hashes) == 1 and own * ZIP_TIMES <= seconds["shutil.make_archive"])


def titled(path, files):
    """The name of a model and its size."""
    return "%s, %.1f GB" % (path.name, sum(file.stat().st_size for file in files) / 1e9)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--cli", type=Path, required=True)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--netron", type=Path, help="the folder of Netron's modules; without it, Netron is left out")
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--scale", type=float, default=1.0, help="smaller files for a quick look")
    parser.add_argument("--only", nargs="*", choices=["inspect", "folder", "zip", "netron"], default=["inspect", "folder", "zip", "netron"])
    options = parser.parse_args()
    options.data = options.data.resolve()
    options.data.mkdir(parents=True, exist_ok=True)
    rows, missed = [], []

    def row(what, seconds, memory, against, holds):
        rows.append((what, "%.0f ms" % (seconds * 1000) if seconds < 1 else "%.2f s" % seconds, "%.0f MB" % (memory / MILLION) if memory else "", against, "" if holds is None else "yes" if holds else "NO"))
        if holds is False:
            missed.append(what)

    # Weights hardly compress, rows of numbers neither, and the trees of a forest do.
    loads = [os.getloadavg()[0]]
    for name, maker, megabytes, parts in (
        ("knn.joblib", "joblib_model", 1500, ("inspect", "folder")),
        ("big.onnx", "onnx_model", 2000, ("inspect", "folder", "zip")),
        ("forest.joblib", "forest_model", 2000, ("inspect", "zip")),
    ):
        if not set(parts) & set(options.only):
            continue
        path = options.data / name
        make(path, maker, int(megabytes * MILLION * options.scale))
        files = [path, *(file for file in [Path(str(path) + ".data")] if file.exists())]
        for part, measure in (("inspect", inspected), ("folder", exported), ("zip", zipped)):
            if part in parts and part in options.only:
                loads.append(os.getloadavg()[0])
                measure(options, path, files, row)
    if options.netron and "netron" in options.only:
        beside_netron(options, row)

    widths = [max(len(line[i]) for line in rows) for i in range(5)]
    print()
    for line in rows:
        print("  ".join(cell.ljust(width) if i in (0, 3) else cell.rjust(width) for i, (cell, width) in enumerate(zip(line, widths))))
    print("\n%d cores; load when a part began: %s" % (os.cpu_count(), ", ".join("%.1f" % load for load in loads)))
    if missed:
        print("\nmissed: " + "; ".join(missed))
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
