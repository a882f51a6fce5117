"""What has to be run for a submission, and what a stored result still answers.

Where only checks changed, the outcomes of the others are kept, and the two are put together as if all had been run.
"""

from __future__ import annotations

from dataclasses import replace

from autograder.course import Check, Exercise
from autograder.course.digests import CheckKey
from autograder.grading.submission import Prepared, result_of
from autograder.results import CheckResult, Outcome, Result, Status
from autograder.sandbox.engine import Graded

_ALL = ("checks_digest", "release", "optional", "message")
_WHOLE = ("submission_digest", "environment", "tier")
"""What, when it differs, leaves nothing of a stored result."""

Kept = dict[CheckKey, CheckResult]
"""Results of checks that need not be run."""


def is_current(stored: Result, blank: Result) -> bool:
    """Whether a stored result is what grading would give now. A fault of the grader is always tried again."""
    return stored.status is not Status.GRADER_ERROR and _agree(stored, blank, (*_WHOLE, *_ALL))


def still_holds(stored: Result | None, prepared: Prepared) -> Kept:
    """Return the stored results of the checks that nothing has changed for, as they are declared now.

    A check that comes ``after`` a changed one is run again with it: whether it runs at all may have changed.
    """
    blank = prepared.blank
    if stored is None or not _agree(stored, blank, (*_WHOLE, "status")) or stored.status is not Status.GRADED:
        return {}
    records = {(question.name, check.name): check for question in stored.questions for check in question.checks}
    same = {key for key, record in records.items() if record.digest and record.digest == prepared.digests.get(key)}
    return {
        key: _declared(check, records[key])
        for key, check in _checks(prepared.exercise).items()
        if key in same and not _stands_on_change(check, prepared.exercise, records, same)
    }


def result_without_running(stored: Result | None, prepared: Prepared, kept: Kept) -> Result | None:
    """Return the result where all of it is known already, or None where something has to be run."""
    if prepared.blank.status is not Status.GRADED:
        return prepared.blank
    if stored is None or kept.keys() < _checks(prepared.exercise).keys():
        return None
    return result_of(prepared, Graded(cells=list(stored.cells), complete=True), kept)


def _stands_on_change(
    check: Check, exercise: Exercise, records: dict[CheckKey, CheckResult], same: set[CheckKey]
) -> bool:
    """Whether a check that this one comes after, directly or through others, has changed, come or gone."""
    checks = _checks(exercise)
    waiting = [(check.question, name) for name in check.after]
    seen: set[CheckKey] = set()
    while waiting:
        key = waiting.pop()
        if key in seen:
            continue
        seen.add(key)
        if key not in same and (key in checks or key in records):
            return True
        waiting += [(key[0], name) for name in checks[key].after] if key in checks else []
    return False


def _checks(exercise: Exercise) -> dict[CheckKey, Check]:
    return {(check.question, check.name): check for check in exercise.checks}


def _declared(check: Check, record: CheckResult) -> CheckResult:
    """Return a stored outcome with the points and the hint of today."""
    return replace(
        record,
        points=check.points if record.outcome is Outcome.PASSED else 0.0,
        max_points=check.points,
        hint=check.hint if record.outcome is Outcome.FAILED else "",
    )


def _agree(one: Result, other: Result, names: tuple[str, ...]) -> bool:
    return all(getattr(one, name) == getattr(other, name) for name in names)
