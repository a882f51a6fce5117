"""``check("conv2d")``: the public checks of a question, on what the student's notebook defines."""

from __future__ import annotations

import os
import random
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from autograder.checking.display import Table
from autograder.course import Check, Question, read_questions
from autograder.results import CheckResult, QuestionResult

GRADING_VARIABLE = "AUTOGRADER_GRADING"

NBGRADER_VARIABLE = "NBGRADER_EXECUTION"
"""What nbgrader sets where it runs a notebook itself, to ``autograde`` or ``validate``.

See https://nbgrader.readthedocs.io/en/stable/user_guide/autograding_resources.html
"""


class ChecksFailed(Exception):
    """Not all checks passed; the message is the table. nbgrader's validation knows failures by exceptions only."""

    def _render_traceback_(self) -> list[str]:
        """Show the table, without the lines of the autograder that raised it. IPython calls this."""
        return str(self).splitlines()


def check(question: str) -> Table | float | None:
    """Run the public checks of ``question`` on this notebook and show a table of what passed and why not.

    Looks for ``test_*.py`` beside the notebook, as the student release has it. While a submission is graded
    this does nothing: the grader runs all checks itself. In a notebook that nbgrader grades in its own kernel, the
    autograder grades the notebook's file, and the value is the points.
    """
    if os.environ.get(GRADING_VARIABLE):
        return None
    run_by = os.environ.get(NBGRADER_VARIABLE)
    if run_by == "autograde":
        from autograder.checking.graded_cell import points_of

        return points_of(question)
    found = find_question(question)
    if found is None:
        return Table(None, unknown_question(question))
    path, declared = found
    result = run_public_checks(path, declared, sys._getframe(1).f_globals)
    if run_by == "validate" and result.score < result.max_score:
        raise ChecksFailed(repr(Table(result)))
    return Table(result, hinted=bool(declared.hints))


def run_public_checks(path: Path, question: Question, namespace: Mapping[str, Any]) -> QuestionResult:
    """Run the public checks of a question on a namespace of this process."""
    from autograder.checking.run import LocalSession, run_checks
    from autograder.checking.submission import LocalSubmission

    results: list[CheckResult] = []

    def report(_check: Check, result: CheckResult, _seconds: float) -> None:
        results.append(result)

    public = [check for check in question.checks if check.public]
    with _kept_random_state():
        run_checks(path, public, LocalSession(LocalSubmission(namespace)), report)
    return QuestionResult(question.name, tuple(results))


def find_question(name: str) -> tuple[Path, Question] | None:
    """Return the file of public checks that holds a question, and the question."""
    for path in _check_files():
        for question in read_questions(path.read_text("utf-8"), path.name):
            if question.name == name:
                return path, question
    return None


def unknown_question(name: str) -> str:
    """Return what to tell who asks for a question that is not here."""
    known = ", ".join(known_questions()) or "none: the file test_<exercise>.py is missing beside this notebook"
    return f"There is no question “{name}” here. Known questions: {known}."


def known_questions() -> list[str]:
    """Return the names of all questions whose checks lie beside the notebook."""
    return [q.name for path in _check_files() for q in read_questions(path.read_text("utf-8"), path.name)]


def _check_files() -> list[Path]:
    """Return the files of checks: beside the notebook (a release), or in the course that surrounds it."""
    here = Path.cwd()
    beside = sorted(here.glob("test_*.py"))
    if beside:
        return beside
    for folder in (here, *here.parents):
        if (folder / "tests" / "checks").is_dir():
            return sorted((folder / "tests" / "checks").glob("test_*.py"))
    return []


@contextmanager
def _kept_random_state() -> Iterator[None]:
    """Leave the notebook's random generators as they were: a check is no part of the student's computation."""
    import numpy as np
    import torch

    states = random.getstate(), np.random.get_state(), torch.get_rng_state()
    try:
        yield
    finally:
        random.setstate(states[0])
        np.random.set_state(states[1])
        torch.set_rng_state(states[2])
