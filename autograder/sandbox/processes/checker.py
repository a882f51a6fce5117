"""The checker: pytest with all checks of an exercise, in processes that student code never enters.

A checker collects its check files once; when pytest would run them, it forks for each submission instead. It is
trusted but isolated like a worker, because it parses what workers send. Results go back one at a time, so that a later
failure does not lose them.
"""

from __future__ import annotations

import gc
import select
import signal
import socket
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import pytest

from autograder.checking.execution import assignment_to, names_defined
from autograder.checking.failures import StudentError, WorkerDied
from autograder.checking.runner import Recorder, run_checks, run_pytest, seed_of
from autograder.course import Check
from autograder.course.check_files import FOLDER
from autograder.results.model import CellResult, CheckResult, Cost, Outcome
from autograder.sandbox.isolation import linux
from autograder.sandbox.processes.fork_server import fork_for_each
from autograder.sandbox.processes.remote import Link, RemoteSubmission
from autograder.sandbox.protocol import frames, messages
from autograder.sandbox.protocol.messages import ALIVE, ARM, EXITED, VERDICT, Limits, request_worker

_MONITOR_TIMEOUT_S = 5.0
"""Seconds to wait for a monitor's answer, which normally comes at once."""

MAX_BAD_CELLS = 8
"""The number of cells that may end the process; each costs a fresh worker."""


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
        while not self._alive and len(self._bad_cells) + self._late_deaths < MAX_BAD_CELLS:
            self._spawn()
            self._run_cells()

    def begin(self, check: Check) -> None:
        """Prepare for a check; see `autograder.checking.runner.Session`."""
        self.memory_mb = 0.0
        if time.monotonic() > self._deadline:
            raise WorkerDied("time", "Your notebook used up the total time allowed for grading. Look for slow code.")
        self._drop_refused()
        self.start()
        if not self._alive:
            raise WorkerDied("exit", "Your notebook ended its process too often, so this could not be checked.")
        self._arm(check.timeout_s or self._limits.check_s, check.memory_mb or self._limits.memory_mb)
        self.submission._seed(seed_of(check, "student", self._key))

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

    def _spawn(self) -> None:
        self.close()
        channel, self._control = request_worker(self._zygote, self._limits)
        self._link.attach(channel)
        self._alive, self._owed = True, 0  # the new monitor owes nothing

    def _run_cells(self) -> None:
        for place, (identity, source) in enumerate(self._cells):
            if place in self._bad_cells:  # ended an earlier worker
                continue
            try:
                self._arm(self._limits.cell_s, self._limits.memory_mb)
                error = self._link.run_cell(identity, source)
            except WorkerDied as death:
                self._drop_refused()
                self._bad_cells.add(place)
                outcome = Outcome.TIMED_OUT if death.reason == "time" else Outcome.CRASHED
                self._note_cell(identity, source, outcome, str(death))
                return
            if error is None:
                self._note_cell(identity, source, Outcome.PASSED, "")
            else:
                self._note_cell(identity, source, *_cell_outcome(error))
        try:
            self._lift()
        except WorkerDied:  # something that a cell left running ended it; it is unknown which cell
            self._late_deaths += 1

    def _drop_refused(self) -> None:
        """Give up a worker that sent an invalid reply: its next one could belong to any call."""
        if self._alive and self._link.refused:
            self._alive = False

    def _note_cell(self, identity: str, source: str, outcome: Outcome, message: str) -> None:
        """Record how a cell ran the first time, and which names are missing because of it."""
        if identity in self.cell_results:  # the cells run again in every new worker
            return
        self.cell_results[identity] = CellResult(identity, outcome, message)
        for name in names_defined(source):
            if message:
                self._reasons[name] = message
            else:
                self._reasons.pop(name, None)  # a later cell may define a name that an earlier one failed to

    def _arm(self, cpu_s: float, memory_mb: int) -> None:
        assert self._control is not None
        wall = cpu_s * self._limits.wall_factor
        try:
            self._control.sendall(ARM.pack(cpu_s, wall, memory_mb * 2**20))
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
        reason, status, growth = VERDICT.unpack(message)
        self.memory_mb = growth / 2**20
        if reason == ALIVE:
            self._owed -= 1
            return None
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


def serve(channel: socket.socket, requests: socket.socket, zygote: socket.socket) -> None:
    """Collect the checks that arrive over ``channel``; then grade one submission per request, in a fork."""
    with channel:
        tests = messages.lay_down(frames.receive(channel)[0], Path(FOLDER).absolute())
    checker = _Checker(requests, zygote)
    run_pytest(tests, checker)
    checker.finish()


class _Checker(Recorder):
    """The pytest plugin that forks when pytest would run the checks."""

    def __init__(self, requests: socket.socket, zygote: socket.socket) -> None:
        super().__init__()
        self._requests = requests
        self._zygote = zygote
        self._grading: tuple[socket.socket, RemoteSession] | None = None

    @pytest.hookimpl(tryfirst=True)  # pytest stops at the first plugin that returns a value
    def pytest_runtestloop(self, session: pytest.Session) -> bool | None:
        """Fork for each submission; only the forks continue."""
        gc.freeze()  # keeps collections in the forks from touching, and so copying, the pages they share
        request = fork_for_each(self._requests)
        if request is None:
            return True  # nothing to run in the checker itself
        if sys.platform == "linux":
            linux.die_with_parent()  # a fork does not inherit it
        self._start(socket.socket(fileno=request[1][0]))
        return super().pytest_runtestloop(session)

    def finish(self) -> None:
        """In a fork, report the checks that pytest did not reach, and that grading is done."""
        if self._grading is not None:
            channel, session = self._grading
            self.report_missing()
            session.close()
            frames.send(channel, ["done", session.interrupted])

    def _start(self, channel: socket.socket) -> None:
        """Run the submission's cells and prepare its checks."""
        checks, cells, limits, reused, key = messages.read_job(frames.receive(channel)[0])
        session = RemoteSession(self._zygote, cells, limits, key)
        self._grading = channel, session
        session.start()
        frames.send(channel, messages.cells_message(session.cell_results.values()))

        def report(check: Check, result: CheckResult, seconds: float) -> None:
            cost = Cost(round(seconds, 6), round(session.memory_mb, 1))
            frames.send(channel, messages.check_message(check, result, cost))

        self.begin(checks, session, report, reused)


def warm_up() -> None:
    """Run one check with pytest, so that its imports happen before the fork."""
    import tempfile

    from autograder.checking.runner import LocalSession
    from autograder.checking.student_module import LocalSubmission

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, FOLDER, "warm_up", "public", "test_q.py")
        path.parent.mkdir(parents=True)
        path.write_text(
            "import pytest\n\n@pytest.mark.points(1)\ndef test_it(submission):\n    'It.'\n    submission.q()\n"
        )
        check = Check("it", "q", "It.", 1.0, public=True)
        results: list[CheckResult] = []
        session = LocalSession(LocalSubmission({"q": lambda: None}))
        run_checks([path], [check], session, lambda _check, result, _seconds: results.append(result))
        if [result.outcome for result in results] != [Outcome.PASSED]:
            raise RuntimeError(f"pytest does not run checks here: {results}")
