"""Images to learn from: `load_dataset`, one way to load them all, and `phantoms`, the generator of the built-in ones.

Importing this costs NumPy and no more; what a MedMNIST set needs is imported when one is loaded.
"""

from __future__ import annotations

from pathlib import Path

from autograder.datasets.images import LabelledImages, load_medmnist
from autograder.datasets.phantom import phantoms

__all__ = ["LabelledImages", "load_dataset", "phantoms"]

SPLITS = ("train", "val", "test")

# Seeds and numbers of the phantoms that everybody has; hidden checks draw from seeds of their own.
_PUBLIC_PHANTOMS = {"train": (101, 4000), "val": (102, 1000), "test": (103, 1000)}


def load_dataset(name: str, split: str, *, size: int = 28, root: str | Path | None = None) -> LabelledImages:
    """Return the images, labels and, where known, finding masks of one split of a dataset.

    ``name`` is ``"phantom"``, which is built in, or a 2-D set of MedMNIST v2 such as ``"pneumoniamnist"``; ``split``
    is ``"train"``, ``"val"`` or ``"test"``; images have ``size`` × ``size`` pixels. A MedMNIST set is read from
    ``root``, else from the folder that the environment variable ``AUTOGRADER_DATA`` names, else from
    MedMNIST's own (``~/.medmnist``), into which it is downloaded where it is missing.

    Raises ``ValueError`` for an unknown name, split or size, and ``FileNotFoundError``, which says what to do, where
    a file is neither there nor can be downloaded.
    """
    if split not in SPLITS:
        raise ValueError(f"unknown split {split!r}; known: {', '.join(SPLITS)}")
    if name == "phantom":
        seed, n = _PUBLIC_PHANTOMS[split]
        return phantoms(n, seed=seed, size=size)
    return load_medmnist(name, split, size=size, root=root)
