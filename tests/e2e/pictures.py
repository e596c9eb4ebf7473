"""Pictures of the window's states for review, in light and dark, into the folder PACKWRIGHT_SCREENSHOTS."""

import os
import pathlib
import subprocess
import time

import scenarios
from scenarios import CHURN, CUT_ONNX, CUT_PICKLE, DANGEROUS, FIXTURES, ONNX, OWN_CODE, OWN_MODULE, OWN_SKOPS, PIPELINE, TWO_MODELS, UNFITTED

SCRIPT = FIXTURES / "torch/conv_traced.pt"
KERAS = FIXTURES / "keras/sequential.keras"
HUB = FIXTURES / "transformers/bert_classifier"
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
        show(desk, number)
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
    show(desk, 5)
    shoot("dangerous-safety")
    scenarios.begin_export(desk, page, "Zip", desk.work / "out/dangerous.zip")
    shoot("typed-confirmation")
    desk.keys("Escape")
    hand_over(desk, OWN_CODE)
    page.wait_text("company_transforms")
    shoot("own-code-missing")
    show(desk, 3)
    shoot("own-code-environment")
    show(desk, 5)
    shoot("own-code-safety")
    page.click_named("button", "Accept company_transforms.")
    note = page.wait_named("textbox", "may be loaded")
    shoot("accepting")
    page.type(note, "our own, reviewed" + scenarios.ENTER)
    page.wait_text("Accepted by you: our own, reviewed")
    shoot("accepted")
    scenarios.drag(desk, page, [OWN_MODULE], "Add company_transforms.py")
    page.wait(lambda: "not added yet" not in page.text(), "the module is found")
    show(desk, 3)
    shoot("own-code-added")
    hand_over(desk, OWN_SKOPS)
    page.wait_text("Types that you decide about")
    show(desk, 5)
    shoot("types")
    hand_over(desk, TWO_MODELS)
    page.wait_text("The file holds 2 models")
    shoot("two-models")
    table = desk.work / "customers.csv"
    rows = ["id,age,city,email,churned", "1001,34,Graz,ada@firm.com,0", "1002,,Oslo,bob@firm.com,1", "1003,51,Rome,,0"]
    table.write_text("\n".join(rows) + "\n")
    hand_over(desk, UNFITTED)
    page.wait_text("RandomForestClassifier")
    scenarios.drag(desk, page, [table], "as sample data")
    page.wait_text("look like personal data")
    show(desk, 2)
    shoot("sample-signature")
    page.script("document.querySelector('[aria-label=\"Columns of the sample\"]').scrollIntoView()")
    shoot("sample-columns")
    page.script("document.querySelector('[aria-label=\"Personal data\"]').scrollIntoView({ block: 'end' })")
    shoot("sample-example")
    for name, path, seen in [("pytorch", SCRIPT, "ConvNet"), ("keras", KERAS, "Sequential"), ("transformers", HUB, "BertFor")]:
        hand_over(desk, path)
        page.wait_text(seen)
        shoot(name)
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


def show(desk, number):
    """Scrolls to a section by its key."""
    desk.focus("Packwright")
    desk.keys(f"ctrl+{number}")


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
