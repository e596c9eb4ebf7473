#!/usr/bin/env python3
"""How soon the app hears a cancel: `exporting.py --app PATH --model PATH [--out FOLDER] [--bar MILLIS]`, on a display of its own.

A large model is exported as a folder and as a zip, and cancelled soon, in the middle and while the medium is waited for. From the click to
the frame that says so, and to the folder that is as it was. Then one export of each kind runs to its end, and what the sheet says of the
time left is told beside the time that was left.
"""

import argparse
import pathlib
import re
import subprocess
import sys
import tempfile
import threading
import time

import run
from desktop import Desktop, work_folder
from scenarios import begin_export

# Clicks Cancel, and notes when; and when the frame comes that says that it is done.
CANCEL = """
window.cancelled = null;
const told = () => document.body.innerText.includes('Cancelled. Nothing was left behind.');
const now = () => performance.timeOrigin + performance.now();
const observer = new MutationObserver(() => {
    if (!told()) return;
    observer.disconnect();
    requestAnimationFrame(() => { window.cancelled.told = now(); });
});
observer.observe(document.body, { childList: true, subtree: true, characterData: true });
const button = [...document.querySelectorAll('button')].find((each) => each.textContent.trim() === 'Cancel');
if (!button) return false;
window.cancelled = { clicked: now(), told: null };
button.click();
return true;
"""
STATE = """
const text = (selector) => document.querySelector(selector)?.innerText ?? '';
return [text('.writing .stage'), text('.writing .numbers'), document.querySelector('.writing progress')?.value ?? 0, document.getElementById('receipt') !== null];
"""


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--app", type=pathlib.Path, required=True)
    parser.add_argument("--model", type=pathlib.Path, required=True)
    parser.add_argument("--out", type=pathlib.Path, help="where to export to; beside the model when it is not given")
    parser.add_argument("--bar", type=int, help="exit with 1 when any cancel took longer")
    parser.add_argument("--pictures", type=pathlib.Path, help="a folder for pictures of the sheet")
    parser.add_argument("--inside", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.inside:
        return inside(options)
    child = subprocess.Popen([sys.executable, __file__, "--inside", *sys.argv[1:]], start_new_session=True)
    try:
        return child.wait(900)
    finally:
        run.end_group(child.pid)


def inside(options):
    worst = 0.0
    with work_folder() as folder, tempfile.TemporaryDirectory(dir=options.out or options.model.resolve().parent) as out:
        desk = Desktop(options.app, pathlib.Path(folder))
        page = desk.open_app(options.model.resolve())
        page.wait_text(options.model.name)
        for kind in ["Folder", "Zip"]:
            target = pathlib.Path(out) / f"package{'.zip' if kind == 'Zip' else ''}"
            begin_export(desk, page, kind, target)
            for moment in ["soon", "in the middle", "at the end"]:
                worst = max(worst, cancel(page, target, kind, moment))
            watch(page, kind, options.pictures)
            page.click_named("button", "Close")
        desk.close()
    return 1 if options.bar and options.bar < worst else 0


def cancel(page, target, kind, moment):
    """Begins an export and cancels it; gives the milliseconds of what took longer, the word or the cleaning."""
    before = sorted(target.parent.iterdir())
    page.click_named("button", "Write package")
    page.wait_named("button", "Cancel")
    reached = {
        "soon": lambda stage, percent: 0 < percent,
        "in the middle": lambda stage, percent: 50 <= percent,
        "at the end": lambda stage, percent: "Writing" not in stage,
    }[moment]
    page.wait(lambda: (lambda state: state[3] or reached(state[0], state[2]))(page.script(STATE)), moment, 300)
    clean = []
    looking = threading.Thread(target=lambda: clean.append(emptied(target.parent, before)))
    looking.start()
    if not page.script(CANCEL):
        raise AssertionError(f"{kind}, {moment}: there was nothing to cancel")
    page.wait(lambda: page.script("return window.cancelled.told"), "the word that it is cancelled", 60)
    looking.join()
    clicked, told = page.script("return [window.cancelled.clicked, window.cancelled.told]")
    said, cleaned = told - clicked, clean[0] * 1000 - clicked
    print(f"{kind}, cancelled {moment}: said after {said:.0f} ms, nothing left after {cleaned:.0f} ms", flush=True)
    return max(said, cleaned)


def emptied(folder, before):
    """When a folder was as before, in seconds since 1970."""
    until = time.time() + 60
    while time.time() < until:
        if sorted(folder.iterdir()) == before:
            return time.time()
        time.sleep(0.002)
    raise AssertionError(f"left behind: {sorted(folder.iterdir())}")


def watch(page, kind, pictures):
    """Runs an export to its end and compares what was said of the time left."""
    page.click_named("button", "Write package")
    began, seen = time.monotonic(), []
    while True:
        stage, numbers, percent, is_done = page.script(STATE)
        now = time.monotonic() - began
        if is_done:
            break
        seen.append((now, stage, percent, numbers.replace("\n", " · ").replace("\u202f", " ").replace("\u00a0", " ")))
        if pictures and 40 <= percent <= 70:
            pictures.mkdir(parents=True, exist_ok=True)
            page.screenshot(pictures / f"exporting-{kind.lower()}.png")
        time.sleep(0.25)
    print(f"{kind}: {now:.1f} s in all; what was said, and what was left:")
    for at, stage, percent, numbers in seen:
        is_told = re.search(r"left", numbers)
        print(f"  {at:5.1f} s  {stage:10} {percent:3.0f} %  {numbers}{f'   (were {now - at:.1f} s)' if is_told else ''}", flush=True)


if __name__ == "__main__":
    sys.exit(main())
