"""The linear model: square inputs, a batch of one, and gradients."""

import pytest
import torch

from autograder.checking import assert_tensor, unchanged

from ..public.gradients import backward


@pytest.mark.points(0.2)
def test_as_many_samples_as_features(submission):
    """With as many samples as features, the sum still runs over the features; no input is modified."""
    x, theta, theta_0 = torch.randn(4, 4).T, torch.randn(4), torch.tensor(0.7)
    features = x * theta
    expected = features.sum(dim=1) + theta_0
    with unchanged(x, theta, theta_0, what="linear"):
        result = submission.linear(x, theta, theta_0)
    mistakes = {
        "the bias theta_0 was forgotten": features.sum(dim=1),
        "the sum runs over the samples, not over the features": features.sum(dim=0) + theta_0,
        "the weights were multiplied down the columns: x was transposed": theta @ x + theta_0,
        "the bias was added once per feature": features.sum(dim=1) + 4 * theta_0,
    }
    assert_tensor(result, expected, what="linear(x, theta, theta_0)", mistakes=mistakes)


@pytest.mark.points(0.2)
def test_one_sample(submission):
    """One sample with one feature gives a tensor of shape (1,)."""
    x = torch.tensor([[2.0]], dtype=torch.float64)
    theta = torch.tensor([1.5], dtype=torch.float64)
    theta_0 = torch.tensor(-0.25, dtype=torch.float64)
    expected = theta_0 + x[:, 0] * 1.5
    result = submission.linear(x, theta, theta_0)
    mistakes = {
        "the batch axis is lost when there is only one sample": expected[0],
        "the result is one column, shape (N, 1); it must have the shape (N,)": expected[:, None],
        "the bias theta_0 was forgotten": expected - theta_0,
    }
    assert_tensor(result, expected, what="linear(one_sample, theta, theta_0)", mistakes=mistakes)


@pytest.mark.points(0.2)
def test_gradient(submission):
    """Gradients reach the samples, the weights and the bias."""
    x, theta = torch.randn(5, 3, requires_grad=True), torch.randn(3, requires_grad=True)
    theta_0 = torch.tensor(0.3, requires_grad=True)
    output = submission.linear(x, theta, theta_0)
    assert_tensor(output, (x @ theta + theta_0).detach(), what="linear(x, theta, theta_0)")
    backward(output, x, theta, theta_0, what="linear(x, theta, theta_0)")
    assert_tensor(x.grad, theta.detach().repeat(5, 1), what="the gradient with respect to x")
    assert_tensor(theta.grad, x.detach().sum(dim=0), what="the gradient with respect to theta")
    assert_tensor(theta_0.grad, torch.tensor(5.0), what="the gradient with respect to theta_0")
