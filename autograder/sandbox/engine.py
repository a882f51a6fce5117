"""The grader's end of the sandbox: start a zygote, send it jobs, collect results. No student code runs here."""

from __future__ import annotations

import json
import os
import select
import signal
import socket
import subprocess
import tempfile
import threading
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from autograder.course import CheckFiles
from autograder.errors import MachineError
from autograder.runtime import ELSEWHERE, python
from autograder.sandbox import dependencies
from autograder.sandbox.blame import Reference
from autograder.sandbox.isolation.tiers import launcher_environment, scratch_folder
from autograder.sandbox.protocol import frames, messages
from autograder.sandbox.protocol.messages import (
    Graded,
    Job,
    Limits,
    check_files_message,
    request_checker,
    request_grading,
)

START_TIMEOUT_S = 120.0


class Engine:
    """A zygote in its sandbox, as a context manager. `run` may be called from several threads at once.

    ``protected`` lists the folders that student code must not see (the course, submissions, grades), ``preload`` the
    modules that answers import. Entering raises `MachineError` if the sandbox does not start.
    """

    def __init__(self, tier: str, *, protected: Sequence[Path] = (), preload: Sequence[str] = ()) -> None:
        self.tier = tier
        self._protected = [str(path.resolve()) for path in protected]
        self._preload = list(preload)
        self._lock = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self._requests: socket.socket | None = None
        self._checkers: dict[tuple[CheckFiles, Limits], socket.socket] = {}
        self._resources = ExitStack()
        self._reference = Reference(self._run)

    def __enter__(self) -> Self:
        self._scratch = self._resources.enter_context(scratch_folder())
        self._log = self._resources.enter_context(tempfile.TemporaryFile())
        # SEQPACKET keeps requests apart, each with its own descriptors, and reports when the other side ends.
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with theirs:  # closed here, so that the socket hangs up when the zygote ends
            # The sandbox dies with this thread, not only with this process: the kernel sees the thread as its parent.
            self._process = self._start(theirs)
        self._requests = ours
        if not select.select([ours], [], [], START_TIMEOUT_S)[0] or ours.recv(16) != b"ready":
            problem = self._last_log_line()
            self.__exit__(None, None, None)
            raise MachineError(f"The sandbox did not start (tier {self.tier}). {problem}")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for requests in (self._requests, *self._checkers.values()):
            if requests is not None:
                requests.close()  # the zygote ends once nobody can send requests
        if kind is not None:  # do not wait for jobs whose results nobody will read
            self.stop()
        if self._process is not None:
            try:
                self._process.wait(timeout=10)
            except subprocess.TimeoutExpired:
                self._process.kill()  # the launcher; everything else dies with it
                self._process.wait()
        self._resources.close()

    def stop(self) -> None:
        """Kill the sandbox at once: when the launcher dies, the zygote and everything it forked die too."""
        if self._process is not None and self._process.poll() is None:
            os.killpg(self._process.pid, signal.SIGKILL)

    def has_ended(self, within_s: float = 1.0) -> bool:
        """Whether the zygote ends within ``within_s`` seconds: after a kill, its processes die one after another."""
        assert self._requests is not None, "use the engine as a context manager"
        poll = select.poll()
        poll.register(self._requests, 0)  # poll always reports POLLHUP, requested or not
        return bool(poll.poll(within_s * 1000))

    def run(self, job: Job, notify: Callable[[Graded], None] = lambda graded: None) -> Graded:
        """Grade one submission; ``notify`` receives the results so far after each new one.

        Never raises because of what a submission does.
        """
        graded = self._run(job, notify)
        if graded.complete:
            self._reference.settle(graded, job)
            dependencies.settle(graded, job, self._run)
        return graded

    def _run(self, job: Job, notify: Callable[[Graded], None] = lambda graded: None) -> Graded:
        graded = Graded()
        try:
            with self._open_checker(job) as channel:
                frames.send(channel, job.to_message())
                while self._record(frames.receive(channel)[0], job, graded):
                    notify(graded)
        except (EOFError, OSError, frames.ProtocolError):
            graded.complete = False
        return graded

    def _record(self, message: Any, job: Job, graded: Graded) -> bool:
        """Record one message of a checker; return whether more will follow."""
        match message:
            case ["cells", cells] if not graded.cells:  # once: a checker that was taken over must not fill memory
                graded.cells = messages.read_cells(cells, job)
            case ["check", *fields]:
                question, result, cost = messages.read_check(fields, job)
                name = f"{question}.{result.name}"
                if name in graded.costs:
                    raise frames.ProtocolError("a checker reports a check twice")
                graded.checks.append((question, result))
                graded.costs[name] = cost
            case ["done", bool(interrupted)]:
                graded.complete, graded.interrupted = True, interrupted
                return False
            case _:
                raise frames.ProtocolError("unknown message")
        return True

    def _open_checker(self, job: Job) -> socket.socket:
        """Return the channel to a fork of the checker for the job's checks; start that checker if necessary."""
        key = job.check_files, job.limits
        # One checker per exercise, even if several threads ask for it at the same moment.
        with self._lock:
            try:
                channel = request_grading(self._checkers.get(key) or self._start_checker(key))
            except OSError:  # the checker has died: try this submission with a new one
                channel = request_grading(self._start_checker(key))
        # Checks have their own limits; this timeout only catches a checker that hangs.
        channel.settimeout(2 * job.limits.submission_s * job.limits.wall_factor)
        return channel

    def _start_checker(self, key: tuple[CheckFiles, Limits]) -> socket.socket:
        assert self._requests is not None, "use the engine as a context manager"
        files, limits = key
        if key in self._checkers:  # the one that died
            self._checkers.pop(key).close()
        channel, self._checkers[key] = request_checker(self._requests, limits)
        with channel:
            frames.send(channel, check_files_message(files))
        return self._checkers[key]

    def _start(self, theirs: socket.socket) -> subprocess.Popen[bytes]:
        request = {"tier": self.tier, "root": self._scratch, "protected": self._protected, "preload": self._preload}
        process = subprocess.Popen(
            python("autograder.sandbox.processes.launcher", str(theirs.fileno())),
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=self._log,  # a file, not a pipe, which would block the sandbox when it is full
            env=launcher_environment(),
            cwd=ELSEWHERE,
            pass_fds=[theirs.fileno()],
            start_new_session=True,  # `stop` kills the process group; Ctrl-C reaches only the grader
        )
        assert process.stdin is not None
        with process.stdin as stdin:
            stdin.write(json.dumps(request).encode())
        return process

    def _last_log_line(self) -> str:
        self._log.seek(0)
        lines = self._log.read().decode(errors="replace").strip().splitlines()
        return lines[-1] if lines else "Run `autograder doctor`."  # the last line of a traceback names the error
