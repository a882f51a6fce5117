"""Gradients of functions: a known one, and an unmodified input."""

import pytest
import torch

from autograder.checking import assert_tensor, send_function, unchanged

from .causes import if_several
from .gradients import sum_of_squares

pytestmark = pytest.mark.hints(
    "Automatic differentiation needs a tensor that requires a gradient; it need not be `x` itself.",
    "Let a detached clone of `x` require the gradient; `torch.autograd.grad` returns it without touching `.grad`.",
)


@pytest.mark.points(0.25)
def test_sum_of_squares(submission):
    """The gradient of the sum of squares is 2x."""
    f = send_function(submission, sum_of_squares)
    result = submission.gradient(f, torch.tensor([1.0, 2.0, 3.0]))
    cause = if_several(result, "`torch.autograd.grad` returns a tuple with one entry per input")
    mistakes = {
        "this is f(x), not its derivative": torch.tensor(14.0),
        "this is x itself": torch.tensor([1.0, 2.0, 3.0]),
        "the gradient was summed over x; it has one entry per element of x": torch.tensor(12.0),
        "the gradient was accumulated twice": torch.tensor([4.0, 8.0, 12.0]),
        "the sign is wrong: this points downhill": torch.tensor([-2.0, -4.0, -6.0]),
        "this is the gradient divided by its length": torch.tensor([0.2672612, 0.5345225, 0.8017837]),
    }
    assert_tensor(result, torch.tensor([2.0, 4.0, 6.0]), what="gradient(f, x)", cause=cause, mistakes=mistakes)


@pytest.mark.points(0.25)
def test_x_keeps_its_state(submission):
    """`x.requires_grad` and `x.grad` are the same before and after the call."""
    f = send_function(submission, sum_of_squares)
    expected = torch.tensor([2.0, 4.0, 6.0])
    plain = torch.tensor([1.0, 2.0, 3.0])
    with unchanged(plain, what="gradient(f, x)"):
        result = submission.gradient(f, plain)
    assert_tensor(result, expected, what="gradient(f, x)")

    learning = torch.tensor([1.0, 2.0, 3.0], requires_grad=True)
    learning.grad = torch.full((3,), 7.0)
    with unchanged(learning, what="gradient(f, x)"):
        result = submission.gradient(f, learning)
    assert_tensor(result, expected, what="gradient(f, x), where x.grad is already set,")
