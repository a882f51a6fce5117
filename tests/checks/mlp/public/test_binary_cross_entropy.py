"""Public checks of `binary_cross_entropy`: the lecture's values in two bases."""

import math
from functools import partial

import pytest
import torch

from autograder.checking import assert_tensor, unchanged

from .losses import loss_mistakes

pytestmark = pytest.mark.hints(
    "Write the formula down as it stands, then think of ŷ = 0 and ŷ = 1.",
    "Clamp ŷ by a little on both sides before the logarithm. A logarithm to another base is a division by log(base).",
)

CALL = "binary_cross_entropy(y_hat, y)"


@pytest.mark.points(0.5)
def test_lecture_base_10(submission):
    """The lecture's losses, in base 10: 2.0000 for y = 1, ŷ = 0.01, and 0.0044 for y = 1, ŷ = 0.99."""
    y_hat, y = torch.tensor([0.01, 0.99]), torch.ones(2)
    assert_tensor(
        submission.binary_cross_entropy(y_hat, y, base=10),
        torch.tensor([2.0, 0.0044]),
        what="binary_cross_entropy(y_hat, y, base=10)",
        atol=5e-5,
        mistakes=partial(loss_mistakes, y_hat, y, 10),
    )


@pytest.mark.points(0.5)
def test_natural_logarithm(submission):
    """Without a base the logarithm is natural, like PyTorch's: 4.6052 and 0.0101, for y = 0 as for y = 1."""
    y_hat, y = torch.tensor([0.01, 0.99, 0.01, 0.99]), torch.tensor([1.0, 1, 0, 0])
    assert_tensor(
        submission.binary_cross_entropy(y_hat, y),
        torch.tensor([4.6052, 0.0101, 0.0101, 4.6052]),
        what=CALL,
        atol=1e-4,
        mistakes=partial(loss_mistakes, y_hat, y),
    )


@pytest.mark.points(0.25)
def test_inputs(submission):
    """The probabilities and the labels stay as they are."""
    y_hat, y = torch.tensor([0.0, 0.3, 1.0]), torch.tensor([0.0, 1, 1])
    with unchanged(y_hat, y, what="binary_cross_entropy"):
        losses = submission.binary_cross_entropy(y_hat, y)
    assert_tensor(losses, torch.tensor([0.0, -math.log(0.3), 0.0]), what=CALL, atol=1e-3)
