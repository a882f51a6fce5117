"""Gradients of functions, compared with finite differences, and repeated calls."""

import pytest
import torch

from autograder.checking import assert_tensor, in_place, phrase, send_function, unchanged

from ..public.gradients import sum_of_squares


def wavy(x):
    """Return a smooth function of a matrix that depends on each of its elements in a different way."""
    return (torch.sin(x) * x.flip(0)).sum() + (x[0] ** 3).sum()


def finite_differences(f, x, step=1e-5):
    """Return df/dx by central differences, one element at a time; ``x`` is in double precision."""
    shifts = step * torch.eye(x.numel(), dtype=x.dtype).reshape(-1, *x.shape)
    return torch.stack([(f(x + shift) - f(x - shift)) / (2 * step) for shift in shifts]).reshape(x.shape)


@pytest.mark.points(0.25)
def test_finite_differences(submission):
    """The gradient agrees with finite differences for a float64 matrix."""
    f = send_function(submission, wavy)
    x = torch.randn(2, 3, dtype=torch.float64).T
    with unchanged(x, what="gradient(f, x)"):
        result = submission.gradient(f, x)
    assert_tensor(result, finite_differences(wavy, x), what="gradient(f, x)")


@pytest.mark.points(0.25)
def test_second_call(submission):
    """A second call on the same tensor gives the same gradient."""
    f = send_function(submission, sum_of_squares)
    values = torch.randn(4)
    x = values.clone()
    for call in ("first", "second"):
        with in_place(x):
            result = submission.gradient(f, x)
        mistakes = {"gradients add up in `x.grad` from call to call": 4 * values}
        what = phrase("the {call} of two calls of gradient(f, x)", call=call)
        assert_tensor(result, 2 * values, what=what, mistakes=mistakes)
