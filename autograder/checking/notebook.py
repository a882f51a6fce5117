"""``check("conv2d")``: the public checks of a question, on what the student's notebook defines."""

from __future__ import annotations

import os
import random
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
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


def check(question: str) -> Table | float | None:
    """Run the public checks of ``question`` on this notebook and show a table of what passed and why not.

    Looks for ``test_*.py`` beside the notebook, as the student release has it. While a submission is graded
    this does nothing: the grader runs all checks itself. In a notebook that nbgrader grades in its own kernel, all
    checks run, and the value is the points.
    """
    if os.environ.get(GRADING_VARIABLE):
        return None
    run_by = os.environ.get(NBGRADER_VARIABLE)
    if run_by == "autograde":
        return score_in_notebook(question, sys._getframe(1).f_globals)
    found = find_question(question)
    if found is None:
        known = ", ".join(known_questions()) or "none: the file test_<exercise>.py is missing beside this notebook"
        return Table(None, f"There is no question “{question}” here. Known questions: {known}.")
    path, declared = found
    result = run_public_checks(path, declared, sys._getframe(1).f_globals)
    if run_by == "validate" and result.score < result.max_score:
        raise ChecksFailed(repr(Table(result)))
    return Table(result)


def run_public_checks(path: Path, question: Question, namespace: Mapping[str, Any]) -> QuestionResult:
    """Run the public checks of a question on a namespace of this process."""
    return _run(path, question, [check for check in question.checks if check.public], namespace)


def score_in_notebook(name: str, namespace: Mapping[str, Any]) -> float:
    """Run all checks of a question in this process, show their table and return the points.

    For nbgrader without the autograder's preprocessor: it takes the last value of a cell for its points, what is no
    number for full points, and anything on stderr for none. So what cannot be decided raises; what answers write on
    stderr while checks run, pytest keeps to itself.
    """
    found = _find(name, _checks_of_course())
    if found is None:
        raise LookupError(
            f"All checks of “{name}” are to be run, but no folder above {Path.cwd()} holds them in tests/checks. "
            "Grade in the course's folder."
        )
    path, question = found
    result = _run(path, question, question.checks, namespace)
    table = Table(result, public_only=False)
    if result.needs_human:
        raise ChecksFailed(repr(table))
    from IPython.display import display

    display(table)
    return result.score


def _run(path: Path, question: Question, checks: Sequence[Check], namespace: Mapping[str, Any]) -> QuestionResult:
    from autograder.checking.run import LocalSession, run_checks
    from autograder.checking.submission import LocalSubmission

    results: list[CheckResult] = []

    def report(_check: Check, result: CheckResult, _seconds: float) -> None:
        results.append(result)

    with _kept_random_state():
        run_checks(path, checks, LocalSession(LocalSubmission(namespace)), report)
    return QuestionResult(question.name, tuple(results))


def find_question(name: str) -> tuple[Path, Question] | None:
    """Return the file of public checks that holds a question, and the question."""
    return _find(name, _check_files())


def _find(name: str, paths: Iterable[Path]) -> tuple[Path, Question] | None:
    for path in paths:
        for question in read_questions(path.read_text("utf-8"), path.name):
            if question.name == name:
                return path, question
    return None


def known_questions() -> list[str]:
    """Return the names of all questions whose checks lie beside the notebook."""
    return [q.name for path in _check_files() for q in read_questions(path.read_text("utf-8"), path.name)]


def _check_files() -> list[Path]:
    """Return the files of checks: beside the notebook (a release), or in the course that surrounds it."""
    return _beside() or _checks_of_course()


def _beside() -> list[Path]:
    return sorted(Path.cwd().glob("test_*.py"))


def _checks_of_course() -> list[Path]:
    """Return the course's own files of checks; of the exercises whose files lie beside the notebook, if any do."""
    here = Path.cwd()
    names = {path.name for path in _beside()}
    for folder in (here, *here.parents):
        if (folder / "tests" / "checks").is_dir():
            found = sorted((folder / "tests" / "checks").glob("test_*.py"))
            return [path for path in found if not names or path.name in names]
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
