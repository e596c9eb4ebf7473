"""Files that belong to a model, dropped on its window: environment files, and the network of weights."""

import os
import pathlib
import subprocess

from scenarios import FIXTURES, PIPELINE, drag, export, python_with_mlflow, redo, undo

WEIGHTS = FIXTURES / "keras/sequential.weights.h5"
NETWORK = FIXTURES / "keras/model_config.json"
OTHER_NETWORK = FIXTURES / "keras/cnn.keras"
INDEX = "--extra-index-url https://pypi.example.org/simple"


def an_environment_file_without_a_draft_says_where_it_belongs(desk):
    """A list of requirements is no model, whatever it is called; a text is no list."""
    page = desk.open_app()
    page.wait_text("Drop a trained model here")
    listed = desk.work / "frozen.txt"
    listed.write_text("certifi==2024.8.30\nnumpy==1.26.4\n")
    drag(desk, page, [listed], "Open frozen.txt")
    page.wait_text("Environment file")
    page.wait_text("asks for 2 packages")
    page.wait_text("drop the model first")
    prose = desk.work / "requirements.txt"
    prose.write_text("What this needs is written elsewhere.\n")
    drag(desk, page, [prose], "Open requirements.txt")
    page.wait_text("it is a text file")


def a_dropped_environment_file_gives_its_versions_and_its_index(desk):
    """Dropped on a draft it is imported, told and undone; its index is written without the login, and MLflow loads the package."""
    environment = desk.work / "requirements.txt"
    environment.write_text(f"numpy==2.0.1\n{INDEX.replace('//', '//me:secret@')}\n-r base.txt\nrich==13.0.0\n")
    page = desk.open_app(PIPELINE)
    page.wait_text("LogisticRegression")
    drag(desk, page, [environment], "Take the versions of requirements.txt for pipe_scaler_logreg_df")
    page.wait_text("Taken from requirements.txt: 1 version and 1 place where pip looks.")
    page.wait_text("2 entries are left out")
    page.wait_text("pip looks at pypi.example.org too")
    assert "secret" not in page.text() and "numpy==2.0.1" in page.text(), page.text()
    assert "rich" not in page.text(), page.text()
    picture(page, "dropped-environment.png")
    # At once, before anything is answered.
    undo(desk, page)
    page.wait(lambda: INDEX not in page.text() and "Taken from" not in page.text(), "the import to be taken back")
    redo(desk, page)
    page.wait_text(INDEX)
    target = desk.work / "out/flowers"
    export(desk, page, "Folder", target)
    written = (target / "requirements.txt").read_text().splitlines()
    assert written[1] == INDEX and "numpy==2.0.1" in written, written
    assert INDEX in (target / "conda.yaml").read_text()
    assert not any("secret" in path.read_text(errors="replace") for path in target.rglob("*") if path.is_file())
    check = (
        "import mlflow, sys; from mlflow.utils.requirements_utils import _parse_requirements; mlflow.pyfunc.load_model(sys.argv[1]);"
        " print([line.req_str for line in _parse_requirements(sys.argv[1] + '/requirements.txt', is_constraint=False)]);"
        " print(open(mlflow.pyfunc.get_model_dependencies(sys.argv[1], format='conda')).read())"
    )
    done = subprocess.run([python_with_mlflow(), "-c", check, target], capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0 and done.stdout.count(INDEX) == 2, done.stdout + done.stderr


def a_dropped_network_goes_to_the_weights_that_lack_it(desk):
    """The network of another model opens on its own and says why; theirs goes to the weights, and can be taken back."""
    page = desk.open_app(WEIGHTS)
    page.wait_text("holds weights and not the layers")
    drag(desk, page, [OTHER_NETWORK], "Open cnn.keras")
    page.wait_text("The weights do not fit cnn.keras")
    page.wait_text("It is open as a draft of its own.")
    picture(page, "dropped-other-network.png")
    page.click_named("button", "Safe sequential keras")
    page.wait_text("holds weights and not the layers")
    drag(desk, page, [NETWORK], "Open model_config.json")
    page.wait_text("model_config.json is the network of these weights.")
    page.wait(lambda: "holds weights and not the layers" not in page.text(), "the weights to be complete")
    n_drafts = page.script("return document.querySelectorAll('nav [data-row]').length")
    assert n_drafts == 2, n_drafts
    picture(page, "dropped-network.png")
    page.click_named("button", "Undo")
    page.wait_text("holds weights and not the layers")
    assert "is the network of these weights" not in page.text(), page.text()


def picture(page, name):
    """A picture of the window, where pictures are wanted."""
    if folder := os.environ.get("PACKWRIGHT_SCREENSHOTS"):
        page.wait_painted()
        pathlib.Path(folder).mkdir(parents=True, exist_ok=True)
        page.screenshot(pathlib.Path(folder) / name)


SCENARIOS = [
    an_environment_file_without_a_draft_says_where_it_belongs,
    a_dropped_environment_file_gives_its_versions_and_its_index,
    a_dropped_network_goes_to_the_weights_that_lack_it,
]
