"""Where the file system can, a folder shares the model's blocks: it takes no room, and there need be none.

On real btrfs and xfs in a file, which only root may mount; without root or their tools the tests are skipped, and say so.
"""
import hashlib
import os
import pickle
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest
from sklearn.linear_model import LinearRegression

CLI = Path(os.environ.get("PACKWRIGHT_CLI", Path(__file__).resolve().parents[2] / "target/debug/packwright"))
MEGABYTE = 1_000_000
# (tool, its arguments, megabytes of the file system, megabytes of the model): a second copy of the model has no room.
SYSTEMS = {
    "btrfs": ("mkfs.btrfs", ["--quiet", "--metadata", "single"], 320, 170),
    "xfs": ("mkfs.xfs", ["-q", "-m", "reflink=1"], 400, 220),
}


def quietly(*command):
    done = subprocess.run([str(word) for word in command], capture_output=True, text=True)
    return done.returncode, done.stdout + done.stderr


def free(folder):
    """Free bytes, when everything is written."""
    os.sync()
    stat = os.statvfs(folder)
    return stat.f_bavail * stat.f_frsize


def sha256(path):
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


@pytest.fixture(params=sorted(SYSTEMS))
def disk(request, tmp_path):
    """A folder on such a file system with `model.pkl` in it."""
    tool, arguments, megabytes, of_model = SYSTEMS[request.param]
    if shutil.which(tool) is None:
        pytest.skip(f"{tool} is missing: whether blocks are shared on {request.param} was not tested")
    image, folder = tmp_path / "image", tmp_path / "disk"
    folder.mkdir()
    with open(image, "wb") as file:
        file.truncate(megabytes << 20)
    code, said = quietly(tool, *arguments, image)
    assert code == 0, said
    code, said = quietly("mount", "-o", "loop", image, folder)
    if code != 0:
        pytest.skip(f"no file system can be mounted here ({said.strip()}): whether blocks are shared on {request.param} was not tested")
    try:
        model = LinearRegression()
        model.coef_ = np.random.default_rng(0).random(of_model * MEGABYTE // 8)
        model.intercept_, model.n_features_in_ = 0.0, model.coef_.size
        with open(folder / "model.pkl", "wb") as file:
            pickle.dump(model, file, protocol=5)
        # What is compared with: here a copy does share, and there is no room for one that does not.
        code, said = quietly("cp", "--reflink=always", folder / "model.pkl", folder / "copy")
        assert code == 0, said
        (folder / "copy").unlink()
        assert free(folder) < of_model * MEGABYTE
        yield folder
    finally:
        assert quietly("umount", folder)[0] == 0


def test_a_folder_shares_the_model_s_blocks_and_has_its_own_bytes(disk):
    model, before = disk / "model.pkl", free(disk)
    expected = sha256(model)
    code, said = quietly(CLI, "pack", model, "-o", disk / "package")
    assert code == 0, said
    assert before - free(disk) < 8 * MEGABYTE
    assert sha256(disk / "package/model.pkl") == expected
    checked = subprocess.run(["sha256sum", "--check", "--quiet", "SHA256SUMS"], cwd=disk / "package", capture_output=True, text=True)
    assert checked.returncode == 0, checked.stderr
    # Blocks are shared until one of the two is written to.
    with open(model, "r+b") as file:
        file.seek(MEGABYTE)
        file.write(b"changed")
    assert sha256(model) != expected and sha256(disk / "package/model.pkl") == expected


def test_what_cannot_be_shared_is_still_refused_for_want_of_room(disk):
    code, said = quietly(CLI, "pack", disk / "model.pkl", "-o", disk / "package.zip")
    assert code == 4 and "free some space" in said, said
    assert sorted(path.name for path in disk.iterdir() if path.name != "lost+found") == ["model.pkl"]
