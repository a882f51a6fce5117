"""The checker's side of the wire: `RemoteSubmission`, used as if it were the student's module.

A call sends its arguments and waits for the result. Tensors that it changed in place are changed here too, where the
check asks for it. Differentiable results are outputs of an autograd function whose backward pass asks the worker, so
``submission.conv2d(images, weight).sum().backward()`` fills ``images.grad`` as it would in one process.
"""

from __future__ import annotations

import socket
import weakref
from collections.abc import Callable, Collection, Iterator
from typing import Any

import torch

from autograder.checking.failures import NameMissing, NameTaken, StudentError, WorkerDied, mark_student_error
from autograder.checking.student_module import BUILTIN_ERRORS, KNOWN_TYPES, kind_of, may_modify
from autograder.sandbox.protocol import frames
from autograder.sandbox.protocol import values as wire
from autograder.text import printable, printable_lines

MAX_ITEMS = 10_000
MAX_LENGTH = 10_000_000
"""The largest accepted length: ``list(…)`` allocates memory for as many items as an object claims to have."""
_NAMESPACE = ["h", 0, "", False]


class Link:
    """A worker's socket, and the requests to it.

    ``death`` returns why the worker ended, ``code`` a line of a cell. Both are known on this side, so the worker, which
    could lie, is not asked.
    """

    def __init__(self, death: Callable[[], WorkerDied], code: Callable[[str, int], str]) -> None:
        self._sock: socket.socket | None = None
        self._death = death
        self._refused: WorkerDied | None = None
        self._code = code
        self._count = 0
        self._objects: weakref.WeakValueDictionary[int, RemoteObject] = weakref.WeakValueDictionary()

    def attach(self, sock: socket.socket | None) -> None:
        """Switch to another worker, or to none."""
        if self._sock is not None:
            self._sock.close()
        self._sock = sock
        self._refused = None

    @property
    def refused(self) -> bool:
        """Whether the worker sent an invalid reply, so that the connection was closed."""
        return self._refused is not None

    def refuse(self, why: str) -> WorkerDied:
        """Close the connection: after an invalid reply, the next one may belong to any earlier call."""
        self.attach(None)
        unreadable = "Your answer cannot be read"
        self._refused = WorkerDied("protocol", f"{unreadable}: {why}.", for_hidden=f"{unreadable}.")
        return self._refused

    def run_cell(self, identity: str, source: str) -> StudentError | None:
        """Run one cell; return the error that it raised, or None."""
        status, *rest = self.exchange(["cell", identity, source])[0]
        return self.student_error(rest) if status == "error" else None

    def begin(self, seed: int) -> None:
        """Prepare the worker for a check."""
        self.exchange(["begin", seed])

    def ask(self, operation: str, *arguments: Any, name: str = "", reasons: dict[str, str] | None = None) -> Any:
        """Perform an operation on the student's side; return its value or raise its exception."""
        encoder = wire.Encoder(_encode_object, strided=True)
        structure = encoder.encode(arguments)
        call = _Call(self, [operation, structure, torch.is_grad_enabled()], encoder, name, reasons or {})
        if operation == "call" and torch.is_grad_enabled():
            return call.run_with_gradients()
        return call.run()

    def backward(self, graph: int, grads: dict[int, torch.Tensor]) -> list[Any]:
        """Return the gradients of a call's tensor arguments, given the gradients of its results."""
        encoder = wire.Encoder(_encode_object, strided=True)
        reply, buffers = self.exchange(["backward", graph, encoder.encode(grads)], encoder.buffers)
        if reply[0] != "ok":
            raise _rebuilt(self.student_error(reply[1:]))
        try:
            value = self.decoder(buffers).decode(reply[1])
        except (frames.ProtocolError, IndexError) as error:
            raise self.refuse(str(error)) from None
        return value if isinstance(value, list) else []

    def decoder(self, buffers: list[bytearray]) -> wire.Decoder:
        """Return a decoder that turns handles into `RemoteObject` instances."""
        return wire.Decoder(buffers, self._object)

    def exchange(
        self, request: list[Any], buffers: list[memoryview] | None = None
    ) -> tuple[list[Any], list[bytearray]]:
        """Send one request and return the reply; raise `WorkerDied` if there is none."""
        if self._sock is None:
            raise self._refused or self._death()
        self._count += 1
        try:
            frames.send(self._sock, [self._count, *request], buffers)
            reply, received = frames.receive(self._sock)
        except (OSError, EOFError):
            raise self._death() from None
        except frames.ProtocolError as error:
            raise self.refuse(str(error)) from None
        if not isinstance(reply, list) or len(reply) < 2 or reply[0] != self._count:
            raise self.refuse("the reply does not match the call")
        return reply[1:], received

    def student_error(self, fields: list[Any]) -> StudentError:
        """Read an error reply without trusting any of it: the code of the line is looked up on this side.

        Student text ends up in tables, terminals and files, so control characters are replaced.
        """
        kind, message, cell, line = [*fields, "", "", "", ""][:4]
        # The name of a student's own class could quote a hidden input.
        known = isinstance(kind, str) and (kind in BUILTIN_ERRORS or kind == "SystemExit")
        line = line if type(line) is int and 0 < line < 100_000 else 0
        return StudentError(
            kind=kind if known else "Exception",
            message=printable_lines(_text(message, 500), 500),
            cell=printable(_text(cell, 100), 100),
            line=line,
            code=printable(self._code(_text(cell, 100), line)),
        )

    def _object(self, number: int, name: str, is_callable: bool) -> RemoteObject:
        found = self._objects.get(number)
        if found is None:  # one per number: the same object of the student is the same object here
            found = RemoteObject(self, number, name, is_callable)
            self._objects[number] = found
        return found


class _Call:
    """One operation: sends the request, applies changes to the arguments, and connects the results to autograd."""

    def __init__(
        self, link: Link, request: list[Any], encoder: wire.Encoder, name: str, reasons: dict[str, str]
    ) -> None:
        self.link = link
        self.graph = -1
        self.inputs = encoder.tensors.seen
        self._request, self._buffers = request, encoder.buffers
        self._name, self._reasons = name, reasons
        self._decoder: wire.Decoder | None = None
        self._value: Any = None
        self._changed: list[Any] = []
        self._leaves: dict[int, torch.Tensor] = {}
        self.outputs: list[torch.Tensor] = []

    def send(self) -> None:
        """Perform the operation and store its value and differentiable results."""
        reply, buffers = self.link.exchange(self._request, self._buffers)
        status, *rest = reply
        if status == "missing":
            raise NameMissing(self._name, self._reasons.get(self._name, ""))
        if status == "error":
            raise _rebuilt(self.link.student_error(rest))
        try:
            structure, self._changed, self.graph = rest
            self._decoder = self.link.decoder(buffers)
            self._value = self._decoder.decode(structure)
            self._changed = [(place, self._decoder.decode(new)) for place, new in self._changed]
        except (frames.ProtocolError, TypeError, ValueError) as error:
            raise self.link.refuse(str(error)) from None
        self.outputs = [tensor.detach() for tensor in self._decoder.tensors.slots.values()]

    def run(self) -> Any:
        """Perform the operation without gradients."""
        self.send()
        self._write_back()
        return self._value

    def run_with_gradients(self) -> Any:
        """Perform the operation so that its results can be differentiated on this side."""
        inputs = {place: tensor for place, tensor in enumerate(self.inputs) if tensor.requires_grad}
        # Detached now, because the call may change an argument's shape or requires_grad.
        self._leaves = {place: tensor.detach() for place, tensor in inputs.items()}
        # The extra input that requires grad makes the results differentiable even if no argument requires grad: a model
        # on the student's side has parameters of its own.
        results = _Remote.apply(  # type: ignore[no-untyped-call]
            self, torch.ones((), requires_grad=True), *inputs.values()
        )
        self._write_back()
        if not results:
            return self._value
        assert self._decoder is not None
        originals = {id(tensor): new for tensor, new in zip(self._decoder.tensors.slots.values(), results, strict=True)}
        return _replaced(self._value, originals)

    def input_gradients(self, grads: tuple[torch.Tensor | None, ...]) -> list[torch.Tensor | None]:
        """Return the gradient of each input that requires one."""
        given = {slot: grad for slot, grad in enumerate(grads) if grad is not None}
        values = self.link.backward(self.graph, given) if given else []
        by_place = dict(enumerate(values))
        return [_fitting(by_place.get(place), tensor) for place, tensor in self._leaves.items()]

    def _write_back(self) -> None:
        """Apply what the call did to its copies of the arguments that the check lets it modify."""
        for place, new in self._changed:
            if type(place) is not int or not 0 <= place < len(self.inputs) or not isinstance(new, torch.Tensor):
                raise self.link.refuse("it changes something that is not its input")
            old = self.inputs[place]
            if not may_modify(old):
                continue
            if new.dtype != old.dtype:
                raise self.link.refuse("it changes the dtype of its input")
            old.data = new.detach()  # shape and all, which copy_ could not
            if old.is_leaf:
                old.requires_grad_(new.requires_grad)
                old.grad = new.grad


class _Remote(torch.autograd.Function):
    """A call in another process, as one node of this process's autograd graph."""

    @staticmethod
    def forward(ctx: Any, call: _Call, _always: torch.Tensor, *_inputs: torch.Tensor) -> Any:
        call.send()
        ctx.call = call
        ctx.set_materialize_grads(False)  # None, not zeros, for results that the loss does not use
        return tuple(call.outputs)

    @staticmethod
    # A second derivative would leave out what the worker did; this makes it an error.
    @torch.autograd.function.once_differentiable  # type: ignore[misc, untyped-decorator, unused-ignore]
    def backward(ctx: Any, *grads: torch.Tensor | None) -> Any:
        return (None, None, *ctx.call.input_gradients(grads))


def _fitting(grad: Any, tensor: torch.Tensor) -> torch.Tensor | None:
    """Return the worker's gradient in the tensor's dtype, or None if it does not have the tensor's shape."""
    if not isinstance(grad, torch.Tensor) or grad.shape != tensor.shape:
        return None
    return grad.detach().to(tensor.dtype)


def _replaced(value: Any, new: dict[int, torch.Tensor]) -> Any:
    """Return a value with its tensors replaced by those that belong to the autograd graph."""
    if isinstance(value, torch.Tensor):
        return new.get(id(value), value)
    if type(value) in (list, tuple):
        return type(value)(_replaced(item, new) for item in value)
    if type(value) is dict:
        return {key: _replaced(item, new) for key, item in value.items()}
    return value


class RemoteObject:
    """An object on the student's side that is not a plain value: a function, a model, a loader."""

    def __init__(self, link: Link, number: int, type_name: str, is_callable: bool) -> None:
        # Not by assignment, which __setattr__ sends to the student's side.
        self.__dict__.update(_link=link, _number=number, _is_callable=is_callable)
        self.__dict__["remote_type_name"] = type_name if type_name in KNOWN_TYPES else "object of your own"

    def __getattr__(self, name: str) -> Any:
        # Libraries look these up on any object and trust them: `__array_interface__` contains a memory address.
        if name.startswith("__") and name.endswith("__"):
            raise AttributeError(name)
        return self._link.ask("get", self, name)

    def __setattr__(self, name: str, value: Any) -> None:
        self._link.ask("set", self, name, value)

    def __call__(self, *arguments: Any, **keywords: Any) -> Any:
        """Call it on the student's side."""
        return self._link.ask("call", self, arguments, keywords)

    def __getitem__(self, key: Any) -> Any:
        return self._link.ask("item", self, key)

    def __len__(self) -> int:
        length = self._link.ask("length", self)
        if type(length) is not int or not 0 <= length <= MAX_LENGTH:
            raise self._link.refuse("its length is not valid")
        return length

    def __bool__(self) -> bool:
        return True  # without it, Python would ask __len__, a call to the worker

    def __iter__(self) -> Iterator[Any]:
        items = self._link.ask("iterate", self, MAX_ITEMS)
        if type(items) is not list or len(items) > MAX_ITEMS:
            raise self._link.refuse("its items are not a valid list")
        return iter(items)

    def __repr__(self) -> str:
        return f"<{self.remote_type_name}>"


class RemoteSubmission:
    """The contract of `autograder.checking.student_module`, implemented by a worker in another process."""

    def __init__(self, link: Link, reasons: dict[str, str], assigned: Callable[[str], str] = lambda name: "") -> None:
        """``assigned(name)`` returns the line of the notebook that assigns the name, for a message."""
        self.__dict__.update(_link=link, _reasons=reasons, _assigned=assigned, _found={}, _functions=frozenset())

    def __getattr__(self, name: str) -> Any:
        if name in self._found:
            return self._found[name]
        value = self._link.ask("get", None, name, name=name, reasons=self._reasons)
        if name in self._functions and not (isinstance(value, RemoteObject) and value._is_callable):
            raise NameTaken(name, kind_of(value), printable(self._assigned(name)))
        if isinstance(value, RemoteObject):
            self._found[name] = value  # cached for this check only: the worker drops its handles before the next
        return value

    def _send_source(self, source: str, name: str) -> Any:
        return self._link.ask("define", source, name)

    def _expect_functions(self, names: Collection[str]) -> None:
        self.__dict__["_functions"] = names

    def _seed(self, seed: int) -> None:
        self._found.clear()
        self._link.begin(seed)


def _encode_object(value: Any) -> list[Any]:
    if isinstance(value, RemoteObject):
        return ["h", value._number, "", False]
    raise TypeError(
        f"A check cannot pass a {type(value).__name__} to student code. Pass numbers, strings, containers, tensors or "
        "arrays, or use send_function."
    )


def _text(value: Any, limit: int) -> str:
    return value[:limit] if type(value) is str else ""


def _rebuilt(info: StudentError) -> BaseException:
    """Return a student's exception, recreated in this process."""
    kind = BUILTIN_ERRORS.get(info.kind, Exception)
    error = kind(info.message)
    mark_student_error(error, info)
    return error
