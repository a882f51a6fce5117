"""The worker: runs the student's cells and answers the checker's calls. It is untrusted.

It shares a process with student code, so the checker trusts none of its replies. It holds no check, no expected value
and no secret: a student who rewrites this module at run time changes only their own answers.

Requests are ``[number, operation, arguments...]``, replies ``[number, "ok", value, changed tensors]``,
``[number, "missing"]`` or ``[number, "error", kind, message, cell, line]``.
"""

from __future__ import annotations

import builtins
import operator
import signal
import socket
import sys
import threading
from collections import OrderedDict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import torch

from autograder.checking.execution import CellRunner
from autograder.checking.failures import StudentError
from autograder.checking.student_module import define_function, describe_error, seed_everything
from autograder.course.cells import Cell
from autograder.sandbox.protocol import frames
from autograder.sandbox.protocol import values as wire

MAX_GRAPHS = 64
MAX_DELETED = 1000
NAMESPACE = 0
"""The handle of the notebook itself."""


class Worker:
    """A student's namespace behind a socket."""

    def __init__(self, sock: socket.socket, shell: Any = None) -> None:
        self._sock = sock
        self._runner = CellRunner("__main__", shell)
        # As in Jupyter, cells can import files that they have written. Last, so that none takes the name of a library.
        sys.path.append("")
        builtins.input = _no_input
        self._handles: dict[int, Any] = {}
        self._numbers: dict[int, int] = {}
        self._graphs: OrderedDict[int, tuple[list[torch.Tensor], list[torch.Tensor]]] = OrderedDict()
        self._next = NAMESPACE + 1

    @property
    def main_module(self) -> Any:
        """The module whose namespace the cells run in."""
        return self._runner.module

    def serve(self) -> None:
        """Answer requests until the checker hangs up."""
        while True:
            try:
                request, buffers = frames.receive(self._sock)
            except EOFError:
                return
            number, operation, *arguments = request
            try:
                reply, out = self._answer(operation, arguments, buffers)
            except _Missing:
                reply, out = ["missing"], []
            except frames.ProtocolError as error:
                reply, out = _too_much(error), []
            except (Exception, SystemExit, KeyboardInterrupt, GeneratorExit) as error:  # noqa: BLE001
                reply, out = _error_reply(describe_error(error)), []
            try:
                frames.send(self._sock, [number, *reply], out)
            except (frames.ProtocolError, MemoryError) as error:  # raised before anything was sent
                frames.send(self._sock, [number, *_too_much(error)])

    def _answer(
        self, operation: str, arguments: list[Any], buffers: list[bytearray]
    ) -> tuple[list[Any], list[memoryview]]:
        match operation:
            case "cell":
                return self._run_cell(*arguments), []
            case "deleted":
                return ["ok", [[*pair] for pair in self._runner.deleted.items()][:MAX_DELETED]], []
            case "begin":
                return self._begin(arguments[0])
            case "backward":
                return self._backward(arguments[0], arguments[1], buffers)
        decoder = wire.Decoder(buffers, self._resolve, strided=True)
        function, values, keywords = self._callee(operation, decoder.decode(arguments[0]))
        before = [_State(tensor) for tensor in decoder.tensors.seen]
        with torch.set_grad_enabled(bool(arguments[1])):
            result = function(*values, **keywords)
        return self._result(result, decoder.tensors.seen, before)

    def _run_cell(self, identity: str, source: str) -> list[Any]:
        """Run a cell, which the monitor may interrupt; anything else of this process cannot be."""
        with _interruptible():
            error = self._runner.run(Cell(identity, source))
        return ["ok", None, []] if error is None else _error_reply(error)

    def _begin(self, seed: int) -> tuple[list[Any], list[memoryview]]:
        """Start a check: drop the handles and graphs of the last one, and seed all generators."""
        self._handles.clear()
        self._numbers.clear()
        self._graphs.clear()
        seed_everything(seed)
        torch.set_grad_enabled(True)  # an answer may have switched it off
        return ["ok", None, []], []

    def _callee(
        self, operation: str, arguments: tuple[Any, ...]
    ) -> tuple[Callable[..., Any], tuple[Any, ...], dict[str, Any]]:
        """Return the function that an operation calls, and its arguments."""
        match operation, arguments:
            case "call", (target, values, keywords):
                return target, values, keywords
            case "get", (None, name):
                if name not in self._runner.namespace:
                    raise _Missing
                return self._runner.namespace.__getitem__, (name,), {}
            case "get", (target, name):
                return getattr, (target, name), {}
            case "set", (target, name, value):
                return setattr, (target, name, value), {}
            case "item", (target, key):
                return operator.getitem, (target, key), {}
            case "length", (target,):
                return len, (target,), {}
            case "iterate", (target, most):
                return _first_items, (target, most), {}
            case "define", (source, name):
                return define_function, (source, name), {}
        raise frames.ProtocolError("unknown operation")

    def _result(
        self, result: Any, arguments: list[torch.Tensor], before: list[_State]
    ) -> tuple[list[Any], list[memoryview]]:
        encoder = wire.Encoder(self._handle)
        value = encoder.encode(result)
        changed = [
            [place, encoder.encode(_as_leaf(tensor))]
            for place, (tensor, state) in enumerate(zip(arguments, before, strict=True))
            if state.differs(tensor)
        ]
        graph = -1
        if encoder.tensors.slots:
            graph = self._next
            self._next += 1
            self._graphs[graph] = (list(encoder.tensors.slots.values()), arguments)
            while len(self._graphs) > MAX_GRAPHS:  # each keeps its tensors in memory
                self._graphs.popitem(last=False)
        return ["ok", value, changed, graph], encoder.buffers

    def _backward(self, graph: int, slots: Any, buffers: list[bytearray]) -> tuple[list[Any], list[memoryview]]:
        """Backpropagate through an earlier call; return the gradients of its arguments."""
        outputs, arguments = self._graphs[graph]
        grads = dict(wire.Decoder(buffers, self._resolve, strided=True).decode(slots))
        before = [(tensor, tensor.grad) for tensor in arguments]
        for tensor in arguments:
            tensor.grad = None  # backward adds to what is there
        # The sum of output · grad has these gradients. Unlike `torch.autograd.backward`, it accepts outputs that do not
        # require grad. The graph stays, because a check may backpropagate through the same results again.
        sum((outputs[slot] * grad).sum() for slot, grad in grads.items()).backward(retain_graph=True)
        encoder = wire.Encoder(self._handle)
        value = encoder.encode([tensor.grad for tensor in arguments])
        for tensor, grad in before:
            tensor.grad = grad
        return ["ok", value, [], -1], encoder.buffers

    def _handle(self, value: Any) -> list[Any]:
        number = self._numbers.get(id(value))
        if number is None:  # the same object keeps its number, so `is` works in checks
            number = self._next
            self._next += 1
            self._handles[number] = value
            self._numbers[id(value)] = number  # _handles keeps the object, so no other gets its id
        return ["h", number, type(value).__name__, callable(value)]

    def _resolve(self, number: int, _name: str, _is_callable: bool) -> Any:
        return None if number == NAMESPACE else self._handles[number]


@contextmanager
def _interruptible() -> Iterator[None]:
    """Raise KeyboardInterrupt for the monitor's signal; tests run a worker in a thread, which has no signals."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, signal.SIG_IGN)


class _Missing(Exception):
    """The notebook does not define the requested name."""


class _State:
    """A tensor argument's state before a call, to see whether the call changes it."""

    def __init__(self, tensor: torch.Tensor) -> None:
        self.value = tensor.detach().clone()
        self.grad = None if tensor.grad is None else tensor.grad.clone()
        self.requires_grad = tensor.requires_grad

    def differs(self, tensor: torch.Tensor) -> bool:
        grad = tensor.grad if tensor.is_leaf else None
        return (
            tensor.requires_grad != self.requires_grad
            or not _same_bytes(tensor.detach(), self.value)
            or (grad is None) != (self.grad is None)
            or (grad is not None and self.grad is not None and not _same_bytes(grad, self.grad))
        )


def _same_bytes(a: torch.Tensor, b: torch.Tensor) -> bool:
    """Whether two tensors are equal, with NaN equal to NaN."""
    return a.shape == b.shape and a.dtype == b.dtype and bool(((a == b) | ((a != a) & (b != b))).all())


def _as_leaf(tensor: torch.Tensor) -> torch.Tensor:
    """Return a changed argument without the graph of the change."""
    if tensor.is_leaf:
        return tensor
    return tensor.detach().requires_grad_(tensor.requires_grad)


def _first_items(target: Any, most: int) -> list[Any]:
    """Return at most ``most`` items, because a generator may be endless."""
    items = []
    for item in target:
        items.append(item)
        if len(items) >= most:
            break
    return items


def _no_input(_prompt: object = "") -> str:
    raise EOFError("nobody can type while a notebook is graded. Remove `input()`, and write the value into the code.")


def _error_reply(error: StudentError) -> list[Any]:
    return ["error", error.kind, error.message, error.cell, error.line]


def _too_much(error: Exception) -> list[Any]:
    """Return the error reply for an answer that is too large to send."""
    why = str(error) or "it does not fit into memory"
    text = f"the answer cannot be checked: {why}. Return a smaller value."
    return _error_reply(StudentError("ValueError", text, "", 0, ""))


def warm_up() -> None:
    """Use everything that workers use once, so that lazy imports happen before the fork, not in each child."""
    x = torch.ones(2, 2, requires_grad=True)
    torch.autograd.backward([(x @ x).sum()])
    np.random.default_rng(0).random(2)
    seed_everything(0)
