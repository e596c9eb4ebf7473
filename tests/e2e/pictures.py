"""Pictures of the window's states for review, in light and dark, into the folder PACKWRIGHT_SCREENSHOTS."""

import os
import pathlib
import subprocess
import time

import scenarios
from scenarios import CHURN, CUT_ONNX, CUT_PICKLE, DANGEROUS, FIXTURES, ONNX, OWN_CODE, OWN_MODULE, OWN_SKOPS, PIPELINE, TWO_MODELS, UNFITTED

SCRIPT = FIXTURES / "torch/conv_traced.pt"
KERAS = FIXTURES / "keras/sequential.keras"
STATE_DICT = FIXTURES / "torch/mlp_state_dict.pt"
NETWORK = """
import torch


class Net(torch.nn.Sequential):
    def __init__(self, hidden: int, dropout=0.1):
        super().__init__(torch.nn.Linear(4, hidden), torch.nn.ReLU(), torch.nn.Linear(hidden, 3))
"""
CNN = FIXTURES / "keras/cnn.keras"
CHAT = FIXTURES / "gguf/tiny_llama.gguf"
HUB = FIXTURES / "transformers/bert_classifier"
BOOSTER = FIXTURES / "lightgbm/booster_multiclass_names.txt"


def camera(desk, page, scheme):
    """Gives a function that takes the next picture under a name."""
    folder = pathlib.Path(os.environ["PACKWRIGHT_SCREENSHOTS"])
    folder.mkdir(parents=True, exist_ok=True)
    count = iter(range(1, 100))

    def shoot(name):
        time.sleep(0.35)  # transitions
        page.wait_painted()
        time.sleep(1.0)  # a display without a graphics card shows a frame late
        desk.picture(folder / f"{scheme}-{next(count):02}-{name}.png")

    return shoot


def states(desk, scheme):
    page = desk.open_app()
    shoot = camera(desk, page, scheme)
    page.wait_text("Drop a trained model here")
    dark_asked = page.script("return matchMedia('(prefers-color-scheme: dark)').matches")
    assert dark_asked == (scheme == "dark"), f"the page does not follow the system: {scheme}"
    shoot("empty")
    for path, seen in [(CHURN, "ColumnTransformer"), (BOOSTER, "LightGBM"), (ONNX, "ONNX"), (PIPELINE, "LogisticRegression")]:
        hand_over(desk, path)
        page.wait_text(seen)
    shoot("ready")
    for number, section in enumerate(["structure", "signature", "environment", "metadata", "safety", "checks", "files"], 2):
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
    show(desk, 6)
    shoot("dangerous-safety")
    scenarios.begin_export(desk, page, "Zip", desk.work / "out/dangerous.zip")
    shoot("typed-confirmation")
    desk.keys("Escape")
    hand_over(desk, OWN_CODE)
    page.wait_text("company_transforms")
    shoot("own-code-missing")
    show(desk, 4)
    shoot("own-code-environment")
    show(desk, 6)
    shoot("own-code-safety")
    page.click_named("button", "Accept company_transforms.")
    note = page.wait_named("textbox", "may be loaded")
    shoot("accepting")
    page.type(note, "our own, reviewed" + scenarios.ENTER)
    page.wait_text("Accepted by you: our own, reviewed")
    shoot("accepted")
    scenarios.drag(desk, page, [OWN_MODULE], "Add company_transforms.py")
    page.wait(lambda: "not added yet" not in page.text(), "the module is found")
    show(desk, 4)
    shoot("own-code-added")
    hand_over(desk, OWN_SKOPS)
    page.wait_text("Types that you decide about")
    show(desk, 6)
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
    structure_and_code(desk, page, shoot)
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


def structure_and_code(desk, page, shoot):
    """Layers, groups and tensors with a search, and generated code with a mistake, compared."""
    hand_over(desk, CNN)
    page.wait_named("treegrid", "Layers")
    show(desk, 2)
    desk.keys("Tab", "Tab", "Tab", "Tab", "Down", "Down")
    shoot("structure-layers")
    hand_over(desk, CHAT)
    page.wait_named("treegrid", "Groups")
    show(desk, 2)
    shoot("structure-groups")
    desk.keys("ctrl+f")
    desk.keys("a", "t", "t", "n")
    page.wait_text(" of ")
    shoot("structure-search")
    page.click_named("radio", "Tensors")
    shoot("structure-tensors")
    page.click_named("button", "model.py")
    area = {scenarios.ELEMENT: page.wait_named("textbox", "Text of model.py")}
    show(desk, 8)
    shoot("code")
    page.script("arguments[0].focus(); arguments[0].setSelectionRange(0, 0)", area)
    desk.keys("parenleft", "Return")
    page.wait_text("is never closed")
    page.click_named("button", "Compare")
    shoot("code-mistake-compared")
    page.click_named("button", "Revert to generated")


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


def pictures_at_twice_the_size(desk):
    """What is widest, at 200 % in the smallest window: the structure, code, weights that need an architecture."""
    network = desk.work / "net.py"
    network.write_text(NETWORK)
    page = desk.open_app(STATE_DICT)
    shoot = camera(desk, page, "twice")
    page.wait_text("Architecture")
    window = desk.wait_window("Packwright")
    desk.run("xdotool", "windowsize", window, "1800", "1200")  # the smallest that it gets
    shoot("weights")
    show(desk, 2)
    shoot("weights-structure")
    scenarios.drag(desk, page, [network], "Add net.py")
    page.wait_text("net.Net needs a value for hidden")
    page.script("[...document.querySelectorAll('h3')].find((h) => h.textContent === 'Architecture').scrollIntoView()")
    shoot("architecture")
    structure_and_code(desk, page, shoot)


pictures_in_dark.dark = True
pictures_at_twice_the_size.scale = 2

SCENARIOS = [pictures_in_light, pictures_in_dark, pictures_at_twice_the_size]
