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
    from autograder.checking.assertions import (
        assert_equal,
        assert_has,
        assert_raises,
        assert_tensor,
        assert_true,
        unchanged,
    )
    from autograder.checking.experiments import Experiment
    from autograder.checking.failures import CheckFailure, fail
    from autograder.checking.student_module import in_place, send_function
    from autograder.checking.training import classification_metrics, send_loader
    from autograder.results.pictures import show_confusion, show_curves, show_images

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
    "CheckFailure": "checking.failures",
    "Experiment": "checking.experiments",
    "classification_metrics": "checking.training",
    "fail": "checking.failures",
    "in_place": "checking.student_module",
    "send_function": "checking.student_module",
    "send_loader": "checking.training",
    "show_confusion": "results.pictures",
    "show_curves": "results.pictures",
    "show_images": "results.pictures",
}


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    module = importlib.import_module(f"autograder.{_HOMES.get(name, 'checking.assertions')}")
    return getattr(module, name)
