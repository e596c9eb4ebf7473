"""What a receiver checks a package with, run on packages of the real program: CycloneDX's own validator on the bill of materials,
coreutils on the checksums, and the reference implementation of OpenSSF Model Signing on the seal. PACKWRIGHT_CLI names the program.
"""
import json
import os
import re
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator
from model_signing import verifying

ROOT = Path(__file__).resolve().parents[2]
FIXTURES = ROOT / "tests" / "fixtures"
KEYS = ROOT / "crates" / "engine" / "tests" / "keys"
CLI = os.environ.get("PACKWRIGHT_CLI") or str(ROOT / "target" / "debug" / "packwright")
MODEL_SIGNING = Path(sys.executable).with_name("model_signing")
PASSPHRASE = "correct horse"
PIPELINE = "sklearn/pipe_scaler_logreg_df.pkl"
FOLDER = "transformers/bert_classifier"
ALL_SAID = [
    "--description", "Says **who** leaves.\n\nAnd why.", "--tag", "team=risk", "--tag", "caf\u00e9=",
    "--metadata", "version=1.4.0", "--metadata", "license=MIT OR Apache-2.0", "--metadata", "task=tabular-classification",
    "--metadata", "authors=Ada Lovelace <ada@example.org>\nThe Risk Team", "--metadata", "intended_use=Teaching.",
    "--metadata", "limitations=Three species only.", "--metadata", "training_data=Fisher's iris data, 1936.",
    "--metadata", "metrics=accuracy = 0.97 on the test set\nrecall = 95%", "--metadata", "links=Paper: https://example.org/paper",
]  # fmt: skip


def servable():
    """The fixtures that can be packed as they are."""
    manifest = json.loads((FIXTURES / "MANIFEST.json").read_text())
    entries = manifest if isinstance(manifest, list) else manifest["fixtures"]
    return [e["path"] for e in entries if e.get("mlflow_flavor") and not e.get("hostile") and e.get("is_model") is not False]


def run(*command):
    environment = dict(os.environ, PACKWRIGHT_PASSPHRASE=PASSPHRASE)
    return subprocess.run(command, capture_output=True, text=True, env=environment, timeout=120)


def pack(fixture, out, *options):
    done = run(CLI, "pack", FIXTURES / fixture, "-o", out, *options)
    assert done.returncode == 0, done.stderr
    return out


def public(tmp_path, name):
    """The public half of a key for tests, as openssl writes it."""
    path = tmp_path / f"{name}.pub"
    done = run("openssl", "pkey", "-in", KEYS / f"{name}.pem", "-passin", f"pass:{PASSPHRASE}", "-pubout", "-out", path)
    assert done.returncode == 0, done.stderr
    return path


def tool_accepts(package, key):
    try:
        verifying.Config().use_elliptic_key_verifier(public_key=key).verify(package, package / "model.sig")
    except ValueError:
        return False
    return True


def ours_accepts(package, key):
    return run(CLI, "verify", package, "--key", key).returncode == 0


def bill_errors(package):
    return JsonStrictValidator(SchemaVersion.V1_6).validate_str((package / "bom.cdx.json").read_text(encoding="utf-8"))


def test_the_bill_of_every_package_is_valid_and_the_checksums_hold(tmp_path):
    packed = 0
    for number, fixture in enumerate(servable()):
        out = tmp_path / str(number)
        if run(CLI, "pack", FIXTURES / fixture, "-o", out).returncode != 0:
            continue  # What needs choices is packed elsewhere.
        packed += 1
        assert bill_errors(out) is None, fixture
        done = subprocess.run(["sha256sum", "--quiet", "--strict", "-c", "SHA256SUMS"], cwd=out, capture_output=True, text=True)
        assert (done.returncode, done.stdout, done.stderr) == (0, "", ""), fixture
        listed = {line.split("  ", 1)[1] for line in (out / "SHA256SUMS").read_text().splitlines()}
        assert listed | {"SHA256SUMS"} == {str(p.relative_to(out)) for p in out.rglob("*") if p.is_file()}, fixture
    assert packed > 50, packed


def test_everything_that_is_said_is_in_a_valid_bill(tmp_path):
    package = pack(PIPELINE, tmp_path / "m", *ALL_SAID)
    assert bill_errors(package) is None
    bill = json.loads((package / "bom.cdx.json").read_text())
    model = bill["metadata"]["component"]
    assert model["version"] == "1.4.0" and model["licenses"] == [{"expression": "MIT OR Apache-2.0"}]
    required = {re.split("[=<>!~ ;[]", line)[0].lower() for line in (package / "requirements.txt").read_text().splitlines()}
    assert required <= {component["name"] for component in bill["components"]}
    assert set(bill["dependencies"][0]["dependsOn"]) == {component["bom-ref"] for component in bill["components"]}


@pytest.mark.parametrize("key", ["p256_sec1", "p384_pkcs8", "p521_encrypted"])
@pytest.mark.parametrize("fixture", [PIPELINE, FOLDER])
def test_the_reference_implementation_accepts_the_seal(tmp_path, fixture, key):
    package = pack(fixture, tmp_path / "m", "--seal", KEYS / f"{key}.pem", *ALL_SAID)
    archive = pack(fixture, tmp_path / "m.zip", "--seal", KEYS / f"{key}.pem", *ALL_SAID)
    unzipped = tmp_path / "unzipped"
    with zipfile.ZipFile(archive) as opened:
        assert opened.testzip() is None
        opened.extractall(unzipped)
    for folder in [package, unzipped]:
        pem = public(tmp_path, key)
        done = run(MODEL_SIGNING, "verify", "key", "--public_key", pem, "--signature", folder / "model.sig", folder)
        assert done.returncode == 0, done.stdout + done.stderr
        assert ours_accepts(folder, pem)
    other = public(tmp_path, "p256_sec1" if key != "p256_sec1" else "p384_pkcs8")
    assert not tool_accepts(package, other) and not ours_accepts(package, other)


def test_any_edit_breaks_the_seal_for_both(tmp_path):
    package = pack(PIPELINE, tmp_path / "m", "--seal", KEYS / "p256_sec1.pem")
    key = public(tmp_path, "p256_sec1")
    assert tool_accepts(package, key) and ours_accepts(package, key)
    for path in sorted(p for p in package.rglob("*") if p.is_file()):
        before = path.read_bytes()
        changes = [before + b"#", before[:-1], before.replace(b"a", b"b", 1)]
        for changed in [change for change in changes if change != before]:
            path.write_bytes(changed)
            assert not ours_accepts(package, key), path
            # A space after JSON is no edit of the seal.
            assert path.name == "model.sig" or not tool_accepts(package, key), path
        path.unlink()
        assert not ours_accepts(package, key), path
        path.write_bytes(before)
    (package / "extra.txt").write_text("x")
    assert not tool_accepts(package, key) and not ours_accepts(package, key)
    (package / "extra.txt").unlink()
    assert tool_accepts(package, key) and ours_accepts(package, key)


def test_a_seal_of_the_reference_implementation_is_accepted(tmp_path):
    package = pack(PIPELINE, tmp_path / "m")
    sign = ["sign", "key", "--private_key", KEYS / "p256_sec1.pem", "--signature", package / "model.sig", package]
    done = run(MODEL_SIGNING, *sign)
    assert done.returncode == 0, done.stdout + done.stderr
    assert ours_accepts(package, public(tmp_path, "p256_sec1"))


def test_mlflow_loads_a_sealed_package_as_it_is(tmp_path):
    import mlflow.pyfunc

    package = pack(PIPELINE, tmp_path / "m", "--seal", KEYS / "p256_sec1.pem", *ALL_SAID)
    model = mlflow.pyfunc.load_model(str(package))
    assert model.metadata.metadata["license"] == "MIT OR Apache-2.0"
    assert model.metadata.metadata["metrics"][1] == {"name": "recall", "value": "95%"}
    assert tool_accepts(package, public(tmp_path, "p256_sec1")), "loading leaves the package as it is"
