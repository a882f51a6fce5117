"""The monitor between zygote and worker: it enforces limits, reports how the worker ended, and cleans up after it.

It is trusted and small, and imports nothing after the fork. It receives the worker's limits over its control socket,
measures CPU time and memory several times a second, and reports the reason when it kills. A cell that takes too long is
interrupted first, as in Jupyter, because what it has defined may be an answer.
"""

from __future__ import annotations

import contextlib
import os
import select
import signal
import socket
import time
from collections.abc import Callable
from dataclasses import dataclass

from autograder.sandbox.isolation.linux import descendants
from autograder.sandbox.protocol.messages import ALIVE, ARM, EXITED, FILES, INTERRUPTED, MEMORY, TIME, VERDICT

_TICKS = os.sysconf("SC_CLK_TCK")
_PAGE = os.sysconf("SC_PAGE_SIZE")
_PERIOD_MS = 50
_INTERRUPTS = 2  # the first may be lost: Python ignores what a `__del__` raises
_GRACE_S, _GRACE_WALL_S = 1.0, 4.0
"""CPU seconds, and seconds by the clock, to the next interrupt, or until the worker is killed."""
_MARGIN = 2**26  # 64 MiB, so that a single process reaches RLIMIT_DATA before this monitor's limit


@dataclass
class _Armed:
    """The limits in force, as the times and amounts at which the worker exceeds them."""

    cpu_s: float = 0.0
    wall: float = 0.0
    memory: int = 0
    memory_at_start: int = 0
    seen: int = 0
    """The largest resident size seen since the limits were armed, in bytes."""
    peak: int = 0
    """The kernel's peak when the limits were armed, in bytes: a higher one later was reached under these limits."""
    orders: int = 0
    """How often limits were set or lifted."""
    interrupts: int = 0
    """How often the worker is interrupted before it is killed."""


def watch(worker: int, control: socket.socket, kill: Callable[[int], int], fills_disk: Callable[[], bool]) -> None:
    """Watch a worker until it ends, breaks a limit, or the checker hangs up; then ``kill`` whatever is left of it.

    If the grader, the zygote or the checker is killed, the checker's end of ``control`` closes, which also counts as
    hanging up.
    """
    armed = _Armed(memory_at_start=_resident(worker))
    reason = EXITED
    poll = select.poll()
    poll.register(control, select.POLLIN)
    gone = _pidfd(worker)
    if gone is not None:
        poll.register(gone, select.POLLIN)
    while True:
        # Without limits there is nothing to measure: sleep until the checker writes or the worker ends.
        events = dict(poll.poll(_PERIOD_MS if armed.wall or gone is None else None))
        if control.fileno() in events and not _rearm(control, armed, worker):
            break
        if gone in events or (gone is None and _has_ended(worker)):
            break
        broken = _broken(worker, armed, fills_disk)
        if broken == TIME and armed.interrupts:
            _interrupt(worker, control, armed)
        elif broken is not None:
            reason = broken
            break
    used = cpu_seconds(worker)
    status = kill(worker)  # before the report: then nothing of it runs any more
    try:
        control.sendall(VERDICT.pack(reason, status, _growth(armed, armed.seen), used))
    except OSError:
        return


def _pidfd(pid: int) -> int | None:
    """Return a descriptor that becomes readable when the process ends; None if the system has no pidfds."""
    try:
        return os.pidfd_open(pid)
    except (AttributeError, OSError):
        return None


def _rearm(control: socket.socket, armed: _Armed, worker: int) -> bool:
    """Apply new limits from the checker; return False if it has hung up."""
    try:
        message = control.recv(ARM.size)
    except OSError:
        return False
    if len(message) != ARM.size:
        return False
    cpu_s, wall_s, armed.memory, life_s = ARM.unpack(message)
    used = cpu_seconds(worker)
    armed.cpu_s = used + cpu_s if cpu_s else 0.0  # counted from now
    armed.wall = time.monotonic() + wall_s if wall_s else 0.0
    armed.orders += 1
    armed.interrupts = 0
    if life_s:
        armed.cpu_s = min(armed.cpu_s, life_s)
        armed.interrupts = _INTERRUPTS
    peak = _peak(worker)
    if wall_s:
        armed.seen, armed.peak = 0, peak
        return True
    # The kernel's peak covers the process's whole life: it counts only if these limits raised it.
    most = peak if peak > armed.peak else max(armed.seen, _resident(worker))
    try:
        control.sendall(VERDICT.pack(ALIVE, 0, _growth(armed, most), used))
    except OSError:
        return False
    return True


def _interrupt(worker: int, control: socket.socket, armed: _Armed) -> None:
    """Interrupt the worker as Ctrl-C would, and give it a moment to end its cell."""
    used = cpu_seconds(worker)
    armed.interrupts -= 1
    armed.cpu_s, armed.wall = used + _GRACE_S, time.monotonic() + _GRACE_WALL_S
    with contextlib.suppress(OSError):  # the checker has hung up, which the next poll finds, or the worker has ended
        control.sendall(VERDICT.pack(INTERRUPTED, armed.orders, 0, used))
        os.kill(worker, signal.SIGINT)


def _growth(armed: _Armed, resident: int) -> int:
    return max(0, resident - armed.memory_at_start)


def _broken(worker: int, armed: _Armed, fills_disk: Callable[[], bool]) -> int | None:
    """Return the limit that the worker has broken, if any."""
    if not armed.wall:
        return None
    if time.monotonic() > armed.wall or cpu_seconds(worker) > armed.cpu_s:
        return TIME
    armed.seen = max(armed.seen, _resident(worker))
    # A single process reaches RLIMIT_DATA first, always at the same allocation. This limit, a little higher, is for the
    # sum over a worker and its children.
    if armed.memory and exceeds_memory(worker, armed.memory_at_start + armed.memory + _MARGIN):
        return MEMORY
    return FILES if fills_disk() else None


def cpu_seconds(pid: int) -> float:
    """Return the CPU time of a process and its ended children in seconds; 0 if it cannot be read."""
    try:
        with open(f"/proc/{pid}/stat", "rb") as file:  # noqa: PTH123
            fields = file.read().rpartition(b")")[2].split()  # the name before it may contain spaces: see proc(5)
    except OSError:
        return 0.0
    return sum(int(field) for field in fields[11:15]) / _TICKS  # utime, stime, cutime, cstime


def exceeds_memory(pid: int, limit: int) -> bool:
    """Whether a process and its descendants use more than ``limit`` bytes, counting a shared page only once."""
    # The resident size is a cheap upper bound. The proportional size, which divides a page among the processes that
    # share it, is expensive for the kernel to compute.
    tree = [pid, *descendants(pid)]
    return sum(map(_resident, tree)) > limit and sum(map(_proportional, tree)) > limit


def _resident(pid: int) -> int:
    try:
        with open(f"/proc/{pid}/statm", "rb") as file:  # noqa: PTH123
            return int(file.read().split()[1]) * _PAGE
    except (OSError, ValueError, IndexError):
        return 0


def _peak(pid: int) -> int:
    """Return the largest resident size of the process so far, in bytes."""
    try:
        with open(f"/proc/{pid}/status", "rb") as file:  # noqa: PTH123
            return next(int(line.split()[1]) * 1024 for line in file if line.startswith(b"VmHWM:"))
    except (OSError, ValueError, StopIteration):
        return 0


def _proportional(pid: int) -> int:
    try:
        with open(f"/proc/{pid}/smaps_rollup", "rb") as file:  # noqa: PTH123
            return next(int(line.split()[1]) * 1024 for line in file if line.startswith(b"Pss:"))
    except (OSError, ValueError, StopIteration):  # unreadable: charge the process for all its resident pages
        return _resident(pid)


def _has_ended(worker: int) -> bool:
    """Whether the worker has ended; it is not reaped."""
    return os.waitid(os.P_PID, worker, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None
