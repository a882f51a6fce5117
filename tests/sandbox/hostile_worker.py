"""A worker that answers as the solution does, but lies now and then, to send 256 secret bits through a check.

It speaks the real protocol to a real `RemoteSubmission`, in a thread of this process, so that thousands of lies take
seconds. What only a process can do (exit codes, signals, time) arrives as the monitor reports it.
"""

from __future__ import annotations

import builtins
import random
import socket
import threading
import warnings
from collections.abc import Callable, Iterable, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from autograder.checking.execution import CellRunner
from autograder.checking.failures import WorkerDied
from autograder.checking.runner import Recorder, run_pytest, seed_of
from autograder.checking.student_module import seed_everything
from autograder.checking.verdict import blamed, judge
from autograder.course import Check, Exercise
from autograder.course.cells import Cell
from autograder.proving.plan import checks_that_train
from autograder.results.model import CheckResult, Outcome
from autograder.sandbox.processes.remote import Link, RemoteSubmission
from autograder.sandbox.processes.worker import Worker, _Missing
from autograder.sandbox.protocol.messages import EXITED, FILES, MEMORY, TIME, check_files_message, explain, lay_down
from autograder.submissions.read import cells_of_module

ERRORS = [
    kind
    for kind in vars(builtins).values()
    if isinstance(kind, type) and issubclass(kind, Exception) and not issubclass(kind, BaseExceptionGroup)
]
DTYPES = [
    torch.float64,
    torch.float32,
    torch.float16,
    torch.bfloat16,
    torch.int64,
    torch.int32,
    torch.uint8,
    torch.bool,
]
DTYPES += [torch.complex64, torch.int8, torch.int16]


class Hang(BaseException):
    """The worker ends, after sending ``garbage``."""

    def __init__(self, garbage: bytes = b"") -> None:
        self.garbage = garbage


class Secret:
    """Random bits, in the forms in which a worker may try to send them."""

    def __init__(self, bits: str, dice: str) -> None:
        self.dice = random.Random(dice)
        self.number = random.Random(bits).getrandbits(256) | 1 << 255
        self.texts = (str(self.number), f"{self.number:x}", f"{self.number:b}")

    def is_in(self, text: str) -> bool:
        """Whether a part of the bits can be read in a text."""
        sizes = (8, 8, 24)
        return any(
            form[place : place + size] in text
            for form, size in zip(self.texts, sizes, strict=True)
            for place in range(len(form) - size)
        )

    def text(self) -> str:
        """Return some text with the bits in it."""
        form = self.dice.choice(self.texts)
        words = ("{}", "{} is not implemented yet", "`{}` is wrong.", "at line {}", "train_loss {}", "\x1b[31m{}")
        return self.dice.choice(words).format(form)

    def error(self) -> Exception:
        """Return an exception of some kind, with the bits in its text and perhaps in its name."""
        kind = self.dice.choice(ERRORS)
        if self.dice.random() < 0.3:
            kind = type(f"E{self.texts[1]}", (kind,), {})
        with suppress(Exception):
            return kind(self.text())
        return ValueError(self.text())

    def small(self) -> int:
        """Return a few of the bits."""
        return self.number >> self.dice.randrange(250) & 63

    def tensor(self) -> torch.Tensor:
        """Return a tensor that says the bits by shape, dtype or values."""
        shape = [self.small() % 7 for _ in range(self.dice.randrange(5))]
        values = torch.full(shape, float(self.small())) * self.dice.choice(
            (1.0, 1e30, -1e-3, float("nan"), float("inf"))
        )
        return values.to(self.dice.choice(DTYPES))

    def value(self, depth: int = 0) -> Any:
        """Return any value."""
        nest = depth < 3
        makers: list[Callable[[], Any]] = [
            lambda: None, self.text, self.small, self.tensor, self.tensor, lambda: self.number, lambda: b"x",
            lambda: bool(self.small() % 2), lambda: float(self.small()) / 7, lambda: float("nan"), lambda: 10**400,
            lambda: self.tensor().float().numpy(), lambda: np.float32(self.small()), lambda: complex(self.small()),
            lambda: type(f"C{self.texts[1]}", (), {})(), lambda: torch.nn.Linear(2, 3), lambda: self.value,
            lambda: torch.float64,
            lambda: [self.value(depth + 1) for _ in range(self.small() % 5)] if nest else [],
            lambda: tuple(self.value(depth + 1) for _ in range(self.small() % 4)) if nest else (),
            lambda: {self.text(): self.value(depth + 1) for _ in range(self.small() % 3)} if nest else {},
        ]  # fmt: skip
        return self.dice.choice(makers)()

    def bent(self, value: Any) -> Any:
        """Return a value near the right one: the farther a check gets, the more it may say."""
        match value:
            case torch.Tensor() if self.dice.random() < 0.9:
                return self._bent_tensor(value.detach())
            case bool():
                return not value
            case int() | float() if self.dice.random() < 0.8:
                near = (value + 1, value - 1, -value, float(value), value * 2, float("nan"), float("inf"), 1 - value, 0)
                return self.dice.choice(near)
            case list() | tuple() if value and self.dice.random() < 0.8:
                items = list(value)
                place = self.dice.randrange(len(items))
                if self.dice.random() < 0.8:
                    items[place] = self.bent(items[place])
                else:
                    del items[place]
                return type(value)(items) if type(value) in (list, tuple) else items
            case dict() if value and self.dice.random() < 0.8:
                key = self.dice.choice(list(value))
                if self.dice.random() < 0.8:
                    return {**value, key: self.bent(value[key])}
                return {name: item for name, item in value.items() if name != key}
        return self.value()

    def _bent_tensor(self, value: torch.Tensor) -> torch.Tensor:
        makers: list[Callable[[], torch.Tensor]] = [
            lambda: value + 1, lambda: -value, lambda: value * 0, lambda: value.relu(), lambda: value.sigmoid(),
            lambda: value.to(self.dice.choice(DTYPES)), lambda: value[None], lambda: value[..., None],
            lambda: value[1:], lambda: value.flatten(), lambda: value.transpose(-1, -2), lambda: value.flip(0),
            lambda: value.squeeze(), lambda: value / value.max(), lambda: value.abs(), lambda: value / 0,
            lambda: value * float("nan"), lambda: value.sum(), lambda: value.mean(0), lambda: torch.rand_like(value),
            lambda: 100 * torch.randn_like(value),
        ]  # fmt: skip
        with suppress(Exception):
            return self.dice.choice(makers)()
        return self.tensor()


class NoShell:
    """In the place of IPython's shell, whose start takes half a second: no cell is run."""

    user_ns: dict[str, Any]

    def init_user_ns(self) -> None:
        self.user_ns["_dh"] = []


class HostileWorker(Worker):
    """Serves a namespace; with probability ``rate`` per request, it lies."""

    def __init__(self, sock: socket.socket, namespace: dict[str, Any], secret: Secret, rate: float) -> None:
        super().__init__(sock, shell=NoShell())
        self._runner.namespace = namespace
        self._secret, self._rate, self._lies = secret, rate, False

    def serve(self) -> None:
        """Answer requests until one side has had enough."""
        with self._sock:
            try:
                super().serve()
            except Hang as end:
                with suppress(OSError):
                    self._sock.sendall(end.garbage)
            except OSError:  # the checker hung up
                return

    def _answer(
        self, operation: str, arguments: list[Any], buffers: list[bytearray]
    ) -> tuple[list[Any], list[memoryview]]:
        dice, secret = self._secret.dice, self._secret
        self._lies = False
        if operation == "begin" or dice.random() >= self._rate:
            return super()._answer(operation, arguments, buffers)
        match dice.choices(("end", "garbage", "raise", "error", "missing", "reply", "lie"), (1, 1, 4, 2, 1, 1, 30))[0]:
            case "end":
                raise Hang
            case "garbage":
                raise Hang(dice.randbytes(64))
            case "raise":
                raise secret.error()
            case "error":
                return ["error", dice.choice(ERRORS).__name__, secret.text(), secret.text(), secret.small()], []
            case "missing":
                raise _Missing
            case "reply":
                return [secret.text(), secret.small()], []
        self._lies = True
        return super()._answer(operation, arguments, buffers)

    def _callee(self, operation: str, arguments: Any) -> Any:
        if operation == "define" and arguments[1] == "train_a_network":  # a check's own loop, which takes seconds
            return (lambda: _untrained), (), {}
        return super()._callee(operation, arguments)

    def _result(self, result: Any, arguments: list[torch.Tensor], before: list[Any]) -> Any:
        if self._lies:
            for tensor in arguments:
                if self._secret.dice.random() < 0.2 and tensor.is_leaf:
                    with suppress(Exception), torch.no_grad():
                        tensor.add_(1)
            result = self._secret.bent(result)
        return super()._result(result, arguments, before)


def _untrained(network: Any, *_rest: Any) -> Any:
    return network().eval()


def _train_nothing(*_arguments: Any, **_keywords: Any) -> None:
    return None


def solved(exercise: Exercise) -> dict[str, Any]:
    """Return the names that an exercise's solution defines."""
    runner = CellRunner()
    for cell in cells_of_module(exercise.source):
        if not cell.is_illustration:
            runner.run(Cell(cell.id, cell.source))
    return runner.namespace


class Tries(Recorder):
    """A pytest plugin that runs each check many times, each time with another worker, instead of once."""

    def __init__(self, exercise: Exercise, checks: Mapping[tuple[str, str], int], seed: int) -> None:
        super().__init__()
        self._exercise, self._times, self._seed = exercise, checks, seed
        self._checks = {(check.question, check.name): check for check in exercise.checks if not check.public}
        self._training = checks_that_train(exercise)
        self._namespace = solved(exercise)
        self._questions = {question.name for question in exercise.questions}
        self.found: dict[tuple[str, str], list[tuple[Secret, CheckResult]]] = {}

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        """Run the checks."""
        for item in session.items:
            check = self._find(item)
            if check is not None:
                cases = getattr(getattr(item, "callspec", None), "params", {})
                key = check.question, check.name
                runs = [self._run(check, item, cases, place) for place in range(self._times.get(key, 0))]
                self.found.setdefault(key, []).extend(runs)
        return True

    def _run(self, check: Check, item: Any, cases: Mapping[str, Any], place: int) -> tuple[Secret, CheckResult]:
        # The same bits for all checks of a try, which are one submission, but not the same lies.
        secret = Secret(f"{self._seed} {place}", f"{self._seed} {place} {check.question}.{check.name}")
        dice = secret.dice
        rate = dice.choice((0.02, 0.05, 0.05, 0.15, 0.3, 1.0))
        namespace = dict(self._namespace)
        if (check.question, check.name) in self._training:  # training takes seconds, and says no more
            namespace |= {name: _train_nothing for name in namespace if name.startswith("fit")}
        if dice.random() < 0.05:
            namespace[check.question] = secret.value()
        error: BaseException | None = None
        with connected(namespace, secret, rate) as submission:
            submission._expect_functions(self._questions)
            seed_everything(seed_of(check, "checker"))
            try:
                submission._seed(place)
                with warnings.catch_warnings(action="ignore"):
                    item.obj(submission, **cases)
            except Exception as raised:
                error = raised
        result = judge(check, error, self._questions, literals=self._literals)
        return secret, blamed(check, result) if result.outcome is Outcome.GRADER_ERROR else result


@contextmanager
def connected(namespace: dict[str, Any], secret: Secret, rate: float) -> Any:
    """Yield a submission that is served by a hostile worker."""

    def death() -> WorkerDied:
        return explain(secret.dice.choice((EXITED, EXITED, TIME, MEMORY, FILES)), secret.dice.randrange(-64, 256))

    ours, theirs = socket.socketpair()
    link = Link(death, lambda cell, line: f"{cell} {line} {secret.texts[0]}")
    link.attach(ours)
    thread = threading.Thread(target=HostileWorker(theirs, namespace, secret, rate).serve, daemon=True)
    thread.start()
    try:
        yield RemoteSubmission(link, {"conv2d": "SyntaxError: invalid syntax"})
    finally:
        link.attach(None)
        thread.join()


def attempts(exercise: Exercise, checks: Mapping[tuple[str, str], int], seed: int, folder: Path) -> Tries:
    """Run hidden checks as often as ``checks`` says and return what was found."""
    tests = lay_down(check_files_message(exercise.check_files), folder / "checks")
    wanted = {f"test_{question}.py" for question, _ in checks}
    tries = Tries(exercise, checks, seed)
    run_pytest([test for test in tests if test.parent.name == "hidden" and test.name in wanted], tries)
    return tries


def distinct(found: Iterable[tuple[Secret, CheckResult]]) -> set[tuple[str, str]]:
    """Return everything that can be read of one check afterwards."""
    return {(str(result.outcome), result.message) for _, result in found}
