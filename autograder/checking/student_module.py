"""The `submission` object that checks use: one contract, two implementations.

`LocalSubmission` wraps a namespace of this process (a student's notebook, otter, an author running pytest);
`autograder.sandbox.processes.remote.RemoteSubmission` talks to the student's process during grading. Both keep this
contract, which ``tests/checking/test_contract.py`` tests:

- ``submission.name`` is the object that the notebook defines under this name; a missing one raises `NameMissing`.
- Functions and classes are called as if they were local; gradients flow through a call in both directions.
- The check sees what a call does to a tensor argument only where it names it, in ``with in_place(x):`` or ``with
  unchanged(x):``. Otherwise an answer that zeroes its input would change the value that the check expects.
- Numbers, strings, containers of these, tensors and arrays come back as values. Anything else comes back as an object
  whose attributes and methods can be used in the same way.
- An exception of student code arrives as its nearest builtin type; `student_error` tells it from the check's own.
- ``send_function(submission, f)`` returns ``f``, defined on the student's side.
"""

from __future__ import annotations

import copy
import functools
import inspect
import linecache
import textwrap
import traceback
import types
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, Protocol

from autograder.checking.failures import (
    NameMissing,
    NameTaken,
    Phrase,
    StudentError,
    closed,
    mark_student_error,
    student_error,
)


class Submission(Protocol):
    """The interface of both implementations, besides the student's own names."""

    def __getattr__(self, name: str) -> Any: ...

    def _send_source(self, source: str, name: str) -> Any: ...

    def _seed(self, seed: int) -> None: ...

    def _expect_functions(self, names: Collection[str]) -> None: ...


_modifiable: ContextVar[tuple[Any, ...]] = ContextVar("modifiable", default=())


@contextmanager
def in_place(*arguments: Any) -> Iterator[None]:
    """Let calls in this block modify these arguments, tensors or containers of tensors, and no others.

    Compute what you expect before the call, and not from these: the answer decides what they hold afterwards.
    """
    token = _modifiable.set((*_modifiable.get(), *arguments))
    try:
        yield
    finally:
        _modifiable.reset(token)


def may_modify(argument: Any) -> bool:
    """Whether the check lets the call modify this very object."""
    return any(argument is each for each in _flattened(_modifiable.get()))


def _flattened(values: Iterable[Any]) -> Iterator[Any]:
    """Yield the values and, from containers, what they contain."""
    for value in values:
        yield value
        if type(value) in (list, tuple):
            yield from _flattened(value)
        elif type(value) is dict:
            yield from _flattened(value.values())


def send_function(submission: Submission, function: Callable[..., Any]) -> Any:
    """Return a copy of ``function`` that lives on the student's side, to be called or passed to student code.

    Its source is sent, so it must be a plain function that uses only its arguments, its own imports, and ``torch``,
    ``math`` and ``np``. Student code can read it, so it must not contain anything hidden. Raises ``TypeError`` for
    decorated functions and lambdas.
    """
    source = textwrap.dedent(inspect.getsource(function))
    if not source.startswith("def "):  # of a lambda, the source is the whole line that contains it
        raise TypeError("send_function needs a function written with `def` and without decorators.")
    return submission._send_source(source, function.__name__)


HELPER_FILE = "<check helper>"
"""The file name of a sent function in tracebacks."""


def define_function(source: str, name: str) -> Any:
    """Define a sent function in a namespace of its own."""
    import math

    import numpy as np
    import torch

    namespace: dict[str, Any] = {"__name__": "check_helper", "torch": torch, "math": math, "np": np}
    exec(compile(source, HELPER_FILE, "exec"), namespace)
    return namespace[name]


class LocalSubmission:
    """The student's names in this process; ``reasons`` maps missing names to the error of their cell."""

    def __init__(self, namespace: Mapping[str, Any], reasons: Mapping[str, str] | None = None) -> None:
        self.__dict__["_namespace"] = namespace
        self.__dict__["_reasons"] = reasons or {}
        self.__dict__["_functions"] = frozenset()

    def __getattr__(self, name: str) -> Any:
        namespace = self.__dict__["_namespace"]
        if name not in namespace:
            raise NameMissing(name, self.__dict__["_reasons"].get(name, ""))
        value = namespace[name]
        if name in self.__dict__["_functions"] and not callable(value):
            raise NameTaken(name, kind_of(value))
        return _marking_errors(value) if isinstance(value, types.FunctionType | type) else value

    def _send_source(self, source: str, name: str) -> Any:
        return define_function(source, name)

    def _seed(self, seed: int) -> None:
        seed_everything(seed)

    def _expect_functions(self, names: Collection[str]) -> None:
        self.__dict__["_functions"] = names


def _marking_errors(value: Callable[..., Any]) -> Callable[..., Any]:
    """Wrap a student's function or class so that its exceptions are marked as the student's."""

    # Without `updated=()`, wrapping a class would copy its attributes and methods to the wrapper.
    @functools.wraps(value, updated=())
    def call(*arguments: Any, **keywords: Any) -> Any:
        arguments, keywords = _copied(arguments), _copied(keywords)
        try:
            return value(*arguments, **keywords)
        except Exception as error:
            if student_error(error) is None:
                mark_student_error(error, describe_error(error))
            raise

    return call


def _copied(value: Any) -> Any:
    """Return arguments with their tensors and arrays copied, keeping the memory layout, unless they may be modified.

    A tensor that requires grad is not copied: its gradient must reach the caller's tensor.
    """
    import numpy as np
    import torch

    if may_modify(value):
        return value
    if isinstance(value, torch.Tensor) and not value.requires_grad:
        return copy.deepcopy(value)  # not `clone`, which makes a slice contiguous and so hides a `view` that fails
    if isinstance(value, np.ndarray):
        return value.copy(order="K")
    if type(value) in (list, tuple):  # not isinstance: a namedtuple is made from single fields
        return type(value)(_copied(item) for item in value)
    if type(value) is dict:
        return {key: _copied(item) for key, item in value.items()}
    return value


# Types of the student's objects that messages may name: the name of a student's own class could leak a hidden input.
KNOWN_TYPES = frozenset(
    ("function", "method", "type", "generator", "map", "filter", "zip", "range", "module", "Linear", "Sequential",
     "ModuleList", "Conv2d", "DataLoader", "Subset", "TensorDataset", "Generator", "PathCollection")
)  # fmt: skip

_PLAIN_TYPES = frozenset(
    ("bool", "bytes", "complex", "device", "dict", "dtype", "ellipsis", "float", "int", "list", "ndarray", "set",
     "Size", "slice", "str", "tuple")
)  # fmt: skip
"""The types of values that cross from the student's process."""


def kind_of(value: Any) -> Phrase:
    """Return what a value is, from a closed set: the name of a student's own class could carry hidden inputs out."""
    if value is None:
        return closed("None")
    # A `RemoteObject` stands for an object in the student's process: name the type that it has there.
    name = getattr(value, "__dict__", {}).get("remote_type_name") or type(value).__name__
    if name in ("Tensor", "Parameter"):
        return closed("a tensor")
    if name not in _PLAIN_TYPES | KNOWN_TYPES:
        return closed("an object of your own")
    return closed(f"{'an' if name[0] in 'aeiou' else 'a'} {name}")


# Exception types that may cross from the student's process; any other crosses as its nearest base among these.
BUILTIN_ERRORS: dict[str, type[BaseException]] = {
    kind.__name__: kind
    for kind in (
        ArithmeticError, AssertionError, AttributeError, EOFError, Exception, FileNotFoundError, ImportError,
        IndentationError, IndexError, KeyError, LookupError, MemoryError, ModuleNotFoundError, NameError,
        NotImplementedError, OSError, OverflowError, PermissionError, RecursionError, RuntimeError, StopIteration,
        SyntaxError, TimeoutError, TypeError, UnboundLocalError, ValueError, ZeroDivisionError,
    )
}  # fmt: skip


def builtin_kind(error: BaseException) -> str:
    """Return the name of an exception's nearest builtin base: a student's own class name could leak hidden data."""
    for base in type(error).__mro__:
        if BUILTIN_ERRORS.get(base.__name__) is base:
            return base.__name__
    return "SystemExit" if isinstance(error, SystemExit) else "Exception"


def describe_error(error: BaseException) -> StudentError:
    """Describe an exception of student code; its place is the innermost line inside a notebook cell."""
    cell, line, code = "", 0, ""
    for frame in traceback.extract_tb(error.__traceback__):
        if is_cell_file(frame.filename):
            cell, line = frame.filename, frame.lineno or 0
            code = (frame.line or linecache.getline(frame.filename, line)).strip()
    if isinstance(error, SyntaxError) and not line:  # the cell did not compile, so it has no frame
        line, code = error.lineno or 0, (error.text or "").strip()
    try:
        message = str(error)
    except Exception:  # noqa: BLE001 - a student's __str__ may raise anything
        message = ""
    # Cut: the message may hold megabytes, such as the repr of an array.
    return StudentError(builtin_kind(error), message[:500], cell, line, code[:200])


def is_cell_file(filename: str) -> bool:
    """Whether a traceback's file name is that of a notebook cell: ours, Jupyter's, Colab's or VS Code's."""
    return filename.startswith(("<cell ", "<ipython-input-")) or "ipykernel_" in filename


def seed_everything(seed: int) -> None:
    """Seed ``random``, NumPy's global generator and torch."""
    import random

    import numpy as np
    import torch

    random.seed(seed)
    np.random.seed(seed % 2**32)  # all that NumPy accepts
    # Not torch.manual_seed: it formats a stack trace per accelerator type, which costs milliseconds before every check.
    torch.default_generator.manual_seed(seed)
    if torch.cuda.is_initialized():  # type: ignore[no-untyped-call]
        torch.cuda.manual_seed_all(seed)
