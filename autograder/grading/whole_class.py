"""Grade many submissions, go on where a run stopped, and never lower a score unseen.

What the course's own solutions get: graded like a submission, so that students can be shown what was possible.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from autograder.course import Course, Exercise
from autograder.grading.one_submission import (
    PreparedSubmission,
    Reused,
    is_current,
    is_outdated,
    job_of,
    prepare,
    result_of,
    result_without_running,
    still_holds,
)
from autograder.grading.release_checks import Releases
from autograder.grading.scheduler import Runner, run_jobs
from autograder.results.model import Result
from autograder.results.store import ScoreChange, read_stored, score_change, write_result
from autograder.sandbox.protocol.messages import Job, Limits
from autograder.submissions.find import SubmissionFile


@dataclass
class Run:
    """What came of grading a class. ``results`` are what now holds: a kept higher score is among them."""

    results: list[Result] = field(default_factory=list)
    reused: int = 0
    outdated: int = 0
    """Submissions that are graded again though nothing in them has changed: another grader made their results."""
    score_changes: list[ScoreChange] = field(default_factory=list)
    kept: list[ScoreChange] = field(default_factory=list)


@dataclass(frozen=True)
class _Task:
    """A submission of which something has to be run: what is stored of it, and what of that still holds."""

    prepared: PreparedSubmission
    stored: Result | None
    reused: Reused


def grade_class(
    course: Course,
    handed: Sequence[SubmissionFile],
    output: Path,
    engine_for: Callable[[], Runner],
    *,
    jobs: int | None = None,
    limits: Limits | None = None,
    dry_run: bool = False,
    allow_lower: bool = False,
    tier: str = "A",
    notify: Callable[[Result], None] = lambda result: None,
) -> Run:
    """Grade what was handed in and store each result as it comes; return all of them.

    A stored result that was made from the same cells, checks, environment and tier is used again; where only some
    checks changed, only those are run. A result below the stored one is not stored unless ``allow_lower``; it is
    listed in ``Run.kept``. With ``dry_run`` nothing is stored at all. ``engine_for`` is called only when something
    has to be run.
    """
    run = Run()

    def settle(result: Result, stored: Result | None) -> None:
        run.results.append(_settle(run, result, stored, output, dry_run=dry_run, allow_lower=allow_lower))
        notify(result)

    def tasks() -> Iterator[tuple[_Task, Job]]:
        for item in handed:
            prepared = prepare(item, course.exercise(item.exercise), tier, releases)
            stored = read_stored(output, item.student, item.exercise)
            if stored is not None and is_current(stored, prepared.template):
                run.results.append(stored)
                run.reused += 1
                notify(stored)
                continue
            run.outdated += stored is not None and is_outdated(stored, prepared.template)
            reused = still_holds(stored, prepared)
            known = result_without_running(stored, prepared, reused)
            if known is not None:
                settle(known, stored)
            else:
                yield _Task(prepared, stored, reused), job_of(prepared, limits or Limits(), reused)

    with Releases(course.root) as releases, contextlib.closing(run_jobs(tasks(), engine_for, jobs)) as finished:
        for task, graded in finished:
            settle(result_of(task.prepared, graded, task.reused), task.stored)
    run.results.sort(key=lambda result: (result.student, result.exercise))
    run.score_changes.sort(key=lambda move: (move.student, move.exercise))
    run.kept.sort(key=lambda move: (move.student, move.exercise))
    return run


def _settle(
    run: Run, result: Result, stored: Result | None, output: Path, *, dry_run: bool, allow_lower: bool
) -> Result:
    """Store a result where that is right; return the one that holds."""
    move = score_change(stored, result)
    if move is not None:
        if move.lowers and not allow_lower and not dry_run:
            run.kept.append(move)
            assert stored is not None
            return stored
        run.score_changes.append(move)
    if not dry_run:
        write_result(output, result)
    return result


# --- The course's own solutions -----------------------------------------------------------------------------------


FOLDER = ".reference"
"""Beside the results of a class, which it is no part of."""
_NAME = "solution"


def grade_references(
    course: Course, exercises: Sequence[Exercise], output: Path, engine_for: Callable[[], Runner], tier: str
) -> dict[str, Result]:
    """Return the result of each exercise's solution; what was graded before and still holds is kept."""
    handed = [SubmissionFile(_NAME, exercise.name, exercise.solution) for exercise in exercises]
    run = grade_class(course, handed, output / FOLDER, engine_for, tier=tier, allow_lower=True)
    return {result.exercise: result for result in run.results}
