"""Assertions for checks: they compare strictly and explain the first difference.

Tensors are compared in a fixed order: missing, type, shape, dtype, device, finite, value. The student reads the first
difference, with its likely cause where the author listed the mistakes that lead to it. Nothing is duck-typed: an object
that merely claims a shape is not a tensor.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import torch

from autograder.checking.failures import Phrase, closed, fail, phrase, student_error
from autograder.checking.student_module import in_place, kind_of
from autograder.results.pictures import show_difference

Mistakes = Mapping[str, Any] | Callable[[], Mapping[str, Any]]
"""Likely cause → the wrong value that the mistake produces; or a function returning this, called only on failure."""


def assert_tensor(
    actual: Any,
    expected: torch.Tensor,
    *,
    what: str = "the result",
    rtol: float = 1e-4,
    atol: float = 1e-6,
    mistakes: Mistakes | None = None,
    cause: str = "",
) -> None:
    """Check that ``actual`` is a tensor equal to ``expected`` within ``atol + rtol·|expected|``.

    Parameters
    ----------
    actual
        The value that the student's code returned.
    expected
        The right value; ``actual`` must have its shape, dtype and device too.
    what
        The call as the student would write it, such as ``conv2d(images, weight)``. Hidden checks show it too, so it
        must not contain their values.
    mistakes
        Likely cause → the value that this mistake would produce. The message names the cause whose value ``actual``
        equals.
    cause
        The likely cause when no mistake matches.
    """
    problem, details, for_hidden = _difference(actual, expected, what, rtol, atol)
    if problem:
        likely = _match(actual, mistakes, rtol, atol) or cause
        fail(problem, details=details, cause=likely, for_hidden=for_hidden)


def _difference(actual: Any, expected: torch.Tensor, what: str, rtol: float, atol: float) -> tuple[str, str, str]:
    """Return the first difference and its details, and how a hidden check calls it if it does so differently."""
    if actual is None:
        return phrase("{what} returned None.", what=what), "Expected a tensor. Is a `return` missing?", ""
    if not isinstance(actual, torch.Tensor):
        problem = phrase("{what} must be a tensor, but it is {kind}.", what=what, kind=kind_of(actual))
        return problem, "", phrase("{what} must be a tensor.", what=what)
    if actual.shape != expected.shape:
        details = f"Expected {_shape(expected)}, got {_shape(actual)}."
        return phrase("{what} has the wrong shape.", what=what), details, ""
    if actual.dtype != expected.dtype:
        got, want = _dtype(actual), _dtype(expected)
        problem = phrase("{what} has dtype {got}, not {want}.", what=what, got=got, want=want)
        return problem, "", phrase("{what} must have dtype {want}.", what=what, want=want)
    if actual.device != expected.device:
        details = f"Expected {expected.device}, got {actual.device}."
        return phrase("{what} is on another device.", what=what), details, ""
    actual, expected = actual.detach(), expected.detach()
    # In this order: the tolerance is relative to the second. An expected NaN must be a NaN.
    wrong = ~torch.isclose(actual, expected, rtol=rtol, atol=atol, equal_nan=True)
    if not bool(wrong.any()):
        return "", "", ""
    show_difference(actual, expected, wrong)
    # Before other wrong values: one NaN spreads, and then its cause is the one to look for.
    odd = wrong & ~torch.isfinite(actual) if actual.is_floating_point() else torch.zeros_like(wrong)
    if bool(odd.any()):
        index, value = _first(odd), actual[_first(odd)].item()
        kind = "NaN" if math.isnan(value) else "infinite"
        return (
            phrase("{what} contains {kind} values.", what=what, kind=kind),
            f"{int(odd.sum())} of {odd.numel()} values are {kind}, the first at {_place(index)}: "
            f"expected {_number(expected[index])}.",
            "",
        )
    index = _first(wrong)
    return (
        phrase("{what} has wrong values.", what=what),
        f"{int(wrong.sum())} of {wrong.numel()} values differ, the first at {_place(index)}: "
        f"expected {_number(expected[index])}, got {_number(actual[index])}.",
        "",
    )


def _match(actual: Any, mistakes: Mistakes | None, rtol: float, atol: float) -> str:
    """Return the cause whose wrong value equals ``actual``, or an empty string."""
    wrong_values = mistakes() if callable(mistakes) else mistakes or {}
    for cause, wrong in wrong_values.items():
        if isinstance(wrong, torch.Tensor) and isinstance(actual, torch.Tensor):
            # In float64, because `allclose` raises when the dtypes differ.
            same = actual.shape == wrong.shape and torch.allclose(
                actual.detach().to(torch.float64),
                wrong.detach().to(torch.float64),
                rtol=rtol,
                atol=atol,
                equal_nan=True,
            )
        else:
            same = _same_number(actual, wrong, rtol, atol) if _is_number(actual) else False
        if same:
            return cause
    return ""


def assert_equal(
    actual: Any,
    expected: Any,
    *,
    what: str = "the result",
    rtol: float = 0.0,
    atol: float = 0.0,
    mistakes: Mistakes | None = None,
    cause: str = "",
) -> None:
    """Check that a number, string, bool, None or a container of these has the type and value of ``expected``.

    An int is accepted where a float is expected; a bool or a tensor is not. A list never equals a tuple.
    Use `assert_tensor` for tensors.
    """
    if _same(actual, expected, rtol, atol):
        return
    likely = _match(actual, mistakes, rtol, atol) or cause
    if actual is None:
        fail(
            phrase("{what} returned None.", what=what),
            details=f"Expected {expected!r}. Is a `return` missing?",
            cause=likely,
        )
    if (_is_number(expected) and not _is_number(actual)) or (
        type(actual) is not type(expected) and not _is_number(expected)
    ):
        want = kind_of(expected)
        problem = phrase("{what} must be {want}, but it is {got}.", what=what, want=want, got=kind_of(actual))
        details = f"Its shape is {_shape(actual)}." if isinstance(actual, torch.Tensor) else ""
        short = phrase("{what} must be {want}.", what=what, want=want)
        fail(problem, details=details, cause=likely, for_hidden=short)
    fail(phrase("{what} is wrong.", what=what), details=f"Expected {expected!r}, got {actual!r}.", cause=likely)


def _same(actual: Any, expected: Any, rtol: float, atol: float) -> bool:
    if _is_number(expected):
        return _is_number(actual) and _same_number(actual, expected, rtol, atol)
    if type(actual) is not type(expected):  # not isinstance: True is an int, and a namedtuple a tuple
        return False
    if isinstance(expected, list | tuple):
        return len(actual) == len(expected) and all(
            _same(a, e, rtol, atol) for a, e in zip(actual, expected, strict=True)
        )
    if isinstance(expected, dict):
        return actual.keys() == expected.keys() and all(_same(actual[k], expected[k], rtol, atol) for k in expected)
    return bool(actual == expected)


def _is_number(value: Any) -> bool:
    return type(value) in (int, float)  # not isinstance, because bool is a subclass of int


def _same_number(actual: float, expected: Any, rtol: float, atol: float) -> bool:
    if not _is_number(expected):
        return False
    if isinstance(expected, int) and not isinstance(actual, int):  # 3.0 does not count as 3
        return False
    if actual == expected:
        return True
    try:
        if math.isnan(expected):
            return math.isnan(actual)
        return math.isclose(actual, expected, rel_tol=rtol, abs_tol=atol)
    except OverflowError:  # an int too large for any float
        return False


def assert_true(condition: object, problem: str, *, details: str = "", cause: str = "") -> None:
    """Fail with ``problem`` unless ``condition`` is the bool True; other truthy values fail too."""
    if condition is not True:  # an object of the student's may call itself true
        fail(problem, details=details, cause=cause)


def assert_has(value: Any, *names: str, what: str = "the result", cause: str = "") -> None:
    """Check that ``value`` has the attributes or methods ``names``, before the check uses them."""
    for name in names:
        if not hasattr(value, name):
            short = phrase("{what} must be an object with `.{name}`.", what=what, name=name)
            problem = phrase(
                "{what} must be an object with `.{name}`, but it is {kind}.", what=what, name=name, kind=kind_of(value)
            )
            fail(problem, cause=cause, for_hidden=short)


def assert_raises(
    kind: type[Exception],
    function: Callable[..., Any],
    *arguments: Any,
    mentions: Sequence[str] = (),
    what: str = "this call",
    cause: str = "",
    **keywords: Any,
) -> None:
    """Check that student code raises ``kind`` with a message that contains each word in ``mentions``."""
    expected = closed(kind.__name__)
    try:
        function(*arguments, **keywords)
    except kind as error:
        if isinstance(error, NotImplementedError) and kind is not NotImplementedError:
            # NotImplementedError is a RuntimeError, but it means that the stub is untouched.
            raise
        absent = [word for word in mentions if not re.search(re.escape(word), str(error), re.IGNORECASE)]
        if absent:
            problem = phrase(
                "{what} raises {kind}, but its message does not mention {word}.",
                what=what,
                kind=expected,
                word=absent[0],
            )
            fail(problem, cause=cause)
        return
    except NotImplementedError:  # the stub is untouched: `judge` calls that not attempted, not wrong
        raise
    except Exception as error:
        info = student_error(error)
        if info is None:  # the check's own mistake, which must not count against the answer
            raise
        problem = phrase(
            "{what} must raise {kind}, but it raised {other}.", what=what, kind=expected, other=closed(info.kind)
        )
        short = phrase("{what} must raise {kind}, but it raised another exception.", what=what, kind=expected)
        fail(problem, cause=cause, for_hidden=short)
    fail(phrase("{what} must raise {kind}, but it raised no exception.", what=what, kind=expected), cause=cause)


@contextmanager
def unchanged(*inputs: torch.Tensor, what: str = "the function") -> Iterator[None]:
    """Check that the calls in this block do not change the values, grad or requires_grad of these tensors."""
    before = [_snapshot(tensor) for tensor in inputs]
    with in_place(*inputs):  # otherwise the answer gets copies, and no change could be seen
        yield
    for tensor, (value, grad, requires_grad) in zip(inputs, before, strict=True):
        same = tensor.shape == value.shape and torch.equal(tensor.detach(), value)
        if not same:
            cause = "an in-place operation (`+=`, `x[...] = `, `relu_`) on an argument"
            fail(phrase("{what} changes its input.", what=what), cause=cause)
        if tensor.requires_grad != requires_grad:
            cause = "`requires_grad_()` on the argument itself"
            fail(phrase("{what} changes `requires_grad` of its input.", what=what), cause=cause)
        if (tensor.grad is None) != (grad is None) or (
            grad is not None and tensor.grad is not None and not torch.equal(tensor.grad, grad)
        ):
            cause = "`backward()` adds to `.grad`; `torch.autograd.grad` does not"
            fail(phrase("{what} changes `.grad` of its input.", what=what), cause=cause)


def _snapshot(tensor: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor | None, bool]:
    grad = tensor.grad if tensor.is_leaf else None  # torch warns when `.grad` of any other tensor is read
    return tensor.detach().clone(), None if grad is None else grad.clone(), tensor.requires_grad


def _shape(tensor: torch.Tensor) -> str:
    return str(tuple(tensor.shape))


def _dtype(tensor: torch.Tensor) -> Phrase:
    return closed(str(tensor.dtype).removeprefix("torch."))


def _first(mask: torch.Tensor) -> tuple[int, ...]:
    return tuple(int(i) for i in mask.nonzero()[0])


def _place(index: tuple[int, ...]) -> str:
    return f"[{', '.join(map(str, index))}]" if index else "its only value"


def _number(value: torch.Tensor) -> str:
    return f"{value.item():.6g}" if value.is_floating_point() else str(value.item())
