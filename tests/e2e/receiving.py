"""What a person does with a package that somebody sent."""

import json
import os
import pathlib
import shutil
import subprocess
import time
import zipfile

import scenarios
from scenarios import CHURN, DANGEROUS, PIPELINE


def a_received_package_is_judged_and_told_where_it_runs(desk):
    """A zip is judged safe and runs in the environment that is here, as it does; a swapped model is dangerous whatever the package says."""
    python = pathlib.Path(scenarios.python_with_mlflow()).absolute()
    (desk.work / ".venv").symlink_to(python.parents[1])
    package = packed(desk, python, PIPELINE, "sent.zip")
    page = desk.open_app(package)
    page.click_named("button", "Check this package")
    page.wait_text("Loading this package is safe")
    page.wait_text(".venv has everything that it asks for")
    assert "\nYes: " in page.text(), page.text()
    picture(desk, page, "received-yes")
    with zipfile.ZipFile(package) as archive:
        archive.extractall(desk.work / "unpacked")
    scenarios.predict_with_mlflow(desk.work / "unpacked", PIPELINE)
    page.click_named("button", "Close")

    [model] = desk.work.glob("unpacked/*.pkl")
    shutil.copy(DANGEROUS, model)
    (desk.work / "unpacked/code").mkdir()
    (desk.work / "unpacked/code/helpers.py").write_text("import os\n")
    text = (desk.work / "unpacked/MLmodel").read_text()
    (desk.work / "unpacked/MLmodel").write_text(text.replace("loader_module:", "code: code\n    loader_module:"))
    desk.run(desk.app, desk.work / "unpacked")
    page.click_named("button", "Check this package")
    page.wait_text("Loading this package is dangerous")
    page.wait_text("Its maker's Packwright judged the model file Safe")
    findings = page.script("return arguments[0].innerText", {scenarios.ELEMENT: page.wait_named("table", "Findings")})
    assert model.name in findings and "code/helpers.py" in findings, findings
    loose = page.script("return [...document.querySelectorAll('[role=dialog] figure')].filter((one) => !one.closest('details:not([open])')).length")
    assert loose == 0, "lines that load it are not at hand"
    picture(desk, page, "received-dangerous")
    scroll(page, "Will it run here?")
    picture(desk, page, "received-dangerous-here")


def what_an_environment_lacks_is_told(desk):
    """The Python that was asked for is another one, and a library is missing: both are named, and nothing here is changed."""
    python = pathlib.Path(scenarios.python_with_mlflow()).absolute()
    (desk.work / ".venv").symlink_to(python.parents[1])
    package = packed(desk, python, CHURN, "churn.zip", requirements=["mlflow", "scikit-learn==1.5.2", "numpy", "pandas"])
    page = desk.open_app(package)
    page.click_named("button", "Check this package")
    page.wait_text("scikit-learn is ")
    page.wait_text(" and 1.5.2 is asked for")
    scroll(page, "Will it run here?")
    picture(desk, page, "received-almost")


def packed(desk, python, model, name, requirements=None):
    """A package that asks for the Python of an environment, and for its versions or the lines given."""
    code = "import platform, importlib.metadata as m; print(platform.python_version()); [print(f\"{d.metadata['Name']}=={d.version}\") for d in m.distributions()]"
    version, *lines = subprocess.run([python, "-c", code], capture_output=True, text=True, check=True, timeout=60).stdout.splitlines()
    listed = desk.work / "requirements.txt"
    listed.write_text("\n".join(requirements or lines) + "\n")
    recipe = desk.work / "recipe.json"
    recipe.write_text(json.dumps({"edits": [{"kind": "setPython", "version": ".".join(version.split(".")[:2])}]}))
    option = "--requirements" if requirements else "--versions-from"
    package = desk.work / name
    pack = [desk.app.with_name("packwright"), "pack", model, "-o", package, "--recipe", recipe, option, listed]
    subprocess.run(pack, check=True, timeout=60, capture_output=True, env=desk.env)
    return package


def scroll(page, label):
    page.script(f"document.querySelector('[aria-label=\"{label}\"]').scrollIntoView()")


def picture(desk, page, name):
    """A picture of this moment, where pictures are wanted."""
    if folder := os.environ.get("PACKWRIGHT_SCREENSHOTS"):
        page.wait_painted()
        time.sleep(1.0)  # a display without a graphics card shows a frame late
        dark = page.script("return matchMedia('(prefers-color-scheme: dark)').matches")
        desk.picture(pathlib.Path(folder) / f"{'dark' if dark else 'light'}-{name}.png")


def received_in_the_dark(desk):
    """The same, for its pictures in dark."""
    a_received_package_is_judged_and_told_where_it_runs(desk)


def lacking_in_the_dark(desk):
    """The same, for its pictures in dark."""
    what_an_environment_lacks_is_told(desk)


received_in_the_dark.dark = True
lacking_in_the_dark.dark = True

SCENARIOS = [a_received_package_is_judged_and_told_where_it_runs, what_an_environment_lacks_is_told]
PICTURES = [received_in_the_dark, lacking_in_the_dark]
