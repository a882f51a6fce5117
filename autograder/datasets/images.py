"""Images, once they are loaded, and MedMNIST's.

What every dataset is, once it is loaded.

The 2-D sets of MedMNIST v2: read where they are, downloaded through the package ``medmnist`` where they are not.
"""

from __future__ import annotations

import hashlib
import importlib
import os
import tempfile
import zipfile
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from autograder.runtime.large_libraries import medmnist_info


class LabelledImages(NamedTuple):
    """Images with their labels and, where they are known, masks of what there is to find."""

    images: NDArray[np.uint8]
    """``[N, H, W]``, or ``[N, H, W, C]`` in colour."""
    labels: NDArray[np.int64]
    """``[N]``, the number of the class; of the phantoms 0 for normal, 1 for an opacity. A set with several findings an
    image (ChestMNIST) has ``[N, L]``, 1 where finding ``l`` is there."""
    masks: NDArray[np.bool_] | None
    """``[N, H, W]``: where the finding is; empty in normal images. None where nobody knows."""


# --- MedMNIST -----------------------------------------------------------------------------------------------------


DATA_VARIABLE = "AUTOGRADER_DATA"
"""Environment variable: the folder with downloaded data sets, where a caller names none."""

_SMALLEST = 28


def names() -> list[str]:
    """Return the names of the sets that can be loaded."""
    return [name for name in medmnist_info().INFO if not name.endswith("3d")]


def load_medmnist(name: str, split: str, *, size: int, root: str | Path | None) -> LabelledImages:
    """Return one split; see `autograder.datasets.load_dataset`, which says where it is looked for."""
    if name not in names():
        raise ValueError(f"unknown dataset {name!r}; known: phantom, {', '.join(names())}")
    table = medmnist_info().INFO[name]
    sizes = [_SMALLEST, *(int(key.removeprefix("MD5_")) for key in table if key.startswith("MD5_"))]
    if size not in sizes:
        raise ValueError(f"{name} has no images of size {size!r}; known: {', '.join(map(str, sizes))}")
    suffix = "" if size == _SMALLEST else f"_{size}"
    archive = _Archive(f"{name}{suffix}.npz", table[f"url{suffix}"], table[f"MD5{suffix}"], table["python_class"], size)
    return _read(_find(archive, root), split)


def data_folder(root: str | Path | None = None) -> Path:
    """Return the folder in which sets are looked for."""
    named = root or os.environ.get(DATA_VARIABLE)
    return Path(named).expanduser() if named else Path.home() / ".medmnist"


def archives(folder: Path) -> list[str]:
    """Return the names of the files in a folder that sets can be read from."""
    known = names()
    return sorted(file.name for file in folder.glob("*.npz") if file.stem.partition("_")[0] in known)


class _Archive(NamedTuple):
    """The file that holds all splits of a set in one size."""

    file_name: str
    url: str
    md5: str
    python_class: str
    size: int


def _find(archive: _Archive, root: str | Path | None) -> Path:
    """Return the file, after downloading it if need be.

    A file in a folder that somebody named is taken as it is: they vouch for it, and it may well be a part or a
    variant. MedMNIST's own folder holds downloads, and one that broke off is not what it claims to be.
    """
    file = data_folder(root) / archive.file_name
    if not file.is_file():
        _download(archive, file, "is missing")
    elif not (root or os.environ.get(DATA_VARIABLE)) and _md5(file) != archive.md5:
        _download(archive, file, "is damaged")
    return file


def _md5(file: Path) -> str:
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, lambda: hashlib.md5(usedforsecurity=False)).hexdigest()


def _download(archive: _Archive, file: Path, problem: str) -> None:
    """Let medmnist download the file and check its checksum; put it in its place only when it is whole."""
    medmnist = importlib.import_module("medmnist")
    try:
        file.parent.mkdir(exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=".download-", dir=file.parent) as folder:
            getattr(medmnist, archive.python_class)("test", download=True, root=folder, size=archive.size)
            (Path(folder) / file.name).replace(file)
    except (OSError, RuntimeError) as error:
        # medmnist catches whatever happens, an interrupt too, and raises a text of its own.
        cause = error.__context__ or error
        if not isinstance(cause, Exception):
            raise cause from None
        raise FileNotFoundError(
            f"{file} {problem} and could not be downloaded ({type(cause).__name__}: {cause}).\n"
            f"Download {archive.url} where there is internet access and put it there as {file.name}, "
            f"or set {DATA_VARIABLE} to the folder that has it. "
            'The built-in dataset needs no file: load_dataset("phantom", …).'
        ) from error


def _read(file: Path, split: str) -> LabelledImages:
    try:
        with file.open("rb") as stream, np.load(stream, allow_pickle=False) as arrays:
            images, labels = arrays[f"{split}_images"], arrays[f"{split}_labels"]
    except (KeyError, ValueError, TypeError, EOFError, zipfile.BadZipFile) as error:
        raise ValueError(f"{file} is no MedMNIST file: {error}. Delete it and download it again.") from error
    if images.dtype != np.uint8 or images.ndim not in (3, 4) or labels.ndim != 2 or len(labels) != len(images):
        raise ValueError(
            f"{file} is no MedMNIST file of 2-D images: it has images of shape {images.shape} and type {images.dtype}, "
            f"labels of shape {labels.shape}."
        )
    labels = labels.astype(np.int64)
    return LabelledImages(images, labels[:, 0] if labels.shape[1] == 1 else labels, None)
