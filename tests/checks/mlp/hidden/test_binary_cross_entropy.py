"""Hidden checks of `binary_cross_entropy`: certain predictions, other values and gradients."""

import math
from functools import partial

import pytest
import torch

from autograder.checking import assert_tensor, assert_true, fail

from ...shared.hidden.gradients import NO_GRADIENT
from ...shared.public.outputs import ANY
from ..public.losses import loss_mistakes, right_losses


@pytest.mark.points(0.75)
@pytest.mark.hint("What is log(0)? And in float32, is 1 − 1e-12 smaller than 1?")
def test_certain_predictions(submission):
    """Predictions of exactly 0 and 1 have finite losses: near 0 if correct, large if wrong."""
    y_hat, y = torch.tensor([0.0, 1, 0, 1]), torch.tensor([0.0, 1, 1, 0])
    for base in (math.e, 10):
        losses = submission.binary_cross_entropy(y_hat, y, base)
        what = "binary_cross_entropy of predictions that are exactly 0 or 1"
        cause = "log(0) is −∞, and 0 · −∞ is NaN: keep ŷ away from both ends, by more than float32 rounding at 1 (6e-8)"
        assert_tensor(losses, torch.zeros(4), what=what, cause=cause, **ANY)
        right, wrong = losses.detach()[:2], losses.detach()[2:]
        problem = "A certain and correct prediction must cost almost nothing."
        assert_true(bool((right.abs() < 1e-3).all()), problem, cause="ŷ is moved too far from 0 and 1")
        assert_true(
            bool((wrong > 9 / math.log(base)).all()),
            "A certain and wrong prediction must cost more than this.",
            cause="ŷ is moved too far from 0 and 1, or the loss of such samples is replaced by 0",
        )


@pytest.mark.points(0.5)
def test_other_values(submission):
    """Any number of samples, any base and small probabilities work, in float64 too."""
    cause = "ŷ is moved too far from 0 and 1, so losses of small probabilities are off"
    for n, base, dtype in (
        (1, 2, torch.float32),
        (7, 3.5, torch.float32),
        (50, math.e, torch.float64),
        (50, 10, torch.float64),
    ):
        y_hat = torch.rand(n, dtype=dtype).clamp(0.01, 0.99)
        y_hat[0] = 3e-4
        y = (torch.arange(n) % 3 != 1).to(dtype)
        result = submission.binary_cross_entropy(y_hat, y, base)
        call = "binary_cross_entropy(y_hat, y, base)"
        mistakes = partial(loss_mistakes, y_hat, y, base)
        assert_tensor(result, right_losses(y_hat, y, base), what=call, rtol=2e-3, mistakes=mistakes, cause=cause)


@pytest.mark.points(0.5)
@pytest.mark.hint("Use only tensor operations from input to output.")
def test_gradients(submission):
    """Gradients flow back to the predictions."""
    y_hat, y = torch.linspace(0.05, 0.95, 10).requires_grad_(), (torch.arange(10) % 2).float()
    losses = submission.binary_cross_entropy(y_hat, y, 2.0)
    assert_tensor(losses, right_losses(y_hat, y, 2.0), what="binary_cross_entropy(y_hat, y, base)")
    assert_true(losses.requires_grad, "The losses cannot be differentiated.", cause=NO_GRADIENT)
    losses.sum().backward()
    if y_hat.grad is None:
        fail("No gradient reaches the predictions.", cause=NO_GRADIENT)
    p = y_hat.detach()
    expected = (p - y) / (p * (1 - p)) / math.log(2)
    assert_tensor(y_hat.grad, expected, what="the gradient of the losses with respect to y_hat", rtol=1e-3)
