"""What a checker tells the engine of a submission, and how the engine reads it.

A checker parses what student code sends. Should that ever take it over, it can lie about this one submission; it
must not be able to stop the run of a class or to fill the engine's memory. So of a check only the outcome, the
message and pictures of a few numbers are read, once for each check that was asked for; what it is called and worth,
the engine knows itself.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any

from autograder.checking.verdict import result_of
from autograder.course import Check
from autograder.pictures import MAX_PICTURES, Picture, read_picture, to_record
from autograder.results import CellResult, CheckResult, Cost, Outcome
from autograder.sandbox.frames import ProtocolError
from autograder.sandbox.job import Job

MAX_MESSAGE = 4000
"""The longest message of a check or a cell, in characters. Honest ones are cut at half of that."""


def cells_message(cells: Iterable[CellResult]) -> list[Any]:
    """Return how the cells ran, as it crosses the wire."""
    return ["cells", [[cell.id, str(cell.outcome), cell.message] for cell in cells]]


def check_message(check: Check, result: CheckResult, cost: Cost) -> list[Any]:
    """Return what became of one check, as it crosses the wire."""
    pictures = [to_record(picture) for picture in result.pictures]
    return ["check", check.question, check.name, str(result.outcome), result.message, pictures, *cost]


def read_cells(cells: Any, job: Job) -> list[CellResult]:
    """Return how a job's cells ran; raise `ProtocolError` where this is none of them."""
    left = {identity for identity, _ in job.cells}
    read = []
    for cell in cells if isinstance(cells, list) else [None]:
        match cell:
            case [str(identity), outcome, str(text)] if identity in left:
                left.remove(identity)
                read.append(CellResult(identity, _outcome(outcome), _text(text)))
            case _:
                raise ProtocolError("a checker reports a cell that it was not given")
    return read


def read_check(fields: Any, job: Job) -> tuple[str, CheckResult, Cost]:
    """Return a check's question, its result and what it cost; raise `ProtocolError` where it is none of the job's."""
    match fields:
        case [str(question), str(name), outcome, str(text), pictures, float(seconds), float(memory_mb)]:
            if not (math.isfinite(seconds) and math.isfinite(memory_mb)):
                raise ProtocolError("a checker reports a cost that is no number")
            for check in job.checks:
                if (check.question, check.name) == (question, name):
                    shown = _pictures(pictures)
                    return question, result_of(check, _outcome(outcome), _text(text), shown), Cost(seconds, memory_mb)
    raise ProtocolError("a checker reports a check that it was not given")


def _outcome(value: Any) -> Outcome:
    try:
        return Outcome(value)
    except ValueError:
        raise ProtocolError("unknown outcome") from None


def _pictures(records: Any) -> tuple[Picture, ...]:
    if not isinstance(records, list) or len(records) > MAX_PICTURES:
        raise ProtocolError("a checker reports what are no pictures")
    try:
        return tuple(read_picture(record) for record in records)
    except (ValueError, OverflowError):
        raise ProtocolError("a checker reports what is no picture") from None


def _text(text: str) -> str:
    """Return a text that can be stored: a student's exception may hold half a character, which no file can."""
    return text[:MAX_MESSAGE].encode("utf-8", "replace").decode()
