"""The folder of results: write them, read them, and hold the folder's lock.

The results of earlier runs: what is there, and what an interrupted run left half done.

Who gains or loses points when a submission is graded again, and by which checks.

One grader at a time on an output folder: two would do the same work, and write the same tables, twice.

The lock is the system's own (``flock``), so it is gone with the process that held it, however that ended. The file
that carries it stays behind, and means nothing by itself.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import json
import logging
import os
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from autograder.errors import MachineError
from autograder.files import write_atomic
from autograder.results.model import Cost, Result

_log = logging.getLogger(__name__)


def result_path(output: Path, student: str, exercise: str) -> Path:
    """Where the result of one submission lies below the output folder."""
    return output / student / f"{exercise}.json"


def write_result(output: Path, result: Result) -> Path:
    """Store a result, and beside it what the checks that were run for it cost; return the result's path."""
    path = result_path(output, result.student, result.exercise)
    if result.costs:
        columns = {
            "duration_s": {name: cost.seconds for name, cost in result.costs.items()},
            "memory_mb": {name: cost.memory_mb for name, cost in result.costs.items()},
        }
        write_atomic(path.with_suffix(".durations.json"), (json.dumps(columns, indent=1) + "\n").encode())
    write_atomic(path, result.to_json())
    return path


def read_costs(output: Path, student: str, exercise: str) -> dict[str, Cost]:
    """Return what each check of a submission took when it was last run; empty where that is unknown."""
    path = result_path(output, student, exercise).with_suffix(".durations.json")
    try:
        stored = json.loads(path.read_bytes())
        memory = stored.get("memory_mb", {})
        return {
            name: Cost(float(seconds), float(memory.get(name, 0))) for name, seconds in stored["duration_s"].items()
        }
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return {}


def read_results(output: Path, damaged: Callable[[str], None] = _log.warning) -> list[Result]:
    """Return every result below the output folder, sorted by student and exercise.

    A file that is no result, or another's, is reported to ``damaged`` in a sentence, and passed over.
    """
    results = []
    for path in sorted(output.glob("*/*.json")):
        if path.name.startswith(".") or path.name.endswith(".durations.json"):
            continue
        try:
            result = Result.from_json(path.read_bytes())
        except (OSError, ValueError, RecursionError) as error:
            damaged(f"{path} cannot be read and is left out ({error}). Delete it and grade again.")
            continue
        if result_path(output, result.student, result.exercise) != path:
            damaged(f"{path} holds a result of another submission and is left out. Delete it and grade again.")
            continue
        results.append(result)
    return sorted(results, key=lambda result: (result.student, result.exercise))


# --- Earlier runs -------------------------------------------------------------------------------------------------


def read_stored(output: Path, student: str, exercise: str) -> Result | None:
    """Return the stored result, or None where there is none that can be read: it is then graded anew."""
    with contextlib.suppress(OSError, ValueError, RecursionError):
        stored = Result.from_json(result_path(output, student, exercise).read_bytes())
        if (stored.student, stored.exercise) == (student, exercise):
            return stored
    return None


def remove_leftovers(output: Path) -> None:
    """Remove the files that a grader was writing when it was killed. Only for who holds the output's lock."""
    for pattern in ("*/.*.json.????????", ".*.csv.????????"):
        for path in output.glob(pattern):
            path.unlink(missing_ok=True)


# --- Changed scores -----------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class ScoreChange:
    """A submission whose score differs from the one that is stored; ``checks`` by how many points each moved it."""

    student: str
    exercise: str
    before: float
    after: float
    checks: tuple[tuple[str, float], ...]

    @property
    def lowers(self) -> bool:
        """Whether the student would lose points."""
        return self.after < self.before


def score_change(stored: Result | None, result: Result) -> ScoreChange | None:
    """Say how a result differs in score from the stored one, if it does."""
    if stored is None or stored.score == result.score:
        return None
    old, new = _points(stored), _points(result)
    changes = {name: round(new.get(name, 0.0) - old.get(name, 0.0), 6) for name in old | new}
    checks = tuple((name, change) for name, change in sorted(changes.items()) if change)
    return ScoreChange(result.student, result.exercise, stored.score, result.score, checks)


def _points(result: Result) -> dict[str, float]:
    return {f"{question.name}.{check.name}": check.points for question in result.questions for check in question.checks}


# --- One grader at a time -----------------------------------------------------------------------------------------


LOCK = ".grading.lock"
_CANNOT = (errno.ENOLCK, errno.ENOSYS, errno.EOPNOTSUPP)


@contextmanager
def only_grader(
    output: Path, warn: Callable[[str], None] = lambda words: None, *, shared: bool = False
) -> Iterator[None]:
    """Hold the lock of an output folder, which is made where it is missing.

    Who holds it ``shared`` goes together with others who do: those that grade single submissions.

    Raises `MachineError` where another grader is at work, and ``OSError`` where nothing can be written. On a file
    system without locks it goes on, after a warning: results are replaced as a whole, so two graders there are a
    waste, but no harm.
    """
    output.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(output / LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    try:
        try:
            fcntl.flock(descriptor, (fcntl.LOCK_SH if shared else fcntl.LOCK_EX) | fcntl.LOCK_NB)
        except BlockingIOError:
            holder = os.read(descriptor, 200).decode(errors="replace").strip() or "another process"
            raise MachineError(
                f"{output} is being written by another grader ({holder}). Wait until it is done, or stop it; "
                "or name another folder with --output."
            ) from None
        except OSError as error:
            if error.errno not in _CANNOT:
                raise
            warn(f"{output} lies on a file system without locks: see that nobody else grades into it meanwhile.")
        os.ftruncate(descriptor, 0)
        os.write(descriptor, f"process {os.getpid()} on {socket.gethostname()}\n".encode())
        yield
    finally:
        os.close(descriptor)
