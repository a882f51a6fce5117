"""What nbgrader calls to grade, and what its configuration names by its path; see nbgrader_config.py.

`SubmissionExporter` keeps nbgrader from opening students' files, `Grade` takes the place of running them, and
`FeedbackExporter` makes our page of feedback where nbgrader would make its own. They are
imported when they are first used: the servers of students load ``autograder.integrations.nbgrader.validate`` only.
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
