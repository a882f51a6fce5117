"""The self-test of a tier: try from inside the sandbox everything that student code must not be able to do.

A launcher that has entered the sandbox runs it in place of the zygote. It forks the same processes as a zygote,
attempts each attack in them, and fails at the first one that succeeds.
"""

from __future__ import annotations

import contextlib
import os
import select
import socket
import sysconfig
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from autograder.sandbox.isolation.hardening import Allowance
from autograder.sandbox.isolation.unconfined import Isolation

_ALLOWANCE = Allowance(memory_mb=64, processes=8, file_mb=1, cpu_s=30)
_MANY_PROCESSES = 64
_END_TIMEOUT_S = 10.0
_PYTHON = [sysconfig.get_path(name) for name in ("stdlib", "purelib")]


class IsolationFailure(Exception):
    """An action that must fail succeeded, or one that must succeed failed."""


@dataclass(frozen=True)
class Outside:
    """Targets outside the sandbox: a file in its own folder, a listening port, a process."""

    file: str
    port: int
    process: int


def self_test(isolation: Isolation, outside: Outside) -> None:
    """Act as zygote, monitor, worker and checker; raise `IsolationFailure` where the tier does not isolate."""
    alive, held = os.pipe()  # any surviving process of the worker keeps the write end open
    _in_fork(lambda: _watch(isolation, outside))
    os.close(held)
    if not select.select([alive], [], [], _END_TIMEOUT_S)[0]:
        raise IsolationFailure("a process that student code starts outlives it")
    os.close(alive)
    _in_fork(lambda: _check(isolation, outside))


def _watch(isolation: Isolation, outside: Outside) -> None:
    """Act as the monitor of a worker that tries everything and leaves processes behind."""
    try:
        isolation.guard(_ALLOWANCE)
        worker = _fork(lambda: _work(isolation, outside))
        os.waitid(os.P_PID, worker, os.WEXITED | os.WNOWAIT)  # WNOWAIT: `kill` reaps it
        if isolation.kill(worker):
            raise IsolationFailure("")  # the worker has printed the reason
        if Path(os.environ["TMPDIR"], _left_by(worker)).exists():
            raise IsolationFailure("files that student code leaves for others are not removed")
    finally:
        isolation.clean_up()


def _left_by(worker: int) -> str:
    return f"left-by-{worker}"


def _work(isolation: Isolation, outside: Outside) -> None:
    shared = os.environ["TMPDIR"]
    isolation.enter_worker(_ALLOWANCE)
    if isolation.tier == "C":  # only there can student code write outside its own folder
        Path(shared, _left_by(os.getpid())).write_text("for the next student")
    _try_all(isolation.tier, outside)
    if isolation.tier != "D" and _start_processes() == _MANY_PROCESSES:
        raise IsolationFailure("the number of processes is not limited")
    _leave_orphan()


def _check(isolation: Isolation, outside: Outside) -> None:
    try:
        isolation.enter_checker(_ALLOWANCE)
        _try_all(isolation.tier, outside)
        for pair in (socket.socketpair(), socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)):
            socket.send_fds(pair[0], [b"x"], [pair[1].fileno()])  # as a checker must, to request a worker
    finally:
        isolation.clean_up()


def _try_all(tier: str, outside: Outside) -> None:
    """Do what must work, and attempt what must not."""
    Path(os.environ["TMPDIR"], "note").write_text("mine")
    _needs_python()
    Path(os.environ["PYTHONPATH"], "autograder", "__init__.py").read_bytes()
    if tier == "D":
        return
    folder = Path(outside.file).parent
    _refused("student code can signal other processes", lambda: os.kill(outside.process, 0))  # 0 only asks
    _refused("student code can change files", lambda: (folder / "note").write_text("here"))
    _refused("student code can change files", lambda: os.truncate(outside.file, 0))
    _refused("student code can change who may read a file", lambda: Path(outside.file).chmod(0o600))
    if tier == "C":
        return
    _refused("student code can read other files", lambda: Path(outside.file).read_text())
    _refused("student code can list other folders", lambda: os.listdir(folder))  # noqa: PTH208
    _refused("student code can use the network", lambda: socket.create_connection(("127.0.0.1", outside.port), 1))


def _needs_python() -> None:
    for folder in (*_PYTHON, os.environ["PYTHONPATH"]):
        try:
            os.listdir(folder)  # noqa: PTH208
        except OSError:
            raise IsolationFailure(
                f"a process of another user or with fewer rights cannot use this Python, {folder}"
            ) from None


def _refused(what: str, attempt: Callable[[], object]) -> None:
    with contextlib.suppress(OSError):
        attempt()
        raise IsolationFailure(what)


def _start_processes() -> int:
    """Start processes until the limit is reached and leave them running; return their number."""
    for started in range(_MANY_PROCESSES):
        try:
            _fork(lambda: time.sleep(60))  # ends by itself, should the tier fail to end it
        except OSError:
            return started
    return _MANY_PROCESSES


def _leave_orphan() -> None:
    """Leave behind a process without a parent, in a session of its own."""

    def leave() -> None:
        os.setsid()
        _fork(lambda: time.sleep(60))

    with contextlib.suppress(OSError):  # at the limit already: the processes started before become orphans as well
        _fork(leave)


def _in_fork(what: Callable[[], None]) -> None:
    _, status = os.waitpid(_fork(what), 0)
    if status:
        os._exit(1)  # the fork has printed the reason


def _fork(what: Callable[[], object]) -> int:
    """Run ``what`` in a fork, which prints any error to standard error; return its process id."""
    child = os.fork()
    if child:
        return child
    status = 1
    try:
        what()
        status = 0
    except BaseException as error:  # noqa: BLE001 - a fork must never return
        if str(error):
            os.write(2, f"{error}\n".encode())
    finally:
        os._exit(status)
