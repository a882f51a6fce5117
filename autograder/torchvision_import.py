"""``import torchvision`` that works where its binary does not fit torch, as beside a CPU-only build.

Models and transforms need none of torchvision's compiled operators, yet without them its import dies with "operator
torchvision::nms does not exist": torchvision describes two of them to torch by name. So these two are declared, without
an implementation, just before that happens, and only where the binary has not brought them. Calling one, as object
detection would, still says that torchvision's operators could not be loaded.

Nobody has to think of it, and who does not import torchvision pays nothing for it.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from importlib.machinery import ModuleSpec
from types import ModuleType

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


def install() -> None:
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
