"""What otter's test files call: one test case for each check, which says what the check says.

A student's test files hold `PublicChecks`, which run on what the notebook defines. Those of ``otter run`` hold
`AllChecks`: they run in no process of otter's, but in the sandbox, on the file that was handed in.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from autograder.course import load_course
from autograder.integrations.grade_externally import NotGraded, grade_externally, question_of
from autograder.integrations.notebook import find_question, run_public_checks
from autograder.results.model import CheckResult, Outcome, QuestionResult
from autograder.results.rendering import WORDS
from autograder.text import printable

COURSE = Path("../source/course")
"""The course that ``autograder.zip`` holds; otter unpacks that beside the folder of submissions, and tests there."""

HANDED_IN = Path("../handed_in")
"""Holds the submission once otter has read it; no process works in this folder."""


class NotPassed(Exception):
    """A check did not pass; the message says why."""


class PublicChecks:
    """The public checks of a question, on what a notebook defines. All are run when the first is asked for."""

    def __init__(self, question: str) -> None:
        self._question = question
        self._result: QuestionResult | None = None

    def require(self, check: str, env: Mapping[str, Any]) -> None:
        """Raise `NotPassed` unless a check passes on the names in ``env``."""
        if self._result is None:
            found = find_question(self._question)
            if found is None:
                raise NotGraded(f"The folder `checks` with test_{self._question}.py is missing beside this notebook.")
            self._result = run_public_checks(*found, env)
        _require(self._result, check)


class AllChecks:
    """All checks of a question, as the autograder's sandbox decided them."""

    def __init__(self, question: str) -> None:
        self._question = question

    def require(self, check: str, _env: Mapping[str, Any]) -> None:
        """Raise `NotPassed` unless a check passed; `NotGraded` where nothing could be graded."""
        (submission,) = HANDED_IN.iterdir()
        result = grade_externally(submission.resolve(), load_course(COURSE).exercises[0].name, COURSE.resolve())
        _require(question_of(result, self._question), check)


def _require(question: QuestionResult, name: str) -> None:
    check = next(check for check in question.checks if check.name == name)
    if check.outcome is not Outcome.PASSED:
        raise NotPassed(_words(check))


def _words(check: CheckResult) -> str:
    """Return what a student reads: the outcome, why, and a hint where there is one."""
    hint = f"Hint: {check.hint}" if check.hint else ""
    parts = [WORDS[check.outcome][1], *check.message.split("\n"), hint]
    return "\n".join(printable(part, 1000) for part in parts if part)
