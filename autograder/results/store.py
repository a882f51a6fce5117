"""The output folder: write and read results, compare them with those of earlier runs, and lock the folder.

Only one grader may use an output folder at a time: two would do the same work and write the same tables twice. The lock
is the kernel's (``flock``), so it ends with its process, however that ends; the lock file stays and means nothing.
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
    """Return the path of the result of one submission in the output folder."""
    return output / student / f"{exercise}.json"


def write_result(output: Path, result: Result) -> Path:
    """Write a result and, beside it, the cost of the checks that ran; return the path of the result."""
    path = result_path(output, result.student, result.exercise)
    # Before the result, so that a new result never lacks its costs.
    if result.costs:
        columns = {
            "duration_s": {name: cost.seconds for name, cost in result.costs.items()},
            "memory_mb": {name: cost.memory_mb for name, cost in result.costs.items()},
        }
        write_atomic(path.with_suffix(".durations.json"), (json.dumps(columns, indent=1) + "\n").encode())
    write_atomic(path, result.to_json())
    return path


def read_costs(output: Path, student: str, exercise: str) -> dict[str, Cost]:
    """Return the cost of each check of a submission when it last ran; empty if that is unknown."""
    path = result_path(output, student, exercise).with_suffix(".durations.json")
    try:
        stored = json.loads(path.read_bytes())
        memory = stored.get("memory_mb", {})  # files of older versions have no memory
        return {
            name: Cost(float(seconds), float(memory.get(name, 0))) for name, seconds in stored["duration_s"].items()
        }
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return {}


def read_results(output: Path, damaged: Callable[[str], None] = _log.warning) -> list[Result]:
    """Return every result in the output folder, sorted by student and exercise.

    A file that is not a result, or is that of another submission, is skipped and reported to ``damaged``.
    """
    results = []
    for path in sorted(output.glob("*/*.json")):  # two levels: those of the solutions are in a third
        # Names with a dot are temporary files of `write_atomic`.
        if path.name.startswith(".") or path.name.endswith(".durations.json"):
            continue
        try:
            result = Result.from_json(path.read_bytes())
        except (OSError, ValueError, RecursionError) as error:
            damaged(f"{path} cannot be read and is left out ({error}). Delete it and grade again.")
            continue
        if result_path(output, result.student, result.exercise) != path:
            damaged(f"{path} contains the result of another submission and is left out. Delete it and grade again.")
            continue
        results.append(result)
    return sorted(results, key=lambda result: (result.student, result.exercise))


# --- Earlier runs -------------------------------------------------------------------------------------------------
def read_stored(output: Path, student: str, exercise: str) -> Result | None:
    """Return the stored result, or None if it is missing or damaged, so that the submission is graded again."""
    with contextlib.suppress(OSError, ValueError, RecursionError):
        stored = Result.from_json(result_path(output, student, exercise).read_bytes())
        if (stored.student, stored.exercise) == (student, exercise):  # not a file that somebody copied or renamed
            return stored
    return None


def remove_leftovers(output: Path) -> None:
    """Remove the files that a killed grader was writing. The caller must hold the lock of the output folder."""
    # The names that `write_atomic` gives temporary files: a dot, the name, and eight characters of mkstemp.
    for pattern in ("*/.*.json.????????", ".*.csv.????????"):
        for path in output.glob(pattern):
            path.unlink(missing_ok=True)


# --- Changed scores -----------------------------------------------------------------------------------------------
@dataclass(frozen=True)
class ScoreChange:
    """A submission whose score differs from the stored one; ``checks`` are those that changed it, with their points."""

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
    """Return how the score of a result differs from the stored one, or None if it does not."""
    if stored is None or stored.score == result.score:
        return None
    old, new = _points(stored), _points(result)
    changes = {name: round(new.get(name, 0.0) - old.get(name, 0.0), 6) for name in old | new}  # checks come and go
    checks = tuple((name, change) for name, change in sorted(changes.items()) if change)
    return ScoreChange(result.student, result.exercise, stored.score, result.score, checks)


def _points(result: Result) -> dict[str, float]:
    return {f"{question.name}.{check.name}": check.points for question in result.questions for check in question.checks}


# --- One grader at a time -----------------------------------------------------------------------------------------
LOCK = ".grading.lock"
_UNSUPPORTED = (errno.ENOLCK, errno.ENOSYS, errno.EOPNOTSUPP)  # from network and FUSE file systems without locks


@contextmanager
def only_grader(
    output: Path, warn: Callable[[str], None] = lambda message: None, *, shared: bool = False
) -> Iterator[None]:
    """Hold the lock of an output folder, which is created if it is missing.

    Several processes can hold the lock at once if all of them pass ``shared``: those that grade single submissions.
    Raises `MachineError` if another grader is running, and ``OSError`` if the folder cannot be written. On a file
    system without locks, this warns and goes on: results are replaced atomically, so a second grader there wastes time
    but does no harm.
    """
    output.mkdir(parents=True, exist_ok=True)
    # Not O_TRUNC: until the lock is ours, the file names its holder. CLOEXEC: a process that inherited the descriptor
    # would hold the lock after the grader has ended.
    descriptor = os.open(output / LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    try:
        try:
            fcntl.flock(descriptor, (fcntl.LOCK_SH if shared else fcntl.LOCK_EX) | fcntl.LOCK_NB)
        except BlockingIOError:
            holder = os.read(descriptor, 200).decode(errors="replace").strip() or "another process"
            raise MachineError(
                f"{output} is in use by another grader ({holder}). Wait until it is done, stop it, or name another "
                "folder with --output."
            ) from None
        except OSError as error:
            if error.errno not in _UNSUPPORTED:
                raise
            warn(f"{output} is on a file system without locks: make sure that nobody else grades into it meanwhile.")
        # For the message above: who has to be waited for, or stopped. Of several with a shared lock, the last one.
        os.ftruncate(descriptor, 0)
        os.write(descriptor, f"process {os.getpid()} on {socket.gethostname()}\n".encode())
        yield
    finally:
        os.close(descriptor)
