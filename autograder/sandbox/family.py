"""Processes and their descendants: find, count and end them."""

from __future__ import annotations

import contextlib
import os
import signal
import time
from collections.abc import Callable

_MOST = 4096


def descendants(pid: int) -> list[int]:
    """Return the processes that a process, or any of its threads, started, and theirs."""
    found: list[int] = []
    waiting = [pid]
    while waiting and len(found) < _MOST:
        children = _children(waiting.pop())
        found += children
        waiting += children
    return found


def _children(pid: int) -> list[int]:
    children: list[int] = []
    with contextlib.suppress(OSError):
        for thread in os.listdir(f"/proc/{pid}/task"):  # noqa: PTH208 - pathlib costs an import in a forked child
            with open(f"/proc/{pid}/task/{thread}/children", "rb") as file:  # noqa: PTH123
                children += map(int, file.read().split())
    return children


def users_with_processes() -> set[int]:
    """Return the numbers of all users whom a process belongs to."""
    return {owner for owner, _ in _processes()}


def tasks_of_user(user: int) -> int:
    """Return how many processes and threads a user has, as the limit on processes counts them."""
    return sum(threads for owner, threads in _processes() if owner == user)


def _processes() -> list[tuple[int, int]]:
    """Return the owner and the number of threads of every process in sight."""
    found = []
    with contextlib.suppress(OSError):
        for name in os.listdir("/proc"):  # noqa: PTH208
            if name.isdigit():
                with contextlib.suppress(OSError):
                    threads = os.stat(f"/proc/{name}/task")  # noqa: PTH116
                    found.append((threads.st_uid, threads.st_nlink - 2))
    return found


def kill_descendants() -> None:
    """Kill every descendant of this process, which is their subreaper."""
    # First stopped, so that none forks away while the others are killed.
    for number in (signal.SIGSTOP, signal.SIGKILL):
        for pid in descendants(os.getpid()):
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.kill(pid, number)


def end_all(child: int, kill: Callable[[], None]) -> int:
    """Kill until no child is left; return the exit code of one of them (negative: a signal)."""
    code = -signal.SIGKILL
    while True:
        kill()
        try:
            while True:
                pid, status = os.waitpid(-1, os.WNOHANG)
                if pid == child:
                    code = os.waitstatus_to_exitcode(status)
                if not pid:
                    break
        except ChildProcessError:
            return code
        time.sleep(0.001)


def send_kill(pid: int, *, group: bool = False) -> None:
    """Kill a process, or the process group that it leads, if it is there."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        (os.killpg if group else os.kill)(pid, signal.SIGKILL)
