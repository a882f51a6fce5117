"""The messages between engine, zygote, checker and monitor: requests, jobs, limits and reports.

What a student's process may use, and the small messages with which limits are set and deaths reported.

Ask the zygote for a process: the messages that the engine and checkers send it.

What a checker is told: first the files of checks, then, once per submission, what to run on which cells.

What a checker tells the engine of a submission, and how the engine reads it.

A checker parses what student code sends. Should that ever take it over, it can lie about this one submission; it
must not be able to stop the run of a class or to fill the engine's memory. So of a check only the outcome, the
message and pictures of a few numbers are read, once for each check that was asked for; what it is called and worth,
the engine knows itself.
"""

from __future__ import annotations

import functools
import importlib.util
import json
import marshal
import math
import signal
import socket
import struct
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, NamedTuple

from autograder.checking.failures import WorkerDied
from autograder.checking.verdict import result_of
from autograder.course import Check, CheckFiles
from autograder.results.model import CellResult, CheckResult, Cost, Outcome
from autograder.results.pictures import MAX_PICTURES, Picture, read_picture, to_record
from autograder.sandbox.protocol.frames import ProtocolError


@dataclass(frozen=True)
class Limits:
    """Limits of one submission. Times are CPU seconds; the wall clock is only for processes that sleep."""

    check_s: float = 5.0
    cell_s: float = 10.0
    submission_s: float = 600.0
    memory_mb: int = 1024
    processes: int = 64
    file_mb: int = 64
    wall_factor: float = 3.0


# checker → monitor: what the worker may use from now on (all 0: no limit is armed)
ARM = struct.Struct("!ddQ")
# monitor → checker: why the worker ended, or that it lives on now that no limit is armed; its wait status; and by how
# many bytes it grew at most since limits were armed
VERDICT = struct.Struct("!BiQ")
EXITED, TIME, MEMORY, FILES, ALIVE = range(5)


def explain(reason: int, status: int) -> WorkerDied:
    """Return the death of a worker as the student reads it."""
    if reason == TIME:
        return WorkerDied("time", "This took too long and was stopped. Is there an endless loop?")
    if reason == MEMORY:
        return WorkerDied("memory", "Your code ran out of memory.")
    if reason == FILES:
        return WorkerDied("exit", "Your code wrote more files than it may and was stopped.")
    if status < 0:
        return WorkerDied("exit", f"Your code crashed its process ({_signal_name(-status)}).")
    return WorkerDied("exit", f"Your code ended its process (exit code {status}), as `os._exit` does.")


def _signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"


# --- Requests to the zygote ---------------------------------------------------------------------------------------


# A checker does little of its own: comparing, a reference computation. Its limits only stop a runaway check.
_CHECKER_MEMORY_MB = 4096


def request_checker(zygote: socket.socket, limits: Limits) -> tuple[socket.socket, socket.socket]:
    """Return the channel on which a new checker waits for its file of checks, and the socket of its requests.

    Each request brings the channel to a submission. The checker can ask the same zygote for workers.
    """
    order = {
        "kind": "checker",
        "memory_mb": _CHECKER_MEMORY_MB,
        "processes": limits.processes,
        "file_mb": limits.file_mb,
        "cpu_s": round(2 * limits.submission_s),
    }
    channel, far_channel = socket.socketpair()
    requests, far_requests = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with far_channel, far_requests:
        _send(zygote, order, far_channel.fileno(), far_requests.fileno(), zygote.fileno())
    return channel, requests


def request_grading(checker: socket.socket) -> socket.socket:
    """Return the channel to a fork of a checker, which waits for a submission."""
    channel, far_channel = socket.socketpair()
    with far_channel:
        socket.send_fds(checker, [b"grade"], [far_channel.fileno()])
    return channel


def request_worker(zygote: socket.socket, limits: Limits) -> tuple[socket.socket, socket.socket]:
    """Return the channel to a new worker, and the control socket of its monitor."""
    order = {"kind": "worker", "cpu_s": round(2 * limits.submission_s), **asdict(limits)}
    channel, far_channel = socket.socketpair()
    control, far_control = socket.socketpair()
    with far_channel, far_control:
        _send(zygote, order, far_channel.fileno(), far_control.fileno())
    return channel, control


def _send(zygote: socket.socket, order: dict[str, object], *descriptors: int) -> None:
    socket.send_fds(zygote, [json.dumps(order).encode()], descriptors)


# --- Jobs ---------------------------------------------------------------------------------------------------------


def check_files_message(files: CheckFiles) -> list[Any]:
    """Return files of checks as they cross the wire; modules also compiled, because a checker has no cache."""
    return [list(files.tests), [[name, content, compiled(content, name)] for name, content in files.files]]


def lay_down(message: list[Any], folder: Path) -> list[Path]:
    """Write what `check_files_message` returned into ``folder``; return the paths of the files with checks."""
    tests, files = message
    for name, content, bytecode in files:
        path = folder / str(name)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        if bytecode:
            cache = Path(importlib.util.cache_from_source(str(path)))
            cache.parent.mkdir(exist_ok=True)
            cache.write_bytes(bytecode)
    return [folder / str(name) for name in tests]


@dataclass(frozen=True)
class Job:
    """One submission: which checks to run on which cells.

    ``reused`` are checks that need not be run, with whether they are known to pass: others may come after them.
    """

    check_files: CheckFiles
    checks: tuple[Check, ...]
    cells: tuple[tuple[str, str], ...]
    limits: Limits
    reused: tuple[tuple[str, str, bool], ...] = ()

    def to_message(self) -> list[Any]:
        """Return the job as it crosses the wire to a checker that has the files of checks."""
        checks = [[list(field) for field in asdict(check).items()] for check in self.checks]
        limits = [list(field) for field in asdict(self.limits).items()]
        return [checks, [list(cell) for cell in self.cells], limits, [list(check) for check in self.reused]]


class CheckOrder(NamedTuple):
    """A job as a checker reads it, which has the files of checks already."""

    checks: tuple[Check, ...]
    cells: tuple[tuple[str, str], ...]
    limits: Limits
    reused: dict[tuple[str, str], bool]


def read_job(message: list[Any]) -> CheckOrder:
    """Return the job that crossed the wire."""
    checks, cells, limits, reused = message
    return CheckOrder(
        tuple(Check(**{**dict(fields), "after": tuple(dict(fields)["after"])}) for fields in checks),
        tuple((identity, source) for identity, source in cells),
        Limits(**dict(limits)),
        {(question, name): passed for question, name, passed in reused},
    )


@functools.lru_cache(maxsize=512)
def compiled(source: bytes, name: str) -> bytes:
    """Return a module's bytecode file, to be taken without a look at the source; empty if it does not compile."""
    if not name.endswith(".py"):
        return b""
    try:
        code = compile(source, name, "exec", dont_inherit=True)
    except (SyntaxError, ValueError):
        return b""
    unchecked_hash = (0b01).to_bytes(4, "little")
    return importlib.util.MAGIC_NUMBER + unchecked_hash + importlib.util.source_hash(source) + marshal.dumps(code)


# --- Reports ------------------------------------------------------------------------------------------------------


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
