"""Image datasets: `load_dataset` loads any of them, `phantoms` generates the built-in one.

Importing this imports only NumPy; the libraries for MedMNIST are imported when one of its sets is loaded.
"""

from __future__ import annotations

from pathlib import Path

from autograder.datasets.images import LabelledImages, load_medmnist
from autograder.datasets.phantom import phantoms

__all__ = ["LabelledImages", "load_dataset", "phantoms"]

SPLITS = ("train", "val", "test")

# Seed and number of images of each public split. Hidden checks use other seeds.
_PUBLIC_PHANTOMS = {"train": (101, 4000), "val": (102, 1000), "test": (103, 1000)}


def load_dataset(name: str, split: str, *, size: int = 28, root: str | Path | None = None) -> LabelledImages:
    """Return the images, labels and, if known, finding masks of one split of a dataset.

    ``name`` is ``"phantom"``, which is built in, or a 2-D set of MedMNIST v2 such as ``"pneumoniamnist"``; ``split``
    is ``"train"``, ``"val"`` or ``"test"``; images have ``size`` × ``size`` pixels. A MedMNIST set is read from
    ``root``, else from the folder in the environment variable ``AUTOGRADER_DATA``, else from MedMNIST's own
    (``~/.medmnist``). If it is missing there, it is downloaded.

    Raises ``ValueError`` for an unknown name, split or size, and ``FileNotFoundError`` for a file that is missing and
    cannot be downloaded.
    """
    if split not in SPLITS:
        raise ValueError(f"Unknown split {split!r}. Choose one of: {', '.join(SPLITS)}.")
    if name == "phantom":
        seed, n = _PUBLIC_PHANTOMS[split]
        return phantoms(n, seed=seed, size=size)
    return load_medmnist(name, split, size=size, root=root)
