"""Results as Gradescope reads them: ``results.json``.

The format is that of https://gradescope-autograders.readthedocs.io/en/latest/specs/. All text has the format ``text``,
which Gradescope shows as it is: what students wrote is never read as HTML or Markdown.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from autograder.course import Check, Exercise
from autograder.results.model import CheckResult, Outcome, Result

OUTCOMES = {
    Outcome.PASSED: "passed",
    Outcome.FAILED: "failed",
    Outcome.NOT_ATTEMPTED: "not attempted",
    Outcome.TIMED_OUT: "took too long",
    Outcome.CRASHED: "crashed",
    Outcome.NOT_RUN: "not run",
    Outcome.GRADER_ERROR: "could not be checked",
}

UNDECIDED = (
    "Could not be checked: the check itself failed, which is not your mistake. It has no points until your teachers "
    "have looked at it. Tell them."
)

VISIBILITY = {"public": "visible", "hidden": "after_published"}

Finished = Mapping[tuple[str, str], CheckResult]
"""The checks that have ended, by question and name."""


def finished_of(result: Result) -> dict[tuple[str, str], CheckResult]:
    """Return all checks of a result."""
    return {(question.name, check.name): check for question in result.questions for check in question.checks}


def document(exercise: Exercise, finished: Finished, output: str, missing: str, **extra: str) -> dict[str, Any]:
    """Return ``results.json``: one test for each check, numbered by question.

    ``missing`` tells why a check that is not among ``finished`` has no outcome. The score is the sum of the points of
    those that are; ``extra`` is kept by Gradescope and shown to nobody.
    """
    tests = [
        _test(f"{number}.{place}", check, finished.get((question.name, check.name)), missing)
        for number, question in enumerate(exercise.questions, 1)
        for place, check in enumerate(question.checks, 1)
    ]
    return {
        "score": round(sum(test["score"] for test in tests), 6),
        "output": output,
        "output_format": "text",
        "visibility": "visible",
        "stdout_visibility": "hidden",
        "extra_data": {"exercise": exercise.name, "max_score": exercise.max_score} | extra,
        "tests": tests,
    }


def _test(number: str, check: Check, result: CheckResult | None, missing: str) -> dict[str, Any]:
    return {
        "name": f"{check.question}: {check.title}",
        "name_format": "text",
        "number": number,
        "score": result.points if result else 0.0,
        "max_score": check.points,
        "status": "passed" if result and result.outcome is Outcome.PASSED else "failed",
        "output": _words(result) if result else missing,
        "output_format": "text",
        "visibility": VISIBILITY[check.visibility],
        "tags": [check.question, check.visibility],
    }


def _words(result: CheckResult) -> str:
    """Return what feedback says of a check: its outcome, the message, and a hint where there is one."""
    if result.outcome is Outcome.GRADER_ERROR:
        return UNDECIDED  # elsewhere a person decides before anybody sees points; here they are on show at once
    outcome = OUTCOMES[result.outcome].capitalize() + "."
    hint = f"Hint: {result.hint}" if result.hint and result.outcome is not Outcome.PASSED else ""
    return "\n".join(part for part in (outcome, result.message, hint) if part)


def to_bytes(content: dict[str, Any]) -> bytes:
    """Return a document as it is written; lone surrogates and control characters are escaped."""
    return json.dumps(content, indent=1, allow_nan=False).encode("ascii") + b"\n"
