"""Grade one submission in Gradescope's container.

A valid ``results.json`` exists from the start and is replaced atomically after every check, so there is one however
this process ends.
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
from autograder.sandbox.engine import Engine
from autograder.sandbox.isolation.tiers import best_tier
from autograder.sandbox.protocol.messages import Graded, Limits
from autograder.submissions.find import pick
from autograder.text import printable

RESERVE_MB = 352
"""Memory that the container needs besides the student's process, for the grader, the checks and shared libraries.

``python -m benchmarks.contained`` measured up to 345 MB with a student's process that allocates nothing itself.
"""

# Of cgroup v2 and v1. Without a limit v2 says "max", v1 a number larger than any memory.
_MEMORY_FILES = ("/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes")


@dataclass(frozen=True)
class Places:
    """The paths of https://gradescope-autograders.readthedocs.io/en/latest/specs/ below ``root``."""

    root: Path = Path("/autograder")

    @property
    def course(self) -> Path:
        """The packed course: one exercise with all its checks."""
        return self.root / "source" / "course"

    @property
    def submission(self) -> Path:
        """The folder of the submission."""
        return self.root / "submission"

    @property
    def results(self) -> Path:
        """The results file, which Gradescope reads in the end."""
        return self.root / "results" / "results.json"

    @property
    def metadata(self) -> Path:
        """The metadata: who submitted, and the results of earlier submissions."""
        return self.root / "submission_metadata.json"


@contextmanager
def closed(root: Path) -> Iterator[None]:
    """Close ``root`` to all other users while in this context.

    It contains the checks, the results and earlier scores. Student code that runs as another user (tiers B and C)
    cannot reach them, whatever their own permissions are.
    """
    before = root.stat().st_mode & 0o7777
    root.chmod(0o700)
    try:
        yield
    finally:
        root.chmod(before)


def students(metadata: Path) -> str:
    """Return the names of the submitting students from the metadata; empty if they cannot be read."""
    try:
        content: Any = json.loads(metadata.read_bytes())
        return ", ".join(printable(str(user["name"]), 80) for user in content["users"])
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return ""


def container_memory_mb() -> int | None:
    """Return the container's memory limit in MiB; None if it has none below the machine's memory."""
    for name in _MEMORY_FILES:
        try:
            limit = int(Path(name).read_text("ascii"))
        except (OSError, ValueError):
            continue
        if limit < os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"):
            return limit >> 20
    return None


BUDGET_S = 540.0
"""Wall seconds for everything. After ten minutes Gradescope kills a container without reading its results."""

TRIES = 2
"""As in a class, a submission whose process seems to have been killed from outside is graded once more."""

WALL_FACTOR = 6.0
"""Wall seconds per CPU second: Gradescope's smallest container has half a CPU."""

NOT_FINISHED = (
    "Not finished: grading was stopped before this check, so it has no points yet. Submit again; if this happens "
    "again, tell your teachers."
)
OUT_OF_TIME = (
    "Not run: the checks before this one used up the {minutes:g} minutes allowed for grading. Look for slow code or "
    "endless loops, then submit again."
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
        """Write the finished checks, unless an earlier try had finished more."""
        if len(finished) > self._shown:
            self._shown = len(finished)
            self.write(finished, output)

    def write(self, finished: Finished, output: str, missing: str = NOT_FINISHED) -> None:
        """Replace ``results.json``."""
        content = document(self._exercise, finished, output, missing, student=self.student, tier=self.tier)
        content["execution_time"] = round(time.monotonic() - self._began, 1)
        write_atomic(self._path, to_bytes(content))


def grade_submission(places: Places, *, budget_s: float = BUDGET_S, tier: str | None = None) -> None:
    """Grade the submission and write the result for Gradescope."""
    deadline = time.monotonic() + budget_s
    exercise = load_course(places.course).exercises[0]
    report = GradescopeReport(places.results, exercise)
    report.write({}, "Not finished: grading has begun.")  # a file from the first moment
    with closed(places.root):
        report.student = students(places.metadata)
        report.tier = tier or best_tier()
        # Gradescope shows standard output to the course staff only, because stdout_visibility is "hidden".
        print(f"{exercise.name}: tier {report.tier}, {report.student or 'student unknown'}", flush=True)
        submission = pick(places.submission, "gradescope", exercise.name)
        prepared = prepare(submission, exercise, report.tier)
        if prepared.template.status is Status.UNREADABLE:
            report.write({}, prepared.template.message, f"Not run: {prepared.template.message}")
            return
        _grade(prepared, places, report, deadline, budget_s)


def _grade(
    prepared: PreparedSubmission, places: Places, report: GradescopeReport, deadline: float, budget_s: float
) -> None:
    notes = prepared.template.message
    for attempt in range(TRIES):
        try:
            graded, in_time = _run(prepared, places, report, deadline)
        except MachineError as error:
            print(error, flush=True)
            report.write({}, NO_SANDBOX, NO_SANDBOX)
            return
        if graded.conclusive or not in_time:  # another try would run out of time as well
            break
        print(f"attempt {attempt + 1}: complete={graded.complete}, interrupted={graded.interrupted}", flush=True)
    missing = NOT_FINISHED if in_time else OUT_OF_TIME.format(minutes=budget_s / 60)
    finished = _finished(prepared, graded)
    unfinished = not graded.complete or len(finished) < sum(len(q.checks) for q in prepared.exercise.questions)
    report.write(finished, "\n".join(part for part in (notes, missing if unfinished else "") if part), missing)


def _run(
    prepared: PreparedSubmission, places: Places, report: GradescopeReport, deadline: float
) -> tuple[Graded, bool]:
    """Run all checks; return their results, and False if the deadline stopped them."""

    def notify(so_far: Graded) -> None:
        output = "\n".join(part for part in (prepared.template.message, NOT_FINISHED) if part)
        report.progress(_finished(prepared, so_far), output)

    late = threading.Event()
    modules = modules_to_preload([prepared.exercise])
    with Engine(report.tier, protected=[places.root], preload=modules) as engine:

        def stop() -> None:
            late.set()  # first: `run` returns as soon as the sandbox is dead
            engine.stop()

        timer = threading.Timer(max(0.0, deadline - time.monotonic()), stop)
        timer.daemon = True  # must not keep this process alive
        timer.start()
        try:
            graded = engine.run(job_of(prepared, limits()), notify)
        finally:
            timer.cancel()
    return graded, not late.is_set() or graded.complete


def _finished(prepared: PreparedSubmission, graded: Graded) -> Finished:
    """Return the finished checks, with titles and points from the course."""
    ended = {(question, check.name) for question, check in graded.checks}
    return {key: check for key, check in finished_of(result_of(prepared, graded)).items() if key in ended}


def limits() -> Limits:
    """Return the limits of a submission in this container, with less memory than usual if the grader needs the rest."""
    container = container_memory_mb()
    usual = Limits(wall_factor=WALL_FACTOR)
    if container is None or container - RESERVE_MB >= usual.memory_mb:
        return usual
    return Limits(wall_factor=WALL_FACTOR, memory_mb=max(192, container - RESERVE_MB))


if __name__ == "__main__":
    grade_submission(Places())
