"""Labelled images, and the 2-D sets of MedMNIST v2, which the package ``medmnist`` downloads if they are missing.

https://medmnist.com
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
    """Images with their labels and, if known, masks of the findings."""

    images: NDArray[np.uint8]
    """``[N, H, W]``, or ``[N, H, W, C]`` in colour."""
    labels: NDArray[np.int64]
    """``[N]``, the class; for phantoms 0 is normal and 1 has an opacity. A set with several findings per image
    (ChestMNIST) has ``[N, L]``, 1 if finding ``l`` is present."""
    masks: NDArray[np.bool_] | None
    """``[N, H, W]``, True in the finding, all False in normal images; None if unknown."""


DATA_VARIABLE = "AUTOGRADER_DATA"
"""The environment variable with the folder of downloaded datasets, for callers that name none."""

_SMALLEST = 28


def names() -> list[str]:
    """Return the names of the MedMNIST sets that can be loaded."""
    return [name for name in medmnist_info().INFO if not name.endswith("3d")]


def load_medmnist(name: str, split: str, *, size: int, root: str | Path | None) -> LabelledImages:
    """Return one split of a MedMNIST set; see `autograder.datasets.load_dataset`."""
    if name not in names():
        raise ValueError(f"Unknown dataset {name!r}. Choose one of: phantom, {', '.join(names())}.")
    table = medmnist_info().INFO[name]
    sizes = [_SMALLEST, *(int(key.removeprefix("MD5_")) for key in table if key.startswith("MD5_"))]
    if size not in sizes:
        raise ValueError(f"{name} has no images of size {size!r}. Choose one of: {', '.join(map(str, sizes))}.")
    suffix = "" if size == _SMALLEST else f"_{size}"
    archive = _Archive(f"{name}{suffix}.npz", table[f"url{suffix}"], table[f"MD5{suffix}"], table["python_class"], size)
    return _read(_find(archive, root), split)


def data_folder(root: str | Path | None = None) -> Path:
    """Return the folder of MedMNIST's files."""
    named = root or os.environ.get(DATA_VARIABLE)
    return Path(named).expanduser() if named else Path.home() / ".medmnist"


def archives(folder: Path) -> list[str]:
    """Return the names of MedMNIST's files in a folder."""
    known = names()
    return sorted(file.name for file in folder.glob("*.npz") if file.stem.partition("_")[0] in known)


class _Archive(NamedTuple):
    """The file with all splits of a set in one size."""

    file_name: str
    url: str
    md5: str
    python_class: str
    size: int


def _find(archive: _Archive, root: str | Path | None) -> Path:
    """Return the path of the file, after downloading it if necessary."""
    file = data_folder(root) / archive.file_name
    if not file.is_file():
        _download(archive, file, "is missing")
    # Only MedMNIST's own folder is verified, because a download there may be incomplete. In a folder that the caller
    # named, the file may be a subset or a variant on purpose.
    elif not (root or os.environ.get(DATA_VARIABLE)) and _md5(file) != archive.md5:
        _download(archive, file, "is damaged")
    return file


def _md5(file: Path) -> str:
    with file.open("rb") as stream:
        # A checksum only: without the flag, builds of OpenSSL in FIPS mode refuse MD5.
        return hashlib.file_digest(stream, lambda: hashlib.md5(usedforsecurity=False)).hexdigest()


def _download(archive: _Archive, file: Path, problem: str) -> None:
    """Let medmnist download the file and verify its checksum; move it into place only when it is complete."""
    medmnist = importlib.import_module("medmnist")
    try:
        file.parent.mkdir(exist_ok=True)
        # In the same folder, so that the file is put in place by a rename.
        with tempfile.TemporaryDirectory(prefix=".download-", dir=file.parent) as folder:
            getattr(medmnist, archive.python_class)("test", download=True, root=folder, size=archive.size)
            (Path(folder) / file.name).replace(file)
    except (OSError, RuntimeError) as error:
        # medmnist catches every exception, interrupts included, and raises its own RuntimeError.
        cause = error.__context__ or error
        if not isinstance(cause, Exception):
            raise cause from None
        raise FileNotFoundError(
            f"{file} {problem} and could not be downloaded ({type(cause).__name__}: {cause}).\n"
            f"Download {archive.url} on a machine with internet access and save it there as {file.name}, "
            f"or set {DATA_VARIABLE} to the folder that contains it. "
            'The built-in dataset needs no file: load_dataset("phantom", …).'
        ) from error


def _read(file: Path, split: str) -> LabelledImages:
    try:
        # allow_pickle=False: a pickle in a downloaded file could run code.
        with file.open("rb") as stream, np.load(stream, allow_pickle=False) as arrays:
            images, labels = arrays[f"{split}_images"], arrays[f"{split}_labels"]
    except (KeyError, ValueError, TypeError, EOFError, zipfile.BadZipFile) as error:
        raise ValueError(f"{file} is not a MedMNIST file: {error}. Delete it and download it again.") from error
    if images.dtype != np.uint8 or images.ndim not in (3, 4) or labels.ndim != 2 or len(labels) != len(images):
        raise ValueError(
            f"{file} is not a MedMNIST file of 2-D images: it has images of shape {images.shape} and type "
            f"{images.dtype}, labels of shape {labels.shape}. Name a 2-D set."
        )
    labels = labels.astype(np.int64)
    return LabelledImages(images, labels[:, 0] if labels.shape[1] == 1 else labels, None)
