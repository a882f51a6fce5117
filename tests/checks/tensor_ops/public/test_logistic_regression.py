"""Logistic regression: known probabilities, and logits that overflow."""

import pytest
import torch

from autograder.checking import assert_tensor

from .causes import if_not_finite
from .gradients import backward

pytestmark = pytest.mark.hints(
    "You have `linear` already; which function maps a logit to a probability?",
    "exp(1000) overflows: PyTorch's own sigmoid is written so that it never happens.",
)


@pytest.mark.points(0.5)
def test_probabilities(submission):
    """Logits of 0, log 3 and −log 3 give the probabilities 0.5, 0.75 and 0.25."""
    log_3 = 1.0986123
    x = torch.tensor([[1.0, 0.0], [2.0, 0.0], [1.0, 1.0]])
    theta, theta_0 = torch.tensor([log_3, -log_3]), torch.tensor(-log_3)
    assert_tensor(
        submission.logistic_regression(x, theta, theta_0),
        torch.tensor([0.5, 0.75, 0.25]),
        what="logistic_regression(x, theta, theta_0)",
        mistakes={
            "these are the logits: the sigmoid is missing": torch.tensor([0.0, log_3, -log_3]),
            "the bias theta_0 was forgotten": torch.tensor([0.75, 0.9, 0.5]),
            "the sign of the exponent: this is 1 minus the probability": torch.tensor([0.5, 0.25, 0.75]),
            "this is a softmax over the batch; each sample has a probability of its own": torch.tensor(
                [0.2307692, 0.6923077, 0.0769231]
            ),
            "the bias belongs to the linear model: it is added before the sigmoid": torch.tensor(
                [-0.3486123, -0.1986123, -0.5986123]
            ),
            "the sigmoid was applied twice": torch.tensor([0.6224593, 0.6791787, 0.5621765]),
            "these are predicted classes; the model returns probabilities": torch.tensor([0.0, 1.0, 0.0]),
        },
    )


@pytest.mark.points(0.5)
@pytest.mark.hint("exp(1000) is infinite in floating point. PyTorch has a sigmoid that avoids it.")
def test_extreme_logits(submission):
    """For logits of ±1000 the probabilities are 1 and 0 and the gradient is finite."""
    x = torch.tensor([[1000.0], [-1000.0]])
    theta, theta_0 = torch.tensor([1.0], requires_grad=True), torch.tensor(0.0)
    output = submission.logistic_regression(x, theta, theta_0)
    assert_tensor(
        output,
        torch.tensor([1.0, 0.0]),
        what="logistic_regression(x, theta, theta_0)",
        mistakes={
            "these are the logits: the sigmoid is missing": torch.tensor([1000.0, -1000.0]),
            "the sign of the exponent: this is 1 minus the probability": torch.tensor([0.0, 1.0]),
        },
        cause=if_not_finite(output, "an exponential overflows: inf / inf is NaN"),
    )
    backward(output, theta, what="logistic_regression(x, theta, theta_0)")
    overflow = "an exponential overflows: its derivative is infinite, and 0 · inf is NaN"
    assert_tensor(
        theta.grad,
        torch.tensor([0.0]),
        what="the gradient with respect to theta",
        cause=if_not_finite(theta.grad, overflow),
    )
