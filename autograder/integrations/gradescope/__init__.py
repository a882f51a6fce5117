"""Results in Gradescope's format, ``results.json``: https://gradescope-autograders.readthedocs.io/en/latest/specs/

All text has the format ``text``, which Gradescope shows literally, so student text is never rendered as HTML or
Markdown.
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
    "have looked at it. Please tell them."
)

VISIBILITY = {"public": "visible", "hidden": "after_published"}

Finished = Mapping[tuple[str, str], CheckResult]
"""The finished checks, by question and name."""


def finished_of(result: Result) -> dict[tuple[str, str], CheckResult]:
    """Return all checks of a result, by question and name."""
    return {(question.name, check.name): check for question in result.questions for check in question.checks}


def document(exercise: Exercise, finished: Finished, output: str, missing: str, **extra: str) -> dict[str, Any]:
    """Return the content of ``results.json``: one test per check, numbered by question.

    The score is the sum of the points of the ``finished`` checks; ``missing`` is the message of all others. Gradescope
    stores ``extra`` and shows it to nobody.
    """
    tests = [
        _test(f"{number}.{place}", check, finished.get((question.name, check.name)), missing)
        for number, question in enumerate(exercise.questions, 1)
        for place, check in enumerate(question.checks, 1)
    ]
    return {
        "score": round(sum(test["score"] for test in tests), 6),  # 0.1 + 0.2 is not 0.3
        "output": output,
        "output_format": "text",
        "visibility": "visible",
        "stdout_visibility": "hidden",  # it names the student and the tier, for the course staff
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
        "output": _feedback(result) if result else missing,
        "output_format": "text",
        "visibility": VISIBILITY[check.visibility],
        "tags": [check.question, check.visibility],
    }


def _feedback(result: CheckResult) -> str:
    """Return the feedback on a check: its outcome, the message, and the hint if it has one."""
    if result.outcome is Outcome.GRADER_ERROR:
        # Elsewhere the course staff review such a check before students see points; Gradescope shows them at once.
        return UNDECIDED
    outcome = OUTCOMES[result.outcome].capitalize() + "."
    hint = f"Hint: {result.hint}" if result.hint and result.outcome is not Outcome.PASSED else ""
    return "\n".join(part for part in (outcome, result.message, hint) if part)


def to_bytes(content: dict[str, Any]) -> bytes:
    """Return a document as JSON; lone surrogates and control characters are escaped."""
    return json.dumps(content, indent=1, allow_nan=False).encode("ascii") + b"\n"
