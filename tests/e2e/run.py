#!/usr/bin/env python3
"""Drives the real app on a virtual display: `run.py --app PATH [NAME...]`.

Each scenario has a process group, a display, a session bus, a home folder and a time limit of its own, and nothing of
it is left when it ends. PACKWRIGHT_PYTHON names a Python with mlflow and scikit-learn. With PACKWRIGHT_SCREENSHOTS
naming a folder, pictures of the states of the window are put there, in light and dark.
"""

import argparse
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import time
import traceback

HERE = pathlib.Path(__file__).resolve().parent
LIMIT_SECONDS = 120
NEEDED = ["Xvfb", "openbox", "xdotool", "dbus-daemon", "dbus-send", "WebKitWebDriver", "import"]


def main():
    options = arguments()
    if options.inside:
        return inside(options)
    missing = [name for name in NEEDED if shutil.which(name) is None]
    if missing:
        print(f"missing programs: {', '.join(missing)}; make test installs them", file=sys.stderr)
        return 2
    if not options.app.is_file():
        print(f"no app at {options.app}; build it first", file=sys.stderr)
        return 2
    names = options.names or all_names()
    n_failed = sum(not run_one(options.app.resolve(), name) for name in names)
    print(f"{len(names) - n_failed} passed, {n_failed} failed")
    return 1 if n_failed else 0


def arguments():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--app", type=pathlib.Path, required=True, help="the app's binary")
    parser.add_argument("--inside", action="store_true", help=argparse.SUPPRESS)
    parser.add_argument("names", nargs="*", help="scenarios; all without")
    return parser.parse_args()


def all_names():
    import drops
    import pictures
    import receiving
    import scenarios

    chosen = scenarios.SCENARIOS + drops.SCENARIOS + receiving.SCENARIOS
    if os.environ.get("PACKWRIGHT_SCREENSHOTS"):
        chosen = chosen + pictures.SCENARIOS + receiving.PICTURES
    return [scenario.__name__ for scenario in chosen]


def run_one(app, name):
    """Runs one scenario in a process group of its own and leaves nothing of it alive."""
    started = time.monotonic()
    command = [sys.executable, __file__, "--app", app, "--inside", name]
    child = subprocess.Popen(command, start_new_session=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    try:
        output, _ = child.communicate(timeout=LIMIT_SECONDS)
        passed, note = child.returncode == 0, output
    except subprocess.TimeoutExpired:
        passed, note = False, f"did not end within {LIMIT_SECONDS} s"
    finally:
        end_group(child.pid)
    took = time.monotonic() - started
    print(f"{'ok    ' if passed else 'FAILED'} {name} ({took:.1f} s)", flush=True)
    if not passed:
        print(note.rstrip(), flush=True)
    return passed


def end_group(group):
    """Ends every process of a group: politely, then surely."""
    for number in [signal.SIGTERM, signal.SIGKILL]:
        try:
            os.killpg(group, number)
        except ProcessLookupError:
            return
        time.sleep(0.3)


def inside(options):
    """One scenario, in its own process group."""
    import desktop
    import drops
    import pictures
    import receiving
    import scenarios

    [name] = options.names
    every = scenarios.SCENARIOS + drops.SCENARIOS + receiving.SCENARIOS + pictures.SCENARIOS + receiving.PICTURES
    [scenario] = [each for each in every if each.__name__ == name]
    with desktop.work_folder() as folder:
        desk = desktop.Desktop(options.app, pathlib.Path(folder), dark=getattr(scenario, "dark", False), scale=getattr(scenario, "scale", 1))
        try:
            scenario(desk)
        except Exception:
            traceback.print_exc()
            keep_evidence(desk, name)
            return 1
        finally:
            desk.close()
    return 0


def keep_evidence(desk, name):
    """A picture of the screen at the moment of failure, where pictures are wanted."""
    folder = os.environ.get("PACKWRIGHT_SCREENSHOTS")
    if folder:
        pathlib.Path(folder).mkdir(parents=True, exist_ok=True)
        desk.picture(pathlib.Path(folder) / f"failed-{name}.png")


if __name__ == "__main__":
    sys.exit(main())
