"""`submission`: what a check sees of a student's answer, in two implementations with one contract.

`LocalSubmission` holds a namespace of this process: a student's own notebook, otter, an author at the keyboard.
`autograder.sandbox.processes.remote.RemoteSubmission` talks to the student's process when answers are graded. The
contract, which ``tests/checking/test_contract.py`` runs against both:

- ``submission.name`` is the name as the notebook defines it; a missing one raises `NameMissing`.
- Functions and classes are called as if they were local; gradients flow through a call in both directions.
- What a call does to its tensor arguments is seen by the check inside ``with in_place():`` or ``unchanged(...)``
  only. Otherwise an answer that zeroes its input would change what the check expects.
- Numbers, strings, containers of them, tensors and arrays come back as values. Anything else comes back as an
  object whose attributes and methods can be used in turn.
- An exception of student code arrives as the same builtin type, and `student_error` tells it from the check's own.
- ``send_function(submission, f)`` is ``f``, defined anew on the student's side.
"""

from __future__ import annotations

import copy
import functools
import inspect
import linecache
import textwrap
import traceback
import types
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, Protocol

from autograder.checking.failures import NameMissing, StudentError, mark_student_error, student_error


class Submission(Protocol):
    """What both implementations offer beside the student's own names."""

    def __getattr__(self, name: str) -> Any: ...

    def _send_source(self, source: str, name: str) -> Any: ...

    def _seed(self, seed: int) -> None: ...


_seeing_changes = ContextVar("seeing_changes", default=False)


@contextmanager
def in_place() -> Iterator[None]:
    """Let calls in this block change the tensors that they are given, as a step of gradient descent does."""
    token = _seeing_changes.set(True)
    try:
        yield
    finally:
        _seeing_changes.reset(token)


def sees_changes() -> bool:
    """Whether changes to arguments are to reach the check."""
    return _seeing_changes.get()


def send_function(submission: Submission, function: Callable[..., Any]) -> Any:
    """Return a copy of ``function`` that lives on the student's side, to be called or handed to student code.

    Its source is sent, so it must be a plain function that needs nothing but its arguments, what it imports
    itself, and ``torch``, ``math`` and ``np``. It is visible to student code: it must hold nothing hidden.
    """
    source = textwrap.dedent(inspect.getsource(function))
    if not source.startswith("def "):
        raise TypeError("send_function takes a function written with `def`, without decorators")
    return submission._send_source(source, function.__name__)


HELPER_FILE = "<check helper>"
"""What a traceback calls the file of a sent function."""


def define_function(source: str, name: str) -> Any:
    """Define a sent function in a namespace of its own."""
    import math

    import numpy as np
    import torch

    namespace: dict[str, Any] = {"__name__": "check_helper", "torch": torch, "math": math, "np": np}
    exec(compile(source, HELPER_FILE, "exec"), namespace)
    return namespace[name]


class LocalSubmission:
    """A student's names in this process. ``reasons`` tells, by name, why one is missing."""

    def __init__(self, namespace: Mapping[str, Any], reasons: Mapping[str, str] | None = None) -> None:
        self.__dict__["_namespace"] = namespace
        self.__dict__["_reasons"] = reasons or {}

    def __getattr__(self, name: str) -> Any:
        namespace = self.__dict__["_namespace"]
        if name not in namespace:
            raise NameMissing(name, self.__dict__["_reasons"].get(name, ""))
        value = namespace[name]
        return _marking(value) if isinstance(value, types.FunctionType | type) else value

    def _send_source(self, source: str, name: str) -> Any:
        return define_function(source, name)

    def _seed(self, seed: int) -> None:
        seed_everything(seed)


def _marking(value: Callable[..., Any]) -> Callable[..., Any]:
    """Wrap a student's function or class so that its exceptions are known as the student's."""

    @functools.wraps(value, updated=())
    def call(*arguments: Any, **keywords: Any) -> Any:
        if not sees_changes():
            arguments, keywords = _copied(arguments), _copied(keywords)
        try:
            return value(*arguments, **keywords)
        except Exception as error:
            if student_error(error) is None:
                mark_student_error(error, describe_error(error))
            raise

    return call


def _copied(value: Any) -> Any:
    """Return arguments with copies of their tensors and arrays, laid out alike.

    A tensor that requires a gradient stays itself, so that the gradient arrives.
    """
    import numpy as np
    import torch

    if isinstance(value, torch.Tensor) and not value.requires_grad:
        return copy.deepcopy(value)
    if isinstance(value, np.ndarray):
        return value.copy(order="K")
    if type(value) in (list, tuple):
        return type(value)(_copied(item) for item in value)
    if type(value) is dict:
        return {key: _copied(item) for key, item in value.items()}
    return value


# Kinds of exception that may cross from the student's process; any other is known by its nearest base here.
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
    """Return the name of the nearest builtin type of an exception: a student's class name could carry data out."""
    for base in type(error).__mro__:
        if BUILTIN_ERRORS.get(base.__name__) is base:
            return base.__name__
    return "SystemExit" if isinstance(error, SystemExit) else "Exception"


def describe_error(error: BaseException) -> StudentError:
    """Say what student code raised and where: the innermost line that lies in a cell of the notebook."""
    cell, line, code = "", 0, ""
    for frame in traceback.extract_tb(error.__traceback__):
        if is_cell_file(frame.filename):
            cell, line = frame.filename, frame.lineno or 0
            code = (frame.line or linecache.getline(frame.filename, line)).strip()
    if isinstance(error, SyntaxError) and not line:
        line, code = error.lineno or 0, (error.text or "").strip()
    try:
        message = str(error)
    except Exception:  # noqa: BLE001 - a student's __str__ may raise anything
        message = ""
    return StudentError(builtin_kind(error), message[:500], cell, line, code[:200])


def is_cell_file(filename: str) -> bool:
    """Whether a traceback's file name is that of a notebook cell, here, in Jupyter, Colab or VS Code."""
    return filename.startswith(("<cell ", "<ipython-input-")) or "ipykernel_" in filename


def seed_everything(seed: int) -> None:
    """Seed random, numpy's global generator and torch."""
    import random

    import numpy as np
    import torch

    random.seed(seed)
    np.random.seed(seed % 2**32)
    # torch.manual_seed formats a stack trace for each kind of accelerator: milliseconds, before every check.
    torch.default_generator.manual_seed(seed)
    if torch.cuda.is_initialized():  # type: ignore[no-untyped-call]
        torch.cuda.manual_seed_all(seed)
