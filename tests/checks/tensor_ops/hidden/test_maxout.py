"""Maxout: square inputs, a batch of one, and gradients."""

import pytest
import torch

from autograder.checking import assert_tensor, unchanged

from ..public.gradients import backward


@pytest.mark.points(0.2)
def test_as_many_samples_as_features(submission):
    """With as many samples as features, each sample still gets its own maximum; no input is modified."""
    w1, w2 = torch.randn(2, 5, dtype=torch.float64)
    # In one sample the first model is larger by 4 before the biases, in another one the second model is.
    apart = 4 * (w1 - w2) / (w1 - w2).square().sum()
    x = torch.stack([apart, -apart, *torch.randn(3, 5, dtype=torch.float64)], dim=1).T
    b1, b2 = torch.tensor([0.9, -0.4], dtype=torch.float64)
    with unchanged(x, w1, b1, w2, b2, what="maxout"):
        result = submission.maxout(x, w1, b1, w2, b2)
    mistakes = {
        "this is the smaller of the two": torch.minimum(x @ w1 + b1, x @ w2 + b2),
        "the biases b1 and b2 were forgotten": torch.maximum(x @ w1, x @ w2),
        "the sums run over the samples, not over the features": torch.maximum(w1 @ x + b1, w2 @ x + b2),
        "the biases are swapped": torch.maximum(x @ w1 + b2, x @ w2 + b1),
        "the bias b1 was forgotten": torch.maximum(x @ w1, x @ w2 + b2),
        "the bias b2 was forgotten": torch.maximum(x @ w1 + b1, x @ w2),
    }
    assert_tensor(result, torch.maximum(x @ w1 + b1, x @ w2 + b2), what="maxout(x, w1, b1, w2, b2)", mistakes=mistakes)


@pytest.mark.points(0.15)
def test_one_sample(submission):
    """One sample gives a tensor of shape (1,)."""
    x, w1, w2 = (torch.tensor([[2.0, -3.0, 1.0]]), torch.tensor([1.0, 1.0, 0.0]), torch.tensor([-2.0, 0.0, 1.0]))
    expected = torch.tensor([-0.5])
    result = submission.maxout(x, w1, torch.tensor(0.5), w2, torch.tensor(-1.0))
    mistakes = {
        "the batch axis is lost when there is only one sample": expected[0],
        "this is the smaller of the two": torch.tensor([-4.0]),
    }
    assert_tensor(result, expected, what="maxout(one_sample, w1, b1, w2, b2)", mistakes=mistakes)


@pytest.mark.points(0.15)
def test_gradient(submission):
    """For each sample, only the larger of the two linear models gets a gradient."""
    x = torch.tensor([[1.0, 2.0], [3.0, -1.0], [-1.0, 1.0]])
    w1, b1 = torch.tensor([1.0, -1.0], requires_grad=True), torch.tensor(0.5, requires_grad=True)
    w2, b2 = torch.tensor([-2.0, 1.0], requires_grad=True), torch.tensor(1.0, requires_grad=True)
    output = submission.maxout(x, w1, b1, w2, b2)
    assert_tensor(output, torch.tensor([1.0, 4.5, 4.0]), what="maxout(x, w1, b1, w2, b2)")
    backward(output, w1, b1, w2, b2, what="maxout(x, w1, b1, w2, b2)")
    assert_tensor(w1.grad, x[1], what="the gradient with respect to w1")
    assert_tensor(w2.grad, x[0] + x[2], what="the gradient with respect to w2")
    assert_tensor(b1.grad, torch.tensor(1.0), what="the gradient with respect to b1")
    assert_tensor(b2.grad, torch.tensor(2.0), what="the gradient with respect to b2")
