"""The trusted side: pytest with all checks of an exercise, in processes that student code never enters.

A checker collects its file of checks once, and is forked for each submission at the moment when pytest would run
them. It is jailed like a worker, because it parses what workers send. Results go back one by one, so that nothing is
lost when something later breaks.
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

from autograder.checking.execution import names_defined
from autograder.checking.failures import StudentError, WorkerDied
from autograder.checking.runner import Recorder, run_checks, run_pytest, seed_of
from autograder.course import Check
from autograder.course.check_files import FOLDER
from autograder.results.model import CellResult, CheckResult, Cost, Outcome
from autograder.sandbox.isolation import linux
from autograder.sandbox.processes.fork_server import fork_for_each
from autograder.sandbox.processes.remote import Link, RemoteSubmission
from autograder.sandbox.protocol import frames, messages
from autograder.sandbox.protocol.messages import (
    ALIVE,
    ARM,
    EXITED,
    VERDICT,
    Limits,
    explain,
    lay_down,
    read_job,
    request_worker,
)

_PATIENCE_S = 5.0
"""How long to wait for a monitor's answer, which comes at once unless somebody has stopped it."""

MAX_BAD_CELLS = 8
"""How many cells of a notebook may end its process, each of which costs a fresh one."""


class RemoteSession:
    """One submission as a live worker, replaced by a new one whenever it dies."""

    def __init__(self, zygote: socket.socket, cells: Sequence[tuple[str, str]], limits: Limits) -> None:
        self._zygote = zygote
        self._cells = cells
        self._limits = limits
        self._reasons: dict[str, str] = {}
        self._link = Link(self._death, self._line)
        self._control: socket.socket | None = None
        self._alive = False
        self._cause = WorkerDied("exit", "The process of your answer is gone.")
        self._bad_cells: set[int] = set()
        self._vain = 0
        """How often all cells ran, and the process ended before anything could be asked."""
        self._owed = 0
        """How many answers of the monitor have not come yet."""
        self._deadline = time.monotonic() + limits.submission_s
        self.cell_results: dict[str, CellResult] = {}
        self.interrupted = False
        """Whether a worker ended as it would if somebody else had killed it: another try will tell."""
        self.memory_mb = 0.0
        """By how much the student's process grew at most during the last check."""
        self.submission = RemoteSubmission(self._link, self._reasons)

    def start(self) -> None:
        """Run the cells; a cell that kills its process is left out of the next one."""
        while not self._alive and len(self._bad_cells) + self._vain < MAX_BAD_CELLS:
            self._spawn()
            self._run_cells()

    def begin(self, check: Check) -> None:
        """Prepare for a check; see `autograder.checking.runner.Session`."""
        self.memory_mb = 0.0
        if time.monotonic() > self._deadline:
            raise WorkerDied("time", "Your notebook used up the time that grading it may take.")
        self._drop_refused()
        self.start()
        if not self._alive:
            raise WorkerDied("exit", "Your notebook ended its process again and again, so it cannot be checked.")
        self._arm(check.timeout_s or self._limits.check_s, check.memory_mb or self._limits.memory_mb)
        self.submission._seed(seed_of(check, "student"))

    def end(self, _check: Check) -> None:
        """Lift the limits."""
        if self._alive:
            self._lift()

    def close(self) -> None:
        """Let the worker go."""
        self._alive = False
        self._link.attach(None)
        if self._control is not None:
            self._control.close()
            self._control = None

    def _spawn(self) -> None:
        self.close()
        channel, self._control = request_worker(self._zygote, self._limits)
        self._link.attach(channel)
        self._alive, self._owed = True, 0

    def _run_cells(self) -> None:
        for place, (identity, source) in enumerate(self._cells):
            if place in self._bad_cells:
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
        except WorkerDied:  # whatever a cell left behind ended it: nobody knows which cell
            self._vain += 1

    def _drop_refused(self) -> None:
        """Give up a worker that was hung up on: its next reply could belong to any call."""
        if self._alive and self._link.refused:
            self._alive = False

    def _note_cell(self, identity: str, source: str, outcome: Outcome, message: str) -> None:
        """Remember how a cell ran the first time, and which names are missing because of it."""
        if identity in self.cell_results:
            return
        self.cell_results[identity] = CellResult(identity, outcome, message)
        for name in names_defined(source):
            if message:
                self._reasons[name] = message
            else:
                self._reasons.pop(name, None)

    def _arm(self, cpu_s: float, memory_mb: int) -> None:
        assert self._control is not None
        wall = cpu_s * self._limits.wall_factor
        try:
            self._control.sendall(ARM.pack(cpu_s, wall, memory_mb * 2**20))
        except OSError:
            raise self._death() from None

    def _lift(self) -> None:
        """Lift the limits, and learn what was used under them; raise `WorkerDied` where the worker is gone by now."""
        assert self._control is not None
        self._arm(0, 0)
        self._owed += 1
        # A monitor that counts the memory of many processes may keep others waiting; its answer then comes later.
        while self._owed and select.select([self._control], [], [], _PATIENCE_S)[0]:
            death = self._read()
            if death is not None:
                self._alive, self._cause = False, death
                raise death

    def _death(self) -> WorkerDied:
        """Say why the worker is gone, from what its monitor saw."""
        if self._alive:
            self._alive = False
            self._cause = self._verdict()
        return self._cause

    def _verdict(self) -> WorkerDied:
        assert self._control is not None
        try:
            # A worker that closed its socket but lives on is ended by hanging up; one that died gets to say how.
            if not select.select([self._control], [], [], 0.5)[0]:
                self._control.shutdown(socket.SHUT_WR)
        except OSError:
            pass
        while (death := self._read()) is None:
            continue
        return death

    def _read(self) -> WorkerDied | None:
        """Note what the monitor tells of its worker; return None where that is alive."""
        assert self._control is not None
        try:
            message = self._control.recv(VERDICT.size)
        except OSError:
            message = b""
        if len(message) != VERDICT.size:
            self.interrupted = True
            return WorkerDied("exit", "The process of your answer ended unexpectedly.")
        reason, status, growth = VERDICT.unpack(message)
        self.memory_mb = growth / 2**20
        if reason == ALIVE:
            self._owed -= 1
            return None
        self.interrupted |= (reason, status) == (EXITED, -signal.SIGKILL)
        return explain(reason, status)

    def _line(self, cell: str, line: int) -> str:
        """Return a line of the student's code, from this side's copy of it."""
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
    """Collect the checks that come over ``channel``; then grade a submission in a fork per request."""
    with channel:
        tests = lay_down(frames.receive(channel)[0], Path(FOLDER).absolute())
    checker = _Checker(requests, zygote)
    run_pytest(tests, checker)
    checker.finish()


class _Checker(Recorder):
    """The pytest plugin that forks where the checks would run."""

    def __init__(self, requests: socket.socket, zygote: socket.socket) -> None:
        super().__init__()
        self._requests = requests
        self._zygote = zygote
        self._grading: tuple[socket.socket, RemoteSession] | None = None

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtestloop(self, session: pytest.Session) -> bool | None:
        """Be forked for each submission; only the forks go on."""
        gc.freeze()
        request = fork_for_each(self._requests)
        if request is None:
            return True  # nothing to run in the checker itself
        if sys.platform == "linux":
            linux.die_with_parent()
        self._start(socket.socket(fileno=request[1][0]))
        return super().pytest_runtestloop(session)

    def finish(self) -> None:
        """In a fork: report what pytest did not get to, and that this is all."""
        if self._grading is not None:
            channel, session = self._grading
            self.report_missing()
            session.close()
            frames.send(channel, ["done", session.interrupted])

    def _start(self, channel: socket.socket) -> None:
        """Run the submission's cells, and get ready for its checks."""
        checks, cells, limits, reused = read_job(frames.receive(channel)[0])
        session = RemoteSession(self._zygote, cells, limits)
        self._grading = channel, session
        session.start()
        frames.send(channel, messages.cells_message(session.cell_results.values()))

        def report(check: Check, result: CheckResult, seconds: float) -> None:
            cost = Cost(round(seconds, 6), round(session.memory_mb, 1))
            frames.send(channel, messages.check_message(check, result, cost))

        self.begin(checks, session, report, reused)


def warm_up() -> None:
    """Run one check with pytest, so that its imports are paid before the fork."""
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
