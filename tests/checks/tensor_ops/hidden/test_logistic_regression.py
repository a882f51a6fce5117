"""Logistic regression: any batch, and gradients."""

import pytest
import torch

from autograder.checking import assert_tensor, unchanged

from ..public.gradients import backward


@pytest.mark.points(0.5)
def test_any_batch(submission):
    """The result is the sigmoid of the linear model for any batch, in float64 too; no input is modified."""
    theta_0 = torch.tensor(-0.8, dtype=torch.float64)
    for n_samples, n_features in ((4, 4), (1, 3), (6, 1)):
        x = torch.randn(n_features, n_samples, dtype=torch.float64).T
        theta = torch.randn(n_features, dtype=torch.float64)
        logits = x @ theta + theta_0
        mistakes = {
            "the bias theta_0 was forgotten": torch.sigmoid(logits - theta_0),
            "these are the logits: the sigmoid is missing": logits,
            "this is 1 minus the probability": torch.sigmoid(-logits),
            "the batch axis is squeezed away when there is only one sample": torch.sigmoid(logits).squeeze(),
        }
        if n_samples == n_features:
            mistakes["the sum runs over the samples, not over the features"] = torch.sigmoid(theta @ x + theta_0)
        with unchanged(x, theta, theta_0, what="logistic_regression"):
            result = submission.logistic_regression(x, theta, theta_0)
        assert_tensor(result, torch.sigmoid(logits), what="logistic_regression(x, theta, theta_0)", mistakes=mistakes)


@pytest.mark.points(0.5)
def test_gradient(submission):
    """The gradient with respect to weights and bias is p(1 − p) times the input."""
    x = torch.randn(6, 3)
    theta, theta_0 = torch.randn(3, requires_grad=True), torch.tensor(0.2, requires_grad=True)
    output = submission.logistic_regression(x, theta, theta_0)
    with torch.no_grad():
        p = torch.sigmoid(x @ theta + theta_0)
    assert_tensor(output, p, what="logistic_regression(x, theta, theta_0)")
    backward(output, theta, theta_0, what="logistic_regression(x, theta, theta_0)")
    assert_tensor(theta.grad, (p * (1 - p)) @ x, what="the gradient with respect to theta", atol=1e-5)
    assert_tensor(theta_0.grad, (p * (1 - p)).sum(), what="the gradient with respect to theta_0", atol=1e-5)
