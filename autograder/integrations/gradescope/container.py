"""Where things lie in Gradescope's container, what is known of the submission, and how much memory there is.

Grade one submission where Gradescope waits for it, and write down every check as it ends.

From the first moment there is a valid ``results.json``, and whatever ends this process leaves one: each is written
beside the last and then takes its place.
"""

from __future__ import annotations

import json
import os
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from autograder.course import Exercise, load_course
from autograder.errors import MachineError
from autograder.files import write_atomic
from autograder.grading.one_submission import PreparedSubmission, job_of, prepare, result_of
from autograder.grading.scheduler import modules_to_preload
from autograder.integrations.gradescope import Finished, document, finished_of, to_bytes
from autograder.results.model import Status
from autograder.sandbox.engine import Engine, Graded
from autograder.sandbox.isolation.tiers import best_tier
from autograder.sandbox.protocol.messages import Limits
from autograder.submissions.find import pick
from autograder.text import printable

RESERVE_MB = 352
"""What the container needs beside the student's process: the grader, the checks, and the libraries that all share.

``python -m benchmarks.contained`` measures it: up to 345 MB where a student's process asks for none itself.
"""

_MEMORY_FILES = ("/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes")


@dataclass(frozen=True)
class Places:
    """The folders of https://gradescope-autograders.readthedocs.io/en/latest/specs/ below ``root``."""

    root: Path = Path("/autograder")

    @property
    def course(self) -> Path:
        """The packed course: one exercise with all its checks."""
        return self.root / "source" / "course"

    @property
    def submission(self) -> Path:
        """What the student handed in."""
        return self.root / "submission"

    @property
    def results(self) -> Path:
        """What Gradescope reads when all is done."""
        return self.root / "results" / "results.json"

    @property
    def metadata(self) -> Path:
        """Who handed in, and what came of it before."""
        return self.root / "submission_metadata.json"


@contextmanager
def closed(root: Path) -> Iterator[None]:
    """Let no user but this one enter ``root``.

    The checks, the results and earlier scores lie below it. Student code that runs as another user (tiers B and C)
    cannot even name them, whatever their own modes are.
    """
    before = root.stat().st_mode & 0o7777
    root.chmod(0o700)
    try:
        yield
    finally:
        root.chmod(before)


def students(metadata: Path) -> str:
    """Return the names of those who handed in, as the metadata tell; empty where they cannot be read."""
    try:
        content: Any = json.loads(metadata.read_bytes())
        return ", ".join(printable(str(user["name"]), 80) for user in content["users"])
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return ""


def container_memory_mb() -> int | None:
    """Return how much memory this container may use; None where nothing limits it."""
    for name in _MEMORY_FILES:
        try:
            limit = int(Path(name).read_text("ascii"))
        except (OSError, ValueError):
            continue
        if limit < os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"):
            return limit >> 20
    return None


# --- Grading ------------------------------------------------------------------------------------------------------


BUDGET_S = 540.0
"""Seconds of wall time for all of it, less than the ten minutes after which Gradescope ends a container unread."""

TRIES = 2
"""A submission whose process somebody else seems to have killed has a second chance, as in a class."""

WALL_FACTOR = 6.0
"""Wall time for each second of CPU time: Gradescope's smallest container has half a CPU."""

NOT_FINISHED = (
    "Not finished: grading was stopped before this check, so it has no points yet. Submit again; if it happens again, "
    "tell your teachers."
)
OUT_OF_TIME = (
    "Not run: the checks before this one used up the {minutes:g} minutes that grading may take. Look for code that "
    "takes very long, then submit again."
)
NO_SANDBOX = "Not run: the grader could not be started. Tell your teachers."


class GradescopeReport:
    """The ``results.json`` of one submission, complete at any moment."""

    def __init__(self, path: Path, exercise: Exercise) -> None:
        self._path = path
        self._exercise = exercise
        self._began = time.monotonic()
        self._shown = 0
        self.student = self.tier = ""

    def progress(self, finished: Finished, output: str) -> None:
        """Tell of what has ended so far; a second try is not shown until it has come further than the first."""
        if len(finished) > self._shown:
            self._shown = len(finished)
            self.write(finished, output)

    def write(self, finished: Finished, output: str, missing: str = NOT_FINISHED) -> None:
        """Replace what is there."""
        content = document(self._exercise, finished, output, missing, student=self.student, tier=self.tier)
        content["execution_time"] = round(time.monotonic() - self._began, 1)
        write_atomic(self._path, to_bytes(content))


def grade_submission(places: Places, *, budget_s: float = BUDGET_S, tier: str | None = None) -> None:
    """Grade what was handed in, and leave the result where Gradescope reads it."""
    deadline = time.monotonic() + budget_s
    exercise = load_course(places.course).exercises[0]
    report = GradescopeReport(places.results, exercise)
    report.write({}, "Not finished: grading has begun.")
    with closed(places.root):
        report.student = students(places.metadata)
        report.tier = tier or best_tier()
        print(f"{exercise.name}: tier {report.tier}, {report.student or 'student unknown'}", flush=True)
        handed = pick(places.submission, "gradescope", exercise.name)
        prepared = prepare(handed, exercise, report.tier)
        if prepared.template.status is Status.UNREADABLE:
            report.write({}, prepared.template.message, f"Not run: {prepared.template.message}")
            return
        _grade(prepared, places, report, deadline, budget_s)


def _grade(
    prepared: PreparedSubmission, places: Places, report: GradescopeReport, deadline: float, budget_s: float
) -> None:
    taken = prepared.template.message
    for attempt in range(TRIES):
        try:
            graded, in_time = _run(prepared, places, report, deadline)
        except MachineError as error:
            print(error, flush=True)
            report.write({}, NO_SANDBOX, NO_SANDBOX)
            return
        if graded.conclusive or not in_time:
            break
        print(f"attempt {attempt + 1}: complete={graded.complete}, disturbed={graded.interrupted}", flush=True)
    missing = NOT_FINISHED if in_time else OUT_OF_TIME.format(minutes=budget_s / 60)
    finished = _finished(prepared, graded)
    unfinished = not graded.complete or len(finished) < sum(len(q.checks) for q in prepared.exercise.questions)
    report.write(finished, "\n".join(part for part in (taken, missing if unfinished else "") if part), missing)


def _run(
    prepared: PreparedSubmission, places: Places, report: GradescopeReport, deadline: float
) -> tuple[Graded, bool]:
    """Run all checks; return what ended before the deadline, and whether it did not come to that."""

    def notify(so_far: Graded) -> None:
        output = "\n".join(part for part in (prepared.template.message, NOT_FINISHED) if part)
        report.progress(_finished(prepared, so_far), output)

    late = threading.Event()
    modules = modules_to_preload([prepared.exercise])
    with Engine(report.tier, protected=[places.root], preload=modules) as engine:

        def stop() -> None:
            late.set()
            engine.stop()

        timer = threading.Timer(max(0.0, deadline - time.monotonic()), stop)
        timer.daemon = True
        timer.start()
        try:
            graded = engine.run(job_of(prepared, limits()), notify)
        finally:
            timer.cancel()
    return graded, not late.is_set() or graded.complete


def _finished(prepared: PreparedSubmission, graded: Graded) -> Finished:
    """Return the checks that have ended, with the course's own texts."""
    ended = {(question, check.name) for question, check in graded.checks}
    return {key: check for key, check in finished_of(result_of(prepared, graded)).items() if key in ended}


def limits() -> Limits:
    """Return the limits of a submission in this container: a student's process leaves room for the grader's."""
    container = container_memory_mb()
    usual = Limits(wall_factor=WALL_FACTOR)
    if container is None or container - RESERVE_MB >= usual.memory_mb:
        return usual
    return Limits(wall_factor=WALL_FACTOR, memory_mb=max(192, container - RESERVE_MB))
