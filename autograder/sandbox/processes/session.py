"""A submission as the checker grades it: a live worker, its cells, and the bounds of each check on both sides."""

from __future__ import annotations

import contextlib
import resource
import select
import signal
import socket
import time
from collections.abc import Iterator, Sequence
from typing import Any

from autograder.checking.execution import assignment_to, deleting_line
from autograder.checking.failures import StudentError, WorkerDied, student_error
from autograder.checking.runner import seed_of
from autograder.course import Check
from autograder.course.cells import names_defined
from autograder.results.model import CellResult, Outcome
from autograder.sandbox.isolation.hardening import data_in_use
from autograder.sandbox.processes.remote import Link, RemoteSubmission
from autograder.sandbox.protocol import messages
from autograder.sandbox.protocol.messages import ALIVE, ARM, EXITED, INTERRUPTED, VERDICT, Limits, request_worker
from autograder.text import printable

_MONITOR_TIMEOUT_S = 5.0
"""Seconds to wait for a monitor's answer, which normally comes at once."""

MAX_BAD_CELLS = 8
"""The number of cells that may end the process; each costs a fresh worker."""

CHECK_CPU_S = 10.0
CHECK_MEMORY_MB = 1024
"""CPU seconds and MiB that one check may use in this process, which only compares values and computes references. With
the solutions of the course, the most was 0.74 s and 88 MiB (`docs/grading.md`)."""

_SLOW_TO_CHECK = "What your answer returned takes too long to check. Return a smaller value."
_LARGE_TO_CHECK = "What your answer returned is too large to check. Return a smaller value."
_DELETED = "a later cell deleted it"
MAX_DELETED = 1000
_USED_UP = "Your notebook used up the time that its cells may take together, before this cell was run."


class RemoteSession:
    """A submission in a live worker, which is replaced whenever it dies."""

    def __init__(
        self, zygote: socket.socket, cells: Sequence[tuple[str, str]], limits: Limits, key: bytes = b""
    ) -> None:
        self._zygote = zygote
        self._key = key
        self._cells = cells
        self._limits = limits
        self._reasons: dict[str, str] = {}
        self._link = Link(self._death, self._line)
        self._control: socket.socket | None = None
        self._alive = False
        self._cause = WorkerDied("exit", "The process that runs your code has ended.")
        self._bad_cells: set[int] = set()
        self._cells_used_up = False
        self._spent_s = 0.0
        """CPU seconds of earlier workers that count against the limit for all cells."""
        self._cells_end = 0.0
        self._not_reached: set[str] = set()
        """The names that cells define which were not run, because the time for all cells was used up."""
        self._orders = 0
        """The number of ARM messages to the current monitor."""
        self._asked = False
        self._is_bounded = False
        self._overrun: WorkerDied | None = None
        """Why the last check was stopped in this process, if it was."""
        self._late_deaths = 0
        """How often the process ended after all cells had run, but before the first check."""
        self._owed = 0
        """The number of answers that the monitor still has to send."""
        self._deadline = time.monotonic() + limits.submission_s
        self.cell_results: dict[str, CellResult] = {}
        self.interrupted = False
        """Whether something outside the sandbox may have killed a worker, so that grading should be repeated."""
        self.memory_mb = 0.0
        """The most that the student's process grew during the last check, in MiB."""
        self.submission = RemoteSubmission(self._link, self._reasons, lambda name: assignment_to(name, cells))

    def start(self) -> None:
        """Run the cells in a worker; a cell that kills its process is skipped in the next one."""
        self._spent_s = 0.0
        self._cells_end = min(time.monotonic() + self._limits.cells_s * self._limits.wall_factor, self._deadline)
        while not self._alive and len(self._bad_cells) + self._late_deaths < MAX_BAD_CELLS:
            self._spawn()
            self._run_cells()

    def begin(self, check: Check) -> None:
        """Prepare for a check; see `autograder.checking.runner.Session`."""
        self.memory_mb = 0.0
        if time.monotonic() > self._deadline:
            raise WorkerDied("time", "Your notebook used up the total time allowed for grading. Look for slow code.")
        self._drop_refused()
        self._overrun = None
        if not self._alive:
            self.start()
        if not self._alive:
            raise WorkerDied("exit", "Your notebook ended its process too often, so this could not be checked.")
        if check.question in self._not_reached:
            raise WorkerDied("time", f"{_USED_UP} Look for slow code above it.")
        self._arm(check.timeout_s or self._limits.check_s, check.memory_mb or self._limits.memory_mb)
        self.submission._seed(seed_of(check, "student", self._key))
        if self._is_bounded:
            self._bound()

    def end(self, _check: Check) -> None:
        """Lift the limits."""
        if self._alive:
            self._lift()

    def close(self) -> None:
        """Hang up on the worker, whose monitor then ends it."""
        self._alive = False
        self._link.attach(None)
        if self._control is not None:
            self._control.close()
            self._control = None

    @contextlib.contextmanager
    def bounded(self) -> Iterator[None]:
        """Bound the time and memory that one check uses in this process: what it compares comes from the student."""
        hard = resource.getrlimit(resource.RLIMIT_DATA)[1]
        self._is_bounded = True
        try:
            yield
        except BaseException as error:
            self._overrun = self._overrun or _shortage(error)
            if self._overrun is not None:
                raise self._overrun from None
            raise
        finally:
            signal.setitimer(signal.ITIMER_PROF, 0)
            self._is_bounded = False
            resource.setrlimit(resource.RLIMIT_DATA, (hard, hard))
        if self._overrun is not None:  # the check has caught it
            raise self._overrun

    def _bound(self) -> None:
        """Start the bounds of `bounded`: starting a worker and running the cells again do not count."""
        self._overrun = None

        def stop(_number: int, _frame: Any) -> None:
            self._overrun = WorkerDied("time", _SLOW_TO_CHECK)
            raise self._overrun

        signal.signal(signal.SIGPROF, stop)
        signal.setitimer(signal.ITIMER_PROF, CHECK_CPU_S, 1.0)  # again each second, if something catches it
        hard = resource.getrlimit(resource.RLIMIT_DATA)[1]
        wanted = data_in_use() + CHECK_MEMORY_MB * 2**20
        resource.setrlimit(resource.RLIMIT_DATA, (wanted if hard < 0 else min(wanted, hard), hard))

    def _spawn(self) -> None:
        self.close()
        channel, self._control = request_worker(self._zygote, self._limits)
        self._link.attach(channel)
        self._alive, self._owed, self._orders = True, 0, 0  # the new monitor owes nothing
        self._cells_used_up = self._spent_s >= self._limits.cells_s
        self._not_reached = set()

    def _run_cells(self) -> None:
        defined: set[str] = set()
        for place, (identity, source) in enumerate(self._cells):
            if place in self._bad_cells:  # ended an earlier worker
                continue
            if self._cells_used_up or time.monotonic() >= self._cells_end:
                self._not_reached.update(set(names_defined(source)) - defined)
                self._note_cell(identity, source, Outcome.TIMED_OUT, _USED_UP)
                continue
            defined.update(names_defined(source))
            try:
                self._arm_cell()
                error = self._link.run_cell(identity, source)
            except WorkerDied as death:
                self._drop_refused()
                self._bad_cells.add(place)
                outcome = Outcome.TIMED_OUT if death.reason == "time" else Outcome.CRASHED
                self._note_cell(identity, source, outcome, str(death))
                return
            if self._was_interrupted():
                self._note_cell(identity, source, Outcome.TIMED_OUT, self._stopped())
            elif error is None:
                self._note_cell(identity, source, Outcome.PASSED, "")
            else:
                self._note_cell(identity, source, *_cell_outcome(error))
        try:
            self._note_deleted()
            self._lift()
        except WorkerDied:  # something that a cell left running ended it; it is unknown which cell
            self._late_deaths += 1

    def _arm_cell(self) -> None:
        """Set the limits of one cell: its own, or what is left for all cells."""
        wall = min(self._limits.cell_s * self._limits.wall_factor, max(self._cells_end - time.monotonic(), 0.01))
        life_s = max(self._limits.cells_s - self._spent_s, 0.01)
        self._send_limits(self._limits.cell_s, wall, self._limits.memory_mb, life_s)

    def _was_interrupted(self) -> bool:
        """Whether the monitor interrupted the cell that has just ended. It reports that before it does it."""
        assert self._control is not None
        while True:
            try:
                # Only looked at: another report belongs to whoever waits for it.
                message = self._control.recv(VERDICT.size, socket.MSG_PEEK | socket.MSG_DONTWAIT)
            except OSError:
                return False
            if len(message) != VERDICT.size or VERDICT.unpack(message)[0] != INTERRUPTED:
                return False
            _, order, _, used = VERDICT.unpack(self._control.recv(VERDICT.size))
            if order == self._orders:
                self._cells_used_up = self._spent_s + used >= self._limits.cells_s
                return True

    def _stopped(self) -> str:
        if self._cells_used_up or time.monotonic() >= self._cells_end:
            return "Stopped: your notebook used up the time that its cells may take together. Look for slow code."
        return (
            f"Stopped, because a cell may compute for {self._limits.cell_s:g} s; what it had defined by then counts. "
            "Put a demonstration into a cell of its own."
        )

    def _note_deleted(self) -> None:
        """Ask which names later cells deleted: a message about a missing one says which cell did."""
        if self._asked:  # in a later worker, the answer could depend on a hidden input
            return
        self._asked = True
        self._arm(self._limits.check_s, self._limits.memory_mb)  # a worker that was rewritten may never answer
        reply, _ = self._link.exchange(["deleted"])
        pairs = reply[1] if len(reply) == 2 and isinstance(reply[1], list) else []
        sources = dict(self._cells)
        for pair in pairs[:MAX_DELETED]:
            match pair:
                # Which cell is the student's word, what it says is not.
                case [str(name), str(identity)] if identity in sources and name not in self._reasons:
                    self._reasons[name] = f"{_DELETED}: `{printable(deleting_line(name, sources[identity]))}`"

    def _drop_refused(self) -> None:
        """Give up a worker that sent an invalid reply, or whose reply was not read: the next could be to any call."""
        if self._alive and (self._link.refused or self._overrun is not None):
            self._alive = False

    def _note_cell(self, identity: str, source: str, outcome: Outcome, message: str) -> None:
        """Record how a cell ran the first time, and which names are missing because of it."""
        if identity in self.cell_results:  # the cells run again in every new worker
            return
        self.cell_results[identity] = CellResult(identity, outcome, message)
        for name in names_defined(source):
            if message:
                self._reasons[name] = f"its cell failed: {message}"
            else:
                self._reasons.pop(name, None)  # a later cell may define a name that an earlier one failed to

    def _arm(self, cpu_s: float, memory_mb: int) -> None:
        self._send_limits(cpu_s, cpu_s * self._limits.wall_factor, memory_mb, 0.0)

    def _send_limits(self, cpu_s: float, wall_s: float, memory_mb: int, life_s: float) -> None:
        assert self._control is not None
        self._orders += 1
        try:
            self._control.sendall(ARM.pack(cpu_s, wall_s, memory_mb * 2**20, life_s))
        except OSError:
            raise self._death() from None

    def _lift(self) -> None:
        """Lift the limits and learn what was used under them; raise `WorkerDied` if the worker has ended."""
        assert self._control is not None
        self._arm(0, 0)
        self._owed += 1
        # Measuring the memory of many processes may delay a monitor. A late answer is read at the next call.
        while self._owed and select.select([self._control], [], [], _MONITOR_TIMEOUT_S)[0]:
            death = self._read()
            if death is not None:
                self._alive, self._cause = False, death
                raise death

    def _death(self) -> WorkerDied:
        """Return why the worker ended, according to its monitor."""
        if self._alive:
            self._alive = False
            self._cause = self._verdict()
        return self._cause

    def _verdict(self) -> WorkerDied:
        assert self._control is not None
        try:
            # A dead worker's monitor reports at once. A worker that closed its socket but is alive has to be ended,
            # which its monitor does when this side hangs up.
            if not select.select([self._control], [], [], 0.5)[0]:
                self._control.shutdown(socket.SHUT_WR)  # only this half: the verdict still has to come back
        except OSError:
            pass
        while (death := self._read()) is None:
            continue
        return death

    def _read(self) -> WorkerDied | None:
        """Read one report of the monitor; return None if the worker is alive."""
        assert self._control is not None
        try:
            message = self._control.recv(VERDICT.size)
        except OSError:
            message = b""
        if len(message) != VERDICT.size:  # the monitor died as well
            self.interrupted = True
            return WorkerDied("exit", "The process that runs your code ended unexpectedly.")
        reason, status, growth, used_s = VERDICT.unpack(message)
        if reason == INTERRUPTED:  # too late: the cell had ended already
            return None
        self.memory_mb = growth / 2**20
        if reason == ALIVE:
            self._owed -= 1
            return None
        self._spent_s += used_s
        self.interrupted |= (reason, status) == (EXITED, -signal.SIGKILL)  # the monitor did not do it: the OOM killer?
        return messages.explain(reason, status)

    def _line(self, cell: str, line: int) -> str:
        """Return a line of the student's code, from the checker's own copy: the worker's could be forged."""
        for identity, source in self._cells:
            if cell == f"<cell {identity}>":
                lines = source.splitlines()
                return lines[line - 1].strip()[:200] if 0 < line <= len(lines) else ""
        return ""


def _cell_outcome(error: StudentError) -> tuple[Outcome, str]:
    if error.kind == "NotImplementedError":
        return Outcome.NOT_ATTEMPTED, error.message
    return Outcome.FAILED, error.text(hidden=False)


def _shortage(error: BaseException) -> WorkerDied | None:
    """Return the student's outcome if this process ran out of memory."""
    if student_error(error) is None and (
        isinstance(error, MemoryError) or (isinstance(error, RuntimeError) and "can't allocate memory" in str(error))
    ):
        return WorkerDied("memory", _LARGE_TO_CHECK)
    return None
