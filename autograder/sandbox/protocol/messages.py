"""The messages between engine, zygote, checker and monitor: limits, requests, jobs and reports.

A checker receives its check files once, and then a job per submission. It parses what student code sends; should
student code ever take it over, it could lie about that submission, but must not be able to stop the grading of a class
or to exhaust the engine's memory. So the engine reads only the outcome, the message and the small pictures of each
check that it asked for, once, and takes titles and points from the course.
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
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

from autograder.checking.failures import WorkerDied
from autograder.checking.verdict import result_of
from autograder.course import Check, CheckFiles
from autograder.course.settings import cell_limits
from autograder.results.model import CellResult, CheckResult, Cost, Outcome
from autograder.results.pictures import MAX_PICTURES, Picture, read_picture, to_record
from autograder.sandbox.protocol.frames import ProtocolError


@dataclass(frozen=True)
class Limits:
    """Limits of one submission; times are in CPU seconds, sizes in MiB.

    Wall time is limited to ``wall_factor`` times the CPU time, only to end processes that sleep. ``cells_s`` is for all
    cells together.
    """

    check_s: float = 5.0
    cell_s: float = 10.0
    cells_s: float = 120.0
    submission_s: float = 600.0
    memory_mb: int = 1024
    processes: int = 64
    file_mb: int = 64
    wall_factor: float = 3.0

    @classmethod
    def of_course(cls, root: Path) -> Limits:
        """Return the usual limits, with those of cells as the course in ``root`` sets them."""
        given = cell_limits(root)
        return cls(cell_s=given.get("cell_s", cls.cell_s), cells_s=given.get("cells_s", cls.cells_s))


# checker → monitor: the worker's limits from now on, as CPU seconds, wall seconds and bytes (all 0: no limits). The
# last one is for cells: CPU seconds since the worker began. With it, a worker is interrupted before it is killed.
ARM = struct.Struct("!ddQd")
# monitor → checker: why the worker ended, or ALIVE after limits were lifted; its exit code; the most that it grew since
# limits were armed, in bytes; and the CPU seconds of its whole life. INTERRUPTED comes before the interrupt, with the
# number of the ARM message that it is for in place of the exit code.
VERDICT = struct.Struct("!BiQd")
EXITED, TIME, MEMORY, FILES, ALIVE, INTERRUPTED = range(6)


def explain(reason: int, status: int) -> WorkerDied:
    """Return the exception for a worker's death, with the message that the student reads."""
    if reason == TIME:
        return WorkerDied("time", "Your code took too long and was stopped. Is there an endless loop?")
    if reason == MEMORY:
        return WorkerDied("memory", "Your code ran out of memory.")
    if reason == FILES:
        return WorkerDied("exit", "Your code wrote too many files, or too much data, and was stopped.")
    crashed, ended = "Your code crashed its process", "Your code ended its own process"
    if status < 0:
        return WorkerDied("exit", f"{crashed} ({_signal_name(-status)}).", for_hidden=f"{crashed}.")
    return WorkerDied("exit", f"{ended} (exit code {status}), as `os._exit` does.", for_hidden=f"{ended}.")


def _signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"


# Checkers only compare values and compute references, so this only stops a runaway check.
_CHECKER_MEMORY_MB = 4096


def request_checker(zygote: socket.socket, limits: Limits) -> tuple[socket.socket, socket.socket]:
    """Return the channel on which a new checker expects its check files, and the socket for requests to it.

    Each request passes the checker the channel of one submission. The checker requests workers from the same zygote.
    """
    request = {
        "kind": "checker",
        "memory_mb": _CHECKER_MEMORY_MB,
        "processes": limits.processes,
        "file_mb": limits.file_mb,
        "cpu_s": round(2 * limits.submission_s),  # the kernel's limit per process: a backstop
    }
    channel, far_channel = socket.socketpair()
    requests, far_requests = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with far_channel, far_requests:  # copies left open here would hide that the checker has hung up
        _send(zygote, request, far_channel.fileno(), far_requests.fileno(), zygote.fileno())
    return channel, requests


def request_grading(checker: socket.socket) -> socket.socket:
    """Return the channel to a new fork of a checker, which expects a job on it."""
    channel, far_channel = socket.socketpair()
    with far_channel:
        socket.send_fds(checker, [b"grade"], [far_channel.fileno()])
    return channel


def request_worker(zygote: socket.socket, limits: Limits) -> tuple[socket.socket, socket.socket]:
    """Return the channel to a new worker, and the control socket of its monitor."""
    request = {"kind": "worker", "cpu_s": round(2 * limits.submission_s), **asdict(limits)}
    channel, far_channel = socket.socketpair()
    control, far_control = socket.socketpair()
    with far_channel, far_control:
        _send(zygote, request, far_channel.fileno(), far_control.fileno())
    return channel, control


def _send(zygote: socket.socket, request: dict[str, object], *descriptors: int) -> None:
    socket.send_fds(zygote, [json.dumps(request).encode()], descriptors)


def check_files_message(files: CheckFiles) -> list[Any]:
    """Return check files as a message, with modules also in compiled form, because a checker has no bytecode cache."""
    return [list(files.tests), [[name, content, compiled(content, name)] for name, content in files.files]]


def lay_down(message: list[Any], folder: Path) -> list[Path]:
    """Write the files of a `check_files_message` into ``folder``; return the paths of those that contain checks."""
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
    """The grading of one submission: the checks to run, and the cells to run them on.

    ``reused`` lists checks that are not run again and whether they passed, because others may come `after` them.
    ``key``, in hexadecimal, decides the seeds of hidden checks. ``reference`` is the text of the solution, which
    decides whose fault it is that a check could not finish; without one it is the grader's. ``uses`` maps questions to
    those that they use.
    """

    check_files: CheckFiles
    checks: tuple[Check, ...]
    cells: tuple[tuple[str, str], ...]
    limits: Limits
    reused: tuple[tuple[str, str, bool], ...] = ()
    key: str = ""
    reference: str = ""
    uses: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    def to_message(self) -> list[Any]:
        """Return the job as a message, without the check files, which the checker already has, and the reference."""
        checks = [[list(field) for field in asdict(check).items()] for check in self.checks]
        limits = [list(field) for field in asdict(self.limits).items()]
        cells, reused = [list(cell) for cell in self.cells], [list(check) for check in self.reused]
        return [checks, cells, limits, reused, self.key]


@dataclass
class Graded:
    """The results of one submission.

    ``complete`` is False if the checker did not finish. ``interrupted`` is True if something outside the sandbox may
    have killed a worker.
    """

    cells: list[CellResult] = field(default_factory=list)
    checks: list[tuple[str, CheckResult]] = field(default_factory=list)
    costs: dict[str, Cost] = field(default_factory=dict)
    complete: bool = False
    interrupted: bool = False

    @property
    def conclusive(self) -> bool:
        """Whether only the submission can have determined these results."""
        return self.complete and not self.interrupted


class CheckOrder(NamedTuple):
    """A job as a checker reads it: without the check files."""

    checks: tuple[Check, ...]
    cells: tuple[tuple[str, str], ...]
    limits: Limits
    reused: dict[tuple[str, str], bool]
    key: bytes


def read_job(message: list[Any]) -> CheckOrder:
    """Return the job in a message of `Job.to_message`."""
    checks, cells, limits, reused, key = message
    return CheckOrder(
        tuple(Check(**{**dict(fields), "after": tuple(dict(fields)["after"])}) for fields in checks),
        tuple((identity, source) for identity, source in cells),
        Limits(**dict(limits)),
        {(question, name): passed for question, name, passed in reused},
        bytes.fromhex(key),
    )


@functools.lru_cache(maxsize=512)
def compiled(source: bytes, name: str) -> bytes:
    """Return the content of a module's ``.pyc`` file; empty if the source does not compile."""
    if not name.endswith(".py"):
        return b""
    try:
        code = compile(source, name, "exec", dont_inherit=True)  # else with the `__future__` imports of this file
    except (SyntaxError, ValueError):
        return b""
    unchecked_hash = (0b01).to_bytes(4, "little")  # PEP 552: importing does not compare it with the source
    return importlib.util.MAGIC_NUMBER + unchecked_hash + importlib.util.source_hash(source) + marshal.dumps(code)


MAX_MESSAGE = 4000
"""The maximum length of a message about a check or cell, in characters. A real checker cuts them at half of this."""


def cells_message(cells: Iterable[CellResult]) -> list[Any]:
    """Return the results of the cells as a message."""
    return ["cells", [[cell.id, str(cell.outcome), cell.message] for cell in cells]]


def check_message(check: Check, result: CheckResult, cost: Cost) -> list[Any]:
    """Return the result of one check as a message."""
    pictures = [to_record(picture) for picture in result.pictures]
    return ["check", check.question, check.name, str(result.outcome), result.message, pictures, *cost]


def read_cells(cells: Any, job: Job) -> list[CellResult]:
    """Return the results of a job's cells; raise `ProtocolError` for malformed results and unknown cells."""
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
    """Return a check's question, result and cost; raise `ProtocolError` for malformed results and unknown checks."""
    match fields:
        case [str(question), str(name), outcome, str(text), pictures, float(seconds), float(memory_mb)]:
            if not (math.isfinite(seconds) and math.isfinite(memory_mb)):
                raise ProtocolError("a checker reports a cost that is not a number")
            for check in job.checks:
                if (check.question, check.name) == (question, name):  # title and points come from this side
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
        raise ProtocolError("a checker reports invalid pictures")
    try:
        return tuple(read_picture(record) for record in records)
    except (ValueError, OverflowError):
        raise ProtocolError("a checker reports an invalid picture") from None


def _text(text: str) -> str:
    """Return a text that UTF-8 can encode: a student's exception may contain lone surrogates."""
    return text[:MAX_MESSAGE].encode("utf-8", "replace").decode()
