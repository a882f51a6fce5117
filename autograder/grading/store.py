"""The results of earlier runs: what is there, and what an interrupted run left half done."""

from __future__ import annotations

import contextlib
from pathlib import Path

from autograder.results import Result, result_path


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
