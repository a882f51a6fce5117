"""What authors write checks with, and what students run them with.

A check file imports from here: assertions that compare strictly and explain (`assert_tensor`, `assert_equal`,
`assert_has`, `assert_raises`, `unchanged`, `fail`), `in_place` for calls that may change their arguments, and
`send_function`, which puts a helper of the check on the student's side. Checks that train have `Experiment`,
`classification_metrics` and `send_loader`. `show_images`, `show_curves` and `show_confusion` leave a picture. The
names are imported when they are first used: the grader's own process needs none of them, and no torch.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from autograder.checking.compare import (
        assert_equal,
        assert_has,
        assert_raises,
        assert_tensor,
        assert_true,
        unchanged,
    )
    from autograder.checking.experiment import Experiment
    from autograder.checking.failure import CheckFailure, fail
    from autograder.checking.loaders import send_loader
    from autograder.checking.metrics import classification_metrics
    from autograder.checking.showing import show_confusion, show_curves, show_images
    from autograder.checking.submission import in_place, send_function

__all__ = [
    "CheckFailure",
    "Experiment",
    "assert_equal",
    "assert_has",
    "assert_raises",
    "assert_tensor",
    "assert_true",
    "classification_metrics",
    "fail",
    "in_place",
    "send_function",
    "send_loader",
    "show_confusion",
    "show_curves",
    "show_images",
    "unchanged",
]

_HOMES = {
    "CheckFailure": "failure",
    "Experiment": "experiment",
    "classification_metrics": "metrics",
    "fail": "failure",
    "in_place": "submission",
    "send_function": "submission",
    "send_loader": "loaders",
    "show_confusion": "showing",
    "show_curves": "showing",
    "show_images": "showing",
}


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    module = importlib.import_module(f"{__name__}.{_HOMES.get(name, 'compare')}")
    return getattr(module, name)
