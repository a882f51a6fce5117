"""Public checks of `binary_cross_entropy`: the lecture's values in two bases."""

import math
from functools import partial

import pytest
import torch

from autograder.checking import assert_tensor, unchanged

from .losses import loss_mistakes

pytestmark = pytest.mark.hints(
    "Write the formula as it stands, then think of ŷ = 0 and ŷ = 1.",
    "Clamp ŷ slightly at both ends before the logarithm. For another base, divide by log(base).",
)

CALL = "binary_cross_entropy(y_hat, y)"


@pytest.mark.points(0.5)
def test_lecture_base_10(submission):
    """The lecture's losses, in base 10: 2.0000 for y = 1, ŷ = 0.01, and 0.0044 for y = 1, ŷ = 0.99."""
    y_hat, y = torch.tensor([0.01, 0.99]), torch.ones(2)
    result = submission.binary_cross_entropy(y_hat, y, base=10)
    expected = torch.tensor([2.0, 0.0044])
    call = "binary_cross_entropy(y_hat, y, base=10)"
    assert_tensor(result, expected, what=call, atol=5e-5, mistakes=partial(loss_mistakes, y_hat, y, 10))


@pytest.mark.points(0.5)
def test_natural_logarithm(submission):
    """Without a base the logarithm is natural, as in PyTorch: 4.6052 and 0.0101, for y = 0 and y = 1."""
    y_hat, y = torch.tensor([0.01, 0.99, 0.01, 0.99]), torch.tensor([1.0, 1, 0, 0])
    result = submission.binary_cross_entropy(y_hat, y)
    expected = torch.tensor([4.6052, 0.0101, 0.0101, 4.6052])
    assert_tensor(result, expected, what=CALL, atol=1e-4, mistakes=partial(loss_mistakes, y_hat, y))


@pytest.mark.points(0.25)
def test_inputs(submission):
    """The probabilities and the labels are not modified."""
    y_hat, y = torch.tensor([0.0, 0.3, 1.0]), torch.tensor([0.0, 1, 1])
    with unchanged(y_hat, y, what="binary_cross_entropy"):
        losses = submission.binary_cross_entropy(y_hat, y)
    assert_tensor(losses, torch.tensor([0.0, -math.log(0.3), 0.0]), what=CALL, atol=1e-3)
