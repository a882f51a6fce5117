"""The functions that students call in a notebook: ``check`` and ``hint``.

``check("conv2d")`` runs the public checks of a question on the names that the notebook defines. ``hint("conv2d")``
shows the author's hints for the question, one at a time.
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
from autograder.course.reader import read_public_checks
from autograder.course.structure import is_public
from autograder.results.model import CheckResult, Outcome, QuestionResult
from autograder.results.rendering import CheckTable, marked

GRADING_VARIABLE = "AUTOGRADER_GRADING"

NBGRADER_VARIABLE = "NBGRADER_EXECUTION"
"""nbgrader sets this to ``autograde`` or ``validate`` when it executes a notebook.

See https://nbgrader.readthedocs.io/en/stable/user_guide/autograding_resources.html
"""


class ChecksFailed(Exception):
    """Not all checks passed; the message is the table. nbgrader's validation detects failures only by exceptions."""

    def _render_traceback_(self) -> list[str]:
        """Return the table in place of a traceback. IPython calls this."""
        return str(self).splitlines()


def check(question: str) -> CheckTable | float | None:
    """Run the public checks of ``question`` on this notebook and show which passed, and why others failed.

    Looks for the folder ``checks`` beside the notebook, as in the student release. While the autograder grades a
    submission, this does nothing, because the grader runs all checks itself. While nbgrader autogrades the notebook in
    its own kernel, the autograder grades the notebook's file, and the points are returned.
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
    # The globals of the calling cell are the notebook's names.
    result = run_public_checks(tests, declared, sys._getframe(1).f_globals)
    if run_by == "validate" and result.score < result.max_score:
        raise ChecksFailed(repr(CheckTable(result)))
    return CheckTable(result, hinted=bool(declared.hints))


def run_public_checks(tests: Sequence[Path], question: Question, namespace: Mapping[str, Any]) -> QuestionResult:
    """Run the public checks of a question on a namespace of this process."""
    from autograder.checking.runner import LocalSession, run_checks
    from autograder.checking.student_module import LocalSubmission
    from autograder.checking.verdict import blamed

    results: list[CheckResult] = []

    def report(check: Check, result: CheckResult, _seconds: float) -> None:
        # Public checks were proven with the solution before they were released: one that raises shows a wrong answer.
        results.append(blamed(check, result) if result.outcome is Outcome.GRADER_ERROR else result)

    with _preserved_random_state():
        run_checks(tests, question.checks, LocalSession(LocalSubmission(namespace)), report)
    return QuestionResult(question.name, tuple(results))


def find_question(name: str) -> tuple[list[Path], Question] | None:
    """Return the public check files of a question, and the question; None if there is no such question."""
    folder = checks_folder(Path.cwd())
    for exercise in _exercises(folder) if folder else ():
        assert folder is not None
        files, questions = read_public_checks(folder, exercise)
        for question in questions:
            if question.name == name:
                return [folder / test for test in files.tests if question_of(test) == name], question
    return None


def unknown_question(name: str) -> str:
    """Return the message for a question that does not exist."""
    known = ", ".join(known_questions())
    if not known:
        return f"There is no question “{name}”: the folder `checks` is missing beside this notebook. Copy it there."
    return f"There is no question “{name}”. Known questions: {known}."


def known_questions() -> list[str]:
    """Return the names of all questions that have public checks here."""
    folder = checks_folder(Path.cwd())
    if folder is None:
        return []
    tests = (test for exercise in _exercises(folder) for test in test_files(folder, exercise))
    return [question_of(test) for test in tests if is_public(test)]


def checks_folder(here: Path) -> Path | None:
    """Return the folder of checks: beside the notebook (in a release), or in the course that contains it."""
    candidates = (here / "checks", *(folder / "tests" / "checks" for folder in (here, *here.parents)))
    return next((folder for folder in candidates if any(folder.glob("*/public/test_*.py"))), None)


def _exercises(folder: Path) -> list[str]:
    """Return the exercises that have public checks."""
    return sorted({path.parents[1].name for path in folder.glob("*/public/test_*.py")})


@contextmanager
def _preserved_random_state() -> Iterator[None]:
    """Restore the notebook's random states afterwards: a check must not change the student's own computation."""
    import numpy as np
    import torch

    states = random.getstate(), np.random.get_state(), torch.get_rng_state()
    try:
        yield
    finally:
        random.setstate(states[0])
        np.random.set_state(states[1])
        torch.set_rng_state(states[2])


_hints_shown: dict[str, int] = {}


class Hint:
    """A text that a notebook displays as a cell's value, with names in backticks as code."""

    def __init__(self, text: str) -> None:
        self.text = text

    def __repr__(self) -> str:
        return self.text

    def _repr_html_(self) -> str:
        return f"<p>{marked(self.text)}</p>"


def hint(question: str) -> Hint:
    """Return the next hint for a question; after the last one, start again with the first."""
    found = find_question(question)
    if found is None:
        return Hint(unknown_question(question))
    hints = found[1].hints
    if not hints:
        return Hint(f'There is no hint for `{question}`. Run `check("{question}")` to see what is not right yet.')
    place = _hints_shown.get(question, 0) % len(hints)
    _hints_shown[question] = place + 1
    more = f' Run `hint("{question}")` again for the next one.' if place + 1 < len(hints) else ""
    return Hint(f"Hint {place + 1} of {len(hints)}: {hints[place]}{more}")
