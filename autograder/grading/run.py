"""Grade many submissions on all cores, resume where a run stopped, and never lower a score unseen."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from pathlib import Path

from autograder.course import Course
from autograder.grading.collect import Handed
from autograder.grading.submission import Prepared, grade, prepare
from autograder.results import Result, Status, result_path, write_result
from autograder.sandbox.engine import Engine
from autograder.sandbox.limits import Limits


@dataclass(frozen=True)
class Move:
    """A submission whose score differs from the one that is stored, and the checks that moved it."""

    student: str
    exercise: str
    before: float
    after: float
    checks: tuple[str, ...]

    @property
    def lowers(self) -> bool:
        """Whether the student would lose points."""
        return self.after < self.before


@dataclass
class Run:
    """What came of grading a class. ``results`` are what now holds: a kept higher score is among them."""

    results: list[Result] = field(default_factory=list)
    reused: int = 0
    moves: list[Move] = field(default_factory=list)
    kept: list[Move] = field(default_factory=list)


def grade_class(
    course: Course,
    handed: Sequence[Handed],
    output: Path,
    engine_for: Callable[[], Engine],
    *,
    jobs: int | None = None,
    limits: Limits | None = None,
    dry_run: bool = False,
    allow_lower: bool = False,
    tier: str = "A",
    notify: Callable[[Result], None] = lambda result: None,
) -> Run:
    """Grade what was handed in and store each result as it comes; return all of them.

    A stored result that was made from the same cells, checks, environment and tier is used again. A result
    below the stored one is not stored unless ``allow_lower``; it is listed in ``Run.kept``. With ``dry_run``
    nothing is stored at all. ``engine_for`` is called only when something has to be run.
    """
    run = Run()
    todo: list[tuple[Prepared, Result | None]] = []
    for item in handed:
        prepared = prepare(item, course.exercise(item.exercise), tier)
        stored = read_stored(output, item.student, item.exercise)
        if stored is not None and _is_current(stored, prepared.blank):
            run.results.append(stored)
            run.reused += 1
            notify(stored)
        else:
            todo.append((prepared, stored))
    for result, stored in _graded(todo, engine_for, jobs or os.cpu_count() or 1, limits or Limits()):
        run.results.append(_settle(run, result, stored, output, dry_run=dry_run, allow_lower=allow_lower))
        notify(result)
    run.results.sort(key=lambda result: (result.student, result.exercise))
    run.moves.sort(key=lambda move: (move.student, move.exercise))
    run.kept.sort(key=lambda move: (move.student, move.exercise))
    return run


def read_stored(output: Path, student: str, exercise: str) -> Result | None:
    """Return the stored result, or None where there is none that can be read: it is then graded anew."""
    with contextlib.suppress(OSError, ValueError):
        return Result.from_json(result_path(output, student, exercise).read_bytes())
    return None


def _is_current(stored: Result, blank: Result) -> bool:
    """Whether a stored result was made of what is here now. A fault of the grader is always tried again."""
    same = ("submission_digest", "checks_digest", "environment", "release", "tier", "optional", "message")
    return stored.status is not Status.GRADER_ERROR and all(
        getattr(stored, name) == getattr(blank, name) for name in same
    )


def _graded(
    todo: Sequence[tuple[Prepared, Result | None]],
    engine_for: Callable[[], Engine],
    jobs: int,
    limits: Limits,
) -> Iterator[tuple[Result, Result | None]]:
    """Yield results as they are ready. Threads only wait: the work is done by the engine's processes."""
    unreadable = [pair for pair in todo if pair[0].blank.status is Status.UNREADABLE]
    for prepared, stored in unreadable:
        yield prepared.blank, stored
    readable = [pair for pair in todo if pair[0].blank.status is not Status.UNREADABLE]
    if not readable:
        return
    with engine_for() as engine, ThreadPoolExecutor(jobs) as pool:
        waiting = iter(readable)
        running: dict[Future[Result], Result | None] = {}
        try:
            while True:
                # No more than the pool can take: a class of thousands is not held in memory.
                for prepared, stored in waiting:
                    running[pool.submit(grade, engine, prepared, limits)] = stored
                    if len(running) >= 2 * jobs:
                        break
                if not running:
                    return
                for future in wait(running, return_when=FIRST_COMPLETED).done:
                    yield future.result(), running.pop(future)
        except BaseException:
            engine.stop()  # an interrupted run does not wait for what is still being graded
            raise


def _settle(
    run: Run, result: Result, stored: Result | None, output: Path, *, dry_run: bool, allow_lower: bool
) -> Result:
    """Store a result where that is right; return the one that holds."""
    move = _move(stored, result)
    if move is not None:
        if move.lowers and not allow_lower and not dry_run:
            run.kept.append(move)
            assert stored is not None
            return stored
        run.moves.append(move)
    if not dry_run:
        write_result(output, result)
    return result


def _move(stored: Result | None, result: Result) -> Move | None:
    """Say how a result differs in score from the stored one."""
    if stored is None or stored.score == result.score:
        return None
    old = {(q.name, c.name): c.points for q in stored.questions for c in q.checks}
    new = {(q.name, c.name): c.points for q in result.questions for c in q.checks}
    changed = sorted(
        f"{question}.{check}"
        for question, check in old.keys() | new.keys()
        if old.get((question, check), 0.0) != new.get((question, check), 0.0)
    )
    return Move(result.student, result.exercise, stored.score, result.score, tuple(changed))
