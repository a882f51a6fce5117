"""The API that check files import.

It offers strict assertions that explain failures (`assert_tensor`, `assert_equal`, `assert_has`, `assert_raises`,
`unchanged`, `fail`), `in_place` for calls that may change their arguments, and `send_function`, which defines a helper
on the student's side. Checks that train use `Experiment`, `classification_metrics` and `send_loader`. `show_images`,
`show_curves` and `show_confusion` attach a picture to the outcome.

Names are imported on first use, so that the grader's own process can import this package without loading torch.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:  # for editors and mypy, which do not look into `__getattr__`
    from autograder.checking.assertions import (
        assert_equal,
        assert_has,
        assert_raises,
        assert_tensor,
        assert_true,
        unchanged,
    )
    from autograder.checking.experiments import Experiment
    from autograder.checking.failures import CheckFailure, fail, phrase
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
    "phrase",
    "send_function",
    "send_loader",
    "show_confusion",
    "show_curves",
    "show_images",
    "unchanged",
]

_HOMES = {  # names that are not listed are those of `assertions`
    "CheckFailure": "checking.failures",
    "Experiment": "checking.experiments",
    "classification_metrics": "checking.training",
    "fail": "checking.failures",
    "phrase": "checking.failures",
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
