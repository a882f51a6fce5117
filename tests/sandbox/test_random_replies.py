"""Whatever an answer returns, no check ends in a grader error: the solutions, with replies exchanged at random."""

from __future__ import annotations

import random
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from autograder.checking.failures import WorkerDied
from autograder.checking.runner import Recorder, run_pytest, seed_of
from autograder.course import Check, Exercise, load_course
from autograder.results.model import CheckResult, Cost, Outcome
from autograder.sandbox.blame import Reference
from autograder.sandbox.processes.remote import Link, RemoteSubmission
from autograder.sandbox.processes.worker import Worker
from autograder.sandbox.protocol.messages import Graded, Job, Limits
from autograder.submissions.read import cells_of_module

ROOT = Path(__file__).resolve().parents[2]
COURSE = load_course(ROOT)
JUNK: list[Callable[[], Any]] = [
    lambda: None,
    lambda: True,
    lambda: -1,
    lambda: 10**400,
    lambda: float("nan"),
    lambda: float("-inf"),
    lambda: "relu",
    lambda: "",
    lambda: b"\xff",
    list,
    lambda: [[1.0], [2.0, 3.0]],
    lambda: (),
    dict,
    lambda: {"values": None, 3: [None]},
    lambda: {1, 2},
    lambda: 1j,
    lambda: torch.float64,
    lambda: torch.zeros(0),
    lambda: torch.tensor(float("nan")),
    lambda: torch.full((3,), float("inf")),
    lambda: torch.zeros(2, 3, 4, 5, 6, dtype=torch.int64),
    lambda: torch.ones(2, requires_grad=True) * 2,
    lambda: torch.tensor([True, False]),
    lambda: np.zeros((2, 0)),
    lambda: np.float64("nan"),
    lambda: np.array([3], dtype=np.uint8),
    lambda: torch.nn.Linear(2, 2),
    lambda: torch.nn.Module(),
    lambda: (n for n in range(3)),
    lambda: abs,
    lambda: object(),
    lambda: {"a": 1}.values(),
]


class Exchanging(Worker):
    """A worker that replaces some of its replies."""

    def __init__(self, sock: socket.socket, chance: float, rng: random.Random) -> None:
        super().__init__(sock, None)
        self._chance, self._rng = chance, rng
        self.exchanged = 0

    def _result(self, result: Any, *others: Any) -> Any:
        if self._rng.random() < self._chance:
            self.exchanged += 1
            result = self._rng.choice(JUNK)()
        return super()._result(result, *others)


class Session:
    """Checks on a worker in a thread of this process."""

    def __init__(self, submission: RemoteSubmission) -> None:
        self.submission = submission

    def begin(self, check: Check) -> None:
        self.submission._seed(seed_of(check, "student"))

    def end(self, _check: Check) -> None:
        """There are no limits."""


@contextmanager
def session(exercise: Exercise, chance: float, rng: random.Random) -> Iterator[tuple[Session, Exchanging]]:
    ours, theirs = socket.socketpair()
    worker = Exchanging(theirs, chance, rng)
    thread = threading.Thread(target=worker.serve, daemon=True)
    thread.start()
    link = Link(lambda: WorkerDied("exit", "gone"), lambda _cell, _line: "")
    link.attach(ours)
    for cell in cells_of_module(exercise.source):
        if not cell.is_illustration:
            assert link.run_cell(cell.id, cell.source) is None
    yield Session(RemoteSubmission(link, {})), worker
    ours.close()
    thread.join()
    theirs.close()


def grade(exercise: Exercise, job: Job, chance: float, seed: int) -> tuple[Graded, int]:
    graded = Graded(complete=True)

    def report(check: Check, result: CheckResult, seconds: float) -> None:
        graded.checks.append((check.question, result))
        graded.costs[check.name] = Cost(seconds, 0.0)

    with session(exercise, chance, random.Random(seed)) as (running, worker):
        recorder = Recorder()
        reused = {(question, name): passed for question, name, passed in job.reused}
        recorder.begin(job.checks, running, report, reused)
        run_pytest(exercise.test_paths, recorder)
    return graded, worker.exchanged


def quick_checks(exercise: Exercise) -> tuple[Check, ...]:
    """Return the checks that do not train for long: these would only be slow."""
    return tuple(check for check in exercise.checks if (check.timeout_s or 0) <= 10)


def exchange(exercise: Exercise, seeds: range, chance: float) -> int:
    """Grade the solution with exchanged replies; fail if a check ends in a grader error; return how many were."""
    checks = quick_checks(exercise)
    job = Job(exercise.check_files, checks, (), Limits(), reference=exercise.source)

    reference, total = Reference(lambda asked: grade(exercise, asked, 0.0, 0)[0]), 0
    for seed in seeds:
        graded, exchanged = grade(exercise, job, chance, seed)
        total += exchanged
        assert len(graded.checks) == len(checks)
        reference.settle(graded, job)
        faults = {
            f"{question}.{check.name}: {check.message}"
            for question, check in graded.checks
            if check.outcome is Outcome.GRADER_ERROR
        }
        assert faults == set()
    return total


def test_no_exchanged_reply_is_the_graders_fault():
    assert exchange(COURSE.exercise("tensor_ops"), range(4), 0.4) > 20


@pytest.mark.slow
def test_thousands_of_exchanged_replies_are_never_the_graders_fault():
    assert sum(exchange(exercise, range(100, 124), 0.3) for exercise in COURSE.exercises) > 2000
