"""The steps that ``nbgrader_config.py`` plugs into nbgrader.

`SubmissionExporter` keeps nbgrader from opening students' files, `Grade` grades them in the sandbox instead of running
them, and `FeedbackExporter` writes our feedback page instead of nbgrader's. They are imported on first use, because
students' servers load only ``autograder.integrations.nbgrader.validate``.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from autograder.integrations.nbgrader.steps import FeedbackExporter, Grade, SubmissionExporter

__all__ = ["FeedbackExporter", "Grade", "SubmissionExporter"]


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f"{__name__}.steps"), name)
