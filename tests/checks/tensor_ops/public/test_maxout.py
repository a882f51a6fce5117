"""Maxout of two linear models on three samples."""

import pytest
import torch

from autograder.checking import assert_tensor

from .causes import if_several

pytestmark = [
    pytest.mark.uses("linear"),
    pytest.mark.hints(
        "Compute both linear models for all samples first, then compare them.",
        "`torch.maximum` compares element by element; `max` without an axis gives one number for all.",
    ),
]


@pytest.mark.points(0.5)
def test_larger_of_two(submission):
    """Each sample gets the larger of its two linear models."""
    x = torch.tensor([[1.0, 2.0], [3.0, -1.0], [0.0, 0.0]])
    w1, b1 = torch.tensor([1.0, -1.0]), torch.tensor(0.5)
    w2, b2 = torch.tensor([-2.0, 1.0]), torch.tensor(1.0)
    first, second = torch.tensor([-0.5, 4.5, 0.5]), torch.tensor([1.0, -6.0, 1.0])
    result = submission.maxout(x, w1, b1, w2, b2)
    expected = torch.tensor([1.0, 4.5, 1.0])
    cause = if_several(result, "a maximum along an axis returns a pair: values and indices")
    mistakes = {
        "the bias b1 was forgotten": torch.tensor([1.0, 4.0, 1.0]),
        "the bias b2 was forgotten": torch.tensor([0.0, 4.5, 0.5]),
        "the sums run over the samples, not over the features": torch.tensor([4.5, 2.0]),
        "this is the smaller of the two": torch.tensor([-0.5, -6.0, 0.5]),
        "the biases b1 and b2 were forgotten": torch.tensor([0.0, 4.0, 0.0]),
        "the biases were added after the maximum; each belongs to its own model": torch.tensor([1.5, 5.5, 1.5]),
        "the biases are swapped": torch.tensor([0.5, 5.0, 1.0]),
        "this is the sum of the two": torch.tensor([0.5, -1.5, 1.5]),
        "only the first linear model was used": first,
        "only the second linear model was used": second,
        "this is the largest of the whole batch; every sample has its own maximum": torch.tensor(4.5),
        "this holds both linear models; keep the larger": torch.stack([first, second]),
        "the result is one column, shape (N, 1); it must have the shape (N,)": torch.tensor([[1.0], [4.5], [1.0]]),
    }
    assert_tensor(result, expected, what="maxout(x, w1, b1, w2, b2)", cause=cause, mistakes=mistakes)
