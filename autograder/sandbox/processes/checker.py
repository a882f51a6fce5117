"""The checker: pytest with all checks of an exercise, in processes that student code never enters.

A checker collects its check files once; when pytest would run them, it forks for each submission instead. It is
trusted but isolated like a worker, because it parses what workers send. Results go back one at a time, so that a later
failure does not lose them.
"""

from __future__ import annotations

import gc
import socket
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from autograder.checking.runner import Recorder, run_checks, run_pytest
from autograder.course import Check
from autograder.course.check_files import FOLDER
from autograder.results.model import CheckResult, Cost, Outcome
from autograder.sandbox.isolation import linux
from autograder.sandbox.processes.fork_server import fork_for_each
from autograder.sandbox.processes.session import RemoteSession
from autograder.sandbox.protocol import frames, messages


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

    @pytest.hookimpl(wrapper=True)
    def pytest_pyfunc_call(self, pyfuncitem: pytest.Function) -> Iterator[None]:
        """Bound what the check costs here."""
        assert self._grading is not None
        with self._grading[1].bounded():
            return (yield from super().pytest_pyfunc_call(pyfuncitem))

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
            frames.send(channel, ["done", session.interrupted, sorted(self.voided)])

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
