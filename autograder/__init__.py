"""Exercises, checks and safe grading for *Medical image classification with deep learning*.

A student needs two names: ``from autograder import check, hint``, then ``check("conv2d")`` and ``hint("conv2d")``.
Importing the package is cheap: torch is imported when a check runs, not before. It also sees to it that
``import torchvision`` works beside a CPU-only torch.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from autograder import torchvision_import

__version__ = "0.1.0"
__all__ = ["__version__", "check", "hint"]

if TYPE_CHECKING:
    from autograder.checking.hints import hint
    from autograder.checking.notebook import check

torchvision_import.install()


def __getattr__(name: str) -> Any:
    if name == "check":
        from autograder.checking.notebook import check

        return check
    if name == "hint":
        from autograder.checking.hints import hint

        return hint
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
