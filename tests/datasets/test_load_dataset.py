"""Loading datasets by name: MedMNIST's files are read, downloaded, or asked for with a message."""

from __future__ import annotations

import subprocess
import sys
import types
from pathlib import Path

import numpy as np
import pytest

from autograder.datasets import LabelledImages, load_dataset
from autograder.datasets import images as loader

DATA = Path(__file__).resolve().parents[3] / "shared" / "data"
REAL_FILE = DATA / "pneumoniamnist.npz"
needs_real_file = pytest.mark.skipif(not REAL_FILE.is_file(), reason=f"{REAL_FILE.name} is not in ../shared/data")


@pytest.fixture
def home(tmp_path, monkeypatch) -> Path:
    """Return an empty home directory; no variable names a folder with data."""
    monkeypatch.delenv(loader.DATA_VARIABLE, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setattr(Path, "home", lambda: tmp_path)
    return tmp_path


def write_set(file: Path, n_labels: int = 1, colour: bool = False, **replaced: np.ndarray) -> Path:
    """Write a file in MedMNIST's format with 6, 4 and 2 images."""
    arrays = {}
    for split, n in (("train", 6), ("val", 4), ("test", 2)):
        arrays[f"{split}_images"] = np.full((n, 28, 28, 3) if colour else (n, 28, 28), n, dtype=np.uint8)
        arrays[f"{split}_labels"] = np.arange(n * n_labels, dtype=np.uint8).reshape(n, n_labels) % 2
    file.parent.mkdir(exist_ok=True)
    np.savez(file, **{**arrays, **replaced})
    return file


# --- Reading --------------------------------------------------------------------------------------


@needs_real_file
@pytest.mark.parametrize(
    ("split", "normal", "pneumonia"), [("train", 1214, 3494), ("val", 135, 389), ("test", 234, 390)]
)
def test_pneumoniamnist(split, normal, pneumonia):
    data = load_dataset("pneumoniamnist", split, root=DATA)
    assert data.images.shape == (normal + pneumonia, 28, 28)
    assert data.images.dtype == np.uint8
    assert data.labels.dtype == np.int64
    assert np.bincount(data.labels).tolist() == [normal, pneumonia]
    assert data.masks is None
    assert 100 < data.images.mean() < 180


@needs_real_file
@pytest.mark.slow
def test_images_and_labels_are_those_that_medmnist_reads():
    code = (
        "import sys, numpy as np, medmnist\n"
        "from autograder.datasets import load_dataset\n"
        "theirs = medmnist.PneumoniaMNIST('val', root=sys.argv[1])\n"
        "ours = load_dataset('pneumoniamnist', 'val', root=sys.argv[1])\n"
        "assert np.array_equal(theirs.imgs, ours.images) and np.array_equal(theirs.labels[:, 0], ours.labels)"
    )
    subprocess.run([sys.executable, "-c", code, str(DATA)], check=True)


def test_the_callers_folder_takes_precedence_over_the_environments(home, monkeypatch):
    write_set(home / "class" / "breastmnist.npz")
    write_set(home / "mine" / "breastmnist.npz", train_images=np.zeros((6, 28, 28), np.uint8))
    monkeypatch.setenv(loader.DATA_VARIABLE, str(home / "class"))
    assert load_dataset("breastmnist", "train").images.max() == 6
    assert load_dataset("breastmnist", "train", root=home / "mine").images.max() == 0
    assert load_dataset("breastmnist", "train", root=str(home / "mine")).images.max() == 0


def test_medmnists_own_folder_is_read_if_the_checksum_is_right(home, monkeypatch):
    file = write_set(home / ".medmnist" / "breastmnist.npz")
    table = loader.medmnist_info().INFO["breastmnist"]
    monkeypatch.setitem(table, "MD5", loader._md5(file))
    assert load_dataset("breastmnist", "val").images.max() == 4


def test_colour_and_several_findings_per_image(tmp_path):
    write_set(tmp_path / "bloodmnist.npz", colour=True)
    assert load_dataset("bloodmnist", "val", root=tmp_path).images.shape == (4, 28, 28, 3)
    write_set(tmp_path / "chestmnist.npz", n_labels=14)
    data = load_dataset("chestmnist", "val", root=tmp_path)
    assert (data.labels.shape, data.labels.dtype) == ((4, 14), np.int64)


def test_other_sizes_have_files_of_their_own(tmp_path):
    write_set(tmp_path / "breastmnist_64.npz", val_images=np.zeros((4, 64, 64), np.uint8))
    assert load_dataset("breastmnist", "val", size=64, root=tmp_path).images.shape == (4, 64, 64)


def test_reading_imports_neither_medmnist_nor_torch(tmp_path):
    write_set(tmp_path / "breastmnist.npz")
    code = (
        "import sys\n"
        "from autograder.datasets import load_dataset\n"
        "load_dataset('breastmnist', 'val', root=sys.argv[1])\n"
        "print(sorted({'torch', 'torchvision', 'medmnist', 'sklearn', 'pandas', 'skimage'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code, str(tmp_path)], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_medmnist_files_in_a_folder_are_listed(tmp_path):
    for name in ("breastmnist.npz", "breastmnist_64.npz", "weights.npz", "chestmnist.txt"):
        (tmp_path / name).touch()
    assert loader.archives(tmp_path) == ["breastmnist.npz", "breastmnist_64.npz"]
    assert loader.archives(tmp_path / "nowhere") == []


# --- Downloading ----------------------------------------------------------------------------------


@pytest.fixture
def downloads(monkeypatch) -> list[dict]:
    """Replace medmnist by a fake that writes the file; return the calls of it."""
    asked = []

    def dataset(split, *, download, root, size):
        asked.append({"split": split, "download": download, "size": size})
        write_set(Path(root) / "breastmnist.npz")

    monkeypatch.setitem(sys.modules, "medmnist", types.SimpleNamespace(BreastMNIST=dataset))
    return asked


def test_a_missing_set_is_downloaded_once(home, downloads, monkeypatch):
    folder = home / "data"
    monkeypatch.setenv(loader.DATA_VARIABLE, str(folder))
    for _ in range(2):
        assert len(load_dataset("breastmnist", "train").images) == 6
    assert downloads == [{"split": "test", "download": True, "size": 28}]
    assert [path.name for path in folder.iterdir()] == ["breastmnist.npz"]


def test_a_damaged_download_is_replaced(home, downloads):
    file = home / ".medmnist" / "breastmnist.npz"
    file.parent.mkdir()
    file.write_bytes(b"half of it")
    assert len(load_dataset("breastmnist", "train").images) == 6
    assert len(downloads) == 1


def test_an_interrupted_download_raises_keyboard_interrupt(home, monkeypatch):
    def dataset(*_args, **_options):
        try:
            raise KeyboardInterrupt
        except:  # noqa: E722 - as medmnist does
            raise RuntimeError("Automatic download failed!")  # noqa: B904

    monkeypatch.setitem(sys.modules, "medmnist", types.SimpleNamespace(BreastMNIST=dataset))
    with pytest.raises(KeyboardInterrupt):
        load_dataset("breastmnist", "train")


@pytest.mark.slow
@pytest.mark.parametrize("there", [None, b"half of it"])
def test_without_a_network_it_says_which_file_to_put_where(tmp_path, there):
    """A real attempt through a proxy that does not exist, so that it fails even if there is a network."""
    file = tmp_path / ".medmnist" / "breastmnist_64.npz"
    if there:
        file.parent.mkdir()
        file.write_bytes(there)
    code = (
        "import os, sys\n"
        "os.environ.update(HOME=sys.argv[1], USERPROFILE=sys.argv[1], https_proxy='http://127.0.0.1:9')\n"
        "os.environ.pop('AUTOGRADER_DATA', None)\n"
        "from autograder.datasets import load_dataset\n"
        "try:\n    load_dataset('breastmnist', 'val', size=64)\n"
        "except FileNotFoundError as error:\n    print(error)"
    )
    done = subprocess.run([sys.executable, "-c", code, str(tmp_path)], capture_output=True, text=True, check=True)
    said = done.stdout
    assert f"{file} {'is damaged' if there else 'is missing'} and could not be downloaded (URLError" in said
    assert "/breastmnist_64.npz?download=1 on a machine with internet access" in said
    assert "save it there as breastmnist_64.npz, or set AUTOGRADER_DATA to the folder" in said
    assert 'load_dataset("phantom"' in said
    assert [path.name for path in file.parent.iterdir()] == ([file.name] if there else []), "nothing half-done stays"


# --- Wrong use ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "split", "size", "message"),
    [
        ("mnist", "train", 28, "Unknown dataset 'mnist'. Choose one of: phantom, pathmnist, .*pneumoniamnist"),
        ("organmnist3d", "train", 28, "Unknown dataset 'organmnist3d'"),
        ("phantom", "validation", 28, "Unknown split 'validation'. Choose one of: train, val, test"),
        ("pneumoniamnist", "all", 28, "Unknown split 'all'"),
        ("pneumoniamnist", "train", 32, "has no images of size 32. Choose one of: 28, 64, 128, 224"),
        ("phantom", "train", 4, "at least 16 pixels"),
    ],
)
def test_wrong_use_is_named(name, split, size, message):
    with pytest.raises(ValueError, match=message):
        load_dataset(name, split, size=size)


NPY = b"\x93NUMPY\x01\x00\x46\x00{'descr': '|u1', 'fortran_order': False, 'shape': (1,), }".ljust(79) + b"\n\x00"


@pytest.mark.parametrize(
    "content", [b"", b"no archive", b"PK\x03\x04 broken", NPY], ids=["empty", "text", "zip", "npy"]
)
def test_a_file_of_another_kind_is_refused(tmp_path, content):
    (tmp_path / "breastmnist.npz").write_bytes(content)
    with pytest.raises(ValueError, match=r"breastmnist.npz is not a MedMNIST file"):
        load_dataset("breastmnist", "val", root=tmp_path)


@pytest.mark.parametrize(
    "replaced",
    [
        {"val_images": np.zeros((4, 28, 28))},
        {"val_images": np.zeros((4, 8, 28, 28, 3), np.uint8)},
        {"val_labels": np.zeros(4, np.uint8)},
        {"val_labels": np.zeros((3, 1), np.uint8)},
        {"val_labels": np.array([[{}]] * 4)},
    ],
)
def test_a_file_with_other_arrays_is_refused(tmp_path, replaced):
    """This includes pickled objects, which are never loaded."""
    write_set(tmp_path / "breastmnist.npz", **replaced)
    with pytest.raises(ValueError, match=r"breastmnist.npz is not a MedMNIST file"):
        load_dataset("breastmnist", "val", root=tmp_path)


def test_the_result_has_names():
    data = load_dataset("phantom", "test")
    assert isinstance(data, LabelledImages)
    assert data._fields == ("images", "labels", "masks")
