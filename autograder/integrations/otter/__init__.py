"""The API of our otter test files, which have one test case per check and show its message.

Students' test files use `PublicChecks`, which run on the names that the notebook defines. Those of ``otter run`` use
`AllChecks`, which run in the sandbox, on the submitted file, and never in otter's processes.
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
"""The course in ``autograder.zip``: otter unpacks it beside the folder of submissions, in which it runs the tests."""

HANDED_IN = Path("../handed_in")
"""The folder to which the submission is moved once otter has read it; no process runs in it."""


class NotPassed(Exception):
    """A check did not pass; the message says why."""


class PublicChecks:
    """The public checks of a question, on the names that a notebook defines. The first call runs all of them."""

    def __init__(self, question: str) -> None:
        self._question = question
        self._result: QuestionResult | None = None

    def require(self, check: str, env: Mapping[str, Any]) -> None:
        """Raise `NotPassed` unless a check passes on the names in ``env``."""
        if self._result is None:  # otter calls this once per check
            found = find_question(self._question)
            if found is None:
                raise NotGraded(
                    f"The folder `checks` with test_{self._question}.py is missing beside this notebook. Copy it there."
                )
            self._result = run_public_checks(*found, env)
        _require(self._result, check)


class AllChecks:
    """All checks of a question, graded in the sandbox."""

    def __init__(self, question: str) -> None:
        self._question = question

    def require(self, check: str, _env: Mapping[str, Any]) -> None:
        """Raise `NotPassed` unless a check passed; raise `NotGraded` if the submission could not be graded."""
        (submission,) = HANDED_IN.iterdir()  # the plugin moved exactly one file there
        result = grade_externally(submission.resolve(), load_course(COURSE).exercises[0].name, COURSE.resolve())
        _require(question_of(result, self._question), check)


def _require(question: QuestionResult, name: str) -> None:
    check = next(check for check in question.checks if check.name == name)
    if check.outcome is not Outcome.PASSED:
        raise NotPassed(_feedback(check))


def _feedback(check: CheckResult) -> str:
    """Return the feedback on a check: its outcome, the message, and the hint if it has one."""
    hint = f"Hint: {check.hint}" if check.hint else ""
    parts = [WORDS[check.outcome][1], *check.message.split("\n"), hint]
    return "\n".join(printable(part, 1000) for part in parts if part)  # otter prints it to terminals and files
