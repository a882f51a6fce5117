"""Import large libraries without the parts that are expensive and unused, or broken.

Every run of `autograder grade` pays for its imports before the first submission.

torchvision is repaired where its binary does not fit torch, as with a CPU-only build. Models and transforms need none
of its compiled operators, yet its import fails with "operator torchvision::nms does not exist", because it registers
two of them by name. So a hook declares these two, without an implementation, just before that happens and only if the
binary did not load. Calling one, as object detection would, still raises torchvision's own error.
"""

from __future__ import annotations

import functools
import importlib
import importlib.machinery
import importlib.util
import sys
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import Any, NamedTuple


class Nbgrader(NamedTuple):
    """The two modules of nbgrader that the gradebook needs."""

    api: Any
    utils: Any


def jupytext() -> Any:
    """Import and return Jupytext."""
    with _without("rfc3987_syntax"):
        return importlib.import_module("jupytext")


@functools.cache
def nbgrader() -> Nbgrader:
    """Import and return nbgrader's gradebook API without its Jupyter server extensions, which take most of the time.

    ``nbgrader/__init__.py`` imports the extensions, so an empty package with the same path replaces it while the API is
    imported. If nbgrader is imported already, it is used as it is.
    """
    with _without("rfc3987_syntax"), _empty_package("nbgrader"):
        found = Nbgrader(importlib.import_module("nbgrader.api"), importlib.import_module("nbgrader.utils"))
    # nbgrader's own function starts the program alembic, which must be on the PATH.
    found.api.get_alembic_version = _alembic_version
    return found


@functools.cache
def medmnist_info() -> Any:
    """Import and return ``medmnist.info`` (names, URLs, checksums) without pandas and scikit-learn, which take 4 s."""
    with _empty_package("medmnist"), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it warns if it cannot create a folder in the home directory
        return importlib.import_module("medmnist.info")


def _alembic_version() -> str:
    """Return the version of nbgrader's tables, as ``alembic heads`` prints it, without starting that program."""
    from alembic.script import ScriptDirectory
    from nbgrader.dbutil import ALEMBIC_DIR

    head = ScriptDirectory(ALEMBIC_DIR).get_current_head()
    assert head is not None, "nbgrader ships the migrations of its tables"
    return head


@contextmanager
def _without(name: str) -> Iterator[None]:
    """Make the import of an optional module fail.

    ``rfc3987_syntax`` builds a grammar of URLs for jsonschema, which nbformat needs: 1.4 s, used by nothing here.
    """
    if name in sys.modules:
        yield
        return
    sys.modules[name] = None  # type: ignore[assignment] # documented: makes the import raise ModuleNotFoundError
    try:
        yield
    finally:
        del sys.modules[name]  # others may import it after this


@contextmanager
def _empty_package(name: str) -> Iterator[None]:
    """Import modules of a package without running its ``__init__``; a later import of the package runs it."""
    if name in sys.modules:
        yield
        return
    spec = importlib.machinery.PathFinder.find_spec(name)
    if spec is None or spec.submodule_search_locations is None:
        raise ModuleNotFoundError(f"No module named {name!r}", name=name)
    from importlib.metadata import version

    package = ModuleType(name)
    package.__path__ = list(spec.submodule_search_locations)  # so that its submodules are found
    package.__version__ = version(name)  # type: ignore[attr-defined] # nbgrader.docs and others read it
    sys.modules[name] = package
    try:
        yield
    finally:
        del sys.modules[name]


# --- torchvision with a CPU-only torch ----------------------------------------------------------------------------
# The module that registers operators by name. `torchvision.extension`, which loads the binary, is imported before it.
_REGISTERS = "torchvision._meta_registrations"
_OPERATORS = ("nms", "qnms")
_SCHEMA = "(Tensor dets, Tensor scores, float iou_threshold) -> Tensor"


class TorchvisionWatch:
    """A finder for ``sys.meta_path`` that finds nothing: it only watches which module is about to be imported."""

    @classmethod
    def find_spec(
        cls, name: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """Declare the missing operators when the module that needs them is imported; leave the import to others."""
        if name == _REGISTERS:
            _declare_operators()
        return None


def repair_torchvision() -> None:
    """Make ``import torchvision`` work in this process; costs nothing until then."""
    if TorchvisionWatch not in sys.meta_path:
        sys.meta_path.insert(0, TorchvisionWatch)  # before the finder that finds the module


def _declare_operators() -> None:
    extension = sys.modules.get("torchvision.extension")
    if extension is None or extension._has_ops():
        return
    import torch

    for name in _OPERATORS:
        if not hasattr(torch.ops.torchvision, name):  # a second attempt after a failed import has them already
            torch.library.define(f"torchvision::{name}", _SCHEMA)
