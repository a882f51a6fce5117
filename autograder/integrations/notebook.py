"""What students call in a notebook: ``check`` and ``hint``.

``check("conv2d")``: the public checks of a question, on what the student's notebook defines.

``hint("conv2d")``: what a question's author tells someone who does not know how to go on, a step at a time.
"""

from __future__ import annotations

import os
import random
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from autograder.course import Check, Question
from autograder.course.check_files import question_of, test_files
from autograder.course.model import is_public
from autograder.course.reader import read_public_checks
from autograder.results.model import CheckResult, QuestionResult
from autograder.results.rendering import CheckTable, marked

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


def check(question: str) -> CheckTable | float | None:
    """Run the public checks of ``question`` on this notebook and show a table of what passed and why not.

    Looks for the folder ``checks`` beside the notebook, as the student release has it. While a submission is graded
    this does nothing: the grader runs all checks itself. In a notebook that nbgrader grades in its own kernel, the
    autograder grades the notebook's file, and the value is the points.
    """
    if os.environ.get(GRADING_VARIABLE):
        return None
    run_by = os.environ.get(NBGRADER_VARIABLE)
    if run_by == "autograde":
        from autograder.integrations.grade_externally import points_of

        return points_of(question)
    found = find_question(question)
    if found is None:
        return CheckTable(None, unknown_question(question))
    tests, declared = found
    result = run_public_checks(tests, declared, sys._getframe(1).f_globals)
    if run_by == "validate" and result.score < result.max_score:
        raise ChecksFailed(repr(CheckTable(result)))
    return CheckTable(result, hinted=bool(declared.hints))


def run_public_checks(tests: Sequence[Path], question: Question, namespace: Mapping[str, Any]) -> QuestionResult:
    """Run the public checks of a question on a namespace of this process."""
    from autograder.checking.runner import LocalSession, run_checks
    from autograder.checking.student_module import LocalSubmission

    results: list[CheckResult] = []

    def report(_check: Check, result: CheckResult, _seconds: float) -> None:
        results.append(result)

    with _kept_random_state():
        run_checks(tests, question.checks, LocalSession(LocalSubmission(namespace)), report)
    return QuestionResult(question.name, tuple(results))


def find_question(name: str) -> tuple[list[Path], Question] | None:
    """Return the files of public checks of a question, and the question; None where there is no such question."""
    folder = checks_folder(Path.cwd())
    for exercise in _exercises(folder) if folder else ():
        assert folder is not None
        files, questions = read_public_checks(folder, exercise)
        for question in questions:
            if question.name == name:
                return [folder / test for test in files.tests if question_of(test) == name], question
    return None


def unknown_question(name: str) -> str:
    """Return what to tell who asks for a question that is not here."""
    known = ", ".join(known_questions()) or "none: the folder `checks` is missing beside this notebook"
    return f"There is no question “{name}” here. Known questions: {known}."


def known_questions() -> list[str]:
    """Return the names of all questions whose checks lie beside the notebook."""
    folder = checks_folder(Path.cwd())
    if folder is None:
        return []
    tests = (test for exercise in _exercises(folder) for test in test_files(folder, exercise))
    return [question_of(test) for test in tests if is_public(test)]


def checks_folder(here: Path) -> Path | None:
    """Return the folder of checks: beside the notebook (a release), or in the course that surrounds it."""
    candidates = (here / "checks", *(folder / "tests" / "checks" for folder in (here, *here.parents)))
    return next((folder for folder in candidates if any(folder.glob("*/public/test_*.py"))), None)


def _exercises(folder: Path) -> list[str]:
    """Return the exercises of which there are public checks."""
    return sorted({path.parents[1].name for path in folder.glob("*/public/test_*.py")})


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


# --- Hints --------------------------------------------------------------------------------------------------------


_told: dict[str, int] = {}


class Hint:
    """A text that a notebook shows as the last value of a cell, with names between backticks as code."""

    def __init__(self, text: str) -> None:
        self.text = text

    def __repr__(self) -> str:
        return self.text

    def _repr_html_(self) -> str:
        return f"<p>{marked(self.text)}</p>"


def hint(question: str) -> Hint:
    """Return the next hint for a question; after the last one it begins again."""
    found = find_question(question)
    if found is None:
        return Hint(unknown_question(question))
    hints = found[1].hints
    if not hints:
        return Hint(f'There is no hint for `{question}`. `check("{question}")` says what is not right yet.')
    place = _told.get(question, 0) % len(hints)
    _told[question] = place + 1
    more = f' Run `hint("{question}")` again for the next one.' if place + 1 < len(hints) else ""
    return Hint(f"Hint {place + 1} of {len(hints)}: {hints[place]}{more}")
