"""Large libraries, imported without what is expensive or broken.

Large libraries, imported without those of their parts that nothing here uses.

Every run of `autograder grade` pays for its imports before the first submission; each part left out says what it costs.

``import torchvision`` that works where its binary does not fit torch, as beside a CPU-only build.

Models and transforms need none of torchvision's compiled operators, yet without them its import dies with "operator
torchvision::nms does not exist": torchvision describes two of them to torch by name. So these two are declared, without
an implementation, just before that happens, and only where the binary has not brought them. Calling one, as object
detection would, still says that torchvision's operators could not be loaded.

Nobody has to think of it, and who does not import torchvision pays nothing for it.
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
    """Return Jupytext."""
    with _without("rfc3987_syntax"):
        return importlib.import_module("jupytext")


@functools.cache
def nbgrader() -> Nbgrader:
    """Return nbgrader's gradebook API without its Jupyter server extensions, which take most of its import.

    ``integrations/nbgrader/__init__.py`` imports the extensions; while the API is imported, an empty package with the
    same path stands in for it. Where nbgrader is there already, it is used as it is.
    """
    with _without("rfc3987_syntax"), _empty_package("nbgrader"):
        found = Nbgrader(importlib.import_module("nbgrader.api"), importlib.import_module("nbgrader.utils"))
    found.api.get_alembic_version = _alembic_version
    return found


@functools.cache
def medmnist_info() -> Any:
    """Return ``medmnist.info``: names, addresses and checksums, without pandas, scikit-learn and the rest: 4 s."""
    with _empty_package("medmnist"), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that it could not make a folder in a home that is not writable
        return importlib.import_module("medmnist.info")


def _alembic_version() -> str:
    """Return the version of nbgrader's tables: what ``alembic heads`` prints, without starting that program."""
    from alembic.script import ScriptDirectory
    from nbgrader.dbutil import ALEMBIC_DIR

    head = ScriptDirectory(ALEMBIC_DIR).get_current_head()
    assert head is not None, "nbgrader brings the history of its tables"
    return head


@contextmanager
def _without(name: str) -> Iterator[None]:
    """Let an import of a module fail: of one that its user treats as optional.

    ``rfc3987_syntax`` builds a grammar of URLs for jsonschema, which nbformat needs: 1.4 s, used by nothing here.
    """
    if name in sys.modules:
        yield
        return
    sys.modules[name] = None  # type: ignore[assignment] # Python's own way to say: not to be imported
    try:
        yield
    finally:
        del sys.modules[name]


@contextmanager
def _empty_package(name: str) -> Iterator[None]:
    """Import modules of a package without running its ``__init__``; who imports the package later gets it whole."""
    if name in sys.modules:
        yield
        return
    spec = importlib.machinery.PathFinder.find_spec(name)
    if spec is None or spec.submodule_search_locations is None:
        raise ModuleNotFoundError(f"No module named {name!r}", name=name)
    from importlib.metadata import version

    package = ModuleType(name)
    package.__path__ = list(spec.submodule_search_locations)
    package.__version__ = version(name)  # type: ignore[attr-defined] # nbgrader.docs and others read it
    sys.modules[name] = package
    try:
        yield
    finally:
        del sys.modules[name]


# --- torchvision beside a CPU-only torch --------------------------------------------------------------------------


# The module that describes operators to torch. `torchvision.extension`, which loads the binary, comes before it.
_DESCRIBES = "torchvision._meta_registrations"
_OPERATORS = ("nms", "qnms")
_SCHEMA = "(Tensor dets, Tensor scores, float iou_threshold) -> Tensor"


class TorchvisionWatch:
    """A finder for ``sys.meta_path`` that finds nothing: it sees which module is about to be imported."""

    @classmethod
    def find_spec(
        cls, name: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """Declare what is missing when the module that needs it is imported; leave the import to others."""
        if name == _DESCRIBES:
            _declare_operators()
        return None


def repair_torchvision() -> None:
    """Watch for the import of torchvision in this process, from now on."""
    if TorchvisionWatch not in sys.meta_path:
        sys.meta_path.insert(0, TorchvisionWatch)


def _declare_operators() -> None:
    extension = sys.modules.get("torchvision.extension")
    if extension is None or extension._has_ops():
        return
    import torch

    for name in _OPERATORS:
        if not hasattr(torch.ops.torchvision, name):  # an import that failed and is tried again has them already
            torch.library.define(f"torchvision::{name}", _SCHEMA)
