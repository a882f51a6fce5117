"""What a student's process may use, and the small messages with which limits are set and deaths reported."""

from __future__ import annotations

import signal
import struct
from dataclasses import dataclass

from autograder.checking.failure import WorkerDied


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
