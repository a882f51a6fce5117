"""Grade a class: continue an interrupted run, reuse stored results, and never lower a score without permission.

The course's own solutions are graded the same way, so that feedback can show what was possible.
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
    """The outcome of grading a class.

    ``results`` are the valid results; ``reused`` counts those that were stored before. ``score_changes`` are the scores
    that differ from stored ones; ``kept`` are lower ones that were not stored.
    """

    results: list[Result] = field(default_factory=list)
    reused: int = 0
    outdated: int = 0
    """Submissions that did not change, but are graded again because another version of the grader had graded them."""
    score_changes: list[ScoreChange] = field(default_factory=list)
    kept: list[ScoreChange] = field(default_factory=list)


@dataclass(frozen=True)
class _Task:
    """A submission with checks to run, its stored result, and the reused part of that."""

    prepared: PreparedSubmission
    stored: Result | None
    reused: Reused


def grade_class(
    course: Course,
    submissions: Sequence[SubmissionFile],
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
    """Grade submissions, store each result as soon as it is ready, and return all of them.

    A stored result from the same cells, checks, environment and tier is reused; if only some checks changed, only those
    run. A score below the stored one is not stored without ``allow_lower``, but listed in ``Run.kept``. With
    ``dry_run``, nothing is stored. ``engine_for`` is called only if something has to run.
    """
    run = Run()
    limits = limits or Limits.of_course(course.root)

    def settle(result: Result, stored: Result | None) -> None:
        run.results.append(_settle(run, result, stored, output, dry_run=dry_run, allow_lower=allow_lower))
        notify(result)

    def tasks() -> Iterator[tuple[_Task, Job]]:
        for item in submissions:
            prepared = prepare(item, course.exercise(item.exercise), tier, releases, course.exercises)
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
                yield _Task(prepared, stored, reused), job_of(prepared, limits, reused)

    # `closing`: an exception here, as from an interrupt, must end the sandbox at once, not when the generator is freed.
    with Releases(course) as releases, contextlib.closing(run_jobs(tasks(), engine_for, jobs)) as finished:
        for task, graded in finished:
            settle(result_of(task.prepared, graded, task.reused), task.stored)
    # Results arrive in any order; the report must not depend on it.
    run.results.sort(key=lambda result: (result.student, result.exercise))
    run.score_changes.sort(key=lambda change: (change.student, change.exercise))
    run.kept.sort(key=lambda change: (change.student, change.exercise))
    return run


def _settle(
    run: Run, result: Result, stored: Result | None, output: Path, *, dry_run: bool, allow_lower: bool
) -> Result:
    """Store a result unless it lowers the score; return the valid one."""
    change = score_change(stored, result)
    if change is not None:
        if change.lowers and not allow_lower and not dry_run:  # a dry run lists what would go down as a change
            run.kept.append(change)
            assert stored is not None
            return stored
        run.score_changes.append(change)
    if not dry_run:
        write_result(output, result)
    return result


# --- The course's own solutions -----------------------------------------------------------------------------------
FOLDER = ".reference"
"""The folder of the solutions' results. It is in the output folder, but not part of the class."""
_NAME = "solution"


def grade_references(
    course: Course, exercises: Sequence[Exercise], output: Path, engine_for: Callable[[], Runner], tier: str
) -> dict[str, Result]:
    """Return the result of each exercise's solution, by exercise; stored results that still hold are reused."""
    solutions = [SubmissionFile(_NAME, exercise.name, exercise.solution) for exercise in exercises]
    # allow_lower: a corrected check may lower the score of a solution, which nobody has to confirm.
    run = grade_class(course, solutions, output / FOLDER, engine_for, tier=tier, allow_lower=True)
    return {result.exercise: result for result in run.results}
