"""A session and its worker's monitor: an answer that comes late or never costs no submission a point."""

from __future__ import annotations

import socket
from collections import deque
from dataclasses import replace

import pytest

from autograder.checking.failures import StudentError, WorkerDied
from autograder.course import Check
from autograder.results.model import Outcome
from autograder.sandbox.processes import session as sessions
from autograder.sandbox.processes.session import MAX_BAD_CELLS, RemoteSession
from autograder.sandbox.protocol.messages import ALIVE, ARM, EXITED, MEMORY, VERDICT, Limits

CHECK = Check("adds", "add", "Adds.", 1.0, public=True)
MIB = 2**20


class Monitors:
    """A stand-in for zygote and monitors: each process answers at once with the prepared reports, then hangs up."""

    def __init__(self, *answers: list[bytes]) -> None:
        self._answers = deque(answers)
        self.sockets: list[socket.socket] = []
        self.others: list[socket.socket] = []

    def request_worker(self, _zygote: object, _limits: Limits) -> tuple[socket.socket, socket.socket]:
        channel, far = socket.socketpair()
        self.others += [channel, far]
        control, monitor = socket.socketpair()
        for answer in self._answers.popleft():
            monitor.sendall(answer)
        self.sockets.append(monitor)
        self.others.append(control)
        return channel, control


@pytest.fixture
def session(monkeypatch):
    """Return a function that opens a session with one cell that always succeeds."""
    monkeypatch.setattr(sessions, "_MONITOR_TIMEOUT_S", 0.05)
    zygote = socket.socketpair()
    used: list[Monitors] = []

    def opened(monitors: Monitors) -> RemoteSession:
        monkeypatch.setattr(sessions, "request_worker", monitors.request_worker)
        used.append(monitors)
        made = RemoteSession(zygote[0], [("one", "x = 1")], Limits())
        monkeypatch.setattr(made._link, "run_cell", lambda *_cell: None)
        monkeypatch.setattr(made._link, "exchange", lambda *_request: (["ok", []], []))
        monkeypatch.setattr(made.submission, "_seed", lambda _seed: None)
        return made

    yield opened
    for each in [*zygote, *(one for monitors in used for one in monitors.sockets + monitors.others)]:
        each.close()


def alive(mib: int = 0) -> bytes:
    return VERDICT.pack(ALIVE, 0, mib * MIB, 0.0)


ENDED = VERDICT.pack(EXITED, 3, 0, 0.5)


def test_a_checks_memory_is_what_the_monitor_reports(session):
    opened = session(Monitors([alive(), alive(7)]))
    opened.start()
    opened.begin(CHECK)
    opened.end(CHECK)
    assert opened.memory_mb == 7


def test_a_late_answer_is_not_a_death(session):
    monitors = Monitors([])
    opened = session(monitors)
    opened.start()
    opened.begin(CHECK)
    assert not opened.interrupted
    assert len(monitors.sockets) == 1
    monitors.sockets[0].sendall(alive(5) + alive(9))
    opened.end(CHECK)
    assert opened.memory_mb == 9
    assert {result.outcome for result in opened.cell_results.values()} == {Outcome.PASSED}


def test_a_death_is_reported_after_late_answers(session):
    monitors = Monitors([])
    opened = session(monitors)
    opened.start()
    monitors.sockets[0].sendall(alive(5) + ENDED)
    assert "exit code 3" in str(opened._death())
    assert not opened.interrupted


def test_a_process_that_ends_after_its_cells_is_replaced_and_no_cell_is_blamed(session):
    monitors = Monitors([ENDED], [alive()])
    opened = session(monitors)
    opened.start()
    opened.begin(CHECK)
    assert len(monitors.sockets) == 2
    assert {result.outcome for result in opened.cell_results.values()} == {Outcome.PASSED}


def test_a_process_that_ends_again_and_again_is_given_up(session):
    monitors = Monitors(*[[ENDED]] * MAX_BAD_CELLS)
    opened = session(monitors)
    opened.start()
    assert len(monitors.sockets) == MAX_BAD_CELLS
    with pytest.raises(WorkerDied, match="too often"):
        opened.begin(CHECK)


def test_limits_are_armed_for_a_check_and_lifted_after_it(session):
    monitors = Monitors([alive(), alive()])
    opened = session(monitors)
    opened.start()
    opened.begin(CHECK)
    opened.end(CHECK)
    sent = monitors.sockets[0].recv(1000)
    orders = [ARM.unpack(sent[place : place + ARM.size]) for place in range(0, len(sent), ARM.size)]
    limits = Limits()
    memory = limits.memory_mb * MIB
    cell = (limits.cell_s, limits.cell_s * limits.wall_factor, memory, limits.cells_s)
    check = (limits.check_s, limits.check_s * limits.wall_factor, memory, 0)
    assert orders == [cell, check, (0, 0, 0, 0), check, (0, 0, 0, 0)]


@pytest.mark.parametrize(("reason", "interrupted"), [(EXITED, True), (MEMORY, False)])
def test_only_a_kill_from_outside_is_an_interruption(session, reason, interrupted):
    opened = session(Monitors([VERDICT.pack(reason, -9, 0, 0.0)], [alive()]))
    opened.start()
    assert opened.interrupted is interrupted


def test_a_check_may_have_limits_of_its_own(session):
    monitors = Monitors([alive()])
    opened = session(monitors)
    opened.start()
    opened.begin(replace(CHECK, timeout_s=2.0, memory_mb=100))
    sent = monitors.sockets[0].recv(1000)
    assert ARM.unpack(sent[-ARM.size :]) == (2.0, 2.0 * Limits().wall_factor, 100 * MIB, 0)


def test_no_check_begins_after_the_time_of_the_submission(session):
    opened = session(Monitors([alive()]))
    opened.start()
    opened._deadline = 0.0
    with pytest.raises(WorkerDied, match="used up the total time"):
        opened.begin(CHECK)


def test_a_cell_has_the_outcome_of_its_first_run(session):
    opened = session(Monitors([ENDED], [alive()]))
    errors = iter([None, StudentError("ValueError", "no", "<cell one>", 1, "x = 1")])
    opened._link.run_cell = lambda *_cell: next(errors)
    opened.start()
    assert [result.outcome for result in opened.cell_results.values()] == [Outcome.PASSED]


def test_lines_are_those_of_the_cell(session):
    opened = session(Monitors())
    assert [opened._line("<cell one>", line) for line in (0, 1, 2)] == ["", "x = 1", ""]
    assert opened._line("<cell two>", 1) == ""
