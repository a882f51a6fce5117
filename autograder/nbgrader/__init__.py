"""What nbgrader calls to grade, and what its configuration names by its path; see nbgrader_config.py.

`SubmissionExporter` keeps nbgrader from opening students' files, `Grade` takes the place of running them, and
`FeedbackExporter` makes our page of feedback where nbgrader would make its own. They are
imported when they are first used: the servers of students load ``autograder.nbgrader.validate`` only.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from autograder.nbgrader.exporter import SubmissionExporter
    from autograder.nbgrader.feedback import FeedbackExporter
    from autograder.nbgrader.grade import Grade

__all__ = ["FeedbackExporter", "Grade", "SubmissionExporter"]

_HOMES = {"FeedbackExporter": "feedback", "Grade": "grade", "SubmissionExporter": "exporter"}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f"{__name__}.{_HOMES[name]}"), name)
