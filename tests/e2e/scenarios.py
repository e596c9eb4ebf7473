"""What a person does with the real app, one function each. `run.py` gives it a desktop and a time limit."""

import json
import os
import pathlib
import shutil
import subprocess
import sys
import threading
import time
import zipfile

from desktop import APP_ID, HERE
from wd import ELEMENT, ENTER

FIXTURES = HERE.parent / "fixtures"
KEYS = HERE.parents[1] / "crates/engine/tests/keys"
PIPELINE = FIXTURES / "sklearn/pipe_scaler_logreg_df.pkl"
CHURN = FIXTURES / "sklearn/columntransformer_mixed_df.joblib"
UNFITTED = FIXTURES / "sklearn/unfitted_rf.pkl"
ONNX = FIXTURES / "onnx/skl_rf_nozipmap.onnx"
OWN_CODE = FIXTURES / "sklearn/custom_module/pipeline_user_module.pkl"
OWN_SKOPS = FIXTURES / "sklearn/custom_module/pipeline_user_module.skops"
OWN_MODULE = FIXTURES / "sklearn/custom_module/company_transforms.py"
TWO_MODELS = FIXTURES / "containers/two_models.tar.gz"
DANGEROUS = FIXTURES / "hostile/pickle/real_model_with_payload_attr.pkl"
CUT_PICKLE = FIXTURES / "hostile/truncated/half__sklearn__rf_iris_proto2.pkl"
CUT_ONNX = FIXTURES / "hostile/truncated/half__onnx__dense_dynamic_batch.onnx"

BIG_BYTES = 400_000_000


def open_edit_export_and_load_in_mlflow(desk):
    """From a path on the command line to a zip that MLflow loads."""
    page = desk.open_app(PIPELINE)
    page.wait_text("LogisticRegression")
    inputs = page.wait_named("table", "Inputs")
    shown = page.script("return arguments[0].innerText", {ELEMENT: inputs})
    columns = [name for name in ["sepal_len", "sepal_wid", "petal_len", "petal_wid"] if name in shown]
    assert columns == ["sepal_len", "sepal_wid", "petal_len", "petal_wid"], shown
    assert shown.count("double") >= 4 or shown.count("feature_names_in_") >= 4, shown

    rename(page, "iris_by_hand")
    describe(page, "Tells three kinds of iris apart.")
    add_tag(page, "stage", "candidate")
    page.wait_text("candidate")
    rename(page, "wrong_name")
    undo(desk, page)
    page.wait_named("button", "Name: iris_by_hand")
    redo(desk, page)
    page.wait_named("button", "Name: wrong_name")
    undo(desk, page)
    page.wait_named("button", "Name: iris_by_hand")

    target = desk.work / "out/iris_by_hand.zip"
    receipt = export(desk, page, "Zip", target)
    assert "mlflow" in receipt, receipt
    with zipfile.ZipFile(target) as archive:
        model = archive.read("MLmodel").decode()
        assert archive.testzip() is None
        archive.extractall(desk.work / "unpacked")
    for written in ["Tells three kinds of iris apart.", "candidate", "petal_wid"]:
        assert written in model or written in json.dumps(sorted(archive.namelist())), f"{written} is not in {model}"
    predict_with_mlflow(desk.work / "unpacked", PIPELINE)


def drop_two_models_from_another_window(desk):
    """A real drag over X11: the overlay, two drafts, and what is no model says so."""
    page = desk.open_app()
    page.wait_text("Drop a trained model here")
    drag(desk, page, [PIPELINE, CHURN], "Open 2 files")
    page.wait_text("pipe_scaler_logreg_df")
    page.wait_text("columntransformer_mixed_df")
    n_drafts = page.script("return document.querySelectorAll('nav [data-row]').length")
    assert n_drafts == 2, n_drafts
    assert page.find("#drop-overlay") is None, "the overlay is gone after the drop"

    note = desk.work / "notes.txt"
    note.write_text("A model of churn.\n")
    drag(desk, page, [note], "Open notes.txt")
    page.wait_text("Not a model")
    assert page.script("return document.querySelectorAll('nav [data-row]').length") == 2


def a_table_without_a_draft_says_where_it_belongs(desk):
    """A CSV is no model: without an open draft it opens nothing, and says what it is good for."""
    page = desk.open_app()
    page.wait_text("Drop a trained model here")
    table = desk.work / "customers.csv"
    table.write_text("age,city\n34,Graz\n51,Oslo\n")
    drag(desk, page, [table], "Open customers.csv")
    page.wait_text("Sample data")
    page.wait_text("drop it on an open draft")


def a_dropped_table_types_the_signature_and_becomes_the_example(desk):
    """A CSV on a draft: its target is marked, a cell is edited, an address is pointed out, and MLflow takes the example."""
    table = desk.work / "flowers.csv"
    table.write_text(
        "sepal_len,sepal_wid,petal_len,petal_wid,species,contact\n5.1,3.5,1,0.2,setosa,ada@firm.com\n6.1,2.8,4,1.2,virginica,bob@firm.com\n"
    )
    page = desk.open_app(PIPELINE)
    page.wait_text("LogisticRegression")
    drag(desk, page, [table], "Add flowers.csv to pipe_scaler_logreg_df as sample data")
    page.wait_text("typed as pandas.read_csv reads it")
    kind = "return arguments[0].value"
    assert page.script(kind, {ELEMENT: page.wait_named("combobox", "Type of petal_len")}) == "long"
    page.click_named("button", "Use double for petal_len")
    page.wait(lambda: page.script(kind, {ELEMENT: page.wait_named("combobox", "Type of petal_len")}) == "double", "the better type")
    role = page.wait_named("combobox", "Role of species")
    assert page.script(kind, {ELEMENT: role}) == "ignored"
    choose(page, role, "target")
    page.wait(lambda: page.script(kind, {ELEMENT: page.wait_named("combobox", "Role of species")}) == "target", "the role")
    page.click_named("button", "petal_wid, row 2: 1.2")
    field = page.wait_named("textbox", "petal_wid, row 2")
    page.script("arguments[0].select()", {ELEMENT: field})
    page.type(field, "1.75" + ENTER)
    page.wait_named("button", "petal_wid, row 2: 1.75")
    undo(desk, page)
    page.wait_named("button", "petal_wid, row 2: 1.2")
    redo(desk, page)
    page.wait_named("button", "petal_wid, row 2: 1.75")
    target = desk.work / "out/flowers"
    export(desk, page, "Folder", target)
    example = json.loads((target / "input_example.json").read_text())
    assert example["columns"] == ["sepal_len", "sepal_wid", "petal_len", "petal_wid"], example
    assert example["data"][1] == [6.1, 2.8, 4, 1.75], example
    check = "import mlflow, sys; m = mlflow.pyfunc.load_model(sys.argv[1]); print(m.predict(m.metadata.load_input_example(sys.argv[1])))"
    done = subprocess.run([python_with_mlflow(), "-c", check, target], capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def personal_data_in_an_example_is_replaced(desk):
    """A table for a model that knows no columns: the cell is named, and one button puts a made-up value in its place."""
    table = desk.work / "people.csv"
    table.write_text("name,email\nAda Lovelace,ada@firm.com\n")
    page = desk.open_app(UNFITTED)
    page.wait_text("RandomForestClassifier")
    drag(desk, page, [table], "as sample data")
    page.wait_text("looks like an e-mail address")
    page.click_named("button", "Replace by made-up values")
    page.wait_named("button", "email, row 1: person@example.org")
    assert "looks like" not in page.text()


def drag_away_again_and_nothing_opens(desk):
    """Leaving the window takes the overlay away; letting go outside opens nothing."""
    page = desk.open_app()
    page.wait_text("Drop a trained model here")
    drag(desk, page, [PIPELINE], "Open pipe_scaler_logreg_df.pkl", drops=False)
    page.wait(lambda: page.find("#drop-overlay") is None, "the overlay going away")
    assert "LogisticRegression" not in page.text()


def cancel_leaves_nothing_behind(desk):
    """Cancel in the middle of a big export: the folder is as it was, and the draft can be exported again."""
    big = desk.work / "big.pkl"
    write_big_pickle(big)
    page = desk.open_app(big)
    page.wait_text("big.pkl")
    target = desk.work / "out/big.zip"
    target.parent.mkdir()
    (target.parent / "mine.txt").write_text("stays")
    before = listing(target.parent)
    begin_export(desk, page, "Zip", target)
    page.click_named("button", "Write package")
    page.click_named("button", "Cancel")
    page.wait_text("Cancelled. Nothing was left behind.", 30)
    assert listing(target.parent) == before, listing(target.parent)


def closing_the_window_stops_the_export(desk):
    """The window goes away during an export, and so does what was half written."""
    big = desk.work / "big.pkl"
    write_big_pickle(big)
    page = desk.open_app(big)
    page.wait_text("big.pkl")
    target = desk.work / "out/big.zip"
    target.parent.mkdir()
    begin_export(desk, page, "Zip", target)
    page.click_named("button", "Write package")
    page.wait_named("button", "Cancel")
    desk.run("xdotool", "search", "--onlyvisible", "--name", "^Packwright$", "windowclose")
    until = time.monotonic() + 15
    while listing(target.parent) or desk.windows("Packwright"):
        assert time.monotonic() < until, listing(target.parent)
        time.sleep(0.05)


def second_start_hands_its_path_over(desk):
    """A second start shows its file in the first window and ends."""
    page = desk.open_app(PIPELINE)
    page.wait_text("LogisticRegression")
    folder = desk.work / "elsewhere"
    folder.mkdir()
    (folder / "churn.joblib").write_bytes(CHURN.read_bytes())
    second = subprocess.run([desk.app, "churn.joblib"], env=desk.env, cwd=folder, timeout=20, check=False)
    assert second.returncode == 0, second.returncode
    page.wait_text("churn")
    page.wait_text("ColumnTransformer")
    assert len(desk.windows("Packwright")) == 1


def second_start_before_the_page_is_ready(desk):
    """A path that comes while the page still loads is not lost."""
    second = threading.Thread(target=start_when_the_first_is_known, args=[desk, CHURN])
    second.start()
    page = desk.open_app()
    second.join()
    page.wait_text("ColumnTransformer")


def damaged_files_say_where_they_stop(desk):
    """A cut ONNX file is refused with place and way out; a cut pickle shows what could be read, and cannot be exported."""
    page = desk.open_app(CUT_ONNX, CUT_PICKLE)
    page.wait_text("Damaged")
    page.wait_text("onnx at byte 10")
    page.wait_text("cut short")
    page.wait_text("pickle at byte 5642")
    page.wait_text("Not fully read")
    page.click(page.wait_find("#export-button"))
    assert page.named("menuitem", "Zip") is None, "a cut model offers no export"


def browse_opens_what_the_dialog_gives(desk):
    """The native open dialog, from the button and from the menu's key."""
    page = desk.open_app()
    page.click_named("button", "Browse…")
    desk.pick_in_open_dialog("Open models", ONNX)
    page.wait_text("skl_rf_nozipmap")
    desk.focus("Packwright")
    desk.keys("ctrl+o")
    window = desk.wait_window("Open models")
    desk.run("xdotool", "windowfocus", "--sync", window)
    desk.keys("Escape")
    desk.wait_no_window("Open models")
    assert page.script("return document.querySelectorAll('nav [data-row]').length") == 1


def the_sample_model_exports_as_a_folder(desk):
    """First start, no model at hand: the sample, exported as a folder that MLflow loads."""
    page = desk.open_app()
    page.click_named("button", "Try the sample model")
    page.wait_text("ColumnTransformer")
    target = desk.work / "out/churn"
    export(desk, page, "Folder", target)
    sample = desk.home / ".local/share/org.packwright.app/sample_model.joblib"
    assert sample.read_bytes() == CHURN.read_bytes()
    predict_with_mlflow(target, CHURN)


def reveal_asks_the_file_manager(desk):
    """Reveal shows the exported file itself, and says so when it was moved away."""
    page = desk.open_app(PIPELINE)
    target = desk.work / "out/with space.zip"
    export(desk, page, "Zip", target)
    manager = desk.start("/usr/bin/python3", HERE / "file_manager.py", stdout=subprocess.PIPE)
    assert manager.stdout.readline() == b"ready\n"
    page.click_named("button", "Reveal in folder")
    assert manager.stdout.readline().decode().strip() == target.as_uri()
    target.unlink()
    page.click_named("button", "Reveal in folder")
    page.wait_text("is no longer there")


def undo_in_a_field_is_about_its_text(desk):
    """The menu takes Ctrl+Z before the page sees it; in a text field it undoes typing and leaves the draft alone."""
    page = desk.open_app(PIPELINE)
    page.wait_text("LogisticRegression")
    add_tag(page, "stage", "candidate")
    field = page.wait_find("#tag-key")
    page.click(field)
    page.type(field, "owner")
    desk.focus("Packwright")
    desk.keys("ctrl+z")
    value = "return arguments[0].value"
    page.wait(lambda: page.script(value, {ELEMENT: field}) != "owner", "the typing being undone")
    assert page.named("button", "Value of stage: candidate"), "the tag is still there"
    desk.keys("ctrl+shift+z")
    page.wait(lambda: page.script(value, {ELEMENT: field}) == "owner", "the typing being done again")


def replacing_is_asked_for_once(desk):
    """The native dialog asks before it gives an existing file; a yes there is enough, a no changes nothing."""
    page = desk.open_app(PIPELINE)
    target = desk.work / "out/mine.zip"
    target.parent.mkdir()
    with zipfile.ZipFile(target, "w") as old:
        old.writestr("MLmodel", "flavors: {}\n")
    before = target.read_bytes()
    page.click(page.wait_find("#export-button"))
    page.click_named("menuitem", "Zip")
    desk.type_in_file_dialog("Export as zip", target)
    desk.wait_active_other_than("Export as zip")  # "A file named … already exists. Do you want to replace it?"
    desk.keys("alt+r")
    desk.wait_no_window("Export as zip")
    page.wait_text(str(target))
    assert target.read_bytes() == before, "nothing is replaced before the package is complete"
    page.click_named("button", "Write package")
    page.wait_find("#receipt", 30)
    assert len(zipfile.ZipFile(target).namelist()) > 1


def own_code_is_dropped_and_a_row_accepted(desk):
    """A model of a class of the person's own: the missing module is named, dropped, accepted with a note, and packed."""
    page = desk.open_app(OWN_CODE)
    page.wait_text("company_transforms")
    page.wait_text("not added yet")
    page.click_named("button", "Accept company_transforms.")
    note = page.wait_named("textbox", "may be loaded")
    page.type(note, "our own, reviewed" + ENTER)
    page.wait_text("Accepted by you: our own, reviewed")
    page.click_named("button", "Withdraw the acceptance of company_transforms.")
    page.wait_named("button", "Accept company_transforms.")
    undo(desk, page)
    page.wait_text("Accepted by you: our own, reviewed")
    drag(desk, page, [OWN_MODULE], "Add company_transforms.py")
    page.wait(lambda: "not added yet" not in page.text(), "the module is found")
    target = desk.work / "out/own.zip"
    export(desk, page, "Zip", target)
    with zipfile.ZipFile(target) as archive:
        model = archive.read("MLmodel").decode()
        archive.extractall(desk.work / "unpacked")
        assert "code/company_transforms.py" in archive.namelist(), archive.namelist()
    assert "our own, reviewed" in model, model
    predict_with_mlflow(desk.work / "unpacked", OWN_CODE)


def types_are_trusted_one_by_one(desk):
    """A skops file with a type of nobody's list is packed only after the person trusts that type."""
    page = desk.open_app(OWN_SKOPS)
    page.wait_text("Types that you decide about")
    boxes = "return [...document.querySelectorAll('fieldset input[type=checkbox]')]"
    assert page.script(boxes + ".map((box) => box.checked)") == [False], page.text()
    page.script(boxes + "[0].click()")
    page.wait(lambda: page.script(boxes + "[0].checked"), "the type is trusted")
    undo(desk, page)
    page.wait(lambda: not page.script(boxes + "[0].checked"), "the trust is taken back")


def one_of_several_models_is_chosen(desk):
    """An archive of two models: the person picks, and the package holds the one that was picked."""
    page = desk.open_app(TWO_MODELS)
    page.wait_text("The file holds 2 models")
    chosen = "return document.querySelector('fieldset .chosen').innerText"
    first = page.script(chosen)
    page.script("document.querySelector('fieldset label:not(.chosen) input').click()")
    page.wait(lambda: page.script(chosen) != first, "the other model is chosen")
    export(desk, page, "Folder", desk.work / "out/second")
    model = (desk.work / "out/second/MLmodel").read_text()
    assert page.script(chosen).split()[0].split(".")[-1] in model, model


def a_dangerous_model_needs_a_typed_word(desk):
    """Nothing is written before the word stands there, and the package says that it was typed."""
    page = desk.open_app(DANGEROUS)
    page.wait_text("Dangerous")
    target = desk.work / "out/dangerous.zip"
    begin_export(desk, page, "Zip", target)
    write = page.wait_named("button", "Write package")
    assert page.script("return arguments[0].disabled", {ELEMENT: write}), "writing waits for the word"
    word = page.script("return document.querySelector('.confirm code').innerText")
    field = page.wait_find(".confirm .field")
    page.type(field, word[:-1])
    assert page.script("return arguments[0].disabled", {ELEMENT: write}), "a part of the word is not enough"
    page.type(field, word[-1])
    page.click_named("button", "Write package")
    page.wait_find("#receipt", 30)
    with zipfile.ZipFile(target) as archive:
        assert "danger_confirmed" in archive.read("MLmodel").decode()


# --- steps ---


def the_card_is_filled_in_and_the_package_sealed(desk):
    """Metadata with an objection while typing and a preview; then an export that is sealed with a protected key."""
    page = desk.open_app(PIPELINE)
    page.wait_text("LogisticRegression")
    page.wait_text("0 of 9 parts of the model card")
    describe(page, "Tells **three** kinds of iris apart.")
    page.click_named("button", "Preview of Description")
    page.wait(lambda: page.script("return document.querySelector('.markdown strong')?.innerText") == "three", "the preview")
    licence = page.wait_find("#card-license")
    page.type(licence, "Apache 2.0")
    leave_fields(page)
    page.wait_text("write Apache-2.0")
    page.script("arguments[0].value = ''; arguments[0].dispatchEvent(new Event('input', {bubbles: true}))", {ELEMENT: licence})
    page.type(licence, "Apache-2.0")
    leave_fields(page)
    page.wait_text("2 of 9 parts of the model card")

    key = desk.work / "key.pem"
    key.write_bytes((KEYS / "p521_encrypted.pem").read_bytes())
    target = desk.work / "out/sealed.zip"
    begin_export(desk, page, "Zip", target)
    page.wait_text("free there")
    page.click_named("button", "Sign with a key…")
    desk.pick_in_open_dialog("Choose a private key", key)
    page.type(page.wait_named("textbox", "Passphrase"), "correct horse")
    page.click_named("button", "Unlock")
    page.wait_text("model.sig")
    page.click_named("button", "Write package")
    page.wait_find("#receipt", 30)
    assert "Sealed by" in page.script("return document.getElementById('receipt').innerText")
    with zipfile.ZipFile(target) as archive:
        assert {"README.md", "bom.cdx.json", "SHA256SUMS", "model.sig"} <= set(archive.namelist())
        assert "Tells **three** kinds" in archive.read("README.md").decode()
        archive.extractall(desk.work / "unpacked")
    assert "correct horse" not in page.script("return document.documentElement.outerHTML")
    predict_with_mlflow(desk.work / "unpacked", PIPELINE)


def a_package_that_was_sent_is_checked(desk):
    """A sealed package is no draft: it is looked at, its seal checked with a key, and a change is seen."""
    package, public = desk.work / "sent", desk.work / "ada.pub"
    pack = [desk.app.with_name("packwright"), "pack", PIPELINE, "-o", package, "--seal", KEYS / "p256_sec1.pem", "--metadata", "license=MIT"]
    subprocess.run(pack, check=True, timeout=60, capture_output=True, env=desk.env)
    subprocess.run(["openssl", "ec", "-in", KEYS / "p256_sec1.pem", "-pubout", "-out", public], check=True, timeout=60, capture_output=True)
    page = desk.open_app(package)
    page.click_named("button", "Check this package")
    page.wait_text("Nothing is missing or changed")
    page.wait_text("petal_len: double")
    page.wait_text("scikit-learn==")
    page.click_named("button", "Check with a key…")
    desk.pick_in_open_dialog("Choose a public key", public)
    page.wait_text("Sealed by this key, and unchanged since")
    if folder := os.environ.get("PACKWRIGHT_SCREENSHOTS"):
        page.wait_painted()
        time.sleep(1.0)  # a display without a graphics card shows a frame late
        desk.picture(pathlib.Path(folder) / "received.png")
    page.click_named("button", "Close")

    (package / "requirements.txt").write_text("mlflow\n")
    desk.run(desk.app, package)
    page.click_named("button", "Check this package")
    page.wait_text("This is not what was packed")
    page.wait_text("The seal is broken")


def a_copy_of_a_package_is_edited(desk):
    """A package is dropped again: a copy opens as it was packed, a type is changed, and MLflow loads the new one."""
    sent, target = desk.work / "sent.zip", desk.work / "out/mended"
    pack = [desk.app.with_name("packwright"), "pack", PIPELINE, "-o", sent, "--name", "iris", "--tag", "team=risk"]
    pack += ["--description", "Tells **three** kinds."]
    subprocess.run(pack, check=True, timeout=60, capture_output=True, env=desk.env)
    before = sent.read_bytes()
    page = desk.open_app(sent)
    page.click_named("button", "Check this package")
    page.wait_text("Change what it says")
    page.click_named("button", "Edit a copy")
    page.wait_named("button", "Name: iris")
    kind = "return arguments[0].value"
    choose(page, page.wait_named("combobox", "Type of sepal_len"), "float")
    page.wait(lambda: page.script(kind, {ELEMENT: page.wait_named("combobox", "Type of sepal_len")}) == "float", "the type")
    if folder := os.environ.get("PACKWRIGHT_SCREENSHOTS"):
        page.wait_painted()
        time.sleep(1.0)
        desk.picture(pathlib.Path(folder) / "copy.png")
    # Saved like any other draft: it is there again, changes and all.
    texts = ['"float"', "MLmodel of sent.zip"]
    saved_drafts(desk, lambda draft: draft["artifact"].get("package") == str(sent) and all(text in json.dumps(draft) for text in texts))
    desk.kill_app()
    page = desk.open_app()
    page.wait_named("button", "Name: iris")
    page.wait(lambda: page.script(kind, {ELEMENT: page.wait_named("combobox", "Type of sepal_len")}) == "float", "the type again")
    export(desk, page, "Folder", target)
    assert sent.read_bytes() == before, "the package is only read"
    code = "import sys, mlflow, pandas as pd\nm = mlflow.pyfunc.load_model(sys.argv[1])\n"
    code += "assert [c.type.name for c in m.metadata.signature.inputs][:2] == ['float', 'double'], m.metadata.signature\n"
    code += "assert m.metadata.metadata['tags'] == {'team': 'risk'} and 'three' in m.metadata.metadata['description']\n"
    code += "t = pd.DataFrame([[5.0, 3.5, 1.5, 0.25]], columns=m.metadata.signature.inputs.input_names())\n"
    code += "print(m.predict(t.astype({'sepal_len': 'float32'})))"
    done = subprocess.run([python_with_mlflow(), "-c", code, target], capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr


def rename(page, name):
    page.click(page.wait_find("#draft-name"))
    field = page.wait_named("textbox", "Name")
    page.type(field, name + ENTER)
    page.wait_named("button", f"Name: {name}")


def describe(page, text):
    field = page.wait_named("textbox", "Description")
    page.type(field, text)
    page.click(page.wait_find("#tag-key"))
    page.wait_text(text)


def add_tag(page, key, value):
    page.type(page.wait_find("#tag-key"), key)
    page.type(page.wait_find("#tag-value"), value)
    page.click(page.wait_find("#tag-add"))
    page.wait_named("button", f"Value of {key}: {value}")


def choose(page, select, value):
    """Chooses in a native select, whose list is no part of the page."""
    page.script(
        "arguments[0].value = arguments[1]; arguments[0].dispatchEvent(new Event('change', { bubbles: true }))", {ELEMENT: select}, value
    )


def undo(desk, page):
    leave_fields(page)
    desk.focus("Packwright")
    desk.keys("ctrl+z")


def redo(desk, page):
    leave_fields(page)
    desk.focus("Packwright")
    desk.keys("ctrl+shift+z")


def leave_fields(page):
    page.script("document.activeElement?.blur()")


def begin_export(desk, page, kind, target):
    target.parent.mkdir(exist_ok=True)
    page.click(page.wait_find("#export-button"))
    page.click_named("menuitem", kind)
    desk.answer_file_dialog(f"Export as {kind.lower()}", target)
    page.wait_text(str(target))


def export(desk, page, kind, target):
    """Exports through the native dialog; gives the text of the receipt."""
    begin_export(desk, page, kind, target)
    page.click_named("button", "Write package")
    page.wait_find("#receipt", 30)
    assert target.exists(), f"{target} is not there"
    return page.script("return document.getElementById('receipt').innerText")


def drag(desk, page, files, overlay, drops=True):
    """Drags files from another window onto the app, waits for the overlay's words, and lets go."""
    source = desk.start("/usr/bin/python3", HERE / "dnd_source.py", *files, stdout=subprocess.PIPE)
    assert source.stdout.readline().strip() == b"mapped"
    app_window = desk.wait_window("Packwright")
    source_window = desk.wait_window("Drag source")
    desk.run("xdotool", "windowmove", app_window, "215", "60")
    desk.run("xdotool", "windowmove", source_window, "5", "200")
    time.sleep(0.5)
    start, end = desk.middle(source_window), desk.middle(app_window)
    desk.run("xdotool", "mousemove", *start)
    time.sleep(0.1)
    desk.run("xdotool", "mousedown", "1")
    time.sleep(0.1)
    glide(desk, start, end)
    page.wait(lambda: page.find("#drop-overlay"), "the overlay")
    page.wait_text(overlay)
    if not drops:
        glide(desk, end, start)
    desk.run("xdotool", "mouseup", "1")
    time.sleep(0.2)
    source.terminate()
    source.wait(5)


def glide(desk, start, end, n_steps=20):
    for step in range(1, n_steps + 1):
        x, y = (int(a + (b - a) * step / n_steps) for a, b in zip(map(int, start), map(int, end)))
        desk.run("xdotool", "mousemove", x, y)
        time.sleep(0.02)


def listing(folder):
    return sorted((str(path.relative_to(folder)), path.stat().st_size) for path in folder.rglob("*"))


def write_big_pickle(path):
    """A pickled estimator with one big array, so that an export takes long enough to be cancelled."""
    subprocess.run([python_with_mlflow(), HERE / "big_model.py", path, str(BIG_BYTES)], check=True, timeout=120)


def python_with_mlflow():
    return os.environ.get("PACKWRIGHT_PYTHON") or sys.exit("PACKWRIGHT_PYTHON must name a Python with mlflow and scikit-learn")


def predict_with_mlflow(package, original):
    done = subprocess.run(
        [python_with_mlflow(), HERE / "predict_equal.py", package, original], capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


def start_when_the_first_is_known(desk, path):
    """Starts the app again as soon as the first has its name on the bus, which is before it has a page."""
    ask = ["dbus-send", "--print-reply", "--dest=org.freedesktop.DBus", "/org/freedesktop/DBus"]
    ask += ["org.freedesktop.DBus.NameHasOwner", f"string:{APP_ID}.SingleInstance"]
    until = time.monotonic() + 15
    while "boolean true" not in desk.run(*ask).stdout:
        assert time.monotonic() < until, "the first start never took its name"
        time.sleep(0.005)
    desk.run(desk.app, path)


def a_check_is_mended_by_its_button(desk):
    """Where will it work? A name that SageMaker refuses is told, and one press gives another."""
    page = desk.open_app()
    page.click_named("button", "Try the sample model")
    page.wait_text("ColumnTransformer")
    rename(page, "churn_model")
    table = {ELEMENT: page.wait_named("table", "Places")}
    row = "return [...arguments[0].rows].find((row) => row.innerText.includes('Amazon SageMaker')).innerText"
    page.wait(lambda: "Fails" in page.script(row, table), "SageMaker to refuse the name")
    desk.focus("Packwright")
    desk.keys("ctrl+7")
    page.wait(lambda: page.script("return document.activeElement.innerText") == "Checks", "the section by its key")
    page.click_named("button", "Amazon SageMaker")
    if folder := os.environ.get("PACKWRIGHT_SCREENSHOTS"):
        page.wait_painted()
        time.sleep(1.0)  # a display without a graphics card shows a frame late
        desk.picture(pathlib.Path(folder) / "checks.png")
    page.click_named("button", "Name it churn-model")
    page.wait_named("button", "Name: churn-model")
    page.wait(lambda: "Passes" in page.script(row, table), "SageMaker to take the name")
    undo(desk, page)
    page.wait(lambda: "Fails" in page.script(row, table), "the old name")


def the_structure_is_opened_and_searched_by_keys(desk):
    """Layers with shapes and parameters: the arrows, Ctrl+F, and the tensors beside them."""
    page = desk.open_app(FIXTURES / "keras/cnn.keras")
    grid = {ELEMENT: page.wait_named("treegrid", "Layers")}
    shown = page.script("return arguments[0].innerText", grid)
    for cell in ["conv2d", "Conv2D", "? × 6 × 6 × 4", "112", "GlobalAveragePooling2D"]:
        assert cell in shown, f"{cell} is not in {shown}"
    desk.focus("Packwright")
    page.script("arguments[0].focus()", grid)
    desk.keys("End")
    active = "return document.getElementById(arguments[0].getAttribute('aria-activedescendant')).innerText"
    page.wait(lambda: "out" in page.script(active, grid), "the last layer")
    desk.keys("Home", "Left")
    page.wait(lambda: "conv2d" not in page.script("return arguments[0].innerText", grid), "the closed tree")
    desk.keys("Right")
    page.wait(lambda: "conv2d" in page.script("return arguments[0].innerText", grid), "the tree open again")
    page.click_named("radio", "Tensors")
    page.wait_named("table", "Tensors")

    subprocess.run([desk.app, FIXTURES / "gguf/tiny_llama.gguf"], env=desk.env, timeout=20, check=True)
    page.wait_named("treegrid", "Groups")
    desk.focus("Packwright")
    desk.keys("ctrl+f")
    page.wait(lambda: page.script("return document.activeElement.type") == "search", "the search")
    desk.keys("a", "t", "t", "n", "underscore", "q")
    page.wait_text("1 of")
    grid = {ELEMENT: page.wait_named("treegrid", "Groups")}
    shown = page.script("return arguments[0].innerText", grid)
    assert "attn_q" in shown and "ffn_up" not in shown, shown


def generated_code_is_edited_before_the_export(desk):
    """model.py: a mistake is told, an edit is exported as it is, and the generated text comes back."""
    page = desk.open_app(FIXTURES / "gguf/tiny_llama.gguf")
    page.click_named("button", "model.py")
    area = page.wait_named("textbox", "Text of model.py")
    generated = page.script("return arguments[0].value", {ELEMENT: area})
    page.script("arguments[0].focus(); arguments[0].setSelectionRange(0, 0)", {ELEMENT: area})
    desk.focus("Packwright")
    desk.keys("parenleft", "Return")
    page.wait_text("Line 1: ( is never closed.")
    desk.keys("BackSpace", "BackSpace", "numbersign", "space", "o", "u", "r", "s", "Return")
    page.wait(lambda: "is never closed" not in page.text(), "the mistake going away")
    page.wait_text("edited by you")
    leave_fields(page)
    page.wait(lambda: page.script("return arguments[0].value", {ELEMENT: area}).startswith("# ours\n"), "the edit")
    target = desk.work / "out/chat"
    export(desk, page, "Folder", target)
    written = (target / "model.py").read_text()
    assert written == "# ours\n" + generated, written
    page.click_named("button", "Close")
    page.click_named("button", "Revert to generated")
    page.wait(lambda: "edited by you" not in page.text(), "the generated text")
    assert page.script("return arguments[0].value", {ELEMENT: area}) == generated
    undo(desk, page)
    page.wait_text("edited by you")


def drafts_come_back_after_a_crash(desk):
    """Edits, one of them taken back, outlive a kill; redo goes on from there; a closed draft stays closed."""
    model = desk.work / "churn.pkl"
    shutil.copy(PIPELINE, model)
    kind = "return arguments[0].value"
    page = desk.open_app(model)
    page.wait_text("LogisticRegression")
    rename(page, "iris_by_hand")
    choose(page, page.wait_named("combobox", "Type of sepal_len"), "float")
    page.wait(lambda: page.script(kind, {ELEMENT: page.wait_named("combobox", "Type of sepal_len")}) == "float", "the type")
    rename(page, "taken_back")
    undo(desk, page)
    page.wait_named("button", "Name: iris_by_hand")
    [saved] = saved_drafts(desk, lambda draft: len(draft["edits"]) == 2 and len(draft["undone"]) == 1)
    desk.kill_app()
    assert saved.is_file()

    page = desk.open_app()
    page.wait_named("button", "Name: iris_by_hand")
    assert page.script(kind, {ELEMENT: page.wait_named("combobox", "Type of sepal_len")}) == "float"
    redo(desk, page)
    page.wait_named("button", "Name: taken_back")
    for _ in range(3):
        undo(desk, page)
        time.sleep(0.3)
    page.wait_named("button", "Name: churn")
    saved_drafts(desk, lambda draft: len(draft["undone"]) == 3)
    desk.kill_app()

    away = desk.work / "away.pkl"
    model.rename(away)
    page = desk.open_app()
    page.wait_text("churn.pkl is no longer where it was")
    desk.kill_app()
    away.rename(model)
    page = desk.open_app()
    page.wait_named("button", "Name: churn")
    desk.focus("Packwright")
    desk.keys("ctrl+w")
    page.wait_text("Try the sample model")
    assert not saved.exists()
    desk.kill_app()
    page = desk.open_app()
    page.wait_text("Try the sample model")
    time.sleep(1)
    assert "churn" not in page.text(), page.text()


def saved_drafts(desk, is_awaited, seconds=10):
    """The files of saved drafts, as soon as each is as awaited."""
    folder = desk.home / ".local/share" / APP_ID / "drafts"
    until = time.monotonic() + seconds
    while True:
        files = sorted(folder.glob("*.json"))
        if files and all(is_awaited(json.loads(file.read_text())) for file in files):
            return files
        assert time.monotonic() < until, [file.read_text() for file in files]
        time.sleep(0.05)


SCENARIOS = [
    open_edit_export_and_load_in_mlflow,
    drop_two_models_from_another_window,
    a_table_without_a_draft_says_where_it_belongs,
    a_dropped_table_types_the_signature_and_becomes_the_example,
    personal_data_in_an_example_is_replaced,
    drag_away_again_and_nothing_opens,
    cancel_leaves_nothing_behind,
    closing_the_window_stops_the_export,
    second_start_hands_its_path_over,
    second_start_before_the_page_is_ready,
    damaged_files_say_where_they_stop,
    browse_opens_what_the_dialog_gives,
    the_sample_model_exports_as_a_folder,
    reveal_asks_the_file_manager,
    undo_in_a_field_is_about_its_text,
    replacing_is_asked_for_once,
    own_code_is_dropped_and_a_row_accepted,
    types_are_trusted_one_by_one,
    one_of_several_models_is_chosen,
    a_dangerous_model_needs_a_typed_word,
    the_structure_is_opened_and_searched_by_keys,
    generated_code_is_edited_before_the_export,
    a_check_is_mended_by_its_button,
    the_card_is_filled_in_and_the_package_sealed,
    a_package_that_was_sent_is_checked,
    a_copy_of_a_package_is_edited,
    drafts_come_back_after_a_crash,
]
