#!/usr/bin/env python3
"""How long the app takes to a usable window: `startup.py --app PATH [--runs N] [--bar MILLIS]`, on a display of its own.

From the start of the process to the first frame with content; the buttons in it work from then on.
"""

import argparse
import os
import pathlib
import statistics
import subprocess
import sys
import time

import run
from desktop import Desktop, work_folder

FRAME = """
const [frame] = performance.getEntriesByName('first-contentful-paint');
return frame ? performance.timeOrigin + frame.startTime : null;
"""


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--app", type=pathlib.Path, required=True)
    parser.add_argument("--runs", type=int, default=10)
    parser.add_argument("--bar", type=int, help="exit with 1 when the median is longer")
    parser.add_argument("--inside", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.inside:
        return inside(options)
    command = [sys.executable, __file__, "--inside", "--app", options.app.resolve(), "--runs", str(options.runs)]
    if options.bar:
        command += ["--bar", str(options.bar)]
    child = subprocess.Popen(command, start_new_session=True)
    try:
        return child.wait(60 + 20 * options.runs)
    finally:
        run.end_group(child.pid)


def inside(options):
    with work_folder() as folder:
        desk = Desktop(options.app, pathlib.Path(folder))
        times = [one_start(desk) for _ in range(options.runs + 1)][1:]  # the first fills the caches
        desk.close()
    low, middle, high = min(times), statistics.median(times), max(times)
    bar = f"; bar {options.bar} ms" if options.bar else ""
    print(f"first frame with content: median {middle:.0f} ms ({low:.0f} to {high:.0f}, n={len(times)}{bar})")
    return 1 if options.bar and options.bar < middle else 0


def one_start(desk):
    page = desk.open_app()
    page.wait_text("Drop a trained model here")
    started = start_millis(desk.app)
    frame = page.wait(lambda: page.script(FRAME), "the first frame")
    page.quit()
    desk.wait_no_window("Packwright")
    time.sleep(0.5)
    return frame - started


def start_millis(app):
    """When the newest process of the app began, in milliseconds since 1970."""
    pid = subprocess.run(["pgrep", "-n", "-f", f"^{app}"], capture_output=True, text=True, check=True).stdout.strip()
    ticks = int(pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[19])
    boot_millis = time.time() * 1000 - time.clock_gettime(time.CLOCK_BOOTTIME) * 1000
    return boot_millis + ticks * 1000 / os.sysconf("SC_CLK_TCK")


if __name__ == "__main__":
    sys.exit(main())
