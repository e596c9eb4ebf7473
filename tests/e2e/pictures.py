"""Pictures of the window's states for review, in light and dark, into the folder PACKWRIGHT_SCREENSHOTS."""

import os
import pathlib
import subprocess
import time

import scenarios
from scenarios import CHURN, CUT_ONNX, CUT_PICKLE, FIXTURES, ONNX, PIPELINE

DANGEROUS = FIXTURES / "hostile/pickle/real_model_with_payload_attr.pkl"
BOOSTER = FIXTURES / "lightgbm/booster_multiclass_names.txt"


def states(desk, scheme):
    folder = pathlib.Path(os.environ["PACKWRIGHT_SCREENSHOTS"])
    folder.mkdir(parents=True, exist_ok=True)
    count = iter(range(1, 100))

    def shoot(name):
        time.sleep(0.35)  # transitions
        page.wait_painted()
        time.sleep(1.0)  # a display without a graphics card shows a frame late
        desk.picture(folder / f"{scheme}-{next(count):02}-{name}.png")

    page = desk.open_app()
    page.wait_text("Drop a trained model here")
    dark_asked = page.script("return matchMedia('(prefers-color-scheme: dark)').matches")
    assert dark_asked == (scheme == "dark"), f"the page does not follow the system: {scheme}"
    shoot("empty")
    for path, seen in [(CHURN, "ColumnTransformer"), (BOOSTER, "LightGBM"), (ONNX, "ONNX"), (PIPELINE, "LogisticRegression")]:
        hand_over(desk, path)
        page.wait_text(seen)
    shoot("ready")
    for number, section in enumerate(["signature", "environment", "metadata", "safety", "files"], 2):
        desk.focus("Packwright")
        desk.keys(f"ctrl+{number}")
        shoot(section)
    scenarios.begin_export(desk, page, "Zip", desk.work / "out/iris.zip")
    shoot("plan")
    page.click_named("button", "Write package")
    page.wait_find("#receipt", 30)
    shoot("receipt")
    page.click_named("button", "Close")
    hand_over(desk, CUT_ONNX)
    page.wait_text("Damaged")
    shoot("damaged")
    page.click_named("button", "Dismiss")
    hand_over(desk, CUT_PICKLE)
    page.wait_text("Not fully read")
    shoot("not-fully-read")
    hand_over(desk, DANGEROUS)
    page.wait_text("Dangerous")
    shoot("dangerous")
    desk.focus("Packwright")
    desk.keys("ctrl+k")
    shoot("palette")
    desk.keys("Escape")
    for menu, key in [("file", "alt+f"), ("view", "alt+v")]:
        desk.keys(key)
        shoot(f"menu-{menu}")
        desk.keys("Escape")
    big = desk.work / "big.pkl"
    scenarios.write_big_pickle(big)
    hand_over(desk, big)
    page.wait_text("big.pkl")
    scenarios.begin_export(desk, page, "Zip", desk.work / "out/big.zip")
    page.click_named("button", "Write package")
    page.wait_named("button", "Cancel")
    shoot("exporting")


def hand_over(desk, path):
    subprocess.run([desk.app, path], env=desk.env, timeout=20, check=True)


def pictures_in_light(desk):
    """Every state in light."""
    states(desk, "light")


def pictures_in_dark(desk):
    """Every state in dark."""
    states(desk, "dark")


pictures_in_dark.dark = True

SCENARIOS = [pictures_in_light, pictures_in_dark]
