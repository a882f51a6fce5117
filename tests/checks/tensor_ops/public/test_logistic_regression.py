"""Logistic regression: known probabilities, and logits that overflow."""

import pytest
import torch

from autograder.checking import assert_tensor

from .causes import if_not_finite
from .gradients import backward

pytestmark = [
    pytest.mark.uses("linear"),
    pytest.mark.hints(
        "You have `linear` already; which function maps a logit to a probability?",
        "exp(1000) overflows; PyTorch's own sigmoid avoids that.",
    ),
]


@pytest.mark.points(0.5)
def test_probabilities(submission):
    """Logits of 0, log 3 and −log 3 give the probabilities 0.5, 0.75 and 0.25."""
    log_3 = 1.0986123
    x = torch.tensor([[1.0, 0.0], [2.0, 0.0], [1.0, 1.0]])
    theta, theta_0 = torch.tensor([log_3, -log_3]), torch.tensor(-log_3)
    result = submission.logistic_regression(x, theta, theta_0)
    expected = torch.tensor([0.5, 0.75, 0.25])
    mistakes = {
        "these are the logits: the sigmoid is missing": torch.tensor([0.0, log_3, -log_3]),
        "the bias theta_0 was forgotten": torch.tensor([0.75, 0.9, 0.5]),
        "the exponent has the wrong sign: this is 1 minus the probability": torch.tensor([0.5, 0.25, 0.75]),
        "this is a softmax over the batch; use the sigmoid": torch.tensor([0.2307692, 0.6923077, 0.0769231]),
        "add the bias before the sigmoid, not after it": torch.tensor([-0.3486123, -0.1986123, -0.5986123]),
        "the sigmoid was applied twice": torch.tensor([0.6224593, 0.6791787, 0.5621765]),
        "these are predicted classes; the model returns probabilities": torch.tensor([0.0, 1.0, 0.0]),
    }
    assert_tensor(result, expected, what="logistic_regression(x, theta, theta_0)", mistakes=mistakes)


@pytest.mark.points(0.5)
@pytest.mark.hint("exp(1000) is infinite in floating point. PyTorch has a sigmoid that avoids it.")
def test_extreme_logits(submission):
    """For logits of ±1000 the probabilities are 1 and 0 and the gradient is finite."""
    x = torch.tensor([[1000.0], [-1000.0]])
    theta, theta_0 = torch.tensor([1.0], requires_grad=True), torch.tensor(0.0)
    output = submission.logistic_regression(x, theta, theta_0)
    expected = torch.tensor([1.0, 0.0])
    mistakes = {
        "these are the logits: the sigmoid is missing": torch.tensor([1000.0, -1000.0]),
        "the exponent has the wrong sign: this is 1 minus the probability": torch.tensor([0.0, 1.0]),
    }
    cause = if_not_finite(output, "an exponential overflows: inf / inf is NaN")
    assert_tensor(output, expected, what="logistic_regression(x, theta, theta_0)", mistakes=mistakes, cause=cause)
    backward(output, theta, what="logistic_regression(x, theta, theta_0)")
    overflow = "an exponential overflows: its derivative is infinite, and 0 · inf is NaN"
    call = "the gradient with respect to theta"
    assert_tensor(theta.grad, torch.tensor([0.0]), what=call, cause=if_not_finite(theta.grad, overflow))
